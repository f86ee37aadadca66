// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that run at the same time on one address space. A map that waits for
 * its memory holds up nobody but who wants the same addresses or attaches; those
 * see it whole afterwards, or not at all, and can be killed.
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

START_TEST(other_ranges_do_not_wait_for_a_map_that_waits)
{
	struct scene *s = scene();
	int fd = s->a.fd;
	__u32 ioas = s->a.ioas;
	char *p = memory(4 * PAGE, CANARY);
	struct ioasid_map_range map[] = {
		{ RW, 0, (uintptr_t)p, IOVA + 2 * SIZE, PAGE },
		{ RW, 0, (uintptr_t)p, IOVA + 3 * SIZE, PAGE },
	};
	struct ioasid_unmap_range unmap[] = {
		{ IOVA + 2 * SIZE, PAGE }, { IOVA + SIZE, 3 * SIZE },
	};
	struct ioasid_info info;
	__u64 unmapped;
	int i;

	for (i = 0; i < 3; i++) {
		/* right before, right after, far away */
		EXPECT_OK(ioas_map(fd, ioas, p, IOVA - PAGE, PAGE, RW));
		EXPECT_OK(ioas_map(fd, ioas, p + PAGE, IOVA + SIZE, PAGE, RW));
		EXPECT_OK(ioas_map(fd, ioas, p, IOVA + GIB, 4 * PAGE, RW));
		EXPECT_EQ(mapped_bytes(fd, ioas), 6 * PAGE);
		EXPECT_EQ(pinned_bytes(fd, ioas), 6 * PAGE);
		expect_dma(&s->a.dev, IOVA - PAGE, p, PAGE);
		expect_dma(&s->a.dev, IOVA + SIZE, p + PAGE, PAGE);
		EXPECT_ERRNO(ioas_map(fd, ioas, p, IOVA - PAGE, PAGE, RW), EEXIST);
		EXPECT_OK(ioas_unmap(fd, ioas, 0, IOVA, &unmapped));
		EXPECT_EQ(unmapped, PAGE);
		expect_blocked(&s->a.dev, IOVA - PAGE, p, PAGE);
		EXPECT_OK(ioas_map_array(fd, ioas, map, 2, NULL));
		EXPECT_OK(ioas_unmap_array(fd, ioas, unmap, 2, NULL, &unmapped));
		EXPECT_EQ(unmapped, 3 * PAGE);
		EXPECT_OK(ioas_unmap(fd, ioas, IOVA + SIZE, -IOVA - SIZE, &unmapped));
		EXPECT_EQ(unmapped, 4 * PAGE);
		expect_blocked(&s->a.dev, IOVA + GIB, p, PAGE);
	}
	EXPECT_OK(ioas_info(fd, ioas, &info));
	EXPECT_EQ(info.nr_attachments, 1);
	EXPECT_EQ(info.mapped, 0);
	EXPECT_ERRNO(ioas_free(fd, ioas), EBUSY);
	EXPECT_OK(ioas_free(fd, new_ioas(fd)));
	EXPECT_TRUE(!s->map.ended);
	scene_ends(s);
	EXPECT_EQ(mapped_bytes(fd, ioas), SIZE);
	EXPECT_EQ(pinned_bytes(fd, ioas), SIZE);
	expect_whole(s);
}
END_TEST

/* ------------------------------------------------- those who want its range */

/* What a second call gives after the first has succeeded, or has failed */
static void second_call(struct call second, int err_after_success, __u64 left_after_success,
			int err_after_failure, __u64 left_after_failure)
{
	long before;
	int fails;

	for (fails = 0; fails < 2; fails++) {
		struct scene *s;

		before = pages_pinned();
		s = scene();
		second.fd = s->a.fd;
		second.ioas = s->a.ioas;
		second.unmapped = 12345;
		call_start(&second);
		call_waits(&second);
		if (fails) {
			stall_fail(&s->stall);
			call_ends(&s->map, EFAULT);
			call_ends(&second, err_after_failure);
			EXPECT_EQ(mapped_bytes(s->a.fd, s->a.ioas), left_after_failure);
		} else {
			scene_ends(s);
			call_ends(&second, err_after_success);
			EXPECT_EQ(mapped_bytes(s->a.fd, s->a.ioas), left_after_success);
		}
		EXPECT_EQ(pinned_bytes(s->a.fd, s->a.ioas), mapped_bytes(s->a.fd, s->a.ioas));
		if (second.what != MAP && second.what != MAP_ARRAY)
			EXPECT_EQ(second.unmapped, fails || err_after_success ? 0 : SIZE);
		if (!fails && err_after_success)
			expect_whole(s);
		if (!fails && !left_after_success)
			EXPECT_EQ(testdev_write(&s->a.dev, IOVA, 64, 0), DMA_BLOCKED);
		EXPECT_OK(ioas_unmap_all(s->a.fd, s->a.ioas, NULL));
		EXPECT_EQ(pages_pinned(), before);
		close_all();
	}
}

