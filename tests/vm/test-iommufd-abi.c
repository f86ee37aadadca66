// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux's iommufd ABI, by the headers of Linux and nothing else. On Linux's own stack
 * (scripts/check-linux-abi) the same program must get the same answers: where ours
 * differ it says so, by stack_is_linux(), and why.
 */
#include <sys/mman.h>

#include "../../module/compat/iommufd_abi.h"
#include "iommufd.h"
#include "memory.h"
#include "process.h"

/* What module/compat/iommufd_abi.h says is what the headers say */
#define SAME(ours, linuxs)	_Static_assert((ours) == (linuxs), #ours " is " #linuxs)
#define SAME_SIZE(ours, linuxs)	SAME(sizeof(struct ours), sizeof(struct linuxs))
#define SAME_PLACE(ours, linuxs, field)					\
	SAME(offsetof(struct ours, field) << 16 | sizeof(((struct ours *)0)->field),	\
	     offsetof(struct linuxs, field) << 16 | sizeof(((struct linuxs *)0)->field))

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

/* Interrupts are written here, so nothing is mapped for a device */
#ifdef __aarch64__
#define RESERVED	0x8000000ULL
#else
#define RESERVED	0xfee00000ULL
#endif

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

START_TEST(an_address_space_is_made_and_destroyed)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc), .flags = 1 };
	int fd = EXPECT_OK(iommufd_open());
	__u32 id = ifd_new_ioas(fd), other = ifd_new_ioas(fd);

	EXPECT_NE(id, other);
	EXPECT_OK(ifd_destroy(fd, id));
	EXPECT_ERRNO(ifd_destroy(fd, id), ENOENT);
	EXPECT_OK(ifd_destroy(fd, other));
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_ALLOC, &alloc), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_destroy(fd, 0), ENOENT);
	EXPECT_ERRNO(ifd_destroy(fd, ~0U), ENOENT);
}
END_TEST

START_TEST(an_address_space_with_mappings_can_be_destroyed)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);

	EXPECT_OK(ifd_map(fd, ioas, memory(PAGE, 1), IOVA, PAGE));
	EXPECT_OK(ifd_destroy(fd, ioas));
}
END_TEST

START_TEST(the_ids_of_one_fd_are_not_those_of_another)
{
	int fd = EXPECT_OK(iommufd_open()), other = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);

	EXPECT_ERRNO(ifd_map(other, ioas, memory(PAGE, 1), IOVA, PAGE), ENOENT);
	EXPECT_ERRNO(ifd_destroy(other, ioas), ENOENT);
}
END_TEST

START_TEST(a_device_reaches_what_is_mapped_and_nothing_else)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(4 * PAGE, CANARY);
	__u64 unmapped;

	expect_blocked(&a.dev, IOVA, p, PAGE);
	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, 4 * PAGE));
	expect_dma(&a.dev, IOVA, p, PAGE);
	expect_dma(&a.dev, IOVA, p, 4 * PAGE);
	expect_blocked(&a.dev, IOVA + 4 * PAGE, p, PAGE);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, IOVA, 4 * PAGE, &unmapped));
	EXPECT_EQ(unmapped, 4 * PAGE);
	expect_blocked(&a.dev, IOVA, p, PAGE);
}
END_TEST

START_TEST(what_is_only_readable_cannot_be_written)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(PAGE, CANARY);
	__u64 iova = IOVA;

	EXPECT_OK(ifd_map_at(a.fd, a.ioas, p, PAGE, &iova,
			     IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA));
	expect_blocked(&a.dev, IOVA, p, PAGE);
}
END_TEST

START_TEST(map_refuses_flags)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	void *p = memory(PAGE, 1);
	struct iommu_ioas_map arg = {
		.size = sizeof(arg), .ioas_id = ioas, .user_va = (uintptr_t)p,
		.length = PAGE, .iova = IOVA, .flags = MAP_RW | (1 << 3),
	};

	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &arg), EOPNOTSUPP);
	arg.flags = MAP_RW | (1U << 31);
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &arg), EOPNOTSUPP);
	arg.flags = MAP_RW | IOMMU_IOAS_MAP_FIXED_IOVA;
	arg.__reserved = 1;
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &arg), EOPNOTSUPP);
	arg.__reserved = 0;
	arg.flags = IOMMU_IOAS_MAP_FIXED_IOVA;
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &arg), EINVAL);
	arg.flags = 0;
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &arg), EINVAL);
}
END_TEST

START_TEST(map_refuses_ranges)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(2 * PAGE, 1);
	int fd = a.fd;
	__u32 ioas = a.ioas;

	EXPECT_ERRNO(ifd_map(fd, ~0U, p, IOVA, PAGE), ENOENT);
	EXPECT_ERRNO(ifd_map(fd, a.id, p, IOVA, PAGE), ENOENT);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA, 0), EINVAL);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA, 100), EINVAL);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA + 100, PAGE), EINVAL);
	EXPECT_ERRNO(ifd_map(fd, ioas, p + 100, IOVA, PAGE), EINVAL);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, ~0ULL, PAGE), EOVERFLOW);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA, ~0ULL), EOVERFLOW);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, -PAGE, 2 * PAGE), EOVERFLOW);
	EXPECT_ERRNO(ifd_map(fd, ioas, (void *)-PAGE, IOVA, 2 * PAGE), EOVERFLOW);
	EXPECT_OK(ifd_map(fd, ioas, p, IOVA, 2 * PAGE));
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA, PAGE), EEXIST);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA + PAGE, PAGE), EEXIST);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA - PAGE, 2 * PAGE), EEXIST);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, RESERVED, PAGE), EINVAL);
}
END_TEST

