// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOASID_DEVICE_* ioctls of a device that is bound, for the drivers of all
 * devices: linux/ioasid.h.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <uapi/linux/ioasid.h>

#include "face/copy.h"
#include "include/ioasid_api.h"

/**
 * struct device_fd - how the bindings of a device fd are found
 * @ops: by its driver
 * @user: handed to @ops
 */
struct device_fd {
	const struct ioasid_binding_ops *ops;
	void *user;
};

/* The binding to an I/O address space fd, to be given back with put_binding() */
static struct ioasid_device *get_binding(const struct device_fd *fd, int iommu_fd)
{
	struct ioasid_ctx *ctx = ioasid_ctx_from_fd(iommu_fd);
	struct ioasid_device *idev;

	if (IS_ERR(ctx))
		return ERR_CAST(ctx);
	idev = fd->ops->get(fd->user, ctx);
	/* A binding holds its context */
	ioasid_ctx_put(ctx);
	return idev;
}

static void put_binding(const struct device_fd *fd)
{
	fd->ops->put(fd->user);
}

static long do_attach(void *data, void *args, void __user *user)
{
	struct ioasid_attach *attach = args;
	const u32 pasid = IOASID_ATTACH_PASID | IOASID_ATTACH_PASID_ALLOC;
	struct ioasid_attach __user *uattach = user;
	struct ioasid_device *idev;
	long ret;

	if (attach->pasid && !(attach->flags & IOASID_ATTACH_PASID))
		return -EINVAL;
	/* ATTACH_PASID names one, ATTACH_PASID_ALLOC asks for one */
	if ((attach->flags & pasid) == pasid)
		return -EINVAL;
	/* What cannot be answered is not done */
	if ((attach->flags & IOASID_ATTACH_PASID_ALLOC) && put_user(0, &uattach->pasid))
		return -EFAULT;

	idev = get_binding(data, attach->iommu_fd);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (attach->flags & pasid)
		ret = ioasid_device_attach_pasid(idev, attach->ioasid, attach->flags,
						 &attach->pasid);
	else
		ret = ioasid_device_attach(idev, attach->ioasid, attach->flags);
	if (!ret && (attach->flags & IOASID_ATTACH_PASID_ALLOC) &&
	    put_user(attach->pasid, &uattach->pasid)) {
		ioasid_device_detach_pasid(idev, attach->pasid);
		ret = -EFAULT;
	}
	put_binding(data);
	return ret;
}

static long do_detach(void *data, void *args, void __user *user)
{
	struct ioasid_detach *detach = args;
	struct ioasid_device *idev;
	long ret;

	if (detach->pasid && !(detach->flags & IOASID_DETACH_PASID))
		return -EINVAL;

	idev = get_binding(data, detach->iommu_fd);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (detach->flags & IOASID_DETACH_PASID)
		ret = ioasid_device_detach_pasid(idev, detach->pasid);
	else
		ret = ioasid_device_detach(idev);
	put_binding(data);
	return ret;
}

static long do_pasid_info(void *data, void *args, void __user *user)
{
	struct ioasid_pasid_info *info = args;
	struct device_fd *fd = data;
	struct ioasid_device *idev;

	idev = fd->ops->get(fd->user, NULL);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ioasid_device_pasid_info(idev, info);
	put_binding(data);
	return write_answer(user, info, sizeof(*info));
}

static long do_set_pasid_floor(void *data, void *args, void __user *user)
{
	struct ioasid_pasid_floor *floor = args;
	struct ioasid_device *idev;
	long ret;

	idev = get_binding(data, floor->iommu_fd);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ret = ioasid_device_set_pasid_floor(idev, floor->floor);
	put_binding(data);
	return ret;
}

static long do_alias(void *data, void *args, void __user *user)
{
	struct ioasid_alias *alias = args;
	struct ioasid_device *idev;
	long ret;

	idev = get_binding(data, alias->iommu_fd);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ret = ioasid_device_alias(idev, alias->pasid, alias->alias);
	put_binding(data);
	return ret;
}

static const struct ioasid_ioctl ioctls[] = {
	IOASID_IOCTL(EINVAL, IOASID_DEVICE_ATTACH, do_attach, struct ioasid_attach, __reserved,
		     IOASID_IOCTL_FLAGS(struct ioasid_attach,
					IOASID_ATTACH_PASID | IOASID_ATTACH_PASID_ALLOC |
					IOASID_ATTACH_NO_SNOOP),
		     IOASID_IOCTL_ZERO(struct ioasid_attach, __reserved)),
	IOASID_IOCTL(EINVAL, IOASID_DEVICE_DETACH, do_detach, struct ioasid_detach, pasid,
		     IOASID_IOCTL_FLAGS(struct ioasid_detach, IOASID_DETACH_PASID)),
	IOASID_IOCTL(EINVAL, IOASID_DEVICE_PASID_INFO, do_pasid_info, struct ioasid_pasid_info,
		     __reserved, IOASID_IOCTL_FLAGS(struct ioasid_pasid_info, 0),
		     IOASID_IOCTL_ZERO(struct ioasid_pasid_info, __reserved)),
	IOASID_IOCTL(EINVAL, IOASID_DEVICE_SET_PASID_FLOOR, do_set_pasid_floor,
		     struct ioasid_pasid_floor, floor,
		     IOASID_IOCTL_FLAGS(struct ioasid_pasid_floor, 0)),
	IOASID_IOCTL(EINVAL, IOASID_DEVICE_ALIAS, do_alias, struct ioasid_alias, __reserved,
		     IOASID_IOCTL_FLAGS(struct ioasid_alias, 0),
		     IOASID_IOCTL_ZERO(struct ioasid_alias, __reserved)),
};

long ioasid_device_ioctl(const struct ioasid_binding_ops *ops, void *user,
			 unsigned int cmd, void __user *arg)
{
	struct device_fd fd = { .ops = ops, .user = user };

	return ioasid_ioctl_call(ioctls, ARRAY_SIZE(ioctls), &fd, cmd, arg);
}
EXPORT_SYMBOL_GPL(ioasid_device_ioctl);
