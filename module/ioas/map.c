// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping a range of memory: its address is checked (iova.c), its area charged and put
 * into the address space, and then populated: populate.c pins the memory and maps it in
 * the page tables. The short way for a few pages is here.
 *
 * Areas that are mapped by a call of several steps: their ranges are claimed first, all
 * in one turn of areas_lock, and nothing is waited for while some are claimed. Then
 * they are populated, and then mapped all at once, or gone. Others wait for them as for
 * any area that is being mapped, and drivers do not see them.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "ioas/area.h"
#include "ioas/depopulate.h"
#include "ioas/iova.h"
#include "ioas/map.h"
#include "ioas/populate.h"
#include "ioas/repin.h"
#include "ioas/table.h"

/*
 * Put an area into its address space, and charge it; under areas_lock. Without a payer the
 * caller becomes its payer. If he is @charged that becomes the area's charge, if it has
 * one. 0, or an error as IOMMU_MAP_DMA says, or IOASID_AREAS_WAIT.
 */
static int area_insert(struct ioasid_ioas *ioas, struct ioasid_area *area, bool charged)
{
	struct ioasid_area *other;
	int ret = 0;

	if (ioas->dead)
		return -ENOENT;
	if (ioasid_areas_full(ioas))
		return IOASID_AREAS_WAIT;
	if (!ioasid_ioas_permits(ioas, area->start, area->last))
		return -EINVAL;
	other = area_add(ioas, area);
	if (other)
		return other->busy == IOASID_AREA_CLAIMED ? IOASID_AREAS_WAIT : -EEXIST;

	if (!area->payer)
		area->payer = ioasid_payer_current(ioas->payer);
	if (IS_ERR(area->payer)) {
		ret = PTR_ERR(area->payer);
		area->payer = NULL;
		goto erase;
	}
	if (!list_empty(&ioas->tables)) {
		if (charged)
			ioasid_payer_take(area->payer, area_pages(area));
		else
			ret = ioasid_payer_charge(area->payer, area_pages(area));
		if (ret)
			goto erase;
		area->charged = true;
	}
	return 0;

erase:
	ioasid_area_erase(ioas, area);
	return ret;
}

/* An area is mapped; under areas_lock */
static void area_done(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	trace_ioasid_map(ioas, area->start, area_length(area), area->vaddr,
			 area->populated);
	ioas->mapped += area_length(area);
	ioas->pinned += area->populated;
	/* A file is let go of with what is mapped of it */
	if (ioas->payer == area->payer || area->payer->file || area->payer->memory)
		return;
	ioasid_payer_put(ioas->payer);
	ioas->payer = area->payer;
	refcount_inc(&ioas->payer->refs);
}

/* Populate an area of a few pages, which are pinned and one run, under areas_lock */
static int area_populate_run(struct ioasid_ioas *ioas, struct ioasid_area *area,
			     struct page *page, unsigned int nr)
{
	unsigned long pfn = page_to_pfn(page);
	int ret = map_step(ioas, area->start, pfn, nr, area->prot);

	if (ret) {
		area->stuck = tables_are_lost(ioas);
		if (!area->stuck)
			ioasid_unpin_run(pfn, nr, false);
		return ret;
	}
	area->populated = area_length(area);
	area->runs.first = ioasid_run_make(pfn, nr);
	return 0;
}

/* Populate an area under no lock that others need; areas_lock is dropped */
static noinline int area_populate_many(struct ioasid_ioas *ioas,
				       struct ioasid_area *area,
				       struct ioasid_source *from)
{
	int ret;

	area->busy = IOASID_AREA_CLAIMED;
	area->populating = IOASID_AREA_POPULATING;
	ioas->nr_busy++;
	mutex_unlock(&ioas->areas_lock);
	ret = ioasid_area_populate(ioas, area, from);
	mutex_lock(&ioas->areas_lock);
	area->busy = 0;
	ioas->nr_busy--;
	ioasid_areas_changed(ioas);
	return ret;
}

