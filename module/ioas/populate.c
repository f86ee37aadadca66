// SPDX-License-Identifier: GPL-2.0-only
/*
 * Populating: pages are pinned a batch at a time, and mapped one physically
 * contiguous run after the other, in steps (ioas/steps.h).
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "ioas/held.h"
#include "ioas/source.h"

/* No page of a page table is larger: no call to map crosses a multiple of it */
#define STEP_MAX	SZ_1G

/**
 * struct populating - an area that is being populated
 * @ioas: its address space
 * @area: the area
 * @run: contiguous pages that are pinned, to be mapped next: the first one's
 *	number
 * @nr: how many
 * @first: where it is in the area, in pages, also when what was before it has gone
 * @unknown: pages at the end of what is populated that are not in the area's
 *	runs yet; there is room for them
 * @held: drivers hold pages of it
 */
struct populating {
	struct ioasid_ioas *ioas;
	struct ioasid_area *area;
	unsigned long run;
	unsigned long nr;
	unsigned long first;
	u32 unknown;
	bool held;
};

/**
 * ioasid_unmap_step() - take back what map_step() has done
 * @ioas: the address space, its page tables as they were
 * @failed: the page table that did not map it; those before it did
 * @iova: first address
 * @pfn: number of the first page
 * @nr: pages
 */
void ioasid_unmap_step(struct ioasid_ioas *ioas, struct ioasid_table *failed,
		       u64 iova, unsigned long pfn, unsigned int nr)
{
	struct ioasid_table *table = failed;
	struct ioasid_gather gather;

	list_for_each_entry_continue_reverse(table, &ioas->tables, node) {
		ioasid_gather_init(&gather);
		table_unmap_known(table, iova, pfn, nr, &gather);
		table->shim->flush(table->domain, &gather);
	}
}

/**
 * ioasid_table_lose() - an unmap has failed
 * @table: the page table
 *
 * What is still mapped there is in the way of later mappings, and of their unmaps: what
 * else is mapped is no longer known.
 */
noinline void ioasid_table_lose(struct ioasid_table *table)
{
	WARN_ON_ONCE(!table->shim->miscounts);
	if (!READ_ONCE(table->lost))
		pr_warn_ratelimited("the IOMMU's driver failed to unmap pages: what the page table has mapped is never unpinned\n");
	WRITE_ONCE(table->lost, true);
}

/* How much of a range the kernel maps in one operation of the driver (iommu_pgsize()) */
static size_t driver_piece(u64 pgsizes, u64 iova, phys_addr_t phys, size_t size)
{
	u64 merged = iova | phys, fits, bigger;
	unsigned int shift;
	size_t piece;

	fits = pgsizes & GENMASK_ULL(__fls(size), 0);
	if (merged)
		fits &= GENMASK_ULL(__ffs64(merged), 0);
	shift = __fls(fits);
	piece = size >> shift << shift;
	bigger = pgsizes & ~GENMASK_ULL(shift, 0);
	/* Up to where a larger page may begin, if addresses differ by a multiple of it */
	if (bigger && !((iova ^ phys) & (BIT_ULL(__ffs64(bigger)) - 1)))
		piece = min_t(u64, piece, BIT_ULL(__ffs64(bigger)) -
					  (iova & (BIT_ULL(__ffs64(bigger)) - 1)));
	return piece;
}

/**
 * ioasid_map_pieces() - table_map_run() where an unmap may fail
 * @table: the page table
 * @iova: first address
 * @phys: of the first page
 * @nr: pages
 * @prot: IOMMU_*
 *
 * Each piece is one operation of the driver's: virtio-iommu's does it or not. Of several
 * the kernel would take back those that were done, and not say whether it could.
 *
 * Return: 0, or an error with nothing mapped, or with @table lost.
 */
