/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the software IOMMU's module says of its devices to the core.
 */
#ifndef IOASID_SWIOMMU_ABI_H
#define IOASID_SWIOMMU_ABI_H

/* Property, u32: the device shares its group with those that have the same number */
#define SWIOMMU_GROUP_PROPERTY	"ioasid-swiommu-group"

#endif /* IOASID_SWIOMMU_ABI_H */
