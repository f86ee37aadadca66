// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "expect.h"
#include "ioas.h"

const char *iommu_node(void)
{
	/* Ours where there is no other */
	return access("/dev/ioasid", F_OK) ? "/dev/iommu" : "/dev/ioasid";
}

int iommu_open(void)
{
	return open(iommu_node(), O_RDWR | O_CLOEXEC);
}

int ioas_alloc_with(int fd, struct ioasid_alloc *arg)
{
	arg->argsz = sizeof(*arg);
	return ioctl(fd, IOMMU_IOASID_ALLOC, arg);
}

int ioas_alloc(int fd, __u32 *ioasid)
{
	struct ioasid_alloc arg = { 0 };

	if (ioas_alloc_with(fd, &arg))
		return -1;
	*ioasid = arg.ioasid;
	return 0;
}

int ioas_free(int fd, __u32 ioasid)
{
	struct ioasid_free arg = { .argsz = sizeof(arg), .ioasid = ioasid };

	return ioctl(fd, IOMMU_IOASID_FREE, &arg);
}

int ioas_map(int fd, __u32 ioasid, const void *vaddr, __u64 iova, __u64 length, __u32 flags)
{
	struct ioasid_map arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.ioasid = ioasid,
		.vaddr = (uintptr_t)vaddr,
		.iova = iova,
		.length = length,
	};

	return ioctl(fd, IOMMU_MAP_DMA, &arg);
}

static int unmap(int fd, struct ioasid_unmap *arg, __u64 *unmapped)
{
	int ret;

	arg->argsz = sizeof(*arg);
	arg->unmapped = 0;
	ret = ioctl(fd, IOMMU_UNMAP_DMA, arg);
	if (unmapped)
		*unmapped = arg->unmapped;
	return ret;
}

int ioas_unmap(int fd, __u32 ioasid, __u64 iova, __u64 length, __u64 *unmapped)
{
	struct ioasid_unmap arg = { .ioasid = ioasid, .iova = iova, .length = length };

	return unmap(fd, &arg, unmapped);
}

int ioas_unmap_all(int fd, __u32 ioasid, __u64 *unmapped)
{
	struct ioasid_unmap arg = { .flags = IOASID_UNMAP_ALL, .ioasid = ioasid };

	return unmap(fd, &arg, unmapped);
}

int ioas_map_array(int fd, __u32 ioasid, const struct ioasid_map_range *ranges, __u32 nr,
		   __u32 *done)
{
	struct ioasid_map arg = {
		.argsz = sizeof(arg),
		.ioasid = ioasid,
		.nr_ranges = nr,
		.ranges = (uintptr_t)ranges,
	};
	int ret = ioctl(fd, IOMMU_MAP_DMA, &arg);

	if (done)
		*done = arg.nr_done;
	return ret;
}

int ioas_unmap_array(int fd, __u32 ioasid, const struct ioasid_unmap_range *ranges, __u32 nr,
		     __u32 *done, __u64 *unmapped)
{
	struct ioasid_unmap arg = {
		.ioasid = ioasid,
		.nr_ranges = nr,
		.ranges = (uintptr_t)ranges,
	};
	int ret = unmap(fd, &arg, unmapped);

	if (done)
		*done = arg.nr_done;
	return ret;
}

int ioas_info(int fd, __u32 ioasid, struct ioasid_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->ioasid = ioasid;
	return ioctl(fd, IOMMU_IOASID_GET_INFO, info);
}

int dev_bind(int dev, int fd, __u64 cookie)
{
	struct ioasid_bind arg = { .argsz = sizeof(arg), .iommu_fd = fd, .cookie = cookie };

	return ioctl(dev, IOASID_DEVICE_BIND, &arg);
}

int dev_unbind(int dev, int fd)
{
	struct ioasid_unbind arg = { .argsz = sizeof(arg), .iommu_fd = fd };

	return ioctl(dev, IOASID_DEVICE_UNBIND, &arg);
}

int dev_attach(int dev, int fd, __u32 ioasid)
{
	struct ioasid_attach arg = { .argsz = sizeof(arg), .iommu_fd = fd, .ioasid = ioasid };

	return ioctl(dev, IOASID_DEVICE_ATTACH, &arg);
}

int dev_detach(int dev, int fd)
{
	struct ioasid_detach arg = { .argsz = sizeof(arg), .iommu_fd = fd };

	return ioctl(dev, IOASID_DEVICE_DETACH, &arg);
}

__u32 new_ioas(int fd)
{
	__u32 ioasid = 0;

	EXPECT_OK(ioas_alloc(fd, &ioasid));
	EXPECT_NE(ioasid, 0);
	return ioasid;
}

__u64 mapped_bytes(int fd, __u32 ioasid)
{
	struct ioasid_info info;

	EXPECT_OK(ioas_info(fd, ioasid, &info));
	return info.mapped;
}

__u64 pinned_bytes(int fd, __u32 ioasid)
{
	struct ioasid_info info;

	EXPECT_OK(ioas_info(fd, ioasid, &info));
	return info.pinned;
}

__u32 nr_attachments(int fd, __u32 ioasid)
{
	struct ioasid_info info;

	EXPECT_OK(ioas_info(fd, ioasid, &info));
	return info.nr_attachments;
}

