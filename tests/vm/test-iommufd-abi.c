// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux's iommufd ABI, by the headers of Linux and nothing else: structures, options, and
 * what there is not. Other objects are in test-iommufd-*-abi.c. On Linux's own stack
 * (scripts/check-linux-abi) the same program must get the same answers: where ours
 * differ it says so, by stack_is_linux(), and why.
 */
#include "../../module/compat/iommufd_abi.h"
#include "../../module/shim/vtd_abi.h"
#include "abi.h"
#include "iommufd.h"
#include "memory.h"

/* What ours say is what the headers say */
SAME(IFD_DESTROY, IOMMU_DESTROY);
SAME_SIZE(ifd_destroy, iommu_destroy);
SAME_PLACE(ifd_destroy, iommu_destroy, size);
SAME_PLACE(ifd_destroy, iommu_destroy, id);

SAME(IFD_IOAS_ALLOC, IOMMU_IOAS_ALLOC);
SAME_SIZE(ifd_ioas_alloc, iommu_ioas_alloc);
SAME_PLACE(ifd_ioas_alloc, iommu_ioas_alloc, flags);
SAME_PLACE(ifd_ioas_alloc, iommu_ioas_alloc, out_ioas_id);

SAME_SIZE(ifd_iova_range, iommu_iova_range);
SAME_PLACE(ifd_iova_range, iommu_iova_range, start);
SAME_PLACE(ifd_iova_range, iommu_iova_range, last);

SAME(IFD_IOAS_IOVA_RANGES, IOMMU_IOAS_IOVA_RANGES);
SAME_SIZE(ifd_ioas_iova_ranges, iommu_ioas_iova_ranges);
SAME_PLACE(ifd_ioas_iova_ranges, iommu_ioas_iova_ranges, ioas_id);
SAME_PLACE(ifd_ioas_iova_ranges, iommu_ioas_iova_ranges, num_iovas);
SAME_PLACE(ifd_ioas_iova_ranges, iommu_ioas_iova_ranges, __reserved);
SAME_PLACE(ifd_ioas_iova_ranges, iommu_ioas_iova_ranges, allowed_iovas);
SAME_PLACE(ifd_ioas_iova_ranges, iommu_ioas_iova_ranges, out_iova_alignment);

SAME(IFD_IOAS_ALLOW_IOVAS, IOMMU_IOAS_ALLOW_IOVAS);
SAME_SIZE(ifd_ioas_allow_iovas, iommu_ioas_allow_iovas);
SAME_PLACE(ifd_ioas_allow_iovas, iommu_ioas_allow_iovas, ioas_id);
SAME_PLACE(ifd_ioas_allow_iovas, iommu_ioas_allow_iovas, num_iovas);
SAME_PLACE(ifd_ioas_allow_iovas, iommu_ioas_allow_iovas, __reserved);
SAME_PLACE(ifd_ioas_allow_iovas, iommu_ioas_allow_iovas, allowed_iovas);

SAME(IFD_MAP_FIXED_IOVA, IOMMU_IOAS_MAP_FIXED_IOVA);
SAME(IFD_MAP_WRITEABLE, IOMMU_IOAS_MAP_WRITEABLE);
SAME(IFD_MAP_READABLE, IOMMU_IOAS_MAP_READABLE);
SAME(IFD_IOAS_MAP, IOMMU_IOAS_MAP);
SAME_SIZE(ifd_ioas_map, iommu_ioas_map);
SAME_PLACE(ifd_ioas_map, iommu_ioas_map, flags);
SAME_PLACE(ifd_ioas_map, iommu_ioas_map, ioas_id);
SAME_PLACE(ifd_ioas_map, iommu_ioas_map, __reserved);
SAME_PLACE(ifd_ioas_map, iommu_ioas_map, user_va);
SAME_PLACE(ifd_ioas_map, iommu_ioas_map, length);
SAME_PLACE(ifd_ioas_map, iommu_ioas_map, iova);

#ifdef IOMMU_IOAS_MAP_FILE
SAME(IFD_IOAS_MAP_FILE, IOMMU_IOAS_MAP_FILE);
SAME_SIZE(ifd_ioas_map_file, iommu_ioas_map_file);
SAME_PLACE(ifd_ioas_map_file, iommu_ioas_map_file, flags);
SAME_PLACE(ifd_ioas_map_file, iommu_ioas_map_file, ioas_id);
SAME_PLACE(ifd_ioas_map_file, iommu_ioas_map_file, fd);
SAME_PLACE(ifd_ioas_map_file, iommu_ioas_map_file, start);
SAME_PLACE(ifd_ioas_map_file, iommu_ioas_map_file, length);
SAME_PLACE(ifd_ioas_map_file, iommu_ioas_map_file, iova);
#endif

