// SPDX-License-Identifier: GPL-2.0-only
/* What the info calls say, before and after the things that change it. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

START_TEST(extension_says_what_this_module_can_do)
{
	int fd = EXPECT_OK(iommu_open());
	unsigned long ext;

	for (ext = IOASID_EXT_TYPE1V2_MAP; ext <= IOASID_EXT_IOMMUFD; ext++) {
		int offered = ioctl(fd, IOMMU_CHECK_EXTENSION, ext);

		switch (ext) {
		case IOASID_EXT_TYPE1V2_MAP:
		case IOASID_EXT_MAP_ARRAY:
		case IOASID_EXT_MULTI_DEVICE_GROUPS:
		case IOASID_EXT_IOMMUFD:
			EXPECT_EQ(offered, 1);
			break;
		case IOASID_EXT_PASID:
		case IOASID_EXT_PASID_ALIAS:
			/* came to the kernel after 6.1 */
			EXPECT_EQ(offered, !kernel_is("6.1"));
			break;
		case IOASID_EXT_NO_SNOOP:
			break;
		default:
			/* what is refused by the calls */
			EXPECT_EQ(offered, 0);
		}
	}
}
END_TEST

START_TEST(extension_of_unknown_number_is_0)
{
	static const unsigned long unknown[] = { 0, 15, 16, 1000, 0x80000000UL, ~0UL, ~0UL - 1 };
	int fd = EXPECT_OK(iommu_open());
	size_t i;

	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		EXPECT_EQ(ioctl(fd, IOMMU_CHECK_EXTENSION, unknown[i]), 0);
	/* only the low bits are those of a known one */
	EXPECT_EQ(ioctl(fd, IOMMU_CHECK_EXTENSION, (1UL << 32) | IOASID_EXT_TYPE1V2_MAP), 0);
}
END_TEST

START_TEST(device_info_names_the_iommu)
{
	int fd = EXPECT_OK(iommu_open());
	struct device_caps caps;
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	device_caps(fd, dev.cookie, &caps);
	if (config_has("vtd"))
		EXPECT_EQ(caps.info.vendor, IOASID_IOMMU_INTEL_VTD);
	else if (config_has("amd"))
		EXPECT_EQ(caps.info.vendor, IOASID_IOMMU_AMD);
	else if (config_has("smmuv3"))
		EXPECT_EQ(caps.info.vendor, IOASID_IOMMU_ARM_SMMUV3);
	else
		EXPECT_EQ(caps.info.vendor, IOASID_IOMMU_OTHER);
}
END_TEST

START_TEST(device_info_has_the_registers_of_vtd)
{
	int fd = EXPECT_OK(iommu_open());
	struct device_caps caps;
	struct dev dev;
	char text[64];

	dev_start(&dev, TESTDEV_0, fd);
	device_caps(fd, dev.cookie, &caps);
	if (!config_has("vtd")) {
		EXPECT_TRUE(!caps.has_hw || caps.hw_id == IOASID_CAP_HW_AMD);
		return;
	}
	EXPECT_TRUE(caps.has_hw);
	EXPECT_EQ(caps.hw_id, IOASID_CAP_HW_VTD);
	/* the kernel's own driver shows them too */
	sysfs_read("/sys/class/iommu/dmar0/intel-iommu/cap", text, sizeof(text));
	EXPECT_EQ(caps.hw[0], strtoull(text, NULL, 16));
	sysfs_read("/sys/class/iommu/dmar0/intel-iommu/ecap", text, sizeof(text));
	EXPECT_EQ(caps.hw[1], strtoull(text, NULL, 16));
}
END_TEST

