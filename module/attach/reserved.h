/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_RESERVED_H
#define IOASID_RESERVED_H

#include <linux/types.h>

struct iommu_group;
struct ioasid_range;

int ioasid_read_reserved(struct iommu_group *iommu_group,
			 struct ioasid_range **ranges, unsigned int *nr_ranges,
			 struct ioasid_range *msi);
bool ioasid_reserved_is_firmwares(struct iommu_group *iommu_group);

#endif /* IOASID_RESERVED_H */
