// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping once more what is mapped: in another address space, or at another address.
 *
 * An area of the new place is one like any other, pinned and charged in its own right,
 * to whoever mapped the memory first. Where the old one is populated its pages are not
 * looked up in the user's memory again, which may look otherwise by now: they are
 * pinned once more as long as the old area keeps them, which is busy meanwhile.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "ioas/source.h"
#include "ioas/steps.h"

/* The runs of what is populated, in ascending order. Room for them, or how many */
static unsigned long runs_of(const struct ioasid_area *area, u64 *run, unsigned long nr)
{
	struct ioasid_runs_pos pos = ioasid_runs_end(&area->runs);
	unsigned long n = 0;
	u32 pages;
	u64 pfn;

	while (ioasid_runs_prev(&area->runs, &pos, &pfn, &pages)) {
		n++;
		if (run)
			run[nr - n] = ioasid_run_make(pfn, pages);
	}
	return n;
}

/* Remember where the pages of a busy area are, from an address of it on */
static void source_look(struct ioasid_source *from)
{
	struct ioasid_area *area = from->area;
	u64 skip = (from->iova - area->start) >> PAGE_SHIFT;
	unsigned long nr;
	u64 *run = NULL;

	from->run = NULL;
	down_read(&from->ioas->lock);
	nr = area->populated == area_length(area) ? runs_of(area, NULL, 0) : 0;
	up_read(&from->ioas->lock);
	if (nr)
		run = kvmalloc_array(nr, sizeof(*run), GFP_KERNEL_ACCOUNT);
	if (!run)
		return;
	/* It may be gone by now, and comes not back while we keep it busy */
	down_read(&from->ioas->lock);
	if (area->populated == area_length(area)) {
		runs_of(area, run, nr);
		from->run = run;
	}
	up_read(&from->ioas->lock);
	if (!from->run) {
		kvfree(run);
		return;
	}
	for (nr = 0; skip >= ioasid_run_pages(run[nr]); nr++)
		skip -= ioasid_run_pages(run[nr]);
	from->next = nr;
	from->used = skip;
}

/* Pages of one run, pinned once more; how many, or an error */
static int pin_again(struct ioasid_source *from, u64 run, struct page **pages,
		     unsigned int nr, struct kc_pin_count *count)
{
	struct ioasid_table *table;
	unsigned long pfn;
	unsigned int i;

	nr = min_t(u32, nr, ioasid_run_pages(run) - from->used);
	if (ioasid_run_pfn(run) == IOASID_PFN_UNKNOWN) {
		table = list_first_entry(&from->ioas->tables, struct ioasid_table, node);
		if (!ioasid_read_back(table, from->iova, pages, nr))
			return -EIO;
		for (i = 0; i < nr; i++)
			if (!kc_pin_again(pages[i], 1, count))
				goto unpin;
		return nr;
	}
	pfn = ioasid_run_pfn(run) + from->used;
	for (i = 0; i < nr; i++)
		pages[i] = pfn_to_page(pfn + i);
	return kc_pin_again(pages[0], nr, count) ? nr : -ENOMEM;

unpin:
	if (i)
		ioasid_unpin(pages, i, false);
	return -ENOMEM;
}

static int pin_known(struct ioasid_source *from, struct page **pages, unsigned int nr)
{
	struct kc_pin_count count = {};
	unsigned int done, turn = 0;
	int ret = 0;

	for (done = 0; done < nr; done += ret) {
		u64 run = from->run[from->next];

		ret = pin_again(from, run, pages + done, nr - done, &count);
		if (ret < 0)
			break;
		from->iova += (u64)ret << PAGE_SHIFT;
		from->used += ret;
		if (from->used == ioasid_run_pages(run)) {
			from->used = 0;
			from->next++;
		}
		take_turns(&turn);
	}
	kc_pin_count_end(&count);
	if (ret >= 0)
		return 0;
	if (done)
		ioasid_unpin(pages, done, false);
	return ret;
}

/**
 * ioasid_source_pin() - pin the next pages of a source
 * @from: the source
 * @pages: out: the pages
 * @nr: how many
 *
 * Return: 0 when all are pinned, otherwise none is: -EFAULT, -ENOMEM, -EINTR;
 * IOASID_SOURCE_UNKNOWN.
 */