START_TEST(device_info_is_there_before_any_address_space)
{
	int fd = EXPECT_OK(iommu_open());
	struct device_caps caps;
	struct dev dev;
	__u32 i;

	dev_start(&dev, TESTDEV_0, fd);
	device_caps(fd, dev.cookie, &caps);
	EXPECT_EQ(caps.info.cookie, dev.cookie);
	EXPECT_EQ(caps.info.argsz, sizeof(caps.info));
	EXPECT_EQ(caps.info.group_devices, 1);
	EXPECT_GE(caps.info.addr_width, 39);
	EXPECT_LE(caps.info.addr_width, 64);
	EXPECT_TRUE(caps.info.pgsizes & PAGE);
	EXPECT_EQ(caps.info.pgsizes & (PAGE - 1), 0);
	/* what is not offered is not said to be */
	EXPECT_EQ(caps.info.flags & (IOASID_DEVICE_INFO_DIRTY_TRACKING |
				     IOASID_DEVICE_INFO_FAULT_RID |
				     IOASID_DEVICE_INFO_FAULT_PASID), 0);
	EXPECT_EQ(caps.info.flags & ~0x3fU, 0);
	/* of these machines only those with VT-d remap interrupts */
	EXPECT_EQ(!!(caps.info.flags & IOASID_DEVICE_INFO_UNSAFE_MSI), config_has("virtio"));
	EXPECT_EQ(caps.info.pasid_width, 0);
	EXPECT_EQ(caps.info.pasid_flags, 0);

	EXPECT_GE(caps.nr_ranges, 1);
	for (i = 0; i < caps.nr_ranges; i++) {
		EXPECT_LE(caps.ranges[i].start, caps.ranges[i].last);
		EXPECT_EQ(caps.ranges[i].start % PAGE, 0);
		EXPECT_EQ((caps.ranges[i].last + 1) % PAGE, 0);
		if (i)
			EXPECT_TRUE(caps.ranges[i].start > caps.ranges[i - 1].last + 1);
		if (caps.info.addr_width < 64)
			EXPECT_EQ(caps.ranges[i].last >> caps.info.addr_width, 0);
	}
}
END_TEST

START_TEST(device_info_leaves_out_the_interrupt_window)
{
	int fd = EXPECT_OK(iommu_open());
	struct device_caps caps;
	struct dev dev;
	__u32 i;

	dev_start(&dev, TESTDEV_0, fd);
	device_caps(fd, dev.cookie, &caps);
	for (i = 0; i < caps.nr_ranges; i++)
		EXPECT_TRUE(caps.ranges[i].last < WINDOW ||
			    caps.ranges[i].start > WINDOW + MIB - 1);
	/* and no more than it */
	for (i = 0; i < caps.nr_ranges; i++)
		if (caps.ranges[i].last == WINDOW - 1)
			return;
	FAIL("no permitted range ends where the interrupt window begins");
}
END_TEST

START_TEST(device_info_with_too_small_a_buffer_is_emsgsize)
{
	int fd = EXPECT_OK(iommu_open());
	struct ioasid_device_info info = { 0 };
	unsigned char *buf = memory(PAGE, 0xa5);
	struct dev dev;
	__u32 need, len;

	dev_start(&dev, TESTDEV_0, fd);
	/* how much it is */
	info.argsz = sizeof(info);
	info.cookie = dev.cookie;
	EXPECT_OK(ioctl(fd, IOMMU_DEVICE_GET_INFO, &info));
	need = info.caps_len;
	EXPECT_GE(need, sizeof(struct ioasid_cap_iova_ranges) + sizeof(struct ioasid_range));
	for (len = 1; len < need; len += len < 8 ? 1 : 8) {
		info = (struct ioasid_device_info){
			.argsz = sizeof(info), .cookie = dev.cookie, .caps_len = len,
			.caps = (uintptr_t)buf,
		};
		EXPECT_ERRNO(ioctl(fd, IOMMU_DEVICE_GET_INFO, &info), EMSGSIZE);
		EXPECT_EQ(info.caps_len, need);
		expect_filled(buf, 0xa5, PAGE);
	}
	info = (struct ioasid_device_info){
		.argsz = sizeof(info), .cookie = dev.cookie, .caps_len = need,
		.caps = (uintptr_t)buf,
	};
	EXPECT_OK(ioctl(fd, IOMMU_DEVICE_GET_INFO, &info));
	EXPECT_EQ(info.caps_len, need);
	expect_filled(buf + need, 0xa5, PAGE - need);
	/* and a buffer that is none */
	info.flags = 0;
	info.caps = 0;
	EXPECT_ERRNO(ioctl(fd, IOMMU_DEVICE_GET_INFO, &info), EFAULT);
}
END_TEST

START_TEST(device_info_of_two_devices_by_their_cookies)
{
	int fd = EXPECT_OK(iommu_open());
	struct device_caps caps;
	struct dev dev, edu;

	dev_open_only(&dev, TESTDEV_0);
	dev_open_only(&edu, EDU_0);
	EXPECT_OK(dev_bind(dev.fd, fd, 0));
	EXPECT_OK(dev_bind(edu.fd, fd, ~0ULL));
	device_caps(fd, 0, &caps);
	EXPECT_EQ(caps.info.cookie, 0);
	device_caps(fd, ~0ULL, &caps);
	EXPECT_EQ(caps.info.cookie, ~0ULL);
	EXPECT_OK(dev_unbind(edu.fd, fd));
	caps.info.flags = 0;
	caps.info.caps_len = 0;
	EXPECT_ERRNO(ioctl(fd, IOMMU_DEVICE_GET_INFO, &caps.info), ENODEV);
}
END_TEST

