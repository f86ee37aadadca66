/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What two calls at once are made on: an open file, two address spaces, two devices,
 * what else a call takes, and what of it can be seen from outside.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include "device.h"
#include "sriov.h"
#include "swuser.h"

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
#define HALF_PAGES	36

/* Pages of memory that can be seen to be written to; IN_FILE and IN_FILE_END are a
 * file's, SCATTERED does not lie beside the next one, HALF is that of which some cannot be
 * used, IN_HUGE is that of a file of huge pages, and THEIRS is another user's
 */
enum page { NO_PAGE, ONE, OTHER, RUN, RUN_END, NEW, NEW_END, IN_FILE, IN_FILE_END,
	    SCATTERED, SCATTERED_END, HALF, IN_HUGE, THEIRS, NR_PAGES };

#define HUGE_PAGE	(2UL << 20)

/* Each page says which it is, here; what is written is before that */
#define PAGE_SAYS	100

/* What DMA carries: nothing, or a number */
enum by { BY_RID, BY_PASID, BY_ALIAS, NR_BYS };
#define RIG_PASID	5
#define RIG_ALIAS	9
/* The PASID of another user, who gets the number on the wire that was RIG_PASID's */
#define THEIR_PASID	7

/* @ACTIVE is what calls change; @WATCH stays attached to @s, but for PASIDs */
enum { ACTIVE, WATCH, NR_RIG_DEVICES };

/* What some calls take beside that. Not all of it can be had at once, see rig_has() */
#define RIG_PASIDS	(1 << 0)	/* attaching by PASID */
#define RIG_DRIVER	(1 << 1)	/* a mediated device without DMA, attached to @s */
#define RIG_ALONE	(1 << 2)	/* @ACTIVE can be reset, and be joined by another */
#define RIG_TWO		(1 << 3)	/* another device is in its group */
#define RIG_PAIR	(1 << 4)	/* and is bound: they can be reset together */
#define RIG_CPU		(1 << 5)	/* mediated devices to which CPUs send work */
#define RIG_VF		(1 << 6)	/* a PF that is bound, and a VF that is not */
#define RIG_PCI		(1 << 7)	/* devices of the machine */
#define RIG_SOFT	(1 << 8)	/* software devices */
#define RIG_FAR		(1 << 9)	/* a device behind another IOMMU */
#define RIG_SIBLINGS	(RIG_ALONE | RIG_TWO | RIG_PAIR)

/**
 * struct rig - two address spaces and two devices
 * @fd: the open file; the first one attached, @s, and the other one, @t
 * @parts: RIG_*, what there is beside that
 * @soft: the devices are software devices
 * @sw: those
 * @pci: or iommu-testdev; @bars are their registers, whoever drives them
 * @gone: @ACTIVE's file is closed, or is about to be
 * @keep: files may stay open; @kept: they have
 * @stand_in: another file in place of it, for which calls are not meant
 * @closed: @fd is
 * @unbound: @ACTIVE is not bound, or is about to be so
 * @removed: @ACTIVE is removed, or is about to be
 * @driver_gone: @driver is closed
 * @blocks: the software IOMMU has been told to do so, whatever it says of itself
 * @gap, @pasid_gap: there is nothing attached for a moment when something is replaced
 * @run: RUN_PAGES pages for PLACE_RUN
 * @new: as many, not mapped; @scattered: likewise, and none of them beside the next one
 * @half: HALF_PAGES pages, of which the last one cannot be used
 * @one, @other, @theirs: a page each
 * @in_file: the pages of @file, @in_huge that of @huge; @holes is a huge page that is not looked at
 * @child: a process that has mapped something, or 0
 * @numbered: the device with PASIDs: software's, or one that sends none
 * @sibling: in the group of @ACTIVE
 * @driver: the mediated device's file, and @pin what it has pinned
 * @hwpt: a page table of @t that was made by hand
 * @cpu, @sender, @portal, @receiver: the CPU, a device whose number it sends, another
 *	one of the same user, and one of another user's file, @their_fd; and @owner, a
 *	physical one that has @number, and can have an alias of it; @plain is a mediated
 *	device without a portal, and @made one that a call has made, + 1
 * @far: behind another IOMMU
 * @vf: PF and VF
 * @igb: is @numbered where that sends none
 * @reset_bdf: is @ACTIVE where that has, or could have, a sibling
 */