START_TEST(map_of_a_range_being_mapped_waits_and_is_eexist_or_done)
{
	char *p = memory(2 * SIZE, CANARY);
	const struct { __u64 iova, length; } ranges[] = {
		{ IOVA, SIZE }, { IOVA + HOLE, PAGE }, { IOVA + SIZE - PAGE, 2 * PAGE },
		{ IOVA - PAGE, 2 * PAGE }, { IOVA - PAGE, SIZE + 2 * PAGE },
	};
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		second_call((struct call){ .what = MAP, .vaddr = p, .iova = ranges[i].iova,
					   .length = ranges[i].length },
			    EEXIST, SIZE, 0, ranges[i].length);
}
END_TEST

START_TEST(map_array_waits_in_its_order_for_a_range_being_mapped)
{
	char *p = memory(3 * PAGE, CANARY);
	struct ioasid_map_range map[] = {
		{ RW, 0, (uintptr_t)p, IOVA + GIB, PAGE },
		{ RW, 0, (uintptr_t)p + PAGE, IOVA + HOLE + PAGE, PAGE },
		{ RW, 0, (uintptr_t)p + 2 * PAGE, IOVA + 2 * GIB, PAGE },
	};

	second_call((struct call){ .what = MAP_ARRAY, .map = map, .nr = 3 },
		    EEXIST, SIZE + PAGE, 0, 3 * PAGE);
}
END_TEST

START_TEST(unmap_of_a_range_being_mapped_waits_and_takes_all_or_nothing)
{
	struct ioasid_unmap_range unmap[] = {
		{ IOVA + GIB, PAGE }, { IOVA, SIZE }, { IOVA, PAGE },
	};

	second_call((struct call){ .what = UNMAP, .iova = IOVA, .length = SIZE }, 0, 0, 0, 0);
	second_call((struct call){ .what = UNMAP, .iova = 0, .length = GIB }, 0, 0, 0, 0);
	second_call((struct call){ .what = UNMAP_ALL }, 0, 0, 0, 0);
	second_call((struct call){ .what = UNMAP_ARRAY, .unmap = unmap, .nr = 3 }, 0, 0, 0, 0);
}
END_TEST

START_TEST(unmap_of_a_part_of_what_is_being_mapped_is_einval_once_it_is)
{
	second_call((struct call){ .what = UNMAP, .iova = IOVA + HOLE, .length = PAGE },
		    EINVAL, SIZE, 0, 0);
	second_call((struct call){ .what = UNMAP, .iova = IOVA - PAGE, .length = SIZE },
		    EINVAL, SIZE, 0, 0);
}
END_TEST

START_TEST(many_calls_wait_for_the_same_range)
{
	struct scene *s = scene();
	struct call maps[3], unmaps[3], attach;
	char *p = memory(3 * SIZE, CANARY);
	struct dev other;
	int i, mapped = 0, unmapped = 0;

	dev_start(&other, TESTDEV_1, s->a.fd);
	for (i = 0; i < 3; i++) {
		maps[i] = call_on(s, MAP, IOVA, SIZE);
		maps[i].vaddr = p + i * SIZE;
		unmaps[i] = call_on(s, UNMAP, IOVA, SIZE);
		call_start(&maps[i]);
		call_start(&unmaps[i]);
	}
	attach = call_on(s, ATTACH, 0, 0);
	attach.dev = other.fd;
	call_start(&attach);
	for (i = 0; i < 3; i++) {
		call_waits(&maps[i]);
		call_waits(&unmaps[i]);
	}
	call_waits(&attach);
	scene_ends(s);
	call_ends(&attach, 0);
	/* in whatever order, what was mapped and not unmapped is there */
	for (i = 0; i < 3; i++) {
		wait_for(&maps[i].ended);
		wait_for(&unmaps[i].ended);
		call_ends(&maps[i], maps[i].ret ? EEXIST : 0);
		call_ends(&unmaps[i], 0);
		mapped += !maps[i].ret;
		unmapped += unmaps[i].unmapped / SIZE;
		EXPECT_EQ(unmaps[i].unmapped % SIZE, 0);
	}
	EXPECT_EQ(mapped_bytes(s->a.fd, s->a.ioas), (1 + mapped - unmapped) * SIZE);
	EXPECT_EQ(pinned_bytes(s->a.fd, s->a.ioas), (1 + mapped - unmapped) * SIZE);
	EXPECT_EQ(testdev_write(&other, IOVA, 64, 0),
		  1 + mapped - unmapped ? DMA_DONE : DMA_BLOCKED);
}
END_TEST

