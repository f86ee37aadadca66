// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas: what is mapped in an address space.
 *
 * An area is worked on in chunks, which end where an I/O virtual address is a
 * multiple of 2 MiB. No call to the IOMMU driver crosses the end of a chunk,
 * so that no page of the page table does, and unmapping a chunk never takes
 * away more than the chunk: a driver that is asked to unmap a part of a large
 * page removes all of it. It also bounds the room that pinning and unpinning
 * need, which an address space has from the beginning: tearing down needs no
 * memory.
 *
 * Which pages are pinned is not remembered: the page table knows. Before a
 * chunk is unmapped its pages are read back from there, afterwards the IOTLB is
 * flushed, and only then are they unpinned.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "base/args.h"
#include "ioas/area.h"
#include "ioas/pin.h"

/**
 * struct ioasid_area - a mapping as the user made it
 * @node: its addresses, in the areas of the address space
 * @vaddr: address of the memory in the payer's process
 * @payer: who mapped it
 * @prot: IOMMU_READ, IOMMU_WRITE, IOMMU_CACHE
 * @charged: charged to the payer
 * @populated: bytes from its start that are pinned and mapped in every page
 *	table. Never more than 0 if not @charged
 *
 * Protected by the lock of the address space.
 */
struct ioasid_area {
	struct interval_tree_node node;
	unsigned long vaddr;
	struct ioasid_payer *payer;
	int prot;
	bool charged;
	unsigned long populated;
};

static struct ioasid_area *area_first(struct ioasid_ioas *ioas, u64 start,
				      u64 last)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&ioas->lock);
	node = interval_tree_iter_first(&ioas->areas, start, last);
	return node ? container_of(node, struct ioasid_area, node) : NULL;
}

static struct ioasid_area *area_next(struct ioasid_area *area, u64 start,
				     u64 last)
{
	struct interval_tree_node *node;

	node = interval_tree_iter_next(&area->node, start, last);
	return node ? container_of(node, struct ioasid_area, node) : NULL;
}

#define for_each_area(area, ioas)					\
	for (area = area_first(ioas, 0, ULONG_MAX); area;		\
	     area = area_next(area, 0, ULONG_MAX))

static u64 area_length(const struct ioasid_area *area)
{
	return area->node.last - area->node.start + 1;
}

static unsigned long area_pages(const struct ioasid_area *area)
{
	return area_length(area) >> PAGE_SHIFT;
}

/* Bytes from @iova to the end of its chunk, at most @left */
static unsigned long chunk_size(u64 iova, u64 left)
{
	return min_t(u64, left, SZ_2M - (iova & (SZ_2M - 1)));
}

/* Unmap what was mapped by one or more calls within a chunk */
static bool unmap_chunk(struct ioasid_table *table, u64 iova, size_t size)
{
	/* Anything else: the device may still reach the rest */
	return !size ||
	       !WARN_ON_ONCE(table->shim->unmap(table->domain, iova, size) != size);
}

/* Map the pages of a chunk, each physically contiguous run in one call */
static int map_chunk(struct ioasid_table *table, u64 iova, struct page **pages,
		     unsigned long nr, int prot)
{
	unsigned long done = 0, run;
	int ret;

	while (done < nr) {
		unsigned long pfn = page_to_pfn(pages[done]);

		for (run = 1; done + run < nr; run++)
			if (page_to_pfn(pages[done + run]) != pfn + run)
				break;
		ret = table->shim->map(table->domain, iova + (done << PAGE_SHIFT),
				       PFN_PHYS(pfn), run << PAGE_SHIFT, prot);
		if (ret) {
			unmap_chunk(table, iova, done << PAGE_SHIFT);
			return ret;
		}
		done += run;
	}
	return 0;
}

static int map_chunk_everywhere(struct ioasid_ioas *ioas, u64 iova,
				unsigned long nr, int prot)
{
	struct ioasid_table *table;
	int ret;

	list_for_each_entry(table, &ioas->tables, node) {
		ret = map_chunk(table, iova, ioas->pin_pages, nr, prot);
		if (ret)
			goto unmap;
	}
	return 0;

unmap:
	list_for_each_entry_continue_reverse(table, &ioas->tables, node)
		unmap_chunk(table, iova, nr << PAGE_SHIFT);
	return ret;
}

/* Read the pages of a chunk back from a page table */
static bool read_chunk(struct ioasid_table *table, u64 iova,
		       struct page **pages, unsigned long nr)
{
	phys_addr_t phys;
	unsigned long i;

	for (i = 0; i < nr; i++) {
		phys = table->shim->iova_to_phys(table->domain,
						 iova + (i << PAGE_SHIFT));
		if (WARN_ON_ONCE(!phys))
			return false;
		pages[i] = pfn_to_page(PHYS_PFN(phys));
	}
	return true;
}

/*
 * The opposite of populating: unmap an area everywhere, flush, unpin, give the
 * charge back. For whoever unmaps, ends or detaches the last; never fails.
 */
