// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces behind single PASIDs of a device: attach, replace and detach.
 *
 * The user's number (vPASID) and the one on the wire (pPASID) are the same for a
 * physical device. A mediated device shares its parent's RID with others, so
 * its user has numbers of the binding's own, and the kernel chooses what goes on
 * the wire. A pPASID exists from attach to detach.
 *
 * A driver calls into one binding from one thread at a time, so what belongs to
 * a binding needs no lock but against those who look a number up under RCU.
 */
#include <linux/err.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "attach/cpu.h"
#include "attach/device.h"
#include "attach/error.h"
#include "attach/hwpt.h"
#include "attach/listeners.h"
#include "attach/lookup.h"
#include "attach/mediated.h"
#include "attach/pasid.h"
#include "attach/pasid_attach.h"
#include "attach/pasids.h"
#include "include/ioasid_api.h"

/*
 * So many numbers are tried where the host has PASIDs of the RID that are not of the
 * global allocator
 */
#define HOST_COLLISIONS_MAX	16

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
		ret = ioasid_numbers_alloc(idev->numbers, pasid, &number);
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
	/* Or it has ended since, and that has been told before there was anything to tell */
	smp_mb();
	if (unlikely(ioasid_route_has_ended(&pasid->route)))
		ioasid_pasid_tell_end(pasid, xchg(&pasid->ioasid, 0));
	if (old)
		end_point(pasid, old);
	return 0;
}

/*
 * Users of a shared RID share its numbers: each number that is on the wire is one less
 * for the others
 */
static int charge_pasid(struct ioasid_pasid *pasid)
{
	struct ioasid_pasids *pasids = pasid->idev->pasids;
	struct ioasid_ctx *ctx = pasid->idev->ctx;

	return ioasid_charge_by(ctx->cred, &ctx->charge, &pasid->charge,
				IOASID_LIMIT_ATTACHMENTS,
				pasids->shared ? pasids : NULL, pasids->wire.limit - 1);
}

/* The driver may keep something for a number: may the user have that? */
static int wire_room(const struct ioasid_pasids *pasids, u32 number)
{
	return pasids->shim->pasid_room ? pasids->shim->pasid_room(pasids->dev, number) : 0;
}

/* Can anything be attached to its number? Seen by what happens, whatever a driver says */
static int wire_try(struct ioasid_pasid *pasid)
{
	struct ioasid_pasids *pasids = pasid->idev->pasids;
	int ret = pasids->shim->attach(&pasid->route, pasids->empty);

	if (!ret)
		pasids->shim->block(&pasid->route);
	return ret;
}

/* Did it fail for what says nothing of the number? */
static bool wire_lacks(struct ioasid_pasids *pasids, int error)
{
	return error == -ENOSPC || error == -ENOMEM || !ioasid_sole_is_alone(&pasids->sole);
}

/*
 * Find a number for the wire, and attach. Those that the host has are kept until another
 * one is found. All is pinned once more only for a number that is not the host's.
 */
