// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables: radix trees of 512 entries a level, in pages of physical memory,
 * laid out like VT-d's second stage (specification 9.8).
 *
 * The callers of map and unmap see to it that no two work on the same addresses
 * at the same time; on different ones they do, in the same table too, and DMA walks all
 * the while. A table is there as long as something is mapped by it: the entry that leads
 * to it counts its present entries, in bits that a walk ignores. Tables are linked, filled
 * and taken out under swiommu_pgtable.lock; one that was taken out is freed after a turn
 * of swiommu.lock, for a walk of DMA is a part of one. There is no cache of tables that
 * would have to forget it: IOTLBs have translations of pages.
 */
#include <linux/align.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/llist.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "swiommu/pgtable.h"
#include "swiommu/swiommu.h"

#define SWIOMMU_PTE_READ	BIT_ULL(0)
#define SWIOMMU_PTE_WRITE	BIT_ULL(1)
#define SWIOMMU_PTE_LARGE	BIT_ULL(7)
#define SWIOMMU_PTE_SNOOP	BIT_ULL(11)
#define SWIOMMU_PTE_ADDR	GENMASK_ULL(51, SWIOMMU_PAGE_SHIFT)

/* Of an entry that leads to a table: how many entries of that are present */
#define SWIOMMU_PTE_COUNT	GENMASK_ULL(61, 52)

#define LEVEL_BITS	9
#define ENTRIES		(1U << LEVEL_BITS)

/* Of addresses up to 57 bits wide */
#define MAX_LEVELS	5

/* Of level 0, the lowest, an entry covers a page */
static unsigned int level_shift(unsigned int level)
{
	return SWIOMMU_PAGE_SHIFT + level * LEVEL_BITS;
}

static unsigned int entry_index(u64 iova, unsigned int level)
{
	return (iova >> level_shift(level)) & (ENTRIES - 1);
}

static bool is_present(u64 pte)
{
	return pte & (SWIOMMU_PTE_READ | SWIOMMU_PTE_WRITE);
}

static bool is_leaf(u64 pte, unsigned int level)
{
	return !level || (pte & SWIOMMU_PTE_LARGE);
}

static u64 *table_of(u64 pte)
{
	return phys_to_virt(pte & SWIOMMU_PTE_ADDR);
}

/*
 * Charged to the caller, also where the kernel does not pass on who asked for it. A
 * kernel thread's are not charged.
 */
static u64 *alloc_table(gfp_t gfp)
{
	return (u64 *)get_zeroed_page(gfp | __GFP_ACCOUNT);
}

static void free_table(u64 *table)
{
	free_page((unsigned long)table);
}

static void free_tables(u64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < ENTRIES; i++)
		if (is_present(table[i]) && !is_leaf(table[i], level))
			free_tables(table_of(table[i]), level - 1);
	free_table(table);
}

/**
 * swiommu_pgtable_alloc() - make an empty page table
 * @levels: of tables
 * @did: number of its domain
 *
 * Return: the page table with one reference, or NULL.
 */
struct swiommu_pgtable *swiommu_pgtable_alloc(unsigned int levels, u32 did)
{
	struct swiommu_pgtable *pgtable = kzalloc(sizeof(*pgtable), GFP_KERNEL_ACCOUNT);

	if (!pgtable)
		return NULL;
	pgtable->root = alloc_table(GFP_KERNEL);
	if (!pgtable->root) {
		kfree(pgtable);
		return NULL;
	}
	kref_init(&pgtable->kref);
	spin_lock_init(&pgtable->lock);
	pgtable->levels = levels;
	pgtable->did = did;
	return pgtable;
}

static void pgtable_free(struct swiommu_pgtable *pgtable)
{
	free_tables(pgtable->root, pgtable->levels - 1);
	kfree(pgtable);
}

static void pgtable_release(struct kref *kref)
{
	pgtable_free(container_of(kref, struct swiommu_pgtable, kref));
}

/* Page tables whose last user could not free them */
static LLIST_HEAD(pgtables_left);

