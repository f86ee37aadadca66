// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASIDs: address spaces behind single PASIDs of a device.
 *
 * The user's number (vPASID) and the one on the wire (pPASID) are the same for a
 * physical device. A mediated device shares its parent's RID with others, so
 * its user has numbers of the binding's own, and the kernel chooses what goes on
 * the wire. A pPASID exists from attach to detach.
 *
 * A driver calls into one binding from one thread at a time, so what belongs to
 * a binding needs no lock but against those who look a number up under RCU.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "attach/cpu.h"
#include "attach/group.h"
#include "attach/hwpt.h"
#include "attach/mediated.h"
#include "attach/pasid.h"
#include "attach/reset.h"
#include "include/ioasid_api.h"

/*
 * A CPU sends a number of the global allocator to whatever device it is told to, by
 * way of a portal that looks at nothing. So on a RID that users share no other
 * number may be one that the CPU sends, also if it is not attached there: numbers
 * are chosen, for the wire and for the CPU, under this lock.
 */
DEFINE_MUTEX(ioasid_wire_lock);

/* RIDs that have PASIDs in the hands of users; under both locks, read under RCU */
static LIST_HEAD(rids);

/* So many numbers are tried where the host uses PASIDs of the RID as well */
#define HOST_COLLISIONS_MAX	16

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

/**
 * ioasid_pasids_get() - the PASIDs of a device's RID
 * @dev: the device, or the parent of a mediated one
 * @shared: is it the latter?
 *
 * Context: groups_lock is held.
 * Return: them, NULL if there are none or the kernel cannot attach by PASID, or
 * ERR_PTR(-ENOMEM).
 */
struct ioasid_pasids *ioasid_pasids_get(struct device *dev, bool shared)
{
	const struct ioasid_shim *shim = ioasid_shim_of(dev);
	struct ioasid_pasids *pasids = ioasid_pasids_of(dev);
	int ret;

