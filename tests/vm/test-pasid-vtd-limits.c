// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one user may take of VT-d, with the kernel's own driver: leaves of a device's PASID
 * table, which the driver keeps, and domain ids. TEST_UID has igb, with PASIDs, and
 * OTHER_UID an iommu-testdev.
 */
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "limit.h"
#include "memory.h"
#include "modules.h"
#include "run.h"
#include "vtdtable.h"

#define REFUSE		"ioasid_test_refuse"
#define PARAMETERS	"/sys/module/" REFUSE "/parameters/"

/* Numbers in a leaf */
#define LEAF	64

static char igb[BDF_SIZE];

/* Both devices are open and not bound */
struct two {
	int dev;
	struct dev other;
	volatile int step, go;
	unsigned int nr;
};

static struct two *two(void)
{
	struct two *t = shared_memory(sizeof(*t));

	vtd_with_pasids(igb);
	EXPECT_OK(pci_give_to(igb, "ioasid_vfio_pci"));
	t->dev = EXPECT_OK(dev_open_bdf(igb));
	dev_open_only(&t->other, TESTDEV_0);
	open_node_to_all();
	return t;
}

/* For as long as the others need */
static void wait_to_go(struct two *t)
{
	while (!t->go)
		sleep_ms(1);
}

static void forget_the_device(void)
{
	EXPECT_OK(pci_take_back(igb));
	EXPECT_OK(pci_remove(igb));
	EXPECT_OK(pci_rescan());
	EXPECT_TRUE(pci_exists(igb));
}

static void end(struct two *t)
{
	EXPECT_OK(close(t->dev));
	EXPECT_OK(close(t->other.fd));
	forget_the_device();
	expect_holds_nothing(TEST_UID);
	expect_holds_nothing(OTHER_UID);
}

/* The other user binds, attaches and resets, and its device gets to its memory */
static void works(void *arg)
{
	struct two *t = arg;
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int fd = EXPECT_OK(iommu_open());
	char *p = memory(PAGE, CANARY);
	__u32 ioas = new_ioas(fd);

	EXPECT_OK(dev_bind(t->other.fd, fd, t->other.cookie));
	EXPECT_OK(dev_attach(t->other.fd, fd, ioas));
	EXPECT_OK(ioctl(t->other.fd, VFIO_DEVICE_GET_INFO, &info));
	if (info.flags & VFIO_DEVICE_FLAGS_RESET)
		EXPECT_OK(ioctl(t->other.fd, VFIO_DEVICE_RESET));
	dev_enable(&t->other);
	dev_map_bar(&t->other);
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	EXPECT_EQ(testdev_write(&t->other, IOVA, PAGE, 0), DMA_DONE);
	expect_pattern(p, PAGE);
	dev_unmap_bar(&t->other);
	EXPECT_OK(dev_unbind(t->other.fd, fd));
	EXPECT_OK(close(fd));
}

/* A number in the middle of the leaf */
static __u32 in_leaf(unsigned int leaf)
{
	return leaf * LEAF + 5;
}

#define LEAVES	20

static void takes_leaves(void *arg)
{
	struct two *t = arg;
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	unsigned int i;

	EXPECT_OK(dev_bind(t->dev, fd, 1));
	for (i = 0; i < LEAVES; i++)
		EXPECT_OK(dev_attach_pasid(t->dev, fd, ioas, in_leaf(10 * i)));
	EXPECT_EQ(limit_used(fd, "pasid-pages").used, LEAVES);
	EXPECT_EQ(limit_used(fd, "pasid-pages").limit, LEAVES);
	EXPECT_ERRNO(dev_attach_pasid(t->dev, fd, ioas, in_leaf(10 * i)), ENOSPC);
	EXPECT_EQ(nr_attachments(fd, ioas), LEAVES);
	EXPECT_EQ(limit_used(fd, "attachments").used, LEAVES);
	/* more numbers of the leaves that are there are no more leaves */
	EXPECT_OK(dev_attach_pasid(t->dev, fd, ioas, in_leaf(10) + 1));
	EXPECT_ERRNO(dev_alias(t->dev, fd, in_leaf(10), in_leaf(11)), ENOSPC);
	EXPECT_OK(dev_alias(t->dev, fd, in_leaf(10), in_leaf(10) + 2));
	EXPECT_EQ(limit_used(fd, "pasid-pages").used, LEAVES);
	t->step = 1;
	wait_to_go(t);
}

