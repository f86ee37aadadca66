// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command portals: the devices of the machine to which CPU instructions send work. Each of
 * them ends what carries a number of the kernel's global allocator before that is free: it
 * may be at a device that never had the number.
 */
#include <linux/list.h>
#include <linux/rwsem.h>

#include "attach/portals.h"
#include "include/ioasid_api.h"

/* The devices to which CPUs send work, struct ioasid_portal; under portals_sem */
static LIST_HEAD(portals);
static DECLARE_RWSEM(portals_sem);

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
