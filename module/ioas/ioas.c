// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O address spaces: their life, from the id to the last reference.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "ioas/area.h"
#include "ioas/ioas.h"
#include "ioas/iova.h"
#include "ioas/pin.h"

/**
 * ioasid_ioas_new() - make an address space
 * @ctx: in whose id table
 * @args: checked by ioasid_check_alloc()
 * @hints: range hints; what they hold goes to the address space
 *
 * Return: the address space, reserved but not published, or an ERR_PTR():
 * -ENOMEM, -ENOSPC.
 */
struct ioasid_ioas *ioasid_ioas_new(struct ioasid_ctx *ctx,
				    const struct ioasid_alloc *args,
				    struct ioasid_ranges *hints)
{
	struct ioasid_ioas *ioas = kzalloc(sizeof(*ioas), GFP_KERNEL_ACCOUNT);
	int ret = -ENOMEM;

	if (!ioas)
		return ERR_PTR(-ENOMEM);
	ioas->spare_pages = kmalloc_array(IOASID_CHUNK_PAGES, sizeof(struct page *),
					  GFP_KERNEL_ACCOUNT);
	if (!ioas->spare_pages)
		goto free;
	ret = ioasid_obj_reserve(ctx, &ioas->obj, IOASID_OBJ_IOAS);
	if (ret)
		goto free;
	init_rwsem(&ioas->lock);
	mutex_init(&ioas->areas_lock);
	mutex_init(&ioas->spare_lock);
	init_waitqueue_head(&ioas->wait);
	ioas->areas = RB_ROOT;
	xa_init_flags(&ioas->held, XA_FLAGS_ACCOUNT);
	init_rwsem(&ioas->access_sem);
	INIT_LIST_HEAD(&ioas->accesses);
	INIT_LIST_HEAD(&ioas->tables);
	INIT_LIST_HEAD(&ioas->attachments);
	ioas->width = args->addr_width ?: 64;
	ioas->snoop = args->snoop;
	ioas->pasid = args->flags & IOASID_ALLOC_PASID;
	ioasid_ioas_narrowed(ioas);
	swap(ioas->hints, *hints);
	return ioas;

free:
	kfree(ioas->spare_pages);
	kfree(ioas);
	return ERR_PTR(ret);
}

/**
 * ioasid_ioas_get() - find an address space
 * @ctx: in whose id table
 * @id: its id
 *
 * Return: the address space, to be given back with ioasid_ioas_put(), or NULL.
 */
struct ioasid_ioas *ioasid_ioas_get(struct ioasid_ctx *ctx, u32 id)
{
	struct ioasid_obj *obj = ioasid_obj_get(ctx, id, IOASID_OBJ_IOAS);

	return obj ? container_of(obj, struct ioasid_ioas, obj) : NULL;
}

/* The last reference is gone */
void ioasid_ioas_release(struct ioasid_ioas *ioas)
{
	WARN_ON(!list_empty(&ioas->attachments) || !list_empty(&ioas->tables));
	WARN_ON(!list_empty(&ioas->accesses) || !xa_empty(&ioas->held));
	ioasid_areas_free(ioas);
	ioasid_payer_put(ioas->payer);
	ioasid_ranges_clear(&ioas->hints);
	ioasid_ranges_clear(&ioas->allowed);
	mutex_destroy(&ioas->areas_lock);
	mutex_destroy(&ioas->spare_lock);
	kfree(ioas->spare_pages);
	kfree(ioas);
}

/**
 * ioasid_ioas_kill() - mark an unused address space as ended
 * @ioas: the address space, both of its locks held
 *
 * Return: true for the caller who then ends it by ioasid_ioas_remove().
 */
bool ioasid_ioas_kill(struct ioasid_ioas *ioas)
{
	lockdep_assert_held(&ioas->lock);
	if (ioas->dead || ioas->nr_hwpts || !list_empty(&ioas->attachments))
		return false;
	ioas->dead = true;
	/* Who waits for a range of it does so in vain */
	ioasid_areas_changed(ioas);
	return true;
}

/**
 * ioasid_ioas_remove() - end an address space
 * @ioas: the address space, marked by ioasid_ioas_kill(); none of its locks is held
 */
void ioasid_ioas_remove(struct ioasid_ioas *ioas)
{
	ioasid_obj_remove(&ioas->obj);
	ioasid_ioas_put(ioas);
}

/**
 * ioasid_ioas_free() - end an address space
 * @ioas: the address space
 *
 * Return: 0, -ENOENT if it has ended already, -EBUSY if it is attached, or if a page
 * table's id names it.
 */
int ioasid_ioas_free(struct ioasid_ioas *ioas)
{
	int ret = 0;

	ioas_lock(ioas);
	if (ioas->dead)
		ret = -ENOENT;
	else if (!ioasid_ioas_kill(ioas))
		ret = -EBUSY;
	ioas_unlock(ioas);
	if (!ret)
		ioasid_ioas_remove(ioas);
	return ret;
}

/**
 * ioasid_ioas_add_hwpt() - one more page table's id names an address space
 * @ioas: the address space
 * @pasid: it is to be attached by PASID, and so are those that are made from now on
 *
 * Return: 0, or -ENOENT if it has ended.
 */
int ioasid_ioas_add_hwpt(struct ioasid_ioas *ioas, bool pasid)
{
	int ret = 0;

	ioas_lock(ioas);
	if (ioas->dead) {
		ret = -ENOENT;
	} else {
		ioas->nr_hwpts++;
		ioas->pasid |= pasid;
	}
	ioas_unlock(ioas);
	return ret;
}

/**
 * ioasid_ioas_remove_hwpt() - the opposite
 * @ioas: the address space
 */
void ioasid_ioas_remove_hwpt(struct ioasid_ioas *ioas)
{
	ioas_lock(ioas);
	ioas->nr_hwpts--;
	ioas_unlock(ioas);
}

/**
 * ioasid_ioas_release_all() - the file of a context is closed
 * @ctx: the context
 *
 * Ends the address spaces that are not attached; the others end with their
 * last attachment.
 */
void ioasid_ioas_release_all(struct ioasid_ctx *ctx)
{
	struct ioasid_obj *obj;
	unsigned long id;

	WRITE_ONCE(ctx->closed, true);
	for (id = 0; (obj = xa_find(&ctx->objects, &id, ULONG_MAX, XA_PRESENT));
	     id++) {
		struct ioasid_ioas *ioas;
		bool kill;

		/* An unbind may end it under our hands */
		ioas = ioasid_ioas_get(ctx, id);
		if (!ioas)
			continue;
		ioas_lock(ioas);
		kill = ioasid_ioas_kill(ioas);
		ioas_unlock(ioas);
		if (kill)
			ioasid_ioas_remove(ioas);
		ioasid_ioas_put(ioas);
		cond_resched();
	}
}
