// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASIDs with the kernel's own VT-d driver, held where a PASID is not in the domain's
 * flush list any more and its entry is still there (a machine with vtd-pasid or vtd-ats).
 * No emulated device sends PASIDs: what the entries say is read from memory.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "hold.h"
#include "memory.h"
#include "run.h"
#include "scene.h"
#include "vtdtable.h"

#define BETWEEN		"intel_pasid_tear_down_entry"
#define NUMBER		5

static char igb[BDF_SIZE];

/* igb with an address space behind a PASID, and a page in it */
struct setting {
	int fd, dev;
	__u32 ioas;
	char *p;
};

static struct setting bound_igb(void)
{
	struct setting s;

	vtd_with_pasids(igb);
	EXPECT_OK(pci_give_to(igb, "ioasid_vfio_pci"));
	s.fd = EXPECT_OK(iommu_open());
	s.dev = EXPECT_OK(dev_open_bdf(igb));
	EXPECT_OK(dev_bind(s.dev, s.fd, 1));
	s.ioas = new_ioas(s.fd);
	s.p = memory(PAGE, CANARY);
	EXPECT_OK(ioas_map(s.fd, s.ioas, s.p, IOVA, PAGE, RW));
	return s;
}

static void attach_number(struct setting *s)
{
	EXPECT_OK(dev_attach_pasid(s->dev, s->fd, s->ioas, NUMBER));
	EXPECT_TRUE(vtd_pasid_entry(igb, NUMBER).present);
	hold_at(BETWEEN);
}

static struct setting attached_pasid(void)
{
	struct setting s = bound_igb();

	attach_number(&s);
	return s;
}

static void done(struct setting *s)
{
	hold_end();
	close(s->dev);
	EXPECT_OK(pci_take_back(igb));
}

struct detach {
	pthread_t thread;
	struct setting *s;
	int ret;
	volatile int ended;
};

static void *detach_pasid(void *arg)
{
	struct detach *d = arg;

	d->ret = dev_detach_pasid(d->s->dev, d->s->fd, NUMBER);
	d->ended = 1;
	return NULL;
}

static void detach_is_held(struct detach *d, struct setting *s)
{
	*d = (struct detach){ .s = s };
	hold_next();
	EXPECT_EQ(pthread_create(&d->thread, NULL, detach_pasid, d), 0);
	hold_wait();
	EXPECT_TRUE(vtd_pasid_entry(igb, NUMBER).present);
}

static void detach_ends(struct detach *d)
{
	hold_go();
	wait_for(&d->ended);
	pthread_join(d->thread, NULL);
	EXPECT_EQ(d->ret, 0);
	EXPECT_TRUE(!vtd_pasid_entry(igb, NUMBER).present);
}

START_TEST(unmap_waits_while_a_pasid_is_detached)
{
	struct setting s = attached_pasid();
	struct call unmap = {
		.what = UNMAP, .fd = s.fd, .ioas = s.ioas, .iova = IOVA, .length = PAGE,
	};
	struct detach d;

	detach_is_held(&d, &s);
	call_start(&unmap);
	call_waits(&unmap);
	detach_ends(&d);
	call_ends(&unmap, 0);
	done(&s);
}
END_TEST

/*
 * Another user's device behind the same IOMMU goes to a table of its own while the one
 * that it leaves has another device: that takes an id, and the lowest free one is that
 * of the PASID, for all below it are taken.
 */
START_TEST(id_of_a_pasid_that_is_detached_is_nobody_elses_before_its_entry_is_gone)
{
	int other = EXPECT_OK(iommu_open());
	__u32 shared = new_ioas(other);
	struct call attach = { .what = ATTACH, .fd = other, .ioas = new_ioas(other) };
	struct setting s = bound_igb();
	struct vtd_pasid_entry mine, theirs;
	struct dev one, two;
	struct detach d;
	unsigned int i;

	dev_start(&one, TESTDEV_0, other);
	dev_start(&two, TESTDEV_1, other);
	EXPECT_OK(dev_attach(one.fd, other, shared));
	EXPECT_OK(dev_attach(two.fd, other, shared));
	for (i = 0; i < 40; i++)
		EXPECT_OK(dev_attach_pasid(s.dev, s.fd, new_ioas(s.fd), 100 + i));
	attach_number(&s);
	attach.dev = one.fd;
	detach_is_held(&d, &s);
	call_start(&attach);
	for (i = 0; i < 10 && !attach.ended; i++)
		sleep_ms(A_WHILE);
	if (attach.ended) {
		mine = vtd_pasid_entry(igb, NUMBER);
		theirs = vtd_pasid_entry(one.bdf, 0);
		EXPECT_TRUE(mine.present && theirs.present);
		EXPECT_NE(mine.table, theirs.table);
		EXPECT_NE(mine.domain, theirs.domain);
	}
	detach_ends(&d);
	call_ends(&attach, 0);
	done(&s);
}
END_TEST

/* First the PASID, and then its alias, which is there for longer */
START_TEST(unmap_waits_while_a_pasid_is_detached_with_its_alias)
{
	struct setting s = attached_pasid();
	struct call unmap = {
		.what = UNMAP, .fd = s.fd, .ioas = s.ioas, .iova = IOVA, .length = PAGE,
	};
	struct detach d;

	EXPECT_OK(dev_alias(s.dev, s.fd, NUMBER, NUMBER + 1));
	detach_is_held(&d, &s);
	EXPECT_TRUE(vtd_pasid_entry(igb, NUMBER + 1).present);
	call_start(&unmap);
	call_waits(&unmap);
	detach_ends(&d);
	call_ends(&unmap, 0);
	EXPECT_TRUE(!vtd_pasid_entry(igb, NUMBER + 1).present);
	done(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		unmap_waits_while_a_pasid_is_detached,
		id_of_a_pasid_that_is_detached_is_nobody_elses_before_its_entry_is_gone,
		unmap_waits_while_a_pasid_is_detached_with_its_alias,
		NULL,
	};
	int failed;

	if (!config_is("vtd-pasid") && !config_is("vtd-ats")) {
		printf("1..0 # SKIP no PASIDs\n");
		return 0;
	}
	failed = run_program(argc, argv, "window-pasid", tests, RUN_DEVICES);
	hold_end();
	return failed;
}