/**
 * ioasid_area_map() - map a range of the caller's memory
 * @ioas: the address space
 * @range: checked by ioasid_check_map_range() against the CPU's page size
 * @stock: areas to take one from, or NULL
 * @from: whose the memory is, and where it may be found; NULL: the caller's
 *
 * A few pages are charged and pinned beforehand, and the rest is done in one turn
 * of areas_lock, which keeps the page tables as they are unless somebody is
 * exclusive. More of them keep nobody away but those who want the same range.
 *
 * Context: pins memory, killable.
 * Return: 0, or an error as IOMMU_MAP_DMA says.
 */
int ioasid_area_map(struct ioasid_ioas *ioas, const struct ioasid_map_range *range,
		    struct ioasid_areas_stock *stock, struct ioasid_source *from)
{
	struct page *few[FEW_PAGES] __uninitialized;
	unsigned int nr, pinned = 0;
	struct ioasid_area *area;
	unsigned long changes = 0;
	int ret;

again:
	area = ioasid_area_new(ioas, range, stock);
	if (!area)
		return -ENOMEM;
	nr = range->length >> PAGE_SHIFT;
	if (from) {
		area->payer = from->payer;
		refcount_inc(&area->payer->refs);
	} else if (range->length <= FEW_PAGES << PAGE_SHIFT &&
	    !list_empty_careful(&ioas->tables) && ioasid_charge_current(nr)) {
		pinned = nr;
		ret = area_pin(ioas, area, NULL, 0, few, nr);
		if (ret)
			goto uncharge;
	}
	ret = mutex_lock_killable(&ioas->areas_lock);
	if (ret)
		goto unpin;
	changes = ioas->changes;
	ret = area_insert(ioas, area, pinned);
	if (ret)
		goto unlock;
	if (area->charged) {
		if (pinned == 1 || (pinned && contiguous(few, pinned) == pinned))
			ret = area_populate_run(ioas, area, few[0], pinned);
		else if (pinned)
			ret = ioasid_area_populate_few(ioas, area, few, pinned);
		else
			ret = area_populate_many(ioas, area, from);
		pinned = 0;
	}
	if (ret) {
		area_uncharge(area);
		ioasid_area_erase(ioas, area);
	} else {
		area_done(ioas, area);
	}
unlock:
	mutex_unlock(&ioas->areas_lock);
unpin:
	/* An error, or there is no page table any more */
	if (pinned)
		ioasid_unpin(few, pinned, false);
uncharge:
	if (pinned)
		ioasid_uncharge_current(pinned);
	if (ret)
		ioasid_area_free(ioas, area);
	if (ret == IOASID_AREAS_WAIT) {
		ret = ioasid_areas_wait(ioas, changes, true);
		pinned = 0;
		if (!ret)
			goto again;
	}
	return ret;
}

/* Where the areas go is chosen: all of them move along */
static int areas_place(struct ioasid_ioas *ioas, struct ioasid_area *areas, u64 room)
{
	struct ioasid_area *area;
	unsigned int turn = 0;
	u64 was = areas->start, by;
	int ret;

	ret = ioasid_area_place(ioas, areas, room);
	if (ret)
		return ret;
	by = areas->start - was;
	for (area = areas->next; area; area = area->next) {
		area->start += by;
		area->last += by;
		take_turns(&turn);
	}
	return 0;
}

/**
 * ioasid_areas_take() - claim the ranges of new areas, all of them or none
 * @ioas: the address space
 * @areas: the areas, linked by their next. Afterwards they are in the address space,
 *	charged if it is populated, and to be given back by ioasid_areas_give()
 * @room: 0, or so many bytes from the first area on are to be free: they go where there
 *	is such a place
 * @changes: out: for ioasid_areas_wait()
 *
 * Return: 0, or an error as IOMMU_MAP_DMA says or ioasid_area_place(); or
 * IOASID_AREAS_WAIT.
 */
