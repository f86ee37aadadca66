/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers and layouts of Linux's iommufd ABI, as far as it is served. Not every
 * kernel's headers have them, and later ones have more than earlier ones; the names
 * are not theirs, so that both can be included. That they are the same is checked
 * where the tests are built (tests/vm/test-iommufd-abi.c).
 *
 * Every structure begins with its size as the caller knows it.
 */
#ifndef IOASID_IOMMUFD_ABI_H
#define IOASID_IOMMUFD_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IFD_TYPE		';'

#define IFD_DESTROY		_IO(IFD_TYPE, 0x80)
#define IFD_IOAS_ALLOC		_IO(IFD_TYPE, 0x81)
#define IFD_IOAS_ALLOW_IOVAS	_IO(IFD_TYPE, 0x82)
#define IFD_IOAS_COPY		_IO(IFD_TYPE, 0x83)
#define IFD_IOAS_IOVA_RANGES	_IO(IFD_TYPE, 0x84)
#define IFD_IOAS_MAP		_IO(IFD_TYPE, 0x85)
#define IFD_IOAS_UNMAP		_IO(IFD_TYPE, 0x86)
#define IFD_OPTION		_IO(IFD_TYPE, 0x87)
#define IFD_HWPT_ALLOC		_IO(IFD_TYPE, 0x89)
#define IFD_GET_HW_INFO		_IO(IFD_TYPE, 0x8a)
#define IFD_HWPT_SET_DIRTY_TRACKING _IO(IFD_TYPE, 0x8b)
#define IFD_HWPT_GET_DIRTY_BITMAP _IO(IFD_TYPE, 0x8c)
#define IFD_HWPT_INVALIDATE	_IO(IFD_TYPE, 0x8d)
#define IFD_IOAS_MAP_FILE	_IO(IFD_TYPE, 0x8f)

struct ifd_destroy {
	__u32 size;
	__u32 id;
};

struct ifd_ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

struct ifd_iova_range {
	__aligned_u64 start;
	__aligned_u64 last;
};

struct ifd_ioas_iova_ranges {
	__u32 size;
	__u32 ioas_id;
	__u32 num_iovas;
	__u32 __reserved;
	__aligned_u64 allowed_iovas;
	__aligned_u64 out_iova_alignment;
};

struct ifd_ioas_allow_iovas {
	__u32 size;
	__u32 ioas_id;
	__u32 num_iovas;
	__u32 __reserved;
	__aligned_u64 allowed_iovas;
};

/* Flags of map, map_file and copy */
#define IFD_MAP_FIXED_IOVA	(1 << 0)
#define IFD_MAP_WRITEABLE	(1 << 1)
#define IFD_MAP_READABLE	(1 << 2)

struct ifd_ioas_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 user_va;
	__aligned_u64 length;
	__aligned_u64 iova;
};

struct ifd_ioas_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};

struct ifd_ioas_copy {
	__u32 size;
	__u32 flags;
	__u32 dst_ioas_id;
	__u32 src_ioas_id;
	__aligned_u64 length;
	__aligned_u64 dst_iova;
	__aligned_u64 src_iova;
};

struct ifd_ioas_unmap {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length;
};

#define IFD_OPTION_RLIMIT_MODE	0
#define IFD_OPTION_HUGE_PAGES	1
#define IFD_OPTION_OP_SET	0
#define IFD_OPTION_OP_GET	1

struct ifd_option {
	__u32 size;
	__u32 option_id;
	__u16 op;
	__u16 __reserved;
	__u32 object_id;
	__aligned_u64 val64;
};

#define IFD_HWPT_DATA_NONE	0
/* Of flags: it can be attached by PASID */
#define IFD_HWPT_ALLOC_PASID	(1 << 3)

struct ifd_hwpt_alloc {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 pt_id;
	__u32 out_hwpt_id;
	__u32 __reserved;
	__u32 data_type;
	__u32 data_len;
	__aligned_u64 data_uptr;
	__u32 fault_id;
	__u32 __reserved2;
};

/* What a type's data are the shim of that vendor knows */
#define IFD_HW_INFO_TYPE_NONE		0

/* Of flags: the type is asked for, 0 for whatever there is */
#define IFD_HW_INFO_INPUT_TYPE			(1 << 0)
/* Of out_capabilities */
#define IFD_HW_CAP_PCI_ATS_NOT_SUPPORTED	(1 << 3)

struct ifd_hw_info {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 data_len;
	__aligned_u64 data_uptr;
	__u32 data_type;
	__u8 out_max_pasid_log2;
	__u8 __reserved[3];
	__aligned_u64 out_capabilities;
};

#define IFD_DIRTY_TRACKING_ENABLE	1
#define IFD_GET_DIRTY_BITMAP_NO_CLEAR	1

struct ifd_hwpt_set_dirty_tracking {
	__u32 size;
	__u32 flags;
	__u32 hwpt_id;
	__u32 __reserved;
};

struct ifd_hwpt_get_dirty_bitmap {
	__u32 size;
	__u32 hwpt_id;
	__u32 flags;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 page_size;
	__aligned_u64 data;
};

struct ifd_hwpt_invalidate {
	__u32 size;
	__u32 hwpt_id;
	__aligned_u64 data_uptr;
	__u32 data_type;
	__u32 entry_len;
	__u32 entry_num;
	__u32 __reserved;
};

#endif /* IOASID_IOMMUFD_ABI_H */
