// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces behind groups, by RID: attach, replace and detach.
 */
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "attach/device.h"
#include "attach/error.h"
#include "attach/group.h"
#include "attach/group_attach.h"
#include "ioas/ioas.h"

/* The only device is not attached any more, and neither is its group */
static void group_forget(struct ioasid_device *idev)
{
	struct ioasid_attachment_point *point = idev->group->point;

	idev->group->point = NULL;
	ioasid_ioas_detach(point);
	kfree(point);
	kfree(idev->attached);
	idev->attached = NULL;
}

/* In place of what the device has attached, if anything */
static int group_attach_new(struct ioasid_device *idev, struct ioasid_ioas *ioas,
			    struct ioasid_attached *attached)
{
	struct ioasid_group *group = idev->group;
	struct ioasid_attachment_point *point;
	bool old = group->point;
	int ret;

	point = kzalloc(sizeof(*point), GFP_KERNEL_ACCOUNT);
	if (!point)
		return -ENOMEM;
	INIT_LIST_HEAD(&point->devices);
	list_add(&attached->node, &point->devices);
	point->nr_reserved = group->nr_reserved;
	point->reserved = group->reserved;
	ret = ioasid_ioas_attach(ioas, point, group->point, group->shim, idev->dev,
				 &group->route, group->can_snoop);
	if (ret)
		kfree(point);
	/* Nothing but what is attached now says what came of it */
	if (ret && group->route.domain)
		return ioasid_attach_error(ret);
	if (group->point)
		group_forget(idev);
	if (ret)
		return old ? -EIO : ioasid_attach_error(ret);
	group->point = point;
	return 0;
}

/**
 * ioasid_group_attach() - put an address space behind a device, and its group
 * @idev: the binding, the lock of its group held
 * @ioas: the address space
 * @no_snoop: the user's hint that it will do no-snoop DMA
 *
 * The RIDs of a group cannot be told apart: what is attached first is behind all
 * of them, and further devices can only ask for the same. Another one takes its
 * place only for the one device that is attached.
 *
 * Return: 0, or an error as IOASID_DEVICE_ATTACH says.
 */
int ioasid_group_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas,
			bool no_snoop)
{
	struct ioasid_group *group = idev->group;
	struct ioasid_attachment_point *point = group->point;
	struct ioasid_attached *attached;
	int ret = 0;

	lockdep_assert_held(&group->lock);
	if (point && point->ioas == ioas && idev->attached) {
		ioasid_ioas_set_no_snoop(point, idev->attached, no_snoop);
		return 0;
	}
	/* Somebody else would notice, or it is somebody else's to decide */
	if (point && point->ioas != ioas &&
	    !(idev->attached && list_is_singular(&point->devices)))
		return -EBUSY;
	attached = kzalloc(sizeof(*attached), GFP_KERNEL_ACCOUNT);
	if (!attached)
		return -ENOMEM;
	attached->cookie = idev->cookie;
	attached->no_snoop = no_snoop;
	if (point && point->ioas == ioas)
		ioasid_ioas_add_device(point, attached);
	else
		ret = group_attach_new(idev, ioas, attached);
	if (ret)
		kfree(attached);
	else
		idev->attached = attached;
	return ret;
}

/**
 * ioasid_group_detach() - end what a binding has attached
 * @idev: the binding, the lock of its group held
 *
 * With the last device of the group that is attached the group's DMA is blocked.
 * That never fails; if memory is short the kernel's own blocked state has to do.
 *
 * Return: 0, -EBUSY if what is attached is of another context, -EINVAL if
 * nothing is, by this binding.
 */
int ioasid_group_detach(struct ioasid_device *idev)
{
	struct ioasid_group *group = idev->group;
	struct ioasid_attachment_point *point = group->point;

	lockdep_assert_held(&group->lock);
	if (!idev->attached)
		return point && point->ioas->obj.ctx != idev->ctx ? -EBUSY : -EINVAL;
	if (!list_is_singular(&point->devices)) {
		ioasid_ioas_remove_device(point, idev->attached);
		kfree(idev->attached);
		idev->attached = NULL;
		return 0;
	}
	ioasid_ioas_leave(point, &group->route, group->blocked);
	group_forget(idev);
	return 0;
}

/**
 * ioasid_group_ioasid() - what a binding has attached
 * @idev: the binding, the lock of its group held
 *
 * Return: the handle of the address space, or 0.
 */
u32 ioasid_group_ioasid(const struct ioasid_device *idev)
{
	return idev->attached ? idev->group->point->ioas->obj.id : 0;
}
