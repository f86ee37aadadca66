// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a RID has of PASIDs while users have them: the numbers on its wire, what its IOMMU
 * can do with them, and that they end by themselves before another device joins the group.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "attach/group.h"
#include "attach/listeners.h"
#include "attach/pasids.h"
#include "attach/reserved.h"
#include "attach/reset_list.h"

/* RIDs that have PASIDs in the hands of users; under groups_lock, read under RCU */
static LIST_HEAD(rids);

/* Ends told in one turn of groups_lock */
#define TELL_AT_ONCE	64

/* Tell some; is there more to be told? */
static bool pasids_tell_some(void)
{
	struct ioasid_pasids *pasids;
	unsigned long number;
	unsigned int nr = 0;
	void *entry;

	list_for_each_entry(pasids, &rids, node) {
		if (xchg(&pasids->ended, false)) {
			pasids->telling = true;
			pasids->tell_from = 0;
		}
		if (!pasids->telling)
			continue;
		xa_for_each_start(&pasids->wire.entries, number, entry, pasids->tell_from) {
			if (nr++ == TELL_AT_ONCE) {
				pasids->tell_from = number;
				return true;
			}
			ioasid_pasid_tell_ended(&pasids->wire, number);
		}
		pasids->telling = false;
	}
	return false;
}

static void pasids_tell(struct work_struct *work)
{
	bool more;

	do {
		ioasid_groups_lock_unkillable();
		more = pasids_tell_some();
		ioasid_groups_unlock();
		cond_resched();
	} while (more);
}

static DECLARE_WORK(pasids_tell_work, pasids_tell);

/* They are blocked, and their numbers stay taken: there is time to tell */
static void pasids_ended(struct ioasid_sole *sole)
{
	WRITE_ONCE(container_of(sole, struct ioasid_pasids, sole)->ended, true);
	schedule_work(&pasids_tell_work);
}

/**
 * ioasid_pasids_exit() - nothing is left to be told
 *
 * Context: nothing is bound, and the notifiers are unregistered.
 */
void ioasid_pasids_exit(void)
{
	cancel_work_sync(&pasids_tell_work);
}

/* Only a domain knows what its driver can do with PASIDs */
static int pasids_look(struct ioasid_pasids *pasids)
{
	const struct ioasid_shim *shim = pasids->shim;
	struct ioasid_route route = {
		.group = pasids->dev->iommu_group, .msi = pasids->msi,
	};
	struct iommu_domain *domain;
	u32 limit;

	domain = shim->domain_alloc(pasids->dev, &route,
				    IOASID_DOMAIN_EMPTY | IOASID_DOMAIN_PASID);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	limit = shim->pasid_limit(pasids->dev, domain);
	pasids->can_snoop = shim->can_enforce_snoop(pasids->dev, domain);
	pasids->pgsizes = shim->pgsizes(domain);
	pasids->aperture = shim->aperture(pasids->dev, domain);
	if (limit < 2) {
		shim->domain_free(domain);
		return -EOPNOTSUPP;
	}
	pasids->empty = domain;
	ioasid_numbers_init(&pasids->wire, rounddown_pow_of_two(limit));
	return 0;
}

static void pasids_forget(struct ioasid_pasids *pasids)
{
	ioasid_numbers_destroy(&pasids->wire);
	pasids->shim->domain_free(pasids->empty);
}

/**
 * ioasid_pasids_get() - the PASIDs of a device's RID
 * @dev: the device, or the parent of a mediated one
 * @shared: is it the latter?
 *
 * Context: groups_lock is held.
 * Return: them, NULL if there are none or the kernel cannot attach by PASID, or
 * ERR_PTR(-ENOMEM). NULL
 * too if there is another device in its group, or may be.
 */
struct ioasid_pasids *ioasid_pasids_get(struct device *dev, bool shared)
{
	const struct ioasid_shim *shim = ioasid_shim_of(dev);
	struct ioasid_pasids *pasids = ioasid_pasids_of(dev);
	int ret;

	if (pasids) {
		WARN_ON(pasids->shared != shared);
		if (!ioasid_sole_is_alone(&pasids->sole))
			return NULL;
		pasids->users++;
		return pasids;
	}
	if (!shim->pasid_limit(dev, NULL))
		return NULL;

	pasids = kzalloc(sizeof(*pasids), GFP_KERNEL_ACCOUNT);
	if (!pasids)
		return ERR_PTR(-ENOMEM);
	pasids->dev = dev;
	pasids->shim = shim;
	pasids->shared = shared;
	pasids->users = 1;
	ret = ioasid_read_reserved(dev->iommu_group, &pasids->reserved,
				   &pasids->nr_reserved, &pasids->msi);
	if (ret)
		goto free;
	ioasid_sole_add(&pasids->sole, dev, shim, pasids_ended);
	ret = ioasid_sole_is_alone(&pasids->sole) ? pasids_look(pasids) : -EOPNOTSUPP;
	if (ret)
		goto remove;
	ret = shared ? ioasid_pool_join(&pasids->pool, pasids->wire.limit) : 0;
	if (ret)
		goto forget;
	ioasid_pasid_resets_begin(dev, &pasids->resets);
	list_add_rcu(&pasids->node, &rids);
	return pasids;

forget:
	pasids_forget(pasids);
remove:
	ioasid_sole_remove(&pasids->sole);
	kfree(pasids->reserved);
free:
	kfree(pasids);
	return ret == -EOPNOTSUPP ? NULL : ERR_PTR(ret);
}

/**
 * ioasid_pasids_of() - the PASIDs of a device's RID
 * @dev: the device
 *
 * Context: groups_lock is held.
 * Return: them, if they are in the hands of users; else NULL.
 */
struct ioasid_pasids *ioasid_pasids_of(const struct device *dev)
{
	struct ioasid_pasids *pasids;

	list_for_each_entry(pasids, &rids, node)
		if (pasids->dev == dev)
			return pasids;
	return NULL;
}

/**
 * ioasid_pasids_of_rcu() - the same for those who hold RCU
 * @dev: the device. May have gone: nothing of it is looked at
 *
 * Return: them, or NULL. They may be about to go: there until RCU is dropped.
 */
struct ioasid_pasids *ioasid_pasids_of_rcu(const struct device *dev)
{
	struct ioasid_pasids *pasids;

	list_for_each_entry_rcu(pasids, &rids, node)
		if (pasids->dev == dev)
			return pasids;
	return NULL;
}

/**
 * ioasid_pasids_put() - a binding needs its RID's PASIDs no more
 * @pasids: them, or NULL
 *
 * Context: groups_lock is held.
 */
void ioasid_pasids_put(struct ioasid_pasids *pasids)
{
	if (!pasids || --pasids->users)
		return;
	list_del_rcu(&pasids->node);
	ioasid_resets_end(&pasids->resets);
	ioasid_sole_remove(&pasids->sole);
	if (pasids->shared)
		ioasid_pool_leave(&pasids->pool);
	pasids_forget(pasids);
	kfree(pasids->reserved);
	/* A binding that ends just now may be looked up yet */
	kfree_rcu(pasids, rcu);
}

/**
 * ioasid_pasids_are_shared() - has a mediated device a parent in that group?
 * @iommu_group: the group
 *
 * Context: groups_lock is held.
 */
bool ioasid_pasids_are_shared(const struct iommu_group *iommu_group)
{
	struct ioasid_pasids *pasids;

	list_for_each_entry(pasids, &rids, node)
		if (pasids->shared && pasids->dev->iommu_group == iommu_group)
			return true;
	return false;
}
