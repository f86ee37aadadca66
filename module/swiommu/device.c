// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software devices: which there are, and of which groups. Each holds the module until it is
 * freed.
 */
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "swiommu/cache.h"
#include "swiommu/device.h"
#include "swiommu/swiommu.h"

#define MAX_DEVICES	1024

static DEFINE_MUTEX(devices_lock);
static LIST_HEAD(devices);
static DEFINE_IDA(ids);
static u64 next_rid;

static void device_release(struct kref *kref)
{
	struct swiommu_device *dev = container_of(kref, struct swiommu_device, kref);

	ioasid_bindings_destroy(&dev->bindings);
	if (dev->parent)
		swiommu_device_put(dev->parent);
	swiommu_cache_destroy(&dev->tlb);
	mutex_destroy(&dev->removal);
	ida_free(&ids, dev->id);
	kfree(dev);
	/* Not the last reference: the caller's open file has one */
	module_put(THIS_MODULE);
}

/**
 * swiommu_device_put() - let go of a device
 * @dev: the device
 */
void swiommu_device_put(struct swiommu_device *dev)
{
	kref_put(&dev->kref, device_release);
}

/**
 * swiommu_has_parent() - is it a type of mediated devices that have a parent?
 * @type: enum ioasid_device_type
 */
bool swiommu_has_parent(u32 type)
{
	return type == IOASID_DEVICE_MEDIATED_FIXED ||
	       type == IOASID_DEVICE_MEDIATED_PASIDS ||
	       type == IOASID_DEVICE_MEDIATED_CPU;
}

/**
 * swiommu_device_alloc() - a device that is not in the list yet
 * @iommu: its IOMMU; that of a mediated one is its parent's
 * @arg: its options, checked
 *
 * Its bindings are the caller's to initialize.
 *
 * Return: the device, with one reference, or an ERR_PTR(): -ENOSPC, -ENOMEM.
 */
struct swiommu_device *swiommu_device_alloc(struct swiommu *iommu,
					    const struct swiommu_device_create *arg)
{
	struct swiommu_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	if (arg->flags & SWIOMMU_DEVICE_TLB) {
		ret = swiommu_cache_init(&dev->tlb, SWIOMMU_DEVICE_TLB_ENTRIES,
					 &iommu->drop_device_tlb);
		if (ret)
			goto free;
	}
	ret = ida_alloc_max(&ids, MAX_DEVICES - 1, GFP_KERNEL);
	if (ret < 0)
		goto destroy;
	dev->id = ret;
	kref_init(&dev->kref);
	__module_get(THIS_MODULE);
	dev->iommu = iommu;
	dev->flags = arg->flags;
	dev->type = arg->type;
	dev->pasid_width = arg->pasid_width;
	dev->group_nr = arg->group;
	dev->reserved.start = arg->reserved_start;
	dev->reserved.last = arg->reserved_last;
	mutex_init(&dev->removal);
	INIT_LIST_HEAD(&dev->node);
	init_rwsem(&dev->reporting);
	INIT_LIST_HEAD(&dev->requests);
	dev->no_pasid.dev = dev;
	INIT_LIST_HEAD(&dev->works);
	xa_init_flags(&dev->contexts, XA_FLAGS_ACCOUNT);
	snprintf(dev->name, sizeof(dev->name), SWIOMMU_NAME "%u", dev->id);
	return dev;

destroy:
	swiommu_cache_destroy(&dev->tlb);
free:
	kfree(dev);
	return ERR_PTR(ret);
}

static struct swiommu_device *find_device(u32 id)
{
	struct swiommu_device *dev;

	lockdep_assert_held(&devices_lock);
	list_for_each_entry(dev, &devices, node)
		if (dev->id == id)
			return dev;
	return NULL;
}

/**
 * swiommu_device_by_id() - find a device
 * @id: its number
 *
 * Return: the device, held for the caller; NULL if there is none.
 */
struct swiommu_device *swiommu_device_by_id(u32 id)
{
	struct swiommu_device *dev;

	mutex_lock(&devices_lock);
	dev = find_device(id);
	if (dev)
		kref_get(&dev->kref);
	mutex_unlock(&devices_lock);
	return dev;
}

/**
 * swiommu_device_new() - the device that is being made
 * @pdev: the kernel's device
 *
 * Root can have any driver try any platform device, by driver_override: one of another
 * kind is none of ours.
 *
 * Return: the device; NULL if it is none.
 */
