// SPDX-License-Identifier: GPL-2.0-only
/*
 * How PASIDs come to an end: by close, in any order, by kill, with their device, and
 * while others free, unmap, attach and remove just then.
 */
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "pci.h"
#include "process.h"
#include "run.h"
#include "swpasid.h"

/* An address space with a page at IOVA, behind PASIDs 5, 6 (an alias of it) and 7, of
 * both devices
 */
struct attached_scene {
	struct swscene s;
	char *mem;
};

static void attach_pasids(struct swdev *dev, int fd, __u32 ioas)
{
	EXPECT_OK(dev_attach_pasid(dev->fd, fd, ioas, 5));
	EXPECT_OK(dev_alias(dev->fd, fd, 5, 6));
	EXPECT_OK(dev_attach_pasid(dev->fd, fd, ioas, 7));
}

static void expect_pasids(struct swdev *dev, char *mem)
{
	__u32 number;

	for (number = 5; number <= 7; number++)
		expect_swwrite(BY(dev, number), IOVA, mem, PAGE);
}

static void expect_no_pasids(struct swdev *dev)
{
	__u32 number;

	for (number = 5; number <= 7; number++)
		expect_pasid_blocked(dev, number, IOVA);
}

static struct attached_scene attached_scene(void)
{
	struct attached_scene a = { .s = swscene(NULL), .mem = memory(PAGE, 0) };

	EXPECT_OK(ioas_map(a.s.fd, a.s.ioas, a.mem, IOVA, PAGE, RW));
	attach_pasids(&a.s.a, a.s.fd, a.s.ioas);
	attach_pasids(&a.s.b, a.s.fd, a.s.ioas);
	expect_pasids(&a.s.a, a.mem);
	expect_pasids(&a.s.b, a.mem);
	return a;
}

static void end(void)
{
	close_all();
	swiommu_unload();
}

/* ------------------------------------------------------------------- in order */

START_TEST(pasids_end_whatever_is_closed_first)
{
	static const unsigned char orders[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	long pinned = pages_pinned();
	int order, i;

	for (order = 0; order < 6; order++) {
		struct attached_scene a = attached_scene();
		const int fds[] = { a.s.fd, a.s.a.fd, a.s.b.fd };

		EXPECT_EQ(pages_pinned(), pinned + 1);
		for (i = 0; i < 3; i++) {
			EXPECT_OK(close(fds[orders[order][i]]));
			/* the iommu fd is held by what is bound to it */
			if (i == 1 && orders[order][2]) {
				expect_pasids(orders[order][2] == 1 ? &a.s.a : &a.s.b, a.mem);
				EXPECT_EQ(pages_pinned(), pinned + 1);
			}
		}
		EXPECT_EQ(pages_pinned(), pinned);
		swiommu_unload();
	}
}
END_TEST

START_TEST(pasids_of_the_device_are_blocked_when_it_is_bound_again)
{
	struct attached_scene a = attached_scene();
	struct swdev *dev = &a.s.a;

	/* by unbind, and by another open file */
	EXPECT_OK(dev_unbind(dev->fd, a.s.fd));
	EXPECT_EQ(nr_attachments(a.s.fd, a.s.ioas), 2);
	EXPECT_OK(dev_bind(dev->fd, a.s.fd, dev->cookie));
	expect_no_pasids(dev);
	attach_pasids(dev, a.s.fd, a.s.ioas);
	expect_pasids(dev, a.mem);
	EXPECT_OK(close(dev->fd));
	dev->fd = EXPECT_OK(swdev_open(dev->id));
	EXPECT_OK(dev_bind(dev->fd, a.s.fd, dev->cookie));
	expect_no_pasids(dev);
	expect_pasids(&a.s.b, a.mem);
	end();
}
END_TEST

START_TEST(address_space_behind_a_pasid_cannot_be_freed)
{
	struct swscene s = swscene(NULL);

	EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, s.ioas, 5));
	EXPECT_ERRNO(ioas_free(s.fd, s.ioas), EBUSY);
	EXPECT_OK(dev_alias(s.a.fd, s.fd, 5, 6));
	EXPECT_OK(dev_attach_pasid(s.b.fd, s.fd, s.ioas, 5));
	EXPECT_OK(dev_detach_pasid(s.a.fd, s.fd, 5));
	EXPECT_ERRNO(ioas_free(s.fd, s.ioas), EBUSY);
	EXPECT_OK(dev_detach_pasid(s.b.fd, s.fd, 5));
	EXPECT_OK(ioas_free(s.fd, s.ioas));
	EXPECT_ERRNO(dev_attach_pasid(s.a.fd, s.fd, s.ioas, 5), ENOENT);
	swscene_end(&s);
}
END_TEST

