// SPDX-License-Identifier: GPL-2.0-only
/*
 * What DMA by software devices reaches and what not, and that a missing invalidation is
 * seen: by that the other tests with these devices can be believed.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "swdev.h"

/* -------------------------------------------------------------------- DMA */

START_TEST(swdev_reaches_what_is_mapped_and_only_that)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(8 * PAGE, CANARY);

	/* pages 2, 3, 4 of 0 to 7 */
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem + 2 * PAGE, IOVA, 3 * PAGE, RW));
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	expect_swwrite(&s.a, IOVA, mem + 2 * PAGE, 3 * PAGE);
	expect_swread(&s.a, IOVA, mem + 2 * PAGE, 3 * PAGE);
	expect_swwrite(&s.a, IOVA + 5, mem + 2 * PAGE + 5, 2 * PAGE - 3);
	expect_swread(&s.a, IOVA + PAGE - 1, mem + 3 * PAGE - 1, 2);
	expect_swread(&s.a, IOVA + 100, mem, 0);
	expect_filled(mem, CANARY, 2 * PAGE);
	expect_filled(mem + 5 * PAGE, CANARY, 3 * PAGE);
	/* over the end, before the start */
	expect_swfault(&s.a, SWIOMMU_DMA_WRITE, IOVA + PAGE, 3 * PAGE,
		       SWIOMMU_FAULT_NOT_MAPPED, IOVA + 3 * PAGE);
	expect_swfault(&s.a, SWIOMMU_DMA_READ, IOVA + 2 * PAGE + 7, PAGE,
		       SWIOMMU_FAULT_NOT_MAPPED, IOVA + 3 * PAGE);
	expect_swblocked(&s.a, IOVA - PAGE, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&s.a, 1ULL << 48, SWIOMMU_FAULT_WIDTH);
	expect_filled(mem, CANARY, 2 * PAGE);
	expect_filled(mem + 5 * PAGE, CANARY, 3 * PAGE);
	swscene_end(&s);
}
END_TEST

START_TEST(swdev_obeys_permissions)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(2 * PAGE, 1);

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, IOASID_MAP_READ));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem + PAGE, IOVA + PAGE, PAGE, IOASID_MAP_WRITE));
	expect_swread(&s.a, IOVA, mem, PAGE);
	expect_swfault(&s.a, SWIOMMU_DMA_WRITE, IOVA, PAGE, SWIOMMU_FAULT_PERMISSION, IOVA);
	expect_filled(mem, 1, PAGE);
	expect_swwrite(&s.a, IOVA + PAGE, mem + PAGE, PAGE);
	expect_swfault(&s.a, SWIOMMU_DMA_READ, IOVA, 2 * PAGE, SWIOMMU_FAULT_PERMISSION,
		       IOVA + PAGE);
	swscene_end(&s);
}
END_TEST

START_TEST(swdev_copies_until_either_end_faults)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(64 * PAGE, 0), *to = mem + 32 * PAGE;
	struct swiommu_dma arg = { .op = SWIOMMU_DMA_COPY, .length = 17 * PAGE };
	unsigned int i;

	for (i = 0; i < 32 * PAGE; i++)
		mem[i] = i * 11 + i / PAGE;
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, 32 * PAGE, RW));
	EXPECT_OK(ioas_map(s.fd, s.ioas, to, IOVA + GIB, 32 * PAGE, RW));
	arg.src = IOVA + 3;
	arg.iova = IOVA + GIB + 1000;
	EXPECT_OK(swdev_try_dma(s.a.fd, &arg));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(arg.done, arg.length);
	EXPECT_EQ(memcmp(to + 1000, mem + 3, arg.length), 0);
	expect_filled(to, 0, 1000);
	expect_filled(to + 1000 + arg.length, 0, 15 * PAGE - 1000);

	memset(to, 0, 32 * PAGE);
	arg.flags = 0;
	arg.length = 32 * PAGE;
	arg.src = IOVA + 20 * PAGE + 1;
	arg.iova = IOVA + GIB;
	EXPECT_OK(swdev_try_dma(s.a.fd, &arg));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_EQ(arg.fault_addr, IOVA + 32 * PAGE);
	EXPECT_EQ(arg.done, 12 * PAGE - 1);
	EXPECT_EQ(memcmp(to, mem + 20 * PAGE + 1, arg.done), 0);
	expect_filled(to + arg.done, 0, 20 * PAGE);

	memset(to, 0, 32 * PAGE);
	arg.flags = 0;
	arg.src = IOVA;
	arg.iova = IOVA + GIB + 31 * PAGE;
	EXPECT_OK(swdev_try_dma(s.a.fd, &arg));
	EXPECT_EQ(arg.fault_addr, IOVA + GIB + 32 * PAGE);
	EXPECT_EQ(arg.done, PAGE);
	EXPECT_EQ(memcmp(to + 31 * PAGE, mem, PAGE), 0);
	swscene_end(&s);
}
END_TEST

