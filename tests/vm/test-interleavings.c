// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two calls at once, in every order of their steps: one is held at each of its points
 * in turn while the other runs to its end or has to wait (tests/points). What comes of
 * them is what comes of one after the other, in one of the two orders; and while one is
 * held, a device reaches what it may reach in one of these.
 *
 * Environment: INTERLEAVINGS_SHARD=i/n, a part of the pairs; INTERLEAVINGS_CALLS=A,B, of
 * these calls alone, by the first letters of their names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deeds.h"
#include "expect.h"
#include "memory.h"
#include "modules.h"
#include "points.h"
#include "run.h"

#define NAMES_MAX	2048

static struct rig rig;
static struct actor first, second;

/* What was found; and how much was looked at */
static unsigned int nr_pairs, nr_runs, nr_held, nr_found;

/* Points at which some call was held */
static char *names[NAMES_MAX];
static unsigned int nr_names;

static void note_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_names; i++)
		if (!strcmp(names[i], name))
			return;
	if (nr_names < NAMES_MAX)
		names[nr_names++] = strdup(name);
}

/* What comes of a pair of calls */
struct outcome {
	int ret[2];
	struct sight sight;
};

static int run_deed(void *arg)
{
	const struct deed *deed = arg;

	return deed->run(&rig);
}

static void deed_begins(const struct deed *deed)
{
	rig.gone |= !!(deed->flags & DEED_CLOSES);
	rig.closed |= !!(deed->flags & DEED_CLOSES_FD);
}

static void pair_open(const struct deed *a, const struct deed *b)
{
	rig_open(&rig);
	if (a->before)
		a->before(&rig);
	if (b->before && b->before != a->before)
		b->before(&rig);
}

static int deed_alone(struct actor *actor, const struct deed *deed)
{
	deed_begins(deed);
	actor_call(actor, run_deed, (void *)deed, POINTS_NEVER);
	EXPECT_EQ(actor_progress(actor), DONE);
	return actor->ret;
}

/* Those whose letters stand in @order, one after the other */
static void in_turn(const struct deed *a, const struct deed *b, const char *order,
		    struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	pair_open(a, b);
	for (; *order; order++)
		if (*order == 'a')
			outcome->ret[0] = deed_alone(&first, a);
		else
			outcome->ret[1] = deed_alone(&second, b);
	rig_see(&rig, &outcome->sight);
	rig_close(&rig);
}

enum { NONE_RUN, ONLY_A, ONLY_B, A_THEN_B, B_THEN_A, NR_ORDERS };
static const char *const order_letters[NR_ORDERS] = { "", "a", "b", "ab", "ba" };

static bool reach_is_one_of(const struct sight *sight, const struct outcome *orders,
			    unsigned int from, unsigned int *dev, unsigned int *by,
			    unsigned int *place)
{
	unsigned int d, b, p, i;

	for (d = 0; d < NR_RIG_DEVICES; d++)
		for (b = 0; b < NR_BYS; b++)
			for (p = 0; p < NR_PLACES; p++) {
				for (i = from; i < NR_ORDERS; i++)
					if (orders[i].sight.reach[d][b][p] ==
					    sight->reach[d][b][p])
						break;
				if (i == NR_ORDERS) {
					*dev = d;
					*by = b;
					*place = p;
					return false;
				}
			}
	return true;
}

static void found(const struct deed *a, const struct deed *b, const char *at,
		  const char *what)
{
	nr_found++;
	printf("# FOUND %s | %s, the first held at %s: %s\n", a->name, b->name, at, what);
	fflush(stdout);
}

static void print_outcome(const char *name, const struct outcome *o)
{
	unsigned int d, b, p;

	printf("#   %s: %d %d; mapped %llu %llu pinned %llu %llu attachments %d %d; reach",
	       name, o->ret[0], o->ret[1], o->sight.mapped[0], o->sight.mapped[1],
	       o->sight.pinned[0], o->sight.pinned[1], (int)o->sight.attachments[0],
	       (int)o->sight.attachments[1]);
	for (d = 0; d < NR_RIG_DEVICES; d++) {
		for (b = 0; b < NR_BYS; b++) {
			printf(" ");
			for (p = 0; p < NR_PLACES; p++)
				printf("%u", o->sight.reach[d][b][p]);
		}
		printf(" |");
	}
	printf("\n");
}

/* While @a is held and @b has ended, nothing is reached that is not in any order in
 * which @b has ended
 */
