// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software devices: platform devices that are made and removed while the module
 * runs. Each holds the module as long as the kernel has it behind an IOMMU.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "compat/swiommu_compat.h"
#include "shim/swiommu_abi.h"
#include "swiommu/swiommu.h"

#define DEVICE_NAME	SWIOMMU_NAME "_dev"
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
	ida_free(&ids, dev->id);
	kfree(dev);
}

/**
 * swiommu_device_put() - let go of a device
 * @dev: the device
 */
void swiommu_device_put(struct swiommu_device *dev)
{
	kref_put(&dev->kref, device_release);
}

/* ------------------------------------------------------- who has it bound */

static int bindings_start(struct ioasid_bindings *bindings, struct file *file)
{
	struct swiommu_device *dev =
		container_of(bindings, struct swiommu_device, bindings);

	spin_lock(&dev->iommu->lock);
	dev->user = file;
	spin_unlock(&dev->iommu->lock);
	return 0;
}

/* DMA ends here, within the page that it has got to */
static void bindings_stop(struct ioasid_bindings *bindings)
{
	struct swiommu_device *dev =
		container_of(bindings, struct swiommu_device, bindings);

	spin_lock(&dev->iommu->lock);
	dev->user = NULL;
	spin_unlock(&dev->iommu->lock);
	swiommu_fault_fail_all(dev);
}

static const struct ioasid_bindings_ops bindings_ops = {
	.start	= bindings_start,
	.stop	= bindings_stop,
};

static const struct ioasid_bindings_ops portal_bindings_ops = {
	.start		= bindings_start,
	.stop		= bindings_stop,
	.end_works	= swiommu_portal_end_works,
};

/* ---------------------------------------------------------- the driver */

static int device_probe(struct platform_device *pdev)
{
	struct swiommu_device *dev = *(struct swiommu_device **)dev_get_platdata(&pdev->dev);
	const struct ioasid_device_desc desc = {
		.dev = &pdev->dev, .type = dev->type,
	};
	int ret;

	/* Refused by the IOMMU core: its DMA would be anybody's guess */
	if (!dev->group)
		return -ENODEV;
	ioasid_bindings_open(&dev->bindings, &desc);
	ret = swiommu_fault_start(dev);
	if (ret)
		goto close;
	ret = swiommu_chardev_add(dev, &pdev->dev);
	if (ret)
		goto stop;
	return 0;

stop:
	swiommu_fault_stop(dev);
close:
	ioasid_bindings_close(&dev->bindings);
	return ret;
}

static void device_remove(struct platform_device *pdev)
{
	struct swiommu_device *dev = *(struct swiommu_device **)dev_get_platdata(&pdev->dev);

	swiommu_chardev_del(dev);
	ioasid_bindings_close(&dev->bindings);
	swiommu_fault_stop(dev);
}

static struct platform_driver driver = {
	.probe			= device_probe,
	KC_SWIOMMU_PLATFORM_REMOVE(device_remove)
	/* Its mediated devices need it bound: it goes by swiommu_device_destroy() */
	.driver			= { .name = DEVICE_NAME, .suppress_bind_attrs = true },
	.driver_managed_dma	= true,
};

/* ------------------------------------------------- making and removing */

/**
 * swiommu_device_group() - the group that a new device is in
 * @dev: the device
 *
 * Context: devices_lock is held by the same task, further up.
 * Return: the group with a reference, or an ERR_PTR().
 */
struct iommu_group *swiommu_device_group(struct swiommu_device *dev)
{
	struct iommu_group *group = NULL;
	struct swiommu_device *other;

	lockdep_assert_held(&devices_lock);
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
		dev->group = group;
	return group;
}

/* A device that is not seen by anybody yet */
static struct platform_device *make_platform_device(struct swiommu_device *dev)
{
	struct property_entry properties[3] = {};
	unsigned int nr = 0;
	struct platform_device *pdev = platform_device_alloc(DEVICE_NAME, dev->id);
	int ret;

	if (!pdev)
		return ERR_PTR(-ENOMEM);
	if (dev->pasid_width)
		properties[nr++] = PROPERTY_ENTRY_U32("pasid-num-bits", dev->pasid_width);
	if (dev->group_nr)
		properties[nr++] = PROPERTY_ENTRY_U32(SWIOMMU_GROUP_PROPERTY, dev->group_nr);
	ret = platform_device_add_data(pdev, &dev, sizeof(dev));
	if (!ret && nr)
		ret = device_create_managed_software_node(&pdev->dev, properties, NULL);
	if (!ret)
		ret = kc_swiommu_put_behind(&pdev->dev, &dev->iommu->fwnode, &swiommu_ops);
	if (ret) {
		platform_device_put(pdev);
		return ERR_PTR(ret);
	}
	kc_swiommu_isolate_msi(&pdev->dev);
	return pdev;
}

