/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_RESET_LIST_H
#define IOASID_RESET_LIST_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct device;
struct iommu_group;
struct task_struct;

/**
 * struct ioasid_reset - a reset of a device in the hands of a user that is under way
 * @node: in the list of them, the latest first; under groups_lock
 * @dev: the device
 * @task: who resets it
 * @pasids: it is of the device's PASIDs, otherwise of its RID
 * @nr: counts it; NULL while the RID, or the PASIDs, have no user. Under groups_lock
 * @frozen: the address spaces that are frozen for it, each held, by their addresses
 */
struct ioasid_reset {
	struct list_head node;
	struct device *dev;
	struct task_struct *task;
	bool pasids;
	unsigned int *nr;
	struct xarray frozen;
};

/* struct ioasid_reset; under groups_lock */
extern struct list_head ioasid_resets;

void ioasid_pasid_resets_begin(const struct device *dev, unsigned int *nr);
void ioasid_group_resets_begin(const struct iommu_group *iommu_group, unsigned int *nr);
void ioasid_resets_end(unsigned int *nr);

#endif /* IOASID_RESET_LIST_H */
