// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arena.h"
#include "chance.h"
#include "dma.h"
#include "memory.h"
#include "process.h"

#define HUGE		(2 * MIB)
#define HUGE_PAGES	(HUGE / PAGE)

/* In this order: see arena.h. A huge page begins where HUGE divides the place */
#define SINGLE		0
#define NR_SINGLE	384U
#define AS_GIVEN	NR_SINGLE
#define NR_AS_GIVEN	128U
#define HUGES		512U
#define NR_HUGES	(2 * HUGE_PAGES)
#define RUNS		(HUGES + NR_HUGES)

/* Lengths of runs, around 16 and 64 in particular. They make up a huge page */
static const unsigned char runs[] = {
	17, 1, 16, 2, 15, 33, 1, 1, 64, 18, 63, 31, 7, 130, 32, 65, 16,
};

static void *reserve(size_t size, int prot)
{
	void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	EXPECT_TRUE(p != MAP_FAILED);
	/* a copy of it in a child would cost the parent its huge pages */
	EXPECT_OK(madvise(p, size, MADV_DONTFORK));
	return p;
}

static void edge(struct arena *a, unsigned int page)
{
	EXPECT_LE(a->nr_edges, ARENA_MAX_EDGES - 1);
	a->edges[a->nr_edges++] = page;
}

/* Ready to be touched */
static unsigned char *open_up(struct arena *a, unsigned int page, unsigned int nr, int advice)
{
	unsigned char *p = a->mem + page * PAGE;

	EXPECT_OK(mprotect(p, nr * PAGE, PROT_READ | PROT_WRITE));
	/* EINVAL where the kernel has no huge pages */
	madvise(p, nr * PAGE, advice);
	return p;
}

static void make_single(struct arena *a)
{
	unsigned char *p = open_up(a, SINGLE, NR_SINGLE, MADV_NOHUGEPAGE);
	unsigned int i;

	/* 197 and 384 have no divisor in common: every page, far from the one
	 * that was given before
	 */
	for (i = 0; i < NR_SINGLE; i++)
		p[i * 197 % NR_SINGLE * PAGE] = 1;
	edge(a, SINGLE);
}

static void make_as_given(struct arena *a)
{
	unsigned char *p = open_up(a, AS_GIVEN, NR_AS_GIVEN, MADV_NOHUGEPAGE);
	unsigned int i;

	for (i = 0; i < NR_AS_GIVEN; i++)
		p[i * PAGE] = 1;
	edge(a, AS_GIVEN);
}

static void expect_contiguous(const unsigned char *p, unsigned int pages)
{
	EXPECT_EQ(phys_of(p + (pages - 1) * PAGE), phys_of(p) + (pages - 1) * PAGE);
}

static void make_huge(struct arena *a)
{
	unsigned char *p = open_up(a, HUGES, NR_HUGES, MADV_HUGEPAGE);
	unsigned int i;

	for (i = 0; i < NR_HUGES; i += HUGE_PAGES) {
		p[i * PAGE] = 1;
		edge(a, HUGES + i);
	}
}

/* A huge page cut in pieces, which go to their places in another order */
static void make_runs(struct arena *a)
{
	unsigned char *from = huge_memory(HUGE, 1), *to = a->mem + RUNS * PAGE;
	unsigned int nr = sizeof(runs), i, j, place[sizeof(runs)], sum;

	EXPECT_TRUE(from);
	for (i = 0, sum = 0; i < nr; sum += runs[i++])
		place[i] = sum;
	EXPECT_EQ(sum, HUGE_PAGES);
	for (i = 0, sum = 0; i < nr; i++) {
		/* 5 and 17 have no divisor in common */
		j = i * 5 % nr;
		EXPECT_TRUE(mremap(from + place[j] * PAGE, runs[j] * PAGE, runs[j] * PAGE,
				   MREMAP_MAYMOVE | MREMAP_FIXED, to + sum * PAGE) != MAP_FAILED);
		edge(a, RUNS + sum);
		sum += runs[j];
	}
	/* not to become a huge page again */
	madvise(to, HUGE, MADV_NOHUGEPAGE);
	EXPECT_OK(madvise(to, HUGE, MADV_DONTFORK));
	for (i = 0, sum = 0; i < nr; sum += runs[i++ * 5 % nr])
		expect_contiguous(to + sum * PAGE, runs[i * 5 % nr]);
}

