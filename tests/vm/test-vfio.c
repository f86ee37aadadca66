// SPDX-License-Identifier: GPL-2.0-only
/* The VFIO ioctls and regions of our device fd: linux/vfio.h. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "irq.h"
#include "memory.h"
#include "run.h"

static struct dev started(enum which which)
{
	struct dev dev;

	dev_start(&dev, which, EXPECT_OK(iommu_open()));
	return dev;
}

START_TEST(vfio_get_info_describes_a_pci_device)
{
	struct dev dev = started(EDU_0);
	struct vfio_device_info info = { .argsz = sizeof(info) };

	EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_TRUE(info.flags & VFIO_DEVICE_FLAGS_PCI);
	EXPECT_GE(info.num_regions, VFIO_PCI_NUM_REGIONS);
	EXPECT_EQ(info.num_irqs, VFIO_PCI_NUM_IRQS);
	info.argsz = 8;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_INFO, &info), EINVAL);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_INFO, NULL), EFAULT);
}
END_TEST

START_TEST(vfio_get_region_info_describes_each_region)
{
	struct dev dev = started(EDU_0);
	struct vfio_region_info info;
	__u32 i;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		info = (struct vfio_region_info){ .argsz = sizeof(info), .index = i };
		if (i == VFIO_PCI_VGA_REGION_INDEX) {
			EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info), EINVAL);
			continue;
		}
		EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info));
		EXPECT_EQ(info.index, i);
		if (i == VFIO_PCI_BAR0_REGION_INDEX) {
			EXPECT_EQ(info.size, MIB);
			EXPECT_EQ(info.flags & 7, VFIO_REGION_INFO_FLAG_READ |
				  VFIO_REGION_INFO_FLAG_WRITE | VFIO_REGION_INFO_FLAG_MMAP);
		} else if (i == VFIO_PCI_CONFIG_REGION_INDEX) {
			EXPECT_GE(info.size, 256);
			EXPECT_EQ(info.flags & 7, VFIO_REGION_INFO_FLAG_READ |
				  VFIO_REGION_INFO_FLAG_WRITE);
		} else {
			EXPECT_EQ(info.size, 0);
		}
	}
	info = (struct vfio_region_info){ .argsz = sizeof(info), .index = 1000 };
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info), EINVAL);
	info = (struct vfio_region_info){ .argsz = 16 };
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info), EINVAL);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_REGION_INFO, NULL), EFAULT);
}
END_TEST

START_TEST(vfio_get_irq_info_describes_each_interrupt)
{
	struct dev dev = started(EDU_0);
	struct vfio_irq_info info;
	__u32 i;

	for (i = 0; i < 2; i++) {
		info = (struct vfio_irq_info){ .argsz = sizeof(info), .index = i };
		EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_GET_IRQ_INFO, &info));
		EXPECT_EQ(info.count, 1);
		EXPECT_TRUE(info.flags & VFIO_IRQ_INFO_EVENTFD);
		if (i == VFIO_PCI_INTX_IRQ_INDEX)
			EXPECT_TRUE(info.flags & VFIO_IRQ_INFO_AUTOMASKED);
	}
	info = (struct vfio_irq_info){ .argsz = sizeof(info), .index = VFIO_PCI_REQ_IRQ_INDEX };
	EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(info.count, 1);
	info.index = VFIO_PCI_NUM_IRQS;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), EINVAL);
}
END_TEST

START_TEST(vfio_intx_arrives_is_masked_and_unmasked)
{
	int event = EXPECT_OK(eventfd(0, EFD_CLOEXEC)), i;
	struct dev dev = started(EDU_0);

	EXPECT_OK(set_irq(&dev, VFIO_PCI_INTX_IRQ_INDEX,
			  VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, event));
	EXPECT_TRUE(!interrupted(event, 0));
	for (i = 0; i < 3; i++) {
		edu_raise_irq(&dev);
		EXPECT_TRUE(interrupted(event, 5000));
		/* it is a level, and masked: no second one until it is unmasked */
		EXPECT_TRUE(!interrupted(event, 20));
		edu_ack_irq(&dev);
		EXPECT_OK(set_irq(&dev, VFIO_PCI_INTX_IRQ_INDEX,
				  VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 0));
		EXPECT_TRUE(!interrupted(event, 20));
	}
	/* left enabled: closing has to take care of it */
}
END_TEST