static int set_point_on_wire(struct ioasid_pasid *pasid, struct ioasid_ioas *ioas,
			     bool no_snoop)
{
	struct ioasid_pasids *pasids = pasid->idev->pasids;
	u32 *number = &pasid->route.pasid, hosts[HOST_COLLISIONS_MAX];
	unsigned int nr = 0;
	int ret, error;

	/* Whatever the pool has, CPUs and the host lack */
	ret = ioasid_charge_by(pasid->idev->ctx->cred, &pasid->idev->ctx->charge,
			       &pasid->number_charge, IOASID_LIMIT_PASIDS, NULL, 0);
	if (ret)
		return ret;
	do {
		ret = ioasid_pool_take(&pasids->pool, pasids->dev, number);
		if (ret)
			break;
		ret = ioasid_numbers_take(&pasids->wire, *number, pasid);
		if (ret) {
			ioasid_pool_give_back(&pasids->pool, *number);
			break;
		}
		ret = wire_room(pasids, *number);
		if (ret) {
			ioasid_numbers_give_back(&pasids->wire, *number);
			ioasid_pool_give_back(&pasids->pool, *number);
			break;
		}
		error = nr ? wire_try(pasid) : 0;
		ret = error;
		if (!error) {
			ret = set_point(pasid, ioas, no_snoop);
			if (!ret)
				break;
			error = wire_try(pasid);
		}
		ioasid_numbers_give_back(&pasids->wire, *number);
		if (!error || wire_lacks(pasids, error)) {
			ioasid_pool_give_back(&pasids->pool, *number);
			break;
		}
		hosts[nr++] = *number;
		ret = -EBUSY;
	} while (nr < HOST_COLLISIONS_MAX);
	while (nr)
		ioasid_pool_give_back(&pasids->pool, hosts[--nr]);
	return ret;
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

/* Its numbers have been given back, or it has none */
static void pasid_free(struct ioasid_pasid *pasid)
{
	ioasid_uncharge(&pasid->charge);
	ioasid_uncharge(&pasid->number_charge);
	kfree_rcu(pasid, rcu);
}

/* Nothing is behind it any more but the kernel's block */
static void end(struct ioasid_pasid *pasid)
{
	struct ioasid_device *idev = pasid->idev;

	list_del(&pasid->node);
	/*
	 * From here on nobody finds it any more, and who has found it is told before
	 * anybody else can have its number
	 */
	ioasid_pasid_tell_end(pasid, xchg(&pasid->ioasid, 0));
	end_point(pasid, pasid->point);
	if (ioasid_pasids_are_mediated(idev)) {
		ioasid_numbers_give_back(&idev->pasids->wire, pasid->route.pasid);
		if (pasid->cpu)
			ioasid_cpu_give_back(pasid);
		else
			ioasid_pool_give_back(&idev->pasids->pool, pasid->route.pasid);
		give_back_virtual(pasid);
	} else {
		give_back_own(pasid);
	}
	if (pasid->hwpt)
		ioasid_hwpt_unuse(pasid->hwpt);
	pasid_free(pasid);
}

static void block_and_end(struct ioasid_pasid *pasid)
{
	ioasid_ioas_leave(&pasid->point->point, &pasid->route, NULL);
	end(pasid);
}

static int replace(struct ioasid_pasid *pasid, struct ioasid_ioas *ioas,
		   bool no_snoop)
{
	u32 old = pasid->ioasid;
	int ret;

	if (ioasid_route_has_ended(&pasid->route)) {
		block_and_end(pasid);
		return -EIO;
	}
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
		pasid = *number ? ioasid_pasid_find(idev, *number) : NULL;
		if (ret && !pasid)
			return ret;
	} else if (!(flags & IOASID_ATTACH_PASID_ALLOC)) {
		pasid = ioasid_pasid_find(idev, 0);
	}
	if (IS_ERR(pasid))
		return PTR_ERR(pasid);
	if (pasid) {
		*old = pasid->ioasid;
		return replace(pasid, ioas, flags & IOASID_ATTACH_NO_SNOOP);
	}

	if (!ioasid_sole_is_alone(&idev->pasids->sole))
		return -EOPNOTSUPP;
	pasid = kmalloc(sizeof(*pasid), GFP_KERNEL_ACCOUNT);
	if (!pasid)
		return -ENOMEM;
	memset(pasid, 0, offsetof(struct ioasid_pasid, own_point));
	pasid->number_charge.user = NULL;
	pasid->idev = idev;
	pasid->route.dev = idev->pasids->dev;
	pasid->route.group = idev->pasids->dev->iommu_group;
	pasid->route.msi = idev->pasids->msi;
	pasid->route.resets = &idev->pasids->resets;
	pasid->route.sole = &idev->pasids->sole;
	ret = charge_pasid(pasid);
	if (!ret)
		ret = ioasid_pasids_are_mediated(idev) ?
		      attach_mediated(pasid, ioas, flags, *number) :
		      attach_physical(pasid, ioas, flags, *number);
	if (ret) {
		pasid_free(pasid);
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
	struct ioasid_pasid *pasid = ioasid_pasid_find(idev, number);

	ioasid_hwpt_unuse(pasid->hwpt);
	pasid->hwpt = hwpt;
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
	struct ioasid_pasid *pasid = ioasid_pasid_find(idev, number);

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
