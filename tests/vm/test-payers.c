// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who pays for pinned pages, and that nobody pays for what failed: beyond
 * test-memlock.c, several users, processes and user namespaces on one address
 * space. TEST_UID's charge is what locked_pages() says.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "stall.h"

#define OTHER_UID	(TEST_UID + 1)

/* Root opens the files; others use them */
struct files {
	int fd;
	__u32 ioas;
	struct dev dev;
	volatile int step, go;
	int arg;
};

static struct files *attached_files(void)
{
	struct attached a = attached();
	struct files *f = shared_memory(sizeof(*f));

	f->fd = a.fd;
	f->ioas = a.ioas;
	f->dev = a.dev;
	return f;
}

static void become(uid_t uid, unsigned long pages)
{
	set_memlock_limit(pages);
	EXPECT_OK(setresgid(uid, uid, uid));
	EXPECT_OK(setresuid(uid, uid, uid));
}

static void other_user_maps(void *arg)
{
	struct files *f = arg;
	char *p = memory(17 * PAGE, 0);

	become(OTHER_UID, 16);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + GIB, 17 * PAGE, RW), ENOMEM);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + GIB, 10 * PAGE, RW));
	EXPECT_EQ(vm_pinned(), 10 * PAGE);
}

static void other_user_has_6_left(void *arg)
{
	struct files *f = arg;
	char *p = memory(7 * PAGE, 0);

	become(OTHER_UID, 16);
	EXPECT_EQ(vm_pinned(), 0);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + 2 * GIB, 7 * PAGE, RW), ENOMEM);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + 2 * GIB, 6 * PAGE, RW));
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, IOVA + 2 * GIB, 6 * PAGE, NULL));
}

static void other_user_has_all_left(void *arg)
{
	struct files *f = arg;
	char *p = memory(17 * PAGE, 0);

	become(OTHER_UID, 16);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + 2 * GIB, 17 * PAGE, RW), ENOMEM);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + 2 * GIB, 16 * PAGE, RW));
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, IOVA + 2 * GIB, 16 * PAGE, NULL));
}

static void first_user(void *arg)
{
	struct files *f = arg;
	char *p = memory(16 * PAGE, 0);

	become_user(16);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 12 * PAGE, RW));
	f->step = 1;
	wait_for(&f->go);
	EXPECT_EQ(vm_pinned(), 12 * PAGE);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + MIB, 5 * PAGE, RW), ENOMEM);
	/* what another mapped is taken away by whoever has the file */
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, IOVA + GIB, GIB, NULL));
	EXPECT_EQ(vm_pinned(), 12 * PAGE);
}

START_TEST(each_user_of_a_file_pays_for_what_he_maps)
{
	struct files *f = attached_files();
	pid_t first = start_child(first_user, f);

	wait_for(&f->step);
	EXPECT_EQ(locked_pages(), 12);
	run_child(other_user_maps, f);
	EXPECT_EQ(locked_pages(), 12);
	EXPECT_EQ(mapped_bytes(f->fd, f->ioas), 22 * PAGE);
	/* the process is gone, the other user pays on */
	run_child(other_user_has_6_left, f);
	f->go = 1;
	end_child(first);
	EXPECT_EQ(mapped_bytes(f->fd, f->ioas), 12 * PAGE);
	run_child(other_user_has_all_left, f);
	EXPECT_EQ(locked_pages(), 12);
	EXPECT_OK(ioas_unmap_all(f->fd, f->ioas, NULL));
	EXPECT_EQ(locked_pages(), 0);
}
END_TEST

/* The file comes by a socket rather than by birth */
static void gets_the_file(void *arg)
{
	struct files *f = arg;
	int fd;

	become_user(16);
	EXPECT_OK(close(f->fd));
	fd = EXPECT_OK(recv_fd(f->arg));
	EXPECT_ERRNO(ioas_map(fd, f->ioas, memory(17 * PAGE, 0), IOVA, 17 * PAGE, RW), ENOMEM);
	EXPECT_OK(ioas_map(fd, f->ioas, memory(9 * PAGE, 0), IOVA, 9 * PAGE, RW));
	EXPECT_EQ(vm_pinned(), 9 * PAGE);
}