int ioasid_map_pieces(struct ioasid_table *table, u64 iova, phys_addr_t phys,
		      unsigned int nr, int prot)
{
	size_t size = (size_t)nr << PAGE_SHIFT, done, piece;
	struct ioasid_gather gather;
	int ret;

	for (done = 0; done < size; done += piece) {
		piece = driver_piece(table->pgsizes, iova + done, phys + done, size - done);
		ret = table->shim->map(table->domain, iova + done, phys + done, piece, prot);
		if (ret)
			goto unmap;
	}
	return 0;

unmap:
	if (done) {
		ioasid_gather_init(&gather);
		table_unmap(table, iova, done >> PAGE_SHIFT, &gather);
		table->shim->flush(table->domain, &gather);
	}
	return ret;
}

/* In large pages, which are no more entries than there are chunks, or less */
static bool table_maps_large(const struct ioasid_table *table, u64 iova, unsigned long pfn)
{
	return (table->pgsizes & SZ_2M) &&
	       ((iova >> PAGE_SHIFT) - pfn) % (SZ_2M >> PAGE_SHIFT) == 0;
}

/* Pages of a long step that one call of the driver maps */
static unsigned int table_a_turn(const struct ioasid_table *table, u64 iova,
				 unsigned long pfn, unsigned int nr)
{
	return table_maps_large(table, iova, pfn) ? nr : MAP_A_TURN;
}

/**
 * ioasid_unmap_long() - table_unmap() for many pages
 * @table: the page table
 * @iova: first address of the step
 * @pfn: number of its first page
 * @nr: pages
 * @gather: what is to be flushed
 *
 * In the same parts as it was mapped, so that nothing is taken apart.
 *
 * Context: yields in between.
 * Return: false if some of it is still mapped.
 */
bool ioasid_unmap_long(struct ioasid_table *table, u64 iova, u64 pfn, unsigned int nr,
		       struct ioasid_gather *gather)
{
	unsigned int most = table_a_turn(table, iova, pfn, nr), done, n;
	bool all = true;

	for (done = 0; done < nr; done += n) {
		n = min(nr - done, most);
		all &= table_unmap(table, iova + ((u64)done << PAGE_SHIFT), n, gather);
		cond_resched();
	}
	return all;
}

/* Map many pages in one page table; on error none is, or the table is lost */
static int table_map_long(struct ioasid_table *table, u64 iova, unsigned long pfn,
			  unsigned int nr, int prot)
{
	unsigned int most = table_a_turn(table, iova, pfn, nr), done, n;
	struct ioasid_gather gather;
	int ret = 0;

	for (done = 0; done < nr; done += n) {
		n = min(nr - done, most);
		ret = table_map_run(table, iova + ((u64)done << PAGE_SHIFT),
				    PFN_PHYS(pfn + done), n, prot);
		if (ret)
			break;
		cond_resched();
	}
	if (ret && done) {
		ioasid_gather_init(&gather);
		ioasid_unmap_long(table, iova, pfn, done, &gather);
		table->shim->flush(table->domain, &gather);
	}
	return ret;
}

/**
 * ioasid_map_long() - map_step() for many pages
 * @ioas: the address space, its page tables as they are
 * @iova: first address
 * @pfn: number of the first page
 * @nr: pages
 * @prot: IOMMU_*
 *
 * Context: yields in between.
 * Return: 0, or an error with nothing mapped, or with a table lost.
 */
int ioasid_map_long(struct ioasid_ioas *ioas, u64 iova, unsigned long pfn, unsigned int nr,
		    int prot)
{
	struct ioasid_table *table;
	int ret = 0;

	list_for_each_entry(table, &ioas->tables, node) {
		ret = table_map_long(table, iova, pfn, nr, prot);
		if (ret) {
			ioasid_unmap_step(ioas, table, iova, pfn, nr);
			break;
		}
	}
	return ret;
}

static void push_unknown(struct populating *p)
{
	if (p->unknown)
		ioasid_runs_push(&p->area->runs, IOASID_PFN_UNKNOWN, p->unknown);
	p->unknown = 0;
}