static void free_left(struct work_struct *work)
{
	struct swiommu_pgtable *pgtable, *next;

	llist_for_each_entry_safe(pgtable, next, llist_del_all(&pgtables_left), left)
		pgtable_free(pgtable);
}

static DECLARE_WORK(free_left_work, free_left);

static void pgtable_release_later(struct kref *kref)
{
	llist_add(&container_of(kref, struct swiommu_pgtable, kref)->left, &pgtables_left);
	schedule_work(&free_left_work);
}

/**
 * swiommu_pgtable_get() - hold a page table
 * @pgtable: the page table
 */
void swiommu_pgtable_get(struct swiommu_pgtable *pgtable)
{
	kref_get(&pgtable->kref);
}

/**
 * swiommu_pgtable_put() - let go of a page table
 * @pgtable: the page table; freed with the last reference
 *
 * Context: process, under no spinlock: there may be many tables to free.
 */
void swiommu_pgtable_put(struct swiommu_pgtable *pgtable)
{
	kref_put(&pgtable->kref, pgtable_release);
}

/**
 * swiommu_pgtable_put_later() - let go of a page table under a spinlock
 * @pgtable: the page table; freed by a work after the last reference
 */
void swiommu_pgtable_put_later(struct swiommu_pgtable *pgtable)
{
	kref_put(&pgtable->kref, pgtable_release_later);
}

/**
 * swiommu_pgtables_exit() - wait until what was let go is freed, for the module goes
 */
void swiommu_pgtables_exit(void)
{
	flush_work(&free_left_work);
}

static unsigned int count_of(u64 pte)
{
	return (pte & SWIOMMU_PTE_COUNT) >> __ffs64(SWIOMMU_PTE_COUNT);
}

static void add_count(u64 *entry, int n)
{
	u64 pte = READ_ONCE(*entry);

	WRITE_ONCE(*entry, (pte & ~SWIOMMU_PTE_COUNT) |
		   (u64)(count_of(pte) + n) << __ffs64(SWIOMMU_PTE_COUNT));
}

/**
 * struct way - the way from the root to a table
 * @entries: that lead to the table of level n, [n]; none to the root
 * @level: of the table that it has got to
 * @table: that table
 */
struct way {
	u64 *entries[MAX_LEVELS];
	unsigned int level;
	u64 *table;
};

/*
 * Go as far down as there are tables, to that of level @to at most.
 *
 * Return: the entry there.
 */
static u64 *way_descend(struct way *way, struct swiommu_pgtable *pgtable, u64 iova,
			unsigned int to)
{
	u64 *entry, pte;

	way->table = pgtable->root;
	way->level = pgtable->levels - 1;
	for (;;) {
		entry = &way->table[entry_index(iova, way->level)];
		pte = READ_ONCE(*entry);
		if (way->level == to || !is_present(pte) || is_leaf(pte, way->level))
			return entry;
		way->table = table_of(pte);
		way->entries[--way->level] = entry;
	}
}

/**
 * struct spare - tables for a map, allocated before the lock is taken
 * @tables: zeroed
 * @nr: how many
 */
struct spare {
	u64 *tables[MAX_LEVELS - 1];
	unsigned int nr;
};

static bool spare_fill(struct spare *spare, unsigned int nr, gfp_t gfp)
{
	while (spare->nr < nr) {
		u64 *table = alloc_table(gfp);

		if (!table)
			return false;
		spare->tables[spare->nr++] = table;
	}
	return true;
}

static void spare_free(struct spare *spare)
{
	while (spare->nr)
		free_table(spare->tables[--spare->nr]);
}

/*
 * Go down to the table of level @to, with tables from @spare where there is none.
 *
 * Return: the entry there; an ERR_PTR(): -EEXIST if a page is in the way, -EAGAIN with
 * nothing done if @spare has fewer than @missing.
 */
