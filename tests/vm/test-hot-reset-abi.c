// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets of a bus by VFIO's character devices, by the headers of Linux and nothing
 * else; as test-iommufd-abi.c otherwise. With PFs and VFs: test-hot-reset.c.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

#include "iommufd.h"
#include "memory.h"
#include "modules.h"

#define OWNED	(VFIO_PCI_HOT_RESET_FLAG_DEV_ID | VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED)

/* Registers of igb: its address, which anybody can write, and its state */
#define RAL		0x5400
#define STATUS		0x0008

struct info {
	__u32 argsz, flags, count;
	struct vfio_pci_dependent_device device[4];
};

static int get_info(int dev, struct info *info)
{
	info->argsz = sizeof(*info);
	return ioctl(dev, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info);
}

static int reset_sized(int dev, __u32 argsz, __u32 flags, __u32 count)
{
	__u32 arg[8] = { argsz, flags, count };

	return ioctl(dev, VFIO_DEVICE_PCI_HOT_RESET, arg);
}

static int hot_reset(int dev)
{
	return reset_sized(dev, sizeof(struct vfio_pci_hot_reset), 0, 0);
}

/* 6.1's VFIO keeps to itself what it takes */
static bool cannot(void)
{
	return kernel_is("6.1");
}

static void open_bdf(struct dev *dev, const char *bdf)
{
	memset(dev, 0, sizeof(*dev));
	snprintf(dev->bdf, sizeof(dev->bdf), "%s", bdf);
	EXPECT_OK(pci_give_to(bdf, stack_driver()));
	dev->fd = EXPECT_OK(dev_open_bdf(bdf));
}

/* One alone on its bus, bound and enabled */
static __u32 igb_start(struct dev *dev, int fd)
{
	char bdf[BDF_SIZE];
	__u32 id;

	EXPECT_TRUE(pci_find(IGB_ID, 0, 0, bdf));
	open_bdf(dev, bdf);
	EXPECT_OK(vfd_bind(dev->fd, fd, &id));
	dev_enable(dev);
	dev_map_bar(dev);
	return id;
}

static volatile __u32 *reg(struct dev *dev, unsigned int at)
{
	return (volatile __u32 *)((volatile char *)dev->bar + at);
}

static void end(struct dev *dev)
{
	char bdf[BDF_SIZE];

	snprintf(bdf, sizeof(bdf), "%s", dev->bdf);
	dev_unmap_all_bars();
	close_all();
	EXPECT_OK(pci_take_back(bdf));
}

/* Two of one group on one bus; the second one is not bound. Their address space */
static __u32 two_start(struct dev *one, struct dev *two, int fd, __u32 *id)
{
	__u32 ioas = ifd_new_ioas(fd);
	char bdf[BDF_SIZE];

	open_bdf(one, which_bdf(BUS_0, bdf));
	open_bdf(two, which_bdf(BUS_1, bdf));
	EXPECT_OK(vfd_bind(one->fd, fd, id));
	dev_enable(one);
	dev_map_bar(one);
	EXPECT_OK(vfd_attach(one->fd, ioas));
	return ioas;
}

static void two_end(void)
{
	char bdf[BDF_SIZE];

	dev_unmap_all_bars();
	close_all();
	EXPECT_OK(pci_take_back(which_bdf(BUS_0, bdf)));
	EXPECT_OK(pci_take_back(which_bdf(BUS_1, bdf)));
}

static void expect_device(const struct vfio_pci_dependent_device *device, const char *bdf,
			  __u32 devid)
{
	char is[BDF_SIZE];

	snprintf(is, sizeof(is), "%04x:%02x:%02x.%d", device->segment, device->bus,
		 device->devfn >> 3, device->devfn & 7);
	EXPECT_EQ(strcmp(is, bdf), 0);
	EXPECT_EQ(device->devid, devid);
}

