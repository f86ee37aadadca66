/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chance that can be repeated. One seed, STRESS_SEED in the environment, is
 * behind all draws; each step of each actor (thread) of each round has a
 * sequence of its own, so that what a step does depends on no other thread.
 */
#ifndef TESTS_CHANCE_H
#define TESTS_CHANCE_H

#include <linux/types.h>
#include <stdbool.h>

#include "expect.h"

/* Where this thread is */
void chance_at(unsigned int round, unsigned int actor, unsigned int step);
/* Draw on from a state that the caller knows, whatever the place */
void chance_begin(__u64 state);
__u64 chance_seed(void);
/* What it is about to do, for the message if it fails */
void chance_doing(const char *format, ...) __attribute__((format(printf, 1, 2)));

__u64 chance_draw(void);
/* 0 to @n - 1 */
unsigned int chance_below(unsigned int n);
/* @low to @high, both included */
unsigned int chance_from(unsigned int low, unsigned int high);
/* True once in @n times */
bool chance_in(unsigned int n);

/* Seed, place and what was done, in words */
const char *chance_text(void);

/* How many of @rounds to do: STRESS_ROUNDS in the environment, percent */
unsigned int chance_rounds(unsigned int rounds);
/* How many of @seconds to go on: STRESS_SECONDS in the environment; else as many percent
 * as of the rounds. Of a test that takes many of them it is those of a part: with a seed
 * of its own, which a failure names
 */
unsigned int chance_seconds(unsigned int seconds);
/* How many parts that is; asked for before the first one */
unsigned int chance_parts(void);
/* In each part, before it begins */
void chance_next_part(void);

#define CHANCE_FAIL(format, ...) \
	FAIL(format "; %s", ##__VA_ARGS__, chance_text())

/* EXPECT_OK() and EXPECT_EQ() that say where in the sequence it was */
#define CHANCE_OK(call) do {						\
	errno = 0;							\
	if ((call) == -1)						\
		CHANCE_FAIL("%s is -1, expected success; errno %s", #call, \
			    errno_name(errno));				\
	} while (0)

#define CHANCE_EQ(a, b) do {						\
	unsigned long long __ca = (unsigned long long)(a);		\
	unsigned long long __cb = (unsigned long long)(b);		\
									\
	if (__ca != __cb)						\
		CHANCE_FAIL("%s is %#llx, expected == %s, %#llx", #a, __ca, #b, __cb); \
	} while (0)

#endif /* TESTS_CHANCE_H */
