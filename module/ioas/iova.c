// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O virtual addresses: which may be mapped, by what the user, the page tables and the
 * devices permit; where the user allows them to be chosen; and choosing them, which is
 * looking for a hole.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "base/args.h"
#include "ioas/area.h"
#include "ioas/iova.h"
#include "ioas/table.h"

/**
 * ioasid_ioas_pgsizes() - page sizes that all page tables take
 * @ioas: the address space, its lock or areas_lock held
 *
 * Return: a bitmap of the CPU's page size and larger ones; all of them if there
 * is no page table.
 */
u64 ioasid_ioas_pgsizes(struct ioasid_ioas *ioas)
{
	u64 sizes = ~0ULL << PAGE_SHIFT;
	struct ioasid_table *table;

	lockdep_assert_held(&ioas->lock);
	list_for_each_entry(table, &ioas->tables, node)
		sizes &= table->pgsizes;
	/* Made up of smaller ones, if need be */
	return sizes | PAGE_SIZE;
}

/**
 * ioasid_ioas_look_permitted() - may a range be mapped?
 * @ioas: the address space, its areas_lock held, and nobody is exclusive
 * @start: first address
 * @last: last address
 *
 * What is permitted around it is kept for ioasid_ioas_permits().
 */
bool ioasid_ioas_look_permitted(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	struct ioasid_range window = { .last = ioasid_width_last(ioas->width) };
	struct ioasid_attachment_point *point;
	struct ioasid_table *table;
	unsigned int i, turn = 0;

	lockdep_assert_held(&ioas->areas_lock);
	if (ioas->hints.nr) {
		if (!ioasid_ranges_contain(&ioas->hints, start, last))
			return false;
		window.start = start;
		window.last = min(window.last, last);
	}
	list_for_each_entry(table, &ioas->tables, node) {
		window.start = max(window.start, table->aperture.start);
		window.last = min(window.last, table->aperture.last);
	}
	list_for_each_entry(point, &ioas->attachments, node) {
		for (i = 0; i < point->nr_reserved; i++) {
			if (point->reserved[i].last < start)
				window.start = max(window.start,
						   point->reserved[i].last + 1);
			else if (point->reserved[i].start > last)
				window.last = min(window.last,
						  point->reserved[i].start - 1);
			else
				return false;
		}
		take_turns_for(&turn, point->nr_reserved);
	}
	if (start < window.start || last > window.last)
		return false;
	ioas->window = window;
	return true;
}

/**
 * ioasid_ioas_permitted() - all that may be mapped
 * @ioas: the address space, its lock held
 * @set: an empty set, to be filled
 *
 * Return: 0 or -ENOMEM, with @set to be cleared in any case.
 */
int ioasid_ioas_permitted(struct ioasid_ioas *ioas, struct ioasid_ranges *set)
{
	struct ioasid_attachment_point *point;
	struct ioasid_table *table;
	unsigned int i, turn = 0;
	int ret = 0;

	lockdep_assert_held(&ioas->lock);
	if (!ioas->hints.nr)
		ret = ioasid_ranges_add(set, 0, U64_MAX);
	for (i = 0; !ret && i < ioas->hints.nr; i++)
		ret = ioasid_ranges_add(set, ioas->hints.range[i].start,
					ioas->hints.range[i].last);
	ioasid_ranges_intersect(set, 0, ioasid_width_last(ioas->width));
	list_for_each_entry(table, &ioas->tables, node)
		ioasid_ranges_intersect(set, table->aperture.start,
					table->aperture.last);
	list_for_each_entry(point, &ioas->attachments, node) {
		for (i = 0; !ret && i < point->nr_reserved; i++)
			ret = ioasid_ranges_subtract(set, point->reserved[i].start,
						     point->reserved[i].last);
		take_turns_for(&turn, point->nr_reserved);
	}
	return ret;
}

/**
 * struct hole - a place that is looked for, by ascending address
 * @ioas: the address space, its areas_lock held, and nobody is exclusive
 * @area: the first area that does not end below @start, or NULL
 * @start: first address of the place that is looked at
 * @last: last address
 * @turn: work done so far
 */
struct hole {
	struct ioasid_ioas *ioas;
	struct ioasid_area *area;
	u64 start;
	u64 last;
	unsigned int turn;
};

static struct ioasid_area *first_area_from(struct ioasid_ioas *ioas, u64 start)
{
	struct rb_node *node = ioas->areas.rb_node;
	struct ioasid_area *found = NULL, *area;

