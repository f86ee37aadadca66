// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOASID_DEVICE_* ioctls: linux/ioasid.h. A file can be bound to several I/O
 * address space fds; a device is bound through one file at a time.
 *
 * Binding is in three steps, so that dev_set->lock, which the users of other
 * devices may want, is not held while the core waits for anything:
 *
 *	1. under it: become the device's owner among the files
 *	2. bind in the core, which claims the group's DMA. From here on VFIO's
 *	   group cannot open the device: it would have to claim first
 *	3. under it: compare the VF token, and the first time enable the device.
 *	   Enabling a VF counts it as used, which keeps the PF's token as it is,
 *	   so the token is compared again once that is done
 *
 * Unbinding goes backwards. The device does no DMA any more when the core
 * gives it back to the kernel.
 */
#include <linux/fs.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uuid.h>
#include <uapi/linux/ioasid.h>

#include "compat/vfio_compat.h"
#include "ioasid_api.h"
#include "vfio_pci/bind.h"
#include "vfio_pci/device.h"
#include "vfio_pci/file.h"
#include "vfio_pci/vfio_pci.h"

/**
 * struct ioasid_vfio_binding - a file is bound to an I/O address space fd
 * @list: in ioasid_vfio_file.bindings
 * @idev: the core's side of it
 * @iommufd: it was made by VFIO_DEVICE_BIND_IOMMUFD
 */
struct ioasid_vfio_binding {
	struct list_head list;
	struct ioasid_device *idev;
	bool iommufd;
};

static struct mutex *dev_set_lock(struct ioasid_vfio_file *file)
{
	return &file->dev->core.vdev.dev_set->lock;
}

/* As long as no VF is used, comparing a PF's token sets it: not before the core has bound */
static bool token_is_set(struct ioasid_vfio_device *dev)
{
	return dev->core.pdev->is_physfn;
}

/* Step 1. @token is NULL if the user gave none */
static int become_owner(struct ioasid_vfio_file *file, const uuid_t *token)
{
	struct ioasid_vfio_device *dev = file->dev;
	int ret;

	ret = mutex_lock_killable(dev_set_lock(file));
	if (ret)
		return ret;
	if (dev->gone)
		ret = -ENODEV;
	else if (dev->owner && dev->owner != file)
		ret = -EPERM;
	else if (!dev->owner && dev->core.vdev.open_count)
		ret = -EBUSY;
	else if (!token_is_set(dev))
		ret = kc_vfio_match_token(&dev->core.vdev, token);
	if (!ret)
		dev->owner = file;
	mutex_unlock(dev_set_lock(file));
	return ret;
}

static void give_up_ownership(struct ioasid_vfio_file *file)
{
	mutex_lock(dev_set_lock(file));
	file->dev->owner = NULL;
	mutex_unlock(dev_set_lock(file));
}

/* With dev_set->lock held */
static void close_device(struct vfio_device *vdev)
{
	ioasid_vfio_close_device(vdev);
	vdev->open_count = 0;
}

static int open_device(struct vfio_device *vdev)
{
	int ret;

	if (vdev->open_count)
		return -EBUSY;
	/* VFIO counts the device as open from here on, for its resets */
	vdev->open_count = 1;
	ret = ioasid_vfio_open_device(vdev);
	if (ret)
		vdev->open_count = 0;
	return ret;
}

/* Step 3. @open: the first time */
static int enable(struct ioasid_vfio_file *file, const uuid_t *token, bool open)
{
	struct vfio_device *vdev = &file->dev->core.vdev;
	int ret;

	mutex_lock(dev_set_lock(file));
	/* A PF whose VFs are used is not reset by a user who does not know the token */
	ret = kc_vfio_match_token(vdev, token);
	if (!ret && open) {
		ret = open_device(vdev);
		if (!ret) {
			ret = kc_vfio_match_token(vdev, token);
			if (ret)
				close_device(vdev);
		}
	}
	mutex_unlock(dev_set_lock(file));
	return ret;
}

/* Stops the device's DMA and interrupts, and resets it */
static void disable(struct ioasid_vfio_file *file)
{
	struct vfio_device *vdev = &file->dev->core.vdev;

	mutex_lock(dev_set_lock(file));
	close_device(vdev);
	mutex_unlock(dev_set_lock(file));
}

static struct ioasid_vfio_binding *find_binding(struct ioasid_vfio_file *file,
						struct ioasid_ctx *ctx)
{
	struct ioasid_vfio_binding *binding;