START_TEST(who_maps_through_a_file_that_was_sent_pays_himself)
{
	struct files *f = attached_files();
	size_t vm = vm_pinned();
	int socks[2];
	pid_t pid;

	EXPECT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	f->arg = socks[1];
	pid = start_child(gets_the_file, f);
	EXPECT_OK(send_fd(socks[0], f->fd));
	end_child(pid);
	EXPECT_EQ(vm_pinned(), vm);
	EXPECT_EQ(locked_pages(), 9);
}
END_TEST

static void forks_and_maps(void *arg)
{
	struct files *f = arg;
	char *p = memory(8 * PAGE, 0);
	pid_t pid;

	become_user(64);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 8 * PAGE, RW));
	pid = EXPECT_OK(fork());
	if (!pid) {
		/* its copy of the same memory, on its own account */
		EXPECT_EQ(vm_pinned(), 0);
		EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + MIB, 8 * PAGE, RW));
		EXPECT_EQ(vm_pinned(), 8 * PAGE);
		EXPECT_EQ(locked_pages(), 16);
		/* the limit is this process's own */
		set_memlock_limit(20);
		EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + GIB, 5 * PAGE, RW), ENOMEM);
		EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + GIB, 4 * PAGE, RW));
		/* what its parent has mapped goes back to its parent */
		EXPECT_OK(ioas_unmap(f->fd, f->ioas, IOVA, 8 * PAGE, NULL));
		EXPECT_EQ(vm_pinned(), 12 * PAGE);
		_exit(0);
	}
	end_child(pid);
	EXPECT_EQ(vm_pinned(), 0);
	EXPECT_EQ(locked_pages(), 12);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 8 * PAGE, RW));
	EXPECT_EQ(locked_pages(), 20);
}

START_TEST(child_pays_from_its_own_memory_and_limit)
{
	struct files *f = attached_files();

	run_child(forks_and_maps, f);
	EXPECT_EQ(locked_pages(), 20);
}
END_TEST

static void drop_ipc_lock(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	EXPECT_OK(syscall(SYS_capget, &header, data));
	data[CAP_IPC_LOCK / 32].effective &= ~(1U << CAP_IPC_LOCK % 32);
	EXPECT_OK(syscall(SYS_capset, &header, data));
}

static void root_without_the_capability(void *arg)
{
	struct files *f = arg;
	char *p = memory(32 * PAGE, 0);

	set_memlock_limit(16);
	/* exempt, and stays so when the capability is gone */
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 32 * PAGE, RW));
	drop_ipc_lock();
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + MIB, 17 * PAGE, RW), ENOMEM);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + MIB, 16 * PAGE, RW));
	EXPECT_EQ(vm_pinned(), 48 * PAGE);
	EXPECT_OK(dev_detach(f->dev.fd, f->fd));
	EXPECT_EQ(vm_pinned(), 0);
	EXPECT_OK(dev_attach(f->dev.fd, f->fd, f->ioas));
	EXPECT_EQ(vm_pinned(), 48 * PAGE);
	/* what was never charged is not given back */
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, IOVA, 32 * PAGE, NULL));
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA, PAGE, RW), ENOMEM);
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, IOVA + MIB, 16 * PAGE, NULL));
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 16 * PAGE, RW));
}

START_TEST(capability_exempts_what_is_mapped_with_it)
{
	run_child(root_without_the_capability, attached_files());
}
END_TEST

static void root_becomes_user(void *arg)
{
	struct files *f = arg;
	char *p = memory(32 * PAGE, 0);

	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 32 * PAGE, RW));
	/* still able to exempt itself in the eyes of who looks at the process */
	become_user(16);
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + MIB, 17 * PAGE, RW), ENOMEM);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + MIB, 16 * PAGE, RW));
	EXPECT_EQ(locked_pages(), 16);
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, IOVA, 32 * PAGE, NULL));
	EXPECT_EQ(locked_pages(), 16);
	EXPECT_OK(ioas_unmap_all(f->fd, f->ioas, NULL));
	EXPECT_EQ(locked_pages(), 0);
}

