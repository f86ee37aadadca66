// SPDX-License-Identifier: GPL-2.0-only
/* VFIO with a container and type1, as Debian's kernels have it. */
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pci.h"
#include "subject.h"

static int container, group, device;

static void start(const char *bdf)
{
	char path[32];

	load("vfio_iommu_type1");
	load("vfio_pci");
	give(bdf, "vfio-pci");
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	must(container, "/dev/vfio/vfio");
	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(bdf));
	group = open(path, O_RDWR | O_CLOEXEC);
	must(group, path);
	must(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), "VFIO_GROUP_SET_CONTAINER");
	must(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "VFIO_SET_IOMMU");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	must(device, "VFIO_GROUP_GET_DEVICE_FD");
}

static void stop(const char *bdf)
{
	close(device);
	close(group);
	close(container);
	take(bdf);
	unload("vfio_pci");
	unload("vfio_pci_core");
	unload("vfio_iommu_type1");
	unload("vfio");
}

static int map(const struct range *range)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = range->vaddr, .iova = range->iova, .size = range->length,
	};

	return ioctl(container, VFIO_IOMMU_MAP_DMA, &map);
}

static int unmap(const struct range *range)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = range->iova, .size = range->length,
	};

	return ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

static int unmap_all(const struct range *ranges, size_t nr)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .flags = VFIO_DMA_UNMAP_FLAG_ALL,
	};

	return ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

static int nop(void)
{
	return ioctl(container, VFIO_GET_API_VERSION);
}

const struct subject subject_type1 = {
	.name = "type1",
	.start = start,
	.stop = stop,
	.map = map,
	.unmap = unmap,
	.unmap_all = unmap_all,
	.nop = nop,
};
