// SPDX-License-Identifier: GPL-2.0-only
/*
 * Depopulating: an area is taken apart into steps (ioas/table.h), each of which is
 * unmapped as a whole. What is unmapped together is gathered and flushed together, and
 * unpinned after that. It never fails, and needs no memory.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "ioas/depopulate.h"
#include "ioas/held.h"
#include "ioas/table.h"

/**
 * struct depopulating - areas that are being unmapped from the last page table
 * @ioas: their address space
 * @table: the page table
 * @gather: what is to be flushed
 * @pages: pages that are unmapped, to be unpinned after the flush
 * @nr: how many
 * @room: for how many
 * @dirty: a device may have written to them
 * @few: room on the stack
 */
struct depopulating {
	struct ioasid_ioas *ioas;
	struct ioasid_table *table;
	struct ioasid_gather gather;
	struct page **pages;
	unsigned int nr;
	unsigned int room;
	bool dirty;
	struct page *few[FEW_PAGES];
};

static void depopulating_flush(struct depopulating *d)
{
	d->table->shim->flush(d->table->domain, &d->gather);
	ioasid_gather_init(&d->gather);
	if (d->nr)
		ioasid_unpin(d->pages, d->nr, d->dirty);
	d->nr = 0;
}

static void depopulating_begin(struct depopulating *d, struct ioasid_ioas *ioas)
{
	d->ioas = ioas;
	d->pages = d->few;
	d->room = FEW_PAGES;
	d->nr = 0;
	d->dirty = false;
	ioasid_gather_init(&d->gather);
}

/* Large, for there is a flush for each filling; the address space's own if there is
 * no memory
 */