START_TEST(map_refuses_what_is_not_memory)
{
	struct ifd_attached a = ifd_attached();
	void *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p = memory(2 * PAGE, 1);

	EXPECT_ERRNO(ifd_map(a.fd, a.ioas, none, IOVA, PAGE), EFAULT);
	EXPECT_OK(munmap(p + PAGE, PAGE));
	EXPECT_ERRNO(ifd_map(a.fd, a.ioas, p, IOVA, 2 * PAGE), EFAULT);
	/* and nothing of it is left */
	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
}
END_TEST

START_TEST(the_kernel_chooses_addresses)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(16 * PAGE, CANARY), *big = huge_memory(4 * MIB, CANARY);
	__u64 iova[16], at = ~0ULL;
	int i, j;

	EXPECT_TRUE(big);
	for (i = 0; i < 16; i++) {
		/* what it was does not matter */
		iova[i] = i * 12345;
		EXPECT_OK(ifd_map_at(a.fd, a.ioas, p + i * PAGE, PAGE, &iova[i], MAP_RW));
		EXPECT_NE(iova[i], 0);
		EXPECT_EQ(iova[i] % PAGE, 0);
		for (j = 0; j < i; j++)
			EXPECT_NE(iova[i], iova[j]);
		expect_dma(&a.dev, iova[i], p + i * PAGE, PAGE);
	}
	at = 0;
	EXPECT_OK(ifd_map_at(a.fd, a.ioas, big, 4 * MIB, &at, MAP_RW));
	EXPECT_EQ(at % (2 * MIB), 0);
	expect_dma(&a.dev, at, big, 4 * PAGE);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, iova[3], PAGE, NULL));
	/* the lowest place that is free */
	EXPECT_OK(ifd_map_at(a.fd, a.ioas, p + 3 * PAGE, PAGE, &at, MAP_RW));
	EXPECT_EQ(at, iova[3]);
}
END_TEST

START_TEST(addresses_are_chosen_in_an_order)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = huge_memory(4 * MIB, 1);
	__u64 iova = 0, last = 0;
	int i;

	EXPECT_TRUE(p);
	for (i = 0; i < 4; i++) {
		EXPECT_OK(ifd_map_at(fd, ioas, p + PAGE, PAGE, &iova, MAP_RW));
		EXPECT_EQ(iova, PAGE + i * PAGE);
	}
	/* aligned as the memory is, but to no more than a huge page, and the length */
	EXPECT_OK(ifd_map_at(fd, ioas, p, 4 * PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, 8 * PAGE);
	EXPECT_OK(ifd_map_at(fd, ioas, p + 2 * PAGE, 8 * PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, 12 * PAGE);
	EXPECT_OK(ifd_map_at(fd, ioas, p, 4 * MIB, &iova, MAP_RW));
	EXPECT_EQ(iova, 2 * MIB);
	EXPECT_OK(ifd_map_at(fd, ioas, p, 3 * PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, 20 * PAGE);
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &last));
	EXPECT_EQ(last, (4 + 4 + 8 + 3) * PAGE + 4 * MIB);
}
END_TEST

START_TEST(no_place_is_enospc)
{
	struct iommu_iova_range range = { IOVA, IOVA + 4 * PAGE - 1 };
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = memory(8 * PAGE, 1);
	__u64 iova = 0;

	EXPECT_OK(ifd_allow(fd, ioas, &range, 1));
	EXPECT_ERRNO(ifd_map_at(fd, ioas, p + PAGE, 5 * PAGE, &iova, MAP_RW), ENOSPC);
	EXPECT_OK(ifd_map_at(fd, ioas, p + PAGE, 3 * PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, IOVA);
	EXPECT_ERRNO(ifd_map_at(fd, ioas, p + PAGE, 2 * PAGE, &iova, MAP_RW), ENOSPC);
	EXPECT_OK(ifd_map_at(fd, ioas, p + PAGE, PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, IOVA + 3 * PAGE);
	EXPECT_ERRNO(ifd_map_at(fd, ioas, p, PAGE, &iova, MAP_RW), ENOSPC);
	/* only choosing is restricted */
	EXPECT_OK(ifd_map(fd, ioas, p, IOVA + 4 * PAGE, PAGE));
	EXPECT_OK(ifd_allow(fd, ioas, NULL, 0));
	EXPECT_OK(ifd_map_at(fd, ioas, p, PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, PAGE);
}
END_TEST

START_TEST(allowed_ranges_are_checked)
{
	struct iommu_iova_range range[2] = { { IOVA, IOVA + PAGE - 1 } };
	struct iommu_ioas_allow_iovas arg = { .size = sizeof(arg), .__reserved = 1 };
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);

	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_ALLOW_IOVAS, &arg), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_allow(fd, ~0U, range, 1), ENOENT);
	EXPECT_ERRNO(ifd_allow(fd, ioas, NULL, 1), EFAULT);
	range[1] = range[0];
	EXPECT_ERRNO(ifd_allow(fd, ioas, range, 2), EINVAL);
	range[1] = (struct iommu_iova_range) { IOVA + PAGE - 1, IOVA + 2 * PAGE - 1 };
	EXPECT_ERRNO(ifd_allow(fd, ioas, range, 2), EINVAL);
	range[1] = (struct iommu_iova_range) { 2 * IOVA, 2 * IOVA };
	EXPECT_ERRNO(ifd_allow(fd, ioas, range, 2), EINVAL);
	range[1] = (struct iommu_iova_range) { 2 * IOVA + PAGE, 2 * IOVA };
	EXPECT_ERRNO(ifd_allow(fd, ioas, range, 2), EINVAL);
	range[1] = (struct iommu_iova_range) { 2 * IOVA, 2 * IOVA + PAGE - 1 };
	EXPECT_OK(ifd_allow(fd, ioas, range, 2));
}
END_TEST

/* The first gap between what a device permits; false if there is none */
static bool find_gap(struct ifd_attached *a, __u64 *start)
{
	struct iommu_iova_range ranges[64];
	__u32 nr = 64;

	EXPECT_OK(ifd_ranges(a->fd, a->ioas, ranges, &nr, NULL));
	EXPECT_GE(nr, 1);
	if (nr == 1)
		return false;
	*start = ranges[0].last + 1;
	return true;
}

