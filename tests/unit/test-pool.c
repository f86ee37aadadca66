// SPDX-License-Identifier: GPL-2.0-only
/* Numbers on shared RIDs: against a list of who has which, beside a host that takes some */
#include <check.h>
#include <errno.h>
#include <linux/bitmap.h>
#include <linux/slab.h>
#include <linux/types.h>

#include "attach/pool.h"
#include "compat/pasid_compat.h"
#include "unit.h"

#define RIDS		5
#define NUMBERS		(1U << 20)
#define HELD_MAX	2000

struct device {
	u32 max_pasids;
};

int unit_allocs_left = -1;

/* The global allocator: taken; and by the host */
static bool global[NUMBERS], host[NUMBERS];

static struct rid {
	struct device dev;
	struct ioasid_pool_rid pool;
	u32 held[HELD_MAX];
	unsigned int nr;
} rids[RIDS];

u32 kc_global_pasid_alloc(struct device *dev)
{
	u32 number;

	for (number = 1; number < dev->max_pasids; number++)
		if (!global[number]) {
			global[number] = true;
			return number;
		}
	return IOMMU_PASID_INVALID;
}

void kc_global_pasid_free(u32 number)
{
	ck_assert(global[number]);
	global[number] = false;
}

static void start(void)
{
	static const u32 max[RIDS] = { 16, 100, 1024, NUMBERS, 64 };
	unsigned int i;

	for (i = 0; i < RIDS; i++) {
		rids[i].dev.max_pasids = max[i];
		rids[i].nr = 0;
		/* what the IOMMU has may be no power of two */
		ck_assert_int_eq(ioasid_pool_join(&rids[i].pool, i == 1 ? 64 : max[i]), 0);
	}
}

static void give_back(struct rid *rid, unsigned int i)
{
	ioasid_pool_give_back(&rid->pool, rid->held[i]);
	rid->held[i] = rid->held[--rid->nr];
}

static void end(void)
{
	u32 number;
	unsigned int i;

	for (i = 0; i < RIDS; i++) {
		while (rids[i].nr)
			give_back(&rids[i], rids[i].nr - 1);
		ioasid_pool_leave(&rids[i].pool);
	}
	for (number = 0; number < NUMBERS; number++)
		ck_assert(global[number] == host[number]);
	ck_assert_uint_eq(unit_allocated, 0);
}

static bool has(const struct rid *rid, u32 number)
{
	unsigned int i;

	for (i = 0; i < rid->nr; i++)
		if (rid->held[i] == number)
			return true;
	return false;
}

static int take(struct rid *rid)
{
	u32 number;
	int ret = ioasid_pool_take(&rid->pool, &rid->dev, &number);

	if (ret)
		return ret;
	ck_assert_uint_gt(number, 0);
	ck_assert_uint_lt(number, rid->pool.limit);
	ck_assert(global[number]);
	ck_assert(!host[number]);
	ck_assert(!has(rid, number));
	rid->held[rid->nr++] = number;
	return 0;
}

/* Each number is the host's, or on this RID */
static void expect_none_is_left(const struct rid *rid)
{
	u32 number;

	for (number = 1; number < rid->pool.limit; number++)
		ck_assert(host[number] || has(rid, number));
}

static void host_takes(u32 max)
{
	struct device dev = { max };
	u32 number = kc_global_pasid_alloc(&dev);
	unsigned int i;

	if (number == IOMMU_PASID_INVALID)
		return;
	for (i = 0; i < RIDS; i++)
		ck_assert(!has(&rids[i], number));
	host[number] = true;
}

static void host_gives_back(u32 number)
{
	if (!host[number])
		return;
	host[number] = false;
	kc_global_pasid_free(number);
}

START_TEST(number_is_shared_before_another_one_is_added)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		ck_assert_int_eq(take(&rids[3]), 0);
	for (i = 0; i < 50; i++)
		ck_assert_int_eq(take(&rids[2]), 0);
	for (i = 1; i < NUMBERS; i++)
		ck_assert(global[i] == (i <= 100));
	/* a RID with few finds those that it can have */
	for (i = 0; i < 15; i++)
		ck_assert_int_eq(take(&rids[0]), 0);
	ck_assert_int_eq(take(&rids[0]), -ENOSPC);
	for (i = 1; i < NUMBERS; i++)
		ck_assert(global[i] == (i <= 100));
}
END_TEST

START_TEST(number_goes_back_with_the_last_rid)
{
	ck_assert_int_eq(take(&rids[3]), 0);
	ck_assert_int_eq(take(&rids[4]), 0);
	ck_assert_uint_eq(rids[3].held[0], rids[4].held[0]);
	give_back(&rids[3], 0);
	ck_assert(global[1]);
	give_back(&rids[4], 0);
	ck_assert(!global[1]);
}
END_TEST

START_TEST(failed_allocation_changes_nothing)
{
	struct ioasid_pool_rid rid;

	unit_allocs_left = 0;
	ck_assert_int_eq(take(&rids[3]), -ENOMEM);
	ck_assert_int_eq(ioasid_pool_join(&rid, 16), -ENOMEM);
	unit_allocs_left = -1;
	ck_assert(!global[1]);
	ck_assert_int_eq(take(&rids[3]), 0);
}
END_TEST

START_TEST(random_users_and_the_host_never_have_the_same)
{
	unsigned int step;

	srandom(1);
	for (step = 0; step < 30000; step++) {
		struct rid *rid = &rids[random() % RIDS];
		int ret;

		if (random() % 7 == 0) {
			if (random() % 2)
				host_takes(random() % 2 ? 64 : 2000);
			else
				host_gives_back(random() % 2000);
		} else if (random() % 100 < (step / 1000 % 2 ? 40 : 60)) {
			ret = rid->nr < HELD_MAX ? take(rid) : 0;
			ck_assert(!ret || ret == -ENOSPC);
			if (ret)
				expect_none_is_left(rid);
		} else if (rid->nr) {
			give_back(rid, random() % rid->nr);
		}
	}
	for (step = 0; step < NUMBERS; step++)
		host_gives_back(step);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tc = tcase_create("pool");

	tcase_add_checked_fixture(tc, start, end);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, number_is_shared_before_another_one_is_added);
	tcase_add_test(tc, number_goes_back_with_the_last_rid);
	tcase_add_test(tc, failed_allocation_changes_nothing);
	tcase_add_test(tc, random_users_and_the_host_never_have_the_same);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
