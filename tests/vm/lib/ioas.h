/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctls of linux/ioasid.h as functions: 0 or -1 with errno. */
#ifndef TESTS_IOAS_H
#define TESTS_IOAS_H

#include <linux/ioasid.h>
#include <stdbool.h>
#include <stddef.h>

#define RW	(IOASID_MAP_READ | IOASID_MAP_WRITE)
#define PAGE	4096UL
#define MIB	(1024UL * 1024)
#define GIB	(1024UL * MIB)

/* Some address that every IOMMU here permits */
#define IOVA	0x1000000UL

/* Interrupts are written there: of 1 MiB from it on nothing can be mapped. The
 * processor's address on x86, one of Linux's choice on Arm
 */
#ifdef __aarch64__
#define WINDOW	0x8000000UL
#else
#define WINDOW	0xfee00000UL
#endif

/* The node's name: /dev/iommu, or /dev/ioasid where that is the kernel's own */
const char *iommu_node(void);
int iommu_open(void);

int ioas_alloc(int fd, __u32 *ioasid);
int ioas_alloc_with(int fd, struct ioasid_alloc *arg);
int ioas_free(int fd, __u32 ioasid);
int ioas_map(int fd, __u32 ioasid, const void *vaddr, __u64 iova, __u64 length, __u32 flags);
/* @unmapped may be NULL */
int ioas_unmap(int fd, __u32 ioasid, __u64 iova, __u64 length, __u64 *unmapped);
int ioas_unmap_all(int fd, __u32 ioasid, __u64 *unmapped);
/* Many ranges in one call; @done may be NULL, as may @unmapped */
int ioas_map_array(int fd, __u32 ioasid, const struct ioasid_map_range *ranges, __u32 nr,
		   __u32 *done);
int ioas_unmap_array(int fd, __u32 ioasid, const struct ioasid_unmap_range *ranges, __u32 nr,
		     __u32 *done, __u64 *unmapped);
/* Everything but the two lists */
int ioas_info(int fd, __u32 ioasid, struct ioasid_info *info);

int dev_bind(int dev, int fd, __u64 cookie);
int dev_unbind(int dev, int fd);
int dev_attach(int dev, int fd, __u32 ioasid);
/* By PASID; a number of 0 asks for one, and what is returned then is that */
int dev_attach_pasid(int dev, int fd, __u32 ioasid, __u32 pasid);
int dev_detach_pasid(int dev, int fd, __u32 pasid);
int dev_set_pasid_floor(int dev, int fd, __u32 floor);
int dev_alias(int dev, int fd, __u32 pasid, __u32 alias);
int dev_pasid_info(int dev, struct ioasid_pasid_info *info);
int dev_detach(int dev, int fd);

/* These end the test if they fail */
__u32 new_ioas(int fd);
__u64 mapped_bytes(int fd, __u32 ioasid);
__u64 pinned_bytes(int fd, __u32 ioasid);
__u32 nr_attachments(int fd, __u32 ioasid);
/* It is attached to the devices of these cookies, in this order; ends the test
 * if it is not
 */
void expect_attached(int fd, __u32 ioasid, const __u64 *cookies, __u32 nr);
/* With @nr ranges at most; returns their number */
__u32 permitted_ranges(int fd, __u32 ioasid, struct ioasid_range *ranges, __u32 nr);
bool range_is_permitted(int fd, __u32 ioasid, __u64 start, __u64 last);

struct device_caps {
	struct ioasid_device_info info;
	struct ioasid_range ranges[64];
	__u32 nr_ranges;
	__u64 hw[2];
	bool has_hw;
	__u32 hw_id;
};

/* IOMMU_DEVICE_GET_INFO with its records taken apart */
void device_caps(int fd, __u64 cookie, struct device_caps *caps);

#endif /* TESTS_IOAS_H */
