// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many at once, at random, against a model: threads map, unmap and check by DMA
 * in stripes of their own, while another attaches, replaces, detaches and
 * reopens the devices; processes are killed in the middle. At the end of each
 * round every page of every stripe is looked at, and every pin counted.
 *
 * The same draws come every time: what differs is how the threads meet. With
 * STRESS_SEED=N in the environment the draws are others, STRESS_ROUNDS=PERCENT
 * makes the program longer or shorter.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chance.h"
#include "dma.h"
#include "expect.h"
#include "machine.h"
#include "memory.h"
#include "pick.h"
#include "process.h"
#include "run.h"

/* The debug kernel is several times slower */
static unsigned int debug_or(unsigned int debug, unsigned int n)
{
	return kernel_is("debug") ? debug : n;
}

START_TEST(stress_one_address_space)
{
	unsigned int i, rounds = chance_rounds(debug_or(3, 4));
	struct machine *m = machine_new(debug_or(30, 60), 8);

	/* always attached */
	m->fixed = 1;
	for (i = 0; i < rounds; i++)
		machine_round(m, i, 1);
}
END_TEST

START_TEST(stress_several_address_spaces)
{
	unsigned int i, rounds = chance_rounds(debug_or(3, 6));
	struct machine *m = machine_new(debug_or(30, 40), 24);

	for (i = 0; i < rounds; i++)
		machine_round(m, 100 + i, 2 + i % 2);
}
END_TEST

/* ----------------------------------------------------- killed mid-way */

/* Until @progress is @much */
static void wait_for_progress(pid_t pid, volatile unsigned int *progress, unsigned int much)
{
	int i;

	for (i = 0; i < 20000 && *progress < much; i++) {
		if (!child_runs(pid))
			break;
		sleep_ms(1);
	}
	if (*progress < much)
		CHANCE_FAIL("the child process does not get on");
	usleep(chance_below(4000));
}

struct victim {
	unsigned int round, progress;
};

static void run_until_killed(void *arg)
{
	struct victim *v = arg;
	struct machine *m = machine_new(1000000, 200000);

	m->progress = &v->progress;
	machine_open(m, v->round, 1 + v->round % 3);
	machine_start(m);
	machine_join(m);
}

START_TEST(stress_killed)
{
	unsigned int i, rounds = chance_rounds(debug_or(2, 5));
	struct victim *v = shared_memory(sizeof(*v));
	long before = pages_pinned();

	for (i = 0; i < rounds; i++) {
		pid_t pid;

		v->round = 200 + i;
		v->progress = 0;
		pid = start_child(run_until_killed, v);
		chance_at(v->round, MAIN, 0);
		wait_for_progress(pid, &v->progress, chance_from(2, 60));
		kill_child(pid);
		chance_doing("count after it was killed");
		CHANCE_EQ(pages_pinned(), before);
	}
	machine_round(machine_new(20, 8), 299, 2);
}
END_TEST

#define JOURNAL_MAX	4

/* What a child process does in an address space of its parent's */
struct journal {
	struct machine *machine;
	struct arena arena;
	unsigned int progress;
	volatile int ready;
	/* What it is in the middle of, and the model as it was before */
	volatile enum { NOTHING, MAPS, UNMAPS } doing;
	struct range ranges[JOURNAL_MAX];
	struct mapping maps[JOURNAL_MAX];
	unsigned int nr;
	struct stripe stripe, before;
};

static void note(struct journal *j, int doing)
{
	asm volatile("" ::: "memory");
	j->doing = doing;
	asm volatile("" ::: "memory");
}

/* Some mappings that will all be accepted */
static void pick_free(struct journal *j)
{
	struct mapping *m;
	unsigned int i, k;

	j->nr = 0;
	for (i = 0; i < JOURNAL_MAX; i++) {
		m = &j->maps[j->nr];
		pick_memory(&j->arena, m);
		m->flags = RW;
		m->page = pick_place(&j->stripe, m);
		for (k = 0; k < j->nr; k++)
			if (m->page < j->maps[k].page + j->maps[k].pages &&
			    j->maps[k].page < m->page + m->pages)
				break;
		if (k == j->nr && stripe_is_free(&j->stripe, m->page, m->pages))
			j->nr++;
	}
}

