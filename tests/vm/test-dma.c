// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device's DMA reaches, shown by the data: all that is mapped in the
 * attached address space, and nothing else.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

START_TEST(dma_write_lands_in_mapped_memory)
{
	char *p = memory(3 * PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p + PAGE, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	expect_dma(&dev, IOVA, p + PAGE, PAGE);
	expect_filled(p, CANARY, PAGE);
	expect_filled(p + 2 * PAGE, CANARY, PAGE);
}
END_TEST

START_TEST(dma_write_lands_in_memory_mapped_after_attach)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	expect_blocked(&dev, IOVA, p, PAGE);
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	expect_dma(&dev, IOVA, p, PAGE);
}
END_TEST

START_TEST(dma_reaches_every_page_of_a_large_mapping)
{
	size_t size = 64 * PAGE, at;
	char *p = memory(size, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, size, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	for (at = 0; at < size; at += PAGE) {
		EXPECT_EQ(testdev_write(&dev, IOVA + at + 16, 32, phys_of(p + at + 16)), DMA_DONE);
		expect_filled(p + at, CANARY, 16);
		expect_pattern(p + at + 16, 32);
		expect_filled(p + at + 48, CANARY, PAGE - 48);
	}
	/* and all of it in one go */
	expect_dma(&dev, IOVA, p, size);
}
END_TEST

START_TEST(dma_works_at_the_ends_of_the_permitted_ranges)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 i, n, ioas = new_ioas(fd);
	struct ioasid_range ranges[64];
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	n = permitted_ranges(fd, ioas, ranges, 64);
	EXPECT_GE(n, 1);
	for (i = 0; i < n; i++) {
		__u64 first = ranges[i].start, last = ranges[i].last - (PAGE - 1);

		EXPECT_OK(ioas_map(fd, ioas, p, first, PAGE, RW));
		expect_dma(&dev, first, p, PAGE);
		EXPECT_OK(ioas_map(fd, ioas, p, last, PAGE, RW));
		expect_dma(&dev, last, p, PAGE);
	}
}
END_TEST

START_TEST(dma_moves_data_in_both_directions)
{
	unsigned char *from = memory(PAGE, 0), *to = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;
	size_t i;

	for (i = 0; i < PAGE; i++)
		from[i] = i * 7 + (i >> 8);
	EXPECT_OK(ioas_map(fd, ioas, from, IOVA, PAGE, IOASID_MAP_READ));
	EXPECT_OK(ioas_map(fd, ioas, to, IOVA + PAGE, PAGE, RW));
	dev_start(&dev, EDU_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	edu_from_memory(&dev, IOVA, EDU_BUFFER_SIZE);
	edu_to_memory(&dev, IOVA + PAGE, EDU_BUFFER_SIZE);
	for (i = 0; i < EDU_BUFFER_SIZE; i++)
		EXPECT_EQ(to[i], from[i]);
	expect_filled(to + EDU_BUFFER_SIZE, CANARY, PAGE - EDU_BUFFER_SIZE);
}
END_TEST

START_TEST(dma_is_blocked_before_attach)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(fd, ioas, p, phys_of(p), PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	expect_blocked(&dev, IOVA, p, PAGE);
	/* pass-through would let this one in */
	expect_blocked(&dev, phys_of(p), p, PAGE);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	expect_dma(&dev, IOVA, p, PAGE);
	expect_dma(&dev, phys_of(p), p, PAGE);
}
END_TEST

START_TEST(dma_is_blocked_after_detach)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	__u64 phys = phys_of(p);
	struct dev dev;
	int i;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	for (i = 0; i < 3; i++) {
		EXPECT_OK(dev_attach(dev.fd, fd, ioas));
		expect_dma(&dev, IOVA, p, PAGE);
		EXPECT_OK(dev_detach(dev.fd, fd));
		expect_blocked(&dev, IOVA, p, PAGE);
		expect_blocked(&dev, phys, p, PAGE);
	}
}
END_TEST

