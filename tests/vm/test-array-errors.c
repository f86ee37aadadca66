// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many ranges in one call of map or unmap, and one of them is bad, or they cannot
 * be read: those before it are done and said to be, it and the others are not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "array.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"

/* ------------------------------------------------ a map of which one fails */

struct bad {
	const char *what;
	int err;
	bool only_attached;
	void (*spoil)(struct space *s, struct ioasid_map_range *range, unsigned int at);
};

/* Its neighbours' page is not there, or cannot be written; see expect_stops() */
static char *gone, *read_only;

static void is_mapped(struct space *s, struct ioasid_map_range *range, unsigned int at)
{
	EXPECT_OK(ioas_map(s->fd, s->ioas, (void *)range[at].vaddr, range[at].iova, PAGE, RW));
}

static void is_the_one_before(struct space *s, struct ioasid_map_range *range, unsigned int at)
{
	if (at)
		range[at].iova = range[at - 1].iova;
	else
		is_mapped(s, range, at);
}

static void covers_the_first(struct space *s, struct ioasid_map_range *range, unsigned int at)
{
	is_mapped(s, range, at);
	if (at) {
		EXPECT_OK(ioas_unmap(s->fd, s->ioas, range[at].iova, PAGE, NULL));
		range[at].iova = range[0].iova - PAGE;
		range[at].vaddr = range[0].vaddr;
		range[at].length = 2 * PAGE;
	}
}

#define SPOIL(name, what)							\
static void name(struct space *s, struct ioasid_map_range *range, unsigned int at)	\
{									\
	range += at;							\
	what;								\
}

SPOIL(unaligned_vaddr, range->vaddr += 8)
SPOIL(unaligned_iova, range->iova += 2048)
SPOIL(unaligned_length, range->length -= 1)
SPOIL(no_flags, range->flags = 0)
SPOIL(unknown_flag, range->flags |= 4)
SPOIL(unknown_high_flag, range->flags |= 1U << 31)
SPOIL(reserved, range->__reserved = 1)
SPOIL(no_length, range->length = 0)
SPOIL(iova_wraps, range->iova = -PAGE; range->length = 2 * PAGE)
SPOIL(vaddr_wraps, range->vaddr = -PAGE; range->length = 2 * PAGE)
SPOIL(interrupt_window, range->iova = WINDOW)
SPOIL(memory_is_gone, range->vaddr = (uintptr_t)gone)
SPOIL(last_page_is_gone, range->vaddr = (uintptr_t)gone - PAGE; range->iova = GIB;
	range->length = 2 * PAGE)
SPOIL(far_page_is_gone, range->vaddr = (uintptr_t)gone - 39 * PAGE; range->iova = GIB;
	range->length = 40 * PAGE)
SPOIL(memory_is_read_only, range->vaddr = (uintptr_t)read_only)

static const struct bad bads[] = {
	{ "mapped already", EEXIST, false, is_mapped },
	{ "where the one before is", EEXIST, false, is_the_one_before },
	{ "around the first one", EEXIST, false, covers_the_first },
	{ "unaligned vaddr", EINVAL, false, unaligned_vaddr },
	{ "unaligned IOVA", EINVAL, false, unaligned_iova },
	{ "unaligned length", EINVAL, false, unaligned_length },
	{ "no flags", EINVAL, false, no_flags },
	{ "unknown flag", EINVAL, false, unknown_flag },
	{ "unknown high flag", EINVAL, false, unknown_high_flag },
	{ "reserved field", EINVAL, false, reserved },
	{ "length 0", EINVAL, false, no_length },
	{ "IOVA wraps", EINVAL, false, iova_wraps },
	{ "vaddr wraps", EINVAL, false, vaddr_wraps },
	{ "not permitted", EINVAL, true, interrupt_window },
	{ "memory that is gone", EFAULT, true, memory_is_gone },
	{ "last page is gone", EFAULT, true, last_page_is_gone },
	{ "page 40 is gone", EFAULT, true, far_page_is_gone },
	{ "read-only memory", EFAULT, true, memory_is_read_only },
};

/* Before and at the ends of what the kernel reads or maps at a time, and after */
static const unsigned int places[] = { 0, 1, 31, 32, 33, 127, 128, 200, MANY - 1 };

#define NR_PLACES	(sizeof(places) / sizeof(places[0]))

