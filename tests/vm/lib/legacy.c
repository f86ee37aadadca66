// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "expect.h"
#include "legacy.h"
#include "modules.h"
#include "run.h"

void legacy_open(struct legacy *l, enum which which)
{
	char bdf[BDF_SIZE];

	legacy_open_bdf(l, which_bdf(which, bdf));
}

void legacy_open_bdf(struct legacy *l, const char *bdf)
{
	char path[64];

	EXPECT_OK(module_load("vfio_iommu_type1", NULL));
	/* virtio-iommu does not remap interrupts */
	if (config_has("virtio"))
		EXPECT_OK(sysfs_write("/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
				      "1"));
	snprintf(l->bdf, sizeof(l->bdf), "%s", bdf);
	l->device = -1;
	l->container = EXPECT_OK(open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(l->bdf));
	l->group = EXPECT_OK(open(path, O_RDWR | O_CLOEXEC));
}

int legacy_claim(struct legacy *l)
{
	return ioctl(l->group, VFIO_GROUP_SET_CONTAINER, &l->container);
}

int legacy_use(struct legacy *l)
{
	if (ioctl(l->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -1;
	l->device = ioctl(l->group, VFIO_GROUP_GET_DEVICE_FD, l->bdf);
	return l->device < 0 ? -1 : 0;
}

void legacy_close(struct legacy *l)
{
	if (l->device >= 0)
		EXPECT_OK(close(l->device));
	EXPECT_OK(close(l->group));
	EXPECT_OK(close(l->container));
}
