// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of addresses, kept as a sorted array of ranges [start, last]. Sets are
 * small (a handful of ranges, at most IOASID_MAX_RANGES), so that an array is
 * all they need.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "base/ranges.h"

/* Number of ranges that lie wholly below @addr and do not touch it */
static unsigned int ranges_below(const struct ioasid_ranges *set, u64 addr)
{
	unsigned int i = 0;

	while (i < set->nr && set->range[i].last < addr &&
	       addr - set->range[i].last > 1)
		i++;
	return i;
}

/* Make room for a range at index @at */
static int ranges_insert(struct ioasid_ranges *set, unsigned int at,
			 u64 start, u64 last)
{
	struct ioasid_range *range;

	range = krealloc_array(set->range, set->nr + 1, sizeof(*range),
			       GFP_KERNEL_ACCOUNT);
	if (!range)
		return -ENOMEM;
	memmove(range + at + 1, range + at, (set->nr - at) * sizeof(*range));
	range[at].start = start;
	range[at].last = last;
	set->range = range;
	set->nr++;
	return 0;
}

static void ranges_remove(struct ioasid_ranges *set, unsigned int at,
			  unsigned int count)
{
	memmove(set->range + at, set->range + at + count,
		(set->nr - at - count) * sizeof(*set->range));
	set->nr -= count;
}

/**
 * ioasid_ranges_add() - add a range to a set
 * @set: the set
 * @start: first address
 * @last: last address, not below @start
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_ranges_add(struct ioasid_ranges *set, u64 start, u64 last)
{
	unsigned int first = ranges_below(set, start);
	unsigned int end = first;

	/* Whatever overlaps or touches becomes one with it */
	while (end < set->nr &&
	       (set->range[end].start <= last ||
		set->range[end].start - last == 1))
		end++;
	if (first == end)
		return ranges_insert(set, first, start, last);

	set->range[first].start = min(set->range[first].start, start);
	set->range[first].last = max(set->range[end - 1].last, last);
	ranges_remove(set, first + 1, end - first - 1);
	return 0;
}

/**
 * ioasid_ranges_subtract() - take a range out of a set
 * @set: the set
 * @start: first address
 * @last: last address, not below @start
 *
 * Return: 0, or -ENOMEM when a range had to be split.
 */
int ioasid_ranges_subtract(struct ioasid_ranges *set, u64 start, u64 last)
{
	unsigned int i = 0;

	while (i < set->nr) {
		struct ioasid_range *range = &set->range[i];

		if (range->last < start) {
			i++;
		} else if (range->start >= start && range->last <= last) {
			ranges_remove(set, i, 1);
		} else if (range->start < start && range->last > last) {
			int ret = ranges_insert(set, i + 1, last + 1, range->last);

			if (!ret)
				set->range[i].last = start - 1;
			return ret;
		} else if (range->start < start) {
			range->last = start - 1;
			i++;
		} else {
			if (range->start <= last)
				range->start = last + 1;
			return 0;
		}
	}
	return 0;
}

/**
 * ioasid_ranges_intersect() - keep of a set what lies in a range
 * @set: the set
 * @start: first address
 * @last: last address, not below @start
 */
void ioasid_ranges_intersect(struct ioasid_ranges *set, u64 start, u64 last)
{
	unsigned int i = 0;

	while (i < set->nr) {
		struct ioasid_range *range = &set->range[i];

		if (range->last < start || range->start > last) {
			ranges_remove(set, i, 1);
			continue;
		}
		range->start = max_t(u64, range->start, start);
		range->last = min_t(u64, range->last, last);
		i++;
	}
}

/**
 * ioasid_ranges_contain() - does a set hold a whole range?
 * @set: the set
 * @start: first address
 * @last: last address, not below @start
 */
bool ioasid_ranges_contain(const struct ioasid_ranges *set, u64 start, u64 last)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->range[i].start <= start && set->range[i].last >= last)
			return true;
	return false;
}

/**
 * ioasid_ranges_overlap() - does a set hold a part of a range?
 * @set: the set
 * @start: first address
 * @last: last address, not below @start
 */
bool ioasid_ranges_overlap(const struct ioasid_ranges *set, u64 start, u64 last)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->range[i].start <= last && set->range[i].last >= start)
			return true;
	return false;
}

/**
 * ioasid_ranges_clear() - empty a set and free what it allocated
 * @set: the set
 */
void ioasid_ranges_clear(struct ioasid_ranges *set)
{
	kfree(set->range);
	set->range = NULL;
	set->nr = 0;
}
