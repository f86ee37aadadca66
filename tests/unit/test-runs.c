// SPDX-License-Identifier: GPL-2.0-only
/* Rows of runs: against a plain list of what was put into them */
#include <check.h>
#include <errno.h>
#include <linux/slab.h>
#include <linux/types.h>

#include "base/runs.h"
#include "unit.h"

#define UNKNOWN		IOASID_PFN_UNKNOWN
#define LONG		IOASID_RUN_LONG
#define MODEL_MAX	200000

int unit_allocs_left = -1;

static struct ioasid_runs runs;
/* In order; unknown ones that follow one another are one, however long */
static struct { u64 pfn, pages; } model[MODEL_MAX];
static unsigned int nr_model;
static u64 nr_pages;

static void start(void)
{
	unit_allocs_left = -1;
	unit_allocated = 0;
	runs = (struct ioasid_runs) {};
	nr_model = 0;
	nr_pages = 0;
}

static void end(void)
{
	ioasid_runs_clear(&runs);
	ck_assert_uint_eq(unit_allocated, 0);
}

/* There is room for it */
static void push(u64 pfn, u32 pages)
{
	ioasid_runs_push(&runs, pfn, pages);
	nr_pages += pages;
	if (pfn == UNKNOWN && nr_model && model[nr_model - 1].pfn == UNKNOWN) {
		model[nr_model - 1].pages += pages;
		return;
	}
	if (nr_model == MODEL_MAX)
		ck_abort();
	model[nr_model].pfn = pfn;
	model[nr_model++].pages = pages;
}

static void add(u64 pfn, u32 pages)
{
	if (ioasid_runs_reserve(&runs, 1))
		ck_abort();
	push(pfn, pages);
}

/* From the end to the begin, as it is read when an area is unmapped */
static void assert_row(void)
{
	struct ioasid_runs_pos pos = ioasid_runs_end(&runs);
	unsigned int at = nr_model;
	u64 pfn, left = 0;
	u32 pages;

	while (ioasid_runs_prev(&runs, &pos, &pfn, &pages)) {
		if (!left && at)
			left = model[--at].pages;
		/* What is known is given back as it was put in */
		if (!pages || pages > IOASID_RUN_MAX || pages > left ||
		    pfn != model[at].pfn || (pfn != UNKNOWN && pages != left))
			ck_abort_msg("%u pages from %#llx on; %llu from %#llx on were put in",
				     pages, pfn, left, model[at].pfn);
		left -= pages;
	}
	ck_assert_uint_eq(left, 0);
	ck_assert_uint_eq(at, 0);
	/* The end is the end */
	ck_assert(!ioasid_runs_prev(&runs, &pos, &pfn, &pages));
}

START_TEST(empty_row_has_no_runs)
{
	assert_row();
	ioasid_runs_clear(&runs);
	assert_row();
}
END_TEST

START_TEST(one_run_takes_no_memory)
{
	add(42, 1);
	assert_row();
	ck_assert_uint_eq(unit_allocated, 0);
	ioasid_runs_clear(&runs);
	nr_model = 0;
	assert_row();
	add(UNKNOWN, 7);
	assert_row();
	ck_assert_uint_eq(unit_allocated, 0);
}
END_TEST

START_TEST(page_0_and_the_last_page_are_runs_like_any)
{
	add(0, LONG);
	add(UNKNOWN - 1, IOASID_RUN_MAX);
	add(0, 1);
	add(UNKNOWN - LONG, LONG);
	assert_row();
}
END_TEST

START_TEST(unknown_runs_become_one_up_to_the_longest)
{
	int i;

	for (i = 0; i < 40; i++)
		add(UNKNOWN, 1 << 20);
	assert_row();
	/* 40 Mi pages in 3 runs */
	ck_assert_uint_le(unit_allocated, 64);
}
END_TEST

START_TEST(known_runs_stay_apart)
{
	/* each is what one call mapped, and must be unmapped as such */
	add(100, LONG);
	add(100 + LONG, LONG);
	add(100 + LONG, LONG);
	assert_row();
	ck_assert_uint_eq(nr_model, 3);
}
END_TEST

/* Room that was made is kept for who comes later: populate.c does it this way */
START_TEST(reserve_for_two_has_room_for_two)
{
	int i;

	for (i = 0; i < 2000; i++) {
		/* an unknown run is begun, and pushed only with a known one */
		ck_assert_int_eq(ioasid_runs_reserve(&runs, 1), 0);
		ck_assert_int_eq(ioasid_runs_reserve(&runs, 2), 0);
		unit_allocs_left = 0;
		push(UNKNOWN, 1 + i % 15);
		push(1000 * i, LONG + i);
		unit_allocs_left = -1;
	}
	assert_row();
}
END_TEST

