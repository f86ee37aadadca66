// SPDX-License-Identifier: GPL-2.0-only
/* Mapping once more what is mapped, by Linux's iommufd ABI; as test-iommufd-abi.c */
#include "iommufd.h"
#include "memory.h"
#include "process.h"

START_TEST(what_is_mapped_is_copied)
{
	struct ifd_attached a = ifd_attached();
	__u32 other = ifd_new_ioas(a.fd);
	char *p = memory(600 * PAGE, CANARY), *huge = huge_memory(4 * MIB, CANARY);
	long before = pages_pinned();
	__u64 to = 3 * IOVA;
	struct dev dev;
	int i;

	EXPECT_TRUE(huge);
	ifd_dev_start(&dev, TESTDEV_1, a.fd);
	EXPECT_OK(vfd_attach(dev.fd, other));
	/* of every kind: one page, scattered ones, runs, large pages */
	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_map(a.fd, a.ioas, p + PAGE, IOVA + PAGE, 599 * PAGE));
	EXPECT_OK(ifd_map(a.fd, a.ioas, huge, IOVA + 600 * PAGE, 4 * MIB));
	EXPECT_OK(ifd_copy(a.fd, a.ioas, IOVA, other, &to, 600 * PAGE + 4 * MIB, FIXED_RW));
	EXPECT_EQ(to, 3 * IOVA);
	if (!stack_is_linux())
		EXPECT_EQ(pages_pinned() - before, 2 * (600 + 1024));
	/* each is pinned in its own right */
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, 0, ~0ULL, NULL));
	EXPECT_EQ(pages_pinned() - before, 600 + 1024);
	for (i = 0; i < 600; i += 37)
		expect_dma(&dev, 3 * IOVA + i * PAGE, p + i * PAGE, PAGE);
	for (i = 0; i < 1024; i += 101)
		expect_dma(&dev, 3 * IOVA + (600 + i) * PAGE, huge + i * PAGE, PAGE);
	expect_blocked(&a.dev, IOVA, p, PAGE);
	EXPECT_OK(ifd_unmap(a.fd, other, 0, ~0ULL, NULL));
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

START_TEST(a_part_of_a_mapping_is_copied_and_its_place_chosen)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(8 * PAGE, CANARY);
	__u64 to = 0, unmapped;

	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, 4 * PAGE));
	EXPECT_OK(ifd_map(a.fd, a.ioas, p + 4 * PAGE, IOVA + 4 * PAGE, 4 * PAGE));
	EXPECT_OK(ifd_copy(a.fd, a.ioas, IOVA + 2 * PAGE, a.ioas, &to, 4 * PAGE, MAP_RW));
	EXPECT_NE(to, 0);
	expect_dma(&a.dev, to, p + 2 * PAGE, 2 * PAGE);
	expect_dma(&a.dev, to + 2 * PAGE, p + 4 * PAGE, 2 * PAGE);
	expect_blocked(&a.dev, to + 4 * PAGE, p, PAGE);
	/* a mapping for each that it was copied from */
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, to, 2 * PAGE, &unmapped));
	EXPECT_EQ(unmapped, 2 * PAGE);
	expect_dma(&a.dev, to + 2 * PAGE, p + 4 * PAGE, PAGE);
}
END_TEST

START_TEST(what_no_device_has_seen_is_copied)
{
	struct ifd_attached a = ifd_attached();
	__u32 src = ifd_new_ioas(a.fd), later = ifd_new_ioas(a.fd);
	char *p = memory(40 * PAGE, CANARY);
	__u64 to = IOVA, far = 2 * IOVA;

	EXPECT_OK(ifd_map(a.fd, src, p, IOVA, 40 * PAGE));
	EXPECT_OK(ifd_copy(a.fd, src, IOVA, a.ioas, &to, 40 * PAGE, FIXED_RW));
	expect_dma(&a.dev, IOVA + 39 * PAGE, p + 39 * PAGE, PAGE);
	EXPECT_OK(ifd_copy(a.fd, a.ioas, IOVA, later, &far, 40 * PAGE, FIXED_RW));
	EXPECT_OK(vfd_attach(a.dev.fd, later));
	expect_dma(&a.dev, 2 * IOVA + 39 * PAGE, p + 39 * PAGE, PAGE);
	expect_blocked(&a.dev, IOVA, p, PAGE);
}
END_TEST

