// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said of PASIDs to the kernel: to a translator, which has the CPU put the
 * number on the wire in place of the one that a program names, and to the drivers of
 * devices. Numbers are looked up under RCU; who remembers one is told when it ends.
 */
#include <linux/notifier.h>
#include <linux/rculist.h>

#include "attach/group.h"
#include "attach/mediated.h"
#include "attach/pasid.h"
#include "include/ioasid_api.h"

/* The address space that is attached, 0: none; and then all of @pasid is complete */
static u32 attached(const struct ioasid_pasid *pasid)
{
	/* Pairs with set_point() */
	return smp_load_acquire(&pasid->ioasid);
}

/* An alias is taken before it is known whether it can be one */
static bool goes_by(const struct ioasid_pasid *pasid, u32 vpasid)
{
	return vpasid == pasid->number || vpasid == READ_ONCE(pasid->route.alias);
}

int ioasid_pasid_lookup(struct ioasid_ctx *ctx, u32 ioasid, u64 cookie,
			u32 vpasid, u32 *ppasid)
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
	if (pasid && pasid->idev == idev && attached(pasid) == ioasid &&
	    goes_by(pasid, vpasid)) {
		*ppasid = pasid->route.pasid;
		ret = 0;
	}
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_pasid_lookup);

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

/**
 * ioasid_pasid_tell_end() - tell those who want to know that a PASID has ended
 * @pasid: the PASID, which nobody finds any more, in this address space
 * @ioasid: the address space
 *
 * Context: the number is still taken. No lock is held under which those wait who are
 * told.
 */
void ioasid_pasid_tell_end(const struct ioasid_pasid *pasid, u32 ioasid)
{
	struct ioasid_ctx *ctx = pasid->idev->ctx;
	struct ioasid_pasid_end end = {
		.ioasid = ioasid,
		.cookie = pasid->idev->cookie,
		.vpasid = pasid->number,
		.ppasid = pasid->route.pasid,
	};

	mutex_lock(&ctx->pasid_lock);
	raw_notifier_call_chain(&ctx->pasid_chain, IOASID_PASID_ENDS, &end);
	if (pasid->route.alias) {
		end.vpasid = pasid->route.alias;
		raw_notifier_call_chain(&ctx->pasid_chain, IOASID_PASID_ENDS, &end);
	}
	mutex_unlock(&ctx->pasid_lock);
}

bool ioasid_ctx_register_pasids(struct ioasid_ctx *ctx, struct notifier_block *nb)
{
	bool translated;

	kref_get(&ctx->kref);
	mutex_lock(&ctx->pasid_lock);
	nb->priority = 0;
	/* Fails for one that is registered twice alone */
	WARN_ON(raw_notifier_chain_register(&ctx->pasid_chain, nb));
	translated = ctx->translated;
	mutex_unlock(&ctx->pasid_lock);
	return translated;
}
EXPORT_SYMBOL_GPL(ioasid_ctx_register_pasids);

void ioasid_ctx_unregister_pasids(struct ioasid_ctx *ctx, struct notifier_block *nb)
{
	mutex_lock(&ctx->pasid_lock);
	WARN_ON(raw_notifier_chain_unregister(&ctx->pasid_chain, nb));
	mutex_unlock(&ctx->pasid_lock);
	__ioasid_ctx_put(ctx);
}
EXPORT_SYMBOL_GPL(ioasid_ctx_unregister_pasids);

/* In step with those who take numbers, see attach/cpu.c */
static int set_translated(struct ioasid_ctx *ctx, bool translated)
{
	int ret = 0;

	lockdep_assert_held(&ctx->pasid_lock);
	mutex_lock(&ctx->lock);
	if (translated && ctx->nr_direct)
		ret = -EXDEV;
	else
		WRITE_ONCE(ctx->translated, translated);
	mutex_unlock(&ctx->lock);
	return ret;
}

int ioasid_ctx_start_translator(struct ioasid_ctx *ctx, struct notifier_block *nb)
{
	int ret;

	mutex_lock(&ctx->pasid_lock);
	ret = ctx->translator ? -EBUSY : set_translated(ctx, true);
	if (!ret) {
		kref_get(&ctx->kref);
		/* What a device drains, the CPU must send no more of */
		nb->priority = INT_MAX;
		WARN_ON(raw_notifier_chain_register(&ctx->pasid_chain, nb));
		ctx->translator = nb;
		raw_notifier_call_chain(&ctx->pasid_chain, IOASID_PASID_TRANSLATED, NULL);
	}
	mutex_unlock(&ctx->pasid_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_ctx_start_translator);

void ioasid_ctx_stop_translator(struct ioasid_ctx *ctx, struct notifier_block *nb)
{
	mutex_lock(&ctx->pasid_lock);
	if (!WARN_ON(ctx->translator != nb)) {
		set_translated(ctx, false);
		raw_notifier_call_chain(&ctx->pasid_chain, IOASID_PASID_NOT_TRANSLATED,
					NULL);
		WARN_ON(raw_notifier_chain_unregister(&ctx->pasid_chain, nb));
		ctx->translator = NULL;
	}
	mutex_unlock(&ctx->pasid_lock);
	__ioasid_ctx_put(ctx);
}
EXPORT_SYMBOL_GPL(ioasid_ctx_stop_translator);

bool ioasid_ctx_is_translated(const struct ioasid_ctx *ctx)
{
	return READ_ONCE(ctx->translated);
}
EXPORT_SYMBOL_GPL(ioasid_ctx_is_translated);
