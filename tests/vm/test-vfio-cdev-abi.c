// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ABI of VFIO's character devices, by the headers of Linux and nothing else; as
 * test-iommufd-abi.c otherwise.
 */
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../module/compat/vfio_abi.h"
#include "abi.h"
#include "iommufd.h"
#include "memory.h"

SAME(VFD_BIND_IOMMUFD, VFIO_DEVICE_BIND_IOMMUFD);
SAME_PLACE(vfd_bind_iommufd, vfio_device_bind_iommufd, argsz);
SAME_PLACE(vfd_bind_iommufd, vfio_device_bind_iommufd, flags);
SAME_PLACE(vfd_bind_iommufd, vfio_device_bind_iommufd, iommufd);
SAME_PLACE(vfd_bind_iommufd, vfio_device_bind_iommufd, out_devid);
#ifdef VFIO_DEVICE_BIND_FLAG_TOKEN
SAME(VFD_BIND_TOKEN, VFIO_DEVICE_BIND_FLAG_TOKEN);
SAME_PLACE(vfd_bind_iommufd, vfio_device_bind_iommufd, token_uuid_ptr);
SAME(sizeof(struct vfd_bind_iommufd), sizeof(struct vfio_device_bind_iommufd));
#endif
SAME(VFD_ATTACH_IOMMUFD_PT, VFIO_DEVICE_ATTACH_IOMMUFD_PT);
SAME_PLACE(vfd_attach_iommufd_pt, vfio_device_attach_iommufd_pt, argsz);
SAME_PLACE(vfd_attach_iommufd_pt, vfio_device_attach_iommufd_pt, flags);
SAME_PLACE(vfd_attach_iommufd_pt, vfio_device_attach_iommufd_pt, pt_id);
SAME(VFD_DETACH_IOMMUFD_PT, VFIO_DEVICE_DETACH_IOMMUFD_PT);
SAME_PLACE(vfd_detach_iommufd_pt, vfio_device_detach_iommufd_pt, argsz);
SAME_PLACE(vfd_detach_iommufd_pt, vfio_device_detach_iommufd_pt, flags);
#ifdef VFIO_DEVICE_ATTACH_PASID
SAME(VFD_ATTACH_PASID, VFIO_DEVICE_ATTACH_PASID);
SAME_PLACE(vfd_attach_iommufd_pt, vfio_device_attach_iommufd_pt, pasid);
SAME(sizeof(struct vfd_attach_iommufd_pt), sizeof(struct vfio_device_attach_iommufd_pt));
SAME(VFD_DETACH_PASID, VFIO_DEVICE_DETACH_PASID);
SAME_PLACE(vfd_detach_iommufd_pt, vfio_device_detach_iommufd_pt, pasid);
SAME(sizeof(struct vfd_detach_iommufd_pt), sizeof(struct vfio_device_detach_iommufd_pt));
#endif
SAME_PLACE(vfd_hot_reset_device, vfio_pci_dependent_device, devid);
SAME_PLACE(vfd_hot_reset_device, vfio_pci_dependent_device, segment);
SAME_PLACE(vfd_hot_reset_device, vfio_pci_dependent_device, bus);
SAME_PLACE(vfd_hot_reset_device, vfio_pci_dependent_device, devfn);
SAME(sizeof(struct vfd_hot_reset_device), sizeof(struct vfio_pci_dependent_device));
SAME_PLACE(vfd_hot_reset_info, vfio_pci_hot_reset_info, argsz);
SAME_PLACE(vfd_hot_reset_info, vfio_pci_hot_reset_info, flags);
SAME_PLACE(vfd_hot_reset_info, vfio_pci_hot_reset_info, count);
SAME(sizeof(struct vfd_hot_reset_info), sizeof(struct vfio_pci_hot_reset_info));
SAME_PLACE(vfd_hot_reset, vfio_pci_hot_reset, argsz);
SAME_PLACE(vfd_hot_reset, vfio_pci_hot_reset, flags);
SAME_PLACE(vfd_hot_reset, vfio_pci_hot_reset, count);
SAME(sizeof(struct vfd_hot_reset), sizeof(struct vfio_pci_hot_reset));
SAME(VFD_HOT_RESET_DEV_ID, VFIO_PCI_HOT_RESET_FLAG_DEV_ID);
SAME(VFD_HOT_RESET_DEV_ID_OWNED, VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED);
SAME(VFD_DEVID_OWNED, VFIO_PCI_DEVID_OWNED);
SAME(VFD_DEVID_NOT_OWNED, VFIO_PCI_DEVID_NOT_OWNED);

