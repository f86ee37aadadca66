// SPDX-License-Identifier: GPL-2.0-only
/* A PASID is given back by an operation of the IOMMU */
#include <linux/iommu.h>

void probe(struct device *dev, ioasid_t pasid, struct iommu_domain *domain);

const struct iommu_ops probe_ops;
const struct iommu_ops probe_ops = {
	.remove_dev_pasid = probe,
};