static void expect_stops_at(struct space *s, char *p, const struct bad *bad, unsigned int at,
			    long before)
{
	struct ioasid_map_range *range = map_ranges(p, MANY);
	__u64 base, good = range[at].iova;
	__u32 done = 0;
	unsigned int i;

	bad->spoil(s, range, at);
	base = mapped_bytes(s->fd, s->ioas);
	EXPECT_ERRNO_IN(ioas_map_array(s->fd, s->ioas, range, MANY, &done), bad->err,
			"(%s, element %u)", bad->what, at);
	if (done != at)
		FAIL("%s, element %u: %u are said to be done", bad->what, at, done);
	expect_mapped(s, base + at * PAGE);
	if (s->attached)
		EXPECT_EQ(pages_pinned(), before + at + base / PAGE);
	for (i = 0; i < at; i += 1 + at / 8)
		reaches(s, iova_of(i), p + i * PAGE);
	if (!base)
		is_blocked(s, good);
	for (i = at + 1; i < MANY; i += 1 + MANY / 8)
		is_blocked(s, iova_of(i));
	if (bad->spoil == last_page_is_gone || bad->spoil == far_page_is_gone)
		is_blocked(s, range[at].iova);
	EXPECT_OK(ioas_unmap_all(s->fd, s->ioas, NULL));
	free(range);
}

static void expect_stops(bool attach)
{
	char *p = memory(MANY * PAGE, CANARY);
	struct space s = space(attach);
	long before = pages_pinned();
	size_t i, k;

	gone = memory(40 * PAGE, CANARY) + 39 * PAGE;
	EXPECT_OK(munmap(gone, PAGE));
	read_only = memory(PAGE, CANARY);
	EXPECT_OK(mprotect(read_only, PAGE, PROT_READ));
	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++)
		for (k = 0; k < NR_PLACES && (attach || !bads[i].only_attached); k++)
			expect_stops_at(&s, p, &bads[i], places[k], before);
}

START_TEST(map_array_stops_at_a_bad_element_without_device)
{
	expect_stops(false);
}
END_TEST

START_TEST(map_array_stops_at_a_bad_element_with_device)
{
	expect_stops(true);
}
END_TEST

/* It is the first bad one that counts, for what is seen early and late */
START_TEST(map_array_gives_the_first_error)
{
	char *p = memory(MANY * PAGE, CANARY);
	struct space s = space(true);
	struct ioasid_map_range *range = map_ranges(p, MANY);
	__u32 done;

	EXPECT_OK(munmap(p + 10 * PAGE, PAGE));
	range[11].length = 0;
	range[12].iova = range[0].iova;
	EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, range, MANY, &done), EFAULT);
	EXPECT_EQ(done, 10);
	expect_mapped(&s, 10 * PAGE);
	EXPECT_OK(ioas_unmap_all(s.fd, s.ioas, NULL));

	range[9].flags = 0;
	EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, range, MANY, &done), EINVAL);
	EXPECT_EQ(done, 9);
	range[8].iova = range[3].iova;
	EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, range, MANY, &done), EEXIST);
	EXPECT_EQ(done, 0);
	expect_mapped(&s, 9 * PAGE);
	EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, range, MANY, &done), EEXIST);
	EXPECT_OK(ioas_unmap_all(s.fd, s.ioas, NULL));
	EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, range, MANY, &done), EEXIST);
	EXPECT_EQ(done, 8);
	expect_mapped(&s, 8 * PAGE);
}
END_TEST

START_TEST(map_array_goes_on_after_the_bad_element_when_called_again)
{
	char *p = memory(MANY * PAGE, CANARY);
	struct space s = space(true);
	struct ioasid_map_range *range = map_ranges(p, MANY);
	__u32 done = 0, more;
	int errors = 0;

	/* as a user does who skips what is bad */
	for (more = 0; more < MANY; more += 37)
		range[more].length = 0;
	while (done < MANY) {
		if (!ioas_map_array(s.fd, s.ioas, range + done, MANY - done, &more)) {
			EXPECT_EQ(done + more, MANY);
			break;
		}
		EXPECT_EQ(errno, EINVAL);
		done += more + 1;
		errors++;
	}
	EXPECT_EQ(errors, (MANY + 36) / 37);
	expect_mapped(&s, (MANY - errors) * PAGE);
}
END_TEST

/* --------------------------------------------- an unmap of which one fails */