START_TEST(swdev_arguments_are_checked)
{
	struct swscene s = swscene(NULL);
	static const struct swiommu_dma bad[] = {
		{ .flags = 4 }, { .flags = 8 }, { .op = 3 }, { .pasid = 1 }, { .src = 1 },
		{ .flags = SWIOMMU_DMA_PASID }, { .length = SWIOMMU_DMA_MAX + 1 },
		{ .flags = SWIOMMU_DMA_PASID, .pasid = 1 << 20 },
		{ .iova = -1ULL, .length = 2 }, { .op = SWIOMMU_DMA_COPY, .data = 1 },
		{ .op = SWIOMMU_DMA_COPY, .src = -1ULL, .length = 2 }, { .__reserved = 1 },
		{ .fault_ioasid = 1 }, { .fault_pasid = 1 }, { .fault_cookie = 1 },
	};
	struct swiommu_dma arg;
	unsigned int i;

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		arg = bad[i];
		EXPECT_ERRNO_IN(swdev_try_dma(s.a.fd, &arg), EINVAL, "%u", i);
	}
	arg = (struct swiommu_dma) { .op = SWIOMMU_DMA_WRITE, .length = 1 };
	EXPECT_ERRNO(swdev_try_dma(s.a.fd, &arg), EFAULT);
	/* the last byte that there is, and what a device is not asked for */
	arg = (struct swiommu_dma) { .iova = -1ULL, .length = 1, .data = (uintptr_t)&i };
	EXPECT_OK(swdev_try_dma(s.a.fd, &arg));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_WIDTH);
	EXPECT_ERRNO(ioctl(s.a.fd, IOMMU_MAP_DMA, &arg), ENOTTY);
	swscene_end(&s);
}
END_TEST

START_TEST(swdev_is_blocked_unless_attached)
{
	struct swscene s = swscene(NULL);
	struct swiommu_dma arg = { .length = 1 };
	char *mem = memory(PAGE, CANARY);
	__u32 other = new_ioas(s.fd);
	int dev;

	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	/* bound, never attached: the kernel's own domains are not reached either */
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&s.a, phys_of(mem), SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	expect_swwrite(&s.a, IOVA, mem, PAGE);
	memset(mem, CANARY, PAGE);
	/* unmapped and mapped again */
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, IOVA, PAGE, NULL));
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	expect_swwrite(&s.a, IOVA, mem, PAGE);
	memset(mem, CANARY, PAGE);
	/* replaced, and back */
	EXPECT_OK(dev_attach(s.a.fd, s.fd, other));
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	expect_swread(&s.a, IOVA, mem, PAGE);
	EXPECT_OK(dev_detach(s.a.fd, s.fd));
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&s.a, phys_of(mem), SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(dev_unbind(s.a.fd, s.fd));
	EXPECT_ERRNO(swdev_try_dma(s.a.fd, &arg), EINVAL);
	/* nor through another file of a device that is bound */
	dev = EXPECT_OK(swdev_open(s.b.id));
	EXPECT_ERRNO(swdev_try_dma(dev, &arg), EINVAL);
	EXPECT_ERRNO(dev_bind(dev, s.fd, 77), EPERM);
	expect_filled(mem, CANARY, PAGE);
	EXPECT_OK(close(dev));
	swscene_end(&s);
}
END_TEST

struct prober {
	struct swdev *dev;
	__u64 phys;
	pthread_t thread;
	volatile bool stop;
	unsigned long blocked, not_mapped;
};

/* As long as the device is bound */
static void *probe_all_the_time(void *arg)
{
	struct prober *p = arg;
	char ones[64];

	memset(ones, 1, sizeof(ones));
	while (!p->stop) {
		struct swiommu_dma dma = {
			.op = SWIOMMU_DMA_WRITE, .iova = p->phys, .length = sizeof(ones),
			.data = (uintptr_t)ones,
		};

		if (swdev_try_dma(p->dev->fd, &dma)) {
			EXPECT_EQ(errno, EINVAL);
			continue;
		}
		EXPECT_NE(dma.fault, SWIOMMU_FAULT_NONE);
		if (dma.fault == SWIOMMU_FAULT_BLOCKED)
			p->blocked++;
		else
			p->not_mapped++;
	}
	return NULL;
}

