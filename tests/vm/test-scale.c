// SPDX-License-Identifier: GPL-2.0-only
/*
 * Very many mappings: made by arrays, taken away at once, one way or another,
 * while others have their turn on the same processor; and what they cost in
 * memory. A million where that alone is what is tested, otherwise 100,000, or
 * what IOASID_MAPPINGS in the environment (scripts/vm --append) says.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"

/* The same pages again and again */
#define PAGES	64U
#define BATCH	4000U

/* So long may nobody else have a turn, and so often must somebody have one on
 * average, milliseconds. A machine that is emulated on a busy one stops now and
 * then; a processor that works without a pause gives one turn in all.
 */
#define TURN_MAX	2000
#define TURN_MEAN	50

static unsigned long nr_mappings(unsigned long nr)
{
	const char *env = getenv("IOASID_MAPPINGS");

	/* the debug kernel takes many times as long */
	return env ? strtoul(env, NULL, 0) : kernel_is("debug") ? nr / 25 : nr;
}

#define SOME	nr_mappings(100000)
#define MILLION	nr_mappings(1000000)

/* There is room for them from here on */
#define FROM	(8 * GIB)

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* How long a thread on this processor had no turn */
struct watch {
	pthread_t thread;
	volatile int stop;
	long worst, start, turns;
};

static void *watch_thread(void *arg)
{
	struct watch *watch = arg;

	while (!watch->stop) {
		long before = now_ms(), gap;

		sleep_ms(1);
		gap = now_ms() - before;
		watch->turns++;
		if (gap > watch->worst)
			watch->worst = gap;
	}
	return NULL;
}

static void watch_start(struct watch *watch)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(1, &one);
	EXPECT_OK(sched_setaffinity(0, sizeof(one), &one));
	watch->stop = watch->worst = 0;
	EXPECT_EQ(pthread_create(&watch->thread, NULL, watch_thread, watch), 0);
	sleep_ms(20);
	watch->worst = watch->turns = 0;
	watch->start = now_ms();
}

static void watch_end(struct watch *watch, const char *what)
{
	long took = now_ms() - watch->start, turns = watch->turns;

	watch->stop = 1;
	pthread_join(watch->thread, NULL);
	if (watch->worst > TURN_MAX || turns < took / TURN_MEAN)
		FAIL("%s took %ld ms: others had %ld turns, and none for %ld ms", what, took,
		     turns, watch->worst);
}

static void map_many(int fd, __u32 ioas, char *p, unsigned long nr)
{
	struct ioasid_map_range *range = calloc(BATCH, sizeof(*range));
	unsigned long done = 0;

	EXPECT_TRUE(range);
	while (done < nr) {
		unsigned int n = nr - done < BATCH ? nr - done : BATCH, i;
		__u32 mapped;

		for (i = 0; i < n; i++)
			range[i] = (struct ioasid_map_range){
				RW, 0, (uintptr_t)p + i % PAGES * PAGE,
				FROM + (done + i) * PAGE, PAGE,
			};
		EXPECT_OK(ioas_map_array(fd, ioas, range, n, &mapped));
		EXPECT_EQ(mapped, n);
		done += n;
	}
	free(range);
	EXPECT_EQ(mapped_bytes(fd, ioas), nr * PAGE);
}

static void expect_reached(struct dev *dev, char *p, unsigned long nr)
{
	static const unsigned long steps[] = { 0, 1, 2, 3, 5, 8 };
	size_t k;

	for (k = 0; k < 6; k++) {
		unsigned long i = nr * steps[k] / 8;

		i -= i == nr;
		EXPECT_EQ(testdev_write(dev, FROM + i * PAGE, 64,
					phys_of(p + i % BATCH % PAGES * PAGE)), DMA_DONE);
	}
}

static void expect_not_reached(struct dev *dev, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i <= 8; i++)
		EXPECT_EQ(testdev_write(dev, FROM + nr * i / 8 * PAGE, 64, 0), DMA_BLOCKED);
}

START_TEST(many_mappings_are_unmapped_in_one_call)
{
	unsigned long nr = MILLION;
	char *p = memory(PAGES * PAGE, CANARY);
	struct attached a = attached();
	long before = pages_pinned(), start = now_ms(), made, gone;
	struct watch watch;
	__u64 unmapped;

	map_many(a.fd, a.ioas, p, nr);
	made = now_ms();
	EXPECT_EQ(pages_pinned(), before + (long)nr);
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), nr * PAGE);
	expect_reached(&a.dev, p, nr);
	watch_start(&watch);
	gone = now_ms();
	EXPECT_OK(ioas_unmap_all(a.fd, a.ioas, &unmapped));
	EXPECT_EQ(unmapped, nr * PAGE);
	printf("# %lu mappings are made in %ld ms, unmapped in %ld ms; others waited for %ld ms\n",
	       nr, made - start, now_ms() - gone, watch.worst);
	fflush(stdout);
	watch_end(&watch, "unmap all");
	EXPECT_EQ(pages_pinned(), before);
	expect_not_reached(&a.dev, nr);
}
END_TEST