static void expect_unmap_stops(bool attach)
{
	static const struct {
		const char *what;
		long offset, length;
	} bad[] = {
		{ "unaligned IOVA", 1, PAGE },
		{ "unaligned length", 0, PAGE + 1 },
		{ "length 0", 0, 0 },
		{ "wraps", 0, -PAGE },
		/* the mapping is of four pages */
		{ "its first pages", 0, 3 * PAGE },
		{ "its last page", 3 * PAGE, PAGE },
		{ "in its middle", PAGE, 2 * PAGE },
		{ "over its begin", -PAGE, 2 * PAGE },
		{ "over its end", 2 * PAGE, 4 * PAGE },
	};
	char *p = memory(MANY * PAGE, CANARY), *q = memory(4 * PAGE, CANARY);
	struct space s = space(attach);
	struct ioasid_map_range *map = map_ranges(p, MANY);
	long before = pages_pinned();
	size_t i, k;
	unsigned int j;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (k = 0; k < NR_PLACES; k++) {
			struct ioasid_unmap_range *unmap = unmap_ranges(MANY);
			unsigned int at = places[k];
			__u64 unmapped = 1;
			__u32 done = 1;

			EXPECT_OK(ioas_map_array(s.fd, s.ioas, map, MANY, NULL));
			EXPECT_OK(ioas_map(s.fd, s.ioas, q, 64 * MIB, 4 * PAGE, RW));
			unmap[at].iova = 64 * MIB + bad[i].offset;
			unmap[at].length = bad[i].length;
			EXPECT_ERRNO_IN(ioas_unmap_array(s.fd, s.ioas, unmap, MANY, &done,
							 &unmapped), EINVAL,
					"(%s, element %u)", bad[i].what, at);
			if (done != at || unmapped != at * PAGE)
				FAIL("%s, element %u: %u are said to be done, %llu bytes",
				     bad[i].what, at, done, unmapped);
			expect_mapped(&s, (MANY + 4 - at) * PAGE);
			if (attach)
				EXPECT_EQ(pages_pinned(), before + MANY + 4 - at);
			for (j = 0; j < at; j += 1 + at / 8)
				is_blocked(&s, iova_of(j));
			for (j = 0; j < 4; j++)
				reaches(&s, 64 * MIB + j * PAGE, q + j * PAGE);
			for (j = at + 1; j < MANY; j += 1 + MANY / 8)
				reaches(&s, iova_of(j), p + j * PAGE);
			EXPECT_OK(ioas_unmap_all(s.fd, s.ioas, NULL));
			free(unmap);
		}
}

START_TEST(unmap_array_stops_at_a_bad_element_without_device)
{
	expect_unmap_stops(false);
}
END_TEST

START_TEST(unmap_array_stops_at_a_bad_element_with_device)
{
	expect_unmap_stops(true);
}
END_TEST

/* What is named twice is unmapped once; what is not there is no error */
START_TEST(unmap_array_may_name_the_same_twice)
{
	struct space s = space(true);
	char *p = memory(8 * PAGE, CANARY);
	struct ioasid_unmap_range unmap[] = {
		{ IOVA, PAGE },
		{ IOVA, PAGE },				/* gone */
		{ IOVA, 4 * PAGE },			/* one left of it */
		{ IOVA + 2 * PAGE, PAGE },		/* gone */
		{ IOVA + GIB, PAGE },			/* never there */
		{ IOVA + 4 * PAGE, 8 * PAGE },		/* two */
		{ 0, -PAGE },				/* the rest */
		{ 0, -PAGE },
	};
	__u64 unmapped;
	__u32 done;
	int i;

	for (i = 0; i < 8; i++)
		EXPECT_OK(ioas_map(s.fd, s.ioas, p + i * PAGE, IOVA + 2 * i * PAGE, PAGE, RW));
	EXPECT_OK(ioas_unmap_array(s.fd, s.ioas, unmap, 6, &done, &unmapped));
	EXPECT_EQ(done, 6);
	EXPECT_EQ(unmapped, 6 * PAGE);
	expect_mapped(&s, 2 * PAGE);
	for (i = 0; i < 6; i++)
		is_blocked(&s, IOVA + 2 * i * PAGE);
	for (; i < 8; i++)
		reaches(&s, IOVA + 2 * i * PAGE, p + i * PAGE);
	EXPECT_OK(ioas_unmap_array(s.fd, s.ioas, unmap, 8, &done, &unmapped));
	EXPECT_EQ(done, 8);
	EXPECT_EQ(unmapped, 2 * PAGE);
}
END_TEST

