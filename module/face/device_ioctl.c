// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOASID_DEVICE_* ioctls of a device that is bound, for the drivers of all
 * devices: linux/ioasid.h.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <uapi/linux/ioasid.h>

#include "include/ioasid_api.h"

/* The binding to an I/O address space fd, to be given back with ops->put() */
static struct ioasid_device *get_binding(const struct ioasid_binding_ops *ops,
					 void *user, int iommu_fd)
{
	struct ioasid_ctx *ctx = ioasid_ctx_from_fd(iommu_fd);
	struct ioasid_device *idev;

	if (IS_ERR(ctx))
		return ERR_CAST(ctx);
	idev = ops->get(user, ctx);
	/* A binding holds its context */
	ioasid_ctx_put(ctx);
	return idev;
}

static long do_attach(const struct ioasid_binding_ops *ops, void *user,
		      void __user *arg)
{
	const u32 pasid = IOASID_ATTACH_PASID | IOASID_ATTACH_PASID_ALLOC;
	struct ioasid_attach __user *uattach = arg;
	struct ioasid_attach attach;
	struct ioasid_device *idev;
	long ret;

	ret = ioasid_read_args(&attach, __reserved, arg);
	if (ret)
		return ret;
	if ((attach.flags & ~(pasid | IOASID_ATTACH_NO_SNOOP)) || attach.__reserved)
		return -EINVAL;
	if (attach.pasid && !(attach.flags & IOASID_ATTACH_PASID))
		return -EINVAL;
	/* ATTACH_PASID names one, ATTACH_PASID_ALLOC asks for one */
	if ((attach.flags & pasid) == pasid)
		return -EINVAL;
	/* What cannot be answered is not done */
	if ((attach.flags & IOASID_ATTACH_PASID_ALLOC) && put_user(0, &uattach->pasid))
		return -EFAULT;

	idev = get_binding(ops, user, attach.iommu_fd);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (attach.flags & pasid)
		ret = ioasid_device_attach_pasid(idev, attach.ioasid, attach.flags,
						 &attach.pasid);
	else
		ret = ioasid_device_attach(idev, attach.ioasid, attach.flags);
	if (!ret && (attach.flags & IOASID_ATTACH_PASID_ALLOC) &&
	    put_user(attach.pasid, &uattach->pasid)) {
		ioasid_device_detach_pasid(idev, attach.pasid);
		ret = -EFAULT;
	}
	ops->put(user);
	return ret;
}

static long do_detach(const struct ioasid_binding_ops *ops, void *user,
		      void __user *arg)
{
	struct ioasid_detach detach;
	struct ioasid_device *idev;
	long ret;

	ret = ioasid_read_args(&detach, pasid, arg);
	if (ret)
		return ret;
	if (detach.flags & ~IOASID_DETACH_PASID)
		return -EINVAL;
	if (detach.pasid && !(detach.flags & IOASID_DETACH_PASID))
		return -EINVAL;

	idev = get_binding(ops, user, detach.iommu_fd);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (detach.flags & IOASID_DETACH_PASID)
		ret = ioasid_device_detach_pasid(idev, detach.pasid);
	else
		ret = ioasid_device_detach(idev);
	ops->put(user);
	return ret;
}

static long do_pasid_info(const struct ioasid_binding_ops *ops, void *user,
			  void __user *arg)
{
	struct ioasid_pasid_info info;
	struct ioasid_device *idev;
	long ret;

	ret = ioasid_read_args(&info, __reserved, arg);
	if (ret)
		return ret;
	if (info.flags || info.__reserved)
		return -EINVAL;
	idev = ops->get(user, NULL);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ioasid_device_pasid_info(idev, &info);
	ops->put(user);
	return copy_to_user(arg, &info, min_t(size_t, info.argsz, sizeof(info))) ?
	       -EFAULT : 0;
}

static long do_set_pasid_floor(const struct ioasid_binding_ops *ops, void *user,
			       void __user *arg)
{
	struct ioasid_pasid_floor floor;
	struct ioasid_device *idev;
	long ret;

	ret = ioasid_read_args(&floor, floor, arg);
	if (ret)
		return ret;
	if (floor.flags)
		return -EINVAL;
	idev = get_binding(ops, user, floor.iommu_fd);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ret = ioasid_device_set_pasid_floor(idev, floor.floor);
	ops->put(user);
	return ret;
}

static long do_alias(const struct ioasid_binding_ops *ops, void *user,
		     void __user *arg)
{
	struct ioasid_device *idev;
	struct ioasid_alias alias;
	long ret;

	ret = ioasid_read_args(&alias, __reserved, arg);
	if (ret)
		return ret;
	if (alias.flags || alias.__reserved)
		return -EINVAL;
	idev = get_binding(ops, user, alias.iommu_fd);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ret = ioasid_device_alias(idev, alias.pasid, alias.alias);
	ops->put(user);
	return ret;
}

long ioasid_device_ioctl(const struct ioasid_binding_ops *ops, void *user,
			 unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case IOASID_DEVICE_ATTACH:
		return do_attach(ops, user, arg);
	case IOASID_DEVICE_DETACH:
		return do_detach(ops, user, arg);
	case IOASID_DEVICE_PASID_INFO:
		return do_pasid_info(ops, user, arg);
	case IOASID_DEVICE_SET_PASID_FLOOR:
		return do_set_pasid_floor(ops, user, arg);
	case IOASID_DEVICE_ALIAS:
		return do_alias(ops, user, arg);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(ioasid_device_ioctl);
