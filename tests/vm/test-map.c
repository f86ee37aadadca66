// SPDX-License-Identifier: GPL-2.0-only
/* Mapping: what is accepted, and what is refused with nothing changed. */
#include <fcntl.h>
#include <sys/mman.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

/* The tests of arguments run on an address space with and without a device */
static void expect_bad_ranges_refused(int fd, __u32 ioas)
{
	static const struct {
		__u64 vaddr_offset, iova, length;
		const char *what;
	} bad[] = {
		{ 0, IOVA, 0, "length 0" },
		{ 1, IOVA, PAGE, "unaligned vaddr" },
		{ 2048, IOVA, PAGE, "unaligned vaddr" },
		{ 0, IOVA + 1, PAGE, "unaligned IOVA" },
		{ 0, IOVA + 2048, PAGE, "unaligned IOVA" },
		{ 0, IOVA, 1, "unaligned length" },
		{ 0, IOVA, PAGE + 1, "unaligned length" },
		{ 0, IOVA, PAGE - 1, "unaligned length" },
		{ 0, -PAGE, 2 * PAGE, "IOVA wraps" },
		{ 0, -PAGE, -PAGE, "IOVA wraps far" },
		{ 0, IOVA, -PAGE, "IOVA wraps by length" },
	};
	char *p = memory(2 * PAGE, CANARY);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_ERRNO_IN(ioas_map(fd, ioas, p + bad[i].vaddr_offset, bad[i].iova,
					 bad[i].length, RW), EINVAL, "%s", bad[i].what);
	/* a vaddr that wraps */
	EXPECT_ERRNO(ioas_map(fd, ioas, (void *)-PAGE, IOVA, 2 * PAGE, RW), EINVAL);
	EXPECT_ERRNO(ioas_map(fd, ioas, p, IOVA, PAGE, 0), EINVAL);
	EXPECT_ERRNO(ioas_map(fd, ioas, p, IOVA, PAGE, 4), EINVAL);
	EXPECT_ERRNO(ioas_map(fd, ioas, p, IOVA, PAGE, RW | 1U << 31), EINVAL);
	EXPECT_ERRNO(ioas_map(fd, 0, p, IOVA, PAGE, RW), ENOENT);
	EXPECT_ERRNO(ioas_map(fd, ioas + 1, p, IOVA, PAGE, RW), ENOENT);
	EXPECT_EQ(mapped_bytes(fd, ioas), 0);
	EXPECT_EQ(pinned_bytes(fd, ioas), 0);
}

START_TEST(map_of_bad_ranges_is_einval_without_device)
{
	int fd = EXPECT_OK(iommu_open());

	expect_bad_ranges_refused(fd, new_ioas(fd));
}
END_TEST

START_TEST(map_of_bad_ranges_is_einval_with_device)
{
	struct attached a = attached();

	expect_bad_ranges_refused(a.fd, a.ioas);
}
END_TEST

static void expect_overlaps_refused(int fd, __u32 ioas)
{
	char *p = memory(16 * PAGE, CANARY);
	__u64 pinned;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA + 4 * PAGE, 4 * PAGE, RW));
	pinned = pinned_bytes(fd, ioas);
	/* the same, inside, over the start, over the end, around */
	EXPECT_ERRNO(ioas_map(fd, ioas, p, IOVA + 4 * PAGE, 4 * PAGE, RW), EEXIST);
	EXPECT_ERRNO(ioas_map(fd, ioas, p, IOVA + 5 * PAGE, PAGE, RW), EEXIST);
	EXPECT_ERRNO(ioas_map(fd, ioas, p, IOVA + 3 * PAGE, 2 * PAGE, RW), EEXIST);
	EXPECT_ERRNO(ioas_map(fd, ioas, p, IOVA + 7 * PAGE, 2 * PAGE, RW), EEXIST);
	EXPECT_ERRNO(ioas_map(fd, ioas, p, IOVA, 16 * PAGE, RW), EEXIST);
	EXPECT_EQ(mapped_bytes(fd, ioas), 4 * PAGE);
	EXPECT_EQ(pinned_bytes(fd, ioas), pinned);
	/* right before and right after */
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA + 3 * PAGE, PAGE, RW));
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA + 8 * PAGE, PAGE, RW));
	EXPECT_EQ(mapped_bytes(fd, ioas), 6 * PAGE);
}

