// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmapping what drivers of software-mediated devices have pinned: they are told, and
 * the call waits until they have let go.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

/* A mapping at each of IOVA, IOVA + 1 MiB..., all of them pinned */
static struct mediated pinned(unsigned int nr, __u32 delay)
{
	struct mediated m = mediated();
	char *p = memory(nr * PAGES * PAGE, 1);
	unsigned int i;

	m_delay(m.dev, delay);
	for (i = 0; i < nr; i++) {
		EXPECT_OK(ioas_map(m.fd, m.ioas, p + i * PAGES * PAGE, IOVA + i * MIB,
				   PAGES * PAGE, RW));
		EXPECT_OK(m_pin(m.dev, m.fd, IOVA + i * MIB, PAGES * PAGE, NULL, NULL));
	}
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), nr * PAGES * PAGE);
	return m;
}

static struct call call(struct mediated *m, int what, __u64 iova, __u64 length)
{
	return (struct call){
		.what = what, .fd = m->fd, .ioas = m->ioas, .dev = m->dev,
		.iova = iova, .length = length,
	};
}

START_TEST(unmap_tells_the_driver_which_mapping_goes)
{
	struct mediated m = pinned(3, MEDIATED_AT_ONCE);
	struct mediated_state s;
	__u64 unmapped;

	EXPECT_EQ(m_told(m.dev, m.fd), 0);
	EXPECT_OK(ioas_unmap(m.fd, m.ioas, IOVA + MIB, PAGES * PAGE, &unmapped));
	EXPECT_EQ(unmapped, PAGES * PAGE);
	s = m_state(m.dev, m.fd);
	EXPECT_EQ(s.told, 1);
	EXPECT_EQ(s.start, IOVA + MIB);
	EXPECT_EQ(s.last, IOVA + MIB + PAGES * PAGE - 1);
	EXPECT_EQ(s.pins, 2);
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), 2 * PAGES * PAGE);
	/* of a range around it, not of the range */
	EXPECT_OK(ioas_unmap(m.fd, m.ioas, IOVA - MIB, MIB + MIB / 2, NULL));
	s = m_state(m.dev, m.fd);
	EXPECT_EQ(s.told, 2);
	EXPECT_EQ(s.start, IOVA);
	EXPECT_EQ(s.last, IOVA + PAGES * PAGE - 1);
	/* and of nothing when there is nothing, or it is refused */
	EXPECT_OK(ioas_unmap(m.fd, m.ioas, IOVA, MIB, NULL));
	EXPECT_ERRNO(ioas_unmap(m.fd, m.ioas, IOVA + 2 * MIB, PAGE, NULL), EINVAL);
	EXPECT_EQ(m_told(m.dev, m.fd), 2);
	EXPECT_OK(ioas_unmap_all(m.fd, m.ioas, NULL));
	EXPECT_EQ(m_told(m.dev, m.fd), 3);
	EXPECT_EQ(m_pins(m.dev, m.fd), 0);
}
END_TEST

START_TEST(unmap_tells_of_what_is_not_pinned_too)
{
	struct mediated m = mediated();
	char *p = memory(PAGE, 1);

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_unmap(m.fd, m.ioas, IOVA, PAGE, NULL));
	EXPECT_EQ(m_told(m.dev, m.fd), 1);
}
END_TEST

