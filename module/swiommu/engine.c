// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA engine. Bytes go page by page through a buffer of the kernel's, for the
 * caller's memory may take as long to arrive as its owner likes, and that must not
 * hold up a flush. Translating an address and moving the bytes of its page are one
 * turn of swiommu.lock.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/platform_device.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "swiommu/cache.h"
#include "swiommu/domain.h"
#include "swiommu/engine.h"
#include "swiommu/fault.h"
#include "swiommu/mediated.h"
#include "swiommu/pgtable.h"
#include "swiommu/swiommu.h"

#define BUFFER_SIZE	(64UL << 10)

/* A page that was said to be there may be gone again, or never have been */
#define REQUESTS_MAX	16

/**
 * struct dma - DMA under way
 * @dev: the device
 * @file: through which it was asked for
 * @arg: what was asked for, and the answer
 * @work: it came by the portal with this; otherwise NULL
 */
struct dma {
	struct swiommu_device *dev;
	struct file *file;
	struct swiommu_dma *arg;
	const struct swiommu_work *work;
};

static enum swiommu_fault translate_by_iommu(struct swiommu_device *dev, u32 pasid,
					     u64 iova, unsigned int want,
					     phys_addr_t *phys, unsigned int *prot)
{
	struct swiommu *iommu = dev->iommu;
	struct swiommu_pgtable *pgtable = swiommu_pasid_cache_find(dev, pasid);

	if (!pgtable) {
		struct swiommu_context *ctx = swiommu_context(dev, pasid);

		if (!ctx || !ctx->pgtable)
			return SWIOMMU_FAULT_BLOCKED;
		pgtable = ctx->pgtable;
		swiommu_pasid_cache_add(dev, pasid, pgtable);
	}
	if (pgtable == &swiommu_identity) {
		*phys = iova;
		*prot = SWIOMMU_READ | SWIOMMU_WRITE;
		return SWIOMMU_FAULT_NONE;
	}
	if (iova >> iommu->addr_width)
		return SWIOMMU_FAULT_WIDTH;
	if (swiommu_tlb_find(&iommu->iotlb, pgtable->did, iova, want, phys, prot))
		return SWIOMMU_FAULT_NONE;
	iommu->walks++;
	if (!swiommu_pgtable_walk(pgtable, iova, phys, prot))
		return SWIOMMU_FAULT_NOT_MAPPED;
	if (!(*prot & want))
		return SWIOMMU_FAULT_PERMISSION;
	swiommu_tlb_add(&iommu->iotlb, pgtable->did, iova, *phys, *prot);
	return SWIOMMU_FAULT_NONE;
}

static enum swiommu_fault translate(struct swiommu_device *dev, u32 pasid, u64 iova,
				    unsigned int want, phys_addr_t *phys,
				    unsigned int *prot)
{
	bool has_tlb = dev->flags & SWIOMMU_DEVICE_TLB;
	enum swiommu_fault fault;

	if (has_tlb && swiommu_tlb_find(&dev->tlb, pasid, iova, want, phys, prot))
		return SWIOMMU_FAULT_NONE;
	fault = translate_by_iommu(dev, pasid, iova, want, phys, prot);
	if (!fault && has_tlb)
		swiommu_tlb_add(&dev->tlb, pasid, iova, *phys, *prot);
	return fault;
}

/* Memory of a user, not the kernel's own */
static bool is_users(struct folio *folio)
{
	return !folio_test_slab(folio) &&
	       (folio_maybe_dma_pinned(folio) || folio_test_lru(folio) ||
		folio_test_hugetlb(folio) || folio_mapped(folio));
}

/*
 * A cache may have kept a translation to a page that has been freed since. A real
 * device would overwrite whatever has it now; this one touches nothing but RAM that
 * somebody holds, that a user has if caches may be faulty, and holds it too.
 */
static struct folio *get_memory(struct swiommu *iommu, phys_addr_t phys, void **addr)
{
	struct page *page = pfn_to_online_page(PHYS_PFN(phys));
	bool faulty = READ_ONCE(swiommu_faulty);
	struct folio *folio;

	if (!page || PageReserved(page))
		return NULL;
	folio = page_folio(page);
	if (!folio_try_get(folio))
		return NULL;
	if (page_folio(page) != folio || (faulty && !is_users(folio))) {
		folio_put(folio);
		return NULL;
	}
	if (!faulty && !folio_maybe_dma_pinned(folio))
		iommu->strays++;
	*addr = page_address(page) + offset_in_page(phys);
	return folio;
}

/* What a report of a fault names */
static void say_origin(struct swiommu_device *dev, u32 pasid, struct swiommu_dma *arg)
{
	struct ioasid_dma_origin origin;

	if (!pasid || ioasid_pasid_origin(&dev->pdev->dev, pasid, &origin))
		return;
	arg->fault_ioasid = origin.ioasid;
	arg->fault_pasid = origin.vpasid;
	arg->fault_cookie = origin.cookie;
}

/* The PASID that a page of it carries now. Return: may it go on? */
static bool wire_pasid(const struct dma *dma, u32 *pasid)
{
	struct swiommu_device *dev = dma->dev;

	if (dma->work) {
		*pasid = dma->work->pasid;
		return !dma->work->ended;
	}
	if (dev->parent)
		return swiommu_mediated_ppasid(dev, dma->arg->pasid, pasid);
	*pasid = dma->arg->pasid;
	return true;
}

