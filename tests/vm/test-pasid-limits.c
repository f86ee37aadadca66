// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one user may hold of PASIDs: attachments, page tables behind them, numbers of the
 * kernel's global allocator, and of those that the users of a parent share.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "limit.h"
#include "memory.h"
#include "swuser.h"

/* Devices, open and not bound: @a is one user's, @b the other's */
struct two {
	struct swdev a, b;
	int fd;
	volatile int step, go;
};

static struct swdev device(__u32 type, __u32 parent, __u32 width)
{
	const struct swiommu_device_create options = {
		.type = type, .parent = parent, .pasid_width = width,
	};
	struct swdev dev = { .id = swdev_create(&options) };

	dev.cookie = 1000 + dev.id;
	dev.fd = EXPECT_OK(swdev_open(dev.id));
	return dev;
}

static struct two *begin(void)
{
	struct two *t = shared_memory(sizeof(*t));

	swiommu_load(NULL);
	open_node_to_all();
	return t;
}

static struct two *two_physical(void)
{
	struct two *t = begin();

	t->a = device(5, 0, WIDTH);
	t->b = device(5, 0, WIDTH);
	return t;
}

/* Siblings on one parent, the PASIDs of which are that wide */
static struct two *two_siblings(__u32 type, __u32 width)
{
	const struct swiommu_device_create options = { .type = 5, .pasid_width = width };
	struct two *t = begin();
	__u32 parent = swdev_create(&options);

	t->a = device(type, parent, 0);
	t->b = device(type, parent, 0);
	return t;
}

static void end(struct two *t)
{
	expect_holds_nothing(TEST_UID);
	expect_holds_nothing(OTHER_UID);
	EXPECT_OK(close(t->a.fd));
	EXPECT_OK(close(t->b.fd));
	swiommu_unload();
}

/* A second user binds, attaches by RID and by PASID, and its device gets to its memory */
static void works(void *arg)
{
	struct two *t = arg;
	struct user u = new_user(), rid = another_space(&u);

	EXPECT_OK(dev_bind(t->b.fd, u.fd, t->b.cookie));
	EXPECT_OK(dev_attach(t->b.fd, u.fd, rid.ioas));
	EXPECT_OK(dev_attach_pasid(t->b.fd, u.fd, u.ioas, 5));
	expect_reaches(&t->b, 5, &u);
	expect_reaches(&t->b, 0, &rid);
	EXPECT_OK(dev_unbind(t->b.fd, u.fd));
	end_user(&u);
}

static void attaches_five(void *arg)
{
	struct two *t = arg;
	struct user u = new_user(), other = another_space(&u);
	unsigned int i;

	EXPECT_OK(dev_bind(t->a.fd, u.fd, t->a.cookie));
	for (i = 1; i <= 5; i++)
		EXPECT_OK(dev_attach_pasid(t->a.fd, u.fd, u.ioas, i));
	EXPECT_ERRNO(dev_attach_pasid(t->a.fd, u.fd, u.ioas, 6), ENOSPC);
	EXPECT_ERRNO(dev_attach_pasid(t->a.fd, u.fd, u.ioas, 0), ENOSPC);
	EXPECT_ERRNO(dev_attach(t->a.fd, u.fd, u.ioas), ENOSPC);
	EXPECT_EQ(nr_attachments(u.fd, u.ioas), 5);
	expect_pasid_blocked(&t->a, 6, IOVA);
	EXPECT_EQ(limit_used(u.fd, "attachments").used, 5);
	EXPECT_EQ(limit_used(u.fd, "attachments").limit, 5);
	/* what takes the place of another one is not one more */
	EXPECT_OK(dev_attach_pasid(t->a.fd, u.fd, other.ioas, 5));
	expect_reaches(&t->a, 5, &other);
	t->step = 1;
	wait_for(&t->go);
	EXPECT_OK(dev_detach_pasid(t->a.fd, u.fd, 2));
	/* the number that was refused has not been taken */
	EXPECT_OK(dev_attach_pasid(t->a.fd, u.fd, u.ioas, 6));
	EXPECT_ERRNO(dev_attach_pasid(t->a.fd, u.fd, u.ioas, 2), ENOSPC);
	expect_reaches(&t->a, 6, &u);
	EXPECT_OK(dev_unbind(t->a.fd, u.fd));
	EXPECT_EQ(limit_used(u.fd, "attachments").used, 0);
	EXPECT_EQ(limit_used(u.fd, "page-tables").used, 0);
}

START_TEST(pasids_beyond_the_limit_are_enospc_and_others_work)
{
	struct two *t = two_physical();
	pid_t pid;

	limit_set("attachments", 5);
	pid = start_user(TEST_UID, attaches_five, t);
	wait_for(&t->step);
	run_user(OTHER_UID, works, t);
	t->go = 1;
	end_child(pid);
	end(t);
}
END_TEST