START_TEST(pasid_info_says_that_there_are_none)
{
	int fd = EXPECT_OK(iommu_open());
	struct ioasid_pasid_info info = { .argsz = sizeof(info) };
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(ioctl(dev.fd, IOASID_DEVICE_PASID_INFO, &info));
	EXPECT_EQ(info.argsz, sizeof(info));
	EXPECT_EQ(info.width, 0);
	EXPECT_EQ(info.flags, 0);
}
END_TEST

START_TEST(ioas_info_of_a_new_address_space)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct ioasid_range ranges[2];
	struct ioasid_info info;

	EXPECT_OK(ioas_info(fd, ioas, &info));
	EXPECT_EQ(info.argsz, sizeof(info));
	EXPECT_EQ(info.ioasid, ioas);
	EXPECT_EQ(info.flags, 0);
	EXPECT_EQ(info.format, IOASID_FORMAT_KERNEL);
	EXPECT_EQ(info.parent, 0);
	EXPECT_EQ(info.nesting, IOASID_NESTING_NONE);
	EXPECT_EQ(info.snoop, IOASID_SNOOP_AUTO);
	EXPECT_EQ(info.addr_width, 64);
	EXPECT_EQ(info.mapped, 0);
	EXPECT_EQ(info.pinned, 0);
	EXPECT_EQ(info.nr_attachments, 0);
	EXPECT_TRUE(info.pgsizes & PAGE);
	EXPECT_EQ(permitted_ranges(fd, ioas, ranges, 2), 1);
	EXPECT_EQ(ranges[0].start, 0);
	EXPECT_EQ(ranges[0].last, ~0ULL);
}
END_TEST

START_TEST(ioas_info_after_attach_is_what_the_device_permits)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd), i, n;
	struct ioasid_range ranges[64];
	struct device_caps caps;
	struct ioasid_info info;
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	device_caps(fd, dev.cookie, &caps);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	n = permitted_ranges(fd, ioas, ranges, 64);
	EXPECT_EQ(n, caps.nr_ranges);
	for (i = 0; i < n; i++) {
		EXPECT_EQ(ranges[i].start, caps.ranges[i].start);
		EXPECT_EQ(ranges[i].last, caps.ranges[i].last);
	}
	EXPECT_OK(ioas_info(fd, ioas, &info));
	EXPECT_EQ(info.addr_width, caps.info.addr_width);
	EXPECT_EQ(info.pgsizes, caps.info.pgsizes);
	EXPECT_EQ(info.nr_attachments, 1);
	EXPECT_EQ(!!(info.flags & IOASID_INFO_SNOOP_ENFORCED),
		  !!(caps.info.flags & IOASID_DEVICE_INFO_ENFORCE_SNOOP));
	/* and wide again when it is gone */
	EXPECT_OK(dev_detach(dev.fd, fd));
	EXPECT_EQ(permitted_ranges(fd, ioas, ranges, 64), 1);
	EXPECT_EQ(ranges[0].last, ~0ULL);
	EXPECT_OK(ioas_info(fd, ioas, &info));
	EXPECT_EQ(info.addr_width, 64);
	EXPECT_EQ(info.flags & IOASID_INFO_SNOOP_ENFORCED, 0);
}
END_TEST

START_TEST(ioas_info_counts_what_is_mapped_and_pinned)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	char *p = memory(16 * PAGE, 0);
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, 3 * PAGE, RW));
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA + GIB, 5 * PAGE, RW));
	EXPECT_EQ(mapped_bytes(fd, ioas), 8 * PAGE);
	EXPECT_EQ(pinned_bytes(fd, ioas), 0);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_EQ(pinned_bytes(fd, ioas), 8 * PAGE);
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA + 2 * GIB, 8 * PAGE, RW));
	EXPECT_EQ(mapped_bytes(fd, ioas), 16 * PAGE);
	EXPECT_EQ(pinned_bytes(fd, ioas), 16 * PAGE);
	EXPECT_OK(ioas_unmap(fd, ioas, IOVA, 3 * PAGE, NULL));
	EXPECT_EQ(mapped_bytes(fd, ioas), 13 * PAGE);
	EXPECT_EQ(pinned_bytes(fd, ioas), 13 * PAGE);
	EXPECT_OK(dev_detach(dev.fd, fd));
	EXPECT_EQ(mapped_bytes(fd, ioas), 13 * PAGE);
	EXPECT_EQ(pinned_bytes(fd, ioas), 0);
}
END_TEST

