// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "chance.h"
#include "process.h"

#define DEFAULT_SEED	0x10a51d

static __thread struct {
	unsigned int round, actor, step;
	__u64 state;
	char doing[128];
} here;

/* Of a test that is made of parts: how many have begun. Shared with their processes */
static unsigned int *nr_parts;

static __u64 seed(void)
{
	const char *env = getenv("STRESS_SEED");

	return (env ? strtoull(env, NULL, 0) : DEFAULT_SEED) + (nr_parts ? *nr_parts - 1 : 0);
}

/* splitmix64 */
__u64 chance_draw(void)
{
	__u64 z = here.state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void chance_at(unsigned int round, unsigned int actor, unsigned int step)
{
	here.round = round;
	here.actor = actor;
	here.step = step;
	here.doing[0] = 0;
	here.state = seed();
	here.state = chance_draw() ^ round;
	here.state = chance_draw() ^ actor;
	here.state = chance_draw() ^ step;
}

void chance_begin(__u64 state)
{
	here.state = state;
	here.doing[0] = 0;
}

__u64 chance_seed(void)
{
	return seed();
}

void chance_doing(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(here.doing, sizeof(here.doing), format, args);
	va_end(args);
}

unsigned int chance_below(unsigned int n)
{
	return chance_draw() % n;
}

unsigned int chance_from(unsigned int low, unsigned int high)
{
	return low + chance_below(high - low + 1);
}

bool chance_in(unsigned int n)
{
	return !chance_below(n);
}

const char *chance_text(void)
{
	static __thread char text[256];

	snprintf(text, sizeof(text), "STRESS_SEED=%#llx, round %u, actor %u, step %u: %s",
		 seed(), here.round, here.actor, here.step, here.doing);
	return text;
}

unsigned int chance_rounds(unsigned int rounds)
{
	const char *env = getenv("STRESS_ROUNDS");

	return env ? (rounds * strtoul(env, NULL, 0) + 99) / 100 : rounds;
}

static unsigned int all_seconds(unsigned int seconds)
{
	const char *env = getenv("STRESS_SECONDS");

	return env ? strtoul(env, NULL, 0) : chance_rounds(seconds);
}

/* Check counts the microseconds of a test in 31 bits */
#define SECONDS_MAX	2000

unsigned int chance_parts(void)
{
	unsigned int parts = (all_seconds(0) + SECONDS_MAX - 1) / SECONDS_MAX;

	if (parts > 1 && !nr_parts)
		nr_parts = shared_memory(sizeof(*nr_parts));
	return parts ?: 1;
}

void chance_next_part(void)
{
	if (nr_parts)
		++*nr_parts;
}

unsigned int chance_seconds(unsigned int seconds)
{
	return all_seconds(seconds) / chance_parts();
}
