/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_BITMAP_H
#define UNIT_LINUX_BITMAP_H

#include <linux/types.h>

#define UNIT_LONG_BITS		(8 * sizeof(long))
#define BITS_TO_LONGS(nr)	(((nr) + UNIT_LONG_BITS - 1) / UNIT_LONG_BITS)

static inline bool test_bit(unsigned long nr, const unsigned long *bits)
{
	return bits[nr / UNIT_LONG_BITS] >> (nr % UNIT_LONG_BITS) & 1;
}

static inline void __assign_bit(unsigned long nr, unsigned long *bits, bool value)
{
	bits[nr / UNIT_LONG_BITS] &= ~(1UL << (nr % UNIT_LONG_BITS));
	bits[nr / UNIT_LONG_BITS] |= (unsigned long)value << (nr % UNIT_LONG_BITS);
}

#define __set_bit(nr, bits)	__assign_bit(nr, bits, true)
#define __clear_bit(nr, bits)	__assign_bit(nr, bits, false)

static inline unsigned long find_next_andnot_bit(const unsigned long *one,
						 const unsigned long *two,
						 unsigned long size, unsigned long from)
{
	while (from < size && (!test_bit(from, one) || test_bit(from, two)))
		from++;
	return from < size ? from : size;
}

#endif
