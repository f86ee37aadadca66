// SPDX-License-Identifier: GPL-2.0-only
/*
 * What DMA with a PASID reaches, and what not, and that a missing invalidation is seen
 * here too. Who has which number is in test-pasid-numbers.
 */
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "swpasid.h"

/* An address space with a page at IOVA that no other has */
struct place {
	int fd;
	__u32 ioas;
	char *mem;
};

static struct place place(int fd)
{
	struct place p = { .fd = fd, .ioas = new_ioas(fd), .mem = memory(PAGE, CANARY) };

	EXPECT_OK(ioas_map(fd, p.ioas, p.mem, IOVA, PAGE, RW));
	return p;
}

/* DMA of a device that carries a PASID, or none, goes there */
static void expect_reaches(struct swdev *dev, __u32 pasid, struct place *p)
{
	expect_swwrite(BY(dev, pasid), IOVA, p->mem, PAGE);
	expect_swread(BY(dev, pasid), IOVA, p->mem, PAGE);
	memset(p->mem, CANARY, PAGE);
}

/* As expect_reaches(), and not to any of the others */
static void expect_reaches_only(struct swdev *dev, __u32 pasid, struct place *all,
				unsigned int nr, unsigned int which)
{
	unsigned int i;

	expect_reaches(dev, pasid, &all[which]);
	for (i = 0; i < nr; i++)
		expect_filled(all[i].mem, CANARY, PAGE);
}

/* -------------------------------------------------------------- type by type */

#define PHYSICAL	(IOASID_PASID_IDENTICAL | IOASID_PASID_ALIAS)

static void expect_no_pasids(int fd, struct swdev *dev, struct place *p)
{
	expect_info_says(fd, dev, 0, 0);
	EXPECT_ERRNO(dev_attach_pasid(dev->fd, fd, p->ioas, 5), EOPNOTSUPP);
	EXPECT_ERRNO(dev_attach_pasid(dev->fd, fd, p->ioas, 0), EOPNOTSUPP);
	EXPECT_ERRNO(dev_detach_pasid(dev->fd, fd, 5), EOPNOTSUPP);
	EXPECT_ERRNO(dev_set_pasid_floor(dev->fd, fd, 5), EOPNOTSUPP);
	EXPECT_ERRNO(dev_alias(dev->fd, fd, 5, 6), EOPNOTSUPP);
	EXPECT_EQ(nr_attachments(fd, p->ioas), 0);
	EXPECT_OK(dev_attach(dev->fd, fd, p->ioas));
	expect_reaches(dev, 0, p);
}

START_TEST(pasids_of_each_type_are_what_the_info_calls_say)
{
	static const struct {
		__u32 type, flags;
	} rows[] = {
		{ 4, PHYSICAL | IOASID_PASID_DELEGATED },
		{ 5, PHYSICAL },
		{ 7, PHYSICAL | IOASID_PASID_CPU },
	};
	struct swscene s = swscene(NULL);
	struct place p = place(s.fd);
	unsigned int i;
	int number;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct swiommu_device_create options = {
			.type = rows[i].type, .pasid_width = 9,
		};
		struct swdev dev;

		swdev_start_with(&dev, &options, s.fd);
		expect_info_says(s.fd, &dev, 9, rows[i].flags);
		EXPECT_OK(dev_attach_pasid(dev.fd, s.fd, p.ioas, 511));
		EXPECT_ERRNO(dev_attach_pasid(dev.fd, s.fd, p.ioas, 512), EINVAL);
		number = EXPECT_OK(dev_attach_pasid(dev.fd, s.fd, p.ioas, 0));
		EXPECT_OK(dev_alias(dev.fd, s.fd, number, 300));
		expect_reaches(&dev, 511, &p);
		expect_reaches(&dev, number, &p);
		expect_reaches(&dev, 300, &p);
		expect_pasid_blocked(&dev, 5, IOVA);
		EXPECT_OK(close(dev.fd));
	}
	EXPECT_EQ(nr_attachments(s.fd, p.ioas), 0);
	swscene_end(&s);
}
END_TEST

