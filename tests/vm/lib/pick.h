/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random mappings and ranges. What faults are made of comes more often than
 * chance alone would have it: the ends of physical runs and of pieces of 2 MiB,
 * one page more and one less, one right behind another.
 */
#ifndef TESTS_PICK_H
#define TESTS_PICK_H

#include "stripe.h"

/* The smaller one */
static inline unsigned int less(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Memory to map, and how: all but the place */
void pick_memory(const struct arena *arena, struct mapping *m);
/* Memory of which the end is missing: mapping it fails, late */
void pick_bad_memory(const struct arena *arena, struct mapping *m);
/* A place for it, most likely a free one */
unsigned int pick_place(const struct stripe *s, const struct mapping *m);
/* A range to unmap, most likely from the beginning of a mapping to the end of
 * one, some of them with more between
 */
struct range pick_range(const struct stripe *s);

#endif /* TESTS_PICK_H */
