// SPDX-License-Identifier: GPL-2.0-only
/* Which pages are pinned, from when to when, and what an attach needs of them. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "modules.h"
#include "process.h"
#include "run.h"

START_TEST(attach_with_device_memory_mapped_is_efault)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(ioas_map(fd, ioas, (void *)dev.bar, IOVA, PAGE, RW));
	EXPECT_ERRNO(dev_attach(dev.fd, fd, ioas), EFAULT);
	EXPECT_EQ(nr_attachments(fd, ioas), 0);
	EXPECT_EQ(pinned_bytes(fd, ioas), 0);
}
END_TEST

START_TEST(attach_that_would_exclude_a_mapping_is_einval)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd), other = new_ioas(fd);
	char *p = memory(PAGE, CANARY);
	struct dev dev;

	/* before a device is attached nothing forbids the interrupt window */
	EXPECT_OK(ioas_map(fd, ioas, p, WINDOW, PAGE, RW));
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(fd, other, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_ERRNO(dev_attach(dev.fd, fd, ioas), EINVAL);
	EXPECT_EQ(nr_attachments(fd, ioas), 0);
	EXPECT_EQ(pinned_bytes(fd, ioas), 0);
	EXPECT_EQ(mapped_bytes(fd, ioas), 2 * PAGE);
	EXPECT_TRUE(range_is_permitted(fd, ioas, WINDOW, WINDOW + MIB - 1));
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_BLOCKED);

	/* as a replacement it leaves the old address space in place */
	EXPECT_OK(dev_attach(dev.fd, fd, other));
	EXPECT_ERRNO(dev_attach(dev.fd, fd, ioas), EINVAL);
	EXPECT_EQ(nr_attachments(fd, other), 1);
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, phys_of(p)), DMA_DONE);

	EXPECT_OK(ioas_unmap(fd, ioas, WINDOW, PAGE, NULL));
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, phys_of(p)), DMA_DONE);
}
END_TEST

START_TEST(memory_is_pinned_from_the_first_attach_to_the_last_detach)
{
	int fd = EXPECT_OK(iommu_open()), i;
	__u32 ioas = new_ioas(fd);
	char *p = memory(8 * PAGE, CANARY);
	long before = pages_pinned();
	size_t vm_before = vm_pinned();
	struct dev one, two;

	dev_start(&one, TESTDEV_0, fd);
	dev_start(&two, TESTDEV_1, fd);
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, 8 * PAGE, RW));
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(vm_pinned(), vm_before);
	for (i = 0; i < 3; i++) {
		EXPECT_OK(dev_attach(one.fd, fd, ioas));
		EXPECT_EQ(pages_pinned(), before + 8);
		EXPECT_EQ(vm_pinned(), vm_before + 8 * PAGE);
		EXPECT_EQ(pinned_bytes(fd, ioas), 8 * PAGE);
		EXPECT_OK(dev_attach(two.fd, fd, ioas));
		EXPECT_EQ(pages_pinned(), before + 8);
		EXPECT_OK(dev_detach(one.fd, fd));
		EXPECT_EQ(pages_pinned(), before + 8);
		EXPECT_OK(dev_detach(two.fd, fd));
		EXPECT_EQ(pages_pinned(), before);
		EXPECT_EQ(vm_pinned(), vm_before);
		EXPECT_EQ(pinned_bytes(fd, ioas), 0);
		EXPECT_EQ(mapped_bytes(fd, ioas), 8 * PAGE);
	}
	EXPECT_EQ(testdev_write(&one, IOVA, 64, 0), DMA_BLOCKED);
}
END_TEST

START_TEST(second_attach_pins_the_memory_that_is_there_by_then)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	char *p = memory(PAGE, CANARY);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_OK(dev_detach(dev.fd, fd));
	/* another page in its place */
	EXPECT_EQ(mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		       -1, 0), p);
	memset(p, CANARY, PAGE);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
	expect_pattern(p, PAGE);
}
END_TEST

START_TEST(attach_fails_with_efault_when_memory_is_gone)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd), other = new_ioas(fd);
	char *p = memory(4 * PAGE, CANARY);
	long before = pages_pinned();
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, 2 * PAGE, RW));
	EXPECT_OK(ioas_map(fd, ioas, p + 2 * PAGE, IOVA + 16 * PAGE, 2 * PAGE, RW));
	EXPECT_OK(ioas_map(fd, other, p, IOVA, PAGE, RW));
	EXPECT_OK(munmap(p + 3 * PAGE, PAGE));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_ERRNO(dev_attach(dev.fd, fd, ioas), EFAULT);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(nr_attachments(fd, ioas), 0);
	EXPECT_EQ(mapped_bytes(fd, ioas), 4 * PAGE);
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_BLOCKED);

	EXPECT_OK(dev_attach(dev.fd, fd, other));
	EXPECT_ERRNO(dev_attach(dev.fd, fd, ioas), EFAULT);
	EXPECT_EQ(nr_attachments(fd, other), 1);
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, phys_of(p)), DMA_DONE);
	EXPECT_OK(ioas_unmap(fd, ioas, IOVA + 16 * PAGE, 2 * PAGE, NULL));
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
}
END_TEST

