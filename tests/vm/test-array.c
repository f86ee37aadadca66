// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many ranges in one call of map or unmap: what the call's fields mean, and that
 * every element is done.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "array.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

/* ------------------------------------------------------------- all is well */

static void expect_every_element_done(bool attach)
{
	static const unsigned int sizes[] = {
		1, 2, 31, 32, 33, 127, 128, 129, 255, 256, 257, 1000,
	};
	char *p = memory(1000 * PAGE, CANARY);
	struct space s = space(attach);
	long before = pages_pinned();
	size_t k;

	for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		unsigned int nr = sizes[k], i;
		struct ioasid_unmap_range *unmap = unmap_ranges(nr);
		struct ioasid_map_range *map = map_ranges(p, nr);
		__u64 unmapped = 1;
		__u32 done = 1;

		EXPECT_OK(ioas_map_array(s.fd, s.ioas, map, nr, &done));
		EXPECT_EQ(done, nr);
		expect_mapped(&s, nr * PAGE);
		EXPECT_EQ(pages_pinned(), before + (attach ? nr : 0));
		for (i = 0; i < nr; i++) {
			reaches(&s, iova_of(i), p + i * PAGE);
			is_blocked(&s, iova_of(i) + PAGE);
		}
		EXPECT_OK(ioas_unmap_array(s.fd, s.ioas, unmap, nr, &done, &unmapped));
		EXPECT_EQ(done, nr);
		EXPECT_EQ(unmapped, nr * PAGE);
		expect_mapped(&s, 0);
		EXPECT_EQ(pages_pinned(), before);
		for (i = 0; i < nr; i++)
			is_blocked(&s, iova_of(i));
		free(map);
		free(unmap);
	}
}

START_TEST(array_does_every_element_without_device)
{
	expect_every_element_done(false);
}
END_TEST

START_TEST(array_does_every_element_with_device)
{
	expect_every_element_done(true);
}
END_TEST

START_TEST(array_is_offered_beforehand)
{
	EXPECT_EQ(ioctl(EXPECT_OK(iommu_open()), IOMMU_CHECK_EXTENSION, IOASID_EXT_MAP_ARRAY), 1);
}
END_TEST

START_TEST(array_mapped_before_attach_is_reached_after)
{
	struct space s = space(false);
	char *p = memory(MANY * PAGE, CANARY);
	unsigned int i;

	EXPECT_OK(ioas_map_array(s.fd, s.ioas, map_ranges(p, MANY), MANY, NULL));
	dev_start(&s.dev, TESTDEV_0, s.fd);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.ioas));
	s.attached = true;
	expect_mapped(&s, MANY * PAGE);
	for (i = 0; i < MANY; i++)
		reaches(&s, iova_of(i), p + i * PAGE);
}
END_TEST

/* Lengths, rights and kinds of memory of their own */
START_TEST(array_elements_are_of_any_size_and_right)
{
	enum { NR = 50 };
	struct ioasid_unmap_range unmap[NR + 1] = { 0 };
	struct ioasid_map_range map[NR + 1] = { 0 };
	struct space s = space(true);
	char *p = memory(NR * PAGE, CANARY), *huge = huge_memory(4 * MIB, CANARY);
	long before = pages_pinned();
	__u64 iova = IOVA, total = 0, unmapped;
	int i;

	EXPECT_TRUE(huge);
	for (i = 0; i <= NR; i++) {
		map[i].flags = i % 3 ? RW : IOASID_MAP_READ;
		map[i].vaddr = (uintptr_t)p;
		map[i].length = (i + 1) * PAGE;
		if (i == NR) {
			map[i].flags = RW;
			map[i].vaddr = (uintptr_t)huge;
			map[i].length = 4 * MIB;
			iova = 64 * MIB;
		}
		unmap[i].iova = map[i].iova = iova;
		unmap[i].length = map[i].length;
		/* every second one next to the one before */
		iova += map[i].length + (i % 2) * PAGE;
		total += map[i].length;
	}
	EXPECT_OK(ioas_map_array(s.fd, s.ioas, map, NR + 1, NULL));
	expect_mapped(&s, total);
	EXPECT_EQ(pages_pinned(), before + total / PAGE);
	for (i = 0; i <= NR; i++) {
		__u64 last = map[i].length - PAGE;

		if (map[i].flags == RW) {
			reaches(&s, map[i].iova, (void *)map[i].vaddr);
			reaches(&s, map[i].iova + last, (char *)map[i].vaddr + last);
		} else {
			is_blocked(&s, map[i].iova);
			is_blocked(&s, map[i].iova + last);
		}
		if (i % 2)
			is_blocked(&s, map[i].iova + last + PAGE);
	}
	EXPECT_OK(ioas_unmap_array(s.fd, s.ioas, unmap, NR + 1, NULL, &unmapped));
	EXPECT_EQ(unmapped, total);
	EXPECT_EQ(pages_pinned(), before);
	for (i = 0; i <= NR; i++) {
		is_blocked(&s, map[i].iova);
		is_blocked(&s, map[i].iova + map[i].length - PAGE);
	}
}
END_TEST

