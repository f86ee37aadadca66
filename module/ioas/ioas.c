// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O address spaces: their life, and the page tables that devices need of
 * them. One page table serves all devices whose IOMMUs accept it.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "base/args.h"
#include "ioas/area.h"
#include "ioas/depopulate.h"
#include "ioas/pin.h"
#include "ioas/populate.h"
#include "ioas/table.h"

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

/* Change what is there while others map and unmap. Waits for no user */
static void ioas_lock(struct ioasid_ioas *ioas)
{
	down_write(&ioas->lock);
	mutex_lock(&ioas->areas_lock);
}

static void ioas_unlock(struct ioasid_ioas *ioas)
{
	mutex_unlock(&ioas->areas_lock);
	up_write(&ioas->lock);
}

/* The same for two at once, in an order that all keep; @other may be NULL, or @ioas */
static void ioas_lock_both(struct ioasid_ioas *ioas, struct ioasid_ioas *other)
{
	struct ioasid_ioas *first = ioas, *second = other;

	if (second && second != first) {
		if (first > second)
			swap(first, second);
		down_write(&first->lock);
		down_write_nested(&second->lock, SINGLE_DEPTH_NESTING);
		mutex_lock(&first->areas_lock);
		mutex_lock_nested(&second->areas_lock, SINGLE_DEPTH_NESTING);
	} else {
		ioas_lock(ioas);
	}
}

/* @ioas stays locked as it is for those who attach: they are exclusive */
static void ioas_unlock_other(struct ioasid_ioas *ioas, struct ioasid_ioas *other)
{
	if (other && other != ioas)
		ioas_unlock(other);
	mutex_unlock(&ioas->areas_lock);
}

/* Mark an unused address space as ended. True for the one who then ends it */
static bool ioas_kill(struct ioasid_ioas *ioas)
{
	lockdep_assert_held(&ioas->lock);
	if (ioas->dead || ioas->nr_hwpts || !list_empty(&ioas->attachments))
		return false;
	ioas->dead = true;
	/* Who waits for a range of it does so in vain */
	ioasid_areas_changed(ioas);
	return true;
}

static void ioas_remove(struct ioasid_ioas *ioas)
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
	else if (!ioas_kill(ioas))
		ret = -EBUSY;
	ioas_unlock(ioas);
	if (!ret)
		ioas_remove(ioas);
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
		kill = ioas_kill(ioas);
		ioas_unlock(ioas);
		if (kill)
			ioas_remove(ioas);
		ioasid_ioas_put(ioas);
		cond_resched();
	}
}

/* Does a group's reserved range, or a page table, stand in the way of somebody? */
static int fits(struct ioasid_ioas *ioas, const struct ioasid_range *reserved,
		unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (ioasid_iovas_in(ioas, reserved[i].start, reserved[i].last))
			return -EADDRINUSE;
	return 0;
}

static int table_fits(struct ioasid_ioas *ioas, const struct ioasid_table *table)
{
	const struct ioasid_range *aperture = &table->aperture;

	/* Memory is pinned in the CPU's pages, scattered as they are */
	if (!(table->pgsizes & (PAGE_SIZE | (PAGE_SIZE - 1))))
		return -EINVAL;
	if (aperture->start > aperture->last)
		return -EINVAL;
	if (aperture->start && ioasid_iovas_in(ioas, 0, aperture->start - 1))
		return -EADDRINUSE;
	if (aperture->last != U64_MAX &&
	    ioasid_iovas_in(ioas, aperture->last + 1, U64_MAX))
		return -EADDRINUSE;
	return 0;
}

static void table_free(struct ioasid_table *table)
{
	table->shim->domain_free(table->domain);
	kfree(table);
}

/* No RID is behind it any more */
static void table_drop(struct ioasid_ioas *ioas, struct ioasid_table *table)
{
	lockdep_assert_held_write(&ioas->lock);
	lockdep_assert_held(&ioas->areas_lock);
	if (--table->users)
		return;
	if (list_is_singular(&ioas->tables))
		ioasid_areas_depopulate(ioas);
	else
		ioasid_areas_unmap_table(ioas, table);
	list_del(&table->node);
	table_free(table);
}

static struct ioasid_table *table_alloc(const struct ioasid_shim *shim,
					struct device *dev,
					const struct ioasid_route *route,
					bool pasid)
{
	struct ioasid_table *table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!table)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&table->node);
	table->shim = shim;
	table->iommu = dev->iommu->iommu_dev;
	table->users = 1;
	table->domain = shim->domain_alloc(dev, route,
					   pasid ? IOASID_DOMAIN_PASID : 0);
	if (IS_ERR(table->domain)) {
		ret = PTR_ERR(table->domain);
		kfree(table);
		return ERR_PTR(ret);
	}
	return table;
}

