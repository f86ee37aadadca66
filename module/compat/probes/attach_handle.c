// SPDX-License-Identifier: GPL-2.0-only
/* A domain is attached with a handle of the consumer's */
#include <linux/iommu.h>

struct probe {
	struct iommu_attach_handle handle;
};

struct iommu_domain *probe(struct probe *probe);
struct iommu_domain *probe(struct probe *probe)
{
	return probe->handle.domain;
}