static void area_depopulate(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	unsigned long size, nr, pos = 0;
	struct ioasid_table *table;
	bool known;

	lockdep_assert_held(&ioas->lock);
	for (; pos < area->populated; pos += size) {
		u64 iova = area->node.start + pos;

		size = chunk_size(iova, area->populated - pos);
		nr = size >> PAGE_SHIFT;
		table = list_first_entry(&ioas->tables, struct ioasid_table, node);
		known = read_chunk(table, iova, ioas->unpin_pages, nr);
		list_for_each_entry(table, &ioas->tables, node)
			known &= unmap_chunk(table, iova, size);
		/* Better leak pages than let a device write to freed ones */
		if (known)
			ioasid_unpin(ioas->unpin_pages, nr,
				     area->prot & IOMMU_WRITE);
		cond_resched();
	}
	ioas->pinned -= area->populated;
	area->populated = 0;
	if (area->charged)
		ioasid_payer_uncharge(area->payer, area_pages(area));
	area->charged = false;
}

/*
 * Charge, pin and map an area, one chunk after the other. @ioas->lock is held,
 * but not while pages are pinned. The last page table may go away meanwhile,
 * with all that has been done so far; that is no error.
 */
static int area_populate(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	bool write = area->prot & IOMMU_WRITE;
	unsigned long pos, size, nr;
	int ret;

	lockdep_assert_held(&ioas->populate_lock);
	lockdep_assert_held(&ioas->lock);
	if (area->charged || list_empty(&ioas->tables))
		return 0;
	ret = ioasid_payer_charge(area->payer, area_pages(area));
	if (ret)
		return ret;
	area->charged = true;

	while (area->populated < area_length(area)) {
		pos = area->populated;
		size = chunk_size(area->node.start + pos,
				  area_length(area) - pos);
		nr = size >> PAGE_SHIFT;

		mutex_unlock(&ioas->lock);
		cond_resched();
		ret = fatal_signal_pending(current) ? -EINTR : 0;
		ret = ret ?: ioasid_pin(area->payer, area->vaddr + pos, write,
					ioas->pin_pages, nr);
		mutex_lock(&ioas->lock);

		if (!ret && !area->charged) {
			ioasid_unpin(ioas->pin_pages, nr, false);
			return 0;
		}
		if (!ret) {
			ret = map_chunk_everywhere(ioas, area->node.start + pos,
						   nr, area->prot);
			if (ret)
				ioasid_unpin(ioas->pin_pages, nr, false);
		}
		if (ret) {
			area_depopulate(ioas, area);
			return ret;
		}
		area->populated += size;
		ioas->pinned += size;
	}
	return 0;
}

static void area_free(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	interval_tree_remove(&area->node, &ioas->areas);
	ioas->mapped -= area_length(area);
	ioasid_payer_put(area->payer);
	kfree(area);
}

/**
 * ioasid_area_map() - map the caller's memory
 * @ioas: the address space
 * @args: checked by ioasid_check_map() against the CPU's page size
 *
 * Return: 0, or an error as IOMMU_MAP_DMA says.
 */
int ioasid_area_map(struct ioasid_ioas *ioas, const struct ioasid_map *args)
{
	struct ioasid_area *area;
	int ret;

	/* The tree's addresses are the kernel's longs */
	BUILD_BUG_ON(sizeof(long) < sizeof(u64));

	area = kzalloc(sizeof(*area), GFP_KERNEL_ACCOUNT);
	if (!area)
		return -ENOMEM;
	area->node.start = args->iova;
	area->node.last = args->iova + (args->length - 1);
	area->vaddr = args->vaddr;
	area->prot = IOMMU_CACHE |
		     (args->flags & IOASID_MAP_READ ? IOMMU_READ : 0) |
		     (args->flags & IOASID_MAP_WRITE ? IOMMU_WRITE : 0);

	ret = mutex_lock_killable(&ioas->populate_lock);
	if (ret)
		goto free;
	area->payer = ioasid_payer_current(ioas->payer);
	if (IS_ERR(area->payer)) {
		ret = PTR_ERR(area->payer);
		area->payer = NULL;
		goto unlock_populate;
	}
	mutex_lock(&ioas->lock);
	ret = -ENOENT;
	if (ioas->dead)
		goto unlock;
	ret = -EINVAL;
	if (!ioasid_ioas_permits(ioas, area->node.start, area->node.last))
		goto unlock;
	ret = -EEXIST;
	if (area_first(ioas, area->node.start, area->node.last))
		goto unlock;

	interval_tree_insert(&area->node, &ioas->areas);
	ioas->mapped += area_length(area);
	ret = area_populate(ioas, area);
	if (ret) {
		interval_tree_remove(&area->node, &ioas->areas);
		ioas->mapped -= area_length(area);
		goto unlock;
	}
	if (ioas->payer != area->payer) {
		swap(ioas->payer, area->payer);
		refcount_inc(&ioas->payer->refs);
		ioasid_payer_put(area->payer);
		area->payer = ioas->payer;
	}
	area = NULL;
unlock:
	mutex_unlock(&ioas->lock);
unlock_populate:
	mutex_unlock(&ioas->populate_lock);
free:
	if (area)
		ioasid_payer_put(area->payer);
	kfree(area);
	return ret;
}

