// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinned memory is charged to the user who mapped it, against RLIMIT_MEMLOCK,
 * for as long as it is pinned. What is charged is found out by io_uring, which
 * charges the same counter: memory.h, locked_pages().
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"

/* Root opens the files; a child process of TEST_UID uses them */
struct files {
	int fd;
	__u32 ioas;
	struct dev dev;
	volatile int step, go;
};

static struct files *attached_files(void)
{
	struct files *f = shared_memory(sizeof(*f));

	f->fd = EXPECT_OK(iommu_open());
	f->ioas = new_ioas(f->fd);
	dev_open_only(&f->dev, TESTDEV_0);
	EXPECT_OK(dev_bind(f->dev.fd, f->fd, 1));
	EXPECT_OK(dev_attach(f->dev.fd, f->fd, f->ioas));
	return f;
}

static void exactly_the_limit(void *arg)
{
	struct files *f = arg;
	char *p = memory(17 * PAGE, 0);

	become_user(16);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA, 17 * PAGE, RW), ENOMEM);
	EXPECT_EQ(mapped_bytes(f->fd, f->ioas), 0);
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(vm_pinned(), 0);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 16 * PAGE, RW));
	EXPECT_EQ(locked_pages(), 16);
	EXPECT_EQ(vm_pinned(), 16 * PAGE);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p + 16 * PAGE, IOVA + GIB, PAGE, RW), ENOMEM);
	EXPECT_EQ(locked_pages(), 16);
	EXPECT_OK(ioas_unmap_all(f->fd, f->ioas, NULL));
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(vm_pinned(), 0);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 16 * PAGE, RW));
}

START_TEST(memlock_limit_is_exact)
{
	struct files *f = attached_files();

	run_child(exactly_the_limit, f);
	/* the process is gone, its mapping is not, nor is the charge */
	EXPECT_EQ(locked_pages(), 16);
	EXPECT_OK(ioas_unmap_all(f->fd, f->ioas, NULL));
	EXPECT_EQ(locked_pages(), 0);
}
END_TEST

static void limit_of_nothing(void *arg)
{
	struct files *f = arg;
	char *p = memory(PAGE, 0);

	become_user(0);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA, PAGE, RW), ENOMEM);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA, PAGE, IOASID_MAP_READ), ENOMEM);
	set_memlock_limit(1);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, PAGE, IOASID_MAP_READ));
}

START_TEST(memlock_limit_of_0_allows_nothing)
{
	run_child(limit_of_nothing, attached_files());
}
END_TEST

static void twice_the_same(void *arg)
{
	struct files *f = arg;
	char *p = memory(PAGE, 0);

	become_user(3);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + PAGE, PAGE, RW));
	EXPECT_EQ(locked_pages(), 2);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + 2 * PAGE, PAGE, IOASID_MAP_READ));
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + 3 * PAGE, PAGE, RW), ENOMEM);
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, IOVA, PAGE, NULL));
	EXPECT_EQ(locked_pages(), 2);
}

START_TEST(memlock_charges_each_mapping_of_a_page)
{
	run_child(twice_the_same, attached_files());
}
END_TEST

static void huge(void *arg)
{
	struct files *f = arg;
	char *p = huge_memory(2 * MIB, 0);

	EXPECT_TRUE(p);
	become_user(513);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 2 * MIB, RW));
	EXPECT_EQ(locked_pages(), 512);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + 2 * MIB, 2 * PAGE, RW), ENOMEM);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + 2 * MIB, PAGE, RW));
	EXPECT_EQ(locked_pages(), 513);
}

START_TEST(memlock_counts_huge_pages_by_their_size)
{
	run_child(huge, attached_files());
}
END_TEST

/* It keeps all of it, but to charge that would break who maps single pages */
static void pages_of_huge_pages(void *arg)
{
	struct files *f = arg;
	char *p = huge_memory(128 * 2 * MIB, 0);
	unsigned int i;

	EXPECT_TRUE(p);
	become_user(128);
	for (i = 0; i < 128; i++)
		EXPECT_OK(ioas_map(f->fd, f->ioas, p + i * 2 * MIB, IOVA + i * PAGE, PAGE, RW));
	EXPECT_OK(munmap(p, 128 * 2 * MIB));
	EXPECT_EQ(locked_pages(), 128);
	EXPECT_OK(ioas_unmap_all(f->fd, f->ioas, NULL));
}

START_TEST(memlock_counts_a_page_of_a_huge_page_as_one)
{
	run_child(pages_of_huge_pages, attached_files());
}
END_TEST

