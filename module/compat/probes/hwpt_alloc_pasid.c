// SPDX-License-Identifier: GPL-2.0-only
/* A paging domain is made for PASIDs */
#include <linux/iommu.h>
#include <uapi/linux/iommufd.h>

struct iommu_domain *probe(struct device *dev);
struct iommu_domain *probe(struct device *dev)
{
	return iommu_paging_domain_alloc_flags(dev, IOMMU_HWPT_ALLOC_PASID);
}
