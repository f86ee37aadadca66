// SPDX-License-Identifier: GPL-2.0-only
/* VFIO's core copies region info in and out, the driver only fills it in */
#include <linux/vfio_pci_core.h>

const struct vfio_device_ops probe_ops;
const struct vfio_device_ops probe_ops = {
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
};