START_TEST(pasids_are_refused_where_the_device_has_none)
{
	static const struct swiommu_device_create without[] = {
		/* of type 1, whatever it could issue */
		{ .type = 1, .pasid_width = 20 },
		{ .type = 5, .pasid_width = 0 },
		/* not alone in its group: which of them it was the IOMMU does not say */
		{ .type = 5, .pasid_width = 20, .group = 1 },
		/* an IOMMU that knows of no PASIDs */
		{ .type = 5, .pasid_width = 20, .iommu = 1 },
	};
	const struct swiommu_device_create narrow = { .type = 5, .pasid_width = 20 };
	struct swdev dev, other;
	unsigned int i;

	swiommu_load("pasid_width=7,0");
	for (i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		int fd = EXPECT_OK(iommu_open());
		struct place p = place(fd);

		if (without[i].group)
			other.id = swdev_create(&without[i]);
		swdev_start_with(&dev, &without[i], fd);
		expect_no_pasids(fd, &dev, &p);
		if (without[i].pasid_width) {
			/* the device does send it */
			expect_pasid_blocked(&dev, 5, IOVA);
		}
		close_all();
	}
	/* as many as both can do */
	other.iommu = EXPECT_OK(iommu_open());
	swdev_start_with(&dev, &narrow, other.iommu);
	expect_info_says(other.iommu, &dev, 7, PHYSICAL);
	close_all();
	swiommu_unload();
}
END_TEST

/* ---------------------------------------------------------- right and wrong ones */

START_TEST(pasids_reach_their_own_address_space_and_no_other)
{
	static const __u32 numbers[] = { 0, 1, 2, 63, 64, 4711, LIMIT - 1 };
	enum { NR = sizeof(numbers) / sizeof(numbers[0]) };
	struct swscene s = swscene(NULL);
	struct place all[NR];
	unsigned int i, round;

	for (i = 0; i < NR; i++)
		all[i] = place(s.fd);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, all[0].ioas));
	for (i = 1; i < NR; i++)
		EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[i].ioas, numbers[i]));
	/* out of the tables, and then out of the caches */
	for (round = 0; round < 2; round++)
		for (i = 0; i < NR; i++)
			expect_reaches_only(&s.a, numbers[i], all, NR, i);
	for (i = 1; i < NR; i++)
		expect_pasid_fault(&s.a, numbers[i], IOVA + GIB, SWIOMMU_FAULT_NOT_MAPPED,
				   all[i].ioas);
	/* wrong ones */
	expect_pasid_blocked(&s.a, 3, IOVA);
	expect_pasid_blocked(&s.a, LIMIT - 2, IOVA);
	expect_pasid_blocked(&s.a, 65, IOVA);
	expect_pasid_blocked(&s.a, 4711 + 64, IOVA);
	/* and another device's, behind another IOMMU */
	expect_pasid_blocked(&s.b, 1, IOVA);
	/* one after the other goes, the others stay */
	for (i = 1; i < NR; i++) {
		EXPECT_OK(dev_detach_pasid(s.a.fd, s.fd, numbers[i]));
		expect_pasid_blocked(&s.a, numbers[i], IOVA);
		expect_reaches_only(&s.a, numbers[(i + 1) % NR], all, NR, (i + 1) % NR);
		EXPECT_EQ(pinned_bytes(s.fd, all[i].ioas), 0);
		EXPECT_EQ(pinned_bytes(s.fd, all[0].ioas), PAGE);
	}
	swscene_end(&s);
}
END_TEST

START_TEST(pasids_and_rid_come_and_go_without_each_other)
{
	struct swscene s = swscene(NULL);
	struct place all[2] = { place(s.fd), place(s.fd) };

	EXPECT_OK(dev_attach(s.a.fd, s.fd, all[0].ioas));
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[1].ioas, 5));
	expect_reaches_only(&s.a, 0, all, 2, 0);
	expect_reaches_only(&s.a, 5, all, 2, 1);
	EXPECT_OK(dev_detach(s.a.fd, s.fd));
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	expect_reaches_only(&s.a, 5, all, 2, 1);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, all[1].ioas));
	EXPECT_OK(dev_detach_pasid(s.a.fd, s.fd, 5));
	expect_pasid_blocked(&s.a, 5, IOVA);
	expect_reaches_only(&s.a, 0, all, 2, 1);
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[0].ioas, 5));
	EXPECT_OK(dev_attach(s.a.fd, s.fd, all[0].ioas));
	expect_reaches_only(&s.a, 0, all, 2, 0);
	expect_reaches_only(&s.a, 5, all, 2, 0);
	EXPECT_EQ(pinned_bytes(s.fd, all[1].ioas), 0);
	swscene_end(&s);
}
END_TEST

