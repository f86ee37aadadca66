/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_AREA_H
#define IOASID_AREA_H

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "base/runs.h"
#include "compat/compat.h"
#include "ioas/pin.h"
#include "ioas/trace.h"
#include "ioas/types.h"

/**
 * struct ioasid_area - a mapping as the user made it
 * @node: in the areas of the address space
 * @start: first address
 * @last: last address
 * @vaddr: address of the memory in the payer's process
 * @payer: who mapped it
 * @runs: the pages of what is populated
 * @populated: bytes from its start that are pinned and mapped in every page
 *	table. Never more than 0 if not @charged
 * @next: in the list of the call that has claimed it
 * @busy: IOASID_AREA_CLAIMED if it is being mapped or unmapped: only the call that
 *	does so touches it, and whoever drops the last page table. Others wait.
 *	Otherwise so many calls of drivers work with its memory, see access.c
 * @prot: IOMMU_READ, IOMMU_WRITE, IOMMU_CACHE
 * @charged: charged to the payer
 * @populating: IOASID_AREA_POPULATING: a call is pinning its pages, and keeps the charge
 *	for as long. IOASID_AREA_GONE: meanwhile the last page table has gone, with what
 *	was populated
 * @stuck: a page table did not let go of it: its pages are never unpinned, and stay
 *	charged. Cleared with the last page table
 *
 * @node and @busy are protected by the address space's areas_lock. @runs,
 * @populated and @charged are for the call that the area is busy with, under
 * the address space's lock for reading; and for the holder of that lock for
 * writing. So is @stuck, and areas_lock may set it, too: hence a byte of its own.
 */
struct ioasid_area {
	struct rb_node node;
	u64 start;
	u64 last;
	unsigned long vaddr;
	struct ioasid_payer *payer;
	struct ioasid_runs runs;
	u64 populated;
	struct ioasid_area *next;
	u32 busy;
	u8 prot;
	bool charged;
	u8 populating;
	bool stuck;
};

#define IOASID_AREA_POPULATING	1
#define IOASID_AREA_GONE	2
#define IOASID_AREA_CLAIMED	U32_MAX

/* In place of an error: wait until something changes, and try again. No other layer has
 * such a code
 */
#define IOASID_AREAS_WAIT	1

/* Number of pages in a chunk, see table.h */
#define IOASID_CHUNK_PAGES	(SZ_2M >> PAGE_SHIFT)
#define CHUNK_PAGES	IOASID_CHUNK_PAGES
/* Pages that a call has room for on its stack; more are worth an allocation */
#define FEW_PAGES	32U
/* Work of so many steps may be done before others have a turn */
#define STEPS_A_TURN	64U

/**
 * struct ioasid_areas_stock - memory for some areas
 * @nr: how many
 * @area: the areas
 */
struct ioasid_areas_stock {
	unsigned int nr;
	void *area[16];
};

int ioasid_areas_init(void);
void ioasid_areas_exit(void);

void ioasid_areas_stock(struct ioasid_areas_stock *stock, u32 nr);
void ioasid_areas_unstock(struct ioasid_areas_stock *stock);
struct ioasid_area *ioasid_area_new(struct ioasid_ioas *ioas,
				    const struct ioasid_map_range *range,
				    struct ioasid_areas_stock *stock);
void ioasid_area_free(struct ioasid_ioas *ioas, struct ioasid_area *area);
void ioasid_area_list_free(struct ioasid_area *areas);
void ioasid_areas_free(struct ioasid_ioas *ioas);

struct ioasid_area *ioasid_area_from(struct ioasid_ioas *ioas, u64 start, u64 last);
struct ioasid_area *ioasid_area_behind(struct ioasid_ioas *ioas, struct ioasid_area *area);
bool ioasid_areas_in(struct ioasid_ioas *ioas, u64 start, u64 last);

void ioasid_areas_changed(struct ioasid_ioas *ioas);
int ioasid_areas_wait(struct ioasid_ioas *ioas, unsigned long changes, bool killable);
int ioasid_areas_exclusive(struct ioasid_ioas *ioas);
void ioasid_areas_shared(struct ioasid_ioas *ioas);
void ioasid_ioas_freeze(struct ioasid_ioas *ioas, unsigned long until);
void ioasid_ioas_thaw(struct ioasid_ioas *ioas);

/* Both locks, to change what is there while others map and unmap. Waits for no user */
static inline void ioas_lock(struct ioasid_ioas *ioas)
{
	down_write(&ioas->lock);
	mutex_lock(&ioas->areas_lock);
}

static inline void ioas_unlock(struct ioasid_ioas *ioas)
{
	mutex_unlock(&ioas->areas_lock);
	up_write(&ioas->lock);
}

/**
 * ioasid_ioas_lock_tables() - go on with work in the page tables
 * @ioas: the address space, whose lock is taken for reading
 *
 * For a call that has begun, and ends without waiting for a user. If the address space
 * is frozen that is waited for.
 */
static inline void ioasid_ioas_lock_tables(struct ioasid_ioas *ioas)
{
	down_read(&ioas->lock);
	if (likely(!READ_ONCE(ioas->frozen)))
		return;
	atomic_inc(&ioas->nr_frozen_out);
	do {
		up_read(&ioas->lock);
		wait_event(ioas->wait, !READ_ONCE(ioas->frozen));
		down_read(&ioas->lock);
	} while (READ_ONCE(ioas->frozen));
	atomic_dec(&ioas->nr_frozen_out);
	wake_up_all(&ioas->wait);
}

