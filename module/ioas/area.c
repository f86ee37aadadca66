// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas: what is mapped in an address space, and the calls on them. What mapping
 * does in the page tables is in populate.c, and the opposite in depopulate.c; here
 * are the short ways for a few pages.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "ioas/access.h"
#include "ioas/area.h"
#include "ioas/depopulate.h"
#include "ioas/iova.h"
#include "ioas/populate.h"
#include "ioas/source.h"
#include "ioas/table.h"

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

static int area_cmp(const void *key, const struct rb_node *node)
{
	const struct ioasid_area *area = rb_entry(node, struct ioasid_area, node);
	const struct ioasid_range *range = key;

	if (range->last < area->start)
		return -1;
	return range->start > area->last;
}

static int area_cmp_node(struct rb_node *new, const struct rb_node *node)
{
	const struct ioasid_area *area = rb_entry(new, struct ioasid_area, node);
	struct ioasid_range range = { .start = area->start, .last = area->last };

	return area_cmp(&range, node);
}

static struct ioasid_area *area_first(struct ioasid_ioas *ioas, u64 start,
				      u64 last)
{
	struct ioasid_range range = { .start = start, .last = last };

	return ioasid_area_of(rb_find_first(&range, &ioas->areas, area_cmp));
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

static void areas_none(struct ioasid_ioas *ioas)
{
	ioas->areas = RB_ROOT;
	ioas->nr_areas = 0;
	ioas->highest = NULL;
}

/**
 * ioasid_area_erase() - take an area out of its address space
 * @ioas: the address space, its areas_lock held
 * @area: the area
 */
void ioasid_area_erase(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	if (ioas->highest == area)
		ioas->highest = ioasid_area_of(rb_prev(&area->node));
	rb_erase(&area->node, &ioas->areas);
	ioas->nr_areas--;
}

/* Put an area in its place; the one that is there already, or NULL */
static struct ioasid_area *area_add(struct ioasid_ioas *ioas,
				    struct ioasid_area *area)
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

/* Who maps a page here and there and unmaps it again has use for one area */
static void area_free(struct ioasid_ioas *ioas, struct ioasid_area *area)
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
 * ioasid_area_insert() - put an area into its address space, and charge it
 * @ioas: the address space, its areas_lock held
 * @area: the area; without a payer the caller becomes its payer
 * @charged: the caller is charged: that becomes the area's charge, if it has one
 *
 * Return: 0, or an error as IOMMU_MAP_DMA says, or IOASID_AREAS_WAIT.
 */
int ioasid_area_insert(struct ioasid_ioas *ioas, struct ioasid_area *area,
		       bool charged)
{
	struct ioasid_area *other;
	int ret = 0;

	if (ioas->dead)
		return -ENOENT;
	if (ioasid_areas_full(ioas))
		return IOASID_AREAS_WAIT;
	if (!ioasid_ioas_permits(ioas, area->start, area->last))
		return -EINVAL;
	other = area_add(ioas, area);
	if (other)
		return other->busy == IOASID_AREA_CLAIMED ? IOASID_AREAS_WAIT : -EEXIST;

	if (!area->payer)
		area->payer = ioasid_payer_current(ioas->payer);
	if (IS_ERR(area->payer)) {
		ret = PTR_ERR(area->payer);
		area->payer = NULL;
		goto erase;
	}
	if (!list_empty(&ioas->tables)) {
		if (charged)
			ioasid_payer_take(area->payer, area_pages(area));
		else
			ret = ioasid_payer_charge(area->payer, area_pages(area));
		if (ret)
			goto erase;
		area->charged = true;
	}
	return 0;

erase:
	ioasid_area_erase(ioas, area);
	return ret;
}

/**
 * ioasid_area_done() - an area is mapped
 * @ioas: its address space, the areas_lock held
 * @area: the area
 */
void ioasid_area_done(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	trace_ioasid_map(ioas, area->start, area_length(area), area->vaddr,
			 area->populated);
	ioas->mapped += area_length(area);
	ioas->pinned += area->populated;
	/* A file is let go of with what is mapped of it */
	if (ioas->payer == area->payer || area->payer->file || area->payer->memory)
		return;
	ioasid_payer_put(ioas->payer);
	ioas->payer = area->payer;
	refcount_inc(&ioas->payer->refs);
}

/* Populate an area of a few pages, which are pinned and one run, under areas_lock */
static int area_populate_run(struct ioasid_ioas *ioas, struct ioasid_area *area,
			     struct page *page, unsigned int nr)
{
	unsigned long pfn = page_to_pfn(page);
	int ret = map_step(ioas, area->start, pfn, nr, area->prot);

	if (ret) {
		area->stuck = tables_are_lost(ioas);
		if (!area->stuck)
			ioasid_unpin_run(pfn, nr, false);
		return ret;
	}
	area->populated = area_length(area);
	area->runs.first = ioasid_run_make(pfn, nr);
	return 0;
}

/* Populate an area under no lock that others need; areas_lock is dropped */
static noinline int area_populate_many(struct ioasid_ioas *ioas,
				       struct ioasid_area *area,
				       struct ioasid_source *from)
{
	int ret;

	area->busy = IOASID_AREA_CLAIMED;
	area->populating = IOASID_AREA_POPULATING;
	ioas->nr_busy++;
	mutex_unlock(&ioas->areas_lock);
	ret = ioasid_area_populate(ioas, area, from);
	mutex_lock(&ioas->areas_lock);
	area->busy = 0;
	ioas->nr_busy--;
	ioasid_areas_changed(ioas);
	return ret;
}

/**
 * ioasid_area_map() - map a range of the caller's memory
 * @ioas: the address space
 * @range: checked by ioasid_check_map_range() against the CPU's page size
 * @stock: areas to take one from, or NULL
 * @from: whose the memory is, and where it may be found; NULL: the caller's
 *
 * A few pages are charged and pinned beforehand, and the rest is done in one turn
 * of areas_lock, which keeps the page tables as they are unless somebody is
 * exclusive. More of them keep nobody away but those who want the same range.
 *
 * Context: pins memory, killable.
 * Return: 0, or an error as IOMMU_MAP_DMA says.
 */
int ioasid_area_map(struct ioasid_ioas *ioas, const struct ioasid_map_range *range,
		    struct ioasid_areas_stock *stock, struct ioasid_source *from)
{
	struct page *few[FEW_PAGES] __uninitialized;
	unsigned int nr, pinned = 0;
	struct ioasid_area *area;
	unsigned long changes;
	int ret;

again:
	area = ioasid_area_new(ioas, range, stock);
	if (!area)
		return -ENOMEM;
	nr = range->length >> PAGE_SHIFT;
	if (from) {
		area->payer = from->payer;
		refcount_inc(&area->payer->refs);
	} else if (range->length <= FEW_PAGES << PAGE_SHIFT &&
	    !list_empty_careful(&ioas->tables) && ioasid_charge_current(nr)) {
		pinned = nr;
		ret = area_pin(ioas, area, NULL, 0, few, nr);
		if (ret)
			goto uncharge;
	}
	ret = mutex_lock_killable(&ioas->areas_lock);
	if (ret)
		goto unpin;
	changes = ioas->changes;
	ret = ioasid_area_insert(ioas, area, pinned);
	if (ret)
		goto unlock;
	if (area->charged) {
		if (pinned == 1 || (pinned && contiguous(few, pinned) == pinned))
			ret = area_populate_run(ioas, area, few[0], pinned);
		else if (pinned)
			ret = ioasid_area_populate_few(ioas, area, few, pinned);
		else
			ret = area_populate_many(ioas, area, from);
		pinned = 0;
	}
	if (ret) {
		area_uncharge(area);
		ioasid_area_erase(ioas, area);
	} else {
		ioasid_area_done(ioas, area);
	}
unlock:
	mutex_unlock(&ioas->areas_lock);
unpin:
	/* An error, or there is no page table any more */
	if (pinned)
		ioasid_unpin(few, pinned, false);
uncharge:
	if (pinned)
		ioasid_uncharge_current(pinned);
	if (ret)
		area_free(ioas, area);
	if (ret == IOASID_AREAS_WAIT) {
		ret = ioasid_areas_wait(ioas, changes, true);
		pinned = 0;
		if (!ret)
			goto again;
	}
	return ret;
}

/*
 * Take all areas in a range to unmap them, or none, and say why: -EINVAL if one
 * lies there in part; -ENOENT; IOASID_AREAS_WAIT. @end is where the list ends;
 * @before is an area that the first one may follow, or NULL.
 */
static int areas_claim(struct ioasid_ioas *ioas, u64 start, u64 last,
		       struct ioasid_area *before, struct ioasid_area ***end)
{
	struct ioasid_area **first = *end, *area, *next = NULL;
	unsigned int turn = 0;
	int ret = 0;

	if (ioas->dead)
		return -ENOENT;
	if (ioasid_areas_closed(ioas))
		return IOASID_AREAS_WAIT;
	/* As so often with arrays, in ascending order */
	if (before && before->last < start)
		next = ioasid_area_of(rb_next(&before->node));
	area = next && next->last >= start ? next : area_first(ioas, start, last);
	for (; area && area->start <= last; area = ioasid_area_of(rb_next(&area->node))) {
		if (area->busy)
			ret = IOASID_AREAS_WAIT;
		else if (area->start < start || area->last > last)
			ret = -EINVAL;
		if (ret) {
			*end = first;
			**end = NULL;
			return ret;
		}
		area->next = NULL;
		**end = area;
		*end = &area->next;
		take_turns(&turn);
	}
	for (area = *first; area; area = area->next) {
		area->busy = IOASID_AREA_CLAIMED;
		ioas->nr_busy++;
		take_turns(&turn);
	}
	return 0;
}

/*
 * Unmap the one area of a few pages in a range, in one turn of areas_lock; false
 * if that is not what there is.
 */
static bool unmap_few(struct ioasid_ioas *ioas,
		      const struct ioasid_unmap_range *range, u64 *unmapped)
{
	u64 last = range->iova + (range->length - 1);
	struct ioasid_gather gather __uninitialized;
	struct ioasid_table *table;
	struct ioasid_area *area, *next;

	if (mutex_lock_killable(&ioas->areas_lock))
		return false;
	area = area_first(ioas, range->iova, last);
	if (!area || area->busy || ioas->dead || ioasid_areas_closed(ioas) ||
	    ioas->accessed || area_pages(area) > FEW_PAGES || !ioasid_runs_is_one(&area->runs) ||
	    area->start < range->iova || area->last > last)
		goto no;
	next = area->last == last ? NULL : ioasid_area_of(rb_next(&area->node));
	if (next && next->start <= last)
		goto no;
	list_for_each_entry(table, &ioas->tables, node) {
		if (!area->populated)
			break;
		ioasid_gather_init(&gather);
		if (!table_unmap(table, area->start, area_pages(area), &gather))
			area->stuck = true;
		table->shim->flush(table->domain, &gather);
	}
	trace_ioasid_unmap(ioas, area->start, area_length(area));
	ioasid_area_erase(ioas, area);
	ioas->mapped -= area_length(area);
	ioas->pinned -= area->populated;
	mutex_unlock(&ioas->areas_lock);

	*unmapped = area_length(area);
	if (area->populated && !area->stuck)
		ioasid_unpin_run(ioasid_run_pfn(area->runs.first), area_pages(area),
				 area->prot & IOMMU_WRITE);
	area_uncharge(area);
	area_free(ioas, area);
	return true;

no:
	mutex_unlock(&ioas->areas_lock);
	return false;
}

/*
 * Have drivers let go of areas that are claimed, under no lock: others may change
 * what page tables there are, and map and unmap next to them. -EINTR if that was
 * given up: the areas are as they were, and claimed no more.
 */
static int unmap_accessed(struct ioasid_ioas *ioas, struct ioasid_area *areas)
{
	struct ioasid_area *area;
	unsigned int turn = 0;
	int ret;

	up_read(&ioas->lock);
	ret = ioasid_accesses_leave(ioas, areas);
	ioasid_ioas_lock_tables(ioas);
	if (!ret)
		return 0;
	mutex_lock(&ioas->areas_lock);
	for (area = areas; area; area = area->next) {
		area->busy = 0;
		ioas->nr_busy--;
		take_turns(&turn);
	}
	ioasid_areas_changed(ioas);
	mutex_unlock(&ioas->areas_lock);
	return ret;
}

/*
 * Unmap a few ranges in order. Returns how many, and the error that the next one
 * had, or IOASID_AREAS_WAIT.
 */
static u32 unmap_some(struct ioasid_ioas *ioas,
		      const struct ioasid_unmap_range *range, u32 nr,
		      unsigned long *changes, u64 *unmapped, int *error)
{
	struct ioasid_area *areas = NULL, **end = &areas, *area;
	unsigned long nr_areas = 0;
	unsigned int turn = 0;
	u64 pinned = 0;
	bool all, accessed;
	u32 done;
	int ret;

	*error = down_read_killable(&ioas->lock);
	if (*error)
		return 0;
	*error = mutex_lock_killable(&ioas->areas_lock);
	if (*error) {
		up_read(&ioas->lock);
		return 0;
	}
	*changes = ioas->changes;
	for (done = 0; done < nr; done++) {
		area = areas ? container_of(end, struct ioasid_area, next) : NULL;
		*error = areas_claim(ioas, range[done].iova, range[done].iova +
				     (range[done].length - 1), area, &end);
		if (*error)
			break;
	}
	if (!areas)
		goto unlock;
	accessed = ioas->accessed;
	mutex_unlock(&ioas->areas_lock);
	if (accessed) {
		ret = unmap_accessed(ioas, areas);
		if (ret) {
			up_read(&ioas->lock);
			*error = ret;
			return 0;
		}
	}
	for (area = areas; area; area = area->next) {
		pinned += area->populated;
		nr_areas++;
		take_turns(&turn);
	}
	ioasid_area_list_depopulate(ioas, areas);
	mutex_lock(&ioas->areas_lock);
	ioas->nr_busy -= nr_areas;
	all = nr_areas == ioas->nr_areas;
	for (area = areas; area; area = area->next) {
		trace_ioasid_unmap(ioas, area->start, area_length(area));
		if (!all)
			ioasid_area_erase(ioas, area);
		*unmapped += area_length(area);
		ioas->mapped -= area_length(area);
		take_turns(&turn);
	}
	/* All of them: a tree need not be kept in balance to take it down */
	if (all)
		areas_none(ioas);
	ioas->pinned -= pinned;
	ioasid_areas_changed(ioas);
unlock:
	mutex_unlock(&ioas->areas_lock);
	up_read(&ioas->lock);
	ioasid_area_list_free(areas);
	return done;
}

/**
 * ioasid_areas_unmap() - unmap all areas in ranges, in order
 * @ioas: the address space
 * @range: the ranges; a length of 0 that begins at 0 is everything
 * @nr: how many
 * @done: out: how many are unmapped
 * @unmapped: out: bytes unmapped
 *
 * Context: killable while it waits for others, not while it works.
 * Return: 0 if all are, or the error of the next one: -EINVAL if an area lies
 * there in part, -EINTR, -ENOENT.
 */
int ioasid_areas_unmap(struct ioasid_ioas *ioas,
		       const struct ioasid_unmap_range *range, u32 nr, u32 *done,
		       u64 *unmapped)
{
	unsigned long changes;
	u32 some;
	int ret;

	*done = 0;
	*unmapped = 0;
	if (nr == 1 && unmap_few(ioas, range, unmapped)) {
		*done = 1;
		return 0;
	}
	while (*done < nr) {
		some = unmap_some(ioas, range + *done, nr - *done, &changes,
				  unmapped, &ret);
		*done += some;
		if (ret == IOASID_AREAS_WAIT)
			ret = some ? 0 : ioasid_areas_wait(ioas, changes, true);
		if (ret)
			return ret;
	}
	return 0;
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
