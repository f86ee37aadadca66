// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory in physically contiguous runs of all lengths, at all places: every page
 * is where it belongs, and when it is unmapped every page is unpinned and none
 * can be reached, and what is mapped around it stays.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

#define HUGE		(2 * MIB)
#define HUGE_PAGES	512U
/* As far as a test's memory may reach */
#define PAGES_MAX	2048U

static struct {
	char *start;
	unsigned int nr;
} used;

/* Huge pages to cut runs out of, each page of them used once */
static char *raw, *raw_end;

static void raw_start(size_t size)
{
	raw = huge_memory(size, CANARY);
	if (!raw)
		FAIL("no huge pages");
	raw_end = raw + size;
}

/* Move a contiguous run of pages to @to; no neighbour of the one before */
static void cut(char *to, unsigned int pages)
{
	unsigned long left = HUGE_PAGES - ((uintptr_t)raw % HUGE) / PAGE;

	if (pages + 1 > left)
		raw += left * PAGE;
	if (pages == HUGE_PAGES && (uintptr_t)raw % HUGE)
		FAIL("a whole huge page is cut out of a part");
	EXPECT_LE((uintptr_t)raw + pages * PAGE, (uintptr_t)raw_end);
	EXPECT_TRUE(mremap(raw, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
		    to);
	raw += (pages + 1) * PAGE;
}

/* Memory made of runs of these lengths; 0 ends them */
static char *memory_of(const unsigned int *runs)
{
	unsigned int nr = 0, i;
	char *p, *at;

	for (i = 0; runs[i]; i++)
		nr += runs[i];
	EXPECT_LE(nr, PAGES_MAX);
	p = mmap(NULL, nr * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_TRUE(p != MAP_FAILED);
	for (i = 0, at = p; runs[i]; at += runs[i++] * PAGE)
		cut(at, runs[i]);
	used.start = p;
	used.nr = nr;
	return p;
}

static __u64 phys[PAGES_MAX];

/* The runs are what they should be */
static void read_phys(const unsigned int *runs)
{
	unsigned int i, run = 0, left = runs ? runs[0] : 0;

	for (i = 0; i < used.nr; i++) {
		phys[i] = phys_of(used.start + i * PAGE);
		if (!runs)
			continue;
		if (i && left == runs[run])
			EXPECT_NE(phys[i], phys[i - 1] + PAGE);
		else if (i)
			EXPECT_EQ(phys[i], phys[i - 1] + PAGE);
		if (!--left)
			left = runs[++run];
	}
}

/*
 * Map what is in @used at @iova with a page of its own on either side, reach
 * everything, unmap it, reach nothing of it. Pages of a run behave alike: every
 * @step-th and those at the ends of chunks will do.
 */
static void there_and_back(struct attached *a, __u64 iova, unsigned int step)
{
	static char *around;
	long before = pages_pinned();
	__u64 size = used.nr * PAGE, unmapped;
	unsigned int i;

#define LOOKED_AT(i) ((i) % step == 0 || (i) == used.nr - 1 || ((iova / PAGE + (i) + 1) % 512 < 2))
	if (!around)
		around = memory(2 * PAGE, CANARY);
	EXPECT_OK(ioas_map(a->fd, a->ioas, around, iova - PAGE, PAGE, RW));
	EXPECT_OK(ioas_map(a->fd, a->ioas, around + PAGE, iova + size, PAGE, RW));
	EXPECT_OK(ioas_map(a->fd, a->ioas, used.start, iova, size, RW));
	EXPECT_EQ(pages_pinned(), before + used.nr + 2);
	EXPECT_EQ(pinned_bytes(a->fd, a->ioas), size + 2 * PAGE);
	for (i = 0; i < used.nr; i++)
		if (LOOKED_AT(i))
			EXPECT_EQ(testdev_write(&a->dev, iova + i * PAGE, 32, phys[i]), DMA_DONE);
	EXPECT_OK(ioas_unmap(a->fd, a->ioas, iova, size, &unmapped));
	EXPECT_EQ(unmapped, size);
	EXPECT_EQ(pages_pinned(), before + 2);
	for (i = 0; i < used.nr; i++)
		if (LOOKED_AT(i))
			EXPECT_EQ(testdev_write(&a->dev, iova + i * PAGE, 32, 0), DMA_BLOCKED);
	/* the neighbours are as they were */
	EXPECT_EQ(testdev_write(&a->dev, iova - PAGE, PAGE, phys_of(around)), DMA_DONE);
	EXPECT_EQ(testdev_write(&a->dev, iova + size, PAGE, phys_of(around + PAGE)), DMA_DONE);
	EXPECT_OK(ioas_unmap_all(a->fd, a->ioas, NULL));
	EXPECT_EQ(pages_pinned(), before);
}

/* Around 2 MiB and 1 GiB boundaries, and away from them */
static const __u64 places[] = {
	64 * MIB, 64 * MIB + PAGE, 64 * MIB - PAGE, 64 * MIB + 16 * PAGE, 64 * MIB - 16 * PAGE,
	64 * MIB - 15 * PAGE, 64 * MIB + 511 * PAGE, 5 * GIB - PAGE, 5 * GIB - 15 * PAGE,
	5 * GIB - 16 * PAGE, 5 * GIB - 17 * PAGE, 5 * GIB + PAGE,
};

#define NR_PLACES	(sizeof(places) / sizeof(places[0]))
/* The debug kernel takes many times as long: not everything everywhere there */
#define PLACES_STEP	(kernel_is("debug") ? 5 : 1)

START_TEST(runs_of_all_lengths_are_mapped_and_unmapped)
{
	static const unsigned int patterns[][40] = {
		{ 1 }, { 15 }, { 16 }, { 17 }, { 31 }, { 32 }, { 33 },
		{ 1, 1, 1 }, { 15, 15, 15 }, { 16, 16, 16 }, { 17, 17 },
		{ 15, 16, 15, 16, 15 }, { 16, 15, 16, 15, 16 }, { 1, 16, 1, 16, 1 },
		{ 16, 1, 16 }, { 8, 8, 8, 8, 8 }, { 2, 30, 2 }, { 31, 1, 32, 1, 33 },
		/* across what is pinned at a time: 32, or 512 */
		{ 20, 20, 20 }, { 500, 20, 20 }, { 511, 1, 511 }, { 496, 31, 496 },
		{ 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		  1, 1, 1, 1, 1, 1, 40 },
		{ 100, 3, 100, 15, 7, 1, 1, 200, 16, 16, 9 },
	};
	struct attached a = attached();
	size_t i, k;

	raw_start(24 * HUGE);
	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		memory_of(patterns[i]);
		read_phys(patterns[i]);
		for (k = i % PLACES_STEP; k < NR_PLACES; k += PLACES_STEP)
			there_and_back(&a, places[k], used.nr > 100 ? 16 : 1);
	}
}
END_TEST

START_TEST(random_runs_are_mapped_and_unmapped)
{
	struct attached a = attached();
	int round;

	srandom(1);
	for (round = 0; round < (kernel_is("debug") ? 3 : 12); round++) {
		unsigned int runs[200] = { 0 }, nr = 1 + random() % 150, total = 0, i;

		raw_start(14 * HUGE);
		for (i = 0; i < nr && total < 1400; i++) {
			runs[i] = random() % 8 ? 1 + random() % 33 : 1 + random() % 200;
			total += runs[i];
		}
		memory_of(runs);
		read_phys(runs);
		for (i = 0; i < 3; i++)
			there_and_back(&a, (64 + random() % 4 * 1024) * MIB +
				       (random() % 1024 - 512) * PAGE, 7);
		EXPECT_OK(munmap(used.start, used.nr * PAGE));
	}
}
END_TEST

START_TEST(huge_pages_are_mapped_wherever_they_begin)
{
	struct attached a = attached();
	char *p = huge_memory(4 * HUGE, CANARY);
	static const struct { unsigned int first, nr; } parts[] = {
		{ 0, 512 }, { 0, 1024 }, { 0, 2048 }, { 1, 511 }, { 1, 512 }, { 0, 511 },
		{ 511, 2 }, { 511, 514 }, { 1, 1023 }, { 496, 32 }, { 497, 15 }, { 512, 513 },
	};
	size_t i, k;

	EXPECT_TRUE(p);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		used.start = p + parts[i].first * PAGE;
		used.nr = parts[i].nr;
		read_phys(NULL);
		for (k = i % PLACES_STEP; k < NR_PLACES; k += PLACES_STEP)
			there_and_back(&a, places[k], 32);
		/* where memory and addresses agree modulo 2 MiB */
		there_and_back(&a, 64 * MIB + parts[i].first * PAGE, 16);
		there_and_back(&a, 5 * GIB - HUGE + parts[i].first * PAGE, 16);
	}
}
END_TEST