static int add_platform_device(struct swiommu_device *dev)
{
	struct platform_device *pdev = make_platform_device(dev);
	int ret;

	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	dev->pdev = pdev;
	ret = platform_device_add(pdev);
	if (ret) {
		kc_swiommu_take_back(&pdev->dev);
		platform_device_put(pdev);
		return ret;
	}
	/* Its probe has run: nothing makes it wait */
	if (!pdev->dev.driver) {
		platform_device_unregister(pdev);
		return -ENOMEM;
	}
	return 0;
}

static struct swiommu_device *device_alloc(struct swiommu *iommu,
					   struct swiommu_device *parent,
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
	kref_init(&dev->kref);
	dev->id = ret;
	dev->rid = next_rid++;
	if (parent) {
		kref_get(&parent->kref);
		dev->parent = parent;
	}
	dev->iommu = iommu;
	dev->flags = arg->flags;
	dev->type = arg->type;
	dev->pasid_width = parent ? parent->pasid_width : arg->pasid_width;
	dev->group_nr = arg->group;
	dev->reserved.start = arg->reserved_start;
	dev->reserved.last = arg->reserved_last;
	init_rwsem(&dev->reporting);
	INIT_LIST_HEAD(&dev->requests);
	dev->no_pasid.dev = dev;
	INIT_LIST_HEAD(&dev->works);
	xa_init_flags(&dev->contexts, XA_FLAGS_ACCOUNT);
	ioasid_bindings_init(&dev->bindings, swiommu_has_portal(dev) ?
			     &portal_bindings_ops : &bindings_ops);
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

static int create(struct swiommu *iommu, struct swiommu_device_create *arg)
{
	struct swiommu_device *parent = NULL, *dev;
	int ret;

	if (swiommu_has_parent(arg->type)) {
		parent = find_device(arg->parent);
		if (!parent)
			return -ENODEV;
		if (parent->parent)
			return -EINVAL;
		iommu = parent->iommu;
	}
	dev = device_alloc(iommu, parent, arg);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = parent || arg->type == IOASID_DEVICE_MEDIATED ?
	      swiommu_mediated_add(dev) : add_platform_device(dev);
	if (ret) {
		swiommu_device_put(dev);
		return ret;
	}
	list_add_tail(&dev->node, &devices);
	arg->device = dev->id;
	return 0;
}

/**
 * swiommu_device_create() - make a device
 * @iommu: its IOMMU; that of a mediated one is its parent's
 * @arg: its options, checked; the number is filled in
 *
 * Return: 0, -ENODEV if there is no such parent, -EINVAL if that is mediated itself,
 * -ENOSPC, -ENOMEM or -EINTR.
 */
int swiommu_device_create(struct swiommu *iommu, struct swiommu_device_create *arg)
{
	int ret = mutex_lock_killable(&devices_lock);

	if (ret)
		return ret;
	ret = create(iommu, arg);
	mutex_unlock(&devices_lock);
	return ret;
}

static int destroy(struct swiommu_device *dev)
{
	/* A call of its user's may take its time, and this can be killed */
	int ret = ioasid_bindings_close_killable(&dev->bindings);

	if (ret)
		return ret;
	list_del(&dev->node);
	if (dev->pdev)
		platform_device_unregister(dev->pdev);
	else
		swiommu_mediated_del(dev);
	swiommu_device_put(dev);
	return 0;
}

static int destroy_children(struct swiommu_device *parent)
{
	struct swiommu_device *dev, *next;
	int ret;

	list_for_each_entry_safe(dev, next, &devices, node) {
		ret = dev->parent == parent ? destroy(dev) : 0;
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * swiommu_device_destroy() - take a device away from whoever uses it
 * @id: its number
 *
 * Return: 0, -ENODEV, or -EINTR.
 */
int swiommu_device_destroy(u32 id)
{
	struct swiommu_device *dev;
	int ret;

	ret = mutex_lock_killable(&devices_lock);
	if (ret)
		return ret;
	dev = find_device(id);
	ret = dev ? destroy_children(dev) : -ENODEV;
	if (!ret)
		ret = destroy(dev);
	mutex_unlock(&devices_lock);
	return ret;
}

/**
 * swiommu_devices_init() - get ready for devices
 *
 * Return: 0 or an errno.
 */
int swiommu_devices_init(void)
{
	return platform_driver_register(&driver);
}

/**
 * swiommu_devices_exit() - undo swiommu_devices_init(), with no device left
 */
void swiommu_devices_exit(void)
{
	platform_driver_unregister(&driver);
	ida_destroy(&ids);
}