static void depopulating_more_room(struct depopulating *d)
{
	d->room = 16 * CHUNK_PAGES;
	d->pages = kmalloc_array(d->room, sizeof(*d->pages),
				 GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (d->pages)
		return;
	d->room = CHUNK_PAGES;
	mutex_lock(&d->ioas->spare_lock);
	d->pages = d->ioas->spare_pages;
}

static void depopulating_end(struct depopulating *d)
{
	depopulating_flush(d);
	if (d->pages == d->ioas->spare_pages)
		mutex_unlock(&d->ioas->spare_lock);
	else if (d->pages != d->few)
		kfree(d->pages);
}

static void unmap_unknown(struct depopulating *d, struct ioasid_area *area,
			  u64 iova, unsigned int nr)
{
	bool dirty = area->prot & IOMMU_WRITE;

	if (d->nr + nr > d->room || (d->nr && d->dirty != dirty))
		depopulating_flush(d);
	if (nr > d->room)
		depopulating_more_room(d);
	if (!ioasid_read_back(d->table, iova, d->pages + d->nr, nr))
		area->stuck = true;
	/* In any case */
	if (!table_unmap(d->table, iova, nr, &d->gather))
		area->stuck = true;
	/* Better leak pages than let a device write to freed ones */
	if (!area->stuck)
		d->nr += nr;
	d->dirty = dirty;
}

static void area_unmap_last(struct depopulating *d, struct ioasid_area *area,
			    unsigned int *turn)
{
	struct area_steps steps;
	unsigned int nr;

	if (ioasid_runs_is_one(&area->runs)) {
		nr = ioasid_run_pages(area->runs.first);
		if (nr && !table_unmap_known(d->table, area->start,
					     ioasid_run_pfn(area->runs.first), nr, &d->gather))
			area->stuck = true;
		take_turns_for(turn, nr);
		return;
	}
	steps = area_steps(area);
	while ((nr = area_step(area, &steps))) {
		if (steps.pfn == IOASID_PFN_UNKNOWN)
			unmap_unknown(d, area, steps.iova, nr);
		else if (!table_unmap_known(d->table, steps.iova, steps.pfn, nr, &d->gather))
			area->stuck = true;
		take_turns_for(turn, nr);
	}
}

/* Unpin the pages of an area that are known; it is in no page table any more, and flushed */
static void area_unpin(struct ioasid_area *area, unsigned int *turn)
{
	struct ioasid_runs_pos pos;
	u32 nr;
	u64 pfn;

	take_turns(turn);
	if (ioasid_runs_is_one(&area->runs)) {
		if (area->populated && !area->stuck)
			ioasid_unpin_run(ioasid_run_pfn(area->runs.first),
					 ioasid_run_pages(area->runs.first),
					 area->prot & IOMMU_WRITE);
		area->populated = 0;
		area->runs.first = 0;
		return;
	}
	pos = ioasid_runs_end(&area->runs);
	while (!area->stuck && ioasid_runs_prev(&area->runs, &pos, &pfn, &nr)) {
		if (pfn != IOASID_PFN_UNKNOWN)
			ioasid_unpin_run(pfn, nr, area->prot & IOMMU_WRITE);
		take_turns(turn);
	}
	ioasid_runs_clear(&area->runs);
	area->populated = 0;
}

/* The same for one of a page that is known, of which many together take less */
static void area_unpin_page(struct depopulating *d, struct ioasid_area *area)
{
	bool dirty = area->prot & IOMMU_WRITE;

	if (d->nr == FEW_PAGES || (d->nr && d->dirty != dirty)) {
		ioasid_unpin(d->few, d->nr, d->dirty);
		cond_resched();
		d->nr = 0;
	}
	d->dirty = dirty;
	if (!area->stuck)
		d->few[d->nr++] = pfn_to_page(ioasid_run_pfn(area->runs.first));
	area->runs.first = 0;
	area->populated = 0;
}

/* The area after one: in a list, or in the tree */
static struct ioasid_area *area_after(struct ioasid_area *area, bool list)
{
	return list ? area->next : ioasid_area_of(rb_next(&area->node));
}

/* The opposite of populating: for a list of areas, or for all from the first one on */
static void areas_depopulate(struct ioasid_ioas *ioas, struct ioasid_area *areas,
			     bool list)
{
	struct ioasid_table *table;
	struct depopulating d __uninitialized;
	struct ioasid_payer *payer = NULL;
	unsigned long charged = 0;
	struct ioasid_area *area;
	unsigned int turn = 0;

	if (!list_empty(&ioas->tables)) {
		depopulating_begin(&d, ioas);
		d.table = list_first_entry(&ioas->tables, struct ioasid_table, node);
		table = d.table;
		/* The others first: the last one knows the pages */
		list_for_each_entry_continue(table, &ioas->tables, node) {
			for (area = areas; area; area = area_after(area, list))
				ioasid_area_unmap(area, table, ULONG_MAX, &d.gather, &turn);
			table->shim->flush(table->domain, &d.gather);
			ioasid_gather_init(&d.gather);
		}
		for (area = areas; area; area = area_after(area, list))
			area_unmap_last(&d, area, &turn);
		depopulating_end(&d);
	}
	d.nr = 0;
	for (area = areas; area; area = area_after(area, list)) {
		if (area->populated == PAGE_SIZE && ioasid_runs_is_one(&area->runs))
			area_unpin_page(&d, area);
		else if (area->populated)
			area_unpin(area, &turn);
		else
			take_turns(&turn);
		if (area->populating) {
			WRITE_ONCE(area->populating, IOASID_AREA_GONE);
			continue;
		}
		if (area->charged && !area->stuck) {
			if (area->payer != payer && charged) {
				ioasid_payer_uncharge(payer, charged);
				charged = 0;
			}
			payer = area->payer;
			charged += area_pages(area);
		} else if (area->charged) {
			ioasid_payer_strand(area->payer);
		}
		/* What is stuck stays pinned and charged; what the next page table has is not */
		area->charged = false;
		area->stuck = false;
	}
	if (d.nr)
		ioasid_unpin(d.few, d.nr, d.dirty);
	if (charged)
		ioasid_payer_uncharge(payer, charged);
}

/**
 * ioasid_area_list_depopulate() - the opposite of populating, for a list of areas
 * @ioas: their address space; its lock or areas_lock is held
 * @areas: the areas, linked by their next, or NULL
 *
 * Unmap them everywhere, flush, unpin, give the charge back. Never fails, and
 * needs no memory.
 */
void ioasid_area_list_depopulate(struct ioasid_ioas *ioas,
				 struct ioasid_area *areas)
{
	lockdep_assert(lockdep_is_held(&ioas->lock) ||
		       lockdep_is_held(&ioas->areas_lock));
	areas_depopulate(ioas, areas, true);
}

/**
 * ioasid_areas_depopulate() - unmap and unpin all areas; they stay mapped for
 * the user
 * @ioas: the address space with its last page table; both locks are held, @lock
 *	for writing
 *
 * Areas that calls have claimed are among them, and their lists stay as they are.
 */
void ioasid_areas_depopulate(struct ioasid_ioas *ioas)
{
	struct ioasid_area *area;
	unsigned long held = 0;
	unsigned int turn = 0;

	/* Of these nothing is left for the other way */
	if (!xa_empty(&ioas->held))
		for_each_area(area, ioas) {
			take_turns(&turn);
			if (ioasid_area_is_held(ioas, area))
				held += ioasid_held_depopulate(ioas, area);
		}
	areas_depopulate(ioas, ioasid_area_of(rb_first(&ioas->areas)), false);
	ioas->pinned = (u64)held << PAGE_SHIFT;
}
