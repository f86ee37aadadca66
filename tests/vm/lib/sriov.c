// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "device.h"
#include "expect.h"
#include "run.h"
#include "sriov.h"

#define VF_ID		0x8086, 0x10ca
#define PARAMETER	"/sys/module/ioasid_vfio_pci/parameters/enable_sriov"

int sriov_bind(int dev, int fd, __u64 cookie, const __u8 *token)
{
	struct ioasid_bind arg = {
		.argsz = sizeof(arg), .flags = token ? IOASID_BIND_VF_TOKEN : 0, .iommu_fd = fd,
		.cookie = cookie,
	};

	if (token)
		memcpy(arg.vf_token, token, 16);
	return ioctl(dev, IOASID_DEVICE_BIND, &arg);
}

struct sriov sriov_start(int nr_vfs)
{
	struct sriov s;
	char nr[16];

	EXPECT_TRUE(pci_find(IGB_ID, 0, 0, s.pf));
	EXPECT_OK(pci_give_to(s.pf, "ioasid_vfio_pci"));
	EXPECT_OK(sysfs_write(PARAMETER, "1"));
	s.fd = EXPECT_OK(iommu_open());
	s.pf_fd = EXPECT_OK(dev_open_bdf(s.pf));
	EXPECT_OK(sriov_bind(s.pf_fd, s.fd, 1, SRIOV_TOKEN));
	snprintf(s.numvfs, sizeof(s.numvfs), "/sys/bus/pci/devices/%s/sriov_numvfs", s.pf);
	snprintf(nr, sizeof(nr), "%d", nr_vfs);
	EXPECT_OK(sysfs_write(s.numvfs, nr));
	EXPECT_TRUE(pci_find(VF_ID, 0, 0, s.vf));
	EXPECT_OK(pci_give_to(s.vf, "ioasid_vfio_pci"));
	s.vf_fd = EXPECT_OK(dev_open_bdf(s.vf));
	return s;
}

void sriov_end(struct sriov *s)
{
	close_all();
	EXPECT_OK(sysfs_write(s->numvfs, "0"));
	EXPECT_OK(pci_take_back(s->pf));
	EXPECT_OK(sysfs_write(PARAMETER, "0"));
}