/* Map the run; or what of it ends where the IOMMU's largest page would */
static noinline int map_run(struct populating *p, bool all)
{
	struct ioasid_area *area = p->area;
	int ret;

	while (p->nr) {
		u64 iova = area->start + area->populated;
		u64 most = (STEP_MAX - (iova & (STEP_MAX - 1))) >> PAGE_SHIFT;
		unsigned int nr = min_t(u64, p->nr, most);
		bool known = nr >= IOASID_RUN_LONG || nr == area_pages(area);

		if (nr < most && !all)
			return 0;
		if (!known)
			nr = min(nr, chunk_left(iova));
		/* What is not known has its room as soon as there is any */
		ret = known || !p->unknown ?
		      ioasid_runs_reserve(&area->runs, p->unknown ? 2 : 1) : 0;
		ret = ret ?: map_step(p->ioas, iova, p->run, nr, area->prot);
		if (ret)
			return ret;
		area->populated += (u64)nr << PAGE_SHIFT;
		if (known) {
			push_unknown(p);
			ioasid_runs_push(&area->runs, p->run, nr);
		} else {
			p->unknown += nr;
		}
		p->run += nr;
		p->nr -= nr;
	}
	return 0;
}

/*
 * Map runs that are too short to be remembered, for as long as they come: of
 * scattered memory each page is one. The last one may go on in the pages to come
 * and is left. How many pages are mapped.
 */
static unsigned int map_shorts(struct populating *p, struct page **pages,
			       unsigned int nr, int *error)
{
	struct page **page = pages, **last = pages + nr - 1;
	struct ioasid_area *area = p->area;
	u64 iova = area->start + area->populated;
	struct ioasid_ioas *ioas = p->ioas;
	int prot = area->prot;
	unsigned int run;

	while (page < last) {
		run = 1;
		if (unlikely(kc_page_is_nth(page[1], page[0], 1))) {
			run = contiguous(page, last + 1 - page);
			if (run >= IOASID_RUN_LONG || page + run > last)
				break;
			run = min(run, chunk_left(iova));
		}
		*error = map_step(ioas, iova, page_to_pfn(*page), run, prot);
		if (*error)
			break;
		iova += (u64)run << PAGE_SHIFT;
		page += run;
	}
	area->populated = iova - area->start;
	p->unknown += page - pages;
	return page - pages;
}

/* Unpin pages of the area that are not mapped, from a page of it on */
static void populate_unpin(struct populating *p, unsigned long first,
			   struct page **pages, unsigned int nr)
{
	if (p->held)
		ioasid_held_unpin(p->ioas, p->area, first, pages, nr);
	else
		ioasid_unpin(pages, nr, false);
}

/* Take over pinned pages, and map what can be. On error some are unpinned */
static int map_pages(struct populating *p, struct page **pages, unsigned int nr,
		     bool all)
{
	unsigned int i = 0, run;
	int ret = 0;

	while (i < nr && !ret) {
		if (p->nr && page_to_pfn(pages[i]) != p->run + p->nr) {
			ret = map_run(p, true);
			if (ret)
				break;
		}
		if (!p->nr) {
			if (!p->unknown)
				ret = ioasid_runs_reserve(&p->area->runs, 1);
			if (!ret)
				i += map_shorts(p, pages + i, nr - i, &ret);
			if (ret)
				break;
			p->run = page_to_pfn(pages[i]);
		}
		run = contiguous(pages + i, nr - i);
		p->nr += run;
		i += run;
		if (p->nr >= STEP_MAX >> PAGE_SHIFT)
			ret = map_run(p, false);
	}
	if (!ret && all)
		ret = map_run(p, true);
	if (ret && tables_are_lost(p->ioas))
		WRITE_ONCE(p->area->stuck, true);
	else if (i < nr)
		populate_unpin(p, (p->area->populated >> PAGE_SHIFT) + p->nr,
			       pages + i, nr - i);
	push_unknown(p);
	p->first = p->area->populated >> PAGE_SHIFT;
	return ret;
}