START_TEST(what_a_device_reserves_is_not_allowed_and_not_mapped)
{
	struct ifd_attached a = ifd_attached();
	struct iommu_iova_range range;
	void *p = memory(PAGE, 1);
	__u64 gap, iova = 0;
	__u32 other;

	if (!find_gap(&a, &gap))
		FAIL("no reserved range in this machine");
	EXPECT_ERRNO(ifd_map(a.fd, a.ioas, p, gap, PAGE), EINVAL);
	range = (struct iommu_iova_range) { gap, gap + PAGE - 1 };
	EXPECT_ERRNO(ifd_allow(a.fd, a.ioas, &range, 1), EADDRINUSE);
	range = (struct iommu_iova_range) { 0, ~0ULL };
	EXPECT_ERRNO(ifd_allow(a.fd, a.ioas, &range, 1), EADDRINUSE);
	/* those that were allowed before still are: all */
	EXPECT_OK(ifd_map_at(a.fd, a.ioas, p, PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, PAGE);

	/* And the other way round: the device is not attached */
	other = ifd_new_ioas(a.fd);
	range = (struct iommu_iova_range) { gap, gap + PAGE - 1 };
	EXPECT_OK(ifd_allow(a.fd, other, &range, 1));
	EXPECT_ERRNO(vfd_attach(a.dev.fd, other), EADDRINUSE);
	EXPECT_OK(ifd_allow(a.fd, other, NULL, 0));
	EXPECT_OK(ifd_map(a.fd, other, p, gap, PAGE));
	EXPECT_ERRNO(vfd_attach(a.dev.fd, other), EADDRINUSE);
	EXPECT_OK(ifd_unmap(a.fd, other, gap, PAGE, NULL));
	EXPECT_OK(vfd_attach(a.dev.fd, other));
}
END_TEST

START_TEST(addresses_are_not_chosen_where_a_device_permits_none)
{
	struct ifd_attached a = ifd_attached();
	struct iommu_iova_range ranges[64];
	char *p = memory(4 * PAGE, 1);
	__u64 iova = 0;
	__u32 nr = 64;

	EXPECT_OK(ifd_ranges(a.fd, a.ioas, ranges, &nr, NULL));
	/* what is left below the first gap is one page */
	if (nr > 1) {
		struct iommu_iova_range allow = { ranges[0].last + 1 - PAGE, ranges[0].last };

		EXPECT_OK(ifd_allow(a.fd, a.ioas, &allow, 1));
		EXPECT_OK(ifd_map_at(a.fd, a.ioas, p, PAGE, &iova, MAP_RW));
		EXPECT_EQ(iova, allow.start);
		EXPECT_ERRNO(ifd_map_at(a.fd, a.ioas, p, PAGE, &iova, MAP_RW), ENOSPC);
	}
	{
		struct iommu_iova_range allow = {
			ranges[nr - 1].last + 1 - 2 * PAGE, ranges[nr - 1].last
		};

		EXPECT_OK(ifd_allow(a.fd, a.ioas, &allow, 1));
		EXPECT_ERRNO(ifd_map_at(a.fd, a.ioas, p, 3 * PAGE, &iova, MAP_RW), ENOSPC);
		EXPECT_OK(ifd_map_at(a.fd, a.ioas, p + PAGE, PAGE, &iova, MAP_RW));
		EXPECT_EQ(iova, allow.start);
		expect_dma(&a.dev, iova, p + PAGE, PAGE);
	}
}
END_TEST

START_TEST(ranges_are_counted_and_filled_in)
{
	struct iommu_ioas_iova_ranges arg = { .size = sizeof(arg), .__reserved = 1 };
	struct ifd_attached a = ifd_attached();
	struct iommu_iova_range ranges[64], one;
	__u32 all = 64, nr = 0, fresh = ifd_new_ioas(a.fd);
	__u64 alignment;

	EXPECT_ERRNO(ioctl(a.fd, IOMMU_IOAS_IOVA_RANGES, &arg), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_ranges(a.fd, ~0U, ranges, &nr, NULL), ENOENT);
	EXPECT_ERRNO(ifd_ranges(a.fd, a.ioas, NULL, &nr, NULL), EMSGSIZE);
	EXPECT_OK(ifd_ranges(a.fd, a.ioas, ranges, &all, &alignment));
	EXPECT_EQ(nr, all);
	EXPECT_EQ(alignment, PAGE);
	if (all > 1) {
		nr = 1;
		EXPECT_ERRNO(ifd_ranges(a.fd, a.ioas, &one, &nr, NULL), EMSGSIZE);
		EXPECT_EQ(nr, all);
		EXPECT_EQ(one.start, ranges[0].start);
		EXPECT_EQ(one.last, ranges[0].last);
	}
	nr = 64;
	EXPECT_ERRNO(ifd_ranges(a.fd, a.ioas, NULL, &nr, NULL), EFAULT);

	nr = 1;
	EXPECT_OK(ifd_ranges(a.fd, fresh, &one, &nr, &alignment));
	EXPECT_EQ(nr, 1);
	EXPECT_EQ(one.start, 0);
	EXPECT_EQ(one.last, ~0ULL);
	/* Linux maps bytes as long as no device is attached; here it is pages at once */
	EXPECT_EQ(alignment, stack_is_linux() ? 1 : PAGE);
}
END_TEST

START_TEST(unmap_takes_whole_mappings)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = memory(8 * PAGE, 1);
	__u64 unmapped;

	EXPECT_OK(ifd_map(fd, ioas, p, IOVA, 4 * PAGE));
	EXPECT_OK(ifd_map(fd, ioas, p, IOVA + 8 * PAGE, 4 * PAGE));
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA, PAGE, NULL), ENOENT);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA + PAGE, 3 * PAGE, NULL), ENOENT);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA + 4 * PAGE, 4 * PAGE, NULL), ENOENT);
	/* its ends need not be those of mappings, nor of pages */
	EXPECT_OK(ifd_unmap(fd, ioas, IOVA - 1, 14 * PAGE + 77, &unmapped));
	EXPECT_EQ(unmapped, 8 * PAGE);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA, 4 * PAGE, NULL), ENOENT);
}
END_TEST

