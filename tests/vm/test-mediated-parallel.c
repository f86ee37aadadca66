// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmaps that wait until the driver of a software-mediated device has let go, beside
 * calls of others on the same range: each takes what it found when it began, and
 * nothing else. Detaching beside calls of the driver.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "mediated.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "scene.h"
#include "stall.h"

#define PAGES	8
#define LENGTH	(PAGES * PAGE)
#define RANGE	(4 * MIB)

/* A mapping at the begin of the range is pinned, and the driver does not let go */
static struct mediated held(__u64 *pin)
{
	struct mediated m = mediated();

	m_delay(m.dev, MEDIATED_NEVER);
	EXPECT_OK(ioas_map(m.fd, m.ioas, memory(LENGTH, 1), IOVA, LENGTH, RW));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA, LENGTH, NULL, pin));
	return m;
}

static struct call call(struct mediated *m, int what, __u64 iova, __u64 length)
{
	return (struct call){
		.what = what, .fd = m->fd, .ioas = m->ioas, .dev = m->dev,
		.iova = iova, .length = length,
	};
}

START_TEST(an_unmap_takes_only_what_was_mapped_when_it_began)
{
	struct mediated m;
	struct call unmap;
	struct dev dev;
	__u64 pin;
	char c = 0;

	m = held(&pin);
	unmap = call(&m, UNMAP, IOVA, RANGE);
	call_start(&unmap);
	call_waits(&unmap);
	EXPECT_OK(ioas_map(m.fd, m.ioas, memory(PAGE, 0x44), IOVA + MIB, PAGE, RW));
	EXPECT_OK(m_unpin(m.dev, m.fd, pin));
	call_ends(&unmap, 0);
	EXPECT_EQ(unmap.unmapped, LENGTH);
	EXPECT_EQ(mapped_bytes(m.fd, m.ioas), PAGE);
	EXPECT_OK(m_read(m.dev, m.fd, IOVA + MIB, &c, 1));
	EXPECT_EQ(c, 0x44);
	/* nothing is busy any more, or it would wait */
	dev_start(&dev, TESTDEV_0, m.fd);
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	EXPECT_EQ(testdev_write(&dev, IOVA + MIB, 64, 0), DMA_DONE);
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_BLOCKED);
}
END_TEST

START_TEST(an_unmap_leaves_what_is_being_mapped_alone)
{
	char *p = memory(SIZE, CANARY);
	struct stall stall = stall_at(p + HOLE);
	struct call unmap, map;
	struct mediated m;
	struct dev dev;
	__u64 pin, at;

	m = held(&pin);
	dev_start(&dev, TESTDEV_0, m.fd);
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	unmap = call(&m, UNMAP, IOVA, RANGE);
	call_start(&unmap);
	call_waits(&unmap);
	map = call(&m, MAP, IOVA + MIB, SIZE);
	map.vaddr = p;
	call_start(&map);
	stall_wait(&stall);
	EXPECT_OK(m_unpin(m.dev, m.fd, pin));
	call_ends(&unmap, 0);
	EXPECT_EQ(unmap.unmapped, LENGTH);
	EXPECT_EQ(mapped_bytes(m.fd, m.ioas), 0);
	stall_end(&stall);
	call_ends(&map, 0);
	EXPECT_EQ(mapped_bytes(m.fd, m.ioas), SIZE);
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), SIZE);
	for (at = 0; at < SIZE; at += PAGE)
		EXPECT_EQ(testdev_write(&dev, IOVA + MIB + at, 64, phys_of(p + at)), DMA_DONE);
	EXPECT_OK(dev_detach(dev.fd, m.fd));
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
}
END_TEST

START_TEST(an_unmap_that_is_killed_gives_back_only_what_it_has_claimed)
{
	struct victim *v = shared_memory(sizeof(*v));
	char *p = memory(SIZE, CANARY);
	struct stall stall = stall_at(p + HOLE);
	struct call map, second;
	struct mediated m;
	struct dev dev;
	pid_t child;
	__u64 pin;

	m = held(&pin);
	dev_start(&dev, TESTDEV_0, m.fd);
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	v->call = call(&m, UNMAP, IOVA, RANGE);
	child = victim_start(v);
	sleep_ms(A_WHILE);
	EXPECT_TRUE(child_runs(child));
	map = call(&m, MAP, IOVA + MIB, SIZE);
	map.vaddr = p;
	call_start(&map);
	stall_wait(&stall);
	kill_child(child);
	/* it is being mapped still */
	second = call(&m, UNMAP, IOVA + MIB, SIZE);
	call_start(&second);
	call_waits(&second);
	stall_end(&stall);
	call_ends(&map, 0);
	call_ends(&second, 0);
	EXPECT_EQ(second.unmapped, SIZE);
	EXPECT_EQ(mapped_bytes(m.fd, m.ioas), LENGTH);
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), LENGTH);
	EXPECT_OK(m_unpin(m.dev, m.fd, pin));
	EXPECT_OK(dev_detach(dev.fd, m.fd));
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_DONE);
}
END_TEST

