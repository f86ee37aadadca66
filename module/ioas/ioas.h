/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_IOAS_H
#define IOASID_IOAS_H

#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "base/ctx.h"
#include "base/ranges.h"
#include "shim/shim.h"

struct ioasid_payer;
struct page;

/**
 * struct ioasid_ioas - an I/O address space
 * @obj: its id
 * @populate_lock: held by whoever maps, unmaps or attaches, while pages are
 *	pinned too, which may take as long as a user likes: taken killably. No
 *	teardown takes it
 * @lock: protects all below. Held for no longer than work on page tables takes
 * @areas: struct ioasid_area, by I/O virtual address; none overlaps another
 * @tables: struct ioasid_table, page tables that devices are attached to
 * @attachments: struct ioasid_attachment_point
 * @hints: what the user restricted the addresses to; empty: nothing
 * @width: the user's width of an address, bits
 * @snoop: enum ioasid_snoop
 * @dead: out of the id table, or about to be: no attach any more
 * @mapped: bytes in @areas
 * @pinned: bytes of those that are populated
 * @payer: the last one to map
 * @pin_pages: room for the pages of a chunk, for the holder of @populate_lock
 * @unpin_pages: the same, for the holder of @lock
 *
 * An address space with a page table is populated: all areas are charged,
 * pinned and mapped in every page table. Without a page table nothing is. Going
 * from one state to the other upwards is for the holder of @populate_lock,
 * which takes @lock for one chunk after the other; downwards is for anybody who
 * drops the last page table, all under @lock.
 */
struct ioasid_ioas {
	struct ioasid_obj obj;
	struct mutex populate_lock;
	struct mutex lock;
	struct rb_root_cached areas;
	struct list_head tables;
	struct list_head attachments;
	struct ioasid_ranges hints;
	u32 width;
	u32 snoop;
	bool dead;
	u64 mapped;
	u64 pinned;
	struct ioasid_payer *payer;
	struct page **pin_pages;
	struct page **unpin_pages;
};

/**
 * struct ioasid_attachment_point - an address space behind the RIDs of a group
 * @node: in the attachments of @ioas
 * @ioas: the address space, held
 * @table: the page table
 * @cookie: of the device
 * @nr_reserved: number of @reserved
 * @reserved: ranges that DMA of the group cannot use; the group's array
 */
struct ioasid_attachment_point {
	struct list_head node;
	struct ioasid_ioas *ioas;
	struct ioasid_table *table;
	u64 cookie;
	unsigned int nr_reserved;
	const struct ioasid_range *reserved;
};

struct ioasid_ioas *ioasid_ioas_new(struct ioasid_ctx *ctx,
				    const struct ioasid_alloc *args,
				    struct ioasid_ranges *hints);
struct ioasid_ioas *ioasid_ioas_get(struct ioasid_ctx *ctx, u32 id);
void ioasid_ioas_put(struct ioasid_ioas *ioas);
int ioasid_ioas_free(struct ioasid_ioas *ioas);
void ioasid_ioas_release_all(struct ioasid_ctx *ctx);

int ioasid_ioas_attach(struct ioasid_ioas *ioas,
		       struct ioasid_attachment_point *point,
		       const struct ioasid_shim *shim, struct device *dev,
		       struct ioasid_rid *rid, bool can_snoop);
void ioasid_ioas_detach(struct ioasid_attachment_point *point);

u64 ioasid_ioas_pgsizes(struct ioasid_ioas *ioas);
bool ioasid_ioas_permits(struct ioasid_ioas *ioas, u64 start, u64 last);
int ioasid_ioas_permitted(struct ioasid_ioas *ioas, struct ioasid_ranges *set);

#endif /* IOASID_IOAS_H */
