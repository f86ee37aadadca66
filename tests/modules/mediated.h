/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of the example driver of software-mediated devices, beside those of
 * linux/ioasid.h. For the driver and the tests.
 */
#ifndef TESTS_MODULES_MEDIATED_H
#define TESTS_MODULES_MEDIATED_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* /dev/ioasid-mediated0 and so on */
#define MEDIATED_NAME		"ioasid-mediated"
#define MEDIATED_DEVICES	3

/**
 * struct mediated_op - what the driver is to do in an address space
 * @iommu_fd: of the binding; -1: of one of them, if there are any
 * @flags: MEDIATED_*
 * @iova: first address
 * @length: bytes
 * @buf: address of the caller's memory: what is read, or written; of a pin the
 *	physical address of each page, or 0
 * @id: of a pin: out for MEDIATED_PIN, in for MEDIATED_UNPIN
 */
struct mediated_op {
	__s32 iommu_fd;
	__u32 flags;
#define MEDIATED_FOR_WRITE	(1 << 0)	/* of a pin */
#define MEDIATED_KTHREAD	(1 << 1)	/* done by a kernel thread */
#define MEDIATED_LATE		(1 << 2)	/* of a pin: the driver takes note of it only
						 * after it has been told to let go
						 */
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 buf;
	__aligned_u64 id;
};

/* How a driver answers when it is told to let go, milliseconds from then on */
#define MEDIATED_AT_ONCE	0
#define MEDIATED_NEVER		0xffffffffU

/**
 * struct mediated_state - what the driver has seen
 * @iommu_fd: of the binding. For MEDIATED_WATCH any I/O address space fd, in the first
 *	call; -2 to watch no more
 * @pins: so many pins of the device
 * @told: it was told so often to let go
 * @start: of what range the last time
 * @last: last address of that
 * @no_snoop: may a device do no-snoop DMA, asked now
 * @noticed: so many notices, since the first MEDIATED_WATCH
 * @notice: what the last one said, or what there was in the beginning
 */
struct mediated_state {
	__s32 iommu_fd;
	__u32 pins;
	__aligned_u64 told;
	__aligned_u64 start;
	__aligned_u64 last;
	__u32 no_snoop;
	__u32 noticed;
	__u32 notice;
	__u32 __reserved;
};

#define MEDIATED_TRANSLATE	_IO('m', 0)	/* struct mediated_op; the rights */
#define MEDIATED_READ		_IO('m', 1)
#define MEDIATED_WRITE		_IO('m', 2)
#define MEDIATED_PIN		_IO('m', 3)
#define MEDIATED_UNPIN		_IO('m', 4)
#define MEDIATED_DELAY		_IO('m', 5)	/* the number itself; of the file */
#define MEDIATED_STATE		_IO('m', 6)	/* struct mediated_state */
#define MEDIATED_WATCH		_IO('m', 7)	/* struct mediated_state */
#define MEDIATED_FILL		_IO('m', 8)	/* struct mediated_op: fill a pin's pages
						 * with the low byte of buf
						 */
#define MEDIATED_BIND_AS	_IO('m', 9)	/* struct mediated_op: bind with type
						 * flags, cookie id; without ops if
						 * length is 0
						 */

#endif /* TESTS_MODULES_MEDIATED_H */
