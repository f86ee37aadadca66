// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets of a bus by a user of VFIO's groups: open groups are no consent of those who
 * have bound a device through its own node.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "legacy.h"
#include "run.h"

/* A register of igb that anybody can write, and that a reset takes back */
#define RAL	0x5400
#define MARK	0x12345678

/* Two functions of one bus, of two groups, or of one */
struct two {
	char one[BDF_SIZE], other[BDF_SIZE];
	struct legacy l;	/* of @other */
	int group;		/* of @one */
};

static int open_group(const char *bdf)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(bdf));
	return EXPECT_OK(open(path, O_RDWR | O_CLOEXEC));
}

static struct two start(void)
{
	struct two t;

	EXPECT_TRUE(pci_find(IGB_ID, 2, 0, t.one));
	EXPECT_TRUE(pci_find(IGB_ID, 2, 1, t.other));
	EXPECT_OK(pci_give_to(t.one, "ioasid_vfio_pci"));
	EXPECT_OK(pci_give_to(t.other, "ioasid_vfio_pci"));
	EXPECT_NE(pci_group(t.one), pci_group(t.other));
	legacy_open_bdf(&t.l, t.other);
	EXPECT_OK(legacy_claim(&t.l));
	EXPECT_OK(legacy_use(&t.l));
	t.group = open_group(t.one);
	return t;
}

static void end(struct two *t)
{
	close_all();
	EXPECT_OK(pci_take_back(t->one));
	EXPECT_OK(pci_take_back(t->other));
}

static int reset_with(int device, __u32 nr, int one, int other)
{
	__u32 arg[5] = { sizeof(arg), 0, nr, one, other };

	return ioctl(device, VFIO_DEVICE_PCI_HOT_RESET, arg);
}

static int reset(struct two *t)
{
	return reset_with(t->l.device, 2, t->group, t->l.group);
}

static __u32 read_ral(int device)
{
	struct dev dev = { .fd = device };
	__u32 value = 0;

	EXPECT_EQ(pread(dev.fd, &value, 4, region_offset(&dev, 0, NULL) + RAL), 4);
	return value;
}

static void mark(int device)
{
	struct dev dev = { .fd = device };
	__u32 value = MARK;

	dev_enable(&dev);
	EXPECT_EQ(pwrite(dev.fd, &value, 4, region_offset(&dev, 0, NULL) + RAL), 4);
	EXPECT_EQ(read_ral(device), MARK);
}

/* What the kernel can do */
static void expect_reset(struct two *t, int device)
{
	mark(device);
	if (kernel_is("6.1"))
		EXPECT_ERRNO(reset(t), ENODEV);
	else
		EXPECT_OK(reset(t));
	if (!kernel_is("6.1"))
		EXPECT_NE(read_ral(device), MARK);
}

START_TEST(device_that_is_bound_through_its_node_is_not_reset_by_groups)
{
	int fd = EXPECT_OK(iommu_open());
	struct two t = start();
	int device = EXPECT_OK(dev_open_bdf(t.one));

	EXPECT_OK(dev_bind(device, fd, 1));
	mark(device);
	EXPECT_ERRNO(reset(&t), kernel_is("6.1") ? ENODEV : EINVAL);
	EXPECT_EQ(read_ral(device), MARK);
	/* nor is that which asks for it */
	mark(t.l.device);
	EXPECT_ERRNO(reset(&t), kernel_is("6.1") ? ENODEV : EINVAL);
	EXPECT_EQ(read_ral(t.l.device), MARK);
	EXPECT_OK(dev_unbind(device, fd));
	expect_reset(&t, t.l.device);
	end(&t);
}
END_TEST

START_TEST(devices_of_two_groups_are_reset_by_one_who_has_both)
{
	struct two t = start();
	struct legacy l;

	expect_reset(&t, t.l.device);
	/* and in use both of them */
	EXPECT_OK(close(t.group));
	legacy_open_bdf(&l, t.one);
	EXPECT_OK(legacy_claim(&l));
	EXPECT_OK(legacy_use(&l));
	t.group = l.group;
	expect_reset(&t, l.device);
	end(&t);
}
END_TEST

/* All kernels can do that */
START_TEST(devices_of_one_group_are_reset_by_it)
{
	__u32 arg[4] = { sizeof(arg), 0, 1 };
	struct two t;

	EXPECT_OK(pci_give_to(which_bdf(BUS_0, t.one), "ioasid_vfio_pci"));
	EXPECT_OK(pci_give_to(which_bdf(BUS_1, t.other), "ioasid_vfio_pci"));
	legacy_open_bdf(&t.l, t.other);
	EXPECT_OK(legacy_claim(&t.l));
	EXPECT_OK(legacy_use(&t.l));
	arg[3] = t.l.group;
	EXPECT_OK(ioctl(t.l.device, VFIO_DEVICE_PCI_HOT_RESET, arg));
	end(&t);
}
END_TEST

START_TEST(arguments_are_checked)
{
	struct two t = start();
	__u32 arg[3] = { sizeof(arg), 1, 0 };

	if (kernel_is("6.1")) {
		EXPECT_ERRNO(reset(&t), ENODEV);
		end(&t);
		return;
	}
	EXPECT_ERRNO(ioctl(t.l.device, VFIO_DEVICE_PCI_HOT_RESET, arg), EINVAL);
	arg[1] = 0;
	EXPECT_ERRNO(ioctl(t.l.device, VFIO_DEVICE_PCI_HOT_RESET, arg), EINVAL);
	arg[0]--;
	EXPECT_ERRNO(ioctl(t.l.device, VFIO_DEVICE_PCI_HOT_RESET, arg), EINVAL);
	EXPECT_ERRNO(ioctl(t.l.device, VFIO_DEVICE_PCI_HOT_RESET, NULL), EFAULT);
	/* one of the two is missing, is none, or does not exist */
	EXPECT_ERRNO(reset_with(t.l.device, 1, t.l.group, -1), EINVAL);
	EXPECT_ERRNO(reset_with(t.l.device, 2, t.l.group, t.l.group), EINVAL);
	EXPECT_ERRNO(reset_with(t.l.device, 2, t.l.group, t.l.device), EINVAL);
	EXPECT_ERRNO(reset_with(t.l.device, 2, t.l.group, -1), EBADF);
	EXPECT_ERRNO(reset_with(t.l.device, 257, t.l.group, t.group), EINVAL);
	EXPECT_OK(reset(&t));
	end(&t);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		device_that_is_bound_through_its_node_is_not_reset_by_groups,
		devices_of_two_groups_are_reset_by_one_who_has_both,
		devices_of_one_group_are_reset_by_it,
		arguments_are_checked,
		NULL,
	};

	return run_program(argc, argv, "hot_reset_groups", tests, RUN_DEVICES);
}
