// SPDX-License-Identifier: GPL-2.0-only
/* Those that change what is mapped; and the list of all */
#include <sys/ioctl.h>

#include "../../../module/compat/iommufd_abi.h"
#include "deeds.h"
#include "expect.h"
#include "points.h"

#define RUN_BYTES	(RUN_PAGES * PAGE)

const struct deed *deed_nr(unsigned int nr)
{
	static const struct deed *const lists[] = {
		map_deeds, attach_deeds, device_deeds, driver_deeds, ask_deeds,
	};
	const struct deed *deed;
	unsigned int i;

	for (i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (deed = lists[i]; deed->name; deed++)
			if (!nr--)
				return deed;
	return NULL;
}

int deed_result(int ret)
{
	return ret ? errno : 0;
}

unsigned int deeds_to_refuse, deeds_refused;

void deed_refused(__u32 calls)
{
	deeds_to_refuse++;
	deeds_refused += points_refuse(0, 0) != calls;
}

static int map_page(struct rig *r)
{
	return deed_result(ioas_map(r->fd, r->s, r->new, place_iova[PLACE_FREE], PAGE, RW));
}

static int map_run(struct rig *r)
{
	return deed_result(ioas_map(r->fd, r->s, r->new, place_iova[PLACE_FREE], RUN_BYTES,
				    RW));
}

static int map_array(struct rig *r)
{
	const struct ioasid_map_range ranges[] = {
		{ .vaddr = (uintptr_t)r->new, .iova = place_iova[PLACE_FREE],
		  .length = PAGE, .flags = RW },
		{ .vaddr = (uintptr_t)r->new + RUN_BYTES - PAGE,
		  .iova = place_iova[PLACE_FREE_END], .length = PAGE, .flags = RW },
	};

	return deed_result(ioas_map_array(r->fd, r->s, ranges, 2, NULL));
}

/* The half that can be mapped may be, and the other half not */
static int map_array_of_two(struct rig *r)
{
	const struct ioasid_map_range ranges[] = {
		{ .vaddr = (uintptr_t)r->new, .iova = place_iova[PLACE_FREE],
		  .length = PAGE, .flags = RW },
		{ .vaddr = (uintptr_t)r->new, .iova = place_iova[PLACE_ONE],
		  .length = PAGE, .flags = RW },
	};

	return deed_result(ioas_map_array(r->fd, r->s, ranges, 2, NULL));
}

static int unmap_page(struct rig *r)
{
	return deed_result(ioas_unmap(r->fd, r->s, place_iova[PLACE_ONE], PAGE, NULL));
}

static int unmap_run(struct rig *r)
{
	return deed_result(ioas_unmap(r->fd, r->s, place_iova[PLACE_RUN], RUN_BYTES, NULL));
}

/* Whatever is there: nothing at first */
static int unmap_hole(struct rig *r)
{
	return deed_result(ioas_unmap(r->fd, r->s, place_iova[PLACE_FREE], RUN_BYTES, NULL));
}

/* Whatever is there: a page, and what is in the hole by then */
static int unmap_around(struct rig *r)
{
	return deed_result(ioas_unmap(r->fd, r->s, place_iova[PLACE_ONE],
				      place_iova[PLACE_FREE_END] + PAGE -
				      place_iova[PLACE_ONE], NULL));
}

static int unmap_array(struct rig *r)
{
	const struct ioasid_unmap_range ranges[] = {
		{ .iova = place_iova[PLACE_ONE], .length = PAGE },
		{ .iova = place_iova[PLACE_RUN], .length = RUN_BYTES },
	};

	return deed_result(ioas_unmap_array(r->fd, r->s, ranges, 2, NULL, NULL));
}

static int unmap_all(struct rig *r)
{
	return deed_result(ioas_unmap_all(r->fd, r->s, NULL));
}

static int unmap_other(struct rig *r)
{
	return deed_result(ioas_unmap(r->fd, r->t, place_iova[PLACE_ONE], PAGE, NULL));
}

#define IOAS_FLAGS	(IFD_MAP_FIXED_IOVA | IFD_MAP_WRITEABLE | IFD_MAP_READABLE)

/* Into a hole of @t */
static int copy(struct rig *r)
{
	struct ifd_ioas_copy arg = {
		.size = sizeof(arg), .flags = IOAS_FLAGS,
		.dst_ioas_id = r->t, .src_ioas_id = r->s, .length = RUN_BYTES,
		.dst_iova = place_iova[PLACE_RUN], .src_iova = place_iova[PLACE_RUN],
	};

	return deed_result(ioctl(r->fd, IFD_IOAS_COPY, &arg));
}

/* Within @s, where devices are attached */
static int copy_within(struct rig *r)
{
	struct ifd_ioas_copy arg = {
		.size = sizeof(arg), .flags = IOAS_FLAGS,
		.dst_ioas_id = r->s, .src_ioas_id = r->s, .length = RUN_BYTES,
		.dst_iova = place_iova[PLACE_FREE], .src_iova = place_iova[PLACE_RUN],
	};

	return deed_result(ioctl(r->fd, IFD_IOAS_COPY, &arg));
}

static int map_file(struct rig *r)
{
	struct ifd_ioas_map_file arg = {
		.size = sizeof(arg), .flags = IOAS_FLAGS, .ioas_id = r->s,
		.fd = r->file, .length = RUN_BYTES, .iova = place_iova[PLACE_FREE],
	};

	return deed_result(ioctl(r->fd, IFD_IOAS_MAP_FILE, &arg));
}

const struct deed map_deeds[] = {
	{ "map a page", NULL, map_page, 0, DEED_KIN },
	{ "map a run", NULL, map_run, 0, DEED_KIN },
	{ "map an array", NULL, map_array, 0, DEED_PARTS },
	{ "map half an array", NULL, map_array_of_two, 0, DEED_PARTS },
	{ "map a file", NULL, map_file, 0, 0 },
	{ "unmap a page", NULL, unmap_page, 0, DEED_KIN },
	{ "unmap a run", NULL, unmap_run, 0, DEED_KIN },
	{ "unmap a hole", NULL, unmap_hole, 0, 0 },
	{ "unmap around a hole", NULL, unmap_around, 0, DEED_KIN },
	{ "unmap an array", NULL, unmap_array, 0, DEED_PARTS },
	{ "unmap all", NULL, unmap_all, 0, 0 },
	{ "unmap in the other space", NULL, unmap_other, 0, 0 },
	{ "copy", NULL, copy, 0, DEED_KIN },
	{ "copy within", NULL, copy_within, 0, 0 },
	{ }
};
