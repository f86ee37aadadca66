// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forcing no-snoop DMA to snoop, on a machine whose IOMMU can. What others
 * answer is in test-info.
 */
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

static __u32 new_with_snoop(int fd, __u32 snoop)
{
	struct ioasid_alloc alloc = { .snoop = snoop };

	EXPECT_OK(ioas_alloc_with(fd, &alloc));
	return alloc.ioasid;
}

static bool enforced(int fd, __u32 ioas)
{
	struct ioasid_info info;

	EXPECT_OK(ioas_info(fd, ioas, &info));
	return info.flags & IOASID_INFO_SNOOP_ENFORCED;
}

START_TEST(snoop_control_is_said_by_the_device_info)
{
	int fd = EXPECT_OK(iommu_open());
	struct device_caps caps;
	struct dev dev;

	EXPECT_TRUE(config_is("vtd-snoop"));
	dev_start(&dev, TESTDEV_0, fd);
	device_caps(fd, dev.cookie, &caps);
	EXPECT_TRUE(caps.info.flags & IOASID_DEVICE_INFO_ENFORCE_SNOOP);
	/* bit 7 of VT-d's extended capabilities */
	EXPECT_TRUE(caps.hw[1] & 1 << 7);
}
END_TEST

START_TEST(snoop_is_enforced_with_on_and_auto_and_not_with_off)
{
	static const __u32 modes[] = { IOASID_SNOOP_AUTO, IOASID_SNOOP_ON, IOASID_SNOOP_OFF };
	char *p = memory(PAGE, 0xa5);
	int fd = EXPECT_OK(iommu_open()), i;
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	for (i = 0; i < 3; i++) {
		__u32 ioas = new_with_snoop(fd, modes[i]);

		EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
		EXPECT_TRUE(!enforced(fd, ioas));
		EXPECT_OK(dev_attach(dev.fd, fd, ioas));
		EXPECT_EQ(enforced(fd, ioas), modes[i] != IOASID_SNOOP_OFF);
		memset(p, 0xa5, PAGE);
		EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
		/* mapped after the attach as well */
		EXPECT_OK(ioas_map(fd, ioas, p, IOVA + PAGE, PAGE, RW));
		EXPECT_EQ(testdev_write(&dev, IOVA + PAGE, PAGE, phys_of(p)), DMA_DONE);
	}
}
END_TEST

START_TEST(snoop_on_holds_for_two_devices)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_with_snoop(fd, IOASID_SNOOP_ON);
	struct dev one, two;

	dev_start(&one, TESTDEV_0, fd);
	dev_start(&two, EDU_0, fd);
	EXPECT_OK(dev_attach(one.fd, fd, ioas));
	EXPECT_OK(dev_attach(two.fd, fd, ioas));
	EXPECT_TRUE(enforced(fd, ioas));
	EXPECT_OK(dev_detach(one.fd, fd));
	EXPECT_TRUE(enforced(fd, ioas));
	EXPECT_OK(dev_detach(two.fd, fd));
	EXPECT_TRUE(!enforced(fd, ioas));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		snoop_control_is_said_by_the_device_info,
		snoop_is_enforced_with_on_and_auto_and_not_with_off,
		snoop_on_holds_for_two_devices,
		NULL,
	};

	return run_program(argc, argv, "snoop", tests, RUN_DEVICES);
}
