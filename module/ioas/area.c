// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas: what is mapped in an address space, by address; allocating them; and keeping
 * calls that change them apart. A call claims its areas, or is exclusive, and others wait
 * until something changes. The tree itself is in area.h, inlined in the fast paths.
 * Mapping is in map.c, unmapping in unmap.c.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "ioas/area.h"

/* So many areas are freed at a time */
#define AREAS_A_TURN	64U

static struct kmem_cache *area_cache;

int ioasid_areas_init(void)
{
	area_cache = KMEM_CACHE(ioasid_area, SLAB_ACCOUNT);
	return area_cache ? 0 : -ENOMEM;
}

void ioasid_areas_exit(void)
{
	kmem_cache_destroy(area_cache);
}

/**
 * ioasid_area_from() - the first area of which something lies in a range
 * @ioas: the address space, its areas_lock held
 * @start: first address
 * @last: last address
 *
 * Return: the area or NULL.
 */
struct ioasid_area *ioasid_area_from(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	return area_first(ioas, start, last);
}

/**
 * ioasid_area_behind() - the area behind one
 * @ioas: the address space
 * @area: the area. It and the one behind are kept as they are for the caller
 */
struct ioasid_area *ioasid_area_behind(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	mutex_lock(&ioas->areas_lock);
	area = ioasid_area_of(rb_next(&area->node));
	mutex_unlock(&ioas->areas_lock);
	return area;
}

/**
 * ioasid_areas_changed() - a call that works on areas has ended
 * @ioas: the address space; areas_lock is held
 */
void ioasid_areas_changed(struct ioasid_ioas *ioas)
{
	lockdep_assert_held(&ioas->areas_lock);
	WRITE_ONCE(ioas->changes, ioas->changes + 1);
	if (wq_has_sleeper(&ioas->wait))
		wake_up_all(&ioas->wait);
}

/**
 * ioasid_areas_wait() - wait until a call that works on areas has ended
 * @ioas: the address space
 * @changes: its number of changes when it was looked at
 * @killable: may the wait be given up?
 *
 * Return: 0 or -EINTR.
 */
int ioasid_areas_wait(struct ioasid_ioas *ioas, unsigned long changes, bool killable)
{
	if (!killable) {
		wait_event(ioas->wait, READ_ONCE(ioas->changes) != changes);
		return 0;
	}
	return wait_event_killable(ioas->wait,
				   READ_ONCE(ioas->changes) != changes) ?
	       -EINTR : 0;
}

/**
 * ioasid_areas_exclusive() - keep all calls away that change areas, and wait for
 * those that do
 * @ioas: the address space
 *
 * Context: what is being mapped may wait for a user; killable.
 * Return: 0 or -EINTR.
 */
int ioasid_areas_exclusive(struct ioasid_ioas *ioas)
{
	unsigned long changes;
	bool keeps_out;
	int ret;

	ret = mutex_lock_killable(&ioas->areas_lock);
	if (ret)
		return ret;
	while (!ret && (ioasid_areas_closed(ioas) || ioas->nr_busy)) {
		changes = ioas->changes;
		/* Behind another one maps may have a turn first */
		keeps_out = !ioasid_areas_closed(ioas);
		ioas->nr_waiting += keeps_out;
		mutex_unlock(&ioas->areas_lock);
		ret = ioasid_areas_wait(ioas, changes, true);
		mutex_lock(&ioas->areas_lock);
		ioas->nr_waiting -= keeps_out;
	}
	if (ret)
		ioasid_areas_changed(ioas);
	else
		ioas->exclusive = true;
	mutex_unlock(&ioas->areas_lock);
	return ret;
}

/**
 * ioasid_areas_shared() - the opposite of ioasid_areas_exclusive()
 * @ioas: the address space
 */
void ioasid_areas_shared(struct ioasid_ioas *ioas)
{
	mutex_lock(&ioas->areas_lock);
	ioas->exclusive = false;
	ioasid_areas_changed(ioas);
	mutex_unlock(&ioas->areas_lock);
}

/**
 * ioasid_ioas_freeze() - keep an address space as it is in the page tables
 * @ioas: the address space
 * @until: in jiffies, how long others may have their turn first
 *
 * The kernel is about to change by itself what a device is attached to. When this
 * returns nothing is being unmapped, and nobody begins to before ioasid_ioas_thaw():
 * calls wait, killably. Who ends an attachment does not: its page table has no device
 * any more.
 */
