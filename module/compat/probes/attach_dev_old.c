// SPDX-License-Identifier: GPL-2.0-only
/* A domain that is attached is told what it takes the place of */
#include <linux/iommu.h>

int probe(struct iommu_domain *domain, struct device *dev, struct iommu_domain *old);

const struct iommu_domain_ops probe_ops;
const struct iommu_domain_ops probe_ops = {
	.attach_dev = probe,
};
