// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOASID_DEVICE_* ioctls for the drivers of devices: linux/ioasid.h. A device fd can
 * be bound to several I/O address space fds; a device is bound through one device
 * fd at a time.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <uapi/linux/ioasid.h>

#include "include/ioasid_api.h"

/**
 * struct binding - a device is bound to an I/O address space fd
 * @list: in ioasid_bindings.list
 * @idev: the core's side of it
 */
struct binding {
	struct list_head list;
	struct ioasid_device *idev;
};

void ioasid_bindings_init(struct ioasid_bindings *bindings,
			  const struct ioasid_bindings_ops *ops)
{
	memset(bindings, 0, sizeof(*bindings));
	bindings->ops = ops;
	mutex_init(&bindings->lock);
	INIT_LIST_HEAD(&bindings->list);
}
EXPORT_SYMBOL_GPL(ioasid_bindings_init);

void ioasid_bindings_destroy(struct ioasid_bindings *bindings)
{
	WARN_ON(!list_empty(&bindings->list));
	mutex_destroy(&bindings->lock);
}
EXPORT_SYMBOL_GPL(ioasid_bindings_destroy);

void ioasid_bindings_open(struct ioasid_bindings *bindings, struct device *dev,
			  enum ioasid_device_type type)
{
	mutex_lock(&bindings->lock);
	bindings->type = type;
	WRITE_ONCE(bindings->dev, dev);
	mutex_unlock(&bindings->lock);
}
EXPORT_SYMBOL_GPL(ioasid_bindings_open);

static struct binding *find_binding(struct ioasid_bindings *bindings,
				    struct ioasid_ctx *ctx)
{
	struct binding *binding;

	lockdep_assert_held(&bindings->lock);
	list_for_each_entry(binding, &bindings->list, list)
		if (ioasid_device_is_bound_to(binding->idev, ctx))
			return binding;
	return NULL;
}

static void free_binding(struct binding *binding)
{
	list_del(&binding->list);
	ioasid_device_unbind(binding->idev);
	kfree(binding);
}

static void end_all(struct ioasid_bindings *bindings)
{
	struct binding *binding, *next;

	lockdep_assert_held(&bindings->lock);
	if (list_empty(&bindings->list))
		return;
	bindings->ops->stop(bindings);
	list_for_each_entry_safe(binding, next, &bindings->list, list)
		free_binding(binding);
	WRITE_ONCE(bindings->user, NULL);
}

void ioasid_bindings_close(struct ioasid_bindings *bindings)
{
	mutex_lock(&bindings->lock);
	end_all(bindings);
	WRITE_ONCE(bindings->dev, NULL);
	mutex_unlock(&bindings->lock);
}
EXPORT_SYMBOL_GPL(ioasid_bindings_close);

int ioasid_bindings_close_killable(struct ioasid_bindings *bindings)
{
	int ret = mutex_lock_killable(&bindings->lock);

	if (ret)
		return ret;
	end_all(bindings);
	WRITE_ONCE(bindings->dev, NULL);
	mutex_unlock(&bindings->lock);
	return 0;
}
EXPORT_SYMBOL_GPL(ioasid_bindings_close_killable);

void ioasid_bindings_release(struct ioasid_bindings *bindings, struct file *file)
{
	/* No call through this file is in flight that could change the answer */
	if (READ_ONCE(bindings->user) != file)
		return;
	mutex_lock(&bindings->lock);
	if (bindings->user == file)
		end_all(bindings);
	mutex_unlock(&bindings->lock);
}
EXPORT_SYMBOL_GPL(ioasid_bindings_release);

static int bind_locked(struct ioasid_bindings *bindings, struct file *file,
		       struct ioasid_ctx *ctx, u64 cookie)
{
	const struct ioasid_device_desc desc = {
		.dev = bindings->dev,
		.cookie = cookie,
		.owner = file,
		.type = bindings->type,
	};
	struct binding *binding;
	int ret;