/**
 * struct attaching - an address space is being put behind a route
 * @ioas: the address space; the caller is exclusive and holds its lock for writing
 * @left: the one whose page table the route has had, or NULL
 * @old: what the route has had attached, or NULL
 * @shim: of the route's IOMMU
 * @dev: a device of the route
 * @route: the route
 * @snoop: no-snoop DMA is to snoop
 *
 * What a device is attached to does not change while something is unmapped, from the
 * first entry to the flush, in an address space that it leaves or enters: drivers take
 * a device out of a domain's flush list before its entry is gone, or put it there
 * after the entry. So the locks of both are held.
 */
struct attaching {
	struct ioasid_ioas *ioas;
	struct ioasid_ioas *left;
	struct iommu_domain *old;
	const struct ioasid_shim *shim;
	struct device *dev;
	struct ioasid_route *route;
	bool snoop;
};

/* Protects the space of all routes, and their number of resets */
static DEFINE_SPINLOCK(routes_lock);

static void route_set_space(struct ioasid_route *route, struct ioasid_ioas *space)
{
	spin_lock(&routes_lock);
	route->space = space;
	spin_unlock(&routes_lock);
}

/* While it is being reset it enters nothing: the kernel would refuse it, or say so */
static bool route_enter(struct ioasid_route *route, struct ioasid_ioas *space)
{
	bool entered;

	spin_lock(&routes_lock);
	entered = !*route->resets;
	if (entered)
		route->space = space;
	spin_unlock(&routes_lock);
	return entered;
}

/*
 * An attach from or to a domain of @ioas has failed. If the driver had a part in it and
 * miscounts then, the page table is lost: unmap leaves its pages pinned and charged. Both
 * locks of @ioas are held
 */
static void ioas_lose(struct ioasid_ioas *ioas, const struct ioasid_route *route,
		      const struct iommu_domain *domain)
{
	struct ioasid_table *table;

	if (!ioas || !route->refused)
		return;
	list_for_each_entry(table, &ioas->tables, node) {
		if (table->domain != domain || !table->shim->miscounts)
			continue;
		table->lost = true;
		pr_warn_ratelimited("the IOMMU's driver failed to attach a device: what address space %u of context %u has mapped is never unpinned\n",
				    ioas->obj.id, ioas->obj.ctx->nr);
	}
}

/*
 * The route goes to a domain of @ioas. Both address spaces are locked, and so what it
 * is attached to is seen in between by nobody.
 */
static int attaching_enter(struct attaching *a, struct iommu_domain *domain)
{
	struct iommu_domain *old = a->route->domain;
	struct ioasid_ioas *space = a->route->space;
	int ret;

	if (!route_enter(a->route, a->ioas))
		return -EBUSY;
	ret = a->shim->attach(a->route, domain);
	if (ret) {
		route_set_space(a->route, a->route->domain == old ? space : NULL);
		ioas_lose(a->ioas, a->route, domain);
		ioas_lose(space, a->route, old);
	}
	return ret;
}

/* The lock of @ioas is dropped: others may have ended it, or taken page tables away */
static void attaching_lock(struct attaching *a)
{
	up_write(&a->ioas->lock);
	ioas_lock_both(a->ioas, a->left);
}

static int attaching_to(struct attaching *a, struct iommu_domain *domain)
{
	int ret;

	attaching_lock(a);
	ret = attaching_enter(a, domain);
	ioas_unlock_other(a->ioas, a->left);
	return ret;
}

/* Away from a domain of @ioas: to the old one, if there is one; else it is blocked */
static void attaching_back(struct attaching *a, struct iommu_domain *old)
{
	struct iommu_domain *from = a->route->domain;

	attaching_lock(a);
	if (a->left && !route_enter(a->route, a->left))
		old = NULL;
	if (!old || a->shim->attach(a->route, old)) {
		/* The kernel blocks it then by a detach that may not fail, and drivers may */
		a->route->refused = true;
		ioas_lose(a->left, a->route, old);
		ioas_lose(a->ioas, a->route, from);
		a->shim->block(a->route);
	}
	route_set_space(a->route, a->route->domain ? a->left : NULL);
	ioas_unlock_other(a->ioas, a->left);
}

