// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOMMUs as the kernel's IOMMU core sees them: which there are, registration, and the
 * operations of IOMMUs and domains.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fwnode.h>
#include <linux/idr.h>
#include <linux/slab.h>

#include "compat/driver_compat.h"
#include "swiommu/cache.h"
#include "swiommu/device.h"
#include "swiommu/domain.h"
#include "swiommu/fault.h"
#include "swiommu/iommu.h"
#include "swiommu/pgtable.h"
#include "swiommu/swiommu.h"

static struct swiommu all[SWIOMMU_MAX_IOMMUS];

/* As far as they are registered */
static unsigned int nr;

/**
 * swiommu_by_index() - an IOMMU
 * @index: its number, from 0 on
 *
 * Return: the IOMMU, or NULL if there is none with that number.
 */
struct swiommu *swiommu_by_index(u32 index)
{
	return index < nr ? &all[index] : NULL;
}

/**
 * swiommu_count() - how many IOMMUs there are
 */
unsigned int swiommu_count(void)
{
	return nr;
}

static struct swiommu_domain *to_swiommu_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct swiommu_domain, domain);
}

/* ---------------------------------------------------------------- domains */

static int map_pages(struct iommu_domain *domain, unsigned long iova,
		     phys_addr_t paddr, size_t pgsize, size_t pgcount, int prot,
		     gfp_t gfp, size_t *mapped)
{
	struct swiommu_domain *sdomain = to_swiommu_domain(domain);
	struct swiommu *iommu = swiommu_domain_iommu(sdomain);
	unsigned int bits = 0;

	if (!iommu)
		return -ENODEV;
	if (iova + (pgsize * pgcount - 1) < iova ||
	    iova + (pgsize * pgcount - 1) > domain->geometry.aperture_end)
		return -ERANGE;
	if (prot & IOMMU_READ)
		bits |= SWIOMMU_READ;
	if (prot & IOMMU_WRITE)
		bits |= SWIOMMU_WRITE;
	if (!bits)
		return -EINVAL;
	if (sdomain->snoop)
		bits |= SWIOMMU_SNOOP;
	return swiommu_pgtable_map(sdomain->pgtable, iova, paddr, pgsize, pgcount,
				   bits, gfp, mapped);
}

static size_t unmap_pages(struct iommu_domain *domain, unsigned long iova,
			  size_t pgsize, size_t pgcount,
			  struct iommu_iotlb_gather *gather)
{
	struct swiommu_domain *sdomain = to_swiommu_domain(domain);
	struct swiommu *iommu = swiommu_domain_iommu(sdomain);
	size_t unmapped;

	if (!iommu)
		return 0;
	unmapped = swiommu_pgtable_unmap(sdomain->pgtable, iova, pgsize, pgcount, iommu);
	/* Nothing is cached that is not mapped, so a gap costs nothing */
	if (unmapped)
		iommu_iotlb_gather_add_range(gather, iova, unmapped);
	return unmapped;
}

static void flush_iotlb_all(struct iommu_domain *domain)
{
	swiommu_domain_flush(to_swiommu_domain(domain), 0, U64_MAX);
}

static void iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	if (gather->start <= gather->end)
		swiommu_domain_flush(to_swiommu_domain(domain), gather->start,
				     gather->end);
}

static phys_addr_t iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	struct swiommu_domain *sdomain = to_swiommu_domain(domain);
	phys_addr_t phys = 0;
	unsigned int prot;
	bool found;

	if (!swiommu_domain_iommu(sdomain) || iova > domain->geometry.aperture_end)
		return 0;
	spin_lock(&sdomain->pgtable->lock);
	found = swiommu_pgtable_walk(sdomain->pgtable, iova, &phys, &prot);
	spin_unlock(&sdomain->pgtable->lock);
	return found ? phys : 0;
}

