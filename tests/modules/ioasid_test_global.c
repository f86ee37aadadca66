// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: takes PASIDs of the kernel's global allocator for a software device,
 * as the host does for a process when it shares its address space with a device (SVA).
 * /dev/ioasid-global takes the ioctls of global.h.
 */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "compat/pasid_compat.h"
#include "global.h"

static long global_alloc(struct xarray *numbers, unsigned long id)
{
	struct device *dev;
	char name[40];
	u32 number;
	int ret;

	snprintf(name, sizeof(name), "ioasid_swiommu_dev.%lu", id);
	dev = bus_find_device_by_name(&platform_bus_type, NULL, name);
	if (!dev)
		return -ENODEV;
	number = dev->iommu ? kc_global_pasid_alloc(dev) : IOMMU_PASID_INVALID;
	put_device(dev);
	if (number == IOMMU_PASID_INVALID)
		return -ENOSPC;
	ret = xa_insert(numbers, number, xa_mk_value(1), GFP_KERNEL);
	if (!ret)
		return number;
	kc_global_pasid_free(number);
	return ret;
}

static long global_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct xarray *numbers = filp->private_data;

	switch (cmd) {
	case GLOBAL_ALLOC:
		return global_alloc(numbers, arg);
	case GLOBAL_FREE:
		if (!xa_erase(numbers, arg))
			return -ENOENT;
		kc_global_pasid_free(arg);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int global_open(struct inode *inode, struct file *filp)
{
	struct xarray *numbers = kmalloc(sizeof(*numbers), GFP_KERNEL);

	if (!numbers)
		return -ENOMEM;
	xa_init(numbers);
	filp->private_data = numbers;
	return 0;
}

static int global_release(struct inode *inode, struct file *filp)
{
	struct xarray *numbers = filp->private_data;
	unsigned long number;
	void *entry;

	xa_for_each(numbers, number, entry)
		kc_global_pasid_free(number);
	xa_destroy(numbers);
	kfree(numbers);
	return 0;
}

static const struct file_operations global_fops = {
	.owner		= THIS_MODULE,
	.open		= global_open,
	.release	= global_release,
	.unlocked_ioctl	= global_ioctl,
};

static struct miscdevice global_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= GLOBAL_NAME,
	.fops	= &global_fops,
	.mode	= 0600,
};
module_misc_device(global_misc);

MODULE_DESCRIPTION("Test only: a host that takes global PASIDs");
MODULE_LICENSE("GPL");