START_TEST(swdev_never_reaches_the_kernels_domain_while_it_is_bound)
{
	struct swscene s = swscene("passthrough=1,1");
	__u32 spaces[2] = { s.ioas, new_ioas(s.fd) };
	char *mem = memory(PAGE, CANARY);
	struct prober p = { .dev = &s.a, .phys = phys_of(mem) };
	unsigned int i;

	EXPECT_EQ(pthread_create(&p.thread, NULL, probe_all_the_time, &p), 0);
	for (i = 0; i < (kernel_is("debug") ? 200 : 2000); i++) {
		EXPECT_OK(dev_attach(s.a.fd, s.fd, spaces[i % 2]));
		if (i % 7 == 3)
			EXPECT_OK(dev_detach(s.a.fd, s.fd));
		if (i % 11 == 5) {
			EXPECT_OK(dev_unbind(s.a.fd, s.fd));
			EXPECT_OK(dev_bind(s.a.fd, s.fd, s.a.cookie));
		}
	}
	p.stop = true;
	pthread_join(p.thread, NULL);
	EXPECT_GE(p.not_mapped, 1);
	/* a change is one step where the kernel can replace */
	if (!kernel_is("6.1"))
		EXPECT_EQ(p.blocked, 0);
	expect_filled(mem, CANARY, PAGE);
	swscene_end(&s);
}
END_TEST

START_TEST(swdev_goes_through_large_pages)
{
	struct swscene s = swscene(NULL);
	char *mem = huge_memory(4 * MIB, 0), *small = memory(PAGE, 0);
	__u64 walks;

	EXPECT_TRUE(mem);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	/* a table of small pages comes and goes first where a large one will be */
	EXPECT_OK(ioas_map(s.fd, s.ioas, small, GIB, PAGE, RW));
	expect_swwrite(&s.a, GIB, small, PAGE);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, GIB, PAGE, NULL));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, GIB, 4 * MIB, RW));
	walks = swiommu_info(0).walks;
	expect_swwrite(&s.a, GIB, mem, 4 * MIB);
	EXPECT_EQ(swiommu_info(0).walks, walks + 4 * MIB / PAGE);
	expect_swread(&s.a, GIB + 12345, mem + 12345, 3 * MIB);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, GIB, 4 * MIB, NULL));
	expect_swblocked(&s.a, GIB, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&s.a, GIB + 4 * MIB - PAGE, SWIOMMU_FAULT_NOT_MAPPED);
	swscene_end(&s);
}
END_TEST