START_TEST(mappings_that_touch_are_unmapped_one_by_one)
{
	struct attached a = attached();
	char *p = huge_memory(2 * HUGE, CANARY);
	unsigned int i, order[16];
	long before;

	/* one contiguous huge page, mapped in pieces that fit one another */
	EXPECT_TRUE(p);
	before = pages_pinned();
	for (i = 0; i < 16; i++) {
		order[i] = i * 7 % 16;
		EXPECT_OK(ioas_map(a.fd, a.ioas, p + i * 32 * PAGE, 64 * MIB + i * 32 * PAGE,
				   32 * PAGE, RW));
	}
	EXPECT_OK(ioas_map(a.fd, a.ioas, p + HUGE, 64 * MIB + HUGE, HUGE, RW));
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, 64 * MIB - HUGE, HUGE, RW));
	for (i = 0; i < 16; i++) {
		__u64 iova = 64 * MIB + order[i] * 32 * PAGE, unmapped;
		unsigned int j;

		EXPECT_OK(ioas_unmap(a.fd, a.ioas, iova, 32 * PAGE, &unmapped));
		EXPECT_EQ(unmapped, 32 * PAGE);
		for (j = 0; j < 16; j++)
			EXPECT_EQ(testdev_write(&a.dev, 64 * MIB + order[j] * 32 * PAGE, 32, 0),
				  j <= i ? DMA_BLOCKED : DMA_DONE);
		EXPECT_EQ(testdev_write(&a.dev, 64 * MIB - PAGE, 32, phys_of(p + HUGE - PAGE)),
			  DMA_DONE);
		EXPECT_EQ(testdev_write(&a.dev, 64 * MIB + HUGE, 32, phys_of(p + HUGE)),
			  DMA_DONE);
		EXPECT_EQ(pages_pinned(), before + 1024 + 512 - 32 * (i + 1));
	}
}
END_TEST

