// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO's groups and containers on a device that is bound to ioasid_vfio_pci:
 * they work, and of the two ways to use a device each excludes the other.
 */
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "legacy.h"
#include "memory.h"
#include "run.h"

static int legacy_map(struct legacy *l, void *p, __u64 iova, __u64 size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)p,
		.iova = iova,
		.size = size,
	};

	return ioctl(l->container, VFIO_IOMMU_MAP_DMA, &map);
}

/* The whole of it: a device's DMA goes through a container */
static void use_legacy(enum which which)
{
	char *p = memory(PAGE, 0xa5);
	struct dev dev = { 0 };
	struct legacy l;

	legacy_open(&l, which);
	EXPECT_OK(legacy_claim(&l));
	EXPECT_OK(legacy_use(&l));
	EXPECT_OK(legacy_map(&l, p, IOVA, PAGE));
	dev.fd = l.device;
	dev_enable(&dev);
	dev_map_bar(&dev);
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
	expect_pattern(p, PAGE);
	dev_unmap_bar(&dev);
	legacy_close(&l);
}

START_TEST(legacy_vfio_works_on_a_device_of_our_driver)
{
	use_legacy(TESTDEV_0);
	use_legacy(TESTDEV_0);
}
END_TEST

/* See module/vfio_pci/vfio_ioctl.c */
START_TEST(legacy_vfio_of_our_driver_takes_no_ioeventfds)
{
	struct vfio_device_ioeventfd arg = {
		.argsz = sizeof(arg), .flags = VFIO_DEVICE_IOEVENTFD_32,
		.offset = 1ULL << 63, .fd = EXPECT_OK(eventfd(0, EFD_CLOEXEC)),
	};
	struct legacy l;

	legacy_open(&l, TESTDEV_0);
	EXPECT_OK(legacy_claim(&l));
	EXPECT_OK(legacy_use(&l));
	EXPECT_ERRNO(ioctl(l.device, VFIO_DEVICE_IOEVENTFD, &arg), ENOTTY);
	legacy_close(&l);
}
END_TEST

START_TEST(legacy_vfio_works_while_our_device_fd_is_open_but_not_bound)
{
	struct dev dev;

	dev_open_only(&dev, TESTDEV_0);
	use_legacy(TESTDEV_0);
	EXPECT_OK(dev_bind(dev.fd, EXPECT_OK(iommu_open()), 1));
}
END_TEST

START_TEST(legacy_vfio_and_ours_take_turns)
{
	char *p = memory(PAGE, 0xa5);
	struct dev dev;
	int fd, i;

	for (i = 0; i < 3; i++) {
		use_legacy(TESTDEV_0);
		fd = EXPECT_OK(iommu_open());
		dev_start(&dev, TESTDEV_0, fd);
		/* nothing of the container is left behind it */
		memset(p, 0xa5, PAGE);
		EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, 0), DMA_BLOCKED);
		expect_filled(p, 0xa5, PAGE);
		dev_unmap_bar(&dev);
		EXPECT_OK(close(dev.fd));
		EXPECT_OK(close(fd));
	}
}
END_TEST

START_TEST(bind_is_eperm_while_a_container_has_the_group)
{
	int fd = EXPECT_OK(iommu_open());
	struct legacy l;
	struct dev dev;

	dev_open_only(&dev, TESTDEV_0);
	legacy_open(&l, TESTDEV_0);
	/* an open group alone claims nothing */
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
	EXPECT_OK(dev_unbind(dev.fd, fd));
	EXPECT_OK(legacy_claim(&l));
	EXPECT_ERRNO(dev_bind(dev.fd, fd, 1), EPERM);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_RESET), EINVAL);
	EXPECT_OK(ioctl(l.group, VFIO_GROUP_UNSET_CONTAINER));
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
}
END_TEST

START_TEST(bind_is_ebusy_while_the_device_is_open_through_its_group)
{
	int fd = EXPECT_OK(iommu_open());
	struct legacy l;
	struct dev dev;

	dev_open_only(&dev, TESTDEV_0);
	legacy_open(&l, TESTDEV_0);
	EXPECT_OK(legacy_claim(&l));
	EXPECT_OK(legacy_use(&l));
	EXPECT_ERRNO(dev_bind(dev.fd, fd, 1), EBUSY);
	/* and the failed bind has not disturbed the other user */
	EXPECT_OK(legacy_map(&l, memory(PAGE, 0), IOVA, PAGE));
	legacy_close(&l);
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
}
END_TEST

START_TEST(container_is_eperm_while_ours_has_the_device)
{
	int fd = EXPECT_OK(iommu_open());
	char *p = memory(PAGE, 0xa5);
	__u32 ioas = new_ioas(fd);
	struct legacy l;
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	legacy_open(&l, TESTDEV_0);
	EXPECT_ERRNO(legacy_claim(&l), EPERM);
	EXPECT_ERRNO(ioctl(l.group, VFIO_GROUP_GET_DEVICE_FD, l.bdf), EINVAL);
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
	/* a closed iommu fd does not free the device */
	EXPECT_OK(close(fd));
	EXPECT_ERRNO(legacy_claim(&l), EPERM);
	dev_unmap_bar(&dev);
	EXPECT_OK(close(dev.fd));
	EXPECT_OK(legacy_claim(&l));
	EXPECT_OK(legacy_use(&l));
}
END_TEST

START_TEST(iommu_fd_is_no_container)
{
	int fd = EXPECT_OK(iommu_open());
	struct legacy l;

	legacy_open(&l, TESTDEV_0);
	/* VFIO's own errors: EINVAL on 6.1, EBADFD on later kernels */
	EXPECT_EQ(ioctl(l.group, VFIO_GROUP_SET_CONTAINER, &fd), -1);
	EXPECT_TRUE(errno == EBADFD || errno == EINVAL);
	EXPECT_OK(legacy_claim(&l));
	/* nor a container an iommu fd */
	{
		struct dev dev;

		dev_open_only(&dev, TESTDEV_1);
		EXPECT_ERRNO(dev_bind(dev.fd, l.container, 1), EBADFD);
		EXPECT_ERRNO(dev_bind(dev.fd, l.group, 1), EBADFD);
	}
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		legacy_vfio_works_on_a_device_of_our_driver,
		legacy_vfio_of_our_driver_takes_no_ioeventfds,
		legacy_vfio_works_while_our_device_fd_is_open_but_not_bound,
		legacy_vfio_and_ours_take_turns,
		bind_is_eperm_while_a_container_has_the_group,
		bind_is_ebusy_while_the_device_is_open_through_its_group,
		container_is_eperm_while_ours_has_the_device,
		iommu_fd_is_no_container,
		NULL,
	};

	return run_program(argc, argv, "legacy", tests, RUN_DEVICES);
}
