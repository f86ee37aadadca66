// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables: what is mapped and unmapped there beyond the short ways of table.h, read
 * back, and copied from one to another. Which page tables there are is in attachment.c.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "ioas/table.h"

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

/**
 * ioasid_read_back() - read the pages of a step back from a page table
 * @table: the page table
 * @iova: first address of the step
 * @pages: out: its pages
 * @nr: how many
 *
 * Return: false if one is not mapped, which only a lost table may come to.
 */
bool ioasid_read_back(struct ioasid_table *table, u64 iova, struct page **pages,
		      unsigned int nr)
{
	phys_addr_t phys;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		phys = table->shim->iova_to_phys(table->domain,
						 iova + ((u64)i << PAGE_SHIFT));
		if (unlikely(!phys)) {
			WARN_ON_ONCE(!READ_ONCE(table->lost));
			return false;
		}
		pages[i] = pfn_to_page(PHYS_PFN(phys));
	}
	return true;
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

/**
 * ioasid_area_unmap() - unmap the first steps of an area from one page table
 * @area: the area
 * @table: the page table
 * @nr_steps: at most so many steps
 * @gather: what is to be flushed
 * @turn: work done so far
 */
void ioasid_area_unmap(struct ioasid_area *area, struct ioasid_table *table,
		       unsigned long nr_steps, struct ioasid_gather *gather,
		       unsigned int *turn)
{
	struct area_steps steps = area_steps(area);
	unsigned long done;
	unsigned int nr;

	for (done = 0; done < nr_steps && (nr = area_step(area, &steps)); done++) {
		if (!table_unmap_known(table, steps.iova, steps.pfn, nr, gather))
			area->stuck = true;
		take_turns_for(turn, nr);
	}
}

/**
 * ioasid_areas_unmap_table() - empty a page table that is not the last one
 * @ioas: the address space; both locks are held, @lock for writing
 * @table: the page table
 */
void ioasid_areas_unmap_table(struct ioasid_ioas *ioas,
			      struct ioasid_table *table)
{
	struct ioasid_gather gather;
	struct ioasid_area *area;
	unsigned int turn = 0;

	ioasid_gather_init(&gather);
	for_each_area(area, ioas)
		ioasid_area_unmap(area, table, ULONG_MAX, &gather, &turn);
	table->shim->flush(table->domain, &gather);
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
