/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bindings of an open file.
 */
#ifndef IOASID_VFIO_BIND_H
#define IOASID_VFIO_BIND_H

#include <linux/types.h>
#include <linux/uuid.h>

struct file;
struct ioasid_ctx;
struct ioasid_device;
struct ioasid_vfio_file;

/**
 * struct ioasid_vfio_bind - how a file is to be bound
 * @ctx: to what
 * @cookie: the user's name for the device
 * @token: the VF token that the user has, or NULL
 * @iommufd: by the rules of VFIO_DEVICE_BIND_IOMMUFD, not IOASID_DEVICE_BIND: the
 *	device is named by its id, and @cookie is not looked at
 */
struct ioasid_vfio_bind {
	struct ioasid_ctx *ctx;
	u64 cookie;
	const uuid_t *token;
	bool iommufd;
};

int ioasid_vfio_bind(struct file *filp, const struct ioasid_vfio_bind *how);
struct ioasid_device *ioasid_vfio_iommufd_device(struct ioasid_vfio_file *file);
struct ioasid_device *ioasid_vfio_speaker(struct ioasid_vfio_file *file);
long ioasid_vfio_ioctl_ioasid(struct file *filp, unsigned int cmd,
			      void __user *arg);
void ioasid_vfio_unbind_all(struct ioasid_vfio_file *file);

#endif /* IOASID_VFIO_BIND_H */
