// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the IOMMU and its devices remember: IOTLB, device TLB, PASID cache. An entry
 * goes when it is invalidated; one that should have been and was not goes on being
 * used, and that is what they are for. All memory is allocated when a cache is made:
 * one that is full makes room by its oldest entry.
 *
 * All under swiommu.lock, with which the callers see to it that an invalidation
 * waits for DMA under way.
 */
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/rbtree.h>
#include <linux/sched.h>

#include "swiommu/cache.h"
#include "swiommu/pgtable.h"
#include "swiommu/swiommu.h"

/* Keys of the caches */
static_assert(BITS_PER_LONG == 64);

bool swiommu_faulty;
/* For good: what is stale stays so */
module_param_named(faulty, swiommu_faulty, bool_enable_only, 0644);
MODULE_PARM_DESC(faulty, "May caches be told to ignore requests to invalidate? For tests that look for what is missing then (default: N)");

#define PAGE_MASK_PROT	(SWIOMMU_READ | SWIOMMU_WRITE | SWIOMMU_SNOOP)

/**
 * struct swiommu_cached - an entry
 * @key: by @tag, then @index, in swiommu_cache.keys, if it is in use
 * @order: in swiommu_cache.used, or in swiommu_cache.unused
 * @tag: domain number in an IOTLB, PASID or 0 in a device TLB, the device's number in
 *	a PASID cache
 * @index: number of a page in the TLBs, PASID or 0 in a PASID cache
 * @page: in the TLBs: address of the physical page and SWIOMMU_*
 * @pgtable: in a PASID cache, held
 */
struct swiommu_cached {
	struct rb_node key;
	struct list_head order;
	u64 tag;
	u64 index;
	union {
		u64 page;
		struct swiommu_pgtable *pgtable;
	};
};

/**
 * swiommu_cache_init() - make an empty cache
 * @cache: the cache
 * @max: entries that it has room for
 * @drop: where the number of requests that it is to ignore is
 *
 * Return: 0 or -ENOMEM.
 */
int swiommu_cache_init(struct swiommu_cache *cache, unsigned int max, u32 *drop)
{
	unsigned int i;

	memset(cache, 0, sizeof(*cache));
	cache->drop = drop;
	cache->keys = RB_ROOT;
	INIT_LIST_HEAD(&cache->used);
	INIT_LIST_HEAD(&cache->unused);
	cache->all = kvcalloc(max, sizeof(*cache->all), GFP_KERNEL_ACCOUNT);
	if (!cache->all)
		return -ENOMEM;
	for (i = 0; i < max; i++)
		list_add_tail(&cache->all[i].order, &cache->unused);
	return 0;
}

/**
 * swiommu_cache_destroy() - free a cache
 * @cache: a TLB, or an empty PASID cache; or one whose memory is zeroed
 */
void swiommu_cache_destroy(struct swiommu_cache *cache)
{
	kvfree(cache->all);
	cache->all = NULL;
}

/* Is a request to be ignored? Counts it either way */
static bool cache_drops(struct swiommu_cache *cache)
{
	if (*cache->drop) {
		--*cache->drop;
		cache->info.dropped++;
		return true;
	}
	cache->info.invalidations++;
	return false;
}

static int cached_cmp(const struct swiommu_cached *entry, u64 tag, u64 index)
{
	if (entry->tag != tag)
		return entry->tag < tag ? -1 : 1;
	return entry->index < index ? -1 : entry->index > index;
}

/* The first entry that does not come before (@tag, @index), or NULL */
static struct swiommu_cached *cache_lower_bound(struct swiommu_cache *cache, u64 tag,
						u64 index)
{
	struct rb_node *node = cache->keys.rb_node;
	struct swiommu_cached *found = NULL;

	while (node) {
		struct swiommu_cached *entry = rb_entry(node, struct swiommu_cached, key);

		if (cached_cmp(entry, tag, index) < 0) {
			node = node->rb_right;
		} else {
			found = entry;
			node = node->rb_left;
		}
	}
	return found;
}

static struct swiommu_cached *cache_find(struct swiommu_cache *cache, u64 tag, u64 index)
{
	struct swiommu_cached *entry = cache_lower_bound(cache, tag, index);

