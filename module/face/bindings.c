// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOASID_DEVICE_* ioctls for the drivers of devices: linux/ioasid.h. A device fd can
 * be bound to several I/O address space fds; a device is bound through one device
 * fd at a time.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <uapi/linux/ioasid.h>

#include "include/ioasid_api.h"

/**
 * struct binding - a device is bound to an I/O address space fd
 * @list: in ioasid_bindings.list
 * @idev: the core's side of it
 * @bindings: of the device
 * @ctx: of the fd
 * @cookie: of the device there
 * @listener: for the PASIDs of @ctx, if the device has a command portal
 * @rcu: to be freed when nobody looks a PASID up any more
 */
struct binding {
	struct list_head list;
	struct ioasid_device *idev;
	struct ioasid_bindings *bindings;
	struct ioasid_ctx *ctx;
	u64 cookie;
	struct ioasid_pasid_listener listener;
	struct rcu_head rcu;
};

static bool has_portal(const struct ioasid_bindings *bindings)
{
	return bindings->ops->end_works;
}

/* All PASIDs of its RID are its user's */
static bool is_physical(const struct ioasid_bindings *bindings)
{
	return bindings->desc.type == IOASID_DEVICE_PHYSICAL_CPU;
}

static void end_works(struct ioasid_bindings *bindings, const struct ioasid_ctx *ctx,
		      u32 ppasid)
{
	if (has_portal(bindings))
		bindings->ops->end_works(bindings, ctx, ppasid);
}

static void portal_end_works(struct ioasid_portal *portal, const struct ioasid_ctx *ctx,
			     u32 ppasid)
{
	struct ioasid_bindings *bindings =
		container_of(portal, struct ioasid_bindings, portal);

	end_works(bindings, is_physical(bindings) ? ctx : NULL, ppasid);
}

