/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command portals, as seen by a CPU whose instructions send work to a device together
 * with a PASID (ENQCMD, for example). What plays that CPU has the number on the wire,
 * and says for which program it sends.
 */
#ifndef SWIOMMU_PORTAL_H
#define SWIOMMU_PORTAL_H

#include <linux/types.h>

struct file;
struct ioasid_ctx;
struct ioasid_pasid_listener;
struct swiommu_device;
struct swiommu_dma;

/**
 * struct swiommu_sender - for which program a CPU executes an instruction
 * @ctx: the program's context
 * @translator: the CPU's, if it has translated the PASID for @ctx; NULL: the number is
 *	the one that the program names
 */
struct swiommu_sender {
	struct ioasid_ctx *ctx;
	const struct ioasid_pasid_listener *translator;
};

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

int swiommu_portal_take(struct swiommu_work *work, struct file *file,
			const struct swiommu_sender *sender, u32 pasid);
long swiommu_portal_do(struct swiommu_work *work, struct swiommu_dma *dma);

#endif /* SWIOMMU_PORTAL_H */
