// SPDX-License-Identifier: GPL-2.0-only
/*
 * One core under two ABIs: what was made through one is used through the other, by its
 * id. linux/ioasid.h beside linux/iommufd.h and linux/vfio.h of any release.
 */
#include "iommufd.h"
#include "memory.h"

START_TEST(an_address_space_of_ours_is_linuxs_too)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd), other = new_ioas(fd), nr = 64;
	char *p = memory(3 * PAGE, CANARY);
	struct iommu_iova_range ranges[64];
	__u64 unmapped, to = 4 * IOVA;
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(ifd_map(fd, ioas, p + PAGE, 2 * IOVA, PAGE));
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA, PAGE), EEXIST);
	EXPECT_ERRNO(ioas_map(fd, ioas, p, 2 * IOVA, PAGE, RW), EEXIST);
	EXPECT_OK(ifd_copy(fd, ioas, IOVA, other, &to, PAGE, FIXED_RW));

	ifd_dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(vfd_attach(dev.fd, ioas));
	EXPECT_EQ(nr_attachments(fd, ioas), 1);
	EXPECT_OK(ifd_ranges(fd, ioas, ranges, &nr, NULL));
	expect_dma(&dev, IOVA, p, PAGE);
	expect_dma(&dev, 2 * IOVA, p + PAGE, PAGE);
	EXPECT_ERRNO(ioas_free(fd, ioas), EBUSY);
	EXPECT_ERRNO(ifd_destroy(fd, ioas), EBUSY);
	EXPECT_OK(dev_attach(dev.fd, fd, other));
	expect_dma(&dev, 4 * IOVA, p, PAGE);
	expect_blocked(&dev, IOVA, p, PAGE);
	EXPECT_OK(ioas_unmap(fd, ioas, 0, 8 * IOVA, &unmapped));
	EXPECT_EQ(unmapped, 2 * PAGE);
	EXPECT_OK(ifd_destroy(fd, ioas));
	EXPECT_ERRNO(ioas_free(fd, ioas), ENOENT);
}
END_TEST

START_TEST(an_address_space_of_linuxs_is_ours_too)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = memory(2 * PAGE, CANARY);
	__u64 iova = 0, unmapped;
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_OK(ifd_map_at(fd, ioas, p, PAGE, &iova, MAP_RW));
	EXPECT_OK(ioas_map(fd, ioas, p + PAGE, IOVA, PAGE, RW));
	expect_dma(&dev, iova, p, PAGE);
	expect_dma(&dev, IOVA, p + PAGE, PAGE);
	EXPECT_OK(ifd_unmap(fd, ioas, IOVA, PAGE, &unmapped));
	expect_blocked(&dev, IOVA, p + PAGE, PAGE);
	EXPECT_OK(ioas_unmap(fd, ioas, iova, PAGE, &unmapped));
	expect_blocked(&dev, iova, p, PAGE);
	EXPECT_ERRNO(ifd_destroy(fd, ioas), EBUSY);
	EXPECT_OK(dev_detach(dev.fd, fd));
	EXPECT_OK(ioas_free(fd, ioas));
	EXPECT_ERRNO(ifd_destroy(fd, ioas), ENOENT);
}
END_TEST

START_TEST(a_page_table_of_linuxs_is_attached_by_ours)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd), hwpt = 0, id;
	char *p = memory(PAGE, CANARY);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	id = ifd_dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(ifd_hwpt_alloc(fd, id, ioas, 0, &hwpt));
	EXPECT_ERRNO(ioas_free(fd, ioas), EBUSY);
	EXPECT_OK(dev_attach(dev.fd, fd, hwpt));
	expect_dma(&dev, IOVA, p, PAGE);
	EXPECT_EQ(nr_attachments(fd, ioas), 1);
	EXPECT_ERRNO(ifd_destroy(fd, hwpt), EBUSY);
	/* a page table is not an address space */
	EXPECT_ERRNO(ioas_map(fd, hwpt, p, 2 * IOVA, PAGE, RW), ENOENT);
	EXPECT_ERRNO(ioas_free(fd, hwpt), ENOENT);
	EXPECT_OK(vfd_detach(dev.fd));
	expect_blocked(&dev, IOVA, p, PAGE);
	EXPECT_OK(vfd_attach(dev.fd, hwpt));
	EXPECT_OK(dev_detach(dev.fd, fd));
	EXPECT_OK(ifd_destroy(fd, hwpt));
	EXPECT_OK(ioas_free(fd, ioas));
}
END_TEST

static int hw_info(int fd, __u32 dev)
{
	struct iommu_hw_info info = { .size = sizeof(info), .dev_id = dev };

	return ioctl(fd, IOMMU_GET_HW_INFO, &info);
}

START_TEST(a_devices_id_is_its_cookie)
{
	int fd = EXPECT_OK(iommu_open());
	struct device_caps caps;
	struct dev one, two;
	__u32 id, hwpt = 0;

	id = ifd_dev_start(&one, TESTDEV_0, fd);
	device_caps(fd, id, &caps);
	EXPECT_OK(hw_info(fd, id));
	/* and the other way round */
	dev_open_only(&two, TESTDEV_1);
	EXPECT_ERRNO(dev_bind(two.fd, fd, id), EEXIST);
	EXPECT_OK(dev_bind(two.fd, fd, 4711));
	EXPECT_OK(hw_info(fd, 4711));
	EXPECT_OK(ifd_hwpt_alloc(fd, 4711, new_ioas(fd), 0, &hwpt));
	EXPECT_OK(dev_attach(two.fd, fd, hwpt));
	EXPECT_ERRNO(hw_info(fd, ~0U), ENOENT);
}
END_TEST

START_TEST(a_device_is_bound_by_one_of_them)
{
	int fd = EXPECT_OK(iommu_open());
	struct dev dev;

	dev_open_only(&dev, TESTDEV_0);
	EXPECT_OK(vfd_bind(dev.fd, fd, NULL));
	EXPECT_ERRNO(dev_bind(dev.fd, fd, 9), EALREADY);
	EXPECT_OK(dev_unbind(dev.fd, fd));
	EXPECT_OK(dev_bind(dev.fd, fd, 9));
	EXPECT_ERRNO(vfd_bind(dev.fd, fd, NULL), EINVAL);
	/* what VFIO's ioctls attach is of VFIO's binding */
	EXPECT_ERRNO(vfd_attach(dev.fd, new_ioas(fd)), EINVAL);
	EXPECT_ERRNO(vfd_detach(dev.fd), EINVAL);
}
END_TEST

int main(int argc, char **argv)
{
	/* On Linux's own stack there is one */
	const TTest *const none[] = { NULL };
	const TTest *const tests[] = {
		an_address_space_of_ours_is_linuxs_too,
		an_address_space_of_linuxs_is_ours_too,
		a_page_table_of_linuxs_is_attached_by_ours,
		a_devices_id_is_its_cookie,
		a_device_is_bound_by_one_of_them,
		NULL
	};

	return run_program(argc, argv, "two_faces_abi", stack_is_linux() ? none : tests,
			   RUN_DEVICES);
}
