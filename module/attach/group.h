/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_GROUP_H
#define IOASID_GROUP_H

#include "ioas/attachment.h"
#include "ioas/ioas.h"

struct ioasid_device;

/**
 * struct ioasid_group - an IOMMU group in the hands of a user
 * @node: in the list of groups
 * @lock: protects @route and @point, with the devices of @point. Held while memory
 *	is pinned for an attach, but not while more than the one device that
 *	attaches is attached: who ends an attachment never waits for a user
 * @iommu_group: the kernel's group, held, its DMA owned by us
 * @shim: of its IOMMU
 * @iommu: its IOMMU
 * @devices: bindings, struct ioasid_device, one or more; under groups_lock
 * @blocked: an empty domain. What a user has not attached to anything is
 *	attached to this, for the blocked state of some drivers is not blocked
 * @route: what the kernel has attached
 * @point: the attached address space, or NULL
 * @nr_reserved: number of @reserved
 * @reserved: ranges that DMA cannot use; changes under groups_lock and @lock
 * @aperture: what the IOMMU can translate
 * @can_snoop: no-snoop DMA can be made to snoop
 * @unsafe_msi: no isolated MSI; under groups_lock
 * @resets: number of resets of its devices that are under way. Not 0: nothing is
 *	attached. Changes by ioasid_resets_change() under groups_lock
 *
 * All of the group enters with the first binding of one of its devices, and
 * leaves with the last: devices that nobody has bound, and those that are plugged
 * in later, have the same domain behind their RIDs. There is no device that
 * stands for the group: any one may be unbound and removed before the others.
 *
 * @route is attached to a page table if there is a @point; else to @blocked, or,
 * if even that failed, left blocked by the kernel's own means.
 */
struct ioasid_group {
	struct list_head node;
	struct mutex lock;
	struct iommu_group *iommu_group;
	const struct ioasid_shim *shim;
	struct iommu_device *iommu;
	struct list_head devices;
	struct iommu_domain *blocked;
	struct ioasid_route route;
	struct ioasid_attachment_point *point;
	unsigned int nr_reserved;
	struct ioasid_range *reserved;
	struct ioasid_range aperture;
	bool can_snoop;
	bool unsafe_msi;
	unsigned int resets;
};

int ioasid_groups_lock(void);
void ioasid_groups_lock_unkillable(void);
void ioasid_groups_unlock(void);

int ioasid_group_join(struct ioasid_device *idev);
void ioasid_group_leave(struct ioasid_device *idev);
int ioasid_group_ranges(struct ioasid_group *group, struct ioasid_ranges *set);
int ioasid_group_device_id(struct ioasid_ctx *ctx, struct device *dev);
struct ioasid_group *ioasid_group_of(const struct device *dev);
bool ioasid_group_is_bound(const struct iommu_group *iommu_group);

#endif /* IOASID_GROUP_H */
