// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arm SMMUv3. Kernel-managed address spaces need nothing of it but the name.
 */
#include "shim/shim.h"

const struct ioasid_shim ioasid_shim_smmuv3 = {
	.vendor = IOASID_IOMMU_ARM_SMMUV3,
	.prefix = "smmu3",
	.complete_at_alloc = KC_DOMAIN_COMPLETE_AT_ALLOC,
	.unmap = ioasid_generic_unmap,
	.flush = ioasid_generic_flush,
	.aperture = ioasid_generic_aperture,
	.hw_info = ioasid_generic_hw_info,
	IOASID_GENERIC_ATTACH,
	IOASID_GENERIC_DOMAIN,
	IOASID_GENERIC_MAY_JOIN,
	IOASID_GENERIC_OPS,
};