START_TEST(pasid_of_two_devices_is_two_pasids)
{
	struct swscene s = swscene(NULL);
	struct place all[3] = { place(s.fd), place(s.fd), place(s.fd) };
	struct swdev beside;

	/* behind one IOMMU, and behind another one */
	swdev_start(&beside, 0, s.fd);
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[0].ioas, 5));
	EXPECT_OK(dev_attach_pasid(beside.fd, s.fd, all[1].ioas, 5));
	EXPECT_OK(dev_attach_pasid(s.b.fd, s.fd, all[2].ioas, 5));
	expect_reaches_only(&s.a, 5, all, 3, 0);
	expect_reaches_only(&beside, 5, all, 3, 1);
	expect_reaches_only(&s.b, 5, all, 3, 2);
	EXPECT_OK(dev_detach_pasid(beside.fd, s.fd, 5));
	expect_pasid_blocked(&beside, 5, IOVA);
	expect_reaches_only(&s.a, 5, all, 3, 0);
	expect_reaches_only(&s.b, 5, all, 3, 2);
	EXPECT_OK(close(beside.fd));
	swscene_end(&s);
}
END_TEST

START_TEST(one_address_space_serves_many_devices_and_pasids)
{
	struct swscene s = swscene(NULL);
	struct swdev *devs[2] = { &s.a, &s.b };
	struct place p = place(s.fd);
	char *later = memory(PAGE, 0);
	__u32 d, number;

	for (d = 0; d < 2; d++) {
		EXPECT_OK(dev_attach(devs[d]->fd, s.fd, p.ioas));
		for (number = 1; number < 20; number++)
			EXPECT_OK(dev_attach_pasid(devs[d]->fd, s.fd, p.ioas, number));
	}
	EXPECT_EQ(nr_attachments(s.fd, p.ioas), 40);
	EXPECT_EQ(pinned_bytes(s.fd, p.ioas), PAGE);
	EXPECT_OK(ioas_map(s.fd, p.ioas, later, IOVA + GIB, PAGE, RW));
	for (d = 0; d < 2; d++)
		for (number = 0; number < 20; number++) {
			expect_reaches(devs[d], number, &p);
			expect_swwrite(BY(devs[d], number), IOVA + GIB, later, PAGE);
		}
	EXPECT_OK(ioas_unmap(s.fd, p.ioas, IOVA + GIB, PAGE, NULL));
	for (d = 0; d < 2; d++)
		for (number = 1; number < 20; number++)
			expect_pasid_fault(devs[d], number, IOVA + GIB, SWIOMMU_FAULT_NOT_MAPPED,
					   p.ioas);
	/* as long as there is one of them it is pinned */
	for (d = 0; d < 2; d++)
		for (number = 0; number < 20; number++) {
			EXPECT_EQ(pinned_bytes(s.fd, p.ioas), PAGE);
			if (number)
				EXPECT_OK(dev_detach_pasid(devs[d]->fd, s.fd, number));
			else
				EXPECT_OK(dev_detach(devs[d]->fd, s.fd));
			if (number < 19)
				expect_reaches(devs[d], 19, &p);
			else
				expect_pasid_blocked(devs[d], 19, IOVA);
		}
	EXPECT_EQ(pinned_bytes(s.fd, p.ioas), 0);
	EXPECT_EQ(nr_attachments(s.fd, p.ioas), 0);
	swscene_end(&s);
}
END_TEST

START_TEST(pasids_obey_permissions)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(2 * PAGE, 1);

	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, s.ioas, 5));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, IOASID_MAP_READ));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem + PAGE, IOVA + PAGE, PAGE, IOASID_MAP_WRITE));
	expect_swread(BY(&s.a, 5), IOVA, mem, PAGE);
	expect_swfault(BY(&s.a, 5), SWIOMMU_DMA_WRITE, IOVA, PAGE, SWIOMMU_FAULT_PERMISSION,
		       IOVA);
	expect_filled(mem, 1, PAGE);
	expect_swwrite(BY(&s.a, 5), IOVA + PAGE, mem + PAGE, PAGE);
	expect_swfault(BY(&s.a, 5), SWIOMMU_DMA_READ, IOVA, 2 * PAGE,
		       SWIOMMU_FAULT_PERMISSION, IOVA + PAGE);
	expect_swblocked(BY(&s.a, 5), 1ULL << 48, SWIOMMU_FAULT_WIDTH);
	swscene_end(&s);
}
END_TEST

