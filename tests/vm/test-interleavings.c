// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two calls at once, in every order of their steps: one is held at each of its points
 * in turn while the other runs to its end or has to wait (tests/points). What comes of
 * them is what comes of one after the other, in one of the two orders; and while one is
 * held, a device reaches what it may reach in one of these.
 *
 * Environment: INTERLEAVINGS_SHARD=i/n, a part of the pairs; INTERLEAVINGS_CALLS=A,B, of
 * these calls alone, by the first letters of their names (_ for a space, a dot at the end), and
 * INTERLEAVINGS_WITH=C,D: each of those with each of these; INTERLEAVINGS_SHOW=1: print
 * what comes of them in turn; INTERLEAVINGS_OPTIONS=A=1,B=1: the software IOMMU's.
 *
 * kernel parameters: iomem=relaxed rcupdate.rcu_expedited=1
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "expect.h"
#include "modules.h"
#include "pair.h"
#include "probes.h"
#include "reached.h"
#include "run.h"

static struct pair_count count;

/* Does @deed's name begin with one of these? Nothing chosen is all */
static bool is_chosen(const struct deed *deed, const char *names)
{
	const char *end;
	size_t i;

	if (!names)
		return true;
	for (; *names; names = *end ? end + 1 : end) {
		end = strchrnul(names, ',');
		for (i = 0; names + i < end; i++)
			if (deed->name[i] != (names[i] == '_' ? ' ' : names[i]))
				break;
		if (names + i == end ||
		    (names[i] == '.' && names + i + 1 == end && !deed->name[i]))
			return true;
	}
	return false;
}

static bool pair_is_chosen(const struct deed *a, const struct deed *b)
{
	const char *calls = getenv("INTERLEAVINGS_CALLS"), *with = getenv("INTERLEAVINGS_WITH");

	if (!with)
		return is_chosen(a, calls) && is_chosen(b, calls);
	return (is_chosen(a, calls) && is_chosen(b, with)) ||
	       (is_chosen(b, calls) && is_chosen(a, with));
}

static long seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void try_pairs(void)
{
	long start = seconds();
	const char *shard = getenv("INTERLEAVINGS_SHARD");
	unsigned int part = 0, parts = 1, i, j, nr = 0, before;
	const struct deed *a, *b;

	if (shard)
		EXPECT_EQ(sscanf(shard, "%u/%u", &part, &parts), 2);
	for (i = 0; (a = deed_nr(i)); i++) {
		before = count.runs;
		for (j = 0; (b = deed_nr(j)); j++)
			if (pair_is_possible(a, b) && pair_is_chosen(a, b) &&
			    nr++ % parts == part % parts)
				pair_try(a, b, a->flags & b->flags & DEED_KIN, &count);
		if (count.runs == before)
			continue;
		printf("# %s: %u pairs, %u runs, %u found, %ld s\n", a->name, count.pairs,
		       count.runs, count.found, seconds() - start);
		fflush(stdout);
	}
}

/* Options of modules stand there with commas, for it is a word of the kernel's command line */
static void load_swiommu(void)
{
	const char *given = getenv("INTERLEAVINGS_OPTIONS");
	char options[256], *comma;

	snprintf(options, sizeof(options), "%s", given ?: "");
	while ((comma = strchr(options, ',')))
		*comma = ' ';
	swiommu_load(options);
}

static bool is_complete(void)
{
	return !getenv("INTERLEAVINGS_SHARD") && !getenv("INTERLEAVINGS_CALLS") &&
	       !getenv("INTERLEAVINGS_WITH");
}

static void try_all(bool soft)
{
	struct reached reached;
	unsigned int idle;

	if (soft)
		load_swiommu();
	pairs_start(soft);
	probes_set(getenv("INTERLEAVINGS_OPTIONS"));
	try_pairs();
	printf("# %u pairs, %u runs, %u found; %u pairs without a point, %u points not come to\n",
	       count.pairs, count.runs, count.found, count.without_points, count.passed_by);
	idle = deeds_idle();
	reached = points_report(soft);
	pairs_end();
	if (soft)
		swiommu_unload();
	EXPECT_EQ(count.found, 0);
	/* Where the core has other names than it had, nothing is refused, say */
	EXPECT_EQ(idle, 0);
	EXPECT_TRUE(count.pairs);
	if (is_complete())
		EXPECT_EQ(reached.held + reached.excused, reached.nr);
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

	int failed;

	pairs_remember();
	failed = config_is("none") ?
		run_program(argc, argv, "interleavings", soft, RUN_BARE | RUN_ENDLESS) :
		run_program(argc, argv, "interleavings", machine, RUN_DEVICES | RUN_ENDLESS);
	pairs_say();
	return failed;
}