static u64 *way_make(struct way *way, struct swiommu_pgtable *pgtable, u64 iova,
		     unsigned int to, struct spare *spare, unsigned int *missing)
{
	u64 *entry = way_descend(way, pgtable, iova, to), *table;

	lockdep_assert_held(&pgtable->lock);
	*missing = way->level - to;
	if (*missing && is_present(READ_ONCE(*entry)))
		return ERR_PTR(-EEXIST);
	if (spare->nr < *missing)
		return ERR_PTR(-EAGAIN);
	while (way->level > to) {
		table = spare->tables[--spare->nr];
		/* DMA that finds the entry finds a table that is zeroed */
		smp_store_release(entry, virt_to_phys(table) |
				  SWIOMMU_PTE_READ | SWIOMMU_PTE_WRITE);
		if (way->level < pgtable->levels - 1)
			add_count(way->entries[way->level], 1);
		way->table = table;
		way->entries[--way->level] = entry;
		entry = &table[entry_index(iova, way->level)];
	}
	return entry;
}

/*
 * Map pages in one table of level @leaf.
 *
 * Return: how many, less than @pgcount if the table ends; or as way_make().
 */
static int map_in_table(struct swiommu_pgtable *pgtable, u64 iova, u64 pte, size_t pgsize,
			size_t pgcount, unsigned int leaf, struct spare *spare,
			unsigned int *missing)
{
	u64 *entry, *end;
	struct way way;
	int n = 0;

	spin_lock(&pgtable->lock);
	entry = way_make(&way, pgtable, iova, leaf, spare, missing);
	if (IS_ERR(entry)) {
		n = PTR_ERR(entry);
		goto unlock;
	}
	end = way.table + ENTRIES;
	for (; entry < end && n < pgcount && !is_present(READ_ONCE(*entry)); entry++, n++)
		WRITE_ONCE(*entry, pte + n * (u64)pgsize);
	if (!n)
		n = -EEXIST;
	else if (leaf < pgtable->levels - 1)
		add_count(way.entries[leaf], n);
unlock:
	spin_unlock(&pgtable->lock);
	return n;
}

/**
 * swiommu_pgtable_map() - map pages of one size
 * @pgtable: the page table
 * @iova: first address, which with what follows is within its width
 * @paddr: physical address
 * @pgsize: size of a page, one that the table has
 * @pgcount: how many
 * @prot: SWIOMMU_*
 * @gfp: to allocate tables with
 * @mapped: out: bytes that are mapped, on error too
 *
 * Return: 0, -EEXIST if something is mapped there, -ENOMEM.
 */
int swiommu_pgtable_map(struct swiommu_pgtable *pgtable, u64 iova,
			phys_addr_t paddr, size_t pgsize, size_t pgcount,
			unsigned int prot, gfp_t gfp, size_t *mapped)
{
	unsigned int leaf = (ilog2(pgsize) - SWIOMMU_PAGE_SHIFT) / LEVEL_BITS;
	struct spare spare = {};
	unsigned int missing;
	u64 bits = 0;
	int n = 0;

	if (prot & SWIOMMU_READ)
		bits |= SWIOMMU_PTE_READ;
	if (prot & SWIOMMU_WRITE)
		bits |= SWIOMMU_PTE_WRITE;
	if (prot & SWIOMMU_SNOOP)
		bits |= SWIOMMU_PTE_SNOOP;
	if (leaf)
		bits |= SWIOMMU_PTE_LARGE;

	*mapped = 0;
	while (pgcount) {
		n = map_in_table(pgtable, iova, paddr | bits, pgsize, pgcount, leaf, &spare,
				 &missing);
		if (n == -EAGAIN && spare_fill(&spare, missing, gfp))
			continue;
		if (n < 0)
			break;
		iova += n * (u64)pgsize;
		paddr += n * (u64)pgsize;
		*mapped += n * pgsize;
		pgcount -= n;
	}
	spare_free(&spare);
	if (n == -EAGAIN)
		return -ENOMEM;
	return min(n, 0);
}

/**
 * struct removed - tables that map nothing
 * @tables: not linked any more, and not seen by walks that begin from now on
 * @nr: how many
 */
struct removed {
	u64 *tables[MAX_LEVELS - 1];
	unsigned int nr;
};

/* @n entries of the way's table are not present any more */
static void way_drop(struct way *way, struct swiommu_pgtable *pgtable, unsigned int n,
		     struct removed *removed)
{
	unsigned int level;