static void attaches_tables(void *arg)
{
	struct two *t = arg;
	struct user u = new_user();
	unsigned int nr = 0, before;
	__u32 last;

	EXPECT_OK(dev_bind(t->a.fd, u.fd, t->a.cookie));
	before = limit_used(u.fd, "page-tables").used;
	while (!dev_attach_pasid(t->a.fd, u.fd, last = new_ioas(u.fd), 1 + nr)) {
		nr++;
		EXPECT_LE(nr, 50);
	}
	EXPECT_EQ(errno, ENOSPC);
	EXPECT_EQ(nr, 50 - before);
	EXPECT_EQ(nr_attachments(u.fd, last), 0);
	EXPECT_EQ(limit_used(u.fd, "attachments").used, nr);
	/* one that is there is shared */
	EXPECT_OK(ioas_free(u.fd, last));
	EXPECT_OK(dev_attach_pasid(t->a.fd, u.fd, last - 1, 1000));
	t->step = 1;
	pause();
}

START_TEST(page_tables_of_pasids_beyond_the_limit_are_enospc_and_others_work)
{
	struct two *t = two_physical();
	pid_t pid;

	limit_set("page_tables", 50);
	pid = start_user(TEST_UID, attaches_tables, t);
	wait_for(&t->step);
	run_user(OTHER_UID, works, t);
	kill_child(pid);
	/* the device's file is still open here, and bound */
	EXPECT_OK(dev_unbind(t->a.fd, -1));
	end(t);
}
END_TEST

static void takes_two_numbers(void *arg)
{
	struct two *t = arg;
	struct user u = new_user();

	EXPECT_OK(dev_bind(t->a.fd, u.fd, t->a.cookie));
	EXPECT_OK(dev_attach_pasid(t->a.fd, u.fd, u.ioas, 1));
	EXPECT_OK(dev_attach_pasid(t->a.fd, u.fd, u.ioas, 2));
	EXPECT_ERRNO(dev_attach_pasid(t->a.fd, u.fd, u.ioas, 3), ENOSPC);
	EXPECT_ERRNO(dev_attach_pasid(t->a.fd, u.fd, u.ioas, 0), ENOSPC);
	EXPECT_EQ(limit_used(u.fd, "pasids").used, 2);
	EXPECT_EQ(limit_used(u.fd, "attachments").used, 2);
	/* by RID it needs one, too */
	EXPECT_ERRNO(dev_attach(t->a.fd, u.fd, u.ioas), ENOSPC);
	t->step = 1;
	wait_for(&t->go);
	EXPECT_OK(dev_detach_pasid(t->a.fd, u.fd, 1));
	EXPECT_OK(dev_attach_pasid(t->a.fd, u.fd, u.ioas, 3));
	expect_reaches(&t->a, 3, &u);
	EXPECT_OK(dev_unbind(t->a.fd, u.fd));
	EXPECT_EQ(limit_used(u.fd, "pasids").used, 0);
}

static void numbers_beyond_the_limit(__u32 type)
{
	struct two *t = two_siblings(type, WIDTH);
	pid_t pid;

	limit_set("pasids", 2);
	pid = start_user(TEST_UID, takes_two_numbers, t);
	wait_for(&t->step);
	run_user(OTHER_UID, works, t);
	t->go = 1;
	end_child(pid);
	end(t);
}

START_TEST(global_numbers_beyond_the_limit_are_enospc_and_others_work)
{
	numbers_beyond_the_limit(8);
}
END_TEST

/* They are taken from those that CPUs send */
START_TEST(numbers_on_shared_rids_beyond_the_limit_are_enospc_and_others_work)
{
	numbers_beyond_the_limit(6);
}
END_TEST

#define NARROW	5
#define NUMBERS	((1 << NARROW) - 1)

static void takes_all(void *arg)
{
	struct two *t = arg;
	struct user u = new_user();
	unsigned int nr = 0;

	EXPECT_OK(dev_bind(t->a.fd, u.fd, t->a.cookie));
	while (dev_attach_pasid(t->a.fd, u.fd, u.ioas, 0) >= 0)
		nr++;
	EXPECT_EQ(errno, ENOSPC);
	/* a half of them, and not more */
	EXPECT_EQ(nr, (NUMBERS + 1) / 2);
	t->step = 1;
	pause();
}

static void takes_its_part(void *arg)
{
	struct two *t = arg;
	struct user u = new_user();
	unsigned int nr = 0;

	works(t);
	EXPECT_OK(dev_bind(t->b.fd, u.fd, t->b.cookie));
	while (dev_attach_pasid(t->b.fd, u.fd, u.ioas, 0) >= 0)
		nr++;
	EXPECT_EQ(errno, ENOSPC);
	EXPECT_EQ(nr, (NUMBERS + 1) / 4);
	EXPECT_OK(dev_unbind(t->b.fd, u.fd));
	end_user(&u);
}

START_TEST(sibling_of_another_user_gets_numbers_of_a_narrow_parent)
{
	struct two *t = two_siblings(6, NARROW);
	pid_t pid = start_user(TEST_UID, takes_all, t);

	wait_for(&t->step);
	run_user(OTHER_UID, takes_its_part, t);
	kill_child(pid);
	EXPECT_OK(dev_unbind(t->a.fd, -1));
	end(t);
}
END_TEST

