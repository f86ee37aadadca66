/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory for devices, and how much of it the kernel holds. */
#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The unprivileged user of the tests */
#define TEST_UID	1000

/* Anonymous memory in 4 KiB pages, filled; ends the test if there is none */
void *memory(size_t size, unsigned char fill);
/* The same in transparent huge pages of 2 MiB, aligned, contiguous in each.
 * NULL if the kernel gave none.
 */
void *huge_memory(size_t size, unsigned char fill);
/* Guest physical address of a byte that is in memory; needs root */
__u64 phys_of(const void *p);

/* Every byte is @fill; ends the test with the first that is not */
void expect_filled(const void *p, unsigned char fill, size_t size);
/* What iommu-testdev writes, from its first byte on */
void expect_pattern(const void *p, size_t size);

/* Pages that were pinned so far, less those unpinned, in the whole machine */
long pages_pinned(void);
/* Those that were pinned so far, unpinned or not */
long pages_ever_pinned(void);
/* VmPin of this process, bytes */
size_t vm_pinned(void);

/**
 * locked_pages() - what counts as locked memory of user TEST_UID
 *
 * An oracle that has nothing to do with ours: a child process of that user
 * registers buffers with io_uring, which charges the same counter, and finds
 * out how many pages are left below a limit of 4096. Needs root or that uid.
 */
long locked_pages(void);
/* The quick way to know that it is none */
void expect_no_locked_pages(void);
/* The same of another user */
void expect_no_locked_pages_of(uid_t uid);

/* Drop root and all capabilities, with a limit of @pages for locked memory */
void become_user(unsigned long pages);
void become_user_of(uid_t uid, unsigned long pages);
void set_memlock_limit(unsigned long pages);

#endif /* TESTS_MEMORY_H */