START_TEST(unmap_waits_until_the_driver_has_let_go)
{
	struct mediated m = pinned(2, 300);
	struct call unmap = call(&m, UNMAP, IOVA, MIB);
	long before = pages_pinned();
	char *p = memory(PAGE, 1), c;
	__u32 spare;

	call_start(&unmap);
	call_waits(&unmap);
	/* nothing else waits, and for drivers it is gone */
	EXPECT_ERRNO(m_translate(m.dev, m.fd, IOVA, PAGE), ENOENT);
	EXPECT_ERRNO(m_read(m.dev, m.fd, IOVA, &c, 1), ENOENT);
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA, PAGE, NULL, NULL), ENOENT);
	EXPECT_OK(m_read(m.dev, m.fd, IOVA + MIB, &c, 1));
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA + 2 * MIB, PAGE, RW));
	EXPECT_OK(ioas_unmap(m.fd, m.ioas, IOVA + 2 * MIB, PAGE, NULL));
	spare = new_ioas(m.fd);
	EXPECT_OK(ioas_free(m.fd, spare));
	EXPECT_EQ(unmap.ended, 0);
	call_ends(&unmap, 0);
	EXPECT_EQ(unmap.unmapped, PAGES * PAGE);
	/* not a moment too early */
	EXPECT_EQ(pages_pinned(), before - PAGES);
	EXPECT_EQ(mapped_bytes(m.fd, m.ioas), PAGES * PAGE);
	/* the addresses are free */
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(m_read(m.dev, m.fd, IOVA, &c, 1));
	EXPECT_EQ(c, 1);
}
END_TEST

START_TEST(a_mapping_at_those_addresses_waits_as_well)
{
	struct mediated m = pinned(1, 300);
	struct call unmap = call(&m, UNMAP, IOVA, MIB), map = call(&m, MAP, IOVA, PAGE);
	char c;

	map.vaddr = memory(PAGE, 0x33);
	call_start(&unmap);
	sleep_ms(50);
	call_start(&map);
	call_waits(&map);
	call_ends(&unmap, 0);
	call_ends(&map, 0);
	EXPECT_OK(m_read(m.dev, m.fd, IOVA, &c, 1));
	EXPECT_EQ(c, 0x33);
}
END_TEST

START_TEST(an_array_is_unmapped_with_all_that_is_pinned)
{
	struct mediated m = pinned(5, 100);
	struct ioasid_unmap_range r[5];
	__u64 unmapped;
	__u32 done;
	int i;

	for (i = 0; i < 5; i++)
		r[i] = (struct ioasid_unmap_range){ IOVA + (4 - i) * MIB, PAGES * PAGE };
	r[3].length = PAGE;
	EXPECT_ERRNO(ioas_unmap_array(m.fd, m.ioas, r, 5, &done, &unmapped), EINVAL);
	EXPECT_EQ(done, 3);
	EXPECT_EQ(unmapped, 3 * PAGES * PAGE);
	EXPECT_GE(m_told(m.dev, m.fd), 3);
	EXPECT_EQ(m_pins(m.dev, m.fd), 2);
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), 2 * PAGES * PAGE);
}
END_TEST

/* ----------------------------------------- a driver that is told too early */

static void *pin_late(void *arg)
{
	struct mediated *m = arg;

	EXPECT_OK(m_pin_late(m->dev, m->fd, IOVA, PAGES * PAGE));
	return NULL;
}

/* It is told to let go of a pin that it has, and has taken no note of yet */
static void expect_let_go_late(int what)
{
	struct mediated m = mediated();
	long before = pages_pinned();
	struct call leave = call(&m, what, IOVA, MIB);
	pthread_t thread;

	EXPECT_OK(ioas_map(m.fd, m.ioas, memory(PAGES * PAGE, 1), IOVA, PAGES * PAGE, RW));
	EXPECT_EQ(pthread_create(&thread, NULL, pin_late, &m), 0);
	while (pages_pinned() != before + PAGES)
		sleep_ms(1);
	call_start(&leave);
	wait_for(&leave.ended);
	call_ends(&leave, 0);
	pthread_join(thread, NULL);
	EXPECT_GE(m_told(m.dev, m.fd), 2);
	EXPECT_EQ(m_pins(m.dev, m.fd), 0);
	EXPECT_EQ(pages_pinned(), before);
	close_all();
}

START_TEST(a_pin_that_is_noted_late_is_unmapped)
{
	expect_let_go_late(UNMAP);
	expect_let_go_late(UNMAP_ALL);
}
END_TEST

START_TEST(a_pin_that_is_noted_late_is_detached)
{
	expect_let_go_late(DETACH);
}
END_TEST

/* ----------------------------------------------------- a driver that does not */

