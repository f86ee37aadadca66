// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software IOMMU: what its devices hold, who waits when one is removed, and how much
 * memory it takes.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "modules.h"
#include "pci.h"
#include "process.h"
#include "run.h"
#include "stall.h"
#include "swdev.h"

static const struct swiommu_device_create plain;
static const struct swiommu_device_create lone = { .type = 2 };

/* -------------------------------------------------------- modules, parents */

START_TEST(swiommu_stays_as_long_as_a_device_without_an_iommu)
{
	int fd, again;
	__u32 id;

	swiommu_load(NULL);
	id = swdev_create(&lone);
	EXPECT_ERRNO(module_unload(SWIOMMU), EAGAIN);
	fd = EXPECT_OK(swdev_open(id));
	EXPECT_OK(close(fd));
	EXPECT_ERRNO(module_unload(SWIOMMU), EAGAIN);
	fd = EXPECT_OK(swdev_open(id));
	EXPECT_OK(swdev_destroy(id));
	EXPECT_TRUE(!swdev_exists(id));
	EXPECT_ERRNO(swdev_open(id), ENOENT);
	/* its number is taken as long as the file is open */
	again = swdev_create(&lone);
	EXPECT_NE((__u32)again, id);
	EXPECT_OK(swdev_destroy(again));
	EXPECT_ERRNO(module_unload(SWIOMMU), EAGAIN);
	EXPECT_OK(close(fd));
	swiommu_unload();
}
END_TEST

static bool is_child_type(int type)
{
	return type == 3 || type == 6 || type == 8;
}

static __u32 of_type(int type, __u32 parent)
{
	struct swiommu_device_create arg = { .type = type };

	if (is_child_type(type))
		arg.parent = parent;
	else if (type != 2)
		arg.pasid_width = 20;
	return swdev_create(&arg);
}

START_TEST(swdev_has_a_parent_that_does_its_dma_or_none)
{
	int parent_type, type, want, got;
	__u32 first, parent;

	swiommu_load(NULL);
	/* number 0, which says nothing where there is no parent */
	first = of_type(5, 0);
	for (parent_type = 1; parent_type <= 8; parent_type++) {
		parent = of_type(parent_type, first);
		for (type = 1; type <= 8; type++) {
			struct swiommu_device_create arg = { .type = type, .parent = parent };

			if (!is_child_type(type))
				want = EINVAL;
			else
				want = parent_type == 2 || is_child_type(parent_type) ? EINVAL : 0;
			got = swdev_try_create(&arg);
			if (got != want)
				ck_abort_msg("type %d of a parent of type %d: %s, not %s", type,
					     parent_type, errno_name(got), errno_name(want));
			if (!got)
				EXPECT_TRUE(swdev_exists(arg.device));
		}
		EXPECT_OK(swdev_destroy(parent));
	}
	for (type = 3; type <= 8; type++) {
		struct swiommu_device_create arg = { .type = type, .parent = -1U };

		if (is_child_type(type))
			EXPECT_EQ(swdev_try_create(&arg), ENODEV);
	}
	EXPECT_ERRNO(swdev_destroy(-1U), ENODEV);
	EXPECT_OK(swdev_destroy(first));
	swiommu_unload();
}
END_TEST

/* Root can have any driver try any device */
START_TEST(swdev_driver_takes_no_device_of_another_kind)
{
	const char *other = "/sys/devices/platform/pcspkr/driver_override";
	struct stat st;

	swiommu_load(NULL);
	if (!stat(other, &st)) {
		EXPECT_OK(sysfs_write(other, SWIOMMU "_dev"));
		sysfs_write("/sys/bus/platform/drivers_probe", "pcspkr");
		EXPECT_EQ(stat("/sys/devices/platform/pcspkr/driver", &st), -1);
		EXPECT_OK(sysfs_write(other, "\n"));
	}
	swiommu_unload();
}
END_TEST

/* --------------------------------------------------- removal, and who waits */

/* A device whose user has a call under way that waits for memory */
struct stuck {
	int fd;
	struct swdev dev;
	__u32 ioas;
	bool by_dma;
	struct stall stall;
	pthread_t thread;
	int ret, err;
};

