// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas: what is mapped in an address space.
 *
 * Pages are pinned a batch at a time, and mapped one physically contiguous run
 * after the other in the largest steps that the IOMMU takes. Long runs are
 * remembered (base/runs.h); where the others are the page table knows. Before
 * it is unmapped an area is taken apart into steps, each of which is a run or,
 * where that is not known, at most a chunk: addresses up to a multiple of
 * 2 MiB, read back from the page table. A step is unmapped as a whole, and no
 * call to map has had addresses of two steps: large pages, and what some drivers
 * keep of each call, are not to be taken apart.
 *
 * What is unmapped together is flushed together, and unpinned after that.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "base/runs.h"
#include "compat/compat.h"
#include "ioas/area.h"
#include "ioas/pin.h"

#define CREATE_TRACE_POINTS
#include "ioas/trace.h"

/**
 * struct ioasid_area - a mapping as the user made it
 * @node: in the areas of the address space
 * @start: first address
 * @last: last address
 * @vaddr: address of the memory in the payer's process
 * @payer: who mapped it
 * @runs: the pages of what is populated
 * @populated: bytes from its start that are pinned and mapped in every page
 *	table. Never more than 0 if not @charged
 * @next: in a list of areas that somebody works on
 * @prot: IOMMU_READ, IOMMU_WRITE, IOMMU_CACHE
 * @busy: being mapped or unmapped: only the call that does so touches it, and
 *	whoever drops the last page table. Others wait
 * @charged: charged to the payer
 * @populating: a call is pinning its pages, and keeps the charge for as long
 * @gone: meanwhile the last page table has gone, with what was populated
 * @stuck: a page table did not let go of it: its pages are never unpinned
 *
 * @node and @busy are protected by the address space's areas_lock. @runs,
 * @populated and @charged are for the call that the area is busy with, under
 * the address space's lock for reading; and for the holder of that lock for
 * writing.
 */
struct ioasid_area {
	struct rb_node node;
	u64 start;
	u64 last;
	unsigned long vaddr;
	struct ioasid_payer *payer;
	struct ioasid_runs runs;
	u64 populated;
	struct ioasid_area *next;
	u16 prot;
	bool busy;
	bool charged;
	bool populating;
	bool gone;
	bool stuck;
};

/* Pages that a call has room for on its stack; more are worth an allocation */
#define FEW_PAGES	32U
#define CHUNK_PAGES	IOASID_CHUNK_PAGES
/* No page of a page table is larger: no call to map crosses a multiple of it */
#define STEP_MAX	SZ_1G
/* Work of so many steps may be done before others have a turn */
#define STEPS_A_TURN	64U
/* And so many areas freed at a time */
#define AREAS_A_TURN	64U

static struct kmem_cache *area_cache;

int ioasid_areas_init(void)
{
	area_cache = KMEM_CACHE(ioasid_area, SLAB_ACCOUNT);
	return area_cache ? 0 : -ENOMEM;
}

void ioasid_areas_exit(void)
{
	kmem_cache_destroy(area_cache);
}

static struct ioasid_area *area_of(struct rb_node *node)
{
	return node ? rb_entry(node, struct ioasid_area, node) : NULL;
}

static int area_cmp(const void *key, const struct rb_node *node)
{
	const struct ioasid_area *area = rb_entry(node, struct ioasid_area, node);
	const struct ioasid_range *range = key;

	if (range->last < area->start)
		return -1;
	return range->start > area->last;
}

static int area_cmp_node(struct rb_node *new, const struct rb_node *node)
{
	const struct ioasid_area *area = rb_entry(new, struct ioasid_area, node);
	struct ioasid_range range = { .start = area->start, .last = area->last };

	return area_cmp(&range, node);
}

static struct ioasid_area *area_first(struct ioasid_ioas *ioas, u64 start,
				      u64 last)
{
	struct ioasid_range range = { .start = start, .last = last };

	return area_of(rb_find_first(&range, &ioas->areas, area_cmp));
}

static void areas_none(struct ioasid_ioas *ioas)
{
	ioas->areas = RB_ROOT;
	ioas->nr_areas = 0;
	ioas->highest = NULL;
}

static void area_erase(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	if (ioas->highest == area)
		ioas->highest = area_of(rb_prev(&area->node));
	rb_erase(&area->node, &ioas->areas);
	ioas->nr_areas--;
}

/* Put an area in its place; the one that is there already, or NULL */
static struct ioasid_area *area_add(struct ioasid_ioas *ioas,
				    struct ioasid_area *area)
{
	struct ioasid_area *highest = ioas->highest, *other;

	if (highest && area->start > highest->last) {
		/* As so often, behind all others */
		rb_link_node(&area->node, &highest->node, &highest->node.rb_right);
		rb_insert_color(&area->node, &ioas->areas);
		ioas->highest = area;
	} else {
		other = area_of(rb_find_add(&area->node, &ioas->areas, area_cmp_node));
		if (other)
			return other;
		if (!highest)
			ioas->highest = area;
	}
	ioas->nr_areas++;
	return NULL;
}

