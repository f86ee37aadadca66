// SPDX-License-Identifier: GPL-2.0-only
/* Devices that share an IOMMU group: refused, and nothing claimed by trying. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "expect.h"
#include "legacy.h"
#include "run.h"

START_TEST(group_of_two_devices_is_not_bound)
{
	int fd = EXPECT_OK(iommu_open()), i;
	char bdf[BDF_SIZE];
	struct dev dev;

	EXPECT_EQ(ioctl(fd, IOMMU_CHECK_EXTENSION, IOASID_EXT_MULTI_DEVICE_GROUPS), 0);
	EXPECT_EQ(pci_group_size(which_bdf(PAIR_0, bdf)), 2);
	EXPECT_EQ(pci_group(which_bdf(PAIR_0, bdf)), pci_group(which_bdf(PAIR_1, bdf)));
	for (i = PAIR_0; i <= PAIR_1; i++) {
		struct ioasid_device_info info = { .argsz = sizeof(info), .cookie = i + 1 };

		dev_open_only(&dev, i);
		EXPECT_ERRNO(dev_bind(dev.fd, fd, dev.cookie), EOPNOTSUPP);
		EXPECT_ERRNO(dev_bind(dev.fd, fd, dev.cookie), EOPNOTSUPP);
		EXPECT_ERRNO(ioctl(fd, IOMMU_DEVICE_GET_INFO, &info), ENODEV);
		EXPECT_ERRNO(dev_unbind(dev.fd, fd), EINVAL);
	}
}
END_TEST

START_TEST(group_of_two_devices_is_free_after_the_refusal)
{
	int fd = EXPECT_OK(iommu_open());
	struct legacy l;
	struct dev one, two;

	dev_open_only(&one, PAIR_0);
	dev_open_only(&two, PAIR_1);
	EXPECT_ERRNO(dev_bind(one.fd, fd, 1), EOPNOTSUPP);
	EXPECT_ERRNO(dev_bind(two.fd, fd, 2), EOPNOTSUPP);
	/* its cookie is too */
	dev_open_only(&two, EDU_0);
	EXPECT_OK(dev_bind(two.fd, fd, 1));
	/* VFIO can take the group, and both of its devices */
	legacy_open(&l, PAIR_0);
	EXPECT_OK(legacy_claim(&l));
	EXPECT_OK(legacy_use(&l));
	which_bdf(PAIR_1, l.bdf);
	EXPECT_OK(ioctl(l.group, VFIO_GROUP_GET_DEVICE_FD, l.bdf));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		group_of_two_devices_is_not_bound,
		group_of_two_devices_is_free_after_the_refusal,
		NULL,
	};

	return run_program(argc, argv, "groups", tests, RUN_DEVICES);
}
