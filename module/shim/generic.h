/* SPDX-License-Identifier: GPL-2.0-only */
/* For the vendors' shims to use where they have nothing to add. */
#ifndef IOASID_SHIM_GENERIC_H
#define IOASID_SHIM_GENERIC_H

#include "shim/pasid.h"
#include "shim/shim.h"
#include "shim/sole.h"

int ioasid_rid_claim(struct ioasid_route *route, void *owner);
void ioasid_rid_release(struct ioasid_route *route);
struct iommu_domain *ioasid_generic_domain_alloc(struct device *dev,
						 const struct ioasid_route *route,
						 unsigned int flags);
void ioasid_generic_domain_free(struct iommu_domain *domain);
int ioasid_generic_attach(struct ioasid_route *route, struct iommu_domain *domain);
void ioasid_generic_block(struct ioasid_route *route);
int ioasid_generic_map(struct iommu_domain *domain, u64 iova, phys_addr_t paddr,
		       size_t size, int prot);
size_t ioasid_generic_unmap(struct iommu_domain *domain, u64 iova, size_t size,
			    struct ioasid_gather *gather);
void ioasid_generic_flush(struct iommu_domain *domain,
			  struct ioasid_gather *gather);
void ioasid_generic_flush_all(struct iommu_domain *domain);
phys_addr_t ioasid_generic_iova_to_phys(struct iommu_domain *domain, u64 iova);
u64 ioasid_generic_pgsizes(struct iommu_domain *domain);
struct ioasid_range ioasid_generic_aperture(struct device *dev,
					    struct iommu_domain *domain);
bool ioasid_generic_can_enforce_snoop(struct device *dev,
				      struct iommu_domain *attached);
bool ioasid_generic_enforce_snoop(struct iommu_domain *domain);
int ioasid_generic_hw_info(struct device *dev, struct ioasid_cap_hw *hw);
int ioasid_shim_sysfs(struct device *iommu, const char *group, const char *name,
		      unsigned int base, u64 *value);

/* A register of the IOMMU that @dev is behind, which is shown as a hexadecimal number */
static inline int ioasid_shim_sysfs_hex(struct device *dev, const char *group,
					const char *name, u64 *value)
{
	return ioasid_shim_sysfs(dev->iommu->iommu_dev->dev, group, name, 16, value);
}

#define IOASID_GENERIC_DOMAIN						\
	.domain_alloc = ioasid_generic_domain_alloc,			\
	.domain_free = ioasid_generic_domain_free

#define IOASID_GENERIC_MAY_JOIN						\
	.may_join = ioasid_generic_may_join

#define IOASID_GENERIC_OPS						\
	.pasid_limit = ioasid_generic_pasid_limit,			\
	.map = ioasid_generic_map,					\
	.iova_to_phys = ioasid_generic_iova_to_phys,			\
	.pgsizes = ioasid_generic_pgsizes,				\
	.can_enforce_snoop = ioasid_generic_can_enforce_snoop,		\
	.enforce_snoop = ioasid_generic_enforce_snoop

#define IOASID_GENERIC_ATTACH						\
	.claim = ioasid_rid_claim,					\
	.attach = ioasid_generic_attach,				\
	.block = ioasid_generic_block,					\
	.alias = ioasid_generic_alias

#endif /* IOASID_SHIM_GENERIC_H */