static void map_until_killed(void *arg)
{
	struct journal *j = arg;
	struct stripe *s = &j->stripe;
	unsigned int i;

	/* the parent has the devices to itself */
	dev_unmap_all_bars();
	for (i = 0; i < NR_DEVS; i++)
		EXPECT_OK(close(j->machine->users[i].dev.fd));
	become_user(2 * STRIPE_PAGES);
	j->ready = 1;
	for (i = 0;; i++, j->progress++) {
		chance_at(j->machine->round, CHILD, i);
		j->before = *s;
		if (s->mapped < STRIPE_PAGES / 2 && !chance_in(4)) {
			pick_free(j);
			note(j, MAPS);
			stripe_map(s, j->maps, j->nr);
		} else {
			for (j->nr = 0; j->nr < JOURNAL_MAX; j->nr++)
				j->ranges[j->nr] = pick_range(s);
			note(j, UNMAPS);
			stripe_unmap(s, j->ranges, j->nr);
		}
		note(j, NOTHING);
	}
}

/* Is a whole mapping there? Neither that nor nothing of it: an error */
static bool is_there(struct journal *j, struct dev *dev, const struct mapping *m)
{
	unsigned int i, done = 0;

	for (i = m->page; i < m->page + m->pages; i++)
		if (testdev_write(dev, j->stripe.iova + i * PAGE, 4, 0) == DMA_DONE)
			done++;
	if (done && done < m->pages)
		CHANCE_FAIL("%u of %u pages are mapped", done, m->pages);
	return done;
}

/* Bring the model to where the killed process was, with a device attached */
static void settle(struct journal *j, struct dev *dev)
{
	const struct mapping *m;
	unsigned int i, page;

	chance_doing("look where the child was killed (%d)", j->doing);
	if (j->doing != NOTHING)
		j->stripe = j->before;
	for (i = 0; j->doing == MAPS && i < j->nr; i++)
		if (is_there(j, dev, &j->maps[i]))
			stripe_add(&j->stripe, &j->maps[i]);
	for (i = 0; j->doing == UNMAPS && i < j->nr; i++) {
		for (page = 0; page < j->ranges[i].pages; page++) {
			m = stripe_mapping(&j->stripe, j->ranges[i].page + page);
			if (m && !is_there(j, dev, m))
				stripe_remove(&j->stripe, m);
		}
	}
	arena_fill(&j->arena, 0, j->arena.pages * PAGE);
}

static void child_round(struct machine *m, unsigned int round)
{
	struct journal *j = shared_memory(sizeof(*j));
	long before = pages_pinned();
	struct user *user = &m->users[0];
	pid_t pid;

	/* what the child has mapped cannot be pinned anew when it is dead */
	m->fixed = 1;
	machine_open(m, round, 1);
	j->machine = m;
	arena_make_shared(&j->arena, 1200);
	stripe_init(&j->stripe, &j->arena, m->fd, m->spaces[0].ioas,
		    machine_base(0) + NR_WORKERS * STRIPE_SIZE);
	pid = start_child(map_until_killed, j);
	wait_for(&j->ready);
	machine_start(m);
	wait_for_progress(pid, &j->progress, chance_from(2, 100));
	kill_child(pid);
	machine_join(m);

	settle(j, &user->dev);
	m->spaces[0].others = j->stripe.mapped;
	machine_count(m, before);
	stripe_sweep(&j->stripe, &user->dev, true, 0, STRIPE_PAGES);
	machine_sweep(m, false);
	stripe_unmap_all(&j->stripe);
	stripe_sweep(&j->stripe, &user->dev, true, 0, STRIPE_PAGES);
	arena_check_all(&j->arena);
	m->spaces[0].others = 0;
	machine_count(m, before);
	machine_close(m, before);
	munmap(j->arena.mem, j->arena.pages * PAGE);
	munmap(j->arena.copy, j->arena.pages * PAGE);
	munmap(j, sizeof(*j));
}

START_TEST(stress_with_a_child_killed_while_it_maps)
{
	unsigned int i, rounds = chance_rounds(debug_or(3, 4));
	struct machine *m = machine_new(15, 6);

	for (i = 0; i < rounds; i++)
		child_round(m, 300 + i);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		stress_one_address_space,
		stress_several_address_spaces,
		stress_killed,
		stress_with_a_child_killed_while_it_maps,
		NULL,
	};

	return run_program(argc, argv, "stress", tests, RUN_DEVICES);
}
