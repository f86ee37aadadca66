// SPDX-License-Identifier: GPL-2.0-only
/*
 * Held pages: see held.h. All of it is protected by areas_lock, which is held for
 * short; but for those who drop the last page table, and they never wait for a
 * driver.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "ioas/held.h"
#include "ioas/table.h"

static unsigned long index_of(u64 iova)
{
	return iova >> PAGE_SHIFT;
}

/**
 * ioasid_held_find() - is there a held page in a range?
 * @ioas: the address space
 * @start: first address
 * @last: last address
 * @iova: out: address of the first one; may be NULL
 */
bool ioasid_held_find(struct ioasid_ioas *ioas, u64 start, u64 last, u64 *iova)
{
	unsigned long index = index_of(start);

	if (!xa_find(&ioas->held, &index, index_of(last), XA_PRESENT))
		return false;
	if (iova)
		*iova = (u64)index << PAGE_SHIFT;
	return true;
}

static unsigned long nr_held(struct ioasid_ioas *ioas, const struct ioasid_area *area)
{
	struct ioasid_held *held;
	unsigned long index, nr = 0;
	unsigned int turn = 0;

	lockdep_assert_held(&ioas->areas_lock);
	xa_for_each_range(&ioas->held, index, held, index_of(area->start),
			  index_of(area->last)) {
		nr++;
		take_turns(&turn);
	}
	return nr;
}

/* What is shared now stays so */
static void held_stick(struct ioasid_ioas *ioas, const struct ioasid_area *area)
{
	struct ioasid_held *held;
	unsigned int turn = 0;
	unsigned long index;

	xa_for_each_range(&ioas->held, index, held, index_of(area->start),
			  index_of(area->last)) {
		held->stuck = held->shared;
		take_turns(&turn);
	}
}

static struct page *populated_page(struct ioasid_ioas *ioas,
				   struct ioasid_area *area, u64 iova)
{
	struct ioasid_table *table;
	struct page *page;

	table = list_first_entry_or_null(&ioas->tables, struct ioasid_table, node);
	if (!table || iova - area->start >= area->populated)
		return NULL;
	return ioasid_read_back(table, iova, &page, 1) ? page : NULL;
}

/**
 * ioasid_held_known() - the page at an address if it is pinned
 * @ioas: the address space, its areas_lock held
 * @area: the area there, not claimed
 * @iova: the address, of a page
 *
 * Return: the page, which stays pinned as long as the lock is held; or NULL.
 */
struct page *ioasid_held_known(struct ioasid_ioas *ioas, struct ioasid_area *area,
			       u64 iova)
{
	struct ioasid_held *held;

	lockdep_assert_held(&ioas->areas_lock);
	held = xa_load(&ioas->held, index_of(iova));
	return held ? held->page : populated_page(ioas, area, iova);
}

static int hold(struct ioasid_ioas *ioas, u64 iova, struct page *page, bool shared)
{
	struct ioasid_held *held = kmalloc(sizeof(*held), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!held)
		return -ENOMEM;
	*held = (struct ioasid_held) { .page = page, .users = 1, .shared = shared };
	ret = xa_err(xa_store(&ioas->held, index_of(iova), held, GFP_KERNEL_ACCOUNT));
	if (ret)
		kfree(held);
	return ret;
}

/**
 * ioasid_hold_known() - hold a page if it is pinned
 * @ioas: the address space, its areas_lock held
 * @area: the area there, not claimed
 * @iova: the address, of a page
 * @page: out: the page
 *
 * Return: 1, or 0 if it is not pinned, or -ENOMEM.
 */
int ioasid_hold_known(struct ioasid_ioas *ioas, struct ioasid_area *area, u64 iova,
		      struct page **page)
{
	struct ioasid_held *held;

	lockdep_assert_held(&ioas->areas_lock);
	held = xa_load(&ioas->held, index_of(iova));
	if (held) {
		if (held->users == U32_MAX)
			return -ENOMEM;
		held->users++;
		*page = held->page;
		return 1;
	}
	*page = populated_page(ioas, area, iova);
	if (!*page)
		return 0;
	return hold(ioas, iova, *page, true) ?: 1;
}

/**
 * ioasid_hold_new() - hold a page that has just been pinned
 * @ioas: the address space, its areas_lock held
 * @area: the area there, not claimed
 * @iova: the address, of a page that ioasid_hold_known() does not know
 * @page: the page; the pin is taken over
 *
 * Return: 0, or -ENOMEM, also if that exceeds the payer's limit; then the pin is
 * still the caller's.
 */
