/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains, and the contexts that they are behind.
 */
#ifndef SWIOMMU_DOMAIN_H
#define SWIOMMU_DOMAIN_H

#include <linux/types.h>

struct swiommu;
struct swiommu_device;
struct swiommu_domain;
struct swiommu_pgtable;

struct swiommu_domain *swiommu_domain_alloc(void);
int swiommu_domain_finalize(struct swiommu_domain *domain, struct swiommu *iommu);
void swiommu_domain_free(struct swiommu_domain *domain);
int swiommu_context_set(struct swiommu_device *dev, u32 pasid,
			struct swiommu_domain *domain,
			struct swiommu_pgtable *pgtable);
void swiommu_context_clear(struct swiommu_device *dev, u32 pasid);
void swiommu_context_release(struct swiommu_device *dev);
void swiommu_domain_flush(struct swiommu_domain *domain, u64 start, u64 last);
extern struct swiommu_pgtable swiommu_identity;

#endif /* SWIOMMU_DOMAIN_H */
