/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The DMA engine.
 */
#ifndef SWIOMMU_ENGINE_H
#define SWIOMMU_ENGINE_H

#include <linux/list.h>
#include <linux/types.h>

struct file;
struct ioasid_ctx;
struct swiommu_device;
struct swiommu_dma;

/**
 * struct swiommu_work - what a portal has taken
 * @node: in the works of @dev, under swiommu.lock
 * @dev: the device
 * @file: its open file, through which DMA is asked for
 * @ctx: for which program it was sent. Compared alone: when the device is unbound from
 *	it, which frees it, the work has ended
 * @pasid: the PASID that came with it
 * @ended: it does no more DMA; under swiommu.lock
 */
struct swiommu_work {
	struct list_head node;
	struct swiommu_device *dev;
	struct file *file;
	const struct ioasid_ctx *ctx;
	u32 pasid;
	bool ended;
};

long swiommu_dma(struct swiommu_device *dev, struct file *file,
		 struct swiommu_dma *dma, const struct swiommu_work *work);

#endif /* SWIOMMU_ENGINE_H */