/* Within a page of the IOMMU's. Return: 0, enum swiommu_fault, or an errno */
static int move_page(struct dma *dma, u64 iova, void *buffer, size_t size,
		     unsigned int want)
{
	struct swiommu_device *dev = dma->dev, *engine = dev->parent ?: dev;
	struct swiommu_dma *arg = dma->arg;
	struct folio *folio = NULL;
	unsigned int prot = 0;
	phys_addr_t phys;
	void *memory;
	u32 pasid = 0;
	int ret;

	spin_lock(&dev->iommu->lock);
	if (dev->user != dma->file) {
		ret = -EINVAL;
		goto unlock;
	}
	if (!wire_pasid(dma, &pasid)) {
		pasid = 0;
		ret = SWIOMMU_FAULT_BLOCKED;
		goto unlock;
	}
	ret = translate(engine, pasid, iova, want, &phys, &prot);
	if (ret)
		goto unlock;
	folio = get_memory(dev->iommu, phys, &memory);
	if (!folio) {
		ret = SWIOMMU_FAULT_NO_MEMORY;
		goto unlock;
	}
	if (want == SWIOMMU_WRITE)
		memcpy(memory, buffer, size);
	else
		memcpy(buffer, memory, size);
	if ((arg->flags & SWIOMMU_DMA_NO_SNOOP) && !(prot & SWIOMMU_SNOOP))
		arg->flags &= ~SWIOMMU_DMA_SNOOPED;
unlock:
	if (ret > 0)
		say_origin(engine, pasid, arg);
	spin_unlock(&dev->iommu->lock);
	if (folio)
		folio_put(folio);
	return ret;
}

/* What has come by a portal has nobody who would wait */
static bool can_ask(const struct dma *dma, int fault)
{
	return (dma->dev->flags & SWIOMMU_DEVICE_FAULTS) && !dma->work &&
	       (fault == SWIOMMU_FAULT_NOT_MAPPED || fault == SWIOMMU_FAULT_PERMISSION);
}

/* The same; asks for the page if it is not there and the device can */
static int move_page_or_ask(struct dma *dma, u64 iova, void *buffer, size_t size,
			    unsigned int want)
{
	struct swiommu_device *dev = dma->dev;
	int tries = 0, ret, asked;

	if (dev->type == IOASID_DEVICE_MEDIATED)
		return swiommu_mediated_move(dev, dma->file, iova, buffer, size, want);
	for (;;) {
		ret = move_page(dma, iova, buffer, size, want);
		if (!can_ask(dma, ret) || ++tries > REQUESTS_MAX)
			return ret;
		asked = swiommu_fault_ask(dev, dma->file, dma->arg->pasid, iova, want);
		if (asked <= 0)
			return asked ?: ret;
	}
}

/* Bytes moved, fewer if it faults, or an errno */
static ssize_t move(struct dma *dma, u64 iova, void *buffer, size_t size,
		    unsigned int want)
{
	size_t done, n;
	int ret;

	for (done = 0; done < size; done += n) {
		n = min(size - done, SWIOMMU_PAGE_SIZE -
			((iova + done) & (SWIOMMU_PAGE_SIZE - 1)));
		ret = move_page_or_ask(dma, iova + done, buffer + done, n, want);
		if (ret < 0)
			return ret;
		if (ret) {
			dma->arg->fault = ret;
			dma->arg->fault_addr = iova + done;
			break;
		}
	}
	return done;
}

/* Bytes moved of @size from where it got to so far on, or an errno */
static ssize_t move_piece(struct dma *dma, void *buffer, size_t size)
{
	struct swiommu_dma *arg = dma->arg;
	void __user *data = u64_to_user_ptr(arg->data + arg->done);
	ssize_t ret = size;

	if (arg->op == SWIOMMU_DMA_WRITE) {
		if (copy_from_user(buffer, data, size))
			return -EFAULT;
	} else {
		ret = move(dma, (arg->op == SWIOMMU_DMA_COPY ? arg->src : arg->iova) +
			   arg->done, buffer, size, SWIOMMU_READ);
	}
	if (ret <= 0)
		return ret;
	if (arg->op == SWIOMMU_DMA_READ)
		return copy_to_user(data, buffer, ret) ? -EFAULT : ret;
	/* Copying: what was read before a fault is written */
	return move(dma, arg->iova + arg->done, buffer, ret, SWIOMMU_WRITE);
}

/**
 * swiommu_dma() - have a device do DMA
 * @dev: the device
 * @file: the file through which it is asked for
 * @arg: what to do, checked; and the answer
 * @work: with what it came by the device's portal, or NULL
 *
 * Context: process. Sleeps for as long as the caller's memory lets it, killably.
 * Return: 0, or -EINVAL, -EFAULT, -EINTR, -ENOMEM as SWIOMMU_DMA says.
 */
long swiommu_dma(struct swiommu_device *dev, struct file *file,
		 struct swiommu_dma *arg, const struct swiommu_work *work)
{
	struct dma dma = { .dev = dev, .file = file, .arg = arg, .work = work };
	void *buffer;
	ssize_t ret = 0;

	arg->flags |= SWIOMMU_DMA_SNOOPED;
	arg->done = 0;
	arg->fault = SWIOMMU_FAULT_NONE;
	arg->fault_addr = 0;
	buffer = kvmalloc(clamp(arg->length, 1ULL, BUFFER_SIZE), GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return -ENOMEM;
	while (arg->done < arg->length && !arg->fault) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		ret = move_piece(&dma, buffer, min(arg->length - arg->done, BUFFER_SIZE));
		if (ret < 0)
			break;
		arg->done += ret;
		cond_resched();
	}
	/* One of a page that came after all is none */
	if (!arg->fault)
		arg->fault_ioasid = arg->fault_pasid = arg->fault_cookie = 0;
	kvfree(buffer);
	return ret < 0 ? ret : 0;
}
