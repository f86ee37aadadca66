/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page requests.
 */
#ifndef SWIOMMU_FAULT_H
#define SWIOMMU_FAULT_H

#include <linux/types.h>

struct file;
struct swiommu_context;
struct swiommu_device;
struct swiommu_domain;

void swiommu_fault_answer(struct swiommu_device *dev, u32 pasid, u32 group, bool success);
void swiommu_fault_fail(struct swiommu_context *ctx);
void swiommu_fault_fail_all(struct swiommu_device *dev);
int swiommu_fault_ask(struct swiommu_device *dev, struct file *file, u32 pasid, u64 iova,
		      unsigned int want);
int swiommu_fault_start(struct swiommu_device *dev);
void swiommu_fault_stop(struct swiommu_device *dev);
void swiommu_fault_free(struct swiommu_domain *domain);
void swiommu_fault_exit(void);

#endif /* SWIOMMU_FAULT_H */
