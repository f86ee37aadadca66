// SPDX-License-Identifier: GPL-2.0-only
/* An IOMMU driver is told what a paging domain must be able to do */
#include <linux/iommu.h>

struct iommu_domain *probe(struct device *dev, u32 flags,
			   const struct iommu_user_data *user_data);

const struct iommu_ops probe_ops;
const struct iommu_ops probe_ops = {
	.domain_alloc_paging_flags = probe,
};
