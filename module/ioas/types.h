/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The structures of an address space that several files of this folder share. Each
 * function that works on them is declared in the header of its file.
 */
#ifndef IOASID_TYPES_H
#define IOASID_TYPES_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "base/ctx.h"
#include "base/ranges.h"

struct ioasid_area;
struct ioasid_payer;
struct ioasid_table;
struct page;

/**
 * struct ioasid_ioas - an I/O address space
 * @obj: its id
 * @lock: held for reading by whoever works in the page tables, for writing by
 *	whoever changes which there are. Never held while a user is waited for
 * @tables: struct ioasid_table, page tables that devices are attached to
 * @attachments: struct ioasid_attachment_point
 * @hints: what the user restricted the addresses to; empty: nothing
 * @allowed: where addresses may be chosen for the user, and devices reserve none;
 *	empty: anywhere. Changes as @tables do
 * @width: the user's width of an address, bits
 * @snoop: enum ioasid_snoop
 * @access_sem: held for writing by whoever changes @accesses, for reading by whoever
 *	calls them
 * @accesses: struct ioasid_access: drivers that work in the address space
 * @nr_hwpts: ids of page tables that name it; as @dead otherwise
 * @pasid: page tables are made so that they can be attached by PASID; as @tables
 * @areas_lock: protects what is below. Held for short; by whoever drops the last
 *	page table for as long as that takes
 * @areas: struct ioasid_area by I/O virtual address; none overlaps another
 * @nr_areas: number of @areas
 * @highest: the last of @areas, or NULL
 * @nr_busy: number of areas that are being mapped or unmapped
 * @dead: out of the id table, or about to be: no attach any more
 * @exclusive: somebody attaches: no call may begin to change areas
 * @nr_waiting: calls that wait for those that change areas, to be exclusive then: no map
 *	and no call of a driver may begin, so that they get their turn
 * @nr_leaving: calls that wait until drivers let go of what they hold: calls of drivers do
 *	not wait for those in @nr_waiting then
 * @frozen: number of those who keep the page tables as they are, ioasid_ioas_freeze()
 * @nr_frozen_out: calls that have begun and wait for that to end
 * @accessed: there are @accesses
 * @changes: number of calls that have changed areas, or been exclusive
 * @wait: for @changes to change
 * @window: permitted addresses around what was mapped last; backward: not known
 * @mapped: bytes in @areas, those being mapped not counted
 * @pinned: bytes of those that are populated
 * @payer: the last one to map
 * @spare_area: memory for one, or NULL; whoever takes it out has it
 * @held: struct ioasid_held by I/O virtual page number, see held.h
 * @spare_lock: protects @spare_pages
 * @spare_pages: room for the pages of a chunk: unmapping needs no memory
 *
 * An address space with a page table is populated: all areas are charged,
 * pinned and mapped in every page table. Without a page table nothing is. Going
 * from one state to the other upwards is for whoever is exclusive; downwards is
 * for anybody who drops the last page table, with both locks, whatever others
 * are busy with.
 *
 * @tables, @attachments and @dead change only under @lock for writing and, but
 * for those who are exclusive, @areas_lock; either will do for reading. @dead, which
 * shares its word, under @areas_lock in any case.
 */
struct ioasid_ioas {
	struct ioasid_obj obj;
	struct rw_semaphore lock;
	struct list_head tables;
	struct list_head attachments;
	struct ioasid_ranges hints;
	struct ioasid_ranges allowed;
	u32 width;
	u32 snoop;
	struct rw_semaphore access_sem;
	struct list_head accesses;
	unsigned int nr_hwpts;
	bool pasid;
	struct mutex areas_lock;
	struct rb_root areas;
	unsigned long nr_areas;
	struct ioasid_area *highest;
	unsigned long nr_busy;
	unsigned int nr_waiting;
	unsigned int nr_leaving;
	bool dead : 1;
	bool exclusive : 1;
	bool accessed : 1;
	unsigned int frozen;
	atomic_t nr_frozen_out;
	unsigned long changes;
	wait_queue_head_t wait;
	struct ioasid_range window;
	u64 mapped;
	u64 pinned;
	struct ioasid_payer *payer;
	struct ioasid_area *spare_area;
	struct xarray held;
	struct mutex spare_lock;
	struct page **spare_pages;
};

/**
 * struct ioasid_attached - a device behind an attachment point
 * @node: in the devices of the point
 * @cookie: of the device
 * @pasid: as the user knows it; 0: the RID
 * @no_snoop: the user's hint that it will do no-snoop DMA; as @devices of the point
 */
struct ioasid_attached {
	struct list_head node;
	u64 cookie;
	u32 pasid;
	bool no_snoop;
};

/**
 * struct ioasid_attachment_point - an address space behind the RIDs of a group, or
 * behind a software-mediated device
 * @node: in the attachments of @ioas
 * @ioas: the address space, held
 * @table: the page table; NULL for a mediated device
 * @devices: struct ioasid_attached, one or more: who of the group has asked for
 *	it. Changes under the lock of @ioas for writing, and that of the group
 * @nr_reserved: number of @reserved
 * @reserved: ranges that DMA of the group cannot use; the group's array. Changes
 *	as the attachments of @ioas do
 */
struct ioasid_attachment_point {
	struct list_head node;
	struct ioasid_ioas *ioas;
	struct ioasid_table *table;
	struct list_head devices;
	unsigned int nr_reserved;
	const struct ioasid_range *reserved;
};

#endif /* IOASID_TYPES_H */