START_TEST(the_last_page_table_goes_while_an_unmap_waits)
{
	struct mediated m;
	struct call unmap;
	struct dev dev;
	__u64 pin;
	int i;

	m = held(&pin);
	dev_start(&dev, TESTDEV_0, m.fd);
	for (i = 1; i < 4; i++)
		EXPECT_OK(ioas_map(m.fd, m.ioas, memory(PAGE, i), IOVA + i * LENGTH, PAGE, RW));
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	unmap = call(&m, UNMAP, IOVA, 2 * LENGTH);
	call_start(&unmap);
	call_waits(&unmap);
	/* behind what is claimed, in its range and out of it */
	EXPECT_OK(ioas_map(m.fd, m.ioas, memory(PAGE, 7), IOVA + LENGTH + PAGE, PAGE, RW));
	EXPECT_OK(ioas_map(m.fd, m.ioas, memory(PAGE, 7), IOVA + RANGE, PAGE, RW));
	EXPECT_OK(dev_detach(dev.fd, m.fd));
	EXPECT_OK(m_unpin(m.dev, m.fd, pin));
	call_ends(&unmap, 0);
	EXPECT_EQ(unmap.unmapped, LENGTH + PAGE);
	EXPECT_EQ(mapped_bytes(m.fd, m.ioas), 4 * PAGE);
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), 0);
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), 4 * PAGE);
	EXPECT_EQ(testdev_write(&dev, IOVA + LENGTH + PAGE, 64, 0), DMA_DONE);
	EXPECT_EQ(testdev_write(&dev, IOVA + LENGTH, 64, 0), DMA_BLOCKED);
}
END_TEST

/* ------------------------------------------- a driver that works for the last time */

struct access {
	pthread_t thread;
	struct mediated m;
	void *buf;
	unsigned long length;
	bool write;
	int ret, err;
	volatile int ended;
};

static void *access_thread(void *arg)
{
	struct access *a = arg;

	if (a->write)
		a->ret = m_write(a->m.dev, a->m.fd, IOVA, a->buf, a->length);
	else
		a->ret = m_read(a->m.dev, a->m.fd, IOVA, a->buf, a->length);
	a->err = errno;
	a->ended = 1;
	return NULL;
}

/* It waits for a page of memory, and that comes when the device is detached already */
static void access_after_detach(unsigned long length, bool write)
{
	struct access a = { .length = length, .write = write, .buf = memory(length, 0x5a) };
	char *p = memory(length, 1);
	struct stall stall = stall_at(p + length - PAGE);

	a.m = mediated();
	EXPECT_OK(ioas_map(a.m.fd, a.m.ioas, p, IOVA, length, RW));
	EXPECT_EQ(pthread_create(&a.thread, NULL, access_thread, &a), 0);
	stall_wait(&stall);
	EXPECT_OK(dev_detach(a.m.dev, a.m.fd));
	EXPECT_TRUE(!a.ended);
	stall_end(&stall);
	wait_for(&a.ended);
	pthread_join(a.thread, NULL);
	if (write) {
		expect_filled(p, 1, length - PAGE);
		expect_filled(p + length - PAGE, 0, PAGE);
	} else {
		expect_filled(a.buf, 0x5a, length);
	}
	EXPECT_EQ(a.ret, -1);
	EXPECT_EQ(a.err, ENODEV);
	/* the memory is the user's again */
	EXPECT_OK(ioas_unmap_all(a.m.fd, a.m.ioas, NULL));
	EXPECT_OK(dev_attach(a.m.dev, a.m.fd, a.m.ioas));
	close_all();
}

START_TEST(a_driver_writes_nothing_once_it_is_detached)
{
	access_after_detach(PAGE, true);
	access_after_detach(8 * PAGE, true);
	/* all of this is pinned first */
	access_after_detach(64 * PAGE, true);
}
END_TEST

START_TEST(a_driver_reads_nothing_once_it_is_detached)
{
	access_after_detach(PAGE, false);
	access_after_detach(8 * PAGE, false);
}
END_TEST

/* --------------------------------------------- attaches beside busy drivers */

struct busy {
	pthread_t thread;
	struct mediated *m;
	const volatile int *stop;
	volatile int done;
	int index;
};

#define DRIVERS	8
#define SHARE	(2 * MIB)

/* Pins, unpins, reads and writes a range of its own, and never rests */
static void *be_busy(void *arg)
{
	struct busy *b = arg;
	__u64 iova = IOVA + b->index * SHARE, pin;
	int dev = b->m->dev, fd = b->m->fd;
	char *bytes = malloc(SHARE);

	while (!*b->stop) {
		EXPECT_OK(m_read(dev, fd, iova, bytes, SHARE));
		EXPECT_OK(m_pin(dev, fd, iova, SHARE, NULL, &pin));
		EXPECT_OK(m_unpin(dev, fd, pin));
		EXPECT_OK(m_write(dev, fd, iova + 1, bytes, SHARE - 1));
		EXPECT_EQ(m_translate(dev, fd, iova, SHARE), RW);
		b->done++;
	}
	free(bytes);
	return NULL;
}

