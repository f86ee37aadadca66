// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control file, /dev/ioasid_swiommu.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "compat/driver_compat.h"
#include "swiommu/cache.h"
#include "swiommu/control.h"
#include "swiommu/device.h"
#include "swiommu/iommu.h"
#include "swiommu/plug.h"
#include "swiommu/swiommu.h"

static long ioctl_get_info(void *data, void *args, void __user *user)
{
	struct swiommu_iommu_info *info = args;
	struct swiommu *iommu;

	iommu = swiommu_by_index(info->iommu);
	if (!iommu)
		return -ENODEV;
	info->flags = iommu->snoop ? SWIOMMU_IOMMU_SNOOP : 0;
	info->nr_iommus = swiommu_count();
	info->addr_width = iommu->addr_width;
	info->pasid_width = iommu->pasid_width;
	info->pgsizes = iommu->pgsizes;
	spin_lock(&iommu->lock);
	info->walks = iommu->walks;
	info->iotlb = iommu->iotlb.info;
	info->pasid_cache = iommu->pasid_cache.info;
	info->strays = iommu->strays;
	spin_unlock(&iommu->lock);
	if (copy_to_user(user, info, min_t(size_t, info->argsz, sizeof(*info))))
		return -EFAULT;
	return 0;
}

static long ioctl_debug(void *data, void *args, void __user *user)
{
	struct swiommu_iommu_debug *debug = args;
	struct swiommu *iommu;

	if (!READ_ONCE(swiommu_faulty))
		return -EPERM;
	iommu = swiommu_by_index(debug->iommu);
	if (!iommu)
		return -ENODEV;
	spin_lock(&iommu->lock);
	if (debug->flags & SWIOMMU_DROP_IOTLB)
		iommu->drop_iotlb = debug->count;
	if (debug->flags & SWIOMMU_DROP_PASID_CACHE)
		iommu->drop_pasid_cache = debug->count;
	if (debug->flags & SWIOMMU_DROP_DEVICE_TLB)
		iommu->drop_device_tlb = debug->count;
	spin_unlock(&iommu->lock);
	return 0;
}

static bool create_is_valid(const struct swiommu_device_create *create)
{
	if (create->type < 1 || create->type > 8)
		return false;
	if (create->type == IOASID_DEVICE_MEDIATED && create->parent)
		return false;
	if (create->type == IOASID_DEVICE_MEDIATED || swiommu_has_parent(create->type))
		return !create->flags && !create->iommu && !create->pasid_width &&
		       !create->group && !create->reserved_start &&
		       !create->reserved_last;
	return !create->parent &&
	       !(create->flags & ~(SWIOMMU_DEVICE_TLB | SWIOMMU_DEVICE_FAULTS)) &&
	       create->pasid_width <= SWIOMMU_MAX_PASID_WIDTH &&
	       create->reserved_start <= create->reserved_last;
}

static long ioctl_create(void *data, void *args, void __user *user)
{
	struct swiommu_device_create *create = args;
	struct swiommu_device *dev;
	struct swiommu *iommu;
	long ret = 0;

	if (!create_is_valid(create))
		return -EINVAL;
	if ((create->flags & SWIOMMU_DEVICE_FAULTS) && !KC_DRIVER_FAULTS)
		return -EOPNOTSUPP;
	iommu = swiommu_by_index(create->iommu);
	if (!iommu)
		return -ENODEV;
	dev = swiommu_device_create(iommu, create);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	if (copy_to_user(user, create, min_t(size_t, create->argsz, sizeof(*create))))
		ret = swiommu_device_destroy(dev) ?: -EFAULT;
	swiommu_device_put(dev);
	return ret;
}

static long ioctl_destroy(void *data, void *args, void __user *user)
{
	struct swiommu_device_destroy *destroy = args;
	struct swiommu_device *dev;
	long ret;

	dev = swiommu_device_by_id(destroy->device);
	if (!dev)
		return -ENODEV;
	ret = swiommu_device_destroy(dev);
	swiommu_device_put(dev);
	return ret;
}

#define CONTROL(...)	IOASID_IOCTL(EINVAL, __VA_ARGS__)

static const struct ioasid_ioctl control_ioctls[] = {
	CONTROL(SWIOMMU_IOMMU_GET_INFO, ioctl_get_info, struct swiommu_iommu_info, pasid_cache,
		IOASID_IOCTL_FLAGS(struct swiommu_iommu_info, 0)),
	CONTROL(SWIOMMU_IOMMU_DEBUG, ioctl_debug, struct swiommu_iommu_debug, count,
		IOASID_IOCTL_FLAGS(struct swiommu_iommu_debug,
				   SWIOMMU_DROP_IOTLB | SWIOMMU_DROP_PASID_CACHE |
				   SWIOMMU_DROP_DEVICE_TLB)),
	CONTROL(SWIOMMU_DEVICE_CREATE, ioctl_create, struct swiommu_device_create, parent),
	CONTROL(SWIOMMU_DEVICE_DESTROY, ioctl_destroy, struct swiommu_device_destroy, __reserved,
		IOASID_IOCTL_FLAGS(struct swiommu_device_destroy, 0),
		IOASID_IOCTL_ZERO(struct swiommu_device_destroy, __reserved)),
};

static long control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return ioasid_ioctl_call(control_ioctls, ARRAY_SIZE(control_ioctls), NULL, cmd,
				 (void __user *)arg);
}

static const struct file_operations control_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= control_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice control = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= SWIOMMU_NAME,
	.fops	= &control_fops,
	.mode	= 0600,
};

/**
 * swiommu_control_add() - make the control file
 *
 * Return: 0 or an errno.
 */
int swiommu_control_add(void)
{
	return misc_register(&control);
}

/**
 * swiommu_control_del() - take it away
 */
void swiommu_control_del(void)
{
	misc_deregister(&control);
}
