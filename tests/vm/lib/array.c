// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <stdlib.h>

#include "array.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"

struct space space(bool attach)
{
	struct space s = { .attached = attach };

	if (attach) {
		struct attached a = attached();

		s.fd = a.fd;
		s.ioas = a.ioas;
		s.dev = a.dev;
	} else {
		s.fd = EXPECT_OK(iommu_open());
		s.ioas = new_ioas(s.fd);
	}
	return s;
}

void expect_mapped(struct space *s, __u64 bytes)
{
	EXPECT_EQ(mapped_bytes(s->fd, s->ioas), bytes);
	EXPECT_EQ(pinned_bytes(s->fd, s->ioas), s->attached ? bytes : 0);
}

void reaches(struct space *s, __u64 iova, void *p)
{
	if (s->attached)
		EXPECT_EQ(testdev_write(&s->dev, iova, 64, phys_of(p)), DMA_DONE);
}

void is_blocked(struct space *s, __u64 iova)
{
	if (s->attached)
		EXPECT_EQ(testdev_write(&s->dev, iova, 64, 0), DMA_BLOCKED);
}

__u64 iova_of(unsigned int i)
{
	return IOVA + (i * 7919UL % 1009) * 2 * PAGE;
}

struct ioasid_map_range *map_ranges(char *p, unsigned int nr)
{
	struct ioasid_map_range *range = calloc(nr, sizeof(*range));
	unsigned int i;

	EXPECT_TRUE(range);
	EXPECT_LE(nr, 1009);
	for (i = 0; i < nr; i++) {
		range[i].flags = RW;
		range[i].vaddr = (uintptr_t)p + i * PAGE;
		range[i].iova = iova_of(i);
		range[i].length = PAGE;
	}
	return range;
}

struct ioasid_unmap_range *unmap_ranges(unsigned int nr)
{
	struct ioasid_unmap_range *range = calloc(nr, sizeof(*range));
	unsigned int i;

	EXPECT_TRUE(range);
	EXPECT_LE(nr, 1009);
	for (i = 0; i < nr; i++) {
		range[i].iova = iova_of(i);
		range[i].length = PAGE;
	}
	return range;
}
