// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bound devices: those of an open /dev/iommu, and finding one by its cookie. How they
 * come to be bound is in attach/bind.c.
 */
#include <linux/hash.h>
#include <linux/rculist.h>

#include "attach/device.h"

static struct hlist_head *with_hash_of(struct ioasid_ctx *ctx, u64 cookie)
{
	return &ctx->by_cookie[hash_64(cookie, IOASID_COOKIE_BITS)];
}

/**
 * ioasid_device_find() - a bound device by its cookie
 * @ctx: the context, its lock held; it stays bound under groups_lock. Or RCU is held
 * @cookie: the cookie
 *
 * Return: the binding, or NULL.
 */
struct ioasid_device *ioasid_device_find(struct ioasid_ctx *ctx, u64 cookie)
{
	struct ioasid_device *idev;

	hlist_for_each_entry_rcu(idev, with_hash_of(ctx, cookie), cookie_node,
				 lockdep_is_held(&ctx->lock))
		if (idev->cookie == cookie)
			return idev;
	return NULL;
}

/**
 * ioasid_device_check() - may a device be bound by that name?
 * @ctx: the context
 * @dev: the device
 * @cookie: the name
 *
 * Context: groups_lock is held, under which bindings come and go: what was checked stays
 * so.
 * Return: 0, -EEXIST if another one has the name, -EALREADY if @dev is bound to @ctx.
 */
int ioasid_device_check(struct ioasid_ctx *ctx, struct device *dev, u64 cookie)
{
	struct ioasid_device *idev;
	int ret;

	mutex_lock(&ctx->lock);
	ret = ioasid_device_find(ctx, cookie) ? -EEXIST : 0;
	list_for_each_entry(idev, &ctx->devices, ctx_node)
		if (idev->dev == dev)
			ret = -EALREADY;
	mutex_unlock(&ctx->lock);
	return ret;
}

/**
 * ioasid_device_add() - let a binding be found
 * @idev: the binding, complete, of a device and by a name that have been checked
 *
 * Context: groups_lock is held.
 */
void ioasid_device_add(struct ioasid_device *idev)
{
	struct ioasid_ctx *ctx = idev->ctx;

	mutex_lock(&ctx->lock);
	list_add_tail(&idev->ctx_node, &ctx->devices);
	hlist_add_head_rcu(&idev->cookie_node, with_hash_of(ctx, idev->cookie));
	mutex_unlock(&ctx->lock);
}

/**
 * ioasid_device_remove() - let a binding be found no more
 * @idev: the binding. Who has found it under RCU has it for a grace period
 *
 * Context: groups_lock is held.
 */
void ioasid_device_remove(struct ioasid_device *idev)
{
	struct ioasid_ctx *ctx = idev->ctx;

	mutex_lock(&ctx->lock);
	list_del(&idev->ctx_node);
	hlist_del_rcu(&idev->cookie_node);
	mutex_unlock(&ctx->lock);
}

u32 ioasid_device_id(const struct ioasid_device *idev)
{
	return idev->obj.id;
}
EXPORT_SYMBOL_GPL(ioasid_device_id);

bool ioasid_device_is_bound_to(const struct ioasid_device *idev,
			       const struct ioasid_ctx *ctx)
{
	return idev->ctx == ctx;
}
EXPORT_SYMBOL_GPL(ioasid_device_is_bound_to);

bool ioasid_device_keeps_in_sleep(struct device *dev)
{
	return !dev->iommu || !dev->iommu->iommu_dev || ioasid_shim_of(dev)->keeps_in_sleep;
}
EXPORT_SYMBOL_GPL(ioasid_device_keeps_in_sleep);