/* --------------------------------------------------------- the call's fields */

START_TEST(map_array_with_other_fields_is_einval)
{
	static const struct {
		const char *what;
		struct ioasid_map add;
	} bad[] = {
		{ "flags", { .flags = IOASID_MAP_READ } },
		{ "unknown flags", { .flags = 4 } },
		{ "reserved", { .__reserved = 1 } },
		{ "vaddr", { .vaddr = PAGE } },
		{ "iova", { .iova = IOVA } },
		{ "length", { .length = PAGE } },
		{ "nr_done", { .nr_done = 1 } },
		{ "all that is done", { .nr_done = 4 } },
	};
	char *p = memory(4 * PAGE, CANARY);
	struct space s = space(true);
	struct ioasid_map_range *range = map_ranges(p, 4);
	struct ioasid_map arg, single;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		arg = bad[i].add;
		arg.argsz = sizeof(arg);
		arg.ioasid = s.ioas;
		arg.nr_ranges = 4;
		arg.ranges = (uintptr_t)range;
		EXPECT_ERRNO_IN(ioctl(s.fd, IOMMU_MAP_DMA, &arg), EINVAL, "%s", bad[i].what);
		/* not looked at further */
		EXPECT_EQ(arg.nr_done, bad[i].add.nr_done);
	}
	single = (struct ioasid_map){
		.argsz = sizeof(single), .flags = RW, .ioasid = s.ioas,
		.vaddr = (uintptr_t)p, .iova = IOVA, .length = PAGE,
	};
	arg = single;
	arg.nr_ranges = 1;				/* and no array */
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_MAP_DMA, &arg), EINVAL);
	arg = single;
	arg.ranges = (uintptr_t)range;			/* of no elements */
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_MAP_DMA, &arg), EINVAL);
	arg = single;
	arg.nr_done = 1;
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_MAP_DMA, &arg), EINVAL);
	EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, NULL, 4, NULL), EINVAL);
	EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas, range, 0, NULL), EINVAL);
	EXPECT_ERRNO(ioas_map_array(s.fd, s.ioas + 1, range, 4, NULL), ENOENT);
	expect_mapped(&s, 0);
	EXPECT_OK(ioctl(s.fd, IOMMU_MAP_DMA, &single));
	EXPECT_EQ(single.nr_done, 0);
	expect_mapped(&s, PAGE);
}
END_TEST

START_TEST(unmap_array_with_other_fields_is_einval)
{
	static const struct {
		const char *what;
		struct ioasid_unmap add;
	} bad[] = {
		{ "all", { .flags = IOASID_UNMAP_ALL } },
		{ "unknown flags", { .flags = 2 } },
		{ "reserved", { .__reserved = 1 } },
		{ "iova", { .iova = IOVA } },
		{ "length", { .length = PAGE } },
		{ "nr_done", { .nr_done = 1 } },
		{ "all that is done", { .nr_done = 4 } },
	};
	char *p = memory(4 * PAGE, CANARY);
	struct space s = space(true);
	struct ioasid_unmap_range *range = unmap_ranges(4);
	struct ioasid_unmap arg;
	size_t i;

	EXPECT_OK(ioas_map_array(s.fd, s.ioas, map_ranges(p, 4), 4, NULL));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		arg = bad[i].add;
		arg.argsz = sizeof(arg);
		arg.ioasid = s.ioas;
		arg.nr_ranges = 4;
		arg.ranges = (uintptr_t)range;
		EXPECT_ERRNO_IN(ioctl(s.fd, IOMMU_UNMAP_DMA, &arg), EINVAL, "%s", bad[i].what);
		EXPECT_EQ(arg.nr_done, bad[i].add.nr_done);
	}
	arg = (struct ioasid_unmap){
		.argsz = sizeof(arg), .ioasid = s.ioas, .iova = IOVA, .length = PAGE,
		.nr_done = 1,
	};
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_UNMAP_DMA, &arg), EINVAL);
	arg.nr_done = 0;
	arg.ranges = (uintptr_t)range;
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_UNMAP_DMA, &arg), EINVAL);
	arg.ranges = 0;
	arg.nr_ranges = 1;
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_UNMAP_DMA, &arg), EINVAL);
	EXPECT_ERRNO(ioas_unmap_array(s.fd, s.ioas, NULL, 4, NULL, NULL), EINVAL);
	EXPECT_ERRNO(ioas_unmap_array(s.fd, s.ioas, range, 0, NULL, NULL), EINVAL);
	EXPECT_ERRNO(ioas_unmap_array(s.fd, s.ioas + 1, range, 4, NULL, NULL), ENOENT);
	expect_mapped(&s, 4 * PAGE);
	/* what stands in the field for the answer does not matter */
	arg = (struct ioasid_unmap){
		.argsz = sizeof(arg), .ioasid = s.ioas, .unmapped = 12345,
		.nr_ranges = 4, .ranges = (uintptr_t)range,
	};
	EXPECT_OK(ioctl(s.fd, IOMMU_UNMAP_DMA, &arg));
	EXPECT_EQ(arg.unmapped, 4 * PAGE);
	arg.nr_done = 0;
	arg.unmapped = 12345;
	range[0].length = 0;
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_UNMAP_DMA, &arg), EINVAL);
	EXPECT_EQ(arg.unmapped, 0);
	EXPECT_EQ(arg.nr_done, 0);
}
END_TEST

