// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices' files, /dev/ioasid_swiommuN: IOASID_DEVICE_* ioctls, as with any
 * device fd, and those of linux/ioasid_swiommu.h.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <uapi/linux/ioasid.h>

#include "swiommu/chardev.h"
#include "swiommu/device.h"
#include "swiommu/engine.h"
#include "swiommu/swiommu.h"

/* misc_deregister() waits for it, so the device is there */
static int chardev_open(struct inode *inode, struct file *file)
{
	struct swiommu_device *dev =
		container_of(file->private_data, struct swiommu_device, misc);

	kref_get(&dev->kref);
	file->private_data = dev;
	return 0;
}

static int chardev_release(struct inode *inode, struct file *file)
{
	struct swiommu_device *dev = file->private_data;

	ioasid_bindings_release(&dev->bindings, file);
	swiommu_device_put(dev);
	return 0;
}

/* Not in the frame of the calls that attach and detach */
static noinline long get_info(struct swiommu_device *dev, void __user *arg)
{
	struct swiommu_device_info info;
	long ret;

	ret = ioasid_copy_struct(&info, sizeof(info),
				 offsetofend(struct swiommu_device_info, requests),
				 arg);
	if (ret)
		return ret;
	if (info.flags)
		return -EINVAL;
	info.flags = dev->flags;
	info.iommu = dev->iommu->index;
	info.type = dev->type;
	info.pasid_width = dev->pasid_width;
	info.group = dev->group_nr;
	spin_lock(&dev->iommu->lock);
	info.tlb = dev->tlb.info;
	info.requests = dev->nr_requests;
	spin_unlock(&dev->iommu->lock);
	if (copy_to_user(arg, &info, min_t(size_t, info.argsz, sizeof(info))))
		return -EFAULT;
	return 0;
}

static bool wraps(u64 start, u64 length)
{
	return length && start + (length - 1) < start;
}

/**
 * swiommu_check_dma() - is it something that can be asked for?
 * @dev: the device
 * @dma: what is asked for
 *
 * Return: 0 or -EINVAL.
 */
long swiommu_check_dma(struct swiommu_device *dev, const struct swiommu_dma *dma)
{
	bool copy = dma->op == SWIOMMU_DMA_COPY;

	if (dma->flags & ~(SWIOMMU_DMA_PASID | SWIOMMU_DMA_NO_SNOOP))
		return -EINVAL;
	if (dma->op > SWIOMMU_DMA_COPY || dma->length > SWIOMMU_DMA_MAX ||
	    dma->fault_ioasid || dma->fault_pasid || dma->__reserved || dma->fault_cookie)
		return -EINVAL;
	if (dma->flags & SWIOMMU_DMA_PASID) {
		if (!dma->pasid || dma->pasid >> dev->pasid_width)
			return -EINVAL;
	} else if (dma->pasid) {
		return -EINVAL;
	}
	if ((copy ? dma->data : dma->src) || wraps(dma->iova, dma->length) ||
	    wraps(dma->src, dma->length))
		return -EINVAL;
	return 0;
}

static noinline long do_dma(struct swiommu_device *dev, struct file *file, void __user *arg)
{
	struct swiommu_dma dma;
	long ret;

	if (READ_ONCE(dev->user) != file)
		return READ_ONCE(dev->bindings.dev) ? -EINVAL : -ENODEV;
	ret = ioasid_copy_struct(&dma, sizeof(dma),
				 offsetofend(struct swiommu_dma, fault_addr), arg);
	ret = ret ?: swiommu_check_dma(dev, &dma);
	if (ret)
		return ret;
	ret = swiommu_dma(dev, file, &dma, NULL);
	if (copy_to_user(arg, &dma, min_t(size_t, dma.argsz, sizeof(dma))))
		return -EFAULT;
	return ret;
}

static long chardev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct swiommu_device *dev = file->private_data;

	switch (cmd) {
	case SWIOMMU_DEVICE_GET_INFO:
		return get_info(dev, (void __user *)arg);
	case SWIOMMU_DMA:
		return do_dma(dev, file, (void __user *)arg);
	default:
		return ioasid_bindings_ioctl(&dev->bindings, file, cmd,
					     (void __user *)arg);
	}
}

static const struct file_operations chardev_fops = {
	.owner		= THIS_MODULE,
	.open		= chardev_open,
	.release	= chardev_release,
	.unlocked_ioctl	= chardev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

/**
 * swiommu_file_device() - the device whose file it is
 * @file: any open file
 *
 * Return: the device, there as long as the file is open; NULL if it is another kind of
 * file.
 */
struct swiommu_device *swiommu_file_device(struct file *file)
{
	return file->f_op == &chardev_fops ? file->private_data : NULL;
}

/**
 * swiommu_chardev_add() - give a device its file
 * @dev: the device
 * @parent: the parent of the file's own struct device
 *
 * Return: 0 or an errno.
 */
int swiommu_chardev_add(struct swiommu_device *dev, struct device *parent)
{
	memset(&dev->misc, 0, sizeof(dev->misc));
	dev->misc.minor = MISC_DYNAMIC_MINOR;
	dev->misc.name = dev->name;
	dev->misc.fops = &chardev_fops;
	dev->misc.mode = 0600;
	dev->misc.parent = parent;
	return misc_register(&dev->misc);
}

/**
 * swiommu_chardev_del() - let nobody open a device any more
 * @dev: the device
 */
void swiommu_chardev_del(struct swiommu_device *dev)
{
	misc_deregister(&dev->misc);
}
