// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking PASIDs up: from the user's number to the one on the wire, for a device, for its
 * driver and for a CPU; and from a RID and the number on its wire back to the user's names,
 * for faults. Under RCU, and never for what has ended.
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/xarray.h>

#include "attach/device.h"
#include "attach/lookup.h"
#include "attach/mediated.h"
#include "attach/pasid.h"
#include "attach/pasids.h"
#include "include/ioasid_api.h"

/**
 * ioasid_pasid_find() - what a user's number stands for
 * @idev: the binding, of a device that has PASIDs, in one of its calls
 * @number: the number, or an alias; 0: a mediated device's default
 *
 * Return: the PASID, NULL if the number stands for nothing, ERR_PTR(-EBUSY) if it was
 * attached through another binding of the device.
 */
struct ioasid_pasid *ioasid_pasid_find(const struct ioasid_device *idev, u32 number)
{
	struct ioasid_pasid *pasid;

	rcu_read_lock();
	if (number)
		pasid = xa_load(&idev->numbers->entries, number);
	else
		pasid = idev->mediated ?
			rcu_dereference(idev->mediated->default_pasid) : NULL;
	if (pasid && pasid->idev != idev)
		pasid = ERR_PTR(-EBUSY);
	rcu_read_unlock();
	return pasid;
}

/**
 * ioasid_pasid_is_taken() - has a binding attached a PASID, and not detached it yet?
 * @idev: the binding, of a device that has PASIDs
 * @number: the user's number
 *
 * Return: that, also if it has ended meanwhile.
 */
bool ioasid_pasid_is_taken(const struct ioasid_device *idev, u32 number)
{
	return !IS_ERR_OR_NULL(ioasid_pasid_find(idev, number));
}

/**
 * ioasid_pasid_ioasid() - what is attached to a PASID
 * @idev: the binding, of a device that has PASIDs
 * @number: the user's number
 *
 * Return: the handle of the address space; 0 if there is none, it has ended, or it is
 * another binding's.
 */
u32 ioasid_pasid_ioasid(const struct ioasid_device *idev, u32 number)
{
	struct ioasid_pasid *pasid = ioasid_pasid_find(idev, number);

	if (IS_ERR_OR_NULL(pasid) || ioasid_route_has_ended(&pasid->route))
		return 0;
	return pasid->ioasid;
}

/* The address space that is attached, 0: none; else all of @pasid is complete */
static u32 attached(const struct ioasid_pasid *pasid)
{
	/* Pairs with set_point() */
	u32 ioasid = smp_load_acquire(&pasid->ioasid);

	return ioasid_route_has_ended(&pasid->route) ? 0 : ioasid;
}

static __always_inline int lookup(struct ioasid_ctx *ctx, u32 ioasid, u64 cookie,
				  u32 vpasid, bool by_cpu, u32 *ppasid)
{
	struct ioasid_device *idev;
	struct ioasid_pasid *pasid;
	int ret = -ENOENT;

	if (!vpasid || !ioasid)
		return -EINVAL;
	rcu_read_lock();
	idev = ioasid_device_find(ctx, cookie);
	pasid = idev && idev->pasids ?
		xa_load(&idev->numbers->entries, vpasid) : NULL;
	if (pasid && pasid->idev == idev && attached(pasid) == ioasid) {
		*ppasid = pasid->route.pasid;
		/* Set before it was attached; gone after it was told to have ended */
		ret = by_cpu && !READ_ONCE(pasid->cpu) ? -EACCES : 0;
	}
	rcu_read_unlock();
	return ret;
}

int ioasid_pasid_lookup(struct ioasid_ctx *ctx, u32 ioasid, u64 cookie,
			u32 vpasid, u32 *ppasid)
{
	return lookup(ctx, ioasid, cookie, vpasid, false, ppasid);
}
EXPORT_SYMBOL_GPL(ioasid_pasid_lookup);

int ioasid_pasid_translate(struct ioasid_ctx *ctx, u32 ioasid, u64 cookie,
			   u32 vpasid, u32 *ppasid)
{
	return lookup(ctx, ioasid, cookie, vpasid, true, ppasid);
}
EXPORT_SYMBOL_GPL(ioasid_pasid_translate);

int ioasid_device_ppasid(const struct ioasid_device *idev, u32 vpasid, u32 *ppasid)
{
	struct ioasid_mediated *mediated = idev->mediated;
	const struct ioasid_pasid *pasid;
	int ret = -ENOENT;

	if (WARN_ON_ONCE(!mediated || !idev->pasids))
		return -EINVAL;
	rcu_read_lock();
	/* Whichever of its bindings has attached it: it is one device */
	pasid = vpasid ? xa_load(&mediated->numbers.entries, vpasid) :
			 rcu_dereference(mediated->default_pasid);
	if (pasid && attached(pasid)) {
		*ppasid = pasid->route.pasid;
		ret = 0;
	}
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_device_ppasid);

int ioasid_pasid_origin(struct device *dev, u32 ppasid,
			struct ioasid_dma_origin *origin)
{
	struct ioasid_pasids *pasids;
	struct ioasid_pasid *pasid;
	int ret = -ENOENT;
	u32 ioasid;

	rcu_read_lock();
	pasids = ioasid_pasids_of_rcu(dev);
	pasid = pasids ? xa_load(&pasids->wire.entries, ppasid) : NULL;
	ioasid = pasid ? attached(pasid) : 0;
	if (ioasid) {
		origin->ioasid = ioasid;
		origin->cookie = pasid->idev->cookie;
		/* Its user knows both numbers of a physical one, or none */
		origin->vpasid = ppasid;
		if (ioasid_pasids_are_mediated(pasid->idev))
			origin->vpasid = pasid->number;
		ret = 0;
	}
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_pasid_origin);
