/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory to map, of a known kind, and how much of it the kernel uses. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include "subject.h"

/* RUNS: so many pages in a row are contiguous, and no more */
enum kind { SEQUENTIAL, SCATTERED, RUNS, HUGE, NR_KINDS };

#define RUN_PAGES	8

extern const char *const kind_names[NR_KINDS];

/* 1 GiB of it, and by how many bytes the I/O virtual address at which it is
 * mapped must be off a multiple of 2 MiB for the IOMMU to use small pages
 */
struct memory {
	char *start;
	size_t shift;
};

/* Ends the program if it is not as its name says */
struct memory memory(enum kind kind);

/* 1 GiB of a memfd, mapped; in 4 KiB pages, as Debian's kernels do it */
struct file_memory {
	int fd;
	char *start;
};

struct file_memory file_pages(void);

/* What the kernel uses, KiB. Without what is free in per-CPU lists */
struct usage {
	long slab;
	long page_tables;	/* processes' and IOMMUs' */
	long used;		/* all that is not free */
};

struct usage usage(void);

#endif /* BENCH_MEMORY_H */