/* As structures were and will be: @size of them, in a longer buffer */
static int bind_sized(int dev, int fd, __u32 flags, __u32 size, __u32 *id)
{
	__u32 arg[16] = { size, flags, fd };
	int ret = ioctl(dev, VFIO_DEVICE_BIND_IOMMUFD, arg);

	if (id)
		*id = arg[3];
	return ret;
}

START_TEST(the_node_is_where_programs_look_for_it)
{
	char bdf[BDF_SIZE], node[NODE_SIZE], path[512], text[32], expected[32];
	struct stat st;

	which_bdf(TESTDEV_0, bdf);
	EXPECT_OK(pci_device_node(bdf, node, sizeof(node)));
	EXPECT_OK(stat(node, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev/%s/dev", bdf,
		 strrchr(node, '/') + 1);
	sysfs_read(path, text, sizeof(text));
	snprintf(expected, sizeof(expected), "%u:%u", (unsigned int)(st.st_rdev >> 8 & 0xfff),
		 (unsigned int)(st.st_rdev & 0xff));
	EXPECT_EQ(strcmp(text, expected), 0);
}
END_TEST

START_TEST(structures_of_old_and_new_headers_bind)
{
	static const __u32 sizes[] = { 16, 24, 32, 64 };
	int fd = EXPECT_OK(iommufd_open());
	struct dev dev;
	unsigned int i;
	__u32 id;

	for (i = 0; i < 4; i++) {
		dev_open_only(&dev, TESTDEV_0);
		id = 0;
		EXPECT_OK(bind_sized(dev.fd, fd, 0, sizes[i], &id));
		EXPECT_NE(id, 0);
		EXPECT_OK(close(dev.fd));
	}
	dev_open_only(&dev, TESTDEV_0);
	EXPECT_ERRNO(bind_sized(dev.fd, fd, 0, 12, NULL), EINVAL);
	EXPECT_ERRNO(bind_sized(dev.fd, fd, 0, 0, NULL), EINVAL);
}
END_TEST

START_TEST(bind_checks_its_arguments)
{
	int fd = EXPECT_OK(iommufd_open()), event = EXPECT_OK(eventfd(0, EFD_CLOEXEC));
	__u32 arg[16] = { 64, 0, fd };
	struct dev dev;

	dev_open_only(&dev, TESTDEV_0);
	EXPECT_ERRNO(vfd_bind(dev.fd, -1, NULL), EINVAL);
	EXPECT_ERRNO(vfd_bind(dev.fd, 1000, NULL), EBADF);
	EXPECT_ERRNO(vfd_bind(dev.fd, event, NULL), EBADFD);
	EXPECT_ERRNO(vfd_bind(dev.fd, dev.fd, NULL), EBADFD);
	EXPECT_ERRNO(bind_sized(dev.fd, fd, 1U << 31, 16, NULL), EINVAL);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_BIND_IOMMUFD, NULL), EFAULT);
	arg[15] = 1;
	if (stack_is_linux() && kernel_is("6.12")) {
		/* It did not look at the tail yet */
		EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_BIND_IOMMUFD, arg));
		return;
	}
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_BIND_IOMMUFD, arg), E2BIG);
	EXPECT_OK(vfd_bind(dev.fd, fd, NULL));
}
END_TEST

#ifdef VFIO_DEVICE_BIND_FLAG_TOKEN
START_TEST(a_token_is_for_those_devices_that_want_one)
{
	unsigned char uuid[16] = { 1 };
	int fd = EXPECT_OK(iommufd_open());
	struct vfio_device_bind_iommufd arg = {
		.argsz = sizeof(arg), .flags = VFIO_DEVICE_BIND_FLAG_TOKEN, .iommufd = fd,
		.token_uuid_ptr = (uintptr_t)uuid,
	};
	struct dev dev;

	if (stack_is_linux() && kernel_is("6.12"))
		return;	/* older than this flag */
	dev_open_only(&dev, TESTDEV_0);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_BIND_IOMMUFD, &arg), EINVAL);
	arg.token_uuid_ptr = 0;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_BIND_IOMMUFD, &arg), EFAULT);
}
END_TEST
#endif

START_TEST(what_cannot_be_answered_is_not_bound)
{
	int fd = EXPECT_OK(iommufd_open());
	struct vfio_device_bind_iommufd *arg = memory(PAGE, 0);
	struct dev dev;

	dev_open_only(&dev, TESTDEV_0);
	arg->argsz = sizeof(*arg);
	arg->iommufd = fd;
	EXPECT_OK(mprotect(arg, PAGE, PROT_READ));
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_BIND_IOMMUFD, arg), EFAULT);
	EXPECT_OK(vfd_bind(dev.fd, fd, NULL));
}
END_TEST

