/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices' files.
 */
#ifndef SWIOMMU_CHARDEV_H
#define SWIOMMU_CHARDEV_H

struct device;
struct file;
struct swiommu_device;
struct swiommu_dma;

int swiommu_chardev_add(struct swiommu_device *dev, struct device *parent);
void swiommu_chardev_del(struct swiommu_device *dev);
struct swiommu_device *swiommu_file_device(struct file *file);
long swiommu_check_dma(struct swiommu_device *dev, const struct swiommu_dma *dma);

#endif /* SWIOMMU_CHARDEV_H */