START_TEST(user_who_was_root_pays_for_what_he_maps_as_user)
{
	run_child(root_becomes_user, attached_files());
}
END_TEST

static void in_a_user_namespace(void *arg)
{
	struct files *f = arg;
	char *p = memory(17 * PAGE, 0);
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	become_user(16);
	EXPECT_OK(unshare(CLONE_NEWUSER));
	/* it has the capability, and it counts for nothing */
	EXPECT_OK(syscall(SYS_capget, &header, data));
	EXPECT_TRUE(data[CAP_IPC_LOCK / 32].effective >> CAP_IPC_LOCK % 32 & 1);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA, 17 * PAGE, RW), ENOMEM);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 16 * PAGE, RW));
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + GIB, PAGE, RW), ENOMEM);
}

START_TEST(capability_in_a_user_namespace_does_not_exempt)
{
	struct files *f = attached_files();

	run_child(in_a_user_namespace, f);
	/* and it is the user outside who pays */
	EXPECT_EQ(locked_pages(), 16);
}
END_TEST

static void maps_huge_twice(void *arg)
{
	struct files *f = arg;
	char *p = huge_memory(2 * MIB, 0);

	EXPECT_TRUE(p);
	become_user(1024 + 3);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, 64 * MIB, 2 * MIB, RW));
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, 160 * MIB + PAGE, 2 * MIB, IOASID_MAP_READ));
	EXPECT_EQ(locked_pages(), 1024);
	EXPECT_EQ(vm_pinned(), 4 * MIB);
	/* and pages of it once more each */
	EXPECT_OK(ioas_map(f->fd, f->ioas, p + 5 * PAGE, 256 * MIB, 2 * PAGE, RW));
	EXPECT_OK(ioas_map(f->fd, f->ioas, p + 6 * PAGE, 512 * MIB, PAGE, RW));
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, GIB, PAGE, RW), ENOMEM);
	EXPECT_EQ(locked_pages(), 1027);
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, 64 * MIB, 2 * MIB, NULL));
	EXPECT_EQ(locked_pages(), 515);
	EXPECT_EQ(vm_pinned(), 515 * PAGE);
}

START_TEST(huge_page_is_charged_by_every_mapping_of_it)
{
	run_child(maps_huge_twice, attached_files());
}
END_TEST

static void still_seven(struct files *f)
{
	EXPECT_EQ(vm_pinned(), 7 * PAGE);
	EXPECT_EQ(locked_pages(), 7);
	EXPECT_EQ(mapped_bytes(f->fd, f->ioas), 7 * PAGE);
	EXPECT_EQ(pinned_bytes(f->fd, f->ioas), 7 * PAGE);
}