	lockdep_assert_held(&bindings->lock);
	if (!bindings->dev)
		return -ENODEV;
	if (bindings->user && bindings->user != file)
		return -EPERM;
	if (find_binding(bindings, ctx))
		return -EALREADY;
	binding = kzalloc(sizeof(*binding), GFP_KERNEL_ACCOUNT);
	if (!binding)
		return -ENOMEM;
	binding->idev = ioasid_device_bind(ctx, &desc);
	if (IS_ERR(binding->idev)) {
		ret = PTR_ERR(binding->idev);
		goto free;
	}
	if (!bindings->user) {
		ret = bindings->ops->start(bindings, file);
		if (ret)
			goto unbind;
		WRITE_ONCE(bindings->user, file);
	}
	list_add_tail(&binding->list, &bindings->list);
	return 0;

unbind:
	ioasid_device_unbind(binding->idev);
free:
	kfree(binding);
	return ret;
}

static long ioctl_bind(struct ioasid_bindings *bindings, struct file *file,
		       void __user *arg)
{
	struct ioasid_bind bind;
	struct ioasid_ctx *ctx;
	long ret;

	ret = ioasid_copy_struct(&bind, sizeof(bind),
				 offsetofend(struct ioasid_bind, vf_token), arg);
	if (ret)
		return ret;
	/* There is no device here that wants a VF token */
	if (bind.flags || bind.__reserved ||
	    memchr_inv(bind.vf_token, 0, sizeof(bind.vf_token)))
		return -EINVAL;

	ctx = ioasid_ctx_from_fd(bind.iommu_fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	ret = mutex_lock_killable(&bindings->lock);
	if (!ret) {
		ret = bind_locked(bindings, file, ctx, bind.cookie);
		mutex_unlock(&bindings->lock);
	}
	ioasid_ctx_put(ctx);
	return ret;
}

/* Lock, and see whether the device is bound through a file */
static int lock_user(struct ioasid_bindings *bindings, struct file *file)
{
	int ret = mutex_lock_killable(&bindings->lock);

	if (ret)
		return ret;
	if (!bindings->dev)
		ret = -ENODEV;
	else if (bindings->user != file)
		ret = -EINVAL;
	if (ret)
		mutex_unlock(&bindings->lock);
	return ret;
}

/*
 * The binding to an I/O address space fd, locked; to be given back with
 * put_binding()
 */
static struct binding *get_binding(struct ioasid_bindings *bindings,
				   struct file *file, int iommu_fd)
{
	struct binding *binding = NULL;
	struct ioasid_ctx *ctx;
	int ret;

	ctx = ioasid_ctx_from_fd(iommu_fd);
	if (IS_ERR(ctx))
		return ERR_CAST(ctx);
	ret = lock_user(bindings, file);
	if (!ret) {
		binding = find_binding(bindings, ctx);
		if (!binding) {
			mutex_unlock(&bindings->lock);
			ret = -EINVAL;
		}
	}
	/* A binding holds its context */
	ioasid_ctx_put(ctx);
	return ret ? ERR_PTR(ret) : binding;
}

static void put_binding(struct ioasid_bindings *bindings)
{
	mutex_unlock(&bindings->lock);
}

static long ioctl_unbind(struct ioasid_bindings *bindings, struct file *file,
			 void __user *arg)
{
	struct ioasid_unbind unbind;
	struct binding *binding;
	long ret;

	ret = ioasid_copy_struct(&unbind, sizeof(unbind),
				 offsetofend(struct ioasid_unbind, __reserved), arg);
	if (ret)
		return ret;
	if (unbind.flags || unbind.__reserved)
		return -EINVAL;

	if (unbind.iommu_fd == -1) {
		ret = lock_user(bindings, file);
		if (ret)
			return ret;
		end_all(bindings);
	} else {
		binding = get_binding(bindings, file, unbind.iommu_fd);
		if (IS_ERR(binding))
			return PTR_ERR(binding);
		if (list_is_singular(&bindings->list))
			end_all(bindings);
		else
			free_binding(binding);
	}
	put_binding(bindings);
	return 0;
}

static long ioctl_attach(struct ioasid_bindings *bindings, struct file *file,
			 void __user *arg)
{
	const u32 pasid = IOASID_ATTACH_PASID | IOASID_ATTACH_PASID_ALLOC;
	struct ioasid_attach attach;
	struct binding *binding;
	long ret;

	ret = ioasid_copy_struct(&attach, sizeof(attach),
				 offsetofend(struct ioasid_attach, __reserved), arg);
	if (ret)
		return ret;
	if ((attach.flags & ~(pasid | IOASID_ATTACH_NO_SNOOP)) || attach.__reserved)
		return -EINVAL;
	if (attach.pasid && !(attach.flags & IOASID_ATTACH_PASID))
		return -EINVAL;
	/* ATTACH_PASID names one, ATTACH_PASID_ALLOC asks for one */
	if ((attach.flags & pasid) == pasid)
		return -EINVAL;
	if (attach.flags & pasid)
		return -EOPNOTSUPP;

	binding = get_binding(bindings, file, attach.iommu_fd);
	if (IS_ERR(binding))
		return PTR_ERR(binding);
	ret = ioasid_device_attach(binding->idev, attach.ioasid, attach.flags);
	put_binding(bindings);
	return ret;
}

static long ioctl_detach(struct ioasid_bindings *bindings, struct file *file,
			 void __user *arg)
{
	struct ioasid_detach detach;
	struct binding *binding;
	long ret;

	ret = ioasid_copy_struct(&detach, sizeof(detach),
				 offsetofend(struct ioasid_detach, pasid), arg);
	if (ret)
		return ret;
	if (detach.flags & ~IOASID_DETACH_PASID)
		return -EINVAL;
	if (detach.pasid && !(detach.flags & IOASID_DETACH_PASID))
		return -EINVAL;
	if (detach.flags & IOASID_DETACH_PASID)
		return -EOPNOTSUPP;

	binding = get_binding(bindings, file, detach.iommu_fd);
	if (IS_ERR(binding))
		return PTR_ERR(binding);
	ret = ioasid_device_detach(binding->idev);
	put_binding(bindings);
	return ret;
}

static long ioctl_pasid_info(struct ioasid_bindings *bindings, struct file *file,
			     void __user *arg)
{
	struct ioasid_pasid_info info;
	struct binding *binding;
	long ret;

	ret = ioasid_copy_struct(&info, sizeof(info),
				 offsetofend(struct ioasid_pasid_info, __reserved),
				 arg);
	if (ret)
		return ret;
	if (info.flags || info.__reserved)
		return -EINVAL;

	ret = lock_user(bindings, file);
	if (ret)
		return ret;
	/* It is the device's: any binding will do */
	binding = list_first_entry(&bindings->list, struct binding, list);
	ioasid_device_pasid_info(binding->idev, &info);
	mutex_unlock(&bindings->lock);
	if (copy_to_user(arg, &info, min_t(size_t, info.argsz, sizeof(info))))
		return -EFAULT;
	return 0;
}

long ioasid_bindings_ioctl(struct ioasid_bindings *bindings, struct file *file,
			   unsigned int cmd, void __user *arg)
{
	if (!READ_ONCE(bindings->dev))
		return -ENODEV;
	if (cmd == IOASID_DEVICE_BIND)
		return ioctl_bind(bindings, file, arg);
	/* Whatever the arguments are. What passes is looked at again, locked */
	if (READ_ONCE(bindings->user) != file)
		return -EINVAL;

	switch (cmd) {
	case IOASID_DEVICE_UNBIND:
		return ioctl_unbind(bindings, file, arg);
	case IOASID_DEVICE_ATTACH:
		return ioctl_attach(bindings, file, arg);
	case IOASID_DEVICE_DETACH:
		return ioctl_detach(bindings, file, arg);
	case IOASID_DEVICE_PASID_INFO:
		return ioctl_pasid_info(bindings, file, arg);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(ioasid_bindings_ioctl);
