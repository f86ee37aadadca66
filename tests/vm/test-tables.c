// SPDX-License-Identifier: GPL-2.0-only
/*
 * One address space with devices behind two IOMMUs, and so with two page tables.
 * For machines that have two.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "device.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "pci.h"
#include "process.h"
#include "run.h"

/* In which order the two are attached, and leave */
static const enum which orders[2][2] = { { TESTDEV_0, FAR_0 }, { FAR_0, TESTDEV_0 } };

/* Memory whose pages do not follow one another in the order of their addresses */
static char *scattered(unsigned int pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i, step = 7919;

	EXPECT_NE((long)p, -1);
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	while (pages % step == 0)
		step += 2;
	for (i = 0; i < pages; i++)
		memset(p + (unsigned long)i * step % pages * PAGE, CANARY, PAGE);
	return p;
}

struct lot {
	char *p;
	__u64 iova;
	unsigned int pages;
	__u32 flags;
};

#define NR_LOTS	8
#define ARRAY	(MANY + 1)

/* What differs in how it is pinned, remembered and mapped */
struct lots {
	struct lot lot[NR_LOTS];
	char *array;
};

static struct lots lots(void)
{
	char *huge = huge_memory(8 * MIB, CANARY);
	struct lots l = { .lot = {
		/* across chunks and across a multiple of 1 GiB */
		{ scattered(700), 5 * GIB - 333 * PAGE, 700, RW },
		{ memory(600 * PAGE, CANARY), 6 * GIB + 5 * PAGE, 600, RW },
		{ huge, 7 * GIB, 4 * 512, RW },
		/* the same, where no page of the IOMMU can be larger */
		{ huge, 8 * GIB + PAGE, 4 * 512, RW },
		{ scattered(40), 9 * GIB, 40, IOASID_MAP_READ },
		{ memory(PAGE, CANARY), 10 * GIB - PAGE, 1, RW },
		{ scattered(2), 10 * GIB, 2, RW },
		{ memory(33 * PAGE, CANARY), 11 * GIB - 7 * PAGE, 33, RW },
	}, .array = memory(ARRAY * PAGE, CANARY) };

	EXPECT_TRUE(huge);
	return l;
}

#define LOTS_PAGES	(700 + 600 + 8 * 512 + 40 + 1 + 2 + 33UL)
#define ALL_PAGES	(LOTS_PAGES + ARRAY)

static void map_lot(int fd, __u32 ioas, const struct lot *lot)
{
	EXPECT_OK(ioas_map(fd, ioas, lot->p, lot->iova, lot->pages * PAGE, lot->flags));
}

static void map_array(int fd, __u32 ioas, struct lots *l)
{
	struct ioasid_map_range *range = map_ranges(l->array, ARRAY);
	__u32 done = 0;

	EXPECT_OK(ioas_map_array(fd, ioas, range, ARRAY, &done));
	EXPECT_EQ(done, ARRAY);
	free(range);
}

static void map_all(int fd, __u32 ioas, struct lots *l)
{
	int i;

	for (i = 0; i < NR_LOTS; i++)
		map_lot(fd, ioas, &l->lot[i]);
	map_array(fd, ioas, l);
}

static void expect_page(struct dev *dev, __u64 iova, void *p, bool reached)
{
	if (reached)
		memset(p, CANARY, 16);
	if (testdev_write(dev, iova, 16, 0) != (reached ? DMA_DONE : DMA_BLOCKED))
		FAIL("DMA by %s to %#llx is %s", dev->bdf, iova,
		     reached ? "blocked" : "not blocked");
	if (reached)
		expect_pattern(p, 16);
}

/* About so many pages of it, the first and the last among them */
static void expect_some(struct dev *dev, const struct lot *lot, bool reached,
			unsigned int nr)
{
	unsigned int i, step = lot->pages / nr + 1;

	for (i = 0; i < lot->pages + step - 1; i += step) {
		unsigned int page = i < lot->pages ? i : lot->pages - 1;

		expect_page(dev, lot->iova + page * PAGE, lot->p + page * PAGE,
			    reached && lot->flags & IOASID_MAP_WRITE);
	}
}

