// SPDX-License-Identifier: GPL-2.0-only
/* A domain can be attached to a PASID */
#include <linux/iommu.h>

int probe(struct iommu_domain *domain, struct device *dev, ioasid_t pasid);

const struct iommu_domain_ops probe_ops;
const struct iommu_domain_ops probe_ops = {
	.set_dev_pasid = probe,
};