static void *call_that_waits(void *arg)
{
	struct stuck *stuck = arg;
	char byte = 1;

	if (stuck->by_dma)
		stuck->ret = swdev_dma(&stuck->dev, SWIOMMU_DMA_WRITE, IOVA, &byte, 1).fault;
	else
		stuck->ret = dev_attach(stuck->dev.fd, stuck->fd, stuck->ioas);
	stuck->err = errno;
	return NULL;
}

static void stuck_start(struct stuck *stuck)
{
	EXPECT_EQ(pthread_create(&stuck->thread, NULL, call_that_waits, stuck), 0);
	stall_wait(&stuck->stall);
}

static void stuck_new(struct stuck *stuck, const struct swiommu_device_create *options)
{
	stuck->fd = EXPECT_OK(iommu_open());
	stuck->ioas = new_ioas(stuck->fd);
	stuck->stall = stall_start();
	EXPECT_OK(ioas_map(stuck->fd, stuck->ioas, stuck->stall.page, IOVA, PAGE, RW));
	swdev_start_with(&stuck->dev, options, stuck->fd);
	stuck->by_dma = options->type == 2;
	if (stuck->by_dma)
		EXPECT_OK(dev_attach(stuck->dev.fd, stuck->fd, stuck->ioas));
	stuck_start(stuck);
}

/* It has got what it waited for */
static void stuck_end(struct stuck *stuck)
{
	stall_end(&stuck->stall);
	pthread_join(stuck->thread, NULL);
}

static void destroy_one(void *id)
{
	EXPECT_OK(swdev_destroy(*(__u32 *)id));
}

/* Until a process waits in the kernel where only a signal that kills helps */
static void wait_until_it_waits(pid_t pid)
{
	char path[64], text[512], *state;
	int i, n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (i = n = 0; n < 10; i++) {
		sysfs_read(path, text, sizeof(text));
		state = strrchr(text, ')');
		n = state && state[2] == 'D' ? n + 1 : 0;
		if (i > 20000)
			ck_abort_msg("it does not wait");
		sleep_ms(1);
	}
}

struct others {
	volatile int done;
	__u32 group;
};

/* All that can be asked of the control file and of other devices */
static void use_others(void *arg)
{
	struct others *others = arg;
	struct swiommu_device_create sibling = { .type = 5, .group = others->group };
	int fd = EXPECT_OK(iommu_open());
	char *mem = memory(PAGE, 0);
	__u32 ioas = new_ioas(fd), id;
	struct swdev dev;

	EXPECT_GE(swiommu_info(0).nr_iommus, 1);
	swdev_start(&dev, 0, fd);
	EXPECT_OK(ioas_map(fd, ioas, mem, IOVA, PAGE, RW));
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	expect_swwrite(&dev, IOVA, mem, PAGE);
	EXPECT_OK(swdev_destroy(dev.id));
	EXPECT_ERRNO(swdev_destroy(1000), ENODEV);
	id = swdev_create(&lone);
	EXPECT_OK(swdev_destroy(id));
	id = swdev_create(&sibling);
	EXPECT_OK(swdev_destroy(id));
	others->done = 1;
}

static void expect_others_go_on(__u32 group)
{
	struct others *others = shared_memory(sizeof(*others));
	pid_t pid;

	others->group = group;
	pid = start_child(use_others, others);
	wait_for(&others->done);
	end_child(pid);
}

static void removal_waits_alone(const struct swiommu_device_create *options)
{
	struct stuck stuck = { 0 };
	pid_t destroyers[2];
	int i;

	swiommu_load(NULL);
	stuck_new(&stuck, options);
	for (i = 0; i < 2; i++) {
		destroyers[i] = start_child(destroy_one, &stuck.dev.id);
		wait_until_it_waits(destroyers[i]);
	}
	expect_others_go_on(options->group);
	/* it can be given up, and all is as before */
	for (i = 0; i < 2; i++) {
		EXPECT_TRUE(child_runs(destroyers[i]));
		kill_child(destroyers[i]);
	}
	EXPECT_TRUE(swdev_exists(stuck.dev.id));
	stuck_end(&stuck);
	EXPECT_EQ(stuck.ret, 0);
	expect_swwrite(&stuck.dev, IOVA, stuck.stall.page, PAGE);
	EXPECT_OK(swdev_destroy(stuck.dev.id));
	EXPECT_ERRNO(swdev_destroy(stuck.dev.id), ENODEV);
	close_all();
	swiommu_unload();
}

