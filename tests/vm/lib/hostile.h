/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two hostile users: what their processes share with the test, and what a process does.
 * A user has several processes of several threads. Each makes calls at random, with its
 * own files, devices and CPUs, and with numbers on the wire that it cannot know.
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include <linux/types.h>
#include <stdbool.h>

#include "ioas.h"
#include "mark.h"

#define HOSTILE_USERS		MARK_USERS
#define HOSTILE_PROCESSES	2
#define HOSTILE_THREADS		3
#define HOSTILE_ACTORS		(HOSTILE_PROCESSES * HOSTILE_THREADS)

/* User 0 is the one that run_program() looks at */
#define HOSTILE_UID(user)	(TEST_UID + (user))

/* Memory of a user, in pages: written by the user's devices; mapped for reading alone;
 * and never mapped. The last two never change
 */
#define HOSTILE_WRITTEN		32U
#define HOSTILE_READ		8U
#define HOSTILE_SECRET		8U
#define HOSTILE_PAGES		(HOSTILE_WRITTEN + HOSTILE_READ + HOSTILE_SECRET)

#define HOSTILE_DEVS		9

/* What a device is made as: a mediated one has a parent, see test-hostile-users.c */
extern const struct hostile_kind {
	__u32 type;
	int parent;		/* -1: it is a physical one, behind @iommu */
	__u32 iommu;
} hostile_kinds[HOSTILE_DEVS];

/* So narrow that many have the same numbers */
#define HOSTILE_WIDTH		7

/* How often something went as its user wanted it */
enum hostile_count {
	HOSTILE_ATTACHED,
	HOSTILE_DETACHED,
	HOSTILE_ALIASED,
	HOSTILE_TRANSLATORS,
	HOSTILE_SENT,		/* work that reached memory */
	HOSTILE_SENT_ELSEWHERE,	/* at another device than the number is of */
	HOSTILE_SENT_RAW,	/* a number that nothing has translated */
	HOSTILE_HELD,		/* by the CPU, done later */
	HOSTILE_WROTE,
	HOSTILE_READS,
	HOSTILE_ENDED,		/* work that was taken and did not get anywhere */
	HOSTILE_PASSED,		/* files, between the processes of a user */
	HOSTILE_COUNTS,
};

#define HOSTILE_KNOWN	32

#define HOSTILE_NOTES	64

/* What a thread did in a step */
struct hostile_note {
	__u32 life, step;
	char text[120];
};

/**
 * struct hostile_world - shared by all processes
 * @round: for chance_at()
 * @stop: processes end
 * @found: something was found: 2 if @text says what
 * @text: what
 * @ids: numbers of the devices of each user
 * @known: numbers on the wire that a thread has seen
 * @nr_known: how many so far; the last ones are kept
 * @counts: enum hostile_count
 * @notes: what each thread did of late, by step
 * @mem: HOSTILE_PAGES of each user
 * @files: sockets between the processes of a user, for /dev/iommu
 * @devs: and for devices
 */
struct hostile_world {
	unsigned int round;
	volatile int stop;
	int found;
	char text[1024];
	__u32 ids[HOSTILE_USERS][HOSTILE_DEVS];
	__u32 known[HOSTILE_KNOWN];
	unsigned int nr_known;
	unsigned long counts[HOSTILE_COUNTS];
	struct hostile_note notes[HOSTILE_USERS][HOSTILE_ACTORS][HOSTILE_NOTES];
	char *mem[HOSTILE_USERS];
	int files[HOSTILE_USERS][2], devs[HOSTILE_USERS][2];
};

/* Which process of which user */
struct hostile_life {
	struct hostile_world *world;
	unsigned int user, process, life;
};

/* Of a child process, for start_child() with a struct hostile_life */
void hostile_run(void *arg);

/* Something that must not be. The first one counts. Of the thread that draws */
void hostile_found(struct hostile_world *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What a word says of itself, and what was done in that step; in a buffer of the thread's */
const char *hostile_word_text(struct hostile_world *w, __u64 word);
/* All words of a user's memory are what they must be */
bool hostile_check(struct hostile_world *w, unsigned int user);
/* What each thread did last, and how often what was done, as comments of the output */
void hostile_print(struct hostile_world *w);
void hostile_print_counts(struct hostile_world *w);

#endif /* TESTS_HOSTILE_H */
