// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software-mediated devices: nothing of the machine is claimed for them, and what
 * they do in an address space their drivers do, by these calls.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "attach/device.h"
#include "attach/mediated.h"
#include "attach/pasids.h"
#include "include/ioasid_api.h"
#include "ioas/access.h"
#include "ioas/attachment.h"

static LIST_HEAD(mediated_devices);

/**
 * ioasid_mediated_join() - take a mediated device for a user
 * @idev: the binding
 *
 * Context: groups_lock is held.
 * Return: 0, -EPERM if it is somebody else's, -ENOMEM.
 */
int ioasid_mediated_join(struct ioasid_device *idev)
{
	struct ioasid_mediated *mediated;

	list_for_each_entry(mediated, &mediated_devices, node) {
		if (mediated->dev != idev->dev)
			continue;
		if (mediated->owner != idev->owner)
			return -EPERM;
		mediated->users++;
		idev->mediated = mediated;
		return 0;
	}
	mediated = kzalloc(sizeof(*mediated), GFP_KERNEL_ACCOUNT);
	if (!mediated)
		return -ENOMEM;
	mediated->dev = idev->dev;
	mediated->owner = idev->owner;
	mediated->users = 1;
	mutex_init(&mediated->lock);
	spin_lock_init(&mediated->access_lock);
	if (idev->pasids)
		ioasid_numbers_init(&mediated->numbers, idev->pasids->wire.limit);
	list_add(&mediated->node, &mediated_devices);
	idev->mediated = mediated;
	return 0;
}

/**
 * ioasid_mediated_leave() - a binding of a mediated device is gone
 * @idev: the binding, not attached; with the last one nobody has the device
 *
 * Context: groups_lock is held.
 */
void ioasid_mediated_leave(struct ioasid_device *idev)
{
	struct ioasid_mediated *mediated = idev->mediated;

	if (--mediated->users)
		return;
	list_del(&mediated->node);
	if (idev->pasids)
		ioasid_numbers_destroy(&mediated->numbers);
	mutex_destroy(&mediated->lock);
	kfree_rcu(mediated, rcu);
}

static void set_access(struct ioasid_mediated *mediated, struct ioasid_access *access,
		       struct ioasid_device *idev)
{
	lockdep_assert_held(&mediated->lock);
	spin_lock(&mediated->access_lock);
	mediated->access = access;
	spin_unlock(&mediated->access_lock);
	mediated->attached_by = idev;
}

/**
 * ioasid_mediated_attach() - put an address space behind a mediated device
 * @idev: the binding that does so, its device's lock held
 * @ioas: the address space
 *
 * Context: waits for the driver to let go of another one; killable.
 * Return: 0, or an error with all as it was: -EBUSY, -ENOENT, -ENOMEM, -EINTR.
 */
int ioasid_mediated_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas)
{
	struct ioasid_mediated *mediated = idev->mediated;
	struct ioasid_access *access, *old = mediated->access;
	int ret;

	lockdep_assert_held(&mediated->lock);
	if (old && mediated->attached_by != idev)
		return -EBUSY;
	if (old && old->point.ioas == ioas)
		return 0;
	access = kzalloc(sizeof(*access), GFP_KERNEL_ACCOUNT);
	if (!access)
		return -ENOMEM;
	access->unmap = idev->ops->unmap;
	access->data = idev->data;
	access->attached.cookie = idev->cookie;
	ret = ioasid_access_attach(ioas, access);
	if (ret) {
		kfree(access);
		return ret;
	}
	ret = old ? ioasid_access_leave(old, true) : 0;
	if (ret) {
		ioasid_access_detach(access);
		return ret;
	}
	set_access(mediated, access, idev);
	if (old)
		ioasid_access_detach(old);
	return 0;
}

/**
 * ioasid_mediated_detach() - take the address space from a mediated device
 * @idev: the binding that attached it, its device's lock held
 * @killable: may it be given up?
 *
 * Waits for the driver to let go, which it has no reason not to do.
 *
 * Return: 0, or an error with all as it was: -EINVAL if nothing is attached, -EBUSY
 * if it was through another binding, -EINTR.
 */
int ioasid_mediated_detach(struct ioasid_device *idev, bool killable)
{
	struct ioasid_mediated *mediated = idev->mediated;
	struct ioasid_access *access = mediated->access;
	int ret;

	lockdep_assert_held(&mediated->lock);
	if (!access)
		return -EINVAL;
	if (mediated->attached_by != idev)
		return -EBUSY;
	ret = ioasid_access_leave(access, killable);
	if (ret)
		return ret;
	set_access(mediated, NULL, NULL);
	ioasid_access_detach(access);
	return 0;
}

/**
 * ioasid_mediated_ioasid() - what a binding has attached
 * @idev: the binding, in one of its calls
 *
 * Return: the handle of the address space, 0: nothing.
 */
u32 ioasid_mediated_ioasid(const struct ioasid_device *idev)
{
	const struct ioasid_mediated *mediated = idev->mediated;

	return mediated->attached_by == idev ? mediated->access->point.ioas->obj.id : 0;
}

/* The address space that a driver works in, for a call; NULL if there is none */
static struct ioasid_access *get_access(struct ioasid_device *idev)
{
	struct ioasid_mediated *mediated = idev->mediated;
	struct ioasid_access *access;

	if (WARN_ON_ONCE(!mediated))
		return NULL;
	spin_lock(&mediated->access_lock);
	access = mediated->access;
	if (access)
		ioasid_access_get(access);
	spin_unlock(&mediated->access_lock);
	return access;
}

int ioasid_device_translate(struct ioasid_device *idev, u64 iova, u64 length)
{
	struct ioasid_access *access = get_access(idev);
	int ret;

	if (!access)
		return -ENODEV;
	ret = ioasid_access_translate(access, iova, length);
	ioasid_access_put(access);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_device_translate);

struct ioasid_pin *ioasid_device_pin(struct ioasid_device *idev, u64 iova, u64 length,
				     bool write)
{
	struct ioasid_access *access = get_access(idev);
	struct ioasid_pin *pin;

	if (!access)
		return ERR_PTR(-ENODEV);
	pin = ioasid_access_pin(access, iova, length, write);
	ioasid_access_put(access);
	return pin;
}
EXPORT_SYMBOL_GPL(ioasid_device_pin);

void ioasid_device_unpin(struct ioasid_pin *pin)
{
	ioasid_access_unpin(pin);
}
EXPORT_SYMBOL_GPL(ioasid_device_unpin);

static int copy(struct ioasid_device *idev, u64 iova, void *buf, u64 length, bool write)
{
	struct ioasid_access *access = get_access(idev);
	int ret;

	if (!access)
		return -ENODEV;
	ret = ioasid_access_copy(access, iova, buf, length, write);
	ioasid_access_put(access);
	return ret;
}

int ioasid_device_read(struct ioasid_device *idev, u64 iova, void *buf, u64 length)
{
	return copy(idev, iova, buf, length, false);
}
EXPORT_SYMBOL_GPL(ioasid_device_read);

int ioasid_device_write(struct ioasid_device *idev, u64 iova, const void *buf,
			u64 length)
{
	return copy(idev, iova, (void *)buf, length, true);
}
EXPORT_SYMBOL_GPL(ioasid_device_write);