struct mapper {
	int fd;
	__u32 ioas;
};

static void map_and_leave(void *arg)
{
	struct mapper *m = arg;

	EXPECT_OK(ioas_map(m->fd, m->ioas, memory(2 * PAGE, CANARY), IOVA, 2 * PAGE, RW));
}

START_TEST(attach_fails_with_efault_when_the_mapping_process_is_gone)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct mapper m = { fd, ioas };
	struct dev dev;

	run_child(map_and_leave, &m);
	EXPECT_EQ(mapped_bytes(fd, ioas), 2 * PAGE);
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_ERRNO(dev_attach(dev.fd, fd, ioas), EFAULT);
	EXPECT_EQ(nr_attachments(fd, ioas), 0);
	EXPECT_OK(ioas_unmap_all(fd, ioas, NULL));
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
}
END_TEST

START_TEST(memory_of_a_process_that_ended_stays_mapped_while_attached)
{
	struct attached a = attached();
	struct mapper m = { a.fd, a.ioas };
	long before = pages_pinned();

	run_child(map_and_leave, &m);
	EXPECT_EQ(pages_pinned(), before + 2);
	EXPECT_EQ(testdev_write(&a.dev, IOVA, 64, 0), DMA_DONE);
	EXPECT_OK(dev_detach(a.dev.fd, a.fd));
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_ERRNO(dev_attach(a.dev.fd, a.fd, a.ioas), EFAULT);
}
END_TEST

/* Of a file that is sealed, or open for reading alone: as what it is mapped counts */
START_TEST(memory_of_a_file_is_written_as_far_as_its_mapping_is)
{
	struct attached a = attached();
	int file = EXPECT_OK(memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC)), fd, i;
	char content[PAGE], path[32], *shared, *private;

	memset(content, CANARY, PAGE);
	EXPECT_EQ(write(file, content, PAGE), PAGE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	for (i = 0; i < 2; i++) {
		fd = i ? file : EXPECT_OK(open(path, O_RDONLY | O_CLOEXEC));
		if (i)
			EXPECT_OK(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
		shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
		EXPECT_NE((long)shared, -1);
		EXPECT_ERRNO(ioas_map(a.fd, a.ioas, shared, IOVA, PAGE, RW), EFAULT);
		EXPECT_OK(ioas_map(a.fd, a.ioas, shared, IOVA, PAGE, IOASID_MAP_READ));
		expect_blocked(&a.dev, IOVA, content, PAGE);
		EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA, PAGE, NULL));
		/* a copy of its own can be written, and is no longer the file's */
		private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		EXPECT_NE((long)private, -1);
		EXPECT_OK(ioas_map(a.fd, a.ioas, private, IOVA, PAGE, RW));
		EXPECT_EQ(testdev_write(&a.dev, IOVA, PAGE, 0), DMA_DONE);
		expect_pattern(private, PAGE);
		EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA, PAGE, NULL));
		/* of one that is only read no more than that is done */
		EXPECT_OK(mprotect(private, PAGE, PROT_READ));
		EXPECT_ERRNO(ioas_map(a.fd, a.ioas, private, IOVA, PAGE, RW), EFAULT);
		EXPECT_OK(ioas_map(a.fd, a.ioas, private, IOVA, PAGE, IOASID_MAP_READ));
		EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA, PAGE, NULL));
		EXPECT_OK(munmap(shared, PAGE));
		EXPECT_OK(munmap(private, PAGE));
		EXPECT_EQ(pread(file, content, PAGE, 0), PAGE);
		expect_filled(content, CANARY, PAGE);
	}
}
END_TEST

/* To unpin it could wait for a file system that its user runs. A disk in memory stands
 * for one
 */
