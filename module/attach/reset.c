// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resetting a device. From 7.2 on the kernel takes a device with ATS out of all that it is
 * attached to while it is reset, by RID and by PASID, and puts it back, by itself. As with
 * our own changes nothing may be unmapped while the driver does so, and a reset does not say
 * when it is between the two. So the address spaces are frozen for as long as it takes,
 * and nothing new is attached.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/pci-ats.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "attach/group.h"
#include "attach/pasid.h"
#include "attach/pasids.h"
#include "attach/reset_list.h"
#include "include/ioasid_api.h"
#include "ioas/area.h"

/* So long, all in all, others may have their turn before address spaces are frozen */
#define TURN_OF_OTHERS	HZ

/* The number of resets of a device's RID, or of its PASIDs; NULL: nobody has them */
static unsigned int *reset_count(const struct device *dev, bool pasids)
{
	struct ioasid_pasids *of_pasids = pasids ? ioasid_pasids_of(dev) : NULL;
	struct ioasid_group *group = pasids ? NULL : ioasid_group_of(dev);

	return of_pasids ? &of_pasids->resets : group ? &group->resets : NULL;
}

/* Take over a reference; true if that is new. Freezing is for later, see below */
static bool reset_collect(struct ioasid_reset *reset, struct xarray *found,
			  struct ioasid_ioas *ioas)
{
	unsigned long index = (unsigned long)ioas;

	if (!ioas)
		return false;
	if (!xa_load(&reset->frozen, index) &&
	    !xa_insert(found, index, ioas, GFP_KERNEL | __GFP_NOFAIL))
		return true;
	ioasid_ioas_put(ioas);
	return false;
}

/* Where the PASID @number is, or about to be */
static struct ioasid_ioas *reset_pasid_space(struct ioasid_pasids *pasids,
					     unsigned long number)
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

/* What the device is in, or about to enter, and is not frozen yet; under groups_lock */
static bool reset_look(struct ioasid_reset *reset, struct xarray *found)
{
	struct ioasid_pasids *pasids;
	struct ioasid_group *group;
	unsigned long number;
	bool any = false;
	void *entry;

	if (!reset->nr)
		return false;
	if (!reset->pasids) {
		group = container_of(reset->nr, struct ioasid_group, resets);
		return reset_collect(reset, found, ioasid_route_space(&group->route));
	}
	pasids = container_of(reset->nr, struct ioasid_pasids, resets);
	xa_for_each(&pasids->wire.entries, number, entry) {
		any |= reset_collect(reset, found, reset_pasid_space(pasids, number));
		cond_resched();
	}
	return any;
}

/* For another device, or for the RID of this one: nobody's turn comes by waiting */
static bool is_frozen_by_us(const struct ioasid_ioas *ioas)
{
	struct ioasid_reset *reset;
	bool frozen = false;

	ioasid_groups_lock_unkillable();
	list_for_each_entry(reset, &ioasid_resets, node)
		frozen |= reset->task == current &&
			  xa_load(&reset->frozen, (unsigned long)ioas);
	ioasid_groups_unlock();
	return frozen;
}

/*
 * Freezing may wait for an unmap, and so is done under no lock that others need. The
 * route may have gone back to the one before meanwhile: look again.
 */
static void reset_freeze(struct ioasid_reset *reset, unsigned long until)
{
	struct ioasid_ioas *ioas;
	struct xarray found;
	unsigned long index;
	bool any;

	xa_init(&found);
	do {
		ioasid_groups_lock_unkillable();
		any = reset_look(reset, &found);
		ioasid_groups_unlock();
		xa_for_each(&found, index, ioas) {
			xa_erase(&found, index);
			ioasid_ioas_freeze(ioas, is_frozen_by_us(ioas) ? jiffies : until);
			xa_store(&reset->frozen, index, ioas, GFP_KERNEL | __GFP_NOFAIL);
			cond_resched();
		}
	} while (any);
	xa_destroy(&found);
}

/* From here on nothing enters; what was about to is seen, and has its locks */
static void reset_begin(struct device *dev, bool pasids, unsigned long until)
{
	struct ioasid_reset *reset = kmalloc(sizeof(*reset), GFP_KERNEL | __GFP_NOFAIL);

	*reset = (struct ioasid_reset) { .dev = dev, .task = current, .pasids = pasids };
	xa_init(&reset->frozen);
	ioasid_groups_lock_unkillable();
	reset->nr = reset_count(dev, pasids);
	if (reset->nr)
		ioasid_resets_change(reset->nr, 1);
	/* Although the last binding may end, and the first one of another user begin */
	list_add(&reset->node, &ioasid_resets);
	ioasid_groups_unlock();
	reset_freeze(reset, until);
}

static struct ioasid_reset *reset_find(const struct device *dev, bool pasids)
{
	struct ioasid_reset *reset;

	list_for_each_entry(reset, &ioasid_resets, node)
		if (reset->dev == dev && reset->task == current && reset->pasids == pasids)
			return reset;
	return NULL;
}

static void reset_end(const struct device *dev, bool pasids)
{
	struct ioasid_ioas *ioas;
	struct ioasid_reset *reset;
	unsigned long index;

	ioasid_groups_lock_unkillable();
	reset = reset_find(dev, pasids);
	if (reset) {
		list_del(&reset->node);
		if (reset->nr)
			ioasid_resets_change(reset->nr, -1);
	}
	ioasid_groups_unlock();
	if (!reset)
		return;
	xa_for_each(&reset->frozen, index, ioas) {
		ioasid_ioas_thaw(ioas);
		ioasid_ioas_put(ioas);
		cond_resched();
	}
	xa_destroy(&reset->frozen);
	kfree(reset);
}

/* Of others the kernel leaves attached what is */
static bool reset_detaches(struct device *dev)
{
	return KC_RESET_DETACHES && dev_is_pci(dev) && pci_ats_supported(to_pci_dev(dev));
}

void ioasid_device_reset_prepare(struct device *dev)
{
	unsigned long until = jiffies + TURN_OF_OTHERS;

	if (!reset_detaches(dev))
		return;
	reset_begin(dev, false, until);
	reset_begin(dev, true, until);
}
EXPORT_SYMBOL_GPL(ioasid_device_reset_prepare);

void ioasid_device_reset_done(struct device *dev)
{
	if (!reset_detaches(dev))
		return;
	reset_end(dev, true);
	reset_end(dev, false);
}
EXPORT_SYMBOL_GPL(ioasid_device_reset_done);