START_TEST(pasid_narrows_its_address_space_to_what_its_device_may_use)
{
	const struct swiommu_device_create fussy = {
		.type = 5, .pasid_width = 20, .reserved_start = IOVA, .reserved_last = IOVA + GIB - 1,
	};
	struct swscene s = swscene(NULL);
	struct place p = place(s.fd);
	struct swdev dev;

	swdev_start_with(&dev, &fussy, s.fd);
	EXPECT_ERRNO(dev_attach_pasid(dev.fd, s.fd, p.ioas, 5), EINVAL);
	expect_pasid_blocked(&dev, 5, IOVA);
	EXPECT_EQ(nr_attachments(s.fd, p.ioas), 0);
	EXPECT_OK(ioas_unmap_all(s.fd, p.ioas, NULL));
	EXPECT_OK(dev_attach_pasid(dev.fd, s.fd, p.ioas, 5));
	EXPECT_ERRNO(ioas_map(s.fd, p.ioas, p.mem, IOVA, PAGE, RW), EINVAL);
	EXPECT_OK(dev_detach_pasid(dev.fd, s.fd, 5));
	EXPECT_OK(ioas_map(s.fd, p.ioas, p.mem, IOVA, PAGE, RW));
	/* what is attached stays if the other one does not fit */
	EXPECT_OK(dev_attach_pasid(dev.fd, s.fd, s.ioas, 5));
	EXPECT_OK(ioas_map(s.fd, s.ioas, p.mem, IOVA + GIB, PAGE, RW));
	EXPECT_ERRNO(dev_attach_pasid(dev.fd, s.fd, p.ioas, 5), EINVAL);
	expect_swwrite(BY(&dev, 5), IOVA + GIB, p.mem, PAGE);
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 1);
	EXPECT_OK(close(dev.fd));
	swscene_end(&s);
}
END_TEST

/* ------------------------------------------------------- with all caches warm */

START_TEST(pasid_reaches_nothing_any_more_that_is_unmapped)
{
	struct swscene s = swscene(NULL);
	struct swdev *devs[2] = { &s.a, &s.b };
	struct place p = place(s.fd);
	char *other = memory(PAGE, CANARY);
	__u32 d, number;

	for (d = 0; d < 2; d++) {
		EXPECT_OK(dev_attach_pasid(devs[d]->fd, s.fd, p.ioas, 1));
		EXPECT_OK(dev_attach_pasid(devs[d]->fd, s.fd, p.ioas, 2));
		EXPECT_OK(dev_alias(devs[d]->fd, s.fd, 2, 3));
	}
	for (d = 0; d < 2; d++) {
		for (number = 1; number < 4; number++) {
			expect_reaches(devs[d], number, &p);
			expect_reaches(devs[d], number, &p);
		}
		EXPECT_EQ(swdev_info(devs[d]).tlb.entries, 3);
		EXPECT_EQ(swiommu_info(d).pasid_cache.entries, 3);
		EXPECT_EQ(swiommu_info(d).iotlb.entries, 1);
	}
	EXPECT_OK(ioas_unmap(s.fd, p.ioas, IOVA, PAGE, NULL));
	for (d = 0; d < 2; d++)
		for (number = 1; number < 4; number++)
			expect_pasid_fault(devs[d], number, IOVA, SWIOMMU_FAULT_NOT_MAPPED,
					   p.ioas);
	expect_filled(p.mem, CANARY, PAGE);
	/* nor if something else is there now */
	EXPECT_OK(ioas_map(s.fd, p.ioas, other, IOVA, PAGE, IOASID_MAP_READ));
	for (d = 0; d < 2; d++)
		for (number = 1; number < 4; number++) {
			expect_swread(BY(devs[d], number), IOVA, other, PAGE);
			expect_swfault(BY(devs[d], number), SWIOMMU_DMA_WRITE, IOVA, PAGE,
				       SWIOMMU_FAULT_PERMISSION, IOVA);
		}
	expect_filled(p.mem, CANARY, PAGE);
	swscene_end(&s);
}
END_TEST