START_TEST(unmap_of_a_part_leaves_everything)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = memory(8 * PAGE, 1);
	__u64 unmapped;

	EXPECT_OK(ifd_map(fd, ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_map(fd, ioas, p, IOVA + PAGE, 2 * PAGE));
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA, 2 * PAGE, NULL), ENOENT);
	/* Linux has unmapped the first one by then; here a call does all or nothing */
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, stack_is_linux() ? 2 * PAGE : 3 * PAGE);
}
END_TEST

START_TEST(unmap_of_everything_may_find_nothing)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	__u64 unmapped = 1;

	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, 0);
	EXPECT_OK(ifd_map(fd, ioas, memory(PAGE, 1), IOVA, PAGE));
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, PAGE);
}
END_TEST

START_TEST(unmap_refuses_ranges)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);

	EXPECT_ERRNO(ifd_unmap(fd, ~0U, IOVA, PAGE, NULL), ENOENT);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA, 0, NULL), EINVAL);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, ~0ULL, 1, NULL), EOVERFLOW);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, PAGE, ~0ULL, NULL), EOVERFLOW);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, -PAGE, 2 * PAGE, NULL), EOVERFLOW);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA, PAGE, NULL), ENOENT);
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

static int hw_info(int fd, __u32 dev, void *data, __u32 len, struct iommu_hw_info *info)
{
	*info = (struct iommu_hw_info) {
		.size = sizeof(*info), .dev_id = dev, .data_len = len,
		.data_uptr = (uintptr_t)data,
	};
	return ioctl(fd, IOMMU_GET_HW_INFO, info);
}

/* As the kernel shows it to everybody */
static __u64 vtd_register(const char *bdf, const char *name)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu/intel-iommu/%s", bdf, name);
	sysfs_read(path, text, sizeof(text));
	EXPECT_TRUE(text[0]);
	return strtoull(text, NULL, 16);
}

START_TEST(the_iommu_of_a_device_is_described)
{
	struct ifd_attached a = ifd_attached();
	struct iommu_hw_info_vtd vtd;
	struct iommu_hw_info info;
	unsigned char data[64];
	__u32 i, len;

	memset(data, 0xff, sizeof(data));
	EXPECT_OK(hw_info(a.fd, a.id, data, sizeof(data), &info));
	len = info.data_len;
	/* what the kernel has not got is cleared */
	for (i = len; i < sizeof(data); i++)
		EXPECT_EQ(data[i], 0);
	if (config_has("vtd")) {
		EXPECT_EQ(info.out_data_type, IOMMU_HW_INFO_TYPE_INTEL_VTD);
		EXPECT_EQ(len, sizeof(vtd));
		memcpy(&vtd, data, sizeof(vtd));
		EXPECT_EQ(vtd.cap_reg, vtd_register(a.dev.bdf, "cap"));
		EXPECT_EQ(vtd.ecap_reg, vtd_register(a.dev.bdf, "ecap"));
		/* As much as there is room for, and how much there is */
		memset(data, 0xff, sizeof(data));
		EXPECT_OK(hw_info(a.fd, a.id, data, 16, &info));
		EXPECT_EQ(info.data_len, sizeof(vtd));
		EXPECT_EQ(memcmp(data, &vtd, 16), 0);
		EXPECT_EQ(data[16], 0xff);
		EXPECT_ERRNO(hw_info(a.fd, a.id, NULL, 16, &info), EFAULT);
	} else if (!stack_is_linux()) {
		EXPECT_EQ(info.out_data_type, IOMMU_HW_INFO_TYPE_NONE);
		EXPECT_EQ(len, 0);
	}
	EXPECT_OK(hw_info(a.fd, a.id, NULL, 0, &info));
	EXPECT_EQ(info.data_len, len);
	EXPECT_EQ(info.out_capabilities & IOMMU_HW_CAP_DIRTY_TRACKING, 0);
	EXPECT_ERRNO(hw_info(a.fd, ~0U, NULL, 0, &info), ENOENT);
	EXPECT_ERRNO(hw_info(a.fd, a.ioas, NULL, 0, &info), ENOENT);
	info = (struct iommu_hw_info) { .size = sizeof(info), .flags = 1U << 31, .dev_id = a.id };
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_GET_HW_INFO, &info), EOPNOTSUPP);
}
END_TEST

