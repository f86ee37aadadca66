// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets of a bus or slot, which reach all devices there: VFIO_DEVICE_PCI_HOT_RESET
 * as VFIO's character devices have it (linux/vfio.h), without a list of group fds.
 *
 * Who asks for it must own all of them: each is a VFIO device, so that its driver can
 * be told to keep out, and is bound to the same I/O address space fd as the device
 * that is asked through, or by nobody and of a group that is that fd's.
 *
 * What VFIO's core does for this is not for modules, but all that it is made of is:
 * the devices that are reset together are a vfio_device_set, and a device whose
 * memory_lock is held has no region mapped and nobody in it.
 *
 * A user of VFIO's group gives a list of group fds, as there, and resets no device that
 * is bound through our files. VFIO's core would take an open group for consent, and the
 * group of a device of ours can be opened. A user of vfio-pci on the same bus can still do
 * that: where it matters only the administrator opens group nodes.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "compat/vfio_abi.h"
#include "compat/vfio_compat.h"
#include "ioasid_api.h"
#include "vfio_pci/bind.h"
#include "vfio_pci/device.h"
#include "vfio_pci/hot_reset.h"
#include "vfio_pci/vfio_pci.h"

/**
 * struct affected - the devices that are reset together
 * @slot: those of this slot, or NULL: of the bus
 * @pdev: they, held; room for @room of them
 * @room: 0 if they are only counted
 * @nr: how many there are
 */
struct affected {
	struct pci_slot *slot;
	struct pci_dev **pdev;
	unsigned int room;
	unsigned int nr;
};

static bool is_below(const struct pci_dev *pdev, const struct pci_slot *slot)
{
	while (pdev && pdev->bus != slot->bus)
		pdev = pdev->bus->self;
	return pdev && pdev->slot == slot;
}

/* @slot is NULL for a reset of the bus */
static bool is_affected(struct pci_dev *pdev, const struct pci_slot *slot)
{
	/* A VF's number may be that of another slot; it goes with its PF */
	return !slot || is_below(pci_physfn(pdev), slot);
}

/* -ENODEV if neither the slot nor the bus can be reset. @slot is NULL for the latter */
static int choose_slot(struct pci_dev *pdev, struct pci_slot **slot)
{
	*slot = NULL;
	if (!KC_VFIO_CAN_HOT_RESET)
		return -ENODEV;
	if (!pci_probe_reset_slot(pdev->slot))
		*slot = pdev->slot;
	else if (pci_probe_reset_bus(pdev->bus))
		return -ENODEV;
	return 0;
}

static int add_affected(struct pci_dev *pdev, void *data)
{
	struct affected *affected = data;

	if (!is_affected(pdev, affected->slot))
		return 0;
	if (affected->nr < affected->room)
		affected->pdev[affected->nr] = pci_dev_get(pdev);
	affected->nr++;
	return 0;
}

static void put_affected(struct affected *affected)
{
	unsigned int i;

	for (i = 0; i < min(affected->nr, affected->room); i++)
		pci_dev_put(affected->pdev[i]);
	kfree(affected->pdev);
}

/* What is plugged in afterwards is not among them */
static int get_affected(struct pci_dev *pdev, struct affected *affected)
{
	int ret;

	*affected = (struct affected) {};
	ret = choose_slot(pdev, &affected->slot);
	if (ret)
		return ret;
	pci_walk_bus(pdev->bus, add_affected, affected);
	affected->pdev = kcalloc(affected->nr, sizeof(*affected->pdev), GFP_KERNEL_ACCOUNT);
	if (!affected->pdev)
		return -ENOMEM;
	affected->room = affected->nr;
	affected->nr = 0;
	pci_walk_bus(pdev->bus, add_affected, affected);
	/* Something was plugged in */
	if (affected->nr > affected->room)
		ret = -EAGAIN;
	if (ret)
		put_affected(affected);
	return ret;
}

/* The VFIO device of a PCI device, which stays as it is under the set's lock, or NULL */
static struct vfio_pci_core_device *find_in_set(struct vfio_device_set *set,
						const struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core;

	lockdep_assert_held(&set->lock);
	list_for_each_entry(core, &set->device_list, vdev.dev_set_list)
		if (core->pdev == pdev)
			return core;
	return NULL;
}

