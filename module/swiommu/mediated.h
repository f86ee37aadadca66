/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA of devices that leave it to a parent.
 */
#ifndef SWIOMMU_MEDIATED_H
#define SWIOMMU_MEDIATED_H

#include <linux/types.h>

struct file;
struct swiommu_device;

bool swiommu_mediated_ppasid(struct swiommu_device *dev, u32 vpasid, u32 *ppasid);
int swiommu_mediated_move(struct swiommu_device *dev, struct file *file, u64 iova,
			  void *buffer, size_t size, unsigned int want);

#endif /* SWIOMMU_MEDIATED_H */