START_TEST(a_device_alone_on_its_bus_is_reset)
{
	int fd = EXPECT_OK(iommufd_open());
	struct info info;
	struct dev dev;
	__u32 id, ral;

	id = igb_start(&dev, fd);
	if (cannot()) {
		EXPECT_ERRNO(get_info(dev.fd, &info), ENODEV);
		EXPECT_ERRNO(hot_reset(dev.fd), ENODEV);
		end(&dev);
		return;
	}
	EXPECT_OK(get_info(dev.fd, &info));
	EXPECT_EQ(info.count, 1);
	EXPECT_EQ(info.flags, OWNED);
	expect_device(&info.device[0], dev.bdf, id);

	ral = *reg(&dev, RAL);
	*reg(&dev, RAL) = ~ral;
	EXPECT_EQ(*reg(&dev, RAL), ~ral);
	EXPECT_OK(hot_reset(dev.fd));
	/* as it was switched on, and mapped where it was */
	EXPECT_EQ(*reg(&dev, RAL), ral);
	EXPECT_TRUE(config_read16(&dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	end(&dev);
}
END_TEST

static volatile bool over;
static unsigned int nothing;

/* What is read of a device that does not answer: all ones, or zeroes, as QEMU has it */
static void *look(void *arg)
{
	volatile __u32 *status = arg;
	__u32 now;

	while (!over) {
		now = *status;
		if (!now || now == ~0U)
			nothing++;
	}
	return NULL;
}

START_TEST(nobody_sees_a_device_that_is_being_reset)
{
	int fd = EXPECT_OK(iommufd_open());
	struct dev dev;
	pthread_t thread;
	int i, ret;

	igb_start(&dev, fd);
	over = false;
	nothing = 0;
	EXPECT_EQ(pthread_create(&thread, NULL, look, (void *)reg(&dev, STATUS)), 0);
	for (i = 0; i < 2; i++) {
		if (cannot()) {
			EXPECT_ERRNO(hot_reset(dev.fd), ENODEV);
			continue;
		}
		/* Whoever touches the device just now is not waited for */
		do
			ret = hot_reset(dev.fd);
		while (ret && errno == EBUSY);
		EXPECT_OK(ret);
	}
	over = true;
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(nothing, 0);
	end(&dev);
}
END_TEST

START_TEST(a_device_of_the_same_group_that_nobody_has_bound_is_owned)
{
	int fd = EXPECT_OK(iommufd_open());
	char *p = memory(PAGE, CANARY);
	struct dev one, two;
	struct info info;
	__u32 id, ioas;

	ioas = two_start(&one, &two, fd, &id);
	EXPECT_OK(ifd_map(fd, ioas, p, IOVA, PAGE));
	expect_dma(&one, IOVA, p, PAGE);
	if (cannot()) {
		EXPECT_ERRNO(get_info(one.fd, &info), ENODEV);
	} else {
		EXPECT_OK(get_info(one.fd, &info));
		EXPECT_EQ(info.count, 2);
		EXPECT_EQ(info.flags, OWNED);
		expect_device(&info.device[0], one.bdf, id);
		expect_device(&info.device[1], two.bdf, VFIO_PCI_DEVID_OWNED);
		EXPECT_OK(hot_reset(one.fd));
	}
	/* what is attached still is, and nothing else is reached */
	expect_dma(&one, IOVA, p, PAGE);
	EXPECT_OK(vfd_detach(one.fd));
	expect_blocked(&one, IOVA, p, PAGE);
	two_end();
}
END_TEST

START_TEST(devices_bound_to_the_same_fd_are_reset_together)
{
	int fd = EXPECT_OK(iommufd_open());
	char *p = memory(PAGE, CANARY);
	struct dev one, two;
	__u32 a, b, ioas;
	struct info info;

	ioas = two_start(&one, &two, fd, &a);
	EXPECT_OK(ifd_map(fd, ioas, p, IOVA, PAGE));
	EXPECT_OK(vfd_bind(two.fd, fd, &b));
	dev_enable(&two);
	dev_map_bar(&two);
	EXPECT_OK(vfd_attach(two.fd, ioas));
	if (!cannot()) {
		EXPECT_OK(get_info(two.fd, &info));
		EXPECT_EQ(info.count, 2);
		EXPECT_EQ(info.flags, OWNED);
		expect_device(&info.device[0], one.bdf, a);
		expect_device(&info.device[1], two.bdf, b);
		EXPECT_OK(hot_reset(two.fd));
		EXPECT_OK(hot_reset(one.fd));
	} else {
		EXPECT_ERRNO(hot_reset(two.fd), ENODEV);
	}
	expect_dma(&one, IOVA, p, PAGE);
	expect_dma(&two, IOVA, p, PAGE);
	two_end();
}
END_TEST

START_TEST(a_device_without_vfio_driver_is_not_owned)
{
	int fd = EXPECT_OK(iommufd_open());
	struct dev one, two;
	struct info info;
	__u32 id;

	two_start(&one, &two, fd, &id);
	EXPECT_OK(close(two.fd));
	EXPECT_OK(pci_take_back(two.bdf));
	if (cannot()) {
		EXPECT_ERRNO(hot_reset(one.fd), ENODEV);
	} else {
		EXPECT_OK(get_info(one.fd, &info));
		EXPECT_EQ(info.count, 2);
		EXPECT_EQ(info.flags, VFIO_PCI_HOT_RESET_FLAG_DEV_ID);
		expect_device(&info.device[0], one.bdf, id);
		expect_device(&info.device[1], two.bdf, VFIO_PCI_DEVID_NOT_OWNED);
		EXPECT_ERRNO(hot_reset(one.fd), EINVAL);
	}
	EXPECT_OK(pci_give_to(two.bdf, stack_driver()));
	two_end();
}
END_TEST

/* Two groups on one bus */
static void strangers_start(struct dev *one, struct dev *two)
{
	char bdf[BDF_SIZE];

	EXPECT_TRUE(pci_find(IGB_ID, 2, 0, bdf));
	open_bdf(one, bdf);
	EXPECT_TRUE(pci_find(IGB_ID, 2, 1, bdf));
	open_bdf(two, bdf);
	EXPECT_NE(pci_group(one->bdf), pci_group(two->bdf));
}

static void strangers_end(const struct dev *one, const struct dev *two)
{
	dev_unmap_all_bars();
	close_all();
	EXPECT_OK(pci_take_back(one->bdf));
	EXPECT_OK(pci_take_back(two->bdf));
}

/* Not only the answer: the device keeps what is written to it */
static void expect_no_reset(struct dev *one, const struct dev *two, __u32 id)
{
	struct info info;

	dev_enable(one);
	dev_map_bar(one);
	*reg(one, RAL) = 0x12345678;
	if (cannot()) {
		EXPECT_ERRNO(hot_reset(one->fd), ENODEV);
	} else {
		EXPECT_OK(get_info(one->fd, &info));
		EXPECT_EQ(info.count, 2);
		EXPECT_EQ(info.flags, VFIO_PCI_HOT_RESET_FLAG_DEV_ID);
		expect_device(&info.device[0], one->bdf, id);
		expect_device(&info.device[1], two->bdf, VFIO_PCI_DEVID_NOT_OWNED);
		EXPECT_ERRNO(hot_reset(one->fd), EINVAL);
	}
	EXPECT_EQ(*reg(one, RAL), 0x12345678);
}

START_TEST(a_device_of_another_group_that_nobody_has_bound_is_not_reset)
{
	int fd = EXPECT_OK(iommufd_open());
	struct dev one, two;
	__u32 id;

	strangers_start(&one, &two);
	EXPECT_OK(vfd_bind(one.fd, fd, &id));
	expect_no_reset(&one, &two, id);
	strangers_end(&one, &two);
}
END_TEST

START_TEST(a_device_that_another_fd_has_is_not_reset)
{
	int fd = EXPECT_OK(iommufd_open()), other = EXPECT_OK(iommufd_open());
	struct dev one, two;
	__u32 id;

	strangers_start(&one, &two);
	EXPECT_OK(vfd_bind(one.fd, fd, &id));
	EXPECT_OK(vfd_bind(two.fd, other, NULL));
	expect_no_reset(&one, &two, id);
	strangers_end(&one, &two);
}
END_TEST

START_TEST(devices_of_two_groups_that_one_fd_has_are_reset)
{
	int fd = EXPECT_OK(iommufd_open());
	struct dev one, two;
	struct info info;
	__u32 a, b, ral;

	strangers_start(&one, &two);
	EXPECT_OK(vfd_bind(one.fd, fd, &a));
	EXPECT_OK(vfd_bind(two.fd, fd, &b));
	dev_enable(&two);
	dev_map_bar(&two);
	ral = *reg(&two, RAL);
	*reg(&two, RAL) = ~ral;
	if (cannot()) {
		EXPECT_ERRNO(hot_reset(one.fd), ENODEV);
	} else {
		EXPECT_OK(get_info(one.fd, &info));
		EXPECT_EQ(info.flags, OWNED);
		expect_device(&info.device[0], one.bdf, a);
		expect_device(&info.device[1], two.bdf, b);
		EXPECT_OK(hot_reset(one.fd));
		EXPECT_EQ(*reg(&two, RAL), ral);
	}
	strangers_end(&one, &two);
}
END_TEST

START_TEST(a_device_on_the_root_bus_is_not_reset)
{
	struct ifd_attached a = ifd_attached();
	struct info info;

	EXPECT_ERRNO(get_info(a.dev.fd, &info), ENODEV);
	EXPECT_ERRNO(hot_reset(a.dev.fd), ENODEV);
}
END_TEST

START_TEST(arguments_are_checked)
{
	int fd = EXPECT_OK(iommufd_open());
	struct info info = { .argsz = 12 };
	struct dev dev;

	igb_start(&dev, fd);
	EXPECT_ERRNO(reset_sized(dev.fd, 8, 0, 0), EINVAL);
	EXPECT_ERRNO(reset_sized(dev.fd, 12, 1, 0), EINVAL);
	/* group fds are not for us */
	EXPECT_ERRNO(reset_sized(dev.fd, 16, 0, 1), EINVAL);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_PCI_HOT_RESET, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, NULL), EFAULT);
	if (!cannot()) {
		EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info), ENOSPC);
		EXPECT_EQ(info.count, 1);
	}
	info.argsz = 8;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info), EINVAL);
	end(&dev);
}
END_TEST

START_TEST(an_unbound_device_resets_nobody)
{
	struct info info;
	char bdf[BDF_SIZE];
	struct dev dev;

	EXPECT_TRUE(pci_find(IGB_ID, 0, 0, bdf));
	open_bdf(&dev, bdf);
	EXPECT_ERRNO(get_info(dev.fd, &info), EINVAL);
	EXPECT_ERRNO(hot_reset(dev.fd), EINVAL);
	end(&dev);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		a_device_alone_on_its_bus_is_reset,
		nobody_sees_a_device_that_is_being_reset,
		a_device_of_the_same_group_that_nobody_has_bound_is_owned,
		devices_bound_to_the_same_fd_are_reset_together,
		a_device_without_vfio_driver_is_not_owned,
		a_device_of_another_group_that_nobody_has_bound_is_not_reset,
		a_device_that_another_fd_has_is_not_reset,
		devices_of_two_groups_that_one_fd_has_are_reset,
		a_device_on_the_root_bus_is_not_reset,
		arguments_are_checked,
		an_unbound_device_resets_nobody,
		NULL
	};

	return run_program(argc, argv, "hot_reset_abi", tests, RUN_DEVICES);
}