/* A device as the user knows it: VFD_DEVID_*, or its id; or an error */
static int describe(struct vfio_device_set *set, struct ioasid_device *idev,
		    struct pci_dev *pdev, struct vfd_hot_reset_device *device)
{
	int id = -ENODEV;

	if (find_in_set(set, pdev))
		id = ioasid_device_id_of(idev, &pdev->dev);
	if (id < 0 && id != -ENODEV && id != -ENOENT)
		return id;
	*device = (struct vfd_hot_reset_device) {
		.devid = id == -ENODEV ? (u32)VFD_DEVID_NOT_OWNED :
			 id == -ENOENT ? VFD_DEVID_OWNED : id,
		.segment = pci_domain_nr(pdev->bus),
		.bus = pdev->bus->number,
		.devfn = pdev->devfn,
	};
	return 0;
}

static long get_info(struct ioasid_vfio_file *file, struct ioasid_device *idev,
		     void __user *user)
{
	struct vfio_device_set *set = file->dev->core.vdev.dev_set;
	struct vfd_hot_reset_info __user *uargs = user;
	struct vfd_hot_reset_device *devices = NULL;
	struct vfd_hot_reset_info args;
	struct affected affected;
	unsigned int i;
	int ret;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	if (args.argsz < sizeof(args))
		return -EINVAL;
	ret = get_affected(file->dev->core.pdev, &affected);
	if (ret)
		return ret;
	args.count = affected.nr;
	args.flags = 0;
	if (affected.nr > (args.argsz - sizeof(args)) / sizeof(*devices)) {
		ret = -ENOSPC;
		goto answer;
	}
	ret = -ENOMEM;
	devices = kcalloc(affected.nr, sizeof(*devices), GFP_KERNEL_ACCOUNT);
	if (!devices)
		goto put;
	args.flags = VFD_HOT_RESET_DEV_ID | VFD_HOT_RESET_DEV_ID_OWNED;
	ret = mutex_lock_killable(&set->lock);
	if (ret)
		goto put;
	for (i = 0; !ret && i < affected.nr; i++) {
		ret = describe(set, idev, affected.pdev[i], &devices[i]);
		if (!ret && devices[i].devid == (u32)VFD_DEVID_NOT_OWNED)
			args.flags &= ~VFD_HOT_RESET_DEV_ID_OWNED;
	}
	mutex_unlock(&set->lock);
	if (ret)
		goto put;
	if (copy_to_user(uargs->devices, devices, array_size(affected.nr, sizeof(*devices))))
		ret = -EFAULT;
answer:
	if (copy_to_user(user, &args, sizeof(args)))
		ret = -EFAULT;
put:
	kfree(devices);
	put_affected(&affected);
	return ret;
}

struct strangers {
	struct vfio_device_set *set;
	struct pci_slot *slot;
	bool found;
};

static int find_stranger(struct pci_dev *pdev, void *data)
{
	struct strangers *strangers = data;

	if (is_affected(pdev, strangers->slot) && !find_in_set(strangers->set, pdev))
		strangers->found = true;
	return strangers->found;
}

/* Is a set all that is reset with @pdev? -EINVAL if not */
static int check_complete(struct vfio_device_set *set, struct pci_dev *pdev)
{
	struct strangers strangers = { .set = set };
	int ret;

	lockdep_assert_held(&set->lock);
	ret = choose_slot(pdev, &strangers.slot);
	if (ret)
		return ret;
	pci_walk_bus(pdev->bus, find_stranger, &strangers);
	return strangers.found ? -EINVAL : 0;
}

/* May the user reset all of a set? */
static int check_set(struct vfio_device_set *set, struct ioasid_device *idev)
{
	struct vfio_pci_core_device *core;
	int id;

	lockdep_assert_held(&set->lock);
	list_for_each_entry(core, &set->device_list, vdev.dev_set_list) {
		id = ioasid_device_id_of(idev, &core->pdev->dev);
		if (id < 0 && id != -ENOENT)
			return id == -ENODEV ? -EINVAL : id;
	}
	return 0;
}