struct rig {
	int fd;
	__u32 s, t;
	unsigned int parts;
	bool soft, keep, kept, gone, closed, unbound, removed, driver_gone, blocks,
	     gap, pasid_gap;
	struct swdev sw[NR_RIG_DEVICES];
	struct dev pci[NR_RIG_DEVICES], bars[NR_RIG_DEVICES];
	char *one, *other, *run, *new, *scattered, *half, *theirs, *in_file, *in_huge;
	int file, huge, holes, numbered, stand_in;
	pid_t child;
	struct {
		__u32 id;
		int fd;
		char bdf[BDF_SIZE];
	} sibling;
	int driver;
	__u64 pin;
	__u32 hwpt;
	int cpu, their_fd;
	__u32 parent, theirs_ioas;
	struct swdev sender, portal, receiver, owner, plain, far;
	__u32 number, made;
	struct sriov vf;
	char igb[BDF_SIZE], reset_bdf[BDF_SIZE];
};

/**
 * struct sight - what is seen of a rig
 * @reach: which page a device's write to a place arrives in
 * @driver: the same of a driver's write
 * @wrote: pages that calls have written to, bits
 * @mapped, @pinned, @attachments: what the kernel says of @s and @t
 * @pins: of the driver
 * @cpu: the pages that @sender and @receiver reach by their PASIDs
 * @numbers: what the CPU has translated, bits: the sender's number, the owner's alias, that
 *	of another device; and that the last two are one number on the wire, or the owner's
 *	and the other device's are
 * @entries: of the device with PASIDs that are present, bits, where that is all there is
 *	to be seen of it
 */
struct sight {
	__u8 reach[NR_RIG_DEVICES][NR_BYS][NR_PLACES];
	__u8 driver[NR_PLACES];
	__u32 wrote;
	__u64 mapped[2], pinned[2];
	__u32 attachments[2];
	__u32 pins, entries;
	__u8 cpu[2];
	__u8 numbers;
};

extern const __u64 place_iova[NR_PLACES];

/* Memory and devices, which stay; then open and close for each run */
void rig_make(struct rig *r, bool soft);
void rig_unmake(struct rig *r);
/* Can there be all of these at once here? */
bool rig_has(struct rig *r, unsigned int parts);
/* With @keep devices may have stayed open and bound since the last time, and may stay so: it
 * takes longer to open and close them than most calls take
 */
void rig_open(struct rig *r, unsigned int parts, bool keep);
/* All files that do not stay; and then what calls have removed comes back */
void rig_close(struct rig *r);
void rig_mend(struct rig *r);
/* For calls: a driver has pinned a page; what is there half is mapped at PLACE_FREE, and pinned
 * there; and what another process, which lives on, has mapped
 */
void rig_pin(struct rig *r);
void rig_map_half(struct rig *r);
void rig_pin_half(struct rig *r);
void rig_map_by_child(struct rig *r);
/* One more mediated device; 0 or an errno */
int rig_make_child(struct rig *r);
/* An address space or a page table made by hand */
int id_destroy(int fd, __u32 id);
int rig_device(struct rig *r, unsigned int nr);
/* By DMA alone, which takes no lock of the modules' that a call may hold. First of all
 * it is seen what calls have written. @under_way: some call is
 */
void rig_reach(struct rig *r, struct sight *sight, bool under_way);
/* Is there anything to be seen of a device? */
bool rig_is_seen(struct rig *r, unsigned int dev, bool under_way);
void rig_see(struct rig *r, struct sight *sight);
/* Pages that have been written to, bits; and they are as before */
__u32 rig_written(struct rig *r);
/* struct sight.numbers. RIG_FREED: the other has the number on the wire that was freed */
#define RIG_FREED	16
__u8 rig_numbers(struct rig *r);
/* Do two entries of the IOMMU's tables have one domain id and two tables? */
bool rig_ids_clash(struct rig *r);
/* Its PASID entries that are present, bits; 0 where they are not to be seen */
__u32 rig_entries(struct rig *r);

/* For rig.c: what else there is (rig_parts.c) */
void parts_make(struct rig *r);
void parts_unmake(struct rig *r);
void parts_ready(struct rig *r);	/* before @ACTIVE is opened */
void parts_open(struct rig *r);
void parts_close(struct rig *r);
void parts_mend(struct rig *r);

/* A group's other device comes and goes; 0 or -1 with errno */
int sibling_join(struct rig *r);
int sibling_leave(struct rig *r);
/* @ACTIVE is removed. The machine's devices only once nobody has them open */
int rig_remove(struct rig *r);

#endif /* TESTS_RIG_H */
