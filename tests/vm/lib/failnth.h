/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each allocation of a call fails once. Only for a kernel with fault injection
 * (FAULT_INJECTION_DEBUG_FS: /proc/thread-self/fail-nth makes the N-th of what can
 * fail in this thread do so, copies from and to user memory included).
 */
#ifndef TESTS_FAILNTH_H
#define TESTS_FAILNTH_H

#include <stdbool.h>

#include "device.h"

/* More than any call here makes */
#define NTH_MAX		3000

/* Until one call was made in which nothing failed */
#define EACH_NTH(nth)	for (nth = 1; nth < NTH_MAX; nth++)

/* Once a test: what may fail, and for whom */
void nth_prepare(void);
/* The @nth of what can fail from here on fails */
void nth_start(int nth);
/* Ends the injection; true if there was one */
bool nth_stop(void);
/* Is it an error that says that memory was short? */
bool nth_may_fail(int err);

/**
 * struct nth_setting - a device that is bound, and memory in pieces, so that page
 * tables are needed
 * @fd: an open /dev/iommu
 * @a: an address space in which page i of @p is mapped at IOVA + 4 * i GiB
 * @b: one in which it is at IOVA + 8 * i GiB
 * @p: 16 pages, NTH_PIECES of which are mapped
 * @dev: the device, bound to @fd and attached to nothing
 */
struct nth_setting {
	int fd;
	__u32 a, b;
	char *p;
	struct dev dev;
};

#define NTH_PIECES	8

/* With nth_prepare() */
void nth_setting(struct nth_setting *s, enum which which);

#endif /* TESTS_FAILNTH_H */
