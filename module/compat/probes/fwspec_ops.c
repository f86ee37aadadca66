// SPDX-License-Identifier: GPL-2.0-only
/* The operations of a device's IOMMU are in its firmware description */
#include <linux/iommu.h>

const struct iommu_ops *probe(struct iommu_fwspec *fwspec);
const struct iommu_ops *probe(struct iommu_fwspec *fwspec)
{
	return fwspec->ops;
}
