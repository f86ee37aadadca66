// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMUs of no vendor in particular (virtio-iommu, for one), and what the
 * vendors' shims have in common: the kernel's own domain operations.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "shim/domains.h"
#include "shim/generic.h"
#include "shim/ids.h"
#include "shim/msi.h"

struct iommu_domain *ioasid_generic_domain_alloc(struct device *dev,
						 const struct ioasid_route *route,
						 unsigned int flags)
{
	return ioasid_ids_domain_alloc(dev, route, flags, NULL, 0);
}

void ioasid_generic_domain_free(struct iommu_domain *domain)
{
	struct ioasid_charge charge = ioasid_ids_forget(domain);

	ioasid_msi_domain_exit(domain);
	iommu_domain_free(domain);
	ioasid_uncharge(&charge);
}

static void route_block(struct ioasid_route *route)
{
	if (!route->domain)
		return;
	kc_group_detach(route->group, route->domain);
	route->domain = NULL;
}

static int route_attach_one(struct ioasid_route *route, struct iommu_domain *domain)
{
	int ret = kc_group_attach(route->group, route->domain, domain, &route->attach);

	if (!ret)
		route->domain = domain;
	else
		route->refused = true;
	return ret;
}

/*
 * Where the kernel replaces a group's domain it goes from the old one to the
 * new one; elsewhere the way leads through its blocked state. On error the old
 * domain is ours to put back, whatever the error: drivers may block the device
 * before they refuse, and not every kernel goes back by itself. That too leads
 * through the blocked state, for attaching what the kernel believes to be attached
 * does nothing.
 */
static int route_attach(struct ioasid_route *route, struct iommu_domain *domain)
{
	struct iommu_domain *old = route->domain;
	int ret;

	if (old == domain)
		return 0;
	ioasid_change_begin();
	if (!KC_GROUP_REPLACE)
		route_block(route);
	ret = route_attach_one(route, domain);
	if (ret && old) {
		route_block(route);
		route_attach_one(route, old);
	}
	ioasid_change_end();
	return ret;
}

int ioasid_generic_attach(struct ioasid_route *route, struct iommu_domain *domain)
{
	struct iommu_domain *old = route->domain;
	int ret, error;

	route->refused = false;
	if (route->pasid)
		return ioasid_generic_pasid_attach(route, domain);
	if (old == domain)
		return 0;
	ret = ioasid_msi_prepare(route, domain);
	if (ret)
		return ret;
	ret = route_attach(route, domain);
	error = ioasid_msi_finish(route, old);
	if (ret || !error)
		return ret;

	/* Interrupts would be lost */
	if (old && !route_attach(route, old)) {
		ioasid_msi_finish(route, domain);
	} else {
		route->refused = true;
		ioasid_generic_block(route);
	}
	return error;
}

void ioasid_generic_block(struct ioasid_route *route)
{
	struct iommu_domain *old = route->domain;

	if (route->pasid) {
		ioasid_generic_pasid_block(route);
		return;
	}
	ioasid_change_begin();
	route_block(route);
	ioasid_change_end();
	ioasid_msi_finish(route, old);
}

/**
 * ioasid_rid_claim() - take the DMA of a group's devices from the kernel
 * @route: the group's RIDs; blocked by the kernel's own means afterwards
 * @owner: of the DMA
 *
 * Return: 0; -EPERM if somebody else has it, a driver of the host for one, -EBUSY
 * if it is attached to something that has not claimed it; -ENOMEM, -EINVAL.
 */
int ioasid_rid_claim(struct ioasid_route *route, void *owner)
{
	int ret;

	ioasid_change_begin();
	ret = iommu_group_claim_dma_owner(route->group, owner);
	ioasid_change_end();
	return ret;
}

/**
 * ioasid_rid_release() - give it back
 * @route: the group's RIDs, with nothing attached
 */
void ioasid_rid_release(struct ioasid_route *route)
{
	ioasid_change_begin();
	iommu_group_release_dma_owner(route->group);
	ioasid_change_end();
}

/*
 * VT-d's driver leaves behind what it had mapped when it ran out of memory for a
 * table, and the kernel does not know. It maps upwards, so that is all there is
 * from the beginning on. What the kernel has undone it may have flushed while it was
 * taking a device away, which was not reached: so once more, and without such a change.
 */
static noinline void take_back(struct iommu_domain *domain, u64 iova, size_t size)
{
	size_t done = 0, unmapped;

	if (!KC_MAP_WALKS_IOMMUS)
		ioasid_domains_use();
	while (done < size && iommu_iova_to_phys(domain, iova + done)) {
		unmapped = iommu_unmap(domain, iova + done, PAGE_SIZE);
		/* virtio-iommu's driver, of what an earlier unmap has left */
		if (!unmapped)
			break;
		done += unmapped;
		cond_resched();
	}
	iommu_flush_iotlb_all(domain);
	if (!KC_MAP_WALKS_IOMMUS)
		ioasid_domains_unuse();
}