SAME(IFD_IOAS_COPY, IOMMU_IOAS_COPY);
SAME_SIZE(ifd_ioas_copy, iommu_ioas_copy);
SAME_PLACE(ifd_ioas_copy, iommu_ioas_copy, flags);
SAME_PLACE(ifd_ioas_copy, iommu_ioas_copy, dst_ioas_id);
SAME_PLACE(ifd_ioas_copy, iommu_ioas_copy, src_ioas_id);
SAME_PLACE(ifd_ioas_copy, iommu_ioas_copy, length);
SAME_PLACE(ifd_ioas_copy, iommu_ioas_copy, dst_iova);
SAME_PLACE(ifd_ioas_copy, iommu_ioas_copy, src_iova);

SAME(IFD_IOAS_UNMAP, IOMMU_IOAS_UNMAP);
SAME_SIZE(ifd_ioas_unmap, iommu_ioas_unmap);
SAME_PLACE(ifd_ioas_unmap, iommu_ioas_unmap, ioas_id);
SAME_PLACE(ifd_ioas_unmap, iommu_ioas_unmap, iova);
SAME_PLACE(ifd_ioas_unmap, iommu_ioas_unmap, length);

SAME(IFD_OPTION, IOMMU_OPTION);
SAME(IFD_OPTION_RLIMIT_MODE, IOMMU_OPTION_RLIMIT_MODE);
SAME(IFD_OPTION_HUGE_PAGES, IOMMU_OPTION_HUGE_PAGES);
SAME(IFD_OPTION_OP_SET, IOMMU_OPTION_OP_SET);
SAME(IFD_OPTION_OP_GET, IOMMU_OPTION_OP_GET);
SAME_SIZE(ifd_option, iommu_option);
SAME_PLACE(ifd_option, iommu_option, option_id);
SAME_PLACE(ifd_option, iommu_option, op);
SAME_PLACE(ifd_option, iommu_option, __reserved);
SAME_PLACE(ifd_option, iommu_option, object_id);
SAME_PLACE(ifd_option, iommu_option, val64);

SAME(IFD_HWPT_ALLOC, IOMMU_HWPT_ALLOC);
SAME(IFD_HWPT_DATA_NONE, IOMMU_HWPT_DATA_NONE);
#ifdef VFIO_DEVICE_ATTACH_PASID
SAME(IFD_HWPT_ALLOC_PASID, IOMMU_HWPT_ALLOC_PASID);
#endif
SAME_SIZE(ifd_hwpt_alloc, iommu_hwpt_alloc);
SAME_PLACE(ifd_hwpt_alloc, iommu_hwpt_alloc, flags);
SAME_PLACE(ifd_hwpt_alloc, iommu_hwpt_alloc, dev_id);
SAME_PLACE(ifd_hwpt_alloc, iommu_hwpt_alloc, pt_id);
SAME_PLACE(ifd_hwpt_alloc, iommu_hwpt_alloc, out_hwpt_id);
SAME_PLACE(ifd_hwpt_alloc, iommu_hwpt_alloc, __reserved);
SAME_PLACE(ifd_hwpt_alloc, iommu_hwpt_alloc, data_type);
SAME_PLACE(ifd_hwpt_alloc, iommu_hwpt_alloc, data_len);
SAME_PLACE(ifd_hwpt_alloc, iommu_hwpt_alloc, data_uptr);
SAME_PLACE(ifd_hwpt_alloc, iommu_hwpt_alloc, fault_id);
SAME_PLACE(ifd_hwpt_alloc, iommu_hwpt_alloc, __reserved2);

SAME(IFD_GET_HW_INFO, IOMMU_GET_HW_INFO);
SAME(IFD_HW_INFO_TYPE_NONE, IOMMU_HW_INFO_TYPE_NONE);
SAME(IFD_HW_INFO_TYPE_INTEL_VTD, IOMMU_HW_INFO_TYPE_INTEL_VTD);
SAME_SIZE(ifd_hw_info, iommu_hw_info);
SAME_PLACE(ifd_hw_info, iommu_hw_info, flags);
SAME_PLACE(ifd_hw_info, iommu_hw_info, dev_id);
SAME_PLACE(ifd_hw_info, iommu_hw_info, data_len);
SAME_PLACE(ifd_hw_info, iommu_hw_info, data_uptr);
SAME(offsetof(struct ifd_hw_info, data_type), offsetof(struct iommu_hw_info, out_data_type));
SAME_PLACE(ifd_hw_info, iommu_hw_info, out_capabilities);
SAME_SIZE(ifd_hw_info_vtd, iommu_hw_info_vtd);
SAME_PLACE(ifd_hw_info_vtd, iommu_hw_info_vtd, flags);
SAME_PLACE(ifd_hw_info_vtd, iommu_hw_info_vtd, cap_reg);
SAME_PLACE(ifd_hw_info_vtd, iommu_hw_info_vtd, ecap_reg);

