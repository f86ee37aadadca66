// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables by ids of their own. Linux's iommufd has an object for each; here
 * they come and go with the devices that are attached, and the id says which of an
 * address space's is meant.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "attach/device.h"
#include "attach/hwpt.h"

/**
 * ioasid_hwpt_new() - an id for the page table that a device has of an address space
 * @ctx: in whose id table
 * @cookie: of the device
 * @ioasid: the address space
 * @pasid: it is to be attached by PASID
 *
 * Return: the page table's id, reserved but not published, or an ERR_PTR(): -ENODEV
 * if no device has that cookie, -EINVAL if it has no page tables, -EOPNOTSUPP if it has
 * no PASIDs and should, -ENOENT if there is no such address space, -ENOMEM, -ENOSPC,
 * -EINTR.
 */
struct ioasid_hwpt *ioasid_hwpt_new(struct ioasid_ctx *ctx, u64 cookie, u32 ioasid,
				    bool pasid)
{
	struct ioasid_hwpt *hwpt = kzalloc(sizeof(*hwpt), GFP_KERNEL_ACCOUNT);
	struct ioasid_device *idev;
	int ret;

	if (!hwpt)
		return ERR_PTR(-ENOMEM);
	ret = ioasid_groups_lock();
	if (ret)
		goto free;
	mutex_lock(&ctx->lock);
	ret = -ENODEV;
	idev = ioasid_device_find(ctx, cookie);
	if (idev && !idev->group) {
		ret = -EINVAL;
	} else if (idev && pasid && !idev->pasids) {
		ret = -EOPNOTSUPP;
	} else if (idev) {
		ret = 0;
		hwpt->iommu = idev->group->iommu;
		hwpt->snoop = idev->group->can_snoop;
	}
	mutex_unlock(&ctx->lock);
	ioasid_groups_unlock();
	if (ret)
		goto free;
	ret = -ENOENT;
	hwpt->ioas = ioasid_ioas_get(ctx, ioasid);
	if (!hwpt->ioas)
		goto free;
	ret = ioasid_ioas_add_hwpt(hwpt->ioas, pasid);
	if (ret)
		goto put;
	ret = ioasid_obj_reserve(ctx, &hwpt->obj, IOASID_OBJ_HWPT);
	if (!ret)
		return hwpt;

	ioasid_ioas_remove_hwpt(hwpt->ioas);
put:
	ioasid_ioas_put(hwpt->ioas);
free:
	kfree(hwpt);
	return ERR_PTR(ret);
}

/**
 * ioasid_hwpt_get() - find a page table by its id
 * @ctx: in whose id table
 * @id: the id
 *
 * Return: the page table, to be given back with ioasid_hwpt_put(), or NULL.
 */
struct ioasid_hwpt *ioasid_hwpt_get(struct ioasid_ctx *ctx, u32 id)
{
	struct ioasid_obj *obj = ioasid_obj_get(ctx, id, IOASID_OBJ_HWPT);

	return obj ? container_of(obj, struct ioasid_hwpt, obj) : NULL;
}

/**
 * ioasid_hwpt_put() - give back a page table
 * @hwpt: the page table, or NULL
 */
void ioasid_hwpt_put(struct ioasid_hwpt *hwpt)
{
	if (!hwpt || !refcount_dec_and_test(&hwpt->obj.refs))
		return;
	ioasid_ioas_put(hwpt->ioas);
	kfree(hwpt);
}

/* Out of the table; the address space can be freed again */
static void hwpt_remove(struct ioasid_hwpt *hwpt)
{
	ioasid_obj_remove(&hwpt->obj);
	ioasid_ioas_remove_hwpt(hwpt->ioas);
	ioasid_hwpt_put(hwpt);
}

/**
 * ioasid_hwpt_free() - end an id of a page table
 * @hwpt: the page table; one that is not published yet can be freed, too
 *
 * Return: 0, -ENOENT if it has ended already, -EBUSY if a device is attached to it.
 */
int ioasid_hwpt_free(struct ioasid_hwpt *hwpt)
{
	struct ioasid_ctx *ctx = hwpt->obj.ctx;
	int ret = 0;

	mutex_lock(&ctx->lock);
	if (hwpt->dead)
		ret = -ENOENT;
	else if (hwpt->nr_users)
		ret = -EBUSY;
	else
		hwpt->dead = true;
	mutex_unlock(&ctx->lock);
	if (!ret)
		hwpt_remove(hwpt);
	return ret;
}

/**
 * ioasid_hwpt_release_all() - the file of a context is closed
 * @ctx: the context; no call can name an object any more
 */
void ioasid_hwpt_release_all(struct ioasid_ctx *ctx)
{
	struct ioasid_hwpt *hwpt;
	struct ioasid_obj *obj;
	unsigned long id;

	for (id = 0; (obj = xa_find(&ctx->objects, &id, ULONG_MAX, XA_PRESENT));
	     id++) {
		cond_resched();
		hwpt = ioasid_hwpt_get(ctx, id);
		if (!hwpt)
			continue;
		hwpt_remove(hwpt);
		ioasid_hwpt_put(hwpt);
	}
}

/**
 * ioasid_hwpt_is_for() - is it a group's page table?
 * @hwpt: the page table
 * @group: the group
 */
bool ioasid_hwpt_is_for(const struct ioasid_hwpt *hwpt,
			const struct ioasid_group *group)
{
	return hwpt->iommu == group->iommu && hwpt->snoop == group->can_snoop;
}

/**
 * ioasid_hwpt_use() - a binding is to be attached to a page table
 * @hwpt: the page table
 *
 * Return: 0, or -ENOENT if its id has ended.
 */
int ioasid_hwpt_use(struct ioasid_hwpt *hwpt)
{
	struct ioasid_ctx *ctx = hwpt->obj.ctx;
	int ret = 0;

	mutex_lock(&ctx->lock);
	if (hwpt->dead) {
		ret = -ENOENT;
	} else {
		hwpt->nr_users++;
		refcount_inc(&hwpt->obj.refs);
	}
	mutex_unlock(&ctx->lock);
	return ret;
}

/**
 * ioasid_hwpt_unuse() - the opposite
 * @hwpt: the page table, or NULL
 */
void ioasid_hwpt_unuse(struct ioasid_hwpt *hwpt)
{
	struct ioasid_ctx *ctx;

	if (!hwpt)
		return;
	ctx = hwpt->obj.ctx;
	mutex_lock(&ctx->lock);
	hwpt->nr_users--;
	mutex_unlock(&ctx->lock);
	ioasid_hwpt_put(hwpt);
}