/* What a lost one says is mapped may be what was there before */
static struct ioasid_table *table_to_copy(struct ioasid_ioas *ioas)
{
	struct ioasid_table *table;

	list_for_each_entry(table, &ioas->tables, node)
		if (!table->lost)
			return table;
	return list_first_entry(&ioas->tables, struct ioasid_table, node);
}

/*
 * Look at a page table that is complete, and give it what is mapped so far. The route
 * is attached to it already, or will be
 */
static int table_complete(struct attaching *a, struct ioasid_table *table)
{
	struct ioasid_ioas *ioas = a->ioas;
	int ret;

	table->pgsizes = table->shim->pgsizes(table->domain);
	table->aperture = table->shim->aperture(a->dev, table->domain);
	ret = table_fits(ioas, table);
	if (ret)
		return ret;
	if (a->snoop) {
		table->snoop_enforced = table->shim->enforce_snoop(table->domain);
		if (!table->snoop_enforced && ioas->snoop == IOASID_SNOOP_ON)
			return -EINVAL;
		/* Drivers may set it for RIDs alone of what is attached: attach anew */
		if (a->route->pasid && a->route->domain == table->domain) {
			attaching_back(a, NULL);
			ret = attaching_to(a, table->domain);
			if (ret) {
				attaching_back(a, a->old);
				return ret;
			}
			if (ioas->dead)
				return -ENOENT;
		}
	}
	return list_empty(&ioas->tables) ? 0 :
		ioasid_areas_copy(ioas, table_to_copy(ioas), table);
}

/*
 * Attach through a page table that is there; NULL if none will do. Both address spaces
 * are locked
 */
static struct ioasid_table *attach_shared(struct attaching *a)
{
	struct ioasid_table *table;
	int ret;

	list_for_each_entry(table, &a->ioas->tables, node) {
		if (table->iommu != a->dev->iommu->iommu_dev ||
		    table->snoop_enforced != a->snoop || table->lost)
			continue;
		ret = attaching_enter(a, table->domain);
		if (!ret) {
			table->users++;
			return table;
		}
		/* EINVAL says that this device needs one of another kind */
		if (ret != -EINVAL || a->route->domain != a->old)
			return ERR_PTR(ret);
	}
	return NULL;
}

/*
 * Attach through a new page table. Where that can be filled first the device
 * never sees a part of the address space.
 */
static struct ioasid_table *attach_new(struct attaching *a)
{
	const struct ioasid_shim *shim = a->shim;
	struct ioasid_ioas *ioas = a->ioas;
	struct ioasid_table *table;
	int ret;

	table = table_alloc(shim, a->dev, a->route, a->route->pasid || ioas->pasid);
	if (IS_ERR(table))
		return table;

	if (!shim->complete_at_alloc) {
		ret = attaching_to(a, table->domain);
		if (ret)
			goto free;
	}
	ret = ioas->dead ? -ENOENT : table_complete(a, table);
	if (ret)
		goto restore;
	list_add_tail(&table->node, &ioas->tables);
	ret = ioasid_areas_populate(ioas);
	if (!ret && shim->complete_at_alloc)
		ret = attaching_to(a, table->domain);
	/* The lock was dropped, and it may have been freed */
	if (!ret && ioas->dead)
		ret = -ENOENT;
	if (!ret)
		return table;

restore:
	/* Away from it before it goes; if not to the old one, then blocked */
	if (a->route->domain == table->domain)
		attaching_back(a, a->old);
	if (!list_empty(&table->node)) {
		mutex_lock(&ioas->areas_lock);
		table_drop(ioas, table);
		mutex_unlock(&ioas->areas_lock);
		return ERR_PTR(ret);
	}
free:
	table_free(table);
	return ERR_PTR(ret);
}

/* Of so many of the context, @by more, or fewer */
static void count_no_snoop(const struct ioasid_attachment_point *point,
			   const struct ioasid_attached *device, int by)
{
	if (ioasid_may_no_snoop(point, device))
		atomic_add(by, &point->ioas->obj.ctx->no_snoop);
}

static void count_all_no_snoop(const struct ioasid_attachment_point *point, int by)
{
	struct ioasid_attached *device;

	list_for_each_entry(device, &point->devices, node)
		count_no_snoop(point, device, by);
}

