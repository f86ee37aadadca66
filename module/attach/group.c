// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: the security context of devices that their IOMMU cannot tell apart. Whether a
 * device is one to be given to a user (isolated interrupts, coherent DMA), claiming its
 * group's DMA with the first bind, who else may bind, and giving it back with the last
 * unbind. What is attached in between is in attach/group_attach.c.
 */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attach/device.h"
#include "attach/error.h"
#include "attach/group.h"
#include "attach/reserved.h"
#include "attach/reset_list.h"
#include "shim/generic.h"
#include "shim/sole.h"

static bool allow_unsafe_interrupts;
module_param(allow_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(allow_unsafe_interrupts,
		 "Allow devices without isolated MSI (interrupt remapping): their users can raise any interrupt (default: N)");

static DEFINE_MUTEX(groups_lock);
static LIST_HEAD(groups);

int ioasid_groups_lock(void)
{
	return mutex_lock_killable(&groups_lock);
}

/* For teardown, which cannot give up. Nothing under it waits for a user */
void ioasid_groups_lock_unkillable(void)
{
	mutex_lock(&groups_lock);
}

void ioasid_groups_unlock(void)
{
	mutex_unlock(&groups_lock);
}

/*
 * A device that was plugged in may have brought reserved ranges with it. They
 * are found to be new when a device is bound, and given up when one is bound
 * after it has gone.
 */
static int group_update_reserved(struct ioasid_group *group)
{
	struct ioasid_range *reserved, msi;
	unsigned int nr;
	int ret;

	lockdep_assert_held(&groups_lock);
	ret = ioasid_read_reserved(group->iommu_group, &reserved, &nr, &msi);
	if (ret)
		return ret;
	if (nr == group->nr_reserved &&
	    !memcmp(reserved, group->reserved, array_size(nr, sizeof(*reserved))))
		goto free;
	/* Whoever attaches just now may be waiting for a user */
	ret = -EAGAIN;
	if (!mutex_trylock(&group->lock))
		goto free;
	ret = 0;
	if (group->point &&
	    ioasid_ioas_set_reserved(group->point, reserved, nr))
		ret = -EADDRINUSE;
	if (!ret) {
		swap(group->reserved, reserved);
		group->nr_reserved = nr;
	}
	mutex_unlock(&group->lock);
free:
	kfree(reserved);
	return ret;
}

/* Put the empty domain behind a group that we own */
static int group_block(struct ioasid_group *group, struct device *dev)
{
	const struct ioasid_shim *shim = group->shim;
	int ret;

	group->blocked = shim->domain_alloc(dev, &group->route,
					    IOASID_DOMAIN_EMPTY);
	if (IS_ERR(group->blocked))
		return PTR_ERR(group->blocked);
	ret = shim->attach(&group->route, group->blocked);
	if (ret) {
		shim->domain_free(group->blocked);
		return ret;
	}
	/* Complete now */
	group->aperture = shim->aperture(dev, group->blocked);
	group->can_snoop = shim->can_enforce_snoop(dev, group->blocked);
	return 0;
}

static int is_elsewhere(struct device *dev, void *data)
{
	const struct ioasid_group *group = data;

	return !dev->iommu || dev->iommu->iommu_dev != group->iommu;
}

/* Is a device one to be given to a user, as far as it and its group can tell? */
static int group_check(struct ioasid_group *group, struct device *dev)
{
	bool unsafe_msi = !kc_isolated_msi(group->iommu_group, dev);

	if (!device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY))
		return -EINVAL;
	if (unsafe_msi && !READ_ONCE(allow_unsafe_interrupts)) {
		dev_warn_ratelimited(dev,
				     "no isolated MSI (interrupt remapping): not given to userspace unless ioasidfd has allow_unsafe_interrupts=1\n");
		return -EPERM;
	}
	/* What one of them says of its IOMMU must be true of all */
	if (iommu_group_for_each_dev(group->iommu_group, group, is_elsewhere))
		return -EOPNOTSUPP;
	group->unsafe_msi |= unsafe_msi;
	return 0;
}

/* Take a group that nobody of ours has, for its device */
static struct ioasid_group *group_new(struct iommu_group *iommu_group,
				      struct device *dev)
{
	struct ioasid_group *group;
	int ret;