START_TEST(pasid_reaches_nothing_any_more_when_it_is_detached_or_replaced)
{
	struct swscene s = swscene(NULL);
	struct place all[3] = { place(s.fd), place(s.fd), place(s.fd) };
	unsigned int i;

	/* the RID keeps the table and its translations */
	EXPECT_OK(dev_attach(s.a.fd, s.fd, all[0].ioas));
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[0].ioas, 5));
	for (i = 0; i < 6; i++) {
		expect_reaches_only(&s.a, 5, all, 3, i % 3);
		expect_reaches_only(&s.a, 0, all, 3, 0);
		if (i % 2) {
			EXPECT_OK(dev_detach_pasid(s.a.fd, s.fd, 5));
			expect_pasid_blocked(&s.a, 5, IOVA);
		}
		EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[(i + 1) % 3].ioas, 5));
	}
	/* what is attached already */
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[0].ioas, 5));
	expect_reaches_only(&s.a, 5, all, 3, 0);
	EXPECT_EQ(nr_attachments(s.fd, all[0].ioas), 2);
	swscene_end(&s);
}
END_TEST

/* ------------------------------------------------------------------ aliases */

START_TEST(alias_leads_where_its_pasid_does)
{
	struct swscene s = swscene(NULL);
	struct place all[2] = { place(s.fd), place(s.fd) };

	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[0].ioas, 5));
	expect_pasid_blocked(&s.a, 6, IOVA);
	EXPECT_OK(dev_alias(s.a.fd, s.fd, 5, 6));
	/* one attachment, whatever its names */
	EXPECT_EQ(nr_attachments(s.fd, all[0].ioas), 1);
	expect_reaches_only(&s.a, 5, all, 2, 0);
	expect_reaches_only(&s.a, 6, all, 2, 0);
	/* a fault by either name is one of the same address space */
	expect_pasid_fault(&s.a, 5, IOVA + GIB, SWIOMMU_FAULT_NOT_MAPPED, all[0].ioas);
	expect_pasid_fault(&s.a, 6, IOVA + GIB, SWIOMMU_FAULT_NOT_MAPPED, all[0].ioas);
	/* replaced by one name and by the other */
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[1].ioas, 5));
	expect_reaches_only(&s.a, 5, all, 2, 1);
	expect_reaches_only(&s.a, 6, all, 2, 1);
	expect_pasid_fault(&s.a, 6, IOVA + GIB, SWIOMMU_FAULT_NOT_MAPPED, all[1].ioas);
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[0].ioas, 6));
	expect_reaches_only(&s.a, 5, all, 2, 0);
	expect_reaches_only(&s.a, 6, all, 2, 0);
	EXPECT_EQ(nr_attachments(s.fd, all[0].ioas), 1);
	EXPECT_EQ(nr_attachments(s.fd, all[1].ioas), 0);
	EXPECT_EQ(pinned_bytes(s.fd, all[1].ioas), 0);
	/* what is mapped and unmapped */
	EXPECT_OK(ioas_unmap(s.fd, all[0].ioas, IOVA, PAGE, NULL));
	expect_pasid_fault(&s.a, 5, IOVA, SWIOMMU_FAULT_NOT_MAPPED, all[0].ioas);
	expect_pasid_fault(&s.a, 6, IOVA, SWIOMMU_FAULT_NOT_MAPPED, all[0].ioas);
	EXPECT_OK(ioas_map(s.fd, all[0].ioas, all[0].mem, IOVA, PAGE, RW));
	expect_reaches_only(&s.a, 6, all, 2, 0);
	swscene_end(&s);
}
END_TEST

START_TEST(alias_ends_with_its_pasid)
{
	struct swscene s = swscene(NULL);
	struct place all[2] = { place(s.fd), place(s.fd) };
	__u32 name;

	/* the address space stays behind something else, and so in all caches */
	EXPECT_OK(dev_attach(s.a.fd, s.fd, all[0].ioas));
	for (name = 5; name <= 6; name++) {
		EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[0].ioas, 5));
		EXPECT_OK(dev_alias(s.a.fd, s.fd, 5, 6));
		expect_reaches_only(&s.a, 5, all, 2, 0);
		expect_reaches_only(&s.a, 6, all, 2, 0);
		EXPECT_OK(dev_detach_pasid(s.a.fd, s.fd, name));
		expect_pasid_blocked(&s.a, 5, IOVA);
		expect_pasid_blocked(&s.a, 6, IOVA);
		EXPECT_ERRNO(dev_detach_pasid(s.a.fd, s.fd, 5), EINVAL);
		EXPECT_ERRNO(dev_detach_pasid(s.a.fd, s.fd, 6), EINVAL);
	}
	/* the number is free, for somewhere else */
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[1].ioas, 6));
	expect_reaches_only(&s.a, 6, all, 2, 1);
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[0].ioas, 5));
	expect_reaches_only(&s.a, 5, all, 2, 0);
	/* without an alias now */
	EXPECT_OK(dev_detach_pasid(s.a.fd, s.fd, 5));
	expect_reaches_only(&s.a, 6, all, 2, 1);
	swscene_end(&s);
}
END_TEST