static bool enforce_cache_coherency(struct iommu_domain *domain)
{
	struct swiommu_domain *sdomain = to_swiommu_domain(domain);
	struct swiommu *iommu = swiommu_domain_iommu(sdomain);

	if (!iommu || !iommu->snoop)
		return false;
	sdomain->snoop = true;
	return true;
}

static void domain_free(struct iommu_domain *domain)
{
	swiommu_domain_free(to_swiommu_domain(domain));
}

/* Not every kernel looks whether there is a function */
static void static_domain_free(struct iommu_domain *domain)
{
}

static int set_context(struct iommu_domain *domain, struct device *dev, u32 pasid)
{
	struct swiommu_device *sdev = dev_iommu_priv_get(dev);
	struct swiommu_domain *sdomain;
	int ret;

	if (domain->type == IOMMU_DOMAIN_BLOCKED)
		return swiommu_context_set(sdev, pasid, NULL, NULL);
	if (domain->type == IOMMU_DOMAIN_IDENTITY)
		return swiommu_context_set(sdev, pasid, NULL, &swiommu_identity);
	sdomain = to_swiommu_domain(domain);
	ret = swiommu_domain_finalize(sdomain, sdev->iommu);
	if (ret)
		return ret;
	return swiommu_context_set(sdev, pasid, sdomain, sdomain->pgtable);
}

/**
 * swiommu_attach() - put a domain behind a device
 * @domain: one of ours
 * @dev: the device
 *
 * In one step: DMA sees the old one or the new one.
 *
 * Return: 0, -EINVAL if it is another IOMMU's, -ENOMEM.
 */
static int swiommu_attach(struct iommu_domain *domain, struct device *dev)
{
	return set_context(domain, dev, 0);
}

/**
 * swiommu_remove_pasid() - take away what is behind a PASID of a device
 * @dev: the device
 * @pasid: the PASID
 */
static void swiommu_remove_pasid(struct device *dev, u32 pasid)
{
	swiommu_context_clear(dev_iommu_priv_get(dev), pasid);
}

/**
 * swiommu_set_pasid() - put a domain behind a PASID of a device
 * @domain: one of ours; the blocked one takes away what is there
 * @dev: the device
 * @pasid: the PASID
 *
 * In one step too. Return: 0, -EINVAL if it is another IOMMU's, -ENOMEM.
 */
static __maybe_unused int swiommu_set_pasid(struct iommu_domain *domain, struct device *dev, u32 pasid)
{
	if (domain->type != IOMMU_DOMAIN_BLOCKED)
		return set_context(domain, dev, pasid);
	swiommu_remove_pasid(dev, pasid);
	return 0;
}

KC_DRIVER_DEFINE_ATTACH(swiommu_attach)
KC_DRIVER_DEFINE_SET_PASID(swiommu_set_pasid)
KC_DRIVER_DEFINE_REMOVE_PASID(swiommu_remove_pasid)

static const struct iommu_domain_ops paging_ops = {
	KC_DRIVER_ATTACH(swiommu_attach)
	KC_DRIVER_SET_PASID(swiommu_set_pasid)
	.map_pages		= map_pages,
	.unmap_pages		= unmap_pages,
	.flush_iotlb_all	= flush_iotlb_all,
	.iotlb_sync		= iotlb_sync,
	.iova_to_phys		= iova_to_phys,
	.enforce_cache_coherency = enforce_cache_coherency,
	.free			= domain_free,
};

static const struct iommu_domain_ops static_ops = {
	KC_DRIVER_ATTACH(swiommu_attach)
	KC_DRIVER_SET_PASID(swiommu_set_pasid)
	.free			= static_domain_free,
};

static struct iommu_domain swiommu_identity_domain = {
	.type	= IOMMU_DOMAIN_IDENTITY,
	.ops	= &static_ops,
};

static struct iommu_domain swiommu_blocked_domain = {
	.type	= IOMMU_DOMAIN_BLOCKED,
	.ops	= &static_ops,
};

