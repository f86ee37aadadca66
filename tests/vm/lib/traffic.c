// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"
#include "traffic.h"

/* A write is a word; each has a place of its own until all have been looked at */
#define SLOTS		(TRAFFIC_PAGES * PAGE / 4)
#define MAX_PHASES	(1U << 17)

#define EMPTY		(CANARY * 0x01010101U)

struct write {
	unsigned int before, after;	/* phases */
	enum dma_result result;
};

static int get(int *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static void set(int *flag, int value)
{
	__atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
}

static unsigned int phase(struct traffic *t)
{
	return __atomic_load_n(&t->phase, __ATOMIC_SEQ_CST);
}

void traffic_init(struct traffic *t, struct dev *dev, struct swdev *swdev)
{
	unsigned int i;

	memset(t, 0, sizeof(*t));
	t->dev = dev;
	t->swdev = swdev;
	t->guard = memory(TRAFFIC_PAGES * PAGE, CANARY);
	for (i = 0; i < TRAFFIC_PAGES; i++)
		t->iova[i] = phys_of(t->guard + i * PAGE);
	t->attached = malloc(MAX_PHASES);
	EXPECT_TRUE(t->attached);
	t->attached[0] = TRAFFIC_BLOCKED;
}

void traffic_map(struct traffic *t, unsigned int space, int fd, __u32 ioas)
{
	unsigned int i;

	if (!t->mem[space])
		t->mem[space] = memory(TRAFFIC_PAGES * PAGE, CANARY);
	for (i = 0; i < TRAFFIC_PAGES; i++)
		EXPECT_OK(ioas_map(fd, ioas, t->mem[space] + i * PAGE, t->iova[i], PAGE, RW));
}

void traffic_changes(struct traffic *t, unsigned int to)
{
	EXPECT_LE(t->phase, MAX_PHASES - 3);
	set(&t->pause, t->pauses);
	while (t->pauses && t->thread && !get(&t->paused))
		sched_yield();
	t->attached[t->phase + 1] = to;
	__atomic_add_fetch(&t->phase, 1, __ATOMIC_SEQ_CST);
}

void traffic_changed(struct traffic *t, unsigned int now)
{
	t->attached[t->phase + 1] = now;
	__atomic_add_fetch(&t->phase, 1, __ATOMIC_SEQ_CST);
	set(&t->pause, 0);
}

/* What the device was attached to at some moment of a write: bits */
static unsigned int attached_during(struct traffic *t, const struct write *w)
{
	/* In an odd phase still what it was before, perhaps */
	unsigned int i = w->before - (w->before & 1), spaces = 0;

	for (; i <= w->after; i++)
		spaces |= 1 << t->attached[i];
	return spaces;
}

static void look_at(struct traffic *t, const struct write *w, unsigned int slot)
{
	unsigned int spaces = attached_during(t, w), landed = 0, word, i;
	bool changes = w->before != w->after || (w->before & 1);

	for (i = 0; i < TRAFFIC_SPACES; i++) {
		if (!t->mem[i])
			continue;
		word = ((unsigned int *)t->mem[i])[slot];
		if (word == TESTDEV_PATTERN)
			landed |= 1 << i;
		else if (word != EMPTY)
			FAIL("word %u of space %u is %#x", slot, i, word);
	}
	word = ((unsigned int *)t->guard)[slot];
	if (word == TESTDEV_PATTERN && t->may_pass && changes && !landed) {
		((unsigned int *)t->guard)[slot] = EMPTY;
		t->past++;
		return;
	}
	if (word != EMPTY)
		FAIL("a write in phase %u to %u, attached to spaces %#x, went past them all",
		     w->before, w->after, spaces);
	if (w->result == DMA_BLOCKED) {
		if (landed)
			FAIL("a blocked write landed in spaces %#x, attached to %#x", landed,
			     spaces);
		if (spaces & 1 << TRAFFIC_BLOCKED)
			return;
		if (!changes)
			FAIL("a write was blocked in phase %u, attached to spaces %#x", w->before,
			     spaces);
		t->blocked++;
		return;
	}
	if (!landed || (landed & (landed - 1)) || !(landed & spaces))
		FAIL("a write in phase %u to %u landed in spaces %#x, attached to %#x", w->before,
		     w->after, landed, spaces);
	t->landed[__builtin_ctz(landed)]++;
}

/* While there is a pause, which may be asked for at any moment */
static void rest(struct traffic *t)
{
	do {
		while (get(&t->pause)) {
			set(&t->paused, 1);
			sched_yield();
		}
		set(&t->paused, 0);
	} while (get(&t->pause));
}

static enum dma_result write_word(struct traffic *t, __u64 iova)
{
	unsigned int word = TESTDEV_PATTERN;

	if (t->dev)
		return testdev_write(t->dev, iova, 4, 0);
	return swdev_dma(t->swdev, SWIOMMU_DMA_WRITE, iova, &word, 4).fault ? DMA_BLOCKED :
									      DMA_DONE;
}

static void *write_and_look(void *arg)
{
	struct write *writes = calloc(SLOTS, sizeof(*writes));
	struct traffic *t = arg;
	unsigned int slot, nr, i;
	bool stop = false;

	EXPECT_TRUE(writes);
	while (!stop) {
		for (nr = 0; nr < SLOTS && !stop; nr++) {
			rest(t);
			/* All over the pages */
			slot = nr * 1031 % SLOTS;
			writes[slot].before = phase(t);
			writes[slot].result = write_word(t, t->iova[slot / (PAGE / 4)] +
							 slot % (PAGE / 4) * 4);
			writes[slot].after = phase(t);
			if (writes[slot].result == DMA_DONE)
				__atomic_add_fetch(&t->done, 1, __ATOMIC_SEQ_CST);
			else if (config_is("amd"))
				/* Each is an interrupt, and a long one there */
				usleep(50);
			stop = get(&t->stop);
		}
		for (i = 0; i < nr; i++) {
			slot = i * 1031 % SLOTS;
			look_at(t, &writes[slot], slot);
		}
		for (i = 0; i < TRAFFIC_SPACES; i++)
			if (t->mem[i])
				memset(t->mem[i], CANARY, TRAFFIC_PAGES * PAGE);
		expect_filled(t->guard, CANARY, TRAFFIC_PAGES * PAGE);
	}
	free(writes);
	return NULL;
}

void traffic_start(struct traffic *t)
{
	t->stop = 0;
	EXPECT_EQ(pthread_create(&t->thread, NULL, write_and_look, t), 0);
}

void traffic_wait(struct traffic *t, unsigned long writes)
{
	unsigned long until = __atomic_load_n(&t->done, __ATOMIC_SEQ_CST) + writes;

	while (__atomic_load_n(&t->done, __ATOMIC_SEQ_CST) < until)
		sched_yield();
}

void traffic_stop(struct traffic *t)
{
	set(&t->stop, 1);
	EXPECT_EQ(pthread_join(t->thread, NULL), 0);
}
