// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is flushed in the TLB of a device with ATS, by 6.1's VT-d driver in caching mode
 * (a machine with vtd-ats), where a flush of all of a domain leaves that out. No emulated
 * device keeps one: the driver's commands are looked at.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

/* virtio-net, with ATS */
#define ATS_ID		0x1af4, 0x1041
#define TRACING		"/sys/kernel/tracing"

/* Every command, with its address and size: the 5th and 6th argument */
#define EVENT		"p:dtlb qi_flush_dev_iotlb addr=%r8:u64 order=%r9:u32"

static void commands_start(void)
{
	if (access(TRACING "/trace", F_OK))
		EXPECT_OK(mount("tracefs", TRACING, "tracefs", 0, NULL));
	EXPECT_OK(sysfs_write(TRACING "/kprobe_events", EVENT));
	EXPECT_OK(sysfs_write(TRACING "/events/kprobes/dtlb/enable", "1"));
	/* truncation is what clears it */
	close(EXPECT_OK(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC)));
}

static void commands_end(void)
{
	EXPECT_OK(sysfs_write(TRACING "/events/kprobes/dtlb/enable", "0"));
	EXPECT_OK(sysfs_write(TRACING "/kprobe_events", "-:dtlb"));
}

/* Has there been a command for this page since commands_start()? */
static bool is_flushed(__u64 iova)
{
	FILE *trace = fopen(TRACING "/trace", "re");
	unsigned long addr;
	unsigned int order;
	char line[512], *at;
	bool found = false;

	EXPECT_TRUE(trace);
	while (fgets(line, sizeof(line), trace)) {
		at = strstr(line, "addr=");
		if (at && sscanf(at, "addr=%lu order=%u", &addr, &order) == 2)
			found |= addr >> 12 >> order == iova >> 12 >> order;
	}
	fclose(trace);
	return found;
}

static void expect_flushed(const __u64 *iova, unsigned int nr)
{
	int fd = EXPECT_OK(iommu_open()), dev;
	char *p = memory(nr * PAGE, CANARY);
	__u32 ioas = new_ioas(fd);
	char bdf[BDF_SIZE];
	unsigned int i;

	EXPECT_TRUE(pci_find(ATS_ID, 0, 0, bdf));
	EXPECT_OK(pci_give_to(bdf, "ioasid_vfio_pci"));
	dev = EXPECT_OK(dev_open_bdf(bdf));
	EXPECT_OK(dev_bind(dev, fd, 1));
	EXPECT_OK(dev_attach(dev, fd, ioas));
	for (i = 0; i < nr; i++)
		EXPECT_OK(ioas_map(fd, ioas, p + i * PAGE, iova[i], PAGE, RW));
	commands_start();
	EXPECT_OK(ioas_unmap_all(fd, ioas, NULL));
	for (i = 0; i < nr; i++)
		EXPECT_TRUE(is_flushed(iova[i]));
	EXPECT_TRUE(!is_flushed(iova[nr - 1] + 2 * GIB));
	commands_end();
	EXPECT_OK(close(dev));
	EXPECT_OK(pci_take_back(bdf));
}

START_TEST(device_tlb_is_flushed_across_a_gibibyte)
{
	const __u64 iova[] = { GIB - PAGE, GIB };

	expect_flushed(iova, 2);
}
END_TEST

START_TEST(device_tlb_is_flushed_wherever_something_was_mapped)
{
	const __u64 iova[] = { PAGE, 3 * GIB, 5 * GIB - PAGE, 5 * GIB, 40 * GIB };

	expect_flushed(iova, 5);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		device_tlb_is_flushed_across_a_gibibyte,
		device_tlb_is_flushed_wherever_something_was_mapped,
		NULL,
	};

	if (!config_is("vtd-ats") || !kernel_is("6.1")) {
		printf("1..0 # SKIP not 6.1 with ATS\n");
		return 0;
	}
	return run_program(argc, argv, "window-flush", tests, RUN_DEVICES);
}
