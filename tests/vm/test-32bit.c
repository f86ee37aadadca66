// SPDX-License-Identifier: GPL-2.0-only
/* A 32-bit program is served like any other: see 32bit/caller32.c */
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "run.h"

START_TEST(all_ioctls_work_for_32_bit_callers)
{
	char bdf[BDF_SIZE], node[NODE_SIZE];
	int status;
	pid_t pid;

	EXPECT_OK(pci_device_node(which_bdf(TESTDEV_0, bdf), node, sizeof(node)));
	pid = EXPECT_OK(fork());
	if (!pid) {
		execl("/tests/caller32", "caller32", node, NULL);
		_exit(127);
	}
	EXPECT_OK(waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	/* the step of it that failed */
	EXPECT_EQ(WEXITSTATUS(status), 0);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = { all_ioctls_work_for_32_bit_callers, NULL };

	return run_program(argc, argv, "32bit", tests, RUN_DEVICES);
}
