/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_POOL_H
#define IOASID_POOL_H

#include <linux/types.h>

struct device;

/**
 * struct ioasid_pool_rid - the numbers of the pool that are on a shared RID
 * @limit: numbers are below, a power of two
 * @nr: number of bits in @taken
 * @from: where to look for one first
 * @taken: bitmap, by number
 *
 * @nr, @from and @taken are protected by the pool's lock.
 */
struct ioasid_pool_rid {
	u32 limit;
	u32 nr;
	u32 from;
	unsigned long *taken;
};

int ioasid_pool_join(struct ioasid_pool_rid *rid, u32 limit);
void ioasid_pool_leave(struct ioasid_pool_rid *rid);
int ioasid_pool_take(struct ioasid_pool_rid *rid, struct device *dev, u32 *number);
void ioasid_pool_give_back(struct ioasid_pool_rid *rid, u32 number);

#endif /* IOASID_POOL_H */
