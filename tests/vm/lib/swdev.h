/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Software IOMMUs and devices (ioasid_swiommu): made and removed by the tests,
 * whatever machine they run on.
 */
#ifndef TESTS_SWDEV_H
#define TESTS_SWDEV_H

#include <check.h>
#include <linux/ioasid_swiommu.h>
#include <stdbool.h>
#include <stddef.h>

#include "ioas.h"

#define SWIOMMU		"ioasid_swiommu"
#define SWIOMMU_NODE	"/dev/" SWIOMMU

struct swdev {
	__u32 id;
	int fd;
	int iommu;		/* bound to, by swdev_start() */
	__u64 cookie;
	__u32 pasid;		/* what its DMA carries, 0: none */
};

/* Anew, after whatever a test that failed has left. @options may be NULL */
void swiommu_load(const char *options);
/* Remove all devices, and see that nothing is left */
void swiommu_unload(void);

/* Make a device. Options are those of a device of type 5 with PASIDs if 0 */
__u32 swdev_create(const struct swiommu_device_create *options);
/* errno, or 0 */
int swdev_try_create(struct swiommu_device_create *arg);
int swdev_destroy(__u32 id);
void swdev_destroy_all(void);

/* What devices reached was pinned, always, or caches may be faulty (swiommu_drop()) */
void expect_no_strays(void);
/* -1 with errno */
int swdev_open(__u32 id);
bool swdev_exists(__u32 id);

/* Make one behind an IOMMU, open it and bind it with cookie 1000 + its number */
void swdev_start(struct swdev *dev, __u32 iommu, int fd);
void swdev_start_with(struct swdev *dev, const struct swiommu_device_create *options,
		      int fd);

/* What happened: done, fault and fault_addr are there. Ends the test on an errno */
struct swiommu_dma swdev_dma(struct swdev *dev, __u32 op, __u64 iova, void *data,
			     __u64 length);
/* 0 or -1 with errno; @arg is filled in but for argsz */
int swdev_try_dma(int fd, struct swiommu_dma *arg);

/* DMA of one kind that does all of it, or ends at @at for that reason */
void expect_swread(struct swdev *dev, __u64 iova, const void *want, __u64 length);
void expect_swwrite(struct swdev *dev, __u64 iova, void *memory, __u64 length);
void expect_swfault(struct swdev *dev, __u32 op, __u64 iova, __u64 length, __u32 fault,
		    __u64 at);
/* It neither reads nor writes there */
void expect_swblocked(struct swdev *dev, __u64 iova, __u32 fault);

struct swiommu_iommu_info swiommu_info(__u32 iommu);
struct swiommu_device_info swdev_info(struct swdev *dev);
/* @caches of the IOMMU ignore the next @count invalidations */
void swiommu_drop(__u32 iommu, __u32 caches, __u32 count);
/* An open /dev/iommu, an address space, and devices that are bound to it and not
 * attached: @a behind IOMMU 0, @b behind the last one
 */
struct swscene {
	int fd;
	__u32 ioas;
	struct swdev a, b;
};

struct swscene swscene(const char *options);
/* Close it, and unload */
void swscene_end(struct swscene *s);

/* Does this kernel take a software IOMMU beside the machine's? */
bool swiommu_is_possible(void);

/* run_program() for tests that load the software IOMMU themselves. Where the kernel does
 * not take it, the test is that it says so
 */
int run_swiommu_program(int argc, char **argv, const char *name, const TTest *const *tests);

#define SWIOMMU_ALL_TLBS	(SWIOMMU_DROP_IOTLB | SWIOMMU_DROP_DEVICE_TLB)

#endif /* TESTS_SWDEV_H */
