// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arm SMMUv3. Kernel-managed address spaces need little of it but the name.
 */
#include <linux/sizes.h>

#include "shim/generic.h"
#include "shim/leaves.h"

/*
 * A table of more than one leaf has leaves of 64 KiB, with 1024 context descriptors of 64
 * bytes. They are kept until the device goes (arm_smmu_alloc_cd_ptr()).
 */
#define SMMUV3_LEAF_NUMBERS	1024
#define SMMUV3_LEAF_PAGES	(1024 * 64 / SZ_4K)

static int smmuv3_pasid_room(struct device *dev, u32 pasid)
{
	return ioasid_leaves_room(dev, pasid, SMMUV3_LEAF_NUMBERS, SMMUV3_LEAF_PAGES);
}

static int smmuv3_use_pasid(struct device *dev, u32 pasid)
{
	return ioasid_leaves_use(dev, pasid, SMMUV3_LEAF_NUMBERS, SMMUV3_LEAF_PAGES);
}

static int smmuv3_attach(struct ioasid_route *route, struct iommu_domain *domain)
{
	int ret = smmuv3_use_pasid(route->dev, route->pasid);

	ret = ret ?: smmuv3_use_pasid(route->dev, route->alias);
	return ret ?: ioasid_generic_attach(route, domain);
}

static int smmuv3_alias(struct ioasid_route *route, u32 alias)
{
	return smmuv3_use_pasid(route->dev, alias) ?: ioasid_generic_alias(route, alias);
}

const struct ioasid_shim ioasid_shim_smmuv3 = {
	.vendor = IOASID_IOMMU_ARM_SMMUV3,
	.prefix = "smmu3",
	.complete_at_alloc = KC_DOMAIN_COMPLETE_AT_ALLOC,
	.unmap = ioasid_generic_unmap,
	.flush = ioasid_generic_flush,
	.aperture = ioasid_generic_aperture,
	.hw_info = ioasid_generic_hw_info,
	.claim = ioasid_rid_claim,
	.attach = smmuv3_attach,
	.block = ioasid_generic_block,
	.alias = smmuv3_alias,
	.pasid_room = smmuv3_pasid_room,
	IOASID_GENERIC_DOMAIN,
	IOASID_GENERIC_MAY_JOIN,
	IOASID_GENERIC_OPS,
};
