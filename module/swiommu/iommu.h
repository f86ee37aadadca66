/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOMMUs, as the kernel's core sees them.
 */
#ifndef SWIOMMU_IOMMU_H
#define SWIOMMU_IOMMU_H

#include <linux/types.h>

struct iommu_ops;
struct swiommu;

/**
 * struct swiommu_options - how an IOMMU is to be
 * @addr_width: as in struct swiommu
 * @pasid_width: likewise
 * @pgsizes: likewise
 * @snoop: likewise
 * @passthrough: likewise
 */
struct swiommu_options {
	unsigned int addr_width;
	unsigned int pasid_width;
	unsigned long pgsizes;
	bool snoop;
	bool passthrough;
};

extern const struct iommu_ops swiommu_ops;
struct swiommu *swiommu_by_index(u32 index);
unsigned int swiommu_count(void);
int swiommu_register(const struct swiommu_options *options);
void swiommu_unregister_all(void);

#endif /* SWIOMMU_IOMMU_H */
