// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software IOMMU, ioasid_swiommu.ko. It looks at what a device is attached to
 * once for each page of a DMA, and changes that in one step.
 */
#include "compat/pasid_compat.h"
#include "shim/shim.h"

const struct ioasid_shim ioasid_shim_swiommu = {
	.vendor = IOASID_IOMMU_OTHER,
	.prefix = "swiommu",
	.complete_at_alloc = KC_DOMAIN_ALLOC_BY_DEVICE,
	.atomic_replace = KC_DOMAIN_ALLOC_BY_DEVICE && KC_GROUP_REPLACE,
	.atomic_replace_pasid = KC_DOMAIN_ALLOC_BY_DEVICE && KC_PASID_REPLACE,
	.unmap = ioasid_generic_unmap,
	.flush = ioasid_generic_flush,
	.aperture = ioasid_generic_aperture,
	.hw_info = ioasid_generic_hw_info,
	IOASID_GENERIC_ATTACH,
	IOASID_GENERIC_DOMAIN,
	IOASID_GENERIC_OPS,
};