/*
 * Nobody is in any of the set's devices while it is reset. Whether it is complete is looked
 * at as late as can be: that no device is plugged in later still is what the lock of
 * rescans and removals would be for, but a removal holds it while it waits for our user.
 */
static int reset_set(struct vfio_device_set *set, struct pci_dev *pdev)
{
	unsigned int resumed = 0, locked = 0;
	struct vfio_pci_core_device *core;
	int ret = 0;

	lockdep_assert_held(&set->lock);
	list_for_each_entry(core, &set->device_list, vdev.dev_set_list) {
		ret = pm_runtime_resume_and_get(&core->pdev->dev);
		if (ret)
			goto undo;
		resumed++;
	}
	list_for_each_entry(core, &set->device_list, vdev.dev_set_list) {
		/* To wait for several of them is a deadlock sooner or later */
		ret = down_write_trylock(&core->memory_lock) ? 0 : -EBUSY;
		if (ret)
			goto undo;
		locked++;
		kc_vfio_zap(&core->vdev);
	}
	list_for_each_entry(core, &set->device_list, vdev.dev_set_list)
		ioasid_vfio_wake_up(core);
	ret = check_complete(set, pdev) ?: pci_reset_bus(pdev);
undo:
	list_for_each_entry(core, &set->device_list, vdev.dev_set_list) {
		if (locked && locked--)
			up_write(&core->memory_lock);
		if (resumed && resumed--)
			pm_runtime_put(&core->pdev->dev);
	}
	return ret;
}

static long hot_reset(struct ioasid_vfio_file *file, struct ioasid_device *idev,
		      void __user *user)
{
	struct vfio_device_set *set = file->dev->core.vdev.dev_set;
	struct pci_dev *pdev = file->dev->core.pdev;
	struct vfd_hot_reset args;
	int ret;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	/* Group fds are for those who have opened the device through VFIO's group */
	if (args.argsz < sizeof(args) || args.flags || args.count)
		return -EINVAL;
	ret = mutex_lock_killable(&set->lock);
	if (ret)
		return ret;
	ret = check_complete(set, pdev) ?: check_set(set, idev) ?: reset_set(set, pdev);
	mutex_unlock(&set->lock);
	return ret;
}

/**
 * ioasid_vfio_ioctl_hot_reset() - VFIO_DEVICE_GET_PCI_HOT_RESET_INFO and
 * VFIO_DEVICE_PCI_HOT_RESET
 * @file: the file that it came through
 * @cmd: number of the ioctl
 * @arg: its argument
 *
 * A file that is bound to several I/O address space fds speaks for the one of
 * VFIO_DEVICE_BIND_IOMMUFD, or else the first.
 *
 * Return: as linux/vfio.h says; -EINVAL if the device is not bound, or somebody else's
 * would be reset; -ENODEV if the kernel cannot, or the device is on no bus for that.
 */
long ioasid_vfio_ioctl_hot_reset(struct ioasid_vfio_file *file, unsigned int cmd,
				 void __user *arg)
{
	struct ioasid_device *idev;
	long ret;

	/* As long as that is held the device stays bound and enabled */
	ret = mutex_lock_killable(&file->lock);
	if (ret)
		return ret;
	idev = ioasid_vfio_speaker(file);
	if (!idev)
		ret = -EINVAL;
	else if (cmd == VFIO_DEVICE_PCI_HOT_RESET)
		ret = hot_reset(file, idev, arg);
	else
		ret = get_info(file, idev, arg);
	mutex_unlock(&file->lock);
	return ret;
}

/**
 * struct group_files - what a user of VFIO's groups shows
 * @file: files, held
 * @nr: how many there are
 */
struct group_files {
	struct file **file;
	unsigned int nr;
};

static void put_group_files(struct group_files *groups)
{
	while (groups->nr)
		fput(groups->file[--groups->nr]);
	kfree(groups->file);
}

