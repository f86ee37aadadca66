/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an attached PASID is. It is attached in pasid_attach.c, its number on the wire comes
 * from numbers.c, pool.c and cpu.c, it is looked up in lookup.c and gets an alias in
 * pasid_alias.c; that it has ended is told in listeners.c.
 */
#ifndef IOASID_PASID_H
#define IOASID_PASID_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "base/limits.h"
#include "ioas/attachment.h"
#include "ioas/ioas.h"
#include "shim/shim.h"

struct ioasid_cpu_pasid;
struct ioasid_device;
struct ioasid_hwpt;

/**
 * struct ioasid_pasid_point - an address space behind a PASID
 * @point: the attachment
 * @attached: the one device of @point
 */
struct ioasid_pasid_point {
	struct ioasid_attachment_point point;
	struct ioasid_attached attached;
};

/**
 * struct ioasid_pasid - an address space behind a PASID of a device
 * @node: in the PASIDs of @idev
 * @route: RID and PASID, alias included, and what is attached to them
 * @point: the attached address space, NULL while there is none yet
 * @own_point: room for one; what replaces it while it is in use is apart
 * @hwpt: what is attached was named by this id of a page table, or NULL
 * @idev: the binding that attached it
 * @number: the PASID as the user knows it; 0: a mediated device's default,
 *	which the user knows as the RID
 * @cpu: its number on the wire is of the kernel's global allocator, for CPU
 *	instructions that send it; otherwise NULL
 * @ioasid: of the attached address space, for readers without a lock; 0: none, or it
 *	has ended. What is read after it was found not to be 0 is complete
 * @charge: for the attachment
 * @number_charge: for a number of the pool. What @cpu stands for has its own
 * @rcu: to be freed when nobody looks it up any more
 */
struct ioasid_pasid {
	struct list_head node;
	struct ioasid_route route;
	struct ioasid_pasid_point *point;
	struct ioasid_hwpt *hwpt;
	struct ioasid_device *idev;
	u32 number;
	struct ioasid_cpu_pasid *cpu;
	u32 ioasid;
	/* What follows is filled in when it is needed */
	struct ioasid_pasid_point own_point;
	struct ioasid_charge charge;
	struct ioasid_charge number_charge;
	struct rcu_head rcu;
};

#endif /* IOASID_PASID_H */
