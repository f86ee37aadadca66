// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets of a bus with a PF and its VF. Without that and by Linux's headers alone:
 * test-hot-reset-abi.c.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "run.h"
#include "sriov.h"

/* Of headers that are newer than the C library's */
#define DEV_ID		(1 << 0)
#define DEV_ID_OWNED	(1 << 1)
#define NOT_OWNED	(-1U)

#define RAL		0x5400

struct info {
	__u32 argsz, flags, count;
	struct {
		__u32 devid;
		__u16 segment;
		__u8 bus, devfn;
	} device[4];
};

static int get_info(int dev, struct info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	return ioctl(dev, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info);
}

static int hot_reset(int dev)
{
	__u32 arg[3] = { sizeof(arg) };

	return ioctl(dev, VFIO_DEVICE_PCI_HOT_RESET, arg);
}

/* The PF's address, which a reset takes back */
static __u32 ral(const struct sriov *s)
{
	struct dev dev = { .fd = s->pf_fd };
	__u32 value = 0;

	EXPECT_EQ(pread(dev.fd, &value, 4, region_offset(&dev, 0, NULL) + RAL), 4);
	return value;
}

static void mark(const struct sriov *s, __u32 value)
{
	struct dev dev = { .fd = s->pf_fd };

	dev_enable(&dev);
	EXPECT_EQ(pwrite(dev.fd, &value, 4, region_offset(&dev, 0, NULL) + RAL), 4);
	EXPECT_EQ(ral(s), value);
}

/* The VF is nobody's or somebody else's: PF and VF stay as they are */
static void expect_refused(const struct sriov *s)
{
	struct info info;

	mark(s, 0x12345678);
	if (kernel_is("6.1")) {
		EXPECT_ERRNO(hot_reset(s->pf_fd), ENODEV);
	} else {
		EXPECT_OK(get_info(s->pf_fd, &info));
		EXPECT_EQ(info.count, 2);
		EXPECT_EQ(info.flags, DEV_ID);
		EXPECT_NE(info.device[0].devid, NOT_OWNED);
		EXPECT_NE(info.device[0].devid, 0);
		EXPECT_EQ(info.device[1].devid, NOT_OWNED);
		EXPECT_ERRNO(hot_reset(s->pf_fd), EINVAL);
	}
	EXPECT_EQ(ral(s), 0x12345678);
}

START_TEST(a_device_of_another_group_that_nobody_has_bound_is_not_reset)
{
	struct sriov s = sriov_start(1);

	expect_refused(&s);
	sriov_end(&s);
}
END_TEST

START_TEST(a_device_that_another_fd_has_is_not_reset)
{
	struct sriov s = sriov_start(1);
	int other = EXPECT_OK(iommu_open());

	EXPECT_OK(sriov_bind(s.vf_fd, other, 2, SRIOV_TOKEN));
	expect_refused(&s);
	/* nor if the PF is bound to that as well: it speaks for its first one */
	EXPECT_OK(sriov_bind(s.pf_fd, other, 1, SRIOV_TOKEN));
	expect_refused(&s);
	sriov_end(&s);
}
END_TEST

/* VFIO has a VF in a set of its own, whoever has it */
START_TEST(a_pf_is_not_reset_with_its_vfs)
{
	struct sriov s = sriov_start(1);

	EXPECT_OK(sriov_bind(s.vf_fd, s.fd, 2, SRIOV_TOKEN));
	expect_refused(&s);
	sriov_end(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		a_device_of_another_group_that_nobody_has_bound_is_not_reset,
		a_device_that_another_fd_has_is_not_reset,
		a_pf_is_not_reset_with_its_vfs,
		NULL
	};

	return run_program(argc, argv, "hot_reset", tests, RUN_DEVICES);
}