static void use_pasids_until_killed(void *ready)
{
	struct attached_scene a = { .s.fd = EXPECT_OK(iommu_open()), .mem = memory(PAGE, 0) };
	struct swdev *devs[2] = { &a.s.a, &a.s.b };
	__u32 other = new_ioas(a.s.fd), ioas = new_ioas(a.s.fd), i, d;

	EXPECT_OK(ioas_map(a.s.fd, ioas, a.mem, IOVA, PAGE, RW));
	for (d = 0; d < 2; d++) {
		devs[d]->id = d;
		devs[d]->fd = EXPECT_OK(swdev_open(d));
		EXPECT_OK(dev_bind(devs[d]->fd, a.s.fd, d));
	}
	for (i = 0;; i++) {
		struct swdev *dev = devs[i % 2];

		attach_pasids(dev, a.s.fd, ioas);
		expect_swwrite(BY(dev, 6), IOVA, a.mem, PAGE);
		EXPECT_OK(dev_attach_pasid(dev->fd, a.s.fd, other, 6));
		EXPECT_OK(dev_attach_pasid(dev->fd, a.s.fd, ioas, 5));
		EXPECT_OK(dev_attach(dev->fd, a.s.fd, ioas));
		*(volatile int *)ready = 1;
		EXPECT_OK(dev_detach_pasid(dev->fd, a.s.fd, 7));
		EXPECT_OK(dev_detach(dev->fd, a.s.fd));
		EXPECT_OK(dev_detach_pasid(dev->fd, a.s.fd, 6));
	}
}

START_TEST(pasids_end_with_their_process)
{
	int *ready = shared_memory(sizeof(*ready));
	const struct swiommu_device_create options = { .type = 5, .pasid_width = 4 };
	long pinned = pages_pinned();
	int i, fd;
	pid_t pid;
	struct swdev dev = { .id = 0 };
	__u32 ioas, number;

	swiommu_load(NULL);
	EXPECT_EQ(swdev_create(&options), 0);
	EXPECT_EQ(swdev_create(&options), 1);
	for (i = 0; i < 8; i++) {
		*ready = 0;
		pid = start_child(use_pasids_until_killed, ready);
		wait_for(ready);
		usleep(i * 300);
		kill_child(pid);
		EXPECT_EQ(pages_pinned(), pinned);
		/* all numbers are there again, and lead nowhere */
		fd = EXPECT_OK(iommu_open());
		ioas = new_ioas(fd);
		dev.fd = EXPECT_OK(swdev_open(0));
		EXPECT_OK(dev_bind(dev.fd, fd, 3));
		expect_no_pasids(&dev);
		for (number = 1; number < 16; number++)
			EXPECT_EQ(EXPECT_OK(dev_attach_pasid(dev.fd, fd, ioas, 0)), number);
		EXPECT_OK(close(fd));
		EXPECT_OK(close(dev.fd));
	}
	end();
}
END_TEST

/* -------------------------------------------------------------------- removal */

static void expect_gone(struct swdev *dev, int fd, __u32 ioas)
{
	struct swiommu_dma arg = {
		.flags = SWIOMMU_DMA_PASID, .pasid = 5, .iova = IOVA, .length = 1,
	};

	EXPECT_TRUE(!swdev_exists(dev->id));
	EXPECT_ERRNO(swdev_try_dma(dev->fd, &arg), ENODEV);
	EXPECT_ERRNO(dev_attach_pasid(dev->fd, fd, ioas, 5), ENODEV);
	EXPECT_ERRNO(dev_detach_pasid(dev->fd, fd, 5), ENODEV);
	EXPECT_ERRNO(dev_alias(dev->fd, fd, 5, 8), ENODEV);
	EXPECT_ERRNO(dev_set_pasid_floor(dev->fd, fd, 8), ENODEV);
}

