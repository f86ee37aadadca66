/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO_DEVICE_* ioctls.
 */
#ifndef IOASID_VFIO_VFIO_IOCTL_H
#define IOASID_VFIO_VFIO_IOCTL_H

struct ioasid_vfio_file;

long ioasid_vfio_ioctl_vfio(struct ioasid_vfio_file *file, unsigned int cmd,
			    unsigned long arg);

#endif /* IOASID_VFIO_VFIO_IOCTL_H */