/* It cannot be populated. The page tables stay as they are */
static void populate_undo(struct populating *p)
{
	struct ioasid_area *area = p->area, *next = area->next;

	area->populating = 0;
	if (p->held) {
		mutex_lock(&p->ioas->areas_lock);
		if (!area->stuck)
			ioasid_held_unpin_run(p->ioas, area, p->first, p->run, p->nr);
		ioasid_held_depopulate(p->ioas, area);
		mutex_unlock(&p->ioas->areas_lock);
		return;
	}
	if (p->nr && !area->stuck)
		ioasid_unpin_run(p->run, p->nr, false);
	area->next = NULL;
	ioasid_area_list_depopulate(p->ioas, area);
	/* The call may have others */
	area->next = next;
}

/* Pin pages of an area from wherever they are known */
static int pin_next(struct populating *p, struct ioasid_source *from,
		    unsigned long done, struct page **pages, unsigned int nr)
{
	int ret = from ? ioasid_source_pin(from, pages, nr) : IOASID_SOURCE_UNKNOWN;

	if (ret != IOASID_SOURCE_UNKNOWN)
		return ret;
	if (unlikely(p->held))
		return ioasid_held_pin(p->ioas, p->area, done, pages, nr);
	return area_pin(p->ioas, p->area, p->area->payer, done, pages, nr);
}

/**
 * ioasid_area_populate() - pin and map an area
 * @ioas: its address space
 * @area: the area, charged and marked as being populated
 * @from: where its pages may be found, or NULL
 *
 * Under no lock while pages are pinned. The last page table may go away meanwhile,
 * with all that has been done so far; that is no error.
 *
 * Context: may wait for userspace; killable.
 * Return: 0, or an error with nothing populated: -EFAULT, -ENOMEM, -EINTR.
 */
int ioasid_area_populate(struct ioasid_ioas *ioas, struct ioasid_area *area,
			 struct ioasid_source *from)
{
	struct populating p = { .ioas = ioas, .area = area };
	unsigned long total = area_pages(area), done = 0;
	struct page *few[FEW_PAGES] __uninitialized;
	struct page **pages = few;
	unsigned int room = FEW_PAGES, nr;
	int ret = 0;

	p.held = ioasid_area_is_held(ioas, area);
	if (total > room) {
		pages = kmalloc_array(CHUNK_PAGES, sizeof(*pages),
				      GFP_KERNEL_ACCOUNT);
		if (pages)
			room = CHUNK_PAGES;
		else
			pages = few;
	}
	/* A look without the lock, only to end sooner: under it follows another */
	while (!ret && done < total && READ_ONCE(area->populating) != IOASID_AREA_GONE) {
		nr = min_t(unsigned long, room, total - done);
		if (done)
			cond_resched();
		ret = fatal_signal_pending(current) ? -EINTR : 0;
		if (!ret)
			ret = pin_next(&p, from, done, pages, nr);
		if (ret)
			break;
		done += nr;
		ioasid_ioas_lock_tables(ioas);
		if (area->populating != IOASID_AREA_GONE)
			ret = map_pages(&p, pages, nr, done == total);
		else
			populate_unpin(&p, done - nr, pages, nr);
		up_read(&ioas->lock);
	}
	ioasid_ioas_lock_tables(ioas);
	if (ret || area->populating == IOASID_AREA_GONE)
		populate_undo(&p);
	area->populating = 0;
	up_read(&ioas->lock);
	if (pages != few)
		kfree(pages);
	return ret;
}

/**
 * ioasid_area_populate_few() - map an area of a few pages that are pinned
 * @ioas: its address space; areas_lock is held
 * @area: the area, charged
 * @pages: its pages; on error they are unpinned
 * @nr: how many
 *
 * Return: 0, or an error with nothing populated: -ENOMEM, and what the page table
 * says.
 */
int ioasid_area_populate_few(struct ioasid_ioas *ioas, struct ioasid_area *area,
			     struct page **pages, unsigned int nr)
{
	struct populating p = { .ioas = ioas, .area = area };
	int ret = map_pages(&p, pages, nr, true);

