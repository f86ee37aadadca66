// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is told what becomes of the PASIDs of an open file: first its translator, which has
 * the CPU put the number on the wire in place of the one that a program names, then its
 * listeners, the drivers of devices for example. What remembers a number is told when that
 * ends, for each device for which it ends.
 */
#include <linux/rcupdate.h>
#include <linux/xarray.h>

#include "attach/device.h"
#include "attach/listeners.h"
#include "attach/numbers.h"
#include "attach/pasid.h"
#include "attach/trace.h"
#include "include/ioasid_api.h"

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
static struct ioasid_pasid *pasid_find_ended(struct ioasid_numbers *wire, u32 number)
{
	struct ioasid_pasid *pasid = xa_load(&wire->entries, number);

	return pasid && ioasid_route_has_ended(&pasid->route) ? pasid : NULL;
}

/**
 * ioasid_pasid_tell_ended() - tell of a PASID, if it has ended before it was detached
 * @wire: the numbers of a RID
 * @number: one of them
 *
 * Once, and not again when it is detached.
 *
 * Context: groups_lock is held, and with it bindings and their contexts stay.
 */
void ioasid_pasid_tell_ended(struct ioasid_numbers *wire, u32 number)
{
	struct ioasid_pasid *pasid;
	struct ioasid_ctx *ctx;
	u32 ioasid = 0;

	rcu_read_lock();
	pasid = pasid_find_ended(wire, number);
	ctx = pasid ? pasid->idev->ctx : NULL;
	rcu_read_unlock();
	if (!ctx)
		return;
	mutex_lock(&ctx->pasid_lock);
	rcu_read_lock();
	pasid = pasid_find_ended(wire, number);
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
