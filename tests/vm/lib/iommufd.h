/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of linux/iommufd.h and linux/vfio.h as functions: 0 or -1 with errno.
 * They are compiled with the headers of the program that includes them, of which
 * there is one for each release (tests/Makefile).
 */
#ifndef TESTS_IOMMUFD_H
#define TESTS_IOMMUFD_H

#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "run.h"
#include "stack.h"

/* Interrupts are written here, so nothing is mapped for a device */
#ifdef __aarch64__
#define RESERVED	0x8000000ULL
#else
#define RESERVED	0xfee00000ULL
#endif

#define MAP_RW	(IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)
#define FIXED_RW	(MAP_RW | IOMMU_IOAS_MAP_FIXED_IOVA)

static inline int iommufd_open(void)
{
	return open(stack_is_linux() ? "/dev/iommu" : iommu_node(), O_RDWR | O_CLOEXEC);
}

static inline int ifd_destroy(int fd, __u32 id)
{
	struct iommu_destroy arg = { .size = sizeof(arg), .id = id };

	return ioctl(fd, IOMMU_DESTROY, &arg);
}

static inline int ifd_ioas_alloc(int fd, __u32 *id)
{
	struct iommu_ioas_alloc arg = { .size = sizeof(arg) };
	int ret = ioctl(fd, IOMMU_IOAS_ALLOC, &arg);

	*id = arg.out_ioas_id;
	return ret;
}

static inline __u32 ifd_new_ioas(int fd)
{
	__u32 id = 0;

	EXPECT_OK(ifd_ioas_alloc(fd, &id));
	EXPECT_NE(id, 0);
	return id;
}

/* *@iova is where to, or what the kernel has chosen */
static inline int ifd_map_at(int fd, __u32 ioas, const void *va, __u64 length,
			     __u64 *iova, __u32 flags)
{
	struct iommu_ioas_map arg = {
		.size = sizeof(arg), .flags = flags, .ioas_id = ioas,
		.user_va = (uintptr_t)va, .length = length, .iova = *iova,
	};
	int ret = ioctl(fd, IOMMU_IOAS_MAP, &arg);

	*iova = arg.iova;
	return ret;
}

static inline int ifd_map(int fd, __u32 ioas, const void *va, __u64 iova, __u64 length)
{
	return ifd_map_at(fd, ioas, va, length, &iova, MAP_RW | IOMMU_IOAS_MAP_FIXED_IOVA);
}

static inline int ifd_unmap(int fd, __u32 ioas, __u64 iova, __u64 length, __u64 *unmapped)
{
	struct iommu_ioas_unmap arg = {
		.size = sizeof(arg), .ioas_id = ioas, .iova = iova, .length = length,
	};
	int ret = ioctl(fd, IOMMU_IOAS_UNMAP, &arg);

	if (unmapped)
		*unmapped = arg.length;
	return ret;
}

static inline int ifd_copy(int fd, __u32 src, __u64 from, __u32 dst, __u64 *to,
			   __u64 length, __u32 flags)
{
	struct iommu_ioas_copy arg = {
		.size = sizeof(arg), .flags = flags, .dst_ioas_id = dst, .src_ioas_id = src,
		.length = length, .dst_iova = *to, .src_iova = from,
	};
	int ret = ioctl(fd, IOMMU_IOAS_COPY, &arg);

	*to = arg.dst_iova;
	return ret;
}

static inline int ifd_ranges(int fd, __u32 ioas, struct iommu_iova_range *ranges, __u32 *nr,
			     __u64 *alignment)
{
	struct iommu_ioas_iova_ranges arg = {
		.size = sizeof(arg), .ioas_id = ioas, .num_iovas = *nr,
		.allowed_iovas = (uintptr_t)ranges,
	};
	int ret = ioctl(fd, IOMMU_IOAS_IOVA_RANGES, &arg);

	*nr = arg.num_iovas;
	if (alignment)
		*alignment = arg.out_iova_alignment;
	return ret;
}

static inline int ifd_allow(int fd, __u32 ioas, const struct iommu_iova_range *ranges, __u32 nr)
{
	struct iommu_ioas_allow_iovas arg = {
		.size = sizeof(arg), .ioas_id = ioas, .num_iovas = nr,
		.allowed_iovas = (uintptr_t)ranges,
	};

	return ioctl(fd, IOMMU_IOAS_ALLOW_IOVAS, &arg);
}

static inline int ifd_hwpt_alloc(int fd, __u32 dev, __u32 pt, __u32 flags, __u32 *id)
{
	struct iommu_hwpt_alloc arg = {
		.size = sizeof(arg), .flags = flags, .dev_id = dev, .pt_id = pt,
	};
	int ret = ioctl(fd, IOMMU_HWPT_ALLOC, &arg);

	if (id)
		*id = arg.out_hwpt_id;
	return ret;
}

static inline int vfd_bind(int dev, int fd, __u32 *id)
{
	struct vfio_device_bind_iommufd arg = { .argsz = sizeof(arg), .iommufd = fd };
	int ret = ioctl(dev, VFIO_DEVICE_BIND_IOMMUFD, &arg);

	if (id)
		*id = arg.out_devid;
	return ret;
}

static inline int vfd_attach(int dev, __u32 pt)
{
	struct vfio_device_attach_iommufd_pt arg = { .argsz = sizeof(arg), .pt_id = pt };

	return ioctl(dev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &arg);
}

static inline int vfd_detach(int dev)
{
	struct vfio_device_detach_iommufd_pt arg = { .argsz = sizeof(arg) };

	return ioctl(dev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg);
}

/* As structures were and will be: @size of them, in a longer buffer */
static inline int attach_sized(int dev, __u32 flags, __u32 size, __u32 pt, __u32 pasid)
{
	__u32 arg[16] = { size, flags, pt, pasid };

	return ioctl(dev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, arg);
}

static inline int detach_sized(int dev, __u32 flags, __u32 size, __u32 pasid)
{
	__u32 arg[16] = { size, flags, pasid };

	return ioctl(dev, VFIO_DEVICE_DETACH_IOMMUFD_PT, arg);
}

/* A device, bound and its registers mapped; its id */
static inline __u32 ifd_dev_start(struct dev *dev, enum which which, int fd)
{
	__u32 id = 0;

	dev_open_only(dev, which);
	EXPECT_OK(vfd_bind(dev->fd, fd, &id));
	EXPECT_NE(id, 0);
	dev->iommu = fd;
	dev->cookie = id;
	dev_enable(dev);
	dev_map_bar(dev);
	return id;
}

/* And attached to a new address space */
struct ifd_attached {
	int fd;
	__u32 ioas, id;
	struct dev dev;
};

static inline struct ifd_attached ifd_attached(void)
{
	struct ifd_attached a;

	a.fd = EXPECT_OK(iommufd_open());
	a.ioas = ifd_new_ioas(a.fd);
	a.id = ifd_dev_start(&a.dev, TESTDEV_0, a.fd);
	EXPECT_OK(vfd_attach(a.dev.fd, a.ioas));
	return a;
}

#endif /* TESTS_IOMMUFD_H */