START_TEST(unmap_array_may_name_a_part_of_what_is_gone_but_not_of_what_is_there)
{
	struct space s = space(true);
	char *p = memory(4 * PAGE, CANARY);
	struct ioasid_unmap_range unmap[] = {
		{ IOVA, 4 * PAGE },
		{ IOVA + PAGE, PAGE },
	}, swapped[] = { unmap[1], unmap[0] };
	__u64 unmapped;
	__u32 done;

	EXPECT_OK(ioas_map(s.fd, s.ioas, p, IOVA, 4 * PAGE, RW));
	EXPECT_ERRNO(ioas_unmap_array(s.fd, s.ioas, swapped, 2, &done, &unmapped), EINVAL);
	EXPECT_EQ(done, 0);
	EXPECT_EQ(unmapped, 0);
	reaches(&s, IOVA, p);
	EXPECT_OK(ioas_unmap_array(s.fd, s.ioas, unmap, 2, &done, &unmapped));
	EXPECT_EQ(done, 2);
	EXPECT_EQ(unmapped, 4 * PAGE);
	is_blocked(&s, IOVA);
}
END_TEST

/* --------------------------------------------------- the array's own memory */

/* @size bytes at the end of what is there: as much as @there can be read */
static void *at_the_edge(const void *array, size_t size, size_t there)
{
	size_t room = (there + PAGE - 1) / PAGE * PAGE;
	char *p = memory(room + PAGE, 0);

	EXPECT_OK(munmap(p + room, PAGE));
	memcpy(p + room - there, array, there < size ? there : size);
	return p + room - there;
}

/* What of the array can be read is mapped, though the kernel reads many at a time */
START_TEST(map_array_that_cannot_be_read_is_efault_and_says_what_is_mapped)
{
	static const size_t there[] = {
		1, 8, 31, 32, 33, 40, 1024, 4096, 4100, 4128, 4160, 8000, 8192, 8216,
		MANY * 32 - 1,
	};
	char *p = memory(MANY * PAGE, CANARY);
	struct space s = space(true);
	struct ioasid_map_range *range = map_ranges(p, MANY);
	unsigned int i;
	__u32 done;
	size_t k;

	for (k = 0; k < sizeof(there) / sizeof(there[0]); k++) {
		/* also where an element lies across the edge, and not aligned */
		void *cut = at_the_edge(range, MANY * sizeof(*range), there[k]);

		done = 1000;
		EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, cut, MANY, &done), EFAULT);
		EXPECT_EQ(done, there[k] / sizeof(*range));
		expect_mapped(&s, done * PAGE);
		for (i = 0; i < MANY; i += 1 + MANY / 64)
			if (i < done)
				reaches(&s, iova_of(i), p + i * PAGE);
			else
				is_blocked(&s, iova_of(i));
		EXPECT_OK(ioas_unmap_all(s.fd, s.ioas, NULL));
	}
	/* to the last byte of what is there */
	EXPECT_OK(ioas_map_array(s.fd, s.ioas, at_the_edge(range, MANY * 32, MANY * 32), MANY,
				 &done));
	EXPECT_EQ(done, MANY);
}
END_TEST

START_TEST(unmap_array_that_cannot_be_read_is_efault_and_says_what_is_unmapped)
{
	static const size_t there[] = {
		1, 8, 15, 16, 17, 1024, 4096, 4100, 4112, MANY * 16 - 1,
	};
	char *p = memory(MANY * PAGE, CANARY);
	struct space s = space(true);
	struct ioasid_map_range *map = map_ranges(p, MANY);
	struct ioasid_unmap_range *range = unmap_ranges(MANY);
	__u64 unmapped;
	unsigned int i;
	__u32 done;
	size_t k;

	for (k = 0; k < sizeof(there) / sizeof(there[0]); k++) {
		void *cut = at_the_edge(range, MANY * sizeof(*range), there[k]);

		EXPECT_OK(ioas_map_array(s.fd, s.ioas, map, MANY, NULL));
		done = 1000;
		EXPECT_ERRNO(ioas_unmap_array(s.fd, s.ioas, cut, MANY, &done, &unmapped), EFAULT);
		EXPECT_EQ(done, there[k] / sizeof(*range));
		EXPECT_EQ(unmapped, done * PAGE);
		expect_mapped(&s, (MANY - done) * PAGE);
		for (i = 0; i < MANY; i += 1 + MANY / 64)
			if (i < done)
				is_blocked(&s, iova_of(i));
			else
				reaches(&s, iova_of(i), p + i * PAGE);
		EXPECT_OK(ioas_unmap_all(s.fd, s.ioas, NULL));
	}
	EXPECT_OK(ioas_map_array(s.fd, s.ioas, map, MANY, NULL));
	EXPECT_OK(ioas_unmap_array(s.fd, s.ioas, at_the_edge(range, MANY * 16, MANY * 16), MANY,
				   &done, NULL));
	EXPECT_EQ(done, MANY);
	expect_mapped(&s, 0);
}
END_TEST

