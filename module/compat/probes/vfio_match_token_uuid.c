// SPDX-License-Identifier: GPL-2.0-only
/* The VF token is checked by a call of its own */
#include <linux/vfio_pci_core.h>

const struct vfio_device_ops probe_ops;
const struct vfio_device_ops probe_ops = {
	.match_token_uuid = vfio_pci_core_match_token_uuid,
};
