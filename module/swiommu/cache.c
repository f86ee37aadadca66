// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the IOMMU and its devices remember: IOTLB, device TLB, PASID cache. Nothing
 * is ever replaced or forgotten; an entry goes when it is invalidated. One that
 * should have been and was not goes on being used, and that is what they are for.
 *
 * All under swiommu.lock, with which the callers see to it that an invalidation
 * waits for DMA under way.
 */
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "swiommu/swiommu.h"

#define TLB_MAX_ENTRIES	65536U
#define PAGE_MASK_PROT	(SWIOMMU_READ | SWIOMMU_WRITE | SWIOMMU_SNOOP)

/* Translations of one domain or PASID: by page, physical page and SWIOMMU_* */
struct tlb_tag {
	struct xarray pages;
};

/* Is a request to be ignored? Counts it either way */
static bool drop(struct swiommu_cache *cache)
{
	if (*cache->drop) {
		--*cache->drop;
		cache->info.dropped++;
		return true;
	}
	cache->info.invalidations++;
	return false;
}

/**
 * swiommu_tlb_init() - make an empty TLB
 * @tlb: the TLB
 * @drop: where the number of requests that it is to ignore is
 */
void swiommu_tlb_init(struct swiommu_tlb *tlb, u32 *drop)
{
	memset(tlb, 0, sizeof(*tlb));
	tlb->cache.drop = drop;
	xa_init(&tlb->tags);
}

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
bool swiommu_tlb_find(struct swiommu_tlb *tlb, u32 tag, u64 iova,
		      unsigned int want, phys_addr_t *phys, unsigned int *prot)
{
	struct tlb_tag *pages = xa_load(&tlb->tags, tag);
	void *entry = NULL;
	u64 page;

	if (pages)
		entry = xa_load(&pages->pages, iova >> SWIOMMU_PAGE_SHIFT);
	if (!entry || !(xa_to_value(entry) & want)) {
		tlb->cache.info.misses++;
		return false;
	}
	tlb->cache.info.hits++;
	page = xa_to_value(entry);
	*phys = (page >> 3 << SWIOMMU_PAGE_SHIFT) | (iova & (SWIOMMU_PAGE_SIZE - 1));
	*prot = page & PAGE_MASK_PROT;
	return true;
}

/* Of memory that is short a TLB makes do with what it has */
static struct tlb_tag *get_tag(struct swiommu_tlb *tlb, u32 tag)
{
	struct tlb_tag *pages = xa_load(&tlb->tags, tag);

	if (pages)
		return pages;
	pages = kmalloc(sizeof(*pages), GFP_ATOMIC | __GFP_NOWARN);
	if (!pages)
		return NULL;
	xa_init(&pages->pages);
	if (xa_err(xa_store(&tlb->tags, tag, pages, GFP_ATOMIC | __GFP_NOWARN))) {
		kfree(pages);
		return NULL;
	}
	return pages;
}

/**
 * swiommu_tlb_add() - remember a translation
 * @tlb: the TLB
 * @tag: of the translation
 * @iova: the address
 * @phys: its physical address
 * @prot: SWIOMMU_*
 */
void swiommu_tlb_add(struct swiommu_tlb *tlb, u32 tag, u64 iova,
		     phys_addr_t phys, unsigned int prot)
{
	void *entry = xa_mk_value((u64)phys >> SWIOMMU_PAGE_SHIFT << 3 | prot);
	struct tlb_tag *pages;
	void *old;

	if (tlb->cache.info.entries >= TLB_MAX_ENTRIES)
		return;
	pages = get_tag(tlb, tag);
	if (!pages)
		return;
	old = xa_store(&pages->pages, iova >> SWIOMMU_PAGE_SHIFT, entry,
		       GFP_ATOMIC | __GFP_NOWARN);
	if (!old)
		tlb->cache.info.entries++;
}

static void forget_tag(struct swiommu_tlb *tlb, struct tlb_tag *pages, u64 first,
		       u64 last)
{
	unsigned long page;
	void *entry;

	xa_for_each_range(&pages->pages, page, entry, first, last) {
		xa_erase(&pages->pages, page);
		tlb->cache.info.entries--;
	}
}

/**
 * swiommu_tlb_invalidate() - obey, or ignore, a request to invalidate
 * @tlb: the TLB
 * @tag: what translations are meant
 * @start: first address
 * @last: last address
 */
void swiommu_tlb_invalidate(struct swiommu_tlb *tlb, u32 tag, u64 start, u64 last)
{
	struct tlb_tag *pages;

	if (drop(&tlb->cache))
		return;
	pages = xa_load(&tlb->tags, tag);
	if (!pages)
		return;
	forget_tag(tlb, pages, start >> SWIOMMU_PAGE_SHIFT, last >> SWIOMMU_PAGE_SHIFT);
	if (xa_empty(&pages->pages)) {
		xa_erase(&tlb->tags, tag);
		kfree(pages);
	}
}

/**
 * swiommu_tlb_empty() - free all of it, for its IOMMU or device goes
 * @tlb: the TLB
 */
void swiommu_tlb_empty(struct swiommu_tlb *tlb)
{
	struct tlb_tag *pages;
	unsigned long tag;

	xa_for_each(&tlb->tags, tag, pages) {
		xa_destroy(&pages->pages);
		kfree(pages);
	}
	xa_destroy(&tlb->tags);
	tlb->cache.info.entries = 0;
}

static unsigned long pasid_key(struct swiommu_device *dev, u32 pasid)
{
	return (unsigned long)dev->rid << SWIOMMU_MAX_PASID_WIDTH | pasid;
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
	struct swiommu *iommu = dev->iommu;
	struct swiommu_pgtable *pgtable;

	pgtable = xa_load(&iommu->pasid_cache, pasid_key(dev, pasid));
	if (pgtable)
		iommu->pasid_cache_info.info.hits++;
	else
		iommu->pasid_cache_info.info.misses++;
	return pgtable;
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
	struct swiommu *iommu = dev->iommu;

	if (xa_err(xa_store(&iommu->pasid_cache, pasid_key(dev, pasid), pgtable,
			    GFP_ATOMIC | __GFP_NOWARN)))
		return;
	swiommu_pgtable_get(pgtable);
	iommu->pasid_cache_info.info.entries++;
}

/**
 * swiommu_pasid_cache_invalidate() - obey, or ignore, a request to invalidate
 * @dev: the device
 * @pasid: the PASID, or 0
 */
void swiommu_pasid_cache_invalidate(struct swiommu_device *dev, u32 pasid)
{
	struct swiommu *iommu = dev->iommu;
	struct swiommu_pgtable *pgtable;

	if (drop(&iommu->pasid_cache_info))
		return;
	pgtable = xa_erase(&iommu->pasid_cache, pasid_key(dev, pasid));
	if (pgtable) {
		iommu->pasid_cache_info.info.entries--;
		swiommu_pgtable_put(pgtable);
	}
}

/**
 * swiommu_pasid_cache_empty() - free all of it, for the IOMMU goes
 * @iommu: the IOMMU
 */
void swiommu_pasid_cache_empty(struct swiommu *iommu)
{
	struct swiommu_pgtable *pgtable;
	unsigned long key;

	xa_for_each(&iommu->pasid_cache, key, pgtable)
		swiommu_pgtable_put(pgtable);
	xa_destroy(&iommu->pasid_cache);
}