static void expect_lot(struct dev *dev, const struct lot *lot, bool reached)
{
	expect_some(dev, lot, reached, 20);
}

/* Every page of those that are mapped, and what is around */
static void expect_all(struct dev *dev, struct lots *l, bool reached)
{
	unsigned int i;

	for (i = 0; i < NR_LOTS; i++)
		expect_some(dev, &l->lot[i], reached, reached ? l->lot[i].pages : 20);
	for (i = 0; i < ARRAY; i++) {
		expect_page(dev, iova_of(i), l->array + i * PAGE, reached);
		expect_page(dev, iova_of(i) + PAGE, NULL, false);
	}
	/* ends of mappings that have nothing behind them */
	expect_page(dev, l->lot[0].iova + 700 * PAGE, NULL, false);
	expect_page(dev, l->lot[1].iova + 600 * PAGE, NULL, false);
	expect_page(dev, l->lot[2].iova + 8 * MIB, NULL, false);
	expect_page(dev, l->lot[3].iova + 8 * MIB, NULL, false);
	expect_page(dev, l->lot[3].iova - PAGE, NULL, false);
}

/* An address space, and the two devices bound to its file */
struct pair {
	int fd;
	__u32 ioas;
	struct dev dev[2];
};

static struct pair pair(int order)
{
	struct pair s = { .fd = EXPECT_OK(iommu_open()) };

	s.ioas = new_ioas(s.fd);
	dev_start(&s.dev[0], orders[order][0], s.fd);
	dev_start(&s.dev[1], orders[order][1], s.fd);
	return s;
}

static void attach(struct pair *s, int i)
{
	EXPECT_OK(dev_attach(s->dev[i].fd, s->fd, s->ioas));
}

static void detach(struct pair *s, int i)
{
	EXPECT_OK(dev_detach(s->dev[i].fd, s->fd));
}

static void expect_pinned(struct pair *s, unsigned long pages, long before)
{
	EXPECT_EQ(pinned_bytes(s->fd, s->ioas), pages * PAGE);
	EXPECT_EQ(vm_pinned(), pages * PAGE);
	EXPECT_EQ(pages_pinned(), before + pages);
}

static void late_device(int order)
{
	long before = pages_pinned();
	struct pair s = pair(order);
	struct lots l = lots();

	attach(&s, 0);
	map_all(s.fd, s.ioas, &l);
	expect_pinned(&s, ALL_PAGES, before);
	attach(&s, 1);
	/* what was pinned for the first one will do */
	expect_pinned(&s, ALL_PAGES, before);
	expect_all(&s.dev[1], &l, true);
	expect_all(&s.dev[0], &l, true);
	expect_pinned(&s, ALL_PAGES, before);
}

START_TEST(tables_late_device_gets_everything)
{
	late_device(0);
}
END_TEST

START_TEST(tables_late_device_gets_everything_the_other_way_round)
{
	late_device(1);
}
END_TEST

START_TEST(tables_are_filled_before_between_and_after_the_attaches)
{
	struct pair s = pair(0);
	struct lots l = lots();
	long before = pages_pinned();
	int i;

	for (i = 0; i < 3; i++)
		map_lot(s.fd, s.ioas, &l.lot[i]);
	expect_pinned(&s, 0, before);
	attach(&s, 0);
	for (; i < 5; i++)
		map_lot(s.fd, s.ioas, &l.lot[i]);
	attach(&s, 1);
	for (; i < NR_LOTS; i++)
		map_lot(s.fd, s.ioas, &l.lot[i]);
	map_array(s.fd, s.ioas, &l);
	expect_all(&s.dev[0], &l, true);
	expect_all(&s.dev[1], &l, true);
	expect_pinned(&s, ALL_PAGES, before);
}
END_TEST

