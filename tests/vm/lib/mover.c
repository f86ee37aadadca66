// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "expect.h"
#include "memory.h"
#include "mover.h"
#include "run.h"

/* Where none may be lost there are more of them; where everything is let through
 * for a moment QEMU takes ten times as long
 */
#define REPLACES	2000
#define REPLACES_ATOMIC	10000
#define REPLACES_SLOW	300

/* KASAN and lockdep take their time */
static unsigned int slower(void)
{
	return kernel_is("debug") ? 50 : 1;
}

static void make_spaces(struct mover *m, __u64 cookie)
{
	struct device_caps caps;
	unsigned int i;

	device_caps(m->fd, cookie, &caps);
	m->atomic = caps.info.flags & IOASID_DEVICE_INFO_ATOMIC_REPLACE;
	for (i = 0; i < TRAFFIC_SPACES; i++) {
		m->ioas[i] = new_ioas(m->fd);
		traffic_map(&m->t, i, m->fd, m->ioas[i]);
	}
}

void mover_start(struct mover *m)
{
	m->fd = EXPECT_OK(iommu_open());
	dev_start(&m->dev, TESTDEV_0, m->fd);
	m->device = m->dev.fd;
	traffic_init(&m->t, &m->dev, NULL);
	/*
	 * For a moment of every change AMD's driver of 6.12 leaves an entry of which
	 * QEMU thinks that it lets everything through.
	 */
	m->t.may_pass = config_is("amd") && kernel_is("6.12");
	/*
	 * QEMU's VT-d in its scalable modes translates by a PASID entry that is not
	 * present any more until something else stands there, and keeps the result
	 * (vtd_get_iova_pgtbl_base() does not look at the present bit). The driver
	 * clears the bit, flushes, and clears the rest.
	 */
	m->t.pauses = config_is("vtd-scalable") || config_is("vtd-firststage");
	make_spaces(m, m->dev.cookie);
	/* No driver of hardware goes without a gap */
	EXPECT_TRUE(!m->atomic);
}

void mover_start_software(struct mover *m)
{
	swiommu_load(NULL);
	m->fd = EXPECT_OK(iommu_open());
	swdev_start(&m->swdev, 0, m->fd);
	m->device = m->swdev.fd;
	traffic_init(&m->t, NULL, &m->swdev);
	make_spaces(m, m->swdev.cookie);
	/* On every kernel that takes a software IOMMU and can replace */
	EXPECT_EQ(m->atomic, !kernel_is("6.1"));
}

void mover_end_software(struct mover *m)
{
	EXPECT_OK(close(m->swdev.fd));
	EXPECT_OK(close(m->fd));
	swiommu_unload();
}

void mover_attach(struct mover *m, unsigned int space)
{
	traffic_changes(&m->t, space);
	EXPECT_OK(dev_attach(m->device, m->fd, m->ioas[space]));
	traffic_changed(&m->t, space);
}

void mover_detach(struct mover *m)
{
	traffic_changes(&m->t, TRAFFIC_BLOCKED);
	EXPECT_OK(dev_detach(m->device, m->fd));
	traffic_changed(&m->t, TRAFFIC_BLOCKED);
}

static void bystander_attach(struct bystander *b, int device, struct mover *m, unsigned int space)
{
	traffic_map(&b->t, 0, m->fd, m->ioas[space]);
	traffic_changes(&b->t, 0);
	EXPECT_OK(dev_attach(device, m->fd, m->ioas[space]));
	traffic_changed(&b->t, 0);
	traffic_start(&b->t);
}

void bystander_start(struct bystander *b, enum which device, struct mover *m, unsigned int space)
{
	dev_start(&b->dev, device, m->fd);
	traffic_init(&b->t, &b->dev, NULL);
	bystander_attach(b, b->dev.fd, m, space);
}

void bystander_start_software(struct bystander *b, struct mover *m, unsigned int space)
{
	swdev_start(&b->swdev, 0, m->fd);
	traffic_init(&b->t, NULL, &b->swdev);
	bystander_attach(b, b->swdev.fd, m, space);
}

void bystander_stop(struct bystander *b)
{
	traffic_stop(&b->t);
	EXPECT_NE(b->t.landed[0], 0);
	EXPECT_EQ(b->t.blocked, 0);
}

static void say(const struct mover *m, const char *what, unsigned int times)
{
	const struct traffic *t = &m->t;
	char line[160];
	int n;

	n = snprintf(line, sizeof(line),
		     "# %s %u times, %satomic: %lu writes blocked, %lu landed, %lu went past\n",
		     what, times, m->atomic ? "" : "not ", t->blocked,
		     t->landed[0] + t->landed[1] + t->landed[2], t->past);
	EXPECT_EQ(write(STDOUT_FILENO, line, n), n);
}

/* Between the first @spaces of them, in turn */
void mover_replaces(struct mover *m, unsigned int spaces)
{
	unsigned int times = m->t.may_pass ? REPLACES_SLOW : REPLACES, i;

	times = (m->atomic ? REPLACES_ATOMIC : times) / slower();

	mover_attach(m, 0);
	traffic_start(&m->t);
	traffic_wait(&m->t, 100);
	for (i = 1; i <= times; i++) {
		mover_attach(m, i % spaces);
		/* Does it work between them, in each of them, and not only in the end? */
		if (i % 11 == 0)
			traffic_wait(&m->t, 1);
	}
	traffic_wait(&m->t, 100);
	traffic_stop(&m->t);
	say(m, "replaced", times);
	for (i = 0; i < TRAFFIC_SPACES; i++)
		EXPECT_EQ(m->t.landed[i] != 0, i < spaces);
	if (m->atomic)
		EXPECT_EQ(m->t.blocked, 0);
}

/* Some of it is pinned and mapped already when it turns out */
void mover_fails(struct mover *m)
{
	unsigned int i, times = 100 / slower() + 1;
	char *p = memory(64 * PAGE, CANARY);

	EXPECT_OK(ioas_map(m->fd, m->ioas[1], p, 4 * GIB, 64 * PAGE, RW));
	EXPECT_OK(munmap(p + 63 * PAGE, PAGE));
	mover_attach(m, 0);
	traffic_start(&m->t);
	for (i = 0; i < times; i++) {
		traffic_wait(&m->t, 1);
		/* The new one is seen for a moment where it is filled late */
		traffic_changes(&m->t, 1);
		EXPECT_ERRNO(dev_attach(m->device, m->fd, m->ioas[1]), EFAULT);
		traffic_changed(&m->t, 0);
	}
	traffic_wait(&m->t, 100);
	traffic_stop(&m->t);
	say(m, "failed to replace", times);
	if (m->atomic)
		EXPECT_EQ(m->t.blocked, 0);
}

void mover_comes_and_goes(struct mover *m)
{
	unsigned int times = 200 / slower() + 1, i;

	traffic_start(&m->t);
	for (i = 0; i < times; i++) {
		mover_attach(m, i % 2);
		traffic_wait(&m->t, 1);
		mover_detach(m);
	}
	traffic_stop(&m->t);
	say(m, "attached and detached", times);
}
