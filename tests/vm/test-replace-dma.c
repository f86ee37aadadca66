// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces are replaced, attached and detached while the device writes as
 * fast as it can, and others do beside it. No write goes anywhere but to what
 * the device is, was, or is about to be attached to; and where replacing is said
 * to be atomic, none is lost.
 */
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "mover.h"
#include "run.h"

START_TEST(writes_during_replaces_land_in_the_old_or_the_new_one)
{
	struct bystander b;
	struct mover m;

	mover_start(&m);
	bystander_start(&b, TESTDEV_1, &m, 2);
	mover_replaces(&m, 2);
	bystander_stop(&b);
}
END_TEST

/* The page tables of two of the three are there all the time */
START_TEST(writes_during_replaces_of_three_that_others_use_land_in_the_old_or_the_new_one)
{
	struct bystander b, c;
	struct mover m;

	mover_start(&m);
	bystander_start(&b, TESTDEV_1, &m, 0);
	bystander_start(&c, TESTDEV_2, &m, 1);
	mover_replaces(&m, 3);
	bystander_stop(&b);
	bystander_stop(&c);
}
END_TEST

START_TEST(writes_during_attach_and_detach_land_there_or_are_blocked)
{
	struct bystander b;
	struct mover m;

	mover_start(&m);
	bystander_start(&b, TESTDEV_1, &m, 1);
	mover_comes_and_goes(&m);
	bystander_stop(&b);
}
END_TEST

START_TEST(writes_during_replaces_that_fail_land_in_the_old_one)
{
	struct mover m;

	mover_start(&m);
	mover_fails(&m);
}
END_TEST

/* What a device does 100 ms after it was told to */
#define EDU_WRITES	40

START_TEST(writes_that_start_late_during_replaces_land_in_one_of_them_or_nowhere)
{
	char *p = memory(PAGE, CANARY), *q = memory(PAGE, CANARY);
	char *guard = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 a = new_ioas(fd), b = new_ioas(fd);
	unsigned int i, landed = 0, replaces = 0;
	__u64 iova = phys_of(guard);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, a, p, iova, PAGE, RW));
	EXPECT_OK(ioas_map(fd, b, q, iova, PAGE, RW));
	dev_start(&dev, EDU_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, a));
	memset(p, 0x31, 8);
	edu_from_memory(&dev, iova, 8);
	memset(p, CANARY, 8);
	for (i = 1; i <= EDU_WRITES; i++) {
		edu_start_to_memory(&dev, iova + i * 8, 8);
		while (edu_runs(&dev))
			EXPECT_OK(dev_attach(dev.fd, fd, replaces++ % 2 ? a : b));
		/* See mover_start() */
		if (!config_is("amd") || !kernel_is("6.12"))
			expect_filled(guard, CANARY, PAGE);
		EXPECT_TRUE(p[i * 8] != 0x31 || q[i * 8] != 0x31);
		landed += p[i * 8] == 0x31 || q[i * 8] == 0x31;
	}
	EXPECT_GE(landed, 1);
	EXPECT_GE(replaces, EDU_WRITES);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		writes_during_replaces_land_in_the_old_or_the_new_one,
		writes_during_replaces_of_three_that_others_use_land_in_the_old_or_the_new_one,
		writes_during_attach_and_detach_land_there_or_are_blocked,
		writes_during_replaces_that_fail_land_in_the_old_one,
		writes_that_start_late_during_replaces_land_in_one_of_them_or_nowhere,
		NULL,
	};

	return run_program(argc, argv, "replace_dma", tests, RUN_DEVICES | RUN_LONG);
}