	return entry && !cached_cmp(entry, tag, index) ? entry : NULL;
}

static void cache_insert(struct swiommu_cache *cache, struct swiommu_cached *entry)
{
	struct rb_node **link = &cache->keys.rb_node, *parent = NULL;

	while (*link) {
		struct swiommu_cached *other = rb_entry(*link, struct swiommu_cached, key);

		parent = *link;
		link = cached_cmp(other, entry->tag, entry->index) < 0 ? &parent->rb_right :
									 &parent->rb_left;
	}
	rb_link_node(&entry->key, parent, link);
	rb_insert_color(&entry->key, &cache->keys);
	list_move_tail(&entry->order, &cache->used);
	cache->info.entries++;
}

static void cache_forget(struct swiommu_cache *cache, struct swiommu_cached *entry)
{
	rb_erase(&entry->key, &cache->keys);
	list_move(&entry->order, &cache->unused);
	cache->info.entries--;
}

/* The entry that is to go if there is to be another one; NULL: there is room */
static struct swiommu_cached *cache_victim(struct swiommu_cache *cache)
{
	return list_empty(&cache->unused) ?
	       list_first_entry(&cache->used, struct swiommu_cached, order) : NULL;
}

/* ------------------------------------------------------------------- TLBs */

/**
 * swiommu_tlb_find() - look for a translation
 * @tlb: the TLB
 * @tag: of the translation
 * @iova: the address
 * @want: SWIOMMU_READ or SWIOMMU_WRITE; one that does not permit it does not count
 * @phys: out: the physical address
 * @prot: out: SWIOMMU_*
 *
 * Return: is there one?
 */
bool swiommu_tlb_find(struct swiommu_cache *tlb, u32 tag, u64 iova,
		      unsigned int want, phys_addr_t *phys, unsigned int *prot)
{
	struct swiommu_cached *entry = cache_find(tlb, tag, iova >> SWIOMMU_PAGE_SHIFT);

	if (!entry || !(entry->page & want)) {
		tlb->info.misses++;
		return false;
	}
	tlb->info.hits++;
	*phys = (entry->page & ~(SWIOMMU_PAGE_SIZE - 1)) | (iova & (SWIOMMU_PAGE_SIZE - 1));
	*prot = entry->page & PAGE_MASK_PROT;
	return true;
}

/**
 * swiommu_tlb_add() - remember a translation
 * @tlb: the TLB
 * @tag: of the translation
 * @iova: the address
 * @phys: its physical address
 * @prot: SWIOMMU_*
 */
void swiommu_tlb_add(struct swiommu_cache *tlb, u32 tag, u64 iova,
		     phys_addr_t phys, unsigned int prot)
{
	u64 index = iova >> SWIOMMU_PAGE_SHIFT;
	struct swiommu_cached *entry = cache_find(tlb, tag, index);

	if (!entry) {
		entry = cache_victim(tlb);
		if (entry)
			cache_forget(tlb, entry);
		entry = list_first_entry(&tlb->unused, struct swiommu_cached, order);
		entry->tag = tag;
		entry->index = index;
		cache_insert(tlb, entry);
	}
	entry->page = ((u64)phys & ~(SWIOMMU_PAGE_SIZE - 1)) | prot;
}

/* Translations that are forgotten in one turn of the lock that all users share */
#define FORGET_BATCH	256U

/* Forget up to @most translations; are there more? */
static bool tlb_forget(struct swiommu_cache *tlb, u32 tag, u64 start, u64 last,
		       unsigned int most)
{
	struct swiommu_cached *entry = cache_lower_bound(tlb, tag, start >> SWIOMMU_PAGE_SHIFT);
	struct rb_node *next;

	while (entry && cached_cmp(entry, tag, last >> SWIOMMU_PAGE_SHIFT) <= 0) {
		if (!most--)
			return true;
		next = rb_next(&entry->key);
		cache_forget(tlb, entry);
		entry = rb_entry_safe(next, struct swiommu_cached, key);
	}
	return false;
}

