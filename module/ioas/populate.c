// SPDX-License-Identifier: GPL-2.0-only
/*
 * Populating: pages are pinned a batch at a time, and mapped one physically
 * contiguous run after the other, in steps (ioas/table.h).
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "ioas/depopulate.h"
#include "ioas/held.h"
#include "ioas/populate.h"
#include "ioas/repin.h"
#include "ioas/table.h"

/* No page of a page table is larger: no call to map crosses a multiple of it */
#define STEP_MAX	SZ_1G

/**
 * struct populating - an area that is being populated
 * @ioas: its address space
 * @area: the area
 * @run: contiguous pages that are pinned, to be mapped next: the first one's
 *	number
 * @nr: how many
 * @first: where it is in the area, in pages, also when what was before it has gone
 * @unknown: pages at the end of what is populated that are not in the area's
 *	runs yet; there is room for them
 * @held: drivers hold pages of it
 */
struct populating {
	struct ioasid_ioas *ioas;
	struct ioasid_area *area;
	unsigned long run;
	unsigned long nr;
	unsigned long first;
	u32 unknown;
	bool held;
};

static void push_unknown(struct populating *p)
{
	if (p->unknown)
		ioasid_runs_push(&p->area->runs, IOASID_PFN_UNKNOWN, p->unknown);
	p->unknown = 0;
}

/* Map the run; or what of it ends where the IOMMU's largest page would */
static noinline int map_run(struct populating *p, bool all)
{
	struct ioasid_area *area = p->area;
	int ret;

	while (p->nr) {
		u64 iova = area->start + area->populated;
		u64 most = (STEP_MAX - (iova & (STEP_MAX - 1))) >> PAGE_SHIFT;
		unsigned int nr = min_t(u64, p->nr, most);
		bool known = nr >= IOASID_RUN_LONG || nr == area_pages(area);

		if (nr < most && !all)
			return 0;
		if (!known)
			nr = min(nr, chunk_left(iova));
		/* What is not known has its room as soon as there is any */
		ret = known || !p->unknown ?
		      ioasid_runs_reserve(&area->runs, p->unknown ? 2 : 1) : 0;
		ret = ret ?: map_step(p->ioas, iova, p->run, nr, area->prot);
		if (ret)
			return ret;
		area->populated += (u64)nr << PAGE_SHIFT;
		if (known) {
			push_unknown(p);
			ioasid_runs_push(&area->runs, p->run, nr);
		} else {
			p->unknown += nr;
		}
		p->run += nr;
		p->nr -= nr;
	}
	return 0;
}

/*
 * Map runs that are too short to be remembered, for as long as they come: of
 * scattered memory each page is one. The last one may go on in the pages to come
 * and is left. How many pages are mapped.
 */
static unsigned int map_shorts(struct populating *p, struct page **pages,
			       unsigned int nr, int *error)
{
	struct page **page = pages, **last = pages + nr - 1;
	struct ioasid_area *area = p->area;
	u64 iova = area->start + area->populated;
	struct ioasid_ioas *ioas = p->ioas;
	int prot = area->prot;
	unsigned int run;

	while (page < last) {
		run = 1;
		if (unlikely(kc_page_is_nth(page[1], page[0], 1))) {
			run = contiguous(page, last + 1 - page);
			if (run >= IOASID_RUN_LONG || page + run > last)
				break;
			run = min(run, chunk_left(iova));
		}
		*error = map_step(ioas, iova, page_to_pfn(*page), run, prot);
		if (*error)
			break;
		iova += (u64)run << PAGE_SHIFT;
		page += run;
	}
	area->populated = iova - area->start;
	p->unknown += page - pages;
	return page - pages;
}

/* Unpin pages of the area that are not mapped, from a page of it on */
static void populate_unpin(struct populating *p, unsigned long first,
			   struct page **pages, unsigned int nr)
{
	if (p->held)
		ioasid_held_unpin(p->ioas, p->area, first, pages, nr);
	else
		ioasid_unpin(pages, nr, false);
}

/* Take over pinned pages, and map what can be. On error some are unpinned */
static int map_pages(struct populating *p, struct page **pages, unsigned int nr,
		     bool all)
{
	unsigned int i = 0, run;
	int ret = 0;

	while (i < nr && !ret) {
		if (p->nr && page_to_pfn(pages[i]) != p->run + p->nr) {
			ret = map_run(p, true);
			if (ret)
				break;
		}
		if (!p->nr) {
			if (!p->unknown)
				ret = ioasid_runs_reserve(&p->area->runs, 1);
			if (!ret)
				i += map_shorts(p, pages + i, nr - i, &ret);
			if (ret)
				break;
			p->run = page_to_pfn(pages[i]);
		}
		run = contiguous(pages + i, nr - i);
		p->nr += run;
		i += run;
		if (p->nr >= STEP_MAX >> PAGE_SHIFT)
			ret = map_run(p, false);
	}
	if (!ret && all)
		ret = map_run(p, true);
	if (ret && tables_are_lost(p->ioas))
		WRITE_ONCE(p->area->stuck, true);
	else if (i < nr)
		populate_unpin(p, (p->area->populated >> PAGE_SHIFT) + p->nr,
			       pages + i, nr - i);
	push_unknown(p);
	p->first = p->area->populated >> PAGE_SHIFT;
	return ret;
}