START_TEST(pasids_end_with_their_device)
{
	struct attached_scene a = attached_scene();
	struct swscene *s = &a.s;

	EXPECT_OK(dev_attach(s->a.fd, s->fd, s->ioas));
	EXPECT_EQ(nr_attachments(s->fd, s->ioas), 5);
	EXPECT_OK(swdev_destroy(s->a.id));
	expect_gone(&s->a, s->fd, s->ioas);
	EXPECT_EQ(nr_attachments(s->fd, s->ioas), 2);
	EXPECT_EQ(pinned_bytes(s->fd, s->ioas), PAGE);
	expect_pasids(&s->b, a.mem);
	/* the last one takes the pins with it */
	EXPECT_OK(swdev_destroy(s->b.id));
	expect_gone(&s->b, s->fd, s->ioas);
	EXPECT_EQ(nr_attachments(s->fd, s->ioas), 0);
	EXPECT_EQ(pinned_bytes(s->fd, s->ioas), 0);
	EXPECT_OK(ioas_free(s->fd, s->ioas));
	end();
}
END_TEST

/* Mediated devices could be its children: it goes all at once or not at all */
START_TEST(driver_is_not_taken_from_a_device_with_pasids)
{
	struct attached_scene a = attached_scene();

	EXPECT_ERRNO(sysfs_write("/sys/bus/platform/drivers/" SWIOMMU "_dev/unbind",
				 SWIOMMU "_dev.0"), ENOENT);
	expect_pasids(&a.s.a, a.mem);
	end();
}
END_TEST

/* ---------------------------------------------------------------------- races */

#define NR_THREADS	4

struct race {
	struct swscene *s;
	volatile bool stop;
	volatile __u32 ioas;		/* what is attached and freed */
	volatile int dev;		/* open file of the device that comes and goes */
	char *mem;
	volatile unsigned long attached, freed, unmapped, busy, gone, done;
	unsigned long want_freed, want_unmapped, want_gone;
};

/* Long enough, and on a machine that has much else to do until all have had their turn */
static bool goes_on(const struct race *r, unsigned int ms)
{
	return ms < 2500 || (ms < 40000 && (r->attached < 20 || !r->done ||
					    r->freed < r->want_freed ||
					    r->unmapped < r->want_unmapped ||
					    r->gone < r->want_gone));
}

static bool one_of(int err, int a, int b)
{
	return err == a || err == b;
}

static void race_run(struct race *r, void *(*const fns[])(void *), unsigned int nr)
{
	pthread_t threads[NR_THREADS];
	unsigned int i, ms;

	for (i = 0; i < nr; i++)
		EXPECT_EQ(pthread_create(&threads[i], NULL, fns[i], r), 0);
	for (ms = 0; goes_on(r, ms); ms += 100)
		sleep_ms(100);
	r->stop = true;
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	EXPECT_GE(r->attached, 20);
	EXPECT_GE(r->done, 1);
	EXPECT_GE(r->freed, r->want_freed);
	EXPECT_GE(r->unmapped, r->want_unmapped);
	EXPECT_GE(r->gone, r->want_gone);
}

/* DMA with and without, that reaches its page or faults, all the time */
static void *do_dma(void *arg)
{
	struct race *r = arg;
	unsigned int i;

	for (i = 0; !r->stop; i++) {
		char ones[64];
		struct swiommu_dma dma = {
			.op = i % 2 ? SWIOMMU_DMA_WRITE : SWIOMMU_DMA_READ, .iova = IOVA,
			.length = sizeof(ones), .data = (uintptr_t)ones,
			.pasid = i % 4 ? 4 + i % 4 : 0, .flags = i % 4 ? SWIOMMU_DMA_PASID : 0,
		};

		memset(ones, 1, sizeof(ones));
		if (swdev_try_dma(r->dev, &dma)) {
			EXPECT_TRUE(one_of(errno, EINVAL, ENODEV));
			continue;
		}
		if (!dma.fault)
			r->done++;
		else
			EXPECT_TRUE(one_of(dma.fault, SWIOMMU_FAULT_BLOCKED,
					   SWIOMMU_FAULT_NOT_MAPPED));
	}
	return NULL;
}

