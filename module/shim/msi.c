// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts behind IOMMUs that translate them like any other DMA, as Arm's do.
 *
 * When an interrupt is set up the kernel maps the page that it is to be written
 * to in the domain that is attached then (iommu_dma_prepare_msi()), in a window
 * that the IOMMU's driver keeps free for that, and the device is given the
 * address there. That stays so for as long as the interrupt does, whatever is
 * attached meanwhile. So before a device goes to another domain what its
 * interrupts are written to is mapped there too, at the same addresses.
 *
 * In each domain the kernel takes one page after the other from where it was told
 * to begin (iommu_get_msi_cookie()), whatever is mapped there, and it cannot be
 * told of what has been mapped for it. Therefore domains begin at different
 * slices of the window: those that hold nothing else, which are never shared, at
 * the first one, the others in turn at one that no interrupt of their first
 * device uses. A device that comes later and brings a page in its domain's slice
 * needs another domain.
 *
 * Users cannot map in the window, which is reserved, and what is mapped there
 * goes with the domain.
 */
#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include "shim/msi.h"

#define SLICES		16

/* An entry for each domain with such a window, by its address: the slice, and */
#define SLICE_MASK	(SLICES - 1)
/* it has been attached, and so can be mapped into on every kernel */
#define ATTACHED	SLICES

static DEFINE_XARRAY(domains);

static struct ioasid_range slice_range(const struct ioasid_route *route,
				       unsigned int slice)
{
	u64 size = (route->msi.last - route->msi.start + 1) / SLICES;

	return (struct ioasid_range) {
		.start = route->msi.start + slice * size,
		.last = route->msi.start + slice * size + (size - 1),
	};
}

/* Has the group's IOMMU a window, and one that is large enough? */
static bool has_window(const struct ioasid_route *route)
{
	return KC_SW_MSI && route->msi.last &&
	       route->msi.last - route->msi.start >= SLICES * PAGE_SIZE - 1;
}

/**
 * struct device_walk - looking for the device behind another one in a group
 * @after: that one, or NULL
 * @passed: it has been seen
 * @next: the device, held
 */
struct device_walk {
	struct device *after;
	bool passed;
	struct device *next;
};

static int find_device(struct device *dev, void *data)
{
	struct device_walk *walk = data;

	if (walk->passed) {
		walk->next = get_device(dev);
		return 1;
	}
	walk->passed = dev == walk->after;
	return 0;
}

/*
 * The next device of a group, or NULL. The group's own lock is held by whoever
 * sets up an interrupt, inside that of the device's interrupts, so one cannot be
 * taken in the other order. If @dev has gone meanwhile it begins anew.
 */
static struct device *next_device(const struct ioasid_route *route, struct device *dev)
{
	struct device_walk walk;

	for (;;) {
		walk.after = dev;
		walk.passed = !dev;
		walk.next = NULL;
		iommu_group_for_each_dev(route->group, &walk, find_device);
		put_device(dev);
		if (walk.passed)
			return walk.next;
		dev = NULL;
	}
}

/* Devices whose driver stays: those that are bound */
static LIST_HEAD(bound_devices);
static DEFINE_MUTEX(bound_lock);

/**
 * ioasid_msi_bind() - the driver of a device stays for as long as it is bound
 * @bound: the binding's
 * @dev: the device
 */
void ioasid_msi_bind(struct ioasid_msi_bound *bound, struct device *dev)
{
	bound->dev = dev;
	mutex_lock(&bound_lock);
	list_add(&bound->node, &bound_devices);
	mutex_unlock(&bound_lock);
}

/**
 * ioasid_msi_unbind() - undo ioasid_msi_bind()
 * @bound: the binding's
 */
void ioasid_msi_unbind(struct ioasid_msi_bound *bound)
{
	mutex_lock(&bound_lock);
	list_del(&bound->node);
	mutex_unlock(&bound_lock);
}

static bool is_bound(const struct device *dev)
{
	const struct ioasid_msi_bound *bound;

	list_for_each_entry(bound, &bound_devices, node)
		if (bound->dev == dev)
			return true;
	return false;
}

/* walk_pages() for one device; @error is that of those before it, or 0 */
static int walk_device(const struct ioasid_route *route, struct device *dev, int error,
		       int (*fn)(u64 iova, void *data), void *data)
{
	struct msi_desc *desc;
	u64 iova;

	if (!kc_msi_lock(dev))
		return error;
	kc_for_each_msi(desc, dev) {
		iova = kc_msi_iova(desc);
		if (!error && iova >= route->msi.start && iova <= route->msi.last)
			error = fn(iova, data);
	}
	kc_msi_unlock(dev);
	return error;
}

/*
 * Call a function for each page of the window that an interrupt of the group is
 * written to; stops at an error. When it returns everybody has ended who began to
 * set up an interrupt before it was called, and with him the use of a domain that
 * is not attached any more.
 *
 * What a device has of interrupts goes with its driver. That of a bound device stays;
 * another one's is kept by the device's lock, which is not waited for: a driver that is
 * going away may be waiting for our caller's user.
 */
