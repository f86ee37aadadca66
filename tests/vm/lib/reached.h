/* SPDX-License-Identifier: GPL-2.0-only */
/* Which points pairs of calls have come to, and which not, and why (test-interleavings). */
#ifndef TESTS_REACHED_H
#define TESTS_REACHED_H

#include <stdbool.h>

/**
 * struct reached - how many points of the modules there are
 * @nr: that the devices of this machine, or software devices, have to do with
 * @held: of these, at which some call was held
 * @excused: at which none was, for a reason that is given
 * @nr_atomic: places where nothing may sleep, which are not among @nr
 */
struct reached {
	unsigned int nr, held, excused, nr_atomic;
};

/* Prints each that is not reached, and how often which function of the kernel's was */
struct reached points_report(bool soft);

#endif /* TESTS_REACHED_H */