/* The areas stay as they are: areas_lock is held, or the caller is exclusive */
#define for_each_area(area, ioas)					\
	for (area = area_of(rb_first(&(ioas)->areas)); area;		\
	     area = area_of(rb_next(&(area)->node)))

static u64 area_length(const struct ioasid_area *area)
{
	return area->last - area->start + 1;
}

static unsigned long area_pages(const struct ioasid_area *area)
{
	return area_length(area) >> PAGE_SHIFT;
}

/**
 * struct area_steps - an area taken apart, from the end of what is populated
 * @pos: in its runs
 * @iova: first address of the step
 * @pfn: its first page, or IOASID_PFN_UNKNOWN
 * @left: pages of that run in front of the step
 */
struct area_steps {
	struct ioasid_runs_pos pos;
	u64 iova;
	u64 pfn;
	u32 left;
};

static struct area_steps area_steps(const struct ioasid_area *area)
{
	return (struct area_steps) {
		.pos = ioasid_runs_end(&area->runs),
		.iova = area->start + area->populated,
	};
}

/* The number of pages in the next step; 0: there is none */
static unsigned int area_step(const struct ioasid_area *area,
			      struct area_steps *steps)
{
	unsigned int nr;

	if (!steps->left && !ioasid_runs_prev(&area->runs, &steps->pos,
					      &steps->pfn, &steps->left))
		return 0;
	nr = steps->left;
	if (steps->pfn == IOASID_PFN_UNKNOWN)
		nr = min_t(u64, nr, ((steps->iova - 1) >> PAGE_SHIFT) %
				    CHUNK_PAGES + 1);
	steps->left -= nr;
	steps->iova -= (u64)nr << PAGE_SHIFT;
	return nr;
}

/* Pages from an address to the end of its chunk */
static unsigned int chunk_left(u64 iova)
{
	return CHUNK_PAGES - (iova >> PAGE_SHIFT) % CHUNK_PAGES;
}

static void take_turns(unsigned int *steps)
{
	if (++*steps % STEPS_A_TURN == 0)
		cond_resched();
}

/* Anything but all of it: the device may still reach the rest */
static bool table_unmap(struct ioasid_table *table, u64 iova, unsigned int nr,
			struct ioasid_gather *gather)
{
	size_t size = (size_t)nr << PAGE_SHIFT;

	return !WARN_ON_ONCE(table->shim->unmap(table->domain, iova, size,
						gather) != size);
}

/* How many of the pages follow one another in memory */
static unsigned int contiguous(struct page **page, unsigned int nr)
{
	struct page *first = page[0];
	unsigned int i = 1;

	if (nr == 1 || !kc_page_is_nth(page[1], first, 1))
		return 1;
	/* All of a huge page's 512 are looked at */
	for (; i + 8 <= nr; i += 8)
		if (!kc_page_is_nth(page[i], first, i) ||
		    !kc_page_is_nth(page[i + 1], first, i + 1) ||
		    !kc_page_is_nth(page[i + 2], first, i + 2) ||
		    !kc_page_is_nth(page[i + 3], first, i + 3) ||
		    !kc_page_is_nth(page[i + 4], first, i + 4) ||
		    !kc_page_is_nth(page[i + 5], first, i + 5) ||
		    !kc_page_is_nth(page[i + 6], first, i + 6) ||
		    !kc_page_is_nth(page[i + 7], first, i + 7))
			break;
	while (i < nr && kc_page_is_nth(page[i], first, i))
		i++;
	return i;
}

/**
 * struct populating - an area that is being populated
 * @ioas: its address space
 * @area: the area
 * @run: contiguous pages that are pinned, to be mapped next: the first one's
 *	number
 * @nr: how many
 * @unknown: pages at the end of what is populated that are not in the area's
 *	runs yet; there is room for them
 */
struct populating {
	struct ioasid_ioas *ioas;
	struct ioasid_area *area;
	unsigned long run;
	unsigned long nr;
	u32 unknown;
};

static noinline void unmap_step(struct ioasid_ioas *ioas,
				struct ioasid_table *failed, u64 iova,
				unsigned int nr)
{
	struct ioasid_table *table = failed;
	struct ioasid_gather gather;

	list_for_each_entry_continue_reverse(table, &ioas->tables, node) {
		ioasid_gather_init(&gather);
		table_unmap(table, iova, nr, &gather);
		table->shim->flush(table->domain, &gather);
	}
}

