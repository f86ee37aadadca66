// SPDX-License-Identifier: GPL-2.0-only
/* Sets of addresses: against a bitmap of the first and last 32 addresses */
#include <check.h>
#include <errno.h>
#include <linux/slab.h>
#include <linux/types.h>

#include "base/ranges.h"
#include "unit.h"

int unit_allocs_left = -1;

static struct ioasid_ranges set;

static void start(void)
{
	unit_allocs_left = -1;
	set = (struct ioasid_ranges) {};
}

static void end(void)
{
	ioasid_ranges_clear(&set);
}

/* Bits 0-31 stand for addresses 0-31, bits 32-63 for the last 32 of all */
static u64 address(unsigned int bit)
{
	return bit < 32 ? bit : ~0ULL - 63 + bit;
}

static u64 as_bitmap(void)
{
	u64 bits = 0;
	unsigned int i;

	for (i = 0; i < 64; i++)
		if (ioasid_ranges_contain(&set, address(i), address(i)))
			bits |= 1ULL << i;
	return bits;
}

static u64 mask(unsigned int first, unsigned int last)
{
	return (~0ULL >> (63 - last)) & (~0ULL << first);
}

static void assert_sorted(void)
{
	unsigned int i;

	for (i = 0; i < set.nr; i++) {
		ck_assert_uint_le(set.range[i].start, set.range[i].last);
		if (i) {
			ck_assert_uint_gt(set.range[i].start, set.range[i - 1].last);
			ck_assert_uint_gt(set.range[i].start - set.range[i - 1].last, 1);
		}
	}
}

START_TEST(empty_set_contains_nothing)
{
	ck_assert_uint_eq(as_bitmap(), 0);
	ck_assert(!ioasid_ranges_contain(&set, 0, ~0ULL));
}
END_TEST

START_TEST(full_set_contains_everything)
{
	ck_assert_int_eq(ioasid_ranges_add(&set, 0, ~0ULL), 0);
	ck_assert(ioasid_ranges_contain(&set, 0, ~0ULL));
	ck_assert_uint_eq(as_bitmap(), ~0ULL);
}
END_TEST

START_TEST(touching_ranges_become_one)
{
	ck_assert_int_eq(ioasid_ranges_add(&set, 0x3000, 0x3fff), 0);
	ck_assert_int_eq(ioasid_ranges_add(&set, 0x1000, 0x1fff), 0);
	ck_assert_uint_eq(set.nr, 2);
	ck_assert_int_eq(ioasid_ranges_add(&set, 0x2000, 0x2fff), 0);
	ck_assert_uint_eq(set.nr, 1);
	ck_assert_uint_eq(set.range[0].start, 0x1000);
	ck_assert_uint_eq(set.range[0].last, 0x3fff);
}
END_TEST

START_TEST(hole_is_not_contained)
{
	ck_assert_int_eq(ioasid_ranges_add(&set, 0, ~0ULL), 0);
	ck_assert_int_eq(ioasid_ranges_subtract(&set, 0xfee00000, 0xfeefffff), 0);
	ck_assert_uint_eq(set.nr, 2);
	ck_assert(!ioasid_ranges_contain(&set, 0xfedff000, 0xfee00000));
	ck_assert(!ioasid_ranges_contain(&set, 0xfeefffff, 0xfef00fff));
	ck_assert(!ioasid_ranges_contain(&set, 0, ~0ULL));
	ck_assert(ioasid_ranges_contain(&set, 0, 0xfedfffff));
	ck_assert(ioasid_ranges_contain(&set, 0xfef00000, ~0ULL));
}
END_TEST

START_TEST(subtracting_all_leaves_nothing)
{
	ck_assert_int_eq(ioasid_ranges_add(&set, 5, 9), 0);
	ck_assert_int_eq(ioasid_ranges_add(&set, 20, 29), 0);
	ck_assert_int_eq(ioasid_ranges_subtract(&set, 0, ~0ULL), 0);
	ck_assert_uint_eq(set.nr, 0);
}
END_TEST

START_TEST(intersection_keeps_what_is_inside)
{
	ck_assert_int_eq(ioasid_ranges_add(&set, 0, 9), 0);
	ck_assert_int_eq(ioasid_ranges_add(&set, 20, 29), 0);
	ck_assert_int_eq(ioasid_ranges_add(&set, 40, 49), 0);
	ioasid_ranges_intersect(&set, 5, 24);
	ck_assert_uint_eq(set.nr, 2);
	ck_assert_uint_eq(set.range[0].start, 5);
	ck_assert_uint_eq(set.range[0].last, 9);
	ck_assert_uint_eq(set.range[1].start, 20);
	ck_assert_uint_eq(set.range[1].last, 24);
}
END_TEST

START_TEST(failed_allocation_changes_nothing)
{
	ck_assert_int_eq(ioasid_ranges_add(&set, 0, 31), 0);
	unit_allocs_left = 0;
	ck_assert_int_eq(ioasid_ranges_subtract(&set, 8, 15), -ENOMEM);
	ck_assert_int_eq(ioasid_ranges_add(&set, 100, 200), -ENOMEM);
	ck_assert_uint_eq(set.nr, 1);
	ck_assert(ioasid_ranges_contain(&set, 0, 31));
}
END_TEST

START_TEST(random_operations_agree_with_a_bitmap)
{
	u64 model = 0;
	int round;

	srandom(1);
	for (round = 0; round < 40000; round++) {
		unsigned int a = random() % 64, b = random() % 64;
		unsigned int first = min(a, b), last = max(a, b);
		u64 bits = mask(first, last);

		switch (random() % 3) {
		case 0:
			ck_assert_int_eq(ioasid_ranges_add(&set, address(first),
							   address(last)), 0);
			model |= bits;
			break;
		case 1:
			ck_assert_int_eq(ioasid_ranges_subtract(&set, address(first),
								address(last)), 0);
			model &= ~bits;
			break;
		default:
			if (random() % 4)
				break;
			ioasid_ranges_intersect(&set, address(first), address(last));
			model &= bits;
			break;
		}
		assert_sorted();
		ck_assert_uint_eq(as_bitmap(), model);
		ck_assert_int_eq(ioasid_ranges_overlap(&set, address(first), address(last)),
				 !!(model & bits));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ranges");
	TCase *tc = tcase_create("ranges");

	tcase_add_checked_fixture(tc, start, end);
	tcase_add_test(tc, empty_set_contains_nothing);
	tcase_add_test(tc, full_set_contains_everything);
	tcase_add_test(tc, touching_ranges_become_one);
	tcase_add_test(tc, hole_is_not_contained);
	tcase_add_test(tc, subtracting_all_leaves_nothing);
	tcase_add_test(tc, intersection_keeps_what_is_inside);
	tcase_add_test(tc, failed_allocation_changes_nothing);
	tcase_add_test(tc, random_operations_agree_with_a_bitmap);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
