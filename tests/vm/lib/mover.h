/* SPDX-License-Identifier: GPL-2.0-only */
/* A device that writes without a pause and moves between three address spaces. */
#ifndef TESTS_MOVER_H
#define TESTS_MOVER_H

#include "traffic.h"

/**
 * struct mover - the device
 * @fd: the open /dev/iommu that it is bound to
 * @device: its file
 * @ioas: the address spaces; the traffic knows them by their number here
 * @dev: an iommu-testdev, or
 * @swdev: a software device
 * @t: what it writes
 * @atomic: none of it may be lost when an address space is replaced
 */
struct mover {
	int fd, device;
	__u32 ioas[TRAFFIC_SPACES];
	struct dev dev;
	struct swdev swdev;
	struct traffic t;
	bool atomic;
};

/* Bound and attached to nothing, the traffic not started */
void mover_start(struct mover *m);
/* A software device; loads its module, which the second one unloads */
void mover_start_software(struct mover *m);
void mover_end_software(struct mover *m);

void mover_attach(struct mover *m, unsigned int space);
void mover_detach(struct mover *m);
/* Replaced many times among the first @spaces of them, with traffic */
void mover_replaces(struct mover *m, unsigned int spaces);
/* Many replaces of space 0 by space 1 that fail, with traffic */
void mover_fails(struct mover *m);
/* Detached and attached many times, with traffic */
void mover_comes_and_goes(struct mover *m);

/* Another device, that stays where it is and writes there, and nothing of that may
 * be lost
 */
struct bystander {
	struct dev dev;
	struct swdev swdev;
	struct traffic t;
};

void bystander_start(struct bystander *b, enum which device, struct mover *m, unsigned int space);
void bystander_start_software(struct bystander *b, struct mover *m, unsigned int space);
void bystander_stop(struct bystander *b);

#endif /* TESTS_MOVER_H */
