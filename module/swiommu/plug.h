/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Software devices are made and removed.
 */
#ifndef SWIOMMU_PLUG_H
#define SWIOMMU_PLUG_H

struct swiommu;
struct swiommu_device;
struct swiommu_device_create;

int swiommu_devices_init(void);
void swiommu_devices_exit(void);
struct swiommu_device *swiommu_device_create(struct swiommu *iommu,
					     struct swiommu_device_create *arg);
int swiommu_device_destroy(struct swiommu_device *dev);

#endif /* SWIOMMU_PLUG_H */
