// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a bound device and its IOMMU can do.
 */
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/pci-ats.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attach/device.h"
#include "attach/group.h"
#include "attach/info.h"
#include "attach/numbers.h"
#include "attach/pasids.h"
#include "compat/iommufd_abi.h"
#include "include/ioasid_api.h"
#include "shim/sole.h"

/* What stands for the RID of a mediated device is replaced as its PASIDs are */
static u32 pasid_info_flags(struct ioasid_pasids *pasids, bool rid)
{
	if (!pasids || !pasids->shim->atomic_replace_pasid ||
	    !ioasid_sole_is_alone(&pasids->sole))
		return 0;
	return IOASID_DEVICE_INFO_ATOMIC_REPLACE_PASID |
	       (rid ? IOASID_DEVICE_INFO_ATOMIC_REPLACE : 0);
}

static u32 device_info_flags(const struct ioasid_device *idev)
{
	const struct ioasid_group *group = idev->group;
	u32 flags = pasid_info_flags(idev->pasids, false);

	if (group->can_snoop)
		flags |= IOASID_DEVICE_INFO_ENFORCE_SNOOP;
	if (group->shim->atomic_replace)
		flags |= IOASID_DEVICE_INFO_ATOMIC_REPLACE;
	if (group->unsafe_msi)
		flags |= IOASID_DEVICE_INFO_UNSAFE_MSI;
	return flags;
}

/*
 * What a mediated device can do: as much as its parent's PASIDs or, without an
 * IOMMU, everything, at any address
 */
static int mediated_ranges(const struct ioasid_pasids *pasids,
			   struct ioasid_ranges *set)
{
	unsigned int i;
	int ret;

	if (!pasids)
		return ioasid_ranges_add(set, 0, U64_MAX);
	ret = ioasid_ranges_add(set, pasids->aperture.start, pasids->aperture.last);
	for (i = 0; !ret && i < pasids->nr_reserved; i++)
		ret = ioasid_ranges_subtract(set, pasids->reserved[i].start,
					     pasids->reserved[i].last);
	return ret;
}

static int mediated_info(const struct ioasid_device *idev,
			 struct ioasid_device_info *info, void **caps, u32 *caps_len)
{
	struct ioasid_pasids *pasids = idev->pasids;
	struct ioasid_cap_iova_ranges *ranges;
	struct ioasid_ranges set = {};
	int ret;

	ret = mediated_ranges(pasids, &set);
	if (ret)
		goto clear;
	*caps_len = struct_size(ranges, ranges, set.nr);
	ranges = kzalloc(*caps_len, GFP_KERNEL_ACCOUNT);
	if (!ranges) {
		ret = -ENOMEM;
		goto clear;
	}
	ranges->header.id = IOASID_CAP_IOVA_RANGES;
	ranges->header.version = 1;
	ranges->header.size = *caps_len;
	memcpy(ranges->ranges, set.range, array_size(set.nr, sizeof(*set.range)));
	*caps = ranges;

	info->flags = pasid_info_flags(pasids, true);
	if (pasids && pasids->can_snoop)
		info->flags |= IOASID_DEVICE_INFO_ENFORCE_SNOOP;
	info->pgsizes = pasids ? pasids->pgsizes : ~0ULL << PAGE_SHIFT;
	info->addr_width = fls64(set.nr ? set.range[set.nr - 1].last : 0);
	info->vendor = pasids ? pasids->shim->vendor : IOASID_IOMMU_OTHER;
	info->group_devices = 0;
clear:
	ioasid_ranges_clear(&set);
	return ret;
}

/* The records of a device's info: ranges, then the vendor's registers */
static int device_caps(struct ioasid_device *idev, void **caps, u32 *caps_len)
{
	struct ioasid_group *group = idev->group;
	struct ioasid_cap_iova_ranges *ranges;
	struct ioasid_ranges set = {};
	struct ioasid_cap_hw hw = {};
	size_t len;
	int ret;

	ret = ioasid_group_ranges(group, &set);
	if (ret)
		goto clear;
	ret = group->shim->hw_info(idev->dev, &hw);
	if (ret && ret != -ENODATA)
		goto clear;
	len = struct_size(ranges, ranges, set.nr);
	ranges = kzalloc(len + (ret ? 0 : sizeof(hw)), GFP_KERNEL_ACCOUNT);
	*caps_len = len + (ret ? 0 : sizeof(hw));
	if (!ranges) {
		ret = -ENOMEM;
		goto clear;
	}
	ranges->header.id = IOASID_CAP_IOVA_RANGES;
	ranges->header.version = 1;
	ranges->header.size = len;
	memcpy(ranges->ranges, set.range, set.nr * sizeof(*set.range));
	if (!ret)
		memcpy((void *)ranges + len, &hw, sizeof(hw));
	*caps = ranges;
	ret = 0;
clear:
	ioasid_ranges_clear(&set);
	return ret;
}