	while (node) {
		area = ioasid_area_of(node);
		if (area->last >= start) {
			found = area;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* Does the user's own hint stand in the way of the place? Up to where */
static bool hint_blocks(const struct hole *hole, u64 *end)
{
	const struct ioasid_ranges *hints = &hole->ioas->hints;
	unsigned int i = 0;

	if (!hints->nr)
		return false;
	while (i < hints->nr && hints->range[i].last < hole->start)
		i++;
	if (i == hints->nr)
		*end = U64_MAX;
	else if (hints->range[i].start > hole->start)
		*end = hints->range[i].start - 1;
	else if (hints->range[i].last < hole->last)
		*end = hints->range[i].last;
	else
		return false;
	return true;
}

/* And what is behind the devices? */
static bool device_blocks(struct hole *hole, u64 *end)
{
	struct ioasid_ioas *ioas = hole->ioas;
	struct ioasid_attachment_point *point;
	const struct ioasid_range *reserved;
	struct ioasid_table *table;
	unsigned int i;

	*end = U64_MAX;
	if (hole->last > ioasid_width_last(ioas->width))
		return true;
	list_for_each_entry(table, &ioas->tables, node) {
		if (hole->last > table->aperture.last)
			return true;
		if (hole->start < table->aperture.start) {
			*end = table->aperture.start - 1;
			return true;
		}
	}
	list_for_each_entry(point, &ioas->attachments, node) {
		for (i = 0; i < point->nr_reserved; i++) {
			reserved = &point->reserved[i];
			if (reserved->start > hole->last || reserved->last < hole->start)
				continue;
			*end = reserved->last;
			return true;
		}
		take_turns_for(&hole->turn, point->nr_reserved);
	}
	return false;
}

static bool area_blocks(struct hole *hole, u64 *end)
{
	while (hole->area && hole->area->last < hole->start) {
		hole->area = ioasid_area_of(rb_next(&hole->area->node));
		take_turns(&hole->turn);
	}
	if (!hole->area || hole->area->start > hole->last)
		return false;
	*end = hole->area->last;
	return true;
}

/* The lowest place in a range, at a multiple of @align */
static int find_hole(struct hole *hole, const struct ioasid_range *range,
		     u64 length, u64 align)
{
	u64 last = min_t(u64, range->last, U64_MAX - PAGE_SIZE);
	/* Address 0 is for those who ask for it: some programs take it for none */
	u64 from = max_t(u64, range->start, PAGE_SIZE);
	u64 end;

	hole->area = first_area_from(hole->ioas, from);
	for (;;) {
		if (check_add_overflow(from, align - 1, &hole->start))
			return -ENOSPC;
		hole->start &= ~(align - 1);
		if (hole->start > last || last - hole->start < length - 1)
			return -ENOSPC;
		hole->last = hole->start + (length - 1);
		if (!area_blocks(hole, &end) && !device_blocks(hole, &end) &&
		    !hint_blocks(hole, &end))
			return 0;
		if (end >= last)
			return -ENOSPC;
		from = end + 1;
		if (fatal_signal_pending(current))
			return -EINTR;
		take_turns(&hole->turn);
	}
}

/**
 * ioasid_area_place() - choose where an area goes
 * @ioas: the address space, its areas_lock held
 * @area: the area, of which only the length counts; gets its addresses
 * @room: bytes that are to be free there, not less than its length
 *
 * It is the lowest place that is permitted and allowed, aligned as the memory is,
 * but to no more than the CPU's huge pages, so that those can be used.
 *
 * Return: 0, -ENOSPC, -EOVERFLOW for a length that no place can have, -ENOENT if
 * the address space has ended, -EINTR; IOASID_AREAS_WAIT if somebody is exclusive.
 */
int ioasid_area_place(struct ioasid_ioas *ioas, struct ioasid_area *area, u64 room)
{
	static const struct ioasid_range everything = { .last = U64_MAX };
	const struct ioasid_range *range = &everything;
	struct hole hole = { .ioas = ioas };
	u64 align, length = area_length(area);
	unsigned int nr = 1, i;
	int ret = -ENOSPC;

	lockdep_assert_held(&ioas->areas_lock);
	if (ioas->dead)
		return -ENOENT;
	if (ioasid_areas_full(ioas))
		return IOASID_AREAS_WAIT;
	if (room >= U64_MAX / 2)
		return -EOVERFLOW;
	align = roundup_pow_of_two(room);
	if (area->vaddr)
		align = min_t(u64, align, 1ULL << __ffs64(area->vaddr));
	align = clamp_t(u64, align, PAGE_SIZE, PMD_SIZE);
	if (ioas->allowed.nr) {
		range = ioas->allowed.range;
		nr = ioas->allowed.nr;
	}
	for (i = 0; i < nr && ret == -ENOSPC; i++)
		ret = find_hole(&hole, &range[i], room, align);
	if (ret)
		return ret;
	area->start = hole.start;
	area->last = hole.start + (length - 1);
	return 0;
}

/**
 * ioasid_iovas_allow() - say where places may be chosen
 * @ioas: the address space
 * @set: where; empty: anywhere. It gets what was said before
 *
 * What is allowed is kept free of devices' reserved ranges: a device that would
 * bring one there is not attached. Mapping at an address of one's own choice is
 * not restricted by it.
 *
 * Context: waits for those who map and unmap, killable.
 * Return: 0; -EADDRINUSE if some of it is not permitted; -ENOENT if the address
 * space has ended; -EINTR.
 */
int ioasid_iovas_allow(struct ioasid_ioas *ioas, struct ioasid_ranges *set)
{
	unsigned int i;
	int ret;

	ret = ioasid_areas_exclusive(ioas);
	if (ret)
		return ret;
	mutex_lock(&ioas->areas_lock);
	if (ioas->dead)
		ret = -ENOENT;
	for (i = 0; !ret && i < set->nr; i++)
		if (!ioasid_ioas_look_permitted(ioas, set->range[i].start,
						set->range[i].last))
			ret = -EADDRINUSE;
	if (!ret)
		swap(ioas->allowed, *set);
	mutex_unlock(&ioas->areas_lock);
	ioasid_areas_shared(ioas);
	return ret;
}

/**
 * ioasid_iovas_in() - would somebody miss a range?
 * @ioas: the address space; the caller is exclusive, or has both of its locks
 * @start: first address
 * @last: last address
 *
 * Return: true if something is mapped or allowed there.
 */
bool ioasid_iovas_in(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	return ioasid_areas_in(ioas, start, last) ||
	       ioasid_ranges_overlap(&ioas->allowed, start, last);
}