static int get_group_files(struct group_files *groups, const s32 *fds, unsigned int nr)
{
	*groups = (struct group_files) {
		.file = kcalloc(nr, sizeof(*groups->file), GFP_KERNEL_ACCOUNT),
	};
	if (!groups->file)
		return -ENOMEM;
	while (groups->nr < nr) {
		struct file *file = fget(fds[groups->nr]);

		if (file)
			groups->file[groups->nr++] = file;
		if (!file || !vfio_file_is_group(file)) {
			put_group_files(groups);
			return file ? -EINVAL : -EBADF;
		}
	}
	return 0;
}

/* Bound through a file of ours, or about to be */
static bool is_bound_by_file(struct vfio_pci_core_device *core, const struct vfio_device *ours)
{
	return core->vdev.ops == ours->ops &&
	       container_of(core, struct ioasid_vfio_device, core)->owner;
}

/* May a user of VFIO's groups reset all of a set? */
static int check_set_of_groups(struct vfio_device *vdev, const struct group_files *groups)
{
	struct vfio_pci_core_device *core;
	unsigned int i;

	lockdep_assert_held(&vdev->dev_set->lock);
	list_for_each_entry(core, &vdev->dev_set->device_list, vdev.dev_set_list) {
		if (is_bound_by_file(core, vdev))
			return -EINVAL;
		for (i = 0; i < groups->nr; i++)
			if (vfio_file_has_dev(groups->file[i], &core->vdev))
				break;
		if (i == groups->nr)
			return -EINVAL;
	}
	return 0;
}

static long hot_reset_by_groups(struct vfio_device *vdev, void __user *user)
{
	struct pci_dev *pdev = container_of(vdev, struct vfio_pci_core_device, vdev)->pdev;
	struct vfd_hot_reset args;
	struct group_files groups;
	s32 *fds;
	int ret;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	/* There are not more functions on a bus */
	if (args.argsz < sizeof(args) || args.flags || !args.count || args.count > 256)
		return -EINVAL;
	fds = memdup_user(user + sizeof(args), array_size(args.count, sizeof(*fds)));
	if (IS_ERR(fds))
		return PTR_ERR(fds);
	ret = get_group_files(&groups, fds, args.count);
	kfree(fds);
	if (ret)
		return ret;
	ret = mutex_lock_killable(&vdev->dev_set->lock);
	if (ret)
		goto put;
	ret = check_complete(vdev->dev_set, pdev) ?: check_set_of_groups(vdev, &groups) ?:
	      reset_set(vdev->dev_set, pdev);
	mutex_unlock(&vdev->dev_set->lock);
put:
	put_group_files(&groups);
	return ret;
}

/*
 * Where we cannot reset a bus by ourselves (6.1) VFIO's core does, if all devices of ours
 * that it reaches are of the group through which @vdev was opened: none of that group can
 * be bound through a file. A device plugged in while the core reads the arguments is not
 * looked at.
 */
static bool is_set_of_one_group(struct vfio_device *vdev)
{
	struct vfio_pci_core_device *core;
	bool ret = true;

	mutex_lock(&vdev->dev_set->lock);
	list_for_each_entry(core, &vdev->dev_set->device_list, vdev.dev_set_list)
		if (core->vdev.ops == vdev->ops &&
		    core->pdev->dev.iommu_group != vdev->dev->iommu_group)
			ret = false;
	mutex_unlock(&vdev->dev_set->lock);
	return ret;
}

/**
 * ioasid_vfio_group_ioctl() - ioctls of a device that was opened through VFIO's group
 * @vdev: the device
 * @cmd: number of the ioctl
 * @arg: its argument
 *
 * Return: as linux/vfio.h says; of VFIO_DEVICE_PCI_HOT_RESET -EINVAL if a device that is
 * bound through a file of ours would be reset; -ENODEV if the kernel cannot tell.
 * -ENOTTY for VFIO_DEVICE_IOEVENTFD, see vfio_ioctl.c.
 */
long ioasid_vfio_group_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	if (cmd == VFIO_DEVICE_PCI_HOT_RESET) {
		if (KC_VFIO_CAN_HOT_RESET)
			return hot_reset_by_groups(vdev, (void __user *)arg);
		if (!is_set_of_one_group(vdev))
			return -ENODEV;
	}
	if (cmd == VFIO_DEVICE_IOEVENTFD)
		return -ENOTTY;
	return vfio_pci_core_ioctl(vdev, cmd, arg);
}
