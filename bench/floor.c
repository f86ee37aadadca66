// SPDX-License-Identifier: GPL-2.0-only
/* The least that has to be done: bench/floor/floor.c */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "floor/floor.h"
#include "subject.h"

_Static_assert(sizeof(struct range) == sizeof(struct floor_range), "the same layout");

static int fd;

static void start(const char *bdf)
{
	char options[64];

	snprintf(options, sizeof(options), "bdf=%s", bdf);
	insmod("floor.ko", options);
	fd = open(FLOOR_NODE, O_RDWR | O_CLOEXEC);
	must(fd, FLOOR_NODE);
}

static void stop(const char *bdf)
{
	close(fd);
	unload("floor");
}

static int map(const struct range *range)
{
	return ioctl(fd, FLOOR_MAP, range);
}

static int unmap(const struct range *range)
{
	return ioctl(fd, FLOOR_UNMAP, range);
}

static int unmap_readback(const struct range *range)
{
	return ioctl(fd, FLOOR_UNMAP_READBACK, range);
}

static int map_array(const struct range *ranges, size_t nr)
{
	struct floor_array array = { .ranges = (__u64)ranges, .nr = nr };

	return ioctl(fd, FLOOR_MAP_ARRAY, &array);
}

static int unmap_array(const struct range *ranges, size_t nr)
{
	struct floor_array array = { .ranges = (__u64)ranges, .nr = nr };

	return ioctl(fd, FLOOR_UNMAP_ARRAY, &array);
}

static int unmap_all(const struct range *ranges, size_t nr)
{
	return ioctl(fd, FLOOR_UNMAP_ALL, nr);
}

static int nop(void)
{
	return ioctl(fd, FLOOR_NOP);
}

/* It has two domains, and there is nothing in them now */
static void swap_nothing(void)
{
}

static int swap(void)
{
	return ioctl(fd, FLOOR_REPLACE);
}

const struct subject subject_floor = {
	.name = "floor",
	.start = start,
	.stop = stop,
	.map = map,
	.unmap = unmap,
	.unmap_all = unmap_all,
	.map_array = map_array,
	.unmap_array = unmap_array,
	.nop = nop,
	.swap_start = swap_nothing,
	.swap = swap,
	.swap_stop = swap_nothing,
};

/* Pages are not remembered, but read back from the page table */
const struct subject subject_floor_readback = {
	.name = "floor-readback",
	.start = start,
	.stop = stop,
	.map = map,
	.unmap = unmap_readback,
	.nop = nop,
};
