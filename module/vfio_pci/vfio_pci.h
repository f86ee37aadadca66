/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vfio-pci variant driver with a character device of its own: the device fd
 * is bound to I/O address space fds (IOASID_DEVICE_BIND) instead of being
 * opened through a VFIO group, which stays possible while no fd is bound.
 *
 * main.c	the PCI driver
 * chardev.c	/dev/vfio/devices/vfioN and its file operations
 * iommufd.c	VFIO_DEVICE_BIND_IOMMUFD and what attaches
 * vfio_ioctl.c	VFIO_DEVICE_* ioctls
 * hot_reset.c	those that reset other devices as well
 * bind.c	bindings, and IOASID_DEVICE_* ioctls
 * power.c	sleep and shutdown of the machine
 * vma.c	mappings of the device's regions
 * device.c	enable, disable and wake up a device
 * file.c	state of an open file
 *
 * Each calls only files that stand below it.
 *
 * Lock order, outermost first:
 *
 *	ioasid_vfio_file.lock	bindings of an open file. Held while the core
 *				pins memory, while a bus is reset, and while a call in flight is
 *				waited for: taken killably, and not by the
 *				release of a file, which nobody races with
 *	ioasid_vfio_device.bind_lock
 *				who is about to bind a device; waits for no user
 *	vfio_device_set.lock	VFIO's: open_count, enabling and disabling, and
 *				our owner and gone. Other users' devices can
 *				share it: never held while waiting for a user.
 *				While it is, the core may be asked who has a device
 *	mmap_lock		taken by the core and when VFIO zaps mappings
 *	igate, vma_lock, memory_lock, irqlock
 *				VFIO's
 *	ioasid_vfio_file.use_lock, the xarray's of the minors
 *				spinlocks, nothing is taken inside
 */
#ifndef IOASID_VFIO_PCI_H
#define IOASID_VFIO_PCI_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>

#define IOASID_VFIO_NAME "ioasid_vfio_pci"

/**
 * struct ioasid_vfio_device - a PCI device that the driver is bound to
 * @core: VFIO's; first, and what the driver data of the PCI device points to
 * @minor: of its character device
 * @bind_lock: held by a file that binds the device: one that is refused has been
 *	its owner in nobody's eyes
 * @gone: the driver is being removed from the device; no new binding
 * @owner: the open file that has bound the device or is about to; NULL if
 *	none. core.vdev.open_count is 1 exactly while that file's bindings have
 *	the device enabled
 * @was_master: bus mastering was on when the machine went to sleep
 *
 * @gone, @owner and @was_master are protected by core.vdev.dev_set->lock.
 */
struct ioasid_vfio_device {
	struct vfio_pci_core_device core;
	u32 minor;
	struct mutex bind_lock; /* whoever wants to be owner */
	bool gone;
	struct ioasid_vfio_file *owner;
	bool was_master;
	bool down; /* shut down; under the device's lock */
};

/**
 * enum ioasid_vfio_use - may the device be used through this file?
 * @IOASID_VFIO_UNBOUND: no, it is not bound
 * @IOASID_VFIO_BOUND: yes, it is bound and enabled
 * @IOASID_VFIO_STOPPING: not any more: the last binding waits to end
 */
enum ioasid_vfio_use {
	IOASID_VFIO_UNBOUND,
	IOASID_VFIO_BOUND,
	IOASID_VFIO_STOPPING,
};

/**
 * struct ioasid_vfio_file - an open file of a device
 * @dev: the device, whose registration the file holds: removing the driver
 *	waits until the file is closed
 * @lock: serializes bind, unbind, attach and detach
 * @bindings: struct ioasid_vfio_binding, protected by @lock
 * @use_lock: protects the members that follow
 * @use: see below
 * @calls: calls in flight that use the enabled device
 * @vmas: mappings of the device's regions
 * @idle: woken when @calls is 0 and @use is IOASID_VFIO_STOPPING
 *
 * @use changes under @lock and @use_lock:
 *
 *	UNBOUND -> BOUND	first binding made and device enabled
 *	BOUND -> STOPPING	the last binding is to end and no region is
 *				mapped: new calls fail, those in flight are
 *				waited for
 *	STOPPING -> UNBOUND	none is left; the device is disabled and the
 *				bindings end
 *	STOPPING -> BOUND	the waiting task was killed, or a call in flight
 *				has mapped a region
 *
 * A call in flight may take as long as its user likes, so it holds a count and
 * not a lock. The release of the file goes through none of this: it disables
 * the device if there are bindings.
 */
struct ioasid_vfio_file {
	struct ioasid_vfio_device *dev;
	struct mutex lock; /* bindings */
	struct list_head bindings;
	spinlock_t use_lock; /* what follows */
	enum ioasid_vfio_use use;
	unsigned int calls;
	unsigned int vmas;
	wait_queue_head_t idle;
};

#endif /* IOASID_VFIO_PCI_H */