SAME(IFD_HWPT_SET_DIRTY_TRACKING, IOMMU_HWPT_SET_DIRTY_TRACKING);
SAME(IFD_DIRTY_TRACKING_ENABLE, IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
SAME_SIZE(ifd_hwpt_set_dirty_tracking, iommu_hwpt_set_dirty_tracking);
SAME_PLACE(ifd_hwpt_set_dirty_tracking, iommu_hwpt_set_dirty_tracking, flags);
SAME_PLACE(ifd_hwpt_set_dirty_tracking, iommu_hwpt_set_dirty_tracking, hwpt_id);
SAME(IFD_HWPT_GET_DIRTY_BITMAP, IOMMU_HWPT_GET_DIRTY_BITMAP);
SAME(IFD_GET_DIRTY_BITMAP_NO_CLEAR, IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR);
SAME_SIZE(ifd_hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap);
SAME_PLACE(ifd_hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, hwpt_id);
SAME_PLACE(ifd_hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, flags);
SAME_PLACE(ifd_hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, iova);
SAME_PLACE(ifd_hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, length);
SAME_PLACE(ifd_hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, page_size);
SAME_PLACE(ifd_hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, data);

SAME(IFD_HWPT_INVALIDATE, IOMMU_HWPT_INVALIDATE);
SAME_SIZE(ifd_hwpt_invalidate, iommu_hwpt_invalidate);
SAME_PLACE(ifd_hwpt_invalidate, iommu_hwpt_invalidate, hwpt_id);
SAME_PLACE(ifd_hwpt_invalidate, iommu_hwpt_invalidate, data_uptr);
SAME_PLACE(ifd_hwpt_invalidate, iommu_hwpt_invalidate, entry_len);
SAME_PLACE(ifd_hwpt_invalidate, iommu_hwpt_invalidate, entry_num);
SAME_PLACE(ifd_hwpt_invalidate, iommu_hwpt_invalidate, __reserved);

START_TEST(a_structure_may_be_longer_if_its_tail_is_zero)
{
	struct { struct iommu_ioas_alloc alloc; __u32 tail[5]; } arg = {
		.alloc.size = sizeof(arg)
	};
	int fd = EXPECT_OK(iommufd_open());

	EXPECT_OK(ioctl(fd, IOMMU_IOAS_ALLOC, &arg));
	EXPECT_OK(ifd_destroy(fd, arg.alloc.out_ioas_id));
	arg.tail[4] = 1;
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_ALLOC, &arg), E2BIG);
}
END_TEST

START_TEST(a_structure_that_is_too_short_is_einval)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) - 1 };
	struct iommu_ioas_map map = { .size = sizeof(map) - 8 };
	struct iommu_destroy destroy = { .size = 4 };
	int fd = EXPECT_OK(iommufd_open());

	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_ALLOC, &alloc), EINVAL);
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &map), EINVAL);
	EXPECT_ERRNO(ioctl(fd, IOMMU_DESTROY, &destroy), EINVAL);
	alloc.size = 0;
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_ALLOC, &alloc), EINVAL);
}
END_TEST

START_TEST(a_structure_that_is_not_there_is_efault)
{
	int fd = EXPECT_OK(iommufd_open());

	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_ALLOC, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_UNMAP, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(fd, IOMMU_DESTROY, NULL), EFAULT);
}
END_TEST

START_TEST(an_unknown_number_is_enotty)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 arg[16] = { sizeof(arg) };

	EXPECT_ERRNO(ioctl(fd, _IO(IOMMUFD_TYPE, 0xbf), arg), ENOTTY);
	EXPECT_ERRNO(ioctl(fd, _IOW(IOMMUFD_TYPE, IOMMUFD_CMD_DESTROY, struct iommu_destroy), arg),
		     ENOTTY);
}
END_TEST

static int option(int fd, __u32 option, __u16 op, __u32 object, __u64 *val)
{
	struct iommu_option arg = {
		.size = sizeof(arg), .option_id = option, .op = op, .object_id = object,
		.val64 = *val,
	};
	int ret = ioctl(fd, IOMMU_OPTION, &arg);

	*val = arg.val64;
	return ret;
}