START_TEST(swdev_removal_that_waits_for_dma_keeps_nobody_else_waiting)
{
	removal_waits_alone(&lone);
}
END_TEST

START_TEST(swdev_removal_that_waits_for_an_attach_keeps_nobody_else_waiting)
{
	removal_waits_alone(&(struct swiommu_device_create) { .type = 5, .group = 7 });
}
END_TEST

START_TEST(swdev_removal_that_waits_goes_on_when_the_memory_is_there)
{
	struct stuck stuck = { 0 };
	pid_t pid;

	swiommu_load(NULL);
	stuck_new(&stuck, &lone);
	pid = start_child(destroy_one, &stuck.dev.id);
	wait_until_it_waits(pid);
	expect_others_go_on(0);
	stuck_end(&stuck);
	EXPECT_EQ(stuck.ret, 0);
	end_child(pid);
	EXPECT_TRUE(!swdev_exists(stuck.dev.id));
	close_all();
	swiommu_unload();
}
END_TEST

/* A child that waits: its parent takes no more children, unless the removal is given up */
START_TEST(swdev_that_is_being_removed_is_nobodys_parent)
{
	struct swiommu_device_create child = { .type = 6 };
	struct stuck stuck = { 0 };
	__u32 parent;
	pid_t pid;

	swiommu_load(NULL);
	parent = swdev_create(&plain);
	child.parent = parent;
	if (kernel_is("6.1")) {
		/* nothing is attached by PASID there: a child has nobody to wait for */
		EXPECT_EQ(swdev_try_create(&child), 0);
		EXPECT_OK(swdev_destroy(parent));
		EXPECT_TRUE(!swdev_exists(child.device));
		swiommu_unload();
		return;
	}
	stuck_new(&stuck, &child);
	pid = start_child(destroy_one, &parent);
	wait_until_it_waits(pid);
	EXPECT_EQ(swdev_try_create(&child), EBUSY);
	expect_others_go_on(0);
	kill_child(pid);
	EXPECT_EQ(swdev_try_create(&child), 0);
	stuck_end(&stuck);
	EXPECT_EQ(stuck.ret, 0);
	EXPECT_OK(swdev_destroy(parent));
	EXPECT_TRUE(!swdev_exists(child.device));
	EXPECT_TRUE(!swdev_exists(stuck.dev.id));
	close_all();
	swiommu_unload();
}
END_TEST

struct maker {
	pthread_t thread;
	__u32 group;
	volatile bool *stop;
	unsigned int made;
};

/* A parent of a group that others are in, children, and the end of all of it */
static void *make_and_remove(void *arg)
{
	struct maker *m = arg;
	struct swiommu_device_create parent = { .type = 5, .pasid_width = 20,
						.group = m->group };
	struct swiommu_device_create child = { .type = 6 };
	int err, i;
	__u32 id;

	while (!*m->stop) {
		id = swdev_create(&parent);
		/* the neighbour's, too, perhaps; others may remove any at any moment */
		for (i = 0; i < 2; i++) {
			child.parent = id ^ i;
			err = swdev_try_create(&child);
			EXPECT_TRUE(!err || err == ENODEV || err == EINVAL || err == EBUSY);
		}
		if (swdev_destroy(id))
			EXPECT_EQ(errno, ENODEV);
		if (swdev_destroy(m->made % 16))
			EXPECT_EQ(errno, ENODEV);
		m->made++;
	}
	return NULL;
}

