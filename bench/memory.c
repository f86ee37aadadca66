// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

#define HUGE_PAGE	(2UL << 20)
#define PAGES		(GIB / PAGE)
#define ADDRESS		(1UL << 36)

const char *const kind_names[NR_KINDS] = {
	"4k_sequential", "4k_scattered", "4k_runs", "thp",
};

/*
 * A page fault takes the next page that the kernel has, and so where memory is
 * depends on the order in which it is touched: in the order of addresses, or
 * @run pages in that order here, then as many somewhere else.
 */
static void touch(char *p, size_t run)
{
	static uint32_t order[PAGES];
	uint64_t random = 1;
	size_t i, j;

	for (i = 0; i < PAGES / run; i++)
		order[i] = i;
	for (i = PAGES / run - 1; run < PAGES && i; i--) {
		uint32_t swap = order[i];

		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		j = (random >> 33) % (i + 1);
		order[i] = order[j];
		order[j] = swap;
	}
	for (i = 0; i < PAGES / run; i++)
		for (j = 0; j < run; j++)
			*(volatile char *)(p + (order[i] * run + j) * PAGE) = 1;
}

static uint64_t pfns[PAGES];

static void read_pfns(const char *p)
{
	const uint64_t pfn = (1ULL << 55) - 1, present = 1ULL << 63;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t i;

	must(fd, "/proc/self/pagemap");
	if (pread(fd, pfns, sizeof(pfns), (uintptr_t)p / PAGE * 8) != sizeof(pfns))
		die("read /proc/self/pagemap");
	close(fd);
	for (i = 0; i < PAGES; i++) {
		errno = ENODATA;
		if (!(pfns[i] & present) || !(pfns[i] & pfn))
			die("a page of the memory is not there");
		pfns[i] &= pfn;
	}
}

/* Number of physically contiguous runs */
static size_t count_runs(void)
{
	size_t i, runs = 1;

	for (i = 1; i < PAGES; i++)
		runs += pfns[i] != pfns[i - 1] + 1;
	return runs;
}

/* Can an IOMMU map some of it by 2 MiB, if the first page is mapped at @shift
 * pages beyond a multiple of that?
 */
static int has_superpages(size_t shift)
{
	const size_t pages = HUGE_PAGE / PAGE;
	size_t i, n;

	for (i = (pages - shift) % pages; i + pages <= PAGES; i += pages) {
		if (pfns[i] % pages)
			continue;
		for (n = 1; n < pages && pfns[i + n] == pfns[i] + n; n++)
			;
		if (n == pages)
			return 1;
	}
	return 0;
}

/* How much of the mapping at @p is in transparent huge pages, KiB */
static long anon_huge(const char *p)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long start, end;
	char line[256];
	int here = 0;
	long kb = 0, n;

	if (!f)
		die("/proc/self/smaps");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start < (uintptr_t)p + GIB && end > (uintptr_t)p;
		else if (here && sscanf(line, "AnonHugePages: %ld kB", &n) == 1)
			kb += n;
	}
	fclose(f);
	return kb;
}

struct memory memory(enum kind kind)
{
	static const size_t run[NR_KINDS] = { PAGES, 1, RUN_PAGES, PAGES };
	struct memory m = { };
	size_t runs;
	char *p;
	long huge;

	/* Below all else that the process has: what it costs the kernel to find
	 * a mapping of the process depends on how many there are before it
	 */
	p = mmap((void *)(ADDRESS + ((unsigned long)kind << 32)), GIB, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p == MAP_FAILED)
		die("mmap");
	must(madvise(p, GIB, kind == HUGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), "madvise");
	touch(p, run[kind]);
	m.start = p;

	read_pfns(p);
	/* What is contiguous by chance must not become large pages by chance */
	while (kind != HUGE && has_superpages(m.shift / PAGE) && m.shift < HUGE_PAGE)
		m.shift += PAGE;
	runs = count_runs();
	huge = anon_huge(p);
	printf("@memory %s %zu %ld\n", kind_names[kind], runs, huge);
	errno = ENOTSUP;
	if (huge != (kind == HUGE ? (long)(GIB / 1024) : 0))
		die("huge pages where there should be none, or none where there should be");
	/* The kernel's own page tables lie in between */
	if (runs > PAGES / run[kind] + PAGES / 50 ||
	    (kind == SCATTERED && runs < PAGES - PAGES / 100))
		die("the memory is not as contiguous as it should be");
	return m;
}

struct file_memory file_pages(void)
{
	struct file_memory m = { .fd = memfd_create("bench", MFD_CLOEXEC) };

	must(m.fd, "memfd_create");
	must(ftruncate(m.fd, GIB), "ftruncate");
	m.start = mmap((void *)(ADDRESS - (1UL << 32)), GIB, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED_NOREPLACE, m.fd, 0);
	if (m.start == MAP_FAILED)
		die("mmap");
	touch(m.start, PAGES);
	return m;
}

/* The value of a line of /proc/meminfo, 0 if there is none */
static long meminfo(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128], word[64];
	long value = 0, n;

	if (!f)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %ld", word, &n) == 2 && !strcmp(word, name))
			value = n;
	fclose(f);
	return value;
}

/* Pages in the per-CPU lists, which do not count as free */
static long cached_pages(void)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	char line[128];
	long pages = 0, n;

	if (!f)
		die("/proc/zoneinfo");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %ld", &n) == 1)
			pages += n;
	fclose(f);
	return pages;
}

struct usage usage(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	/* Fold what each CPU has counted on its own */
	if (fd < 0 || write(fd, "1", 1) != 1)
		die("/proc/sys/vm/stat_refresh");
	close(fd);
	return (struct usage) {
		.slab = meminfo("Slab"),
		.page_tables = meminfo("PageTables") + meminfo("SecPageTables"),
		.used = meminfo("MemTotal") - meminfo("MemFree") - cached_pages() * 4,
	};
}