/* ------------------------------------------------------- replaced under DMA */

struct writer {
	struct swdev *dev;
	__u32 number;
	pthread_t thread;
	volatile bool stop;
	volatile unsigned long done, blocked;
};

static void *write_all_the_time(void *arg)
{
	struct writer *w = arg;
	char ones[64];

	memset(ones, 1, sizeof(ones));
	while (!w->stop) {
		struct swiommu_dma dma = swdev_dma(BY(w->dev, w->number), SWIOMMU_DMA_WRITE,
						   IOVA, ones, sizeof(ones));

		if (!dma.fault) {
			w->done++;
			continue;
		}
		EXPECT_EQ(dma.fault, SWIOMMU_FAULT_BLOCKED);
		w->blocked++;
	}
	return NULL;
}

START_TEST(pasids_are_replaced_under_dma_by_both_names)
{
	struct swscene s = swscene(NULL);
	struct place all[2] = { place(s.fd), place(s.fd) };
	struct writer w[2] = { { .dev = &s.a, .number = 5 }, { .dev = &s.a, .number = 6 } };
	int i, n = kernel_is("debug") ? 100 : 1000;

	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[0].ioas, 5));
	EXPECT_OK(dev_alias(s.a.fd, s.fd, 5, 6));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(pthread_create(&w[i].thread, NULL, write_all_the_time, &w[i]), 0);
	for (i = 1; i <= n; i++) {
		struct place *now = &all[i % 2], *before = &all[!(i % 2)];

		EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, now->ioas, 5 + i / 2 % 2));
		/* from here on nothing goes to the old one */
		memset(before->mem, CANARY, PAGE);
		usleep(i % 4 * 20);
		expect_filled(before->mem, CANARY, PAGE);
	}
	for (i = 0; i < 2; i++) {
		w[i].stop = true;
		pthread_join(w[i].thread, NULL);
		EXPECT_GE(w[i].done, 1);
		if (pasids_are_replaced_at_once())
			EXPECT_EQ(w[i].blocked, 0);
	}
	swscene_end(&s);
}
END_TEST

START_TEST(pasid_writes_nothing_any_more_when_unmap_or_detach_has_returned)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(PAGE, CANARY);
	struct writer w[2] = { { .dev = &s.a, .number = 5 }, { .dev = &s.b, .number = 5 } };
	int i, n = kernel_is("debug") ? 100 : 600;

	/* a mapped page keeps faults to those that are expected */
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(pthread_create(&w[i].thread, NULL, write_all_the_time, &w[i]), 0);
	for (i = 0; i < n; i++) {
		EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, s.ioas, 5));
		EXPECT_OK(dev_attach_pasid(s.b.fd, s.fd, s.ioas, 5));
		usleep(i % 8 * 20);
		EXPECT_OK(dev_detach_pasid(s.b.fd, s.fd, 5));
		EXPECT_OK(dev_detach_pasid(s.a.fd, s.fd, 5));
		memset(mem, CANARY, PAGE);
		usleep(i % 4 * 20);
		expect_filled(mem, CANARY, PAGE);
	}
	for (i = 0; i < 2; i++) {
		w[i].stop = true;
		pthread_join(w[i].thread, NULL);
		EXPECT_GE(w[i].done, 1);
		EXPECT_GE(w[i].blocked, 1);
	}
	swscene_end(&s);
}
END_TEST

/* -------------------------------------------------------------------- snooping */