	lockdep_assert_held(&file->lock);

	list_for_each_entry(binding, &file->bindings, list)
		if (ioasid_device_is_bound_to(binding->idev, ctx))
			return binding;
	return NULL;
}

static void free_binding(struct ioasid_vfio_binding *binding)
{
	list_del(&binding->list);
	ioasid_device_unbind(binding->idev);
	kfree(binding);
}

/**
 * ioasid_vfio_iommufd_device() - what VFIO_DEVICE_BIND_IOMMUFD has made
 * @file: the file, its lock held
 *
 * Return: the core's binding, or NULL.
 */
struct ioasid_device *ioasid_vfio_iommufd_device(struct ioasid_vfio_file *file)
{
	struct ioasid_vfio_binding *binding;

	lockdep_assert_held(&file->lock);

	list_for_each_entry(binding, &file->bindings, list)
		if (binding->iommufd)
			return binding->idev;
	return NULL;
}

/**
 * ioasid_vfio_speaker() - the binding for which a file speaks
 * @file: the file, its lock held
 *
 * Return: what VFIO_DEVICE_BIND_IOMMUFD has made; or else the first; or NULL.
 */
struct ioasid_device *ioasid_vfio_speaker(struct ioasid_vfio_file *file)
{
	struct ioasid_device *idev = ioasid_vfio_iommufd_device(file);

	if (idev || list_empty(&file->bindings))
		return idev;
	return list_first_entry(&file->bindings, struct ioasid_vfio_binding, list)->idev;
}

/**
 * ioasid_vfio_bind() - bind a file
 * @filp: the file, the lock of its state held
 * @how: to what, and how
 *
 * Return: 0, or an error as IOASID_DEVICE_BIND says; -EINVAL if the device is
 * another file's and VFIO's rules hold.
 */
int ioasid_vfio_bind(struct file *filp, const struct ioasid_vfio_bind *how)
{
	struct ioasid_vfio_file *file = filp->private_data;
	const struct ioasid_device_desc desc = {
		.dev = file->dev->core.vdev.dev,
		.cookie = how->cookie,
		.named_by_id = how->iommufd,
		.owner = filp,
		.type = IOASID_DEVICE_PHYSICAL_PASIDS,
	};
	bool first = list_empty(&file->bindings);
	struct ioasid_vfio_binding *binding;
	int ret;

	lockdep_assert_held(&file->lock);
	lockdep_assert_held(&file->dev->bind_lock);

	if (find_binding(file, how->ctx))
		return -EALREADY;
	binding = kzalloc(sizeof(*binding), GFP_KERNEL_ACCOUNT);
	if (!binding)
		return -ENOMEM;
	binding->iommufd = how->iommufd;
	ret = become_owner(file, how->token);
	if (ret) {
		if (ret == -EPERM && how->iommufd)
			ret = -EINVAL;
		goto err_free;
	}
	binding->idev = ioasid_device_bind(how->ctx, &desc);
	if (IS_ERR(binding->idev)) {
		ret = PTR_ERR(binding->idev);
		goto err_owner;
	}
	ret = enable(file, how->token, first);
	if (ret)
		goto err_unbind;
	list_add_tail(&binding->list, &file->bindings);
	if (first)
		ioasid_vfio_file_start(file);
	return 0;

err_unbind:
	ioasid_device_unbind(binding->idev);
err_owner:
	if (first)
		give_up_ownership(file);
err_free:
	kfree(binding);
	return ret;
}

static long ioctl_bind(struct file *filp, void __user *arg)
{
	struct ioasid_vfio_file *file = filp->private_data;
	struct ioasid_vfio_bind how = {};
	struct ioasid_bind bind;
	uuid_t token;
	bool has_token;
	long ret;

	ret = ioasid_copy_struct(&bind, sizeof(bind),
				 offsetofend(struct ioasid_bind, vf_token), arg);
	if (ret)
		return ret;
	has_token = bind.flags & IOASID_BIND_VF_TOKEN;
	if ((bind.flags & ~IOASID_BIND_VF_TOKEN) || bind.__reserved)
		return -EINVAL;
	if (!has_token && memchr_inv(bind.vf_token, 0, sizeof(bind.vf_token)))
		return -EINVAL;
	import_uuid(&token, bind.vf_token);
	how.cookie = bind.cookie;
	how.token = has_token ? &token : NULL;

	how.ctx = ioasid_ctx_from_fd(bind.iommu_fd);
	if (IS_ERR(how.ctx))
		return PTR_ERR(how.ctx);
	ret = mutex_lock_killable(&file->lock);
	if (ret)
		goto put;
	ret = mutex_lock_killable(&file->dev->bind_lock);
	if (ret)
		goto unlock;
	ret = ioasid_vfio_bind(filp, &how);
	mutex_unlock(&file->dev->bind_lock);
unlock:
	mutex_unlock(&file->lock);
put:
	ioasid_ctx_put(how.ctx);
	return ret;
}

