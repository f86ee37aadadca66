/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables of an address space: pages are mapped and unmapped in all of them, or in
 * one, in steps.
 *
 * Pages are mapped one physically contiguous run after the other in the largest
 * steps that the IOMMU takes. Long runs are remembered (base/runs.h); where the
 * others are the page table knows. Before it is unmapped an area is taken apart
 * into steps, each of which is a run or, where that is not known, at most a chunk:
 * addresses up to a multiple of 2 MiB, read back from the page table. A step is
 * unmapped as a whole, and no call to map has had addresses of two steps: large
 * pages, and what some drivers keep of each call, are not to be taken apart.
 */
#ifndef IOASID_TABLE_H
#define IOASID_TABLE_H

#include <linux/list.h>
#include <linux/mm.h>

#include "base/runs.h"
#include "compat/compat.h"
#include "ioas/area.h"
#include "shim/shim.h"

/**
 * struct ioasid_table - a page table of an address space
 * @node: in the tables of its address space
 * @domain: the kernel's domain
 * @shim: how to work with it
 * @iommu: the IOMMU that it was made for, and whose devices share it. A page
 *	table of another one may differ in what memory it lies in (coherency),
 *	its levels or its driver, and not every driver looks
 * @users: attachments
 * @pgsizes: bitmap of page sizes
 * @aperture: addresses that it translates
 * @snoop_enforced: no-snoop DMA is made to snoop
 * @lost: unmap may not reach all devices, or not all that is mapped: pages that are
 *	unmapped from it stay pinned, and charged. Set for good
 *
 * Protected by the lock of its address space; its place in the list of page tables
 * also by areas_lock. @lost is set under either lock, in one piece.
 */
struct ioasid_table {
	struct list_head node;
	struct iommu_domain *domain;
	const struct ioasid_shim *shim;
	struct iommu_device *iommu;
	unsigned int users;
	u64 pgsizes;
	struct ioasid_range aperture;
	bool snoop_enforced;
	bool lost;
};

/* After so many something is flushed, and the page tables freed that are empty then */
#define STEPS_A_FLUSH	4096U
/* And more pages than these are mapped by several calls, unless in large pages */
#define MAP_A_TURN	(16 * CHUNK_PAGES)

void ioasid_table_lose(struct ioasid_table *table);
int ioasid_map_pieces(struct ioasid_table *table, u64 iova, phys_addr_t phys,
		      unsigned int nr, int prot);
int ioasid_map_long(struct ioasid_ioas *ioas, u64 iova, unsigned long pfn, unsigned int nr,
		    int prot);
bool ioasid_unmap_long(struct ioasid_table *table, u64 iova, u64 pfn, unsigned int nr,
		       struct ioasid_gather *gather);
void ioasid_unmap_step(struct ioasid_ioas *ioas, struct ioasid_table *failed,
		       u64 iova, unsigned long pfn, unsigned int nr);
bool ioasid_read_back(struct ioasid_table *table, u64 iova, struct page **pages,
		      unsigned int nr);

void ioasid_area_unmap(struct ioasid_area *area, struct ioasid_table *table,
		       unsigned long nr_steps, struct ioasid_gather *gather,
		       unsigned int *turn);
void ioasid_areas_unmap_table(struct ioasid_ioas *ioas,
			      struct ioasid_table *table);
int ioasid_areas_copy(struct ioasid_ioas *ioas, struct ioasid_table *from,
		      struct ioasid_table *to);

/**
 * struct area_steps - an area taken apart, from the end of what is populated
 * @pos: in its runs
 * @iova: first address of the step
 * @pfn: its first page, or IOASID_PFN_UNKNOWN
 * @left: pages of that run in front of the step
 */
struct area_steps {
	struct ioasid_runs_pos pos;
	u64 iova;
	u64 pfn;
	u32 left;
};

static inline struct area_steps area_steps(const struct ioasid_area *area)
{
	return (struct area_steps) {
		.pos = ioasid_runs_end(&area->runs),
		.iova = area->start + area->populated,
	};
}

/* The number of pages in the next step; 0: there is none */
static inline unsigned int area_step(const struct ioasid_area *area,
				     struct area_steps *steps)
{
	unsigned int nr;

