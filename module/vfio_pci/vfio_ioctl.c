// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_* ioctls: linux/vfio.h. A list of what is passed on to VFIO's
 * PCI core, so that nothing reaches it that nobody has thought about.
 *
 * VFIO_DEVICE_RESET reaches one function and nobody else's: a bus or slot that
 * holds other functions too is not reset by it (pci_try_reset_function()), and
 * VFs have agreed to their PF's user by the VF token. Resets that reach further
 * are in hot_reset.c.
 *
 * VFIO_DEVICE_IOEVENTFD is not passed on: VFIO's core takes the region's number from
 * the upper bits of a signed offset, and has no lower bound for it (6.12). A negative
 * one is an index before the table of BARs, and what is found there is taken for the
 * address that is written to. Only the core reads the structure for good, so it cannot be checked here.
 * Programs do without: it saves them a wake-up for each write to a register.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "compat/vfio_compat.h"
#include "vfio_pci/file.h"
#include "vfio_pci/hot_reset.h"
#include "vfio_pci/vfio_ioctl.h"
#include "vfio_pci/vfio_pci.h"

static long feature(struct vfio_device *vdev, unsigned long arg)
{
	const size_t minsz = offsetofend(struct vfio_device_feature, flags);
	struct vfio_device_feature __user *user = (void __user *)arg;
	struct vfio_device_feature hdr;
	bool get, set, probe;

	if (copy_from_user(&hdr, user, minsz))
		return -EFAULT;
	get = hdr.flags & VFIO_DEVICE_FEATURE_GET;
	set = hdr.flags & VFIO_DEVICE_FEATURE_SET;
	probe = hdr.flags & VFIO_DEVICE_FEATURE_PROBE;
	if (hdr.argsz < minsz)
		return -EINVAL;
	if (hdr.flags & ~(VFIO_DEVICE_FEATURE_MASK | VFIO_DEVICE_FEATURE_GET |
			  VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PROBE))
		return -EINVAL;
	/* Both together only to ask whether there are both */
	if (get && set && !probe)
		return -EINVAL;

	switch (hdr.flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
	case VFIO_DEVICE_FEATURE_PCI_VF_TOKEN:
		return vfio_pci_core_ioctl_feature(vdev, hdr.flags, user->data,
						   hdr.argsz - minsz);
	default:
		return -ENOTTY;
	}
}

static long vfio_ioctl(struct vfio_device *vdev, unsigned int cmd,
		       unsigned long arg)
{
	switch (cmd) {
	case VFIO_DEVICE_GET_REGION_INFO:
		return kc_vfio_get_region_info(vdev, arg);
	case VFIO_DEVICE_FEATURE:
		return feature(vdev, arg);
	default:
		return vfio_pci_core_ioctl(vdev, cmd, arg);
	}
}

/**
 * ioasid_vfio_ioctl_vfio() - ioctls of VFIO
 * @file: the file that it came through
 * @cmd: number of the ioctl
 * @arg: its argument
 *
 * Return: as VFIO; -EINVAL if the device is not bound; -ENOTTY if it is not
 * one of those that are passed on.
 */
long ioasid_vfio_ioctl_vfio(struct ioasid_vfio_file *file, unsigned int cmd,
			    unsigned long arg)
{
	struct vfio_device *vdev = &file->dev->core.vdev;
	long ret;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
	case VFIO_DEVICE_GET_REGION_INFO:
	case VFIO_DEVICE_GET_IRQ_INFO:
	case VFIO_DEVICE_SET_IRQS:
	case VFIO_DEVICE_RESET:
	case VFIO_DEVICE_FEATURE:
		break;
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
	case VFIO_DEVICE_PCI_HOT_RESET:
		return ioasid_vfio_ioctl_hot_reset(file, cmd, (void __user *)arg);
	default:
		return -ENOTTY;
	}

	ret = ioasid_vfio_file_enter(file);
	if (ret)
		return ret;
	/* The user may have put the device to sleep: VFIO_DEVICE_FEATURE */
	ret = pm_runtime_resume_and_get(vdev->dev);
	if (ret) {
		ret = -EIO;
	} else {
		ret = vfio_ioctl(vdev, cmd, arg);
		pm_runtime_put(vdev->dev);
	}
	ioasid_vfio_file_leave(file);
	return ret;
}