/* It cannot be populated. The page tables stay as they are */
static void populate_undo(struct populating *p)
{
	struct ioasid_area *area = p->area, *next = area->next;

	area->populating = 0;
	if (p->held) {
		mutex_lock(&p->ioas->areas_lock);
		if (!area->stuck)
			ioasid_held_unpin_run(p->ioas, area, p->first, p->run, p->nr);
		ioasid_held_depopulate(p->ioas, area);
		mutex_unlock(&p->ioas->areas_lock);
		return;
	}
	if (p->nr && !area->stuck)
		ioasid_unpin_run(p->run, p->nr, false);
	area->next = NULL;
	ioasid_area_list_depopulate(p->ioas, area);
	/* The call may have others */
	area->next = next;
}

/* Pin pages of an area from wherever they are known */
static int pin_next(struct populating *p, struct ioasid_source *from,
		    unsigned long done, struct page **pages, unsigned int nr)
{
	int ret = from ? ioasid_source_pin(from, pages, nr) : IOASID_SOURCE_UNKNOWN;

	if (ret != IOASID_SOURCE_UNKNOWN)
		return ret;
	if (unlikely(p->held))
		return ioasid_held_pin(p->ioas, p->area, done, pages, nr);
	return area_pin(p->ioas, p->area, p->area->payer, done, pages, nr);
}

/**
 * ioasid_area_populate() - pin and map an area
 * @ioas: its address space
 * @area: the area, charged and marked as being populated
 * @from: where its pages may be found, or NULL
 *
 * Under no lock while pages are pinned. The last page table may go away meanwhile,
 * with all that has been done so far; that is no error.
 *
 * Context: may wait for userspace; killable.
 * Return: 0, or an error with nothing populated: -EFAULT, -ENOMEM, -EINTR.
 */
int ioasid_area_populate(struct ioasid_ioas *ioas, struct ioasid_area *area,
			 struct ioasid_source *from)
{
	struct populating p = { .ioas = ioas, .area = area };
	unsigned long total = area_pages(area), done = 0;
	struct page *few[FEW_PAGES] __uninitialized;
	struct page **pages = few;
	unsigned int room = FEW_PAGES, nr;
	int ret = 0;

	p.held = ioasid_area_is_held(ioas, area);
	if (total > room) {
		pages = kmalloc_array(CHUNK_PAGES, sizeof(*pages),
				      GFP_KERNEL_ACCOUNT);
		if (pages)
			room = CHUNK_PAGES;
		else
			pages = few;
	}
	/* A look without the lock, only to end sooner: under it follows another */
	while (!ret && done < total && READ_ONCE(area->populating) != IOASID_AREA_GONE) {
		nr = min_t(unsigned long, room, total - done);
		if (done)
			cond_resched();
		ret = fatal_signal_pending(current) ? -EINTR : 0;
		if (!ret)
			ret = pin_next(&p, from, done, pages, nr);
		if (ret)
			break;
		done += nr;
		ioasid_ioas_lock_tables(ioas);
		if (area->populating != IOASID_AREA_GONE)
			ret = map_pages(&p, pages, nr, done == total);
		else
			populate_unpin(&p, done - nr, pages, nr);
		up_read(&ioas->lock);
	}
	ioasid_ioas_lock_tables(ioas);
	if (ret || area->populating == IOASID_AREA_GONE)
		populate_undo(&p);
	area->populating = 0;
	up_read(&ioas->lock);
	if (pages != few)
		kfree(pages);
	return ret;
}

/**
 * ioasid_area_populate_few() - map an area of a few pages that are pinned
 * @ioas: its address space; areas_lock is held
 * @area: the area, charged
 * @pages: its pages; on error they are unpinned
 * @nr: how many
 *
 * Return: 0, or an error with nothing populated: -ENOMEM, and what the page table
 * says.
 */
int ioasid_area_populate_few(struct ioasid_ioas *ioas, struct ioasid_area *area,
			     struct page **pages, unsigned int nr)
{
	struct populating p = { .ioas = ioas, .area = area };
	int ret = map_pages(&p, pages, nr, true);

	if (ret)
		populate_undo(&p);
	return ret;
}

/**
 * ioasid_areas_populate() - pin and map all areas, for the first page table
 * @ioas: the address space; the caller is exclusive and holds its lock for
 *	writing, which is dropped in between
 *
 * Return: 0, or an error, with some populated: -EFAULT, -ENOMEM, -EINTR.
 */
int ioasid_areas_populate(struct ioasid_ioas *ioas)
{
	struct ioasid_area *area;
	unsigned int turn = 0;
	u64 pinned = 0;
	int ret;

	for_each_area(area, ioas) {
		take_turns(&turn);
		if (!area->charged) {
			ret = ioasid_held_charge(ioas, area);
			if (ret)
				return ret;
			area->populating = IOASID_AREA_POPULATING;
			up_write(&ioas->lock);
			ret = ioasid_area_populate(ioas, area, NULL);
			down_write(&ioas->lock);
			if (ret)
				return ret;
		}
		pinned += area->populated;
	}
	mutex_lock(&ioas->areas_lock);
	ioas->pinned = pinned;
	mutex_unlock(&ioas->areas_lock);
	return 0;
}
