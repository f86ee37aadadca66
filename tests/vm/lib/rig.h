/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What two calls at once are made on: an open file, two address spaces, two devices,
 * and what of it can be seen from outside.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include "device.h"
#include "swdev.h"

/* Where something is mapped, by the page of memory that is there at first */
enum place {
	PLACE_ONE,	/* one page, mapped in both: page ONE in @s, page OTHER in @t */
	PLACE_RUN,	/* the first of RUN_PAGES pages, in @s: page RUN */
	PLACE_RUN_END,	/* the last one of those */
	PLACE_FREE,	/* nothing */
	PLACE_FREE_END,	/* nothing, RUN_PAGES - 1 pages on */
	NR_PLACES,
};

#define RUN_PAGES	40

/* Pages of memory that a device can be seen to write to */
enum page { NO_PAGE, ONE, OTHER, RUN, RUN_END, NEW, NEW_END, NR_PAGES };

/* What DMA carries: nothing, or a number */
enum by { BY_RID, BY_PASID, BY_ALIAS, NR_BYS };
#define RIG_PASID	5
#define RIG_ALIAS	9

/* @ACTIVE is what calls change; @WATCH stays attached to @s, but for PASIDs */
enum { ACTIVE, WATCH, NR_RIG_DEVICES };

/**
 * struct rig - two address spaces and two devices
 * @fd: the open file; the first one attached, @s, and the other one, @t
 * @soft: the devices are software devices
 * @sw: those
 * @pci: or iommu-testdev
 * @gone: @ACTIVE's file is closed, or is about to be
 * @closed: @fd is
 * @pasids: there are PASIDs
 * @run: RUN_PAGES pages for PLACE_RUN
 * @new: as many, not mapped
 * @one, @other: a page each
 */
struct rig {
	int fd;
	__u32 s, t;
	bool soft, pasids, gone, closed;
	struct swdev sw[NR_RIG_DEVICES];
	struct dev pci[NR_RIG_DEVICES];
	char *one, *other, *run, *new;
};

/**
 * struct sight - what is seen of a rig
 * @reach: which page a device's write to a place arrives in
 * @mapped, @pinned, @attachments: what the kernel says of @s and @t
 */
struct sight {
	__u8 reach[NR_RIG_DEVICES][NR_BYS][NR_PLACES];
	__u64 mapped[2], pinned[2];
	__u32 attachments[2];
};

extern const __u64 place_iova[NR_PLACES];

/* Memory and software devices, which stay; then open and close for each run */
void rig_make(struct rig *r, bool soft);
void rig_open(struct rig *r);
void rig_close(struct rig *r);
int rig_device(struct rig *r, unsigned int nr);
/* By DMA alone, which takes no lock of the modules' that a call may hold */
void rig_reach(struct rig *r, struct sight *sight);
void rig_see(struct rig *r, struct sight *sight);

#endif /* TESTS_RIG_H */