/**
 * swiommu_paging_domain() - make a paging domain for a device
 * @dev: the device
 *
 * Return: the domain, complete, or an ERR_PTR().
 */
static __maybe_unused struct iommu_domain *swiommu_paging_domain(struct device *dev)
{
	struct swiommu_device *sdev = dev_iommu_priv_get(dev);
	struct swiommu_domain *domain = swiommu_domain_alloc();
	int ret;

	if (!domain)
		return ERR_PTR(-ENOMEM);
	ret = swiommu_domain_finalize(domain, sdev->iommu);
	if (ret) {
		swiommu_domain_free(domain);
		return ERR_PTR(ret);
	}
	domain->domain.ops = &paging_ops;
	return &domain->domain;
}

/**
 * swiommu_domain_of_type() - make a domain where the kernel does not say for what
 * device
 * @type: IOMMU_DOMAIN_*
 *
 * Return: the domain, a paging one to be completed when it is attached, or NULL.
 */
static __maybe_unused struct iommu_domain *swiommu_domain_of_type(unsigned int type)
{
	struct swiommu_domain *domain;

	if (type == IOMMU_DOMAIN_IDENTITY)
		return &swiommu_identity_domain;
	if (type == IOMMU_DOMAIN_BLOCKED)
		return &swiommu_blocked_domain;
	if (!(type & __IOMMU_DOMAIN_PAGING))
		return NULL;
	domain = swiommu_domain_alloc();
	if (!domain)
		return NULL;
	/* The kernel wants some until then */
	domain->domain.pgsize_bitmap = PAGE_SIZE;
	domain->domain.ops = &paging_ops;
	return &domain->domain;
}

KC_DRIVER_DEFINE_ALLOC(swiommu_paging_domain, swiommu_domain_of_type)

/* ----------------------------------------------------------------- IOMMUs */

static bool capable_of(struct device *dev, enum iommu_cap cap)
{
	struct swiommu_device *sdev = dev_iommu_priv_get(dev);

	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
	KC_DRIVER_CAP_INTR_REMAP
		return true;
	KC_DRIVER_CAP_SNOOP
		return sdev->iommu->snoop;
	default:
		return false;
	}
}

/* Some kernels ask every driver for every device of the machine */
static struct iommu_device *probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct swiommu_device *sdev;
	unsigned int i;

	for (i = 0; fwspec && i < swiommu_count(); i++) {
		struct swiommu *iommu = swiommu_by_index(i);

		if (fwspec->iommu_fwnode != &iommu->fwnode)
			continue;
		sdev = *(struct swiommu_device **)dev_get_platdata(dev);
		dev_iommu_priv_set(dev, sdev);
		return &iommu->core;
	}
	return ERR_PTR(-ENODEV);
}

static void release_device(struct device *dev)
{
	struct swiommu_device *sdev = dev_iommu_priv_get(dev);

	swiommu_context_release(sdev);
	swiommu_device_ungroup(sdev);
}

static struct iommu_group *device_group(struct device *dev)
{
	return swiommu_device_group(dev_iommu_priv_get(dev));
}

static void get_resv_regions(struct device *dev, struct list_head *regions)
{
	struct swiommu_device *sdev = dev_iommu_priv_get(dev);
	struct iommu_resv_region *region;

	if (!sdev->reserved.last)
		return;
	region = iommu_alloc_resv_region(sdev->reserved.start,
					 sdev->reserved.last - sdev->reserved.start + 1,
					 0, IOMMU_RESV_RESERVED, GFP_KERNEL);
	if (region)
		list_add_tail(&region->list, regions);
}

/* The kernel takes no domain for itself with pages larger than its own */
static int def_domain_type(struct device *dev)
{
	struct swiommu *iommu = ((struct swiommu_device *)dev_iommu_priv_get(dev))->iommu;

	if (iommu->passthrough || 1UL << __ffs(iommu->pgsizes) > PAGE_SIZE)
		return IOMMU_DOMAIN_IDENTITY;
	return 0;
}