START_TEST(vfio_msi_arrives)
{
	int event = EXPECT_OK(eventfd(0, EFD_CLOEXEC)), i;
	struct dev dev = started(EDU_0);
	struct vfio_irq_set off = {
		.argsz = sizeof(off), .index = VFIO_PCI_MSI_IRQ_INDEX,
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
	};

	EXPECT_OK(set_irq(&dev, VFIO_PCI_MSI_IRQ_INDEX,
			  VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, event));
	for (i = 0; i < 3; i++) {
		edu_raise_irq(&dev);
		EXPECT_TRUE(interrupted(event, 5000));
		edu_ack_irq(&dev);
	}
	EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_SET_IRQS, &off));
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_SET_IRQS, NULL), EFAULT);
	off.argsz = 4;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_SET_IRQS, &off), EINVAL);
}
END_TEST

START_TEST(vfio_msi_of_dma_arrives_when_data_is_there)
{
	int event = EXPECT_OK(eventfd(0, EFD_CLOEXEC));
	int fd = EXPECT_OK(iommu_open());
	char *p = memory(PAGE, 0xa5);
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, EDU_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	memset(p, 0x42, 64);
	edu_from_memory(&dev, IOVA, 64);
	edu_to_memory(&dev, IOVA + 128, 64);
	expect_filled(p + 128, 0x42, 64);
	/* the interrupt is no DMA of the device's that a mapping could catch */
	EXPECT_OK(set_irq(&dev, VFIO_PCI_MSI_IRQ_INDEX,
			  VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, event));
	edu_raise_irq(&dev);
	EXPECT_TRUE(interrupted(event, 5000));
	EXPECT_OK(dev_detach(dev.fd, fd));
	edu_ack_irq(&dev);
	edu_raise_irq(&dev);
	EXPECT_TRUE(interrupted(event, 5000));
	edu_ack_irq(&dev);
}
END_TEST

START_TEST(vfio_reset_works_if_the_device_says_so)
{
	struct dev dev = started(EDU_0);
	struct vfio_device_info info = { .argsz = sizeof(info) };

	EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_GET_INFO, &info));
	if (info.flags & VFIO_DEVICE_FLAGS_RESET)
		EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_RESET));
	else
		EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_RESET), EINVAL);
}
END_TEST

START_TEST(vfio_hot_reset_is_not_offered)
{
	struct dev dev = started(EDU_0);
	struct vfio_pci_hot_reset_info info = { .argsz = sizeof(info) };
	struct vfio_pci_hot_reset reset = { .argsz = sizeof(reset) };

	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info), ENODEV);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_PCI_HOT_RESET, &reset), ENODEV);
}
END_TEST

/* VFIO's core would look at what lies before the table of regions */
START_TEST(vfio_ioeventfd_is_not_offered)
{
	struct dev dev = started(EDU_0);
	struct vfio_device_ioeventfd arg = {
		.argsz = sizeof(arg), .flags = VFIO_DEVICE_IOEVENTFD_32,
		.fd = EXPECT_OK(eventfd(0, EFD_CLOEXEC)),
	};

	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_IOEVENTFD, &arg), ENOTTY);
	arg.offset = 1ULL << 63;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_IOEVENTFD, &arg), ENOTTY);
}
END_TEST

