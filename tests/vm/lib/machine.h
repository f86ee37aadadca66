/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All the devices and several address spaces in the hands of many threads: the
 * workers map, unmap and have devices write, each in a stripe of its own, while
 * the keeper attaches, replaces, detaches and reopens the devices.
 */
#ifndef TESTS_MACHINE_H
#define TESTS_MACHINE_H

#include <pthread.h>

#include "arena.h"
#include "device.h"
#include "stripe.h"

#define NR_WORKERS	4
#define NR_SPACES	3
#define NR_DEVS		3

/* Actors, for chance_at(); workers are 0 to NR_WORKERS - 1 */
#define KEEPER		10
#define MAIN		11
#define CHILD		12

/* A page of each address space is here, by which they are told apart */
#define ID_IOVA		IOVA

struct space {
	__u32 ioas;
	unsigned char *id;
	unsigned int pages;	/* mapped, when last counted */
	unsigned int others;	/* of those, by a child process */
};

/* @space is what is attached, -1 if nothing is. @lock protects all */
struct user {
	pthread_mutex_t lock;
	struct dev dev;
	int space;
};

struct machine;

struct worker {
	struct machine *machine;
	unsigned int nr, space;
	struct arena arena;
	struct stripe stripe;
	pthread_t thread;
};

/**
 * struct machine - all there is in a round
 * @fd: the address spaces' file
 * @round: number of the round
 * @steps: of each worker
 * @actions: of the thread that attaches and detaches
 * @fixed: devices from the first on that it leaves alone
 * @progress: steps that the workers have done, all together
 */
struct machine {
	int fd;
	unsigned int round, steps, actions, fixed;
	struct space spaces[NR_SPACES];
	struct user users[NR_DEVS];
	struct worker workers[NR_WORKERS];
	pthread_t keeper;
	unsigned int *progress;
};

/* @steps and @actions as in struct machine */
struct machine *machine_new(unsigned int steps, unsigned int actions);
/* Open all anew. Worker i is on address space i % @nr_spaces */
void machine_open(struct machine *m, unsigned int round, unsigned int nr_spaces);
void machine_start(struct machine *m);
void machine_join(struct machine *m);
/* With no thread running: the kernel's numbers are the model's */
void machine_count(struct machine *m, long pinned_before);
/* Every page of every stripe, by device 0, which is attached where it must be */
void machine_sweep(struct machine *m, bool may_attach);
/* All goes, in one of several orders, by the number of the round */
void machine_close(struct machine *m, long pinned_before);
/* All of these in turn */
void machine_round(struct machine *m, unsigned int round, unsigned int nr_spaces);

/* First address of a space's stripes */
__u64 machine_base(unsigned int space);

/* Under the device's lock, or with no thread running */
void user_attach(struct machine *m, struct user *user, int space);
void user_detach(struct machine *m, struct user *user);
/* Does the device reach the page of its address space, and only that? */
void user_expect(struct machine *m, struct user *user);

/* The thread of a struct worker */
void *worker_run(void *worker);

#endif /* TESTS_MACHINE_H */
