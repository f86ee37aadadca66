// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments: page tables come and go with the devices that are attached. One page table
 * serves all devices whose IOMMUs accept it.
 *
 * A page table is made by table_alloc(), shared by attach_shared(), dropped with its last
 * attachment by table_drop(). The first one is filled by populate.c, which pins the memory;
 * the others are copied from one that is there, by table.c.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "ioas/access.h"
#include "ioas/area.h"
#include "ioas/attachment.h"
#include "ioas/depopulate.h"
#include "ioas/ioas.h"
#include "ioas/iova.h"
#include "ioas/populate.h"
#include "ioas/table.h"

/*
 * ioas_lock() for two address spaces, in an order that all callers keep; @other may be NULL,
 * or @ioas
 */
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

/**
 * ioasid_may_no_snoop() - may a device get past the CPU's caches?
 * @point: where it is attached
 * @device: what it is known by
 */
bool ioasid_may_no_snoop(const struct ioasid_attachment_point *point,
			 const struct ioasid_attached *device)
{
	return device->no_snoop && point->table && !point->table->snoop_enforced;
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
	kill = READ_ONCE(ioas->obj.ctx->closed) && ioasid_ioas_kill(ioas);
	ioas_unlock(ioas);
	if (kill)
		ioasid_ioas_remove(ioas);
	ioasid_ioas_put(ioas);
}

/* There is no page table, and nothing is pinned. -ENOENT if the address space has ended */
static int attach_mediated(struct ioasid_ioas *ioas, struct ioasid_attachment_point *point)
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
 * ioasid_access_attach() - let a driver work in an address space
 * @ioas: the address space
 * @access: its unmap, data and attached.cookie are set
 *
 * Return: 0, or -ENOENT if the address space has ended.
 */
int ioasid_access_attach(struct ioasid_ioas *ioas, struct ioasid_access *access)
{
	int ret;

	refcount_set(&access->refs, 1);
	INIT_LIST_HEAD(&access->point.devices);
	list_add(&access->attached.node, &access->point.devices);
	down_write(&ioas->access_sem);
	ret = attach_mediated(ioas, &access->point);
	if (!ret) {
		list_add_tail(&access->node, &ioas->accesses);
		mutex_lock(&ioas->areas_lock);
		ioas->accessed = true;
		mutex_unlock(&ioas->areas_lock);
	}
	up_write(&ioas->access_sem);
	return ret;
}

/**
 * ioasid_access_detach() - a driver works in an address space no more
 * @access: the access, after ioasid_access_leave(); gone afterwards
 *
 * Context: no lock is held that the driver takes when it is told of an unmap.
 */
void ioasid_access_detach(struct ioasid_access *access)
{
	struct ioasid_ioas *ioas = access->point.ioas;

	down_write(&ioas->access_sem);
	list_del(&access->node);
	mutex_lock(&ioas->areas_lock);
	ioas->accessed = !list_empty(&ioas->accesses);
	mutex_unlock(&ioas->areas_lock);
	up_write(&ioas->access_sem);
	ioasid_ioas_detach(&access->point);
	if (refcount_dec_and_test(&access->refs))
		ioasid_access_release(access);
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