START_TEST(an_unmap_that_is_killed_leaves_it_mapped_and_pinned)
{
	struct victim *v = shared_memory(sizeof(*v));
	struct mediated m = pinned(2, MEDIATED_NEVER);
	long before = pages_pinned();
	pid_t child;
	char c = 0;
	int i;

	for (i = 0; i < 3; i++) {
		v->call = call(&m, i ? UNMAP_ALL : UNMAP, IOVA, MIB);
		child = victim_start(v);
		sleep_ms(A_WHILE);
		EXPECT_TRUE(child_runs(child));
		EXPECT_ERRNO(m_translate(m.dev, m.fd, IOVA, PAGE), ENOENT);
		kill_child(child);
		EXPECT_EQ(mapped_bytes(m.fd, m.ioas), 2 * PAGES * PAGE);
		EXPECT_EQ(pages_pinned(), before);
		EXPECT_EQ(m_translate(m.dev, m.fd, IOVA, PAGE), RW);
		EXPECT_OK(m_read(m.dev, m.fd, IOVA, &c, 1));
		EXPECT_EQ(c, 1);
	}
	EXPECT_GE(m_told(m.dev, m.fd), 5);
	m_delay(m.dev, MEDIATED_AT_ONCE);
	EXPECT_OK(ioas_unmap_all(m.fd, m.ioas, NULL));
	EXPECT_EQ(pages_pinned(), before - 2 * PAGES);
}
END_TEST

START_TEST(a_detach_that_is_killed_leaves_it_attached)
{
	struct victim *v = shared_memory(sizeof(*v));
	struct mediated m = pinned(1, MEDIATED_NEVER);
	__u32 other = new_ioas(m.fd);
	pid_t child;
	char c = 0;

	v->call = call(&m, DETACH, 0, 0);
	child = victim_start(v);
	sleep_ms(A_WHILE);
	EXPECT_TRUE(child_runs(child));
	EXPECT_ERRNO(m_read(m.dev, m.fd, IOVA, &c, 1), ENODEV);
	kill_child(child);
	EXPECT_OK(m_read(m.dev, m.fd, IOVA, &c, 1));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA, PAGE, NULL, NULL));
	/* and so does one to another address space */
	v->call = call(&m, ATTACH, 0, 0);
	v->call.ioas = other;
	child = victim_start(v);
	sleep_ms(A_WHILE);
	EXPECT_TRUE(child_runs(child));
	kill_child(child);
	EXPECT_EQ(nr_attachments(m.fd, m.ioas), 1);
	EXPECT_EQ(nr_attachments(m.fd, other), 0);
	EXPECT_OK(m_read(m.dev, m.fd, IOVA, &c, 1));
	m_delay(m.dev, 50);
	EXPECT_OK(dev_attach(m.dev, m.fd, other));
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), 0);
	EXPECT_EQ(nr_attachments(m.fd, m.ioas), 0);
	EXPECT_EQ(nr_attachments(m.fd, other), 1);
	EXPECT_ERRNO(m_read(m.dev, m.fd, IOVA, &c, 1), ENOENT);
}
END_TEST

START_TEST(unbind_and_close_wait_for_the_driver)
{
	long before = pages_pinned();
	struct mediated m = pinned(3, 200), n;

	EXPECT_OK(dev_unbind(m.dev, m.fd));
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(nr_attachments(m.fd, m.ioas), 0);
	close_all();
	n = pinned(2, 200);
	EXPECT_OK(close(n.fd));
	EXPECT_EQ(pages_pinned(), before + 2 * PAGES);
	EXPECT_OK(close(n.dev));
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

START_TEST(a_device_is_detached_while_an_unmap_waits_for_it)
{
	struct mediated m = pinned(2, MEDIATED_NEVER);
	struct call unmap = call(&m, UNMAP, IOVA, MIB);

	call_start(&unmap);
	call_waits(&unmap);
	m_delay(m.dev, 100);
	EXPECT_OK(dev_detach(m.dev, m.fd));
	call_ends(&unmap, 0);
	EXPECT_EQ(mapped_bytes(m.fd, m.ioas), PAGES * PAGE);
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), 0);
}
END_TEST

