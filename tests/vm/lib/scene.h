/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls at the same time: made by another thread or process, and one that waits. */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include <pthread.h>

#include "device.h"
#include "process.h"
#include "stall.h"

/* Milliseconds, long enough for a call to get where it waits */
#define A_WHILE		150

/* A call that another thread makes */
struct call {
	pthread_t thread;
	enum { MAP, MAP_ARRAY, UNMAP, UNMAP_ALL, UNMAP_ARRAY, ATTACH, DETACH, ALIAS } what;
	int fd, dev;
	__u32 ioas;
	__u32 pasid, alias;	/* of attach, detach and alias; 0: by RID */
	char *vaddr;
	__u64 iova, length;
	const struct ioasid_map_range *map;
	const struct ioasid_unmap_range *unmap;
	__u32 nr, nr_done;
	__u64 unmapped;
	int ret, err;
	volatile int ended;
};

void call_start(struct call *c);
/* It has not ended after A_WHILE */
void call_waits(struct call *c);
/* It ends with errno @err; 0: it succeeds */
void call_ends(struct call *c, int err);

/* A call that another process makes, with SIZE bytes of its own to map */
struct victim {
	struct call call;
	volatile int started;
};

pid_t victim_start(struct victim *v);

/*
 * An attached address space, and a map of SIZE bytes at IOVA that waits for the
 * page at HOLE. More pages than are pinned before the range is looked at.
 */
struct scene {
	struct attached a;
	char *mem;
	struct stall stall;
	struct call map;
};

#define SIZE	(64 * PAGE)
#define HOLE	(40 * PAGE)

/* There is one at a time */
struct scene *scene(void);
struct call call_on(struct scene *s, int what, __u64 iova, __u64 length);
/* The stalled map gets what it waits for, and succeeds */
void scene_ends(struct scene *s);
/* Every page of it is reached */
void expect_whole(struct scene *s);

#endif /* TESTS_SCENE_H */
