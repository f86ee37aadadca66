// SPDX-License-Identifier: GPL-2.0-only
/*
 * AMD-Vi. Sections are those of the AMD I/O Virtualization Technology
 * specification 3.10.
 */
#include <linux/printk.h>

#include "shim/generic.h"
#include "shim/ids.h"

/* All IOMMUs of the machine together (MAX_DOMAIN_ID): a domain has one for all of them */
#define AMD_DOMAIN_IDS	65536U

static int amd_claim(struct ioasid_route *route, void *owner)
{
	if (kc_amd_blocked_may_pass())
		pr_warn_once("ioasidfd: AMD IOMMU in a virtual machine: if it is emulated as in QEMU, DMA reaches all memory while address spaces are attached and detached\n");
	return ioasid_rid_claim(route, owner);
}

static struct iommu_domain *amd_domain_alloc(struct device *dev,
					     const struct ioasid_route *route,
					     unsigned int flags)
{
	return ioasid_ids_domain_alloc(dev, route, flags, &ioasid_shim_amd,
				       ioasid_ids_for_users(AMD_DOMAIN_IDS));
}

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
	.complete_at_alloc = true,
	.keeps_in_sleep = true,
	.claim = amd_claim,
	.attach = ioasid_generic_attach,
	.block = ioasid_generic_block,
	.alias = ioasid_generic_alias,
	.unmap = ioasid_generic_unmap,
	.flush = ioasid_generic_flush,
	.aperture = ioasid_generic_aperture,
	.hw_info = amd_hw_info,
	.domain_alloc = amd_domain_alloc,
	.domain_free = ioasid_generic_domain_free,
	IOASID_GENERIC_MAY_JOIN,
	IOASID_GENERIC_OPS,
};