/**
 * ioasid_area_unmap() - unmap all areas in a range
 * @ioas: the address space
 * @start: first address
 * @last: last address
 * @unmapped: out: bytes unmapped
 *
 * Return: 0, -EINVAL if an area lies partly outside, -EINTR, -ENOENT.
 */
int ioasid_area_unmap(struct ioasid_ioas *ioas, u64 start, u64 last,
		      u64 *unmapped)
{
	struct ioasid_area *area, *next;
	int ret;

	*unmapped = 0;
	ret = mutex_lock_killable(&ioas->populate_lock);
	if (ret)
		return ret;
	mutex_lock(&ioas->lock);
	ret = -ENOENT;
	if (ioas->dead)
		goto unlock;
	ret = -EINVAL;
	area = area_first(ioas, start, start);
	if (area && area->node.start < start)
		goto unlock;
	area = area_first(ioas, last, last);
	if (area && area->node.last > last)
		goto unlock;

	for (area = area_first(ioas, start, last); area; area = next) {
		next = area_next(area, start, last);
		area_depopulate(ioas, area);
		*unmapped += area_length(area);
		area_free(ioas, area);
		cond_resched();
	}
	ret = 0;
unlock:
	mutex_unlock(&ioas->lock);
	mutex_unlock(&ioas->populate_lock);
	return ret;
}

/**
 * ioasid_areas_populate() - pin and map all areas, for the first page table
 * @ioas: the address space; both locks are held, @lock is dropped in between
 *
 * Return: 0, or an error, with nothing populated: -EFAULT, -ENOMEM, -EINTR.
 */
int ioasid_areas_populate(struct ioasid_ioas *ioas)
{
	struct ioasid_area *area;
	int ret;

	/* The tree stays as it is while populate_lock is held */
	for_each_area(area, ioas) {
		ret = area_populate(ioas, area);
		if (ret) {
			ioasid_areas_depopulate(ioas);
			return ret;
		}
	}
	return 0;
}

/**
 * ioasid_areas_depopulate() - unmap and unpin all areas; they stay mapped for
 * the user
 * @ioas: the address space, its lock held, with all its page tables
 */
void ioasid_areas_depopulate(struct ioasid_ioas *ioas)
{
	struct ioasid_area *area;

	for_each_area(area, ioas)
		area_depopulate(ioas, area);
}

/* Copy what one area has populated; 0 or what the driver said */
static int area_copy(struct ioasid_ioas *ioas, struct ioasid_area *area,
		     struct ioasid_table *from, struct ioasid_table *to,
		     unsigned long *done)
{
	unsigned long size, nr;
	int ret;

	for (*done = 0; *done < area->populated; *done += size) {
		u64 iova = area->node.start + *done;

		size = chunk_size(iova, area->populated - *done);
		nr = size >> PAGE_SHIFT;
		if (!read_chunk(from, iova, ioas->unpin_pages, nr))
			return -EIO;
		ret = map_chunk(to, iova, ioas->unpin_pages, nr, area->prot);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static void area_unmap_table(struct ioasid_area *area,
			     struct ioasid_table *table, unsigned long end)
{
	unsigned long size, pos;

	for (pos = 0; pos < end; pos += size) {
		size = chunk_size(area->node.start + pos, end - pos);
		unmap_chunk(table, area->node.start + pos, size);
		cond_resched();
	}
}

/**
 * ioasid_areas_copy() - map in a new page table what another one has
 * @ioas: the address space, its lock held
 * @from: a page table of it
 * @to: an empty one that is not among its tables yet
 *
 * Return: 0, or an error with @to empty again.
 */
int ioasid_areas_copy(struct ioasid_ioas *ioas, struct ioasid_table *from,
		      struct ioasid_table *to)
{
	struct ioasid_area *area, *undo;
	unsigned long done;
	int ret;

	for_each_area(area, ioas) {
		ret = area_copy(ioas, area, from, to, &done);
		if (ret)
			goto unmap;
	}
	return 0;

unmap:
	for_each_area(undo, ioas) {
		if (undo == area)
			break;
		area_unmap_table(undo, to, undo->populated);
	}
	area_unmap_table(area, to, done);
	return ret;
}

/**
 * ioasid_areas_unmap_table() - empty a page table that is not the last one
 * @ioas: the address space, its lock held
 * @table: the page table
 */
void ioasid_areas_unmap_table(struct ioasid_ioas *ioas,
			      struct ioasid_table *table)
{
	struct ioasid_area *area;

	for_each_area(area, ioas)
		area_unmap_table(area, table, area->populated);
}

/**
 * ioasid_areas_in() - is anything mapped in a range?
 * @ioas: the address space, its lock held
 * @start: first address
 * @last: last address
 */
bool ioasid_areas_in(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	return area_first(ioas, start, last);
}

/**
 * ioasid_areas_free() - forget all areas of an address space that ends
 * @ioas: the address space, its lock held, with no page table any more
 */
void ioasid_areas_free(struct ioasid_ioas *ioas)
{
	struct ioasid_area *area;

	while ((area = area_first(ioas, 0, ULONG_MAX))) {
		area_free(ioas, area);
		cond_resched();
	}
}