static void expect_snooped(struct swdev *dev, __u32 pasid, char *mem, bool want)
{
	char word[4] = "new";
	struct swiommu_dma arg = {
		.flags = SWIOMMU_DMA_PASID | SWIOMMU_DMA_NO_SNOOP, .pasid = pasid,
		.op = SWIOMMU_DMA_WRITE, .iova = IOVA, .data = (uintptr_t)word, .length = 4,
	};

	EXPECT_OK(swdev_try_dma(dev->fd, &arg));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(!!(arg.flags & SWIOMMU_DMA_SNOOPED), want);
	EXPECT_EQ(memcmp(mem, word, 4), 0);
	memset(mem, CANARY, PAGE);
}

static bool said_to_be_no_snoop(int fd, __u32 ioas)
{
	struct ioasid_info info;

	EXPECT_OK(ioas_info(fd, ioas, &info));
	return info.flags & IOASID_INFO_NO_SNOOP;
}

START_TEST(pasid_is_made_to_snoop_where_its_address_space_says_so)
{
	static const __u32 modes[] = { IOASID_SNOOP_AUTO, IOASID_SNOOP_ON, IOASID_SNOOP_OFF };
	struct swscene s = swscene("snoop=1,0");
	struct swdev *devs[2] = { &s.a, &s.b };
	char *mem = memory(PAGE, CANARY);
	unsigned int mode, d;

	for (mode = 0; mode < 3; mode++) {
		struct ioasid_alloc alloc = { .snoop = modes[mode] };
		struct ioasid_attach attach = {
			.argsz = sizeof(attach), .iommu_fd = s.fd, .pasid = 5,
			.flags = IOASID_ATTACH_PASID | IOASID_ATTACH_NO_SNOOP,
		};

		EXPECT_OK(ioas_alloc_with(s.fd, &alloc));
		EXPECT_OK(ioas_map(s.fd, alloc.ioasid, mem, IOVA, PAGE, RW));
		attach.ioasid = alloc.ioasid;
		for (d = 0; d < 2; d++) {
			bool snoops = !d && modes[mode] != IOASID_SNOOP_OFF;

			if (d && modes[mode] == IOASID_SNOOP_ON) {
				EXPECT_ERRNO(ioctl(devs[d]->fd, IOASID_DEVICE_ATTACH, &attach),
					     EINVAL);
				continue;
			}
			EXPECT_OK(ioctl(devs[d]->fd, IOASID_DEVICE_ATTACH, &attach));
			expect_snooped(devs[d], 5, mem, snoops);
			EXPECT_EQ(said_to_be_no_snoop(s.fd, alloc.ioasid), !snoops);
			/* the hint is taken back by attaching without it */
			EXPECT_OK(dev_attach_pasid(devs[d]->fd, s.fd, alloc.ioasid, 5));
			EXPECT_TRUE(!said_to_be_no_snoop(s.fd, alloc.ioasid));
			EXPECT_OK(dev_detach_pasid(devs[d]->fd, s.fd, 5));
		}
	}
	swscene_end(&s);
}
END_TEST

/* ------------------------------------------------- the oracle: what a test would see */

/* DMA with a PASID gets to a page that it should not reach any more */
static void expect_stale(struct swdev *dev, __u32 pasid, char *mem)
{
	char word[4] = "new";

	memset(mem, CANARY, PAGE);
	EXPECT_EQ(swdev_dma(BY(dev, pasid), SWIOMMU_DMA_WRITE, IOVA, word, 4).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem, word, 4), 0);
	memset(mem, CANARY, PAGE);
}

START_TEST(pasid_reaches_the_old_page_if_an_iotlb_invalidation_is_dropped)
{
	struct swscene s = swscene(NULL);
	struct place p = place(s.fd);

	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, p.ioas, 5));
	expect_reaches(&s.a, 5, &p);
	swiommu_drop(0, SWIOMMU_DROP_IOTLB, 1);
	EXPECT_OK(ioas_unmap(s.fd, p.ioas, IOVA, PAGE, NULL));
	EXPECT_EQ(swiommu_info(0).iotlb.dropped, 1);
	expect_stale(&s.a, 5, p.mem);
	/* whoever asks, for translations are the domain's */
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, p.ioas, 9));
	expect_stale(&s.a, 9, p.mem);
	EXPECT_OK(ioas_map(s.fd, p.ioas, p.mem, IOVA, PAGE, RW));
	EXPECT_OK(ioas_unmap(s.fd, p.ioas, IOVA, PAGE, NULL));
	expect_pasid_fault(&s.a, 5, IOVA, SWIOMMU_FAULT_NOT_MAPPED, p.ioas);
	expect_pasid_fault(&s.a, 9, IOVA, SWIOMMU_FAULT_NOT_MAPPED, p.ioas);
	swscene_end(&s);
}
END_TEST

