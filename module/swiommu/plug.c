// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software devices are made and removed while the module runs: platform devices, and devices
 * that leave their DMA to one.
 *
 * Making and removing a device calls the kernel's IOMMU core, and waits for what its users
 * have under way, who may keep that waiting for memory as long as they like. No lock is
 * held meanwhile but swiommu_device.removal, which only those wait for that would remove
 * the same device or its parent, killably.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/platform_device.h>
#include <linux/property.h>

#include "compat/driver_compat.h"
#include "swiommu/chardev.h"
#include "swiommu/device.h"
#include "swiommu/fault.h"
#include "swiommu/iommu.h"
#include "swiommu/plug.h"
#include "swiommu/portal.h"
#include "swiommu/swiommu.h"
#include "swiommu_abi.h"

#define DEVICE_NAME	SWIOMMU_NAME "_dev"

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
	struct ioasid_device_desc desc = { .dev = &pdev->dev };
	struct swiommu_device *dev = swiommu_device_new(pdev);
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

/* ------------------------------------------------- platform devices */

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

static int add_platform_device(struct swiommu_device *dev)
{
	struct platform_device *pdev = make_platform_device(dev);
	int ret;

	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	swiommu_device_set_pdev(dev, pdev);
	ret = platform_device_add(pdev);
	if (!ret && pdev->dev.driver == &driver.driver)
		return 0;
	swiommu_device_set_pdev(dev, NULL);
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

/* ------------------------------------------------- mediated devices */

/* Nothing is pinned between two pages of its DMA */
static void lone_unmap(void *data, u64 start, u64 last)
{
}

static const struct ioasid_mediated_ops lone_ops = {
	.unmap	= lone_unmap,
};

/* Let a mediated device be used. Return: 0 or an errno */
static int swiommu_mediated_add(struct swiommu_device *dev)
{
	struct ioasid_device_desc desc = { .type = dev->type };
	int ret;

	if (dev->parent)
		desc.parent = &dev->parent->pdev->dev;
	else
		desc.ops = &lone_ops;
	ret = swiommu_chardev_add(dev, desc.parent);
	if (ret)
		return ret;
	desc.dev = dev->misc.this_device;
	ioasid_bindings_open(&dev->bindings, &desc);
	return 0;
}

/* Take it away, its bindings closed */
static void swiommu_mediated_del(struct swiommu_device *dev)
{
	swiommu_chardev_del(dev);
}

/* ------------------------------------------------- making and removing */

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
	struct swiommu_device *dev = swiommu_device_alloc(iommu, arg);
	int ret;

	if (IS_ERR(dev))
		return dev;
	ioasid_bindings_init(&dev->bindings, swiommu_has_portal(dev) ?
			     &portal_bindings_ops : &bindings_ops);
	/* It can be found before it is complete: by those that would remove its parent */
	mutex_lock_nested(&dev->removal, is_mediated(dev));
	ret = swiommu_device_list(dev, arg->parent);
	if (!ret) {
		ret = is_mediated(dev) ? swiommu_mediated_add(dev) : add_platform_device(dev);
		swiommu_device_set_state(dev, ret ? SWIOMMU_GONE : SWIOMMU_LIVE);
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

/* There are no more of them: their parent is SWIOMMU_GOING */
static int destroy_children(struct swiommu_device *parent)
{
	struct swiommu_device *dev;
	int ret;

	while ((dev = swiommu_device_get_child(parent))) {
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
	swiommu_device_set_state(dev, SWIOMMU_GOING);
	ret = remove_device(dev);
	swiommu_device_set_state(dev, ret ? SWIOMMU_LIVE : SWIOMMU_GONE);
	mutex_unlock(&dev->removal);
	if (!ret)
		swiommu_device_put(dev);
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
	swiommu_device_ids_exit();
}
