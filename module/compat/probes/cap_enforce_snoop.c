// SPDX-License-Identifier: GPL-2.0-only
/* Whether snooping can be enforced is known before there is a domain */
#include <linux/iommu.h>

bool probe(struct device *dev);
bool probe(struct device *dev)
{
	return device_iommu_capable(dev, IOMMU_CAP_ENFORCE_CACHE_COHERENCY);
}
