// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: domains and contexts of the software IOMMU (swiommu/domain.c) as drivers
 * of hardware change them, a step after the other, by options that can change at any time:
 *
 * list_first	A device leaves the flush list of a domain before its entry is cleared, and
 *		joins that of another one after its entry is written; a domain whose list is
 *		empty is not flushed at all. VT-d: device_block_translation() and
 *		intel_iommu_remove_dev_pasid() begin with cache_tag_unassign_domain(), an
 *		attach by RID ends with cache_tag_assign_domain(). virtio-iommu:
 *		viommu_attach_dev() counts nr_endpoints down before its request and up after
 *		it, and viommu_unmap_pages() sends nothing without endpoints.
 * block_first	One domain is replaced by another by way of none, and what fails then leaves
 *		the device blocked: VT-d, AMD-Vi and SMMUv3.
 * id_first	What is detached by PASID gives back its domain's id before its entry is
 *		cleared: VT-d's intel_iommu_remove_dev_pasid(). Only on kernels whose drivers
 *		have that operation; the others' clear the entry first.
 * linger	Each step takes so many microseconds.
 *
 * A domain has an id while it is behind a context: the number by which an IOTLB knows it,
 * the lowest one that is free. The product's has one from its beginning to its end.
 *
 * Steps: where threads can be held, and those marked with an errno can fail.
 *
 *	attach		errno	nothing has been touched
 *	unlisted		the flush list has been left, with list_first
 *	id_freed		the id has been given back, with id_first
 *	cleared			the entry is clear, caches are not
 *	blocked		errno	nothing is attached, with block_first
 *	written		errno	the entry leads to the new domain, which does not know of it
 *				yet with list_first
 *	map		errno	half is mapped (driver/pgtable.c)
 */
#include <linux/delay.h>
#include <linux/moduleparam.h>

#include "driver/steps.h"
#include "compat/driver_compat.h"
#include "swiommu/domain.h"
#include "swiommu/swiommu.h"

static struct swiommu_domain *plain_domain_alloc(void) __maybe_unused;
static int plain_domain_finalize(struct swiommu_domain *domain, struct swiommu *iommu);
static void plain_domain_free(struct swiommu_domain *domain) __maybe_unused;
static int plain_context_set(struct swiommu_device *dev, u32 pasid,
			     struct swiommu_domain *domain,
			     struct swiommu_pgtable *pgtable) __maybe_unused;
static void plain_context_clear(struct swiommu_device *dev, u32 pasid) __maybe_unused;
static void plain_context_release(struct swiommu_device *dev) __maybe_unused;
static void plain_domain_flush(struct swiommu_domain *domain, u64 start, u64 last);

#define swiommu_domain_alloc	plain_domain_alloc
#define swiommu_domain_finalize	plain_domain_finalize
#define swiommu_domain_free	plain_domain_free
#define swiommu_context_set	plain_context_set
#define swiommu_context_clear	plain_context_clear
#define swiommu_context_release	plain_context_release
#define swiommu_domain_flush	plain_domain_flush
#include "swiommu/domain.c"
#undef swiommu_domain_alloc
#undef swiommu_domain_finalize
#undef swiommu_domain_free
#undef swiommu_context_set
#undef swiommu_context_clear
#undef swiommu_context_release
#undef swiommu_domain_flush

static bool list_first;
module_param(list_first, bool, 0644);
MODULE_PARM_DESC(list_first, "Flush lists are left before entries are cleared");

static bool block_first;
module_param(block_first, bool, 0644);
MODULE_PARM_DESC(block_first, "Replace by way of blocked");

static bool id_first;
module_param(id_first, bool, 0644);
MODULE_PARM_DESC(id_first, "Ids are free before entries are cleared, by PASID");

static unsigned int linger;
module_param(linger, uint, 0644);
MODULE_PARM_DESC(linger, "Microseconds that each step takes");

#ifdef HAVE_REMOVE_DEV_PASID
#define ID_FIRST_IS_POSSIBLE	true
#else
#define ID_FIRST_IS_POSSIBLE	false
#endif

void swiommu_linger(void)
{
	unsigned int us = READ_ONCE(linger);

	if (us)
		usleep_range(us, 2 * us);
}

DRIVER_STEP(attach)
DRIVER_STEP(unlisted)
DRIVER_STEP(id_freed)
DRIVER_STEP(cleared)
DRIVER_STEP(blocked)
DRIVER_STEP(written)

