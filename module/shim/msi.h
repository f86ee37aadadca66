/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_SHIM_MSI_H
#define IOASID_SHIM_MSI_H

#include "shim/shim.h"

/**
 * struct ioasid_msi_bound - a device whose driver does not go away
 * @node: in a list of them
 * @dev: the device
 */
struct ioasid_msi_bound {
	struct list_head node;
	struct device *dev;
};

void ioasid_msi_bind(struct ioasid_msi_bound *bound, struct device *dev);
void ioasid_msi_unbind(struct ioasid_msi_bound *bound);
int ioasid_msi_domain_init(struct iommu_domain *domain,
			   const struct ioasid_route *route, bool empty);
void ioasid_msi_domain_exit(struct iommu_domain *domain);
int ioasid_msi_prepare(const struct ioasid_route *route, struct iommu_domain *domain);
int ioasid_msi_finish(const struct ioasid_route *route, struct iommu_domain *old);

#endif /* IOASID_SHIM_MSI_H */
