/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_RANGES_H
#define IOASID_RANGES_H

#include <linux/types.h>
#include <uapi/linux/ioasid.h>

/**
 * struct ioasid_ranges - a set of addresses
 * @nr: number of ranges
 * @range: the ranges, ascending, neither overlapping nor touching
 *
 * All zeroes is the empty set. The functions that can add a range to the array
 * allocate and may return -ENOMEM, which leaves the set as it was.
 */
struct ioasid_ranges {
	unsigned int nr;
	struct ioasid_range *range;
};

int ioasid_ranges_add(struct ioasid_ranges *set, u64 start, u64 last);
int ioasid_ranges_subtract(struct ioasid_ranges *set, u64 start, u64 last);
void ioasid_ranges_intersect(struct ioasid_ranges *set, u64 start, u64 last);
bool ioasid_ranges_contain(const struct ioasid_ranges *set, u64 start, u64 last);
bool ioasid_ranges_overlap(const struct ioasid_ranges *set, u64 start, u64 last);
void ioasid_ranges_clear(struct ioasid_ranges *set);

#endif /* IOASID_RANGES_H */
