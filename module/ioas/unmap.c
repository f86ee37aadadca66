// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmapping ranges: their areas are claimed, drivers that hold pages of them let go
 * (access.c), and then they are unmapped, flushed and unpinned by depopulate.c. The short
 * way for one area of a few pages is here.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "ioas/access.h"
#include "ioas/area.h"
#include "ioas/depopulate.h"
#include "ioas/table.h"
#include "ioas/unmap.h"

/*
 * Take all areas in a range to unmap them, or none, and say why: -EINVAL if one
 * lies there in part; -ENOENT; IOASID_AREAS_WAIT. @end is where the list ends;
 * @before is an area that the first one may follow, or NULL.
 */
static int areas_claim(struct ioasid_ioas *ioas, u64 start, u64 last,
		       struct ioasid_area *before, struct ioasid_area ***end)
{
	struct ioasid_area **first = *end, *area, *next = NULL;
	unsigned int turn = 0;
	int ret = 0;

	if (ioas->dead)
		return -ENOENT;
	if (ioasid_areas_closed(ioas))
		return IOASID_AREAS_WAIT;
	/* As so often with arrays, in ascending order */
	if (before && before->last < start)
		next = ioasid_area_of(rb_next(&before->node));
	area = next && next->last >= start ? next : area_first(ioas, start, last);
	for (; area && area->start <= last; area = ioasid_area_of(rb_next(&area->node))) {
		if (area->busy)
			ret = IOASID_AREAS_WAIT;
		else if (area->start < start || area->last > last)
			ret = -EINVAL;
		if (ret) {
			*end = first;
			**end = NULL;
			return ret;
		}
		area->next = NULL;
		**end = area;
		*end = &area->next;
		take_turns(&turn);
	}
	for (area = *first; area; area = area->next) {
		area->busy = IOASID_AREA_CLAIMED;
		ioas->nr_busy++;
		take_turns(&turn);
	}
	return 0;
}

/*
 * Unmap the one area of a few pages in a range, in one turn of areas_lock; false
 * if that is not what there is.
 */
static bool unmap_few(struct ioasid_ioas *ioas,
		      const struct ioasid_unmap_range *range, u64 *unmapped)
{
	u64 last = range->iova + (range->length - 1);
	struct ioasid_gather gather __uninitialized;
	struct ioasid_table *table;
	struct ioasid_area *area, *next;

	if (mutex_lock_killable(&ioas->areas_lock))
		return false;
	area = area_first(ioas, range->iova, last);
	if (!area || area->busy || ioas->dead || ioasid_areas_closed(ioas) ||
	    ioas->accessed || area_pages(area) > FEW_PAGES || !ioasid_runs_is_one(&area->runs) ||
	    area->start < range->iova || area->last > last)
		goto no;
	next = area->last == last ? NULL : ioasid_area_of(rb_next(&area->node));
	if (next && next->start <= last)
		goto no;
	list_for_each_entry(table, &ioas->tables, node) {
		if (!area->populated)
			break;
		ioasid_gather_init(&gather);
		if (!table_unmap(table, area->start, area_pages(area), &gather))
			area->stuck = true;
		table->shim->flush(table->domain, &gather);
	}
	trace_ioasid_unmap(ioas, area->start, area_length(area));
	ioasid_area_erase(ioas, area);
	ioas->mapped -= area_length(area);
	ioas->pinned -= area->populated;
	mutex_unlock(&ioas->areas_lock);

	*unmapped = area_length(area);
	if (area->populated && !area->stuck)
		ioasid_unpin_run(ioasid_run_pfn(area->runs.first), area_pages(area),
				 area->prot & IOMMU_WRITE);
	area_uncharge(area);
	ioasid_area_free(ioas, area);
	return true;

no:
	mutex_unlock(&ioas->areas_lock);
	return false;
}

/*
 * Have drivers let go of areas that are claimed, under no lock: others may change
 * what page tables there are, and map and unmap next to them. -EINTR if that was
 * given up: the areas are as they were, and claimed no more.
 */
