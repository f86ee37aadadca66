// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expect.h"
#include "points.h"
#include "process.h"

#define NODE		"/dev/ioasid_test_points"
#define HANG_SECONDS	60

static int points = -1;

bool points_exist(void)
{
	struct stat st;

	return !stat(NODE, &st);
}

void points_open(void)
{
	points = EXPECT_OK(open(NODE, O_RDWR | O_CLOEXEC));
}

void points_close(void)
{
	EXPECT_OK(close(points));
	points = -1;
}

bool points_probe(const char *function)
{
	struct points_probe probe = {};

	snprintf(probe.name, sizeof(probe.name), "%s", function);
	return !ioctl(points, POINTS_PROBE, &probe);
}

static void *actor_run(void *arg)
{
	struct actor *actor = arg;
	struct points_join join = { .role = actor->role };

	actor->tid = gettid();
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

static const char *read_of(struct actor *actor, const char *what)
{
	static char text[4096];
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", actor->tid, what);
	fd = EXPECT_OK(open(path, O_RDONLY | O_CLOEXEC));
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return text;
}

const char *actor_stack(struct actor *actor)
{
	return read_of(actor, "stack");
}

static bool sleeps(struct actor *actor)
{
	const char *stat = read_of(actor, "stat");
	const char *name_end = strrchr(stat, ')');

	return name_end && strlen(name_end) > 2 && strchr("SD", name_end[2]);
}

/* Does it wait for another call? By the function that waits: for a lock, or for what
 * the modules themselves wait for. Not for a grace period of RCU's, or a kernel thread
 */
static bool waits(struct actor *actor)
{
	static const char *const locks[] = {
		"mutex_lock", "rwsem_down", "percpu_rwsem", "percpu_down", "__down",
	};
	const char *stack, *line, *end;
	unsigned int i, frame = 0;

	if (!sleeps(actor))
		return false;
	stack = actor_stack(actor);
	for (line = stack; *line && frame < 5; line = *end ? end + 1 : end, frame++) {
		end = strchrnul(line, '\n');
		for (i = 0; i < sizeof(locks) / sizeof(*locks); i++) {
			const char *at = strstr(line, locks[i]);

			if (at && at < end)
				return true;
		}
		/* The first frame is the function that sleeps */
		if (!frame && memmem(line, end - line, "[ioasid", 7) &&
		    !memmem(line, end - line, "ioasid_test_points", 18))
			return true;
	}
	return false;
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
		usleep(seen ? 2000 : 200);
	}
	FAIL("a call does not end, at:\n%s", actor_stack(actor));
}

void actor_release(struct actor *actor)
{
	struct points_join go = { .role = actor->role };

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
