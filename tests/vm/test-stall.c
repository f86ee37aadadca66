// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is not there for as long as its owner likes (userfaultfd): who
 * waits for it can be killed, and nobody else waits.
 */
#include <pthread.h>
#include <unistd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "stall.h"

/* A call that another thread makes */
struct call {
	pthread_t thread;
	int ret, err;
	int fd, dev;
	__u32 ioas;
	void *page;
};

static void *call_attach(void *arg)
{
	struct call *call = arg;

	call->ret = dev_attach(call->dev, call->fd, call->ioas);
	call->err = errno;
	return NULL;
}

static void *call_map(void *arg)
{
	struct call *call = arg;

	call->ret = ioas_map(call->fd, call->ioas, call->page, IOVA, PAGE, RW);
	call->err = errno;
	return NULL;
}

START_TEST(free_while_an_attach_waits_for_memory_makes_it_fail)
{
	int fd = EXPECT_OK(iommu_open());
	struct call call = { .fd = fd, .ioas = new_ioas(fd) };
	struct stall stall = stall_start();
	struct dev dev;

	EXPECT_OK(ioas_map(fd, call.ioas, stall.page, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	call.dev = dev.fd;
	EXPECT_EQ(pthread_create(&call.thread, NULL, call_attach, &call), 0);
	stall_wait(&stall);
	EXPECT_OK(ioas_free(fd, call.ioas));
	stall_end(&stall);
	pthread_join(call.thread, NULL);
	EXPECT_EQ(call.ret, -1);
	EXPECT_EQ(call.err, ENOENT);
	expect_blocked(&dev, IOVA, stall.page, PAGE);
}
END_TEST

START_TEST(attach_waits_for_memory_and_then_reaches_it)
{
	int fd = EXPECT_OK(iommu_open());
	struct call call = { .fd = fd, .ioas = new_ioas(fd) };
	struct stall stall = stall_start();
	struct dev dev;

	EXPECT_OK(ioas_map(fd, call.ioas, stall.page, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	call.dev = dev.fd;
	EXPECT_EQ(pthread_create(&call.thread, NULL, call_attach, &call), 0);
	stall_wait(&stall);
	stall_end(&stall);
	pthread_join(call.thread, NULL);
	EXPECT_EQ(call.ret, 0);
	expect_dma(&dev, IOVA, stall.page, PAGE);
}
END_TEST

START_TEST(nobody_waits_for_a_map_that_waits_for_memory)
{
	int fd = EXPECT_OK(iommu_open()), other = EXPECT_OK(iommu_open());
	struct call call = { .fd = fd, .ioas = new_ioas(fd) };
	struct stall stall = stall_start();
	__u32 elsewhere = new_ioas(other);
	char *p = memory(PAGE, CANARY);
	struct dev one, two;

	dev_start(&one, TESTDEV_0, fd);
	dev_start(&two, TESTDEV_1, fd);
	EXPECT_OK(dev_attach(one.fd, fd, call.ioas));
	EXPECT_OK(dev_attach(two.fd, fd, call.ioas));
	call.page = stall.page;
	EXPECT_EQ(pthread_create(&call.thread, NULL, call_map, &call), 0);
	stall_wait(&stall);

	/* others' calls, and all that takes down what the map works on */
	EXPECT_EQ(nr_attachments(fd, call.ioas), 2);
	EXPECT_OK(ioas_map(other, elsewhere, p, IOVA, PAGE, RW));
	EXPECT_OK(dev_detach(one.fd, fd));
	expect_blocked(&one, IOVA, p, PAGE);
	dev_unmap_bar(&two);
	EXPECT_OK(close(two.fd));
	EXPECT_EQ(nr_attachments(fd, call.ioas), 0);
	EXPECT_EQ(pinned_bytes(fd, call.ioas), 0);

	stall_end(&stall);
	pthread_join(call.thread, NULL);
	EXPECT_EQ(call.ret, 0);
	EXPECT_EQ(mapped_bytes(fd, call.ioas), PAGE);
	EXPECT_EQ(pinned_bytes(fd, call.ioas), 0);
	EXPECT_OK(dev_attach(one.fd, fd, call.ioas));
	expect_dma(&one, IOVA, stall.page, PAGE);
}
END_TEST

struct victim {
	int fd, dev;
	__u32 ioas;
	bool attach;
	volatile int *waiting;
};


static void *wait_and_tell(void *arg)
{
	void **args = arg;

	stall_wait(args[0]);
	*(volatile int *)args[1] = 1;
	return NULL;
}

static void be_stuck(void *arg)
{
	struct victim *victim = arg;
	struct stall stall = stall_start();
	void *args[] = { &stall, (void *)victim->waiting };
	pthread_t thread;

	EXPECT_EQ(pthread_create(&thread, NULL, wait_and_tell, args), 0);
	EXPECT_OK(ioas_map(victim->fd, victim->ioas, stall.page, IOVA, PAGE, RW));
	if (victim->attach)
		EXPECT_OK(dev_attach(victim->dev, victim->fd, victim->ioas));
}

START_TEST(map_that_waits_for_memory_can_be_killed)
{
	int fd = EXPECT_OK(iommu_open());
	struct victim victim = { .fd = fd, .ioas = new_ioas(fd) };
	char *p = memory(PAGE, CANARY);
	struct dev dev;
	pid_t pid;

	victim.waiting = shared_memory(sizeof(int));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, victim.ioas));
	pid = start_child(be_stuck, &victim);
	wait_for(victim.waiting);
	kill_child(pid);
	EXPECT_EQ(mapped_bytes(fd, victim.ioas), 0);
	EXPECT_OK(ioas_map(fd, victim.ioas, p, IOVA, PAGE, RW));
	expect_dma(&dev, IOVA, p, PAGE);
}
END_TEST

START_TEST(attach_that_waits_for_memory_can_be_killed)
{
	int fd = EXPECT_OK(iommu_open());
	struct victim victim = { .fd = fd, .ioas = new_ioas(fd), .attach = true };
	char *p = memory(PAGE, CANARY);
	struct dev dev;
	pid_t pid;

	victim.waiting = shared_memory(sizeof(int));
	dev_start(&dev, TESTDEV_0, fd);
	victim.dev = dev.fd;
	pid = start_child(be_stuck, &victim);
	wait_for(victim.waiting);
	kill_child(pid);
	EXPECT_EQ(nr_attachments(fd, victim.ioas), 0);
	expect_blocked(&dev, IOVA, p, PAGE);
	EXPECT_OK(ioas_unmap_all(fd, victim.ioas, NULL));
	EXPECT_OK(ioas_map(fd, victim.ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(dev_attach(dev.fd, fd, victim.ioas));
	expect_dma(&dev, IOVA, p, PAGE);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		free_while_an_attach_waits_for_memory_makes_it_fail,
		attach_waits_for_memory_and_then_reaches_it,
		nobody_waits_for_a_map_that_waits_for_memory,
		map_that_waits_for_memory_can_be_killed,
		attach_that_waits_for_memory_can_be_killed,
		NULL,
	};

	return run_program(argc, argv, "stall", tests, RUN_DEVICES);
}
