// SPDX-License-Identifier: GPL-2.0-only
/*
 * When unmap returns no device can reach the memory any more, though its
 * IOMMU had the translation cached.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "chance.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"
#include "stripe.h"

/* The IOTLB holds the translation when it is taken away */
static void blocked_after_unmap(char *p, size_t size, int rounds)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	__u64 unmapped;
	struct dev dev;
	size_t at;

	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	while (rounds--) {
		EXPECT_OK(ioas_map(fd, ioas, p, 64 * MIB, size, RW));
		memset(p, CANARY, size);
		for (at = 0; at < size; at += size < 2 * MIB ? PAGE : 64 * PAGE) {
			EXPECT_EQ(testdev_write(&dev, 64 * MIB + at, 64, phys_of(p + at)),
				  DMA_DONE);
			expect_pattern(p + at, 64);
		}
		EXPECT_OK(ioas_unmap(fd, ioas, 64 * MIB, size, &unmapped));
		EXPECT_EQ(unmapped, size);
		memset(p, CANARY, size);
		for (at = 0; at < size; at += size < 2 * MIB ? PAGE : 64 * PAGE)
			EXPECT_EQ(testdev_write(&dev, 64 * MIB + at, 64, 0), DMA_BLOCKED);
		expect_filled(p, CANARY, size);
	}
}

START_TEST(dma_is_blocked_after_unmap_of_a_page_just_used)
{
	blocked_after_unmap(memory(PAGE, CANARY), PAGE, 50);
}
END_TEST

START_TEST(dma_is_blocked_after_unmap_of_16_pages_just_used)
{
	blocked_after_unmap(memory(16 * PAGE, CANARY), 16 * PAGE, 10);
}
END_TEST

START_TEST(dma_is_blocked_after_unmap_of_small_pages_of_2_mib)
{
	blocked_after_unmap(memory(2 * MIB, CANARY), 2 * MIB, 3);
}
END_TEST

START_TEST(dma_is_blocked_after_unmap_of_a_huge_page_just_used)
{
	char *p = huge_memory(2 * MIB, CANARY);

	EXPECT_TRUE(p);
	blocked_after_unmap(p, 2 * MIB, 5);
}
END_TEST

/* Hardware flushes powers of two of pages, at their own multiples */
START_TEST(dma_is_blocked_after_unmap_of_just_used_pages_wherever_they_lie)
{
	char *p = memory(9 * PAGE, CANARY);
	struct attached at = attached();
	unsigned int offset, count, i;

	for (offset = 0; offset < 8; offset++) {
		for (count = 1; count <= 9; count++) {
			__u64 iova = IOVA + offset * PAGE;

			EXPECT_OK(ioas_map(at.fd, at.ioas, p, iova, count * PAGE, RW));
			for (i = 0; i < count; i++)
				EXPECT_EQ(testdev_write(&at.dev, iova + i * PAGE, 64, 0), DMA_DONE);
			EXPECT_OK(ioas_unmap(at.fd, at.ioas, iova, count * PAGE, NULL));
			memset(p, CANARY, 9 * PAGE);
			for (i = 0; i < count; i++)
				EXPECT_EQ(testdev_write(&at.dev, iova + i * PAGE, 64, 0), DMA_BLOCKED);
			expect_filled(p, CANARY, 9 * PAGE);
		}
	}
}
END_TEST

START_TEST(dma_is_blocked_after_unmap_with_many_mappings)
{
	int fd = EXPECT_OK(iommu_open()), i;
	char *p = memory(64 * PAGE, CANARY);
	__u32 ioas = new_ioas(fd);
	__u64 unmapped;
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	/* scattered over 1 GiB, so that page tables come and go as well */
	for (i = 0; i < 64; i++)
		EXPECT_OK(ioas_map(fd, ioas, p + i * PAGE, GIB + i * 16 * MIB, PAGE, RW));
	for (i = 0; i < 64; i++)
		expect_dma(&dev, GIB + i * 16 * MIB, p + i * PAGE, PAGE);
	/* every second one on its own */
	for (i = 0; i < 64; i += 2)
		EXPECT_OK(ioas_unmap(fd, ioas, GIB + i * 16 * MIB, PAGE, NULL));
	for (i = 0; i < 64; i++)
		if (i % 2)
			expect_dma(&dev, GIB + i * 16 * MIB, p + i * PAGE, PAGE);
		else
			expect_blocked(&dev, GIB + i * 16 * MIB, p + i * PAGE, PAGE);
	/* and the rest at once */
	EXPECT_OK(ioas_unmap_all(fd, ioas, &unmapped));
	EXPECT_EQ(unmapped, 32 * PAGE);
	for (i = 0; i < 64; i++)
		expect_blocked(&dev, GIB + i * 16 * MIB, p + i * PAGE, PAGE);
}
END_TEST

START_TEST(dma_goes_to_the_new_memory_after_unmap_and_map)
{
	int fd = EXPECT_OK(iommu_open()), i;
	char *p = memory(2 * PAGE, CANARY);
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	for (i = 0; i < 20; i++) {
		EXPECT_OK(ioas_map(fd, ioas, p + i % 2 * PAGE, IOVA, PAGE, RW));
		memset(p, CANARY, 2 * PAGE);
		expect_dma(&dev, IOVA, p + i % 2 * PAGE, PAGE);
		expect_filled(p + !(i % 2) * PAGE, CANARY, PAGE);
		EXPECT_OK(ioas_unmap(fd, ioas, IOVA, PAGE, NULL));
	}
}
END_TEST

