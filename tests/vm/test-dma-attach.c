// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a device's DMA goes as address spaces are attached, replaced and
 * shared, and devices come and go.
 */
#include <stdlib.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

START_TEST(dma_of_one_device_goes_on_when_another_is_unbound)
{
	char *p = memory(PAGE, CANARY), *q = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 a = new_ioas(fd), b = new_ioas(fd);
	struct dev one, two;

	EXPECT_OK(ioas_map(fd, a, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(fd, b, q, IOVA, PAGE, RW));
	dev_start(&one, TESTDEV_0, fd);
	dev_start(&two, TESTDEV_1, fd);
	EXPECT_OK(dev_attach(one.fd, fd, a));
	EXPECT_OK(dev_attach(two.fd, fd, b));
	expect_dma(&one, IOVA, p, PAGE);
	expect_dma(&two, IOVA, q, PAGE);
	dev_unmap_bar(&two);
	EXPECT_OK(dev_unbind(two.fd, fd));
	expect_dma(&one, IOVA, p, PAGE);
	expect_blocked(&one, phys_of(q), q, PAGE);
	EXPECT_EQ(nr_attachments(fd, b), 0);
	EXPECT_OK(ioas_free(fd, b));
	expect_dma(&one, IOVA, p, PAGE);
}
END_TEST

START_TEST(dma_is_blocked_after_unbind_and_rebind)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	expect_dma(&dev, IOVA, p, PAGE);
	dev_unmap_bar(&dev);
	EXPECT_OK(dev_unbind(dev.fd, fd));
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
	dev_enable(&dev);
	dev_map_bar(&dev);
	expect_blocked(&dev, IOVA, p, PAGE);
	expect_blocked(&dev, phys_of(p), p, PAGE);
}
END_TEST

