/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_GROUP_H
#define IOASID_GROUP_H

#include "attach/numbers.h"
#include "include/ioasid_api.h"
#include "ioas/attachment.h"
#include "ioas/ioas.h"

struct ioasid_device;
struct ioasid_hwpt;

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

/**
 * struct ioasid_device - a device bound to an open /dev/iommu
 * @obj: its id
 * @ctx: to what it is bound, held
 * @ctx_node: in the devices of @ctx, under its lock
 * @cookie_node: in those of the same hash
 * @group: its group; NULL for a mediated device
 * @group_node: in the devices of @group
 * @msi: its driver stays
 * @mediated: the mediated device; NULL for a physical one
 * @ops: of its driver
 * @data: for @ops
 * @dev: the device
 * @owner: who opened it
 * @cookie: the user's name for it
 * @hwpt: what it has attached was named by this id of a page table, or NULL; as
 *	@attached
 * @charge: for what is attached behind its RID, unless that is a PASID; as @hwpt
 * @attached: its place in the group's attachment, or NULL; under the group's
 *	lock. Changed for no one but this binding, whose calls come one by one
 * @type: what kind of device it is
 * @pasids: those of its RID, or of its parent's; NULL if it has none
 * @numbers: PASIDs as its user knows them: those of @pasids or of @mediated
 * @attached_pasids: struct ioasid_pasid
 * @rcu: to be freed when nobody looks up its PASIDs any more
 */
struct ioasid_device {
	struct ioasid_obj obj;
	struct ioasid_ctx *ctx;
	struct list_head ctx_node;
	struct hlist_node cookie_node;
	struct ioasid_group *group;
	struct list_head group_node;
	struct ioasid_msi_bound msi;
	struct ioasid_mediated *mediated;
	const struct ioasid_mediated_ops *ops;
	void *data;
	struct device *dev;
	void *owner;
	u64 cookie;
	struct ioasid_hwpt *hwpt;
	struct ioasid_charge charge;
	struct ioasid_attached *attached;
	enum ioasid_device_type type;
	struct ioasid_pasids *pasids;
	struct ioasid_numbers *numbers;
	struct list_head attached_pasids;
	struct rcu_head rcu;
};

int ioasid_group_join(struct ioasid_device *idev);
void ioasid_group_leave(struct ioasid_device *idev);
int ioasid_group_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas,
			bool no_snoop);
int ioasid_group_detach(struct ioasid_device *idev);
int ioasid_attach_error(int error);
u32 ioasid_group_ioasid(const struct ioasid_device *idev);
int ioasid_group_ranges(struct ioasid_group *group, struct ioasid_ranges *set);
int ioasid_group_device_id(struct ioasid_ctx *ctx, struct device *dev);
struct ioasid_group *ioasid_group_of(const struct device *dev);
bool ioasid_group_is_bound(const struct iommu_group *iommu_group);

int ioasid_read_reserved(struct iommu_group *iommu_group,
			 struct ioasid_range **ranges, unsigned int *nr_ranges,
			 struct ioasid_range *msi);

void ioasid_no_snoop_tell(struct ioasid_ctx *ctx);

int ioasid_groups_lock(void);
void ioasid_groups_lock_unkillable(void);
void ioasid_groups_unlock(void);

struct ioasid_device *ioasid_device_find(struct ioasid_ctx *ctx, u64 cookie);
int ioasid_device_hw_data(struct ioasid_ctx *ctx, u64 cookie,
			  struct ioasid_hw_data *data);
int ioasid_device_info_fill(struct ioasid_ctx *ctx,
			    struct ioasid_device_info *info,
			    void **caps, u32 *caps_len);

#endif /* IOASID_GROUP_H */