START_TEST(a_physical_device_is_detached_while_an_unmap_waits)
{
	struct mediated m = pinned(2, MEDIATED_NEVER);
	struct call unmap = call(&m, UNMAP, IOVA, MIB);
	long before = pages_pinned();
	struct dev dev;
	int i;

	dev_start(&dev, TESTDEV_0, m.fd);
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	call_start(&unmap);
	call_waits(&unmap);
	/* it still reaches it: the call has not returned */
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_DONE);
	EXPECT_OK(dev_detach(dev.fd, m.fd));
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_BLOCKED);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(unmap.ended, 0);
	for (i = 1; i <= 2; i++)
		EXPECT_OK(m_unpin(m.dev, m.fd, i));
	call_ends(&unmap, 0);
	EXPECT_EQ(pages_pinned(), before - 2 * PAGES);
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_BLOCKED);
	EXPECT_EQ(testdev_write(&dev, IOVA + MIB, 64, 0), DMA_DONE);
}
END_TEST

START_TEST(a_device_reaches_what_is_pinned_until_the_unmap_returns)
{
	struct mediated m = pinned(1, 300);
	struct call unmap = call(&m, UNMAP_ALL, 0, 0);
	struct dev dev;

	dev_start(&dev, TESTDEV_0, m.fd);
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	call_start(&unmap);
	call_waits(&unmap);
	call_ends(&unmap, 0);
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_BLOCKED);
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), 0);
}
END_TEST

/* ------------------------------------------------------- pins that are waiting */

struct files {
	struct mediated m;
	volatile int step;
};

static void pin_stalled(void *arg)
{
	struct files *f = arg;

	m_pin(f->m.dev, f->m.fd, IOVA, 64 * PAGE, NULL, NULL);
}

START_TEST(unmap_and_attach_wait_for_a_pin_that_waits_for_memory)
{
	struct files *f = shared_memory(sizeof(*f));
	char *p = memory(64 * PAGE, 1);
	struct stall stall = stall_at(p + 40 * PAGE);
	struct call unmap, attach;
	long before = pages_pinned();
	struct dev dev;
	pid_t child;

	f->m = mediated();
	dev_start(&dev, TESTDEV_0, f->m.fd);
	EXPECT_OK(ioas_map(f->m.fd, f->m.ioas, p, IOVA, 64 * PAGE, RW));
	child = start_child(pin_stalled, f);
	stall_wait(&stall);
	attach = call(&f->m, ATTACH, 0, 0);
	attach.dev = dev.fd;
	call_start(&attach);
	call_waits(&attach);
	unmap = call(&f->m, UNMAP, IOVA, 64 * PAGE);
	call_start(&unmap);
	call_waits(&unmap);
	EXPECT_EQ(attach.ended, 0);
	stall_end(&stall);
	end_child(child);
	call_ends(&attach, 0);
	call_ends(&unmap, 0);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(m_pins(f->m.dev, f->m.fd), 0);
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_BLOCKED);
}
END_TEST

START_TEST(pins_are_given_back_while_an_attach_waits_for_memory)
{
	struct mediated m = mediated();
	char *p = memory(64 * PAGE, 1);
	struct stall stall = stall_at(p + 40 * PAGE);
	long before = pages_pinned();
	struct call attach;
	struct dev dev;
	char c = 0;
	int i;

	dev_start(&dev, TESTDEV_0, m.fd);
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 64 * PAGE, RW));
	/* what the attach has seen when it waits, what it has not, what it never will */
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + PAGE, PAGE, NULL, NULL));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + 50 * PAGE, PAGE, NULL, NULL));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + 3 * PAGE, PAGE, NULL, NULL));
	attach = call(&m, ATTACH, 0, 0);
	attach.dev = dev.fd;
	call_start(&attach);
	stall_wait(&stall);
	EXPECT_EQ(m_translate(m.dev, m.fd, IOVA, 64 * PAGE), RW);
	for (i = 1; i <= 2; i++)
		EXPECT_OK(m_unpin(m.dev, m.fd, i));
	stall_end(&stall);
	call_ends(&attach, 0);
	EXPECT_EQ(pages_pinned(), before + 64);
	EXPECT_EQ(testdev_write(&dev, IOVA + PAGE, 64, phys_of(p + PAGE)), DMA_DONE);
	EXPECT_EQ(testdev_write(&dev, IOVA + 50 * PAGE, 64, phys_of(p + 50 * PAGE)), DMA_DONE);
	EXPECT_OK(m_read(m.dev, m.fd, IOVA + 50 * PAGE, &c, 1));
	EXPECT_EQ(c, (char)TESTDEV_PATTERN);
	EXPECT_OK(dev_detach(dev.fd, m.fd));
	EXPECT_EQ(pages_pinned(), before + 1);
}
END_TEST