START_TEST(many_mappings_are_unpinned_by_detach_and_pinned_by_attach)
{
	unsigned long nr = SOME;
	char *p = memory(PAGES * PAGE, CANARY);
	struct attached a = attached();
	long before = pages_pinned();
	struct watch watch;
	long took;
	int fd = a.fd;

	map_many(fd, a.ioas, p, nr);
	watch_start(&watch);
	took = now_ms();
	EXPECT_OK(dev_detach(a.dev.fd, fd));
	printf("# detached in %ld ms\n", now_ms() - took);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(mapped_bytes(fd, a.ioas), nr * PAGE);
	EXPECT_EQ(pinned_bytes(fd, a.ioas), 0);
	expect_not_reached(&a.dev, nr);
	took = now_ms();
	EXPECT_OK(dev_attach(a.dev.fd, fd, a.ioas));
	printf("# attached in %ld ms; others waited for %ld ms\n", now_ms() - took, watch.worst);
	fflush(stdout);
	watch_end(&watch, "detach and attach");
	EXPECT_EQ(pages_pinned(), before + (long)nr);
	expect_reached(&a.dev, p, nr);
}
END_TEST

struct owner {
	unsigned long nr;
	bool attach;
	volatile int ready, go;
};

static void map_many_and_end(void *arg)
{
	struct owner *o = arg;
	char *p = memory(PAGES * PAGE, CANARY);
	cpu_set_t one;
	__u32 ioas;
	int fd;

	CPU_ZERO(&one);
	CPU_SET(1, &one);
	EXPECT_OK(sched_setaffinity(0, sizeof(one), &one));
	if (o->attach) {
		struct attached a = attached();

		fd = a.fd;
		ioas = a.ioas;
	} else {
		fd = EXPECT_OK(iommu_open());
		ioas = new_ioas(fd);
	}
	map_many(fd, ioas, p, o->nr);
	o->ready = 1;
	while (!o->go)
		sleep_ms(1);
}

static void ends(unsigned long nr, bool attach, bool killed)
{
	struct owner *o = shared_memory(sizeof(*o));
	long before = pages_pinned(), took;
	struct watch watch;
	pid_t pid;
	int i;

	o->nr = nr;
	o->attach = attach;
	pid = start_child(map_many_and_end, o);
	for (i = 0; i < 25 && !o->ready && child_runs(pid); i++)
		sleep_ms(1000);
	wait_for(&o->ready);
	EXPECT_EQ(pages_pinned(), before + (attach ? (long)o->nr : 0));
	watch_start(&watch);
	took = now_ms();
	if (killed) {
		kill_child(pid);
	} else {
		o->go = 1;
		end_child(pid);
	}
	printf("# a process with %lu mappings ends in %ld ms; others waited for %ld ms\n",
	       o->nr, now_ms() - took, watch.worst);
	fflush(stdout);
	watch_end(&watch, "end of a process");
	EXPECT_EQ(pages_pinned(), before);
}

START_TEST(process_with_many_mappings_ends)
{
	ends(SOME, true, false);
}
END_TEST

START_TEST(process_with_many_mappings_is_killed)
{
	ends(3 * SOME, true, true);
}
END_TEST

START_TEST(process_with_many_mappings_and_no_device_ends)
{
	ends(SOME, false, false);
}
END_TEST

START_TEST(many_mappings_are_unmapped_by_arrays)
{
	unsigned long nr = SOME, i, n;
	struct ioasid_unmap_range *range = calloc(nr, sizeof(*range));
	char *p = memory(PAGES * PAGE, CANARY);
	struct attached a = attached();
	long before = pages_pinned();
	struct watch watch;
	__u64 unmapped;
	__u32 done;

	EXPECT_TRUE(range);
	map_many(a.fd, a.ioas, p, nr);
	/* every second one, then the others; all in one call */
	for (i = 0; i < nr; i++) {
		n = i < nr / 2 ? 2 * i + 1 : 2 * (i - nr / 2);
		range[i].iova = FROM + n * PAGE;
		range[i].length = PAGE;
	}
	watch_start(&watch);
	EXPECT_OK(ioas_unmap_array(a.fd, a.ioas, range, nr, &done, &unmapped));
	watch_end(&watch, "unmap by an array");
	EXPECT_EQ(done, nr);
	EXPECT_EQ(unmapped, nr * PAGE);
	EXPECT_EQ(pages_pinned(), before);
	expect_not_reached(&a.dev, nr);
}
END_TEST

