// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses that DMA of a group cannot use, as the kernel knows them.
 */
#include <linux/iommu.h>
#include <linux/slab.h>
#include <uapi/linux/ioasid.h>

#include "attach/reserved.h"

/**
 * ioasid_read_reserved() - what DMA of a group cannot use: all but what firmware
 * may do without
 * @iommu_group: the group
 * @ranges: out: the ranges, to be freed with kfree()
 * @nr_ranges: out: their number
 * @msi: out, if there is such: what of it the kernel maps for interrupts
 *
 * Return: 0, -ENOMEM, or an error of the kernel's.
 */
int ioasid_read_reserved(struct iommu_group *iommu_group,
			 struct ioasid_range **ranges, unsigned int *nr_ranges,
			 struct ioasid_range *msi)
{
	struct iommu_resv_region *region, *next;
	struct ioasid_range *range;
	unsigned int nr = 0;
	LIST_HEAD(regions);
	int ret;

	ret = iommu_get_group_resv_regions(iommu_group, &regions);
	if (ret)
		goto free;
	list_for_each_entry(region, &regions, list)
		nr++;
	range = kcalloc(nr, sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range) {
		ret = -ENOMEM;
		goto free;
	}
	nr = 0;
	list_for_each_entry(region, &regions, list) {
		if (region->type == IOMMU_RESV_DIRECT_RELAXABLE || !region->length)
			continue;
		range[nr].start = region->start;
		range[nr].last = region->start + region->length - 1;
		if (region->type == IOMMU_RESV_SW_MSI)
			*msi = range[nr];
		nr++;
	}
	*ranges = range;
	*nr_ranges = nr;
free:
	list_for_each_entry_safe(region, next, &regions, list)
		kfree(region);
	return ret;
}

/**
 * ioasid_reserved_is_firmwares() - has firmware memory that must stay mapped for a device?
 * @iommu_group: of the device
 *
 * VT-d's RMRR, Arm's RMR. The kernel gives such a device to no user, and says so at each
 * try; 6.1 with VT-d only, where the others would lose what firmware needs.
 */
bool ioasid_reserved_is_firmwares(struct iommu_group *iommu_group)
{
	struct iommu_resv_region *region, *next;
	LIST_HEAD(regions);
	bool found = false;

	iommu_get_group_resv_regions(iommu_group, &regions);
	list_for_each_entry_safe(region, next, &regions, list) {
		found |= region->type == IOMMU_RESV_DIRECT;
		kfree(region);
	}
	return found;
}
