// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two hostile users. Each has devices of types 3 and 5 to 8, most of them on parents that
 * the two share, and CPUs and translators of its own. Each has two processes of three
 * threads, which are killed and started again; a thread makes any call that it may make,
 * with all numbers that it knows or guesses (lib/hostile.c). Meanwhile an administrator
 * removes devices and makes them anew, the kernel refuses to attach now and then, and
 * threads are held at a function of the kernel's.
 *
 * The test fails if a byte of a user's memory was not written by that user, or if a device
 * reads what is not its user's. Each word of memory has a mark that says so (lib/mark.h).
 *
 * It takes a minute; STRESS_SEED, STRESS_SECONDS and STRESS_ROUNDS are as in lib/chance.h.
 * The same seed gives the same draws, but threads meet differently each time: a failure
 * prints what each thread did last.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"
#include "expect.h"
#include "hold.h"
#include "hostile.h"
#include "late.h"
#include "memory.h"
#include "modules.h"
#include "pci.h"
#include "process.h"
#include "run.h"
#include "swuser.h"

#define NR_PARENTS	3

/* A round begins with new devices and ends with nothing open */
#define ROUND_SECONDS	12
#define SECONDS		60

#define TICK_MS		10

/* Actors, for chance_at() */
#define ADMIN		1000000
#define HOLDER		1000001

#define REFUSE		"ioasid_test_refuse"
#define REFUSE_PARAM	"/sys/module/" REFUSE "/parameters/"
/* What a device is attached by PASID with */
#define REFUSES		"iommu_attach_device_pasid"

/* Where threads are held, one a round. All may sleep there */
static const char *const holds[] = {
	"ioasid_ioas_alias",		/* an alias is reserved, and not yet attached */
	"ioasid_pasid_tell_end",	/* a PASID is not found, and no listener is told */
	"swiommu_portal_take",		/* a number was looked up, and is not sent yet */
	"ioasid_cpu_give_back",		/* ... all are told, and it is not free yet */
	"swiommu_dma",			/* work was taken, and is not done yet */
	"ioasid_ctx_stop_translator",
	"ioasid_ioas_leave",
	"iommu_detach_device_pasid",
};

struct slot {
	pid_t pid;
	struct hostile_life life;
};

static struct setting {
	struct hostile_world *world;
	struct slot slots[HOSTILE_USERS][HOSTILE_PROCESSES];
	__u32 parents[NR_PARENTS];
	unsigned int lives;
	unsigned long killed;
	time_t begin;
	bool holds;
	volatile bool holds_end;
	pthread_t holder;
} s;

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* ---------------------------------------------------------- devices and nodes */

static void give(const char *path, unsigned int uid)
{
	EXPECT_OK(chown(path, uid, uid));
}

static void make_dev(unsigned int user, unsigned int dev)
{
	const struct hostile_kind *kind = &hostile_kinds[dev];
	struct swiommu_device_create options = { .type = kind->type };
	char path[64];
	__u32 id;

	if (kind->parent >= 0) {
		options.parent = s.parents[kind->parent];
	} else {
		options.iommu = kind->iommu;
		options.pasid_width = HOSTILE_WIDTH;
		options.flags = SWIOMMU_DEVICE_TLB;
	}
	id = swdev_create(&options);
	snprintf(path, sizeof(path), SWIOMMU_NODE "%u", id);
	give(path, HOSTILE_UID(user));
	s.world->ids[user][dev] = id;
}

static void make_parent(unsigned int parent)
{
	const struct swiommu_device_create options = {
		.type = 5, .pasid_width = HOSTILE_WIDTH, .iommu = parent == 2,
		.flags = parent ? SWIOMMU_DEVICE_TLB : 0,
	};
	unsigned int user, dev;

	s.parents[parent] = swdev_create(&options);
	for (dev = 0; dev < HOSTILE_DEVS; dev++)
		for (user = 0; user < HOSTILE_USERS; user++)
			if (hostile_kinds[dev].parent == (int)parent)
				make_dev(user, dev);
}