START_TEST(ioas_info_lists_the_attachments)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct ioasid_attachment list[3];
	struct ioasid_info info;
	struct dev one, two;

	dev_open_only(&one, TESTDEV_0);
	dev_open_only(&two, EDU_0);
	EXPECT_OK(dev_bind(one.fd, fd, 0xdeadbeef12345678ULL));
	EXPECT_OK(dev_bind(two.fd, fd, 0));
	EXPECT_OK(dev_attach(one.fd, fd, ioas));
	EXPECT_OK(dev_attach(two.fd, fd, ioas));
	memset(list, 0xa5, sizeof(list));
	info = (struct ioasid_info){
		.argsz = sizeof(info), .ioasid = ioas, .nr_attachments = 3,
		.attachments = (uintptr_t)list,
	};
	EXPECT_OK(ioctl(fd, IOMMU_IOASID_GET_INFO, &info));
	EXPECT_EQ(info.nr_attachments, 2);
	EXPECT_EQ(list[0].cookie ^ list[1].cookie, 0xdeadbeef12345678ULL);
	EXPECT_TRUE(!list[0].cookie || !list[1].cookie);
	EXPECT_EQ(list[0].flags | list[1].flags, 0);
	EXPECT_EQ(list[0].pasid | list[1].pasid, 0);
	expect_filled(&list[2], 0xa5, sizeof(list[2]));
	EXPECT_OK(dev_unbind(two.fd, fd));
	info.flags = 0;
	info.nr_ranges = 0;
	EXPECT_OK(ioctl(fd, IOMMU_IOASID_GET_INFO, &info));
	EXPECT_EQ(info.nr_attachments, 1);
	EXPECT_EQ(list[0].cookie, 0xdeadbeef12345678ULL);
}
END_TEST

START_TEST(ioas_info_with_too_small_lists_is_emsgsize)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd), nr_ranges;
	struct ioasid_attachment list[2];
	struct ioasid_range ranges[64];
	struct ioasid_info info;
	struct dev one, two;

	dev_open_only(&one, TESTDEV_0);
	dev_open_only(&two, TESTDEV_1);
	EXPECT_OK(dev_bind(one.fd, fd, 1));
	EXPECT_OK(dev_bind(two.fd, fd, 2));
	EXPECT_OK(dev_attach(one.fd, fd, ioas));
	EXPECT_OK(dev_attach(two.fd, fd, ioas));
	nr_ranges = permitted_ranges(fd, ioas, ranges, 64);
	EXPECT_GE(nr_ranges, 2);	/* the interrupt window is between them */

	memset(list, 0xa5, sizeof(list));
	memset(ranges, 0xa5, sizeof(ranges));
#define INFO(nr_r, nr_a) (struct ioasid_info){					\
	.argsz = sizeof(info), .ioasid = ioas, .nr_ranges = nr_r,		\
	.nr_attachments = nr_a, .ranges = (uintptr_t)ranges,			\
	.attachments = (uintptr_t)list }
	info = INFO(nr_ranges - 1, 2);
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOASID_GET_INFO, &info), EMSGSIZE);
	EXPECT_EQ(info.nr_ranges, nr_ranges);
	EXPECT_EQ(info.nr_attachments, 2);
	info = INFO(nr_ranges, 1);
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOASID_GET_INFO, &info), EMSGSIZE);
	EXPECT_EQ(info.nr_ranges, nr_ranges);
	EXPECT_EQ(info.nr_attachments, 2);
	info = INFO(0, 1);
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOASID_GET_INFO, &info), EMSGSIZE);
	expect_filled(list, 0xa5, sizeof(list));
	expect_filled(ranges, 0xa5, sizeof(ranges));
	/* none is no wish at all */
	info = INFO(0, 0);
	EXPECT_OK(ioctl(fd, IOMMU_IOASID_GET_INFO, &info));
	EXPECT_EQ(info.nr_ranges, nr_ranges);
	EXPECT_EQ(info.nr_attachments, 2);
	expect_filled(list, 0xa5, sizeof(list));
	info = INFO(nr_ranges, 2);
	EXPECT_OK(ioctl(fd, IOMMU_IOASID_GET_INFO, &info));
	info = INFO(nr_ranges, 2);
	info.ranges = 0;
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOASID_GET_INFO, &info), EFAULT);
	info = INFO(nr_ranges, 2);
	info.attachments = 0;
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOASID_GET_INFO, &info), EFAULT);
}
END_TEST

