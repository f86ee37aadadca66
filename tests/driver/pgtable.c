// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: page tables of the software IOMMU (swiommu/pgtable.c) as a driver fills
 * them that may run out of memory on the way.
 */
#include "driver/steps.h"
#include "swiommu/pgtable.h"
#include "swiommu/swiommu.h"

static int plain_pgtable_map(struct swiommu_pgtable *pgtable, u64 iova, phys_addr_t paddr,
			     size_t pgsize, size_t pgcount, unsigned int prot, gfp_t gfp,
			     size_t *mapped);

#define swiommu_pgtable_map	plain_pgtable_map
#include "swiommu/pgtable.c"
#undef swiommu_pgtable_map

DRIVER_STEP(map)

/*
 * If that step fails half of the pages are mapped, and the kernel is not told: as VT-d's
 * driver does when there is no memory for one more table.
 */
int swiommu_pgtable_map(struct swiommu_pgtable *pgtable, u64 iova, phys_addr_t paddr,
			size_t pgsize, size_t pgcount, unsigned int prot, gfp_t gfp,
			size_t *mapped)
{
	size_t left_behind;
	int ret = swiommu_step_map();

	if (!ret)
		return plain_pgtable_map(pgtable, iova, paddr, pgsize, pgcount, prot, gfp,
					 mapped);
	plain_pgtable_map(pgtable, iova, paddr, pgsize, DIV_ROUND_UP(pgcount, 2), prot, gfp,
			  &left_behind);
	return ret;
}