/* Nothing that fails changes what is charged, whatever it is and how far it got */
static void fails_in_all_ways(void *arg)
{
	struct files *f = arg;
	static const unsigned int sizes[] = { 1, 2, 31, 33, 513, 700, 1100 };
	char *p = memory(1200 * PAGE, 0), *device = (char *)f->dev.bar, *ro = memory(PAGE, 0);
	struct ioasid_range window = { WINDOW, WINDOW + MIB - 1 };
	__u32 elsewhere;
	size_t i;

	EXPECT_OK(munmap(p + 1199 * PAGE, PAGE));
	EXPECT_OK(mprotect(ro, PAGE, PROT_READ));
	elsewhere = new_ioas(f->fd);
	become_user(2000);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA, 7 * PAGE, RW));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p + (1200 - sizes[i]) * PAGE, GIB,
				      sizes[i] * PAGE, RW), EFAULT);
		EXPECT_EQ(vm_pinned(), 7 * PAGE);
		EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, IOVA + 7 * PAGE - sizes[i] * PAGE,
				      sizes[i] * PAGE, RW), EEXIST);
		EXPECT_EQ(vm_pinned(), 7 * PAGE);
		EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, window.start, sizes[i] * PAGE, RW),
			     EINVAL);
		EXPECT_EQ(vm_pinned(), 7 * PAGE);
		EXPECT_ERRNO(ioas_map(f->fd, f->ioas, p, GIB, 1994 * PAGE, RW), ENOMEM);
	}
	still_seven(f);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, ro, GIB, PAGE, RW), EFAULT);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, device, GIB, PAGE, RW), EFAULT);
	EXPECT_ERRNO(ioas_map(f->fd, f->ioas, NULL, GIB, PAGE, RW), EFAULT);
	still_seven(f);
	EXPECT_ERRNO(ioas_unmap(f->fd, f->ioas, IOVA, PAGE, NULL), EINVAL);
	EXPECT_ERRNO(ioas_unmap(f->fd, f->ioas, IOVA - PAGE, 2 * PAGE, NULL), EINVAL);
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, GIB, GIB, NULL));
	still_seven(f);

	/* an attach that fails: what was charged before it failed goes back, and
	 * what is replaced stays charged
	 */
	EXPECT_OK(ioas_map(f->fd, elsewhere, p, IOVA, 600 * PAGE, RW));
	EXPECT_OK(ioas_map(f->fd, elsewhere, p + 1100 * PAGE, GIB, 100 * PAGE, RW));
	EXPECT_OK(ioas_map(f->fd, elsewhere, p, 2 * GIB, PAGE, RW));
	EXPECT_ERRNO(dev_attach(f->dev.fd, f->fd, elsewhere), EFAULT);
	still_seven(f);
	EXPECT_OK(ioas_unmap(f->fd, elsewhere, GIB, 100 * PAGE, NULL));
	EXPECT_OK(ioas_map(f->fd, elsewhere, p, GIB, 1100 * PAGE, RW));
	EXPECT_OK(ioas_map(f->fd, elsewhere, p, 4 * GIB, 1100 * PAGE, RW));
	EXPECT_ERRNO(dev_attach(f->dev.fd, f->fd, elsewhere), ENOMEM);
	still_seven(f);
	EXPECT_OK(ioas_unmap(f->fd, elsewhere, 4 * GIB, 1100 * PAGE, NULL));
	EXPECT_OK(ioas_map(f->fd, elsewhere, p, window.start, PAGE, RW));
	EXPECT_ERRNO(dev_attach(f->dev.fd, f->fd, elsewhere), EINVAL);
	still_seven(f);
	EXPECT_OK(ioas_unmap(f->fd, elsewhere, window.start, PAGE, NULL));
	EXPECT_OK(dev_attach(f->dev.fd, f->fd, elsewhere));
	EXPECT_EQ(locked_pages(), 1701);
	EXPECT_EQ(vm_pinned(), 1701 * PAGE);
	EXPECT_OK(dev_attach(f->dev.fd, f->fd, f->ioas));
	still_seven(f);
}

START_TEST(nothing_that_fails_is_charged)
{
	run_child(fails_in_all_ways, attached_files());
}
END_TEST

static void stalls_and_is_killed(void *arg)
{
	struct files *f = arg;
	char *p = memory(600 * PAGE, 0);
	struct stall stall = stall_at(p + 550 * PAGE);

	become_user(700);
	f->step = 1;
	ioas_map(f->fd, f->ioas, p, IOVA, 600 * PAGE, RW);
	close(stall.uffd);
}

START_TEST(killed_map_is_not_charged)
{
	struct files *f = attached_files();
	long before = pages_pinned();
	pid_t pid = start_child(stalls_and_is_killed, f);

	wait_for(&f->step);
	sleep_ms(150);
	EXPECT_TRUE(child_runs(pid));
	/* while it waits it is charged for what it has asked for */
	EXPECT_GE(locked_pages(), 550);
	kill_child(pid);
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(mapped_bytes(f->fd, f->ioas), 0);
}
END_TEST

