// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains of ours. Each is charged to the user that has it made, because it takes one of
 * the ids by which an IOMMU tags what it caches. Where the vendor's shim knows how many of
 * those there are they are shared between users, too.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "base/limits.h"
#include "compat/pasid_compat.h"
#include "shim/ids.h"
#include "shim/msi.h"

/**
 * struct id - a domain of ours
 * @node: among those of the same hash
 * @domain: the domain
 * @iommu: of which it takes an id
 * @nr_routes: routes that are attached to it. It has an id if that is not 0
 * @charge: for it
 */
struct id {
	struct hlist_node node;
	const struct iommu_domain *domain;
	struct iommu_device *iommu;
	unsigned int nr_routes;
	struct ioasid_charge charge;
};

/* Protects @node and @nr_routes of all */
static DEFINE_SPINLOCK(ids_lock);
static DEFINE_HASHTABLE(ids, 12);

static struct id *id_of(const struct iommu_domain *domain)
{
	struct id *id;

	lockdep_assert_held(&ids_lock);
	hash_for_each_possible(ids, id, node, (unsigned long)domain)
		if (id->domain == domain)
			return id;
	return NULL;
}

static int id_charge(struct id *id, const void *pool, unsigned int nr_ids)
{
	if (!pool)
		return ioasid_charge(&id->charge, IOASID_LIMIT_PAGE_TABLES, 1);
	return ioasid_charge_shared(&id->charge, IOASID_LIMIT_PAGE_TABLES, pool, nr_ids);
}

/* A paging domain that is not charged, or an error of the kernel's */
static struct iommu_domain *ids_domain_new(struct device *dev, const struct ioasid_route *route,
					   unsigned int flags)
{
	struct iommu_domain *domain;
	int ret;

	domain = flags & IOASID_DOMAIN_PASID ? kc_domain_alloc_pasid(dev) :
					       kc_domain_alloc(dev);
	if (IS_ERR(domain))
		return domain;
	ret = ioasid_msi_domain_init(domain, route, flags & IOASID_DOMAIN_EMPTY);
	if (ret) {
		iommu_domain_free(domain);
		return ERR_PTR(ret);
	}
	return domain;
}

/**
 * ioasid_ids_domain_alloc() - make a paging domain, charged to the caller
 * @dev: as the shim's domain_alloc()
 * @route: as there
 * @flags: as there
 * @pool: what stands for where its id comes from; NULL: it is not known how many there are
 * @nr_ids: how many of those users may have
 *
 * Return: the domain, to be freed with ioasid_generic_domain_free(), or an ERR_PTR():
 * -ENOSPC if the user may have no more, -ENOMEM, or an error of the kernel's.
 */
struct iommu_domain *ioasid_ids_domain_alloc(struct device *dev,
					     const struct ioasid_route *route,
					     unsigned int flags, const void *pool,
					     unsigned int nr_ids)
{
	struct id *id = kzalloc(sizeof(*id), GFP_KERNEL_ACCOUNT);
	struct iommu_domain *domain;
	int ret;

	if (!id)
		return ERR_PTR(-ENOMEM);
	ret = id_charge(id, pool, nr_ids);
	if (ret)
		goto free;
	domain = ids_domain_new(dev, route, flags);
	ret = PTR_ERR_OR_ZERO(domain);
	if (ret)
		goto uncharge;
	id->domain = domain;
	id->iommu = dev->iommu->iommu_dev;
	spin_lock(&ids_lock);
	hash_add(ids, &id->node, (unsigned long)domain);
	spin_unlock(&ids_lock);
	return domain;

uncharge:
	ioasid_uncharge(&id->charge);
free:
	kfree(id);
	return ERR_PTR(ret);
}

/**
 * ioasid_ids_forget() - a domain of ours is about to be freed
 * @domain: the domain; nothing is attached to it
 *
 * Return: what the id was charged, to be given back when the domain is gone.
 */
struct ioasid_charge ioasid_ids_forget(const struct iommu_domain *domain)
{
	struct ioasid_charge charge = {};
	struct id *id;

	spin_lock(&ids_lock);
	id = id_of(domain);
	if (!WARN_ON(!id))
		hash_del(&id->node);
	spin_unlock(&ids_lock);
	if (id)
		charge = id->charge;
	kfree(id);
	return charge;
}

/**
 * ioasid_ids_needed() - would attaching to a domain take one more id?
 * @domain: one of ours
 * @iommu: out: of which IOMMU
 */
bool ioasid_ids_needed(const struct iommu_domain *domain, struct iommu_device **iommu)
{
	bool needed;
	struct id *id;

	spin_lock(&ids_lock);
	id = id_of(domain);
	*iommu = id->iommu;
	needed = !id->nr_routes;
	spin_unlock(&ids_lock);
	return needed;
}

/**
 * ioasid_ids_moved() - a route has gone from one domain to another
 * @old: what it was attached to, or NULL
 * @new: what it is attached to, or NULL
 * @iommu: out: behind which IOMMU, if what is returned is not 0
 *
 * Return: how many ids are free that were not before: 1, 0 or -1.
 */
int ioasid_ids_moved(const struct iommu_domain *old, const struct iommu_domain *new,
		     struct iommu_device **iommu)
{
	struct id *id;
	int nr = 0;

	if (old == new)
		return 0;
	spin_lock(&ids_lock);
	id = old ? id_of(old) : NULL;
	if (id && !--id->nr_routes) {
		*iommu = id->iommu;
		nr++;
	}
	id = new ? id_of(new) : NULL;
	if (id && !id->nr_routes++) {
		*iommu = id->iommu;
		nr--;
	}
	spin_unlock(&ids_lock);
	return nr;
}
