// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one user may hold of what the machine has little of: open files, page tables,
 * attachments. Two unprivileged users, each with a software device of its own.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "limit.h"
#include "memory.h"
#include "run.h"
#include "swdev.h"

#define FILES_MAX	8

/* Devices, open and not bound; shared with the child processes */
struct two {
	struct swdev a, b, c;
	volatile int step, go;
	int sock[2];
};

static void open_device(struct swdev *dev, __u32 iommu)
{
	const struct swiommu_device_create options = { .iommu = iommu };

	dev->id = swdev_create(&options);
	dev->cookie = 1000 + dev->id;
	dev->pasid = 0;
	dev->fd = EXPECT_OK(swdev_open(dev->id));
}

static struct two *two(void)
{
	struct two *t = shared_memory(sizeof(*t));

	swiommu_load(NULL);
	open_node_to_all();
	open_device(&t->a, 0);
	open_device(&t->b, 0);
	open_device(&t->c, 1);
	EXPECT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, t->sock));
	return t;
}

static void two_end(struct two *t)
{
	expect_holds_nothing(TEST_UID);
	expect_holds_nothing(OTHER_UID);
	EXPECT_OK(close(t->a.fd));
	EXPECT_OK(close(t->b.fd));
	EXPECT_OK(close(t->c.fd));
	swiommu_unload();
}

/* A second user binds, attaches, and its device gets to its memory */
static void works(void *arg)
{
	struct two *t = arg;
	int fd = EXPECT_OK(iommu_open());
	char *p = memory(PAGE, CANARY);
	__u32 ioas = new_ioas(fd);

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(dev_bind(t->b.fd, fd, 7));
	EXPECT_OK(dev_attach(t->b.fd, fd, ioas));
	expect_swwrite(&t->b, IOVA, p, PAGE);
	EXPECT_OK(dev_unbind(t->b.fd, fd));
	EXPECT_OK(close(fd));
}

static unsigned int open_all(int *fds, unsigned int max)
{
	unsigned int nr = 0;

	while (nr < max && (fds[nr] = iommu_open()) >= 0)
		nr++;
	if (nr < max)
		EXPECT_EQ(errno, ENOSPC);
	return nr;
}

static void opens_three(void *arg)
{
	struct two *t = arg;
	int fds[FILES_MAX];

	EXPECT_EQ(open_all(fds, FILES_MAX), 3);
	EXPECT_EQ(limit_used(fds[0], "contexts").used, 3);
	EXPECT_EQ(limit_used(fds[0], "contexts").limit, 3);
	t->step = 1;
	wait_for(&t->go);
	EXPECT_OK(close(fds[1]));
	EXPECT_EQ(limit_used(fds[0], "contexts").used, 2);
	fds[1] = EXPECT_OK(iommu_open());
	EXPECT_ERRNO(iommu_open(), ENOSPC);
	/* a binding keeps the context of a closed file */
	EXPECT_OK(dev_bind(t->a.fd, fds[1], 1));
	EXPECT_OK(close(fds[1]));
	EXPECT_ERRNO(iommu_open(), ENOSPC);
	EXPECT_OK(dev_unbind(t->a.fd, -1));
	EXPECT_OK(iommu_open());
}

START_TEST(files_beyond_the_limit_are_enospc_and_others_work)
{
	struct two *t = two();
	pid_t pid;

	limit_set("contexts", 3);
	pid = start_user(TEST_UID, opens_three, t);
	wait_for(&t->step);
	run_user(OTHER_UID, works, t);
	t->go = 1;
	end_child(pid);
	two_end(t);
}
END_TEST

static void opens_up_to(void *arg)
{
	unsigned int *want = arg;
	int fds[FILES_MAX];

	EXPECT_EQ(open_all(fds, FILES_MAX), *want);
}

static void expect_opens(uid_t uid, unsigned int want)
{
	run_user(uid, opens_up_to, &want);
}

START_TEST(limits_change_while_the_module_is_loaded)
{
	struct two *t = two();
	int fd;

	limit_set("contexts", 3);
	expect_opens(TEST_UID, 3);
	limit_set("contexts", 5);
	expect_opens(TEST_UID, 5);
	limit_set("contexts", 1);
	expect_opens(TEST_UID, 1);
	limit_set("contexts", 0);
	expect_opens(TEST_UID, FILES_MAX);
	fd = EXPECT_OK(iommu_open());
	EXPECT_EQ(limit_used(fd, "contexts").used, 1);
	EXPECT_OK(close(fd));
	two_end(t);
}
END_TEST