struct swiommu_device *swiommu_device_new(struct platform_device *pdev)
{
	struct swiommu_device *dev, *found = NULL;

	mutex_lock(&devices_lock);
	list_for_each_entry(dev, &devices, node)
		if (dev->state == SWIOMMU_NEW && dev->pdev == pdev)
			found = dev;
	mutex_unlock(&devices_lock);
	return found;
}

static int set_parent(struct swiommu_device *dev, u32 id)
{
	struct swiommu_device *parent = find_device(id);

	if (!parent || parent->state == SWIOMMU_NEW)
		return -ENODEV;
	if (!parent->pdev)
		return -EINVAL;
	if (parent->state != SWIOMMU_LIVE)
		return -EBUSY;
	kref_get(&parent->kref);
	dev->parent = parent;
	dev->iommu = parent->iommu;
	dev->pasid_width = parent->pasid_width;
	return 0;
}

/**
 * swiommu_device_list() - put a device into the list
 * @dev: the device
 * @parent: number of its parent, if it is of a type that has one
 *
 * Return: 0, -ENODEV if there is no such parent, -EINVAL if that is mediated itself, -EBUSY
 * if it is being removed.
 */
int swiommu_device_list(struct swiommu_device *dev, u32 parent)
{
	int ret = 0;

	mutex_lock(&devices_lock);
	if (swiommu_has_parent(dev->type))
		ret = set_parent(dev, parent);
	if (!ret) {
		dev->rid = next_rid++;
		list_add_tail(&dev->node, &devices);
	}
	mutex_unlock(&devices_lock);
	return ret;
}

/**
 * swiommu_device_get_child() - any child of a device that is in the list
 * @parent: the device
 *
 * Return: the child, held for the caller; NULL if there is none.
 */
struct swiommu_device *swiommu_device_get_child(struct swiommu_device *parent)
{
	struct swiommu_device *dev, *found = NULL;

	mutex_lock(&devices_lock);
	list_for_each_entry(dev, &devices, node) {
		if (dev->parent == parent) {
			kref_get(&dev->kref);
			found = dev;
			break;
		}
	}
	mutex_unlock(&devices_lock);
	return found;
}

/**
 * swiommu_device_set_state() - from one state to the next
 * @dev: the device, its @removal held
 * @state: the state; with SWIOMMU_GONE it leaves the list
 */
void swiommu_device_set_state(struct swiommu_device *dev, enum swiommu_state state)
{
	lockdep_assert_held(&dev->removal);
	mutex_lock(&devices_lock);
	dev->state = state;
	if (state == SWIOMMU_GONE)
		list_del_init(&dev->node);
	mutex_unlock(&devices_lock);
}

/**
 * swiommu_device_set_pdev() - the kernel has a device for it, or not any more
 * @dev: the device
 * @pdev: the kernel's, or NULL
 */
void swiommu_device_set_pdev(struct swiommu_device *dev, struct platform_device *pdev)
{
	mutex_lock(&devices_lock);
	dev->pdev = pdev;
	mutex_unlock(&devices_lock);
}

/**
 * swiommu_device_group() - the group that a new device is in
 * @dev: the device
 *
 * Context: may be called under the kernel's locks of IOMMUs.
 * Return: the group with a reference, or an ERR_PTR().
 */
struct iommu_group *swiommu_device_group(struct swiommu_device *dev)
{
	struct iommu_group *group = NULL;
	struct swiommu_device *other;

	mutex_lock(&devices_lock);
	list_for_each_entry(other, &devices, node) {
		if (dev->group_nr && other->group_nr == dev->group_nr &&
		    other->iommu == dev->iommu && other->group) {
			group = iommu_group_ref_get(other->group);
			break;
		}
	}
	if (!group)
		group = iommu_group_alloc();
	if (!IS_ERR(group))
		dev->group = iommu_group_ref_get(group);
	mutex_unlock(&devices_lock);
	return group;
}

/**
 * swiommu_device_ungroup() - a device leaves its group
 * @dev: the device
 *
 * Context: as swiommu_device_group().
 */
void swiommu_device_ungroup(struct swiommu_device *dev)
{
	struct iommu_group *group;

	mutex_lock(&devices_lock);
	group = dev->group;
	dev->group = NULL;
	mutex_unlock(&devices_lock);
	if (group)
		iommu_group_put(group);
}

/**
 * swiommu_device_ids_exit() - free what numbers were kept in, with no device left
 */
void swiommu_device_ids_exit(void)
{
	ida_destroy(&ids);
}
