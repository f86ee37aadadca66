/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Binding and attaching as VFIO's own character devices have it.
 */
#ifndef IOASID_VFIO_IOMMUFD_H
#define IOASID_VFIO_IOMMUFD_H

#include <linux/types.h>

struct file;

long ioasid_vfio_ioctl_iommufd(struct file *filp, unsigned int cmd,
			       void __user *arg);

#endif /* IOASID_VFIO_IOMMUFD_H */
