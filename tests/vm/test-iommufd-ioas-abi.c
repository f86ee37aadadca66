// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces and mapping by Linux's iommufd ABI; as test-iommufd-abi.c otherwise.
 */
#include <sys/mman.h>

#include "iommufd.h"
#include "memory.h"
#include "process.h"

START_TEST(an_address_space_is_made_and_destroyed)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc), .flags = 1 };
	int fd = EXPECT_OK(iommufd_open());
	__u32 id = ifd_new_ioas(fd), other = ifd_new_ioas(fd);

	EXPECT_NE(id, other);
	EXPECT_OK(ifd_destroy(fd, id));
	EXPECT_ERRNO(ifd_destroy(fd, id), ENOENT);
	EXPECT_OK(ifd_destroy(fd, other));
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_ALLOC, &alloc), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_destroy(fd, 0), ENOENT);
	EXPECT_ERRNO(ifd_destroy(fd, ~0U), ENOENT);
}
END_TEST

START_TEST(an_address_space_with_mappings_can_be_destroyed)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);

	EXPECT_OK(ifd_map(fd, ioas, memory(PAGE, 1), IOVA, PAGE));
	EXPECT_OK(ifd_destroy(fd, ioas));
}
END_TEST

START_TEST(the_ids_of_one_fd_are_not_those_of_another)
{
	int fd = EXPECT_OK(iommufd_open()), other = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);

	EXPECT_ERRNO(ifd_map(other, ioas, memory(PAGE, 1), IOVA, PAGE), ENOENT);
	EXPECT_ERRNO(ifd_destroy(other, ioas), ENOENT);
}
END_TEST

START_TEST(a_device_reaches_what_is_mapped_and_nothing_else)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(4 * PAGE, CANARY);
	__u64 unmapped;

	expect_blocked(&a.dev, IOVA, p, PAGE);
	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, 4 * PAGE));
	expect_dma(&a.dev, IOVA, p, PAGE);
	expect_dma(&a.dev, IOVA, p, 4 * PAGE);
	expect_blocked(&a.dev, IOVA + 4 * PAGE, p, PAGE);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, IOVA, 4 * PAGE, &unmapped));
	EXPECT_EQ(unmapped, 4 * PAGE);
	expect_blocked(&a.dev, IOVA, p, PAGE);
}
END_TEST

START_TEST(what_is_only_readable_cannot_be_written)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(PAGE, CANARY);
	__u64 iova = IOVA;

	EXPECT_OK(ifd_map_at(a.fd, a.ioas, p, PAGE, &iova,
			     IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA));
	expect_blocked(&a.dev, IOVA, p, PAGE);
}
END_TEST

START_TEST(map_refuses_flags)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	void *p = memory(PAGE, 1);
	struct iommu_ioas_map arg = {
		.size = sizeof(arg), .ioas_id = ioas, .user_va = (uintptr_t)p,
		.length = PAGE, .iova = IOVA, .flags = MAP_RW | (1 << 3),
	};

	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &arg), EOPNOTSUPP);
	arg.flags = MAP_RW | (1U << 31);
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &arg), EOPNOTSUPP);
	arg.flags = MAP_RW | IOMMU_IOAS_MAP_FIXED_IOVA;
	arg.__reserved = 1;
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &arg), EOPNOTSUPP);
	arg.__reserved = 0;
	arg.flags = IOMMU_IOAS_MAP_FIXED_IOVA;
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &arg), EINVAL);
	arg.flags = 0;
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, &arg), EINVAL);
}
END_TEST

START_TEST(map_refuses_ranges)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(2 * PAGE, 1);
	int fd = a.fd;
	__u32 ioas = a.ioas;

	EXPECT_ERRNO(ifd_map(fd, ~0U, p, IOVA, PAGE), ENOENT);
	EXPECT_ERRNO(ifd_map(fd, a.id, p, IOVA, PAGE), ENOENT);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA, 0), EINVAL);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA, 100), EINVAL);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA + 100, PAGE), EINVAL);
	EXPECT_ERRNO(ifd_map(fd, ioas, p + 100, IOVA, PAGE), EINVAL);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, ~0ULL, PAGE), EOVERFLOW);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA, ~0ULL), EOVERFLOW);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, -PAGE, 2 * PAGE), EOVERFLOW);
	EXPECT_ERRNO(ifd_map(fd, ioas, (void *)-PAGE, IOVA, 2 * PAGE), EOVERFLOW);
	EXPECT_OK(ifd_map(fd, ioas, p, IOVA, 2 * PAGE));
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA, PAGE), EEXIST);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA + PAGE, PAGE), EEXIST);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, IOVA - PAGE, 2 * PAGE), EEXIST);
	EXPECT_ERRNO(ifd_map(fd, ioas, p, RESERVED, PAGE), EINVAL);
}
END_TEST

START_TEST(map_refuses_what_is_not_memory)
{
	struct ifd_attached a = ifd_attached();
	void *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p = memory(2 * PAGE, 1);

	EXPECT_ERRNO(ifd_map(a.fd, a.ioas, none, IOVA, PAGE), EFAULT);
	EXPECT_OK(munmap(p + PAGE, PAGE));
	EXPECT_ERRNO(ifd_map(a.fd, a.ioas, p, IOVA, 2 * PAGE), EFAULT);
	/* and nothing of it is left */
	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
}
END_TEST