/* A run of the arena, and a page before and behind, with @iova in the middle */
static void blocked_after_unmap_of_run(struct stripe *s, struct dev *dev, unsigned int run,
				       __u64 iova)
{
	const struct arena *a = s->arena;
	struct mapping m = { .at = a->edges[run] - 1, .flags = RW };
	long before = pages_pinned();

	m.pages = a->edges[run + 1] + (run + 2 < a->nr_edges) - m.at;
	m.page = STRIPE_PAGES / 2 - m.pages / 2;
	s->iova = iova - STRIPE_PAGES / 2 * PAGE;
	stripe_map(s, &m, 1);
	EXPECT_EQ(pages_pinned(), before + m.pages);
	stripe_sweep(s, dev, true, m.page - 1, m.pages + 2);
	stripe_unmap_all(s);
	stripe_sweep(s, dev, true, m.page - 1, m.pages + 2);
	EXPECT_EQ(pages_pinned(), before);
}

/* New pages of the page table begin there, whatever memory is mapped */
START_TEST(dma_is_blocked_after_unmap_of_runs_across_2_mib_and_1_gib)
{
	struct stripe *s = calloc(1, sizeof(*s));
	struct attached at = attached();
	struct arena arena;
	unsigned int i;

	EXPECT_TRUE(s);
	chance_at(0, 0, 0);
	arena_make(&arena);
	stripe_init(s, &arena, at.fd, at.ioas, 0);
	for (i = 1; i + 1 < arena.nr_edges; i++) {
		chance_at(0, 0, i);
		blocked_after_unmap_of_run(s, &at.dev, i, 512 * MIB);
		blocked_after_unmap_of_run(s, &at.dev, i, GIB);
	}
}
END_TEST

#define HAMMER_PAGES	8

/* A device that writes without a pause to what is mapped again and again. Each
 * number has one writer, which only ever counts up
 */
struct hammer {
	struct dev dev;
	unsigned int rounds;
	unsigned int pages, mapping, unmapped;	/* of the thread that maps */
	unsigned int hits, blocked;		/* of the one that writes */
};

static unsigned int get(unsigned int *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void set(unsigned int *p, unsigned int value)
{
	__atomic_store_n(p, value, __ATOMIC_SEQ_CST);
}

static void *hammer(void *arg)
{
	unsigned int i, page, unmapped, times = 0;
	struct hammer *h = arg;

	for (i = 0; get(&h->blocked) < h->rounds; i++) {
		/* the last page more than the others */
		page = get(&h->pages) - 1;
		page = i % 2 ? page : i / 2 % (page + 1);
		unmapped = get(&h->unmapped);
		if (testdev_write(&h->dev, IOVA + page * PAGE, 64, 0) == DMA_DONE) {
			if (unmapped == get(&h->mapping))
				FAIL("DMA to page %u is not blocked after unmap %u", page,
				     unmapped);
			set(&h->hits, h->hits + 1);
			times = 0;
		} else if (unmapped > get(&h->blocked) && ++times > 2 * HAMMER_PAGES) {
			set(&h->blocked, unmapped);
			times = 0;
		}
	}
	return NULL;
}

START_TEST(dma_never_reaches_what_is_unmapped_while_it_goes_on)
{
	struct hammer h = { .rounds = kernel_is("debug") ? 400 : 1500, .pages = 1 };
	char *p = memory(HAMMER_PAGES * PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	unsigned int i, hits;
	pthread_t thread;

	dev_start(&h.dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(h.dev.fd, fd, ioas));
	EXPECT_EQ(pthread_create(&thread, NULL, hammer, &h), 0);
	for (i = 1; i <= h.rounds; i++) {
		size_t size = (1 + i % HAMMER_PAGES) * PAGE;

		hits = get(&h.hits);
		set(&h.pages, size / PAGE);
		set(&h.mapping, i);
		EXPECT_OK(ioas_map(fd, ioas, p, IOVA, size, RW));
		while (get(&h.hits) < hits + HAMMER_PAGES)
			usleep(10);
		EXPECT_OK(ioas_unmap(fd, ioas, IOVA, size, NULL));
		memset(p, CANARY, size);
		set(&h.unmapped, i);
		while (get(&h.blocked) < i)
			usleep(10);
		expect_filled(p, CANARY, size);
	}
	EXPECT_EQ(pthread_join(thread, NULL), 0);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		dma_is_blocked_after_unmap_of_a_page_just_used,
		dma_is_blocked_after_unmap_of_16_pages_just_used,
		dma_is_blocked_after_unmap_of_small_pages_of_2_mib,
		dma_is_blocked_after_unmap_of_a_huge_page_just_used,
		dma_is_blocked_after_unmap_of_just_used_pages_wherever_they_lie,
		dma_is_blocked_after_unmap_with_many_mappings,
		dma_goes_to_the_new_memory_after_unmap_and_map,
		dma_is_blocked_after_unmap_of_runs_across_2_mib_and_1_gib,
		dma_never_reaches_what_is_unmapped_while_it_goes_on,
		NULL,
	};

	return run_program(argc, argv, "dma_unmap", tests, RUN_DEVICES);
}