KC_DRIVER_DEFINE_PAGE_RESPONSE(swiommu_fault_answer)

const struct iommu_ops swiommu_ops = {
	KC_DRIVER_ALLOC(swiommu_paging_domain)
	KC_DRIVER_REMOVE_PASID(swiommu_remove_pasid)
	KC_DRIVER_STATIC_DOMAINS(swiommu_identity_domain, swiommu_blocked_domain)
	KC_DRIVER_PAGE_RESPONSE(swiommu_fault_answer)
	.capable		= capable_of,
	.probe_device		= probe_device,
	.release_device		= release_device,
	.device_group		= device_group,
	.def_domain_type	= def_domain_type,
	.get_resv_regions	= get_resv_regions,
	.default_domain_ops	= &paging_ops,
	.owner			= THIS_MODULE,
};

/* There is nothing in it: it is the address that says which IOMMU is meant */
static const struct fwnode_operations fwnode_ops = {
};

/**
 * swiommu_register() - bring the next IOMMU to life
 * @options: how it is to be
 *
 * Return: 0, -EBUSY if the kernel takes one kind of IOMMU only and has one, or
 * another errno.
 */
int swiommu_register(const struct swiommu_options *options)
{
	struct swiommu *iommu = &all[nr];
	int ret;

	iommu->index = nr;
	iommu->addr_width = options->addr_width;
	iommu->pasid_width = options->pasid_width;
	iommu->pgsizes = options->pgsizes;
	iommu->snoop = options->snoop;
	iommu->passthrough = options->passthrough;
	spin_lock_init(&iommu->lock);
	ida_init(&iommu->dids);
	ret = swiommu_cache_init(&iommu->iotlb, SWIOMMU_IOTLB_ENTRIES, &iommu->drop_iotlb);
	if (ret)
		return ret;
	ret = swiommu_cache_init(&iommu->pasid_cache, SWIOMMU_PASID_CACHE_ENTRIES,
				 &iommu->drop_pasid_cache);
	if (ret)
		goto destroy;

	fwnode_init(&iommu->fwnode, &fwnode_ops);
	iommu->core.fwnode = &iommu->fwnode;
	iommu->core.max_pasids = iommu->pasid_width ? 1U << iommu->pasid_width : 0;
	ret = kc_driver_requests_add(&iommu->requests, "swiommu");
	if (ret)
		goto destroy;
	ret = iommu_device_sysfs_add(&iommu->core, NULL, NULL, "swiommu%u",
				     iommu->index);
	if (ret)
		goto requests;
	ret = iommu_device_register(&iommu->core, &swiommu_ops, NULL);
	if (ret)
		goto sysfs;
	nr++;
	return 0;

sysfs:
	iommu_device_sysfs_remove(&iommu->core);
requests:
	kc_driver_requests_remove(iommu->requests);
destroy:
	swiommu_cache_destroy(&iommu->pasid_cache);
	swiommu_cache_destroy(&iommu->iotlb);
	ida_destroy(&iommu->dids);
	return ret;
}

/* With no device behind it */
static void swiommu_unregister(struct swiommu *iommu)
{
	iommu_device_unregister(&iommu->core);
	iommu_device_sysfs_remove(&iommu->core);
	kc_driver_requests_remove(iommu->requests);
	swiommu_pasid_cache_empty(iommu);
	swiommu_cache_destroy(&iommu->pasid_cache);
	swiommu_cache_destroy(&iommu->iotlb);
	WARN_ON(!ida_is_empty(&iommu->dids));
	ida_destroy(&iommu->dids);
}

/**
 * swiommu_unregister_all() - take the IOMMUs away, with no device behind them
 */
void swiommu_unregister_all(void)
{
	while (nr)
		swiommu_unregister(&all[--nr]);
}
