// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software devices: platform devices, and devices that leave their DMA to one, that are
 * made and removed while the module runs. Each holds the module until it is freed.
 *
 * Making and removing a device calls the kernel's IOMMU core, and waits for what its users
 * have under way, who may keep that waiting for memory as long as they like. No lock is
 * held meanwhile but swiommu_device.removal, which only those wait for that would remove
 * the same device or its parent, killably.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "compat/driver_compat.h"
#include "swiommu/swiommu.h"
#include "swiommu_abi.h"

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

/*
 * The device that is being made. Root can have any driver try any platform device, by
 * driver_override: one of another kind is none of ours.
 */
static struct swiommu_device *new_device(struct platform_device *pdev)
{
	struct swiommu_device *dev, *found = NULL;

	mutex_lock(&devices_lock);
	list_for_each_entry(dev, &devices, node)
		if (dev->state == SWIOMMU_NEW && dev->pdev == pdev)
			found = dev;
	mutex_unlock(&devices_lock);
	return found;
}

static int device_probe(struct platform_device *pdev)
{
	struct ioasid_device_desc desc = { .dev = &pdev->dev };
	struct swiommu_device *dev = new_device(pdev);
	int ret;

	/* Refused by the IOMMU core: its DMA would be anybody's guess */
	if (!dev || !dev->group)
		return -ENODEV;
	desc.type = dev->type;
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
	KC_DRIVER_PLATFORM_REMOVE(device_remove)
	/* Its mediated devices need it bound: it goes by swiommu_device_destroy() */
	.driver			= { .name = DEVICE_NAME, .suppress_bind_attrs = true,
				    .probe_type = PROBE_FORCE_SYNCHRONOUS },
	.driver_managed_dma	= true,
};

/* ------------------------------------------------- making and removing */

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
		ret = kc_driver_put_behind(&pdev->dev, &dev->iommu->fwnode, &swiommu_ops);
	if (ret) {
		platform_device_put(pdev);
		return ERR_PTR(ret);
	}
	kc_driver_isolate_msi(&pdev->dev);
	return pdev;
}

static void set_pdev(struct swiommu_device *dev, struct platform_device *pdev)
{
	mutex_lock(&devices_lock);
	dev->pdev = pdev;
	mutex_unlock(&devices_lock);
}

static int add_platform_device(struct swiommu_device *dev)
{
	struct platform_device *pdev = make_platform_device(dev);
	int ret;

	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	set_pdev(dev, pdev);
	ret = platform_device_add(pdev);
	if (!ret && pdev->dev.driver == &driver.driver)
		return 0;
	set_pdev(dev, NULL);
	if (ret) {
		kc_driver_take_back(&pdev->dev);
		platform_device_put(pdev);
	} else {
		/* Its probe has run, and failed: nothing makes it wait */
		platform_device_unregister(pdev);
		ret = -ENOMEM;
	}
	swiommu_device_ungroup(dev);
	return ret;
}

static struct swiommu_device *device_alloc(struct swiommu *iommu,
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

static int list_device(struct swiommu_device *dev, u32 parent)
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

static void set_state(struct swiommu_device *dev, enum swiommu_state state)
{
	lockdep_assert_held(&dev->removal);
	mutex_lock(&devices_lock);
	dev->state = state;
	if (state == SWIOMMU_GONE)
		list_del_init(&dev->node);
	mutex_unlock(&devices_lock);
}

static bool is_mediated(const struct swiommu_device *dev)
{
	return dev->type == IOASID_DEVICE_MEDIATED || swiommu_has_parent(dev->type);
}

/**
 * swiommu_device_create() - make a device
 * @iommu: its IOMMU; that of a mediated one is its parent's
 * @arg: its options, checked; the number is filled in
 *
 * Return: the device, held for the caller; an ERR_PTR(): -ENODEV if there is no such
 * parent, -EINVAL if that is mediated itself, -EBUSY if it is being removed, -ENOSPC,
 * -ENOMEM.
 */
struct swiommu_device *swiommu_device_create(struct swiommu *iommu,
					     struct swiommu_device_create *arg)
{
	struct swiommu_device *dev = device_alloc(iommu, arg);
	int ret;

	if (IS_ERR(dev))
		return dev;
	/* It can be found before it is complete: by those that would remove its parent */
	mutex_lock_nested(&dev->removal, is_mediated(dev));
	ret = list_device(dev, arg->parent);
	if (!ret) {
		ret = is_mediated(dev) ? swiommu_mediated_add(dev) : add_platform_device(dev);
		set_state(dev, ret ? SWIOMMU_GONE : SWIOMMU_LIVE);
	}
	if (!ret)
		kref_get(&dev->kref);
	mutex_unlock(&dev->removal);
	arg->device = dev->id;
	if (ret) {
		swiommu_device_put(dev);
		return ERR_PTR(ret);
	}
	return dev;
}

/* One that is in the list, held: any child of @parent */
static struct swiommu_device *get_child(struct swiommu_device *parent)
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

/* There are no more of them: their parent is SWIOMMU_GOING */
static int destroy_children(struct swiommu_device *parent)
{
	struct swiommu_device *dev;
	int ret;

	while ((dev = get_child(parent))) {
		ret = swiommu_device_destroy(dev);
		swiommu_device_put(dev);
		if (ret && ret != -ENODEV)
			return ret;
	}
	return 0;
}

/* No DMA any more when its bindings are closed, and none will come back */
static int remove_device(struct swiommu_device *dev)
{
	int ret = is_mediated(dev) ? 0 : destroy_children(dev);

	/* A call of its user's may take its time, and this can be killed */
	ret = ret ?: ioasid_bindings_close_killable(&dev->bindings);
	if (ret)
		return ret;
	if (is_mediated(dev))
		swiommu_mediated_del(dev);
	else
		platform_device_unregister(dev->pdev);
	return 0;
}

/**
 * swiommu_device_destroy() - take a device away from whoever uses it
 * @dev: the device, held by the caller
 *
 * Context: waits for calls of its users', killably.
 * Return: 0, -ENODEV if it is gone already, or -EINTR.
 */
int swiommu_device_destroy(struct swiommu_device *dev)
{
	int ret = mutex_lock_killable_nested(&dev->removal, is_mediated(dev));

	if (ret)
		return ret;
	if (dev->state == SWIOMMU_GONE) {
		mutex_unlock(&dev->removal);
		return -ENODEV;
	}
	set_state(dev, SWIOMMU_GOING);
	ret = remove_device(dev);
	set_state(dev, ret ? SWIOMMU_LIVE : SWIOMMU_GONE);
	mutex_unlock(&dev->removal);
	if (!ret)
		swiommu_device_put(dev);
	return ret;
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
