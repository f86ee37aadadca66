// SPDX-License-Identifier: GPL-2.0-only
/* Unmapping: whole mappings, as many as a range covers, and never a part. */
#include <stdlib.h>
#include <sys/ioctl.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

START_TEST(unmap_of_a_part_is_einval)
{
	struct attached a = attached();
	char *p = memory(4 * PAGE, CANARY);
	__u64 n;

	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA, 4 * PAGE, RW));
	EXPECT_ERRNO(ioas_unmap(a.fd, a.ioas, IOVA, PAGE, &n), EINVAL);
	EXPECT_ERRNO(ioas_unmap(a.fd, a.ioas, IOVA + PAGE, PAGE, &n), EINVAL);
	EXPECT_ERRNO(ioas_unmap(a.fd, a.ioas, IOVA + 3 * PAGE, PAGE, &n), EINVAL);
	EXPECT_ERRNO(ioas_unmap(a.fd, a.ioas, IOVA - PAGE, 2 * PAGE, &n), EINVAL);
	EXPECT_ERRNO(ioas_unmap(a.fd, a.ioas, IOVA + 2 * PAGE, 8 * PAGE, &n), EINVAL);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 4 * PAGE);
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), 4 * PAGE);
	EXPECT_EQ(testdev_write(&a.dev, IOVA + PAGE, 64, phys_of(p + PAGE)), DMA_DONE);
}
END_TEST

START_TEST(unmap_that_cuts_one_of_several_mappings_removes_none)
{
	struct attached a = attached();
	char *p = memory(6 * PAGE, CANARY);

	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA, 2 * PAGE, RW));
	EXPECT_OK(ioas_map(a.fd, a.ioas, p + 2 * PAGE, IOVA + 2 * PAGE, 2 * PAGE, RW));
	EXPECT_OK(ioas_map(a.fd, a.ioas, p + 4 * PAGE, IOVA + 4 * PAGE, 2 * PAGE, RW));
	EXPECT_ERRNO(ioas_unmap(a.fd, a.ioas, IOVA, 5 * PAGE, NULL), EINVAL);
	EXPECT_ERRNO(ioas_unmap(a.fd, a.ioas, IOVA + PAGE, 5 * PAGE, NULL), EINVAL);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 6 * PAGE);
	EXPECT_EQ(testdev_write(&a.dev, IOVA + 2 * PAGE, 64, phys_of(p + 2 * PAGE)), DMA_DONE);
	EXPECT_EQ(testdev_write(&a.dev, IOVA, 64, phys_of(p)), DMA_DONE);
}
END_TEST

START_TEST(unmap_covers_many_mappings_and_holes)
{
	struct attached a = attached();
	char *p = memory(PAGE, CANARY);
	__u64 n = 1;
	int i;

	EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA, 64 * PAGE, &n));
	EXPECT_EQ(n, 0);
	for (i = 0; i < 8; i++)
		EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA + i * 4 * PAGE, PAGE, RW));
	EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA + PAGE, 3 * PAGE, &n));
	EXPECT_EQ(n, 0);
	EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA + 4 * PAGE, 8 * PAGE, &n));
	EXPECT_EQ(n, 2 * PAGE);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 6 * PAGE);
	EXPECT_OK(ioas_unmap(a.fd, a.ioas, 0, GIB, &n));
	EXPECT_EQ(n, 6 * PAGE);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), 0);
}
END_TEST

START_TEST(unmap_all_returns_what_was_mapped)
{
	struct attached a = attached();
	char *p = memory(3 * PAGE, CANARY);
	long before = pages_pinned();
	__u64 n = 1;

	EXPECT_OK(ioas_unmap_all(a.fd, a.ioas, &n));
	EXPECT_EQ(n, 0);
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, 0, PAGE, RW));
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, 64 * GIB, 3 * PAGE, RW));
	EXPECT_EQ(pages_pinned(), before + 4);
	EXPECT_OK(ioas_unmap_all(a.fd, a.ioas, &n));
	EXPECT_EQ(n, 4 * PAGE);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(testdev_write(&a.dev, 0, 64, 0), DMA_BLOCKED);
	EXPECT_EQ(testdev_write(&a.dev, 64 * GIB, 64, 0), DMA_BLOCKED);
}
END_TEST

