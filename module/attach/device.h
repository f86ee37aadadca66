/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_DEVICE_H
#define IOASID_DEVICE_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "base/ctx.h"
#include "base/limits.h"
#include "include/ioasid_api.h"
#include "shim/msi.h"

struct ioasid_attached;
struct ioasid_group;
struct ioasid_hwpt;
struct ioasid_mediated;
struct ioasid_numbers;
struct ioasid_pasids;

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

/**
 * ioasid_device_has_pasids() - may its user name PASIDs?
 * @idev: the binding
 */
static inline bool ioasid_device_has_pasids(const struct ioasid_device *idev)
{
	return idev->pasids && idev->type != IOASID_DEVICE_MEDIATED_FIXED;
}

struct ioasid_device *ioasid_device_find(struct ioasid_ctx *ctx, u64 cookie);
int ioasid_device_check(struct ioasid_ctx *ctx, struct device *dev, u64 cookie);
void ioasid_device_add(struct ioasid_device *idev);
void ioasid_device_remove(struct ioasid_device *idev);

#endif /* IOASID_DEVICE_H */
