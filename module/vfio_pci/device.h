/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Enable, disable and wake up a device.
 */
#ifndef IOASID_VFIO_DEVICE_H
#define IOASID_VFIO_DEVICE_H

struct vfio_device;
struct vfio_pci_core_device;

int ioasid_vfio_open_device(struct vfio_device *vdev);
void ioasid_vfio_close_device(struct vfio_device *vdev);
void ioasid_vfio_wake_up(struct vfio_pci_core_device *core);

#endif /* IOASID_VFIO_DEVICE_H */
