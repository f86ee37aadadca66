/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOTLB, device TLB, PASID cache.
 */
#ifndef SWIOMMU_CACHE_H
#define SWIOMMU_CACHE_H

#include <linux/types.h>

struct swiommu;
struct swiommu_cache;
struct swiommu_device;
struct swiommu_pgtable;

extern bool swiommu_faulty;
int swiommu_cache_init(struct swiommu_cache *cache, unsigned int max, u32 *drop);
void swiommu_cache_destroy(struct swiommu_cache *cache);
bool swiommu_tlb_find(struct swiommu_cache *tlb, u32 tag, u64 iova,
		      unsigned int want, phys_addr_t *phys, unsigned int *prot);
void swiommu_tlb_add(struct swiommu_cache *tlb, u32 tag, u64 iova,
		     phys_addr_t phys, unsigned int prot);
void swiommu_tlb_invalidate(struct swiommu_cache *tlb, u32 tag, u64 start, u64 last);
void swiommu_iotlb_invalidate(struct swiommu *iommu, u32 did, u64 start, u64 last);
struct swiommu_pgtable *swiommu_pasid_cache_find(struct swiommu_device *dev,
						 u32 pasid);
void swiommu_pasid_cache_add(struct swiommu_device *dev, u32 pasid,
			     struct swiommu_pgtable *pgtable);
void swiommu_pasid_cache_invalidate(struct swiommu_device *dev, u32 pasid);
void swiommu_pasid_cache_empty(struct swiommu *iommu);

#endif /* SWIOMMU_CACHE_H */