START_TEST(dma_read_is_blocked_before_attach_and_after_detach)
{
	char *from = memory(PAGE, 0x11), *to = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 secret = new_ioas(fd), open = new_ioas(fd);
	__u64 phys = phys_of(from);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, secret, from, IOVA, PAGE, IOASID_MAP_READ));
	EXPECT_OK(ioas_map(fd, open, to, IOVA + PAGE, PAGE, RW));
	dev_start(&dev, EDU_0, fd);

	edu_from_memory(&dev, phys, 64);
	EXPECT_OK(dev_attach(dev.fd, fd, open));
	edu_to_memory(&dev, IOVA + PAGE, 64);
	expect_filled(to, 0, 64);

	EXPECT_OK(dev_attach(dev.fd, fd, secret));
	edu_from_memory(&dev, IOVA, 64);
	EXPECT_OK(dev_attach(dev.fd, fd, open));
	edu_to_memory(&dev, IOVA + PAGE, 64);
	expect_filled(to, 0x11, 64);

	EXPECT_OK(dev_attach(dev.fd, fd, secret));
	EXPECT_OK(dev_detach(dev.fd, fd));
	edu_from_memory(&dev, IOVA, 64);
	EXPECT_OK(dev_attach(dev.fd, fd, open));
	edu_to_memory(&dev, IOVA + PAGE, 64);
	expect_filled(to, 0, 64);
}
END_TEST

START_TEST(dma_write_to_a_read_only_mapping_is_blocked)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev, edu;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, IOASID_MAP_READ));
	dev_start(&dev, TESTDEV_0, fd);
	dev_start(&edu, EDU_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_OK(dev_attach(edu.fd, fd, ioas));
	expect_blocked(&dev, IOVA, p, PAGE);
	/* a read warms the IOTLB, and may not make it writable */
	edu_from_memory(&edu, IOVA, 64);
	memset(p, 0x5a, PAGE);
	edu_to_memory(&edu, IOVA, 64);
	expect_filled(p, 0x5a, PAGE);

	EXPECT_OK(ioas_unmap(fd, ioas, IOVA, PAGE, NULL));
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	expect_dma(&dev, IOVA, p, PAGE);
	edu_to_memory(&edu, IOVA, 64);
	expect_filled(p, CANARY, 64);
}
END_TEST

START_TEST(dma_write_to_a_write_only_mapping_works)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, IOASID_MAP_WRITE));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	expect_dma(&dev, IOVA, p, PAGE);
}
END_TEST

START_TEST(dma_stops_at_both_ends_of_a_mapping)
{
	char *p = memory(3 * PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p + PAGE, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	expect_dma(&dev, IOVA, p + PAGE, PAGE);
	EXPECT_EQ(testdev_write(&dev, IOVA + PAGE, 1, 0), DMA_BLOCKED);
	/* QEMU's virtio-iommu takes the byte before a mapping for a part of it:
	 * virtio_iommu_translate() looks for a mapping that holds the address or
	 * the one behind it
	 */
	EXPECT_EQ(testdev_write(&dev, IOVA - (config_has("virtio") ? 2 : 1), 1, 0), DMA_BLOCKED);
	/* over the end: what is outside is refused */
	EXPECT_EQ(testdev_write(&dev, IOVA + PAGE - 4, 8, 0), DMA_BLOCKED);
	EXPECT_EQ(testdev_write(&dev, IOVA - 4, 8, 0), DMA_BLOCKED);
	EXPECT_EQ(testdev_write(&dev, IOVA - PAGE, 3 * PAGE, 0), DMA_BLOCKED);
	expect_filled(p, CANARY, PAGE);
	expect_filled(p + 2 * PAGE, CANARY, PAGE);
}
END_TEST

START_TEST(dma_to_the_physical_address_is_blocked_whatever_is_attached)
{
	char *victim = memory(PAGE, CANARY), *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	__u64 phys = phys_of(victim);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	expect_blocked(&dev, phys, victim, PAGE);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	expect_blocked(&dev, phys, victim, PAGE);
	EXPECT_OK(ioas_unmap_all(fd, ioas, NULL));
	expect_blocked(&dev, phys, victim, PAGE);
	EXPECT_OK(dev_detach(dev.fd, fd));
	expect_blocked(&dev, phys, victim, PAGE);
}
END_TEST

START_TEST(dma_at_an_iova_like_a_physical_address_goes_where_it_is_mapped)
{
	char *victim = memory(PAGE, CANARY), *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	__u64 phys = phys_of(victim);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, phys, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	expect_dma(&dev, phys, p, PAGE);
	expect_filled(victim, CANARY, PAGE);
}
END_TEST

START_TEST(dma_reaches_a_page_through_both_of_its_mappings)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA + 16 * PAGE, PAGE, RW));
	expect_dma(&dev, IOVA, p, PAGE);
	expect_dma(&dev, IOVA + 16 * PAGE, p, PAGE);
	EXPECT_OK(ioas_unmap(fd, ioas, IOVA, PAGE, NULL));
	expect_blocked(&dev, IOVA, p, PAGE);
	expect_dma(&dev, IOVA + 16 * PAGE, p, PAGE);
}
END_TEST

