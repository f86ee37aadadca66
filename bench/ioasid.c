// SPDX-License-Identifier: GPL-2.0-only
/* Ours, through uapi/linux/ioasid.h. */
#include <fcntl.h>
#include <linux/ioasid.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pci.h"
#include "subject.h"

#define MAX_DEVICES	3

/*
 * All devices of the machine share one page table. What the driver of their IOMMU
 * says no to gets one of its own, and so it is made to say no.
 */
#define REFUSE		"ioasid_test_refuse"
#define PARAMETERS	"/sys/module/" REFUSE "/parameters/"

static int fd, device[MAX_DEVICES];
static const char *bdfs[MAX_DEVICES];
static unsigned int nr_devices;
static __u32 attached, unattached, swapped[2];

static __u32 new_ioas(void)
{
	struct ioasid_alloc alloc = { .argsz = sizeof(alloc) };

	must(ioctl(fd, IOMMU_IOASID_ALLOC, &alloc), "IOMMU_IOASID_ALLOC");
	return alloc.ioasid;
}

static int attach(unsigned int i, __u32 ioasid)
{
	struct ioasid_attach arg = {
		.argsz = sizeof(arg), .iommu_fd = fd, .ioasid = ioasid,
	};

	return ioctl(device[i], IOASID_DEVICE_ATTACH, &arg);
}

static int detach(unsigned int i)
{
	struct ioasid_detach arg = { .argsz = sizeof(arg), .iommu_fd = fd };

	return ioctl(device[i], IOASID_DEVICE_DETACH, &arg);
}

static void open_device(const char *bdf)
{
	struct ioasid_bind bind = {
		.argsz = sizeof(bind), .iommu_fd = fd, .cookie = nr_devices + 1,
	};

	give(bdf, "ioasid_vfio_pci");
	bdfs[nr_devices] = bdf;
	device[nr_devices] = open_device_node(bdf);
	must(ioctl(device[nr_devices], IOASID_DEVICE_BIND, &bind), "IOASID_DEVICE_BIND");
	nr_devices++;
}

static void start(const char *bdf)
{
	load("ioasid_vfio_pci");
	fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	must(fd, "/dev/iommu");
	open_device(bdf);
	attached = new_ioas();
	unattached = new_ioas();
	must(attach(0, attached), "IOASID_DEVICE_ATTACH");
}

static void stop(const char *bdf)
{
	while (nr_devices) {
		close(device[--nr_devices]);
		take(bdfs[nr_devices]);
	}
	close(fd);
	unload(REFUSE);
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
	insmod(REFUSE ".ko", "functions=iommu_replace_group_handle error=22");
}

static int join(bool own)
{
	if (own)
		must(sysfs_write(PARAMETERS "calls", "1"), "refuse");
	return attach(1, attached);
}

static int leave(void)
{
	return detach(1);
}

static void swap_start(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		swapped[i] = new_ioas();
		must(attach(1 + i, swapped[i]), "IOASID_DEVICE_ATTACH");
	}
	must(attach(0, swapped[0]), "IOASID_DEVICE_ATTACH");
}

static int swap(void)
{
	static unsigned int now;

	now = !now;
	return attach(0, swapped[now]);
}

static void swap_stop(void)
{
	struct ioasid_free arg = { .argsz = sizeof(arg) };
	unsigned int i;

	must(attach(0, attached), "IOASID_DEVICE_ATTACH");
	for (i = 0; i < 2; i++) {
		must(detach(1 + i), "IOASID_DEVICE_DETACH");
		arg.ioasid = swapped[i];
		must(ioctl(fd, IOMMU_IOASID_FREE, &arg), "IOMMU_IOASID_FREE");
	}
}

static int map_in(__u32 ioasid, const struct range *range)
{
	struct ioasid_map map = {
		.argsz = sizeof(map), .flags = IOASID_MAP_READ | IOASID_MAP_WRITE,
		.ioasid = ioasid, .vaddr = range->vaddr, .iova = range->iova,
		.length = range->length,
	};

	return ioctl(fd, IOMMU_MAP_DMA, &map);
}

static int unmap_in(__u32 ioasid, const struct range *range)
{
	struct ioasid_unmap unmap = {
		.argsz = sizeof(unmap), .ioasid = ioasid, .iova = range->iova,
		.length = range->length,
	};

	return ioctl(fd, IOMMU_UNMAP_DMA, &unmap);
}

static int map(const struct range *range)
{
	return map_in(attached, range);
}

static int unmap(const struct range *range)
{
	return unmap_in(attached, range);
}

static int map_unattached(const struct range *range)
{
	return map_in(unattached, range);
}

static int unmap_unattached(const struct range *range)
{
	return unmap_in(unattached, range);
}

static int unmap_all(const struct range *ranges, size_t nr)
{
	struct ioasid_unmap unmap = {
		.argsz = sizeof(unmap), .flags = IOASID_UNMAP_ALL, .ioasid = attached,
	};

	return ioctl(fd, IOMMU_UNMAP_DMA, &unmap);
}

/* Made once, in the warm-up round: a program would have them so */
static struct ioasid_map_range *to_map;
static struct ioasid_unmap_range *to_unmap;

static void make_arrays(const struct range *ranges, size_t nr)
{
	size_t i;

	to_map = calloc(nr, sizeof(*to_map));
	to_unmap = calloc(nr, sizeof(*to_unmap));
	if (!to_map || !to_unmap)
		die("memory for arrays");
	for (i = 0; i < nr; i++) {
		to_map[i].flags = IOASID_MAP_READ | IOASID_MAP_WRITE;
		to_map[i].vaddr = ranges[i].vaddr;
		to_map[i].iova = ranges[i].iova;
		to_map[i].length = ranges[i].length;
		to_unmap[i].iova = ranges[i].iova;
		to_unmap[i].length = ranges[i].length;
	}
}

static int map_array(const struct range *ranges, size_t nr)
{
	struct ioasid_map map = { .argsz = sizeof(map), .ioasid = attached };

	if (!to_map)
		make_arrays(ranges, nr);
	map.nr_ranges = nr;
	map.ranges = (uintptr_t)to_map;
	return ioctl(fd, IOMMU_MAP_DMA, &map);
}

static int unmap_array(const struct range *ranges, size_t nr)
{
	struct ioasid_unmap unmap = { .argsz = sizeof(unmap), .ioasid = attached };

	unmap.nr_ranges = nr;
	unmap.ranges = (uintptr_t)to_unmap;
	return ioctl(fd, IOMMU_UNMAP_DMA, &unmap);
}

static int nop(void)
{
	return ioctl(fd, IOMMU_CHECK_EXTENSION, IOASID_EXT_TYPE1V2_MAP) == 1 ? 0 : -1;
}

const struct subject subject_ioasid = {
	.name = "ioasid",
	.start = start,
	.stop = stop,
	.map = map,
	.unmap = unmap,
	.unmap_all = unmap_all,
	.map_array = map_array,
	.unmap_array = unmap_array,
	.nop = nop,
	.map_unattached = map_unattached,
	.unmap_unattached = unmap_unattached,
	.add = add,
	.join = join,
	.leave = leave,
	.swap_start = swap_start,
	.swap = swap,
	.swap_stop = swap_stop,
};
