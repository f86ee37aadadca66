// SPDX-License-Identifier: GPL-2.0-only
/*
 * No-snoop DMA: may a device behind an open file get past the CPU's caches? Who runs
 * a guest has to know, for then the guest's own cache instructions count.
 */
#include <linux/notifier.h>

#include "attach/group.h"
#include "include/ioasid_api.h"

bool ioasid_ctx_no_snoop(struct ioasid_ctx *ctx)
{
	return atomic_read(&ctx->no_snoop);
}
EXPORT_SYMBOL_GPL(ioasid_ctx_no_snoop);

bool ioasid_ctx_register_no_snoop(struct ioasid_ctx *ctx, struct notifier_block *nb)
{
	bool told;

	kref_get(&ctx->kref);
	mutex_lock(&ctx->no_snoop_lock);
	/* Fails for one that is registered twice alone */
	WARN_ON(raw_notifier_chain_register(&ctx->no_snoop_chain, nb));
	told = ctx->no_snoop_told;
	mutex_unlock(&ctx->no_snoop_lock);
	return told;
}
EXPORT_SYMBOL_GPL(ioasid_ctx_register_no_snoop);

void ioasid_ctx_unregister_no_snoop(struct ioasid_ctx *ctx, struct notifier_block *nb)
{
	mutex_lock(&ctx->no_snoop_lock);
	WARN_ON(raw_notifier_chain_unregister(&ctx->no_snoop_chain, nb));
	mutex_unlock(&ctx->no_snoop_lock);
	__ioasid_ctx_put(ctx);
}
EXPORT_SYMBOL_GPL(ioasid_ctx_unregister_no_snoop);

/**
 * ioasid_no_snoop_tell() - tell those who want to know, if something has changed
 * @ctx: the context, of which a device has been attached or detached
 *
 * Context: no lock of the core is held. Of several at once the last one tells what
 * there is in the end.
 */
void ioasid_no_snoop_tell(struct ioasid_ctx *ctx)
{
	bool now;

	mutex_lock(&ctx->no_snoop_lock);
	now = atomic_read(&ctx->no_snoop);
	if (ctx->no_snoop_told != now) {
		ctx->no_snoop_told = now;
		raw_notifier_call_chain(&ctx->no_snoop_chain, now, NULL);
	}
	mutex_unlock(&ctx->no_snoop_lock);
}
