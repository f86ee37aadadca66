// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains, and the contexts that they are behind: what the DMA of a device, with
 * or without a PASID, is translated by. A change of a context is one step for DMA,
 * and it tells the caches what they must forget; whether they do is their business.
 */
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "swiommu/cache.h"
#include "swiommu/domain.h"
#include "swiommu/fault.h"
#include "swiommu/pgtable.h"
#include "swiommu/swiommu.h"

/* Tables are not walked for an address that stays as it is */
struct swiommu_pgtable swiommu_identity = {
	.kref = KREF_INIT(1),
};

/* Contexts that a flush looks at in one turn of swiommu.lock */
#define FLUSH_BATCH	256U

/* A domain is for the first IOMMU that it is attached to */
static DEFINE_MUTEX(finalize_lock);

/* With large pages of 1 GiB there must be a level for them */
static unsigned int levels(const struct swiommu *iommu)
{
	return max(3U, DIV_ROUND_UP(iommu->addr_width - SWIOMMU_PAGE_SHIFT, 9U));
}

/**
 * swiommu_domain_alloc() - make a domain that is for no IOMMU yet
 *
 * Return: the domain, or NULL.
 */
struct swiommu_domain *swiommu_domain_alloc(void)
{
	struct swiommu_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);

	if (!domain)
		return NULL;
	INIT_LIST_HEAD(&domain->contexts);
	return domain;
}

/**
 * swiommu_domain_finalize() - see to it that a domain is for an IOMMU
 * @domain: the domain
 * @iommu: the IOMMU
 *
 * Return: 0, -EINVAL if it is for another one, -ENOMEM.
 */
int swiommu_domain_finalize(struct swiommu_domain *domain, struct swiommu *iommu)
{
	struct swiommu_pgtable *pgtable;
	int did;

	if (swiommu_domain_iommu(domain))
		return domain->iommu == iommu ? 0 : -EINVAL;
	/* Not under a lock of all: memory may be short for this caller alone */
	did = ida_alloc(&iommu->dids, GFP_KERNEL);
	if (did < 0)
		return did;
	pgtable = swiommu_pgtable_alloc(levels(iommu), did);
	mutex_lock(&finalize_lock);
	if (pgtable && !domain->iommu) {
		domain->domain.pgsize_bitmap = iommu->pgsizes;
		domain->domain.geometry.aperture_start = 0;
		domain->domain.geometry.aperture_end = (1ULL << iommu->addr_width) - 1;
		domain->domain.geometry.force_aperture = true;
		domain->pgtable = pgtable;
		/* Pairs with swiommu_domain_iommu() */
		smp_store_release(&domain->iommu, iommu);
		mutex_unlock(&finalize_lock);
		return 0;
	}
	mutex_unlock(&finalize_lock);
	ida_free(&iommu->dids, did);
	if (!pgtable)
		return -ENOMEM;
	/* Another one was faster */
	swiommu_pgtable_put(pgtable);
	return domain->iommu == iommu ? 0 : -EINVAL;
}

/**
 * swiommu_domain_free() - free a domain
 * @domain: the domain, which is not attached
 */
void swiommu_domain_free(struct swiommu_domain *domain)
{
	WARN_ON(!list_empty(&domain->contexts));
	if (domain->iommu) {
		ida_free(&domain->iommu->dids, domain->pgtable->did);
		swiommu_pgtable_put(domain->pgtable);
	}
	swiommu_fault_free(domain);
}

static void tell_device_tlb(struct swiommu_context *ctx, u64 start, u64 last)
{
	if (ctx->dev->flags & SWIOMMU_DEVICE_TLB)
		swiommu_tlb_invalidate(&ctx->dev->tlb, ctx->pasid, start, last);
}

/*
 * From one domain, or none, to another, or none. Cannot fail. Of which domain the IOTLB
 * is to forget all, which no context leads to any more; -1: of none
 */
static int change(struct swiommu_context *ctx, struct swiommu_domain *domain,
		   struct swiommu_pgtable *pgtable)
{
	struct swiommu_domain *old = ctx->domain;

	lockdep_assert_held(&ctx->dev->iommu->lock);
	/* Not every kernel keeps attaching away from removal; that is no error here */
	if (ctx->dev->released) {
		domain = NULL;
		pgtable = NULL;
	}
	if (old) {
		list_del(&ctx->node);
		old->nr_contexts--;
	}
	if (domain) {
		/* At the head: a flush that is under way has no need to see it */
		list_add(&ctx->node, &domain->contexts);
		domain->nr_contexts++;
	}
	ctx->domain = domain;
	ctx->pgtable = pgtable;
	swiommu_fault_fail(ctx);
	swiommu_pasid_cache_invalidate(ctx->dev, ctx->pasid);
	tell_device_tlb(ctx, 0, U64_MAX);
	return old && !old->nr_contexts ? old->pgtable->did : -1;
}