START_TEST(hints_narrow_the_permitted_ranges)
{
	struct ioasid_range hints[] = {
		{ 64 * MIB, 96 * MIB - 1 }, { 16 * MIB, 32 * MIB - 1 },
		{ 32 * MIB, 48 * MIB - 1 }, { WINDOW - MIB, WINDOW + 2 * MIB - 1 },
	};
	struct ioasid_alloc alloc = { .nr_ranges = 4, .ranges = (uintptr_t)hints };
	int fd = EXPECT_OK(iommu_open());
	struct ioasid_range ranges[64];
	char *p = memory(PAGE, 0);
	struct dev dev;

	EXPECT_OK(ioas_alloc_with(fd, &alloc));
	/* in order, those that touch made one */
	EXPECT_EQ(permitted_ranges(fd, alloc.ioasid, ranges, 64), 3);
	EXPECT_EQ(ranges[0].start, 16 * MIB);
	EXPECT_EQ(ranges[0].last, 48 * MIB - 1);
	EXPECT_EQ(ranges[1].start, 64 * MIB);
	EXPECT_EQ(ranges[1].last, 96 * MIB - 1);
	EXPECT_EQ(ranges[2].last, WINDOW + 2 * MIB - 1);

	EXPECT_ERRNO(ioas_map(fd, alloc.ioasid, p, 16 * MIB - PAGE, PAGE, RW), EINVAL);
	EXPECT_ERRNO(ioas_map(fd, alloc.ioasid, p, 48 * MIB, PAGE, RW), EINVAL);
	EXPECT_ERRNO(ioas_map(fd, alloc.ioasid, p, 0, PAGE, RW), EINVAL);
	EXPECT_OK(ioas_map(fd, alloc.ioasid, p, 16 * MIB, PAGE, RW));
	EXPECT_OK(ioas_map(fd, alloc.ioasid, p, 96 * MIB - PAGE, PAGE, RW));
	/* across two that touch */
	EXPECT_OK(ioas_map(fd, alloc.ioasid, memory(2 * PAGE, 0), 32 * MIB - PAGE, 2 * PAGE, RW));

	/* the device takes the interrupt window out of the last one */
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, alloc.ioasid));
	EXPECT_EQ(permitted_ranges(fd, alloc.ioasid, ranges, 64), 4);
	EXPECT_EQ(ranges[2].start, WINDOW - MIB);
	EXPECT_EQ(ranges[2].last, WINDOW - 1);
	EXPECT_EQ(ranges[3].start, WINDOW + MIB);
	EXPECT_EQ(ranges[3].last, WINDOW + 2 * MIB - 1);
	EXPECT_ERRNO(ioas_map(fd, alloc.ioasid, p, 48 * MIB, PAGE, RW), EINVAL);
}
END_TEST

START_TEST(addr_width_narrows_the_address_space)
{
	static const unsigned int widths[] = { 12, 20, 32, 39, 48, 63 };
	int fd = EXPECT_OK(iommu_open());
	char *p = memory(PAGE, 0);
	struct ioasid_range ranges[64];
	struct ioasid_info info;
	struct dev dev;
	size_t i;
	__u32 n;

	dev_start(&dev, TESTDEV_0, fd);
	for (i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		struct ioasid_alloc alloc = { .addr_width = widths[i] };
		__u64 end = 1ULL << widths[i];

		EXPECT_OK(ioas_alloc_with(fd, &alloc));
		EXPECT_OK(ioas_info(fd, alloc.ioasid, &info));
		EXPECT_EQ(info.addr_width, widths[i]);
		EXPECT_EQ(permitted_ranges(fd, alloc.ioasid, ranges, 64), 1);
		EXPECT_EQ(ranges[0].last, end - 1);
		EXPECT_ERRNO(ioas_map(fd, alloc.ioasid, p, end, PAGE, RW), EINVAL);
		EXPECT_OK(ioas_map(fd, alloc.ioasid, p, end - PAGE, PAGE, RW));
		EXPECT_OK(ioas_unmap_all(fd, alloc.ioasid, NULL));
		/* a device narrows it further, never widens it */
		EXPECT_OK(dev_attach(dev.fd, fd, alloc.ioasid));
		EXPECT_OK(ioas_info(fd, alloc.ioasid, &info));
		EXPECT_LE(info.addr_width, widths[i]);
		n = permitted_ranges(fd, alloc.ioasid, ranges, 64);
		EXPECT_LE(ranges[n - 1].last, end - 1);
		EXPECT_ERRNO(ioas_map(fd, alloc.ioasid, p, end, PAGE, RW), EINVAL);
	}
}
END_TEST

