/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_SLAB_H
#define UNIT_LINUX_SLAB_H

#include <linux/types.h>
#include <stdlib.h>

#define GFP_KERNEL_ACCOUNT	0

/* Allocations that succeed before one fails; negative: all succeed */
extern int unit_allocs_left;

static inline void *krealloc_array(void *p, size_t n, size_t size, gfp_t gfp)
{
	(void)gfp;
	if (!unit_allocs_left)
		return NULL;
	if (unit_allocs_left > 0)
		unit_allocs_left--;
	return reallocarray(p, n, size);
}

static inline void kfree(void *p)
{
	free(p);
}

#endif