START_TEST(a_page_table_has_an_id_of_its_own)
{
	struct ifd_attached a = ifd_attached();
	__u32 ioas = ifd_new_ioas(a.fd), hwpt = 0, other = 0;
	char *p = memory(PAGE, CANARY);

	EXPECT_OK(ifd_map(a.fd, ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_hwpt_alloc(a.fd, a.id, ioas, 0, &hwpt));
	EXPECT_NE(hwpt, 0);
	EXPECT_NE(hwpt, ioas);
	EXPECT_ERRNO(ifd_destroy(a.fd, ioas), EBUSY);
	expect_blocked(&a.dev, IOVA, p, PAGE);
	EXPECT_OK(vfd_attach(a.dev.fd, hwpt));
	expect_dma(&a.dev, IOVA, p, PAGE);
	EXPECT_ERRNO(ifd_destroy(a.fd, hwpt), EBUSY);
	/* two ids for the same */
	EXPECT_OK(ifd_hwpt_alloc(a.fd, a.id, ioas, 0, &other));
	EXPECT_NE(hwpt, other);
	EXPECT_OK(vfd_attach(a.dev.fd, other));
	EXPECT_OK(ifd_destroy(a.fd, hwpt));
	EXPECT_ERRNO(ifd_destroy(a.fd, hwpt), ENOENT);
	EXPECT_ERRNO(vfd_attach(a.dev.fd, hwpt), ENOENT);
	expect_dma(&a.dev, IOVA, p, PAGE);
	EXPECT_OK(vfd_attach(a.dev.fd, a.ioas));
	expect_blocked(&a.dev, IOVA, p, PAGE);
	EXPECT_OK(ifd_destroy(a.fd, other));
	EXPECT_OK(ifd_destroy(a.fd, ioas));
}
END_TEST

START_TEST(what_is_attached_by_a_page_table_ends_with_the_device)
{
	struct ifd_attached a = ifd_attached();
	__u32 hwpt = 0;

	EXPECT_OK(ifd_hwpt_alloc(a.fd, a.id, a.ioas, 0, &hwpt));
	EXPECT_OK(vfd_attach(a.dev.fd, hwpt));
	dev_unmap_bar(&a.dev);
	EXPECT_OK(close(a.dev.fd));
	EXPECT_OK(ifd_destroy(a.fd, hwpt));
	EXPECT_OK(ifd_destroy(a.fd, a.ioas));
	EXPECT_ERRNO(ifd_destroy(a.fd, a.id), ENOENT);
}
END_TEST

START_TEST(files_are_closed_in_any_order)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(PAGE, CANARY);
	__u32 hwpt = 0;

	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_hwpt_alloc(a.fd, a.id, a.ioas, 0, &hwpt));
	EXPECT_OK(vfd_attach(a.dev.fd, hwpt));
	EXPECT_OK(close(a.fd));
	/* the device still has it */
	expect_dma(&a.dev, IOVA, p, PAGE);
	dev_unmap_bar(&a.dev);
	EXPECT_OK(close(a.dev.fd));
}
END_TEST

START_TEST(page_tables_that_are_not_offered_are_refused)
{
	struct ifd_attached a = ifd_attached();
	struct iommu_hwpt_alloc arg = {
		.size = sizeof(arg), .dev_id = a.id, .pt_id = a.ioas, .__reserved = 1,
	};
	__u32 hwpt = 0;

	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_ALLOC, &arg), EOPNOTSUPP);
	arg.__reserved = 0;
	arg.data_len = 8;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_ALLOC, &arg), EINVAL);
	arg.data_type = IOMMU_HWPT_DATA_VTD_S1;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_ALLOC, &arg), EOPNOTSUPP);
	arg.data_len = 0;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_ALLOC, &arg), EINVAL);
	EXPECT_ERRNO(ifd_hwpt_alloc(a.fd, a.id, a.ioas, 1U << 31, NULL), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_hwpt_alloc(a.fd, a.id, a.ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, NULL),
		     EOPNOTSUPP);
	EXPECT_ERRNO(ifd_hwpt_alloc(a.fd, ~0U, a.ioas, 0, NULL), ENOENT);
	EXPECT_ERRNO(ifd_hwpt_alloc(a.fd, a.ioas, a.ioas, 0, NULL), ENOENT);
	EXPECT_ERRNO(ifd_hwpt_alloc(a.fd, a.id, ~0U, 0, NULL), EINVAL);
	EXPECT_ERRNO(ifd_hwpt_alloc(a.fd, a.id, a.id, 0, NULL), EINVAL);
	/* nothing is left of what was refused */
	EXPECT_OK(ifd_hwpt_alloc(a.fd, a.id, a.ioas, 0, &hwpt));
	EXPECT_ERRNO(ifd_hwpt_alloc(a.fd, a.id, hwpt, 0, NULL), EOPNOTSUPP);
	EXPECT_OK(ifd_destroy(a.fd, hwpt));
	EXPECT_OK(vfd_detach(a.dev.fd));
	EXPECT_OK(ifd_destroy(a.fd, a.ioas));
}
END_TEST

START_TEST(dirty_pages_are_not_tracked)
{
	struct ifd_attached a = ifd_attached();
	struct iommu_hwpt_set_dirty_tracking set = {
		.size = sizeof(set), .flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
	};
	__u64 bitmap[1] = { 0 };
	struct iommu_hwpt_get_dirty_bitmap get = {
		.size = sizeof(get), .iova = IOVA, .length = PAGE, .page_size = PAGE,
		.data = (uintptr_t)bitmap,
	};

	set.hwpt_id = a.ioas;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &set), ENOENT);
	get.hwpt_id = a.ioas;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &get), ENOENT);
	EXPECT_OK(ifd_hwpt_alloc(a.fd, a.id, a.ioas, 0, &set.hwpt_id));
	get.hwpt_id = set.hwpt_id;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &set), EOPNOTSUPP);
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &get), EOPNOTSUPP);
	set.flags = 2;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &set), EOPNOTSUPP);
	get.page_size = 0;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &get), EINVAL);
	get.page_size = PAGE;
	get.iova = IOVA + 1;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &get), EINVAL);
	get.iova = -PAGE;
	get.length = 2 * PAGE;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &get), EOVERFLOW);
	get.flags = 2;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &get), EOPNOTSUPP);
}
END_TEST

START_TEST(the_kernels_page_tables_are_not_invalidated_by_users)
{
	struct ifd_attached a = ifd_attached();
	__u64 data[2] = { 0 };
	struct iommu_hwpt_invalidate arg = {
		.size = sizeof(arg), .data_uptr = (uintptr_t)data, .entry_len = 16,
		.entry_num = 1,
	};

	arg.hwpt_id = ~0U;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_INVALIDATE, &arg), ENOENT);
	EXPECT_EQ(arg.entry_num, 0);
	EXPECT_OK(ifd_hwpt_alloc(a.fd, a.id, a.ioas, 0, &arg.hwpt_id));
	arg.entry_num = 1;
	/* Linux 6.12 looks for a nested one only, later ones have more that can be */
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_INVALIDATE, &arg),
		     stack_is_linux() && kernel_is("6.12") ? ENOENT : EINVAL);
	EXPECT_EQ(arg.entry_num, 0);
	arg.__reserved = 1;
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_HWPT_INVALIDATE, &arg), EOPNOTSUPP);
}
END_TEST

