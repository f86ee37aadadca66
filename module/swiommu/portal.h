/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command portals, as seen by a CPU whose instructions send work to a device together
 * with a PASID (ENQCMD, for example). What plays that CPU has the number on the wire,
 * and says for which program it sends.
 */
#ifndef SWIOMMU_PORTAL_H
#define SWIOMMU_PORTAL_H

#include <linux/types.h>

#include "swiommu/engine.h"

struct file;
struct ioasid_bindings;
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

int swiommu_portal_take(struct swiommu_work *work, struct file *file,
			const struct swiommu_sender *sender, u32 pasid);
long swiommu_portal_do(struct swiommu_work *work, struct swiommu_dma *dma);
bool swiommu_has_portal(const struct swiommu_device *dev);
void swiommu_portal_end_works(struct ioasid_bindings *bindings,
			      const struct ioasid_ctx *ctx, u32 ppasid);

#endif /* SWIOMMU_PORTAL_H */
