/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only place of the VFIO driver that knows that kernels differ. HAVE_* are
 * the results of the compile probes in compat/probes, in the generated
 * ioasid_config.h.
 */
#ifndef IOASID_VFIO_COMPAT_H
#define IOASID_VFIO_COMPAT_H

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uuid.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "ioasid_config.h"

/*
 * With the kernel's own VFIO character device /dev/vfio/devices is taken, and
 * with IOMMUFD VFIO's core demands callbacks that serve its iommufd alone.
 */
#define KC_VFIO_HAS_CDEV \
	(IS_ENABLED(CONFIG_VFIO_DEVICE_CDEV) || IS_ENABLED(CONFIG_IOMMUFD))

/* A bool parameter of a module, where the kernel has SR-IOV */
#ifdef CONFIG_PCI_IOV
#define KC_VFIO_SRIOV_PARAM(name, text)	\
	module_param(name, bool, 0644);		\
	MODULE_PARM_DESC(name, text)
#else
#define KC_VFIO_SRIOV_PARAM(...)	static_assert(true)
#endif

/* The device that device_type.devnode() is called for */
#ifdef HAVE_DEVICE_TYPE_DEVNODE_CONST
#define kc_devnode_device const struct device
#else
#define kc_devnode_device struct device
#endif

/*
 * The registration references of VFIO's core: vfio_unregister_group_dev()
 * waits for the last one. Where the calls are not exported the fields behind
 * them are the same.
 */
static inline bool kc_vfio_try_get_registration(struct vfio_device *vdev)
{
#ifdef HAVE_VFIO_REGISTRATION
	return vfio_device_try_get_registration(vdev);
#else
	return refcount_inc_not_zero(&vdev->refcount);
#endif
}

static inline void kc_vfio_put_registration(struct vfio_device *vdev)
{
#ifdef HAVE_VFIO_REGISTRATION
	vfio_device_put_registration(vdev);
#else
	if (refcount_dec_and_test(&vdev->refcount))
		complete(&vdev->comp);
#endif
}

/*
 * Let the core find the mappings of @filp when it has to zap them. Older
 * kernels keep a list of their own and need no help.
 */
static inline void kc_vfio_set_mapping(struct file *filp,
				       struct vfio_device *vdev)
{
#ifdef HAVE_VFIO_DEVICE_INODE
	filp->f_mapping = vdev->inode->i_mapping;
#endif
}

/*
 * Where VFIO keeps a list of mappings it puts a mapping on it when it is
 * touched, and counts on fork to begin with an empty copy. 6.1's fork copies
 * the pages too, and these VFIO would not find when it zaps, so that a child
 * could reach a device that does not answer any more. No copy for it there.
 */
static inline void kc_vfio_fix_fork(struct vm_area_struct *vma)
{
#if defined(HAVE_VFIO_DEVICE_INODE)
#elif defined(HAVE_VM_FLAGS_SET)
	vm_flags_set(vma, VM_DONTCOPY);
#else
	vma->vm_flags |= VM_DONTCOPY;
#endif
}

/*
 * Take away all mappings of the regions of a device, whose memory_lock is held: they
 * are made again when they are touched. Where VFIO has a list of its own only VFIO can
 * do that, and does it in no call that is for modules.
 */
#ifdef HAVE_VFIO_DEVICE_INODE
#define KC_VFIO_CAN_HOT_RESET	1
static inline void kc_vfio_zap(struct vfio_device *vdev)
{
	unmap_mapping_range(vdev->inode->i_mapping,
			    VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_BAR0_REGION_INDEX),
			    VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_NUM_REGIONS), true);
}
#else
#define KC_VFIO_CAN_HOT_RESET	0
static inline void kc_vfio_zap(struct vfio_device *vdev)
{
}
#endif

/*
 * The same holds for a mapping that is moved: its pages are moved after it has
 * been put on the list, empty. It stays where it is there.
 */
#ifdef HAVE_VFIO_DEVICE_INODE
#define KC_VFIO_MREMAP	NULL
#else
static inline int kc_vfio_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}
#define KC_VFIO_MREMAP	kc_vfio_mremap
#endif

/*
 * Check, or set, the VF token; @uuid is NULL if the user gave none. Return 0,
 * -EACCES if it is wrong or missing, -EINVAL if the device wants none.
 */
static inline int kc_vfio_match_token(struct vfio_device *vdev,
				      const uuid_t *uuid)
{
#ifdef HAVE_VFIO_MATCH_TOKEN_UUID
	return vfio_pci_core_match_token_uuid(vdev, uuid);
#else
	/* Takes what a user of VFIO's group says to open the device */
	char name[96];
	int ret;

	if (uuid)
		snprintf(name, sizeof(name), "%s vf_token=%pUb",
			 dev_name(vdev->dev), uuid);
	else
		snprintf(name, sizeof(name), "%s", dev_name(vdev->dev));
	ret = vfio_pci_core_match(vdev, name);
	if (ret > 0)
		return 0;
	return ret ?: -ENODEV;
#endif
}

/* What else the vfio_device_ops of a vfio-pci variant driver must have */
#ifdef HAVE_VFIO_MATCH_TOKEN_UUID
#define KC_VFIO_OPS_TOKEN .match_token_uuid = vfio_pci_core_match_token_uuid,
#else
#define KC_VFIO_OPS_TOKEN
#endif
#ifdef HAVE_VFIO_REGION_INFO_CAPS
#define KC_VFIO_OPS_REGION_INFO \
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
#else
#define KC_VFIO_OPS_REGION_INFO
#endif

/* VFIO_DEVICE_GET_REGION_INFO; the caller has resumed the device */
static inline long kc_vfio_get_region_info(struct vfio_device *vdev,
					   unsigned long arg)
{
#ifdef HAVE_VFIO_REGION_INFO_CAPS
	const size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info __user *user = (void __user *)arg;
	struct vfio_region_info info = {};
	struct vfio_info_cap caps = {};
	long ret;

	if (copy_from_user(&info, user, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	ret = vfio_pci_ioctl_get_region_info(vdev, &info, &caps);
	if (ret)
		goto out;
	/* As VFIO has it: what there is no room for is only announced */
	info.cap_offset = 0;
	if (caps.size) {
		size_t need = sizeof(info) + caps.size;

		info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		if (info.argsz < need) {
			info.argsz = need;
		} else {
			vfio_info_cap_shift(&caps, sizeof(info));
			info.cap_offset = sizeof(info);
			if (copy_to_user(user + 1, caps.buf, caps.size))
				ret = -EFAULT;
		}
	}
	if (!ret && copy_to_user(user, &info, minsz))
		ret = -EFAULT;
out:
	kfree(caps.buf);
	return ret;
#else
	return vfio_pci_core_ioctl(vdev, VFIO_DEVICE_GET_REGION_INFO, arg);
#endif
}

#endif /* IOASID_VFIO_COMPAT_H */
