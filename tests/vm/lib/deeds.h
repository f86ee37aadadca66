/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls of which two are made at once (test-interleavings). */
#ifndef TESTS_DEEDS_H
#define TESTS_DEEDS_H

#include "rig.h"

/**
 * struct deed - a call, made on a rig
 * @name: of it; NULL ends a list
 * @before: makes ready for it, if that of the other one lets it; or NULL
 * @run: the call itself: 0 or an errno, or RETURNS() and what it returns
 * @parts: RIG_*, what it takes
 * @flags: DEED_*
 */
struct deed {
	const char *name;
	void (*before)(struct rig *r);
	int (*run)(struct rig *r);
	unsigned int parts;
	unsigned int flags;
};

#define RETURNS(value)	(1000 + (value))

/* Others may take effect between its parts: it is many calls in one, and says so. What comes
 * of it may then lie between what comes of the two orders
 */
#define DEED_PARTS	(1 << 0)
/* Both calls of a pair of these are held */
#define DEED_KIN	(1 << 1)
/* It closes @ACTIVE's file; the address spaces'; the driver's */
#define DEED_CLOSES	(1 << 2)
#define DEED_CLOSES_FD	(1 << 3)
#define DEED_CLOSES_DRIVER (1 << 4)
/* It binds @ACTIVE, or ends that; or that device is removed */
#define DEED_BINDS	(1 << 5)
#define DEED_REMOVES	(1 << 6)
/* While it is under way @ACTIVE may be blocked: where there is a gap when something is
 * replaced, and by PASID; or in any case
 */
#define DEED_GAP	(1 << 7)
#define DEED_PASID_GAP	(1 << 8)
#define DEED_DARK	(1 << 9)
/* It may wait until all files are closed: for who uses a device that is removed, or for
 * such a removal
 */
#define DEED_LINGERS	(1 << 10)
/* It may be refused with EBUSY because of another one of these that is under way, or of one
 * that resets, binds or removes something; and then has done nothing
 */
#define DEED_BUSY	(1 << 11)
/* It is DMA by a PASID that a CPU sends, which may be cut short, or be done once more, by
 * what the PASID leads to then
 */
#define DEED_DMA	(1 << 12)
/* Drivers may be told ENODEV while it is under way, and have done nothing then */
#define DEED_DRIVER_GAP	(1 << 13)
/* It may be refused with EBUSY because of any other one that is under way */
#define DEED_SLEEPS	(1 << 14)
/* It changes nothing */
#define DEED_ASKS	(1 << 15)
/* It is a call on @ACTIVE's file: one that closes the file takes effect after it */
#define DEED_ON_DEVICE	(1 << 16)
/* It seldom or never succeeds: what it asks for is refused */
#define DEED_FAILS	(1 << 17)
/* It maps pages of its own, and takes that back */
#define DEED_UNDOES	(1 << 18)
/* It resets @ACTIVE, or its bus: one that opens or resets it meanwhile may be told EAGAIN */
#define DEED_RESETS	(1 << 19)
/* It waits for a moment, and so does the other one, whatever else is under way */
#define DEED_LATE	(1 << 20)
/* Takes the kernel's numbers for PASIDs for a moment: others get other ones */
#define DEED_ASIDE	(1 << 21)

/* In several lists, each of them ended */
extern const struct deed map_deeds[], attach_deeds[], device_deeds[], driver_deeds[],
	ask_deeds[];

/* The @nr-th one of all; NULL: there are no more */
const struct deed *deed_nr(unsigned int nr);

/* Make the call */
int deed_run(const struct deed *deed, struct rig *r);
/* Print those that have been made, and have never succeeded though they should; or were never
 * refused what they should be. Returns how many
 */
unsigned int deeds_idle(void);

/* For those that make them */
int deed_result(int ret);
/* The call is refused @calls, bits, of what it asks the kernel for; POINTS_OF_* */
int deed_refused(int (*call)(struct rig *r), struct rig *r, __u32 kind, __u32 calls, int error);

#endif /* TESTS_DEEDS_H */
