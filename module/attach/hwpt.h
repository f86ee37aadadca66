/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_HWPT_H
#define IOASID_HWPT_H

#include "attach/group.h"

/**
 * struct ioasid_hwpt - a page table of an address space, by an id of its own
 * @obj: its id
 * @ioas: the address space, held
 * @iommu: of whose page tables it is
 * @snoop: it makes no-snoop DMA snoop, if @ioas does not forbid it
 * @nr_users: RIDs and PASIDs of bindings that are attached to it
 * @dead: out of the id table, or about to be: no attach any more
 *
 * Devices of one IOMMU with the same snooping share one page table of an address
 * space (attach/group.h, ioas/types.h), which exists while one of them is attached:
 * these two say which one it is. Another device is not attached to it.
 *
 * @nr_users and @dead are protected by the lock of the context.
 */
struct ioasid_hwpt {
	struct ioasid_obj obj;
	struct ioasid_ioas *ioas;
	struct iommu_device *iommu;
	bool snoop;
	unsigned int nr_users;
	bool dead;
};

struct ioasid_hwpt *ioasid_hwpt_new(struct ioasid_ctx *ctx, u64 cookie, u32 ioasid,
				    bool pasid);
struct ioasid_hwpt *ioasid_hwpt_get(struct ioasid_ctx *ctx, u32 id);
void ioasid_hwpt_put(struct ioasid_hwpt *hwpt);
int ioasid_hwpt_free(struct ioasid_hwpt *hwpt);
void ioasid_hwpt_release_all(struct ioasid_ctx *ctx);
bool ioasid_hwpt_is_for(const struct ioasid_hwpt *hwpt,
			const struct ioasid_group *group);
int ioasid_hwpt_use(struct ioasid_hwpt *hwpt);
void ioasid_hwpt_unuse(struct ioasid_hwpt *hwpt);

#endif /* IOASID_HWPT_H */
