// SPDX-License-Identifier: GPL-2.0-only
/* Which vendor's shim a device's IOMMU has. */
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "shim/shim.h"

/**
 * ioasid_shim_of() - the shim for a device's IOMMU
 * @dev: a device behind an IOMMU
 */
const struct ioasid_shim *ioasid_shim_of(struct device *dev)
{
	/* The generic one takes what is left */
	static const struct ioasid_shim *const shims[] = {
		&ioasid_shim_vtd, &ioasid_shim_amd, &ioasid_shim_smmuv3,
		&ioasid_shim_swiommu, &ioasid_shim_generic,
	};
	struct device *iommu = dev->iommu->iommu_dev->dev;
	const char *name = iommu ? dev_name(iommu) : "";
	unsigned int i = 0;

	while (!strstarts(name, shims[i]->prefix))
		i++;
	return shims[i];
}
