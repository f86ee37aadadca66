/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that writes without a pause while what it is attached to changes.
 * Every single write is accounted for: where it landed, and what the device was
 * attached to at that moment.
 *
 * The I/O virtual addresses that it writes to are the physical addresses of
 * guard pages: what goes past every address space, through a default domain that
 * passes it on as it is, say, is seen there, and does no harm.
 */
#ifndef TESTS_TRAFFIC_H
#define TESTS_TRAFFIC_H

#include <pthread.h>

#include "device.h"
#include "dma.h"
#include "swdev.h"

#define TRAFFIC_PAGES	4
#define TRAFFIC_SPACES	3

/* What a device may be attached to: the number of a space, or this */
#define TRAFFIC_BLOCKED	TRAFFIC_SPACES

/**
 * struct traffic - a device and its writes
 * @dev: an iommu-testdev, BAR 0 mapped; or NULL
 * @swdev: a software device; or NULL
 * @mem: its pages in each address space that it may be attached to, or NULL
 * @guard: the guard pages
 * @may_pass: what the device writes while something changes may go past them all
 * @pauses: the device does not write while something changes
 * @pause: it is not to write now
 * @paused: it does not
 * @iova: where it writes to
 * @phase: number of times that what it is attached to began or ended to change
 * @attached: what it was attached to from each phase on; during an odd one that
 *	changes
 * @stop: it is to end
 * @thread: writes and looks at what became of it
 * @done: writes that were not blocked
 * @landed: writes that landed in an address space, which is written last
 * @blocked: writes that were blocked although the device was never to be
 * @past: writes that went past them all, if they may
 */
struct traffic {
	struct dev *dev;
	struct swdev *swdev;
	unsigned char *mem[TRAFFIC_SPACES];
	unsigned char *guard;
	bool may_pass, pauses;
	int pause, paused;
	__u64 iova[TRAFFIC_PAGES];
	unsigned int phase;
	unsigned char *attached;
	int stop;
	pthread_t thread;
	unsigned long done;
	unsigned long landed[TRAFFIC_SPACES];
	unsigned long blocked;
	unsigned long past;
};

/* For a device that is attached to nothing */
void traffic_init(struct traffic *t, struct dev *dev, struct swdev *swdev);
/* Map its pages in an address space, which becomes space @space */
void traffic_map(struct traffic *t, unsigned int space, int fd, __u32 ioas);
void traffic_start(struct traffic *t);
/* Until so many more writes were not blocked */
void traffic_wait(struct traffic *t, unsigned long writes);
void traffic_stop(struct traffic *t);
/* Around every call that changes what the device is attached to: what it may be
 * attached to meanwhile, beside what it was, and what it is then
 */
void traffic_changes(struct traffic *t, unsigned int to);
void traffic_changed(struct traffic *t, unsigned int now);

/*
 * The thread ends the test if a write
 * - lands in an address space that the device was not attached to at any moment
 *   of the write, in two of them, or in a guard page;
 * - is blocked while the device is attached and nothing changes;
 * - lands while it is attached to nothing, or is blocked and lands all the same.
 * Writes that are blocked while something changes are counted in @blocked, unless
 * nothing is attached before or after the change.
 */

#endif /* TESTS_TRAFFIC_H */