int ioasid_areas_take(struct ioasid_ioas *ioas, struct ioasid_area *areas, u64 room,
		      unsigned long *changes)
{
	struct ioasid_area *area, *undo;
	unsigned int turn = 0;
	int ret;

	ret = mutex_lock_killable(&ioas->areas_lock);
	if (ret)
		return ret;
	*changes = ioas->changes;
	if (room)
		ret = areas_place(ioas, areas, room);
	for (area = areas; area && !ret; area = area->next) {
		ret = area_insert(ioas, area, false);
		if (ret)
			break;
		area->busy = IOASID_AREA_CLAIMED;
		area->populating = area->charged ? IOASID_AREA_POPULATING : 0;
		ioas->nr_busy++;
		take_turns(&turn);
	}
	/* In the same turn: nobody has seen them */
	for (undo = areas; ret && undo != area; undo = undo->next) {
		area_uncharge(undo);
		ioasid_area_erase(ioas, undo);
		undo->busy = 0;
		undo->populating = 0;
		ioas->nr_busy--;
		take_turns(&turn);
	}
	mutex_unlock(&ioas->areas_lock);
	return ret;
}

/**
 * ioasid_areas_give() - areas that have been taken are mapped, or not after all
 * @ioas: their address space
 * @areas: the areas; those that are charged have been populated, unless there is an error
 * @error: 0, or why they are not mapped; then they are freed
 *
 * Waits for nobody, and needs no memory.
 *
 * Return: @error.
 */
int ioasid_areas_give(struct ioasid_ioas *ioas, struct ioasid_area *areas, int error)
{
	struct ioasid_area *area;
	unsigned int turn = 0;

	if (error) {
		ioasid_ioas_lock_tables(ioas);
		for (area = areas; area; area = area->next) {
			area->populating = 0;
			take_turns(&turn);
		}
		ioasid_area_list_depopulate(ioas, areas);
		up_read(&ioas->lock);
	}
	mutex_lock(&ioas->areas_lock);
	for (area = areas; area; area = area->next) {
		area->busy = 0;
		ioas->nr_busy--;
		if (error)
			ioasid_area_erase(ioas, area);
		else
			area_done(ioas, area);
		take_turns(&turn);
	}
	ioasid_areas_changed(ioas);
	mutex_unlock(&ioas->areas_lock);
	if (error)
		ioasid_area_list_free(areas);
	return error;
}

/**
 * ioasid_area_map_placed() - map a range of the caller's memory where there is room
 * @ioas: the address space
 * @range: as for ioasid_area_map(), but for its address, which is chosen
 * @from: whose the memory is, and where it may be found; NULL: the caller's
 * @place: in the caller's memory: where the address is written to
 *
 * It is mapped when the caller has the address.
 *
 * Context: pins memory, killable.
 * Return: 0, or an error as ioasid_area_map() and ioasid_area_place(); -EFAULT also if
 * the address cannot be written.
 */
int ioasid_area_map_placed(struct ioasid_ioas *ioas,
			   const struct ioasid_map_range *range,
			   struct ioasid_source *from, u64 __user *place)
{
	struct ioasid_area *area = ioasid_area_new(ioas, range, NULL);
	unsigned long changes;
	int ret;

	if (!area)
		return -ENOMEM;
	area->next = NULL;
	if (from) {
		area->payer = from->payer;
		refcount_inc(&area->payer->refs);
	}
	do {
		ret = ioasid_areas_take(ioas, area, range->length, &changes);
		if (!ret)
			break;
		if (ret == IOASID_AREAS_WAIT)
			ret = ioasid_areas_wait(ioas, changes, true);
	} while (!ret);
	if (ret) {
		ioasid_area_list_free(area);
		return ret;
	}
	if (area->charged)
		ret = ioasid_area_populate(ioas, area, from);
	if (!ret && put_user(area->start, place))
		ret = -EFAULT;
	return ioasid_areas_give(ioas, area, ret);
}