	if (pasids) {
		WARN_ON(pasids->shared != shared);
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
	ret = pasids_look(pasids);
	if (ret)
		goto free_reserved;
	mutex_lock(&ioasid_wire_lock);
	list_add_rcu(&pasids->node, &rids);
	mutex_unlock(&ioasid_wire_lock);
	return pasids;

free_reserved:
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
 * ioasid_pasids_put() - a binding needs its RID's PASIDs no more
 * @pasids: them, or NULL
 *
 * Context: groups_lock is held.
 */
void ioasid_pasids_put(struct ioasid_pasids *pasids)
{
	if (!pasids || --pasids->users)
		return;
	mutex_lock(&ioasid_wire_lock);
	list_del_rcu(&pasids->node);
	mutex_unlock(&ioasid_wire_lock);
	ioasid_resets_end(&pasids->resets);
	ioasid_numbers_destroy(&pasids->wire);
	pasids->shim->domain_free(pasids->empty);
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

/**
 * ioasid_wire_has() - is a number taken on a RID that users share?
 * @number: one that the CPU does not send
 *
 * Context: ioasid_wire_lock is held.
 */
bool ioasid_wire_has(u32 number)
{
	struct ioasid_pasids *pasids;

	lockdep_assert_held(&ioasid_wire_lock);
	list_for_each_entry(pasids, &rids, node)
		if (pasids->shared && xa_load(&pasids->wire.entries, number))
			return true;
	return false;
}

static bool is_mediated(const struct ioasid_device *idev)
{
	return idev->numbers != &idev->pasids->wire;
}

/*
 * What a user's number stands for: NULL if nothing, -EBUSY if it was attached
 * through another binding of the device
 */
static struct ioasid_pasid *find(const struct ioasid_device *idev, u32 number)
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

/* A physical device's number, which is the user's and the wire's */
static int take_own(struct ioasid_pasid *pasid, u32 flags, u32 number)
{
	int ret;

	if (flags & IOASID_ATTACH_PASID)
		ret = ioasid_cpu_take_direct(pasid, number);
	else
		ret = ioasid_cpu_alloc_direct(pasid, &number);
	pasid->number = number;
	pasid->route.pasid = number;
	return ret;
}

static void give_back_own(struct ioasid_pasid *pasid)
{
	struct ioasid_device *idev = pasid->idev;

	if (pasid->route.alias)
		ioasid_numbers_give_back(idev->numbers, pasid->route.alias);
	ioasid_numbers_give_back(idev->numbers, pasid->route.pasid);
	ioasid_cpu_give_back(pasid);
}

/* A mediated device's: the user's own number, and none yet on the wire */
static int take_virtual(struct ioasid_pasid *pasid, u32 flags, u32 number)
{
	struct ioasid_device *idev = pasid->idev;
	int ret;

	if (flags & IOASID_ATTACH_PASID)
		ret = ioasid_numbers_take(idev->numbers, number, pasid);
	else if (flags & IOASID_ATTACH_PASID_ALLOC)
		ret = ioasid_numbers_alloc(idev->numbers, 0, pasid, &number);
	else
		ret = 0;
	pasid->number = number;
	if (!ret && !number)
		rcu_assign_pointer(idev->mediated->default_pasid, pasid);
	return ret;
}

static void give_back_virtual(struct ioasid_pasid *pasid)
{
	struct ioasid_device *idev = pasid->idev;

	if (pasid->number)
		ioasid_numbers_give_back(idev->numbers, pasid->number);
	else
		RCU_INIT_POINTER(idev->mediated->default_pasid, NULL);
}

static struct ioasid_pasid_point *new_point(struct ioasid_pasid *pasid)
{
	if (pasid->point != &pasid->own_point)
		return &pasid->own_point;
	return kmalloc(sizeof(struct ioasid_pasid_point), GFP_KERNEL_ACCOUNT);
}

static void free_point(struct ioasid_pasid *pasid, struct ioasid_pasid_point *point)
{
	if (point != &pasid->own_point)
		kfree(point);
}

static void end_point(struct ioasid_pasid *pasid, struct ioasid_pasid_point *point)
{
	ioasid_ioas_detach(&point->point);
	free_point(pasid, point);
}

/* Put an address space there, in place of what there was */
static int set_point(struct ioasid_pasid *pasid, struct ioasid_ioas *ioas,
		     bool no_snoop)
{
	struct ioasid_pasid_point *old = pasid->point, *new;
	struct ioasid_pasids *pasids = pasid->idev->pasids;
	int ret;

	new = new_point(pasid);
	if (!new)
		return -ENOMEM;
	*new = (struct ioasid_pasid_point) {
		.attached.cookie = pasid->idev->cookie,
		.attached.pasid = pasid->number,
		.attached.no_snoop = no_snoop,
		.point.devices = LIST_HEAD_INIT(new->point.devices),
		.point.nr_reserved = pasids->nr_reserved,
		.point.reserved = pasids->reserved,
	};
	list_add(&new->attached.node, &new->point.devices);
	ret = ioasid_ioas_attach(ioas, &new->point, old ? &old->point : NULL,
				 pasids->shim, pasids->dev, &pasid->route,
				 pasids->can_snoop);
	if (ret) {
		free_point(pasid, new);
		return ret;
	}
	pasid->point = new;
	/* With it all numbers can be looked at */
	smp_store_release(&pasid->ioasid, ioas->obj.id);
	if (old)
		end_point(pasid, old);
	return 0;
}

/*
 * Whose numbers a RID's are. Users who share it share them: each number that is on the
 * wire is one less for the others
 */
static int charge_pasid(struct ioasid_pasid *pasid)
{
	struct ioasid_pasids *pasids = pasid->idev->pasids;

	if (!pasids->shared)
		return ioasid_charge(&pasid->charge, IOASID_LIMIT_ATTACHMENTS, 1);
	return ioasid_charge_shared(&pasid->charge, IOASID_LIMIT_ATTACHMENTS, pasids,
				    pasids->wire.limit - 1);
}

/* The driver may keep something for a number: may the user have that? */
static int wire_room(const struct ioasid_pasids *pasids, u32 number)
{
	return pasids->shim->pasid_room ? pasids->shim->pasid_room(pasids->dev, number) : 0;
}

/* The lowest one that is free and that no CPU sends */
static int alloc_on_wire(struct ioasid_pasid *pasid, u32 from)
{
	struct ioasid_numbers *wire = &pasid->idev->pasids->wire;
	u32 *number = &pasid->route.pasid;
	int ret;

	mutex_lock(&ioasid_wire_lock);
	for (;;) {
		ret = ioasid_numbers_alloc(wire, from, pasid, number);
		if (ret || !ioasid_cpu_sends(*number))
			break;
		ioasid_numbers_give_back(wire, *number);
		from = *number + 1;
		cond_resched();
	}
	mutex_unlock(&ioasid_wire_lock);
	return ret;
}

/* Can anything be attached to its number? Seen by what happens, whatever a driver says */
static bool wire_takes(struct ioasid_pasid *pasid)
{
	struct ioasid_pasids *pasids = pasid->idev->pasids;

	if (pasids->shim->attach(&pasid->route, pasids->empty))
		return false;
	pasids->shim->block(&pasid->route);
	return true;
}

/*
 * Find a number for the wire, and attach. Below the middle the host's own PASIDs
 * are the likeliest. All is pinned once more only for a number that is not the host's.
 */
static int set_point_on_wire(struct ioasid_pasid *pasid, struct ioasid_ioas *ioas,
			     bool no_snoop)
{
	struct ioasid_numbers *wire = &pasid->idev->pasids->wire;
	u32 *number = &pasid->route.pasid, from = wire->limit / 2;
	unsigned int tries;
	bool taken;
	int ret;

	for (tries = 0; tries < HOST_COLLISIONS_MAX; tries++) {
		ret = alloc_on_wire(pasid, from);
		if (ret == -ENOSPC)
			ret = alloc_on_wire(pasid, 0);
		if (ret)
			return ret;
		ret = wire_room(pasid->idev->pasids, *number);
		if (ret) {
			ioasid_numbers_give_back(wire, *number);
			return ret;
		}
		taken = tries && !wire_takes(pasid);
		if (!taken) {
			ret = set_point(pasid, ioas, no_snoop);
			if (!ret)
				return 0;
			taken = !wire_takes(pasid);
		}
		ioasid_numbers_give_back(wire, *number);
		if (!taken)
			return ret;
		from = *number + 1;
	}
	return -EBUSY;
}

/* A number that all devices of the open file share */
static int set_point_global(struct ioasid_pasid *pasid, struct ioasid_ioas *ioas,
			     bool no_snoop)
{
	struct ioasid_device *idev = pasid->idev;
	struct ioasid_numbers *wire = &idev->pasids->wire;
	u32 *number = &pasid->route.pasid;
	int ret;

	ret = ioasid_cpu_take_translated(pasid, number);
	if (ret)
		return ret;
	ret = *number < wire->limit ? ioasid_numbers_take(wire, *number, pasid) : -EINVAL;
	if (ret)
		goto put;
	ret = set_point(pasid, ioas, no_snoop);
	if (!ret)
		return 0;
	ioasid_numbers_give_back(wire, *number);
put:
	ioasid_cpu_give_back(pasid);
	return ret;
}

static int attach_mediated(struct ioasid_pasid *pasid, struct ioasid_ioas *ioas,
			   u32 flags, u32 number)
{
	int ret = take_virtual(pasid, flags, number);

	if (ret)
		return ret;
	if (pasid->number && pasid->idev->type == IOASID_DEVICE_MEDIATED_CPU)
		ret = set_point_global(pasid, ioas, flags & IOASID_ATTACH_NO_SNOOP);
	else
		ret = set_point_on_wire(pasid, ioas, flags & IOASID_ATTACH_NO_SNOOP);
	if (ret)
		give_back_virtual(pasid);
	return ret;
}

static int attach_physical(struct ioasid_pasid *pasid, struct ioasid_ioas *ioas,
			   u32 flags, u32 number)
{
	int ret = take_own(pasid, flags, number);

	if (ret)
		return ret;
	ret = set_point(pasid, ioas, flags & IOASID_ATTACH_NO_SNOOP);
	if (ret)
		give_back_own(pasid);
	return ret;
}

/* Nothing is behind it any more but the kernel's block */
static void end(struct ioasid_pasid *pasid)
{
	struct ioasid_device *idev = pasid->idev;
	u32 ioasid = pasid->ioasid;

	list_del(&pasid->node);
	/*
	 * From here on nobody finds it any more, and who has found it is told before
	 * anybody else can have its number
	 */
	WRITE_ONCE(pasid->ioasid, 0);
	ioasid_pasid_tell_end(pasid, ioasid);
	end_point(pasid, pasid->point);
	if (is_mediated(idev)) {
		ioasid_numbers_give_back(&idev->pasids->wire, pasid->route.pasid);
		if (pasid->cpu)
			ioasid_cpu_give_back(pasid);
		give_back_virtual(pasid);
	} else {
		give_back_own(pasid);
	}
	if (pasid->hwpt)
		ioasid_hwpt_unuse(pasid->hwpt);
	ioasid_uncharge(&pasid->charge);
	kfree_rcu(pasid, rcu);
}

static int replace(struct ioasid_pasid *pasid, struct ioasid_ioas *ioas,
		   bool no_snoop)
{
	u32 old = pasid->ioasid;
	int ret;

	if (pasid->point->point.ioas == ioas) {
		ioasid_ioas_set_no_snoop(&pasid->point->point,
					 &pasid->point->attached, no_snoop);
		return 0;
	}
	ret = set_point(pasid, ioas, no_snoop);
	/* Neither the new one nor the old one: blocked */
	if (ret && !pasid->route.domain) {
		end(pasid);
		return -EIO;
	}
	if (!ret)
		ioasid_pasid_tell_end(pasid, old);
	return ioasid_attach_error(ret);
}

/**
 * ioasid_pasid_attach() - put an address space behind a PASID
 * @idev: the binding, of a device that has PASIDs
 * @ioas: the address space
 * @flags: IOASID_ATTACH_*. With neither ATTACH_PASID nor ATTACH_PASID_ALLOC the
 *	device is a mediated one, and its default PASID is meant
 * @number: the user's number, in or out as @flags says
 * @old: out: the handle of what it takes the place of, 0: nothing
 *
 * Return: 0, or an error as IOASID_DEVICE_ATTACH says.
 */
int ioasid_pasid_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas,
			u32 flags, u32 *number, u32 *old)
{
	struct ioasid_pasid *pasid = NULL;
	int ret;

	*old = 0;
	if (flags & IOASID_ATTACH_PASID) {
		ret = ioasid_numbers_check(idev->numbers, *number);
		/* Above the floor too what the kernel chose can be replaced */
		pasid = *number ? find(idev, *number) : NULL;
		if (ret && !pasid)
			return ret;
	} else if (!(flags & IOASID_ATTACH_PASID_ALLOC)) {
		pasid = find(idev, 0);
	}
	if (IS_ERR(pasid))
		return PTR_ERR(pasid);
	if (pasid) {
		*old = pasid->ioasid;
		return replace(pasid, ioas, flags & IOASID_ATTACH_NO_SNOOP);
	}

	pasid = kmalloc(sizeof(*pasid), GFP_KERNEL_ACCOUNT);
	if (!pasid)
		return -ENOMEM;
	*pasid = (struct ioasid_pasid) {
		.idev = idev,
		.route.dev = idev->pasids->dev,
		.route.group = idev->pasids->dev->iommu_group,
		.route.msi = idev->pasids->msi,
		.route.resets = &idev->pasids->resets,
	};
	ret = charge_pasid(pasid);
	if (!ret)
		ret = is_mediated(idev) ? attach_mediated(pasid, ioas, flags, *number) :
					  attach_physical(pasid, ioas, flags, *number);
	if (ret) {
		ioasid_uncharge(&pasid->charge);
		kfree_rcu(pasid, rcu);
		return ioasid_attach_error(ret);
	}
	list_add(&pasid->node, &idev->attached_pasids);
	*number = pasid->number;
	return 0;
}

/**
 * ioasid_pasid_set_hwpt() - by which id of a page table it was attached
 * @idev: the binding
 * @number: the PASID, attached by it
 * @hwpt: the page table, in use for this; or NULL: by that of the address space
 */
void ioasid_pasid_set_hwpt(struct ioasid_device *idev, u32 number,
			   struct ioasid_hwpt *hwpt)
{
	struct ioasid_pasid *pasid = find(idev, number);

	ioasid_hwpt_unuse(pasid->hwpt);
	pasid->hwpt = hwpt;
}

static void block_and_end(struct ioasid_pasid *pasid)
{
	ioasid_ioas_leave(&pasid->point->point, &pasid->route, NULL);
	end(pasid);
}

/**
 * ioasid_pasid_detach() - block DMA with a PASID, and with its alias
 * @idev: the binding, of a device that has PASIDs
 * @number: the user's number, or its alias; 0: a mediated device's default
 * @ioasid: out: the handle of what was attached, 0: nothing
 *
 * Return: 0, -EINVAL if nothing is attached, -EBUSY if it was attached through
 * another binding.
 */
int ioasid_pasid_detach(struct ioasid_device *idev, u32 number, u32 *ioasid)
{
	struct ioasid_pasid *pasid = find(idev, number);

	*ioasid = 0;
	if (IS_ERR_OR_NULL(pasid))
		return pasid ? PTR_ERR(pasid) : -EINVAL;
	*ioasid = pasid->ioasid;
	block_and_end(pasid);
	return 0;
}

/**
 * ioasid_pasid_detach_all() - block DMA with all PASIDs of a binding
 * @idev: the binding
 *
 * Never fails, needs no memory.
 */
void ioasid_pasid_detach_all(struct ioasid_device *idev)
{
	struct ioasid_pasid *pasid, *next;

	list_for_each_entry_safe(pasid, next, &idev->attached_pasids, node) {
		block_and_end(pasid);
		cond_resched();
	}
}

/**
 * ioasid_pasid_alias() - give an attached PASID a second number
 * @idev: the binding, of a device that has PASIDs
 * @number: the PASID
 * @alias: the second number
 *
 * Return: 0, or an error as IOASID_DEVICE_ALIAS says.
 */
int ioasid_pasid_alias(struct ioasid_device *idev, u32 number, u32 alias)
{
	struct ioasid_pasid *pasid;
	int ret;

	if (is_mediated(idev))
		return -EOPNOTSUPP;
	ret = ioasid_numbers_check(idev->numbers, alias);
	if (ret || !number)
		return -EINVAL;
	pasid = find(idev, number);
	if (IS_ERR_OR_NULL(pasid))
		return pasid ? PTR_ERR(pasid) : -EINVAL;
	if (pasid->route.alias)
		return -EBUSY;

	ret = ioasid_numbers_take(idev->numbers, alias, pasid);
	if (ret)
		return ret;
	ret = ioasid_cpu_alias(pasid, alias);
	if (ret)
		goto give_back;
	ret = ioasid_ioas_alias(&pasid->point->point, &pasid->route, alias);
	if (ret)
		goto forget;
	return 0;

forget:
	ioasid_cpu_unalias(pasid);
give_back:
	ioasid_numbers_give_back(idev->numbers, alias);
	return ret;
}

/**
 * ioasid_pasid_ioasid() - what is attached to a PASID
 * @idev: the binding, of a device that has PASIDs
 * @number: the user's number
 *
 * Return: the handle of the address space; 0 if there is none, or it is another
 * binding's.
 */
u32 ioasid_pasid_ioasid(const struct ioasid_device *idev, u32 number)
{
	struct ioasid_pasid *pasid = find(idev, number);

	return IS_ERR_OR_NULL(pasid) ? 0 : pasid->ioasid;
}

int ioasid_pasid_origin(struct device *dev, u32 ppasid,
			struct ioasid_dma_origin *origin)
{
	struct ioasid_pasids *pasids;
	struct ioasid_pasid *pasid;
	int ret = -ENOENT;
	u32 ioasid;

	rcu_read_lock();
	list_for_each_entry_rcu(pasids, &rids, node) {
		if (pasids->dev != dev)
			continue;
		pasid = xa_load(&pasids->wire.entries, ppasid);
		/* Pairs with set_point() */
		ioasid = pasid ? smp_load_acquire(&pasid->ioasid) : 0;
		if (ioasid) {
			origin->ioasid = ioasid;
			origin->cookie = pasid->idev->cookie;
			/* Its user knows both numbers of a physical one, or none */
			origin->vpasid = is_mediated(pasid->idev) ? pasid->number : ppasid;
			ret = 0;
		}
		break;
	}
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_pasid_origin);
