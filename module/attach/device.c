// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bindings: devices as the users of an open /dev/iommu know them. This is the
 * in-kernel API for the drivers of those devices.
 */
#include <linux/err.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "attach/group.h"
#include "attach/mediated.h"
#include "include/ioasid_api.h"

#define CREATE_TRACE_POINTS
#include "attach/trace.h"

/* Bindings come and go under groups_lock: what was checked stays so */
static int device_check(struct ioasid_ctx *ctx, struct device *dev, u64 cookie)
{
	struct ioasid_device *idev;
	int ret = 0;

	mutex_lock(&ctx->lock);
	list_for_each_entry(idev, &ctx->devices, ctx_node) {
		if (idev->dev == dev)
			ret = -EALREADY;
		else if (!ret && idev->cookie == cookie)
			ret = -EEXIST;
	}
	mutex_unlock(&ctx->lock);
	return ret;
}

static int desc_check(const struct ioasid_device_desc *desc)
{
	switch (desc->type) {
	case IOASID_DEVICE_PHYSICAL:
		return desc->ops ? -EINVAL : 0;
	case IOASID_DEVICE_MEDIATED:
		return desc->ops && desc->ops->unmap ? 0 : -EINVAL;
	case IOASID_DEVICE_MEDIATED_FIXED:
	case IOASID_DEVICE_PHYSICAL_USER_TABLE:
	case IOASID_DEVICE_PHYSICAL_PASIDS:
	case IOASID_DEVICE_MEDIATED_PASIDS:
	case IOASID_DEVICE_PHYSICAL_CPU:
	case IOASID_DEVICE_MEDIATED_CPU:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* A device is in its group, or, a mediated one, by itself */
static int device_join(struct ioasid_device *idev)
{
	return idev->ops ? ioasid_mediated_join(idev) : ioasid_group_join(idev);
}

static void device_leave(struct ioasid_device *idev)
{
	if (idev->mediated)
		ioasid_mediated_leave(idev);
	else
		ioasid_group_leave(idev);
}

static struct mutex *attach_lock(struct ioasid_device *idev)
{
	return idev->mediated ? &idev->mediated->lock : &idev->group->lock;
}

/* What this binding has attached, 0: nothing */
static u32 device_ioasid(const struct ioasid_device *idev)
{
	return idev->mediated ? ioasid_mediated_ioasid(idev) :
				ioasid_group_ioasid(idev);
}

struct ioasid_device *ioasid_device_bind(struct ioasid_ctx *ctx,
					 const struct ioasid_device_desc *desc)
{
	struct ioasid_device *idev;
	int ret;

	ret = desc_check(desc);
	if (ret)
		return ERR_PTR(ret);
	ret = -ENOMEM;
	idev = kzalloc(sizeof(*idev), GFP_KERNEL_ACCOUNT);
	if (!idev)
		goto free;
	idev->ctx = ctx;
	idev->dev = desc->dev;
	idev->cookie = desc->cookie;
	idev->owner = desc->owner;
	idev->ops = desc->ops;
	idev->data = desc->data;

	ret = ioasid_groups_lock();
	if (ret)
		goto free;
	ret = device_check(ctx, desc->dev, desc->cookie);
	if (ret)
		goto unlock;
	ret = ioasid_obj_reserve(ctx, &idev->obj, IOASID_OBJ_DEVICE);
	if (ret)
		goto unlock;
	ret = device_join(idev);
	if (ret)
		goto remove;
	mutex_lock(&ctx->lock);
	list_add_tail(&idev->ctx_node, &ctx->devices);
	mutex_unlock(&ctx->lock);
	kref_get(&ctx->kref);
	ioasid_obj_publish(&idev->obj);
	ioasid_groups_unlock();
	trace_ioasid_bind(ctx, desc->cookie, desc->dev, 0);
	return idev;

remove:
	ioasid_obj_remove(&idev->obj);
unlock:
	ioasid_groups_unlock();
free:
	kfree(idev);
	trace_ioasid_bind(ctx, desc->cookie, desc->dev, ret);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(ioasid_device_bind);

/* Who may not fail is not @killable */
static int do_detach(struct ioasid_device *idev, bool killable)
{
	u32 ioasid = device_ioasid(idev);
	int ret = idev->mediated ? ioasid_mediated_detach(idev, killable) :
				   ioasid_group_detach(idev);

	trace_ioasid_detach(idev, ioasid, IOASID_NO_PASID, ret);
	return ret;
}

void ioasid_device_unbind(struct ioasid_device *idev)
{
	struct ioasid_ctx *ctx = idev->ctx;

	/*
	 * Only this binding changes it. If it is attached nobody has the lock who
	 * waits for a user; if not another device's attach may
	 */
	if (device_ioasid(idev)) {
		mutex_lock(attach_lock(idev));
		do_detach(idev, false);
		mutex_unlock(attach_lock(idev));
	}

	ioasid_groups_lock_unkillable();
	mutex_lock(&ctx->lock);
	list_del(&idev->ctx_node);
	mutex_unlock(&ctx->lock);
	ioasid_obj_remove(&idev->obj);
	device_leave(idev);
	ioasid_groups_unlock();
	trace_ioasid_unbind(ctx, idev->cookie, idev->dev, 0);
	__ioasid_ctx_put(ctx);
	kfree(idev);
}
EXPORT_SYMBOL_GPL(ioasid_device_unbind);

bool ioasid_device_is_bound_to(const struct ioasid_device *idev,
			       const struct ioasid_ctx *ctx)
{
	return idev->ctx == ctx;
}
EXPORT_SYMBOL_GPL(ioasid_device_is_bound_to);

static int do_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas)
{
	u32 old;
	int ret;

	ret = mutex_lock_killable(attach_lock(idev));
	if (ret)
		return ret;
	old = device_ioasid(idev);
	ret = idev->mediated ? ioasid_mediated_attach(idev, ioas) :
			       ioasid_group_attach(idev, ioas);
	if (old)
		trace_ioasid_replace(idev, old, ioas->obj.id, IOASID_NO_PASID, ret);
	else
		trace_ioasid_attach(idev, ioas->obj.id, IOASID_NO_PASID, ret);
	mutex_unlock(attach_lock(idev));
	return ret;
}

int ioasid_device_attach(struct ioasid_device *idev, u32 ioasid, u32 flags)
{
	struct ioasid_ioas *ioas;
	int ret;

	if (flags & ~(IOASID_ATTACH_PASID | IOASID_ATTACH_PASID_ALLOC |
		      IOASID_ATTACH_NO_SNOOP))
		return -EINVAL;
	if (flags & (IOASID_ATTACH_PASID | IOASID_ATTACH_PASID_ALLOC))
		return -EOPNOTSUPP;
	ioas = ioasid_ioas_get(idev->ctx, ioasid);
	if (!ioas)
		return -ENOENT;
	ret = do_attach(idev, ioas);
	ioasid_ioas_put(ioas);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_device_attach);

int ioasid_pci_device_attach(struct ioasid_device *idev, struct pci_dev *pdev,
			     u32 ioasid, u32 flags)
{
	if (idev->dev != &pdev->dev)
		return -EINVAL;
	return ioasid_device_attach(idev, ioasid, flags);
}
EXPORT_SYMBOL_GPL(ioasid_pci_device_attach);

int ioasid_device_detach(struct ioasid_device *idev)
{
	int ret;

	ret = mutex_lock_killable(attach_lock(idev));
	if (ret)
		return ret;
	ret = do_detach(idev, true);
	mutex_unlock(attach_lock(idev));
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_device_detach);

/* Attaching by PASID is not offered yet, whatever the device has */
void ioasid_device_pasid_info(const struct ioasid_device *idev,
			      struct ioasid_pasid_info *info)
{
	info->flags = 0;
	info->width = 0;
}
EXPORT_SYMBOL_GPL(ioasid_device_pasid_info);

static u32 device_info_flags(const struct ioasid_group *group)
{
	u32 flags = 0;

	if (group->can_snoop)
		flags |= IOASID_DEVICE_INFO_ENFORCE_SNOOP;
	/*
	 * No IOASID_DEVICE_INFO_ATOMIC_REPLACE: the drivers of all kernels block
	 * the device for a moment, whatever the kernel's core does.
	 */
	if (group->unsafe_msi)
		flags |= IOASID_DEVICE_INFO_UNSAFE_MSI;
	return flags;
}

/* What a device without an IOMMU can do: everything, at any address */
static int mediated_info(struct ioasid_device_info *info, void **caps, u32 *caps_len)
{
	struct ioasid_cap_iova_ranges *ranges;

	*caps_len = struct_size(ranges, ranges, 1);
	ranges = kzalloc(*caps_len, GFP_KERNEL_ACCOUNT);
	if (!ranges)
		return -ENOMEM;
	ranges->header.id = IOASID_CAP_IOVA_RANGES;
	ranges->header.version = 1;
	ranges->header.size = *caps_len;
	ranges->ranges[0].last = U64_MAX;
	*caps = ranges;

	info->flags = 0;
	info->pgsizes = ~0ULL << PAGE_SHIFT;
	info->addr_width = 64;
	info->vendor = IOASID_IOMMU_OTHER;
	info->pasid_width = 0;
	info->pasid_flags = 0;
	info->group_devices = 0;
	return 0;
}

/* The records of a device's info: ranges, then the vendor's registers */
static int device_caps(struct ioasid_device *idev, void **caps, u32 *caps_len)
{
	struct ioasid_group *group = idev->group;
	struct ioasid_cap_iova_ranges *ranges;
	struct ioasid_ranges set = {};
	struct ioasid_cap_hw hw = {};
	size_t len;
	int ret;

	ret = ioasid_group_ranges(group, &set);
	if (ret)
		goto clear;
	ret = group->shim->hw_info(idev->dev, &hw);
	if (ret && ret != -ENODATA)
		goto clear;
	len = struct_size(ranges, ranges, set.nr);
	ranges = kzalloc(len + (ret ? 0 : sizeof(hw)), GFP_KERNEL_ACCOUNT);
	*caps_len = len + (ret ? 0 : sizeof(hw));
	if (!ranges) {
		ret = -ENOMEM;
		goto clear;
	}
	ranges->header.id = IOASID_CAP_IOVA_RANGES;
	ranges->header.version = 1;
	ranges->header.size = len;
	memcpy(ranges->ranges, set.range, set.nr * sizeof(*set.range));
	if (!ret)
		memcpy((void *)ranges + len, &hw, sizeof(hw));
	*caps = ranges;
	ret = 0;
clear:
	ioasid_ranges_clear(&set);
	return ret;
}

/**
 * ioasid_device_info_fill() - answer IOMMU_DEVICE_GET_INFO
 * @ctx: the context
 * @info: the answer, of which @cookie is the question
 * @caps: out: the records, to be freed with kfree()
 * @caps_len: out: their size, bytes
 *
 * Return: 0, -ENODEV if no device has that cookie, -ENOMEM, -EINTR.
 */
int ioasid_device_info_fill(struct ioasid_ctx *ctx,
			    struct ioasid_device_info *info,
			    void **caps, u32 *caps_len)
{
	struct ioasid_device *idev;
	struct ioasid_group *group;
	int ret;

	ret = ioasid_groups_lock();
	if (ret)
		return ret;
	ret = -ENODEV;
	mutex_lock(&ctx->lock);
	list_for_each_entry(idev, &ctx->devices, ctx_node) {
		if (idev->cookie != info->cookie)
			continue;
		if (idev->mediated) {
			ret = mediated_info(info, caps, caps_len);
			break;
		}
		group = idev->group;
		info->flags = device_info_flags(group);
		info->pgsizes = group->shim->pgsizes(group->blocked);
		info->addr_width = fls64(group->aperture.last);
		info->vendor = group->shim->vendor;
		info->pasid_width = 0;
		info->pasid_flags = 0;
		info->group_devices = ioasid_group_size(group);
		ret = device_caps(idev, caps, caps_len);
		break;
	}
	mutex_unlock(&ctx->lock);
	ioasid_groups_unlock();
	return ret;
}