/**
 * ioasid_vfio_unbind_all() - disable the device and end all bindings of a file
 * @file: the file; nobody uses the device through it, and nobody binds it
 *
 * Context: process. May sleep, never fails.
 */
void ioasid_vfio_unbind_all(struct ioasid_vfio_file *file)
{
	struct ioasid_vfio_binding *binding, *next;

	if (list_empty(&file->bindings))
		return;
	disable(file);
	list_for_each_entry_safe(binding, next, &file->bindings, list)
		free_binding(binding);
	give_up_ownership(file);
}

/* @ctx is NULL for all bindings */
static int unbind_locked(struct ioasid_vfio_file *file, struct ioasid_ctx *ctx)
{
	struct ioasid_vfio_binding *binding = NULL;
	int ret;

	lockdep_assert_held(&file->lock);

	if (list_empty(&file->bindings))
		return -EINVAL;
	if (ctx) {
		binding = find_binding(file, ctx);
		if (!binding)
			return -EINVAL;
	}
	if (binding && !list_is_singular(&file->bindings)) {
		free_binding(binding);
		return 0;
	}
	ret = ioasid_vfio_file_stop(file);
	if (!ret)
		ioasid_vfio_unbind_all(file);
	return ret;
}

static long ioctl_unbind(struct ioasid_vfio_file *file, void __user *arg)
{
	struct ioasid_ctx *ctx = NULL;
	struct ioasid_unbind unbind;
	long ret;

	ret = ioasid_copy_struct(&unbind, sizeof(unbind),
				 offsetofend(struct ioasid_unbind, __reserved),
				 arg);
	if (ret)
		return ret;
	if (unbind.flags || unbind.__reserved)
		return -EINVAL;

	if (unbind.iommu_fd != -1) {
		ctx = ioasid_ctx_from_fd(unbind.iommu_fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	ret = mutex_lock_killable(&file->lock);
	if (!ret) {
		ret = unbind_locked(file, ctx);
		mutex_unlock(&file->lock);
	}
	if (ctx)
		ioasid_ctx_put(ctx);
	return ret;
}

/* For ioasid_device_ioctl(): a binding, with the file's lock held */
static struct ioasid_device *get_binding(void *user, struct ioasid_ctx *ctx)
{
	struct ioasid_vfio_file *file = user;
	struct ioasid_vfio_binding *binding;
	int ret;

	ret = mutex_lock_killable(&file->lock);
	if (ret)
		return ERR_PTR(ret);
	if (ctx)
		binding = find_binding(file, ctx);
	else
		binding = list_first_entry_or_null(&file->bindings,
						   struct ioasid_vfio_binding, list);
	if (!binding) {
		mutex_unlock(&file->lock);
		return ERR_PTR(-EINVAL);
	}
	return binding->idev;
}

static void put_binding(void *user)
{
	struct ioasid_vfio_file *file = user;

	mutex_unlock(&file->lock);
}

static const struct ioasid_binding_ops binding_ops = {
	.get = get_binding,
	.put = put_binding,
};

/**
 * ioasid_vfio_ioctl_ioasid() - IOASID_DEVICE_* ioctls
 * @filp: the file that it came through
 * @cmd: number of the ioctl
 * @arg: its argument
 *
 * Return: as linux/ioasid.h says; -ENOTTY if it is none of them.
 */
long ioasid_vfio_ioctl_ioasid(struct file *filp, unsigned int cmd,
			      void __user *arg)
{
	struct ioasid_vfio_file *file = filp->private_data;

	if (cmd == IOASID_DEVICE_BIND)
		return ioctl_bind(filp, arg);
	/* Whatever the arguments are. What passes is looked at again, locked */
	if (!ioasid_vfio_file_is_bound(file))
		return -EINVAL;

	if (cmd == IOASID_DEVICE_UNBIND)
		return ioctl_unbind(file, arg);
	return ioasid_device_ioctl(&binding_ops, file, cmd, arg);
}
