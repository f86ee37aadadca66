// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes by PASID: the kernel's domains behind single PASIDs of a device. A
 * route has one number or, with an alias, two: what is done to one is done to
 * both, or to none.
 */
#include <linux/err.h>

#include "compat/pasid_compat.h"
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

void ioasid_generic_pasid_block(struct ioasid_route *route)
{
	if (!route->domain)
		return;
	kc_pasid_detach(route->dev, route->pasid, route->domain);
	if (route->alias)
		kc_pasid_detach(route->dev, route->alias, route->domain);
	route->domain = NULL;
}

static int attach_both(struct ioasid_route *route, struct iommu_domain *domain)
{
	int ret;

	ret = kc_pasid_attach(route->dev, route->pasid, domain, &route->attach);
	if (ret)
		return ret;
	if (route->alias) {
		ret = kc_pasid_attach(route->dev, route->alias, domain,
				      &route->alias_attach);
		if (ret) {
			kc_pasid_detach(route->dev, route->pasid, domain);
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

	ret = kc_pasid_replace(route->dev, route->pasid, domain, &route->attach);
	if (ret)
		return ret;
	route->domain = domain;
	if (!route->alias)
		return 0;
	ret = kc_pasid_replace(route->dev, route->alias, domain,
			       &route->alias_attach);
	if (!ret)
		return 0;
	/* The two numbers must not part */
	if (!kc_pasid_replace(route->dev, route->pasid, old, &route->attach)) {
		route->domain = old;
		return ret;
	}
	kc_pasid_detach(route->dev, route->pasid, domain);
	kc_pasid_detach(route->dev, route->alias, old);
	route->domain = NULL;
	return -EIO;
}

int ioasid_generic_pasid_attach(struct ioasid_route *route,
			      struct iommu_domain *domain)
{
	struct iommu_domain *old = route->domain;
	int ret;

	if (old == domain)
		return 0;
	if (!old)
		return attach_both(route, domain);
	ret = replace_both(route, domain);
	if (ret != -EOPNOTSUPP)
		return ret;
	/* Through blocked, where the kernel cannot do better */
	ioasid_generic_pasid_block(route);
	ret = attach_both(route, domain);
	if (ret && attach_both(route, old))
		return -EIO;
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
	int ret = kc_pasid_attach(route->dev, alias, route->domain,
				  &route->alias_attach);

	if (!ret)
		WRITE_ONCE(route->alias, alias);
	return ret;
}