START_TEST(vfio_feature_is_probed_and_refused)
{
	struct dev dev = started(EDU_0);
	__u64 buf[8] = { 0 };
	struct vfio_device_feature *f = (void *)buf;

	f->argsz = sizeof(*f);
	f->flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
		   VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
	EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_FEATURE, f));
	f->flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
		   VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_FEATURE, f), EINVAL);
	f->flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET | 0xfff;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_FEATURE, f), ENOTTY);
	f->flags = VFIO_DEVICE_FEATURE_GET | 0xfff;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_FEATURE, f), ENOTTY);
	/* edu is no PF: there is no token to set */
	f->argsz = sizeof(*f) + 16;
	f->flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_FEATURE, f), ENOTTY);
	f->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET |
		   VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_FEATURE, f), EINVAL);
	f->flags = VFIO_DEVICE_FEATURE_SET | 1 << 30 | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_FEATURE, f), EINVAL);
	f->argsz = 4;
	f->flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
		   VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_FEATURE, f), EINVAL);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_FEATURE, NULL), EFAULT);
}
END_TEST

START_TEST(vfio_low_power_is_entered_and_left_by_use)
{
	struct dev dev = started(EDU_0);
	__u64 buf[2] = { 0 };
	struct vfio_device_feature *f = (void *)buf;

	f->argsz = sizeof(*f);
	f->flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY;
	EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_FEATURE, f));
	f->flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
	EXPECT_OK(ioctl(dev.fd, VFIO_DEVICE_FEATURE, f));
	EXPECT_EQ(*(volatile __u32 *)dev.bar, 0x010000ed);
}
END_TEST

