// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open /dev/iommu and its one table of ids.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "base/ctx.h"

/**
 * ioasid_ctx_new() - the state of a newly opened file
 * @file: the file
 *
 * Return: a context with one reference, or an ERR_PTR(): -ENOSPC if the user may have
 * no more, -ENOMEM.
 */
struct ioasid_ctx *ioasid_ctx_new(struct file *file)
{
	static atomic_t last_nr = ATOMIC_INIT(0);
	struct ioasid_ctx *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!ctx)
		return ERR_PTR(-ENOMEM);
	ret = ioasid_charge(&ctx->charge, IOASID_LIMIT_CONTEXTS, 1);
	if (ret) {
		kfree(ctx);
		return ERR_PTR(ret);
	}
	kref_init(&ctx->kref);
	ctx->cred = get_current_cred();
	ctx->nr = atomic_inc_return(&last_nr);
	ctx->file = file;
	xa_init_flags(&ctx->objects, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	mutex_init(&ctx->lock);
	mutex_init(&ctx->no_snoop_lock);
	INIT_LIST_HEAD(&ctx->no_snoop_listeners);
	mutex_init(&ctx->pasid_lock);
	INIT_LIST_HEAD(&ctx->pasid_listeners);
	INIT_LIST_HEAD(&ctx->devices);
	xa_init_flags(&ctx->cpu_pasids, XA_FLAGS_ACCOUNT);
	return ctx;
}

/* The file is closed and the last binding gone, so nothing is in the table */
void ioasid_ctx_release(struct kref *kref)
{
	struct ioasid_ctx *ctx = container_of(kref, struct ioasid_ctx, kref);

	WARN_ON(!xa_empty(&ctx->objects) || !list_empty(&ctx->devices));
	WARN_ON(!xa_empty(&ctx->cpu_pasids));
	WARN_ON(!list_empty(&ctx->pasid_listeners) || !list_empty(&ctx->no_snoop_listeners));
	xa_destroy(&ctx->cpu_pasids);
	xa_destroy(&ctx->objects);
	mutex_destroy(&ctx->lock);
	mutex_destroy(&ctx->no_snoop_lock);
	mutex_destroy(&ctx->pasid_lock);
	ioasid_uncharge(&ctx->charge);
	put_cred(ctx->cred);
	kfree_rcu(ctx, rcu);
}

/**
 * ioasid_obj_reserve() - give an object an id that nobody can find yet
 * @ctx: in which table
 * @obj: the object
 * @type: its type
 *
 * Return: 0, -ENOMEM, or -ENOSPC if there are no ids left.
 */
int ioasid_obj_reserve(struct ioasid_ctx *ctx, struct ioasid_obj *obj,
		       enum ioasid_obj_type type)
{
	int ret;

	obj->ctx = ctx;
	obj->type = type;
	refcount_set(&obj->refs, 1);
	/* A NULL entry takes the place and is found by no lookup */
	ret = xa_alloc(&ctx->objects, &obj->id, NULL,
		       XA_LIMIT(1, INT_MAX), GFP_KERNEL_ACCOUNT);
	return ret == -EBUSY ? -ENOSPC : ret;
}

/**
 * ioasid_obj_publish() - let a reserved object be found
 * @obj: the object, complete
 */
void ioasid_obj_publish(struct ioasid_obj *obj)
{
	/* Its place is reserved, so that this needs no memory */
	WARN_ON(xa_is_err(xa_store(&obj->ctx->objects, obj->id, obj,
				   GFP_KERNEL_ACCOUNT)));
}

/**
 * ioasid_obj_remove() - take an object, or its reserved place, from the table
 * @obj: the object; its references are the caller's to look after
 */
void ioasid_obj_remove(struct ioasid_obj *obj)
{
	struct ioasid_ctx *ctx = obj->ctx;

	xa_lock(&ctx->objects);
	__xa_erase(&ctx->objects, obj->id);
	if (ctx->last == obj)
		ctx->last = NULL;
	xa_unlock(&ctx->objects);
}

/**
 * ioasid_obj_get() - find an object by its id
 * @ctx: in which table
 * @id: the id, any number
 * @type: what it must be
 *
 * Return: the object with a reference more, or NULL if @id is not one of those.
 */
struct ioasid_obj *ioasid_obj_get(struct ioasid_ctx *ctx, u32 id,
				  enum ioasid_obj_type type)
{
	struct ioasid_obj *obj;

	xa_lock(&ctx->objects);
	obj = ctx->last;
	if (!obj || obj->id != id)
		obj = xa_load(&ctx->objects, id);
	if (obj && obj->type == type) {
		refcount_inc(&obj->refs);
		ctx->last = obj;
	} else {
		obj = NULL;
	}
	xa_unlock(&ctx->objects);
	return obj;
}

/**
 * ioasid_obj_is() - is there an object of a type?
 * @ctx: in which table
 * @id: its id, any number
 * @type: its type
 */
bool ioasid_obj_is(struct ioasid_ctx *ctx, u32 id, enum ioasid_obj_type type)
{
	struct ioasid_obj *obj;
	bool ret;

	xa_lock(&ctx->objects);
	obj = xa_load(&ctx->objects, id);
	ret = obj && obj->type == type;
	xa_unlock(&ctx->objects);
	return ret;
}