START_TEST(replace_moves_dma_to_the_new_address_space_only)
{
	char *p = memory(PAGE, CANARY), *q = memory(PAGE, CANARY), *r = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 a = new_ioas(fd), b = new_ioas(fd);
	struct dev dev;
	int i;

	EXPECT_OK(ioas_map(fd, a, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(fd, b, q, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(fd, a, r, IOVA + PAGE, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	for (i = 0; i < 5; i++) {
		EXPECT_OK(dev_attach(dev.fd, fd, a));
		EXPECT_EQ(nr_attachments(fd, a), 1);
		EXPECT_EQ(nr_attachments(fd, b), 0);
		memset(q, CANARY, PAGE);
		expect_dma(&dev, IOVA, p, PAGE);
		expect_filled(q, CANARY, PAGE);
		expect_dma(&dev, IOVA + PAGE, r, PAGE);

		EXPECT_OK(dev_attach(dev.fd, fd, b));
		EXPECT_EQ(nr_attachments(fd, a), 0);
		EXPECT_EQ(nr_attachments(fd, b), 1);
		memset(p, CANARY, PAGE);
		expect_dma(&dev, IOVA, q, PAGE);
		expect_filled(p, CANARY, PAGE);
		expect_blocked(&dev, IOVA + PAGE, r, PAGE);
	}
	EXPECT_EQ(pinned_bytes(fd, a), 0);
	EXPECT_EQ(pinned_bytes(fd, b), PAGE);
}
END_TEST

START_TEST(attach_of_what_is_attached_already_changes_nothing)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_EQ(nr_attachments(fd, ioas), 1);
	EXPECT_EQ(pinned_bytes(fd, ioas), PAGE);
	expect_dma(&dev, IOVA, p, PAGE);
	EXPECT_OK(dev_detach(dev.fd, fd));
	expect_blocked(&dev, IOVA, p, PAGE);
	EXPECT_EQ(pinned_bytes(fd, ioas), 0);
}
END_TEST

START_TEST(dma_by_two_devices_on_one_address_space)
{
	char *p = memory(2 * PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev one, two;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&one, TESTDEV_0, fd);
	dev_start(&two, TESTDEV_1, fd);
	EXPECT_OK(dev_attach(one.fd, fd, ioas));
	expect_blocked(&two, IOVA, p, PAGE);
	EXPECT_OK(dev_attach(two.fd, fd, ioas));
	EXPECT_OK(ioas_map(fd, ioas, p + PAGE, IOVA + PAGE, PAGE, RW));
	expect_dma(&one, IOVA, p, PAGE);
	expect_dma(&two, IOVA, p, PAGE);
	expect_dma(&one, IOVA + PAGE, p + PAGE, PAGE);
	expect_dma(&two, IOVA + PAGE, p + PAGE, PAGE);
	EXPECT_EQ(nr_attachments(fd, ioas), 2);
	/* one copy of the memory is pinned, whoever uses it */
	EXPECT_EQ(pinned_bytes(fd, ioas), 2 * PAGE);

	/* an unmap is seen by both IOTLBs */
	EXPECT_OK(ioas_unmap(fd, ioas, IOVA + PAGE, PAGE, NULL));
	expect_blocked(&one, IOVA + PAGE, p + PAGE, PAGE);
	expect_blocked(&two, IOVA + PAGE, p + PAGE, PAGE);

	EXPECT_OK(dev_detach(one.fd, fd));
	expect_blocked(&one, IOVA, p, PAGE);
	expect_dma(&two, IOVA, p, PAGE);
	EXPECT_EQ(pinned_bytes(fd, ioas), PAGE);
	EXPECT_OK(dev_detach(two.fd, fd));
	expect_blocked(&two, IOVA, p, PAGE);
	EXPECT_EQ(pinned_bytes(fd, ioas), 0);
}
END_TEST

START_TEST(dma_of_two_devices_in_two_address_spaces_stays_apart)
{
	char *p = memory(PAGE, CANARY), *q = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 a = new_ioas(fd), b = new_ioas(fd);
	struct dev one, two;

	EXPECT_OK(ioas_map(fd, a, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(fd, b, q, IOVA, PAGE, RW));
	dev_start(&one, TESTDEV_0, fd);
	dev_start(&two, TESTDEV_1, fd);
	EXPECT_OK(dev_attach(one.fd, fd, a));
	EXPECT_OK(dev_attach(two.fd, fd, b));
	expect_dma(&one, IOVA, p, PAGE);
	expect_filled(q, CANARY, PAGE);
	memset(p, CANARY, PAGE);
	expect_dma(&two, IOVA, q, PAGE);
	expect_filled(p, CANARY, PAGE);
}
END_TEST

START_TEST(dma_goes_on_after_the_iommu_fd_is_closed_until_unbind)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open()), again;
	__u32 ioas = new_ioas(fd);
	struct dev dev;
	long before = pages_pinned();

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_OK(close(fd));
	expect_dma(&dev, IOVA, p, PAGE);
	expect_blocked(&dev, phys_of(p), p, PAGE);
	EXPECT_EQ(pages_pinned(), before + 1);
	dev_unmap_bar(&dev);
	/* -1: there is no fd left to name it by */
	EXPECT_OK(dev_unbind(dev.fd, -1));
	EXPECT_EQ(pages_pinned(), before);

	again = EXPECT_OK(iommu_open());
	EXPECT_OK(dev_bind(dev.fd, again, 1));
	dev_enable(&dev);
	dev_map_bar(&dev);
	expect_blocked(&dev, IOVA, p, PAGE);
}
END_TEST

START_TEST(dma_in_flight_when_the_address_space_is_replaced_lands_in_one_of_them)
{
	char *p = memory(PAGE, CANARY), *q = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 a = new_ioas(fd), b = new_ioas(fd);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, a, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(fd, b, q, IOVA, PAGE, RW));
	dev_start(&dev, EDU_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, a));
	memset(p, 0x31, PAGE);
	edu_from_memory(&dev, IOVA, 64);
	memset(p, CANARY, PAGE);
	edu_start_to_memory(&dev, IOVA, 64);
	EXPECT_OK(dev_attach(dev.fd, fd, b));
	edu_wait(&dev);
	/* edu takes 100 ms to begin: the new one */
	expect_filled(p, CANARY, PAGE);
	expect_filled(q, 0x31, 64);
	expect_filled(q + 64, CANARY, PAGE - 64);

	edu_start_to_memory(&dev, IOVA + 128, 64);
	EXPECT_OK(dev_detach(dev.fd, fd));
	edu_wait(&dev);
	expect_filled(p, CANARY, PAGE);
	expect_filled(q + 64, CANARY, PAGE - 64);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		dma_of_one_device_goes_on_when_another_is_unbound,
		dma_is_blocked_after_unbind_and_rebind,
		replace_moves_dma_to_the_new_address_space_only,
		attach_of_what_is_attached_already_changes_nothing,
		dma_by_two_devices_on_one_address_space,
		dma_of_two_devices_in_two_address_spaces_stays_apart,
		dma_goes_on_after_the_iommu_fd_is_closed_until_unbind,
		dma_in_flight_when_the_address_space_is_replaced_lands_in_one_of_them,
		NULL,
	};

	return run_program(argc, argv, "dma_attach", tests, RUN_DEVICES);
}
