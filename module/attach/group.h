/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_GROUP_H
#define IOASID_GROUP_H

#include "ioas/ioas.h"

/**
 * struct ioasid_group - an IOMMU group in the hands of a user
 * @node: in the list of groups
 * @lock: protects @rid, @point and @attached_by. Held while memory is pinned
 *	for an attach; other threads that want it come through the same open
 *	device file
 * @iommu_group: the kernel's group, held, its DMA owned by us
 * @owner: who opened the device; bindings of anybody else are refused
 * @dev: the one device
 * @shim: of its IOMMU
 * @devices: bindings, struct ioasid_device; under groups_lock
 * @blocked: an empty domain. What a user has not attached to anything is
 *	attached to this, for the blocked state of some drivers is not blocked
 * @rid: what the kernel has attached
 * @point: the attached address space, or NULL
 * @attached_by: the binding that did so
 * @nr_reserved: number of @reserved
 * @reserved: ranges that DMA cannot use
 * @aperture: what the IOMMU can translate
 * @can_snoop: no-snoop DMA can be made to snoop
 * @unsafe_msi: no isolated MSI
 *
 * @rid is attached to a page table if there is a @point; else to @blocked, or,
 * if even that failed, left blocked by the kernel's own means.
 */
struct ioasid_group {
	struct list_head node;
	struct mutex lock;
	struct iommu_group *iommu_group;
	void *owner;
	struct device *dev;
	const struct ioasid_shim *shim;
	struct list_head devices;
	struct iommu_domain *blocked;
	struct ioasid_rid rid;
	struct ioasid_attachment_point *point;
	struct ioasid_device *attached_by;
	unsigned int nr_reserved;
	struct ioasid_range *reserved;
	struct ioasid_range aperture;
	bool can_snoop;
	bool unsafe_msi;
};

/**
 * struct ioasid_device - a device bound to an open /dev/iommu
 * @obj: its id
 * @ctx: to what it is bound, held
 * @ctx_node: in the devices of @ctx, under its lock
 * @group: its group
 * @group_node: in the devices of @group
 * @dev: the device
 * @cookie: the user's name for it
 */
struct ioasid_device {
	struct ioasid_obj obj;
	struct ioasid_ctx *ctx;
	struct list_head ctx_node;
	struct ioasid_group *group;
	struct list_head group_node;
	struct device *dev;
	u64 cookie;
};

struct ioasid_group *ioasid_group_get(struct device *dev, void *owner);
void ioasid_group_put(struct ioasid_group *group);
int ioasid_group_attach(struct ioasid_group *group, struct ioasid_device *idev,
			struct ioasid_ioas *ioas);
void ioasid_group_detach(struct ioasid_group *group);
int ioasid_group_ranges(struct ioasid_group *group, struct ioasid_ranges *set);

int ioasid_groups_lock(void);
void ioasid_groups_lock_unkillable(void);
void ioasid_groups_unlock(void);

int ioasid_device_info_fill(struct ioasid_ctx *ctx,
			    struct ioasid_device_info *info,
			    void **caps, u32 *caps_len);

#endif /* IOASID_GROUP_H */
