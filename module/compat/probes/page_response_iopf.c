// SPDX-License-Identifier: GPL-2.0-only
/* A page request is a struct iopf_fault, on its way to a handler and back */
#include <linux/iommu.h>

void probe(struct device *dev, struct iopf_fault *fault,
	   struct iommu_page_response *response);

const struct iommu_ops probe_ops;
const struct iommu_ops probe_ops = {
	.page_response = probe,
};

int report(struct device *dev, struct iopf_fault *fault);
int report(struct device *dev, struct iopf_fault *fault)
{
	return iommu_report_device_fault(dev, fault);
}