static void expect_bad_unmaps_refused(int fd, __u32 ioas)
{
	char *p = memory(PAGE, CANARY);
	struct ioasid_unmap arg = {
		.argsz = sizeof(arg), .flags = IOASID_UNMAP_ALL, .ioasid = ioas,
	};

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	EXPECT_ERRNO(ioas_unmap(fd, ioas, IOVA, 0, NULL), EINVAL);
	EXPECT_ERRNO(ioas_unmap(fd, ioas, IOVA + 1, PAGE, NULL), EINVAL);
	EXPECT_ERRNO(ioas_unmap(fd, ioas, IOVA, PAGE + 1, NULL), EINVAL);
	EXPECT_ERRNO(ioas_unmap(fd, ioas, IOVA, 1, NULL), EINVAL);
	EXPECT_ERRNO(ioas_unmap(fd, ioas, -PAGE, 2 * PAGE, NULL), EINVAL);
	EXPECT_ERRNO(ioas_unmap(fd, ioas, IOVA, -PAGE, NULL), EINVAL);
	EXPECT_ERRNO(ioas_unmap(fd, ioas + 1, IOVA, PAGE, NULL), ENOENT);
	EXPECT_ERRNO(ioas_unmap_all(fd, ioas + 1, NULL), ENOENT);
	/* ALL goes with no range */
	arg.iova = PAGE;
	EXPECT_ERRNO(ioctl(fd, IOMMU_UNMAP_DMA, &arg), EINVAL);
	arg.iova = 0;
	arg.length = PAGE;
	EXPECT_ERRNO(ioctl(fd, IOMMU_UNMAP_DMA, &arg), EINVAL);
	EXPECT_EQ(mapped_bytes(fd, ioas), PAGE);
	EXPECT_OK(ioas_unmap(fd, ioas, IOVA, PAGE, NULL));
}

START_TEST(unmap_of_bad_ranges_is_einval_without_device)
{
	int fd = EXPECT_OK(iommu_open());

	expect_bad_unmaps_refused(fd, new_ioas(fd));
}
END_TEST

START_TEST(unmap_of_bad_ranges_is_einval_with_device)
{
	struct attached a = attached();

	expect_bad_unmaps_refused(a.fd, a.ioas);
}
END_TEST

START_TEST(unmap_of_the_whole_64_bits_works)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	char *p = memory(PAGE, CANARY);
	__u64 n;

	/* the last page, which has no address behind it */
	EXPECT_OK(ioas_map(fd, ioas, p, -PAGE, PAGE, RW));
	EXPECT_ERRNO(ioas_map(fd, ioas, p, -PAGE, PAGE, RW), EEXIST);
	EXPECT_OK(ioas_map(fd, ioas, p, 0, PAGE, RW));
	EXPECT_OK(ioas_unmap(fd, ioas, PAGE, -PAGE, &n));
	EXPECT_EQ(n, PAGE);
	EXPECT_OK(ioas_unmap(fd, ioas, 0, -PAGE, &n));
	EXPECT_EQ(n, PAGE);
}
END_TEST

START_TEST(free_of_an_unattached_address_space_ends_its_mappings)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	char *p = memory(PAGE, CANARY);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_ERRNO(ioas_free(fd, ioas), EBUSY);
	EXPECT_EQ(testdev_write(&dev, IOVA, 64, phys_of(p)), DMA_DONE);
	EXPECT_OK(dev_detach(dev.fd, fd));
	EXPECT_OK(ioas_free(fd, ioas));
	EXPECT_ERRNO(ioas_free(fd, ioas), ENOENT);
	EXPECT_ERRNO(ioas_map(fd, ioas, p, IOVA, PAGE, RW), ENOENT);
	EXPECT_ERRNO(dev_attach(dev.fd, fd, ioas), ENOENT);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		unmap_of_a_part_is_einval,
		unmap_that_cuts_one_of_several_mappings_removes_none,
		unmap_covers_many_mappings_and_holes,
		unmap_all_returns_what_was_mapped,
		unmap_of_bad_ranges_is_einval_without_device,
		unmap_of_bad_ranges_is_einval_with_device,
		unmap_of_the_whole_64_bits_works,
		free_of_an_unattached_address_space_ends_its_mappings,
		NULL,
	};

	return run_program(argc, argv, "unmap", tests, RUN_DEVICES);
}