START_TEST(unmap_takes_whole_mappings)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = memory(8 * PAGE, 1);
	__u64 unmapped;

	EXPECT_OK(ifd_map(fd, ioas, p, IOVA, 4 * PAGE));
	EXPECT_OK(ifd_map(fd, ioas, p, IOVA + 8 * PAGE, 4 * PAGE));
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA, PAGE, NULL), ENOENT);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA + PAGE, 3 * PAGE, NULL), ENOENT);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA + 4 * PAGE, 4 * PAGE, NULL), ENOENT);
	/* its ends need not be those of mappings, nor of pages */
	EXPECT_OK(ifd_unmap(fd, ioas, IOVA - 1, 14 * PAGE + 77, &unmapped));
	EXPECT_EQ(unmapped, 8 * PAGE);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA, 4 * PAGE, NULL), ENOENT);
}
END_TEST

START_TEST(unmap_of_a_part_leaves_everything)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = memory(8 * PAGE, 1);
	__u64 unmapped;

	EXPECT_OK(ifd_map(fd, ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_map(fd, ioas, p, IOVA + PAGE, 2 * PAGE));
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA, 2 * PAGE, NULL), ENOENT);
	/* Linux has unmapped the first one by then; here a call does all or nothing */
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, stack_is_linux() ? 2 * PAGE : 3 * PAGE);
}
END_TEST

START_TEST(unmap_of_everything_may_find_nothing)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	__u64 unmapped = 1;

	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, 0);
	EXPECT_OK(ifd_map(fd, ioas, memory(PAGE, 1), IOVA, PAGE));
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, PAGE);
}
END_TEST

START_TEST(unmap_refuses_ranges)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);

	EXPECT_ERRNO(ifd_unmap(fd, ~0U, IOVA, PAGE, NULL), ENOENT);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA, 0, NULL), EINVAL);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, ~0ULL, 1, NULL), EOVERFLOW);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, PAGE, ~0ULL, NULL), EOVERFLOW);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, -PAGE, 2 * PAGE, NULL), EOVERFLOW);
	EXPECT_ERRNO(ifd_unmap(fd, ioas, IOVA, PAGE, NULL), ENOENT);
}
END_TEST

static void map_as_user(void *arg)
{
	struct ifd_attached *a = arg;
	char *p = memory(8 * PAGE, 1);
	__u64 iova = 0;

	become_user(4);
	EXPECT_OK(ifd_map(a->fd, a->ioas, p, IOVA, 4 * PAGE));
	EXPECT_ERRNO(ifd_map(a->fd, a->ioas, p + 4 * PAGE, 2 * IOVA, PAGE), ENOMEM);
	EXPECT_ERRNO(ifd_map_at(a->fd, a->ioas, p + 4 * PAGE, PAGE, &iova, MAP_RW), ENOMEM);
	EXPECT_OK(ifd_unmap(a->fd, a->ioas, IOVA, 4 * PAGE, NULL));
	EXPECT_OK(ifd_map_at(a->fd, a->ioas, p + 4 * PAGE, 4 * PAGE, &iova, MAP_RW));
}

START_TEST(memory_is_charged_to_the_user)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(PAGE, 1);
	__u64 unmapped;

	run_child(map_as_user, &a);
	/* The process has gone, and what it mapped has not */
	EXPECT_EQ(locked_pages(), 4);
	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, PAGE));
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, 5 * PAGE);
	EXPECT_EQ(locked_pages(), 0);
}
END_TEST

START_TEST(what_cannot_be_answered_is_not_done)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = memory(PAGE, 1);
	struct iommu_ioas_unmap *unmap;
	struct iommu_ioas_map *map;
	__u64 unmapped;

	map = memory(PAGE, 0);
	*map = (struct iommu_ioas_map) {
		.size = sizeof(*map), .flags = MAP_RW, .ioas_id = ioas,
		.user_va = (uintptr_t)p, .length = PAGE,
	};
	EXPECT_OK(mprotect(map, PAGE, PROT_READ));
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_MAP, map), EFAULT);
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	/* Linux has mapped it by then, and so for unmapping */
	EXPECT_EQ(unmapped, stack_is_linux() ? PAGE : 0);

	EXPECT_OK(ifd_map(fd, ioas, p, IOVA, PAGE));
	unmap = memory(PAGE, 0);
	*unmap = (struct iommu_ioas_unmap) {
		.size = sizeof(*unmap), .ioas_id = ioas, .iova = IOVA, .length = PAGE,
	};
	EXPECT_OK(mprotect(unmap, PAGE, PROT_READ));
	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_UNMAP, unmap), EFAULT);
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &unmapped));
	EXPECT_EQ(unmapped, stack_is_linux() ? 0 : PAGE);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		an_address_space_is_made_and_destroyed,
		an_address_space_with_mappings_can_be_destroyed,
		the_ids_of_one_fd_are_not_those_of_another,
		a_device_reaches_what_is_mapped_and_nothing_else,
		what_is_only_readable_cannot_be_written,
		map_refuses_flags,
		map_refuses_ranges,
		map_refuses_what_is_not_memory,
		unmap_takes_whole_mappings,
		unmap_of_a_part_leaves_everything,
		unmap_of_everything_may_find_nothing,
		unmap_refuses_ranges,
		memory_is_charged_to_the_user,
		what_cannot_be_answered_is_not_done,
		NULL
	};

	return run_program(argc, argv, "iommufd_ioas_abi", tests, RUN_DEVICES);
}