static void check_between(const struct deed *a, const struct deed *b,
			  const struct outcome *orders, const char *at)
{
	unsigned int dev, by, place;
	struct outcome now = {};
	char text[160];

	rig_reach(&rig, &now.sight);
	if (reach_is_one_of(&now.sight, orders, ONLY_B, &dev, &by, &place))
		return;
	snprintf(text, sizeof(text),
		 "the second has ended, and device %u (by %u) reaches page %u at place %u",
		 dev, by, now.sight.reach[dev][by][place], place);
	found(a, b, at, text);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void check_end(const struct deed *a, const struct deed *b, struct outcome *end,
		      const struct outcome *orders, const char *at)
{
	unsigned int dev, by, place;

	if (same(end, &orders[A_THEN_B]) || same(end, &orders[B_THEN_A]))
		return;
	if ((a->flags | b->flags) & DEED_PARTS &&
	    reach_is_one_of(&end->sight, orders, NONE_RUN, &dev, &by, &place))
		return;
	found(a, b, at, "what came of it comes of neither order");
	print_outcome("this    ", end);
	print_outcome("a, b    ", &orders[A_THEN_B]);
	print_outcome("b, a    ", &orders[B_THEN_A]);
}

/* @a is held at its @i-th point; @b, if @j is not POINTS_NEVER, at its @j-th one */
static bool run_held(const struct deed *a, unsigned int i, const struct deed *b,
		     unsigned int j, const struct outcome *orders)
{
	enum progress progress;
	struct outcome end = {};
	char at[POINTS_NAME];

	pair_open(a, b);
	deed_begins(a);
	actor_call(&first, run_deed, (void *)a, i);
	if (actor_progress(&first) != HELD) {
		/* It went another way this time */
		EXPECT_TRUE(first.ended);
		deed_alone(&second, b);
		rig_close(&rig);
		return false;
	}
	snprintf(at, sizeof(at), "%s", actor_point(&first, i));
	note_name(at);
	deed_begins(b);
	actor_call(&second, run_deed, (void *)b, j);
	progress = actor_progress(&second);
	if (progress == DONE && !(a->flags & DEED_DARK))
		check_between(a, b, orders, at);
	actor_release(&first);
	progress = actor_progress(&first);
	if (!second.ended)
		actor_release(&second);
	EXPECT_EQ(actor_progress(&second), DONE);
	if (progress != DONE)
		EXPECT_EQ(actor_progress(&first), DONE);
	end.ret[0] = first.ret;
	end.ret[1] = second.ret;
	rig_see(&rig, &end.sight);
	check_end(a, b, &end, orders, at);
	rig_close(&rig);
	nr_runs++;
	return true;
}

/* Of points that are passed again and again the first two */
static bool is_repeated(unsigned int nr)
{
	char name[POINTS_NAME];
	unsigned int i, seen = 0;

	snprintf(name, sizeof(name), "%s", actor_point(&first, nr));
	for (i = 0; i < nr; i++)
		seen += !strcmp(actor_point(&first, i), name);
	return seen >= 2;
}

/* Which points of @a are worth it, in a run of it alone */
static unsigned int points_of(const struct deed *a, const struct deed *b, bool *worth)
{
	unsigned int nr, i;

	pair_open(a, b);
	deed_alone(&first, a);
	nr = actor_passed(&first);
	if (nr > POINTS_MAX)
		nr = POINTS_MAX;
	for (i = 0; i < nr; i++)
		worth[i] = !is_repeated(i);
	rig_close(&rig);
	return nr;
}

static bool skips(const struct deed *deed)
{
	return (deed->flags & DEED_PASID && !rig.pasids) ||
	       (deed->flags & DEED_VFIO && rig.soft);
}

static void try_pair(const struct deed *a, const struct deed *b)
{
	struct outcome orders[NR_ORDERS];
	bool worth[POINTS_MAX];
	unsigned int nr, i, order;

	for (order = 0; order < NR_ORDERS; order++)
		in_turn(a, b, order_letters[order], &orders[order]);
	nr = points_of(a, b, worth);
	for (i = 0; i < nr; i++)
		if (worth[i])
			nr_held += run_held(a, i, b, POINTS_NEVER, orders);
	nr_pairs++;
}

static bool is_chosen(const struct deed *deed)
{
	const char *calls = getenv("INTERLEAVINGS_CALLS"), *end;

	for (; calls && *calls; calls = *end ? end + 1 : end) {
		end = strchrnul(calls, ',');
		if (!strncmp(deed->name, calls, end - calls))
			return true;
	}
	return !getenv("INTERLEAVINGS_CALLS");
}

static void try_all(bool soft)
{
	const char *shard = getenv("INTERLEAVINGS_SHARD");
	unsigned int part = 0, parts = 1, a, b, nr = 0;
	unsigned int i;

	if (shard)
		EXPECT_EQ(sscanf(shard, "%u/%u", &part, &parts), 2);
	if (soft)
		swiommu_load(NULL);
	points_open();
	actor_create(&first, 0);
	actor_create(&second, 1);
	rig_make(&rig, soft);
	rig_open(&rig);
	rig_close(&rig);
	for (a = 0; a < nr_deeds; a++) {
		for (b = 0; b < nr_deeds; b++) {
			if (skips(&deeds[a]) || skips(&deeds[b]) ||
			    !is_chosen(&deeds[a]) || !is_chosen(&deeds[b]))
				continue;
			if (nr++ % parts == part % parts)
				try_pair(&deeds[a], &deeds[b]);
		}
		printf("# %s: %u pairs, %u runs, %u found\n", deeds[a].name, nr_pairs,
		       nr_runs, nr_found);
		fflush(stdout);
	}
	actor_destroy(&first);
	actor_destroy(&second);
	points_close();
	if (soft)
		swiommu_unload();
	for (i = 0; i < nr_names; i++)
		printf("# point %s\n", names[i]);
	printf("# %u pairs, %u points, %u runs\n", nr_pairs, nr_names, nr_runs);
	fflush(stdout);
	EXPECT_EQ(nr_found, 0);
}

START_TEST(two_calls_come_to_what_one_after_the_other_comes_to)
{
	try_all(false);
}
END_TEST

START_TEST(two_calls_on_software_devices_do)
{
	try_all(true);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const machine[] = {
		two_calls_come_to_what_one_after_the_other_comes_to,
		NULL,
	};
	const TTest *const soft[] = {
		two_calls_on_software_devices_do,
		NULL,
	};

	if (config_is("none"))
		return run_program(argc, argv, "interleavings", soft, RUN_BARE | RUN_ENDLESS);
	return run_program(argc, argv, "interleavings", machine, RUN_DEVICES | RUN_ENDLESS);
}
