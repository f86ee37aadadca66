/* SPDX-License-Identifier: GPL-2.0-only */
/* The test has the global allocator */
#ifndef UNIT_PASID_COMPAT_H
#define UNIT_PASID_COMPAT_H

#include <linux/types.h>

#define IOMMU_PASID_INVALID	(~0U)

struct device;

u32 kc_global_pasid_alloc(struct device *dev);
void kc_global_pasid_free(u32 pasid);

#endif