START_TEST(pasid_or_its_alias_reaches_the_old_page_if_a_device_tlb_invalidation_is_dropped)
{
	struct swscene s = swscene(NULL);
	struct place p = place(s.fd);
	char word[4];
	unsigned int stale = 0;
	__u32 number;

	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, p.ioas, 5));
	EXPECT_OK(dev_alias(s.a.fd, s.fd, 5, 6));
	expect_reaches(&s.a, 5, &p);
	expect_reaches(&s.a, 6, &p);
	/* one of the two: just that number is seen */
	swiommu_drop(0, SWIOMMU_DROP_DEVICE_TLB, 1);
	EXPECT_OK(ioas_unmap(s.fd, p.ioas, IOVA, PAGE, NULL));
	EXPECT_EQ(swdev_info(&s.a).tlb.dropped, 1);
	for (number = 5; number <= 6; number++)
		stale += !swdev_dma(BY(&s.a, number), SWIOMMU_DMA_READ, IOVA, word, 4).fault;
	EXPECT_EQ(stale, 1);
	/* both */
	EXPECT_OK(ioas_map(s.fd, p.ioas, p.mem, IOVA, PAGE, RW));
	expect_reaches(&s.a, 5, &p);
	expect_reaches(&s.a, 6, &p);
	swiommu_drop(0, SWIOMMU_DROP_DEVICE_TLB, 2);
	EXPECT_OK(ioas_unmap(s.fd, p.ioas, IOVA, PAGE, NULL));
	expect_stale(&s.a, 5, p.mem);
	expect_stale(&s.a, 6, p.mem);
	swscene_end(&s);
}
END_TEST

START_TEST(pasid_is_found_after_detach_if_a_pasid_cache_invalidation_is_dropped)
{
	struct swscene s = swscene(NULL);
	struct place all[2] = { place(s.fd), place(s.fd) };

	/* the RID keeps the table */
	EXPECT_OK(dev_attach(s.a.fd, s.fd, all[0].ioas));
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[0].ioas, 5));
	expect_reaches(&s.a, 5, &all[0]);
	swiommu_drop(0, SWIOMMU_DROP_PASID_CACHE, 1);
	EXPECT_OK(dev_detach_pasid(s.a.fd, s.fd, 5));
	EXPECT_EQ(swiommu_info(0).pasid_cache.dropped, 1);
	expect_stale(&s.a, 5, all[0].mem);
	/* until the next one: that of an attach to somewhere else */
	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, all[1].ioas, 5));
	expect_reaches_only(&s.a, 5, all, 2, 1);
	EXPECT_OK(dev_detach_pasid(s.a.fd, s.fd, 5));
	expect_pasid_blocked(&s.a, 5, IOVA);
	swscene_end(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		pasids_of_each_type_are_what_the_info_calls_say,
		pasids_are_refused_where_the_device_has_none,
		pasids_reach_their_own_address_space_and_no_other,
		pasids_and_rid_come_and_go_without_each_other,
		pasid_of_two_devices_is_two_pasids,
		one_address_space_serves_many_devices_and_pasids,
		pasids_obey_permissions,
		pasid_narrows_its_address_space_to_what_its_device_may_use,
		pasid_reaches_nothing_any_more_that_is_unmapped,
		pasid_reaches_nothing_any_more_when_it_is_detached_or_replaced,
		alias_leads_where_its_pasid_does,
		alias_ends_with_its_pasid,
		pasids_are_replaced_under_dma_by_both_names,
		pasid_writes_nothing_any_more_when_unmap_or_detach_has_returned,
		pasid_is_made_to_snoop_where_its_address_space_says_so,
		pasid_reaches_the_old_page_if_an_iotlb_invalidation_is_dropped,
		pasid_or_its_alias_reaches_the_old_page_if_a_device_tlb_invalidation_is_dropped,
		pasid_is_found_after_detach_if_a_pasid_cache_invalidation_is_dropped,
		NULL,
	};

	return run_swpasid_program(argc, argv, "pasid-dma", tests);
}
