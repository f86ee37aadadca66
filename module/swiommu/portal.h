/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command portals, as seen by a CPU whose instructions send work to a device together
 * with a PASID (ENQCMD, for one). Whoever plays that CPU has the number on the wire.
 */
#ifndef SWIOMMU_PORTAL_H
#define SWIOMMU_PORTAL_H

#include <linux/types.h>

struct file;
struct swiommu_device;
struct swiommu_dma;

/**
 * struct swiommu_work - what a portal has taken
 * @node: in the works of @dev, under swiommu.lock
 * @dev: the device
 * @file: its open file, through which DMA is asked for
 * @pasid: the PASID that came with it
 * @ended: it does no more DMA; under swiommu.lock
 */
struct swiommu_work {
	struct list_head node;
	struct swiommu_device *dev;
	struct file *file;
	u32 pasid;
	bool ended;
};

int swiommu_portal_take(struct swiommu_work *work, struct file *file, u32 pasid);
long swiommu_portal_do(struct swiommu_work *work, struct swiommu_dma *dma);

#endif /* SWIOMMU_PORTAL_H */
