// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which addresses there are, and which the kernel chooses, by Linux's iommufd ABI; as
 * test-iommufd-abi.c otherwise.
 */
#include "iommufd.h"
#include "memory.h"

START_TEST(the_kernel_chooses_addresses)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(16 * PAGE, CANARY), *big = huge_memory(4 * MIB, CANARY);
	__u64 iova[16], at = ~0ULL;
	int i, j;

	EXPECT_TRUE(big);
	for (i = 0; i < 16; i++) {
		/* what it was does not matter */
		iova[i] = i * 12345;
		EXPECT_OK(ifd_map_at(a.fd, a.ioas, p + i * PAGE, PAGE, &iova[i], MAP_RW));
		EXPECT_NE(iova[i], 0);
		EXPECT_EQ(iova[i] % PAGE, 0);
		for (j = 0; j < i; j++)
			EXPECT_NE(iova[i], iova[j]);
		expect_dma(&a.dev, iova[i], p + i * PAGE, PAGE);
	}
	at = 0;
	EXPECT_OK(ifd_map_at(a.fd, a.ioas, big, 4 * MIB, &at, MAP_RW));
	EXPECT_EQ(at % (2 * MIB), 0);
	expect_dma(&a.dev, at, big, 4 * PAGE);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, iova[3], PAGE, NULL));
	/* the lowest place that is free */
	EXPECT_OK(ifd_map_at(a.fd, a.ioas, p + 3 * PAGE, PAGE, &at, MAP_RW));
	EXPECT_EQ(at, iova[3]);
}
END_TEST

