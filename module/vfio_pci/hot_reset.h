/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resets of a bus or slot.
 */
#ifndef IOASID_VFIO_HOT_RESET_H
#define IOASID_VFIO_HOT_RESET_H

#include <linux/types.h>

struct ioasid_vfio_file;
struct vfio_device;

long ioasid_vfio_ioctl_hot_reset(struct ioasid_vfio_file *file, unsigned int cmd,
				 void __user *arg);
long ioasid_vfio_group_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg);

#endif /* IOASID_VFIO_HOT_RESET_H */
