// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets of devices that are under way, and for whom they count. One may begin before
 * the device, or its PASIDs, have a user, and end after they have none.
 */
#include <linux/device.h>
#include <linux/iommu.h>

#include "attach/reset_list.h"
#include "ioas/attachment.h"

LIST_HEAD(ioasid_resets);

/**
 * ioasid_pasid_resets_begin() - the PASIDs of a device get a user
 * @dev: the device
 * @nr: their number of resets, 0: resets that are under way become some of them
 *
 * Context: groups_lock is held.
 */
void ioasid_pasid_resets_begin(const struct device *dev, unsigned int *nr)
{
	struct ioasid_reset *reset;

	list_for_each_entry(reset, &ioasid_resets, node)
		if (reset->dev == dev && reset->pasids && !reset->nr) {
			reset->nr = nr;
			ioasid_resets_change(nr, 1);
		}
}

/**
 * ioasid_group_resets_begin() - a group gets a user
 * @iommu_group: the group
 * @nr: its number of resets, 0: resets of its devices that are under way become some of
 *	them
 *
 * Context: groups_lock is held.
 */
void ioasid_group_resets_begin(const struct iommu_group *iommu_group, unsigned int *nr)
{
	struct ioasid_reset *reset;

	list_for_each_entry(reset, &ioasid_resets, node)
		if (!reset->pasids && !reset->nr && reset->dev->iommu_group == iommu_group) {
			reset->nr = nr;
			ioasid_resets_change(nr, 1);
		}
}

/**
 * ioasid_resets_end() - nobody has a RID any more
 * @nr: its number of resets, which is about to go away
 *
 * Context: groups_lock is held.
 */
void ioasid_resets_end(unsigned int *nr)
{
	struct ioasid_reset *reset;

	list_for_each_entry(reset, &ioasid_resets, node)
		if (reset->nr == nr)
			reset->nr = NULL;
}