/* Type 2: what it does is asked of the core, page by page */
START_TEST(swdev_without_an_iommu_reaches_what_is_mapped_and_only_that)
{
	static const struct swiommu_device_create create = { .type = 2 };
	struct ioasid_pasid_info info;
	char *mem = memory(5 * PAGE, CANARY);
	__u32 ioas, other;
	struct swdev dev;
	int fd;

	swiommu_load(NULL);
	fd = EXPECT_OK(iommu_open());
	ioas = new_ioas(fd);
	other = new_ioas(fd);
	swdev_start_with(&dev, &create, fd);
	EXPECT_OK(ioas_map(fd, ioas, mem, IOVA, 2 * PAGE, RW));
	EXPECT_OK(ioas_map(fd, ioas, mem + 2 * PAGE, IOVA + 2 * PAGE, PAGE, IOASID_MAP_READ));
	EXPECT_OK(ioas_map(fd, other, mem + 3 * PAGE, IOVA, PAGE, RW));
	expect_swblocked(&dev, IOVA, SWIOMMU_FAULT_BLOCKED);

	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	expect_swwrite(&dev, IOVA + 5, mem + 5, 2 * PAGE - 5);
	expect_swread(&dev, IOVA, mem, 3 * PAGE);
	expect_swfault(&dev, SWIOMMU_DMA_WRITE, IOVA + PAGE, 2 * PAGE,
		       SWIOMMU_FAULT_PERMISSION, IOVA + 2 * PAGE);
	expect_swfault(&dev, SWIOMMU_DMA_READ, IOVA + 2 * PAGE + 7, PAGE,
		       SWIOMMU_FAULT_NOT_MAPPED, IOVA + 3 * PAGE);
	expect_swblocked(&dev, IOVA - PAGE, SWIOMMU_FAULT_NOT_MAPPED);
	expect_filled(mem + 3 * PAGE, CANARY, 2 * PAGE);

	/* another one, nothing, and nobody */
	EXPECT_OK(dev_attach(dev.fd, fd, other));
	expect_swwrite(&dev, IOVA, mem + 3 * PAGE, PAGE);
	expect_swblocked(&dev, IOVA + PAGE, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(ioas_unmap(fd, other, IOVA, PAGE, NULL));
	expect_swblocked(&dev, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(dev_detach(dev.fd, fd));
	expect_swblocked(&dev, IOVA, SWIOMMU_FAULT_BLOCKED);

	EXPECT_OK(dev_pasid_info(dev.fd, &info));
	EXPECT_EQ(info.width, 0);
	EXPECT_EQ(info.flags, 0);
	EXPECT_ERRNO(dev_attach_pasid(dev.fd, fd, ioas, 1), EOPNOTSUPP);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_OK(swdev_destroy(dev.id));
	EXPECT_ERRNO(dev_attach(dev.fd, fd, ioas), ENODEV);
	close(dev.fd);
	EXPECT_OK(close(fd));
	swiommu_unload();
}
END_TEST

/* ------------------------------------------------------------------ caches */

/* Where the kernel cannot replace, the way leads through its blocked state */
static unsigned int steps_of_detach(void)
{
	return kernel_is("6.1") ? 2 : 1;
}

START_TEST(swiommu_caches_count_hits_misses_and_invalidations)
{
	struct swscene s = swscene(NULL);
	struct swiommu_iommu_info before, after;
	struct swiommu_device_info tlb;
	char *mem = memory(4 * PAGE, 0);

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, 4 * PAGE, RW));
	before = swiommu_info(0);
	expect_swwrite(&s.a, IOVA, mem, 4 * PAGE);
	after = swiommu_info(0);
	EXPECT_EQ(after.iotlb.misses - before.iotlb.misses, 4);
	EXPECT_EQ(after.iotlb.hits - before.iotlb.hits, 0);
	EXPECT_EQ(after.iotlb.entries - before.iotlb.entries, 4);
	EXPECT_EQ(after.walks - before.walks, 4);
	EXPECT_EQ(after.pasid_cache.misses - before.pasid_cache.misses, 1);
	EXPECT_EQ(after.pasid_cache.hits - before.pasid_cache.hits, 3);
	/* from now on the device knows by itself */
	expect_swwrite(&s.a, IOVA, mem, 4 * PAGE);
	EXPECT_EQ(swiommu_info(0).iotlb.misses + swiommu_info(0).iotlb.hits,
		  after.iotlb.misses + after.iotlb.hits);
	tlb = swdev_info(&s.a);
	EXPECT_EQ(tlb.tlb.hits, 4);
	EXPECT_EQ(tlb.tlb.misses, 4);
	EXPECT_EQ(tlb.tlb.entries, 4);
	/* mapping invalidates nothing, unmapping as often as it must: once */
	before = swiommu_info(0);
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA + GIB, PAGE, RW));
	EXPECT_EQ(swiommu_info(0).iotlb.invalidations, before.iotlb.invalidations);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, 0, 8 * GIB, NULL));
	after = swiommu_info(0);
	EXPECT_EQ(after.iotlb.invalidations - before.iotlb.invalidations, 1);
	EXPECT_EQ(after.iotlb.entries, before.iotlb.entries - 4);
	EXPECT_EQ(swdev_info(&s.a).tlb.invalidations, tlb.tlb.invalidations + 1);
	EXPECT_EQ(swdev_info(&s.a).tlb.entries, 0);
	EXPECT_EQ(after.pasid_cache.invalidations, before.pasid_cache.invalidations);
	EXPECT_OK(dev_detach(s.a.fd, s.fd));
	EXPECT_EQ(swiommu_info(0).pasid_cache.invalidations,
		  before.pasid_cache.invalidations + steps_of_detach());
	swscene_end(&s);
}
END_TEST