static int unmap_accessed(struct ioasid_ioas *ioas, struct ioasid_area *areas)
{
	struct ioasid_area *area;
	unsigned int turn = 0;
	int ret;

	up_read(&ioas->lock);
	ret = ioasid_accesses_leave(ioas, areas);
	ioasid_ioas_lock_tables(ioas);
	if (!ret)
		return 0;
	mutex_lock(&ioas->areas_lock);
	for (area = areas; area; area = area->next) {
		area->busy = 0;
		ioas->nr_busy--;
		take_turns(&turn);
	}
	ioasid_areas_changed(ioas);
	mutex_unlock(&ioas->areas_lock);
	return ret;
}

/*
 * Unmap a few ranges in order. Returns how many, and the error that the next one
 * had, or IOASID_AREAS_WAIT.
 */
static u32 unmap_some(struct ioasid_ioas *ioas,
		      const struct ioasid_unmap_range *range, u32 nr,
		      unsigned long *changes, u64 *unmapped, int *error)
{
	struct ioasid_area *areas = NULL, **end = &areas, *area;
	unsigned long nr_areas = 0;
	unsigned int turn = 0;
	u64 pinned = 0;
	bool all, accessed;
	u32 done;
	int ret;

	*error = down_read_killable(&ioas->lock);
	if (*error)
		return 0;
	*error = mutex_lock_killable(&ioas->areas_lock);
	if (*error) {
		up_read(&ioas->lock);
		return 0;
	}
	*changes = ioas->changes;
	for (done = 0; done < nr; done++) {
		area = areas ? container_of(end, struct ioasid_area, next) : NULL;
		*error = areas_claim(ioas, range[done].iova, range[done].iova +
				     (range[done].length - 1), area, &end);
		if (*error)
			break;
	}
	if (!areas)
		goto unlock;
	accessed = ioas->accessed;
	mutex_unlock(&ioas->areas_lock);
	if (accessed) {
		ret = unmap_accessed(ioas, areas);
		if (ret) {
			up_read(&ioas->lock);
			*error = ret;
			return 0;
		}
	}
	for (area = areas; area; area = area->next) {
		pinned += area->populated;
		nr_areas++;
		take_turns(&turn);
	}
	ioasid_area_list_depopulate(ioas, areas);
	mutex_lock(&ioas->areas_lock);
	ioas->nr_busy -= nr_areas;
	all = nr_areas == ioas->nr_areas;
	for (area = areas; area; area = area->next) {
		trace_ioasid_unmap(ioas, area->start, area_length(area));
		if (!all)
			ioasid_area_erase(ioas, area);
		*unmapped += area_length(area);
		ioas->mapped -= area_length(area);
		take_turns(&turn);
	}
	/* All of them: a tree need not be kept in balance to take it down */
	if (all)
		areas_none(ioas);
	ioas->pinned -= pinned;
	ioasid_areas_changed(ioas);
unlock:
	mutex_unlock(&ioas->areas_lock);
	up_read(&ioas->lock);
	ioasid_area_list_free(areas);
	return done;
}

/**
 * ioasid_areas_unmap() - unmap all areas in ranges, in order
 * @ioas: the address space
 * @range: the ranges; a length of 0 that begins at 0 is everything
 * @nr: how many
 * @done: out: how many are unmapped
 * @unmapped: out: bytes unmapped
 *
 * Context: killable while it waits for others, not while it works.
 * Return: 0 if all are, or the error of the next one: -EINVAL if an area lies
 * there in part, -EINTR, -ENOENT.
 */
int ioasid_areas_unmap(struct ioasid_ioas *ioas,
		       const struct ioasid_unmap_range *range, u32 nr, u32 *done,
		       u64 *unmapped)
{
	unsigned long changes = 0;
	u32 some;
	int ret;

	*done = 0;
	*unmapped = 0;
	if (nr == 1 && unmap_few(ioas, range, unmapped)) {
		*done = 1;
		return 0;
	}
	while (*done < nr) {
		some = unmap_some(ioas, range + *done, nr - *done, &changes,
				  unmapped, &ret);
		*done += some;
		if (ret == IOASID_AREAS_WAIT)
			ret = some ? 0 : ioasid_areas_wait(ioas, changes, true);
		if (ret)
			return ret;
	}
	return 0;
}