static void lock_contexts(struct swiommu_device *dev)
	__acquires(&dev->iommu->lock)
{
	down_write(&dev->reporting);
	spin_lock(&dev->iommu->lock);
}

/* @did is what change() says */
static void unlock_contexts(struct swiommu_device *dev, int did)
	__releases(&dev->iommu->lock)
{
	spin_unlock(&dev->iommu->lock);
	up_write(&dev->reporting);
	if (did >= 0)
		swiommu_iotlb_invalidate(dev->iommu, did, 0, U64_MAX);
}

/**
 * swiommu_context_set() - put a domain behind a device or one of its PASIDs
 * @dev: the device
 * @pasid: the PASID, or 0
 * @domain: the domain, NULL for one that has no table of its own
 * @pgtable: its page table; NULL: DMA is blocked
 *
 * Takes the place of what was there. Fails only for a PASID that has none.
 *
 * Context: the kernel's lock of the group is held.
 * Return: 0 or -ENOMEM.
 */
int swiommu_context_set(struct swiommu_device *dev, u32 pasid,
			struct swiommu_domain *domain,
			struct swiommu_pgtable *pgtable)
{
	struct swiommu_context *ctx = swiommu_context(dev, pasid);
	int ret;

	if (!ctx) {
		ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
		if (!ctx)
			return -ENOMEM;
		ctx->dev = dev;
		ctx->pasid = pasid;
		ret = xa_err(xa_store(&dev->contexts, pasid, ctx, GFP_KERNEL_ACCOUNT));
		if (ret) {
			kfree(ctx);
			return ret;
		}
	}
	lock_contexts(dev);
	unlock_contexts(dev, change(ctx, domain, pgtable));
	return 0;
}

/**
 * swiommu_context_clear() - take away what is behind a device's PASID
 * @dev: the device
 * @pasid: the PASID, not 0
 *
 * Context: the kernel's lock of the group is held. Cannot fail.
 */
void swiommu_context_clear(struct swiommu_device *dev, u32 pasid)
{
	struct swiommu_context *ctx = xa_load(&dev->contexts, pasid);

	if (!ctx)
		return;
	lock_contexts(dev);
	xa_erase(&dev->contexts, pasid);
	unlock_contexts(dev, change(ctx, NULL, NULL));
	kfree(ctx);
}

/**
 * swiommu_context_release() - block a device for good, for it is being removed
 * @dev: the device
 *
 * It may have PASIDs yet: what is attached by PASID to another device of its group is
 * attached to this one too, and the kernel takes it away from those that are there.
 */
void swiommu_context_release(struct swiommu_device *dev)
{
	struct swiommu_context *ctx;
	unsigned long pasid;

	xa_for_each(&dev->contexts, pasid, ctx)
		swiommu_context_clear(dev, pasid);
	lock_contexts(dev);
	dev->released = true;
	unlock_contexts(dev, change(&dev->no_pasid, NULL, NULL));
}

/**
 * swiommu_domain_flush() - have all caches forget addresses of a domain
 * @domain: the domain
 * @start: first address
 * @last: last address
 *
 * When it returns no DMA is under way that has been translated before. There may be as
 * many contexts as PASIDs, so the lock is let go of now and then, with a mark in their
 * list. What is put behind the domain meanwhile finds tables without those addresses.
 */
void swiommu_domain_flush(struct swiommu_domain *domain, u64 start, u64 last)
{
	struct swiommu *iommu = swiommu_domain_iommu(domain);
	struct swiommu_context mark = {}, *ctx;
	unsigned int n = 0;

	if (!iommu)
		return;
	swiommu_iotlb_invalidate(iommu, domain->pgtable->did, start, last);
	spin_lock(&iommu->lock);
	list_add(&mark.node, &domain->contexts);
	while (!list_is_last(&mark.node, &domain->contexts)) {
		ctx = list_next_entry(&mark, node);
		/* Past it */
		list_move(&mark.node, &ctx->node);
		if (ctx->dev)
			tell_device_tlb(ctx, start, last);
		if (++n % FLUSH_BATCH == 0) {
			spin_unlock(&iommu->lock);
			/* So many have PASIDs, and whoever attaches those may sleep */
			cond_resched();
			spin_lock(&iommu->lock);
		}
	}
	list_del(&mark.node);
	spin_unlock(&iommu->lock);
}
