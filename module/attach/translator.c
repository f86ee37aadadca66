// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said of PASIDs to the kernel: to a translator, which has the CPU put the
 * number on the wire in place of the one that a program names, and to the drivers of
 * devices. Numbers are looked up under RCU; what remembers one is told when it ends.
 *
 * A number that the CPU translates to ends in two stages. A file's translator and its
 * listeners are told of each device for which it ends; once it has ended for the last one
 * every command portal of the machine is told, before it is free: what carries it may be
 * at a device that never had it.
 */
#include <linux/rculist.h>
#include <linux/rwsem.h>

#include "attach/device.h"
#include "attach/group.h"
#include "attach/mediated.h"
#include "attach/pasid.h"
#include "attach/trace.h"
#include "include/ioasid_api.h"

/* The devices to which CPUs send work, struct ioasid_portal; under portals_sem */
static LIST_HEAD(portals);
static DECLARE_RWSEM(portals_sem);

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

static void tell_listeners(struct ioasid_ctx *ctx, enum ioasid_pasid_event event,
			   const struct ioasid_pasid_end *end)
{
	struct ioasid_pasid_listener *listener;

	lockdep_assert_held(&ctx->pasid_lock);
	list_for_each_entry(listener, &ctx->pasid_listeners, node)
		listener->event(listener, event, end);
}

/* What a device drains, the CPU must send no more of */
static void tell_end(struct ioasid_ctx *ctx, const struct ioasid_pasid_end *end)
{
	if (ctx->translator)
		ctx->translator->event(ctx->translator, IOASID_PASID_ENDS, end);
	tell_listeners(ctx, IOASID_PASID_ENDS, end);
}

static void pasid_tell_end(const struct ioasid_pasid *pasid, u32 ioasid)
{
	struct ioasid_ctx *ctx = pasid->idev->ctx;
	struct ioasid_pasid_end end = {
		.ioasid = ioasid,
		.cookie = pasid->idev->cookie,
		.vpasid = pasid->number,
		.ppasid = pasid->route.pasid,
	};

	tell_end(ctx, &end);
	if (pasid->route.alias) {
		/* Where no CPU translates, and in the device's own DMA, it is on the wire */
		end.vpasid = pasid->route.alias;
		end.ppasid = pasid->route.alias;
		tell_end(ctx, &end);
	}
}

/**
 * ioasid_pasid_tell_end() - tell a file's translator and listeners that a PASID has ended
 * @pasid: the PASID, which no look-up finds in this address space
 * @ioasid: the address space; 0: it has been told, or is just being: wait for that
 *
 * Context: the number is still taken. No lock is held that a listener takes.
 */
void ioasid_pasid_tell_end(const struct ioasid_pasid *pasid, u32 ioasid)
{
	struct ioasid_ctx *ctx = pasid->idev->ctx;

	mutex_lock(&ctx->pasid_lock);
	if (ioasid)
		pasid_tell_end(pasid, ioasid);
	mutex_unlock(&ctx->pasid_lock);
}

/* What has a number and has ended, as its user does not know yet; RCU is held */
static struct ioasid_pasid *pasid_find_ended(struct ioasid_pasids *pasids, u32 number)
{
	struct ioasid_pasid *pasid = xa_load(&pasids->wire.entries, number);

	return pasid && ioasid_route_has_ended(&pasid->route) ? pasid : NULL;
}

/**
 * ioasid_pasid_tell_ended() - tell of a PASID, if it has ended before it was detached
 * @pasids: of the RID
 * @number: on the wire
 *
 * Once, and not again when it is detached.
 *
 * Context: groups_lock is held, and with it bindings and their contexts stay.
 */