START_TEST(copy_checks_its_arguments)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(4 * PAGE, CANARY);
	__u64 at = IOVA, to = 2 * IOVA, unmapped;
	int fd = a.fd;
	__u32 ioas = a.ioas;

	EXPECT_OK(ifd_map_at(fd, ioas, p, 2 * PAGE, &at,
			     IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA));
	at = IOVA + 2 * PAGE;
	EXPECT_OK(ifd_map(fd, ioas, p + 2 * PAGE, IOVA + 3 * PAGE, PAGE));
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, PAGE, FIXED_RW | 8), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, PAGE, IOMMU_IOAS_MAP_FIXED_IOVA), EINVAL);
	EXPECT_ERRNO(ifd_copy(fd, ~0U, IOVA, ioas, &to, PAGE, FIXED_RW), ENOENT);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA + 3 * PAGE, ~0U, &to, PAGE, FIXED_RW), ENOENT);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, 0, FIXED_RW), EINVAL);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, ~0ULL, FIXED_RW), EOVERFLOW);
	EXPECT_ERRNO(ifd_copy(fd, ioas, ~0ULL, ioas, &to, PAGE, FIXED_RW), EOVERFLOW);
	EXPECT_ERRNO(ifd_copy(fd, ioas, -PAGE, ioas, &to, 2 * PAGE, FIXED_RW), EOVERFLOW);
	EXPECT_ERRNO(ifd_copy(fd, ioas, 5 * IOVA, ioas, &to, PAGE, FIXED_RW), ENOENT);
	/* the second of these, and what follows the first mapping, is not there */
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, 4 * PAGE,
			      IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA), ENOENT);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA - PAGE, ioas, &to, 2 * PAGE,
			      IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA), ENOENT);
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA, ioas, &to, PAGE, FIXED_RW), EPERM);
	at = IOVA;
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA + 3 * PAGE, ioas, &at, PAGE, FIXED_RW), EEXIST);
	at = IOVA + 3 * PAGE;
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA + 3 * PAGE, ioas, &at, PAGE, FIXED_RW), EEXIST);
	at = RESERVED;
	EXPECT_ERRNO(ifd_copy(fd, ioas, IOVA + 3 * PAGE, ioas, &at, PAGE, FIXED_RW), EINVAL);
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, 3 * PAGE);
}
END_TEST

START_TEST(what_is_copied_to_be_read_cannot_be_copied_to_be_written)
{
	struct ifd_attached a = ifd_attached();
	__u32 ro = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA;
	__u64 to = 2 * IOVA, third = 3 * IOVA;
	char *p = memory(PAGE, CANARY);

	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_copy(a.fd, a.ioas, IOVA, a.ioas, &to, PAGE, ro));
	expect_blocked(&a.dev, 2 * IOVA, p, PAGE);
	expect_dma(&a.dev, IOVA, p, PAGE);
	if (stack_is_linux()) {
		/* It goes by what the memory was first mapped for */
		EXPECT_OK(ifd_copy(a.fd, a.ioas, 2 * IOVA, a.ioas, &third, PAGE, FIXED_RW));
		return;
	}
	/* Here by what the mapping is for that is copied */
	EXPECT_ERRNO(ifd_copy(a.fd, a.ioas, 2 * IOVA, a.ioas, &third, PAGE, FIXED_RW), EPERM);
	EXPECT_OK(ifd_copy(a.fd, a.ioas, 2 * IOVA, a.ioas, &third, PAGE, ro));
	expect_blocked(&a.dev, 3 * IOVA, p, PAGE);
}
END_TEST