	lockdep_assert_held(&pgtable->lock);
	for (level = way->level; level < pgtable->levels - 1; level++) {
		u64 *entry = way->entries[level];
		u64 pte = READ_ONCE(*entry);

		if (count_of(pte) > n) {
			add_count(entry, -n);
			return;
		}
		WRITE_ONCE(*entry, 0);
		removed->tables[removed->nr++] = table_of(pte);
		n = 1;
	}
}

static void removed_free(struct removed *removed, struct swiommu *iommu)
{
	if (!removed->nr)
		return;
	/* No walk is in them from here on */
	spin_lock(&iommu->lock);
	spin_unlock(&iommu->lock);
	while (removed->nr)
		free_table(removed->tables[--removed->nr]);
}

/* Return: where unmapping goes on in the next table, or @iova if nothing is mapped there */
static u64 unmap_in_table(struct swiommu_pgtable *pgtable, u64 iova, u64 last,
			  struct removed *removed)
{
	unsigned int n = 0;
	struct way way;
	u64 *entry, *end;
	u64 size, pte;

	spin_lock(&pgtable->lock);
	entry = way_descend(&way, pgtable, iova, 0);
	end = way.table + ENTRIES;
	size = 1ULL << level_shift(way.level);
	for (; entry < end && iova <= last; entry++, n++) {
		pte = READ_ONCE(*entry);
		if (!is_present(pte) || !is_leaf(pte, way.level))
			break;
		WRITE_ONCE(*entry, 0);
		iova = ALIGN_DOWN(iova, size) + size;
	}
	if (n)
		way_drop(&way, pgtable, n, removed);
	spin_unlock(&pgtable->lock);
	return iova;
}

/**
 * swiommu_pgtable_unmap() - unmap pages
 * @pgtable: the page table
 * @iova: first address
 * @pgsize: size of a page, one that the table has
 * @pgcount: how many
 * @iommu: the IOMMU whose devices walk the table
 *
 * Of a page that is larger all is unmapped. What is not mapped is an end. Tables by which
 * nothing is mapped are freed.
 *
 * Return: bytes unmapped, counted from @iova.
 */
size_t swiommu_pgtable_unmap(struct swiommu_pgtable *pgtable, u64 iova,
			     size_t pgsize, size_t pgcount, struct swiommu *iommu)
{
	u64 start = iova, last = iova + ((u64)pgsize * pgcount - 1), next;
	struct removed removed = {};

	while (iova <= last) {
		next = unmap_in_table(pgtable, iova, last, &removed);
		removed_free(&removed, iommu);
		if (next == iova)
			break;
		iova = next;
	}
	return iova - start;
}

/**
 * swiommu_pgtable_walk() - what is mapped at an address
 * @pgtable: the page table
 * @iova: the address, within its width
 * @phys: out: the physical address
 * @prot: out: SWIOMMU_*
 *
 * Context: swiommu.lock is held, or the page table's: what is walked stays.
 * Return: is anything?
 */
bool swiommu_pgtable_walk(struct swiommu_pgtable *pgtable, u64 iova,
			  phys_addr_t *phys, unsigned int *prot)
{
	unsigned int level = pgtable->levels - 1;
	u64 *table = pgtable->root;
	u64 pte, mask;

	for (;; level--) {
		pte = READ_ONCE(table[entry_index(iova, level)]);
		if (!is_present(pte))
			return false;
		if (is_leaf(pte, level))
			break;
		table = table_of(pte);
	}
	mask = (1ULL << level_shift(level)) - 1;
	*phys = (pte & SWIOMMU_PTE_ADDR & ~mask) | (iova & mask);
	*prot = 0;
	if (pte & SWIOMMU_PTE_READ)
		*prot |= SWIOMMU_READ;
	if (pte & SWIOMMU_PTE_WRITE)
		*prot |= SWIOMMU_WRITE;
	if (pte & SWIOMMU_PTE_SNOOP)
		*prot |= SWIOMMU_SNOOP;
	return true;
}