/* As on a kernel that is older than them: no program is told that they are there */
START_TEST(what_is_not_offered_is_enotty)
{
	static const unsigned int numbers[] = {
		0x88,	/* IOMMU_VFIO_IOAS */
		0x8e,	/* IOMMU_FAULT_QUEUE_ALLOC */
		0x90,	/* IOMMU_VIOMMU_ALLOC */
		0x91,	/* IOMMU_VDEVICE_ALLOC */
		0x92,	/* IOMMU_IOAS_CHANGE_PROCESS */
		0x93,	/* IOMMU_VEVENTQ_ALLOC */
		0x94,	/* IOMMU_HW_QUEUE_ALLOC */
	};
	int fd = EXPECT_OK(iommufd_open());
	__u32 arg[16] = { 0 };
	unsigned int i;

#ifdef IOMMU_FAULT_QUEUE_ALLOC
	EXPECT_EQ(IOMMU_FAULT_QUEUE_ALLOC, _IO(IOMMUFD_TYPE, 0x8e));
#endif
#ifdef IOMMU_IOAS_CHANGE_PROCESS
	EXPECT_EQ(IOMMU_VIOMMU_ALLOC, _IO(IOMMUFD_TYPE, 0x90));
	EXPECT_EQ(IOMMU_VDEVICE_ALLOC, _IO(IOMMUFD_TYPE, 0x91));
	EXPECT_EQ(IOMMU_IOAS_CHANGE_PROCESS, _IO(IOMMUFD_TYPE, 0x92));
#endif
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		/* Linux has some of them, and says that this is too short */
		arg[0] = 4;
		if (stack_is_linux())
			EXPECT_EQ(ioctl(fd, _IO(IOMMUFD_TYPE, numbers[i]), arg), -1);
		else
			EXPECT_ERRNO(ioctl(fd, _IO(IOMMUFD_TYPE, numbers[i]), arg), ENOTTY);
	}
}
END_TEST

START_TEST(options_are_read_and_set)
{
	struct iommu_option arg = { .size = sizeof(arg), .__reserved = 1 };
	int fd = EXPECT_OK(iommufd_open());
	__u64 val = 7, zero = 0, one = 1, two = 2;
	__u32 ioas;

	EXPECT_ERRNO(ioctl(fd, IOMMU_OPTION, &arg), EOPNOTSUPP);
	EXPECT_ERRNO(option(fd, 99, IOMMU_OPTION_OP_GET, 0, &val), EOPNOTSUPP);
	EXPECT_OK(option(fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_GET, 0, &val));
	EXPECT_EQ(val, 0);
	EXPECT_OK(option(fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &zero));
	EXPECT_ERRNO(option(fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &two), EINVAL);
	EXPECT_ERRNO(option(fd, IOMMU_OPTION_RLIMIT_MODE, 2, 0, &zero), EOPNOTSUPP);
	EXPECT_ERRNO(option(fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_GET, 1, &val),
		     EOPNOTSUPP);
	if (stack_is_linux()) {
		EXPECT_OK(option(fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &one));
	} else {
		/* Here it is always the user who is charged: exec and exit lose nothing */
		EXPECT_ERRNO(option(fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &one),
			     EOPNOTSUPP);
	}
	ioas = ifd_new_ioas(fd);
	EXPECT_ERRNO(option(fd, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &zero), EBUSY);

	EXPECT_OK(option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_GET, ioas, &val));
	EXPECT_EQ(val, 1);
	EXPECT_OK(option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, ioas, &one));
	EXPECT_ERRNO(option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, ioas, &two), EINVAL);
	EXPECT_ERRNO(option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_GET, ~0U, &val), ENOENT);
	EXPECT_ERRNO(option(fd, IOMMU_OPTION_HUGE_PAGES, 2, ioas, &val), EOPNOTSUPP);
	if (stack_is_linux()) {
		EXPECT_OK(option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, ioas, &zero));
	} else {
		/* That is for tests of Linux's own */
		EXPECT_ERRNO(option(fd, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, ioas, &zero),
			     EOPNOTSUPP);
	}
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		a_structure_may_be_longer_if_its_tail_is_zero,
		a_structure_that_is_too_short_is_einval,
		a_structure_that_is_not_there_is_efault,
		an_unknown_number_is_enotty,
		what_is_not_offered_is_enotty,
		options_are_read_and_set,
		NULL
	};

	return run_program(argc, argv, "iommufd_abi", tests, RUN_DEVICES);
}
