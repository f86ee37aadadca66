// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several IOMMUs behind one address space, each with a page table of its own, and what
 * differs between them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "arena.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "swdev.h"

/* ------------------------------------------------------- several IOMMUs */

START_TEST(swiommu_second_one_gets_everything_when_attached_late)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(100 * PAGE, 0);
	unsigned int i;
	long pinned;

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	/* every other page, one at a time, and some in one piece */
	for (i = 0; i < 50; i += 2)
		EXPECT_OK(ioas_map(s.fd, s.ioas, mem + i * PAGE, IOVA + i * PAGE, PAGE, RW));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem + 50 * PAGE, GIB, 50 * PAGE, RW));
	pinned = pages_pinned();
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	EXPECT_EQ(pages_pinned(), pinned);
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 2);
	for (i = 0; i < 50; i++) {
		if (i % 2)
			expect_swblocked(&s.b, IOVA + i * PAGE, SWIOMMU_FAULT_NOT_MAPPED);
		else
			expect_swwrite(&s.b, IOVA + i * PAGE, mem + i * PAGE, PAGE);
	}
	expect_swwrite(&s.b, GIB, mem + 50 * PAGE, 50 * PAGE);
	expect_swread(&s.a, GIB, mem + 50 * PAGE, 50 * PAGE);
	/* what comes and goes from now on does so for both */
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, 2 * GIB, PAGE, RW));
	expect_swwrite(&s.a, 2 * GIB, mem, PAGE);
	expect_swread(&s.b, 2 * GIB, mem, PAGE);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, 2 * GIB, PAGE, NULL));
	expect_swblocked(&s.a, 2 * GIB, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&s.b, 2 * GIB, SWIOMMU_FAULT_NOT_MAPPED);
	swscene_end(&s);
}
END_TEST

/* Memory of every physical shape, in one mapping over a multiple of 1 GiB */
START_TEST(swiommu_second_one_gets_every_run_of_a_mapping)
{
	struct swscene s = swscene(NULL);
	static struct arena arena;
	__u64 iova, size;

	arena_make(&arena);
	size = arena.pages * PAGE;
	iova = 2 * GIB - size / 2 / PAGE * PAGE;
	EXPECT_OK(ioas_map(s.fd, s.ioas, arena.mem, iova, size, RW));
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	expect_swread(&s.a, iova, arena.mem, size);
	expect_swread(&s.b, iova, arena.mem, size);
	EXPECT_OK(dev_detach(s.a.fd, s.fd));
	expect_swwrite(&s.b, iova, arena.mem, size);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, iova, size, NULL));
	expect_swfault(&s.b, SWIOMMU_DMA_READ, iova + size - PAGE, PAGE,
		       SWIOMMU_FAULT_NOT_MAPPED, iova + size - PAGE);
	swscene_end(&s);
}
END_TEST

START_TEST(swiommu_goes_on_when_the_other_is_left)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(4 * PAGE, 0);
	int first;

	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, 4 * PAGE, RW));
	for (first = 0; first < 2; first++) {
		struct swdev *leaves = first ? &s.b : &s.a, *stays = first ? &s.a : &s.b;

		EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
		EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
		expect_swwrite(leaves, IOVA, mem, 4 * PAGE);
		EXPECT_OK(dev_detach(leaves->fd, s.fd));
		expect_swblocked(leaves, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
		expect_swwrite(stays, IOVA, mem, 4 * PAGE);
		EXPECT_EQ(pinned_bytes(s.fd, s.ioas), 4 * PAGE);
		EXPECT_OK(dev_detach(stays->fd, s.fd));
		EXPECT_EQ(pinned_bytes(s.fd, s.ioas), 0);
	}
	swscene_end(&s);
}
END_TEST

START_TEST(swdevs_of_one_iommu_share_its_table)
{
	struct swscene s = swscene("iommus=1");
	char *mem = memory(4 * PAGE, 0);
	__u64 walks;

	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, 4 * PAGE, RW));
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	expect_swwrite(&s.a, IOVA, mem, 4 * PAGE);
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	/* the IOTLB, which is by domain, has what the other device asked for */
	walks = swiommu_info(0).walks;
	expect_swwrite(&s.b, IOVA, mem, 4 * PAGE);
	EXPECT_EQ(swiommu_info(0).walks, walks);
	swscene_end(&s);
}
END_TEST

START_TEST(swiommu_widths_narrow_what_is_permitted)
{
	struct swscene s = swscene("addr_width=48,36");
	char *mem = memory(PAGE, 0);

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_TRUE(range_is_permitted(s.fd, s.ioas, 0, (1ULL << 48) - 1));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, 1ULL << 36, PAGE, RW));
	expect_swwrite(&s.a, 1ULL << 36, mem, PAGE);
	EXPECT_ERRNO(dev_attach(s.b.fd, s.fd, s.ioas), EINVAL);
	expect_swblocked(&s.b, 1ULL << 36, SWIOMMU_FAULT_WIDTH);
	expect_swwrite(&s.a, 1ULL << 36, mem, PAGE);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, 1ULL << 36, PAGE, NULL));
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	EXPECT_TRUE(!range_is_permitted(s.fd, s.ioas, 0, 1ULL << 36));
	EXPECT_ERRNO(ioas_map(s.fd, s.ioas, mem, 1ULL << 36, PAGE, RW), EINVAL);
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, (1ULL << 36) - PAGE, PAGE, RW));
	expect_swwrite(&s.b, (1ULL << 36) - PAGE, mem, PAGE);
	EXPECT_OK(dev_detach(s.b.fd, s.fd));
	EXPECT_TRUE(range_is_permitted(s.fd, s.ioas, 0, (1ULL << 48) - 1));
	swscene_end(&s);
}
END_TEST