int ioasid_generic_map(struct iommu_domain *domain, u64 iova, phys_addr_t paddr,
		       size_t size, int prot)
{
	int ret;

	if (KC_MAP_WALKS_IOMMUS)
		ioasid_domains_use();
	ret = kc_iommu_map(domain, iova, paddr, size, prot);
	if (unlikely(ret))
		take_back(domain, iova, size);
	if (KC_MAP_WALKS_IOMMUS)
		ioasid_domains_unuse();
	/* No other error of a driver's is one of ours */
	return likely(!ret) || ret == -ENOMEM ? ret : -EFAULT;
}

size_t ioasid_generic_unmap(struct iommu_domain *domain, u64 iova, size_t size,
			    struct ioasid_gather *gather)
{
	ioasid_gather_open(gather);
	return iommu_unmap_fast(domain, iova, size, &gather->iotlb);
}

void ioasid_generic_flush(struct iommu_domain *domain,
			  struct ioasid_gather *gather)
{
	iommu_iotlb_sync(domain, &gather->iotlb);
	ioasid_gather_close(gather);
}

void ioasid_generic_flush_all(struct iommu_domain *domain)
{
	iommu_flush_iotlb_all(domain);
}

phys_addr_t ioasid_generic_iova_to_phys(struct iommu_domain *domain, u64 iova)
{
	return iommu_iova_to_phys(domain, iova);
}

u64 ioasid_generic_pgsizes(struct iommu_domain *domain)
{
	return domain->pgsize_bitmap;
}

struct ioasid_range ioasid_generic_aperture(struct device *dev,
					    struct iommu_domain *domain)
{
	return (struct ioasid_range) {
		.start = domain->geometry.aperture_start,
		.last = domain->geometry.aperture_end,
	};
}

bool ioasid_generic_can_enforce_snoop(struct device *dev,
				      struct iommu_domain *attached)
{
	return kc_can_enforce_snoop(dev, attached);
}

bool ioasid_generic_enforce_snoop(struct iommu_domain *domain)
{
	return domain->ops->enforce_cache_coherency &&
	       domain->ops->enforce_cache_coherency(domain);
}

int ioasid_generic_hw_info(struct device *dev, struct ioasid_cap_hw *hw)
{
	return -ENODATA;
}

/**
 * ioasid_shim_sysfs() - a number that an IOMMU driver shows in sysfs
 * @iommu: the IOMMU's own device
 * @group: name of the attribute group of it
 * @name: name of the attribute
 * @base: of the number that it is
 * @value: the number
 *
 * The drivers' own structures are private, and the hw_info operation is not
 * there on every kernel; what a driver shows to everybody is.
 *
 * Return: 0, or -ENODATA if it is not shown or not a number.
 */
int ioasid_shim_sysfs(struct device *iommu, const char *group, const char *name,
		      unsigned int base, u64 *value)
{
	const struct attribute_group *const *groups;
	struct attribute *const *attrs;
	struct device_attribute *show;
	ssize_t len;
	char *page;
	int ret;

	for (groups = iommu->groups; groups && *groups; groups++)
		if ((*groups)->name && !strcmp((*groups)->name, group))
			break;
	if (!groups || !*groups || !(*groups)->attrs)
		return -ENODATA;
	for (attrs = (*groups)->attrs; *attrs; attrs++)
		if (!strcmp((*attrs)->name, name))
			break;
	if (!*attrs)
		return -ENODATA;

	page = (char *)__get_free_page(GFP_KERNEL | __GFP_NOFAIL);
	show = container_of(*attrs, struct device_attribute, attr);
	len = show->show ? show->show(iommu, show, page) : -EIO;
	ret = -ENODATA;
	if (len > 0 && len < PAGE_SIZE) {
		page[len] = '\0';
		/* AMD's driver shows a second register after a colon */
		page[strcspn(page, ":\n")] = '\0';
		ret = kstrtou64(page, base, value) ? -ENODATA : 0;
	}
	free_page((unsigned long)page);
	return ret;
}

/*
 * Where the kernel keeps a group's old domain when the driver fails to block it, and does not
 * say so, that domain would be freed in use.
 */
static struct iommu_domain *other_domain_alloc(struct device *dev,
					       const struct ioasid_route *route,
					       unsigned int flags)
{
	return KC_GROUP_REPLACE ? ioasid_generic_domain_alloc(dev, route, flags) :
				  ERR_PTR(-EOPNOTSUPP);
}

const struct ioasid_shim ioasid_shim_generic = {
	.vendor = IOASID_IOMMU_OTHER,
	.prefix = "",
	/* virtio-iommu */
	.miscounts = true,
	.unmap = ioasid_generic_unmap,
	.flush = ioasid_generic_flush,
	.aperture = ioasid_generic_aperture,
	.hw_info = ioasid_generic_hw_info,
	IOASID_GENERIC_ATTACH,
	.domain_alloc = other_domain_alloc,
	.domain_free = ioasid_generic_domain_free,
	IOASID_GENERIC_MAY_JOIN,
	IOASID_GENERIC_OPS,
};
