// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables: radix trees of 512 entries a level, in pages of physical memory,
 * laid out like VT-d's second stage (specification 9.8).
 *
 * The callers of map and unmap see to it that no two work on the same addresses
 * at the same time; on different ones they do, and DMA walks all the while.
 */
#include <linux/align.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "swiommu/swiommu.h"

#define SWIOMMU_PTE_READ	BIT_ULL(0)
#define SWIOMMU_PTE_WRITE	BIT_ULL(1)
#define SWIOMMU_PTE_LARGE	BIT_ULL(7)
#define SWIOMMU_PTE_SNOOP	BIT_ULL(11)
#define SWIOMMU_PTE_ADDR	GENMASK_ULL(51, SWIOMMU_PAGE_SHIFT)

#define LEVEL_BITS	9
#define ENTRIES		(1U << LEVEL_BITS)

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

static u64 *alloc_table(gfp_t gfp)
{
	return (u64 *)get_zeroed_page(gfp);
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
	pgtable->root = alloc_table(GFP_KERNEL_ACCOUNT);
	if (!pgtable->root) {
		kfree(pgtable);
		return NULL;
	}
	kref_init(&pgtable->kref);
	pgtable->levels = levels;
	pgtable->did = did;
	return pgtable;
}

static void pgtable_release(struct kref *kref)
{
	struct swiommu_pgtable *pgtable =
		container_of(kref, struct swiommu_pgtable, kref);

	free_tables(pgtable->root, pgtable->levels - 1);
	kfree(pgtable);
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
 */
void swiommu_pgtable_put(struct swiommu_pgtable *pgtable)
{
	kref_put(&pgtable->kref, pgtable_release);
}

/* The table below an entry, made if there is none */
static u64 *lower_table(u64 *entry, gfp_t gfp)
{
	u64 pte = READ_ONCE(*entry), old;
	u64 *table;

	if (is_present(pte))
		return pte & SWIOMMU_PTE_LARGE ? ERR_PTR(-EEXIST) : table_of(pte);
	table = alloc_table(gfp);
	if (!table)
		return ERR_PTR(-ENOMEM);
	old = cmpxchg64(entry, pte, virt_to_phys(table) | SWIOMMU_PTE_READ | SWIOMMU_PTE_WRITE);
	if (old == pte)
		return table;
	/* Somebody maps something nearby */
	free_table(table);
	return table_of(old);
}

/*
 * Make an entry ready for a leaf. Tables stay when they have become empty, so one
 * may be in the way of a large page.
 */
static int clear_way(u64 *entry, unsigned int level, struct swiommu *iommu)
{
	u64 pte = READ_ONCE(*entry);
	u64 *table;

	if (!is_present(pte))
		return 0;
	if (is_leaf(pte, level))
		return -EEXIST;
	table = table_of(pte);
	if (level > 1 || memchr_inv(table, 0, ENTRIES * sizeof(*table))) {
		unsigned int i;

		for (i = 0; level > 1 && i < ENTRIES; i++)
			if (clear_way(&table[i], level - 1, iommu))
				return -EEXIST;
		if (level == 1)
			return -EEXIST;
	}
	WRITE_ONCE(*entry, 0);
	/* No walk goes through it from here on */
	spin_lock(&iommu->lock);
	spin_unlock(&iommu->lock);
	free_table(table);
	return 0;
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
 * @iommu: the IOMMU whose devices walk the table
 * @mapped: out: bytes that are mapped, on error too
 *
 * Return: 0, -EEXIST if something is mapped there, -ENOMEM.
 */
int swiommu_pgtable_map(struct swiommu_pgtable *pgtable, u64 iova,
			phys_addr_t paddr, size_t pgsize, size_t pgcount,
			unsigned int prot, gfp_t gfp, struct swiommu *iommu,
			size_t *mapped)
{
	unsigned int leaf = (ilog2(pgsize) - SWIOMMU_PAGE_SHIFT) / LEVEL_BITS;
	u64 bits = 0;

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
		unsigned int level = pgtable->levels - 1, i;
		u64 *table = pgtable->root;

		for (; level > leaf; level--) {
			table = lower_table(&table[entry_index(iova, level)], gfp);
			if (IS_ERR(table))
				return PTR_ERR(table);
		}
		for (i = entry_index(iova, leaf); pgcount && i < ENTRIES; i++) {
			int ret = clear_way(&table[i], leaf, iommu);

			if (ret)
				return ret;
			WRITE_ONCE(table[i], paddr | bits);
			iova += pgsize;
			paddr += pgsize;
			*mapped += pgsize;
			pgcount--;
		}
	}
	return 0;
}

/**
 * swiommu_pgtable_unmap() - unmap pages
 * @pgtable: the page table
 * @iova: first address
 * @pgsize: size of a page, one that the table has
 * @pgcount: how many
 *
 * Of a page that is larger all is unmapped. What is not mapped is an end.
 *
 * Return: bytes unmapped, counted from @iova.
 */
size_t swiommu_pgtable_unmap(struct swiommu_pgtable *pgtable, u64 iova,
			     size_t pgsize, size_t pgcount)
{
	u64 start = iova, size = (u64)pgsize * pgcount;

	while (iova - start < size) {
		unsigned int level = pgtable->levels - 1, i;
		u64 *table = pgtable->root;
		u64 pte;

		for (;; level--) {
			pte = READ_ONCE(table[entry_index(iova, level)]);
			if (!is_present(pte))
				return iova - start;
			if (is_leaf(pte, level))
				break;
			table = table_of(pte);
		}
		for (i = entry_index(iova, level); i < ENTRIES && iova - start < size; i++) {
			pte = READ_ONCE(table[i]);
			if (!is_present(pte) || !is_leaf(pte, level))
				break;
			WRITE_ONCE(table[i], 0);
			iova = ALIGN_DOWN(iova, 1ULL << level_shift(level)) +
			       (1ULL << level_shift(level));
		}
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
