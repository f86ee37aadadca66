/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_SHIM_PASID_H
#define IOASID_SHIM_PASID_H

#include "shim/shim.h"

int ioasid_generic_pasid_attach(struct ioasid_route *route,
				struct iommu_domain *domain);
void ioasid_generic_pasid_block(struct ioasid_route *route);
int ioasid_generic_alias(struct ioasid_route *route, u32 alias);
u32 ioasid_generic_pasid_limit(struct device *dev, struct iommu_domain *paging);

#endif /* IOASID_SHIM_PASID_H */