	if (!dev->iommu || !dev->iommu->iommu_dev)
		return ERR_PTR(-ENODEV);
	group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		return ERR_PTR(-ENOMEM);
	mutex_init(&group->lock);
	INIT_LIST_HEAD(&group->devices);
	group->iommu_group = iommu_group;
	group->route.group = iommu_group;
	group->route.resets = &group->resets;
	group->shim = ioasid_shim_of(dev);
	group->iommu = dev->iommu->iommu_dev;
	ret = group_check(group, dev);
	if (ret)
		goto free;
	if (ioasid_reserved_is_firmwares(iommu_group)) {
		dev_warn_ratelimited(dev,
				     "firmware needs memory mapped for it: not given to userspace\n");
		ret = -EINVAL;
		goto free;
	}
	ret = ioasid_read_reserved(iommu_group, &group->reserved,
				   &group->nr_reserved, &group->route.msi);
	if (ret)
		goto free;
	/*
	 * All devices of the group, those to come too; drivers of the host get
	 * none of them any more. EBUSY: it is attached to something that has not
	 * claimed it; or, where that can be, a device is being reset
	 */
	ret = group->shim->claim(&group->route, group);
	if (ret) {
		if (ret == -EBUSY)
			ret = KC_RESET_DETACHES ? -EAGAIN : -EPERM;
		else if (ret != -EPERM)
			ret = ioasid_attach_error(ret);
		goto free;
	}
	ret = group_block(group, dev);
	if (ret) {
		ret = ret == -EBUSY ? -EAGAIN : ioasid_attach_error(ret);
		goto release;
	}
	list_add(&group->node, &groups);
	ioasid_group_resets_begin(iommu_group, &group->resets);
	return group;

release:
	ioasid_rid_release(&group->route);
free:
	kfree(group->reserved);
	mutex_destroy(&group->lock);
	kfree(group);
	return ERR_PTR(ret);
}

/*
 * May a device be bound to an open /dev/iommu, its group being in use? Whoever
 * drives one device of a group reaches what is attached to all of them, so:
 *
 * - A device that is bound can be bound again through the same open device file,
 *   to any /dev/iommu: who has that file drives the device already. Through
 *   another open file of the device it cannot, to whichever /dev/iommu.
 * - A device that is not can be bound to what one of the group's devices is
 *   bound to: at first that is the one /dev/iommu of the first binding. To have
 *   opened the device is not enough.
 *
 * The set of files that a group belongs to is that of its bindings, and needs no
 * other account.
 */
static bool group_admits(const struct ioasid_group *group,
			 const struct ioasid_device *idev)
{
	const struct ioasid_device *bound;
	bool known = false;

	list_for_each_entry(bound, &group->devices, group_node) {
		if (bound->dev == idev->dev)
			return bound->owner == idev->owner;
		if (bound->ctx == idev->ctx)
			known = true;
	}
	return known;
}

static struct ioasid_group *group_find(const struct iommu_group *iommu_group)
{
	struct ioasid_group *group;

	list_for_each_entry(group, &groups, node)
		if (group->iommu_group == iommu_group)
			return group;
	return NULL;
}

static int group_admit(struct ioasid_group *group, struct ioasid_device *idev)
{
	int ret;

	if (!group_admits(group, idev))
		return -EPERM;
	ret = group_check(group, idev->dev);
	if (ret)
		return ret;
	/* It is one IOMMU; but some drivers look at what is before it, too */
	if (group->can_snoop &&
	    !group->shim->can_enforce_snoop(idev->dev, group->blocked))
		return -EOPNOTSUPP;
	return group_update_reserved(group);
}

/**
 * ioasid_group_join() - take a device's group for a user, or a place in it
 * @idev: the binding, with its device, context and owner set
 *
 * Context: groups_lock is held. Waits for no user.
 * Return: 0, with @idev in its group, or an error as IOASID_DEVICE_BIND says:
 * -EPERM, -ENODEV, -EOPNOTSUPP, -EINVAL, -EADDRINUSE, -EAGAIN, -ENOMEM.
 */