/**
 * ioasid_ioas_attach() - put an address space behind a group
 * @ioas: the address space
 * @point: the attachment; its devices and reserved ranges are set
 * @left: the attachment that it takes the place of, or NULL
 * @shim: of the group's IOMMU
 * @dev: a device of the group
 * @route: the group's RIDs, with what is attached to them now
 * @can_snoop: can the group's IOMMU make no-snoop DMA snoop?
 *
 * Context: pins memory, killable.
 * Return: 0, or an error as IOASID_DEVICE_ATTACH says, but -EADDRINUSE if something
 * is mapped, or allowed to be, where the device permits nothing; on error what was
 * attached to @route is so as before, or, if its @domain is NULL, nothing is.
 */
int ioasid_ioas_attach(struct ioasid_ioas *ioas,
		       struct ioasid_attachment_point *point,
		       struct ioasid_attachment_point *left,
		       const struct ioasid_shim *shim, struct device *dev,
		       struct ioasid_route *route, bool can_snoop)
{
	struct attaching a = {
		.ioas = ioas, .left = left ? left->ioas : NULL, .old = route->domain,
		.shim = shim, .dev = dev, .route = route,
		.snoop = ioas->snoop != IOASID_SNOOP_OFF && can_snoop,
	};
	struct ioasid_table *table = NULL;
	int ret;

	if (ioas->snoop == IOASID_SNOOP_ON && !can_snoop)
		return -EINVAL;
	ret = ioasid_areas_exclusive(ioas);
	if (ret)
		return ret;
	ioas_lock_both(ioas, a.left);
	ret = ioas->dead ? -ENOENT : fits(ioas, point->reserved, point->nr_reserved);
	if (!ret)
		table = attach_shared(&a);
	ioas_unlock_other(ioas, a.left);
	if (ret)
		goto unlock;
	if (!table)
		table = attach_new(&a);
	ret = PTR_ERR_OR_ZERO(table);
	if (ret)
		goto unlock;

	refcount_inc(&ioas->obj.refs);
	point->ioas = ioas;
	point->table = table;
	list_add_tail(&point->node, &ioas->attachments);
	count_all_no_snoop(point, 1);
	ioasid_ioas_narrowed(ioas);
unlock:
	up_write(&ioas->lock);
	ioasid_areas_shared(ioas);
	return ret;
}

/**
 * ioasid_ioas_alias() - one more PASID goes with one that is attached
 * @point: the attachment
 * @route: the PASID's
 * @alias: the number
 *
 * Return: 0, or an error of the kernel's.
 */
int ioasid_ioas_alias(struct ioasid_attachment_point *point, struct ioasid_route *route,
		      u32 alias)
{
	int ret;

	ioas_lock(point->ioas);
	ret = point->table->shim->alias(route, alias);
	ioas_unlock(point->ioas);
	return ret;
}

/**
 * ioasid_ioas_attach_mediated() - put an address space behind a software-mediated
 * device
 * @ioas: the address space
 * @point: the attachment; its device is set
 *
 * There is no page table, and nothing is pinned.
 *
 * Return: 0, or -ENOENT if the address space has ended.
 */
int ioasid_ioas_attach_mediated(struct ioasid_ioas *ioas,
				struct ioasid_attachment_point *point)
{
	int ret = -ENOENT;

	ioas_lock(ioas);
	if (!ioas->dead) {
		refcount_inc(&ioas->obj.refs);
		point->ioas = ioas;
		point->table = NULL;
		list_add_tail(&point->node, &ioas->attachments);
		ret = 0;
	}
	ioas_unlock(ioas);
	return ret;
}

/**
 * ioasid_ioas_leave() - block what an address space is behind
 * @point: the attachment
 * @route: what is attached
 * @empty: the domain that blocks it; if that fails, or NULL: the kernel's own means
 *
 * Before ioasid_ioas_detach(). Never fails, needs no memory.
 */
void ioasid_ioas_leave(struct ioasid_attachment_point *point, struct ioasid_route *route,
		       struct iommu_domain *empty)
{
	const struct ioasid_shim *shim = point->table->shim;

	ioas_lock(point->ioas);
	if (empty && shim->attach(route, empty)) {
		/* Or it was not asked: what blocks it then may be refused without a word */
		route->refused = true;
		ioas_lose(point->ioas, route, point->table->domain);
		empty = NULL;
	}
	if (!empty)
		shim->block(route);
	route_set_space(route, NULL);
	ioas_unlock(point->ioas);
}

/**
 * ioasid_ioas_detach() - an address space is behind a group, or a mediated device,
 * no more
 * @point: the attachment; the group's RIDs are attached to something else, the
 *	mediated device's driver does not work in the address space any more
 *
 * With the last one all pages are unpinned. Never fails, needs no memory.
 */