int ioasid_source_pin(struct ioasid_source *from, struct page **pages, unsigned int nr)
{
	int ret = IOASID_SOURCE_UNKNOWN;

	if (!from->run)
		return ret;
	down_read(&from->ioas->lock);
	/* Whoever drops the last page table waits for nobody */
	if (from->area->populated)
		ret = pin_known(from, pages, nr);
	up_read(&from->ioas->lock);
	if (ret == IOASID_SOURCE_UNKNOWN) {
		kvfree(from->run);
		from->run = NULL;
	}
	return ret;
}

/* Keep the areas of a range as they are, if all of it is mapped for what is wanted */
static int keep(struct ioasid_ioas *ioas, u64 start, u64 last, bool write)
{
	struct ioasid_area *area, *first;
	unsigned int turn = 0;
	u64 at = start;

	lockdep_assert_held(&ioas->areas_lock);
	if (ioas->dead)
		return -ENOENT;
	first = ioasid_area_at(ioas, start);
	for (area = first; ; area = ioasid_area_of(rb_next(&area->node))) {
		if (!area || area->start > at || area->busy == IOASID_AREA_CLAIMED)
			return -ENOENT;
		if (write && !(area->prot & IOMMU_WRITE))
			return -EPERM;
		if (area->last >= last)
			break;
		at = area->last + 1;
		take_turns(&turn);
	}
	for (area = first; area && area->start <= last;
	     area = ioasid_area_of(rb_next(&area->node))) {
		area->busy++;
		ioas->nr_busy++;
	}
	return 0;
}

static void unkeep(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	struct ioasid_area *area;

	mutex_lock(&ioas->areas_lock);
	for (area = ioasid_area_at(ioas, start); area && area->start <= last;
	     area = ioasid_area_of(rb_next(&area->node))) {
		area->busy--;
		ioas->nr_busy--;
	}
	ioasid_areas_changed(ioas);
	mutex_unlock(&ioas->areas_lock);
}

/* Nothing is kept while somebody attaches */
static int keep_killable(struct ioasid_ioas *ioas, u64 start, u64 last, bool write)
{
	unsigned long changes;
	bool wait;
	int ret;

	do {
		ret = mutex_lock_killable(&ioas->areas_lock);
		if (ret)
			return ret;
		changes = ioas->changes;
		wait = ioas->exclusive;
		if (!wait)
			ret = keep(ioas, start, last, write);
		mutex_unlock(&ioas->areas_lock);
		if (wait)
			ret = ioasid_areas_wait(ioas, changes, true);
	} while (wait && !ret);
	return ret;
}

/**
 * ioasid_areas_map_again() - map what is mapped once more
 * @src: where it is mapped
 * @start: first address there
 * @length: bytes
 * @dst: where it is to be mapped; may be the same
 * @range: flags and address there, as for ioasid_area_map(), which checks them; the
 *	rest is not looked at
 *
 * A mapping is made for each one that lies in the range, or for the part that does.
 *
 * Context: pins memory, killable; killed, it may leave some of them mapped.
 * Return: 0, or an error as ioasid_area_map(): nothing is mapped; -ENOENT if something
 * of the range is not mapped in @src; -EPERM if it is not writable there.
 */
int ioasid_areas_map_again(struct ioasid_ioas *src, u64 start, u64 length,
			   struct ioasid_ioas *dst, struct ioasid_map_range *range)
{
	u64 last = start + (length - 1), done = 0, unmapped;
	struct ioasid_map_range part = *range;
	struct ioasid_unmap_range undo;
	struct ioasid_source from;
	u32 nr;
	int ret;

	ret = keep_killable(src, start, last, range->flags & IOASID_MAP_WRITE);
	if (ret)
		return ret;
	while (!ret && done < length) {
		mutex_lock(&src->areas_lock);
		from.area = ioasid_area_at(src, start + done);
		mutex_unlock(&src->areas_lock);
		from.ioas = src;
		from.payer = from.area->payer;
		from.iova = start + done;
		from.room = length;
		part.vaddr = from.area->vaddr + (from.iova - from.area->start);
		part.length = min(from.area->last, last) - from.iova + 1;
		source_look(&from);
		ret = ioasid_area_map(dst, &part, NULL, &from);
		kvfree(from.run);
		if (ret)
			break;
		if (!done)
			range->iova = part.iova;
		part.flags &= ~IOASID_MAP_PLACE;
		part.iova += part.length;
		done += part.length;
	}
	unkeep(src, start, last);
	if (ret && done) {
		undo = (struct ioasid_unmap_range) { range->iova, done };
		ioasid_areas_unmap(dst, &undo, 1, &nr, &unmapped);
	}
	return ret;
}