START_TEST(dma_reaches_shared_memory_and_files)
{
	int fd = EXPECT_OK(iommu_open()), mem = EXPECT_OK(memfd_create("ioasid", MFD_CLOEXEC));
	__u32 ioas = new_ioas(fd);
	struct dev dev;
	char *p, *q;

	EXPECT_OK(ftruncate(mem, 4 * PAGE));
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
	q = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, mem, 0);
	EXPECT_NE((long)p, -1);
	EXPECT_NE((long)q, -1);
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, 4 * PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_EQ(testdev_write(&dev, IOVA + PAGE, PAGE, phys_of(p + PAGE)), DMA_DONE);
	expect_pattern(q + PAGE, PAGE);
	munmap(p, 4 * PAGE);
	/* the mapping in the address space does not need the process's own */
	EXPECT_EQ(testdev_write(&dev, IOVA + 2 * PAGE, PAGE, phys_of(q + 2 * PAGE)), DMA_DONE);
	expect_pattern(q + 2 * PAGE, PAGE);
}
END_TEST

START_TEST(dma_and_process_see_one_page_after_copy_on_write)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;
	unsigned char *p;
	__u64 phys;

	/* a read-only mapping of untouched memory must not pin the zero page */
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_NE((long)p, -1);
	EXPECT_EQ(p[0], 0);
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, IOASID_MAP_READ));
	dev_start(&dev, EDU_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	memset(p, 0x77, PAGE);
	phys = phys_of(p);
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA + PAGE, PAGE, RW));
	EXPECT_EQ(phys_of(p), phys);
	edu_from_memory(&dev, IOVA, 64);
	memset(p, CANARY, PAGE);
	edu_to_memory(&dev, IOVA + PAGE, 64);
	expect_filled(p, 0x77, 64);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		dma_write_lands_in_mapped_memory,
		dma_write_lands_in_memory_mapped_after_attach,
		dma_reaches_every_page_of_a_large_mapping,
		dma_works_at_the_ends_of_the_permitted_ranges,
		dma_moves_data_in_both_directions,
		dma_is_blocked_before_attach,
		dma_is_blocked_after_detach,
		dma_read_is_blocked_before_attach_and_after_detach,
		dma_write_to_a_read_only_mapping_is_blocked,
		dma_write_to_a_write_only_mapping_works,
		dma_stops_at_both_ends_of_a_mapping,
		dma_to_the_physical_address_is_blocked_whatever_is_attached,
		dma_at_an_iova_like_a_physical_address_goes_where_it_is_mapped,
		dma_reaches_a_page_through_both_of_its_mappings,
		dma_reaches_shared_memory_and_files,
		dma_and_process_see_one_page_after_copy_on_write,
		NULL,
	};

	return run_program(argc, argv, "dma", tests, RUN_DEVICES);
}
