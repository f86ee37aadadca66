// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes by PASID: the kernel's domains behind single PASIDs of a device. A
 * route has one number or, with an alias, two: what is done to one is done to
 * both, or to none.
 */
#include <linux/err.h>

#include "compat/pasid_compat.h"
#include "shim/domains.h"
#include "shim/shim.h"

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

static void pasid_detach(struct ioasid_route *route, u32 pasid,
			 struct iommu_domain *domain)
{
	ioasid_pasid_change_begin();
	kc_pasid_detach(route->dev, pasid, domain);
	ioasid_pasid_change_end();
}

static int pasid_attach(struct ioasid_route *route, u32 pasid,
			struct iommu_domain *domain, struct kc_attach *attach)
{
	int ret;

	ioasid_change_begin();
	ret = kc_pasid_attach(route->dev, pasid, domain, attach);
	ioasid_change_end();
	return ret;
}

static int pasid_replace(struct ioasid_route *route, u32 pasid,
			 struct iommu_domain *domain, struct kc_attach *attach)
{
	int ret;

	ioasid_change_begin();
	ret = kc_pasid_replace(route->dev, pasid, domain, attach);
	ioasid_change_end();
	return ret;
}

void ioasid_generic_pasid_block(struct ioasid_route *route)
{
	if (!route->domain)
		return;
	pasid_detach(route, route->pasid, route->domain);
	if (route->alias)
		pasid_detach(route, route->alias, route->domain);
	route->domain = NULL;
}

static int attach_both(struct ioasid_route *route, struct iommu_domain *domain)
{
	int ret;

	ret = pasid_attach(route, route->pasid, domain, &route->attach);
	if (ret)
		return ret;
	if (route->alias) {
		ret = pasid_attach(route, route->alias, domain, &route->alias_attach);
		if (ret) {
			pasid_detach(route, route->pasid, domain);
			return ret;
		}
	}
	route->domain = domain;
	return 0;
}

static int replace_both(struct ioasid_route *route, struct iommu_domain *domain)
{
	struct iommu_domain *old = route->domain, *first = old;
	int ret;

	ret = pasid_replace(route, route->pasid, domain, &route->attach);
	if (!ret && route->alias) {
		first = domain;
		ret = pasid_replace(route, route->alias, domain, &route->alias_attach);
	}
	if (!ret) {
		route->domain = domain;
		return 0;
	}
	/* The driver may have blocked it before it refused; and the two must not part */
	pasid_detach(route, route->pasid, first);
	if (route->alias)
		pasid_detach(route, route->alias, old);
	route->domain = NULL;
	attach_both(route, old);
	return ret;
}

int ioasid_generic_pasid_attach(struct ioasid_route *route,
			      struct iommu_domain *domain)
{
	struct iommu_domain *old = route->domain;
	int ret;

	if (old == domain)
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
 * Return: 0, or an error of the kernel's.
 */
int ioasid_generic_alias(struct ioasid_route *route, u32 alias)
{
	int ret = pasid_attach(route, alias, route->domain, &route->alias_attach);

	if (!ret)
		WRITE_ONCE(route->alias, alias);
	return ret;
}
