/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Software devices: which there are, and of which groups.
 */
#ifndef SWIOMMU_DEVICE_H
#define SWIOMMU_DEVICE_H

#include <linux/types.h>

#include "swiommu/swiommu.h"

struct iommu_group;
struct platform_device;

bool swiommu_has_parent(u32 type);
struct swiommu_device *swiommu_device_alloc(struct swiommu *iommu,
					    const struct swiommu_device_create *arg);
void swiommu_device_put(struct swiommu_device *dev);
int swiommu_device_list(struct swiommu_device *dev, u32 parent);
void swiommu_device_set_state(struct swiommu_device *dev, enum swiommu_state state);
void swiommu_device_set_pdev(struct swiommu_device *dev, struct platform_device *pdev);
struct swiommu_device *swiommu_device_by_id(u32 id);
struct swiommu_device *swiommu_device_new(struct platform_device *pdev);
struct swiommu_device *swiommu_device_get_child(struct swiommu_device *parent);
struct iommu_group *swiommu_device_group(struct swiommu_device *dev);
void swiommu_device_ungroup(struct swiommu_device *dev);
void swiommu_device_ids_exit(void);

#endif /* SWIOMMU_DEVICE_H */
