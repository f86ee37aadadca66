// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI driver: a vfio-pci variant driver. Devices are handed to it by
 * driver_override, as to vfio-pci.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/pci.h>

#include "compat/vfio_compat.h"
#include "ioasid_api.h"
#include "vfio_pci/chardev.h"
#include "vfio_pci/device.h"
#include "vfio_pci/hot_reset.h"
#include "vfio_pci/power.h"
#include "vfio_pci/vfio_pci.h"

static bool enable_sriov;
KC_VFIO_SRIOV_PARAM(enable_sriov, "Let SR-IOV be configured through sysfs; the user of the PF must support it (default: off)");

/* The kernel calls these for most resets, but not for that of a device that is disabled */
static void vfio_reset_prepare(struct pci_dev *pdev)
{
	ioasid_device_reset_prepare(&pdev->dev);
}

static void vfio_reset_done(struct pci_dev *pdev)
{
	ioasid_device_reset_done(&pdev->dev);
}

/* For VFIO's group; our own character device has file operations instead */
static const struct vfio_device_ops ioasid_vfio_ops = {
	.name		= IOASID_VFIO_NAME,
	.init		= vfio_pci_core_init_dev,
	.release	= vfio_pci_core_release_dev,
	.open_device	= ioasid_vfio_open_device,
	.close_device	= ioasid_vfio_close_device,
	.ioctl		= ioasid_vfio_group_ioctl,
	.device_feature	= vfio_pci_core_ioctl_feature,
	.read		= vfio_pci_core_read,
	.write		= vfio_pci_core_write,
	.mmap		= vfio_pci_core_mmap,
	.request	= vfio_pci_core_request,
	.match		= vfio_pci_core_match,
	KC_VFIO_OPS_TOKEN
	KC_VFIO_OPS_REGION_INFO
};

static int ioasid_vfio_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ioasid_vfio_device *dev;
	int ret;

	dev = vfio_alloc_device(ioasid_vfio_device, core.vdev, &pdev->dev,
				&ioasid_vfio_ops);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	mutex_init(&dev->bind_lock);
	/* VFIO's core and its error handlers look for their own here */
	dev_set_drvdata(&pdev->dev, &dev->core);
	ioasid_vfio_power_prepare(pdev);

	ret = ioasid_vfio_chardev_add(dev);
	if (ret)
		goto err_put;
	ret = vfio_pci_core_register_device(&dev->core);
	ioasid_vfio_power_start(pdev);
	if (ret)
		goto err_chardev;
	return 0;

err_chardev:
	ioasid_vfio_chardev_del(dev);
err_put:
	vfio_put_device(&dev->core.vdev);
	return ret;
}

static void ioasid_vfio_remove(struct pci_dev *pdev)
{
	struct ioasid_vfio_device *dev =
		container_of(dev_get_drvdata(&pdev->dev),
			     struct ioasid_vfio_device, core);
	struct vfio_device *vdev = &dev->core.vdev;

	ioasid_vfio_chardev_hide(dev);
	mutex_lock(&vdev->dev_set->lock);
	dev->gone = true;
	mutex_unlock(&vdev->dev_set->lock);
	/* Asks the user to let go, and waits for the last open file */
	vfio_pci_core_unregister_device(&dev->core);
	ioasid_vfio_chardev_del(dev);
	vfio_put_device(vdev);
}

static int ioasid_vfio_sriov_configure(struct pci_dev *pdev, int nr_vfs)
{
	if (!enable_sriov)
		return -ENOENT;
	return vfio_pci_core_sriov_configure(dev_get_drvdata(&pdev->dev), nr_vfs);
}

/* Any device, but only by driver_override */
static const struct pci_device_id ioasid_vfio_table[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{}
};
MODULE_DEVICE_TABLE(pci, ioasid_vfio_table);

/* VFIO's, and resets */
static struct pci_error_handlers ioasid_vfio_err_handlers;

static struct pci_driver ioasid_vfio_pci_driver = {
	.name			= IOASID_VFIO_NAME,
	.id_table		= ioasid_vfio_table,
	.probe			= ioasid_vfio_probe,
	.remove			= ioasid_vfio_remove,
	.shutdown		= ioasid_vfio_shutdown,
	.sriov_configure	= ioasid_vfio_sriov_configure,
	.err_handler		= &ioasid_vfio_err_handlers,
	.driver_managed_dma	= true,
};

static int __init ioasid_vfio_init(void)
{
	int ret;

	if (KC_VFIO_HAS_CDEV) {
		pr_err("this kernel has IOMMUFD, use its own vfio-pci\n");
		return -EOPNOTSUPP;
	}
	ret = ioasid_vfio_chardev_init();
	if (ret)
		return ret;
	ioasid_vfio_err_handlers = vfio_pci_core_err_handlers;
	ioasid_vfio_err_handlers.reset_prepare = vfio_reset_prepare;
	ioasid_vfio_err_handlers.reset_done = vfio_reset_done;
	ret = pci_register_driver(&ioasid_vfio_pci_driver);
	if (ret)
		goto err_chardev;
	ret = ioasid_vfio_power_init(&ioasid_vfio_pci_driver.driver);
	if (ret)
		goto err_driver;
	return 0;

err_driver:
	pci_unregister_driver(&ioasid_vfio_pci_driver);
err_chardev:
	ioasid_vfio_chardev_exit();
	return ret;
}
module_init(ioasid_vfio_init);

static void __exit ioasid_vfio_exit(void)
{
	ioasid_vfio_power_exit();
	pci_unregister_driver(&ioasid_vfio_pci_driver);
	ioasid_vfio_chardev_exit();
}
module_exit(ioasid_vfio_exit);

MODULE_DESCRIPTION("PCI devices for user-managed I/O address spaces");
MODULE_LICENSE("GPL");
