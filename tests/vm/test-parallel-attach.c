// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attach, detach, free and close while a map waits for its memory, and while
 * others map and unmap as fast as they can.
 */
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"
#include "scene.h"

/* ----------------------------------------------------------- detach, attach */

START_TEST(attach_waits_for_a_map_that_waits)
{
	struct scene *s = scene();
	struct call attach = call_on(s, ATTACH, 0, 0);
	struct dev other;

	dev_start(&other, TESTDEV_1, s->a.fd);
	attach.dev = other.fd;
	call_start(&attach);
	call_waits(&attach);
	/* GET_INFO and detach of the first do not wait for either */
	EXPECT_EQ(nr_attachments(s->a.fd, s->a.ioas), 1);
	EXPECT_EQ(testdev_write(&other, IOVA + HOLE, 64, 0), DMA_BLOCKED);
	scene_ends(s);
	call_ends(&attach, 0);
	EXPECT_EQ(nr_attachments(s->a.fd, s->a.ioas), 2);
	EXPECT_EQ(testdev_write(&other, IOVA + HOLE, 64, phys_of(s->mem + HOLE)), DMA_DONE);
	expect_whole(s);
}
END_TEST

START_TEST(no_map_begins_while_an_attach_waits_but_unmaps_do)
{
	struct scene *s = scene();
	struct call attach = call_on(s, ATTACH, 0, 0);
	struct call map = call_on(s, MAP, IOVA + 2 * GIB, PAGE);
	struct victim *v = shared_memory(sizeof(*v));
	char *p = memory(PAGE, CANARY);
	struct dev other;
	pid_t child;

	map.vaddr = p;
	EXPECT_OK(ioas_map(s->a.fd, s->a.ioas, p, IOVA + GIB, PAGE, RW));
	dev_start(&other, TESTDEV_1, s->a.fd);
	attach.dev = other.fd;
	/* one that gives up keeps nobody out any more */
	v->call = attach;
	child = victim_start(v);
	sleep_ms(A_WHILE);
	call_start(&map);
	call_waits(&map);
	kill_child(child);
	call_ends(&map, 0);

	map = call_on(s, MAP, IOVA + 3 * GIB, PAGE);
	map.vaddr = p;
	call_start(&attach);
	call_waits(&attach);
	call_start(&map);
	call_waits(&map);
	EXPECT_OK(ioas_unmap(s->a.fd, s->a.ioas, IOVA + GIB, PAGE, NULL));
	EXPECT_TRUE(!attach.ended);
	scene_ends(s);
	call_ends(&attach, 0);
	call_ends(&map, 0);
	EXPECT_EQ(testdev_write(&other, IOVA + 3 * GIB, 64, phys_of(p)), DMA_DONE);
	expect_whole(s);
}
END_TEST

START_TEST(attach_fails_to_wait_and_map_fails_leave_nothing)
{
	struct scene *s = scene();
	struct call attach = call_on(s, ATTACH, 0, 0);
	struct dev other;

	dev_start(&other, TESTDEV_1, s->a.fd);
	attach.dev = other.fd;
	call_start(&attach);
	call_waits(&attach);
	stall_fail(&s->stall);
	call_ends(&s->map, EFAULT);
	call_ends(&attach, 0);
	EXPECT_EQ(mapped_bytes(s->a.fd, s->a.ioas), 0);
	EXPECT_EQ(testdev_write(&other, IOVA, 64, 0), DMA_BLOCKED);
}
END_TEST

/* How the last device goes away while a map waits */
static void last_goes(struct scene *s, int how)
{
	switch (how) {
	case 0:
		EXPECT_OK(dev_detach(s->a.dev.fd, s->a.fd));
		break;
	case 1:
		dev_unmap_bar(&s->a.dev);
		EXPECT_OK(dev_unbind(s->a.dev.fd, s->a.fd));
		break;
	default:
		dev_unmap_bar(&s->a.dev);
		EXPECT_OK(close(s->a.dev.fd));
	}
}