START_TEST(swiommu_with_large_pages_only_is_refused)
{
	struct swscene s = swscene("page_sizes=0x1000,0x200000");

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_ERRNO(dev_attach(s.b.fd, s.fd, s.ioas), EINVAL);
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 1);
	swscene_end(&s);
}
END_TEST

static bool snoops(struct swdev *dev, __u64 iova)
{
	char buffer[16];
	struct swiommu_dma arg = {
		.flags = SWIOMMU_DMA_NO_SNOOP, .iova = iova, .length = sizeof(buffer),
		.data = (uintptr_t)buffer,
	};

	EXPECT_OK(swdev_try_dma(dev->fd, &arg));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NONE);
	return arg.flags & SWIOMMU_DMA_SNOOPED;
}

START_TEST(swiommu_makes_no_snoop_dma_snoop_where_it_can)
{
	struct swscene s = swscene("snoop=1,0");
	struct ioasid_alloc on = { .snoop = IOASID_SNOOP_ON };
	struct ioasid_alloc off = { .snoop = IOASID_SNOOP_OFF };
	char *mem = memory(PAGE, 0);

	EXPECT_OK(ioas_alloc_with(s.fd, &on));
	EXPECT_OK(ioas_alloc_with(s.fd, &off));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(s.fd, on.ioasid, mem, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(s.fd, off.ioasid, mem, IOVA, PAGE, RW));
	/* auto: each as it can */
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	EXPECT_TRUE(snoops(&s.a, IOVA));
	EXPECT_TRUE(!snoops(&s.b, IOVA));
	EXPECT_OK(dev_attach(s.a.fd, s.fd, on.ioasid));
	EXPECT_TRUE(snoops(&s.a, IOVA));
	EXPECT_ERRNO(dev_attach(s.b.fd, s.fd, on.ioasid), EINVAL);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, off.ioasid));
	EXPECT_TRUE(!snoops(&s.a, IOVA));
	swscene_end(&s);
}
END_TEST

/* ---------------------------------------------------------------- groups */

static void start_in_group(struct swdev *dev, __u32 iommu, __u32 group, int fd)
{
	const struct swiommu_device_create options = {
		.iommu = iommu, .group = group, .flags = SWIOMMU_DEVICE_TLB,
	};

	swdev_start_with(dev, &options, fd);
}

static __u32 group_devices(int fd, struct swdev *dev)
{
	struct device_caps caps;

	device_caps(fd, dev->cookie, &caps);
	return caps.info.group_devices;
}

START_TEST(swdevs_share_a_group_if_they_are_made_so)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(PAGE, 0);
	__u32 other = new_ioas(s.fd);
	struct swdev in[3], out;
	int i, fd;

	/* 3 of IOMMU 0; number 3 of IOMMU 1 is another group, and so is number 4 */
	for (i = 0; i < 3; i++)
		start_in_group(&in[i], 0, 3, s.fd);
	start_in_group(&out, 1, 3, s.fd);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(group_devices(s.fd, &in[i]), 3);
	EXPECT_EQ(group_devices(s.fd, &out), 1);
	EXPECT_EQ(group_devices(s.fd, &s.a), 1);

	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	EXPECT_OK(dev_attach(in[0].fd, s.fd, s.ioas));
	EXPECT_OK(dev_attach(in[1].fd, s.fd, s.ioas));
	EXPECT_ERRNO(dev_attach(in[2].fd, s.fd, other), EBUSY);
	for (i = 0; i < 3; i++)
		expect_swwrite(&in[i], IOVA, mem, PAGE);
	expect_swblocked(&out, IOVA, SWIOMMU_FAULT_NOT_MAPPED);

	/* one that is plugged in gets what the others have, another fd does not get it */
	fd = EXPECT_OK(iommu_open());
	out.fd = EXPECT_OK(swdev_open(swdev_create(&(struct swiommu_device_create) {
						   .group = 3 })));
	EXPECT_ERRNO(dev_bind(out.fd, fd, 1), EPERM);
	EXPECT_OK(dev_bind(out.fd, s.fd, 1));
	expect_swwrite(&out, IOVA, mem, PAGE);
	/* and one that is pulled out leaves it to them */
	EXPECT_OK(swdev_destroy(in[0].id));
	expect_swwrite(&in[1], IOVA, mem, PAGE);
	EXPECT_EQ(group_devices(s.fd, &in[1]), 3);
	EXPECT_OK(dev_detach(in[1].fd, s.fd));
	for (i = 1; i < 3; i++)
		expect_swblocked(&in[i], IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&out, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_EQ(pinned_bytes(s.fd, s.ioas), 0);
	close_all();
	swiommu_unload();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		swiommu_second_one_gets_everything_when_attached_late,
		swiommu_second_one_gets_every_run_of_a_mapping,
		swiommu_goes_on_when_the_other_is_left,
		swdevs_of_one_iommu_share_its_table,
		swiommu_widths_narrow_what_is_permitted,
		swiommu_with_large_pages_only_is_refused,
		swiommu_makes_no_snoop_dma_snoop_where_it_can,
		swdevs_share_a_group_if_they_are_made_so,
		NULL,
	};

	return run_swiommu_program(argc, argv, "several-iommus", tests);
}