static void holds_more_than_that(void *arg)
{
	struct two *t = arg;
	int fds[FILES_MAX];

	EXPECT_EQ(open_all(fds, 4), 4);
	t->step = 1;
	wait_for(&t->go);
	EXPECT_EQ(limit_used(fds[0], "contexts").used, 4);
	EXPECT_EQ(limit_used(fds[0], "contexts").limit, 2);
	EXPECT_ERRNO(iommu_open(), ENOSPC);
	EXPECT_OK(close(fds[0]));
	EXPECT_OK(close(fds[1]));
	EXPECT_ERRNO(iommu_open(), ENOSPC);
	EXPECT_OK(close(fds[2]));
	EXPECT_OK(iommu_open());
	EXPECT_ERRNO(iommu_open(), ENOSPC);
}

START_TEST(limit_below_what_is_held_takes_nothing_away)
{
	struct two *t = two();
	pid_t pid;

	limit_set("contexts", 4);
	pid = start_user(TEST_UID, holds_more_than_that, t);
	wait_for(&t->step);
	limit_set("contexts", 2);
	t->go = 1;
	end_child(pid);
	two_end(t);
}
END_TEST

START_TEST(root_is_exempt_and_counted_apart)
{
	struct two *t = two();
	int fds[FILES_MAX];
	unsigned int i;

	limit_set("contexts", 2);
	EXPECT_EQ(open_all(fds, FILES_MAX), FILES_MAX);
	EXPECT_EQ(limit_used(fds[0], "contexts").used, FILES_MAX);
	EXPECT_EQ(limit_used(fds[0], "contexts").limit, 0);
	/* root without the capability is a user like others, and has used nothing */
	expect_opens(TEST_UID, 2);
	for (i = 0; i < FILES_MAX; i++)
		EXPECT_OK(close(fds[i]));
	two_end(t);
}
END_TEST

static void opens_and_sends(void *arg)
{
	struct two *t = arg;
	int fds[FILES_MAX];

	EXPECT_EQ(open_all(fds, FILES_MAX), 3);
	EXPECT_OK(send_fd(t->sock[0], fds[1]));
	t->step = 1;
	pause();
}

static void receives(void *arg)
{
	struct two *t = arg;
	int fds[FILES_MAX], fd = EXPECT_OK(recv_fd(t->sock[1]));

	/* it is not this user's, and is shown with what the other one has */
	EXPECT_EQ(limit_used(fd, "contexts").used, 1);
	EXPECT_EQ(open_all(fds, FILES_MAX), 3);
	EXPECT_EQ(limit_used(fds[0], "contexts").used, 3);
	t->step = 2;
	wait_for(&t->go);
}

START_TEST(file_that_is_passed_on_stays_charged_to_the_user_that_opened_it)
{
	struct two *t = two();
	pid_t pid;

	limit_set("contexts", 3);
	pid = start_user(TEST_UID, opens_and_sends, t);
	wait_for(&t->step);
	expect_opens(TEST_UID, 0);
	kill_child(pid);
	pid = start_user(OTHER_UID, receives, t);
	while (t->step != 2)
		sleep_ms(1);
	expect_opens(TEST_UID, 2);
	t->go = 1;
	end_child(pid);
	expect_opens(TEST_UID, 3);
	two_end(t);
}
END_TEST

static void becomes_user(void *arg)
{
	unsigned int none = 0;
	int fds[FILES_MAX];

	/* as root, and no charge of the user's */
	EXPECT_EQ(open_all(fds, 4), 4);
	EXPECT_OK(setresuid(TEST_UID, TEST_UID, TEST_UID));
	EXPECT_EQ(open_all(fds + 4, 4), 2);
	EXPECT_EQ(limit_used(fds[4], "contexts").used, 2);
	run_child(opens_up_to, &none);
	/* what root has opened gives nothing back to the user */
	EXPECT_OK(close(fds[0]));
	EXPECT_ERRNO(iommu_open(), ENOSPC);
}

START_TEST(user_that_was_root_pays_for_what_it_opens_as_user)
{
	struct two *t = two();

	limit_set("contexts", 2);
	run_child(becomes_user, NULL);
	two_end(t);
}
END_TEST

