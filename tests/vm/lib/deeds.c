// SPDX-License-Identifier: GPL-2.0-only
/* Those that change what is mapped; and the list of all */
#include <fcntl.h>
#include <stdio.h>
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

/* How often the calls were made, had success, were to be refused something, and were */
static struct tally {
	unsigned int made, done, to_refuse, refused;
} tallies[256];

/* Of the call that this thread makes */
static __thread struct tally *mine;

static void add(unsigned int *of)
{
	__atomic_add_fetch(of, 1, __ATOMIC_RELAXED);
}

static struct tally *tally_of(const struct deed *deed)
{
	unsigned int i;

	for (i = 0; deed_nr(i) != deed; i++)
		;
	EXPECT_TRUE(i < sizeof(tallies) / sizeof(*tallies));
	return &tallies[i];
}

int deed_run(const struct deed *deed, struct rig *r)
{
	int ret;

	mine = tally_of(deed);
	add(&mine->made);
	ret = deed->run(r);
	if (!ret || ret >= RETURNS(0))
		add(&mine->done);
	return ret;
}

int deed_refused(int (*call)(struct rig *r), struct rig *r, __u32 kind, __u32 calls, int error)
{
	int ret;

	points_refuse(kind, calls, error);
	ret = call(r);
	add(&mine->to_refuse);
	/* All of them, or it has not come so far */
	if (!points_refuse(kind, 0, 0))
		add(&mine->refused);
	return ret;
}

unsigned int deeds_idle(void)
{
	const struct deed *deed;
	unsigned int i, nr = 0;

	for (i = 0; (deed = deed_nr(i)); i++) {
		const struct tally *t = &tallies[i];

		if (t->made && !t->done && !(deed->flags & DEED_FAILS)) {
			printf("# %s: did not succeed once in %u times\n", deed->name, t->made);
			nr++;
		}
		if (t->to_refuse && !t->refused) {
			printf("# %s: refused what it asked for in none of %u times\n",
			       deed->name, t->to_refuse);
			nr++;
		}
	}
	return nr;
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

static int copy_within_refused(struct rig *r)
{
	return deed_refused(copy_within, r, POINTS_OF_MAP, 1, ENOMEM);
}

static int map_of_file(struct rig *r, int file, __u64 start, __u64 length)
{
	struct ifd_ioas_map_file arg = {
		.size = sizeof(arg), .flags = IOAS_FLAGS, .ioas_id = r->s, .fd = file,
		.start = start, .length = length, .iova = place_iova[PLACE_FREE],
	};

	return deed_result(ioctl(r->fd, IFD_IOAS_MAP_FILE, &arg));
}

/* Where there is room */
static int map_somewhere(struct rig *r)
{
	struct ifd_ioas_map arg = {
		.size = sizeof(arg), .flags = IOAS_FLAGS & ~IFD_MAP_FIXED_IOVA,
		.ioas_id = r->s, .user_va = (uintptr_t)r->new, .length = PAGE,
	};

	return deed_result(ioctl(r->fd, IFD_IOAS_MAP, &arg));
}

static int map_somewhere_refused(struct rig *r)
{
	return deed_refused(map_somewhere, r, POINTS_OF_MAP, 1, ENOMEM);
}

/* Where no device is looked at */
#define AWAY	(IOVA + (1UL << 26))
#define FAR_AWAY (IOVA + (1UL << 36))

/* Of huge pages, which are not there yet */
static int map_holes(struct rig *r)
{
	struct ifd_ioas_map_file arg = {
		.size = sizeof(arg), .flags = IOAS_FLAGS, .ioas_id = r->s, .fd = r->holes,
		.length = PAGE, .iova = AWAY,
	};

	return deed_result(ioctl(r->fd, IFD_IOAS_MAP_FILE, &arg));
}

static void before_holes(struct rig *r)
{
	EXPECT_OK(fallocate(r->holes, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, HUGE_PAGE));
}

/* More than the IOMMU is told of at once */
static int unmap_far(struct rig *r)
{
	return deed_result(ioas_unmap(r->fd, r->s, place_iova[PLACE_FREE],
				      FAR_AWAY + PAGE - place_iova[PLACE_FREE], NULL));
}

static void before_far(struct rig *r)
{
	ioas_map(r->fd, r->s, r->new, place_iova[PLACE_FREE], PAGE, RW);
	ioas_map(r->fd, r->s, r->new, FAR_AWAY, PAGE, RW);
}

static int map_file(struct rig *r)
{
	return map_of_file(r, r->file, 0, RUN_BYTES);
}

static int map_beyond_file(struct rig *r)
{
	return map_of_file(r, r->file, RUN_BYTES / 2, RUN_BYTES);
}

static int map_huge_file(struct rig *r)
{
	return map_of_file(r, r->huge, 0, PAGE);
}

/* Pages that do not lie beside each other: the driver is asked for each */
static int map_scattered(struct rig *r)
{
	return deed_result(ioas_map(r->fd, r->s, r->scattered, place_iova[PLACE_FREE],
				    RUN_BYTES, RW));
}

static int map_refused(struct rig *r)
{
	return deed_refused(map_scattered, r, POINTS_OF_MAP, 2, ENOMEM);
}

const struct deed map_deeds[] = {
	{ "map a page", NULL, map_page, 0, DEED_KIN },
	{ "map a run", NULL, map_run, 0, DEED_KIN },
	{ "map an array", NULL, map_array, 0, DEED_PARTS },
	{ "map half an array", NULL, map_array_of_two, 0, DEED_PARTS | DEED_FAILS },
	{ "map that is refused", NULL, map_refused, 0, DEED_FAILS | DEED_UNDOES },
	{ "map where there is room", NULL, map_somewhere, 0, 0 },
	{ "map where there is room is refused", NULL, map_somewhere_refused, 0, DEED_FAILS },
	{ "map a file", NULL, map_file, 0, 0 },
	{ "map a file of huge pages", NULL, map_huge_file, 0, 0 },
	{ "map holes of a file", before_holes, map_holes, 0, 0 },
	{ "map more than there is of a file", NULL, map_beyond_file, 0, DEED_FAILS },
	{ "unmap a page", NULL, unmap_page, 0, DEED_KIN },
	{ "unmap a run", NULL, unmap_run, 0, DEED_KIN },
	{ "unmap a hole", NULL, unmap_hole, 0, 0 },
	{ "unmap around a hole", NULL, unmap_around, 0, DEED_KIN },
	{ "unmap what is far apart", before_far, unmap_far, 0, 0 },
	{ "unmap an array", NULL, unmap_array, 0, DEED_PARTS },
	{ "unmap all", NULL, unmap_all, 0, 0 },
	{ "unmap in the other space", NULL, unmap_other, 0, 0 },
	{ "copy", NULL, copy, 0, DEED_KIN },
	{ "copy within", NULL, copy_within, 0, 0 },
	{ "copy that is refused", NULL, copy_within_refused, 0, DEED_FAILS },
	{ }
};