START_TEST(vfio_config_space_is_read_and_written)
{
	struct dev dev = started(EDU_0);
	__u64 config = region_offset(&dev, VFIO_PCI_CONFIG_REGION_INDEX, NULL);
	__u16 command;
	char buf[8];

	EXPECT_EQ(config_read16(&dev, PCI_VENDOR_ID), 0x1234);
	EXPECT_EQ(config_read16(&dev, PCI_DEVICE_ID), 0x11e8);
	command = config_read16(&dev, PCI_COMMAND);
	config_write16(&dev, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
	EXPECT_EQ(config_read16(&dev, PCI_COMMAND), command & ~PCI_COMMAND_MASTER);
	config_write16(&dev, PCI_COMMAND, command);
	EXPECT_EQ(config_read16(&dev, PCI_COMMAND), command);
	/* the vendor is not the user's to write */
	config_write16(&dev, PCI_VENDOR_ID, 0x4321);
	EXPECT_EQ(config_read16(&dev, PCI_VENDOR_ID), 0x1234);
	EXPECT_ERRNO(pread(dev.fd, (void *)PAGE, 4, config), EFAULT);
	/* regions that are not there */
	EXPECT_ERRNO(pread(dev.fd, buf, 4, 100ULL << 40), EINVAL);
	EXPECT_ERRNO(pwrite(dev.fd, buf, 4, 100ULL << 40), EINVAL);
}
END_TEST

START_TEST(vfio_bar_by_mmap_and_by_read_is_the_same)
{
	struct dev dev = started(EDU_0);
	__u64 bar = region_offset(&dev, VFIO_PCI_BAR0_REGION_INDEX, NULL);
	volatile __u32 *regs = dev.bar;
	__u32 value = 0;

	EXPECT_EQ(regs[0], 0x010000ed);
	EXPECT_EQ(pread(dev.fd, &value, 4, bar), 4);
	EXPECT_EQ(value, 0x010000ed);
	/* register 4 gives back the inverse of what is written */
	regs[1] = 0x12345678;
	EXPECT_EQ(pread(dev.fd, &value, 4, bar + 4), 4);
	EXPECT_EQ(value, ~0x12345678U);
	value = 0x0f0f1234;
	EXPECT_EQ(pwrite(dev.fd, &value, 4, bar + 4), 4);
	EXPECT_EQ(regs[1], ~0x0f0f1234U);
}
END_TEST

START_TEST(vfio_mmap_of_what_is_no_region_is_einval)
{
	struct dev dev = started(EDU_0);
	__u64 config = region_offset(&dev, VFIO_PCI_CONFIG_REGION_INDEX, NULL);
	__u64 bar = region_offset(&dev, VFIO_PCI_BAR0_REGION_INDEX, NULL);
	int prot = PROT_READ | PROT_WRITE;

	EXPECT_ERRNO((long)mmap(NULL, PAGE, prot, MAP_SHARED, dev.fd, config), EINVAL);
	EXPECT_ERRNO((long)mmap(NULL, PAGE, prot, MAP_PRIVATE, dev.fd, bar), EINVAL);
	EXPECT_ERRNO((long)mmap(NULL, 2 * MIB, prot, MAP_SHARED, dev.fd, bar), EINVAL);
	EXPECT_ERRNO((long)mmap(NULL, PAGE, prot, MAP_SHARED, dev.fd, bar + MIB), EINVAL);
	EXPECT_ERRNO((long)mmap(NULL, PAGE, prot, MAP_SHARED, dev.fd, bar + (1ULL << 40)), EINVAL);
}
END_TEST

static sigjmp_buf bus_error;

static void on_sigbus(int sig)
{
	siglongjmp(bus_error, 1);
}

static bool can_touch(volatile void *p)
{
	volatile bool ok = false;

	EXPECT_TRUE(signal(SIGBUS, on_sigbus) != SIG_ERR);
	if (!sigsetjmp(bus_error, 1)) {
		(void)*(volatile __u32 *)p;
		ok = true;
	}
	EXPECT_TRUE(signal(SIGBUS, SIG_DFL) != SIG_ERR);
	return ok;
}

START_TEST(vfio_bar_is_out_of_reach_while_memory_is_disabled)
{
	struct dev dev = started(EDU_0);
	__u16 command = config_read16(&dev, PCI_COMMAND);

	EXPECT_EQ(*(volatile __u32 *)dev.bar, 0x010000ed);
	EXPECT_TRUE(can_touch(dev.bar));
	config_write16(&dev, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
	EXPECT_TRUE(!can_touch(dev.bar));
	config_write16(&dev, PCI_COMMAND, command);
	EXPECT_TRUE(can_touch(dev.bar));
	EXPECT_EQ(*(volatile __u32 *)dev.bar, 0x010000ed);
}
END_TEST

START_TEST(vfio_bar_mapping_outlives_the_device_fd)
{
	int fd = EXPECT_OK(iommu_open());
	struct dev dev, again;

	dev_start(&dev, EDU_0, fd);
	EXPECT_OK(close(dev.fd));
	/* the mapping holds the open file: the device is still bound */
	EXPECT_EQ(*(volatile __u32 *)dev.bar, 0x010000ed);
	dev_open_only(&again, EDU_0);
	EXPECT_ERRNO(dev_bind(again.fd, fd, 7), EPERM);
	dev_unmap_bar(&dev);
	EXPECT_OK(dev_bind(again.fd, fd, 7));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		vfio_get_info_describes_a_pci_device,
		vfio_get_region_info_describes_each_region,
		vfio_get_irq_info_describes_each_interrupt,
		vfio_intx_arrives_is_masked_and_unmasked,
		vfio_msi_arrives,
		vfio_msi_of_dma_arrives_when_data_is_there,
		vfio_reset_works_if_the_device_says_so,
		vfio_hot_reset_is_not_offered,
		vfio_ioeventfd_is_not_offered,
		vfio_feature_is_probed_and_refused,
		vfio_low_power_is_entered_and_left_by_use,
		vfio_config_space_is_read_and_written,
		vfio_bar_by_mmap_and_by_read_is_the_same,
		vfio_mmap_of_what_is_no_region_is_einval,
		vfio_bar_is_out_of_reach_while_memory_is_disabled,
		vfio_bar_mapping_outlives_the_device_fd,
		NULL,
	};

	return run_program(argc, argv, "vfio", tests, RUN_DEVICES);
}
