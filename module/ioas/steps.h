/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Areas, and how they are taken apart, for the files that work on them: area.c,
 * claim.c, populate.c, depopulate.c and others of this folder.
 *
 * Pages are mapped one physically contiguous run after the other in the largest
 * steps that the IOMMU takes. Long runs are remembered (base/runs.h); where the
 * others are the page table knows. Before it is unmapped an area is taken apart
 * into steps, each of which is a run or, where that is not known, at most a chunk:
 * addresses up to a multiple of 2 MiB, read back from the page table. A step is
 * unmapped as a whole, and no call to map has had addresses of two steps: large
 * pages, and what some drivers keep of each call, are not to be taken apart.
 */
#ifndef IOASID_STEPS_H
#define IOASID_STEPS_H

#include <linux/mm.h>
#include <linux/sched.h>

#include "base/runs.h"
#include "compat/compat.h"
#include "ioas/area.h"
#include "ioas/pin.h"
#include "ioas/trace.h"

/**
 * struct ioasid_area - a mapping as the user made it
 * @node: in the areas of the address space
 * @start: first address
 * @last: last address
 * @vaddr: address of the memory in the payer's process
 * @payer: who mapped it
 * @runs: the pages of what is populated
 * @populated: bytes from its start that are pinned and mapped in every page
 *	table. Never more than 0 if not @charged
 * @next: in the list of the call that has claimed it
 * @busy: IOASID_AREA_CLAIMED if it is being mapped or unmapped: only the call that
 *	does so touches it, and whoever drops the last page table. Others wait.
 *	Otherwise so many calls of drivers work with its memory, see access.c
 * @prot: IOMMU_READ, IOMMU_WRITE, IOMMU_CACHE
 * @charged: charged to the payer
 * @populating: IOASID_AREA_POPULATING: a call is pinning its pages, and keeps the charge
 *	for as long. IOASID_AREA_GONE: meanwhile the last page table has gone, with what
 *	was populated
 * @stuck: a page table did not let go of it: its pages are never unpinned, and stay
 *	charged. Cleared with the last page table
 *
 * @node and @busy are protected by the address space's areas_lock. @runs,
 * @populated and @charged are for the call that the area is busy with, under
 * the address space's lock for reading; and for the holder of that lock for
 * writing. So is @stuck, and areas_lock may set it, too: hence a byte of its own.
 */
struct ioasid_area {
	struct rb_node node;
	u64 start;
	u64 last;
	unsigned long vaddr;
	struct ioasid_payer *payer;
	struct ioasid_runs runs;
	u64 populated;
	struct ioasid_area *next;
	u32 busy;
	u8 prot;
	bool charged;
	u8 populating;
	bool stuck;
};

#define IOASID_AREA_POPULATING	1
#define IOASID_AREA_GONE	2
#define IOASID_AREA_CLAIMED	U32_MAX

/* In place of an error: wait until something changes, and try again. No other layer has
 * such a code
 */
#define IOASID_AREAS_WAIT	1

/* Pages that a call has room for on its stack; more are worth an allocation */
#define FEW_PAGES	32U
#define CHUNK_PAGES	IOASID_CHUNK_PAGES
/* Work of so many steps may be done before others have a turn */
#define STEPS_A_TURN	64U
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
int ioasid_area_populate(struct ioasid_ioas *ioas, struct ioasid_area *area,
			 struct ioasid_source *from);
int ioasid_area_populate_few(struct ioasid_ioas *ioas, struct ioasid_area *area,
			     struct page **pages, unsigned int nr);

struct ioasid_area *ioasid_area_new(struct ioasid_ioas *ioas,
				    const struct ioasid_map_range *range,
				    struct ioasid_areas_stock *stock);
void ioasid_area_list_free(struct ioasid_area *areas);
int ioasid_area_insert(struct ioasid_ioas *ioas, struct ioasid_area *area, bool charged);
void ioasid_area_erase(struct ioasid_ioas *ioas, struct ioasid_area *area);
void ioasid_area_done(struct ioasid_ioas *ioas, struct ioasid_area *area);

int ioasid_areas_take(struct ioasid_ioas *ioas, struct ioasid_area *areas, u64 room,
		      unsigned long *changes);
