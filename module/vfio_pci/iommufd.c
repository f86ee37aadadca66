// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding and attaching as VFIO's own character devices have it: linux/vfio.h. A
 * binding is one of those of bind.c, of which a file has one that was made here; its
 * device id is the cookie. IOASID_DEVICE_* ioctls work on it as on any other.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/uaccess.h>
#include <linux/uuid.h>

#include "compat/vfio_abi.h"
#include "ioasid_api.h"
#include "vfio_pci/bind.h"
#include "vfio_pci/file.h"
#include "vfio_pci/iommufd.h"
#include "vfio_pci/vfio_pci.h"

static long bind_iommufd(struct file *filp, void __user *user)
{
	struct ioasid_vfio_file *file = filp->private_data;
	struct vfd_bind_iommufd __user *uargs = user;
	struct vfd_bind_iommufd args;
	struct ioasid_vfio_bind how = { .iommufd = true };
	uuid_t token;
	u32 id = 0;
	long ret;

	ret = ioasid_copy_struct(&args, sizeof(args),
				 offsetofend(struct vfd_bind_iommufd, out_devid), user);
	if (ret)
		return ret;
	if (args.iommufd < 0 || (args.flags & ~VFD_BIND_TOKEN))
		return -EINVAL;
	if (args.flags & VFD_BIND_TOKEN) {
		if (copy_from_user(&token, u64_to_user_ptr(args.token_uuid_ptr),
				   sizeof(token)))
			return -EFAULT;
		how.token = &token;
	}

	/* What cannot be answered is not done */
	if (put_user(args.out_devid, &uargs->out_devid))
		return -EFAULT;
	how.ctx = ioasid_ctx_from_fd(args.iommufd);
	if (IS_ERR(how.ctx))
		return PTR_ERR(how.ctx);
	ret = mutex_lock_killable(&file->lock);
	if (ret)
		goto put;
	ret = mutex_lock_killable(&file->dev->bind_lock);
	if (ret)
		goto unlock;
	/* One for a file, and not beside another to the same fd */
	ret = ioasid_vfio_iommufd_device(file) ? -EINVAL : ioasid_vfio_bind(filp, &how);
	mutex_unlock(&file->dev->bind_lock);
	if (!ret)
		id = ioasid_device_id(ioasid_vfio_iommufd_device(file));
unlock:
	mutex_unlock(&file->lock);
put:
	ioasid_ctx_put(how.ctx);
	if (ret)
		return ret == -EALREADY ? -EINVAL : ret;
	return put_user(id, &uargs->out_devid);
}

static long attach_pt(struct ioasid_vfio_file *file, void __user *user)
{
	const size_t minsz = offsetofend(struct vfd_attach_iommufd_pt, pt_id);
	struct vfd_attach_iommufd_pt args = {};
	struct ioasid_device *idev;
	size_t size = minsz;
	long ret;

	if (copy_from_user(&args, user, minsz))
		return -EFAULT;
	if (args.argsz < minsz || (args.flags & ~VFD_ATTACH_PASID))
		return -EINVAL;
	if (args.flags & VFD_ATTACH_PASID)
		size = sizeof(args);
	if (args.argsz < size)
		return -EINVAL;
	if (copy_from_user((void *)&args + minsz, user + minsz, size - minsz))
		return -EFAULT;
	/* None of the user's: the RID */
	if ((args.flags & VFD_ATTACH_PASID) && !args.pasid)
		return -EINVAL;

	ret = mutex_lock_killable(&file->lock);
	if (ret)
		return ret;
	/* The user's id stays as it is: it is what is attached now */
	idev = ioasid_vfio_iommufd_device(file);
	ret = idev ? ioasid_device_attach_pt(idev, args.pt_id, args.pasid) : -EINVAL;
	mutex_unlock(&file->lock);
	return ret;
}

/* What was not attached is not: that is no error. Nor has anything without PASIDs */
static long detach(struct ioasid_device *idev, u32 pasid)
{
	int ret = pasid ? ioasid_device_detach_pasid(idev, pasid) :
			  ioasid_device_detach(idev);

	return ret == -EINVAL || (pasid && ret == -EOPNOTSUPP) ? 0 : ret;
}

static long detach_pt(struct ioasid_vfio_file *file, void __user *user)
{
	const size_t minsz = offsetofend(struct vfd_detach_iommufd_pt, flags);
	struct vfd_detach_iommufd_pt args = {};
	struct ioasid_device *idev;
	size_t size = minsz;
	long ret;

	if (copy_from_user(&args, user, minsz))
		return -EFAULT;
	if (args.argsz < minsz || (args.flags & ~VFD_DETACH_PASID))
		return -EINVAL;
	if (args.flags & VFD_DETACH_PASID)
		size = sizeof(args);
	if (args.argsz < size)
		return -EINVAL;
	if (copy_from_user((void *)&args + minsz, user + minsz, size - minsz))
		return -EFAULT;
	/* None of the user's: the RID */
	if ((args.flags & VFD_DETACH_PASID) && !args.pasid)
		return -EINVAL;

	ret = mutex_lock_killable(&file->lock);
	if (ret)
		return ret;
	idev = ioasid_vfio_iommufd_device(file);
	ret = idev ? detach(idev, args.pasid) : -EINVAL;
	mutex_unlock(&file->lock);
	return ret;
}

/**
 * ioasid_vfio_ioctl_iommufd() - VFIO_DEVICE_BIND_IOMMUFD, ATTACH_ and
 * DETACH_IOMMUFD_PT
 * @filp: the file that it came through
 * @cmd: number of the ioctl
 * @arg: its argument
 *
 * Return: as linux/vfio.h says.
 */
long ioasid_vfio_ioctl_iommufd(struct file *filp, unsigned int cmd,
			       void __user *arg)
{
	struct ioasid_vfio_file *file = filp->private_data;

	if (cmd == VFD_BIND_IOMMUFD)
		return bind_iommufd(filp, arg);
	/* Whatever the arguments are. What passes is looked at again, locked */
	if (!ioasid_vfio_file_is_bound(file))
		return -EINVAL;
	return cmd == VFD_ATTACH_IOMMUFD_PT ? attach_pt(file, arg) :
	       detach_pt(file, arg);
}