/**
 * ioasid_areas_closed() - must calls that would change areas wait?
 * @ioas: the address space, its areas_lock held
 *
 * They wait before they begin. Those that have claimed areas go on.
 */
static inline bool ioasid_areas_closed(const struct ioasid_ioas *ioas)
{
	return ioas->exclusive || ioas->frozen;
}

/**
 * ioasid_areas_full() - must calls that would add areas wait?
 * @ioas: the address space, its areas_lock held
 *
 * As ioasid_areas_closed(), and also while others wait to be exclusive. Unmapping does
 * not wait for those, who may be waiting for it; calls of drivers do (access.c).
 */
static inline bool ioasid_areas_full(const struct ioasid_ioas *ioas)
{
	return ioasid_areas_closed(ioas) || ioas->nr_waiting;
}

static inline struct ioasid_area *ioasid_area_of(struct rb_node *node)
{
	return node ? rb_entry(node, struct ioasid_area, node) : NULL;
}

/* The areas stay as they are: areas_lock is held, or the caller is exclusive */
#define for_each_area(area, ioas)					\
	for (area = ioasid_area_of(rb_first(&(ioas)->areas)); area;	\
	     area = ioasid_area_of(rb_next(&(area)->node)))

static inline int area_cmp(const void *key, const struct rb_node *node)
{
	const struct ioasid_area *area = rb_entry(node, struct ioasid_area, node);
	const struct ioasid_range *range = key;

	if (range->last < area->start)
		return -1;
	return range->start > area->last;
}

static inline int area_cmp_node(struct rb_node *new, const struct rb_node *node)
{
	const struct ioasid_area *area = rb_entry(new, struct ioasid_area, node);
	struct ioasid_range range = { .start = area->start, .last = area->last };

	return area_cmp(&range, node);
}

/* ioasid_area_from(), for the fast paths */
static inline struct ioasid_area *area_first(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	struct ioasid_range range = { .start = start, .last = last };

	return ioasid_area_of(rb_find_first(&range, &ioas->areas, area_cmp));
}

/* The area at an address, or NULL; areas_lock is held */
static inline struct ioasid_area *ioasid_area_at(struct ioasid_ioas *ioas, u64 iova)
{
	return ioasid_area_from(ioas, iova, iova);
}

/* Put an area in its place; the one that is there already, or NULL */
static inline struct ioasid_area *area_add(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	struct ioasid_area *highest = ioas->highest, *other;

	if (highest && area->start > highest->last) {
		/* As so often, behind all others */
		rb_link_node(&area->node, &highest->node, &highest->node.rb_right);
		rb_insert_color(&area->node, &ioas->areas);
		ioas->highest = area;
	} else {
		other = ioasid_area_of(rb_find_add(&area->node, &ioas->areas, area_cmp_node));
		if (other)
			return other;
		if (!highest)
			ioas->highest = area;
	}
	ioas->nr_areas++;
	return NULL;
}

/**
 * ioasid_area_erase() - take an area out of its address space
 * @ioas: the address space, its areas_lock held
 * @area: the area
 */
static inline void ioasid_area_erase(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	if (ioas->highest == area)
		ioas->highest = ioasid_area_of(rb_prev(&area->node));
	rb_erase(&area->node, &ioas->areas);
	ioas->nr_areas--;
}

/* Take all areas out at once */
static inline void areas_none(struct ioasid_ioas *ioas)
{
	ioas->areas = RB_ROOT;
	ioas->nr_areas = 0;
	ioas->highest = NULL;
}

static inline u64 area_length(const struct ioasid_area *area)
{
	return area->last - area->start + 1;
}

static inline unsigned long area_pages(const struct ioasid_area *area)
{
	return area_length(area) >> PAGE_SHIFT;
}

static inline void take_turns(unsigned int *steps)
{
	if (++*steps % STEPS_A_TURN == 0)
		cond_resched();
}

/* The same for a step of so many pages, each of which may be an entry of its own */
static inline void take_turns_for(unsigned int *steps, unsigned int nr)
{
	unsigned int before = *steps;

	*steps += 1 + nr / CHUNK_PAGES;
	if (before / STEPS_A_TURN != *steps / STEPS_A_TURN)
		cond_resched();
}

/* What stays pinned stays charged */
static inline void area_uncharge(struct ioasid_area *area)
{
	if (area->charged && likely(!area->stuck))
		ioasid_payer_uncharge(area->payer, area_pages(area));
	else if (area->charged)
		ioasid_payer_strand(area->payer);
	area->charged = false;
}

/* Pin pages of an area, from a page of it on; without a payer they are the caller's */
static __always_inline int area_pin(struct ioasid_ioas *ioas,
				    struct ioasid_area *area,
				    struct ioasid_payer *payer, unsigned long first,
				    struct page **pages, unsigned int nr)
{
	unsigned long vaddr = area->vaddr + (first << PAGE_SHIFT);
	bool write = area->prot & IOMMU_WRITE;
	int ret;

	ret = payer ? ioasid_payer_pin(payer, vaddr, write, pages, nr) :
		      ioasid_pin(current->mm, vaddr, write, pages, nr);
	if (ret)
		trace_ioasid_pin_fail(ioas, vaddr, nr, ret);
	return ret;
}

#endif /* IOASID_AREA_H */
