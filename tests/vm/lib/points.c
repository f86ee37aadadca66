// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "expect.h"
#include "points.h"
#include "process.h"

#define NODE		"/dev/ioasid_test_points"
#define HANG_SECONDS	30
#define END_SECONDS	20

static int points = -1;

void points_open(void)
{
	points = EXPECT_OK(open(NODE, O_RDWR | O_CLOEXEC));
}

void points_close(void)
{
	EXPECT_OK(close(points));
	points = -1;
}

static bool probe_function(const char *function, __u32 flags, __u32 kind)
{
	struct points_probe probe = { .flags = flags, .kind = kind };

	snprintf(probe.name, sizeof(probe.name), "%s", function);
	return !ioctl(points, POINTS_PROBE, &probe);
}

bool points_probe(const char *function)
{
	return probe_function(function, 0, 0);
}

bool points_can_refuse(const char *function, __u32 kind)
{
	return probe_function(function, POINTS_PROBE_REFUSES, kind);
}

__u32 points_refuse(__u32 kind, __u32 calls, int error)
{
	struct points_refuse refuse = { .calls = calls, .error = error, .kind = kind };

	return EXPECT_OK(ioctl(points, POINTS_REFUSE, &refuse));
}

static int device_call(unsigned long request, const char *bdf)
{
	unsigned int domain, bus, slot, function;
	struct points_device device = {};

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		FAIL("%s is no PCI address", bdf);
	device.domain = domain;
	device.bus = bus;
	device.devfn = slot << 3 | function;
	return ioctl(points, request, &device);
}

void points_ats(const char *bdf)
{
	EXPECT_OK(device_call(POINTS_ATS, bdf));
}

void points_master(const char *bdf)
{
	EXPECT_OK(device_call(POINTS_MASTER, bdf));
}

const char *points_seen(unsigned int index, unsigned int *how)
{
	static struct points_name name;

	name = (struct points_name){ .index = index };
	if (ioctl(points, POINTS_SEEN, &name)) {
		EXPECT_EQ(errno, EINVAL);
		return NULL;
	}
	*how = name.role;
	return name.name;
}

/* A file of /proc about the calling thread, open for good: others that are closed while
 * a call uses their numbers must stay closed
 */
static int open_of(const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", gettid(), what);
	return EXPECT_OK(open(path, O_RDONLY | O_CLOEXEC));
}

static void *actor_run(void *arg)
{
	struct actor *actor = arg;
	struct points_join join = { .role = actor->role };

	actor->stat = open_of("stat");
	actor->stack = open_of("stack");
	EXPECT_OK(ioctl(points, POINTS_JOIN, &join));
	actor->ended = true;
	for (;;) {
		while (sem_wait(&actor->start))
			;
		if (actor->quit)
			return NULL;
		actor->ret = actor->fn(actor->arg);
		__atomic_store_n(&actor->ended, true, __ATOMIC_RELEASE);
	}
}

void actor_create(struct actor *actor, unsigned int role)
{
	*actor = (struct actor){ .role = role };
	EXPECT_OK(sem_init(&actor->start, 0, 0));
	EXPECT_EQ(pthread_create(&actor->thread, NULL, actor_run, actor), 0);
	while (!actor->ended)
		sleep_ms(1);
}

void actor_destroy(struct actor *actor)
{
	actor->quit = true;
	EXPECT_OK(sem_post(&actor->start));
	EXPECT_EQ(pthread_join(actor->thread, NULL), 0);
	EXPECT_OK(close(actor->stat));
	EXPECT_OK(close(actor->stack));
}

void actor_call(struct actor *actor, int (*fn)(void *arg), void *arg, unsigned int hold)
{
	struct points_arm arm = { .role = actor->role, .hold = hold };

	EXPECT_TRUE(actor->ended);
	EXPECT_OK(ioctl(points, POINTS_ARM, &arm));
	actor->fn = fn;
	actor->arg = arg;
	actor->ended = false;
	EXPECT_OK(sem_post(&actor->start));
}

static struct points_state actor_state(struct actor *actor)
{
	struct points_state state = { .role = actor->role };

	EXPECT_OK(ioctl(points, POINTS_STATE, &state));
	return state;
}

static const char *read_all(int fd)
{
	static char text[4096];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return text;
}

const char *actor_stack(struct actor *actor)
{
	return read_all(actor->stack);
}

static bool sleeps(struct actor *actor)
{
	const char *stat = read_all(actor->stat);
	const char *name_end = strrchr(stat, ')');

	return name_end && strlen(name_end) > 2 && strchr("SD", name_end[2]);
}

/* Does it wait for another call? For a lock, or in a function of the modules' that waits:
 * the first frame is the function that sleeps. Not for a grace period of RCU's, or a kernel
 * thread
 */
static bool waits(struct actor *actor)
{
	char frame[256];

	if (!sleeps(actor))
		return false;
	snprintf(frame, sizeof(frame), "%.*s", (int)strcspn(actor_stack(actor), "\n"),
		 actor_stack(actor));
	/* Also on its way to a lock for which no CPU may be a reader any more */
	if (strstr(frame, "synchronize_rcu"))
		return false;
	if (actor_state(actor).waits)
		return true;
	/* For the users of a device that is removed, and for one that is being reset */
	if (strstr(frame, "vfio_unregister_group_dev") || strstr(frame, "pci_wait_cfg"))
		return true;
	return strstr(frame, "[ioasid") && !strstr(frame, "ioasid_test_points");
}

enum progress actor_progress(struct actor *actor)
{
	unsigned int i, seen = 0;

	for (i = 0; i < HANG_SECONDS * 5000; i++) {
		if (__atomic_load_n(&actor->ended, __ATOMIC_ACQUIRE))
			return DONE;
		if (actor_state(actor).held)
			return HELD;
		/* twice, for a lock may be about to be had */
		seen = waits(actor) ? seen + 1 : 0;
		if (seen == 3)
			return BLOCKED;
		usleep(seen ? 500 : 200);
	}
	FAIL("a call does not end, at:\n%s", actor_stack(actor));
}

bool actor_end(struct actor *actor)
{
	unsigned int i;

	for (i = 0; i < END_SECONDS * 5000; i++) {
		if (__atomic_load_n(&actor->ended, __ATOMIC_ACQUIRE))
			return true;
		usleep(200);
	}
	return false;
}

void actor_release(struct actor *actor, unsigned int again)
{
	struct points_arm go = { .role = actor->role, .hold = again };

	EXPECT_OK(ioctl(points, POINTS_GO, &go));
}

unsigned int actor_passed(struct actor *actor)
{
	return actor_state(actor).passed;
}

const char *actor_point(struct actor *actor, unsigned int index)
{
	static struct points_name names[POINTS_ROLES];
	struct points_name *name = &names[actor->role];

	*name = (struct points_name){ .role = actor->role, .index = index };
	EXPECT_OK(ioctl(points, POINTS_GET_NAME, name));
	return name->name;
}