START_TEST(tables_lose_what_is_unmapped)
{
	struct pair s = pair(0);
	struct lots l = lots();
	struct ioasid_unmap_range *range = unmap_ranges(ARRAY);
	long before = pages_pinned();
	unsigned int i, j;
	__u64 unmapped;
	__u32 done;

	attach(&s, 0);
	map_all(s.fd, s.ioas, &l);
	attach(&s, 1);
	/* one after the other, copied ones first */
	for (i = 0; i < NR_LOTS; i += 2) {
		EXPECT_OK(ioas_unmap(s.fd, s.ioas, l.lot[i].iova, l.lot[i].pages * PAGE,
				     &unmapped));
		EXPECT_EQ(unmapped, l.lot[i].pages * PAGE);
		for (j = 0; j < 2; j++) {
			expect_lot(&s.dev[j], &l.lot[i], false);
			expect_lot(&s.dev[j], &l.lot[i + 1], true);
		}
	}
	/* and then those that were mapped in both */
	for (i = 0; i < NR_LOTS; i += 2) {
		map_lot(s.fd, s.ioas, &l.lot[i]);
		expect_lot(&s.dev[1], &l.lot[i], true);
		EXPECT_OK(ioas_unmap(s.fd, s.ioas, l.lot[i].iova, l.lot[i].pages * PAGE,
				     NULL));
		for (j = 0; j < 2; j++)
			expect_lot(&s.dev[j], &l.lot[i], false);
	}
	EXPECT_OK(ioas_unmap_array(s.fd, s.ioas, range, ARRAY, &done, &unmapped));
	EXPECT_EQ(done, ARRAY);
	for (i = 0; i < ARRAY; i++)
		for (j = 0; j < 2; j++)
			expect_page(&s.dev[j], iova_of(i), NULL, false);
	EXPECT_OK(ioas_unmap_all(s.fd, s.ioas, NULL));
	for (j = 0; j < 2; j++)
		expect_all(&s.dev[j], &l, false);
	expect_pinned(&s, 0, before);
}
END_TEST

/* Whichever of them was first, whoever leaves, the other goes on */
static void leave(int order, int first)
{
	struct pair s = pair(order);
	struct lots l = lots();
	long before = pages_pinned();
	int other = !first;

	attach(&s, 0);
	map_all(s.fd, s.ioas, &l);
	attach(&s, 1);
	detach(&s, first);
	expect_pinned(&s, ALL_PAGES, before);
	expect_all(&s.dev[first], &l, false);
	expect_all(&s.dev[other], &l, true);
	/* mapping and unmapping go on with one */
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, l.lot[0].iova, 700 * PAGE, NULL));
	expect_lot(&s.dev[other], &l.lot[0], false);
	map_lot(s.fd, s.ioas, &l.lot[0]);
	expect_lot(&s.dev[other], &l.lot[0], true);
	/* and back */
	attach(&s, first);
	expect_all(&s.dev[first], &l, true);
	expect_pinned(&s, ALL_PAGES, before);
	detach(&s, other);
	expect_all(&s.dev[other], &l, false);
	expect_all(&s.dev[first], &l, true);
	detach(&s, first);
	expect_all(&s.dev[first], &l, false);
	expect_pinned(&s, 0, before);
	EXPECT_EQ(mapped_bytes(s.fd, s.ioas), ALL_PAGES * PAGE);
	attach(&s, other);
	expect_all(&s.dev[other], &l, true);
	expect_pinned(&s, ALL_PAGES, before);
}

START_TEST(tables_go_with_the_last_device_and_the_other_stays)
{
	leave(0, 0);
}
END_TEST

START_TEST(tables_go_in_the_order_in_which_they_came_too)
{
	leave(0, 1);
}
END_TEST

START_TEST(tables_are_shared_by_the_devices_of_each_iommu)
{
	struct pair s = pair(0);
	struct dev near, far;
	struct lots l = lots();

	dev_start(&near, TESTDEV_1, s.fd);
	dev_start(&far, FAR_1, s.fd);
	attach(&s, 0);
	map_all(s.fd, s.ioas, &l);
	attach(&s, 1);
	EXPECT_OK(dev_attach(near.fd, s.fd, s.ioas));
	EXPECT_OK(dev_attach(far.fd, s.fd, s.ioas));
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 4);
	expect_all(&near, &l, true);
	expect_all(&far, &l, true);
	detach(&s, 0);
	detach(&s, 1);
	expect_all(&s.dev[0], &l, false);
	expect_all(&s.dev[1], &l, false);
	expect_all(&near, &l, true);
	expect_all(&far, &l, true);
	EXPECT_OK(ioas_unmap_all(s.fd, s.ioas, NULL));
	expect_all(&near, &l, false);
	expect_all(&far, &l, false);
}
END_TEST