/* Leaves are kept, and so is the charge */
static void has_leaves(void *arg)
{
	struct two *t = arg;
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);

	EXPECT_OK(dev_bind(t->dev, fd, 1));
	EXPECT_EQ(limit_used(fd, "attachments").used, 0);
	EXPECT_EQ(limit_used(fd, "pasid-pages").used, LEAVES);
	EXPECT_OK(dev_attach_pasid(t->dev, fd, ioas, in_leaf(30) + 7));
	EXPECT_ERRNO(dev_attach_pasid(t->dev, fd, ioas, in_leaf(31)), ENOSPC);
	EXPECT_OK(dev_unbind(t->dev, fd));
}

static void takes_one_more_leaf(void *arg)
{
	struct two *t = arg;
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);

	EXPECT_OK(dev_bind(t->dev, fd, 1));
	/* there is that leaf, and it is charged to the other user */
	EXPECT_OK(dev_attach_pasid(t->dev, fd, ioas, in_leaf(40) + 7));
	EXPECT_EQ(limit_used(fd, "pasid-pages").used, 0);
	EXPECT_OK(dev_attach_pasid(t->dev, fd, ioas, in_leaf(41)));
	EXPECT_EQ(limit_used(fd, "pasid-pages").used, 1);
	EXPECT_OK(dev_unbind(t->dev, fd));
}

START_TEST(leaves_of_sparse_pasids_beyond_the_limit_are_enospc)
{
	struct two *t = two();
	pid_t pid;

	limit_set("pasid_pages", LEAVES);
	pid = start_user(TEST_UID, takes_leaves, t);
	wait_for(&t->step);
	EXPECT_TRUE(vtd_pasid_entry(igb, in_leaf(10 * (LEAVES - 1))).present);
	EXPECT_TRUE(!vtd_pasid_entry(igb, in_leaf(10 * LEAVES)).present);
	EXPECT_TRUE(!vtd_pasid_entry(igb, in_leaf(11)).present);
	run_user(OTHER_UID, works, t);
	kill_child(pid);
	EXPECT_OK(dev_unbind(t->dev, -1));
	run_user(TEST_UID, has_leaves, t);
	run_user(OTHER_UID, takes_one_more_leaf, t);
	end(t);
	limit_set("pasid_pages", 4096);
}
END_TEST

static void holds_nothing_of_leaves(void *arg)
{
	int fd = EXPECT_OK(iommu_open());

	EXPECT_EQ(limit_used(fd, "pasid-pages").used, 0);
}

START_TEST(leaves_are_charged_until_the_device_goes)
{
	struct two *t = two();
	pid_t pid;

	limit_set("pasid_pages", LEAVES);
	pid = start_user(TEST_UID, takes_leaves, t);
	wait_for(&t->step);
	t->go = 1;
	end_child(pid);
	end(t);
	run_user(TEST_UID, holds_nothing_of_leaves, NULL);
	/* and it can have them again, with the new one */
	t = two();
	t->go = 1;
	run_user(TEST_UID, takes_leaves, t);
	end(t);
	limit_set("pasid_pages", 4096);
}
END_TEST

static void takes_tables(void *arg)
{
	struct two *t = arg;
	int fd = EXPECT_OK(iommu_open());

	EXPECT_OK(dev_bind(t->dev, fd, 1));
	while (dev_attach_pasid(t->dev, fd, new_ioas(fd), 1 + t->nr) == 0)
		t->nr++;
	EXPECT_EQ(errno, ENOSPC);
	t->nr = limit_used(fd, "page-tables").used;
	t->step = 1;
	wait_to_go(t);
}

static void expect_taken(struct two *t, unsigned int least, unsigned int most)
{
	pid_t pid = start_user(TEST_UID, takes_tables, t);

	while (!t->step && child_runs(pid))
		sleep_ms(10);
	EXPECT_GE(t->nr, least);
	EXPECT_LE(t->nr, most);
	run_user(OTHER_UID, works, t);
	kill_child(pid);
	EXPECT_OK(dev_unbind(t->dev, -1));
	run_user(OTHER_UID, works, t);
}