	if (!steps->left && !ioasid_runs_prev(&area->runs, &steps->pos,
					      &steps->pfn, &steps->left))
		return 0;
	nr = steps->left;
	if (steps->pfn == IOASID_PFN_UNKNOWN)
		nr = min_t(u64, nr, ((steps->iova - 1) >> PAGE_SHIFT) %
				    CHUNK_PAGES + 1);
	steps->left -= nr;
	steps->iova -= (u64)nr << PAGE_SHIFT;
	return nr;
}

/* Pages from an address to the end of its chunk */
static inline unsigned int chunk_left(u64 iova)
{
	return CHUNK_PAGES - (iova >> PAGE_SHIFT) % CHUNK_PAGES;
}

/* How many of the pages follow one another in memory */
static inline unsigned int contiguous(struct page **page, unsigned int nr)
{
	struct page *first = page[0];
	unsigned int i = 1;

	if (nr == 1 || !kc_page_is_nth(page[1], first, 1))
		return 1;
	/* All of a huge page's 512 are looked at */
	for (; i + 8 <= nr; i += 8)
		if (!kc_page_is_nth(page[i], first, i) ||
		    !kc_page_is_nth(page[i + 1], first, i + 1) ||
		    !kc_page_is_nth(page[i + 2], first, i + 2) ||
		    !kc_page_is_nth(page[i + 3], first, i + 3) ||
		    !kc_page_is_nth(page[i + 4], first, i + 4) ||
		    !kc_page_is_nth(page[i + 5], first, i + 5) ||
		    !kc_page_is_nth(page[i + 6], first, i + 6) ||
		    !kc_page_is_nth(page[i + 7], first, i + 7))
			break;
	while (i < nr && kc_page_is_nth(page[i], first, i))
		i++;
	return i;
}

/* After an error of map_step(): may a device reach what was to be taken back? */
static inline bool tables_are_lost(const struct ioasid_ioas *ioas)
{
	const struct ioasid_table *table;

	list_for_each_entry(table, &ioas->tables, node)
		if (READ_ONCE(table->lost))
			return true;
	return false;
}

/* Anything but all of it: the device may still reach the rest */
static inline bool table_unmap(struct ioasid_table *table, u64 iova, unsigned int nr,
			       struct ioasid_gather *gather)
{
	size_t size = (size_t)nr << PAGE_SHIFT;
	size_t unmapped = table->shim->unmap(table->domain, iova, size, gather);

	/*
	 * Not for long is a device that comes or goes kept waiting, and all who wait for it.
	 * The flush frees what it leaves empty in one piece, a table for a chunk
	 */
	gather->nr += 1 + nr / (CHUNK_PAGES / 4);
	if (unlikely(gather->nr >= STEPS_A_FLUSH)) {
		table->shim->flush(table->domain, gather);
		ioasid_gather_init(gather);
	}
	if (unlikely(unmapped != size)) {
		ioasid_table_lose(table);
		return false;
	}
	return likely(!READ_ONCE(table->lost));
}

/* The same for a step of which the pages are known */
static inline bool table_unmap_known(struct ioasid_table *table, u64 iova, u64 pfn,
				     unsigned int nr, struct ioasid_gather *gather)
{
	return unlikely(nr > MAP_A_TURN) ? ioasid_unmap_long(table, iova, pfn, nr, gather) :
					   table_unmap(table, iova, nr, gather);
}

/* Map contiguous pages in one page table; on error none is, or the table is lost */
static inline int table_map_run(struct ioasid_table *table, u64 iova, phys_addr_t phys,
				unsigned int nr, int prot)
{
	return unlikely(table->shim->miscounts) && nr > 1 ?
	       ioasid_map_pieces(table, iova, phys, nr, prot) :
	       table->shim->map(table->domain, iova, phys, (size_t)nr << PAGE_SHIFT, prot);
}

/* Map contiguous pages in every page table */
static __always_inline int map_step(struct ioasid_ioas *ioas, u64 iova,
				    unsigned long pfn, unsigned int nr, int prot)
{
	struct ioasid_table *table;
	int ret = 0;

	if (unlikely(nr > MAP_A_TURN))
		return ioasid_map_long(ioas, iova, pfn, nr, prot);
	list_for_each_entry(table, &ioas->tables, node) {
		ret = table_map_run(table, iova, PFN_PHYS(pfn), nr, prot);
		if (unlikely(ret)) {
			ioasid_unmap_step(ioas, table, iova, pfn, nr);
			break;
		}
	}
	return ret;
}

#endif /* IOASID_TABLE_H */
