/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_POINT_H
#define IOASID_POINT_H

#include <linux/types.h>

/* It was passed where its thread may sleep, and so can be held; where it may not */
#define IOASID_POINT_HELD	(1 << 0)
#define IOASID_POINT_ATOMIC	(1 << 1)

/**
 * struct ioasid_point - a point at which threads can be held
 * @file: where it is
 * @func: in which function
 * @what: what has been done, or is about to be
 * @seen: IOASID_POINT_*, how threads that are watched have passed it
 */
struct ioasid_point {
	const char *file, *func, *what;
	u8 seen;
};

/* All points of a module are there, for tests that want to know which it has */
#define IOASID_POINT_SECTION	"ioasid_points"

void ioasid_point_hit(struct ioasid_point *point);

#endif /* IOASID_POINT_H */