START_TEST(snoop_is_kept_as_it_was_asked_for)
{
	int fd = EXPECT_OK(iommu_open());
	struct ioasid_info info;
	__u32 snoop;

	for (snoop = IOASID_SNOOP_AUTO; snoop <= IOASID_SNOOP_OFF; snoop++) {
		struct ioasid_alloc alloc = { .snoop = snoop };

		EXPECT_OK(ioas_alloc_with(fd, &alloc));
		EXPECT_OK(ioas_info(fd, alloc.ioasid, &info));
		EXPECT_EQ(info.snoop, snoop);
	}
}
END_TEST

START_TEST(snoop_on_is_einval_at_attach_where_the_iommu_cannot)
{
	struct ioasid_alloc on = { .snoop = IOASID_SNOOP_ON }, off = { .snoop = IOASID_SNOOP_OFF };
	int fd = EXPECT_OK(iommu_open());
	struct device_caps caps;
	struct dev dev;

	EXPECT_OK(ioas_alloc_with(fd, &on));
	EXPECT_OK(ioas_alloc_with(fd, &off));
	EXPECT_OK(ioas_map(fd, on.ioasid, memory(PAGE, 0), IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	device_caps(fd, dev.cookie, &caps);
	EXPECT_OK(dev_attach(dev.fd, fd, off.ioasid));
	if (caps.info.flags & IOASID_DEVICE_INFO_ENFORCE_SNOOP) {
		EXPECT_OK(dev_attach(dev.fd, fd, on.ioasid));
	} else {
		EXPECT_ERRNO(dev_attach(dev.fd, fd, on.ioasid), EINVAL);
		EXPECT_EQ(nr_attachments(fd, on.ioasid), 0);
		EXPECT_EQ(pinned_bytes(fd, on.ioasid), 0);
		/* the old one is still in place */
		EXPECT_EQ(nr_attachments(fd, off.ioasid), 1);
	}
}
END_TEST

START_TEST(ioasids_are_local_to_the_open_file)
{
	int a = EXPECT_OK(iommu_open()), b = EXPECT_OK(iommu_open());
	__u32 in_a = new_ioas(a), in_b = new_ioas(b);
	char *p = memory(PAGE, 0);

	/* the same number, two address spaces */
	EXPECT_EQ(in_a, in_b);
	EXPECT_OK(ioas_map(a, in_a, p, IOVA, PAGE, RW));
	EXPECT_EQ(mapped_bytes(a, in_a), PAGE);
	EXPECT_EQ(mapped_bytes(b, in_b), 0);
	EXPECT_OK(ioas_free(b, in_b));
	EXPECT_EQ(mapped_bytes(a, in_a), PAGE);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		extension_says_what_this_module_can_do,
		extension_of_unknown_number_is_0,
		device_info_names_the_iommu,
		device_info_has_the_registers_of_vtd,
		device_info_is_there_before_any_address_space,
		device_info_leaves_out_the_interrupt_window,
		device_info_with_too_small_a_buffer_is_emsgsize,
		device_info_of_two_devices_by_their_cookies,
		pasid_info_says_that_there_are_none,
		ioas_info_of_a_new_address_space,
		ioas_info_after_attach_is_what_the_device_permits,
		ioas_info_counts_what_is_mapped_and_pinned,
		ioas_info_lists_the_attachments,
		ioas_info_with_too_small_lists_is_emsgsize,
		hints_narrow_the_permitted_ranges,
		addr_width_narrows_the_address_space,
		snoop_is_kept_as_it_was_asked_for,
		snoop_on_is_einval_at_attach_where_the_iommu_cannot,
		ioasids_are_local_to_the_open_file,
		NULL,
	};

	return run_program(argc, argv, "info", tests, RUN_DEVICES);
}