static void make_devices(void)
{
	unsigned int i, user;

	for (i = 0; i < NR_PARENTS; i++)
		make_parent(i);
	for (i = 0; i < HOSTILE_DEVS; i++)
		for (user = 0; user < HOSTILE_USERS; user++)
			if (hostile_kinds[i].parent < 0)
				make_dev(user, i);
	EXPECT_OK(chmod(iommu_node(), 0666));
	EXPECT_OK(chmod("/dev/" CPU_NAME, 0666));
}

/* ----------------------------------------------------------------- processes */

static void spawn(unsigned int user, unsigned int process)
{
	struct slot *slot = &s.slots[user][process];

	slot->life = (struct hostile_life) {
		.world = s.world, .user = user, .process = process, .life = s.lives++,
	};
	slot->pid = start_child(hostile_run, &slot->life);
}

static void make_sockets(int (*sockets)[2])
{
	unsigned int user;

	for (user = 0; user < HOSTILE_USERS; user++)
		EXPECT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets[user]));
}

static void close_sockets(int (*sockets)[2])
{
	unsigned int user;

	for (user = 0; user < HOSTILE_USERS; user++) {
		EXPECT_OK(close(sockets[user][0]));
		EXPECT_OK(close(sockets[user][1]));
	}
}

/* What other processes find out, or what the memory itself says */
static void look(void)
{
	struct hostile_world *w = s.world;
	unsigned int user, i;

	for (user = 0; user < HOSTILE_USERS; user++)
		hostile_check(w, user);
	if (!__atomic_load_n(&w->found, __ATOMIC_RELAXED))
		return;
	/* It may have been killed before it could say more */
	for (i = 0; i < 1000 && __atomic_load_n(&w->found, __ATOMIC_ACQUIRE) != 2; i++)
		sleep_ms(1);
	w->stop = 1;
	hostile_print(w);
	hostile_print_counts(w);
	FAIL("%lu s after the start: %s", (unsigned long)(seconds() - s.begin), w->text);
}

/* ---------------------------------------------------------- what else happens */

static bool has_kprobes(void)
{
	return !access("/sys/kernel/debug/kprobes", F_OK);
}

/* A thread that is held stays so for a tick or more */
static void hold_some(void)
{
	char text[32];

	switch (chance_below(8)) {
	case 0:
		hold_go();
		break;
	case 1 ... 4:
		hold_go();
		hold_calls(1UL << chance_below(4) | 1UL << chance_below(8));
		break;
	case 5:
		snprintf(text, sizeof(text), "%u", 1U << chance_below(16));
		EXPECT_OK(sysfs_write(REFUSE_PARAM "calls", text));
		break;
	}
}

/* A thread of its own, for the administrator may wait for a thread that is held */
static void *holder_run(void *arg)
{
	unsigned int i;

	for (i = 1; !s.holds_end; i++) {
		chance_at(s.world->round, HOLDER, i);
		hold_some();
		sleep_ms(TICK_MS);
	}
	return NULL;
}

static void begin_holds(void)
{
	s.holds = has_kprobes();
	if (!s.holds)
		return;
	hold_at(holds[s.world->round % (sizeof(holds) / sizeof(holds[0]))]);
	if (module_is_loaded(REFUSE))
		EXPECT_OK(module_unload(REFUSE));
	EXPECT_OK(module_load(REFUSE, "functions=" REFUSES));
	EXPECT_OK(sysfs_write(REFUSE_PARAM "error", "12"));
	s.holds_end = false;
	EXPECT_EQ(pthread_create(&s.holder, NULL, holder_run, NULL), 0);
}

static void end_holds(void)
{
	if (!s.holds)
		return;
	s.holds_end = true;
	pthread_join(s.holder, NULL);
	hold_end();
	EXPECT_OK(module_unload(REFUSE));
}

static void take_away(unsigned int user, unsigned int dev)
{
	chance_doing("take device %u of user %u away", dev, user);
	CHANCE_OK(swdev_destroy(s.world->ids[user][dev]));
	make_dev(user, dev);
}

static void take_parent_away(unsigned int parent)
{
	chance_doing("take parent %u away", parent);
	CHANCE_OK(swdev_destroy(s.parents[parent]));
	make_parent(parent);
}

static void kill_one(unsigned int user, unsigned int process)
{
	chance_doing("kill process %u of user %u", process, user);
	if (!child_runs(s.slots[user][process].pid)) {
		look();
		CHANCE_FAIL("process %u of user %u has ended", process, user);
	}
	kill_child(s.slots[user][process].pid);
	s.killed++;
	spawn(user, process);
}

