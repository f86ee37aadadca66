// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: the security context of devices that their IOMMU cannot tell apart,
 * and what their DMA reaches from the first bind to the last unbind.
 */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/list_sort.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "attach/group.h"

static bool allow_unsafe_interrupts;
module_param(allow_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(allow_unsafe_interrupts,
		 "Allow devices without isolated MSI (interrupt remapping): their users can raise any interrupt (default: N)");

static DEFINE_MUTEX(groups_lock);
static LIST_HEAD(groups);

int ioasid_groups_lock(void)
{
	return mutex_lock_killable(&groups_lock);
}

/* For teardown, which cannot give up. Nothing under it waits for a user */
void ioasid_groups_lock_unkillable(void)
{
	mutex_lock(&groups_lock);
}

void ioasid_groups_unlock(void)
{
	mutex_unlock(&groups_lock);
}

static int count_device(struct device *dev, void *data)
{
	++*(unsigned int *)data;
	return 0;
}

/* Keep what DMA cannot use: all but what firmware may do without */
static int group_read_reserved(struct ioasid_group *group)
{
	struct iommu_resv_region *region, *next;
	unsigned int nr = 0;
	LIST_HEAD(regions);
	int ret;

	ret = iommu_get_group_resv_regions(group->iommu_group, &regions);
	if (ret)
		goto free;
	list_for_each_entry(region, &regions, list)
		nr++;
	group->reserved = kcalloc(nr, sizeof(*group->reserved),
				  GFP_KERNEL_ACCOUNT);
	if (!group->reserved) {
		ret = -ENOMEM;
		goto free;
	}
	list_for_each_entry(region, &regions, list) {
		struct ioasid_range *range = &group->reserved[group->nr_reserved];

		if (region->type == IOMMU_RESV_DIRECT_RELAXABLE || !region->length)
			continue;
		range->start = region->start;
		range->last = region->start + region->length - 1;
		group->nr_reserved++;
	}
free:
	list_for_each_entry_safe(region, next, &regions, list)
		kfree(region);
	return ret;
}

/* Put the empty domain behind a group that we own */
static int group_block(struct ioasid_group *group)
{
	const struct ioasid_shim *shim = group->shim;
	int ret;

	group->blocked = shim->domain_alloc(group->dev);
	if (IS_ERR(group->blocked))
		return PTR_ERR(group->blocked);
	ret = shim->attach(&group->rid, group->blocked);
	if (ret) {
		shim->domain_free(group->blocked);
		return ret;
	}
	/* Complete now */
	group->aperture = shim->aperture(group->dev, group->blocked);
	group->can_snoop = shim->can_enforce_snoop(group->dev, group->blocked);
	return 0;
}

static int group_open(struct ioasid_group *group)
{
	struct device *dev = group->dev;
	unsigned int nr = 0;
	int ret;

	iommu_group_for_each_dev(group->iommu_group, &nr, count_device);
	if (nr != 1)
		return -EOPNOTSUPP;
	if (!device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY))
		return -EINVAL;
	group->unsafe_msi = !kc_isolated_msi(group->iommu_group, dev);
	if (group->unsafe_msi && !READ_ONCE(allow_unsafe_interrupts)) {
		dev_warn_ratelimited(dev,
				     "no isolated MSI (interrupt remapping): not given to userspace unless ioasidfd has allow_unsafe_interrupts=1\n");
		return -EPERM;
	}
	ret = group_read_reserved(group);
	if (ret)
		goto free;
	/* EBUSY: the group is attached to something that has not claimed it */
	ret = iommu_group_claim_dma_owner(group->iommu_group, group);
	if (ret) {
		ret = ret == -EBUSY ? -EPERM : ret;
		goto free;
	}
	ret = group_block(group);
	if (ret)
		goto release;
	return 0;

release:
	iommu_group_release_dma_owner(group->iommu_group);
free:
	kfree(group->reserved);
	return ret;
}

/**
 * ioasid_group_get() - take a device's group for a user
 * @dev: the device
 * @owner: who opened it
 *
 * Context: groups_lock is held.
 * Return: the group, or an ERR_PTR(): -EPERM if it is somebody else's, -ENODEV
 * if there is no IOMMU, -EOPNOTSUPP, -EINVAL, -ENOMEM.
 */
struct ioasid_group *ioasid_group_get(struct device *dev, void *owner)
{
	struct iommu_group *iommu_group = iommu_group_get(dev);
	struct ioasid_group *group;
	int ret;