static int walk_pages(const struct ioasid_route *route,
		      int (*fn)(u64 iova, void *data), void *data)
{
	struct device *dev = NULL;
	int ret = 0;

	while ((dev = next_device(route, dev))) {
		mutex_lock(&bound_lock);
		if (is_bound(dev)) {
			ret = walk_device(route, dev, ret, fn, data);
			mutex_unlock(&bound_lock);
			continue;
		}
		mutex_unlock(&bound_lock);
		if (device_trylock(dev)) {
			ret = walk_device(route, dev, ret, fn, data);
			device_unlock(dev);
		}
	}
	return ret;
}

struct slices_used {
	const struct ioasid_route *route;
	unsigned long map;
};

static int use_slice(u64 iova, void *data)
{
	struct slices_used *used = data;
	u64 size = (used->route->msi.last - used->route->msi.start + 1) / SLICES;

	used->map |= BIT((iova - used->route->msi.start) / size);
	return 0;
}

/**
 * ioasid_msi_domain_init() - have the kernel map what interrupts are written to
 * @domain: a new domain
 * @route: RIDs of its first group
 * @empty: nothing else will be mapped
 *
 * Return: 0 or an error: -ENOMEM.
 */
int ioasid_msi_domain_init(struct iommu_domain *domain,
			   const struct ioasid_route *route, bool empty)
{
	static atomic_t turn;
	struct slices_used used = { .route = route };
	unsigned int slice = 0, i;
	int ret;

	if (!has_window(route))
		return 0;
	if (!empty) {
		walk_pages(route, use_slice, &used);
		for (i = 0; i < SLICES - 1; i++) {
			slice = 1 + (unsigned int)atomic_inc_return(&turn) % (SLICES - 1);
			if (!(used.map & BIT(slice)))
				break;
		}
	}
	ret = xa_err(xa_store(&domains, (unsigned long)domain, xa_mk_value(slice),
			      GFP_KERNEL_ACCOUNT));
	if (ret)
		return ret;
	ret = iommu_get_msi_cookie(domain, slice_range(route, slice).start);
	if (ret)
		ioasid_msi_domain_exit(domain);
	return ret;
}

/**
 * ioasid_msi_domain_exit() - the opposite of ioasid_msi_domain_init()
 * @domain: the domain
 */
void ioasid_msi_domain_exit(struct iommu_domain *domain)
{
	if (KC_SW_MSI)
		xa_erase(&domains, (unsigned long)domain);
}

/**
 * struct carry - what interrupts are written to, on its way to another domain
 * @from: where it is mapped
 * @to: where it is to be mapped
 * @slice: addresses that the kernel itself will map at in @to
 */
struct carry {
	struct iommu_domain *from;
	struct iommu_domain *to;
	struct ioasid_range slice;
};

static int carry_page(u64 iova, void *data)
{
	struct carry *carry = data;
	phys_addr_t phys = iommu_iova_to_phys(carry->from, iova);
	phys_addr_t there = iommu_iova_to_phys(carry->to, iova);

	if (!phys || phys == there)
		return 0;
	if (there || (iova >= carry->slice.start && iova <= carry->slice.last))
		return -EINVAL;
	return kc_iommu_map(carry->to, iova, phys, PAGE_SIZE,
			    IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO);
}

static int carry_pages(const struct ioasid_route *route, struct iommu_domain *from,
		       struct iommu_domain *to, unsigned int slice)
{
	struct carry carry = {
		.from = from, .to = to, .slice = slice_range(route, slice),
	};

	return walk_pages(route, carry_page, &carry);
}

static int no_page(u64 iova, void *data)
{
	return 0;
}

/**
 * ioasid_msi_prepare() - before a group goes from one domain to another
 * @route: its RIDs, still attached to the old one
 * @domain: the new one
 *
 * Return: 0 or an error: -EINVAL if interrupts of the group cannot be written to
 * what they are now in that domain, -ENOMEM.
 */
int ioasid_msi_prepare(const struct ioasid_route *route, struct iommu_domain *domain)
{
	unsigned long entry;
	void *value;

	if (!has_window(route))
		return 0;
	value = xa_load(&domains, (unsigned long)domain);
	/* Made for a PASID, which raises no interrupts */
	if (!value)
		return -EINVAL;
	entry = xa_to_value(value);
	/* Or else as soon as it is */
	if (!route->domain || !(entry & ATTACHED))
		return 0;
	return carry_pages(route, route->domain, domain, entry & SLICE_MASK);
}

/**
 * ioasid_msi_finish() - after a group has gone, or could not go, from one domain
 * to another
 * @route: its RIDs
 * @old: what was attached, or NULL
 *
 * Afterwards nobody uses @old to set up an interrupt, and what was set up there
 * in the meantime is in the new one too.
 *
 * Return: as ioasid_msi_prepare().
 */
int ioasid_msi_finish(const struct ioasid_route *route, struct iommu_domain *old)
{
	struct iommu_domain *domain = route->domain;
	unsigned long entry;
	void *value;

	if (!has_window(route))
		return 0;
	value = domain ? xa_load(&domains, (unsigned long)domain) : NULL;
	if (!value)
		return walk_pages(route, no_page, NULL);
	entry = xa_to_value(value);
	/* There is an entry, so that this needs no memory */
	if (!(entry & ATTACHED))
		xa_store(&domains, (unsigned long)domain,
			 xa_mk_value(entry | ATTACHED), GFP_KERNEL);
	if (!old || domain == old)
		return 0;
	return carry_pages(route, old, domain, entry & SLICE_MASK);
}