START_TEST(a_file_is_bound_once)
{
	int fd = EXPECT_OK(iommufd_open()), other = EXPECT_OK(iommufd_open());
	struct dev dev, second;

	dev_open_only(&dev, TESTDEV_0);
	dev_open_only(&second, TESTDEV_0);
	EXPECT_OK(vfd_bind(dev.fd, fd, NULL));
	EXPECT_ERRNO(vfd_bind(dev.fd, fd, NULL), EINVAL);
	EXPECT_ERRNO(vfd_bind(dev.fd, other, NULL), EINVAL);
	EXPECT_ERRNO(vfd_bind(second.fd, fd, NULL), EINVAL);
	EXPECT_ERRNO(vfd_bind(second.fd, other, NULL), EINVAL);
	EXPECT_OK(close(dev.fd));
	EXPECT_OK(vfd_bind(second.fd, other, NULL));
}
END_TEST

START_TEST(an_unbound_device_does_nothing)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct dev dev;
	char byte;

	dev_open_only(&dev, TESTDEV_0);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_INFO, &info), EINVAL);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_RESET), EINVAL);
	EXPECT_ERRNO(vfd_attach(dev.fd, 1), EINVAL);
	EXPECT_ERRNO(vfd_detach(dev.fd), EINVAL);
	EXPECT_ERRNO(pread(dev.fd, &byte, 1, 0), EINVAL);
	EXPECT_ERRNO(pwrite(dev.fd, &byte, 1, 0), EINVAL);
	EXPECT_EQ(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dev.fd, 0), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
}
END_TEST

START_TEST(devices_have_ids_among_the_others)
{
	int fd = EXPECT_OK(iommufd_open());
	struct dev one, two;
	__u32 a, b;

	a = ifd_dev_start(&one, TESTDEV_0, fd);
	b = ifd_dev_start(&two, TESTDEV_1, fd);
	EXPECT_NE(a, b);
	EXPECT_ERRNO(ifd_destroy(fd, a), EBUSY);
	EXPECT_NE(ifd_new_ioas(fd), a);
	dev_unmap_bar(&one);
	EXPECT_OK(close(one.fd));
	EXPECT_ERRNO(ifd_destroy(fd, a), ENOENT);
	EXPECT_ERRNO(ifd_destroy(fd, b), EBUSY);
}
END_TEST

START_TEST(attach_takes_structures_of_old_and_new_headers)
{
	struct ifd_attached a = ifd_attached();

	EXPECT_OK(attach_sized(a.dev.fd, 0, 12, a.ioas, 0));
	EXPECT_OK(attach_sized(a.dev.fd, 0, 16, a.ioas, 0));
	EXPECT_OK(attach_sized(a.dev.fd, 0, 64, a.ioas, 0));
	EXPECT_ERRNO(attach_sized(a.dev.fd, 0, 8, a.ioas, 0), EINVAL);
	EXPECT_ERRNO(attach_sized(a.dev.fd, 1U << 31, 16, a.ioas, 0), EINVAL);
	EXPECT_ERRNO(ioctl(a.dev.fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, NULL), EFAULT);
	EXPECT_OK(detach_sized(a.dev.fd, 0, 8, 0));
	EXPECT_OK(detach_sized(a.dev.fd, 0, 12, 0));
	EXPECT_ERRNO(detach_sized(a.dev.fd, 0, 4, 0), EINVAL);
	EXPECT_ERRNO(detach_sized(a.dev.fd, 1U << 31, 12, 0), EINVAL);
	EXPECT_ERRNO(ioctl(a.dev.fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, NULL), EFAULT);
}
END_TEST

START_TEST(attach_checks_ids)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(PAGE, CANARY);

	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	EXPECT_ERRNO(vfd_attach(a.dev.fd, 0), ENOENT);
	EXPECT_ERRNO(vfd_attach(a.dev.fd, ~0U), ENOENT);
	EXPECT_ERRNO(vfd_attach(a.dev.fd, a.id), EINVAL);
	/* what was attached still is */
	expect_dma(&a.dev, IOVA, p, PAGE);
	EXPECT_ERRNO(ifd_destroy(a.fd, a.ioas), EBUSY);
	EXPECT_OK(vfd_detach(a.dev.fd));
	expect_blocked(&a.dev, IOVA, p, PAGE);
	/* it is not, and that is what was asked for */
	EXPECT_OK(vfd_detach(a.dev.fd));
	EXPECT_OK(ifd_destroy(a.fd, a.ioas));
}
END_TEST