START_TEST(pins_are_given_back_while_an_attach_fails)
{
	struct mediated m = mediated();
	char *p = memory(64 * PAGE, 1);
	struct stall stall = stall_at(p + 40 * PAGE);
	long before = pages_pinned();
	struct call attach;
	struct dev dev;

	dev_start(&dev, TESTDEV_0, m.fd);
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 64 * PAGE, RW));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + PAGE, PAGE, NULL, NULL));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + 50 * PAGE, PAGE, NULL, NULL));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + 3 * PAGE, 4 * PAGE, NULL, NULL));
	attach = call(&m, ATTACH, 0, 0);
	attach.dev = dev.fd;
	call_start(&attach);
	stall_wait(&stall);
	EXPECT_OK(m_unpin(m.dev, m.fd, 1));
	stall_fail(&stall);
	call_ends(&attach, EFAULT);
	EXPECT_EQ(pages_pinned(), before + 5);
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), 5 * PAGE);
	EXPECT_OK(m_fill(m.dev, m.fd, 3, 0x7e));
	expect_filled(p + 3 * PAGE, 0x7e, 4 * PAGE);
	EXPECT_OK(dev_detach(m.dev, m.fd));
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

/* -------------------------------------------------------------------- at once */

struct racer {
	pthread_t thread;
	struct mediated *m;
	int dev, rounds;
	unsigned int seed;
	char *p;
};

/* Pin, read, write and unpin, whatever others unmap meanwhile */
static void *use(void *arg)
{
	struct racer *r = arg;
	char buf[3 * PAGE];
	__u64 id;
	int i;

	for (i = 0; i < r->rounds; i++) {
		__u64 at = IOVA + rand_r(&r->seed) % (2 * PAGES) * PAGE;

		if (!m_pin(r->dev, r->m->fd, at, PAGE * (1 + rand_r(&r->seed) % 3), NULL, &id)) {
			/* the driver may have been told meanwhile */
			if (rand_r(&r->seed) % 2)
				m_unpin(r->dev, r->m->fd, id);
		}
		m_read(r->dev, r->m->fd, at + 5, buf, PAGE);
		m_write(r->dev, r->m->fd, at + 7, buf, 2 * PAGE);
		if (rand_r(&r->seed) % 16 == 0) {
			EXPECT_OK(dev_detach(r->dev, r->m->fd));
			EXPECT_OK(dev_attach(r->dev, r->m->fd, r->m->ioas));
		}
	}
	return NULL;
}

static void *change(void *arg)
{
	struct racer *r = arg;
	int i;

	for (i = 0; i < r->rounds; i++) {
		EXPECT_OK(ioas_unmap(r->m->fd, r->m->ioas, IOVA + i % 2 * PAGES * PAGE,
				     PAGES * PAGE, NULL));
		EXPECT_OK(ioas_map(r->m->fd, r->m->ioas, r->p + i % 2 * PAGES * PAGE,
				   IOVA + i % 2 * PAGES * PAGE, PAGES * PAGE, RW));
	}
	return NULL;
}