void expect_attached(int fd, __u32 ioasid, const __u64 *cookies, __u32 nr)
{
	struct ioasid_attachment list[16];
	struct ioasid_info info = {
		.argsz = sizeof(info),
		.ioasid = ioasid,
		.nr_attachments = 16,
		.attachments = (uintptr_t)list,
	};
	__u32 i;

	EXPECT_OK(ioctl(fd, IOMMU_IOASID_GET_INFO, &info));
	EXPECT_EQ(info.nr_attachments, nr);
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(list[i].cookie, cookies[i]);
		EXPECT_EQ(list[i].flags, 0);
		EXPECT_EQ(list[i].pasid, 0);
	}
}

__u32 permitted_ranges(int fd, __u32 ioasid, struct ioasid_range *ranges, __u32 nr)
{
	struct ioasid_info info = {
		.argsz = sizeof(info),
		.ioasid = ioasid,
		.nr_ranges = nr,
		.ranges = (uintptr_t)ranges,
	};

	EXPECT_OK(ioctl(fd, IOMMU_IOASID_GET_INFO, &info));
	EXPECT_LE(info.nr_ranges, nr);
	return info.nr_ranges;
}

bool range_is_permitted(int fd, __u32 ioasid, __u64 start, __u64 last)
{
	struct ioasid_range ranges[64];
	__u32 i, n = permitted_ranges(fd, ioasid, ranges, 64);

	for (i = 0; i < n; i++)
		if (ranges[i].start <= start && last <= ranges[i].last)
			return true;
	return false;
}

void device_caps(int fd, __u64 cookie, struct device_caps *caps)
{
	static char buf[8192] __attribute__((aligned(8)));
	__u32 at = 0;

	memset(caps, 0, sizeof(*caps));
	caps->info.argsz = sizeof(caps->info);
	caps->info.cookie = cookie;
	caps->info.caps_len = sizeof(buf);
	caps->info.caps = (uintptr_t)buf;
	EXPECT_OK(ioctl(fd, IOMMU_DEVICE_GET_INFO, &caps->info));
	EXPECT_LE(caps->info.caps_len, sizeof(buf));

	while (at < caps->info.caps_len) {
		const struct ioasid_cap_header *h = (void *)(buf + at);

		EXPECT_GE(h->size, sizeof(*h));
		EXPECT_EQ(h->size % 8, 0);
		EXPECT_LE(at + h->size, caps->info.caps_len);
		if (h->id == IOASID_CAP_IOVA_RANGES) {
			const struct ioasid_cap_iova_ranges *r = (const void *)h;

			EXPECT_EQ(caps->nr_ranges, 0);
			caps->nr_ranges = (h->size - sizeof(*r)) / sizeof(r->ranges[0]);
			EXPECT_LE(caps->nr_ranges, 64);
			memcpy(caps->ranges, r->ranges, h->size - sizeof(*r));
		} else if (h->id == IOASID_CAP_HW_VTD || h->id == IOASID_CAP_HW_AMD) {
			const struct ioasid_cap_hw *r = (const void *)h;

			EXPECT_GE(h->size, sizeof(*r));
			caps->has_hw = true;
			caps->hw_id = h->id;
			memcpy(caps->hw, r->reg, sizeof(caps->hw));
		}
		at += h->size;
	}
	EXPECT_EQ(at, caps->info.caps_len);
}

int dev_attach_pasid(int dev, int fd, __u32 ioasid, __u32 pasid)
{
	struct ioasid_attach arg = {
		.argsz = sizeof(arg), .iommu_fd = fd, .ioasid = ioasid, .pasid = pasid,
		.flags = pasid ? IOASID_ATTACH_PASID : IOASID_ATTACH_PASID_ALLOC,
	};
	int ret = ioctl(dev, IOASID_DEVICE_ATTACH, &arg);

	return ret ? ret : pasid ? 0 : (int)arg.pasid;
}

int dev_detach_pasid(int dev, int fd, __u32 pasid)
{
	struct ioasid_detach arg = {
		.argsz = sizeof(arg), .flags = IOASID_DETACH_PASID, .iommu_fd = fd,
		.pasid = pasid,
	};

	return ioctl(dev, IOASID_DEVICE_DETACH, &arg);
}

int dev_set_pasid_floor(int dev, int fd, __u32 floor)
{
	struct ioasid_pasid_floor arg = {
		.argsz = sizeof(arg), .iommu_fd = fd, .floor = floor,
	};

	return ioctl(dev, IOASID_DEVICE_SET_PASID_FLOOR, &arg);
}

int dev_alias(int dev, int fd, __u32 pasid, __u32 alias)
{
	struct ioasid_alias arg = {
		.argsz = sizeof(arg), .iommu_fd = fd, .pasid = pasid, .alias = alias,
	};

	return ioctl(dev, IOASID_DEVICE_ALIAS, &arg);
}

int dev_pasid_info(int dev, struct ioasid_pasid_info *info)
{
	*info = (struct ioasid_pasid_info){ .argsz = sizeof(*info) };
	return ioctl(dev, IOASID_DEVICE_PASID_INFO, info);
}
