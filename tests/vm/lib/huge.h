/* SPDX-License-Identifier: GPL-2.0-only */
/* Huge pages of hugetlbfs, of 2 MiB. */
#ifndef TESTS_HUGE_H
#define TESTS_HUGE_H

#include <stdbool.h>

#define HUGE	(2 * MIB)

/* So many in the machine; false where the kernel has none, as the debug kernel */
bool set_huge_pages(int nr);
/* Memory for which so many are reserved; none is used yet */
char *reserve_huge_pages(int nr);
/* How many there are that are free, and how many of those are reserved */
int huge_pages_free(void);
int huge_pages_reserved(void);

#endif /* TESTS_HUGE_H */
