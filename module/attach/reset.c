// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets. From 7.2 on the kernel takes a device with ATS out of all that it is attached
 * to while it is reset, by RID and by PASID, and puts it back, by itself. As with our own
 * changes nothing may be unmapped while the driver does so, and a reset does not say
 * when it is between the two. So the address spaces are frozen for as long as it takes,
 * and nothing new is attached.
 */
#include <linux/device.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "attach/group.h"
#include "attach/pasid.h"
#include "attach/reset.h"
#include "include/ioasid_api.h"

/**
 * struct frozen - an address space that is frozen for a reset
 * @node: in the frozen ones of the RID
 * @ioas: the address space, held
 */
struct frozen {
	struct list_head node;
	struct ioasid_ioas *ioas;
};

/**
 * ioasid_resets_init() - no reset is under way
 * @resets: to be initialized
 */
void ioasid_resets_init(struct ioasid_resets *resets)
{
	resets->nr = 0;
	INIT_LIST_HEAD(&resets->frozen);
}

/**
 * ioasid_resets_end() - let go of what is frozen
 * @resets: of a RID that no reset is under way of, or that nobody has any more
 *
 * Context: groups_lock is held.
 */
void ioasid_resets_end(struct ioasid_resets *resets)
{
	struct frozen *frozen, *next;

	list_for_each_entry_safe(frozen, next, &resets->frozen, node) {
		ioasid_ioas_thaw(frozen->ioas);
		ioasid_ioas_put(frozen->ioas);
		kfree(frozen);
	}
	INIT_LIST_HEAD(&resets->frozen);
}

/* Nothing enters any more; what is about to has its locks */
static bool begin(struct ioasid_resets *resets)
{
	return ioasid_resets_change(&resets->nr, 1) == 1;
}

static void freeze(struct ioasid_resets *resets, struct ioasid_ioas *ioas)
{
	struct frozen *frozen = kmalloc(sizeof(*frozen), GFP_KERNEL | __GFP_NOFAIL);

	frozen->ioas = ioas;
	list_add(&frozen->node, &resets->frozen);
	ioasid_ioas_freeze(ioas);
}

/* It may have gone back to the one before while the lock was waited for */
static void freeze_group(struct ioasid_group *group)
{
	struct ioasid_ioas *ioas, *last = NULL;

	if (!begin(&group->resets))
		return;
	while ((ioas = ioasid_route_space(&group->route)) && ioas != last) {
		freeze(&group->resets, ioas);
		last = ioas;
	}
	if (ioas)
		ioasid_ioas_put(ioas);
}

/* Where the PASID @number is, or about to be */
static struct ioasid_ioas *pasid_space(struct ioasid_pasids *pasids, unsigned long number)
{
	struct ioasid_ioas *ioas = NULL;
	struct ioasid_pasid *pasid;

	rcu_read_lock();
	pasid = xa_load(&pasids->wire.entries, number);
	if (pasid)
		ioas = ioasid_route_space(&pasid->route);
	rcu_read_unlock();
	return ioas;
}

static void freeze_pasids(struct ioasid_pasids *pasids)
{
	struct ioasid_ioas *ioas, *last;
	unsigned long number;
	void *entry;

	if (!begin(&pasids->resets))
		return;
	xa_for_each(&pasids->wire.entries, number, entry) {
		last = NULL;
		while ((ioas = pasid_space(pasids, number)) && ioas != last) {
			freeze(&pasids->resets, ioas);
			last = ioas;
		}
		if (ioas)
			ioasid_ioas_put(ioas);
		cond_resched();
	}
}

static void thaw(struct ioasid_resets *resets)
{
	if (resets->nr && !ioasid_resets_change(&resets->nr, -1))
		ioasid_resets_end(resets);
}

void ioasid_device_reset_prepare(struct device *dev)
{
	struct ioasid_pasids *pasids;
	struct ioasid_group *group;

	ioasid_groups_lock_unkillable();
	group = ioasid_group_of(dev);
	if (group)
		freeze_group(group);
	pasids = ioasid_pasids_of(dev);
	if (pasids)
		freeze_pasids(pasids);
	ioasid_groups_unlock();
}
EXPORT_SYMBOL_GPL(ioasid_device_reset_prepare);

void ioasid_device_reset_done(struct device *dev)
{
	struct ioasid_pasids *pasids;
	struct ioasid_group *group;

	ioasid_groups_lock_unkillable();
	group = ioasid_group_of(dev);
	if (group)
		thaw(&group->resets);
	pasids = ioasid_pasids_of(dev);
	if (pasids)
		thaw(&pasids->resets);
	ioasid_groups_unlock();
}
EXPORT_SYMBOL_GPL(ioasid_device_reset_done);