static void widest(int fd, __u64 cookie, __u64 *last, __u64 *pgsizes)
{
	struct device_caps caps;

	device_caps(fd, cookie, &caps);
	*last = caps.ranges[caps.nr_ranges - 1].last;
	*pgsizes = caps.info.pgsizes;
}

START_TEST(tables_narrow_what_is_permitted_and_widen_it)
{
	struct pair s = pair(0);
	char *p = memory(PAGE, CANARY);
	struct ioasid_range ranges[64];
	struct ioasid_info info;
	__u64 last[2], sizes[2];
	__u32 n;
	int i;

	for (i = 0; i < 2; i++)
		widest(s.fd, s.dev[i].cookie, &last[i], &sizes[i]);
	/* these two differ */
	EXPECT_TRUE(last[1] < last[0]);
	attach(&s, 0);
	n = permitted_ranges(s.fd, s.ioas, ranges, 64);
	EXPECT_EQ(ranges[n - 1].last, last[0]);
	/* what the other one cannot reach keeps it away */
	EXPECT_OK(ioas_map(s.fd, s.ioas, p, last[1] + 1, PAGE, RW));
	EXPECT_ERRNO(dev_attach(s.dev[1].fd, s.fd, s.ioas), EINVAL);
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 1);
	expect_page(&s.dev[0], last[1] + 1, p, true);
	expect_page(&s.dev[1], last[1] + 1, NULL, false);
	EXPECT_OK(ioas_unmap_all(s.fd, s.ioas, NULL));

	attach(&s, 1);
	n = permitted_ranges(s.fd, s.ioas, ranges, 64);
	EXPECT_EQ(ranges[n - 1].last, last[1]);
	EXPECT_OK(ioas_info(s.fd, s.ioas, &info));
	EXPECT_EQ(info.pgsizes & ~(sizes[0] & sizes[1]) & ~PAGE, 0);
	EXPECT_ERRNO(ioas_map(s.fd, s.ioas, p, last[1] + 1, PAGE, RW), EINVAL);
	EXPECT_OK(ioas_map(s.fd, s.ioas, p, last[1] + 1 - PAGE, PAGE, RW));
	for (i = 0; i < 2; i++)
		expect_page(&s.dev[i], last[1] + 1 - PAGE, p, true);

	detach(&s, 1);
	n = permitted_ranges(s.fd, s.ioas, ranges, 64);
	EXPECT_EQ(ranges[n - 1].last, last[0]);
	EXPECT_OK(ioas_map(s.fd, s.ioas, p, last[1] + 1, PAGE, RW));
	expect_page(&s.dev[0], last[1] + 1, p, true);
}
END_TEST

START_TEST(tables_refuse_a_device_whose_memory_is_gone)
{
	struct pair s = pair(0);
	char *p = memory(3 * PAGE, CANARY);
	long before = pages_pinned();

	/* with nothing attached it is looked at by the first one alone */
	EXPECT_OK(ioas_map(s.fd, s.ioas, p, IOVA, 3 * PAGE, RW));
	EXPECT_OK(munmap(p + PAGE, PAGE));
	EXPECT_ERRNO(dev_attach(s.dev[0].fd, s.fd, s.ioas), EFAULT);
	EXPECT_ERRNO(dev_attach(s.dev[1].fd, s.fd, s.ioas), EFAULT);
	expect_pinned(&s, 0, before);
	EXPECT_OK(ioas_unmap_all(s.fd, s.ioas, NULL));
	/* and memory that goes later is still there for the second one */
	p = memory(3 * PAGE, CANARY);
	EXPECT_OK(ioas_map(s.fd, s.ioas, p, IOVA, 3 * PAGE, RW));
	attach(&s, 0);
	EXPECT_OK(munmap(p, 3 * PAGE));
	attach(&s, 1);
	EXPECT_EQ(testdev_write(&s.dev[1], IOVA, 3 * PAGE, 0), DMA_DONE);
	expect_pinned(&s, 3, before);
}
END_TEST