int ioasid_hold_new(struct ioasid_ioas *ioas, struct ioasid_area *area, u64 iova,
		    struct page *page)
{
	int ret;

	lockdep_assert_held(&ioas->areas_lock);
	if (!area->charged) {
		ret = ioasid_payer_charge(area->payer, 1);
		if (ret)
			return ret;
	}
	ret = hold(ioas, iova, page, false);
	if (!area->charged && ret)
		ioasid_payer_uncharge(area->payer, 1);
	else if (!area->charged)
		ioas->pinned += PAGE_SIZE;
	return ret;
}

/**
 * ioasid_unhold() - the opposite of ioasid_hold_known() and _new() for a range
 * @ioas: the address space, its areas_lock held
 * @start: first address
 * @last: last address; every page of the range is held
 *
 * Needs no memory.
 */
void ioasid_unhold(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	struct ioasid_area *area = NULL;
	struct ioasid_held *held;
	unsigned long index;
	unsigned int turn = 0;

	lockdep_assert_held(&ioas->areas_lock);
	xa_for_each_range(&ioas->held, index, held, index_of(start), index_of(last)) {
		take_turns(&turn);
		if (--held->users)
			continue;
		xa_erase(&ioas->held, index);
		start = (u64)index << PAGE_SHIFT;
		if (!area || start > area->last)
			area = ioasid_area_at(ioas, start);
		if (!held->shared)
			ioasid_unpin(&held->page, 1, area->prot & IOMMU_WRITE);
		if (!area->charged) {
			/* What is stuck stays charged */
			if (!held->shared)
				ioasid_payer_uncharge(area->payer, 1);
			ioas->pinned -= PAGE_SIZE;
		} else if (held->stuck) {
			/* The page tables have this page now, and must not unpin it */
			WRITE_ONCE(area->stuck, true);
		}
		kfree(held);
	}
}

/**
 * ioasid_held_charge() - charge all of an area, of which pages may be held
 * @ioas: its address space, of which the caller is exclusive
 * @area: the area, not charged as a whole
 *
 * Return: 0, or -ENOMEM if that exceeds the payer's limit.
 */
int ioasid_held_charge(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	int ret;

	/* A page that is just being let go of is no more held before its own charge ends */
	mutex_lock(&ioas->areas_lock);
	ret = ioasid_payer_charge(area->payer, area_pages(area) - nr_held(ioas, area));
	area->charged = !ret;
	mutex_unlock(&ioas->areas_lock);
	return ret;
}

/* From a page on: how many are held, and now shared with the page tables */
static unsigned int share(struct ioasid_ioas *ioas, u64 iova, struct page **pages,
			  unsigned int nr)
{
	struct ioasid_held *held;
	unsigned int i;

	mutex_lock(&ioas->areas_lock);
	for (i = 0; i < nr; i++) {
		held = xa_load(&ioas->held, index_of(iova) + i);
		if (!held)
			break;
		held->shared = true;
		pages[i] = held->page;
	}
	mutex_unlock(&ioas->areas_lock);
	return i;
}

/**
 * ioasid_held_pin() - area_pin() for an area of which pages are held
 * @ioas: its address space, of which the caller is exclusive
 * @area: the area
 * @first: number of the first page of it
 * @pages: out: the pages
 * @nr: how many
 *
 * Return: 0 when all are pinned, to be unpinned by ioasid_held_unpin() or
 * ioasid_held_depopulate(); otherwise none is: -EFAULT, -ENOMEM, -EINTR.
 */
int ioasid_held_pin(struct ioasid_ioas *ioas, struct ioasid_area *area,
		    unsigned long first, struct page **pages, unsigned int nr)
{
	u64 start = area->start + ((u64)first << PAGE_SHIFT), iova, next;
	unsigned int done, n;
	int ret;

	for (done = 0; done < nr; done += n) {
		iova = start + ((u64)done << PAGE_SHIFT);
		n = share(ioas, iova, pages + done, nr - done);
		if (n)
			continue;
		/* Up to the next one. They only become fewer */
		n = nr - done;
		if (ioasid_held_find(ioas, iova, area->last, &next))
			n = min_t(u64, n, (next - iova) >> PAGE_SHIFT);
		ret = area_pin(ioas, area, area->payer, first + done,
			       pages + done, n);
		if (ret) {
			ioasid_held_unpin(ioas, area, first, pages, done);
			return ret;
		}
	}
	return 0;
}