static void map_as_user(void *arg)
{
	struct ifd_attached *a = arg;
	char *p = memory(8 * PAGE, 1);
	__u64 iova = 0;

	become_user(4);
	EXPECT_OK(ifd_map(a->fd, a->ioas, p, IOVA, 4 * PAGE));
	EXPECT_ERRNO(ifd_map(a->fd, a->ioas, p + 4 * PAGE, 2 * IOVA, PAGE), ENOMEM);
	EXPECT_ERRNO(ifd_map_at(a->fd, a->ioas, p + 4 * PAGE, PAGE, &iova, MAP_RW), ENOMEM);
	EXPECT_OK(ifd_unmap(a->fd, a->ioas, IOVA, 4 * PAGE, NULL));
	EXPECT_OK(ifd_map_at(a->fd, a->ioas, p + 4 * PAGE, 4 * PAGE, &iova, MAP_RW));
}

START_TEST(memory_is_charged_to_the_user)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(PAGE, 1);
	__u64 unmapped;

	run_child(map_as_user, &a);
	/* The process has gone, and what it mapped has not */
	EXPECT_EQ(locked_pages(), 4);
	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, 5 * PAGE);
	EXPECT_EQ(locked_pages(), 0);
}
END_TEST

START_TEST(what_cannot_be_answered_is_not_done)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = memory(PAGE, 1);
	struct iommu_ioas_unmap *unmap;
	struct iommu_ioas_map *map;
	__u64 unmapped;

	map = memory(PAGE, 0);
	*map = (struct iommu_ioas_map) {
		.size = sizeof(*map), .flags = MAP_RW, .ioas_id = ioas,
		.user_va = (uintptr_t)p, .length = PAGE,
	};
	EXPECT_OK(mprotect(map, PAGE, PROT_READ));
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, map), EFAULT);
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	/* Linux has mapped it by then, and so for unmapping */
	EXPECT_EQ(unmapped, stack_is_linux() ? PAGE : 0);

	EXPECT_OK(ifd_map(fd, ioas, p, IOVA, PAGE));
	unmap = memory(PAGE, 0);
	*unmap = (struct iommu_ioas_unmap) {
		.size = sizeof(*unmap), .ioas_id = ioas, .iova = IOVA, .length = PAGE,
	};
	EXPECT_OK(mprotect(unmap, PAGE, PROT_READ));
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_UNMAP, unmap), EFAULT);
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, stack_is_linux() ? 0 : PAGE);
}
END_TEST

static int ifd_copy(int fd, __u32 src, __u64 from, __u32 dst, __u64 *to, __u64 length, __u32 flags)
{
	struct iommu_ioas_copy arg = {
		.size = sizeof(arg), .flags = flags, .dst_ioas_id = dst, .src_ioas_id = src,
		.length = length, .dst_iova = *to, .src_iova = from,
	};
	int ret = ioctl(fd, IOMMU_IOAS_COPY, &arg);

	*to = arg.dst_iova;
	return ret;
}

#define FIXED_RW	(MAP_RW | IOMMU_IOAS_MAP_FIXED_IOVA)

START_TEST(what_is_mapped_is_copied)
{
	struct ifd_attached a = ifd_attached();
	__u32 other = ifd_new_ioas(a.fd);
	char *p = memory(600 * PAGE, CANARY), *huge = huge_memory(4 * MIB, CANARY);
	long before = pages_pinned();
	__u64 to = 3 * IOVA;
	struct dev dev;
	int i;

	EXPECT_TRUE(huge);
	ifd_dev_start(&dev, TESTDEV_1, a.fd);
	EXPECT_OK(vfd_attach(dev.fd, other));
	/* of every kind: one page, scattered ones, runs, large pages */
	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_map(a.fd, a.ioas, p + PAGE, IOVA + PAGE, 599 * PAGE));
	EXPECT_OK(ifd_map(a.fd, a.ioas, huge, IOVA + 600 * PAGE, 4 * MIB));
	EXPECT_OK(ifd_copy(a.fd, a.ioas, IOVA, other, &to, 600 * PAGE + 4 * MIB, FIXED_RW));
	EXPECT_EQ(to, 3 * IOVA);
	if (!stack_is_linux())
		EXPECT_EQ(pages_pinned() - before, 2 * (600 + 1024));
	/* each is pinned in its own right */
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, 0, ~0ULL, NULL));
	EXPECT_EQ(pages_pinned() - before, 600 + 1024);
	for (i = 0; i < 600; i += 37)
		expect_dma(&dev, 3 * IOVA + i * PAGE, p + i * PAGE, PAGE);
	for (i = 0; i < 1024; i += 101)
		expect_dma(&dev, 3 * IOVA + (600 + i) * PAGE, huge + i * PAGE, PAGE);
	expect_blocked(&a.dev, IOVA, p, PAGE);
	EXPECT_OK(ifd_unmap(a.fd, other, 0, ~0ULL, NULL));
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

START_TEST(a_part_of_a_mapping_is_copied_and_its_place_chosen)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(8 * PAGE, CANARY);
	__u64 to = 0, unmapped;

	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, 4 * PAGE));
	EXPECT_OK(ifd_map(a.fd, a.ioas, p + 4 * PAGE, IOVA + 4 * PAGE, 4 * PAGE));
	EXPECT_OK(ifd_copy(a.fd, a.ioas, IOVA + 2 * PAGE, a.ioas, &to, 4 * PAGE, MAP_RW));
	EXPECT_NE(to, 0);
	expect_dma(&a.dev, to, p + 2 * PAGE, 2 * PAGE);
	expect_dma(&a.dev, to + 2 * PAGE, p + 4 * PAGE, 2 * PAGE);
	expect_blocked(&a.dev, to + 4 * PAGE, p, PAGE);
	/* a mapping for each that it was copied from */
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, to, 2 * PAGE, &unmapped));
	EXPECT_EQ(unmapped, 2 * PAGE);
	expect_dma(&a.dev, to + 2 * PAGE, p + 4 * PAGE, PAGE);
}
END_TEST