static void other_attaches(void *arg)
{
	struct two *t = arg;
	__u32 ioas = new_ioas(t->fd);

	EXPECT_OK(dev_attach_pasid(t->a.fd, t->fd, ioas, 1));
	EXPECT_OK(dev_attach_pasid(t->a.fd, t->fd, ioas, 2));
	EXPECT_ERRNO(dev_attach_pasid(t->a.fd, t->fd, ioas, 3), ENOSPC);
}

static void replaces_and_detaches(void *arg)
{
	struct two *t = arg;

	/* a place that another user has paid for */
	EXPECT_OK(dev_attach_pasid(t->a.fd, t->fd, new_ioas(t->fd), 1));
	EXPECT_EQ(limit_used(t->fd, "attachments").used, 0);
	EXPECT_OK(dev_attach_pasid(t->a.fd, t->fd, new_ioas(t->fd), 3));
	EXPECT_OK(dev_attach_pasid(t->a.fd, t->fd, new_ioas(t->fd), 4));
	EXPECT_ERRNO(dev_attach_pasid(t->a.fd, t->fd, new_ioas(t->fd), 5), ENOSPC);
	EXPECT_EQ(limit_used(t->fd, "attachments").used, 2);
	EXPECT_OK(dev_detach_pasid(t->a.fd, t->fd, 1));
	EXPECT_ERRNO(dev_attach_pasid(t->a.fd, t->fd, new_ioas(t->fd), 5), ENOSPC);
}

/* Both users have one file, that of the first one: the one that attaches pays */
static void shares_its_file(void *arg)
{
	struct two *t = arg;

	t->fd = EXPECT_OK(iommu_open());
	EXPECT_OK(setresuid(0, 0, 0));
	EXPECT_OK(dev_bind(t->a.fd, t->fd, t->a.cookie));
	run_user(OTHER_UID, other_attaches, t);
	run_user(TEST_UID, replaces_and_detaches, t);
	/* ended, by whom is all the same */
	EXPECT_OK(dev_unbind(t->a.fd, t->fd));
}

START_TEST(attachment_is_charged_to_the_user_that_makes_it)
{
	struct two *t = two_physical();
	pid_t pid;

	limit_set("attachments", 2);
	/* saved as root, and so able to go back */
	pid = EXPECT_OK(fork());
	if (!pid) {
		EXPECT_OK(setresuid(TEST_UID, TEST_UID, 0));
		shares_its_file(t);
		_exit(0);
	}
	end_child(pid);
	end(t);
}
END_TEST

/* Attach and detach at limits that change, by two users with devices on one parent */
static void hammers(void *arg)
{
	struct two *t = arg;
	bool first = getuid() == TEST_UID;
	struct swdev *dev = first ? &t->a : &t->b;
	unsigned int seed = getpid(), i;
	struct user u = { .fd = EXPECT_OK(iommu_open()) };

	for (i = 0; i < 40; i++) {
		unsigned int j;

		if (dev_bind(dev->fd, u.fd, dev->cookie)) {
			EXPECT_EQ(errno, ENOSPC);
			continue;
		}
		for (j = 0; j < 12; j++) {
			__u32 ioas = new_ioas(u.fd);

			if (dev_attach_pasid(dev->fd, u.fd, ioas, rand_r(&seed) % 8) < 0)
				EXPECT_EQ(errno, ENOSPC);
			if (rand_r(&seed) % 3 == 0)
				dev_detach_pasid(dev->fd, u.fd, rand_r(&seed) % 8);
			if (rand_r(&seed) % 5 == 0)
				dev_attach(dev->fd, u.fd, ioas);
		}
		EXPECT_OK(dev_unbind(dev->fd, u.fd));
	}
}

static void expect_hammered(__u32 type)
{
	struct two *t = two_siblings(type, WIDTH);
	pid_t a = start_user(TEST_UID, hammers, t), b = start_user(OTHER_UID, hammers, t);
	unsigned int i;

	for (i = 0; child_runs(a) || child_runs(b); i++) {
		limit_set("page_tables", i % 12);
		limit_set("attachments", i % 7);
		limit_set("pasids", i % 5);
		sleep_ms(3);
	}
	end_child(a);
	end_child(b);
	end(t);
}

START_TEST(nothing_is_left_charged_by_siblings)
{
	expect_hammered(6);
	expect_hammered(8);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		pasids_beyond_the_limit_are_enospc_and_others_work,
		page_tables_of_pasids_beyond_the_limit_are_enospc_and_others_work,
		global_numbers_beyond_the_limit_are_enospc_and_others_work,
		numbers_on_shared_rids_beyond_the_limit_are_enospc_and_others_work,
		sibling_of_another_user_gets_numbers_of_a_narrow_parent,
		attachment_is_charged_to_the_user_that_makes_it,
		nothing_is_left_charged_by_siblings,
		NULL,
	};

	return run_swpasid_program(argc, argv, "pasid_limits", tests);
}
