/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays of ranges to map and unmap, for address spaces with and without a device. */
#ifndef TESTS_ARRAY_H
#define TESTS_ARRAY_H

#include "device.h"

/* More than the kernel reads of an array at a time */
#define MANY	300U

struct space {
	int fd;
	__u32 ioas;
	bool attached;
	struct dev dev;
};

struct space space(bool attach);
/* So many bytes are mapped, and pinned if there is a device */
void expect_mapped(struct space *s, __u64 bytes);
/* Where there is a device its DMA gets to @p, or is stopped */
void reaches(struct space *s, __u64 iova, void *p);
void is_blocked(struct space *s, __u64 iova);

/* Element @i of an array has page @i, at every second page from IOVA on, in no
 * order; @nr is at most 1009
 */
__u64 iova_of(unsigned int i);
struct ioasid_map_range *map_ranges(char *p, unsigned int nr);
struct ioasid_unmap_range *unmap_ranges(unsigned int nr);

#endif /* TESTS_ARRAY_H */