/* Two users mapped before the attach; one of them is over his limit by then */
static void maps_and_waits(void *arg)
{
	struct files *f = arg;
	int other = f->arg;
	char *p = memory(10 * PAGE, 0);

	become(other ? OTHER_UID : TEST_UID, other ? 5 : 10);
	EXPECT_OK(ioas_map(f->fd, f->ioas, p, IOVA + other * GIB, 10 * PAGE, RW));
	f->step++;
	wait_for(&f->go);
}

START_TEST(attach_charges_all_users_or_none)
{
	struct files *f = attached_files();
	struct rlimit enough = { 10 * PAGE, RLIM_INFINITY };
	pid_t pids[2];

	EXPECT_OK(dev_detach(f->dev.fd, f->fd));
	for (f->arg = 0; f->arg < 2; ) {
		int step = f->step;

		pids[f->arg] = start_child(maps_and_waits, f);
		while (f->step == step)
			sleep_ms(1);
		f->arg++;
	}
	EXPECT_ERRNO(dev_attach(f->dev.fd, f->fd, f->ioas), ENOMEM);
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(pinned_bytes(f->fd, f->ioas), 0);
	/* the limit is the one that the process has now */
	EXPECT_OK(prlimit(pids[1], RLIMIT_MEMLOCK, &enough, NULL));
	EXPECT_OK(dev_attach(f->dev.fd, f->fd, f->ioas));
	EXPECT_EQ(locked_pages(), 10);
	/* lowering it takes nothing away */
	enough.rlim_cur = 0;
	EXPECT_OK(prlimit(pids[0], RLIMIT_MEMLOCK, &enough, NULL));
	EXPECT_EQ(pinned_bytes(f->fd, f->ioas), 20 * PAGE);
	EXPECT_EQ(locked_pages(), 10);
	f->go = 1;
	end_child(pids[0]);
	end_child(pids[1]);
	EXPECT_EQ(locked_pages(), 10);
	EXPECT_OK(ioas_unmap(f->fd, f->ioas, IOVA, 10 * PAGE, NULL));
	EXPECT_EQ(locked_pages(), 0);
}
END_TEST

/* The limit is one for all threads and files of the user */
struct racer {
	struct files *f;
	pthread_t thread;
	int index, won;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	char *p = memory(PAGE, 0);
	int i;

	for (i = 0; i < 100; i++)
		if (!ioas_map(r->f->fd, r->f->ioas, p, IOVA + (r->index * 100 + i) * PAGE, PAGE,
			      RW))
			r->won++;
		else
			EXPECT_EQ(errno, ENOMEM);
	return NULL;
}

static void races(void *arg)
{
	struct racer r[4];
	int i, won = 0;

	become_user(150);
	for (i = 0; i < 4; i++) {
		r[i] = (struct racer){ .f = arg, .index = i };
		EXPECT_EQ(pthread_create(&r[i].thread, NULL, race, &r[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(r[i].thread, NULL);
		won += r[i].won;
	}
	EXPECT_EQ(won, 150);
	EXPECT_EQ(vm_pinned(), 150 * PAGE);
}

START_TEST(threads_together_map_exactly_the_limit)
{
	struct files *f = attached_files();

	run_child(races, f);
	EXPECT_EQ(locked_pages(), 150);
	EXPECT_EQ(pinned_bytes(f->fd, f->ioas), 150 * PAGE);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		each_user_of_a_file_pays_for_what_he_maps,
		who_maps_through_a_file_that_was_sent_pays_himself,
		child_pays_from_its_own_memory_and_limit,
		capability_exempts_what_is_mapped_with_it,
		user_who_was_root_pays_for_what_he_maps_as_user,
		capability_in_a_user_namespace_does_not_exempt,
		huge_page_is_charged_by_every_mapping_of_it,
		nothing_that_fails_is_charged,
		killed_map_is_not_charged,
		attach_charges_all_users_or_none,
		threads_together_map_exactly_the_limit,
		NULL,
	};

	return run_program(argc, argv, "payers", tests, RUN_DEVICES);
}
