/* SPDX-License-Identifier: GPL-2.0-only */
/* What bench/floor/pasid_floor.c and its user have in common. */
#ifndef BENCH_PASID_FLOOR_H
#define BENCH_PASID_FLOOR_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PASID_FLOOR_NODE	"/dev/ioasid-pasid-floor"

/* PASIDs are below */
#define PASID_FLOOR_MAX		16384U
/* In the xarray, from 1 on */
#define PASID_FLOOR_ENTRIES	1000U

/**
 * struct pasid_floor_arg - a PASID to attach or detach
 * @pasid: the PASID
 * @count: of PASID_FLOOR_LOOP: how often
 */
struct pasid_floor_arg {
	__u32 pasid;
	__u32 count;
};

/**
 * struct pasid_floor_lookup - look up the vPASIDs 1 to @nr of a device, over and over
 * @iommu_fd: the I/O address space fd
 * @ioasid: what is attached to them
 * @cookie: of the device
 * @nr: up to PASID_FLOOR_ENTRIES
 * @count: how many in all
 */
struct pasid_floor_lookup {
	__s32 iommu_fd;
	__u32 ioasid;
	__aligned_u64 cookie;
	__u32 nr;
	__u32 count;
};

/* The domain to a PASID; and away from it */
#define PASID_FLOOR_ATTACH	_IOW('f', 16, struct pasid_floor_arg)
#define PASID_FLOOR_DETACH	_IOW('f', 17, struct pasid_floor_arg)
/* The same with a domain that is made for it, and freed */
#define PASID_FLOOR_ATTACH_NEW	_IOW('f', 18, struct pasid_floor_arg)
#define PASID_FLOOR_DETACH_NEW	_IOW('f', 19, struct pasid_floor_arg)
/* Attach and detach in the kernel, without a system call for each */
#define PASID_FLOOR_LOOP	_IOW('f', 20, struct pasid_floor_arg)
/* In the kernel: in an xarray, and by ioasid_pasid_lookup() */
#define PASID_FLOOR_XA_LOAD	_IOW('f', 21, struct pasid_floor_lookup)
#define PASID_FLOOR_LOOKUP	_IOW('f', 22, struct pasid_floor_lookup)

#endif /* BENCH_PASID_FLOOR_H */