void ioasid_ioas_detach(struct ioasid_attachment_point *point)
{
	struct ioasid_ioas *ioas = point->ioas;
	bool kill;

	ioas_lock(ioas);
	list_del(&point->node);
	count_all_no_snoop(point, -1);
	ioasid_ioas_narrowed(ioas);
	if (point->table)
		table_drop(ioas, point->table);
	kill = READ_ONCE(ioas->obj.ctx->closed) && ioas_kill(ioas);
	ioas_unlock(ioas);
	if (kill)
		ioas_remove(ioas);
	ioasid_ioas_put(ioas);
}

/**
 * ioasid_resets_change() - one more reset of a RID is under way, or one less
 * @resets: their number
 * @by: 1 or -1
 *
 * Return: how many there are.
 */
unsigned int ioasid_resets_change(unsigned int *resets, int by)
{
	unsigned int nr;

	spin_lock(&routes_lock);
	nr = *resets += by;
	spin_unlock(&routes_lock);
	return nr;
}

/**
 * ioasid_route_space() - the address space that a route is in, or about to enter
 * @route: the route
 *
 * Return: the address space, to be given back with ioasid_ioas_put(), or NULL.
 */
struct ioasid_ioas *ioasid_route_space(struct ioasid_route *route)
{
	struct ioasid_ioas *space;

	spin_lock(&routes_lock);
	space = route->space;
	if (space)
		refcount_inc(&space->obj.refs);
	spin_unlock(&routes_lock);
	return space;
}

/**
 * ioasid_ioas_freeze() - keep an address space as it is in the page tables
 * @ioas: the address space
 * @until: in jiffies, how long others may have their turn first
 *
 * The kernel is about to change by itself what a device is attached to. When this
 * returns nothing is being unmapped, and nobody begins to before ioasid_ioas_thaw():
 * calls wait, killably. Who ends an attachment does not: its page table has no device
 * any more.
 */
void ioasid_ioas_freeze(struct ioasid_ioas *ioas, unsigned long until)
{
	long left = until - jiffies;

	/*
	 * Those who wait for others' resets get their turn, or resets that overlap would
	 * keep them for ever. Not for long: the other one may be our own, of a device that
	 * is reset together with this one.
	 */
	if (left > 0)
		wait_event_timeout(ioas->wait, !READ_ONCE(ioas->frozen) ||
				   !atomic_read(&ioas->nr_frozen_out), left);
	ioas_lock(ioas);
	/* Waiters read it without a lock */
	WRITE_ONCE(ioas->frozen, ioas->frozen + 1);
	ioas_unlock(ioas);
}

/**
 * ioasid_ioas_thaw() - undo ioasid_ioas_freeze()
 * @ioas: the address space
 */
void ioasid_ioas_thaw(struct ioasid_ioas *ioas)
{
	mutex_lock(&ioas->areas_lock);
	WRITE_ONCE(ioas->frozen, ioas->frozen - 1);
	ioasid_areas_changed(ioas);
	mutex_unlock(&ioas->areas_lock);
}

/**
 * ioasid_ioas_add_device() - one more device of a group is attached
 * @point: the attachment, the group's lock held
 * @device: what the device is known by
 */
void ioasid_ioas_add_device(struct ioasid_attachment_point *point,
			    struct ioasid_attached *device)
{
	down_write(&point->ioas->lock);
	list_add_tail(&device->node, &point->devices);
	count_no_snoop(point, device, 1);
	up_write(&point->ioas->lock);
}

/**
 * ioasid_ioas_remove_device() - a device of a group is attached no more
 * @point: the attachment, the group's lock held
 * @device: what the device was known by; not the last one
 */
void ioasid_ioas_remove_device(struct ioasid_attachment_point *point,
			       struct ioasid_attached *device)
{
	down_write(&point->ioas->lock);
	list_del(&device->node);
	count_no_snoop(point, device, -1);
	up_write(&point->ioas->lock);
}

/**
 * ioasid_ioas_set_no_snoop() - the user has another hint for a device
 * @point: the attachment, the group's lock held
 * @device: what the device is known by
 * @no_snoop: will it do no-snoop DMA?
 */
void ioasid_ioas_set_no_snoop(struct ioasid_attachment_point *point,
			      struct ioasid_attached *device, bool no_snoop)
{
	if (device->no_snoop == no_snoop)
		return;
	down_write(&point->ioas->lock);
	count_no_snoop(point, device, -1);
	device->no_snoop = no_snoop;
	count_no_snoop(point, device, 1);
	up_write(&point->ioas->lock);
}