/* Map contiguous pages in every page table */
static __always_inline int map_step(struct ioasid_ioas *ioas, u64 iova,
				    unsigned long pfn, unsigned int nr, int prot)
{
	struct ioasid_table *table;
	int ret = 0;

	list_for_each_entry(table, &ioas->tables, node) {
		ret = table->shim->map(table->domain, iova, PFN_PHYS(pfn),
				       (size_t)nr << PAGE_SHIFT, prot);
		if (unlikely(ret)) {
			unmap_step(ioas, table, iova, nr);
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
	if (i < nr)
		ioasid_unpin(pages + i, nr - i, false);
	if (!ret && all)
		ret = map_run(p, true);
	push_unknown(p);
	return ret;
}

/**
 * struct depopulating - areas that are being unmapped from the last page table
 * @ioas: their address space
 * @table: the page table
 * @gather: what is to be flushed
 * @pages: pages that are unmapped, to be unpinned after the flush
 * @nr: how many
 * @room: for how many
 * @dirty: a device may have written to them
 * @few: room on the stack
 */
struct depopulating {
	struct ioasid_ioas *ioas;
	struct ioasid_table *table;
	struct ioasid_gather gather;
	struct page **pages;
	unsigned int nr;
	unsigned int room;
	bool dirty;
	struct page *few[FEW_PAGES];
};

static void depopulating_flush(struct depopulating *d)
{
	d->table->shim->flush(d->table->domain, &d->gather);
	ioasid_gather_init(&d->gather);
	if (d->nr)
		ioasid_unpin(d->pages, d->nr, d->dirty);
	d->nr = 0;
}

static void depopulating_begin(struct depopulating *d, struct ioasid_ioas *ioas)
{
	d->ioas = ioas;
	d->pages = d->few;
	d->room = FEW_PAGES;
	d->nr = 0;
	d->dirty = false;
	ioasid_gather_init(&d->gather);
}

/* Large, for there is a flush for each filling; the address space's own if there is
 * no memory
 */
static void depopulating_more_room(struct depopulating *d)
{
	d->room = 16 * CHUNK_PAGES;
	d->pages = kmalloc_array(d->room, sizeof(*d->pages),
				 GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (d->pages)
		return;
	d->room = CHUNK_PAGES;
	mutex_lock(&d->ioas->spare_lock);
	d->pages = d->ioas->spare_pages;
}

static void depopulating_end(struct depopulating *d)
{
	depopulating_flush(d);
	if (d->pages == d->ioas->spare_pages)
		mutex_unlock(&d->ioas->spare_lock);
	else if (d->pages != d->few)
		kfree(d->pages);
}

/* Read the pages of a step back from a page table */
static bool read_back(struct ioasid_table *table, u64 iova, struct page **pages,
		      unsigned int nr)
{
	phys_addr_t phys;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		phys = table->shim->iova_to_phys(table->domain,
						 iova + ((u64)i << PAGE_SHIFT));
		if (WARN_ON_ONCE(!phys))
			return false;
		pages[i] = pfn_to_page(PHYS_PFN(phys));
	}
	return true;
}

static void unmap_unknown(struct depopulating *d, struct ioasid_area *area,
			  u64 iova, unsigned int nr)
{
	bool dirty = area->prot & IOMMU_WRITE;

	if (d->nr + nr > d->room || (d->nr && d->dirty != dirty))
		depopulating_flush(d);
	if (nr > d->room)
		depopulating_more_room(d);
	if (!read_back(d->table, iova, d->pages + d->nr, nr) ||
	    !table_unmap(d->table, iova, nr, &d->gather))
		area->stuck = true;
	/* Better leak pages than let a device write to freed ones */
	if (!area->stuck)
		d->nr += nr;
	d->dirty = dirty;
}

static void area_unmap_last(struct depopulating *d, struct ioasid_area *area,
			    unsigned int *turn)
{
	struct area_steps steps;
	unsigned int nr;

	if (ioasid_runs_is_one(&area->runs)) {
		nr = ioasid_run_pages(area->runs.first);
		if (nr && !table_unmap(d->table, area->start, nr, &d->gather))
			area->stuck = true;
		take_turns(turn);
		return;
	}
	steps = area_steps(area);
	while ((nr = area_step(area, &steps))) {
		if (steps.pfn == IOASID_PFN_UNKNOWN)
			unmap_unknown(d, area, steps.iova, nr);
		else if (!table_unmap(d->table, steps.iova, nr, &d->gather))
			area->stuck = true;
		take_turns(turn);
	}
}

/* It is in no page table, and flushed */
static void area_unpin(struct ioasid_area *area, unsigned int *turn)
{
	struct ioasid_runs_pos pos;
	u32 nr;
	u64 pfn;

	if (ioasid_runs_is_one(&area->runs)) {
		if (area->populated && !area->stuck)
			ioasid_unpin_run(ioasid_run_pfn(area->runs.first),
					 ioasid_run_pages(area->runs.first),
					 area->prot & IOMMU_WRITE);
		area->populated = 0;
		area->runs.first = 0;
		return;
	}
	pos = ioasid_runs_end(&area->runs);
	while (!area->stuck && ioasid_runs_prev(&area->runs, &pos, &pfn, &nr)) {
		if (pfn != IOASID_PFN_UNKNOWN)
			ioasid_unpin_run(pfn, nr, area->prot & IOMMU_WRITE);
		take_turns(turn);
	}
	ioasid_runs_clear(&area->runs);
	area->populated = 0;
}

/* The same for one of a page that is known, of which many together take less */
static void area_unpin_page(struct depopulating *d, struct ioasid_area *area)
{
	bool dirty = area->prot & IOMMU_WRITE;

	if (d->nr == FEW_PAGES || (d->nr && d->dirty != dirty)) {
		ioasid_unpin(d->few, d->nr, d->dirty);
		cond_resched();
		d->nr = 0;
	}
	d->dirty = dirty;
	if (!area->stuck)
		d->few[d->nr++] = pfn_to_page(ioasid_run_pfn(area->runs.first));
	area->runs.first = 0;
	area->populated = 0;
}

static void area_uncharge(struct ioasid_area *area)
{
	if (area->charged)
		ioasid_payer_uncharge(area->payer, area_pages(area));
	area->charged = false;
}

/* Unmap the first steps of an area from one page table */
static void area_unmap(struct ioasid_area *area, struct ioasid_table *table,
		       unsigned long nr_steps, struct ioasid_gather *gather)
{
	struct area_steps steps = area_steps(area);
	unsigned long done;
	unsigned int nr;

	for (done = 0; done < nr_steps && (nr = area_step(area, &steps)); done++) {
		if (!table_unmap(table, steps.iova, nr, gather))
			area->stuck = true;
		if (done % STEPS_A_TURN == 0)
			cond_resched();
	}
}

/*
 * The opposite of populating: unmap a list of areas everywhere, flush, unpin,
 * give the charge back. Never fails, and needs no memory.
 */
static void areas_depopulate(struct ioasid_ioas *ioas, struct ioasid_area *areas)
{
	struct ioasid_table *table;
	struct depopulating d __uninitialized;
	struct ioasid_payer *payer = NULL;
	unsigned long charged = 0;
	struct ioasid_area *area;
	unsigned int turn = 0;

	lockdep_assert(lockdep_is_held(&ioas->lock) ||
		       lockdep_is_held(&ioas->areas_lock));
	if (!list_empty(&ioas->tables)) {
		depopulating_begin(&d, ioas);
		d.table = list_first_entry(&ioas->tables, struct ioasid_table, node);
		table = d.table;
		/* The others first: the last one knows the pages */
		list_for_each_entry_continue(table, &ioas->tables, node) {
			for (area = areas; area; area = area->next)
				area_unmap(area, table, ULONG_MAX, &d.gather);
			table->shim->flush(table->domain, &d.gather);
			ioasid_gather_init(&d.gather);
		}
		for (area = areas; area; area = area->next)
			area_unmap_last(&d, area, &turn);
		depopulating_end(&d);
	}
	d.nr = 0;
	for (area = areas; area; area = area->next) {
		if (area->populated == PAGE_SIZE && ioasid_runs_is_one(&area->runs))
			area_unpin_page(&d, area);
		else if (area->populated)
			area_unpin(area, &turn);
		if (area->populating) {
			area->gone = true;
		} else if (area->charged) {
			if (area->payer != payer && charged) {
				ioasid_payer_uncharge(payer, charged);
				charged = 0;
			}
			payer = area->payer;
			charged += area_pages(area);
			area->charged = false;
		}
	}
	if (d.nr)
		ioasid_unpin(d.few, d.nr, d.dirty);
	if (charged)
		ioasid_payer_uncharge(payer, charged);
}

/* Pin pages of an area, from a page of it on */
static __always_inline int area_pin(struct ioasid_ioas *ioas,
				    struct ioasid_area *area,
				    struct mm_struct *mm, unsigned long first,
				    struct page **pages, unsigned int nr)
{
	unsigned long vaddr = area->vaddr + (first << PAGE_SHIFT);
	int ret;

	ret = ioasid_pin(mm, vaddr, area->prot & IOMMU_WRITE, pages, nr);
	if (ret)
		trace_ioasid_pin_fail(ioas, vaddr, nr, ret);
	return ret;
}

/* It cannot be populated. The page tables stay as they are */
static void populate_undo(struct populating *p)
{
	if (p->nr)
		ioasid_unpin_run(p->run, p->nr, false);
	p->area->populating = false;
	p->area->next = NULL;
	areas_depopulate(p->ioas, p->area);
}

/*
 * Pin and map an area that is charged and marked, under no lock while pages are
 * pinned. The last page table may go away meanwhile, with all that has been done
 * so far; that is no error.
 */
static int area_populate(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	struct populating p = { .ioas = ioas, .area = area };
	unsigned long total = area_pages(area), done = 0;
	struct page *few[FEW_PAGES] __uninitialized;
	struct page **pages = few;
	unsigned int room = FEW_PAGES, nr;
	int ret = 0;

	if (total > room) {
		pages = kmalloc_array(CHUNK_PAGES, sizeof(*pages),
				      GFP_KERNEL_ACCOUNT);
		if (pages)
			room = CHUNK_PAGES;
		else
			pages = few;
	}
	while (!ret && done < total && !READ_ONCE(area->gone)) {
		nr = min_t(unsigned long, room, total - done);
		if (done)
			cond_resched();
		ret = fatal_signal_pending(current) ? -EINTR : 0;
		ret = ret ?: area_pin(ioas, area, area->payer->mm, done, pages, nr);
		if (ret)
			break;
		done += nr;
		down_read(&ioas->lock);
		if (!area->gone)
			ret = map_pages(&p, pages, nr, done == total);
		else
			ioasid_unpin(pages, nr, false);
		up_read(&ioas->lock);
	}
	down_read(&ioas->lock);
	if (ret || area->gone)
		populate_undo(&p);
	area->populating = false;
	area->gone = false;
	up_read(&ioas->lock);
	if (pages != few)
		kfree(pages);
	return ret;
}

/* A call that works on areas has ended */
static void areas_changed(struct ioasid_ioas *ioas)
{
	lockdep_assert_held(&ioas->areas_lock);
	WRITE_ONCE(ioas->changes, ioas->changes + 1);
	if (wq_has_sleeper(&ioas->wait))
		wake_up_all(&ioas->wait);
}

/* Wait until a call that works on areas has ended since @changes was read */
static int areas_wait(struct ioasid_ioas *ioas, unsigned long changes)
{
	return wait_event_killable(ioas->wait,
				   READ_ONCE(ioas->changes) != changes) ?
	       -EINTR : 0;
}

/**
 * ioasid_areas_exclusive() - keep all calls away that change areas, and wait for
 * those that do
 * @ioas: the address space
 *
 * Context: what is being mapped may wait for a user; killable.
 * Return: 0 or -EINTR.
 */
int ioasid_areas_exclusive(struct ioasid_ioas *ioas)
{
	unsigned long changes;
	int ret;

	for (;;) {
		ret = mutex_lock_killable(&ioas->areas_lock);
		if (ret)
			return ret;
		if (!ioas->exclusive && !ioas->nr_busy) {
			ioas->exclusive = true;
			mutex_unlock(&ioas->areas_lock);
			return 0;
		}
		changes = ioas->changes;
		mutex_unlock(&ioas->areas_lock);
		ret = areas_wait(ioas, changes);
		if (ret)
			return ret;
	}
}

/**
 * ioasid_areas_shared() - the opposite of ioasid_areas_exclusive()
 * @ioas: the address space
 */
void ioasid_areas_shared(struct ioasid_ioas *ioas)
{
	mutex_lock(&ioas->areas_lock);
	ioas->exclusive = false;
	areas_changed(ioas);
	mutex_unlock(&ioas->areas_lock);
}

static struct ioasid_area *area_new(struct ioasid_ioas *ioas,
				    const struct ioasid_map_range *range,
				    struct ioasid_areas_stock *stock)
{
	struct ioasid_area *area = NULL;

	if (stock && stock->nr)
		area = stock->area[--stock->nr];
	else if (!stock)
		area = xchg(&ioas->spare_area, NULL);
	if (!area)
		area = kmem_cache_alloc(area_cache, GFP_KERNEL);
	if (!area)
		return NULL;
	area->start = range->iova;
	area->last = range->iova + (range->length - 1);
	area->vaddr = range->vaddr;
	area->payer = NULL;
	area->runs = (struct ioasid_runs) {};
	area->populated = 0;
	area->prot = IOMMU_CACHE |
		     (range->flags & IOASID_MAP_READ ? IOMMU_READ : 0) |
		     (range->flags & IOASID_MAP_WRITE ? IOMMU_WRITE : 0);
	area->busy = false;
	area->charged = false;
	area->populating = false;
	area->gone = false;
	area->stuck = false;
	return area;
}

/* Who maps a page here and there and unmaps it again has use for one area */
static void area_free(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	ioasid_payer_put(area->payer);
	area = xchg(&ioas->spare_area, area);
	if (area)
		kmem_cache_free(area_cache, area);
}

/* Many areas; together it takes less */
static void areas_free(struct ioasid_area *areas)
{
	void *objects[AREAS_A_TURN] __uninitialized;
	size_t nr;

	while (areas) {
		for (nr = 0; areas && nr < AREAS_A_TURN; areas = areas->next) {
			ioasid_payer_put(areas->payer);
			objects[nr++] = areas;
		}
		kmem_cache_free_bulk(area_cache, nr, objects);
		cond_resched();
	}
}

/**
 * ioasid_areas_stock() - allocate areas beforehand, together
 * @stock: filled, or empty if there is no memory
 * @nr: how many will be needed
 */
void ioasid_areas_stock(struct ioasid_areas_stock *stock, u32 nr)
{
	nr = min_t(u32, nr, ARRAY_SIZE(stock->area));
	stock->nr = kc_cache_alloc_bulk(area_cache, nr, stock->area) ? nr : 0;
}

/**
 * ioasid_areas_unstock() - free what is left of them
 * @stock: the areas
 */
void ioasid_areas_unstock(struct ioasid_areas_stock *stock)
{
	if (stock->nr)
		kmem_cache_free_bulk(area_cache, stock->nr, stock->area);
}

/*
 * Take the range of an area, or say why not; -EAGAIN: wait and try again. If the
 * caller is @charged that becomes the area's charge, if it has one.
 */
static int area_insert(struct ioasid_ioas *ioas, struct ioasid_area *area,
		       bool charged)
{
	struct ioasid_area *other;
	int ret = 0;

	if (ioas->dead)
		return -ENOENT;
	if (ioas->exclusive)
		return -EAGAIN;
	if (!ioasid_ioas_permits(ioas, area->start, area->last))
		return -EINVAL;
	other = area_add(ioas, area);
	if (other)
		return other->busy ? -EAGAIN : -EEXIST;

	area->payer = ioasid_payer_current(ioas->payer);
	if (IS_ERR(area->payer)) {
		ret = PTR_ERR(area->payer);
		area->payer = NULL;
		goto erase;
	}
	if (!list_empty(&ioas->tables)) {
		if (charged)
			ioasid_payer_take(area->payer, area_pages(area));
		else
			ret = ioasid_payer_charge(area->payer, area_pages(area));
		if (ret)
			goto erase;
		area->charged = true;
	}
	return 0;

erase:
	area_erase(ioas, area);
	return ret;
}

/* It is mapped */
static void area_done(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	trace_ioasid_map(ioas, area->start, area_length(area), area->vaddr,
			 area->populated);
	ioas->mapped += area_length(area);
	ioas->pinned += area->populated;
	if (ioas->payer == area->payer)
		return;
	ioasid_payer_put(ioas->payer);
	ioas->payer = area->payer;
	refcount_inc(&ioas->payer->refs);
}

/* Populate an area of a few pages, which are pinned and one run, under areas_lock */
static int area_populate_run(struct ioasid_ioas *ioas, struct ioasid_area *area,
			     struct page *page, unsigned int nr)
{
	unsigned long pfn = page_to_pfn(page);
	int ret = map_step(ioas, area->start, pfn, nr, area->prot);

	if (ret) {
		ioasid_unpin_run(pfn, nr, false);
		return ret;
	}
	area->populated = area_length(area);
	area->runs.first = ioasid_run_make(pfn, nr);
	return 0;
}

/* The same if they are several */
static noinline int area_populate_few(struct ioasid_ioas *ioas,
				      struct ioasid_area *area,
				      struct page **pages, unsigned int nr)
{
	struct populating p = { .ioas = ioas, .area = area };
	int ret = map_pages(&p, pages, nr, true);

	if (ret)
		populate_undo(&p);
	return ret;
}

/* Populate an area under no lock that others need; areas_lock is dropped */
static noinline int area_populate_many(struct ioasid_ioas *ioas,
				       struct ioasid_area *area)
{
	int ret;

	area->busy = true;
	area->populating = true;
	ioas->nr_busy++;
	mutex_unlock(&ioas->areas_lock);
	ret = area_populate(ioas, area);
	mutex_lock(&ioas->areas_lock);
	area->busy = false;
	ioas->nr_busy--;
	areas_changed(ioas);
	return ret;
}

/**
 * ioasid_area_map() - map a range of the caller's memory
 * @ioas: the address space
 * @range: checked by ioasid_check_map_range() against the CPU's page size
 * @stock: areas to take one from, or NULL
 *
 * A few pages are charged and pinned beforehand, and the rest is done in one turn
 * of areas_lock, which keeps the page tables as they are unless somebody is
 * exclusive. More of them keep nobody away but those who want the same range.
 *
 * Context: pins memory, killable.
 * Return: 0, or an error as IOMMU_MAP_DMA says.
 */
int ioasid_area_map(struct ioasid_ioas *ioas, const struct ioasid_map_range *range,
		    struct ioasid_areas_stock *stock)
{
	struct page *few[FEW_PAGES] __uninitialized;
	unsigned int nr, pinned = 0;
	struct ioasid_area *area;
	unsigned long changes;
	int ret;

again:
	area = area_new(ioas, range, stock);
	if (!area)
		return -ENOMEM;
	nr = range->length >> PAGE_SHIFT;
	if (range->length <= FEW_PAGES << PAGE_SHIFT &&
	    !list_empty_careful(&ioas->tables) && ioasid_charge_current(nr)) {
		pinned = nr;
		ret = area_pin(ioas, area, current->mm, 0, few, nr);
		if (ret)
			goto uncharge;
	}
	ret = mutex_lock_killable(&ioas->areas_lock);
	if (ret)
		goto unpin;
	changes = ioas->changes;
	ret = area_insert(ioas, area, pinned);
	if (ret)
		goto unlock;
	if (area->charged) {
		if (pinned == 1 || (pinned && contiguous(few, pinned) == pinned))
			ret = area_populate_run(ioas, area, few[0], pinned);
		else if (pinned)
			ret = area_populate_few(ioas, area, few, pinned);
		else
			ret = area_populate_many(ioas, area);
		pinned = 0;
	}
	if (ret) {
		area_uncharge(area);
		area_erase(ioas, area);
	} else {
		area_done(ioas, area);
	}
unlock:
	mutex_unlock(&ioas->areas_lock);
unpin:
	/* An error, or there is no page table any more */
	if (pinned)
		ioasid_unpin(few, pinned, false);
uncharge:
	if (pinned)
		ioasid_uncharge_current(pinned);
	if (ret)
		area_free(ioas, area);
	if (ret == -EAGAIN) {
		ret = areas_wait(ioas, changes);
		pinned = 0;
		if (!ret)
			goto again;
	}
	return ret;
}

/*
 * Take all areas in a range to unmap them, or none, and say why: -EINVAL if one
 * lies there in part; -EAGAIN: wait and try again. @end is where the list ends;
 * @before is an area that the first one may follow, or NULL.
 */
static int areas_claim(struct ioasid_ioas *ioas, u64 start, u64 last,
		       struct ioasid_area *before, struct ioasid_area ***end)
{
	struct ioasid_area **first = *end, *area, *next = NULL;
	unsigned int turn = 0;
	int ret = 0;

	if (ioas->dead)
		return -ENOENT;
	if (ioas->exclusive)
		return -EAGAIN;
	/* As so often with arrays, in ascending order */
	if (before && before->last < start)
		next = area_of(rb_next(&before->node));
	area = next && next->last >= start ? next : area_first(ioas, start, last);
	for (; area && area->start <= last; area = area_of(rb_next(&area->node))) {
		if (area->busy)
			ret = -EAGAIN;
		else if (area->start < start || area->last > last)
			ret = -EINVAL;
		if (ret) {
			*end = first;
			**end = NULL;
			return ret;
		}
		area->next = NULL;
		**end = area;
		*end = &area->next;
		take_turns(&turn);
	}
	for (area = *first; area; area = area->next) {
		area->busy = true;
		ioas->nr_busy++;
	}
	return 0;
}

/*
 * Unmap the one area of a few pages in a range, in one turn of areas_lock; false
 * if that is not what there is.
 */
static bool unmap_few(struct ioasid_ioas *ioas,
		      const struct ioasid_unmap_range *range, u64 *unmapped)
{
	u64 last = range->iova + (range->length - 1);
	struct ioasid_gather gather __uninitialized;
	struct ioasid_table *table;
	struct ioasid_area *area, *next;
	unsigned int turn = 0;

	if (mutex_lock_killable(&ioas->areas_lock))
		return false;
	area = area_first(ioas, range->iova, last);
	if (!area || area->busy || ioas->dead || ioas->exclusive ||
	    area_pages(area) > FEW_PAGES || !ioasid_runs_is_one(&area->runs) ||
	    area->start < range->iova || area->last > last)
		goto no;
	next = area->last == last ? NULL : area_of(rb_next(&area->node));
	if (next && next->start <= last)
		goto no;
	list_for_each_entry(table, &ioas->tables, node) {
		if (!area->populated)
			break;
		ioasid_gather_init(&gather);
		if (!table_unmap(table, area->start, area_pages(area), &gather))
			area->stuck = true;
		table->shim->flush(table->domain, &gather);
	}
	trace_ioasid_unmap(ioas, area->start, area_length(area));
	area_erase(ioas, area);
	ioas->mapped -= area_length(area);
	ioas->pinned -= area->populated;
	mutex_unlock(&ioas->areas_lock);

	*unmapped = area_length(area);
	area_unpin(area, &turn);
	area_uncharge(area);
	area_free(ioas, area);
	return true;

no:
	mutex_unlock(&ioas->areas_lock);
	return false;
}

/*
 * Unmap a few ranges in order. Returns how many, and the error that the next one
 * had: -EAGAIN if it has to wait until something changes.
 */
static u32 unmap_some(struct ioasid_ioas *ioas,
		      const struct ioasid_unmap_range *range, u32 nr,
		      unsigned long *changes, u64 *unmapped, int *error)
{
	struct ioasid_area *areas = NULL, **end = &areas, *area;
	unsigned long nr_areas = 0;
	unsigned int turn = 0;
	u64 pinned = 0;
	bool all;
	u32 done;

	*error = down_read_killable(&ioas->lock);
	if (*error)
		return 0;
	*error = mutex_lock_killable(&ioas->areas_lock);
	if (*error) {
		up_read(&ioas->lock);
		return 0;
	}
	*changes = ioas->changes;
	for (done = 0; done < nr; done++) {
		area = areas ? container_of(end, struct ioasid_area, next) : NULL;
		*error = areas_claim(ioas, range[done].iova, range[done].iova +
				     (range[done].length - 1), area, &end);
		if (*error)
			break;
	}
	if (!areas)
		goto unlock;
	mutex_unlock(&ioas->areas_lock);
	for (area = areas; area; area = area->next) {
		pinned += area->populated;
		nr_areas++;
	}
	areas_depopulate(ioas, areas);
	mutex_lock(&ioas->areas_lock);
	ioas->nr_busy -= nr_areas;
	all = nr_areas == ioas->nr_areas;
	for (area = areas; area; area = area->next) {
		trace_ioasid_unmap(ioas, area->start, area_length(area));
		if (!all)
			area_erase(ioas, area);
		*unmapped += area_length(area);
		ioas->mapped -= area_length(area);
		take_turns(&turn);
	}
	/* All of them: a tree need not be kept in balance to take it down */
	if (all)
		areas_none(ioas);
	ioas->pinned -= pinned;
	areas_changed(ioas);
unlock:
	mutex_unlock(&ioas->areas_lock);
	up_read(&ioas->lock);
	areas_free(areas);
	return done;
}

/**
 * ioasid_areas_unmap() - unmap all areas in ranges, in order
 * @ioas: the address space
 * @range: the ranges; a length of 0 that begins at 0 is everything
 * @nr: how many
 * @done: out: how many are unmapped
 * @unmapped: out: bytes unmapped
 *
 * Context: killable while it waits for others, not while it works.
 * Return: 0 if all are, or the error of the next one: -EINVAL if an area lies
 * there in part, -EINTR, -ENOENT.
 */
int ioasid_areas_unmap(struct ioasid_ioas *ioas,
		       const struct ioasid_unmap_range *range, u32 nr, u32 *done,
		       u64 *unmapped)
{
	unsigned long changes;
	u32 some;
	int ret;

	*done = 0;
	*unmapped = 0;
	if (nr == 1 && unmap_few(ioas, range, unmapped)) {
		*done = 1;
		return 0;
	}
	while (*done < nr) {
		some = unmap_some(ioas, range + *done, nr - *done, &changes,
				  unmapped, &ret);
		*done += some;
		if (ret == -EAGAIN)
			ret = some ? 0 : areas_wait(ioas, changes);
		if (ret)
			return ret;
	}
	return 0;
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
	u64 pinned = 0;
	int ret;

	for_each_area(area, ioas) {
		if (!area->charged) {
			ret = ioasid_payer_charge(area->payer, area_pages(area));
			if (ret)
				return ret;
			area->charged = true;
			area->populating = true;
			up_write(&ioas->lock);
			ret = area_populate(ioas, area);
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

/**
 * ioasid_areas_depopulate() - unmap and unpin all areas; they stay mapped for
 * the user
 * @ioas: the address space with its last page table; both locks are held, @lock
 *	for writing
 */
void ioasid_areas_depopulate(struct ioasid_ioas *ioas)
{
	struct ioasid_area *areas = NULL, *area;
	unsigned int turn = 0;

	for_each_area(area, ioas) {
		/* Nobody else's list: that would take the lock for reading */
		area->next = areas;
		areas = area;
		take_turns(&turn);
	}
	areas_depopulate(ioas, areas);
	ioas->pinned = 0;
}

/* Map the pages of a step; on error none is */
static int table_map(struct ioasid_table *table, u64 iova, struct page **pages,
		     unsigned int nr, int prot)
{
	struct ioasid_gather gather;
	unsigned int done, run;
	int ret;

	for (done = 0; done < nr; done += run) {
		run = contiguous(pages + done, nr - done);
		ret = table->shim->map(table->domain, iova + ((u64)done << PAGE_SHIFT),
				       page_to_phys(pages[done]),
				       (size_t)run << PAGE_SHIFT, prot);
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
			       int *error)
{
	struct area_steps steps = area_steps(area);
	unsigned long done = 0;
	unsigned int nr;

	for (*error = 0; (nr = area_step(area, &steps)); done++) {
		if (steps.pfn != IOASID_PFN_UNKNOWN)
			*error = to->shim->map(to->domain, steps.iova,
					       PFN_PHYS(steps.pfn),
					       (size_t)nr << PAGE_SHIFT, area->prot);
		else if (read_back(from, steps.iova, pages, nr))
			*error = table_map(to, steps.iova, pages, nr, area->prot);
		else
			*error = -EIO;
		if (*error)
			break;
		if (done % STEPS_A_TURN == 0)
			cond_resched();
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
 * Return: 0, or an error with @to empty again.
 */
int ioasid_areas_copy(struct ioasid_ioas *ioas, struct ioasid_table *from,
		      struct ioasid_table *to)
{
	struct ioasid_gather gather;
	struct ioasid_area *area, *undo;
	unsigned long done;
	int ret = 0;

	mutex_lock(&ioas->spare_lock);
	for_each_area(area, ioas) {
		done = area_copy(area, from, to, ioas->spare_pages, &ret);
		if (ret)
			break;
	}
	mutex_unlock(&ioas->spare_lock);
	if (!ret)
		return 0;

	ioasid_gather_init(&gather);
	for_each_area(undo, ioas) {
		area_unmap(undo, to, undo == area ? done : ULONG_MAX, &gather);
		if (undo == area)
			break;
	}
	to->shim->flush(to->domain, &gather);
	return ret;
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

	ioasid_gather_init(&gather);
	for_each_area(area, ioas)
		area_unmap(area, table, ULONG_MAX, &gather);
	table->shim->flush(table->domain, &gather);
}

/**
 * ioasid_areas_in() - is anything mapped in a range?
 * @ioas: the address space; the caller is exclusive
 * @start: first address
 * @last: last address
 */
bool ioasid_areas_in(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	return area_first(ioas, start, last);
}

/**
 * ioasid_areas_free() - forget all areas of an address space that ends
 * @ioas: the address space, with no page table and nobody who knows it
 */
void ioasid_areas_free(struct ioasid_ioas *ioas)
{
	struct ioasid_area *area, *next;
	unsigned int turn = 0;

	rbtree_postorder_for_each_entry_safe(area, next, &ioas->areas, node) {
		ioasid_payer_put(area->payer);
		kmem_cache_free(area_cache, area);
		take_turns(&turn);
	}
	areas_none(ioas);
	if (ioas->spare_area)
		kmem_cache_free(area_cache, ioas->spare_area);
}