/* A program that was compiled with the header before arrays, or with a later one */
START_TEST(array_fields_are_those_of_argsz)
{
	char *p = memory(4 * PAGE, CANARY);
	struct space s = space(true);
	struct ioasid_unmap_range *unmap_range = unmap_ranges(4);
	struct ioasid_map_range *map_range = map_ranges(p, 4);
	struct {
		struct ioasid_map map;
		__u64 more;
	} map = { { .ioasid = s.ioas, .flags = RW, .vaddr = (uintptr_t)p, .iova = IOVA,
		    .length = PAGE }, 0 }, map_before;
	struct {
		struct ioasid_unmap unmap;
		__u64 more;
	} unmap = { { .ioasid = s.ioas, .iova = IOVA, .length = PAGE }, 0 }, unmap_before;

	/* what lies behind the old structure is something else, and stays */
	map.map.argsz = offsetof(struct ioasid_map, nr_ranges);
	memset(&map.map.nr_ranges, 0xff, 16);
	map_before = map;
	EXPECT_OK(ioctl(s.fd, IOMMU_MAP_DMA, &map));
	EXPECT_EQ(memcmp(&map, &map_before, sizeof(map)), 0);
	expect_mapped(&s, PAGE);
	unmap.unmap.argsz = offsetof(struct ioasid_unmap, nr_ranges);
	memset(&unmap.unmap.nr_ranges, 0xff, 16);
	unmap_before = unmap;
	EXPECT_OK(ioctl(s.fd, IOMMU_UNMAP_DMA, &unmap));
	unmap_before.unmap.unmapped = PAGE;
	EXPECT_EQ(memcmp(&unmap, &unmap_before, sizeof(unmap)), 0);
	expect_mapped(&s, 0);

	/* a number of elements and not where they are */
	map.map = (struct ioasid_map){
		.argsz = offsetof(struct ioasid_map, ranges), .ioasid = s.ioas,
		.nr_ranges = 4, .ranges = (uintptr_t)map_range,
	};
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_MAP_DMA, &map), EINVAL);
	unmap.unmap = (struct ioasid_unmap){
		.argsz = offsetof(struct ioasid_unmap, ranges), .ioasid = s.ioas,
		.nr_ranges = 4, .ranges = (uintptr_t)unmap_range,
	};
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_UNMAP_DMA, &unmap), EINVAL);

	/* a longer one */
	map.map.argsz = unmap.unmap.argsz = sizeof(map);
	map.more = 1;
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_MAP_DMA, &map), E2BIG);
	expect_mapped(&s, 0);
	map.more = 0;
	EXPECT_OK(ioctl(s.fd, IOMMU_MAP_DMA, &map));
	EXPECT_EQ(map.map.nr_done, 4);
	unmap.more = 1;
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_UNMAP_DMA, &unmap), E2BIG);
	expect_mapped(&s, 4 * PAGE);
	unmap.more = 0;
	EXPECT_OK(ioctl(s.fd, IOMMU_UNMAP_DMA, &unmap));
	EXPECT_EQ(unmap.unmap.nr_done, 4);
	EXPECT_EQ(unmap.unmap.unmapped, 4 * PAGE);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		array_is_offered_beforehand,
		array_does_every_element_without_device,
		array_does_every_element_with_device,
		array_mapped_before_attach_is_reached_after,
		array_elements_are_of_any_size_and_right,
		map_array_with_other_fields_is_einval,
		unmap_array_with_other_fields_is_einval,
		array_fields_are_those_of_argsz,
		NULL,
	};

	return run_program(argc, argv, "array", tests, RUN_DEVICES);
}
