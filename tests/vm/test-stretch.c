// SPDX-License-Identifier: GPL-2.0-only
/*
 * No call works for long without a chance to reschedule, however much there is to do.
 *
 * In a machine of its own, which counts instructions for its clock: one a nanosecond.
 * What is looked at does not depend on how fast the host is, and is the same each time.
 * The kernel yields where it is told to, and nowhere else. It clears nothing that it
 * allocates: of that each byte would be counted as an instruction.
 *
 * machine: -icount shift=0,sleep=off -smp 1 -m 4G
 * kernel parameters: preempt=none init_on_alloc=0 hugepagesz=1G hugepages=1
 */
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "mediated.h"
#include "memory.h"
#include "run.h"
#include "stretch.h"

static unsigned long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000UL + now.tv_nsec;
}

/* What the clock counts: an instruction is no less than a nanosecond, and not much more */
START_TEST(the_clock_counts_instructions)
{
	unsigned long before = nanoseconds(), n = 5000000, took;

	while (--n)
		__asm__ volatile ("" : "+r" (n));
	took = nanoseconds() - before;
	printf("# 10000000 instructions take %lu ns\n", took);
	fflush(stdout);
	EXPECT_GE(took, 9900000);
	EXPECT_LE(took, 25000000);
}
END_TEST

static char *some_memory(void)
{
	return memory(64 * PAGE, CANARY);
}

static struct attached many_attached(unsigned int pages)
{
	struct attached a = attached();

	map_many(a.fd, a.ioas, some_memory(), 4 * GIB, MANY, pages);
	return a;
}

START_TEST(unmapping_many_mappings)
{
	struct attached a = many_attached(1);

	SHORT(ioas_unmap_all(a.fd, a.ioas, NULL));
}
END_TEST

START_TEST(unmapping_many_mappings_of_two_pages)
{
	struct attached a = many_attached(2);

	SHORT(ioas_unmap_all(a.fd, a.ioas, NULL));
}
END_TEST

START_TEST(unmapping_arrays)
{
	static struct ioasid_unmap_range ranges[64 * 1024];
	struct attached a = attached();
	unsigned int i;

	map_many(a.fd, a.ioas, some_memory(), 4 * GIB, 64 * 1024, 1);
	for (i = 0; i < 64 * 1024; i++)
		ranges[i] = (struct ioasid_unmap_range) {
			.iova = 4 * GIB + i * 2 * PAGE, .length = PAGE,
		};
	SHORT(ioas_unmap_array(a.fd, a.ioas, ranges, 64 * 1024, NULL, NULL));
}
END_TEST

START_TEST(detaching_many_mappings_and_attaching_again)
{
	struct attached a = many_attached(1);

	SHORT(dev_detach(a.dev.fd, a.fd));
	SHORT(dev_attach(a.dev.fd, a.fd, a.ioas));
	dev_unmap_bar(&a.dev);
	SHORT(close(a.dev.fd));
	SHORT(close(a.fd));
}
END_TEST

START_TEST(many_mappings_that_are_not_attached)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);

	map_many(fd, ioas, some_memory(), 4 * GIB, MANY, 1);
	SHORT(ioas_unmap_all(fd, ioas, NULL));
	map_many(fd, ioas, some_memory(), 4 * GIB, MANY, 1);
	SHORT(ioas_free(fd, ioas));
	ioas = new_ioas(fd);
	map_many(fd, ioas, some_memory(), 4 * GIB, MANY, 1);
	SHORT(close(fd));
}
END_TEST