/* The page tables have these pages no more: those that are held stay pinned */
static void unshare(struct ioasid_ioas *ioas, u64 iova, struct page **pages, u64 pfn,
		    unsigned long nr, bool dirty)
{
	u64 last = iova + (((u64)nr << PAGE_SHIFT) - 1), next;
	unsigned long done, n;
	struct ioasid_held *held;
	unsigned int turn = 0;

	lockdep_assert_held(&ioas->areas_lock);
	for (done = 0; done < nr; done += n) {
		u64 at = iova + ((u64)done << PAGE_SHIFT);

		take_turns(&turn);
		held = xa_load(&ioas->held, index_of(at));
		if (held) {
			held->shared = held->stuck;
			n = 1;
			continue;
		}
		n = nr - done;
		if (ioasid_held_find(ioas, at, last, &next))
			n = (next - at) >> PAGE_SHIFT;
		if (pages)
			ioasid_unpin(pages + done, n, dirty);
		else
			ioasid_unpin_run(pfn + done, n, dirty);
	}
}

/**
 * ioasid_held_unpin() - unpin pages of an area that is not populated after all
 * @ioas: its address space
 * @area: the area
 * @first: number of the first page of it
 * @pages: the pages
 * @nr: how many
 */
void ioasid_held_unpin(struct ioasid_ioas *ioas, struct ioasid_area *area,
		       unsigned long first, struct page **pages, unsigned int nr)
{
	mutex_lock(&ioas->areas_lock);
	unshare(ioas, area->start + ((u64)first << PAGE_SHIFT), pages, 0, nr, false);
	mutex_unlock(&ioas->areas_lock);
}

/**
 * ioasid_held_unpin_run() - the same for pages that follow one another in memory
 * @ioas: its address space, its areas_lock held
 * @area: the area
 * @first: number of the first page of it
 * @pfn: its number in memory
 * @nr: how many, may be 0
 */
void ioasid_held_unpin_run(struct ioasid_ioas *ioas, struct ioasid_area *area,
			   unsigned long first, unsigned long pfn, unsigned long nr)
{
	unshare(ioas, area->start + ((u64)first << PAGE_SHIFT), NULL, pfn, nr, false);
}

/* A flush for each step: this is the way for few areas */
static void unmap_steps(struct ioasid_ioas *ioas, struct ioasid_area *area,
			struct ioasid_table *table)
{
	struct area_steps steps = area_steps(area);
	struct page **pages = ioas->spare_pages;
	bool dirty = area->prot & IOMMU_WRITE;
	struct ioasid_gather gather;
	unsigned int nr, turn = 0;
	bool known;

	mutex_lock(&ioas->spare_lock);
	while ((nr = area_step(area, &steps))) {
		known = steps.pfn != IOASID_PFN_UNKNOWN;
		ioasid_gather_init(&gather);
		if (!known && !ioasid_read_back(table, steps.iova, pages, nr))
			area->stuck = true;
		/* In any case */
		if (!table_unmap_known(table, steps.iova, steps.pfn, nr, &gather))
			area->stuck = true;
		table->shim->flush(table->domain, &gather);
		if (!area->stuck)
			unshare(ioas, steps.iova, known ? NULL : pages,
				steps.pfn, nr, dirty);
		take_turns(&turn);
	}
	mutex_unlock(&ioas->spare_lock);
}

/**
 * ioasid_held_depopulate() - ioasid_area_list_depopulate() for an area of which
 * pages are held; those stay pinned and charged
 * @ioas: its address space, its lock and areas_lock held
 * @area: the area
 *
 * Return: how many are held.
 */
unsigned long ioasid_held_depopulate(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	struct ioasid_table *first, *table;
	struct ioasid_gather gather;
	unsigned int turn = 0;
	unsigned long nr;

	lockdep_assert_held(&ioas->areas_lock);
	first = list_first_entry_or_null(&ioas->tables, struct ioasid_table, node);
	if (first) {
		table = first;
		list_for_each_entry_continue(table, &ioas->tables, node) {
			ioasid_gather_init(&gather);
			ioasid_area_unmap(area, table, ULONG_MAX, &gather, &turn);
			table->shim->flush(table->domain, &gather);
		}
		unmap_steps(ioas, area, first);
	}
	ioasid_runs_clear(&area->runs);
	area->populated = 0;
	nr = nr_held(ioas, area);
	if (area->populating) {
		WRITE_ONCE(area->populating, IOASID_AREA_GONE);
		return nr;
	}
	/* What is stuck stays pinned and charged, with all that drivers hold of it */
	if (area->charged && !area->stuck)
		ioasid_payer_uncharge(area->payer, area_pages(area) - nr);
	else if (area->charged)
		ioasid_payer_strand(area->payer);
	area->charged = false;
	if (area->stuck)
		held_stick(ioas, area);
	area->stuck = false;
	return nr;
}