/* ---------------------------------------------------------- killed, closed */

START_TEST(calls_that_wait_for_a_range_or_to_attach_can_be_killed)
{
	struct victim *v = shared_memory(sizeof(*v));
	struct scene *s = scene();
	struct dev other;
	pid_t pid;
	int i;

	dev_start(&other, TESTDEV_1, s->a.fd);
	for (i = 0; i < 5; i++) {
		static const int what[] = { MAP, UNMAP, UNMAP_ALL, ATTACH, MAP };

		v->call = call_on(s, what[i], i == 4 ? IOVA + HOLE : IOVA, SIZE);
		v->call.dev = other.fd;
		pid = victim_start(v);
		sleep_ms(A_WHILE);
		EXPECT_TRUE(child_runs(pid));
		kill_child(pid);
		EXPECT_TRUE(!s->map.ended);
	}
	EXPECT_EQ(nr_attachments(s->a.fd, s->a.ioas), 1);
	scene_ends(s);
	EXPECT_EQ(mapped_bytes(s->a.fd, s->a.ioas), SIZE);
	expect_whole(s);
	EXPECT_EQ(testdev_write(&other, IOVA, 64, 0), DMA_BLOCKED);
	/* and nobody is in the way any more */
	EXPECT_OK(dev_attach(other.fd, s->a.fd, s->a.ioas));
	EXPECT_EQ(testdev_write(&other, IOVA, 64, 0), DMA_DONE);
	EXPECT_OK(ioas_unmap(s->a.fd, s->a.ioas, IOVA, SIZE, NULL));
}
END_TEST

/* The process of the map that waits is killed while others wait for it */
struct stuck {
	int fd;
	__u32 ioas;
	int array;
	volatile int waiting;
};

static void *tell_waiting(void *arg)
{
	void **args = arg;

	stall_wait(args[0]);
	*(volatile int *)args[1] = 1;
	return NULL;
}

#define ELEMENTS	50U
#define STUCK_ELEMENT	37U

static void be_stuck(void *arg)
{
	struct stuck *k = arg;
	char *p = memory(SIZE, CANARY);
	struct stall stall = stall_at(p + STUCK_ELEMENT * PAGE);
	void *args[] = { &stall, (void *)&k->waiting };
	struct ioasid_map_range map[ELEMENTS];
	pthread_t thread;
	unsigned int i;

	for (i = 0; i < ELEMENTS; i++)
		map[i] = (struct ioasid_map_range){
			RW, 0, (uintptr_t)p + i * PAGE, IOVA + i * PAGE, PAGE,
		};
	EXPECT_EQ(pthread_create(&thread, NULL, tell_waiting, args), 0);
	if (k->array)
		ioas_map_array(k->fd, k->ioas, map, ELEMENTS, NULL);
	else
		ioas_map(k->fd, k->ioas, p, IOVA, SIZE, RW);
}