/* How long it waits is what no_call_of_a_driver_begins_while_an_attach_waits looks at */
START_TEST(attach_gets_its_turn_among_busy_drivers)
{
	struct mediated m = mediated();
	volatile int stop = 0;
	struct busy b[DRIVERS];
	struct dev dev;
	int i, done;

	EXPECT_OK(ioas_map(m.fd, m.ioas, memory(DRIVERS * SHARE, CANARY), IOVA, DRIVERS * SHARE, RW));
	dev_start(&dev, TESTDEV_0, m.fd);
	for (i = 0; i < DRIVERS; i++) {
		b[i] = (struct busy){ .m = &m, .stop = &stop, .index = i };
		EXPECT_EQ(pthread_create(&b[i].thread, NULL, be_busy, &b[i]), 0);
	}
	for (i = 0; i < DRIVERS; i++)
		wait_for(&b[i].done);
	for (i = 0; i < 10; i++) {
		EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
		EXPECT_OK(dev_detach(dev.fd, m.fd));
	}
	/* and so do the drivers */
	done = b[0].done;
	while (b[0].done == done)
		sleep_ms(1);
	stop = 1;
	for (i = 0; i < DRIVERS; i++)
		pthread_join(b[i].thread, NULL);
}
END_TEST

/* Nor does a driver wait that has to read before it lets go, or both would for ever */
struct one_call {
	pthread_t thread;
	struct mediated *m;
	__u64 iova, length;
	volatile int ended;
};

static void *pin_and_unpin(void *arg)
{
	struct one_call *c = arg;
	__u64 pin;

	EXPECT_OK(m_pin(c->m->dev, c->m->fd, c->iova, c->length, NULL, &pin));
	EXPECT_OK(m_unpin(c->m->dev, c->m->fd, pin));
	c->ended = 1;
	return NULL;
}

START_TEST(no_call_of_a_driver_begins_while_an_attach_waits)
{
	char *p = memory(SIZE, CANARY);
	struct stall stall = stall_at(p + HOLE);
	struct mediated m = mediated();
	struct one_call first = { .m = &m, .iova = IOVA, .length = SIZE };
	struct one_call second = { .m = &m, .iova = IOVA + 2 * SIZE, .length = PAGE };
	struct call attach;
	struct dev dev;

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, SIZE, RW));
	EXPECT_OK(ioas_map(m.fd, m.ioas, memory(PAGE, 0x44), IOVA + 2 * SIZE, PAGE, RW));
	dev_start(&dev, TESTDEV_0, m.fd);
	EXPECT_EQ(pthread_create(&first.thread, NULL, pin_and_unpin, &first), 0);
	stall_wait(&stall);
	attach = call(&m, ATTACH, 0, 0);
	attach.dev = dev.fd;
	call_start(&attach);
	call_waits(&attach);
	EXPECT_EQ(pthread_create(&second.thread, NULL, pin_and_unpin, &second), 0);
	sleep_ms(A_WHILE);
	EXPECT_TRUE(!second.ended);
	EXPECT_TRUE(!attach.ended);
	stall_end(&stall);
	call_ends(&attach, 0);
	pthread_join(first.thread, NULL);
	pthread_join(second.thread, NULL);
	EXPECT_EQ(testdev_write(&dev, IOVA + 2 * SIZE, 64, 0), DMA_DONE);
}
END_TEST

START_TEST(drivers_read_while_an_unmap_waits_for_them_and_an_attach_for_that)
{
	struct call unmap, attach;
	struct mediated m;
	struct dev dev;
	char c = 0;
	__u64 pin;

	m = held(&pin);
	EXPECT_OK(ioas_map(m.fd, m.ioas, memory(PAGE, 0x44), IOVA + MIB, PAGE, RW));
	dev_start(&dev, TESTDEV_0, m.fd);
	unmap = call(&m, UNMAP, IOVA, LENGTH);
	attach = call(&m, ATTACH, 0, 0);
	attach.dev = dev.fd;
	call_start(&unmap);
	call_waits(&unmap);
	call_start(&attach);
	call_waits(&attach);
	EXPECT_OK(m_read(m.dev, m.fd, IOVA + MIB, &c, 1));
	EXPECT_EQ(c, 0x44);
	EXPECT_OK(m_unpin(m.dev, m.fd, pin));
	call_ends(&unmap, 0);
	call_ends(&attach, 0);
	EXPECT_EQ(testdev_write(&dev, IOVA + MIB, 64, 0), DMA_DONE);
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_BLOCKED);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		an_unmap_takes_only_what_was_mapped_when_it_began,
		an_unmap_leaves_what_is_being_mapped_alone,
		an_unmap_that_is_killed_gives_back_only_what_it_has_claimed,
		the_last_page_table_goes_while_an_unmap_waits,
		a_driver_writes_nothing_once_it_is_detached,
		a_driver_reads_nothing_once_it_is_detached,
		attach_gets_its_turn_among_busy_drivers,
		no_call_of_a_driver_begins_while_an_attach_waits,
		drivers_read_while_an_unmap_waits_for_them_and_an_attach_for_that,
		NULL,
	};

	return run_program(argc, argv, "mediated_parallel", tests, RUN_MEDIATED);
}
