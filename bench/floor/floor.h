/* SPDX-License-Identifier: GPL-2.0-only */
/* What bench/floor/floor.c and its user have in common. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define FLOOR_NODE	"/dev/ioasid-floor"

/**
 * struct floor_range - one mapping
 * @vaddr: address of the memory in the calling process
 * @iova: I/O virtual address
 * @length: bytes
 * @slot: number of the first place in which to remember the mapping's pages: a
 *	run of contiguous ones takes one place, at worst every page does
 */
struct floor_range {
	__u64 vaddr;
	__u64 iova;
	__u64 length;
	__u64 slot;
};

/**
 * struct floor_array - many of them in one call
 * @ranges: address of an array of struct floor_range, whose slots are 0, 1, 2...
 * @nr: length of the array
 */
struct floor_array {
	__u64 ranges;
	__u64 nr;
};

/* How many places there are */
#define FLOOR_SLOTS	(1UL << 18)

#define FLOOR_NOP		_IO('f', 0)
#define FLOOR_MAP		_IOW('f', 1, struct floor_range)
#define FLOOR_UNMAP		_IOW('f', 2, struct floor_range)
/* The pages are not what was remembered, but what the page table says */
#define FLOOR_UNMAP_READBACK	_IOW('f', 3, struct floor_range)
#define FLOOR_MAP_ARRAY		_IOW('f', 4, struct floor_array)
/* With one flush in all */
#define FLOOR_UNMAP_ARRAY	_IOW('f', 5, struct floor_array)
/* What the first so many slots remember, with one flush */
#define FLOOR_UNMAP_ALL		_IO('f', 6)
/* Attach the device to a second domain, and to the first one again */
#define FLOOR_REPLACE		_IO('f', 7)

#endif /* BENCH_FLOOR_H */
