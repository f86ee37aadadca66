// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning pages once more that are pinned for another area: they are not looked up in the
 * user's memory again, which may look otherwise by now, as long as the old area keeps
 * them, which is busy meanwhile.
 */
#include <linux/mm.h>

#include "ioas/area.h"
#include "ioas/repin.h"
#include "ioas/table.h"

/* The runs of what is populated, in ascending order. Room for them, or how many */
static unsigned long runs_of(const struct ioasid_area *area, u64 *run, unsigned long nr)
{
	struct ioasid_runs_pos pos = ioasid_runs_end(&area->runs);
	unsigned long n = 0;
	u32 pages;
	u64 pfn;

	while (ioasid_runs_prev(&area->runs, &pos, &pfn, &pages)) {
		n++;
		if (run)
			run[nr - n] = ioasid_run_make(pfn, pages);
	}
	return n;
}

/**
 * ioasid_source_look() - remember where the pages of a busy area are
 * @from: the source, its address space, area and iova set: from that address on
 *
 * They are not looked up in the user's memory if there is no memory to remember them: there
 * may be other pages by now.
 *
 * Return: 0, with @from->run to be freed by kvfree(), NULL if @from->area is not populated;
 * or -ENOMEM.
 */
int ioasid_source_look(struct ioasid_source *from)
{
	struct ioasid_area *area = from->area;
	u64 skip = (from->iova - area->start) >> PAGE_SHIFT;
	unsigned long nr;
	u64 *run;

	from->run = NULL;
	down_read(&from->ioas->lock);
	nr = area->populated == area_length(area) ? runs_of(area, NULL, 0) : 0;
	up_read(&from->ioas->lock);
	if (!nr)
		return 0;
	run = kvmalloc_array(nr, sizeof(*run), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!run)
		return -ENOMEM;
	/* It may be gone by now, and comes not back while we keep it busy */
	down_read(&from->ioas->lock);
	if (area->populated == area_length(area)) {
		runs_of(area, run, nr);
		from->run = run;
	}
	up_read(&from->ioas->lock);
	if (!from->run) {
		kvfree(run);
		return 0;
	}
	for (nr = 0; skip >= ioasid_run_pages(run[nr]); nr++)
		skip -= ioasid_run_pages(run[nr]);
	from->next = nr;
	from->used = skip;
	return 0;
}

/* Pages of one run, pinned once more; how many, or an error */
static int pin_again(struct ioasid_source *from, u64 run, struct page **pages,
		     unsigned int nr, struct kc_pin_count *count)
{
	struct ioasid_table *table;
	unsigned long pfn;
	unsigned int i;

	nr = min_t(u32, nr, ioasid_run_pages(run) - from->used);
	if (ioasid_run_pfn(run) == IOASID_PFN_UNKNOWN) {
		table = list_first_entry(&from->ioas->tables, struct ioasid_table, node);
		if (!ioasid_read_back(table, from->iova, pages, nr))
			return -EIO;
		for (i = 0; i < nr; i++)
			if (!kc_pin_again(pages[i], 1, count))
				goto unpin;
		return nr;
	}
	pfn = ioasid_run_pfn(run) + from->used;
	for (i = 0; i < nr; i++)
		pages[i] = pfn_to_page(pfn + i);
	return kc_pin_again(pages[0], nr, count) ? nr : -ENOMEM;

unpin:
	if (i)
		ioasid_unpin(pages, i, false);
	return -ENOMEM;
}

static int pin_known(struct ioasid_source *from, struct page **pages, unsigned int nr)
{
	struct kc_pin_count count = {};
	unsigned int done, turn = 0;
	int ret = 0;

	for (done = 0; done < nr; done += ret) {
		u64 run = from->run[from->next];

		ret = pin_again(from, run, pages + done, nr - done, &count);
		if (ret < 0)
			break;
		from->iova += (u64)ret << PAGE_SHIFT;
		from->used += ret;
		if (from->used == ioasid_run_pages(run)) {
			from->used = 0;
			from->next++;
		}
		take_turns(&turn);
	}
	kc_pin_count_end(&count);
	if (ret >= 0)
		return 0;
	if (done)
		ioasid_unpin(pages, done, false);
	return ret;
}

/**
 * ioasid_source_pin() - pin the next pages of a source
 * @from: the source
 * @pages: out: the pages
 * @nr: how many
 *
 * Return: 0 when all are pinned, otherwise none is: -EFAULT, -ENOMEM, -EINTR;
 * IOASID_SOURCE_UNKNOWN.
 */
int ioasid_source_pin(struct ioasid_source *from, struct page **pages, unsigned int nr)
{
	int ret = IOASID_SOURCE_UNKNOWN;

	if (!from->run)
		return ret;
	down_read(&from->ioas->lock);
	/* Whoever drops the last page table waits for nobody */
	if (from->area->populated)
		ret = pin_known(from, pages, nr);
	up_read(&from->ioas->lock);
	if (ret == IOASID_SOURCE_UNKNOWN) {
		kvfree(from->run);
		from->run = NULL;
	}
	return ret;
}
