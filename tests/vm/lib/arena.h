/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of every physical shape in one piece, and a copy of what must be in it:
 * what devices write to is in the copy too, so that any byte can be checked.
 * Right before and behind it there is nothing.
 */
#ifndef TESTS_ARENA_H
#define TESTS_ARENA_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define ARENA_MAX_EDGES	128

/**
 * struct arena - memory and its copy
 * @mem: the memory
 * @copy: what must be in it
 * @pages: of each
 * @edges: pages at which the physical shape changes, ascending; the first is 0,
 *	the last @pages
 * @nr_edges: how many
 */
struct arena {
	unsigned char *mem, *copy;
	unsigned int pages;
	unsigned int edges[ARENA_MAX_EDGES], nr_edges;
};

/* Single pages, pages as the kernel gives them, huge pages, and contiguous runs
 * of 1 to 130 pages, none next to where it came from
 */
void arena_make(struct arena *arena);
/* Memory that children share */
void arena_make_shared(struct arena *arena, unsigned int pages);

/* All in bytes from the start: give it a content that no device writes */
void arena_fill(struct arena *arena, size_t at, size_t size);
/* A device has written there, what it writes @phase bytes after its first */
void arena_written(struct arena *arena, size_t at, size_t size, unsigned int phase);
/* It may have written each byte or not; take over what is there */
void arena_maybe_written(struct arena *arena, size_t at, size_t size, unsigned int phase);
/* Every byte is as it must be, those of the pages around it too */
void arena_check(struct arena *arena, size_t at, size_t size);
void arena_check_all(struct arena *arena);

#endif /* TESTS_ARENA_H */