/* The oracle: what a test sees when an invalidation is missing */
START_TEST(swiommu_that_drops_an_invalidation_reaches_the_old_page)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(2 * PAGE, 0);
	char word[4] = "new";

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	expect_swwrite(&s.a, IOVA, mem, PAGE);
	/* any one of the two is not enough: the other one asks again */
	swiommu_drop(0, SWIOMMU_DROP_IOTLB, 1);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, IOVA, PAGE, NULL));
	EXPECT_EQ(swiommu_info(0).iotlb.dropped, 1);
	memset(mem, CANARY, PAGE);
	EXPECT_EQ(swdev_dma(&s.a, SWIOMMU_DMA_WRITE, IOVA, word, 4).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem, word, 4), 0);
	/* also when something else is mapped there */
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem + PAGE, IOVA, PAGE, RW));
	memset(mem, CANARY, 2 * PAGE);
	EXPECT_EQ(swdev_dma(&s.a, SWIOMMU_DMA_WRITE, IOVA, word, 4).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem, word, 4), 0);
	expect_filled(mem + PAGE, CANARY, PAGE);
	/* until the next one */
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, IOVA, PAGE, NULL));
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	/* the device's own: the IOMMU is not even asked */
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	expect_swwrite(&s.a, IOVA, mem, PAGE);
	swiommu_drop(0, SWIOMMU_DROP_DEVICE_TLB, 1);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, IOVA, PAGE, NULL));
	memset(mem, CANARY, PAGE);
	EXPECT_EQ(swdev_dma(&s.a, SWIOMMU_DMA_WRITE, IOVA, word, 4).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem, word, 4), 0);
	EXPECT_OK(dev_detach(s.a.fd, s.fd));
	swscene_end(&s);
}
END_TEST

START_TEST(swiommu_that_drops_a_pasid_cache_invalidation_walks_the_old_table)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(PAGE, 0);
	char word[4] = "new";

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	/* keeps the table alive */
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	expect_swwrite(&s.a, IOVA, mem, PAGE);
	swiommu_drop(0, SWIOMMU_DROP_PASID_CACHE, steps_of_detach());
	swiommu_drop(0, SWIOMMU_ALL_TLBS, steps_of_detach());
	EXPECT_OK(dev_detach(s.a.fd, s.fd));
	memset(mem, CANARY, PAGE);
	EXPECT_EQ(swdev_dma(&s.a, SWIOMMU_DMA_WRITE, IOVA, word, 4).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem, word, 4), 0);
	EXPECT_OK(close(s.a.fd));
	s.a.fd = EXPECT_OK(swdev_open(s.a.id));
	swscene_end(&s);
}
END_TEST

#define LOST_PAGES	256U

static void own_and_die(void *arg)
{
	struct swscene *s = arg;
	char *mem = memory(LOST_PAGES * PAGE, 0);

	EXPECT_OK(ioas_map(s->fd, s->ioas, mem, IOVA + GIB, LOST_PAGES * PAGE, RW));
	expect_swwrite(&s->a, IOVA + GIB, mem, LOST_PAGES * PAGE);
	EXPECT_OK(ioas_unmap(s->fd, s->ioas, IOVA + GIB, LOST_PAGES * PAGE, NULL));
}

START_TEST(swiommu_that_drops_an_invalidation_touches_no_free_page)
{
	struct swscene s = swscene(NULL);
	unsigned int i, refused = 0;
	char word[4] = "bad";

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	swiommu_drop(0, SWIOMMU_ALL_TLBS, 1);
	run_child(own_and_die, &s);
	/* Reading harms nobody, and some of the pages have an owner by now */
	for (i = 0; i < LOST_PAGES; i++)
		refused += swdev_dma(&s.a, SWIOMMU_DMA_READ, IOVA + GIB + i * PAGE, word, 4).fault
			   == SWIOMMU_FAULT_NO_MEMORY;
	EXPECT_GE(refused, 1);
	swscene_end(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		swdev_reaches_what_is_mapped_and_only_that,
		swdev_obeys_permissions,
		swdev_copies_until_either_end_faults,
		swdev_arguments_are_checked,
		swdev_is_blocked_unless_attached,
		swdev_never_reaches_the_kernels_domain_while_it_is_bound,
		swdev_goes_through_large_pages,
		swdev_without_an_iommu_reaches_what_is_mapped_and_only_that,
		swiommu_caches_count_hits_misses_and_invalidations,
		swiommu_that_drops_an_invalidation_reaches_the_old_page,
		swiommu_that_drops_a_pasid_cache_invalidation_walks_the_old_table,
		swiommu_that_drops_an_invalidation_touches_no_free_page,
		NULL,
	};

	return run_swiommu_program(argc, argv, "swiommu-dma", tests);
}
