// SPDX-License-Identifier: GPL-2.0-only
/* Linux's own iommufd with VFIO's character device, as scripts/upstream-iommufd
 * builds them. Their modules take the place of the kernel's VFIO.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "subject.h"

static int fd, device;
static __u32 attached, unattached;

static __u32 new_ioas(void)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	must(ioctl(fd, IOMMU_IOAS_ALLOC, &alloc), "IOMMU_IOAS_ALLOC");
	return alloc.out_ioas_id;
}

static void start(const char *bdf)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };

	load("irqbypass");
	insmod("iommufd.ko", NULL);
	insmod("vfio.ko", NULL);
	insmod("vfio-pci-core.ko", NULL);
	insmod("vfio-pci.ko", NULL);
	give(bdf, "vfio-pci");
	fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	must(fd, "/dev/iommu");
	device = open_device_node(bdf);
	bind.iommufd = fd;
	must(ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &bind), "VFIO_DEVICE_BIND_IOMMUFD");
	attached = new_ioas();
	unattached = new_ioas();
	attach.pt_id = attached;
	must(ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach),
	     "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
}

static void stop(const char *bdf)
{
	close(device);
	close(fd);
	take(bdf);
	unload("vfio_pci");
	unload("vfio_pci_core");
	unload("vfio");
	unload("iommufd");
}

static int map_in(__u32 ioas, const struct range *range)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_READABLE,
		.ioas_id = ioas, .user_va = range->vaddr, .length = range->length,
		.iova = range->iova,
	};

	return ioctl(fd, IOMMU_IOAS_MAP, &map);
}

static int unmap_in(__u32 ioas, __u64 iova, __u64 length)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = ioas, .iova = iova, .length = length,
	};

	return ioctl(fd, IOMMU_IOAS_UNMAP, &unmap);
}

static int map(const struct range *range)
{
	return map_in(attached, range);
}

static int unmap(const struct range *range)
{
	return unmap_in(attached, range->iova, range->length);
}

static int unmap_all(const struct range *ranges, size_t nr)
{
	return unmap_in(attached, 0, ~0ULL);
}

static int map_unattached(const struct range *range)
{
	return map_in(unattached, range);
}

static int unmap_unattached(const struct range *range)
{
	return unmap_in(unattached, range->iova, range->length);
}

/* There is none that does nothing; destroying what is not there comes close */
static int nop(void)
{
	struct iommu_destroy destroy = { .size = sizeof(destroy) };

	return ioctl(fd, IOMMU_DESTROY, &destroy) < 0 && errno == ENOENT ? 0 : -1;
}

const struct subject subject_iommufd = {
	.name = "iommufd",
	.start = start,
	.stop = stop,
	.map = map,
	.unmap = unmap,
	.unmap_all = unmap_all,
	.nop = nop,
	.map_unattached = map_unattached,
	.unmap_unattached = unmap_unattached,
};