START_TEST(swdev_can_be_made_and_removed_by_many_at_once)
{
	struct maker makers[4];
	volatile bool stop = false;
	int i;

	swiommu_load(NULL);
	for (i = 0; i < 4; i++) {
		makers[i] = (struct maker) { .group = 1 + i % 2, .stop = &stop };
		EXPECT_EQ(pthread_create(&makers[i].thread, NULL, make_and_remove, &makers[i]), 0);
	}
	sleep_ms(4000);
	stop = true;
	for (i = 0; i < 4; i++) {
		pthread_join(makers[i].thread, NULL);
		EXPECT_GE(makers[i].made, 1);
	}
	swiommu_unload();
}
END_TEST

/* ------------------------------------------------------------------ memory */

static unsigned long free_memory(void)
{
	struct sysinfo info;

	EXPECT_OK(sysinfo(&info));
	return info.freeram * info.mem_unit;
}

/* Map and unmap a page @rounds times, each time so much further on */
static void map_everywhere(struct swscene *s, char *mem, int rounds, unsigned long step)
{
	int i;

	for (i = 0; i < rounds; i++) {
		EXPECT_OK(ioas_map(s->fd, s->ioas, mem, 4 * GIB + i * step, PAGE, RW));
		if (!(i % 1024))
			expect_swwrite(&s->a, 4 * GIB + i * step, mem, PAGE);
		EXPECT_OK(ioas_unmap(s->fd, s->ioas, 4 * GIB + i * step, PAGE, NULL));
	}
}

START_TEST(swiommu_tables_go_when_nothing_is_mapped_by_them)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(PAGE, 0);
	int rounds = times(100000);
	long before, after;

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	map_everywhere(&s, mem, rounds / 4, 0);
	before = free_memory();
	map_everywhere(&s, mem, rounds, 2 * MIB);
	after = free_memory();
	/* a table each would be four times that much */
	if (before - after > (long)(rounds / 4 * PAGE))
		ck_abort_msg("%ld KiB are gone after %d rounds", (before - after) >> 10, rounds);
	swscene_end(&s);
}
END_TEST

#define CGROUP	"/sys/fs/cgroup/swiommu"
#define TABLES	4096UL

static unsigned long charged(void)
{
	char text[32];

	sysfs_read(CGROUP "/memory.current", text, sizeof(text));
	return strtoul(text, NULL, 0);
}

static void map_in_a_cgroup(void *arg)
{
	struct swscene *s = arg;
	char *mem = memory(PAGE, 0);
	unsigned long before, mapped, unmapped, i;

	EXPECT_OK(sysfs_write(CGROUP "/cgroup.procs", "0"));
	map_everywhere(s, mem, 64, 0);
	before = charged();
	for (i = 0; i < TABLES; i++)
		EXPECT_OK(ioas_map(s->fd, s->ioas, mem, 4 * GIB + i * 2 * MIB, PAGE, RW));
	mapped = charged();
	EXPECT_GE(mapped, before + TABLES * PAGE * 3 / 4);
	EXPECT_OK(ioas_unmap(s->fd, s->ioas, 4 * GIB, TABLES * 2 * MIB, NULL));
	unmapped = charged();
	EXPECT_GE(mapped, unmapped + TABLES * PAGE * 3 / 4);
}

