// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "expect.h"
#include "failnth.h"
#include "memory.h"
#include "pci.h"

static int nth_fd;

/* First and last address of a function of the kernel */
static void function_range(const char *name, unsigned long long *start, unsigned long long *end)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long addr;
	char line[256], symbol[128];

	EXPECT_TRUE(f);
	*start = 0;
	*end = ~0ULL;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %*c %127s", &addr, symbol) == 2 && !strcmp(symbol, name))
			*start = addr;
	EXPECT_NE(*start, 0);
	rewind(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx", &addr) == 1 && addr > *start && addr < *end)
			*end = addr;
	fclose(f);
}

/*
 * Where the kernel takes a device back into its default domain it allocates,
 * and warns if that fails: its own affair, left out.
 */
static void leave_out_release_of_ownership(void)
{
	static const char *const attrs[] = { "failslab", "fail_page_alloc" };
	unsigned long long start, end;
	char path[128], text[32];
	int i;

	function_range("__iommu_release_dma_ownership", &start, &end);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/reject-start", attrs[i]);
		snprintf(text, sizeof(text), "%#llx", start);
		EXPECT_OK(sysfs_write(path, text));
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/reject-end", attrs[i]);
		snprintf(text, sizeof(text), "%#llx", end);
		EXPECT_OK(sysfs_write(path, text));
	}
}

void nth_prepare(void)
{
	static const char *const zero[] = {
		"failslab/ignore-gfp-wait", "fail_page_alloc/ignore-gfp-wait",
		"fail_page_alloc/min-order", "failslab/verbose", "fail_page_alloc/verbose",
		"fail_usercopy/verbose",
	};
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(zero) / sizeof(zero[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", zero[i]);
		EXPECT_OK(sysfs_write(path, "0"));
	}
	leave_out_release_of_ownership();
	nth_fd = EXPECT_OK(open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC));
}

void nth_start(int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", nth);

	if (pwrite(nth_fd, text, n, 0) != n)
		FAIL("fail-nth cannot be written: %s", errno_name(errno));
}

/* May fail itself, hence the loop */
bool nth_stop(void)
{
	char text[16] = "";
	int n = 0, i;

	for (i = 0; i < 3 && n <= 0; i++)
		n = pread(nth_fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		FAIL("fail-nth cannot be read: %s", errno_name(errno));
	for (i = 0; i < 3; i++)
		if (pwrite(nth_fd, "0", 1, 0) == 1)
			return !atoi(text);
	FAIL("fail-nth cannot be written: %s", errno_name(errno));
}

bool nth_may_fail(int err)
{
	/* the structure could not be read or written */
	return err == ENOMEM || err == EFAULT;
}

void nth_setting(struct nth_setting *s, enum which which)
{
	int i;

	nth_prepare();
	s->p = memory(16 * PAGE, 0xa5);
	s->fd = EXPECT_OK(iommu_open());
	s->a = new_ioas(s->fd);
	s->b = new_ioas(s->fd);
	for (i = 0; i < NTH_PIECES; i++) {
		EXPECT_OK(ioas_map(s->fd, s->a, s->p + i * PAGE, IOVA + i * 4 * GIB, PAGE, RW));
		EXPECT_OK(ioas_map(s->fd, s->b, s->p + i * PAGE, IOVA + i * 8 * GIB, PAGE, RW));
	}
	dev_start(&s->dev, which, s->fd);
}
