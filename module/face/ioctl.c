// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of the ioctls of the I/O address space fd, those of linux/ioasid.h (ioasid.c)
 * and those of Linux's iommufd (iommufd*.c): sizes, flags and fields that must be 0 are
 * looked at here. Each further one is a line of it.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <uapi/linux/ioasid.h>

#include "compat/iommufd_abi.h"
#include "compat/pasid_compat.h"
#include "face/ioasid.h"
#include "face/ioctl.h"
#include "face/iommufd.h"
#include "face/iommufd_hwpt.h"
#include "face/iommufd_ioas.h"
#include "include/ioasid_api.h"

#define FLAGS(...)	IOASID_IOCTL_FLAGS(__VA_ARGS__)
#define ZERO(...)	IOASID_IOCTL_ZERO(__VA_ARGS__)

/* What Linux does not know it calls not supported */
#define IFD(...)	IOASID_IOCTL(EOPNOTSUPP, __VA_ARGS__)
#define OURS(...)	IOASID_IOCTL(EINVAL, __VA_ARGS__)

static const struct ioasid_ioctl ioctls[] = {
	IFD(IFD_IOAS_COPY, ioasid_ifd_ioas_copy, struct ifd_ioas_copy, src_iova),
	IFD(IFD_IOAS_MAP_FILE, ioasid_ifd_ioas_map_file, struct ifd_ioas_map_file, iova),
	OURS(IOMMU_DEVICE_GET_INFO, ioasid_do_device_get_info, struct ioasid_device_info, caps,
	     FLAGS(struct ioasid_device_info, 0)),
	OURS(IOMMU_IOASID_ALLOC, ioasid_do_ioasid_alloc, struct ioasid_alloc, ioasid),
	OURS(IOMMU_IOASID_FREE, ioasid_do_ioasid_free, struct ioasid_free, __reserved,
	     FLAGS(struct ioasid_free, 0), ZERO(struct ioasid_free, __reserved)),
	OURS(IOMMU_IOASID_GET_INFO, ioasid_do_ioasid_get_info, struct ioasid_info, attachments,
	     FLAGS(struct ioasid_info, 0)),
	IFD(IFD_DESTROY, ioasid_ifd_destroy, struct ifd_destroy, id),
	IFD(IFD_IOAS_ALLOC, ioasid_ifd_ioas_alloc, struct ifd_ioas_alloc, out_ioas_id,
	    FLAGS(struct ifd_ioas_alloc, 0)),
	IFD(IFD_IOAS_ALLOW_IOVAS, ioasid_ifd_ioas_allow_iovas, struct ifd_ioas_allow_iovas,
	    allowed_iovas, ZERO(struct ifd_ioas_allow_iovas, __reserved)),
	IFD(IFD_IOAS_IOVA_RANGES, ioasid_ifd_ioas_iova_ranges, struct ifd_ioas_iova_ranges,
	    out_iova_alignment, ZERO(struct ifd_ioas_iova_ranges, __reserved)),
	IFD(IFD_OPTION, ioasid_ifd_option, struct ifd_option, val64,
	    ZERO(struct ifd_option, __reserved)),
	IFD(IFD_GET_HW_INFO, ioasid_ifd_get_hw_info, struct ifd_hw_info, __reserved,
	    FLAGS(struct ifd_hw_info, IFD_HW_INFO_INPUT_TYPE),
	    ZERO(struct ifd_hw_info, __reserved)),
	IFD(IFD_HWPT_ALLOC, ioasid_ifd_hwpt_alloc, struct ifd_hwpt_alloc, __reserved,
	    ZERO(struct ifd_hwpt_alloc, __reserved)),
	IFD(IFD_HWPT_SET_DIRTY_TRACKING, ioasid_ifd_hwpt_set_dirty_tracking,
	    struct ifd_hwpt_set_dirty_tracking, __reserved,
	    FLAGS(struct ifd_hwpt_set_dirty_tracking, IFD_DIRTY_TRACKING_ENABLE)),
	IFD(IFD_HWPT_GET_DIRTY_BITMAP, ioasid_ifd_hwpt_get_dirty_bitmap,
	    struct ifd_hwpt_get_dirty_bitmap, data,
	    FLAGS(struct ifd_hwpt_get_dirty_bitmap, IFD_GET_DIRTY_BITMAP_NO_CLEAR),
	    ZERO(struct ifd_hwpt_get_dirty_bitmap, __reserved)),
	IFD(IFD_HWPT_INVALIDATE, ioasid_ifd_hwpt_invalidate, struct ifd_hwpt_invalidate,
	    __reserved),
};

static bool extension(unsigned long ext)
{
	switch (ext) {
	case IOASID_EXT_TYPE1V2_MAP:
	case IOASID_EXT_MAP_ARRAY:
	case IOASID_EXT_NO_SNOOP:
	case IOASID_EXT_MULTI_DEVICE_GROUPS:
	case IOASID_EXT_IOMMUFD:
		return true;
	case IOASID_EXT_PASID:
	case IOASID_EXT_PASID_ALIAS:
		return KC_PASID;
	default:
		return false;
	}
}

/**
 * ioasid_ioctl() - an ioctl of the I/O address space fd
 * @file: the open file
 * @cmd: its number
 * @arg: its argument
 *
 * Mapping and unmapping do not go through the table: they are called so often that the
 * look-up, and a function that is called by its address, would be felt.
 *
 * Return: as linux/ioasid.h and linux/iommufd.h say; -ENOTTY if it is none of those.
 */
long ioasid_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ioasid_ctx *ctx = file->private_data;
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case IOMMU_MAP_DMA:
		return ioasid_do_map_dma(ctx, user);
	case IOMMU_UNMAP_DMA:
		return ioasid_do_unmap_dma(ctx, user);
	case IFD_IOAS_MAP:
		return ioasid_ifd_ioas_map(ctx, user);
	case IFD_IOAS_UNMAP:
		return ioasid_ifd_ioas_unmap(ctx, user);
	case IOMMU_CHECK_EXTENSION:
		return extension(arg);
	default:
		return ioasid_ioctl_call(ioctls, ARRAY_SIZE(ioctls), ctx, cmd, user);
	}
}
