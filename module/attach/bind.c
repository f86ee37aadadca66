// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding: a device is put under the control of the user of an open /dev/iommu, and
 * taken from it. This is the in-kernel API for the drivers of those devices.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "attach/attach.h"
#include "attach/device.h"
#include "attach/group.h"
#include "attach/mediated.h"
#include "attach/pasids.h"
#include "attach/trace.h"
#include "include/ioasid_api.h"

static int desc_check(const struct ioasid_device_desc *desc)
{
	switch (desc->type) {
	case IOASID_DEVICE_PHYSICAL:
	case IOASID_DEVICE_PHYSICAL_USER_TABLE:
	case IOASID_DEVICE_PHYSICAL_PASIDS:
	case IOASID_DEVICE_PHYSICAL_CPU:
		return desc->ops || desc->parent ? -EINVAL : 0;
	case IOASID_DEVICE_MEDIATED:
		return !desc->parent && desc->ops && desc->ops->unmap ? 0 : -EINVAL;
	case IOASID_DEVICE_MEDIATED_FIXED:
	case IOASID_DEVICE_MEDIATED_PASIDS:
	case IOASID_DEVICE_MEDIATED_CPU:
		return !desc->ops && desc->parent ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int join_physical(struct ioasid_device *idev)
{
	int ret;

	/* Whoever drives it can send any PASID, those of its children's users too */
	if (ioasid_pasids_are_shared(idev->dev->iommu_group))
		return -EPERM;
	ret = ioasid_group_join(idev);
	if (ret || idev->type == IOASID_DEVICE_PHYSICAL)
		return ret;
	idev->pasids = ioasid_pasids_get(idev->dev, false);
	if (!IS_ERR_OR_NULL(idev->pasids)) {
		idev->numbers = &idev->pasids->wire;
		return 0;
	}
	ret = PTR_ERR_OR_ZERO(idev->pasids);
	idev->pasids = NULL;
	if (ret)
		ioasid_group_leave(idev);
	return ret;
}

/* The parent's RID stays the host's */
static int join_parent(struct ioasid_device *idev, struct device *parent)
{
	int ret;

	if (!parent->iommu || !parent->iommu->iommu_dev)
		return -ENODEV;
	if (!device_iommu_capable(parent, IOMMU_CAP_CACHE_COHERENCY))
		return -EINVAL;
	/* See join_physical(): it is the same the other way round */
	if (ioasid_group_is_bound(parent->iommu_group))
		return -EPERM;
	idev->pasids = ioasid_pasids_get(parent, true);
	if (IS_ERR_OR_NULL(idev->pasids))
		return idev->pasids ? PTR_ERR(idev->pasids) : -EOPNOTSUPP;
	ret = ioasid_mediated_join(idev);
	if (ret)
		ioasid_pasids_put(idev->pasids);
	else
		idev->numbers = &idev->mediated->numbers;
	return ret;
}

static int device_join(struct ioasid_device *idev, struct device *parent)
{
	if (parent)
		return join_parent(idev, parent);
	return idev->ops ? ioasid_mediated_join(idev) : join_physical(idev);
}

static void device_leave(struct ioasid_device *idev)
{
	if (idev->mediated)
		ioasid_mediated_leave(idev);
	else
		ioasid_group_leave(idev);
	ioasid_pasids_put(idev->pasids);
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
	idev->type = desc->type;
	INIT_LIST_HEAD(&idev->attached_pasids);
	idev->ops = desc->ops;
	idev->data = desc->data;

	ret = ioasid_groups_lock();
	if (ret)
		goto free;
	ret = ioasid_obj_reserve(ctx, &idev->obj, IOASID_OBJ_DEVICE);
	if (ret)
		goto unlock;
	if (desc->named_by_id)
		idev->cookie = idev->obj.id;
	ret = ioasid_device_check(ctx, desc->dev, idev->cookie);
	if (ret)
		goto remove;
	ret = device_join(idev, desc->parent);
	if (ret)
		goto remove;
	ioasid_device_add(idev);
	kref_get(&ctx->kref);
	ioasid_obj_publish(&idev->obj);
	ioasid_groups_unlock();
	trace_ioasid_bind(ctx, idev->cookie, desc->dev, 0);
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

int ioasid_device_id_of(const struct ioasid_device *idev, struct device *dev)
{
	int ret = ioasid_groups_lock();

	if (ret)
		return ret;
	ret = ioasid_group_device_id(idev->ctx, dev);
	ioasid_groups_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_device_id_of);

void ioasid_device_unbind(struct ioasid_device *idev)
{
	struct ioasid_ctx *ctx = idev->ctx;

	ioasid_device_detach_all(idev);

	ioasid_groups_lock_unkillable();
	ioasid_device_remove(idev);
	ioasid_obj_remove(&idev->obj);
	device_leave(idev);
	ioasid_groups_unlock();
	trace_ioasid_unbind(ctx, idev->cookie, idev->dev, 0);
	__ioasid_ctx_put(ctx);
	kfree_rcu(idev, rcu);
}
EXPORT_SYMBOL_GPL(ioasid_device_unbind);