START_TEST(what_no_device_has_seen_is_copied)
{
	struct ifd_attached a = ifd_attached();
	__u32 src = ifd_new_ioas(a.fd), later = ifd_new_ioas(a.fd);
	char *p = memory(40 * PAGE, CANARY);
	__u64 to = IOVA, far = 2 * IOVA;

	EXPECT_OK(ifd_map(a.fd, src, p, IOVA, 40 * PAGE));
	EXPECT_OK(ifd_copy(a.fd, src, IOVA, a.ioas, &to, 40 * PAGE, FIXED_RW));
	expect_dma(&a.dev, IOVA + 39 * PAGE, p + 39 * PAGE, PAGE);
	EXPECT_OK(ifd_copy(a.fd, a.ioas, IOVA, later, &far, 40 * PAGE, FIXED_RW));
	EXPECT_OK(vfd_attach(a.dev.fd, later));
	expect_dma(&a.dev, 2 * IOVA + 39 * PAGE, p + 39 * PAGE, PAGE);
	expect_blocked(&a.dev, IOVA, p, PAGE);
}
END_TEST

START_TEST(copy_checks_its_arguments)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(4 * PAGE, CANARY);
	__u64 at = IOVA, to = 2 * IOVA, unmapped;
	int fd = a.fd;
	__u32 ioas = a.ioas;

	EXPECT_OK(ifd_map_at(fd, ioas, p, 2 * PAGE, &at,
			     IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA));
	at = IOVA + 2 * PAGE;
	EXPECT_OK(ifd_map(fd, ioas, p + 2 * PAGE, IOVA + 3 * PAGE, PAGE));
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, PAGE, FIXED_RW | 8), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, PAGE, IOMMU_IOAS_MAP_FIXED_IOVA), EINVAL);
	EXPECT_ERRNO(ifd_copy(fd, ~0U, IOVA, ioas, &to, PAGE, FIXED_RW), ENOENT);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA + 3 * PAGE, ~0U, &to, PAGE, FIXED_RW), ENOENT);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, 0, FIXED_RW), EINVAL);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, ~0ULL, FIXED_RW), EOVERFLOW);
	EXPECT_ERRNO(ifd_copy(fd, ioas, ~0ULL, ioas, &to, PAGE, FIXED_RW), EOVERFLOW);
	EXPECT_ERRNO(ifd_copy(fd, ioas, -PAGE, ioas, &to, 2 * PAGE, FIXED_RW), EOVERFLOW);
	EXPECT_ERRNO(ifd_copy(fd, ioas, 5 * IOVA, ioas, &to, PAGE, FIXED_RW), ENOENT);
	/* the second of these, and what follows the first mapping, is not there */
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, 4 * PAGE,
			      IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA), ENOENT);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA - PAGE, ioas, &to, 2 * PAGE,
			      IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA), ENOENT);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, PAGE, FIXED_RW), EPERM);
	at = IOVA;
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA + 3 * PAGE, ioas, &at, PAGE, FIXED_RW), EEXIST);
	at = IOVA + 3 * PAGE;
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA + 3 * PAGE, ioas, &at, PAGE, FIXED_RW), EEXIST);
	at = RESERVED;
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA + 3 * PAGE, ioas, &at, PAGE, FIXED_RW), EINVAL);
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, 3 * PAGE);
}
END_TEST

START_TEST(a_copy_that_fails_leaves_nothing)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(4 * PAGE, CANARY);
	__u64 to = 2 * IOVA, unmapped;
	__u32 other = ifd_new_ioas(a.fd);

	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_map(a.fd, a.ioas, p + PAGE, IOVA + PAGE, PAGE));
	EXPECT_OK(ifd_map(a.fd, other, p, 2 * IOVA + PAGE, PAGE));
	EXPECT_ERRNO(ifd_copy(a.fd, a.ioas, IOVA, other, &to, 2 * PAGE, FIXED_RW), EEXIST);
	EXPECT_OK(ifd_unmap(a.fd, other, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, PAGE);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, 2 * PAGE);
}
END_TEST

#ifdef IOMMU_IOAS_MAP_FILE
static int ifd_map_file(int fd, __u32 ioas, int file, __u64 start, __u64 length, __u64 *iova,
			__u32 flags)
{
	struct iommu_ioas_map_file arg = {
		.size = sizeof(arg), .flags = flags, .ioas_id = ioas, .fd = file,
		.start = start, .length = length, .iova = *iova,
	};
	int ret = ioctl(fd, IOMMU_IOAS_MAP_FILE, &arg);

	*iova = arg.iova;
	return ret;
}

/* A memfd of so many pages */
static int file_of(unsigned int pages)
{
	int fd = EXPECT_OK(memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC));

	EXPECT_OK(ftruncate(fd, pages * PAGE));
	return fd;
}

/* False where there is no such call; it is seen then that it is refused */
static bool has_map_file(void)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	__u64 iova = IOVA;

	if (stack_is_linux() && kernel_is("6.12")) {
		EXPECT_ERRNO(ifd_map_file(fd, ioas, file_of(1), 0, PAGE, &iova, FIXED_RW), ENOTTY);
		return false;
	}
	/* where the kernel cannot pin a memfd */
	if (kernel_is("6.1"))
		EXPECT_ERRNO(ifd_map_file(fd, ioas, file_of(1), 0, PAGE, &iova, FIXED_RW),
			     EOPNOTSUPP);
	return !kernel_is("6.1");
}

