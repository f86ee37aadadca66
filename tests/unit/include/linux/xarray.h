/* SPDX-License-Identifier: GPL-2.0-only */
/* An array of fixed size, and one thread */
#ifndef UNIT_LINUX_XARRAY_H
#define UNIT_LINUX_XARRAY_H

#include <linux/bug.h>
#include <linux/slab.h>

struct xarray {
	void *entry[1 << 20];
};

#define DEFINE_XARRAY_FLAGS(name, flags)	struct xarray name
#define xa_lock(xa)				((void)(xa))
#define xa_unlock(xa)				((void)(xa))

static inline void *xa_mk_value(unsigned long value)
{
	return (void *)(value << 1 | 1);
}

static inline unsigned long xa_to_value(const void *entry)
{
	WARN_ON_ONCE(!((uintptr_t)entry & 1));
	return (uintptr_t)entry >> 1;
}

static inline void *xa_load(const struct xarray *xa, unsigned long index)
{
	return xa->entry[index];
}

/* In place of an entry: anything else would need memory */
static inline void __xa_store(struct xarray *xa, unsigned long index, void *entry,
			      gfp_t gfp)
{
	(void)gfp;
	WARN_ON_ONCE(!xa->entry[index]);
	xa->entry[index] = entry;
}

static inline void __xa_erase(struct xarray *xa, unsigned long index)
{
	WARN_ON_ONCE(!xa->entry[index]);
	xa->entry[index] = NULL;
}

static inline int __xa_insert(struct xarray *xa, unsigned long index, void *entry,
			      gfp_t gfp)
{
	(void)gfp;
	if (xa->entry[index])
		return -EBUSY;
	if (unit_alloc_fails())
		return -ENOMEM;
	xa->entry[index] = entry;
	return 0;
}

#endif
