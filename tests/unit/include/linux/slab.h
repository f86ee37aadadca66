/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_SLAB_H
#define UNIT_LINUX_SLAB_H

#include <errno.h>
#include <linux/overflow.h>
#include <linux/types.h>
#include <malloc.h>
#include <stdlib.h>

#define GFP_KERNEL_ACCOUNT	0

/* Allocations that succeed before one fails; negative: all succeed */
extern int unit_allocs_left;

/* Bytes that are allocated */
__attribute__((weak)) size_t unit_allocated;

static inline bool unit_alloc_fails(void)
{
	if (unit_allocs_left > 0)
		unit_allocs_left--;
	else if (!unit_allocs_left)
		return true;
	return false;
}

static inline void kfree(void *p)
{
	unit_allocated -= p ? malloc_usable_size(p) : 0;
	free(p);
}

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	void *p;

	(void)gfp;
	if (unit_alloc_fails())
		return NULL;
	p = malloc(size);
	unit_allocated += p ? malloc_usable_size(p) : 0;
	return p;
}

static inline void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	void *p;

	(void)gfp;
	if (unit_alloc_fails())
		return NULL;
	p = calloc(n, size);
	unit_allocated += p ? malloc_usable_size(p) : 0;
	return p;
}

#define kvfree(p)		kfree(p)

static inline void *krealloc_array(void *p, size_t n, size_t size, gfp_t gfp)
{
	size_t before = p ? malloc_usable_size(p) : 0;
	void *new;

	(void)gfp;
	if (unit_alloc_fails())
		return NULL;
	new = reallocarray(p, n, size);
	unit_allocated += new ? malloc_usable_size(new) - before : 0;
	return new;
}

#endif