START_TEST(failed_allocation_changes_nothing)
{
	int i, failed = 0;

	for (i = 0; i < 3000; i++) {
		unsigned int nr = 1 + i % 2;

		unit_allocs_left = 0;
		if (ioasid_runs_reserve(&runs, nr)) {
			ck_assert_int_eq(ioasid_runs_reserve(&runs, nr), -ENOMEM);
			assert_row();
			failed++;
			unit_allocs_left = 1;
			ck_assert_int_eq(ioasid_runs_reserve(&runs, nr), 0);
		}
		unit_allocs_left = 0;
		push(i * 100, LONG);
		if (nr == 2)
			push(UNKNOWN, 3);
	}
	assert_row();
	ck_assert_int_ge(failed, 5);
	unit_allocs_left = 0;
	ioasid_runs_clear(&runs);
	nr_model = 0;
	assert_row();
}
END_TEST

START_TEST(room_that_is_not_used_is_given_back)
{
	ck_assert_int_eq(ioasid_runs_reserve(&runs, 2), 0);
	assert_row();
	add(UNKNOWN, 5);
	assert_row();
	ck_assert_int_eq(ioasid_runs_reserve(&runs, 2), 0);
	ioasid_runs_clear(&runs);
	ck_assert_uint_eq(unit_allocated, 0);
	nr_model = 0;
	assert_row();
}
END_TEST

/* What populate.c puts in: known runs are long, the others are not remembered */
static void add_pattern(u32 known, u32 unknown)
{
	if (unknown) {
		if (ioasid_runs_reserve(&runs, 2))
			ck_abort();
		push(UNKNOWN, unknown);
		push(random(), known);
	} else {
		add(random(), known);
	}
}

static void assert_small(void)
{
	/* 512 MiB and more: a byte a page; of a shorter row half may be empty */
	u64 most = nr_pages >= 1 << 17 ? nr_pages : 64 + 5 * nr_pages / 2;

	if (unit_allocated > most)
		ck_abort_msg("%zu bytes for %llu pages", unit_allocated, nr_pages);
}

START_TEST(long_rows_take_at_most_a_byte_a_page)
{
	u32 known, unknown;

	for (known = LONG; known <= LONG + 1; known++)
		for (unknown = 0; unknown <= 17; unknown++) {
			start();
			while (nr_pages < 1 << 18) {
				add_pattern(known, unknown);
				assert_small();
			}
			assert_row();
			end();
		}
	start();
	while (nr_pages < 1 << 18) {
		add_pattern(LONG + random() % 4, random() % 4);
		assert_small();
	}
	assert_row();
}
END_TEST

START_TEST(scattered_rows_take_next_to_nothing)
{
	while (nr_pages < 1 << 18)
		add(UNKNOWN, 1 + random() % 15);
	assert_row();
	ck_assert_uint_le(unit_allocated, 64);
}
END_TEST

START_TEST(random_rows_are_read_back)
{
	int round, i, n;

	srandom(1);
	for (round = 0; round < 3000; round++) {
		start();
		n = random() % (round % 100 ? 40 : 3000);
		for (i = 0; i < n; i++) {
			unsigned int nr = 1 + random() % 2;

			unit_allocs_left = random() % 8 ? -1 : 0;
			if (ioasid_runs_reserve(&runs, nr))
				continue;
			unit_allocs_left = 0;
			while (nr--) {
				u32 pages = random() % 4 ? 1 + random() % 600 :
					    1 + random() % IOASID_RUN_MAX;

				push(random() % 2 ? UNKNOWN :
				     (u64)random() * random() % UNKNOWN, pages);
			}
		}
		unit_allocs_left = -1;
		assert_row();
		end();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("runs");
	TCase *tc = tcase_create("runs");

	tcase_add_checked_fixture(tc, start, end);
	tcase_add_test(tc, empty_row_has_no_runs);
	tcase_add_test(tc, one_run_takes_no_memory);
	tcase_add_test(tc, page_0_and_the_last_page_are_runs_like_any);
	tcase_add_test(tc, unknown_runs_become_one_up_to_the_longest);
	tcase_add_test(tc, known_runs_stay_apart);
	tcase_add_test(tc, reserve_for_two_has_room_for_two);
	tcase_add_test(tc, failed_allocation_changes_nothing);
	tcase_add_test(tc, room_that_is_not_used_is_given_back);
	tcase_add_test(tc, long_rows_take_at_most_a_byte_a_page);
	tcase_add_test(tc, scattered_rows_take_next_to_nothing);
	tcase_add_test(tc, random_rows_are_read_back);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