static void write_file(const char *path, const char *text)
{
	int fd = EXPECT_OK(open(path, O_WRONLY));

	EXPECT_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void in_a_namespace_of_its_own(void *arg)
{
	unsigned int none = 0;
	int fds[FILES_MAX];
	char map[32];

	/* its user and group have the same number */
	snprintf(map, sizeof(map), "0 %u 1", getuid());
	EXPECT_OK(unshare(CLONE_NEWUSER));
	/* or its files in /proc are root's, for it has changed its user ID */
	EXPECT_OK(prctl(PR_SET_DUMPABLE, 1));
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", map);
	write_file("/proc/self/gid_map", map);
	/* one within the other changes nothing */
	EXPECT_OK(unshare(CLONE_NEWUSER));
	EXPECT_EQ(open_all(fds, FILES_MAX), 2);
	run_child(opens_up_to, &none);
}

START_TEST(user_is_one_user_in_all_its_namespaces)
{
	struct two *t = two();

	limit_set("contexts", 2);
	run_user(TEST_UID, in_a_namespace_of_its_own, NULL);
	two_end(t);
}
END_TEST

/* What the parent of a process in a new namespace has to do for it */
struct container {
	volatile int step, go, stop;
	unsigned int want;
};

static void contained(void *arg)
{
	struct container *c = arg;
	int fds[FILES_MAX];

	EXPECT_OK(unshare(CLONE_NEWUSER));
	c->step = 1;
	wait_for(&c->go);
	EXPECT_OK(setresuid(0, 0, 0));
	EXPECT_EQ(open_all(fds, FILES_MAX), 2);
	/* another user of the container's is the same to us */
	EXPECT_OK(setresuid(5, 5, 5));
	EXPECT_ERRNO(iommu_open(), ENOSPC);
	EXPECT_OK(close(fds[0]));
	EXPECT_OK(iommu_open());
	EXPECT_ERRNO(iommu_open(), ENOSPC);
}

START_TEST(container_is_one_user)
{
	struct container *c = shared_memory(sizeof(*c));
	struct two *t = two();
	char path[64];
	pid_t pid;

	limit_set("contexts", 2);
	pid = start_child(contained, c);
	wait_for(&c->step);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	write_file(path, "0 100000 10");
	c->go = 1;
	end_child(pid);
	expect_opens(100000, 2);
	two_end(t);
}
END_TEST

/* A service with users of its own, as systemd's PrivateUsers=self makes it */
static void serves(void *arg)
{
	struct container *c = arg;
	unsigned int none = 0;
	int fds[FILES_MAX];

	EXPECT_OK(unshare(CLONE_NEWUSER));
	c->step = 1;
	wait_for(&c->go);
	EXPECT_OK(setresuid(c->want, c->want, c->want));
	EXPECT_EQ(open_all(fds, FILES_MAX), 2);
	run_child(opens_up_to, &none);
	c->step = 2;
	wait_for(&c->stop);
}

static pid_t start_service(struct container *c, unsigned int uid)
{
	char path[64], map[64];
	pid_t pid;

	c->want = uid;
	pid = start_child(serves, c);
	wait_for(&c->step);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	snprintf(map, sizeof(map), "0 0 1\n%u %u 1\n", uid, uid);
	write_file(path, map);
	c->go = 1;
	while (c->step != 2)
		sleep_ms(1);
	return pid;
}

START_TEST(services_with_users_mapped_to_themselves_are_each_their_own)
{
	struct container *first = shared_memory(sizeof(*first));
	struct container *second = shared_memory(sizeof(*second));
	struct two *t = two();
	pid_t pids[2];

	limit_set("contexts", 2);
	pids[0] = start_service(first, TEST_UID);
	expect_opens(TEST_UID, 0);
	/* one that has all it may takes nothing from the other */
	pids[1] = start_service(second, OTHER_UID);
	first->stop = 1;
	second->stop = 1;
	end_child(pids[0]);
	end_child(pids[1]);
	two_end(t);
}
END_TEST

static void attaches_until_there_is_no_table(void *arg)
{
	struct two *t = arg;
	char *p = memory(PAGE, CANARY), *q = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 first = new_ioas(fd), second = new_ioas(fd);
	unsigned int bound;

	EXPECT_OK(ioas_map(fd, first, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(fd, second, q, IOVA, PAGE, RW));
	EXPECT_OK(dev_bind(t->a.fd, fd, 1));
	bound = limit_used(fd, "page-tables").used;
	EXPECT_GE(bound, 1);
	t->step = bound;
	wait_for(&t->go);
	EXPECT_EQ(limit_used(fd, "page-tables").limit, bound);
	/* nothing is left behind, and it is blocked as before */
	EXPECT_ERRNO(dev_attach(t->a.fd, fd, first), ENOSPC);
	EXPECT_EQ(nr_attachments(fd, first), 0);
	EXPECT_EQ(pinned_bytes(fd, first), 0);
	EXPECT_EQ(limit_used(fd, "page-tables").used, bound);
	EXPECT_EQ(limit_used(fd, "attachments").used, 0);
	expect_swblocked(&t->a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_ERRNO(dev_bind(t->c.fd, fd, 3), ENOSPC);
	t->go = 0;
	t->step = -1;
	wait_for(&t->go);
	/* there may be one more now; nothing takes its place */
	EXPECT_OK(dev_attach(t->a.fd, fd, first));
	expect_swwrite(&t->a, IOVA, p, PAGE);
	EXPECT_ERRNO(dev_attach(t->a.fd, fd, second), ENOSPC);
	EXPECT_EQ(pinned_bytes(fd, second), 0);
	EXPECT_EQ(nr_attachments(fd, first), 1);
	expect_swwrite(&t->a, IOVA, p, PAGE);
	expect_filled(q, CANARY, PAGE);
	EXPECT_OK(dev_detach(t->a.fd, fd));
	EXPECT_OK(dev_attach(t->a.fd, fd, second));
	expect_swwrite(&t->a, IOVA, q, PAGE);
	EXPECT_OK(dev_unbind(t->a.fd, fd));
	EXPECT_EQ(limit_used(fd, "page-tables").used, 0);
	EXPECT_EQ(limit_used(fd, "attachments").used, 0);
}

START_TEST(page_tables_beyond_the_limit_are_enospc_and_others_work)
{
	struct two *t = two();
	unsigned int bound;
	pid_t pid = start_user(TEST_UID, attaches_until_there_is_no_table, t);

	wait_for(&t->step);
	bound = t->step;
	limit_set("page_tables", bound);
	t->go = 1;
	while (t->step != -1 && child_runs(pid))
		sleep_ms(1);
	limit_set("page_tables", bound + 1);
	run_user(OTHER_UID, works, t);
	t->go = 1;
	end_child(pid);
	two_end(t);
}
END_TEST

static void attaches_one(void *arg)
{
	struct two *t = arg;
	int fd = EXPECT_OK(iommu_open());
	__u32 first = new_ioas(fd), second = new_ioas(fd);

	EXPECT_OK(dev_bind(t->a.fd, fd, 1));
	EXPECT_OK(dev_bind(t->c.fd, fd, 3));
	EXPECT_OK(dev_attach(t->a.fd, fd, first));
	EXPECT_EQ(limit_used(fd, "attachments").used, 1);
	EXPECT_ERRNO(dev_attach(t->c.fd, fd, first), ENOSPC);
	EXPECT_EQ(nr_attachments(fd, first), 1);
	/* what takes its place, and what is there already, is not one more */
	EXPECT_OK(dev_attach(t->a.fd, fd, second));
	EXPECT_OK(dev_attach(t->a.fd, fd, second));
	EXPECT_EQ(limit_used(fd, "attachments").used, 1);
	EXPECT_OK(dev_unbind(t->a.fd, fd));
	EXPECT_EQ(limit_used(fd, "attachments").used, 0);
	EXPECT_OK(dev_attach(t->c.fd, fd, second));
	EXPECT_OK(dev_unbind(t->c.fd, fd));
}

static void attaches_and_lets_go(void *arg)
{
	struct two *t = arg;
	int fd = EXPECT_OK(iommu_open());

	EXPECT_OK(dev_bind(t->a.fd, fd, 1));
	EXPECT_OK(dev_attach(t->a.fd, fd, new_ioas(fd)));
	t->step = 1;
	wait_for(&t->go);
	EXPECT_OK(dev_detach(t->a.fd, fd));
	EXPECT_EQ(limit_used(fd, "attachments").used, 0);
	EXPECT_OK(dev_bind(t->c.fd, fd, 3));
	EXPECT_OK(dev_attach(t->c.fd, fd, new_ioas(fd)));
	EXPECT_OK(dev_unbind(t->c.fd, fd));
	EXPECT_OK(dev_unbind(t->a.fd, fd));
}

/* The same user, whatever the process */
static void attaches_another(void *arg)
{
	struct two *t = arg;
	int fd = EXPECT_OK(iommu_open());

	EXPECT_OK(dev_bind(t->c.fd, fd, 3));
	EXPECT_ERRNO(dev_attach(t->c.fd, fd, new_ioas(fd)), ENOSPC);
	EXPECT_OK(dev_unbind(t->c.fd, fd));
}

START_TEST(attachments_beyond_the_limit_are_enospc_and_others_work)
{
	struct two *t = two();
	pid_t pid;

	limit_set("attachments", 1);
	pid = start_user(TEST_UID, attaches_and_lets_go, t);
	wait_for(&t->step);
	run_user(TEST_UID, attaches_another, t);
	run_user(OTHER_UID, works, t);
	t->go = 1;
	end_child(pid);
	two_end(t);
}
END_TEST

START_TEST(attachment_that_is_replaced_is_charged_once)
{
	struct two *t = two();

	limit_set("attachments", 1);
	run_user(TEST_UID, attaches_one, t);
	two_end(t);
}
END_TEST

struct hammer {
	struct two *t;
	unsigned int rounds;
};

/* Everything that is limited, over and over, at limits that change */
static void hammers(void *arg)
{
	struct hammer *h = arg;
	struct swdev *dev = getuid() == TEST_UID ? &h->t->a : &h->t->b;
	unsigned int seed = getpid(), i;

	for (i = 0; i < h->rounds; i++) {
		int fd = iommu_open();
		__u32 ioas;

		if (fd < 0) {
			EXPECT_EQ(errno, ENOSPC);
			continue;
		}
		ioas = new_ioas(fd);
		/* another process has it, or there is a limit */
		if (!dev_bind(dev->fd, fd, rand_r(&seed))) {
			if (!dev_attach(dev->fd, fd, ioas) && rand_r(&seed) % 2)
				dev_detach(dev->fd, fd);
			if (rand_r(&seed) % 2)
				dev_unbind(dev->fd, fd);
		}
		close(fd);
		if (rand_r(&seed) % 3 == 0)
			dev_unbind(dev->fd, -1);
	}
	dev_unbind(dev->fd, -1);
}

START_TEST(nothing_is_left_charged_after_much_at_once)
{
	struct two *t = two();
	pid_t pids[6];
	unsigned int i;

	for (i = 0; i < 6; i++) {
		struct hammer h = { t, i < 2 ? UINT_MAX : 150 };

		pids[i] = start_user(i % 2 ? TEST_UID : OTHER_UID, hammers, &h);
	}
	for (i = 0; i < 100; i++) {
		limit_set("contexts", i % 4);
		limit_set("page_tables", i % 5);
		limit_set("attachments", i % 2);
		sleep_ms(5);
	}
	/* two are killed wherever they are */
	kill_child(pids[0]);
	kill_child(pids[1]);
	for (i = 2; i < 6; i++)
		end_child(pids[i]);
	/* what they had bound stays so, for the files of the devices are open here */
	if (dev_unbind(t->a.fd, -1))
		EXPECT_EQ(errno, EINVAL);
	if (dev_unbind(t->b.fd, -1))
		EXPECT_EQ(errno, EINVAL);
	limit_set("contexts", 10);
	two_end(t);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		files_beyond_the_limit_are_enospc_and_others_work,
		limits_change_while_the_module_is_loaded,
		limit_below_what_is_held_takes_nothing_away,
		root_is_exempt_and_counted_apart,
		file_that_is_passed_on_stays_charged_to_the_user_that_opened_it,
		user_that_was_root_pays_for_what_it_opens_as_user,
		user_is_one_user_in_all_its_namespaces,
		container_is_one_user,
		services_with_users_mapped_to_themselves_are_each_their_own,
		page_tables_beyond_the_limit_are_enospc_and_others_work,
		attachments_beyond_the_limit_are_enospc_and_others_work,
		attachment_that_is_replaced_is_charged_once,
		nothing_is_left_charged_after_much_at_once,
		NULL,
	};

	return run_swiommu_program(argc, argv, "limits", tests);
}
