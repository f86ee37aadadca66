/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_IDS_H
#define IOASID_IDS_H

#include <linux/types.h>

#include "base/limits.h"

struct device;
struct iommu_device;
struct iommu_domain;
struct ioasid_route;

/* One id of this number is never a user's: the kernel needs some again, in a reset */
#define IOASID_IDS_KEPT		16

/* Of @nr ids, how many users may have */
static inline unsigned int ioasid_ids_for_users(unsigned int nr)
{
	return nr - nr / IOASID_IDS_KEPT;
}

struct iommu_domain *ioasid_ids_domain_alloc(struct device *dev,
					     const struct ioasid_route *route,
					     unsigned int flags, const void *pool,
					     unsigned int nr_ids);
struct ioasid_charge ioasid_ids_forget(const struct iommu_domain *domain);
bool ioasid_ids_needed(const struct iommu_domain *domain, struct iommu_device **iommu);
int ioasid_ids_moved(const struct iommu_domain *old, const struct iommu_domain *new,
		     struct iommu_device **iommu);

#endif /* IOASID_IDS_H */
