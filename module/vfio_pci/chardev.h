/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The character device of a device: /dev/vfio/devices/vfioN.
 */
#ifndef IOASID_VFIO_CHARDEV_H
#define IOASID_VFIO_CHARDEV_H

struct ioasid_vfio_device;

int ioasid_vfio_chardev_init(void);
void ioasid_vfio_chardev_exit(void);
int ioasid_vfio_chardev_add(struct ioasid_vfio_device *dev);
void ioasid_vfio_chardev_hide(struct ioasid_vfio_device *dev);
void ioasid_vfio_chardev_del(struct ioasid_vfio_device *dev);

#endif /* IOASID_VFIO_CHARDEV_H */
