// SPDX-License-Identifier: GPL-2.0-only
/*
 * AMD-Vi. Sections are those of the AMD I/O Virtualization Technology
 * specification 3.10.
 */
#include "shim/shim.h"

/* Capability header (3.2.1) and extended feature register (3.4.10) */
static int amd_hw_info(struct device *dev, struct ioasid_cap_hw *hw)
{
	int ret;

	hw->header.id = IOASID_CAP_HW_AMD;
	hw->header.version = 1;
	hw->header.size = sizeof(*hw);
	ret = ioasid_shim_sysfs_hex(dev, "amd-iommu", "cap", &hw->reg[0]);
	return ret ?: ioasid_shim_sysfs_hex(dev, "amd-iommu", "features",
					    &hw->reg[1]);
}

const struct ioasid_shim ioasid_shim_amd = {
	.vendor = IOASID_IOMMU_AMD,
	.prefix = "ivhd",
	.complete_at_alloc = KC_DOMAIN_COMPLETE_AT_ALLOC,
	.unmap = ioasid_generic_unmap,
	.flush = ioasid_generic_flush,
	.aperture = ioasid_generic_aperture,
	.hw_info = amd_hw_info,
	IOASID_GENERIC_OPS,
};
