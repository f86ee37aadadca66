// SPDX-License-Identifier: GPL-2.0-only
/*
 * No-snoop DMA: may a device behind an open file get past the CPU's caches? What runs
 * a guest has to know, for then the guest's own cache instructions count.
 */
#include <linux/list.h>

#include "attach/no_snoop.h"
#include "base/ctx.h"
#include "include/ioasid_api.h"

bool ioasid_ctx_no_snoop(struct ioasid_ctx *ctx)
{
	return atomic_read(&ctx->no_snoop);
}
EXPORT_SYMBOL_GPL(ioasid_ctx_no_snoop);

bool ioasid_ctx_register_no_snoop(struct ioasid_ctx *ctx,
				  struct ioasid_no_snoop_listener *listener)
{
	bool told;

	kref_get(&ctx->kref);
	mutex_lock(&ctx->no_snoop_lock);
	list_add_tail(&listener->node, &ctx->no_snoop_listeners);
	told = ctx->no_snoop_told;
	mutex_unlock(&ctx->no_snoop_lock);
	return told;
}
EXPORT_SYMBOL_GPL(ioasid_ctx_register_no_snoop);

void ioasid_ctx_unregister_no_snoop(struct ioasid_ctx *ctx,
				    struct ioasid_no_snoop_listener *listener)
{
	mutex_lock(&ctx->no_snoop_lock);
	list_del(&listener->node);
	mutex_unlock(&ctx->no_snoop_lock);
	__ioasid_ctx_put(ctx);
}
EXPORT_SYMBOL_GPL(ioasid_ctx_unregister_no_snoop);

/**
 * ioasid_no_snoop_tell() - tell all listeners, if something has changed
 * @ctx: the context, of which a device has been attached or detached
 *
 * Context: no lock of the core is held. Of several at once the last one tells what
 * there is in the end.
 */
void ioasid_no_snoop_tell(struct ioasid_ctx *ctx)
{
	struct ioasid_no_snoop_listener *listener;
	bool now;

	mutex_lock(&ctx->no_snoop_lock);
	now = atomic_read(&ctx->no_snoop);
	if (ctx->no_snoop_told != now) {
		ctx->no_snoop_told = now;
		list_for_each_entry(listener, &ctx->no_snoop_listeners, node)
			listener->changed(listener, now);
	}
	mutex_unlock(&ctx->no_snoop_lock);
}
