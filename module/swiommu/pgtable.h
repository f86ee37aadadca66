/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables.
 */
#ifndef SWIOMMU_PGTABLE_H
#define SWIOMMU_PGTABLE_H

#include <linux/types.h>

struct swiommu;
struct swiommu_pgtable;

struct swiommu_pgtable *swiommu_pgtable_alloc(unsigned int levels, u32 did);
void swiommu_pgtable_get(struct swiommu_pgtable *pgtable);
void swiommu_pgtable_put(struct swiommu_pgtable *pgtable);
void swiommu_pgtable_put_later(struct swiommu_pgtable *pgtable);
void swiommu_pgtables_exit(void);
int swiommu_pgtable_map(struct swiommu_pgtable *pgtable, u64 iova,
			phys_addr_t paddr, size_t pgsize, size_t pgcount,
			unsigned int prot, gfp_t gfp, size_t *mapped);
size_t swiommu_pgtable_unmap(struct swiommu_pgtable *pgtable, u64 iova,
			     size_t pgsize, size_t pgcount, struct swiommu *iommu);
bool swiommu_pgtable_walk(struct swiommu_pgtable *pgtable, u64 iova,
			  phys_addr_t *phys, unsigned int *prot);

#endif /* SWIOMMU_PGTABLE_H */
