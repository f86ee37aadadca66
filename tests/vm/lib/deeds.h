/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls of which two are made at once (test-interleavings). */
#ifndef TESTS_DEEDS_H
#define TESTS_DEEDS_H

#include "rig.h"

/**
 * struct deed - a call, made on a rig
 * @name: of it
 * @before: makes ready for it; or NULL
 * @run: the call itself: 0 or an errno
 * @flags: DEED_*
 */
struct deed {
	const char *name;
	void (*before)(struct rig *r);
	int (*run)(struct rig *r);
	unsigned int flags;
};

/* It takes software devices with PASIDs */
#define DEED_PASID	(1 << 0)
/* It takes a device of VFIO's */
#define DEED_VFIO	(1 << 1)
/* Others may take effect between its parts: it is many calls in one, and says so */
#define DEED_PARTS	(1 << 2)
/* Both calls of a pair of these are held */
#define DEED_KIN	(1 << 3)
/* It closes @ACTIVE's file; or the address spaces' */
#define DEED_CLOSES	(1 << 4)
#define DEED_CLOSES_FD	(1 << 5)
/* While it is held a device cannot be reached by the processor */
#define DEED_DARK	(1 << 6)

extern const struct deed deeds[];
extern const unsigned int nr_deeds;

#endif /* TESTS_DEEDS_H */