START_TEST(arrays_at_addresses_of_nobody_are_efault)
{
	static const __u64 where[] = {
		8, -8ULL, -PAGE, 0xffff888000000000, 0x800000000000, 0x7ffffffff000,
		/* nothing but zeroes in its upper half is an address for 32 bits */
		0x1234567800001000,
	};
	struct space s = space(true);
	__u64 unmapped;
	__u32 done;
	size_t i;

	for (i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, (void *)where[i], 1, &done), EFAULT);
		EXPECT_EQ(done, 0);
		EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, (void *)where[i], ~0U, &done), EFAULT);
		EXPECT_EQ(done, 0);
		EXPECT_ERRNO(ioas_unmap_array(s.fd, s.ioas, (void *)where[i], ~0U, &done,
					      &unmapped), EFAULT);
		EXPECT_EQ(done, 0);
		EXPECT_EQ(unmapped, 0);
	}
	expect_mapped(&s, 0);
}
END_TEST

/* An array of 2^32 - 1, of which there are some */
START_TEST(array_of_the_largest_number_ends_where_memory_does)
{
	char *p = memory(128 * PAGE, CANARY);
	struct space s = space(true);
	struct ioasid_map_range *range = map_ranges(p, 128);
	void *edge = at_the_edge(range, PAGE, PAGE);
	__u32 done;

	EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, edge, ~0U, &done), EFAULT);
	EXPECT_LE(done, 128);
	expect_mapped(&s, done * PAGE);
}
END_TEST

/* An answer that cannot be given: nothing is done */
START_TEST(array_call_that_cannot_be_answered_does_nothing)
{
	char *p = memory(4 * PAGE, CANARY), *page = memory(PAGE, 0);
	struct space s = space(true);
	struct ioasid_map_range *map = map_ranges(p, 4);
	struct ioasid_unmap_range *unmap = unmap_ranges(4);
	struct ioasid_map map_arg = {
		.argsz = sizeof(map_arg), .ioasid = s.ioas, .nr_ranges = 4,
		.ranges = (uintptr_t)map,
	};
	struct ioasid_unmap unmap_arg = {
		.argsz = sizeof(unmap_arg), .ioasid = s.ioas, .nr_ranges = 4,
		.ranges = (uintptr_t)unmap,
	};

	memcpy(page, &map_arg, sizeof(map_arg));
	EXPECT_OK(mprotect(page, PAGE, PROT_READ));
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_MAP_DMA, page), EFAULT);
	expect_mapped(&s, 0);
	EXPECT_OK(ioas_map_array(s.fd, s.ioas, map, 4, NULL));
	EXPECT_OK(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	memcpy(page, &unmap_arg, sizeof(unmap_arg));
	EXPECT_OK(mprotect(page, PAGE, PROT_READ));
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_UNMAP_DMA, page), EFAULT);
	expect_mapped(&s, 4 * PAGE);
}
END_TEST

/* ------------------------------------------------------------------ charges */

struct files {
	int fd;
	__u32 ioas;
	struct dev dev;
};

static struct files *attached_files(void)
{
	struct attached a = attached();
	struct files *f = shared_memory(sizeof(*f));

	f->fd = a.fd;
	f->ioas = a.ioas;
	f->dev = a.dev;
	return f;
}

