/* SPDX-License-Identifier: GPL-2.0-only */
/* DMA with PASIDs, by software devices. */
#ifndef TESTS_SWPASID_H
#define TESTS_SWPASID_H

#include "swdev.h"

/* As many as these tests need to be far apart */
#define WIDTH	20
#define LIMIT	(1U << WIDTH)

/* The same device, for swdev_dma() and the expect_sw...() that are built on it: its DMA
 * carries a PASID. 0: none
 */
#define BY(dev, number) (&(struct swdev) {				\
	.id = (dev)->id, .fd = (dev)->fd, .iommu = (dev)->iommu,	\
	.cookie = (dev)->cookie, .pasid = (number) })

/* Nothing is attached to a PASID: neither reads nor writes get anywhere, and the fault
 * names no address space
 */
void expect_pasid_blocked(struct swdev *dev, __u32 pasid, __u64 iova);
/* Both fault for that reason, and the fault names this address space, this device and
 * this PASID
 */
void expect_pasid_fault(struct swdev *dev, __u32 pasid, __u64 iova, __u32 fault,
			__u32 ioas);

/* Both info calls say so of a bound device */
void expect_info_says(int fd, struct swdev *dev, __u32 width, __u32 flags);

/* Are PASIDs replaced in one step here? */
bool pasids_are_replaced_at_once(void);

/* run_swiommu_program() for tests that attach by PASID. Where the kernel does not do that
 * the test is that it is said, and refused
 */
int run_swpasid_program(int argc, char **argv, const char *name, const TTest *const *tests);

#endif /* TESTS_SWPASID_H */
