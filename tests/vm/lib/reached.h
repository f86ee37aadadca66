/* SPDX-License-Identifier: GPL-2.0-only */
/* Which points pairs of calls have come to, and which not, and why (test-interleavings). */
#ifndef TESTS_REACHED_H
#define TESTS_REACHED_H

#include <stdbool.h>

/**
 * struct reached - how many points of the modules there are
 * @nr: that the devices of this machine, or software devices, have to do with
 * @held: of these, at which some call was held
 * @atomic: which are passed where none may sleep
 * @excused: which no pair comes to, for a reason that is given
 */
struct reached {
	unsigned int nr, held, atomic, excused;
};

/* Prints each that is not reached, and how often which function of the kernel's was */
struct reached points_report(bool soft);

#endif /* TESTS_REACHED_H */