static void fails_half_way(void *arg)
{
	struct files *f = arg;
	char *p = memory(8 * PAGE, 0);

	EXPECT_OK(munmap(p + 6 * PAGE, PAGE));
	become_user(16);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA, 8 * PAGE, RW), EFAULT);
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(vm_pinned(), 0);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 6 * PAGE, RW));
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA, 6 * PAGE, RW), EEXIST);
	EXPECT_EQ(locked_pages(), 6);
}

START_TEST(memlock_is_not_charged_by_a_map_that_fails)
{
	run_child(fails_half_way, attached_files());
}
END_TEST

static void map_four(void *arg)
{
	struct files *f = arg;
	char *p = memory(4 * PAGE, 0);

	become_user(16);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 4 * PAGE, RW));
	f->step = 1;
	wait_for(&f->go);
}

START_TEST(memlock_is_charged_from_attach_to_detach_to_who_mapped)
{
	struct files *f = attached_files();
	pid_t child;
	int i;

	EXPECT_OK(dev_detach(f->dev.fd, f->fd));
	child = start_child(map_four, f);
	wait_for(&f->step);
	EXPECT_EQ(locked_pages(), 0);
	for (i = 0; i < 3; i++) {
		/* root attaches: what the user has mapped is charged to the user */
		EXPECT_OK(dev_attach(f->dev.fd, f->fd, f->ioas));
		EXPECT_EQ(locked_pages(), 4);
		EXPECT_EQ(vm_pinned(), 0);
		EXPECT_OK(dev_detach(f->dev.fd, f->fd));
		EXPECT_EQ(locked_pages(), 0);
	}
	f->go = 1;
	end_child(child);
}
END_TEST

START_TEST(memlock_is_given_back_by_close)
{
	struct files *f = attached_files();
	pid_t child = start_child(map_four, f);

	wait_for(&f->step);
	f->go = 1;
	end_child(child);
	EXPECT_EQ(locked_pages(), 4);
	/* bound: the iommu fd alone is not enough */
	EXPECT_OK(close(f->fd));
	EXPECT_EQ(locked_pages(), 4);
	EXPECT_OK(close(f->dev.fd));
	EXPECT_EQ(locked_pages(), 0);
}
END_TEST

static void map_and_wait_alone(void *arg)
{
	struct files *f = arg, mine;
	char *p = memory(4 * PAGE, 0);

	/* files that nobody else has */
	mine.fd = EXPECT_OK(iommu_open());
	mine.ioas = new_ioas(mine.fd);
	dev_open_only(&mine.dev, TESTDEV_0);
	become_user(16);
	EXPECT_OK(dev_bind(mine.dev.fd, mine.fd, 1));
	EXPECT_OK(ioas_map(mine.fd, mine.ioas, p, IOVA, 4 * PAGE, RW));
	EXPECT_OK(dev_attach(mine.dev.fd, mine.fd, mine.ioas));
	f->step = 1;
	for (;;)
		pause();
}

START_TEST(memlock_is_given_back_when_the_process_is_killed)
{
	struct files *f = shared_memory(sizeof(*f));
	long before = pages_pinned();
	pid_t child;
	int i;

	for (i = 0; i < 5; i++) {
		f->step = 0;
		child = start_child(map_and_wait_alone, f);
		wait_for(&f->step);
		EXPECT_EQ(locked_pages(), 4);
		EXPECT_EQ(pages_pinned(), before + 4);
		kill_child(child);
		EXPECT_EQ(locked_pages(), 0);
		EXPECT_EQ(pages_pinned(), before);
	}
}
END_TEST

static void map_and_fork(void *arg)
{
	struct files *f = arg;
	char *p = memory(4 * PAGE, 0);
	pid_t pid;

	become_user(16);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 4 * PAGE, RW));
	pid = EXPECT_OK(fork());
	if (!pid) {
		/* the child pins nothing by being there */
		EXPECT_EQ(vm_pinned(), 0);
		EXPECT_EQ(locked_pages(), 4);
		/* what it maps is charged to the same user */
		EXPECT_ERRNO(ioas_map(f->fd, f->ioas, memory(13 * PAGE, 0), IOVA + MIB,
				      13 * PAGE, RW), ENOMEM);
		EXPECT_OK(ioas_map(f->fd, f->ioas, memory(12 * PAGE, 0), IOVA + MIB,
				   12 * PAGE, RW));
		EXPECT_EQ(locked_pages(), 16);
		_exit(0);
	}
	end_child(pid);
	EXPECT_EQ(locked_pages(), 16);
	EXPECT_EQ(vm_pinned(), 4 * PAGE);
	/* also a parent can take back what its child has mapped */
	EXPECT_OK(ioas_unmap_all(f->fd, f->ioas, NULL));
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(vm_pinned(), 0);
}

START_TEST(memlock_after_fork_is_one_user_s)
{
	run_child(map_and_fork, attached_files());
}
END_TEST