/**
 * swiommu_tlb_invalidate() - obey, or ignore, a request to invalidate a device's TLB
 * @tlb: the TLB
 * @tag: what translations are meant
 * @start: first address
 * @last: last address
 *
 * Context: swiommu.lock is held.
 */
void swiommu_tlb_invalidate(struct swiommu_cache *tlb, u32 tag, u64 start, u64 last)
{
	if (!cache_drops(tlb))
		tlb_forget(tlb, tag, start, last, UINT_MAX);
}

/**
 * swiommu_iotlb_invalidate() - obey, or ignore, a request to invalidate the IOTLB
 * @iommu: the IOMMU
 * @did: of the domain that is meant
 * @start: first address
 * @last: last address
 *
 * Context: swiommu.lock is not held; it is taken, and let go of now and then.
 */
void swiommu_iotlb_invalidate(struct swiommu *iommu, u32 did, u64 start, u64 last)
{
	bool more;

	spin_lock(&iommu->lock);
	more = !cache_drops(&iommu->iotlb) &&
	       tlb_forget(&iommu->iotlb, did, start, last, FORGET_BATCH);
	spin_unlock(&iommu->lock);
	while (more) {
		/* So many are of DMA that users have asked for */
		cond_resched();
		spin_lock(&iommu->lock);
		more = tlb_forget(&iommu->iotlb, did, start, last, FORGET_BATCH);
		spin_unlock(&iommu->lock);
	}
}

/* ------------------------------------------------------------ PASID cache */

static void pasid_cache_forget(struct swiommu_cache *cache, struct swiommu_cached *entry)
{
	struct swiommu_pgtable *pgtable = entry->pgtable;

	cache_forget(cache, entry);
	swiommu_pgtable_put_later(pgtable);
}

/**
 * swiommu_pasid_cache_find() - look for where a device's PASID leads
 * @dev: the device
 * @pasid: the PASID, or 0
 *
 * Return: the page table, or NULL.
 */
struct swiommu_pgtable *swiommu_pasid_cache_find(struct swiommu_device *dev,
						 u32 pasid)
{
	struct swiommu_cache *cache = &dev->iommu->pasid_cache;
	struct swiommu_cached *entry = cache_find(cache, dev->rid, pasid);

	if (entry)
		cache->info.hits++;
	else
		cache->info.misses++;
	return entry ? entry->pgtable : NULL;
}

/**
 * swiommu_pasid_cache_add() - remember where a device's PASID leads
 * @dev: the device
 * @pasid: the PASID, or 0; not in the cache
 * @pgtable: the page table, of which the cache takes a reference
 */
void swiommu_pasid_cache_add(struct swiommu_device *dev, u32 pasid,
			     struct swiommu_pgtable *pgtable)
{
	struct swiommu_cache *cache = &dev->iommu->pasid_cache;
	struct swiommu_cached *entry = cache_victim(cache);

	if (entry)
		pasid_cache_forget(cache, entry);
	entry = list_first_entry(&cache->unused, struct swiommu_cached, order);
	entry->tag = dev->rid;
	entry->index = pasid;
	entry->pgtable = pgtable;
	swiommu_pgtable_get(pgtable);
	cache_insert(cache, entry);
}

/**
 * swiommu_pasid_cache_invalidate() - obey, or ignore, a request to invalidate
 * @dev: the device
 * @pasid: the PASID, or 0
 */
void swiommu_pasid_cache_invalidate(struct swiommu_device *dev, u32 pasid)
{
	struct swiommu_cache *cache = &dev->iommu->pasid_cache;
	struct swiommu_cached *entry;

	if (cache_drops(cache))
		return;
	entry = cache_find(cache, dev->rid, pasid);
	if (entry)
		pasid_cache_forget(cache, entry);
}

/**
 * swiommu_pasid_cache_empty() - let go of all page tables, for the IOMMU goes
 * @iommu: the IOMMU
 */
void swiommu_pasid_cache_empty(struct swiommu *iommu)
{
	struct swiommu_cached *entry, *next;

	list_for_each_entry_safe(entry, next, &iommu->pasid_cache.used, order)
		pasid_cache_forget(&iommu->pasid_cache, entry);
}