START_TEST(attaching_replaces)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(PAGE, CANARY), *q = memory(PAGE, CANARY);
	__u32 other = ifd_new_ioas(a.fd);

	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_map(a.fd, other, q, 2 * IOVA, PAGE));
	expect_dma(&a.dev, IOVA, p, PAGE);
	expect_blocked(&a.dev, 2 * IOVA, q, PAGE);
	EXPECT_OK(vfd_attach(a.dev.fd, other));
	expect_blocked(&a.dev, IOVA, p, PAGE);
	expect_dma(&a.dev, 2 * IOVA, q, PAGE);
	EXPECT_OK(ifd_destroy(a.fd, a.ioas));
}
END_TEST

START_TEST(two_devices_share_an_address_space)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(PAGE, CANARY);
	struct dev other;

	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	ifd_dev_start(&other, TESTDEV_1, a.fd);
	expect_blocked(&other, IOVA, p, PAGE);
	EXPECT_OK(vfd_attach(other.fd, a.ioas));
	expect_dma(&other, IOVA, p, PAGE);
	expect_dma(&a.dev, IOVA, p, PAGE);
	EXPECT_OK(vfd_detach(a.dev.fd));
	expect_dma(&other, IOVA, p, PAGE);
	expect_blocked(&a.dev, IOVA, p, PAGE);
}
END_TEST

#ifdef VFIO_DEVICE_ATTACH_PASID
START_TEST(devices_without_pasids_are_not_attached_by_one)
{
	struct ifd_attached a = ifd_attached();

	if (stack_is_linux() && kernel_is("6.12"))
		return;	/* older than this flag */
	EXPECT_ERRNO(attach_sized(a.dev.fd, VFIO_DEVICE_ATTACH_PASID, 12, a.ioas, 1), EINVAL);
	EXPECT_ERRNO(detach_sized(a.dev.fd, VFIO_DEVICE_DETACH_PASID, 8, 1), EINVAL);
	EXPECT_ERRNO(attach_sized(a.dev.fd, VFIO_DEVICE_ATTACH_PASID, 16, a.ioas, 1), EINVAL);
	EXPECT_OK(detach_sized(a.dev.fd, VFIO_DEVICE_DETACH_PASID, 12, 1));
}
END_TEST
#endif

START_TEST(a_bound_device_is_described_and_reset)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct ifd_attached a = ifd_attached();

	EXPECT_OK(ioctl(a.dev.fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_TRUE(info.flags & VFIO_DEVICE_FLAGS_PCI);
	EXPECT_EQ(info.num_regions, VFIO_PCI_NUM_REGIONS);
	EXPECT_EQ(info.num_irqs, VFIO_PCI_NUM_IRQS);
	if (info.flags & VFIO_DEVICE_FLAGS_RESET)
		EXPECT_OK(ioctl(a.dev.fd, VFIO_DEVICE_RESET));
	/* Group ioctls and the like are not a device's */
	EXPECT_ERRNO(ioctl(a.dev.fd, VFIO_GET_API_VERSION), ENOTTY);
}
END_TEST

static int feature(int dev, __u32 flags, __u32 argsz)
{
	__u32 arg[64] = { argsz, flags };

	return ioctl(dev, VFIO_DEVICE_FEATURE, arg);
}

START_TEST(features_are_probed)
{
	struct ifd_attached a = ifd_attached();
	int dev = a.dev.fd;

	EXPECT_OK(feature(dev, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
			  VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, 8));
	EXPECT_ERRNO(feature(dev, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, 8), EINVAL);
	EXPECT_ERRNO(feature(dev, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_MIGRATION, 64), ENOTTY);
	EXPECT_ERRNO(feature(dev, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET |
			     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, 8), EINVAL);
	EXPECT_ERRNO(feature(dev, 1U << 20, 8), EINVAL);
	EXPECT_ERRNO(feature(dev, VFIO_DEVICE_FEATURE_PROBE, 4), EINVAL);
	EXPECT_ERRNO(feature(dev, VFIO_DEVICE_FEATURE_PROBE | 0xffff, 8), ENOTTY);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		the_node_is_where_programs_look_for_it,
		structures_of_old_and_new_headers_bind,
		bind_checks_its_arguments,
#ifdef VFIO_DEVICE_BIND_FLAG_TOKEN
		a_token_is_for_those_devices_that_want_one,
#endif
		what_cannot_be_answered_is_not_bound,
		a_file_is_bound_once,
		an_unbound_device_does_nothing,
		devices_have_ids_among_the_others,
		attach_takes_structures_of_old_and_new_headers,
		attach_checks_ids,
		attaching_replaces,
		two_devices_share_an_address_space,
#ifdef VFIO_DEVICE_ATTACH_PASID
		devices_without_pasids_are_not_attached_by_one,
#endif
		a_bound_device_is_described_and_reset,
		features_are_probed,
		NULL
	};

	return run_program(argc, argv, "vfio_cdev_abi", tests, RUN_DEVICES);
}
