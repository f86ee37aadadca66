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

#include "pci.h"
#include "subject.h"

#define MAX_DEVICES	3

static int fd, device[MAX_DEVICES];
static __u32 device_id[MAX_DEVICES];
static const char *bdfs[MAX_DEVICES];
static unsigned int nr_devices;
static __u32 copied, attached, unattached, swapped[2], own_table;

static __u32 new_ioas(void)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	must(ioctl(fd, IOMMU_IOAS_ALLOC, &alloc), "IOMMU_IOAS_ALLOC");
	return alloc.out_ioas_id;
}

static int attach(unsigned int i, __u32 pt)
{
	struct vfio_device_attach_iommufd_pt arg = { .argsz = sizeof(arg), .pt_id = pt };

	return ioctl(device[i], VFIO_DEVICE_ATTACH_IOMMUFD_PT, &arg);
}

static int detach(unsigned int i)
{
	struct vfio_device_detach_iommufd_pt arg = { .argsz = sizeof(arg) };

	return ioctl(device[i], VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg);
}

static int destroy(__u32 id)
{
	struct iommu_destroy arg = { .size = sizeof(arg), .id = id };

	return ioctl(fd, IOMMU_DESTROY, &arg);
}

static const char *driver;

static void open_device(const char *bdf)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = fd };

	give(bdf, driver);
	bdfs[nr_devices] = bdf;
	device[nr_devices] = open_device_node(bdf);
	must(ioctl(device[nr_devices], VFIO_DEVICE_BIND_IOMMUFD, &bind),
	     "VFIO_DEVICE_BIND_IOMMUFD");
	device_id[nr_devices++] = bind.out_devid;
}

static void open_all(const char *bdf, const char *with)
{
	driver = with;
	fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	must(fd, "/dev/iommu");
	open_device(bdf);
	attached = new_ioas();
	unattached = new_ioas();
	must(attach(0, attached), "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
}

static void close_all(void)
{
	while (nr_devices) {
		close(device[--nr_devices]);
		take(bdfs[nr_devices]);
	}
	close(fd);
}

static void start(const char *bdf)
{
	load("irqbypass");
	insmod("iommufd.ko", NULL);
	insmod("vfio.ko", NULL);
	insmod("vfio-pci-core.ko", NULL);
	insmod("vfio-pci.ko", NULL);
	open_all(bdf, "vfio-pci");
}

static void stop(const char *bdf)
{
	close_all();
	unload("vfio_pci");
	unload("vfio_pci_core");
	unload("vfio");
	unload("iommufd");
}

static void start_ours(const char *bdf)
{
	load("ioasid_vfio_pci");
	open_all(bdf, "ioasid_vfio_pci");
}

static void stop_ours(const char *bdf)
{
	close_all();
	unload("ioasid_vfio_pci");
	unload("ioasidfd");
	unload("vfio_pci");
	unload("vfio_pci_core");
	unload("vfio_iommu_type1");
	unload("vfio");
}

static void add(const char *second, const char *third)
{
	open_device(second);
	open_device(third);
}

/* Making it fills it */
static int join(bool own)
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc), .dev_id = device_id[1], .pt_id = attached,
	};

	if (own && ioctl(fd, IOMMU_HWPT_ALLOC, &alloc))
		return -1;
	own_table = alloc.out_hwpt_id;
	return attach(1, own ? own_table : attached);
}

static int leave(void)
{
	int ret = detach(1);

	if (!ret && own_table)
		ret = destroy(own_table);
	own_table = 0;
	return ret;
}

static void swap_start(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		swapped[i] = new_ioas();
		must(attach(1 + i, swapped[i]), "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
	}
	must(attach(0, swapped[0]), "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
}

static int swap(void)
{
	static unsigned int now;

	now = !now;
	return attach(0, swapped[now]);
}

static void swap_stop(void)
{
	unsigned int i;

	must(attach(0, attached), "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
	for (i = 0; i < 2; i++) {
		must(detach(1 + i), "VFIO_DEVICE_DETACH_IOMMUFD_PT");
		must(destroy(swapped[i]), "IOMMU_DESTROY");
	}
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

static void copy_start(void)
{
	copied = new_ioas();
	must(attach(1, copied), "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
}

static int copy(const struct range *range)
{
	struct iommu_ioas_copy copy = {
		.size = sizeof(copy),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_READABLE,
		.src_ioas_id = attached, .dst_ioas_id = copied, .length = range->length,
		.src_iova = range->iova, .dst_iova = range->iova,
	};

	return ioctl(fd, IOMMU_IOAS_COPY, &copy);
}

static void copy_stop(void)
{
	must(unmap_in(copied, 0, ~0ULL), "IOMMU_IOAS_UNMAP");
	must(detach(1), "VFIO_DEVICE_DETACH_IOMMUFD_PT");
	must(destroy(copied), "IOMMU_DESTROY");
}

/* Later headers have it */
struct map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};

#define MAP_FILE	_IO(IOMMUFD_TYPE, 0x8f)

static int map_file(const struct range *range, int file)
{
	struct map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_READABLE,
		.ioas_id = attached, .fd = file, .length = range->length,
		.iova = range->iova,
	};

	return ioctl(fd, MAP_FILE, &map);
}

/* There is none that does nothing; destroying what is not there comes close */
static int nop(void)
{
	return destroy(0) < 0 && errno == ENOENT ? 0 : -1;
}

#define CALLS \
	.map = map, \
	.unmap = unmap, \
	.unmap_all = unmap_all, \
	.nop = nop, \
	.map_unattached = map_unattached, \
	.unmap_unattached = unmap_unattached, \
	.add = add, \
	.join = join, \
	.leave = leave, \
	.swap_start = swap_start, \
	.swap = swap, \
	.swap_stop = swap_stop, \
	.copy_start = copy_start, \
	.copy = copy, \
	.copy_stop = copy_stop, \
	.map_file = map_file

const struct subject subject_iommufd = {
	.name = "iommufd", .start = start, .stop = stop, CALLS,
};

const struct subject subject_abi = {
	.name = "abi", .start = start_ours, .stop = stop_ours, CALLS,
};