START_TEST(map_that_waits_when_the_last_device_goes_succeeds_unpinned)
{
	int how;

	for (how = 0; how < 3; how++) {
		long before = pages_pinned();
		size_t vm = vm_pinned();
		struct scene *s = scene();
		char *p = memory(PAGE, CANARY);
		struct dev other;

		last_goes(s, how);
		EXPECT_EQ(nr_attachments(s->a.fd, s->a.ioas), 0);
		EXPECT_EQ(pinned_bytes(s->a.fd, s->a.ioas), 0);
		/* others go on, unpinned */
		EXPECT_OK(ioas_map(s->a.fd, s->a.ioas, p, IOVA + GIB, PAGE, RW));
		EXPECT_EQ(pinned_bytes(s->a.fd, s->a.ioas), 0);
		EXPECT_TRUE(!s->map.ended);
		scene_ends(s);
		EXPECT_EQ(mapped_bytes(s->a.fd, s->a.ioas), SIZE + PAGE);
		EXPECT_EQ(pinned_bytes(s->a.fd, s->a.ioas), 0);
		EXPECT_EQ(pages_pinned(), before);
		EXPECT_EQ(vm_pinned(), vm);
		/* and it is mapped like any other */
		dev_start(&other, TESTDEV_1, s->a.fd);
		EXPECT_OK(dev_attach(other.fd, s->a.fd, s->a.ioas));
		EXPECT_EQ(pages_pinned(), before + SIZE / PAGE + 1);
		expect_dma(&other, IOVA + HOLE, s->mem + HOLE, PAGE);
		expect_dma(&other, IOVA + SIZE - PAGE, s->mem + SIZE - PAGE, PAGE);
		EXPECT_OK(ioas_unmap(s->a.fd, s->a.ioas, IOVA, SIZE, NULL));
		expect_blocked(&other, IOVA + HOLE, s->mem + HOLE, PAGE);
		close_all();
	}
}
END_TEST

START_TEST(map_that_waits_when_the_last_device_goes_may_still_fail)
{
	long before = pages_pinned();
	struct scene *s = scene();

	last_goes(s, 0);
	stall_fail(&s->stall);
	/* it looked at the memory before it knew that it need not */
	wait_for(&s->map.ended);
	call_ends(&s->map, s->map.ret ? EFAULT : 0);
	EXPECT_EQ(mapped_bytes(s->a.fd, s->a.ioas), s->map.ret ? 0 : SIZE);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_OK(ioas_unmap_all(s->a.fd, s->a.ioas, NULL));
	EXPECT_OK(dev_attach(s->a.dev.fd, s->a.fd, s->a.ioas));
}
END_TEST

/*
 * Pages that are pinned are charged, at all times: also those of a map that still
 * waits for others, and also when the last device goes meanwhile.
 */
struct charge {
	size_t size;
	volatile int step, go;
	volatile long locked;
};

static void map_and_say_what_is_charged(void *arg)
{
	struct charge *c = arg;
	struct attached a = attached();
	char *p = c->size % (2 * MIB) ? memory(c->size, CANARY) : huge_memory(c->size, CANARY);
	struct stall stall = stall_at(p + c->size - PAGE);
	struct call map = {
		.what = MAP, .fd = a.fd, .ioas = a.ioas, .vaddr = p, .iova = 64 * MIB,
		.length = c->size,
	};

	become_user(2 * c->size / PAGE);
	call_start(&map);
	stall_wait(&stall);
	c->locked = locked_pages();
	c->step = 1;
	wait_for(&c->go);
	c->go = 0;
	EXPECT_OK(dev_detach(a.dev.fd, a.fd));
	c->locked = locked_pages();
	c->step = 2;
	wait_for(&c->go);
	stall_end(&stall);
	call_ends(&map, 0);
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), c->size);
}

static void expect_pinned_is_charged(size_t size)
{
	struct charge *c = shared_memory(sizeof(*c));
	long before = pages_pinned(), pinned;
	pid_t pid;
	int step;

	c->size = size;
	pid = start_child(map_and_say_what_is_charged, c);
	for (step = 1; step <= 2; step++) {
		while (c->step < step && child_runs(pid))
			sleep_ms(1);
		pinned = pages_pinned() - before;
		if (pinned > c->locked)
			FAIL("%ld pages are pinned and %ld charged of a map of %zu that waits%s",
			     pinned, c->locked, size / PAGE,
			     step == 1 ? "" : " after the last device is gone");
		c->go = 1;
	}
	end_child(pid);
	EXPECT_EQ(pages_pinned(), before);
}

START_TEST(few_pages_of_a_map_that_waits_are_charged_or_not_pinned)
{
	expect_pinned_is_charged(2 * PAGE);
	expect_pinned_is_charged(32 * PAGE);
}
END_TEST

START_TEST(many_pages_of_a_map_that_waits_are_charged_or_not_pinned)
{
	expect_pinned_is_charged(33 * PAGE);
	expect_pinned_is_charged(600 * PAGE);
}
END_TEST

