// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software IOMMU, ioasid_swiommu.ko. It looks at what a device is attached to
 * once for each page of a DMA, and changes that in one step.
 */
#include <linux/iommu.h>
#include <linux/property.h>

#include "compat/pasid_compat.h"
#include "shim/generic.h"
#include "swiommu_abi.h"

/* Those behind one IOMMU that were made with one number share a group */
static bool swiommu_may_join(struct device *dev, struct device *other, bool later)
{
	struct iommu_fwspec *a = dev_iommu_fwspec_get(dev), *b = dev_iommu_fwspec_get(other);
	u32 nr, other_nr;

	return dev != other && a && b && a->iommu_fwnode == b->iommu_fwnode &&
	       !device_property_read_u32(dev, SWIOMMU_GROUP_PROPERTY, &nr) &&
	       !device_property_read_u32(other, SWIOMMU_GROUP_PROPERTY, &other_nr) &&
	       nr == other_nr;
}

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
	.may_join = swiommu_may_join,
	IOASID_GENERIC_OPS,
};
