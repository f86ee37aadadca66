// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas that are mapped by a call of several steps. Their ranges are claimed first, all
 * in one turn of areas_lock, and nothing is waited for while some are claimed. Then
 * they are populated, and then mapped all at once, or gone. Others wait for them as for
 * any area that is being mapped, and drivers do not see them.
 */
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "ioas/area.h"
#include "ioas/depopulate.h"
#include "ioas/iova.h"
#include "ioas/populate.h"
#include "ioas/source.h"

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
		ret = ioasid_area_insert(ioas, area, false);
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
			ioasid_area_done(ioas, area);
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