START_TEST(a_file_is_mapped)
{
	struct ifd_attached a = ifd_attached();
	int file = file_of(700);
	__u64 iova = IOVA, other = 0;
	long before;
	char *p;
	int i;

	if (!has_map_file())
		return;
	p = mmap(NULL, 700 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	EXPECT_NE((long)p, -1);
	memset(p, CANARY, 300 * PAGE);
	before = pages_pinned();
	EXPECT_OK(ifd_map_file(a.fd, a.ioas, file, 0, 700 * PAGE, &iova, FIXED_RW));
	EXPECT_EQ(pages_pinned() - before, 700);
	for (i = 0; i < 700; i += 43)
		expect_dma(&a.dev, IOVA + i * PAGE, p + i * PAGE, PAGE);
	EXPECT_OK(ifd_map_file(a.fd, a.ioas, file, 5 * PAGE, 2 * PAGE, &other, MAP_RW));
	expect_dma(&a.dev, other, p + 5 * PAGE, 2 * PAGE);
	/* The process's own mapping does not matter */
	EXPECT_OK(munmap(p, 700 * PAGE));
	EXPECT_EQ(testdev_write(&a.dev, IOVA, PAGE, 0), DMA_DONE);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, 0, ~0ULL, NULL));
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

START_TEST(a_file_is_mapped_before_the_first_attach)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd), copied = ifd_new_ioas(fd);
	int file = file_of(64);
	__u64 iova = IOVA, to = 2 * IOVA;
	struct dev dev;
	char *p;

	if (!has_map_file())
		return;
	p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	EXPECT_OK(ifd_map_file(fd, ioas, file, 0, 64 * PAGE, &iova, FIXED_RW));
	EXPECT_OK(ifd_copy(fd, ioas, IOVA + PAGE, copied, &to, PAGE, FIXED_RW));
	EXPECT_OK(close(file));
	ifd_dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(vfd_attach(dev.fd, ioas));
	expect_dma(&dev, IOVA + 63 * PAGE, p + 63 * PAGE, PAGE);
	EXPECT_OK(vfd_attach(dev.fd, copied));
	expect_dma(&dev, 2 * IOVA, p + PAGE, PAGE);
	EXPECT_OK(munmap(p, 64 * PAGE));
}
END_TEST

START_TEST(files_that_cannot_be_mapped_are_refused)
{
	struct ifd_attached a = ifd_attached();
	int file = file_of(4), plain = EXPECT_OK(open("/proc/self/status", O_RDONLY));
	char path[32];
	__u64 iova = IOVA;
	int ro;

	if (!has_map_file())
		return;
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, 1000, 0, PAGE, &iova, FIXED_RW), EBADF);
	EXPECT_ERRNO(ifd_map_file(a.fd, ~0U, file, 0, PAGE, &iova, FIXED_RW), ENOENT);
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, file, 0, 0, &iova, FIXED_RW), EINVAL);
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, file, 0, PAGE, &iova, 8 | MAP_RW), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, file, 100, PAGE, &iova, FIXED_RW), EINVAL);
	/* beyond its end */
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, file, 0, 5 * PAGE, &iova, FIXED_RW), EINVAL);
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, plain, 0, PAGE, &iova,
				  IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA), EINVAL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	ro = EXPECT_OK(open(path, O_RDONLY | O_CLOEXEC));
	if (stack_is_linux())
		return;
	/* Linux lets a device write to what its user can only read, and to what is sealed */
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, ro, 0, PAGE, &iova, FIXED_RW), EACCES);
	EXPECT_OK(ifd_map_file(a.fd, a.ioas, file, 0, PAGE, &iova, FIXED_RW));
	EXPECT_ERRNO(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, IOVA, PAGE, NULL));
	EXPECT_OK(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, file, 0, PAGE, &iova, FIXED_RW), EPERM);
	EXPECT_OK(ifd_map_file(a.fd, a.ioas, file, 0, PAGE, &iova,
			       IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA));
}
END_TEST
#endif

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		a_structure_may_be_longer_if_its_tail_is_zero,
		a_structure_that_is_too_short_is_einval,
		a_structure_that_is_not_there_is_efault,
		an_unknown_number_is_enotty,
		an_address_space_is_made_and_destroyed,
		an_address_space_with_mappings_can_be_destroyed,
		the_ids_of_one_fd_are_not_those_of_another,
		a_device_reaches_what_is_mapped_and_nothing_else,
		what_is_only_readable_cannot_be_written,
		map_refuses_flags,
		map_refuses_ranges,
		map_refuses_what_is_not_memory,
		the_kernel_chooses_addresses,
		addresses_are_chosen_in_an_order,
		no_place_is_enospc,
		allowed_ranges_are_checked,
		what_a_device_reserves_is_not_allowed_and_not_mapped,
		addresses_are_not_chosen_where_a_device_permits_none,
		ranges_are_counted_and_filled_in,
		unmap_takes_whole_mappings,
		unmap_of_a_part_leaves_everything,
		unmap_of_everything_may_find_nothing,
		unmap_refuses_ranges,
		options_are_read_and_set,
		the_iommu_of_a_device_is_described,
		a_page_table_has_an_id_of_its_own,
		what_is_attached_by_a_page_table_ends_with_the_device,
		files_are_closed_in_any_order,
		page_tables_that_are_not_offered_are_refused,
		dirty_pages_are_not_tracked,
		the_kernels_page_tables_are_not_invalidated_by_users,
		memory_is_charged_to_the_user,
		what_cannot_be_answered_is_not_done,
		what_is_mapped_is_copied,
		a_part_of_a_mapping_is_copied_and_its_place_chosen,
		what_no_device_has_seen_is_copied,
		copy_checks_its_arguments,
		a_copy_that_fails_leaves_nothing,
#ifdef IOMMU_IOAS_MAP_FILE
		a_file_is_mapped,
		a_file_is_mapped_before_the_first_attach,
		files_that_cannot_be_mapped_are_refused,
#endif
		NULL
	};

	return run_program(argc, argv, "iommufd_abi", tests, RUN_DEVICES);
}