void ioasid_pasid_tell_ended(struct ioasid_pasids *pasids, u32 number)
{
	struct ioasid_pasid *pasid;
	struct ioasid_ctx *ctx;
	u32 ioasid = 0;

	rcu_read_lock();
	pasid = pasid_find_ended(pasids, number);
	ctx = pasid ? pasid->idev->ctx : NULL;
	rcu_read_unlock();
	if (!ctx)
		return;
	mutex_lock(&ctx->pasid_lock);
	rcu_read_lock();
	pasid = pasid_find_ended(pasids, number);
	if (pasid && pasid->idev->ctx == ctx)
		ioasid = xchg(&pasid->ioasid, 0);
	rcu_read_unlock();
	/* A PASID with an end that is not told yet stays until that lock is dropped */
	if (ioasid) {
		pasid_tell_end(pasid, ioasid);
		trace_ioasid_detach(pasid->idev, ioasid, pasid->number ?: IOASID_NO_PASID, 0);
	}
	mutex_unlock(&ctx->pasid_lock);
}

/**
 * ioasid_portals_end() - end all work in the machine that carries a number
 * @ctx: the context that had it
 * @ppasid: a number of the kernel's global allocator. It is attached nowhere and found by
 *	no look-up, and the translator of its file has been told of each of its ends: no
 *	CPU sends it
 *
 * When this returns no device does DMA with it, wherever a CPU has sent it to.
 *
 * Context: the number is not free yet. No lock is held that a portal takes.
 */
void ioasid_portals_end(const struct ioasid_ctx *ctx, u32 ppasid)
{
	struct ioasid_portal *portal;

	down_read(&portals_sem);
	list_for_each_entry(portal, &portals, node)
		portal->end_works(portal, ctx, ppasid);
	up_read(&portals_sem);
}

void ioasid_portal_register(struct ioasid_portal *portal)
{
	down_write(&portals_sem);
	list_add_tail(&portal->node, &portals);
	up_write(&portals_sem);
}
EXPORT_SYMBOL_GPL(ioasid_portal_register);

void ioasid_portal_unregister(struct ioasid_portal *portal)
{
	down_write(&portals_sem);
	list_del(&portal->node);
	up_write(&portals_sem);
}
EXPORT_SYMBOL_GPL(ioasid_portal_unregister);

bool ioasid_ctx_register_pasids(struct ioasid_ctx *ctx,
				struct ioasid_pasid_listener *listener)
{
	bool translated;

	kref_get(&ctx->kref);
	mutex_lock(&ctx->pasid_lock);
	list_add_tail(&listener->node, &ctx->pasid_listeners);
	translated = ctx->translated;
	mutex_unlock(&ctx->pasid_lock);
	return translated;
}
EXPORT_SYMBOL_GPL(ioasid_ctx_register_pasids);

void ioasid_ctx_unregister_pasids(struct ioasid_ctx *ctx,
				  struct ioasid_pasid_listener *listener)
{
	mutex_lock(&ctx->pasid_lock);
	list_del(&listener->node);
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

int ioasid_ctx_start_translator(struct ioasid_ctx *ctx,
				struct ioasid_pasid_listener *translator)
{
	int ret;

	mutex_lock(&ctx->pasid_lock);
	ret = ctx->translator ? -EBUSY : set_translated(ctx, true);
	if (!ret) {
		kref_get(&ctx->kref);
		WRITE_ONCE(ctx->translator, translator);
		tell_listeners(ctx, IOASID_PASID_TRANSLATED, NULL);
	}
	mutex_unlock(&ctx->pasid_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_ctx_start_translator);

void ioasid_ctx_stop_translator(struct ioasid_ctx *ctx,
				struct ioasid_pasid_listener *translator)
{
	mutex_lock(&ctx->pasid_lock);
	if (!WARN_ON(ctx->translator != translator)) {
		/* First portals take nothing, then they end what they have taken */
		set_translated(ctx, false);
		WRITE_ONCE(ctx->translator, NULL);
		tell_listeners(ctx, IOASID_PASID_NOT_TRANSLATED, NULL);
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

bool ioasid_ctx_is_translated_by(const struct ioasid_ctx *ctx,
				 const struct ioasid_pasid_listener *translator)
{
	return READ_ONCE(ctx->translator) == translator;
}
EXPORT_SYMBOL_GPL(ioasid_ctx_is_translated_by);