/* A thread that maps and unmaps; what there is stays so while its lock is held */
struct mapper {
	struct pair *s;
	pthread_t thread;
	pthread_mutex_t lock;
	struct lot lot;
	bool mapped;
	volatile int *stop;
	unsigned int rounds;
};

static void *map_and_unmap(void *arg)
{
	struct mapper *m = arg;

	while (!*m->stop) {
		pthread_mutex_lock(&m->lock);
		if (m->mapped)
			EXPECT_OK(ioas_unmap(m->s->fd, m->s->ioas, m->lot.iova,
					     m->lot.pages * PAGE, NULL));
		else
			map_lot(m->s->fd, m->s->ioas, &m->lot);
		m->mapped = !m->mapped;
		m->rounds++;
		pthread_mutex_unlock(&m->lock);
		if (m->rounds % 16 == 0)
			sleep_ms(1);
	}
	return NULL;
}

START_TEST(tables_agree_while_one_comes_and_goes_and_others_map)
{
	unsigned int sizes[] = { 1, 33, 700, 512 }, nr = 4, round, i, j;
	struct pair s = pair(0);
	struct lots l = lots();
	struct mapper m[4];
	volatile int stop = 0;
	long before = pages_pinned();

	for (i = 0; i < NR_LOTS; i++)
		map_lot(s.fd, s.ioas, &l.lot[i]);
	attach(&s, 0);
	for (i = 0; i < nr; i++) {
		m[i] = (struct mapper){ .s = &s, .stop = &stop, .lot = {
			scattered(sizes[i]), (20 + i) * GIB - 5 * PAGE, sizes[i], RW } };
		pthread_mutex_init(&m[i].lock, NULL);
		EXPECT_EQ(pthread_create(&m[i].thread, NULL, map_and_unmap, &m[i]), 0);
	}
	for (round = 0; round < 30; round++) {
		attach(&s, 1);
		expect_lot(&s.dev[1], &l.lot[round % NR_LOTS], true);
		for (i = 0; i < nr; i++) {
			pthread_mutex_lock(&m[i].lock);
			for (j = 0; j < 2; j++)
				expect_lot(&s.dev[j], &m[i].lot, m[i].mapped);
			pthread_mutex_unlock(&m[i].lock);
		}
		detach(&s, 1);
		expect_lot(&s.dev[1], &l.lot[round % NR_LOTS], false);
		/* and the first one */
		if (round % 4 == 3) {
			attach(&s, 1);
			detach(&s, 0);
			for (i = 0; i < nr; i++) {
				pthread_mutex_lock(&m[i].lock);
				expect_lot(&s.dev[1], &m[i].lot, m[i].mapped);
				expect_lot(&s.dev[0], &m[i].lot, false);
				pthread_mutex_unlock(&m[i].lock);
			}
			attach(&s, 0);
			detach(&s, 1);
		}
		/* and both: all is unpinned under the threads' hands */
		if (round % 8 == 7) {
			detach(&s, 0);
			attach(&s, 0);
		}
	}
	stop = 1;
	for (i = 0; i < nr; i++)
		pthread_join(m[i].thread, NULL);
	attach(&s, 1);
	for (i = 0; i < nr; i++) {
		EXPECT_GE(m[i].rounds, 2);
		for (j = 0; j < 2; j++)
			expect_lot(&s.dev[j], &m[i].lot, m[i].mapped);
	}
	for (i = 0; i < NR_LOTS; i++)
		for (j = 0; j < 2; j++)
			expect_lot(&s.dev[j], &l.lot[i], true);
	EXPECT_OK(ioas_unmap_all(s.fd, s.ioas, NULL));
	expect_pinned(&s, 0, before);
}
END_TEST