START_TEST(map_that_fails_after_long_runs_leaves_nothing)
{
	static const unsigned int sizes[] = { 2, 31, 33, 512, 513, 530, 1024, 1040 };
	struct attached a = attached();
	char *p = huge_memory(4 * HUGE, CANARY);
	long before = pages_pinned();
	size_t vm = vm_pinned();
	unsigned int i, k;

	EXPECT_TRUE(p);
	EXPECT_OK(munmap(p + 1040 * PAGE, PAGE));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (k = 0; k < 4; k++) {
			__u64 iova = 5 * GIB - k * 17 * PAGE;

			EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p + (1041 - sizes[i]) * PAGE, iova,
					      sizes[i] * PAGE, RW), EFAULT);
			EXPECT_EQ(pages_pinned(), before);
			EXPECT_EQ(vm_pinned(), vm);
			EXPECT_EQ(testdev_write(&a.dev, iova, 32, 0), DMA_BLOCKED);
			EXPECT_EQ(testdev_write(&a.dev, iova + sizes[i] / 2 * PAGE, 32, 0),
				  DMA_BLOCKED);
		}
	}
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
}
END_TEST

/* Read and write rights, detach and attach: the same runs in a new page table */
START_TEST(runs_are_mapped_anew_by_every_attach)
{
	static const unsigned int runs[] = { 16, 3, 100, 1, 15, 17, 512 - 17, 0 };
	struct attached a = attached();
	__u64 iova = 5 * GIB - 20 * PAGE;
	long before;
	unsigned int i;
	int round;

	raw_start(8 * HUGE);
	memory_of(runs);
	read_phys(runs);
	before = pages_pinned();
	EXPECT_OK(dev_detach(a.dev.fd, a.fd));
	EXPECT_OK(ioas_map(a.fd, a.ioas, used.start, iova, used.nr * PAGE, RW));
	EXPECT_OK(ioas_map(a.fd, a.ioas, used.start, 64 * MIB + PAGE, used.nr * PAGE,
			   IOASID_MAP_READ));
	for (round = 0; round < 3; round++) {
		EXPECT_OK(dev_attach(a.dev.fd, a.fd, a.ioas));
		EXPECT_EQ(pages_pinned(), before + 2 * used.nr);
		for (i = 0; i < used.nr; i += 3) {
			EXPECT_EQ(testdev_write(&a.dev, iova + i * PAGE, 32, phys[i]), DMA_DONE);
			EXPECT_EQ(testdev_write(&a.dev, 64 * MIB + (i + 1) * PAGE, 32, 0),
				  DMA_BLOCKED);
		}
		EXPECT_OK(dev_detach(a.dev.fd, a.fd));
		EXPECT_EQ(pages_pinned(), before);
		for (i = 0; i < used.nr; i += 3)
			EXPECT_EQ(testdev_write(&a.dev, iova + i * PAGE, 32, 0), DMA_BLOCKED);
	}
}
END_TEST

