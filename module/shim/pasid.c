// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes by PASID: the kernel's domains behind single PASIDs of a device. A
 * route has one number or, with an alias, two: what is done to one is done to
 * both, or to none. That the kernel ends them before their user does is in shim/sole.c.
 */
#include <linux/err.h>

#include "compat/pasid_compat.h"
#include "shim/domains.h"
#include "shim/pasid.h"
#include "shim/sole.h"

/**
 * ioasid_generic_pasid_limit() - what a device's PASIDs are below
 * @dev: the device
 * @paging: a domain that was made for it; NULL: what the device says, whatever the
 *	IOMMU's driver can do
 *
 * If there are none the kernel attaches to nothing, and says that it did.
 *
 * Return: the number; 0 if there are none that could be attached.
 */
u32 ioasid_generic_pasid_limit(struct device *dev, struct iommu_domain *paging)
{
	return kc_pasid_limit(dev, paging);
}

/* It may have ended since, with the kernel's entry */
static void pasid_detach(struct ioasid_route *route, struct ioasid_pasid_entry *entry)
{
	ioasid_pasid_change_begin();
	if (entry->domain) {
		kc_pasid_detach(route->dev, entry->pasid, entry->domain);
		ioasid_sole_leave(route->sole, entry);
	}
	ioasid_pasid_change_end();
}

/* In place of @old, if that is not NULL. What has ended does not come back */
static int pasid_set(struct ioasid_route *route, struct ioasid_pasid_entry *entry,
		     u32 pasid, bool old, struct iommu_domain *domain,
		     struct kc_attach *attach)
{
	int ret;

	ioasid_change_begin();
	ret = route->entry.ended ? -EOPNOTSUPP : ioasid_sole_check(route->sole);
	if (!ret)
		ret = old ? kc_pasid_replace(route->dev, pasid, domain, attach) :
			    kc_pasid_attach(route->dev, pasid, domain, attach);
	if (!ret)
		ioasid_sole_enter(route->sole, entry, pasid, domain);
	ioasid_change_end();
	return ret;
}

static int pasid_set_own(struct ioasid_route *route, bool old,
			 struct iommu_domain *domain)
{
	return pasid_set(route, &route->entry, route->pasid, old, domain,
			 &route->attach);
}

static int pasid_set_alias(struct ioasid_route *route, u32 alias, bool old,
			   struct iommu_domain *domain)
{
	return pasid_set(route, &route->alias_entry, alias, old, domain,
			 &route->alias_attach);
}

void ioasid_generic_pasid_block(struct ioasid_route *route)
{
	if (!route->domain)
		return;
	pasid_detach(route, &route->entry);
	if (route->alias)
		pasid_detach(route, &route->alias_entry);
	route->domain = NULL;
}

static int attach_both(struct ioasid_route *route, struct iommu_domain *domain)
{
	int ret;

	ret = pasid_set_own(route, false, domain);
	if (ret)
		return ret;
	if (route->alias) {
		ret = pasid_set_alias(route, route->alias, false, domain);
		if (ret) {
			pasid_detach(route, &route->entry);
			return ret;
		}
	}
	route->domain = domain;
	return 0;
}

static int replace_both(struct ioasid_route *route, struct iommu_domain *domain)
{
	struct iommu_domain *old = route->domain;
	int ret;

	ret = pasid_set_own(route, true, domain);
	if (!ret && route->alias)
		ret = pasid_set_alias(route, route->alias, true, domain);
	if (!ret) {
		route->domain = domain;
		return 0;
	}
	/* The driver may have blocked it before it refused; and the two must not part */
	ioasid_generic_pasid_block(route);
	attach_both(route, old);
	return ret;
}

int ioasid_generic_pasid_attach(struct ioasid_route *route,
			      struct iommu_domain *domain)
{
	struct iommu_domain *old = route->domain;
	int ret;

	if (old == domain && !ioasid_route_has_ended(route))
		return 0;
	if (old && KC_PASID_REPLACE)
		return replace_both(route, domain);
	/* Through blocked, where the kernel cannot do better */
	ioasid_generic_pasid_block(route);
	ret = attach_both(route, domain);
	if (ret && old)
		attach_both(route, old);
	return ret;
}

/**
 * ioasid_generic_alias() - give a route by PASID its second number
 * @route: the route, attached, without an alias
 * @alias: the number
 *
 * Return: 0, -EOPNOTSUPP if the PASID has ended, or an error of the kernel's.
 */
int ioasid_generic_alias(struct ioasid_route *route, u32 alias)
{
	int ret = pasid_set_alias(route, alias, false, route->domain);

	if (!ret)
		WRITE_ONCE(route->alias, alias);
	return ret;
}