START_TEST(swiommu_tables_are_charged_to_those_that_map)
{
	struct swscene s = swscene(NULL);

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(sysfs_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory"));
	EXPECT_OK(mkdir(CGROUP, 0755));
	run_child(map_in_a_cgroup, &s);
	EXPECT_OK(rmdir(CGROUP));
	swscene_end(&s);
}
END_TEST

struct neighbour {
	struct swscene *s;
	struct swdev *dev;
	__u64 iova;
	char *mem;
	int rounds;
	pthread_t thread;
};

/* What it has mapped is reached and what it has unmapped is not, whatever others do beside */
static void *map_beside(void *arg)
{
	struct neighbour *n = arg;
	int i;

	for (i = 0; i < n->rounds; i++) {
		__u64 size = i % 3 ? PAGE : 3 * PAGE;

		EXPECT_OK(ioas_map(n->s->fd, n->s->ioas, n->mem, n->iova, size, RW));
		expect_swwrite(n->dev, n->iova, n->mem, size);
		EXPECT_OK(ioas_unmap(n->s->fd, n->s->ioas, n->iova, size, NULL));
		memset(n->mem, CANARY, size);
		expect_swblocked(n->dev, n->iova, SWIOMMU_FAULT_NOT_MAPPED);
		expect_filled(n->mem, CANARY, size);
	}
	return NULL;
}

START_TEST(swiommu_tables_come_and_go_beside_each_other)
{
	/* in one lowest table, in two below one, and across the end of one */
	static const __u64 places[4] = {
		GIB + 16 * PAGE, GIB + 500 * PAGE, GIB + 2 * MIB - PAGE, GIB + 3 * MIB,
	};
	struct swscene s = swscene("iommus=1");
	struct neighbour n[4];
	int i;

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	for (i = 0; i < 4; i++) {
		n[i] = (struct neighbour) {
			.s = &s, .dev = i % 2 ? &s.a : &s.b, .iova = places[i],
			.mem = memory(3 * PAGE, 0), .rounds = times(1500),
		};
		EXPECT_EQ(pthread_create(&n[i].thread, NULL, map_beside, &n[i]), 0);
	}
	for (i = 0; i < 4; i++)
		pthread_join(n[i].thread, NULL);
	swscene_end(&s);
}
END_TEST

/* What a large page takes the place of, and what takes its place */
START_TEST(swiommu_large_pages_take_the_place_of_small_ones)
{
	struct swscene s = swscene(NULL);
	char *huge = huge_memory(2 * MIB, 0), *mem = memory(512 * PAGE, 0);
	int i, j;

	EXPECT_TRUE(huge != NULL);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	for (i = 0; i < 4; i++) {
		/* in one piece, and page by page in some order */
		for (j = 0; i % 2 && j < 512; j++)
			EXPECT_OK(ioas_map(s.fd, s.ioas, mem + j * PAGE, GIB + j * PAGE, PAGE,
					   RW));
		if (i % 2 == 0)
			EXPECT_OK(ioas_map(s.fd, s.ioas, mem, GIB, 512 * PAGE, RW));
		expect_swwrite(&s.a, GIB, mem, 512 * PAGE);
		for (j = 0; i % 2 && j < 512; j++)
			EXPECT_OK(ioas_unmap(s.fd, s.ioas, GIB + (j * 7 + i) % 512 * PAGE, PAGE,
					     NULL));
		if (i % 2 == 0)
			EXPECT_OK(ioas_unmap(s.fd, s.ioas, 0, 4 * GIB, NULL));
		expect_swblocked(&s.a, GIB, SWIOMMU_FAULT_NOT_MAPPED);
		EXPECT_OK(ioas_map(s.fd, s.ioas, huge, GIB, 2 * MIB, RW));
		expect_swwrite(&s.a, GIB, huge, 2 * MIB);
		EXPECT_OK(ioas_unmap(s.fd, s.ioas, GIB, 2 * MIB, NULL));
		expect_swblocked(&s.a, GIB, SWIOMMU_FAULT_NOT_MAPPED);
	}
	swscene_end(&s);
}
END_TEST

/* ------------------------------------------------------------------ caches */

#define IOTLB_MAX	16384UL
#define DEVICE_TLB_MAX	1024UL
#define PASID_CACHE_MAX	4096UL

#define VIEW		(1024 * PAGE)

START_TEST(swiommu_tlbs_make_room_by_their_oldest_entries)
{
	const struct swiommu_device_create options = {
		.type = 5, .flags = SWIOMMU_DEVICE_TLB,
	};
	char *mem = memory(VIEW, 0), word[4] = "new";
	struct swiommu_iommu_info before;
	unsigned int i, n = IOTLB_MAX / 1024 + 2;
	struct swdev dev;
	__u64 last = IOVA + n * VIEW - PAGE;
	__u32 ioas;
	int fd;

	swiommu_load(NULL);
	fd = EXPECT_OK(iommu_open());
	ioas = new_ioas(fd);
	swdev_start_with(&dev, &options, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	for (i = 0; i < n; i++) {
		EXPECT_OK(ioas_map(fd, ioas, mem, IOVA + i * VIEW, VIEW, RW));
		expect_swread(&dev, IOVA + i * VIEW, mem, VIEW);
	}
	EXPECT_EQ(swiommu_info(0).iotlb.entries, IOTLB_MAX);
	EXPECT_EQ(swdev_info(&dev).tlb.entries, DEVICE_TLB_MAX);
	/* the newest are there, and the oldest are not */
	before = swiommu_info(0);
	expect_swread(&dev, last - 1023 * PAGE, mem, VIEW);
	EXPECT_EQ(swiommu_info(0).iotlb.hits, before.iotlb.hits);
	expect_swread(&dev, last - 1024 * PAGE, mem + VIEW - PAGE, PAGE);
	EXPECT_EQ(swiommu_info(0).iotlb.hits, before.iotlb.hits + 1);
	EXPECT_EQ(swiommu_info(0).walks, before.walks);
	expect_swread(&dev, IOVA, mem, PAGE);
	EXPECT_EQ(swiommu_info(0).walks, before.walks + 1);
	/* and they are kept until they are invalidated */
	swiommu_drop(0, SWIOMMU_ALL_TLBS, 1);
	EXPECT_OK(ioas_unmap(fd, ioas, last + PAGE - VIEW, VIEW, NULL));
	memset(mem, CANARY, VIEW);
	EXPECT_EQ(swdev_dma(&dev, SWIOMMU_DMA_WRITE, last, word, 4).fault, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem + VIEW - PAGE, word, 4), 0);
	EXPECT_OK(ioas_unmap(fd, ioas, 0, 4 * GIB, NULL));
	EXPECT_EQ(swdev_dma(&dev, SWIOMMU_DMA_WRITE, IOVA, word, 4).fault,
		  SWIOMMU_FAULT_NOT_MAPPED);
	close_all();
	swiommu_unload();
}
END_TEST

START_TEST(swiommu_pasid_cache_makes_room_by_its_oldest_entries)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(PAGE, 0);
	__u32 pasid;

	if (kernel_is("6.1")) {
		swscene_end(&s);
		return;
	}
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	for (pasid = 1; pasid <= PASID_CACHE_MAX + 4; pasid++) {
		EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, s.ioas, pasid));
		s.a.pasid = pasid;
		expect_swread(&s.a, IOVA, mem, 8);
	}
	EXPECT_EQ(swiommu_info(0).pasid_cache.entries, PASID_CACHE_MAX);
	for (pasid = 1; pasid <= PASID_CACHE_MAX + 4; pasid += 777) {
		s.a.pasid = pasid;
		expect_swwrite(&s.a, IOVA, mem, 8);
	}
	EXPECT_EQ(swiommu_info(0).pasid_cache.entries, PASID_CACHE_MAX);
	s.a.pasid = 0;
	swscene_end(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		swiommu_stays_as_long_as_a_device_without_an_iommu,
		swdev_has_a_parent_that_does_its_dma_or_none,
		swdev_driver_takes_no_device_of_another_kind,
		swdev_removal_that_waits_for_dma_keeps_nobody_else_waiting,
		swdev_removal_that_waits_for_an_attach_keeps_nobody_else_waiting,
		swdev_removal_that_waits_goes_on_when_the_memory_is_there,
		swdev_that_is_being_removed_is_nobodys_parent,
		swdev_can_be_made_and_removed_by_many_at_once,
		swiommu_tables_go_when_nothing_is_mapped_by_them,
		swiommu_tables_are_charged_to_those_that_map,
		swiommu_tables_come_and_go_beside_each_other,
		swiommu_large_pages_take_the_place_of_small_ones,
		swiommu_tlbs_make_room_by_their_oldest_entries,
		swiommu_pasid_cache_makes_room_by_its_oldest_entries,
		NULL,
	};

	return run_swiommu_program(argc, argv, "swiommu-ends", tests);
}