START_TEST(map_overlap_is_eexist_without_device)
{
	int fd = EXPECT_OK(iommu_open());

	expect_overlaps_refused(fd, new_ioas(fd));
}
END_TEST

START_TEST(map_overlap_is_eexist_with_device)
{
	struct attached a = attached();

	expect_overlaps_refused(a.fd, a.ioas);
}
END_TEST

START_TEST(map_overlap_leaves_the_old_memory_mapped)
{
	struct attached a = attached();
	char *p = memory(PAGE, CANARY), *q = memory(PAGE, CANARY);

	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA, PAGE, RW));
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, q, IOVA, PAGE, RW), EEXIST);
	EXPECT_EQ(testdev_write(&a.dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
	expect_pattern(p, PAGE);
	expect_filled(q, CANARY, PAGE);
}
END_TEST

START_TEST(map_of_huge_lengths_without_memory_is_efault)
{
	struct attached a = attached();
	void *reserve;

	/* lengths of which nobody has the memory: fails soon, pins nothing */
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, (void *)(1UL << 46), 0x100000000UL, 16 * GIB, RW),
		     EFAULT);
	reserve = mmap(NULL, 1024 * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);
	EXPECT_NE((long)reserve, -1);
	/* 1 TiB: EINVAL where the address space has no room for it */
	EXPECT_TRUE(ioas_map(a.fd, a.ioas, reserve, 0x100000000UL, 1024 * GIB, RW) == -1 &&
		    (errno == EFAULT || errno == EINVAL));
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), 0);
	EXPECT_OK(munmap(reserve, 1024 * GIB));
}
END_TEST

START_TEST(map_of_1_tib_without_device_is_free_and_attach_fails)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	__u64 size = 1024 * GIB, unmapped;
	struct dev dev;
	void *reserve;

	reserve = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	EXPECT_NE((long)reserve, -1);
	/* 39 bits are 512 GiB: let the address space be wider than the device's */
	EXPECT_OK(ioas_map(fd, ioas, reserve, 1024 * GIB, size, RW));
	EXPECT_EQ(mapped_bytes(fd, ioas), size);
	EXPECT_EQ(pinned_bytes(fd, ioas), 0);
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_TRUE(dev_attach(dev.fd, fd, ioas) == -1 && (errno == EFAULT || errno == EINVAL));
	EXPECT_EQ(nr_attachments(fd, ioas), 0);
	EXPECT_EQ(mapped_bytes(fd, ioas), size);
	EXPECT_EQ(pinned_bytes(fd, ioas), 0);
	EXPECT_OK(ioas_unmap(fd, ioas, 1024 * GIB, size, &unmapped));
	EXPECT_EQ(unmapped, size);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
}
END_TEST

START_TEST(map_of_enormous_length_is_refused)
{
	struct attached a = attached();
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);

	/* up to the end of the address space: no user has such a vaddr */
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, (void *)PAGE, 0, -PAGE, RW), EINVAL);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, (void *)PAGE, PAGE, -2 * PAGE, RW), EINVAL);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
	/* without a device the memory is not looked at, so it may be accepted:
	 * then it must be counted and can be unmapped
	 */
	if (!ioas_map(fd, ioas, (void *)PAGE, PAGE, -2 * PAGE, RW)) {
		EXPECT_EQ(mapped_bytes(fd, ioas), -2 * PAGE);
		EXPECT_ERRNO(ioas_map(fd, ioas, (void *)PAGE, IOVA, PAGE, RW), EEXIST);
		EXPECT_ERRNO(dev_attach(a.dev.fd, a.fd, ioas + 1000), ENOENT);
		EXPECT_OK(ioas_unmap_all(fd, ioas, NULL));
	} else {
		EXPECT_TRUE(errno == EINVAL || errno == EFAULT);
	}
	EXPECT_EQ(mapped_bytes(fd, ioas), 0);
}
END_TEST

