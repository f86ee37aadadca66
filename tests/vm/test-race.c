// SPDX-License-Identifier: GPL-2.0-only
/*
 * A data race in a module of ours, planted. It passes everywhere; on the kernel that looks
 * for data races the machine's log must say where it is, which scripts/check --kcsan looks
 * for.
 */
#include "expect.h"
#include "modules.h"
#include "run.h"

#define RACE	"ioasid_test_race"

START_TEST(two_threads_add_to_one_counter)
{
	EXPECT_OK(module_load(RACE, "milliseconds=5000"));
	EXPECT_OK(module_unload(RACE));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		two_threads_add_to_one_counter,
		NULL,
	};

	return run_program(argc, argv, "race", tests, RUN_BARE | RUN_LONG);
}