/* A page of 1 GiB, many times in a row */
static char *long_memory(unsigned int nr)
{
	int file = EXPECT_OK(memfd_create("long", MFD_HUGETLB | MFD_HUGE_1GB));
	char *mem = mmap(NULL, (nr + 1) * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	EXPECT_NE((long)mem, -1);
	mem = (char *)(((uintptr_t)mem + GIB - 1) / GIB * GIB);
	EXPECT_OK(ftruncate(file, GIB));
	for (i = 0; i < nr; i++) {
		EXPECT_OK((long)mmap(mem + i * GIB, GIB, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_FIXED, file, 0));
		mem[i * GIB] = 1;
	}
	close(file);
	return mem;
}

static void expect_long_is_short(__u64 iova)
{
	struct attached a = attached();
	char *mem = long_memory(64);

	SHORT(ioas_map(a.fd, a.ioas, mem, iova, 64 * GIB, RW));
	SHORT(ioas_unmap(a.fd, a.ioas, iova, 64 * GIB, NULL));
	SHORT(ioas_map(a.fd, a.ioas, mem, iova, 64 * GIB, RW));
	/* The kernel looks at a table for each GiB in one piece as it frees the domain */
	SHORTER(dev_detach(a.dev.fd, a.fd), 2 * MOST_WORK);
	EXPECT_OK(munmap(mem, 64 * GIB));
}

START_TEST(a_long_mapping_in_large_pages)
{
	expect_long_is_short(64 * GIB);
}
END_TEST

START_TEST(a_long_mapping_in_small_pages)
{
	expect_long_is_short(64 * GIB + PAGE);
}
END_TEST

/* IOMMU_IOAS_COPY as in linux/iommufd.h, which not every release has */
struct copy {
	__u32 size, flags, dst, src;
	__aligned_u64 length, dst_iova, src_iova;
};

static int copy(int fd, __u32 dst, __u32 src, __u64 iova, __u64 length)
{
	/* readable, writable, at this address */
	struct copy arg = { sizeof(arg), 7, dst, src, length, iova, iova };

	return ioctl(fd, _IO(';', 0x83), &arg);
}

START_TEST(copies_of_many_mappings)
{
	const unsigned int nr = 200000;
	struct attached a = attached();
	__u32 other = new_ioas(a.fd);
	struct dev dev;

	map_many(a.fd, a.ioas, some_memory(), 4 * GIB, nr, 2);
	SHORT(copy(a.fd, other, a.ioas, 4 * GIB, nr * 2 * PAGE));
	SHORT(ioas_unmap_all(a.fd, other, NULL));
	dev_start(&dev, TESTDEV_1, a.fd);
	EXPECT_OK(dev_attach(dev.fd, a.fd, other));
	SHORT(copy(a.fd, other, a.ioas, 4 * GIB, nr * 2 * PAGE));
	EXPECT_OK(ioas_unmap(a.fd, other, 4 * GIB, 2 * PAGE, NULL));
	stretch_watch();
	/* all but the first are there: it ends with what it finds last */
	EXPECT_ERRNO(copy(a.fd, other, a.ioas, 4 * GIB, nr * 2 * PAGE), EEXIST);
	stretch_expect("a copy that fails", MOST_WORK);
}
END_TEST

/* What drivers of mediated devices do in many mappings, and hold of them */
START_TEST(drivers_and_many_mappings)
{
	const __u64 length = 200000 * 2 * PAGE;
	struct mediated m = mediated();
	struct dev dev;
	__u64 id;

	map_many(m.fd, m.ioas, some_memory(), 4 * GIB, 200000, 2);
	SHORT(m_translate(m.dev, m.fd, 4 * GIB, length));
	SHORT(m_pin(m.dev, m.fd, 4 * GIB, length, NULL, &id));
	dev_start(&dev, TESTDEV_0, m.fd);
	SHORT(dev_attach(dev.fd, m.fd, m.ioas));
	SHORT(dev_detach(dev.fd, m.fd));
	SHORT(m_unpin(m.dev, m.fd, id));
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	SHORT(m_pin(m.dev, m.fd, 4 * GIB, length, NULL, &id));
	SHORT(ioas_unmap_all(m.fd, m.ioas, NULL));
}
END_TEST

/* One mapping of which all pages are held */
START_TEST(drivers_and_a_long_mapping)
{
	struct mediated m = mediated();
	char *mem = long_memory(1);
	struct dev dev;
	__u64 id;

	EXPECT_OK(ioas_map(m.fd, m.ioas, mem, 4 * GIB, GIB, RW));
	SHORT(m_pin(m.dev, m.fd, 4 * GIB, GIB, NULL, &id));
	dev_start(&dev, TESTDEV_0, m.fd);
	SHORT(dev_attach(dev.fd, m.fd, m.ioas));
	SHORT(dev_detach(dev.fd, m.fd));
	SHORT(m_unpin(m.dev, m.fd, id));
	SHORT(ioas_unmap_all(m.fd, m.ioas, NULL));
	EXPECT_OK(munmap(mem, GIB));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		the_clock_counts_instructions,
		unmapping_many_mappings,
		unmapping_many_mappings_of_two_pages,
		unmapping_arrays,
		detaching_many_mappings_and_attaching_again,
		many_mappings_that_are_not_attached,
		a_long_mapping_in_large_pages,
		a_long_mapping_in_small_pages,
		copies_of_many_mappings,
		drivers_and_many_mappings,
		drivers_and_a_long_mapping,
		NULL,
	};

	if (!stretch_is_seen())
		return 0;
	return run_program(argc, argv, "stretch", tests, RUN_MEDIATED | RUN_SLOW);
}