/* Contiguous beyond huge pages, across 1 GiB of addresses: what hugetlb gives */
START_TEST(larger_runs_are_mapped_across_1_gib)
{
	size_t size = 256 * MIB, at;
	struct attached a = attached();
	char text[32];
	long before = pages_pinned();
	__u64 longest = 0, run = 0, last = 0, unmapped;
	int k;
	char *p;

	if (sysfs_write("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "128"))
		return;			/* none in this kernel */
	sysfs_read("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", text, sizeof(text));
	EXPECT_EQ(atoi(text), 128);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	EXPECT_TRUE(p != MAP_FAILED);
	for (at = 0; at < size; at += HUGE) {
		__u64 now = phys_of(p + at);

		run = now == last + HUGE ? run + HUGE : HUGE;
		longest = run > longest ? run : longest;
		last = now;
	}
	printf("# the longest run is of %llu MiB\n", longest / MIB);
	fflush(stdout);
	for (k = 0; k < 5; k++) {
		static const __u64 iovas[] = {
			5 * GIB, 5 * GIB - 128 * MIB, 5 * GIB - 64 * MIB + PAGE,
			5 * GIB - 100 * MIB - 16 * PAGE, 6 * GIB - HUGE,
		};

		EXPECT_OK(ioas_map(a.fd, a.ioas, p, iovas[k], size, RW));
		EXPECT_EQ(pages_pinned(), before + (long)(size / PAGE));
		for (at = 0; at < size; at += HUGE / 2 + 3 * PAGE)
			EXPECT_EQ(testdev_write(&a.dev, iovas[k] + at, 32, phys_of(p + at)),
				  DMA_DONE);
		EXPECT_OK(ioas_unmap(a.fd, a.ioas, iovas[k], size, &unmapped));
		EXPECT_EQ(unmapped, size);
		EXPECT_EQ(pages_pinned(), before);
		for (at = 0; at < size; at += HUGE / 2 + 3 * PAGE)
			EXPECT_EQ(testdev_write(&a.dev, iovas[k] + at, 32, 0), DMA_BLOCKED);
	}
	EXPECT_OK(munmap(p, size));
	EXPECT_OK(sysfs_write("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0"));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		runs_of_all_lengths_are_mapped_and_unmapped,
		random_runs_are_mapped_and_unmapped,
		huge_pages_are_mapped_wherever_they_begin,
		mappings_that_touch_are_unmapped_one_by_one,
		map_that_fails_after_long_runs_leaves_nothing,
		runs_are_mapped_anew_by_every_attach,
		larger_runs_are_mapped_across_1_gib,
		NULL,
	};

	return run_program(argc, argv, "long-runs", tests, RUN_DEVICES);
}
