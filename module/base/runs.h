/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_RUNS_H
#define IOASID_RUNS_H

#include <linux/types.h>

struct ioasid_run_block;

/**
 * struct ioasid_runs - which pages are mapped in a row of addresses, as far as
 * it pays to remember
 * @first: the first run, so that most rows need no block
 * @blocks: the others, the newest block first
 *
 * A run is physically contiguous and known by its first page, or a number of
 * pages that are not remembered (IOASID_PFN_UNKNOWN): that would take a word
 * each, and the page table knows them. All zeroes is the empty row.
 */
struct ioasid_runs {
	u64 first;
	struct ioasid_run_block *blocks;
};

/**
 * struct ioasid_runs_pos - a place in a row, walked from its end to its begin
 * @block: the block that the next run is in, NULL: the first run
 * @left: runs there that are still to come
 */
struct ioasid_runs_pos {
	const struct ioasid_run_block *block;
	u32 left;
};

/* A run in a word: 40 bits of page frame number, 24 bits of length; 0: none */
#define IOASID_RUN_BITS		24
#define IOASID_PFN_UNKNOWN	((1ULL << 40) - 1)

/* A shorter run is not remembered, unless it is alone: one byte a page will do */
#define IOASID_RUN_LONG		16

/* At most so many pages in a run */
#define IOASID_RUN_MAX		((1U << IOASID_RUN_BITS) - 1)

int ioasid_runs_reserve(struct ioasid_runs *runs, unsigned int nr);
void ioasid_runs_push(struct ioasid_runs *runs, u64 pfn, u32 pages);
void ioasid_runs_clear(struct ioasid_runs *runs);
struct ioasid_runs_pos ioasid_runs_end(const struct ioasid_runs *runs);
bool ioasid_runs_prev(const struct ioasid_runs *runs, struct ioasid_runs_pos *pos,
		      u64 *pfn, u32 *pages);

static inline u64 ioasid_run_make(u64 pfn, u32 pages)
{
	return pfn << IOASID_RUN_BITS | pages;
}

static inline u64 ioasid_run_pfn(u64 run)
{
	return run >> IOASID_RUN_BITS;
}

static inline u32 ioasid_run_pages(u64 run)
{
	return run & IOASID_RUN_MAX;
}

/**
 * ioasid_runs_is_one() - is a row empty, or one run that is known, @first?
 * @runs: the row
 */
static inline bool ioasid_runs_is_one(const struct ioasid_runs *runs)
{
	return !runs->blocks && ioasid_run_pfn(runs->first) != IOASID_PFN_UNKNOWN;
}

#endif /* IOASID_RUNS_H */
