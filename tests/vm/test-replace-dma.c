// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces are replaced, attached and detached while the device writes as
 * fast as it can, and others do beside it. No write goes anywhere but to what
 * the device is, was, or is about to be attached to; and where replacing is said
 * to be atomic, none is lost.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chance.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"
#include "traffic.h"

/* Where none may be lost there are more of them. Where bus mastering is switched
 * each time QEMU takes ten times as long
 */
#define REPLACES	2000
#define REPLACES_ATOMIC	10000
#define REPLACES_SLOW	300

struct setting {
	int fd;
	__u32 ioas[TRAFFIC_SPACES];
	struct dev dev;
	struct traffic t;
	bool atomic;
};

static void make_setting(struct setting *s)
{
	struct device_caps caps;
	unsigned int i;

	s->fd = EXPECT_OK(iommu_open());
	dev_start(&s->dev, TESTDEV_0, s->fd);
	device_caps(s->fd, s->dev.cookie, &caps);
	s->atomic = caps.info.flags & IOASID_DEVICE_INFO_ATOMIC_REPLACE;
	traffic_init(&s->t, &s->dev);
	/*
	 * For a moment of every change AMD's driver of 6.12 leaves an entry of which
	 * QEMU thinks that it lets everything through. The module keeps devices from
	 * DMA meanwhile, but iommu-testdev does not care whether it is a bus master.
	 */
	s->t.may_pass = config_is("amd") && kernel_is("6.12");
	/*
	 * QEMU's VT-d in its scalable modes translates by a PASID entry that is not
	 * present any more until something else stands there, and keeps the result
	 * (vtd_get_iova_pgtbl_base() does not look at the present bit). The driver
	 * clears the bit, flushes, and clears the rest.
	 */
	s->t.pauses = config_is("vtd-scalable") || config_is("vtd-firststage");
	for (i = 0; i < TRAFFIC_SPACES; i++) {
		s->ioas[i] = new_ioas(s->fd);
		traffic_map(&s->t, i, s->fd, s->ioas[i]);
	}
}

static void attach(struct setting *s, unsigned int space)
{
	traffic_changes(&s->t, space);
	EXPECT_OK(dev_attach(s->dev.fd, s->fd, s->ioas[space]));
	traffic_changed(&s->t, space);
}

static void detach(struct setting *s)
{
	traffic_changes(&s->t, TRAFFIC_BLOCKED);
	EXPECT_OK(dev_detach(s->dev.fd, s->fd));
	traffic_changed(&s->t, TRAFFIC_BLOCKED);
}

/* Another device, that stays where it is */
struct other {
	struct dev dev;
	struct traffic t;
};

static void start_other(struct setting *s, struct other *o, enum which which, unsigned int space)
{
	dev_start(&o->dev, which, s->fd);
	traffic_init(&o->t, &o->dev);
	traffic_map(&o->t, 0, s->fd, s->ioas[space]);
	traffic_changes(&o->t, 0);
	EXPECT_OK(dev_attach(o->dev.fd, s->fd, s->ioas[space]));
	traffic_changed(&o->t, 0);
	traffic_start(&o->t);
}

static void stop_other(struct other *o)
{
	traffic_stop(&o->t);
	EXPECT_NE(o->t.landed[0], 0);
	EXPECT_EQ(o->t.blocked, 0);
}

static void say(const struct setting *s, const char *what, unsigned int times)
{
	const struct traffic *t = &s->t;
	char line[160];
	int n;

	n = snprintf(line, sizeof(line),
		     "# %s %u times, %satomic: %lu writes blocked, %lu landed, %lu went past\n",
		     what, times, s->atomic ? "" : "not ", t->blocked,
		     t->landed[0] + t->landed[1] + t->landed[2], t->past);
	EXPECT_EQ(write(STDOUT_FILENO, line, n), n);
}

/* Between the first @spaces of them, in turn */
static void replace(struct setting *s, unsigned int spaces)
{
	unsigned int times = s->t.may_pass ? REPLACES_SLOW : REPLACES, i;

	if (s->atomic)
		times = REPLACES_ATOMIC;
	attach(s, 0);
	traffic_start(&s->t);
	traffic_wait(&s->t, 100);
	for (i = 1; i <= times; i++) {
		attach(s, i % spaces);
		/* Does it work between them, and not only in the end? */
		if (i % 100 == 0)
			traffic_wait(&s->t, 1);
	}
	traffic_wait(&s->t, 100);
	traffic_stop(&s->t);
	say(s, "replaced", times);
	for (i = 0; i < TRAFFIC_SPACES; i++)
		EXPECT_EQ(s->t.landed[i] != 0, i < spaces);
	if (s->atomic)
		EXPECT_EQ(s->t.blocked, 0);
}