START_TEST(addresses_are_chosen_in_an_order)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = huge_memory(4 * MIB, 1);
	__u64 iova = 0, last = 0;
	int i;

	EXPECT_TRUE(p);
	for (i = 0; i < 4; i++) {
		EXPECT_OK(ifd_map_at(fd, ioas, p + PAGE, PAGE, &iova, MAP_RW));
		EXPECT_EQ(iova, PAGE + i * PAGE);
	}
	/* aligned as the memory is, but to no more than a huge page, and the length */
	EXPECT_OK(ifd_map_at(fd, ioas, p, 4 * PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, 8 * PAGE);
	EXPECT_OK(ifd_map_at(fd, ioas, p + 2 * PAGE, 8 * PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, 12 * PAGE);
	EXPECT_OK(ifd_map_at(fd, ioas, p, 4 * MIB, &iova, MAP_RW));
	EXPECT_EQ(iova, 2 * MIB);
	EXPECT_OK(ifd_map_at(fd, ioas, p, 3 * PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, 20 * PAGE);
	EXPECT_OK(ifd_unmap(fd, ioas, 0, ~0ULL, &last));
	EXPECT_EQ(last, (4 + 4 + 8 + 3) * PAGE + 4 * MIB);
}
END_TEST

START_TEST(no_place_is_enospc)
{
	struct iommu_iova_range range = { IOVA, IOVA + 4 * PAGE - 1 };
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	char *p = memory(8 * PAGE, 1);
	__u64 iova = 0;

	EXPECT_OK(ifd_allow(fd, ioas, &range, 1));
	EXPECT_ERRNO(ifd_map_at(fd, ioas, p + PAGE, 5 * PAGE, &iova, MAP_RW), ENOSPC);
	EXPECT_OK(ifd_map_at(fd, ioas, p + PAGE, 3 * PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, IOVA);
	EXPECT_ERRNO(ifd_map_at(fd, ioas, p + PAGE, 2 * PAGE, &iova, MAP_RW), ENOSPC);
	EXPECT_OK(ifd_map_at(fd, ioas, p + PAGE, PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, IOVA + 3 * PAGE);
	EXPECT_ERRNO(ifd_map_at(fd, ioas, p, PAGE, &iova, MAP_RW), ENOSPC);
	/* only choosing is restricted */
	EXPECT_OK(ifd_map(fd, ioas, p, IOVA + 4 * PAGE, PAGE));
	EXPECT_OK(ifd_allow(fd, ioas, NULL, 0));
	EXPECT_OK(ifd_map_at(fd, ioas, p, PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, PAGE);
}
END_TEST

START_TEST(allowed_ranges_are_checked)
{
	struct iommu_iova_range range[2] = { { IOVA, IOVA + PAGE - 1 } };
	struct iommu_ioas_allow_iovas arg = { .size = sizeof(arg), .__reserved = 1 };
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);

	EXPECT_ERRNO(ioctl(fd, IOMMU_IOAS_ALLOW_IOVAS, &arg), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_allow(fd, ~0U, range, 1), ENOENT);
	EXPECT_ERRNO(ifd_allow(fd, ioas, NULL, 1), EFAULT);
	range[1] = range[0];
	EXPECT_ERRNO(ifd_allow(fd, ioas, range, 2), EINVAL);
	range[1] = (struct iommu_iova_range) { IOVA + PAGE - 1, IOVA + 2 * PAGE - 1 };
	EXPECT_ERRNO(ifd_allow(fd, ioas, range, 2), EINVAL);
	range[1] = (struct iommu_iova_range) { 2 * IOVA, 2 * IOVA };
	EXPECT_ERRNO(ifd_allow(fd, ioas, range, 2), EINVAL);
	range[1] = (struct iommu_iova_range) { 2 * IOVA + PAGE, 2 * IOVA };
	EXPECT_ERRNO(ifd_allow(fd, ioas, range, 2), EINVAL);
	range[1] = (struct iommu_iova_range) { 2 * IOVA, 2 * IOVA + PAGE - 1 };
	EXPECT_OK(ifd_allow(fd, ioas, range, 2));
}
END_TEST

/* The first gap between what a device permits; false if there is none */
static bool find_gap(struct ifd_attached *a, __u64 *start)
{
	struct iommu_iova_range ranges[64];
	__u32 nr = 64;

	EXPECT_OK(ifd_ranges(a->fd, a->ioas, ranges, &nr, NULL));
	EXPECT_GE(nr, 1);
	if (nr == 1)
		return false;
	*start = ranges[0].last + 1;
	return true;
}

START_TEST(what_a_device_reserves_is_not_allowed_and_not_mapped)
{
	struct ifd_attached a = ifd_attached();
	struct iommu_iova_range range;
	void *p = memory(PAGE, 1);
	__u64 gap, iova = 0;
	__u32 other;

	if (!find_gap(&a, &gap))
		FAIL("no reserved range in this machine");
	EXPECT_ERRNO(ifd_map(a.fd, a.ioas, p, gap, PAGE), EINVAL);
	range = (struct iommu_iova_range) { gap, gap + PAGE - 1 };
	EXPECT_ERRNO(ifd_allow(a.fd, a.ioas, &range, 1), EADDRINUSE);
	range = (struct iommu_iova_range) { 0, ~0ULL };
	EXPECT_ERRNO(ifd_allow(a.fd, a.ioas, &range, 1), EADDRINUSE);
	/* those that were allowed before still are: all */
	EXPECT_OK(ifd_map_at(a.fd, a.ioas, p, PAGE, &iova, MAP_RW));
	EXPECT_EQ(iova, PAGE);

	/* And the other way round: the device is not attached */
	other = ifd_new_ioas(a.fd);
	range = (struct iommu_iova_range) { gap, gap + PAGE - 1 };
	EXPECT_OK(ifd_allow(a.fd, other, &range, 1));
	EXPECT_ERRNO(vfd_attach(a.dev.fd, other), EADDRINUSE);
	EXPECT_OK(ifd_allow(a.fd, other, NULL, 0));
	EXPECT_OK(ifd_map(a.fd, other, p, gap, PAGE));
	EXPECT_ERRNO(vfd_attach(a.dev.fd, other), EADDRINUSE);
	EXPECT_OK(ifd_unmap(a.fd, other, gap, PAGE, NULL));
	EXPECT_OK(vfd_attach(a.dev.fd, other));
}
END_TEST

START_TEST(addresses_are_not_chosen_where_a_device_permits_none)
{
	struct ifd_attached a = ifd_attached();
	struct iommu_iova_range ranges[64];
	char *p = memory(4 * PAGE, 1);
	__u64 iova = 0;
	__u32 nr = 64;

	EXPECT_OK(ifd_ranges(a.fd, a.ioas, ranges, &nr, NULL));
	/* what is left below the first gap is one page */
	if (nr > 1) {
		struct iommu_iova_range allow = { ranges[0].last + 1 - PAGE, ranges[0].last };

		EXPECT_OK(ifd_allow(a.fd, a.ioas, &allow, 1));
		EXPECT_OK(ifd_map_at(a.fd, a.ioas, p, PAGE, &iova, MAP_RW));
		EXPECT_EQ(iova, allow.start);
		EXPECT_ERRNO(ifd_map_at(a.fd, a.ioas, p, PAGE, &iova, MAP_RW), ENOSPC);
	}
	{
		struct iommu_iova_range allow = {
			ranges[nr - 1].last + 1 - 2 * PAGE, ranges[nr - 1].last
		};

		EXPECT_OK(ifd_allow(a.fd, a.ioas, &allow, 1));
		EXPECT_ERRNO(ifd_map_at(a.fd, a.ioas, p, 3 * PAGE, &iova, MAP_RW), ENOSPC);
		EXPECT_OK(ifd_map_at(a.fd, a.ioas, p + PAGE, PAGE, &iova, MAP_RW));
		EXPECT_EQ(iova, allow.start);
		expect_dma(&a.dev, iova, p + PAGE, PAGE);
	}
}
END_TEST

START_TEST(ranges_are_counted_and_filled_in)
{
	struct iommu_ioas_iova_ranges arg = { .size = sizeof(arg), .__reserved = 1 };
	struct ifd_attached a = ifd_attached();
	struct iommu_iova_range ranges[64], one;
	__u32 all = 64, nr = 0, fresh = ifd_new_ioas(a.fd);
	__u64 alignment;

	EXPECT_ERRNO(ioctl(a.fd, IOMMU_IOAS_IOVA_RANGES, &arg), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_ranges(a.fd, ~0U, ranges, &nr, NULL), ENOENT);
	EXPECT_ERRNO(ifd_ranges(a.fd, a.ioas, NULL, &nr, NULL), EMSGSIZE);
	EXPECT_OK(ifd_ranges(a.fd, a.ioas, ranges, &all, &alignment));
	EXPECT_EQ(nr, all);
	EXPECT_EQ(alignment, PAGE);
	if (all > 1) {
		nr = 1;
		EXPECT_ERRNO(ifd_ranges(a.fd, a.ioas, &one, &nr, NULL), EMSGSIZE);
		EXPECT_EQ(nr, all);
		EXPECT_EQ(one.start, ranges[0].start);
		EXPECT_EQ(one.last, ranges[0].last);
	}
	nr = 64;
	EXPECT_ERRNO(ifd_ranges(a.fd, a.ioas, NULL, &nr, NULL), EFAULT);

	nr = 1;
	EXPECT_OK(ifd_ranges(a.fd, fresh, &one, &nr, &alignment));
	EXPECT_EQ(nr, 1);
	EXPECT_EQ(one.start, 0);
	EXPECT_EQ(one.last, ~0ULL);
	/* Linux maps bytes as long as no device is attached; here it is pages at once */
	EXPECT_EQ(alignment, stack_is_linux() ? 1 : PAGE);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		the_kernel_chooses_addresses,
		addresses_are_chosen_in_an_order,
		no_place_is_enospc,
		allowed_ranges_are_checked,
		what_a_device_reserves_is_not_allowed_and_not_mapped,
		addresses_are_not_chosen_where_a_device_permits_none,
		ranges_are_counted_and_filled_in,
		NULL
	};

	return run_program(argc, argv, "iommufd_iova_abi", tests, RUN_DEVICES);
}