START_TEST(huge_pages_of_a_map_that_waits_are_charged_or_not_pinned)
{
	expect_pinned_is_charged(2 * MIB);
	expect_pinned_is_charged(4 * MIB);
	/* locked_pages() does not count more than 4096 */
	expect_pinned_is_charged(8 * MIB);
}
END_TEST

START_TEST(free_while_a_map_waits_ends_it_with_the_map)
{
	struct scene *s = scene();
	struct call other = call_on(s, MAP, IOVA, PAGE);
	struct dev dev;

	other.vaddr = memory(PAGE, CANARY);
	call_start(&other);
	call_waits(&other);
	EXPECT_ERRNO(ioas_free(s->a.fd, s->a.ioas), EBUSY);
	EXPECT_OK(dev_detach(s->a.dev.fd, s->a.fd));
	EXPECT_OK(ioas_free(s->a.fd, s->a.ioas));
	EXPECT_ERRNO(ioas_free(s->a.fd, s->a.ioas), ENOENT);
	EXPECT_ERRNO(ioas_map(s->a.fd, s->a.ioas, other.vaddr, IOVA + GIB, PAGE, RW), ENOENT);
	EXPECT_ERRNO(dev_attach(s->a.dev.fd, s->a.fd, s->a.ioas), ENOENT);
	stall_end(&s->stall);
	wait_for(&s->map.ended);
	call_ends(&s->map, s->map.ret ? ENOENT : 0);
	call_ends(&other, ENOENT);
	dev_start(&dev, TESTDEV_1, s->a.fd);
	EXPECT_OK(dev_attach(dev.fd, s->a.fd, new_ioas(s->a.fd)));
}
END_TEST

START_TEST(close_while_a_map_waits_is_not_held_up)
{
	int fd = EXPECT_OK(iommu_open());
	struct scene *s = scene();

	/* the map's own call keeps the file until it ends */
	dev_unmap_bar(&s->a.dev);
	EXPECT_OK(close(s->a.fd));
	EXPECT_OK(close(s->a.dev.fd));
	EXPECT_OK(ioas_free(fd, new_ioas(fd)));
	EXPECT_TRUE(!s->map.ended);
	scene_ends(s);
}
END_TEST

