// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of runs: which pages are mapped, in eight bytes a run.
 */
#include <linux/bug.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "base/runs.h"

/**
 * struct ioasid_run_block - some runs of a row
 * @older: those before
 * @nr: number of @run
 * @room: for how many
 * @run: ascending
 */
struct ioasid_run_block {
	struct ioasid_run_block *older;
	u32 nr;
	u32 room;
	u64 run[];
};

/* A block is twice as large as the one before, within bounds; bytes */
#define BLOCK_MIN	64U
#define BLOCK_MAX	4096U

/**
 * ioasid_runs_reserve() - make room in a row
 * @runs: the row
 * @nr: for so many runs, at most 2
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_runs_reserve(struct ioasid_runs *runs, unsigned int nr)
{
	struct ioasid_run_block *block = runs->blocks;
	u32 size = BLOCK_MIN;

	if (block ? block->room - block->nr >= nr : nr == 1 && !runs->first)
		return 0;
	if (block)
		size = min_t(u32, BLOCK_MAX, 2 * struct_size(block, run, block->room));
	block = kmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!block)
		return -ENOMEM;
	block->older = runs->blocks;
	block->nr = 0;
	block->room = (size - sizeof(*block)) / sizeof(block->run[0]);
	runs->blocks = block;
	return 0;
}

/**
 * ioasid_runs_push() - add a run at the end of a row
 * @runs: the row, with room for it
 * @pfn: its first page, or IOASID_PFN_UNKNOWN
 * @pages: its length, not 0 and at most IOASID_RUN_MAX
 */
void ioasid_runs_push(struct ioasid_runs *runs, u64 pfn, u32 pages)
{
	struct ioasid_run_block *block = runs->blocks;
	u64 *newest = block && block->nr ? &block->run[block->nr - 1] : NULL;

	if (!block)
		newest = &runs->first;
	if (pfn == IOASID_PFN_UNKNOWN && newest && ioasid_run_pages(*newest) &&
	    ioasid_run_pfn(*newest) == pfn && ioasid_run_pages(*newest) + pages <= IOASID_RUN_MAX)
		*newest += pages;
	else if (WARN_ON_ONCE(block ? block->nr == block->room : runs->first))
		return;
	else if (!block)
		runs->first = ioasid_run_make(pfn, pages);
	else
		block->run[block->nr++] = ioasid_run_make(pfn, pages);
}

/**
 * ioasid_runs_clear() - forget a row
 * @runs: the row, empty afterwards
 */
void ioasid_runs_clear(struct ioasid_runs *runs)
{
	struct ioasid_run_block *block;

	while ((block = runs->blocks)) {
		runs->blocks = block->older;
		kfree(block);
	}
	runs->first = 0;
}

/**
 * ioasid_runs_end() - the place behind the last run
 * @runs: the row
 */
struct ioasid_runs_pos ioasid_runs_end(const struct ioasid_runs *runs)
{
	return (struct ioasid_runs_pos) {
		.block = runs->blocks,
		.left = runs->blocks ? runs->blocks->nr : !!runs->first,
	};
}

/**
 * ioasid_runs_prev() - go to the run before
 * @runs: the row, unchanged since ioasid_runs_end()
 * @pos: a place in it
 * @pfn: the run's first page, or IOASID_PFN_UNKNOWN
 * @pages: its length
 *
 * Return: false if there is none.
 */
bool ioasid_runs_prev(const struct ioasid_runs *runs, struct ioasid_runs_pos *pos,
		      u64 *pfn, u32 *pages)
{
	u64 run;

	while (!pos->left && pos->block) {
		pos->block = pos->block->older;
		pos->left = pos->block ? pos->block->nr : !!runs->first;
	}
	if (!pos->left)
		return false;
	pos->left--;
	run = pos->block ? pos->block->run[pos->left] : runs->first;
	*pfn = ioasid_run_pfn(run);
	*pages = ioasid_run_pages(run);
	return true;
}