/* With the limits as they are by default */
START_TEST(user_with_as_many_page_tables_as_it_may_have_leaves_some_to_others)
{
	struct two *t = two();

	expect_taken(t, 16384, 16384);
	end(t);
}
END_TEST

/* As on hardware with few ids: the limit is beyond what there is */
START_TEST(user_leaves_a_half_of_the_ids_that_are_left)
{
	struct two *t = two();

	limit_set("page_tables", 65536);
	/* 15/16 of them are for users, and root has some */
	expect_taken(t, 65536 / 16 * 15 / 2 - 50, 65536 / 16 * 15 / 2);
	limit_set("page_tables", 16384);
	end(t);
}
END_TEST

static void write_parameter(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	EXPECT_OK(sysfs_write(path, text));
}

/* How often a function has been called since all calls have been refused. One try to
 * attach is up to two: it is asked what is left, too
 */
static unsigned int refused(void)
{
	unsigned long calls;
	char text[32];

	sysfs_read(PARAMETERS "calls", text, sizeof(text));
	calls = strtoul(text, NULL, 0);
	return calls ? __builtin_clzl(calls) : 64;
}

static void refuse_all(void)
{
	write_parameter("error", "28"); /* ENOSPC */
	write_parameter("calls", "18446744073709551615");
}

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* What the driver does to attach by PASID, taking an id if it needs one */
#define SET_PASID	"intel_iommu_set_dev_pasid"

#define TRIES	40

/* The driver prints a line each time that it has no id */
START_TEST(driver_without_ids_is_not_asked_at_every_try)
{
	struct two *t = two();
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	unsigned int i, before;
	time_t start;

	EXPECT_OK(module_load(REFUSE, "functions=" SET_PASID ",domains_used_show"));
	EXPECT_OK(dev_bind(t->dev, fd, 1));
	EXPECT_OK(dev_attach_pasid(t->dev, fd, ioas, 1));
	start = seconds();
	refuse_all();
	for (i = 0; i < TRIES; i++) {
		EXPECT_ERRNO(dev_attach_pasid(t->dev, fd, new_ioas(fd), 2), ENOSPC);
		/* an id is given back, and another one needed: none is free for that */
		EXPECT_OK(dev_attach(t->dev, fd, ioas));
		EXPECT_OK(dev_detach(t->dev, fd));
	}
	/* nor does another user, who gives its own back first, suffer from these tries */
	run_user(OTHER_UID, works, t);
	EXPECT_GE(refused(), 1);
	EXPECT_LE(refused(), 2 * (2 + seconds() - start));
	/* what needs no id is done, and what there is goes on */
	write_parameter("calls", "0");
	EXPECT_OK(dev_attach_pasid(t->dev, fd, ioas, 3));
	EXPECT_EQ(nr_attachments(fd, ioas), 2);
	/* after a second it is asked again */
	refuse_all();
	sleep_ms(1100);
	EXPECT_ERRNO(dev_attach_pasid(t->dev, fd, new_ioas(fd), 2), ENOSPC);
	before = refused();
	EXPECT_GE(before, 1);
	/* and as soon as one of ours is free */
	write_parameter("calls", "0");
	EXPECT_OK(dev_detach_pasid(t->dev, fd, 1));
	EXPECT_OK(dev_detach_pasid(t->dev, fd, 3));
	EXPECT_OK(dev_attach_pasid(t->dev, fd, new_ioas(fd), 2));
	EXPECT_OK(dev_unbind(t->dev, fd));
	EXPECT_OK(module_unload(REFUSE));
	EXPECT_OK(close(fd));
	end(t);
	/* The next test is not to be told that there is none left */
	sleep_ms(1100);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		leaves_of_sparse_pasids_beyond_the_limit_are_enospc,
		leaves_are_charged_until_the_device_goes,
		driver_without_ids_is_not_asked_at_every_try,
		user_with_as_many_page_tables_as_it_may_have_leaves_some_to_others,
		user_leaves_a_half_of_the_ids_that_are_left,
		NULL,
	};

	return run_program(argc, argv, "pasid_vtd_limits", tests, RUN_DEVICES | RUN_SLOW);
}