int ioasid_group_join(struct ioasid_device *idev)
{
	struct iommu_group *iommu_group = iommu_group_get(idev->dev);
	struct ioasid_group *group;
	int ret;

	lockdep_assert_held(&groups_lock);
	if (!iommu_group)
		return -ENODEV;
	ioasid_msi_bind(&idev->msi, idev->dev);
	group = group_find(iommu_group);
	if (group) {
		iommu_group_put(iommu_group);
		ret = group_admit(group, idev);
		if (ret)
			goto unbind;
	} else {
		group = group_new(iommu_group, idev->dev);
		if (IS_ERR(group)) {
			iommu_group_put(iommu_group);
			ret = PTR_ERR(group);
			goto unbind;
		}
	}
	idev->group = group;
	list_add_tail(&idev->group_node, &group->devices);
	return 0;

unbind:
	ioasid_msi_unbind(&idev->msi);
	return ret;
}

/**
 * ioasid_group_leave() - give up a place in a group; with the last one the group
 * goes back to the kernel
 * @idev: the binding, not attached
 *
 * Context: groups_lock is held. Never fails, needs no memory.
 */
void ioasid_group_leave(struct ioasid_device *idev)
{
	struct ioasid_group *group = idev->group;

	lockdep_assert_held(&groups_lock);
	list_del(&idev->group_node);
	if (!list_empty(&group->devices))
		goto unbind;
	list_del(&group->node);
	ioasid_resets_end(&group->resets);
	group->shim->block(&group->route);
	ioasid_rid_release(&group->route);
	group->shim->domain_free(group->blocked);
	iommu_group_put(group->iommu_group);
	kfree(group->reserved);
	mutex_destroy(&group->lock);
	kfree(group);
unbind:
	ioasid_msi_unbind(&idev->msi);
}

/**
 * ioasid_group_ranges() - what addresses a group's DMA may use
 * @group: the group
 * @set: an empty set to be filled, and to be cleared in any case
 *
 * Context: groups_lock is held.
 * Return: 0 or -ENOMEM.
 */
int ioasid_group_ranges(struct ioasid_group *group, struct ioasid_ranges *set)
{
	unsigned int i;
	int ret;

	lockdep_assert_held(&groups_lock);
	ret = ioasid_ranges_add(set, group->aperture.start, group->aperture.last);
	for (i = 0; !ret && i < group->nr_reserved; i++)
		ret = ioasid_ranges_subtract(set, group->reserved[i].start,
					     group->reserved[i].last);
	return ret;
}

/**
 * ioasid_group_device_id() - what a device is to an open /dev/iommu
 * @ctx: the context
 * @dev: the device
 *
 * Context: groups_lock is held.
 * Return: the id of its binding to that context; -ENOENT if it is bound to none, but
 * its group has a binding to that one; -ENODEV otherwise.
 */
int ioasid_group_device_id(struct ioasid_ctx *ctx, struct device *dev)
{
	struct iommu_group *iommu_group = iommu_group_get(dev);
	const struct ioasid_group *group;
	const struct ioasid_device *bound;
	bool known = false, others = false;

	lockdep_assert_held(&groups_lock);
	group = group_find(iommu_group);
	iommu_group_put(iommu_group);
	if (!group)
		return -ENODEV;
	list_for_each_entry(bound, &group->devices, group_node) {
		if (bound->ctx == ctx && bound->dev == dev)
			return bound->obj.id;
		known |= bound->ctx == ctx;
		others |= bound->dev == dev;
	}
	return known && !others ? -ENOENT : -ENODEV;
}

/**
 * ioasid_group_of() - the group that a device is in
 * @dev: the device
 *
 * Context: groups_lock is held.
 * Return: the group, if it is in the hands of a user; else NULL.
 */
struct ioasid_group *ioasid_group_of(const struct device *dev)
{
	lockdep_assert_held(&groups_lock);
	return dev->iommu_group ? group_find(dev->iommu_group) : NULL;
}

/**
 * ioasid_group_is_bound() - is a device of a group in the hands of a user?
 * @iommu_group: the group
 *
 * Context: groups_lock is held.
 */
bool ioasid_group_is_bound(const struct iommu_group *iommu_group)
{
	lockdep_assert_held(&groups_lock);
	return group_find(iommu_group);
}