/**
 * struct driven - a domain
 * @domain: the product's; with @domain.contexts for its flush list
 * @nr_entries: entries with its id, its own @domain.pgtable->did; under swiommu.lock
 * @is_known: it has got its IOMMU, and no id yet; likewise
 */
struct driven {
	struct swiommu_domain domain;
	unsigned int nr_entries;
	bool is_known;
};

static struct driven *to_driven(struct swiommu_domain *domain)
{
	return container_of(domain, struct driven, domain);
}

struct swiommu_domain *swiommu_domain_alloc(void)
{
	struct driven *driven = kzalloc(sizeof(*driven), GFP_KERNEL_ACCOUNT);

	if (!driven)
		return NULL;
	INIT_LIST_HEAD(&driven->domain.contexts);
	/* It is freed by its address */
	BUILD_BUG_ON(offsetof(struct driven, domain));
	return &driven->domain;
}

/* The id that the product gives it is for later */
int swiommu_domain_finalize(struct swiommu_domain *domain, struct swiommu *iommu)
{
	struct driven *driven = to_driven(domain);
	int ret = plain_domain_finalize(domain, iommu);
	bool was_known;

	if (ret)
		return ret;
	spin_lock(&iommu->lock);
	was_known = driven->is_known;
	driven->is_known = true;
	spin_unlock(&iommu->lock);
	if (!was_known)
		ida_free(&iommu->dids, domain->pgtable->did);
	return 0;
}

void swiommu_domain_free(struct swiommu_domain *domain)
{
	WARN_ON(!list_empty(&domain->contexts) || to_driven(domain)->nr_entries);
	if (domain->iommu)
		swiommu_pgtable_put(domain->pgtable);
	swiommu_fault_free(domain);
}

static int id_get(struct swiommu_domain *domain)
{
	struct swiommu *iommu = domain->iommu;
	int did = ida_alloc(&iommu->dids, GFP_KERNEL);
	bool has_one;

	if (did < 0)
		return did;
	spin_lock(&iommu->lock);
	has_one = to_driven(domain)->nr_entries++;
	if (!has_one)
		domain->pgtable->did = did;
	spin_unlock(&iommu->lock);
	if (has_one)
		ida_free(&iommu->dids, did);
	return 0;
}

static void id_put(struct swiommu_domain *domain)
{
	struct swiommu *iommu = domain->iommu;
	u32 did = domain->pgtable->did;
	bool is_last;

	spin_lock(&iommu->lock);
	is_last = !--to_driven(domain)->nr_entries;
	spin_unlock(&iommu->lock);
	if (is_last)
		ida_free(&iommu->dids, did);
}

static void list_leave(struct swiommu_context *ctx)
{
	lockdep_assert_held(&ctx->dev->iommu->lock);
	if (!ctx->domain)
		return;
	list_del(&ctx->node);
	ctx->domain->nr_contexts--;
	ctx->domain = NULL;
}

static void list_join(struct swiommu_context *ctx, struct swiommu_domain *domain)
{
	lockdep_assert_held(&ctx->dev->iommu->lock);
	list_add(&ctx->node, &domain->contexts);
	domain->nr_contexts++;
	ctx->domain = domain;
}

/* What devices and the IOMMU have cached by the entry */
static void caches_forget(struct swiommu_context *ctx)
{
	swiommu_pasid_cache_invalidate(ctx->dev, ctx->pasid);
	tell_device_tlb(ctx, 0, U64_MAX);
}

/* From what is attached to nothing, step by step */
static void leave(struct swiommu_context *ctx)
{
	struct swiommu_device *dev = ctx->dev;
	struct swiommu_domain *old = ctx->domain;
	int did = old ? old->pgtable->did : -1;
	bool early = old && ctx->pasid && READ_ONCE(id_first) && ID_FIRST_IS_POSSIBLE;

	if (!ctx->pgtable)
		return;
	if (old && READ_ONCE(list_first)) {
		spin_lock(&dev->iommu->lock);
		list_leave(ctx);
		spin_unlock(&dev->iommu->lock);
		swiommu_step_unlisted();
	}
	if (early) {
		id_put(old);
		swiommu_step_id_freed();
	}
	lock_contexts(dev);
	ctx->pgtable = NULL;
	swiommu_fault_fail(ctx);
	unlock_contexts(dev, -1);
	swiommu_step_cleared();
	lock_contexts(dev);
	caches_forget(ctx);
	list_leave(ctx);
	unlock_contexts(dev, did);
	if (old && !early)
		id_put(old);
}

