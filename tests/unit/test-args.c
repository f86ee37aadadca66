// SPDX-License-Identifier: GPL-2.0-only
/* What is said of an ioctl's arguments from the arguments alone */
#include <check.h>
#include <errno.h>
#include <linux/types.h>

#include "base/args.h"
#include "unit.h"

#define PAGE		4096ULL
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

START_TEST(argsz_below_the_first_release_is_einval)
{
	ck_assert_int_eq(ioasid_check_argsz(0, 40, 32), -EINVAL);
	ck_assert_int_eq(ioasid_check_argsz(31, 40, 32), -EINVAL);
}
END_TEST

START_TEST(argsz_of_any_release_is_fine)
{
	ck_assert_int_eq(ioasid_check_argsz(32, 40, 32), 0);
	ck_assert_int_eq(ioasid_check_argsz(36, 40, 32), 0);
	ck_assert_int_eq(ioasid_check_argsz(40, 40, 32), 0);
	ck_assert_int_eq(ioasid_check_argsz(4096, 40, 32), 0);
}
END_TEST

START_TEST(absurd_argsz_is_e2big)
{
	ck_assert_int_eq(ioasid_check_argsz(4097, 40, 32), -E2BIG);
	ck_assert_int_eq(ioasid_check_argsz(0xffffffff, 40, 32), -E2BIG);
}
END_TEST

START_TEST(width_gives_the_last_address)
{
	ck_assert_uint_eq(ioasid_width_last(1), 1);
	ck_assert_uint_eq(ioasid_width_last(12), 0xfff);
	ck_assert_uint_eq(ioasid_width_last(48), 0xffffffffffffULL);
	ck_assert_uint_eq(ioasid_width_last(64), ~0ULL);
}
END_TEST

static const struct {
	struct ioasid_alloc args;
	int ret;
} allocs[] = {
	{ {}, 0 },
	{ { .snoop = IOASID_SNOOP_ON }, 0 },
	{ { .snoop = IOASID_SNOOP_OFF }, 0 },
	{ { .snoop = 3 }, -EINVAL },
	{ { .addr_width = 11 }, -EINVAL },
	{ { .addr_width = 12 }, 0 },
	{ { .addr_width = 64 }, 0 },
	{ { .addr_width = 65 }, -EINVAL },
	{ { .addr_width = 0xffffffff }, -EINVAL },
	{ { .nr_ranges = 1, .ranges = 8 }, 0 },
	{ { .nr_ranges = IOASID_MAX_RANGES, .ranges = 8 }, 0 },
	{ { .nr_ranges = IOASID_MAX_RANGES + 1, .ranges = 8 }, -E2BIG },
	{ { .nr_ranges = 1 }, -EINVAL },
	{ { .ranges = 8 }, -EINVAL },
	{ { .ioasid = 1 }, 0 },
	{ { .fault_fd = 3 }, -EINVAL },
	{ { .format_len = 8 }, -EINVAL },
	{ { .format_data = 8 }, -EINVAL },
	{ { .format = 1 }, -EOPNOTSUPP },
	{ { .format = 1, .format_len = 8, .format_data = 8 }, -EOPNOTSUPP },
	{ { .parent = 1 }, -EOPNOTSUPP },
	{ { .flags = IOASID_ALLOC_NEST_PARENT }, -EOPNOTSUPP },
	{ { .flags = IOASID_ALLOC_DIRTY_TRACKING }, -EOPNOTSUPP },
	{ { .flags = IOASID_ALLOC_PASID }, -EOPNOTSUPP },
	{ { .flags = IOASID_ALLOC_FAULT_FD, .fault_fd = 3 }, -EOPNOTSUPP },
	{ { .flags = 1 << 4 }, -EINVAL },
	{ { .flags = 1U << 31 }, -EINVAL },
};

START_TEST(alloc_takes_what_is_offered_and_nothing_else)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(allocs); i++) {
		int ret = ioasid_check_alloc(&allocs[i].args, 0);

		ck_assert_msg(ret == allocs[i].ret, "case %zu: %d, not %d",
			      i, ret, allocs[i].ret);
	}
}
END_TEST

START_TEST(hints_are_whole_pages)
{
	const struct ioasid_range whole = { 0, ~0ULL };
	const struct ioasid_range page = { PAGE, 2 * PAGE - 1 };
	const struct ioasid_range backward = { 2 * PAGE, PAGE - 1 };
	const struct ioasid_range start = { PAGE + 1, 2 * PAGE - 1 };
	const struct ioasid_range last = { PAGE, 2 * PAGE };

	ck_assert_int_eq(ioasid_check_hint(&whole, PAGE), 0);
	ck_assert_int_eq(ioasid_check_hint(&page, PAGE), 0);
	ck_assert_int_eq(ioasid_check_hint(&backward, PAGE), -EINVAL);
	ck_assert_int_eq(ioasid_check_hint(&start, PAGE), -EINVAL);
	ck_assert_int_eq(ioasid_check_hint(&last, PAGE), -EINVAL);
}
END_TEST