void arena_make(struct arena *a)
{
	unsigned char *p;

	memset(a, 0, sizeof(*a));
	a->pages = RUNS + HUGE_PAGES;
	/* nothing before and behind, for as long as this process lives */
	p = reserve((a->pages + 2 * HUGE_PAGES) * PAGE, PROT_NONE);
	a->mem = (unsigned char *)(((uintptr_t)p + HUGE) & ~(HUGE - 1));
	a->copy = reserve(a->pages * PAGE, PROT_READ | PROT_WRITE);
	make_single(a);
	make_as_given(a);
	make_huge(a);
	make_runs(a);
	edge(a, a->pages);
	arena_fill(a, 0, a->pages * PAGE);
	expect_contiguous(a->mem + HUGES * PAGE, HUGE_PAGES);
}

void arena_make_shared(struct arena *a, unsigned int pages)
{
	unsigned int i;

	memset(a, 0, sizeof(*a));
	a->pages = pages;
	a->mem = shared_memory(pages * PAGE);
	a->copy = shared_memory(pages * PAGE);
	for (i = 0; i < 16; i++)
		edge(a, pages / 16 * i);
	edge(a, pages);
	arena_fill(a, 0, pages * PAGE);
}

/* In pieces for which the C library has no use for "rep movs", which is slow
 * under emulation
 */
static void copy(unsigned char *to, const unsigned char *from, size_t size)
{
	size_t n;

	for (; size; to += n, from += n, size -= n) {
		n = size < 1024 ? size : 1024;
		memcpy(to, from, n);
	}
}

/* The first page of it again and again */
static void repeat(unsigned char *p, size_t size)
{
	size_t i;

	for (i = PAGE; i < size; i += PAGE)
		copy(p + i, p, size - i < PAGE ? size - i : PAGE);
}

/* Bytes with their highest bit set, which TESTDEV_PATTERN has not */
void arena_fill(struct arena *a, size_t at, size_t size)
{
	__u64 fill = chance_draw() | 0x8080808080808080ULL;
	size_t i;

	for (i = 0; i < size && i < PAGE; i++)
		a->copy[at + i] = fill >> (i % 7 * 8);
	repeat(a->copy + at, size);
	copy(a->mem + at, a->copy + at, size);
}

static unsigned char pattern(unsigned int i)
{
	return TESTDEV_PATTERN >> (i % 4 * 8);
}

void arena_written(struct arena *a, size_t at, size_t size, unsigned int phase)
{
	size_t i;

	for (i = 0; i < size && i < PAGE; i++)
		a->copy[at + i] = pattern(i + phase);
	repeat(a->copy + at, size);
}

void arena_maybe_written(struct arena *a, size_t at, size_t size, unsigned int phase)
{
	const volatile unsigned char *mem = a->mem;
	size_t i, n;

	for (; size; at += n, size -= n) {
		n = size < PAGE ? size : PAGE;
		if (!memcmp(a->mem + at, a->copy + at, n))
			continue;
		/* n is a multiple of 4 as long as it is not the last */
		for (i = 0; i < n; i++)
			if (mem[at + i] == pattern(i + phase))
				a->copy[at + i] = mem[at + i];
	}
}

void arena_check(struct arena *a, size_t at, size_t size)
{
	size_t start = at / PAGE * PAGE, end = (at + size + PAGE - 1) / PAGE * PAGE;
	const volatile unsigned char *mem = a->mem;
	size_t i, n;

	start -= start ? PAGE : 0;
	end += end < a->pages * PAGE ? PAGE : 0;
	if (!memcmp(a->mem + start, a->copy + start, end - start))
		return;
	for (i = start; i < end && mem[i] == a->copy[i]; i++)
		;
	for (n = 0; i + n < end && mem[i + n] != a->copy[i + n]; n++)
		;
	CHANCE_FAIL("%#zx bytes from byte %#zx of page %zu on are wrong: %#x, expected %#x",
		    n, i % PAGE, i / PAGE, mem[i], a->copy[i]);
}

void arena_check_all(struct arena *a)
{
	arena_check(a, 0, a->pages * PAGE);
}
