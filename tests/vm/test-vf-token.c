// SPDX-License-Identifier: GPL-2.0-only
/*
 * SR-IOV: who uses a PF could harm who uses its VFs. Both have to know one
 * UUID, the VF token.
 */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "memory.h"
#include "run.h"
#include "sriov.h"

static const __u8 *const token = SRIOV_TOKEN, wrong[16] = "AN OPEN SECRET!";

START_TEST(vf_without_the_token_is_eacces)
{
	struct sriov s = sriov_start(2);
	int other = EXPECT_OK(iommu_open());

	EXPECT_ERRNO(sriov_bind(s.vf_fd, other, 2, NULL), EACCES);
	EXPECT_ERRNO(sriov_bind(s.vf_fd, other, 2, wrong), EACCES);
	EXPECT_ERRNO(dev_unbind(s.vf_fd, other), EINVAL);
	EXPECT_OK(sriov_bind(s.vf_fd, other, 2, token));
	sriov_end(&s);
}
END_TEST

START_TEST(pf_with_a_vf_in_use_needs_the_token)
{
	struct sriov s = sriov_start(2);
	int other = EXPECT_OK(iommu_open());

	EXPECT_OK(sriov_bind(s.vf_fd, other, 2, token));
	EXPECT_OK(dev_unbind(s.pf_fd, s.fd));
	EXPECT_ERRNO(sriov_bind(s.pf_fd, s.fd, 1, NULL), EACCES);
	EXPECT_ERRNO(sriov_bind(s.pf_fd, s.fd, 1, wrong), EACCES);
	EXPECT_OK(sriov_bind(s.pf_fd, s.fd, 1, token));
	/* nobody uses the VF: the PF's user may set another one */
	EXPECT_OK(dev_unbind(s.pf_fd, s.fd));
	EXPECT_OK(dev_unbind(s.vf_fd, other));
	EXPECT_OK(sriov_bind(s.pf_fd, s.fd, 1, wrong));
	EXPECT_ERRNO(sriov_bind(s.vf_fd, other, 2, token), EACCES);
	EXPECT_OK(sriov_bind(s.vf_fd, other, 2, wrong));
	sriov_end(&s);
}
END_TEST

START_TEST(refused_bind_of_a_pf_sets_no_token)
{
	struct sriov s = sriov_start(2);
	int other = EXPECT_OK(iommu_open());
	struct dev dev;

	dev_start(&dev, TESTDEV_1, s.fd);
	EXPECT_OK(dev_unbind(s.pf_fd, s.fd));
	EXPECT_ERRNO(sriov_bind(s.pf_fd, s.fd, dev.cookie, wrong), EEXIST);
	EXPECT_OK(sriov_bind(s.vf_fd, other, 2, token));
	EXPECT_OK(dev_unbind(s.vf_fd, other));
	/* nor does that of a file that has it already */
	EXPECT_OK(sriov_bind(s.pf_fd, other, 1, token));
	EXPECT_ERRNO(sriov_bind(s.pf_fd, s.fd, dev.cookie, wrong), EEXIST);
	EXPECT_OK(sriov_bind(s.vf_fd, other, 2, token));
	sriov_end(&s);
}
END_TEST

START_TEST(token_is_set_by_the_feature_ioctl)
{
	struct sriov s = sriov_start(2);
	int other = EXPECT_OK(iommu_open());
	__u64 buf[4] = { 0 };
	struct vfio_device_feature *f = (void *)buf;

	f->argsz = sizeof(*f) + 16;
	f->flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN;
	memcpy(f->data, wrong, 16);
	EXPECT_OK(ioctl(s.pf_fd, VFIO_DEVICE_FEATURE, f));
	EXPECT_ERRNO(sriov_bind(s.vf_fd, other, 2, token), EACCES);
	EXPECT_OK(sriov_bind(s.vf_fd, other, 2, wrong));
	/* a short one */
	f->argsz = sizeof(*f) + 15;
	EXPECT_ERRNO(ioctl(s.pf_fd, VFIO_DEVICE_FEATURE, f), EINVAL);
	sriov_end(&s);
}
END_TEST

START_TEST(token_for_a_device_that_asks_for_none_is_einval)
{
	int fd = EXPECT_OK(iommu_open()), dev = EXPECT_OK(dev_open(TESTDEV_0));
	struct ioasid_bind arg = {
		.argsz = sizeof(arg), .iommu_fd = fd, .cookie = 1, .vf_token = { 1 },
	};

	EXPECT_ERRNO(sriov_bind(dev, fd, 1, token), EINVAL);
	/* nor is one taken without its flag */
	EXPECT_ERRNO(ioctl(dev, IOASID_DEVICE_BIND, &arg), EINVAL);
	EXPECT_OK(sriov_bind(dev, fd, 1, NULL));
}
END_TEST

START_TEST(vf_is_bound_attached_and_given_back)
{
	struct sriov s = sriov_start(2);
	__u32 ioas = new_ioas(s.fd);
	struct device_caps caps;

	EXPECT_OK(ioas_map(s.fd, ioas, memory(PAGE, 0), IOVA, PAGE, RW));
	EXPECT_OK(sriov_bind(s.vf_fd, s.fd, 2, token));
	device_caps(s.fd, 2, &caps);
	EXPECT_EQ(caps.info.group_devices, 1);
	EXPECT_OK(dev_attach(s.vf_fd, s.fd, ioas));
	EXPECT_OK(dev_attach(s.pf_fd, s.fd, ioas));
	EXPECT_EQ(nr_attachments(s.fd, ioas), 2);
	EXPECT_OK(dev_detach(s.vf_fd, s.fd));
	EXPECT_EQ(nr_attachments(s.fd, ioas), 1);
	sriov_end(&s);
}
END_TEST

START_TEST(sriov_is_refused_without_the_module_parameter)
{
	char pf[BDF_SIZE], path[128];

	EXPECT_TRUE(pci_find(IGB_ID, 0, 0, pf));
	EXPECT_OK(pci_give_to(pf, "ioasid_vfio_pci"));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", pf);
	EXPECT_ERRNO(sysfs_write(path, "1"), ENOENT);
	EXPECT_OK(pci_take_back(pf));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		vf_without_the_token_is_eacces,
		pf_with_a_vf_in_use_needs_the_token,
		refused_bind_of_a_pf_sets_no_token,
		token_is_set_by_the_feature_ioctl,
		token_for_a_device_that_asks_for_none_is_einval,
		vf_is_bound_attached_and_given_back,
		sriov_is_refused_without_the_module_parameter,
		NULL,
	};

	return run_program(argc, argv, "vf_token", tests, RUN_DEVICES);
}
