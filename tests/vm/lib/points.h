/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two threads that make calls of the modules', and stop points at which they are held
 * (tests/points). The modules have to be built with POINTS=1.
 */
#ifndef TESTS_POINTS_H
#define TESTS_POINTS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../../points/ioasid_test_points.h"

/**
 * struct actor - a thread that makes one call after the other
 * @role: its role at the points
 * @stat: the file of /proc that says whether it sleeps
 * @stack: and the one that says where
 * @fn: the call to make, with @arg; returns 0 or an errno
 * @ret: what it returned
 * @ended: it has returned
 */
struct actor {
	unsigned int role;
	pthread_t thread;
	int stat, stack;
	sem_t start;
	int (*fn)(void *arg);
	void *arg;
	int ret;
	volatile bool ended, quit;
};

/* How a call goes on: to its end, to the point where it is held, or it waits for a lock
 * or a range that another call has
 */
enum progress { DONE, HELD, BLOCKED };

void points_open(void);
void points_close(void);
/* Make the entry of a function of the kernel's a point. False: this kernel has none */
bool points_probe(const char *function);
/* Have functions of a kind, POINTS_OF_*, refuse calls of the calling thread, an actor's, with an
 * errno: bits, the lowest one for the next call. Returns what is left of those given before
 */
bool points_can_refuse(const char *function, __u32 kind);
__u32 points_refuse(__u32 kind, __u32 calls, int error);
/* When a device is reset the kernel is to take it for one with a device TLB: from 7.2 on it
 * takes those out of their domains
 */
void points_ats(const char *bdf);
/* Bus mastering on in the midst of a reset: what is on its way then is DMA */
void points_master(const char *bdf);
/* Names of points that actors have passed since points_open(), and IOASID_POINT_*: how;
 * NULL: there are no more
 */
const char *points_seen(unsigned int index, unsigned int *how);
#define POINT_HELD	(1 << 0)
#define POINT_ATOMIC	(1 << 1)

void actor_create(struct actor *actor, unsigned int role);
void actor_destroy(struct actor *actor);
/* Begin a call, to be held at the @hold-th point */
void actor_call(struct actor *actor, int (*fn)(void *arg), void *arg, unsigned int hold);
/* Until it ends, is held, or waits. Ends the test if it does none of these */
enum progress actor_progress(struct actor *actor);
/* Until it ends, however often it waits meanwhile. False: it does not */
bool actor_end(struct actor *actor);
/* It goes on; @again: it is held once more, at that point, or POINTS_NEVER */
void actor_release(struct actor *actor, unsigned int again);
unsigned int actor_passed(struct actor *actor);
/* The name of a point that the last call has passed; in a buffer of its own */
const char *actor_point(struct actor *actor, unsigned int index);
/* Where it waits, as /proc shows it */
const char *actor_stack(struct actor *actor);

#endif /* TESTS_POINTS_H */
