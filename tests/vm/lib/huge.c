// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "expect.h"
#include "huge.h"
#include "ioas.h"
#include "pci.h"

#define NR_HUGEPAGES	"/proc/sys/vm/nr_hugepages"

static int meminfo(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	int n = -1;

	EXPECT_TRUE(f);
	while (n < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			n = atoi(line + strlen(name));
	fclose(f);
	return n;
}

bool set_huge_pages(int nr)
{
	char text[16];

	if (access(NR_HUGEPAGES, F_OK))
		return false;
	snprintf(text, sizeof(text), "%d", nr);
	EXPECT_OK(sysfs_write(NR_HUGEPAGES, text));
	EXPECT_EQ(meminfo("HugePages_Total:"), nr);
	return true;
}

char *reserve_huge_pages(int nr)
{
	char *p = mmap(NULL, nr * HUGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	EXPECT_NE((long)p, -1);
	return p;
}

int huge_pages_free(void)
{
	return meminfo("HugePages_Free:");
}

int huge_pages_reserved(void)
{
	return meminfo("HugePages_Rsvd:");
}