	lockdep_assert_held(&groups_lock);
	if (!iommu_group)
		return ERR_PTR(-ENODEV);
	list_for_each_entry(group, &groups, node) {
		if (group->iommu_group != iommu_group)
			continue;
		iommu_group_put(iommu_group);
		return group->owner == owner ? group : ERR_PTR(-EPERM);
	}

	ret = -ENODEV;
	if (!dev->iommu || !dev->iommu->iommu_dev)
		goto put;
	ret = -ENOMEM;
	group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		goto put;
	mutex_init(&group->lock);
	INIT_LIST_HEAD(&group->devices);
	group->iommu_group = iommu_group;
	group->rid.group = iommu_group;
	group->owner = owner;
	group->dev = dev;
	group->shim = ioasid_shim_of(dev);
	ret = group_open(group);
	if (ret)
		goto free;
	list_add(&group->node, &groups);
	return group;

free:
	kfree(group);
put:
	iommu_group_put(iommu_group);
	return ERR_PTR(ret);
}

/**
 * ioasid_group_put() - give a group back to the kernel if nothing of it is
 * bound any more
 * @group: the group, with nothing attached
 *
 * Context: groups_lock is held. Never fails, needs no memory.
 */
void ioasid_group_put(struct ioasid_group *group)
{
	lockdep_assert_held(&groups_lock);
	if (!list_empty(&group->devices))
		return;
	list_del(&group->node);
	group->shim->block(&group->rid);
	iommu_group_release_dma_owner(group->iommu_group);
	group->shim->domain_free(group->blocked);
	iommu_group_put(group->iommu_group);
	kfree(group->reserved);
	mutex_destroy(&group->lock);
	kfree(group);
}

/* The address space is not behind the RIDs any more: account for it */
static void group_forget(struct ioasid_group *group)
{
	struct ioasid_attachment_point *point = group->point;

	group->point = NULL;
	group->attached_by = NULL;
	if (point) {
		ioasid_ioas_detach(point);
		kfree(point);
	}
}

/**
 * ioasid_group_attach() - put an address space behind a group
 * @group: the group, its lock held
 * @idev: the binding that does so
 * @ioas: the address space
 *
 * Return: 0, or an error as IOASID_DEVICE_ATTACH says.
 */
int ioasid_group_attach(struct ioasid_group *group, struct ioasid_device *idev,
			struct ioasid_ioas *ioas)
{
	struct ioasid_attachment_point *point;
	int ret;

	lockdep_assert_held(&group->lock);
	if (group->point && group->attached_by != idev)
		return -EBUSY;
	if (group->point && group->point->ioas == ioas)
		return 0;
	point = kzalloc(sizeof(*point), GFP_KERNEL_ACCOUNT);
	if (!point)
		return -ENOMEM;
	point->cookie = idev->cookie;
	point->nr_reserved = group->nr_reserved;
	point->reserved = group->reserved;
	ret = ioasid_ioas_attach(ioas, point, group->shim, group->dev,
				 &group->rid, group->can_snoop);
	if (ret) {
		kfree(point);
		/* Neither the new one nor the old one: blocked */
		if (!group->rid.domain && group->point) {
			group_forget(group);
			ret = -EIO;
		}
		return ret;
	}
	group_forget(group);
	group->point = point;
	group->attached_by = idev;
	return 0;
}

/**
 * ioasid_group_detach() - block a group's DMA
 * @group: the group, its lock held
 *
 * Never fails; if memory is short the kernel's own blocked state has to do.
 */
void ioasid_group_detach(struct ioasid_group *group)
{
	lockdep_assert_held(&group->lock);
	if (group->shim->attach(&group->rid, group->blocked))
		group->shim->block(&group->rid);
	group_forget(group);
}

/**
 * ioasid_group_ranges() - what addresses a group's DMA may use
 * @group: the group
 * @set: an empty set to be filled, and to be cleared in any case
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_group_ranges(struct ioasid_group *group, struct ioasid_ranges *set)
{
	unsigned int i;
	int ret;

	ret = ioasid_ranges_add(set, group->aperture.start, group->aperture.last);
	for (i = 0; !ret && i < group->nr_reserved; i++)
		ret = ioasid_ranges_subtract(set, group->reserved[i].start,
					     group->reserved[i].last);
	return ret;
}