/**
 * ioasid_ioas_set_reserved() - what DMA of a group cannot use has changed
 * @point: the attachment, the group's lock held
 * @reserved: the ranges
 * @nr: their number
 *
 * Waits for no user: what is being mapped counts as mapped.
 *
 * Return: 0, or -EADDRINUSE and nothing changed if something is mapped, or allowed
 * to be, in one of them.
 */
int ioasid_ioas_set_reserved(struct ioasid_attachment_point *point,
			     const struct ioasid_range *reserved,
			     unsigned int nr)
{
	struct ioasid_ioas *ioas = point->ioas;
	int ret;

	ioas_lock(ioas);
	ret = fits(ioas, reserved, nr);
	if (!ret) {
		point->reserved = reserved;
		point->nr_reserved = nr;
		ioasid_ioas_narrowed(ioas);
	}
	ioas_unlock(ioas);
	return ret;
}

/**
 * ioasid_ioas_pgsizes() - page sizes that all page tables take
 * @ioas: the address space, its lock or areas_lock held
 *
 * Return: a bitmap of the CPU's page size and larger ones; all of them if there
 * is no page table.
 */
u64 ioasid_ioas_pgsizes(struct ioasid_ioas *ioas)
{
	u64 sizes = ~0ULL << PAGE_SHIFT;
	struct ioasid_table *table;

	lockdep_assert_held(&ioas->lock);
	list_for_each_entry(table, &ioas->tables, node)
		sizes &= table->pgsizes;
	/* Made up of smaller ones, if need be */
	return sizes | PAGE_SIZE;
}

/**
 * ioasid_ioas_look_permitted() - may a range be mapped?
 * @ioas: the address space, its areas_lock held, and nobody is exclusive
 * @start: first address
 * @last: last address
 *
 * What is permitted around it is kept for ioasid_ioas_permits().
 */
bool ioasid_ioas_look_permitted(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	struct ioasid_range window = { .last = ioasid_width_last(ioas->width) };
	struct ioasid_attachment_point *point;
	struct ioasid_table *table;
	unsigned int i, turn = 0;

	lockdep_assert_held(&ioas->areas_lock);
	if (ioas->hints.nr) {
		if (!ioasid_ranges_contain(&ioas->hints, start, last))
			return false;
		window.start = start;
		window.last = min(window.last, last);
	}
	list_for_each_entry(table, &ioas->tables, node) {
		window.start = max(window.start, table->aperture.start);
		window.last = min(window.last, table->aperture.last);
	}
	list_for_each_entry(point, &ioas->attachments, node) {
		for (i = 0; i < point->nr_reserved; i++) {
			if (point->reserved[i].last < start)
				window.start = max(window.start,
						   point->reserved[i].last + 1);
			else if (point->reserved[i].start > last)
				window.last = min(window.last,
						  point->reserved[i].start - 1);
			else
				return false;
		}
		take_turns_for(&turn, point->nr_reserved);
	}
	if (start < window.start || last > window.last)
		return false;
	ioas->window = window;
	return true;
}

/**
 * ioasid_ioas_permitted() - all that may be mapped
 * @ioas: the address space, its lock held
 * @set: an empty set, to be filled
 *
 * Return: 0 or -ENOMEM, with @set to be cleared in any case.
 */
int ioasid_ioas_permitted(struct ioasid_ioas *ioas, struct ioasid_ranges *set)
{
	struct ioasid_attachment_point *point;
	struct ioasid_table *table;
	unsigned int i, turn = 0;
	int ret = 0;

	lockdep_assert_held(&ioas->lock);
	if (!ioas->hints.nr)
		ret = ioasid_ranges_add(set, 0, U64_MAX);
	for (i = 0; !ret && i < ioas->hints.nr; i++)
		ret = ioasid_ranges_add(set, ioas->hints.range[i].start,
					ioas->hints.range[i].last);
	ioasid_ranges_intersect(set, 0, ioasid_width_last(ioas->width));
	list_for_each_entry(table, &ioas->tables, node)
		ioasid_ranges_intersect(set, table->aperture.start,
					table->aperture.last);
	list_for_each_entry(point, &ioas->attachments, node) {
		for (i = 0; !ret && i < point->nr_reserved; i++)
			ret = ioasid_ranges_subtract(set, point->reserved[i].start,
						     point->reserved[i].last);
		take_turns_for(&turn, point->nr_reserved);
	}
	return ret;
}
