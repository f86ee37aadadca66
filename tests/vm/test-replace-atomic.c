// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software IOMMU goes from one address space to another in one step: a device
 * that writes without a pause loses nothing, however often it is replaced.
 */
#include <unistd.h>

#include "expect.h"
#include "mover.h"
#include "run.h"

START_TEST(writes_during_ten_thousand_atomic_replaces_all_land)
{
	struct bystander b;
	struct mover m;

	mover_start_software(&m);
	bystander_start_software(&b, &m, 2);
	mover_replaces(&m, 2);
	bystander_stop(&b);
	EXPECT_OK(close(b.swdev.fd));
	mover_end_software(&m);
}
END_TEST

/* The page tables of two of the three are there all the time */
START_TEST(writes_during_atomic_replaces_of_three_that_others_use_all_land)
{
	struct bystander b, c;
	struct mover m;

	mover_start_software(&m);
	bystander_start_software(&b, &m, 0);
	bystander_start_software(&c, &m, 1);
	mover_replaces(&m, 3);
	bystander_stop(&b);
	bystander_stop(&c);
	EXPECT_OK(close(b.swdev.fd));
	EXPECT_OK(close(c.swdev.fd));
	mover_end_software(&m);
}
END_TEST

START_TEST(writes_during_atomic_replaces_that_fail_all_land_in_the_old_one)
{
	struct mover m;

	mover_start_software(&m);
	mover_fails(&m);
	EXPECT_EQ(m.t.landed[1], 0);
	mover_end_software(&m);
}
END_TEST

START_TEST(writes_during_attach_and_detach_of_a_software_device_land_or_are_blocked)
{
	struct bystander b;
	struct mover m;

	mover_start_software(&m);
	bystander_start_software(&b, &m, 1);
	mover_comes_and_goes(&m);
	bystander_stop(&b);
	EXPECT_OK(close(b.swdev.fd));
	mover_end_software(&m);
}
END_TEST

/* Older kernels take no software IOMMU beside the machine's, and replace nothing */
START_TEST(replace_is_not_said_to_be_atomic_where_the_kernel_cannot)
{
	struct mover m;

	mover_start(&m);
	EXPECT_TRUE(!m.atomic);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const hardware[] = {
		replace_is_not_said_to_be_atomic_where_the_kernel_cannot,
		NULL,
	};
	const TTest *const tests[] = {
		writes_during_ten_thousand_atomic_replaces_all_land,
		writes_during_atomic_replaces_of_three_that_others_use_all_land,
		writes_during_atomic_replaces_that_fail_all_land_in_the_old_one,
		writes_during_attach_and_detach_of_a_software_device_land_or_are_blocked,
		NULL,
	};

	if (!swiommu_is_possible())
		return run_program(argc, argv, "replace_atomic", hardware, RUN_DEVICES);
	return run_program(argc, argv, "replace_atomic", tests, RUN_BARE | RUN_LONG);
}