#define RW	(IOASID_MAP_READ | IOASID_MAP_WRITE)

static const struct {
	struct ioasid_map args;
	u64 page_size;
	int ret;
} maps[] = {
	{ { .flags = RW, .length = PAGE }, PAGE, 0 },
	{ { .flags = IOASID_MAP_READ, .length = PAGE }, PAGE, 0 },
	{ { .flags = IOASID_MAP_WRITE, .length = PAGE }, PAGE, 0 },
	{ { .length = PAGE }, PAGE, -EINVAL },
	{ { .flags = RW | 4, .length = PAGE }, PAGE, -EINVAL },
	{ { .flags = RW, .__reserved = 1, .length = PAGE }, PAGE, -EINVAL },
	{ { .flags = RW, .length = 0 }, PAGE, -EINVAL },
	{ { .flags = RW, .length = 1 }, PAGE, -EINVAL },
	{ { .flags = RW, .length = PAGE, .iova = 1 }, PAGE, -EINVAL },
	{ { .flags = RW, .length = PAGE, .vaddr = 1 }, PAGE, -EINVAL },
	{ { .flags = RW, .length = PAGE, .iova = -PAGE }, PAGE, 0 },
	{ { .flags = RW, .length = 2 * PAGE, .iova = -PAGE }, PAGE, -EINVAL },
	{ { .flags = RW, .length = PAGE, .vaddr = -PAGE }, PAGE, 0 },
	{ { .flags = RW, .length = 2 * PAGE, .vaddr = -PAGE }, PAGE, -EINVAL },
	{ { .flags = RW, .length = -PAGE }, PAGE, 0 },
	{ { .flags = RW, .length = -PAGE, .iova = PAGE }, PAGE, 0 },
	{ { .flags = RW, .length = -PAGE, .iova = 2 * PAGE }, PAGE, -EINVAL },
	{ { .flags = RW, .length = PAGE }, 16 * PAGE, -EINVAL },
	{ { .flags = RW, .length = 16 * PAGE }, 16 * PAGE, 0 },
};

START_TEST(map_takes_whole_pages_that_do_not_wrap)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		struct ioasid_map_range range = ioasid_map_to_range(&maps[i].args);
		int ret = ioasid_check_map(&maps[i].args, &range, maps[i].page_size);

		ck_assert_msg(ret == maps[i].ret, "case %zu: %d, not %d",
			      i, ret, maps[i].ret);
	}
}
END_TEST

static const struct {
	struct ioasid_unmap args;
	int ret;
} unmaps[] = {
	{ { .length = PAGE }, 0 },
	{ { .length = 0 }, -EINVAL },
	{ { .length = PAGE, .iova = 1 }, -EINVAL },
	{ { .length = 1 }, -EINVAL },
	{ { .length = 2 * PAGE, .iova = -PAGE }, -EINVAL },
	{ { .length = PAGE, .iova = -PAGE }, 0 },
	{ { .length = PAGE, .__reserved = 1 }, -EINVAL },
	{ { .length = PAGE, .flags = 2 }, -EINVAL },
	{ { .flags = IOASID_UNMAP_ALL }, 0 },
	{ { .flags = IOASID_UNMAP_ALL, .length = PAGE }, -EINVAL },
	{ { .flags = IOASID_UNMAP_ALL, .iova = PAGE }, -EINVAL },
};

START_TEST(unmap_takes_whole_pages_that_do_not_wrap)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unmaps); i++) {
		int ret = ioasid_check_unmap(&unmaps[i].args, PAGE);

		ck_assert_msg(ret == unmaps[i].ret, "case %zu: %d, not %d",
			      i, ret, unmaps[i].ret);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("args");
	TCase *tc = tcase_create("args");

	tcase_add_test(tc, argsz_below_the_first_release_is_einval);
	tcase_add_test(tc, argsz_of_any_release_is_fine);
	tcase_add_test(tc, absurd_argsz_is_e2big);
	tcase_add_test(tc, width_gives_the_last_address);
	tcase_add_test(tc, alloc_takes_what_is_offered_and_nothing_else);
	tcase_add_test(tc, hints_are_whole_pages);
	tcase_add_test(tc, map_takes_whole_pages_that_do_not_wrap);
	tcase_add_test(tc, unmap_takes_whole_pages_that_do_not_wrap);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