/* The kernel warns when the count of a page's references overflows, at 2^21 pins */
START_TEST(page_is_mapped_a_million_times_and_no_more)
{
	struct ioasid_map_range *range = calloc(BATCH, sizeof(*range));
	struct attached a = attached();
	long before = pages_pinned();
	unsigned long nr = 0;
	char *p = memory(PAGE, CANARY);
	unsigned int i;
	__u32 mapped;

	EXPECT_TRUE(range);
	/* it would take an hour there */
	if (kernel_is("debug"))
		return;
	do {
		for (i = 0; i < BATCH; i++)
			range[i] = (struct ioasid_map_range){
				RW, 0, (uintptr_t)p, FROM + (nr + i) * PAGE, PAGE,
			};
		errno = 0;
		ioas_map_array(a.fd, a.ioas, range, BATCH, &mapped);
		nr += mapped;
	} while (mapped == BATCH && nr < 3 << 20);
	EXPECT_EQ(errno, ENOMEM);
	EXPECT_GE(nr, (1 << 20) - BATCH);
	EXPECT_LE(nr, (1 << 20) + BATCH);
	EXPECT_OK(ioas_unmap_all(a.fd, a.ioas, NULL));
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA, PAGE, RW));
	expect_dma(&a.dev, IOVA, p, PAGE);
	EXPECT_OK(ioas_unmap_all(a.fd, a.ioas, NULL));
}
END_TEST

static long meminfo_kb(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128], format[64];
	long kb;

	EXPECT_TRUE(f);
	snprintf(format, sizeof(format), "%s: %%ld kB", name);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, format, &kb) == 1) {
			fclose(f);
			return kb;
		}
	FAIL("/proc/meminfo has no %s", name);
}

/* Unmapped and mapped again, so that what the kernel keeps is there already */
START_TEST(separate_mapping_takes_at_most_128_bytes)
{
	unsigned long nr = SOME;
	char *p = memory(PAGES * PAGE, CANARY);
	long before, kb;
	bool attach;

	if (kernel_is("debug"))
		return;			/* its slabs are larger */
	for (attach = false; ; attach = true) {
		int fd = EXPECT_OK(iommu_open());
		__u32 ioas = new_ioas(fd);
		struct dev dev;

		if (attach) {
			dev_start(&dev, TESTDEV_0, fd);
			EXPECT_OK(dev_attach(dev.fd, fd, ioas));
		}
		before = meminfo_kb("Slab");
		map_many(fd, ioas, p, nr);
		kb = meminfo_kb("Slab") - before;
		printf("# %s device: %ld bytes of slabs a mapping\n", attach ? "with a" : "without",
		       kb * 1024 / (long)nr);
		fflush(stdout);
		EXPECT_LE(kb * 1024, 128 * nr);
		EXPECT_OK(ioas_unmap_all(fd, ioas, NULL));
		/* virtio-iommu keeps a list of mappings in place of a page table */
		if (attach || config_has("virtio"))
			return;
	}
}
END_TEST

/* Scattered or not: what is remembered of 256 MiB is at most a byte a page */
START_TEST(long_mapping_takes_at_most_a_byte_a_page)
{
	unsigned long size = 256 * MIB;
	struct attached a = attached();
	long before, kb;
	char *p;
	int huge;

	if (kernel_is("debug"))
		return;
	for (huge = 0; huge < 2; huge++) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		EXPECT_TRUE(p != MAP_FAILED);
		madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		memset(p, CANARY, size);
		before = meminfo_kb("Slab");
		EXPECT_OK(ioas_map(a.fd, a.ioas, p, FROM + PAGE, size, RW));
		kb = meminfo_kb("Slab") - before;
		printf("# 256 MiB of %s pages: %ld KiB of slabs\n", huge ? "huge" : "small", kb);
		fflush(stdout);
		/*
		 * The page tables' own structures may be slabs; some noise.
		 * virtio-iommu keeps a list of mappings in place of a page table.
		 */
		if (!config_has("virtio"))
			EXPECT_LE(kb, (long)(size / PAGE / 1024) + 64);
		EXPECT_EQ(testdev_write(&a.dev, FROM + size, 64, phys_of(p + size - PAGE)), DMA_DONE);
		EXPECT_OK(ioas_unmap_all(a.fd, a.ioas, NULL));
		EXPECT_EQ(testdev_write(&a.dev, FROM + size, 64, 0), DMA_BLOCKED);
		EXPECT_OK(munmap(p, size));
	}
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		many_mappings_are_unmapped_in_one_call,
		many_mappings_are_unpinned_by_detach_and_pinned_by_attach,
		many_mappings_are_unmapped_by_arrays,
		page_is_mapped_a_million_times_and_no_more,
		process_with_many_mappings_ends,
		process_with_many_mappings_is_killed,
		process_with_many_mappings_and_no_device_ends,
		separate_mapping_takes_at_most_128_bytes,
		long_mapping_takes_at_most_a_byte_a_page,
		NULL,
	};

	return run_program(argc, argv, "scale", tests, RUN_DEVICES);
}