static void *attach_and_detach(void *arg)
{
	struct race *r = arg;
	unsigned int i;

	for (i = 0; !r->stop; i++) {
		int dev = r->dev, fd = r->s->fd;

		if (dev_attach_pasid(dev, fd, r->ioas, 5)) {
			if (one_of(errno, ENODEV, EINVAL))
				r->gone++;
			else
				EXPECT_EQ(errno, ENOENT);
			continue;
		}
		r->attached++;
		if (i % 2 && dev_alias(dev, fd, 5, 6))
			EXPECT_TRUE(one_of(errno, ENODEV, EINVAL));
		if (i % 3 && dev_attach_pasid(dev, fd, r->ioas, 5 + i % 2))
			EXPECT_TRUE(one_of(errno, ENODEV, EINVAL) || errno == ENOENT);
		if (i % 4 == 1 && dev_attach(dev, fd, r->ioas))
			EXPECT_TRUE(one_of(errno, ENODEV, EINVAL) || errno == ENOENT);
		if (i % 4 == 3 && dev_detach(dev, fd))
			EXPECT_TRUE(one_of(errno, ENODEV, EINVAL));
		if (i % 7 && dev_detach_pasid(dev, fd, 5))
			EXPECT_TRUE(one_of(errno, ENODEV, EINVAL));
	}
	return NULL;
}

static void *alloc_and_free(void *arg)
{
	struct race *r = arg;
	__u32 old;

	while (!r->stop) {
		old = r->ioas;
		r->ioas = new_ioas(r->s->fd);
		EXPECT_OK(ioas_map(r->s->fd, r->ioas, r->mem, IOVA, PAGE, RW));
		/* as long as it is attached it is not freed */
		while (ioas_free(r->s->fd, old)) {
			EXPECT_EQ(errno, EBUSY);
			r->busy++;
			if (r->stop)
				return NULL;
		}
		r->freed++;
	}
	return NULL;
}

START_TEST(pasid_attach_meets_free)
{
	struct swscene s = swscene(NULL);
	struct race r = {
		.s = &s, .dev = s.a.fd, .ioas = s.ioas, .mem = memory(PAGE, 0),
		.want_freed = 10,
	};
	void *(*const fns[])(void *) = { attach_and_detach, alloc_and_free, do_dma };

	EXPECT_OK(ioas_map(s.fd, s.ioas, r.mem, IOVA, PAGE, RW));
	race_run(&r, fns, 3);
	EXPECT_EQ(r.gone, 0);
	end();
}
END_TEST

static void *map_and_unmap(void *arg)
{
	struct race *r = arg;
	unsigned int i;

	for (i = 0; !r->stop; i++) {
		EXPECT_OK(ioas_map(r->s->fd, r->ioas, r->mem, IOVA, PAGE, RW));
		usleep(i % 8 * 20);
		EXPECT_OK(ioas_unmap(r->s->fd, r->ioas, IOVA, PAGE, NULL));
		/* from here on nothing is written, by any number */
		memset(r->mem, CANARY, PAGE);
		usleep(i % 4 * 20);
		expect_filled(r->mem, CANARY, PAGE);
		r->unmapped++;
	}
	return NULL;
}

START_TEST(pasid_attach_meets_unmap)
{
	struct swscene s = swscene(NULL);
	struct race r = {
		.s = &s, .dev = s.a.fd, .ioas = s.ioas, .mem = memory(PAGE, 0),
		.want_unmapped = 20,
	};
	void *(*const fns[])(void *) = { attach_and_detach, map_and_unmap, do_dma, do_dma };

	race_run(&r, fns, 4);
	EXPECT_EQ(r.gone, 0);
	end();
}
END_TEST

/* Others use a file descriptor that is closed, so its number stays one of a device */
#define FIRST_FD	200
#define NR_FDS		8

static void *create_and_destroy(void *arg)
{
	struct race *r = arg;
	static const struct swiommu_device_create options = {
		.type = 5, .pasid_width = 20, .flags = SWIOMMU_DEVICE_TLB,
	};

	while (!r->stop) {
		struct swdev dev;

		swdev_start_with(&dev, &options, r->s->fd);
		r->dev = EXPECT_OK(dup2(dev.fd, FIRST_FD + r->freed++ % NR_FDS));
		EXPECT_OK(close(dev.fd));
		usleep(r->freed % 10 * 500);
		EXPECT_OK(swdev_destroy(dev.id));
	}
	return NULL;
}