/* In a child process: attaches and detaches both until it is killed */
static void come_and_go(void *arg)
{
	volatile int *started = arg;
	struct pair s = pair(0);
	struct lots l = lots();

	map_all(s.fd, s.ioas, &l);
	*started = 1;
	for (;;) {
		attach(&s, 0);
		attach(&s, 1);
		detach(&s, 0);
		detach(&s, 1);
	}
}

START_TEST(tables_of_a_killed_process_go)
{
	int *started = shared_memory(sizeof(int)), round;
	long before = pages_pinned();
	pid_t pid;

	for (round = 0; round < 8; round++) {
		*started = 0;
		pid = start_child(come_and_go, started);
		wait_for(started);
		usleep(round * 7919 % 20000);
		kill_child(pid);
		EXPECT_EQ(pages_pinned(), before);
	}
}
END_TEST

#define CGROUP	"/sys/fs/cgroup/tables"

/* The kernel charges the tables of an IOMMU to whoever maps, from 6.12 on */
static void attach_runs_out_of_memory(void *arg)
{
	struct pair s = pair(0);
	char *p = memory(700 * PAGE, CANARY), text[32];
	long before = pages_pinned();
	struct lot lot[700];
	int i, j;

	/* so that there is nobody to be killed for it: the charge fails */
	EXPECT_OK(sysfs_write("/proc/self/oom_score_adj", "-1000"));
	EXPECT_OK(sysfs_write(CGROUP "/cgroup.procs", "0"));
	for (i = 0; i < 700; i++) {
		/* a page of the page table each */
		lot[i] = (struct lot){ p + i * PAGE, 4 * GIB + i * 2 * MIB, 1, RW };
		map_lot(s.fd, s.ioas, &lot[i]);
	}
	attach(&s, 0);
	sysfs_read(CGROUP "/memory.current", text, sizeof(text));
	snprintf(text, sizeof(text), "%lu", strtoul(text, NULL, 0) + 1 * MIB);
	EXPECT_OK(sysfs_write(CGROUP "/memory.max", text));
	/* of which the kernel speaks at length, with a trace */
	EXPECT_OK(klogctl(8, NULL, 1));
	for (i = 0; i < 5 && !kernel_is("6.1"); i++)
		EXPECT_ERRNO(dev_attach(s.dev[1].fd, s.fd, s.ioas), ENOMEM);
	EXPECT_OK(klogctl(8, NULL, 7));
	EXPECT_OK(sysfs_write(CGROUP "/memory.max", "max"));
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 1);
	expect_pinned(&s, 700, before);
	for (j = 0; j < 2; j++) {
		for (i = 0; i < 700; i++) {
			expect_lot(&s.dev[0], &lot[i], true);
			expect_lot(&s.dev[1], &lot[i], j);
		}
		attach(&s, 1);
	}
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, 4 * GIB, 350 * 2 * MIB, NULL));
	for (i = 0; i < 700; i++)
		expect_lot(&s.dev[1], &lot[i], i >= 350);
	expect_pinned(&s, 350, before);
}

START_TEST(tables_are_filled_all_or_not_at_all)
{
	EXPECT_OK(sysfs_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory"));
	EXPECT_OK(mkdir(CGROUP, 0755));
	run_child(attach_runs_out_of_memory, NULL);
	EXPECT_OK(rmdir(CGROUP));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		tables_late_device_gets_everything,
		tables_late_device_gets_everything_the_other_way_round,
		tables_are_filled_before_between_and_after_the_attaches,
		tables_lose_what_is_unmapped,
		tables_go_with_the_last_device_and_the_other_stays,
		tables_go_in_the_order_in_which_they_came_too,
		tables_are_shared_by_the_devices_of_each_iommu,
		tables_narrow_what_is_permitted_and_widen_it,
		tables_refuse_a_device_whose_memory_is_gone,
		tables_agree_while_one_comes_and_goes_and_others_map,
		tables_of_a_killed_process_go,
		tables_are_filled_all_or_not_at_all,
		NULL,
	};

	return run_program(argc, argv, "tables", tests, RUN_DEVICES);
}