static void tick(void)
{
	unsigned int user = chance_below(HOSTILE_USERS);

	if (chance_in(150))
		kill_one(user, chance_below(HOSTILE_PROCESSES));
	else if (chance_in(100))
		take_away(user, chance_below(HOSTILE_DEVS));
	else if (chance_in(800))
		take_parent_away(chance_below(NR_PARENTS));
	look();
	sleep_ms(TICK_MS);
}

/* -------------------------------------------------------------------- rounds */

static void begin_memory(void)
{
	unsigned int user, i;

	for (user = 0; user < HOSTILE_USERS; user++) {
		__u64 *mem = (__u64 *)s.world->mem[user];

		for (i = 0; i < HOSTILE_PAGES * PAGE / sizeof(*mem); i++)
			mem[i] = mark_pattern(user, i * sizeof(*mem));
	}
}

/* Some are killed, while the others go on */
static void end_processes(void)
{
	struct slot *slot;
	unsigned int i;

	for (i = 0; i < HOSTILE_USERS * HOSTILE_PROCESSES; i++) {
		slot = &s.slots[i % HOSTILE_USERS][i / HOSTILE_USERS];
		if (!chance_in(3))
			continue;
		chance_doing("kill a process of user %u", slot->life.user);
		kill_child(slot->pid);
		slot->pid = 0;
	}
	s.world->stop = 1;
	for (i = 0; i < HOSTILE_USERS * HOSTILE_PROCESSES; i++) {
		slot = &s.slots[i % HOSTILE_USERS][i / HOSTILE_USERS];
		chance_doing("end a process of user %u", slot->life.user);
		if (slot->pid)
			end_child(slot->pid);
	}
}

static void run_round(unsigned int round, time_t end)
{
	long before = pages_pinned();
	unsigned int user, process, i;

	memset(s.slots, 0, sizeof(s.slots));
	s.world->round = round;
	s.world->stop = 0;
	memset(s.world->notes, 0, sizeof(s.world->notes));
	chance_at(round, ADMIN, 0);
	cpu_load();
	make_devices();
	begin_memory();
	make_sockets(s.world->files);
	make_sockets(s.world->devs);
	begin_holds();
	for (user = 0; user < HOSTILE_USERS; user++)
		for (process = 0; process < HOSTILE_PROCESSES; process++)
			spawn(user, process);
	for (i = 1; seconds() < end; i++) {
		chance_at(round, ADMIN, i);
		tick();
	}
	end_processes();
	end_holds();
	close_sockets(s.world->files);
	close_sockets(s.world->devs);
	look();
	chance_doing("count what is left");
	CHANCE_EQ(pages_pinned(), before);
	for (user = 0; user < HOSTILE_USERS; user++)
		expect_no_locked_pages_of(HOSTILE_UID(user));
	cpu_unload();
}

START_TEST(no_user_reaches_what_is_the_others)
{
	time_t end = seconds() + chance_seconds(SECONDS);
	unsigned int round, user, i;

	s.begin = seconds();
	late_permit();
	s.world = shared_memory(sizeof(*s.world));
	for (user = 0; user < HOSTILE_USERS; user++)
		s.world->mem[user] = shared_memory(HOSTILE_PAGES * PAGE);
	for (round = 0; seconds() < end; round++) {
		time_t till = seconds() + ROUND_SECONDS;

		run_round(round, till < end ? till : end);
	}
	dprintf(STDOUT_FILENO, "# %u rounds, %lu killed\n", round, s.killed);
	hostile_print_counts(s.world);
	/* Each did happen, or it shows nothing */
	for (i = 0; i < HOSTILE_COUNTS; i++)
		EXPECT_GE(s.world->counts[i], 1);
	EXPECT_GE(s.killed, 1);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		no_user_reaches_what_is_the_others,
		NULL,
	};

	/* There that PASIDs are refused is what is tested */
	if (kernel_is("6.1"))
		return run_swpasid_program(argc, argv, "hostile-users", tests);
	return run_program(argc, argv, "hostile-users", tests, RUN_BARE | RUN_SLOW);
}