/* An attach that waits for memory: who maps and unmaps waits for it, killably */
START_TEST(map_and_unmap_wait_for_an_attach_that_waits)
{
	struct victim *v = shared_memory(sizeof(*v));
	int fd = EXPECT_OK(iommu_open());
	struct call attach = { .what = ATTACH, .fd = fd, .ioas = new_ioas(fd) };
	struct call map = attach, unmap = attach;
	char *mem = memory(SIZE, CANARY);
	struct stall stall = stall_at(mem + HOLE);
	struct dev dev;
	pid_t pid;

	EXPECT_OK(ioas_map(fd, attach.ioas, mem, IOVA, SIZE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	attach.dev = dev.fd;
	call_start(&attach);
	stall_wait(&stall);
	EXPECT_EQ(nr_attachments(fd, attach.ioas), 0);
	EXPECT_EQ(mapped_bytes(fd, attach.ioas), SIZE);

	v->call = (struct call){ .what = MAP, .fd = fd, .ioas = attach.ioas, .iova = IOVA + GIB,
				 .length = PAGE };
	pid = victim_start(v);
	sleep_ms(A_WHILE);
	kill_child(pid);

	map.what = MAP;
	map.vaddr = memory(PAGE, CANARY);
	map.iova = IOVA + 2 * GIB;
	map.length = PAGE;
	unmap.what = UNMAP;
	unmap.iova = IOVA;
	unmap.length = SIZE;
	call_start(&map);
	call_start(&unmap);
	sleep_ms(A_WHILE);
	stall_end(&stall);
	call_ends(&attach, 0);
	call_ends(&map, 0);
	call_ends(&unmap, 0);
	EXPECT_EQ(unmap.unmapped, SIZE);
	EXPECT_EQ(mapped_bytes(fd, attach.ioas), PAGE);
	EXPECT_EQ(pinned_bytes(fd, attach.ioas), PAGE);
	expect_dma(&dev, IOVA + 2 * GIB, map.vaddr, PAGE);
	expect_blocked(&dev, IOVA, mem, PAGE);
}
END_TEST

struct owner {
	int fd;
	__u32 ioas;
	volatile int mapped, waiting;
};

static void own_what_waits(void *arg)
{
	struct owner *o = arg;
	char *p = memory(SIZE, CANARY);
	struct stall stall = stall_at(p + HOLE);

	EXPECT_OK(ioas_map(o->fd, o->ioas, p, IOVA, SIZE, RW));
	o->mapped = 1;
	stall_wait(&stall);
	o->waiting = 1;
	for (;;)
		pause();
}

START_TEST(attach_ends_when_the_owner_of_the_memory_it_waits_for_is_killed)
{
	struct owner *o = shared_memory(sizeof(*o));
	struct call attach = { .what = ATTACH };
	long before = pages_pinned();
	struct dev dev;
	pid_t pid;

	o->fd = attach.fd = EXPECT_OK(iommu_open());
	o->ioas = attach.ioas = new_ioas(o->fd);
	dev_start(&dev, TESTDEV_0, o->fd);
	attach.dev = dev.fd;
	pid = start_child(own_what_waits, o);
	wait_for(&o->mapped);
	call_start(&attach);
	wait_for(&o->waiting);
	kill_child(pid);
	wait_for(&attach.ended);
	/* the page came, or did not */
	call_ends(&attach, attach.ret ? EFAULT : 0);
	EXPECT_EQ(nr_attachments(o->fd, o->ioas), !attach.ret);
	EXPECT_EQ(pages_pinned(), before + (attach.ret ? 0 : SIZE / PAGE));
	EXPECT_OK(ioas_unmap_all(o->fd, o->ioas, NULL));
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

/* --------------------------------------------------------- nobody waits long */

struct worker {
	pthread_t thread;
	int fd, index, rounds;
	__u32 ioas;
	struct dev *dev;
	char *mem;
	const volatile int *stop;
	volatile int *mapped_by;
	volatile int done;
	int lost;
};

/* Map and unmap ranges of its own, next to those of the others, in every form */
static void *work_apart(void *arg)
{
	struct worker *w = arg;
	struct ioasid_unmap_range unmap[8];
	struct ioasid_map_range map[8];
	__u64 n;
	int i, j;

	for (i = 0; i < w->rounds && !(w->stop && *w->stop); i++) {
		__u64 iova = IOVA + (w->index + 2 * (i % 8)) * 16 * PAGE;

		EXPECT_OK(ioas_map(w->fd, w->ioas, w->mem, iova, (1 + i % 16) * PAGE, RW));
		if (w->dev)
			expect_dma(w->dev, iova + i % 16 * PAGE, w->mem + i % 16 * PAGE, PAGE);
		EXPECT_ERRNO(ioas_map(w->fd, w->ioas, w->mem, iova, PAGE, RW), EEXIST);
		EXPECT_OK(ioas_unmap(w->fd, w->ioas, iova, 16 * PAGE, &n));
		EXPECT_EQ(n, (1 + i % 16) * PAGE);
		if (w->dev)
			expect_blocked(w->dev, iova + i % 16 * PAGE, w->mem + i % 16 * PAGE, PAGE);
		for (j = 0; j < 8; j++) {
			unmap[j].iova = iova + 2 * j * PAGE;
			unmap[j].length = PAGE;
			map[j] = (struct ioasid_map_range){
				RW, 0, (uintptr_t)w->mem + j * PAGE, unmap[j].iova, PAGE,
			};
		}
		EXPECT_OK(ioas_map_array(w->fd, w->ioas, map, 8, NULL));
		if (w->dev)
			expect_dma(w->dev, iova + 6 * PAGE, w->mem + 3 * PAGE, PAGE);
		EXPECT_OK(ioas_unmap_array(w->fd, w->ioas, unmap, 8, NULL, &n));
		EXPECT_EQ(n, 8 * PAGE);
		if (w->dev)
			expect_blocked(w->dev, iova + 6 * PAGE, w->mem + 3 * PAGE, PAGE);
		w->done++;
	}
	return NULL;
}

START_TEST(two_threads_map_and_unmap_their_own_ranges)
{
	struct attached a = attached();
	struct worker w[2];
	struct dev devs[2];
	long before = pages_pinned();
	int i;

	devs[0] = a.dev;
	dev_start(&devs[1], TESTDEV_1, a.fd);
	EXPECT_OK(dev_attach(devs[1].fd, a.fd, a.ioas));
	for (i = 0; i < 2; i++) {
		w[i] = (struct worker){ .fd = a.fd, .ioas = a.ioas, .index = i, .rounds = 300,
					.dev = &devs[i], .mem = memory(16 * PAGE, CANARY) };
		EXPECT_EQ(pthread_create(&w[i].thread, NULL, work_apart, &w[i]), 0);
	}
	for (i = 0; i < 2; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(w[i].done, 300);
	}
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

/* All want the same range: one at a time has it, and it is that one's memory */
static void *work_on_the_same(void *arg)
{
	struct worker *w = arg;
	__u64 n;

	while (w->done < w->rounds) {
		if (ioas_map(w->fd, w->ioas, w->mem, IOVA + w->index * PAGE, 4 * PAGE, RW)) {
			EXPECT_EQ(errno, EEXIST);
			w->lost++;
			continue;
		}
		/* the four ranges overlap in the page at IOVA + 3 pages */
		EXPECT_EQ(__sync_lock_test_and_set(w->mapped_by, w->index + 1), 0);
		EXPECT_EQ(testdev_write(w->dev, IOVA + 3 * PAGE, 64,
					phys_of(w->mem + (3 - w->index) * PAGE)), DMA_DONE);
		EXPECT_EQ(*w->mapped_by, w->index + 1);
		__sync_lock_release(w->mapped_by);
		EXPECT_OK(ioas_unmap(w->fd, w->ioas, IOVA + w->index * PAGE, 4 * PAGE, &n));
		EXPECT_EQ(n, 4 * PAGE);
		w->done++;
	}
	return NULL;
}

START_TEST(four_threads_take_turns_with_one_range)
{
	volatile int mapped_by = 0;
	struct attached a = attached();
	struct worker w[4];
	long before = pages_pinned();
	int i;

	for (i = 0; i < 4; i++) {
		w[i] = (struct worker){ .fd = a.fd, .ioas = a.ioas, .index = i, .rounds = 200,
					.dev = &a.dev, .mem = memory(4 * PAGE, CANARY),
					.mapped_by = &mapped_by };
		EXPECT_EQ(pthread_create(&w[i].thread, NULL, work_on_the_same, &w[i]), 0);
	}
	for (i = 0; i < 4; i++)
		pthread_join(w[i].thread, NULL);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

START_TEST(attach_and_detach_get_their_turn_among_threads_that_map)
{
	struct attached a = attached();
	volatile int stop = 0;
	struct worker w[4];
	long before = pages_pinned();
	struct dev other;
	int i;

	dev_start(&other, TESTDEV_1, a.fd);
	for (i = 0; i < 4; i++) {
		w[i] = (struct worker){ .fd = a.fd, .ioas = a.ioas, .index = i % 2 + 16 * (i / 2),
					.rounds = 1000000, .mem = memory(16 * PAGE, CANARY),
					.stop = &stop };
		EXPECT_EQ(pthread_create(&w[i].thread, NULL, work_apart, &w[i]), 0);
	}
	for (i = 0; i < 4; i++)
		wait_for(&w[i].done);
	for (i = 0; i < 60; i++) {
		EXPECT_OK(dev_attach(other.fd, a.fd, a.ioas));
		EXPECT_EQ(nr_attachments(a.fd, a.ioas), 2);
		/* the last one goes, and comes back */
		EXPECT_OK(dev_detach(other.fd, a.fd));
		EXPECT_OK(dev_detach(a.dev.fd, a.fd));
		EXPECT_EQ(pinned_bytes(a.fd, a.ioas), 0);
		EXPECT_OK(dev_attach(a.dev.fd, a.fd, a.ioas));
	}
	stop = 1;
	for (i = 0; i < 4; i++)
		pthread_join(w[i].thread, NULL);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		attach_waits_for_a_map_that_waits,
		no_map_begins_while_an_attach_waits_but_unmaps_do,
		attach_fails_to_wait_and_map_fails_leave_nothing,
		map_that_waits_when_the_last_device_goes_succeeds_unpinned,
		map_that_waits_when_the_last_device_goes_may_still_fail,
		few_pages_of_a_map_that_waits_are_charged_or_not_pinned,
		many_pages_of_a_map_that_waits_are_charged_or_not_pinned,
		huge_pages_of_a_map_that_waits_are_charged_or_not_pinned,
		free_while_a_map_waits_ends_it_with_the_map,
		close_while_a_map_waits_is_not_held_up,
		map_and_unmap_wait_for_an_attach_that_waits,
		attach_ends_when_the_owner_of_the_memory_it_waits_for_is_killed,
		two_threads_map_and_unmap_their_own_ranges,
		four_threads_take_turns_with_one_range,
		attach_and_detach_get_their_turn_among_threads_that_map,
		NULL,
	};

	return run_program(argc, argv, "parallel-attach", tests, RUN_DEVICES);
}
