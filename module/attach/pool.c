// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool: PASIDs that go on RIDs which users share (device types 3 and 6).
 *
 * A CPU instruction sends a number to whatever portal it is told to, and no portal
 * looks at it. What CPUs send comes from the kernel's global allocator: numbers of type
 * 8 devices, and those of processes whose address spaces the host's drivers share with
 * devices (SVA). So a number on a shared RID must be none of them, and is allocated
 * there as well: as long as it is in the pool no CPU is given it.
 *
 * A number of the pool is on any number of RIDs, but once on each. A RID adds one when it
 * has all of the pool that it can have; the last RID that has it gives it back to the
 * kernel.
 *
 * The lock of the xarray is the pool's. It is held while a bitmap of 2^20 bits is
 * searched, at most, and for no allocation.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "attach/pool.h"
#include "compat/pasid_compat.h"

/* No PASID has more */
#define POOL_BITS		20

/*
 * Where PASIDs have that many bits the others are for CPUs, ours (attach/cpu.c) and those
 * of the host's processes. Where they have fewer only what each user may hold leaves some
 */
#define POOL_MAX		(1U << (POOL_BITS - 1))

/* Number to on how many RIDs it is, as a value */
static DEFINE_XARRAY_FLAGS(pool, XA_FLAGS_ACCOUNT);

/* The numbers in the pool, as long as there is a RID; and how many are below 2^width */
static unsigned long *pool_has;
static u32 pool_nr[POOL_BITS + 1];

/* Under groups_lock */
static unsigned int pool_rids;

/**
 * ioasid_pool_join() - a RID is to be shared
 * @rid: to be filled in
 * @limit: its numbers are below, a power of two
 *
 * Context: groups_lock is held.
 * Return: 0, -ENOMEM.
 */
int ioasid_pool_join(struct ioasid_pool_rid *rid, u32 limit)
{
	*rid = (struct ioasid_pool_rid){ .limit = min(limit, 1U << POOL_BITS) };
	if (!pool_rids) {
		pool_has = kvcalloc(BITS_TO_LONGS(1U << POOL_BITS), sizeof(long),
				    GFP_KERNEL_ACCOUNT);
		if (!pool_has)
			return -ENOMEM;
	}
	rid->taken = kvcalloc(BITS_TO_LONGS(rid->limit), sizeof(long), GFP_KERNEL_ACCOUNT);
	if (!rid->taken) {
		if (!pool_rids)
			kvfree(pool_has);
		return -ENOMEM;
	}
	pool_rids++;
	return 0;
}

/**
 * ioasid_pool_leave() - a RID is no longer shared
 * @rid: the RID, all numbers given back
 *
 * Context: groups_lock is held.
 */
void ioasid_pool_leave(struct ioasid_pool_rid *rid)
{
	WARN_ON(rid->nr);
	kvfree(rid->taken);
	if (!--pool_rids)
		kvfree(pool_has);
}

static void pool_put_on(struct ioasid_pool_rid *rid, u32 number)
{
	__set_bit(number, rid->taken);
	rid->nr++;
}

/* In or out of the pool */
static void pool_count(u32 number, int change)
{
	unsigned int width;

	__assign_bit(number, pool_has, change > 0);
	for (width = fls(number); width <= POOL_BITS; width++)
		pool_nr[width] += change;
}

/* A number that is in the pool for other RIDs; 0: there is none that @rid lacks */
static u32 pool_share(struct ioasid_pool_rid *rid)
{
	unsigned long number = 0;

	xa_lock(&pool);
	if (rid->nr < pool_nr[ilog2(rid->limit)]) {
		number = find_next_andnot_bit(pool_has, rid->taken, rid->limit, rid->from);
		if (number >= rid->limit)
			number = find_next_andnot_bit(pool_has, rid->taken, rid->limit, 0);
		/* In place of another value: needs no memory */
		__xa_store(&pool, number,
			   xa_mk_value(xa_to_value(xa_load(&pool, number)) + 1), 0);
		pool_put_on(rid, number);
		rid->from = number + 1;
	}
	xa_unlock(&pool);
	return number;
}

static int pool_grow(struct ioasid_pool_rid *rid, struct device *dev, u32 *number)
{
	int ret = -ENOSPC;

	*number = kc_global_pasid_alloc(dev);
	if (*number == IOMMU_PASID_INVALID)
		return ret;
	/* It is the lowest one that is free */
	if (*number >= rid->limit)
		goto free;
	xa_lock(&pool);
	if (pool_nr[POOL_BITS] < POOL_MAX)
		ret = __xa_insert(&pool, *number, xa_mk_value(1), GFP_KERNEL_ACCOUNT);
	if (!ret) {
		pool_count(*number, 1);
		pool_put_on(rid, *number);
	}
	xa_unlock(&pool);
	if (!ret)
		return 0;
free:
	kc_global_pasid_free(*number);
	return ret;
}

/**
 * ioasid_pool_take() - a number for a shared RID, that no CPU is given
 * @rid: the RID
 * @dev: whose RID it is
 * @number: out: the number, in no particular order
 *
 * Return: 0, -ENOSPC if none is left, -ENOMEM.
 */
int ioasid_pool_take(struct ioasid_pool_rid *rid, struct device *dev, u32 *number)
{
	*number = pool_share(rid);
	return *number ? 0 : pool_grow(rid, dev, number);
}

/**
 * ioasid_pool_give_back() - a shared RID needs a number no more
 * @rid: the RID
 * @number: the number, which nothing is attached to there. A CPU may be given it next;
 *	no CPU has sent it
 */
void ioasid_pool_give_back(struct ioasid_pool_rid *rid, u32 number)
{
	unsigned long others;

	xa_lock(&pool);
	__clear_bit(number, rid->taken);
	rid->nr--;
	rid->from = min(rid->from, number);
	others = xa_to_value(xa_load(&pool, number)) - 1;
	if (others) {
		__xa_store(&pool, number, xa_mk_value(others), 0);
	} else {
		__xa_erase(&pool, number);
		pool_count(number, -1);
	}
	xa_unlock(&pool);
	if (!others)
		kc_global_pasid_free(number);
}
