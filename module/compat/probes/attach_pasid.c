// SPDX-License-Identifier: GPL-2.0-only
/* A domain is attached to a PASID, with a handle of the consumer's */
#include <linux/iommu.h>

int probe(struct iommu_domain *domain, struct device *dev,
	  struct iommu_attach_handle *handle);
int probe(struct iommu_domain *domain, struct device *dev,
	  struct iommu_attach_handle *handle)
{
	return iommu_attach_device_pasid(domain, dev, 1, handle);
}
