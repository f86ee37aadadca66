// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices and page tables by Linux's iommufd ABI; as test-iommufd-abi.c otherwise.
 */
#include "iommufd.h"
#include "memory.h"

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
	/* with PASIDs: test-pasid-vtd-abi. Linux makes one for any device */
	if (!stack_is_linux())
		EXPECT_ERRNO(ifd_hwpt_alloc(a.fd, a.id, a.ioas, 1 << 3, NULL), EOPNOTSUPP);
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

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		the_iommu_of_a_device_is_described,
		a_page_table_has_an_id_of_its_own,
		what_is_attached_by_a_page_table_ends_with_the_device,
		files_are_closed_in_any_order,
		page_tables_that_are_not_offered_are_refused,
		dirty_pages_are_not_tracked,
		the_kernels_page_tables_are_not_invalidated_by_users,
		NULL
	};

	return run_program(argc, argv, "iommufd_hwpt_abi", tests, RUN_DEVICES);
}