static void limited(void *arg)
{
	struct files *f = arg;
	char *p = memory(MANY * PAGE, 0);
	struct ioasid_unmap_range *unmap = unmap_ranges(MANY);
	struct ioasid_map_range *range = map_ranges(p, MANY);
	static const unsigned int limits[] = { 0, 1, 31, 32, 33, 128, 200 };
	__u64 unmapped;
	unsigned int i;
	__u32 done;
	size_t k;

	for (i = 0; i < MANY; i++)
		range[i].iova = unmap[i].iova = IOVA + 4 * i * PAGE;
	become_user(MANY);
	for (k = 0; k < sizeof(limits) / sizeof(limits[0]); k++) {
		set_memlock_limit(limits[k]);
		EXPECT_ERRNO(ioas_map_array(f->fd, f->ioas, range, MANY, &done), ENOMEM);
		EXPECT_EQ(done, limits[k]);
		EXPECT_EQ(vm_pinned(), limits[k] * PAGE);
		EXPECT_EQ(locked_pages(), limits[k]);
		EXPECT_EQ(mapped_bytes(f->fd, f->ioas), limits[k] * PAGE);
		EXPECT_OK(ioas_unmap_array(f->fd, f->ioas, unmap, MANY, &done, &unmapped));
		EXPECT_EQ(done, MANY);
		EXPECT_EQ(unmapped, limits[k] * PAGE);
		EXPECT_EQ(vm_pinned(), 0);
	}
	EXPECT_EQ(locked_pages(), 0);

	/* elements of three pages, of which no part is charged */
	for (i = 0; i < 10; i++)
		range[i].length = 3 * PAGE;
	set_memlock_limit(16);
	EXPECT_ERRNO(ioas_map_array(f->fd, f->ioas, range, 10, &done), ENOMEM);
	EXPECT_EQ(done, 5);
	EXPECT_EQ(locked_pages(), 15);
	EXPECT_OK(ioas_map_array(f->fd, f->ioas, range + 10, 1, &done));
	EXPECT_EQ(locked_pages(), 16);
	EXPECT_ERRNO(ioas_map_array(f->fd, f->ioas, range + 11, 1, &done), ENOMEM);
	EXPECT_EQ(done, 0);
	EXPECT_OK(ioas_unmap_all(f->fd, f->ioas, NULL));
	EXPECT_EQ(locked_pages(), 0);

	/* other errors give back what the rest would have cost */
	set_memlock_limit(MANY);
	EXPECT_OK(munmap(p + 100 * PAGE, PAGE));
	EXPECT_ERRNO(ioas_map_array(f->fd, f->ioas, range + 50, 200, &done), EFAULT);
	EXPECT_EQ(done, 50);
	EXPECT_EQ(locked_pages(), 50);
	EXPECT_EQ(vm_pinned(), 50 * PAGE);
	EXPECT_ERRNO(ioas_map_array(f->fd, f->ioas, range + 40, 200, &done), EEXIST);
	EXPECT_EQ(done, 10);
	EXPECT_EQ(locked_pages(), 60);
	range[20].flags = 0;
	EXPECT_ERRNO(ioas_map_array(f->fd, f->ioas, range + 15, 20, &done), EINVAL);
	EXPECT_EQ(done, 5);
	EXPECT_EQ(locked_pages(), 65);
	EXPECT_EQ(vm_pinned(), 65 * PAGE);
	EXPECT_OK(ioas_unmap_array(f->fd, f->ioas, unmap, 50, &done, NULL));
	EXPECT_EQ(locked_pages(), 50);
}

START_TEST(array_charges_what_is_done)
{
	struct files *f = attached_files();

	run_child(limited, f);
	EXPECT_EQ(locked_pages(), 50);
	EXPECT_OK(ioas_unmap_all(f->fd, f->ioas, NULL));
	EXPECT_EQ(locked_pages(), 0);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		map_array_stops_at_a_bad_element_without_device,
		map_array_stops_at_a_bad_element_with_device,
		map_array_gives_the_first_error,
		map_array_goes_on_after_the_bad_element_when_called_again,
		unmap_array_stops_at_a_bad_element_without_device,
		unmap_array_stops_at_a_bad_element_with_device,
		unmap_array_may_name_the_same_twice,
		unmap_array_may_name_a_part_of_what_is_gone_but_not_of_what_is_there,
		map_array_that_cannot_be_read_is_efault_and_says_what_is_mapped,
		unmap_array_that_cannot_be_read_is_efault_and_says_what_is_unmapped,
		arrays_at_addresses_of_nobody_are_efault,
		array_of_the_largest_number_ends_where_memory_does,
		array_call_that_cannot_be_answered_does_nothing,
		array_charges_what_is_done,
		NULL,
	};

	return run_program(argc, argv, "array-errors", tests, RUN_DEVICES);
}