START_TEST(a_copy_that_fails_leaves_nothing)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(4 * PAGE, CANARY);
	__u64 to = 2 * IOVA, unmapped;
	__u32 other = ifd_new_ioas(a.fd);

	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_map(a.fd, a.ioas, p + PAGE, IOVA + PAGE, PAGE));
	EXPECT_OK(ifd_map(a.fd, other, p, 2 * IOVA + PAGE, PAGE));
	EXPECT_ERRNO(ifd_copy(a.fd, a.ioas, IOVA, other, &to, 2 * PAGE, FIXED_RW), EEXIST);
	EXPECT_OK(ifd_unmap(a.fd, other, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, PAGE);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, 2 * PAGE);
}
END_TEST

/* Root opens the files; others use them */
struct payers {
	int fd;
	__u32 src, dst;
	volatile int mapped, done;
};

#define NR_PAID	20

static void user_maps(void *arg)
{
	struct payers *s = arg;
	char *p;

	become_user(NR_PAID);
	p = memory(NR_PAID * PAGE, CANARY);
	EXPECT_OK(ifd_map(s->fd, s->src, p, IOVA, NR_PAID * PAGE));
	s->mapped = 1;
	wait_for(&s->done);
}

static void other_copies(void *arg)
{
	struct payers *s = arg;
	__u64 to = IOVA;

	set_memlock_limit(NR_PAID);
	EXPECT_OK(setresuid(TEST_UID + 1, TEST_UID + 1, TEST_UID + 1));
	EXPECT_OK(ifd_copy(s->fd, s->src, IOVA, s->dst, &to, NR_PAID * PAGE, FIXED_RW));
	to = 2 * IOVA;
	EXPECT_ERRNO(ifd_copy(s->fd, s->src, IOVA, s->dst, &to, PAGE, FIXED_RW), ENOMEM);
	/* and for what another one has copied, too */
	EXPECT_ERRNO(ifd_copy(s->fd, s->dst, IOVA, s->dst, &to, PAGE, FIXED_RW), ENOMEM);
	EXPECT_OK(ifd_unmap(s->fd, s->dst, IOVA, NR_PAID * PAGE, NULL));
	EXPECT_OK(ifd_copy(s->fd, s->src, IOVA, s->dst, &to, NR_PAID * PAGE, FIXED_RW));
}

/* Whoever's memory it is. Linux charges memory once, whatever is copied */
START_TEST(who_copies_pays)
{
	struct payers *s = shared_memory(sizeof(*s));
	struct ifd_attached a = ifd_attached();
	long before = pages_pinned();
	struct dev dev;
	pid_t child;

	if (stack_is_linux())
		return;
	s->fd = a.fd;
	s->src = a.ioas;
	s->dst = ifd_new_ioas(a.fd);
	ifd_dev_start(&dev, TESTDEV_1, a.fd);
	EXPECT_OK(vfd_attach(dev.fd, s->dst));
	child = start_child(user_maps, s);
	wait_for(&s->mapped);
	run_child(other_copies, s);
	EXPECT_EQ(locked_pages(), NR_PAID);
	EXPECT_EQ(pages_pinned(), before + 2 * NR_PAID);
	/* What is copied keeps the memory, not the charge of who mapped it */
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, 0, ~0ULL, NULL));
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(testdev_write(&dev, 2 * IOVA, 64, 0), DMA_DONE);
	/* also where it has to be pinned anew */
	EXPECT_OK(vfd_detach(dev.fd));
	EXPECT_OK(vfd_attach(dev.fd, s->dst));
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(pages_pinned(), before + NR_PAID);
	s->done = 1;
	end_child(child);
	EXPECT_OK(ifd_unmap(a.fd, s->dst, 0, ~0ULL, NULL));
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		what_is_mapped_is_copied,
		a_part_of_a_mapping_is_copied_and_its_place_chosen,
		what_no_device_has_seen_is_copied,
		copy_checks_its_arguments,
		what_is_copied_to_be_read_cannot_be_copied_to_be_written,
		a_copy_that_fails_leaves_nothing,
		who_copies_pays,
		NULL
	};

	return run_program(argc, argv, "iommufd_copy_abi", tests, RUN_DEVICES);
}