void ioasid_device_pasid_info(const struct ioasid_device *idev,
			      struct ioasid_pasid_info *info)
{
	static const u32 flags[] = {
		[IOASID_DEVICE_PHYSICAL_USER_TABLE] = IOASID_PASID_DELEGATED |
			IOASID_PASID_IDENTICAL | IOASID_PASID_ALIAS,
		[IOASID_DEVICE_PHYSICAL_PASIDS] = IOASID_PASID_IDENTICAL |
			IOASID_PASID_ALIAS,
		[IOASID_DEVICE_MEDIATED_PASIDS] = 0,
		[IOASID_DEVICE_PHYSICAL_CPU] = IOASID_PASID_CPU |
			IOASID_PASID_IDENTICAL | IOASID_PASID_ALIAS,
		[IOASID_DEVICE_MEDIATED_CPU] = IOASID_PASID_CPU |
			IOASID_PASID_CPU_TRANSLATED | IOASID_PASID_GLOBAL,
	};

	bool any = ioasid_device_has_pasids(idev) && ioasid_sole_is_alone(&idev->pasids->sole);

	info->flags = any ? flags[idev->type] : 0;
	info->width = any ? ilog2(idev->numbers->limit) : 0;
}
EXPORT_SYMBOL_GPL(ioasid_device_pasid_info);

/**
 * ioasid_device_info_fill() - answer IOMMU_DEVICE_GET_INFO
 * @ctx: the context
 * @info: the answer, of which @cookie is the question
 * @caps: out: the records, to be freed with kfree()
 * @caps_len: out: their size, bytes
 *
 * Return: 0, -ENODEV if no device has that cookie, -ENOMEM, -EINTR.
 */
int ioasid_device_info_fill(struct ioasid_ctx *ctx,
			    struct ioasid_device_info *info,
			    void **caps, u32 *caps_len)
{
	struct ioasid_pasid_info pasid;
	struct ioasid_device *idev;
	struct ioasid_group *group;
	int ret;

	ret = ioasid_groups_lock();
	if (ret)
		return ret;
	ret = -ENODEV;
	mutex_lock(&ctx->lock);
	list_for_each_entry(idev, &ctx->devices, ctx_node) {
		if (idev->cookie != info->cookie)
			continue;
		ioasid_device_pasid_info(idev, &pasid);
		info->pasid_width = pasid.width;
		info->pasid_flags = pasid.flags;
		if (idev->mediated) {
			ret = mediated_info(idev, info, caps, caps_len);
			break;
		}
		group = idev->group;
		info->flags = device_info_flags(idev);
		info->pgsizes = group->shim->pgsizes(group->blocked);
		info->addr_width = fls64(group->aperture.last);
		info->vendor = group->shim->vendor;
		info->group_devices = ioasid_group_size(group->iommu_group);
		ret = device_caps(idev, caps, caps_len);
		break;
	}
	mutex_unlock(&ctx->lock);
	ioasid_groups_unlock();
	return ret;
}

/**
 * ioasid_device_hw_data() - what Linux's iommufd says of a device's IOMMU
 * @ctx: the context
 * @cookie: of the device
 * @data: filled in
 *
 * Return: 0, -ENODEV if no device has that cookie, -EINTR.
 */
int ioasid_device_hw_data(struct ioasid_ctx *ctx, u64 cookie,
			  struct ioasid_hw_data *data)
{
	struct ioasid_device *idev;
	int ret;

	ret = ioasid_groups_lock();
	if (ret)
		return ret;
	memset(data, 0, sizeof(*data));
	mutex_lock(&ctx->lock);
	idev = ioasid_device_find(ctx, cookie);
	if (!idev)
		ret = -ENODEV;
	else if (idev->group && idev->group->shim->hw_data)
		idev->group->shim->hw_data(idev->dev, data);
	if (idev && idev->pasids && idev->group &&
	    ioasid_sole_is_alone(&idev->pasids->sole))
		data->pasid_width = ilog2(idev->pasids->wire.limit);
	if (idev && !(dev_is_pci(idev->dev) &&
		      pci_ats_supported(to_pci_dev(idev->dev))))
		data->capabilities |= IFD_HW_CAP_PCI_ATS_NOT_SUPPORTED;
	mutex_unlock(&ctx->lock);
	ioasid_groups_unlock();
	return ret;
}