START_TEST(memory_of_a_file_that_is_written_back_is_not_mapped_to_be_written)
{
	struct attached a = attached();
	char *p, *q;
	int fd;

	if (kernel_is("debug"))
		return;
	EXPECT_OK(module_load("brd", NULL));
	fd = EXPECT_OK(open("/dev/ram0", O_RDWR | O_CLOEXEC));
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT_NE((long)p, -1);
	memset(p, CANARY, PAGE);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA, PAGE, RW), EFAULT);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA, 2 * PAGE, RW), EFAULT);
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA, PAGE, IOASID_MAP_READ));
	expect_blocked(&a.dev, IOVA, p, PAGE);
	/* A copy of one's own is like any other memory */
	q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	EXPECT_NE((long)q, -1);
	EXPECT_OK(ioas_map(a.fd, a.ioas, q, IOVA + PAGE, PAGE, RW));
	memset(q, CANARY, PAGE);
	expect_dma(&a.dev, IOVA + PAGE, q, PAGE);
	EXPECT_OK(ioas_unmap_all(a.fd, a.ioas, NULL));
	EXPECT_OK(munmap(p, 2 * PAGE));
	EXPECT_OK(munmap(q, PAGE));
	EXPECT_OK(close(fd));
	EXPECT_OK(module_unload("brd"));
}
END_TEST

START_TEST(huge_pages_are_mapped_pinned_and_unmapped)
{
	struct attached a = attached();
	size_t size = 4 * MIB, at;
	char *p = huge_memory(size, CANARY);
	long before = pages_pinned();
	__u64 n;

	EXPECT_TRUE(p);
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, 64 * MIB, size, RW));
	EXPECT_EQ(pages_pinned(), before + size / PAGE);
	for (at = 0; at < size; at += MIB / 2)
		EXPECT_EQ(testdev_write(&a.dev, 64 * MIB + at, PAGE, phys_of(p + at)), DMA_DONE);
	EXPECT_EQ(testdev_write(&a.dev, 64 * MIB, 2 * MIB, phys_of(p)), DMA_DONE);
	expect_pattern(p, 2 * MIB);
	EXPECT_OK(ioas_unmap(a.fd, a.ioas, 64 * MIB, size, &n));
	EXPECT_EQ(n, size);
	EXPECT_EQ(pages_pinned(), before);
	/* an IOVA that does not fit the huge pages */
	memset(p, CANARY, size);
	EXPECT_OK(ioas_map(a.fd, a.ioas, p + PAGE, IOVA + 5 * PAGE, 3 * MIB, RW));
	EXPECT_EQ(testdev_write(&a.dev, IOVA + 5 * PAGE + 2 * MIB, PAGE,
				phys_of(p + PAGE + 2 * MIB)), DMA_DONE);
	expect_filled(p + 2 * MIB, CANARY, PAGE);
	expect_pattern(p + 2 * MIB + PAGE, PAGE);
	EXPECT_OK(ioas_unmap_all(a.fd, a.ioas, &n));
	EXPECT_EQ(n, 3 * MIB);
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

START_TEST(same_page_mapped_twice_is_pinned_twice)
{
	struct attached a = attached();
	char *p = memory(PAGE, CANARY);
	long before = pages_pinned();

	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA + PAGE, PAGE, IOASID_MAP_READ));
	EXPECT_EQ(pages_pinned(), before + 2);
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), 2 * PAGE);
	EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA, PAGE, NULL));
	EXPECT_EQ(pages_pinned(), before + 1);
	EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA + PAGE, PAGE, NULL));
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

START_TEST(two_processes_map_and_unmap_without_disturbing_each_other)
{
	struct attached a = attached();
	pid_t child;
	int i, j;

	/* processes: the address space takes memory of both */
	child = EXPECT_OK(fork());
	for (i = 0; i < 200; i++) {
		static char *p;

		if (!p)
			p = memory(4 * PAGE, CANARY);
		for (j = 0; j < 4; j++)
			EXPECT_OK(ioas_map(a.fd, a.ioas, p + j * PAGE,
					   IOVA + (2 * j + !child) * PAGE, PAGE, RW));
		for (j = 0; j < 4; j++) {
			__u64 n;

			EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA + (2 * j + !child) * PAGE, PAGE,
					     &n));
			EXPECT_EQ(n, PAGE);
		}
	}
	if (!child)
		_exit(0);
	end_child(child);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		attach_with_device_memory_mapped_is_efault,
		attach_that_would_exclude_a_mapping_is_einval,
		memory_is_pinned_from_the_first_attach_to_the_last_detach,
		second_attach_pins_the_memory_that_is_there_by_then,
		attach_fails_with_efault_when_memory_is_gone,
		attach_fails_with_efault_when_the_mapping_process_is_gone,
		memory_of_a_process_that_ended_stays_mapped_while_attached,
		memory_of_a_file_is_written_as_far_as_its_mapping_is,
		memory_of_a_file_that_is_written_back_is_not_mapped_to_be_written,
		huge_pages_are_mapped_pinned_and_unmapped,
		same_page_mapped_twice_is_pinned_twice,
		two_processes_map_and_unmap_without_disturbing_each_other,
		NULL,
	};

	return run_program(argc, argv, "pinning", tests, RUN_DEVICES);
}
