// SPDX-License-Identifier: GPL-2.0-only
/* Calls that ask, those of iommufd's own for what others do as well, and what fails half way. */
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../module/compat/iommufd_abi.h"
#include "../../../module/compat/vfio_abi.h"
#include "deeds.h"
#include "expect.h"

/* What is said is not compared: it is as old as the call */
static int ask_space(struct rig *r)
{
	struct ioasid_info info;

	return deed_result(ioas_info(r->fd, r->s, &info));
}

static int ask_device(struct rig *r)
{
	static char records[8192] __attribute__((aligned(8)));
	struct ioasid_device_info info = {
		.argsz = sizeof(info), .cookie = ACTIVE + 1, .caps_len = sizeof(records),
		.caps = (uintptr_t)records,
	};

	return deed_result(ioctl(r->fd, IOMMU_DEVICE_GET_INFO, &info));
}

static int ask_hardware(struct rig *r)
{
	struct ifd_hw_info arg = { .size = sizeof(arg), .dev_id = ACTIVE + 1 };

	return deed_result(ioctl(r->fd, IFD_GET_HW_INFO, &arg));
}

static int ask_soft_device(struct rig *r)
{
	struct swiommu_device_info info = { .argsz = sizeof(info) };

	return deed_result(ioctl(rig_device(r, ACTIVE), SWIOMMU_DEVICE_GET_INFO, &info));
}

static int ask_soft_iommu(struct rig *r)
{
	(void)r;
	swiommu_info(0);
	return 0;
}

/* No more than before */
static int drop_none(struct rig *r)
{
	(void)r;
	swiommu_drop(0, SWIOMMU_ALL_TLBS, 0);
	return 0;
}

static int look_at(int fd)
{
	char path[64], text[4096];
	int info, ret = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return errno;
	if (read(info, text, sizeof(text)) < 0)
		ret = errno;
	close(info);
	return ret;
}

static int look_at_space(struct rig *r)
{
	return look_at(r->fd);
}

static int look_at_device(struct rig *r)
{
	return look_at(rig_device(r, ACTIVE));
}

static int ask_ranges(struct rig *r)
{
	struct ifd_iova_range ranges[16];
	struct ifd_ioas_iova_ranges arg = {
		.size = sizeof(arg), .ioas_id = r->s, .num_iovas = 16,
		.allowed_iovas = (uintptr_t)ranges,
	};

	return deed_result(ioctl(r->fd, IFD_IOAS_IOVA_RANGES, &arg));
}

/* All that is in use is among them */
static int allow_ranges(struct rig *r)
{
	struct ifd_iova_range range = { .start = 0, .last = 16 * IOVA - 1 };
	struct ifd_ioas_allow_iovas arg = {
		.size = sizeof(arg), .ioas_id = r->s, .num_iovas = 1,
		.allowed_iovas = (uintptr_t)&range,
	};

	return deed_result(ioctl(r->fd, IFD_IOAS_ALLOW_IOVAS, &arg));
}

static int destroy_nothing(struct rig *r)
{
	return deed_result(id_destroy(r->fd, 1000));
}

static int ask_who_is_reset(struct rig *r)
{
	struct {
		struct vfio_pci_hot_reset_info info;
		struct vfio_pci_dependent_device devices[8];
	} arg = { .info.argsz = sizeof(arg) };

	return deed_result(ioctl(rig_device(r, ACTIVE), VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &arg));
}

/* A page of registers, and away again */
static int map_region(struct rig *r)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	void *p;

	if (ioctl(rig_device(r, ACTIVE), VFIO_DEVICE_GET_REGION_INFO, &info))
		return errno;
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, rig_device(r, ACTIVE), info.offset);
	if (p == MAP_FAILED)
		return errno;
	return deed_result(munmap(p, PAGE));
}

static int bind_by_iommufd(struct rig *r)
{
	struct vfd_bind_iommufd arg = { .argsz = sizeof(arg), .iommufd = r->fd };

	return deed_result(ioctl(rig_device(r, ACTIVE), VFD_BIND_IOMMUFD, &arg));
}

static int attach_by_iommufd(struct rig *r)
{
	struct vfd_attach_iommufd_pt arg = { .argsz = sizeof(arg), .pt_id = r->s };

	return deed_result(ioctl(rig_device(r, ACTIVE), VFD_ATTACH_IOMMUFD_PT, &arg));
}

static int detach_by_iommufd(struct rig *r)
{
	struct vfd_detach_iommufd_pt arg = { .argsz = sizeof(arg) };

	return deed_result(ioctl(rig_device(r, ACTIVE), VFD_DETACH_IOMMUFD_PT, &arg));
}

static void before_bind(struct rig *r)
{
	r->unbound = !dev_unbind(rig_device(r, ACTIVE), r->fd);
}

static void before_attach(struct rig *r)
{
	before_bind(r);
	bind_by_iommufd(r);
}

static void before_detach(struct rig *r)
{
	before_attach(r);
	attach_by_iommufd(r);
}

/* A page that is there, and one that is not */
static int map_half(struct rig *r)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (p == MAP_FAILED || munmap(p + PAGE, PAGE))
		return errno;
	ret = deed_result(ioas_map(r->fd, r->s, p, place_iova[PLACE_FREE], 2 * PAGE, RW));
	munmap(p, PAGE);
	return ret;
}

const struct deed ask_deeds[] = {
	{ "ask about the address space", NULL, ask_space, 0, DEED_ASKS },
	{ "ask about the device", NULL, ask_device, 0, DEED_ASKS },
	{ "ask about the hardware", NULL, ask_hardware, 0, DEED_ASKS },
	{ "ask about the software device", NULL, ask_soft_device, RIG_SOFT,
	  DEED_ASKS | DEED_ON_DEVICE },
	{ "ask about the software IOMMU", NULL, ask_soft_iommu, RIG_SOFT, DEED_ASKS },
	{ "have no invalidations ignored", NULL, drop_none, RIG_SOFT, DEED_ASKS },
	{ "ask for ranges", NULL, ask_ranges, 0, DEED_ASKS },
	{ "ask who is reset along", NULL, ask_who_is_reset, RIG_PCI | RIG_PAIR,
	  DEED_ASKS | DEED_ON_DEVICE },
	{ "map registers", NULL, map_region, RIG_PCI, DEED_ON_DEVICE },
	{ "destroy nothing", NULL, destroy_nothing, 0, DEED_ASKS | DEED_FAILS },
	{ "permit ranges", NULL, allow_ranges, 0, 0 },
	{ "look at the file", NULL, look_at_space, 0, DEED_ASKS },
	{ "look at the device's file", NULL, look_at_device, 0,
	  DEED_ASKS | DEED_ON_DEVICE },
	{ "map what is half there", NULL, map_half, 0, DEED_FAILS },
	{ "bind by iommufd's call", before_bind, bind_by_iommufd, RIG_PCI,
	  DEED_BINDS | DEED_ON_DEVICE },
	{ "attach by iommufd's call", before_attach, attach_by_iommufd, RIG_PCI,
	  DEED_BUSY | DEED_ON_DEVICE },
	{ "detach by iommufd's call", before_detach, detach_by_iommufd, RIG_PCI,
	  DEED_ON_DEVICE },
	{ }
};