START_TEST(map_of_unreadable_memory_is_efault)
{
	struct attached a = attached();
	char *p = memory(4 * PAGE, CANARY);

	EXPECT_OK(mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p + 2 * PAGE, IOVA, PAGE, IOASID_MAP_READ), EFAULT);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA, 4 * PAGE, IOASID_MAP_READ), EFAULT);
	EXPECT_OK(munmap(p + 2 * PAGE, PAGE));
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p + 2 * PAGE, IOVA, PAGE, RW), EFAULT);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA, 4 * PAGE, RW), EFAULT);
	/* the null page, and the kernel's half */
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, NULL, IOVA, PAGE, RW), EFAULT);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, (void *)0xffff888000000000UL, IOVA, PAGE, RW),
		     EFAULT);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), 0);
	/* nothing of a failed one can be reached */
	EXPECT_EQ(testdev_write(&a.dev, IOVA, 64, 0), DMA_BLOCKED);
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA, 2 * PAGE, RW));
}
END_TEST

START_TEST(map_of_read_only_memory_for_write_is_efault)
{
	struct attached a = attached();
	char *p = memory(PAGE, CANARY);

	EXPECT_OK(mprotect(p, PAGE, PROT_READ));
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA, PAGE, RW), EFAULT);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA, PAGE, IOASID_MAP_WRITE), EFAULT);
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA, PAGE, IOASID_MAP_READ));
	EXPECT_EQ(testdev_write(&a.dev, IOVA, 64, 0), DMA_BLOCKED);
	expect_filled(p, CANARY, PAGE);
}
END_TEST

START_TEST(map_of_a_read_only_file_for_write_is_efault)
{
	struct attached a = attached();
	int file = EXPECT_OK(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);

	EXPECT_NE((long)p, -1);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA, PAGE, RW), EFAULT);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
}
END_TEST

START_TEST(map_of_device_memory_is_efault)
{
	struct attached a = attached();
	struct dev other;

	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, (void *)a.dev.bar, IOVA, PAGE, RW), EFAULT);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, (void *)a.dev.bar, IOVA, PAGE, IOASID_MAP_READ),
		     EFAULT);
	dev_start(&other, EDU_0, a.fd);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, (void *)other.bar, IOVA, 16 * PAGE, RW), EFAULT);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), 0);
}
END_TEST

START_TEST(map_outside_the_permitted_ranges_is_einval)
{
	struct attached a = attached();
	char *p = memory(2 * PAGE, CANARY);
	struct ioasid_range ranges[64];
	__u32 i, n = permitted_ranges(a.fd, a.ioas, ranges, 64);

	EXPECT_GE(n, 1);
	for (i = 0; i < n; i++) {
		if (ranges[i].start) {
			EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, ranges[i].start - PAGE, PAGE, RW),
				     EINVAL);
			EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, ranges[i].start - PAGE, 2 * PAGE,
					      RW), EINVAL);
		}
		if (ranges[i].last != ~0ULL) {
			EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, ranges[i].last + 1, PAGE, RW),
				     EINVAL);
			EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, ranges[i].last + 1 - PAGE,
					      2 * PAGE, RW), EINVAL);
		}
	}
	/* where devices write their interrupts */
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, WINDOW, PAGE, RW), EINVAL);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, WINDOW + MIB - PAGE, PAGE, RW), EINVAL);
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, WINDOW - PAGE, PAGE, RW));
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, WINDOW + MIB, PAGE, RW));
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 2 * PAGE);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		map_of_bad_ranges_is_einval_without_device,
		map_of_bad_ranges_is_einval_with_device,
		map_overlap_is_eexist_without_device,
		map_overlap_is_eexist_with_device,
		map_overlap_leaves_the_old_memory_mapped,
		map_of_huge_lengths_without_memory_is_efault,
		map_of_1_tib_without_device_is_free_and_attach_fails,
		map_of_enormous_length_is_refused,
		map_of_unreadable_memory_is_efault,
		map_of_read_only_memory_for_write_is_efault,
		map_of_a_read_only_file_for_write_is_efault,
		map_of_device_memory_is_efault,
		map_outside_the_permitted_ranges_is_einval,
		NULL,
	};

	return run_program(argc, argv, "map", tests, RUN_DEVICES);
}