void ioasid_ioas_freeze(struct ioasid_ioas *ioas, unsigned long until)
{
	long left = until - jiffies;

	/*
	 * Those who wait for others' resets get their turn, or resets that overlap would
	 * keep them for ever. Not for long: the other one may be our own, of a device that
	 * is reset together with this one.
	 */
	if (left > 0)
		wait_event_timeout(ioas->wait, !READ_ONCE(ioas->frozen) ||
				   !atomic_read(&ioas->nr_frozen_out), left);
	ioas_lock(ioas);
	/* Waiters read it without a lock */
	WRITE_ONCE(ioas->frozen, ioas->frozen + 1);
	ioas_unlock(ioas);
}

/**
 * ioasid_ioas_thaw() - undo ioasid_ioas_freeze()
 * @ioas: the address space
 */
void ioasid_ioas_thaw(struct ioasid_ioas *ioas)
{
	mutex_lock(&ioas->areas_lock);
	WRITE_ONCE(ioas->frozen, ioas->frozen - 1);
	ioasid_areas_changed(ioas);
	mutex_unlock(&ioas->areas_lock);
}

/**
 * ioasid_area_new() - allocate an area
 * @ioas: the address space that it is for
 * @range: what it maps
 * @stock: areas to take one from, or NULL
 *
 * Return: the area, of nobody and in no address space, or NULL.
 */
struct ioasid_area *ioasid_area_new(struct ioasid_ioas *ioas,
				    const struct ioasid_map_range *range,
				    struct ioasid_areas_stock *stock)
{
	struct ioasid_area *area = NULL;

	if (stock && stock->nr)
		area = stock->area[--stock->nr];
	else if (!stock)
		area = xchg(&ioas->spare_area, NULL);
	if (!area)
		area = kmem_cache_alloc(area_cache, GFP_KERNEL);
	if (!area)
		return NULL;
	area->start = range->iova;
	area->last = range->iova + (range->length - 1);
	area->vaddr = range->vaddr;
	area->payer = NULL;
	area->runs = (struct ioasid_runs) {};
	area->populated = 0;
	area->prot = IOMMU_CACHE |
		     (range->flags & IOASID_MAP_READ ? IOMMU_READ : 0) |
		     (range->flags & IOASID_MAP_WRITE ? IOMMU_WRITE : 0);
	area->busy = 0;
	area->charged = false;
	area->populating = 0;
	area->stuck = false;
	return area;
}

/**
 * ioasid_area_free() - free an area
 * @ioas: the address space that it was for
 * @area: the area, in no address space any more
 *
 * Who maps a page here and there and unmaps it again has use for one area.
 */
void ioasid_area_free(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	ioasid_payer_put(area->payer);
	area = xchg(&ioas->spare_area, area);
	if (area)
		kmem_cache_free(area_cache, area);
}

/**
 * ioasid_area_list_free() - free many areas; together it takes less
 * @areas: the areas, linked by their next, in no address space any more
 */
void ioasid_area_list_free(struct ioasid_area *areas)
{
	void *objects[AREAS_A_TURN] __uninitialized;
	size_t nr;

	while (areas) {
		for (nr = 0; areas && nr < AREAS_A_TURN; areas = areas->next) {
			ioasid_payer_put(areas->payer);
			objects[nr++] = areas;
		}
		kmem_cache_free_bulk(area_cache, nr, objects);
		cond_resched();
	}
}

/**
 * ioasid_areas_stock() - allocate areas beforehand, together
 * @stock: filled, or empty if there is no memory
 * @nr: how many will be needed
 */
void ioasid_areas_stock(struct ioasid_areas_stock *stock, u32 nr)
{
	nr = min_t(u32, nr, ARRAY_SIZE(stock->area));
	stock->nr = kc_cache_alloc_bulk(area_cache, nr, stock->area) ? nr : 0;
}

/**
 * ioasid_areas_unstock() - free what is left of them
 * @stock: the areas
 */
void ioasid_areas_unstock(struct ioasid_areas_stock *stock)
{
	if (stock->nr)
		kmem_cache_free_bulk(area_cache, stock->nr, stock->area);
}

/**
 * ioasid_areas_in() - is anything mapped in a range?
 * @ioas: the address space; the caller is exclusive
 * @start: first address
 * @last: last address
 */
bool ioasid_areas_in(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	return area_first(ioas, start, last);
}

/**
 * ioasid_areas_free() - forget all areas of an address space that ends
 * @ioas: the address space, with no page table and nobody who knows it
 */
void ioasid_areas_free(struct ioasid_ioas *ioas)
{
	struct ioasid_area *area, *next;
	unsigned int turn = 0;

	rbtree_postorder_for_each_entry_safe(area, next, &ioas->areas, node) {
		ioasid_payer_put(area->payer);
		kmem_cache_free(area_cache, area);
		take_turns(&turn);
	}
	areas_none(ioas);
	if (ioas->spare_area)
		kmem_cache_free(area_cache, ioas->spare_area);
}