static void *come_and_go(void *arg)
{
	struct racer *r = arg;
	int i;

	for (i = 0; i < r->rounds; i++) {
		EXPECT_OK(dev_attach(r->dev, r->m->fd, r->m->ioas));
		EXPECT_OK(dev_detach(r->dev, r->m->fd));
	}
	return NULL;
}

START_TEST(pins_maps_and_attaches_race_and_nothing_is_left)
{
	struct mediated m = mediated();
	char *p = memory(2 * PAGES * PAGE, 1);
	struct racer r[4] = {
		{ .m = &m, .dev = m.dev, .rounds = 300, .seed = 1 },
		{ .m = &m, .dev = mediated_beside(&m, 1), .rounds = 300, .seed = 2 },
		{ .m = &m, .rounds = 200, .p = p },
		{ .m = &m, .rounds = 40 },
	};
	void *(*fn[4])(void *) = { use, use, change, come_and_go };
	long before = pages_pinned();
	struct dev dev;
	int i;

	dev_start(&dev, TESTDEV_0, m.fd);
	r[3].dev = dev.fd;
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, PAGES * PAGE, RW));
	EXPECT_OK(ioas_map(m.fd, m.ioas, p + PAGES * PAGE, IOVA + PAGES * PAGE, PAGES * PAGE, RW));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(pthread_create(&r[i].thread, NULL, fn[i], &r[i]), 0);
	for (i = 0; i < 4; i++)
		pthread_join(r[i].thread, NULL);
	EXPECT_EQ(pages_pinned() - before, pinned_bytes(m.fd, m.ioas) / PAGE);
	EXPECT_OK(ioas_unmap_all(m.fd, m.ioas, NULL));
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), 0);
	EXPECT_EQ(m_pins(r[0].dev, m.fd) + m_pins(r[1].dev, m.fd), 0);
}
END_TEST

/* ------------------------------------------------------------- a freed one */

START_TEST(free_wakes_who_waits_for_its_addresses)
{
	char *p = memory(64 * PAGE, 1);
	struct attached a = attached();
	struct mediated m = { .fd = a.fd, .ioas = a.ioas };
	struct stall stall = stall_at(p + 40 * PAGE);
	struct call map, unmap;

	/* a map that waits for memory in an address space that is detached meanwhile */
	map = call(&m, MAP, IOVA, 64 * PAGE);
	map.vaddr = p;
	call_start(&map);
	stall_wait(&stall);
	unmap = call(&m, UNMAP, IOVA, 64 * PAGE);
	call_start(&unmap);
	call_waits(&unmap);
	EXPECT_OK(dev_detach(a.dev.fd, a.fd));
	EXPECT_EQ(unmap.ended, 0);
	EXPECT_OK(ioas_free(a.fd, a.ioas));
	call_ends(&unmap, ENOENT);
	stall_end(&stall);
	wait_for(&map.ended);
	pthread_join(map.thread, NULL);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		unmap_tells_the_driver_which_mapping_goes,
		unmap_tells_of_what_is_not_pinned_too,
		unmap_waits_until_the_driver_has_let_go,
		a_mapping_at_those_addresses_waits_as_well,
		an_array_is_unmapped_with_all_that_is_pinned,
		a_pin_that_is_noted_late_is_unmapped,
		a_pin_that_is_noted_late_is_detached,
		an_unmap_that_is_killed_leaves_it_mapped_and_pinned,
		a_detach_that_is_killed_leaves_it_attached,
		unbind_and_close_wait_for_the_driver,
		a_device_is_detached_while_an_unmap_waits_for_it,
		a_physical_device_is_detached_while_an_unmap_waits,
		a_device_reaches_what_is_pinned_until_the_unmap_returns,
		unmap_and_attach_wait_for_a_pin_that_waits_for_memory,
		pins_are_given_back_while_an_attach_waits_for_memory,
		pins_are_given_back_while_an_attach_fails,
		pins_maps_and_attaches_race_and_nothing_is_left,
		free_wakes_who_waits_for_its_addresses,
		NULL,
	};

	return run_program(argc, argv, "mediated-unmap", tests, RUN_MEDIATED);
}