START_TEST(writes_during_replaces_land_in_the_old_or_the_new_one)
{
	struct setting s;
	struct other o;

	make_setting(&s);
	start_other(&s, &o, TESTDEV_1, 2);
	replace(&s, 2);
	stop_other(&o);
}
END_TEST

/* The page tables of two of the three are there all the time */
START_TEST(writes_during_replaces_of_three_that_others_use_land_in_the_old_or_the_new_one)
{
	struct setting s;
	struct other o, p;

	make_setting(&s);
	start_other(&s, &o, TESTDEV_1, 0);
	start_other(&s, &p, TESTDEV_2, 1);
	replace(&s, 3);
	stop_other(&o);
	stop_other(&p);
}
END_TEST

START_TEST(writes_during_attach_and_detach_land_there_or_are_blocked)
{
	unsigned int i, times = 1000;
	struct setting s;
	struct other o;

	make_setting(&s);
	if (s.t.may_pass)
		times = REPLACES_SLOW;
	start_other(&s, &o, TESTDEV_1, 1);
	traffic_start(&s.t);
	for (i = 0; i < times; i++) {
		attach(&s, i % 2);
		traffic_wait(&s.t, 1);
		detach(&s);
	}
	traffic_stop(&s.t);
	say(&s, "attached and detached", times);
	stop_other(&o);
}
END_TEST

/* Some of it is pinned and mapped already when it turns out */
START_TEST(writes_during_replaces_that_fail_land_in_the_old_one)
{
	unsigned int i, times = 300;
	struct setting s;
	char *p;

	make_setting(&s);
	p = memory(64 * PAGE, CANARY);
	EXPECT_OK(ioas_map(s.fd, s.ioas[1], p, 4 * GIB, 64 * PAGE, RW));
	EXPECT_OK(munmap(p + 63 * PAGE, PAGE));
	attach(&s, 0);
	traffic_start(&s.t);
	for (i = 0; i < times; i++) {
		traffic_wait(&s.t, 1);
		/* The new one is seen for a moment where it is filled late */
		traffic_changes(&s.t, 1);
		EXPECT_ERRNO(dev_attach(s.dev.fd, s.fd, s.ioas[1]), EFAULT);
		traffic_changed(&s.t, 0);
	}
	traffic_wait(&s.t, 100);
	traffic_stop(&s.t);
	say(&s, "failed to replace", times);
	if (s.atomic)
		EXPECT_EQ(s.t.blocked, 0);
}
END_TEST

/* What a device that heeds the rules of PCI starts meanwhile, 100 ms later */
#define EDU_WRITES	40

START_TEST(writes_of_a_bus_master_during_replaces_land_in_one_of_them_or_nowhere)
{
	char *p = memory(PAGE, CANARY), *q = memory(PAGE, CANARY);
	char *guard = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 a = new_ioas(fd), b = new_ioas(fd);
	unsigned int i, landed = 0, replaces = 0;
	__u64 iova = phys_of(guard);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, a, p, iova, PAGE, RW));
	EXPECT_OK(ioas_map(fd, b, q, iova, PAGE, RW));
	dev_start(&dev, EDU_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, a));
	memset(p, 0x31, 8);
	edu_from_memory(&dev, iova, 8);
	memset(p, CANARY, 8);
	for (i = 1; i <= EDU_WRITES; i++) {
		edu_start_to_memory(&dev, iova + i * 8, 8);
		while (edu_runs(&dev))
			EXPECT_OK(dev_attach(dev.fd, fd, replaces++ % 2 ? a : b));
		expect_filled(guard, CANARY, PAGE);
		EXPECT_TRUE(p[i * 8] != 0x31 || q[i * 8] != 0x31);
		landed += p[i * 8] == 0x31 || q[i * 8] == 0x31;
	}
	EXPECT_GE(landed, 1);
	EXPECT_GE(replaces, EDU_WRITES);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		writes_during_replaces_land_in_the_old_or_the_new_one,
		writes_during_replaces_of_three_that_others_use_land_in_the_old_or_the_new_one,
		writes_during_attach_and_detach_land_there_or_are_blocked,
		writes_during_replaces_that_fail_land_in_the_old_one,
		writes_of_a_bus_master_during_replaces_land_in_one_of_them_or_nowhere,
		NULL,
	};

	return run_program(argc, argv, "replace_dma", tests, RUN_DEVICES);
}
