// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "expect.h"
#include "ioas.h"
#include "modules.h"
#include "pci.h"
#include "run.h"
#include "stretch.h"

#define MODULE		"ioasid_test_stretch"
#define PARAMETERS	"/sys/module/" MODULE "/parameters/"

#define A_CALL		10000

static unsigned long read_number(const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	sysfs_read(path, text, sizeof(text));
	return strtoul(text, NULL, 10);
}

void stretch_watch(void)
{
	char text[32];

	if (!module_is_loaded(MODULE))
		EXPECT_OK(module_load(MODULE, NULL));
	snprintf(text, sizeof(text), "%d", getpid());
	EXPECT_OK(sysfs_write(PARAMETERS "pid", text));
}

void stretch_expect(const char *what, unsigned long most)
{
	unsigned long longest, chances;
	char ends[256];

	longest = read_number("longest");
	chances = read_number("chances");
	sysfs_read(PARAMETERS "ends", ends, sizeof(ends));
	ends[strcspn(ends, "\n")] = 0;
	printf("# %8lu, %8lu chances: %s (%s)\n", longest, chances, what, ends);
	fflush(stdout);
	if (longest > most)
		FAIL("%s works for %lu instructions without a chance, from %s", what, longest,
		     ends);
}

void map_many(int fd, __u32 ioas, char *mem, __u64 iova, unsigned int nr, unsigned int pages)
{
	static struct ioasid_map_range ranges[A_CALL];
	unsigned int i, n, done;

	for (done = 0; done < nr; done += n) {
		n = nr - done < A_CALL ? nr - done : A_CALL;
		for (i = 0; i < n; i++)
			ranges[i] = (struct ioasid_map_range) {
				.flags = RW,
				.vaddr = (uintptr_t)mem + (done + i) % 32 * 2 * PAGE,
				.iova = iova + (__u64)(done + i) * 2 * PAGE,
				.length = pages * PAGE,
			};
		if (done)
			EXPECT_OK(ioas_map_array(fd, ioas, ranges, n, NULL));
		else
			SHORT(ioas_map_array(fd, ioas, ranges, n, NULL));
	}
}

int stretch_is_seen(void)
{
	if (kernel_is("6.1") || kernel_is("6.12"))
		return 1;
	printf("1..0 # SKIP the kernel yields by itself\n");
	return 0;
}