START_TEST(memlock_does_not_bind_root)
{
	struct files *f = attached_files();
	size_t before = vm_pinned();
	char *p = memory(32 * PAGE, 0);

	set_memlock_limit(16);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 32 * PAGE, RW));
	EXPECT_EQ(vm_pinned(), before + 32 * PAGE);
	EXPECT_EQ(locked_pages(), 0);
}
END_TEST

static void attach_over_the_limit(void *arg)
{
	struct files *f = arg;
	char *p = memory(20 * PAGE, 0);

	become_user(16);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 10 * PAGE, RW));
	EXPECT_OK(ioas_map(f->fd, f->ioas, p + 10 * PAGE, IOVA + MIB, 10 * PAGE, RW));
	EXPECT_ERRNO(dev_attach(f->dev.fd, f->fd, f->ioas), ENOMEM);
	EXPECT_EQ(nr_attachments(f->fd, f->ioas), 0);
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(vm_pinned(), 0);
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, IOVA + MIB, 10 * PAGE, NULL));
	EXPECT_OK(dev_attach(f->dev.fd, f->fd, f->ioas));
	EXPECT_EQ(locked_pages(), 10);
}

START_TEST(attach_over_the_memlock_limit_is_enomem)
{
	struct files *f = attached_files();

	EXPECT_OK(dev_detach(f->dev.fd, f->fd));
	run_child(attach_over_the_limit, f);
}
END_TEST

/* ------------------------------------------------------------------ exec */

#define EXEC_ROUNDS	8

/* This program itself, run again: --exec ROUND FD IOAS DEVICE */
static void run_again(int round, int fd, __u32 ioas, int dev)
{
	char a[4][16], *argv[] = { "test-memlock", "--exec", a[0], a[1], a[2], a[3], NULL };

	snprintf(a[0], 16, "%d", round);
	snprintf(a[1], 16, "%d", fd);
	snprintf(a[2], 16, "%u", ioas);
	snprintf(a[3], 16, "%d", dev);
	execv("/proc/self/exe", argv);
	_exit(120);
}

/* Outside of Check: the exit status says what was wrong */
static int after_exec(char **argv)
{
	int round = atoi(argv[2]), fd = atoi(argv[3]);
	__u32 ioas = atoi(argv[4]);
	char *p;

	/* each life of the process adds two pages to what the earlier ones left */
	if (vm_pinned())
		return 101;
	p = memory(2 * PAGE, round);
	if (round == EXEC_ROUNDS) {
		/* 16 of 16 */
		if (ioas_map(fd, ioas, p, IOVA + round * MIB, PAGE, RW) != -1)
			return 102;
		return errno == ENOMEM ? 0 : 103;
	}
	if (ioas_map(fd, ioas, p, IOVA + round * MIB, 2 * PAGE, RW))
		return 104;
	if (vm_pinned() != 2 * PAGE)
		return 105;
	run_again(round + 1, fd, ioas, atoi(argv[5]));
	return 106;
}

static void start_exec(void *arg)
{
	struct files *f = arg;

	become_user(16);
	EXPECT_OK(fcntl(f->fd, F_SETFD, 0));
	EXPECT_OK(fcntl(f->dev.fd, F_SETFD, 0));
	run_again(0, f->fd, f->ioas, f->dev.fd);
}

START_TEST(memlock_charge_is_not_lost_by_exec_in_a_loop)
{
	struct files *f = attached_files();
	long before = pages_pinned();

	run_child(start_exec, f);
	EXPECT_EQ(mapped_bytes(f->fd, f->ioas), 2 * EXEC_ROUNDS * PAGE);
	EXPECT_EQ(pages_pinned(), before + 2 * EXEC_ROUNDS);
	EXPECT_EQ(locked_pages(), 2 * EXEC_ROUNDS);
	EXPECT_OK(dev_detach(f->dev.fd, f->fd));
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		memlock_limit_is_exact,
		memlock_limit_of_0_allows_nothing,
		memlock_charges_each_mapping_of_a_page,
		memlock_counts_huge_pages_by_their_size,
		memlock_counts_a_page_of_a_huge_page_as_one,
		memlock_is_not_charged_by_a_map_that_fails,
		memlock_is_charged_from_attach_to_detach_to_who_mapped,
		memlock_is_given_back_by_close,
		memlock_is_given_back_when_the_process_is_killed,
		memlock_after_fork_is_one_user_s,
		memlock_does_not_bind_root,
		attach_over_the_memlock_limit_is_enomem,
		memlock_charge_is_not_lost_by_exec_in_a_loop,
		NULL,
	};

	if (argc == 6 && !strcmp(argv[1], "--exec"))
		return after_exec(argv);
	return run_program(argc, argv, "memlock", tests, RUN_DEVICES);
}
