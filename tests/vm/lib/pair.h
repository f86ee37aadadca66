/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two calls at once: each is made alone, then one after the other, and then one while the
 * other is held at each of its points, and what comes of it is compared.
 */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include "deeds.h"
#include "points.h"

/**
 * struct pair_count - what was looked at, and what was found
 * @pairs: of two calls
 * @without_points: those whose first call has no point: they were only made in turn
 * @runs: with the first call held at one of its points
 * @passed_by: times that it did not come to the point
 * @found: wrong
 */
struct pair_count {
	unsigned int pairs, without_points, runs, passed_by, found;
};

/* What goes on when the test ends in the midst of it is remembered by the process that has
 * called the first of these, and printed by the second
 */
void pairs_remember(void);
void pairs_say(void);
/* Makes the rig and the two threads; and ends them */
void pairs_start(bool soft);
void pairs_end(void);
/* Can the two be made on one rig? */
bool pair_is_possible(const struct deed *a, const struct deed *b);
/* @a is held, @b runs; with @twice @b is held at each of its points as well */
void pair_try(const struct deed *a, const struct deed *b, bool twice, struct pair_count *count);
/* How often was a call held at a point of that name? */
unsigned int pairs_held_at(const char *name);

#endif /* TESTS_PAIR_H */