START_TEST(pasid_attach_meets_the_end_of_its_device)
{
	struct swscene s = swscene(NULL);
	struct race r = {
		.s = &s, .dev = s.a.fd, .ioas = s.ioas, .mem = memory(PAGE, 0),
		.want_freed = 10, .want_gone = 1,
	};
	void *(*const fns[])(void *) = {
		attach_and_detach, create_and_destroy, do_dma, map_and_unmap,
	};

	/* its own memory stays pinned by another one */
	EXPECT_OK(dev_attach_pasid(s.b.fd, s.fd, s.ioas, 5));
	race_run(&r, fns, 4);
	swdev_destroy_all();
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 0);
	EXPECT_EQ(pinned_bytes(s.fd, s.ioas), 0);
	end();
}
END_TEST

/* One of two iommu fds to which one device is bound */
struct rival {
	struct swdev *dev;
	int fd;
	__u32 ioas;
	char *mem;
	volatile unsigned long won, lost;
	volatile bool *stop;
	pthread_t thread;
};

static void *take_and_give_back(void *arg)
{
	struct rival *r = arg;
	int dev = r->dev->fd, fd = r->fd;
	__u32 i, number, other;

	for (i = 0; !*r->stop; i++) {
		number = 1 + i % 5;
		other = 1 + (i / 5 + i) % 5;
		if (dev_attach_pasid(dev, fd, r->ioas, number)) {
			EXPECT_EQ(errno, EBUSY);
			EXPECT_ERRNO(dev_detach_pasid(dev, fd, 0), EINVAL);
			r->lost++;
			continue;
		}
		r->won++;
		if (dev_alias(dev, fd, number, other)) {
			EXPECT_EQ(errno, EBUSY);
			other = number;
		}
		expect_swwrite(BY(r->dev, number), IOVA, r->mem, PAGE);
		expect_swwrite(BY(r->dev, other), IOVA, r->mem, PAGE);
		EXPECT_OK(dev_detach_pasid(dev, fd, other));
	}
	return NULL;
}

START_TEST(pasids_of_two_fds_race_for_the_same_numbers)
{
	struct swscene s = swscene(NULL);
	volatile bool stop = false;
	struct rival r[2];
	int i;

	for (i = 0; i < 2; i++) {
		r[i] = (struct rival) { .dev = &s.a, .stop = &stop, .mem = memory(PAGE, 0) };
		r[i].fd = EXPECT_OK(iommu_open());
		r[i].ioas = new_ioas(r[i].fd);
		EXPECT_OK(ioas_map(r[i].fd, r[i].ioas, r[i].mem, IOVA, PAGE, RW));
		EXPECT_OK(dev_bind(s.a.fd, r[i].fd, i));
	}
	for (i = 0; i < 2; i++)
		EXPECT_EQ(pthread_create(&r[i].thread, NULL, take_and_give_back, &r[i]), 0);
	for (i = 0; i < 25 || (i < 400 && (r[0].won < 10 || r[1].won < 10 ||
					    !(r[0].lost + r[1].lost))); i++)
		sleep_ms(100);
	stop = true;
	for (i = 0; i < 2; i++) {
		pthread_join(r[i].thread, NULL);
		EXPECT_GE(r[i].won, 10);
		EXPECT_EQ(nr_attachments(r[i].fd, r[i].ioas), 0);
	}
	EXPECT_GE(r[0].lost + r[1].lost, 1);
	end();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		pasids_end_whatever_is_closed_first,
		pasids_of_the_device_are_blocked_when_it_is_bound_again,
		address_space_behind_a_pasid_cannot_be_freed,
		pasids_end_with_their_process,
		pasids_end_with_their_device,
		driver_is_not_taken_from_a_device_with_pasids,
		pasid_attach_meets_free,
		pasid_attach_meets_unmap,
		pasid_attach_meets_the_end_of_its_device,
		pasids_of_two_fds_race_for_the_same_numbers,
		NULL,
	};

	return run_swpasid_program(argc, argv, "pasid-ends", tests);
}