START_TEST(calls_go_on_when_the_map_they_wait_for_is_killed)
{
	struct stuck *k = shared_memory(sizeof(*k));
	struct attached a = attached();
	struct call unmap = { .what = UNMAP_ALL, .fd = a.fd, .ioas = a.ioas };
	struct call map = { .what = MAP, .fd = a.fd, .ioas = a.ioas, .iova = IOVA + PAGE,
			    .length = PAGE };
	struct dev other;
	struct call attach = { .what = ATTACH, .fd = a.fd, .ioas = a.ioas };
	long before = pages_pinned();
	pid_t pid;

	k->fd = a.fd;
	k->ioas = a.ioas;
	map.vaddr = memory(PAGE, CANARY);
	dev_start(&other, TESTDEV_1, a.fd);
	attach.dev = other.fd;
	pid = start_child(be_stuck, k);
	wait_for(&k->waiting);
	call_start(&unmap);
	call_waits(&unmap);
	call_start(&attach);
	call_waits(&attach);
	kill_child(pid);
	call_ends(&unmap, 0);
	EXPECT_EQ(unmap.unmapped, 0);
	call_ends(&attach, 0);
	EXPECT_EQ(pages_pinned(), before);

	k->waiting = 0;
	pid = start_child(be_stuck, k);
	wait_for(&k->waiting);
	call_start(&map);
	call_waits(&map);
	kill_child(pid);
	call_ends(&map, 0);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), PAGE);
	EXPECT_EQ(pages_pinned(), before + 1);
	expect_dma(&other, IOVA + PAGE, map.vaddr, PAGE);
}
END_TEST

START_TEST(killed_map_array_keeps_the_elements_before)
{
	struct stuck *k = shared_memory(sizeof(*k));
	struct attached a = attached();
	long before = pages_pinned();
	unsigned int i;
	pid_t pid;

	k->fd = a.fd;
	k->ioas = a.ioas;
	k->array = 1;
	pid = start_child(be_stuck, k);
	wait_for(&k->waiting);
	kill_child(pid);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), STUCK_ELEMENT * PAGE);
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), STUCK_ELEMENT * PAGE);
	EXPECT_EQ(pages_pinned(), before + STUCK_ELEMENT);
	for (i = 0; i < ELEMENTS; i++)
		EXPECT_EQ(testdev_write(&a.dev, IOVA + i * PAGE, 64, 0),
			  i < STUCK_ELEMENT ? DMA_DONE : DMA_BLOCKED);
}
END_TEST

/* All at once in one process that has the only files, and it is killed */
struct alone {
	volatile int ready;
	int round;
};

static void be_all_stuck(void *arg)
{
	struct alone *alone = arg;
	struct scene *s = scene();
	struct call map, unmap, attach;
	struct dev other;

	dev_start(&other, TESTDEV_1, s->a.fd);
	map = call_on(s, MAP, IOVA, SIZE);
	map.vaddr = memory(SIZE, CANARY);
	unmap = call_on(s, UNMAP_ALL, 0, 0);
	attach = call_on(s, ATTACH, 0, 0);
	attach.dev = other.fd;
	EXPECT_OK(ioas_map(s->a.fd, s->a.ioas, map.vaddr, IOVA + GIB, SIZE, RW));
	call_start(&map);
	call_start(&unmap);
	call_start(&attach);
	call_waits(&attach);
	if (alone->round & 1)
		EXPECT_OK(dev_detach(s->a.dev.fd, s->a.fd));
	if (alone->round & 2) {
		/* the threads have what they work on all the same */
		dev_unmap_all_bars();
		EXPECT_OK(close(s->a.dev.fd));
		EXPECT_OK(close(s->a.fd));
	}
	alone->ready = 1;
	for (;;)
		pause();
}

START_TEST(process_that_waits_everywhere_is_killed_and_nothing_is_left)
{
	struct alone *alone = shared_memory(sizeof(*alone));
	long before = pages_pinned();
	pid_t pid;

	for (alone->round = 0; alone->round < 4; alone->round++) {
		alone->ready = 0;
		pid = start_child(be_all_stuck, alone);
		wait_for(&alone->ready);
		kill_child(pid);
		EXPECT_EQ(pages_pinned(), before);
	}
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		other_ranges_do_not_wait_for_a_map_that_waits,
		map_of_a_range_being_mapped_waits_and_is_eexist_or_done,
		map_array_waits_in_its_order_for_a_range_being_mapped,
		unmap_of_a_range_being_mapped_waits_and_takes_all_or_nothing,
		unmap_of_a_part_of_what_is_being_mapped_is_einval_once_it_is,
		many_calls_wait_for_the_same_range,
		calls_that_wait_for_a_range_or_to_attach_can_be_killed,
		calls_go_on_when_the_map_they_wait_for_is_killed,
		killed_map_array_keeps_the_elements_before,
		process_that_waits_everywhere_is_killed_and_nothing_is_left,
		NULL,
	};

	return run_program(argc, argv, "parallel", tests, RUN_DEVICES);
}