/* Into the new entry, and with it from one list to the other if these do not come first */
static void entry_write(struct swiommu_context *ctx, struct swiommu_domain *domain,
			struct swiommu_pgtable *pgtable, int old_did)
{
	struct swiommu_device *dev = ctx->dev;

	lock_contexts(dev);
	list_leave(ctx);
	if (domain && !READ_ONCE(list_first))
		list_join(ctx, domain);
	ctx->pgtable = pgtable;
	swiommu_fault_fail(ctx);
	caches_forget(ctx);
	unlock_contexts(dev, old_did);
}

/* Into a domain's list, if that has not come with the entry */
static void list_join_late(struct swiommu_context *ctx, struct swiommu_domain *domain)
{
	spin_lock(&ctx->dev->iommu->lock);
	if (!ctx->domain)
		list_join(ctx, domain);
	spin_unlock(&ctx->dev->iommu->lock);
}

/* The same without a domain: identity, which has neither an id nor a list */
static void enter_identity(struct swiommu_context *ctx)
{
	leave(ctx);
	entry_write(ctx, NULL, &swiommu_identity, -1);
}

static int enter(struct swiommu_context *ctx, struct swiommu_domain *domain)
{
	struct swiommu_device *dev = ctx->dev;
	struct swiommu_domain *old;
	int ret;

	ret = swiommu_step_attach();
	if (ret)
		return ret;
	if (READ_ONCE(block_first)) {
		leave(ctx);
		ret = swiommu_step_blocked();
		if (ret)
			return ret;
	}
	ret = id_get(domain);
	if (ret)
		return ret;
	old = ctx->domain;
	if (old && READ_ONCE(list_first)) {
		spin_lock(&dev->iommu->lock);
		list_leave(ctx);
		spin_unlock(&dev->iommu->lock);
		swiommu_step_unlisted();
	}
	entry_write(ctx, domain, domain->pgtable, old ? old->pgtable->did : -1);
	if (old)
		id_put(old);
	ret = swiommu_step_written();
	list_join_late(ctx, domain);
	if (ret)
		leave(ctx);
	return ret;
}

static bool is_released(struct swiommu_device *dev)
{
	bool released;

	spin_lock(&dev->iommu->lock);
	released = dev->released;
	spin_unlock(&dev->iommu->lock);
	return released;
}

int swiommu_context_set(struct swiommu_device *dev, u32 pasid,
			struct swiommu_domain *domain,
			struct swiommu_pgtable *pgtable)
{
	struct swiommu_context *ctx = swiommu_context(dev, pasid);
	int ret = 0;

	/* An entry that says nothing is a context that is blocked */
	if (!ctx)
		ret = plain_context_set(dev, pasid, NULL, NULL);
	if (ret)
		return ret;
	ctx = swiommu_context(dev, pasid);
	if (!pgtable || is_released(dev))
		leave(ctx);
	else if (!domain)
		enter_identity(ctx);
	else
		ret = enter(ctx, domain);
	return ret;
}

void swiommu_context_clear(struct swiommu_device *dev, u32 pasid)
{
	struct swiommu_context *ctx = xa_load(&dev->contexts, pasid);

	if (!ctx)
		return;
	leave(ctx);
	spin_lock(&dev->iommu->lock);
	xa_erase(&dev->contexts, pasid);
	spin_unlock(&dev->iommu->lock);
	kfree(ctx);
}

void swiommu_context_release(struct swiommu_device *dev)
{
	struct swiommu_context *ctx;
	unsigned long pasid;

	xa_for_each(&dev->contexts, pasid, ctx)
		swiommu_context_clear(dev, pasid);
	spin_lock(&dev->iommu->lock);
	dev->released = true;
	spin_unlock(&dev->iommu->lock);
	leave(&dev->no_pasid);
}

void swiommu_domain_flush(struct swiommu_domain *domain, u64 start, u64 last)
{
	struct swiommu *iommu = swiommu_domain_iommu(domain);
	bool has_devices;

	if (!iommu)
		return;
	spin_lock(&iommu->lock);
	has_devices = domain->nr_contexts;
	spin_unlock(&iommu->lock);
	if (has_devices || !READ_ONCE(list_first))
		plain_domain_flush(domain, start, last);
}