int ioasid_areas_give(struct ioasid_ioas *ioas, struct ioasid_area *areas, int error);

struct ioasid_area *ioasid_area_behind(struct ioasid_ioas *ioas, struct ioasid_area *area);
struct ioasid_area *ioasid_area_from(struct ioasid_ioas *ioas, u64 start, u64 last);
int ioasid_area_place(struct ioasid_ioas *ioas, struct ioasid_area *area, u64 room);

bool ioasid_read_back(struct ioasid_table *table, u64 iova, struct page **pages,
		      unsigned int nr);
void ioasid_area_unmap(struct ioasid_area *area, struct ioasid_table *table,
		       unsigned long nr_steps, struct ioasid_gather *gather,
		       unsigned int *turn);
void ioasid_area_unpin(struct ioasid_area *area, unsigned int *turn);
void ioasid_area_list_depopulate(struct ioasid_ioas *ioas,
				 struct ioasid_area *areas);

static inline struct ioasid_area *ioasid_area_of(struct rb_node *node)
{
	return node ? rb_entry(node, struct ioasid_area, node) : NULL;
}

/* The areas stay as they are: areas_lock is held, or the caller is exclusive */
#define for_each_area(area, ioas)					\
	for (area = ioasid_area_of(rb_first(&(ioas)->areas)); area;	\
	     area = ioasid_area_of(rb_next(&(area)->node)))

/* The area at an address, or NULL; areas_lock is held */
static inline struct ioasid_area *ioasid_area_at(struct ioasid_ioas *ioas, u64 iova)
{
	return ioasid_area_from(ioas, iova, iova);
}

static inline u64 area_length(const struct ioasid_area *area)
{
	return area->last - area->start + 1;
}

static inline unsigned long area_pages(const struct ioasid_area *area)
{
	return area_length(area) >> PAGE_SHIFT;
}

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

static inline void take_turns(unsigned int *steps)
{
	if (++*steps % STEPS_A_TURN == 0)
		cond_resched();
}

/* The same for a step of so many pages, each of which may be an entry of its own */
static inline void take_turns_for(unsigned int *steps, unsigned int nr)
{
	unsigned int before = *steps;

	*steps += 1 + nr / CHUNK_PAGES;
	if (before / STEPS_A_TURN != *steps / STEPS_A_TURN)
		cond_resched();
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

/* After an error of map_step(): may a device reach what was to be taken back? */
static inline bool tables_are_lost(const struct ioasid_ioas *ioas)
{
	const struct ioasid_table *table;

	list_for_each_entry(table, &ioas->tables, node)
		if (READ_ONCE(table->lost))
			return true;
	return false;
}

/* The same for a step of which the pages are known */
static inline bool table_unmap_known(struct ioasid_table *table, u64 iova, u64 pfn,
				     unsigned int nr, struct ioasid_gather *gather)
{
	return unlikely(nr > MAP_A_TURN) ? ioasid_unmap_long(table, iova, pfn, nr, gather) :
					   table_unmap(table, iova, nr, gather);
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

/* What stays pinned stays charged */
static inline void area_uncharge(struct ioasid_area *area)
{
	if (area->charged && likely(!area->stuck))
		ioasid_payer_uncharge(area->payer, area_pages(area));
	else if (area->charged)
		ioasid_payer_strand(area->payer);
	area->charged = false;
}

/* Pin pages of an area, from a page of it on; without a payer they are the caller's */
static __always_inline int area_pin(struct ioasid_ioas *ioas,
				    struct ioasid_area *area,
				    struct ioasid_payer *payer, unsigned long first,
				    struct page **pages, unsigned int nr)
{
	unsigned long vaddr = area->vaddr + (first << PAGE_SHIFT);
	bool write = area->prot & IOMMU_WRITE;
	int ret;

	ret = payer ? ioasid_payer_pin(payer, vaddr, write, pages, nr) :
		      ioasid_pin(current->mm, vaddr, write, pages, nr);
	if (ret)
		trace_ioasid_pin_fail(ioas, vaddr, nr, ret);
	return ret;
}

#endif /* IOASID_STEPS_H */