	if (ret)
		populate_undo(&p);
	return ret;
}

/**
 * ioasid_areas_populate() - pin and map all areas, for the first page table
 * @ioas: the address space; the caller is exclusive and holds its lock for
 *	writing, which is dropped in between
 *
 * Return: 0, or an error, with some populated: -EFAULT, -ENOMEM, -EINTR.
 */
int ioasid_areas_populate(struct ioasid_ioas *ioas)
{
	struct ioasid_area *area;
	unsigned int turn = 0;
	u64 pinned = 0;
	int ret;

	for_each_area(area, ioas) {
		take_turns(&turn);
		if (!area->charged) {
			ret = ioasid_held_charge(ioas, area);
			if (ret)
				return ret;
			area->populating = IOASID_AREA_POPULATING;
			up_write(&ioas->lock);
			ret = ioasid_area_populate(ioas, area, NULL);
			down_write(&ioas->lock);
			if (ret)
				return ret;
		}
		pinned += area->populated;
	}
	mutex_lock(&ioas->areas_lock);
	ioas->pinned = pinned;
	mutex_unlock(&ioas->areas_lock);
	return 0;
}

/* Map the pages of a step; on error none is, or the table is lost */
static int table_map(struct ioasid_table *table, u64 iova, struct page **pages,
		     unsigned int nr, int prot)
{
	struct ioasid_gather gather;
	unsigned int done, run;
	int ret;

	for (done = 0; done < nr; done += run) {
		run = contiguous(pages + done, nr - done);
		ret = table_map_run(table, iova + ((u64)done << PAGE_SHIFT),
				    page_to_phys(pages[done]), run, prot);
		if (ret)
			goto unmap;
	}
	return 0;

unmap:
	ioasid_gather_init(&gather);
	if (done)
		table_unmap(table, iova, done, &gather);
	table->shim->flush(table->domain, &gather);
	return ret;
}

/* Map an area in one page table as another one has it. How many steps were done */
static unsigned long area_copy(struct ioasid_area *area, struct ioasid_table *from,
			       struct ioasid_table *to, struct page **pages,
			       unsigned int *turn, int *error)
{
	struct area_steps steps = area_steps(area);
	unsigned long done = 0;
	unsigned int nr;

	for (*error = 0; (nr = area_step(area, &steps)); done++) {
		if (steps.pfn != IOASID_PFN_UNKNOWN)
			*error = table_map_long(to, steps.iova, steps.pfn, nr, area->prot);
		else if (ioasid_read_back(from, steps.iova, pages, nr))
			*error = table_map(to, steps.iova, pages, nr, area->prot);
		else
			*error = -EIO;
		if (*error)
			break;
		take_turns_for(turn, nr);
	}
	return done;
}

/**
 * ioasid_areas_copy() - map in a new page table what another one has
 * @ioas: the address space; the caller is exclusive and holds its lock for
 *	writing
 * @from: a page table of it
 * @to: an empty one that is not among its tables yet
 *
 * Return: 0, or an error with @to empty again, or lost.
 */
int ioasid_areas_copy(struct ioasid_ioas *ioas, struct ioasid_table *from,
		      struct ioasid_table *to)
{
	struct ioasid_gather gather;
	struct ioasid_area *area, *undo;
	unsigned int turn = 0;
	unsigned long done;
	int ret = 0;

	mutex_lock(&ioas->spare_lock);
	for_each_area(area, ioas) {
		done = area_copy(area, from, to, ioas->spare_pages, &turn, &ret);
		if (ret)
			break;
	}
	mutex_unlock(&ioas->spare_lock);
	if (!ret)
		return 0;

	ioasid_gather_init(&gather);
	for_each_area(undo, ioas) {
		ioasid_area_unmap(undo, to, undo == area ? done : ULONG_MAX, &gather,
				  &turn);
		if (undo != area)
			continue;
		/* The step that failed is none of those */
		if (to->lost)
			area->stuck = true;
		break;
	}
	to->shim->flush(to->domain, &gather);
	return ret;
}
