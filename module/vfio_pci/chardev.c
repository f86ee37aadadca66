// SPDX-License-Identifier: GPL-2.0-only
/*
 * The character device /dev/vfio/devices/vfioN. VFIO's core adds the struct
 * device that the node belongs to; all minors share one cdev, and a table
 * leads from the minor to the device.
 */
#include <linux/cdev.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <uapi/linux/ioasid.h>

#include "compat/vfio_abi.h"
#include "compat/vfio_compat.h"
#include "vfio_pci/bind.h"
#include "vfio_pci/chardev.h"
#include "vfio_pci/file.h"
#include "vfio_pci/iommufd.h"
#include "vfio_pci/vfio_ioctl.h"
#include "vfio_pci/vfio_pci.h"
#include "vfio_pci/vma.h"

/* struct ioasid_vfio_device by minor; NULL for one that is being removed */
static DEFINE_XARRAY_ALLOC(minors);

static dev_t first_devt;
static struct cdev cdev;

static char *chardev_devnode(kc_devnode_device *dev, umode_t *mode,
			     kuid_t *uid, kgid_t *gid)
{
	return kasprintf(GFP_KERNEL, "vfio/devices/%s", dev_name(dev));
}

/* The class is VFIO's and on some kernels has no devnode() */
static const struct device_type chardev_type = {
	.devnode = chardev_devnode,
};

static struct ioasid_vfio_device *get_device_by_minor(unsigned int minor)
{
	struct ioasid_vfio_device *dev;

	/* Between adding and registering there is no reference to take */
	xa_lock(&minors);
	dev = xa_load(&minors, minor);
	if (dev && !kc_vfio_try_get_registration(&dev->core.vdev))
		dev = NULL;
	xa_unlock(&minors);
	return dev;
}

static int chardev_open(struct inode *inode, struct file *filp)
{
	struct ioasid_vfio_device *dev = get_device_by_minor(iminor(inode));
	struct ioasid_vfio_file *file;

	if (!dev)
		return -ENODEV;
	file = ioasid_vfio_file_new(dev);
	if (!file) {
		kc_vfio_put_registration(&dev->core.vdev);
		return -ENOMEM;
	}
	kc_vfio_set_mapping(filp, &dev->core.vdev);
	filp->private_data = file;
	return 0;
}

static int chardev_release(struct inode *inode, struct file *filp)
{
	struct ioasid_vfio_file *file = filp->private_data;
	struct vfio_device *vdev = &file->dev->core.vdev;

	ioasid_vfio_unbind_all(file);
	ioasid_vfio_file_free(file);
	/* The device may be gone when this returns */
	kc_vfio_put_registration(vdev);
	return 0;
}

static long chardev_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct ioasid_vfio_file *file = filp->private_data;

	switch (cmd) {
	case IOASID_DEVICE_BIND:
	case IOASID_DEVICE_UNBIND:
	case IOASID_DEVICE_ATTACH:
	case IOASID_DEVICE_DETACH:
	case IOASID_DEVICE_PASID_INFO:
	case IOASID_DEVICE_SET_PASID_FLOOR:
	case IOASID_DEVICE_ALIAS:
		return ioasid_vfio_ioctl_ioasid(filp, cmd, (void __user *)arg);
	case VFD_BIND_IOMMUFD:
	case VFD_ATTACH_IOMMUFD_PT:
	case VFD_DETACH_IOMMUFD_PT:
		return ioasid_vfio_ioctl_iommufd(filp, cmd, (void __user *)arg);
	default:
		return ioasid_vfio_ioctl_vfio(file, cmd, arg);
	}
}

static ssize_t chardev_read(struct file *filp, char __user *buf, size_t count,
			    loff_t *ppos)
{
	struct ioasid_vfio_file *file = filp->private_data;
	ssize_t ret;

	ret = ioasid_vfio_file_enter(file);
	if (ret)
		return ret;
	ret = vfio_pci_core_read(&file->dev->core.vdev, buf, count, ppos);
	ioasid_vfio_file_leave(file);
	return ret;
}

static ssize_t chardev_write(struct file *filp, const char __user *buf,
			     size_t count, loff_t *ppos)
{
	struct ioasid_vfio_file *file = filp->private_data;
	ssize_t ret;

	ret = ioasid_vfio_file_enter(file);
	if (ret)
		return ret;
	ret = vfio_pci_core_write(&file->dev->core.vdev, buf, count, ppos);
	ioasid_vfio_file_leave(file);
	return ret;
}

static void chardev_show_fdinfo(struct seq_file *m, struct file *filp)
{
	struct ioasid_vfio_file *file = filp->private_data;
	char *path = kobject_get_path(&file->dev->core.pdev->dev.kobj, GFP_KERNEL);

	if (!path)
		return;
	seq_printf(m, "vfio-device-syspath: /sys%s\n", path);
	kfree(path);
}

static const struct file_operations chardev_fops = {
	.owner		= THIS_MODULE,
	.open		= chardev_open,
	.release	= chardev_release,
	.unlocked_ioctl	= chardev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.read		= chardev_read,
	.write		= chardev_write,
	.mmap		= ioasid_vfio_mmap,
	.show_fdinfo	= chardev_show_fdinfo,
};

/**
 * ioasid_vfio_chardev_add() - give a device its character device
 * @dev: the device, which is registered with VFIO next
 *
 * Return: 0, -EBUSY (no minor left), -ENOMEM.
 */
int ioasid_vfio_chardev_add(struct ioasid_vfio_device *dev)
{
	int ret;

	ret = xa_alloc(&minors, &dev->minor, dev, XA_LIMIT(0, MINORMASK),
		       GFP_KERNEL);
	if (ret)
		return ret;
	dev->core.vdev.device.type = &chardev_type;
	dev->core.vdev.device.devt = first_devt + dev->minor;
	return 0;
}

/**
 * ioasid_vfio_chardev_hide() - let nobody open a device any more
 * @dev: the device
 *
 * Its minor stays taken as long as the node may exist.
 */
void ioasid_vfio_chardev_hide(struct ioasid_vfio_device *dev)
{
	/* NULL keeps the slot of an allocating xarray, and needs no memory */
	xa_store(&minors, dev->minor, NULL, GFP_KERNEL);
}

/**
 * ioasid_vfio_chardev_del() - undo ioasid_vfio_chardev_add()
 * @dev: the device, which is not registered with VFIO any more
 */
void ioasid_vfio_chardev_del(struct ioasid_vfio_device *dev)
{
	xa_erase(&minors, dev->minor);
}

/**
 * ioasid_vfio_chardev_init() - get ready for devices
 *
 * Return: 0 or an errno.
 */
int ioasid_vfio_chardev_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&first_devt, 0, MINORMASK + 1, IOASID_VFIO_NAME);
	if (ret)
		return ret;
	cdev_init(&cdev, &chardev_fops);
	cdev.owner = THIS_MODULE;
	ret = cdev_add(&cdev, first_devt, MINORMASK + 1);
	if (ret)
		unregister_chrdev_region(first_devt, MINORMASK + 1);
	return ret;
}

/**
 * ioasid_vfio_chardev_exit() - undo ioasid_vfio_chardev_init()
 */
void ioasid_vfio_chardev_exit(void)
{
	cdev_del(&cdev);
	unregister_chrdev_region(first_devt, MINORMASK + 1);
	xa_destroy(&minors);
}