void ioasid_bindings_init(struct ioasid_bindings *bindings,
			  const struct ioasid_bindings_ops *ops)
{
	memset(bindings, 0, sizeof(*bindings));
	bindings->ops = ops;
	bindings->portal.end_works = portal_end_works;
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

void ioasid_bindings_open(struct ioasid_bindings *bindings,
			  const struct ioasid_device_desc *desc)
{
	mutex_lock(&bindings->lock);
	bindings->desc = *desc;
	WRITE_ONCE(bindings->dev, desc->dev);
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

/*
 * The CPU does not translate for a file: a mediated device's portal takes nothing from
 * now on, and what it has taken ends, for the other files too
 */
static void close_portal(struct binding *binding)
{
	struct ioasid_bindings *bindings = binding->bindings;

	end_works(bindings, is_physical(bindings) ? binding->ctx : NULL, 0);
}

static void pasid_event(struct ioasid_pasid_listener *listener,
			enum ioasid_pasid_event event, const struct ioasid_pasid_end *end)
{
	struct binding *binding = container_of(listener, struct binding, listener);
	struct ioasid_bindings *bindings = binding->bindings;

	switch (event) {
	case IOASID_PASID_ENDS:
		if (end->cookie == binding->cookie)
			end_works(bindings, NULL, end->ppasid);
		break;
	case IOASID_PASID_TRANSLATED:
		break;
	case IOASID_PASID_NOT_TRANSLATED:
		close_portal(binding);
		break;
	}
}

static struct binding *new_binding(struct ioasid_bindings *bindings,
				   struct ioasid_ctx *ctx, u64 cookie)
{
	struct binding *binding = kzalloc(sizeof(*binding), GFP_KERNEL_ACCOUNT);

	if (!binding)
		return NULL;
	binding->bindings = bindings;
	binding->ctx = ctx;
	binding->cookie = cookie;
	binding->listener.event = pasid_event;
	/* Nothing is attached yet; whether the CPU translates, bind_locked() looks at */
	if (has_portal(bindings))
		ioasid_ctx_register_pasids(ctx, &binding->listener);
	return binding;
}

static void free_binding(struct binding *binding)
{
	if (has_portal(binding->bindings))
		ioasid_ctx_unregister_pasids(binding->ctx, &binding->listener);
	kfree_rcu(binding, rcu);
}

static void end_binding(struct binding *binding)
{
	list_del_rcu(&binding->list);
	/* From here on nothing is taken for it */
	end_works(binding->bindings, binding->ctx, 0);
	ioasid_device_unbind(binding->idev);
	free_binding(binding);
}

static void end_all(struct ioasid_bindings *bindings)
{
	struct binding *binding, *next;

	lockdep_assert_held(&bindings->lock);
	if (list_empty(&bindings->list))
		return;
	bindings->ops->stop(bindings);
	list_for_each_entry_safe(binding, next, &bindings->list, list)
		end_binding(binding);
	if (has_portal(bindings))
		ioasid_portal_unregister(&bindings->portal);
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

int ioasid_bindings_ppasid(struct ioasid_bindings *bindings, u32 vpasid, u32 *ppasid)
{
	struct binding *binding;
	int ret = -ENOENT;

	rcu_read_lock();
	binding = list_first_or_null_rcu(&bindings->list, struct binding, list);
	if (binding)
		ret = ioasid_device_ppasid(binding->idev, vpasid, ppasid);
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_bindings_ppasid);

bool ioasid_bindings_portal_takes(struct ioasid_bindings *bindings,
				  const struct ioasid_ctx *ctx,
				  const struct ioasid_pasid_listener *translator)
{
	bool bound = false, translated = true;
	struct binding *binding;

	rcu_read_lock();
	list_for_each_entry_rcu(binding, &bindings->list, list) {
		if (binding->ctx == ctx)
			bound = ioasid_ctx_is_translated_by(ctx, translator);
		if (!ioasid_ctx_is_translated(binding->ctx))
			translated = false;
	}
	rcu_read_unlock();
	return bound && (is_physical(bindings) || (translator && translated));
}
EXPORT_SYMBOL_GPL(ioasid_bindings_portal_takes);

static int bind_locked(struct ioasid_bindings *bindings, struct file *file,
		       struct ioasid_ctx *ctx, u64 cookie)
{
	struct ioasid_device_desc desc = bindings->desc;
	struct binding *binding;
	int ret;

	lockdep_assert_held(&bindings->lock);
	if (!bindings->dev)
		return -ENODEV;
	if (bindings->user && bindings->user != file)
		return -EPERM;
	if (find_binding(bindings, ctx))
		return -EALREADY;
	binding = new_binding(bindings, ctx, cookie);
	if (!binding)
		return -ENOMEM;
	desc.cookie = cookie;
	desc.owner = file;
	binding->idev = ioasid_device_bind(ctx, &desc);
	if (IS_ERR(binding->idev)) {
		ret = PTR_ERR(binding->idev);
		goto free;
	}
	if (!bindings->user) {
		if (has_portal(bindings))
			ioasid_portal_register(&bindings->portal);
		ret = bindings->ops->start(bindings, file);
		if (ret)
			goto unregister;
		WRITE_ONCE(bindings->user, file);
	}
	list_add_tail_rcu(&binding->list, &bindings->list);
	/* The listener is registered: if the CPU stops to translate later, that is told */
	if (!ioasid_ctx_is_translated(ctx))
		close_portal(binding);
	return 0;

unregister:
	if (has_portal(bindings))
		ioasid_portal_unregister(&bindings->portal);
	ioasid_device_unbind(binding->idev);
free:
	free_binding(binding);
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

struct ioasid_device *ioasid_bindings_get(struct ioasid_bindings *bindings,
					  struct file *file)
{
	int ret = lock_user(bindings, file);

	if (ret)
		return ERR_PTR(ret);
	return list_first_entry(&bindings->list, struct binding, list)->idev;
}
EXPORT_SYMBOL_GPL(ioasid_bindings_get);

void ioasid_bindings_put(struct ioasid_bindings *bindings)
{
	mutex_unlock(&bindings->lock);
}
EXPORT_SYMBOL_GPL(ioasid_bindings_put);

struct caller {
	struct ioasid_bindings *bindings;
	struct file *file;
};

/* For ioasid_device_ioctl(): a binding, locked */
static struct ioasid_device *get_binding(void *data, struct ioasid_ctx *ctx)
{
	struct caller *caller = data;
	struct ioasid_bindings *bindings = caller->bindings;
	struct ioasid_device *idev = ioasid_bindings_get(bindings, caller->file);
	struct binding *binding;

	if (IS_ERR(idev) || !ctx)
		return idev;
	binding = find_binding(bindings, ctx);
	if (binding)
		return binding->idev;
	ioasid_bindings_put(bindings);
	return ERR_PTR(-EINVAL);
}

static void put_binding(void *data)
{
	struct caller *caller = data;

	ioasid_bindings_put(caller->bindings);
}

static const struct ioasid_binding_ops binding_ops = {
	.get = get_binding,
	.put = put_binding,
};

static int unbind_locked(struct ioasid_bindings *bindings, struct ioasid_ctx *ctx)
{
	struct binding *binding;

	lockdep_assert_held(&bindings->lock);
	if (!ctx) {
		end_all(bindings);
		return 0;
	}
	binding = find_binding(bindings, ctx);
	if (!binding)
		return -EINVAL;
	if (list_is_singular(&bindings->list))
		end_all(bindings);
	else
		end_binding(binding);
	return 0;
}

static long ioctl_unbind(struct ioasid_bindings *bindings, struct file *file,
			 void __user *arg)
{
	struct ioasid_ctx *ctx = NULL;
	struct ioasid_unbind unbind;
	long ret;

	ret = ioasid_copy_struct(&unbind, sizeof(unbind),
				 offsetofend(struct ioasid_unbind, __reserved), arg);
	if (ret)
		return ret;
	if (unbind.flags || unbind.__reserved)
		return -EINVAL;

	if (unbind.iommu_fd != -1) {
		ctx = ioasid_ctx_from_fd(unbind.iommu_fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	ret = lock_user(bindings, file);
	if (!ret) {
		ret = unbind_locked(bindings, ctx);
		mutex_unlock(&bindings->lock);
	}
	if (ctx)
		ioasid_ctx_put(ctx);
	return ret;
}

long ioasid_bindings_ioctl(struct ioasid_bindings *bindings, struct file *file,
			   unsigned int cmd, void __user *arg)
{
	struct caller caller = { .bindings = bindings, .file = file };

	if (!READ_ONCE(bindings->dev))
		return -ENODEV;
	if (cmd == IOASID_DEVICE_BIND)
		return ioctl_bind(bindings, file, arg);
	/* Whatever the arguments are. What passes is looked at again, locked */
	if (READ_ONCE(bindings->user) != file)
		return -EINVAL;

	if (cmd == IOASID_DEVICE_UNBIND)
		return ioctl_unbind(bindings, file, arg);
	return ioasid_device_ioctl(&binding_ops, &caller, cmd, arg);
}
EXPORT_SYMBOL_GPL(ioasid_bindings_ioctl);
