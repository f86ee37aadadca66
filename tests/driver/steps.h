/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests only: the steps of a driver of an IOMMU. Between two of them no lock of the
 * software IOMMU's is held. Each is a function swiommu_step_NAME() of its own, so that
 * ioasid_test_stall holds threads there, and ioasid_test_refuse makes it return an error
 * where the driver can fail.
 */
#ifndef IOASID_DRIVER_STEPS_H
#define IOASID_DRIVER_STEPS_H

#include <linux/compiler.h>

void swiommu_linger(void);

/* Neither merged with others, nor taken for one that always returns 0, nor renamed */
#define DRIVER_STEP(name)						\
int swiommu_step_##name(void);						\
noinline int swiommu_step_##name(void)					\
{									\
	int ret = 0;							\
									\
	swiommu_linger();						\
	asm volatile("" : "+r" (ret) : "i" (__LINE__));			\
	return ret;							\
}

#endif /* IOASID_DRIVER_STEPS_H */
