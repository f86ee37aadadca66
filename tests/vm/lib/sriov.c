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

void sriov_permit(bool permit)
{
	EXPECT_OK(sysfs_write(PARAMETER, permit ? "1" : "0"));
}

int sriov_set_vfs(const char *pf, int nr_vfs)
{
	char path[128], nr[16];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", pf);
	snprintf(nr, sizeof(nr), "%d", nr_vfs);
	return sysfs_write(path, nr);
}

bool sriov_find_vf(int index, char *bdf)
{
	return pci_find(VF_ID, 0, index, bdf);
}

struct sriov sriov_start(int nr_vfs)
{
	struct sriov s;

	EXPECT_TRUE(pci_find(IGB_ID, 0, 0, s.pf));
	EXPECT_OK(pci_give_to(s.pf, "ioasid_vfio_pci"));
	sriov_permit(true);
	s.fd = EXPECT_OK(iommu_open());
	s.pf_fd = EXPECT_OK(dev_open_bdf(s.pf));
	EXPECT_OK(sriov_bind(s.pf_fd, s.fd, 1, SRIOV_TOKEN));
	EXPECT_OK(sriov_set_vfs(s.pf, nr_vfs));
	EXPECT_TRUE(sriov_find_vf(0, s.vf));
	EXPECT_OK(pci_give_to(s.vf, "ioasid_vfio_pci"));
	s.vf_fd = EXPECT_OK(dev_open_bdf(s.vf));
	return s;
}

void sriov_end(struct sriov *s)
{
	close_all();
	EXPECT_OK(sriov_set_vfs(s->pf, 0));
	EXPECT_OK(pci_take_back(s->pf));
	sriov_permit(false);
}
