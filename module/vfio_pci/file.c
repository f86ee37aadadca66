// SPDX-License-Identifier: GPL-2.0-only
/*
 * State of an open file: whether the device may be used through it, and who is
 * using it just now. The states are explained at struct ioasid_vfio_file.
 */
#include <linux/errno.h>
#include <linux/slab.h>

#include "vfio_pci/file.h"
#include "vfio_pci/vfio_pci.h"

/**
 * ioasid_vfio_file_new() - the state of a newly opened file
 * @dev: the device; the caller holds its registration for the file
 *
 * Return: the state, IOASID_VFIO_UNBOUND, or NULL.
 */
struct ioasid_vfio_file *ioasid_vfio_file_new(struct ioasid_vfio_device *dev)
{
	struct ioasid_vfio_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);

	if (!file)
		return NULL;
	file->dev = dev;
	mutex_init(&file->lock);
	INIT_LIST_HEAD(&file->bindings);
	spin_lock_init(&file->use_lock);
	init_waitqueue_head(&file->idle);
	return file;
}

/**
 * ioasid_vfio_file_free() - free the state of a file
 * @file: the state; nothing is bound and no call in flight
 */
void ioasid_vfio_file_free(struct ioasid_vfio_file *file)
{
	WARN_ON(!list_empty(&file->bindings) || file->calls || file->vmas);
	mutex_destroy(&file->lock);
	kfree(file);
}

/**
 * ioasid_vfio_file_enter() - begin a call that uses the device
 * @file: the file that it came through
 *
 * Until ioasid_vfio_file_leave() the device stays enabled. The caller may
 * sleep in between, also for as long as its user likes.
 *
 * Return: 0, or -EINVAL if the device is not bound.
 */
int ioasid_vfio_file_enter(struct ioasid_vfio_file *file)
{
	int ret = -EINVAL;

	spin_lock(&file->use_lock);
	if (file->use == IOASID_VFIO_BOUND) {
		file->calls++;
		ret = 0;
	}
	spin_unlock(&file->use_lock);
	return ret;
}

/**
 * ioasid_vfio_file_leave() - end what ioasid_vfio_file_enter() began
 * @file: the file
 */
void ioasid_vfio_file_leave(struct ioasid_vfio_file *file)
{
	spin_lock(&file->use_lock);
	if (!--file->calls && file->use == IOASID_VFIO_STOPPING)
		wake_up(&file->idle);
	spin_unlock(&file->use_lock);
}

/**
 * ioasid_vfio_file_is_bound() - has the file a binding?
 * @file: the file
 *
 * Without its lock the answer may be outdated when it comes.
 */
bool ioasid_vfio_file_is_bound(struct ioasid_vfio_file *file)
{
	return READ_ONCE(file->use) != IOASID_VFIO_UNBOUND;
}

/**
 * ioasid_vfio_file_start() - let the device be used
 * @file: the file, which has enabled the device
 */
void ioasid_vfio_file_start(struct ioasid_vfio_file *file)
{
	lockdep_assert_held(&file->lock);

	spin_lock(&file->use_lock);
	WRITE_ONCE(file->use, IOASID_VFIO_BOUND);
	spin_unlock(&file->use_lock);
}

static bool no_calls(struct ioasid_vfio_file *file)
{
	bool ret;

	spin_lock(&file->use_lock);
	ret = !file->calls;
	spin_unlock(&file->use_lock);
	return ret;
}

/**
 * ioasid_vfio_file_stop() - wait until nobody uses the device through a file
 * @file: the file, which has the device enabled
 *
 * Context: process. Sleeps, killably, as long as calls are in flight.
 * Return: 0, and the file can no more be used; -EBUSY if a region is mapped;
 * -EINTR if the task was killed. With an error everything is as before.
 */
int ioasid_vfio_file_stop(struct ioasid_vfio_file *file)
{
	int ret = 0;

	lockdep_assert_held(&file->lock);

	spin_lock(&file->use_lock);
	if (file->vmas)
		ret = -EBUSY;
	else
		WRITE_ONCE(file->use, IOASID_VFIO_STOPPING);
	spin_unlock(&file->use_lock);
	if (ret)
		return ret;

	if (wait_event_killable(file->idle, no_calls(file)))
		ret = -EINTR;

	spin_lock(&file->use_lock);
	/* An mmap() may have been in flight */
	if (!ret && file->vmas)
		ret = -EBUSY;
	WRITE_ONCE(file->use, ret ? IOASID_VFIO_BOUND : IOASID_VFIO_UNBOUND);
	spin_unlock(&file->use_lock);
	return ret;
}

/**
 * ioasid_vfio_file_get_vma() - count a mapping of the device's regions
 * @file: the file; in use, or there is another mapping
 */
void ioasid_vfio_file_get_vma(struct ioasid_vfio_file *file)
{
	spin_lock(&file->use_lock);
	file->vmas++;
	spin_unlock(&file->use_lock);
}

/**
 * ioasid_vfio_file_put_vma() - a mapping is gone
 * @file: the file
 */
void ioasid_vfio_file_put_vma(struct ioasid_vfio_file *file)
{
	spin_lock(&file->use_lock);
	file->vmas--;
	spin_unlock(&file->use_lock);
}
