// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts (MSI) of bound devices arrive whatever is attached, and was when
 * they were set up. Some IOMMUs translate them like other DMA.
 */
#include <pthread.h>
#include <sys/eventfd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "irq.h"
#include "memory.h"
#include "process.h"
#include "run.h"

/* More than there are places for the kernel to put what interrupts are written to */
#define MANY	40

struct source {
	struct dev dev;
	int event;
};

static struct source source(enum which which, int fd)
{
	struct source s = { .event = EXPECT_OK(eventfd(0, EFD_CLOEXEC)) };

	dev_start(&s.dev, which, fd);
	return s;
}

static void attach(struct source *s, __u32 ioas)
{
	EXPECT_OK(dev_attach(s->dev.fd, s->dev.iommu, ioas));
}

static void detach(struct source *s)
{
	EXPECT_OK(dev_detach(s->dev.fd, s->dev.iommu));
}

static void on(struct source *s)
{
	msi_on(&s->dev, s->event);
}

static void expect(struct source *s)
{
	expect_msi(&s->dev, s->event);
}

/* An address space with a page mapped at IOVA, and a device that says so */
static __u32 space_with_page(int fd, unsigned char *p)
{
	__u32 ioas = new_ioas(fd);

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	return ioas;
}

static void expect_reaches(struct source *s, unsigned char *p, unsigned char fill)
{
	memset(p, fill, 16);
	memset(p + 128, 0, 16);
	edu_from_memory(&s->dev, IOVA, 16);
	edu_to_memory(&s->dev, IOVA + 128, 16);
	expect_filled(p + 128, fill, 16);
}

START_TEST(irq_arrives_when_only_bound)
{
	struct source s = source(EDU_0, EXPECT_OK(iommu_open()));

	on(&s);
	expect(&s);
	expect(&s);
}
END_TEST

START_TEST(irq_set_up_while_attached_arrives)
{
	int fd = EXPECT_OK(iommu_open());
	struct source s = source(EDU_0, fd);

	attach(&s, new_ioas(fd));
	on(&s);
	expect(&s);
}
END_TEST

START_TEST(irq_set_up_before_attach_arrives_after_it)
{
	int fd = EXPECT_OK(iommu_open());
	struct source s = source(EDU_0, fd);

	on(&s);
	attach(&s, new_ioas(fd));
	expect(&s);
	detach(&s);
	expect(&s);
	attach(&s, new_ioas(fd));
	expect(&s);
}
END_TEST

START_TEST(irq_arrives_after_each_replace)
{
	int fd = EXPECT_OK(iommu_open()), i;
	struct source s = source(EDU_0, fd);
	unsigned char *p = memory(PAGE, 0);
	__u32 ioas = 0, old = 0;

	for (i = 0; i < MANY; i++) {
		ioas = space_with_page(fd, p);
		attach(&s, ioas);
		if (!i)
			on(&s);
		expect(&s);
		if (old)
			EXPECT_OK(ioas_free(fd, old));
		old = ioas;
	}
	expect_reaches(&s, p, 0x42);
}
END_TEST

START_TEST(irq_set_up_anew_arrives_after_each_replace)
{
	int fd = EXPECT_OK(iommu_open()), i;
	struct source s = source(EDU_0, fd);
	__u32 ioas, old = 0;

	on(&s);
	for (i = 0; i < MANY; i++) {
		ioas = new_ioas(fd);
		attach(&s, ioas);
		expect(&s);
		msi_off(&s.dev);
		on(&s);
		expect(&s);
		if (i % 3 == 0) {
			detach(&s);
			expect(&s);
		}
		if (old)
			EXPECT_OK(ioas_free(fd, old));
		old = ioas;
	}
}
END_TEST

START_TEST(irq_arrives_after_detach_and_attach)
{
	int fd = EXPECT_OK(iommu_open()), i;
	struct source s = source(EDU_0, fd);
	__u32 ioas = new_ioas(fd);

	for (i = 0; i < MANY; i++) {
		attach(&s, ioas);
		if (!i)
			on(&s);
		expect(&s);
		detach(&s);
		expect(&s);
	}
}
END_TEST

/* In every order of setting up and attaching */
START_TEST(irq_of_two_devices_in_one_address_space_arrive)
{
	int fd = EXPECT_OK(iommu_open()), order;
	struct source a = source(EDU_0, fd), b = source(EDU_1, fd);
	unsigned char *p = memory(PAGE, 0);

	for (order = 0; order < 16; order++) {
		__u32 ioas = space_with_page(fd, p);

		if (order & 1)
			on(&a);
		if (order & 2)
			on(&b);
		attach(&a, ioas);
		if (!(order & 1) && order & 4)
			on(&a);
		attach(&b, ioas);
		if (!(order & 2) && order & 8)
			on(&b);
		if (!(order & 5))
			on(&a);
		if (!(order & 10))
			on(&b);
		expect(&a);
		expect(&b);
		expect(&a);
		if (order == 15) {
			expect_reaches(&a, p, 0x42);
			expect_reaches(&b, p, 0x24);
		}
		detach(&a);
		expect(&b);
		expect(&a);
		detach(&b);
		expect(&a);
		expect(&b);
		msi_off(&a.dev);
		msi_off(&b.dev);
	}
}
END_TEST

START_TEST(irq_goes_with_its_device_into_any_address_space)
{
	int fd = EXPECT_OK(iommu_open()), i;
	struct source a = source(EDU_0, fd), b = source(EDU_1, fd);
	__u32 own = new_ioas(fd), others[MANY];
	unsigned char *p = memory(PAGE, 0);

	/* set up in one of many, one after the other, then together in each */
	attach(&a, own);
	on(&a);
	for (i = 0; i < MANY; i++) {
		others[i] = space_with_page(fd, p);
		attach(&b, others[i]);
		if (i % 4 == 0)
			on(&b);
		attach(&a, others[i]);
		if (i % 4)
			on(&b);
		expect(&a);
		expect(&b);
		if (i % 8 == 0) {
			EXPECT_EQ(nr_attachments(fd, others[i]), 2);
			expect_reaches(&a, p, i);
			expect_reaches(&b, p, i + 1);
		}
		msi_off(&b.dev);
		attach(&a, own);
		expect(&a);
	}
	EXPECT_EQ(nr_attachments(fd, own), 1);
}
END_TEST

START_TEST(irq_does_not_arrive_after_it_is_disabled)
{
	int fd = EXPECT_OK(iommu_open());
	struct source s = source(EDU_0, fd);

	on(&s);
	expect(&s);
	attach(&s, new_ioas(fd));
	expect(&s);
	msi_off(&s.dev);
	expect_no_msi(&s.dev, s.event);
	detach(&s);
	expect_no_msi(&s.dev, s.event);
	on(&s);
	expect(&s);
}
END_TEST

START_TEST(irq_arrives_after_everything_is_unmapped)
{
	int fd = EXPECT_OK(iommu_open());
	struct source s = source(EDU_0, fd);
	unsigned char *p = memory(PAGE, 0);
	__u32 ioas = space_with_page(fd, p);
	__u64 unmapped;

	attach(&s, ioas);
	on(&s);
	EXPECT_EQ(mapped_bytes(fd, ioas), PAGE);
	EXPECT_ERRNO(ioas_map(fd, ioas, p, WINDOW, PAGE, RW), EINVAL);
	EXPECT_OK(ioas_unmap_all(fd, ioas, &unmapped));
	EXPECT_EQ(unmapped, PAGE);
	expect(&s);
	EXPECT_OK(ioas_unmap(fd, ioas, WINDOW, MIB, &unmapped));
	EXPECT_EQ(unmapped, 0);
	expect(&s);
}
END_TEST

struct race {
	struct source *s;
	volatile int stop;
	unsigned int rounds;
};

static void *sets_up_and_down(void *arg)
{
	struct race *race = arg;

	while (!race->stop) {
		on(race->s);
		msi_off(&race->s->dev);
		race->rounds++;
	}
	return NULL;
}

START_TEST(irq_is_set_up_while_address_spaces_come_and_go)
{
	int fd = EXPECT_OK(iommu_open()), i, rounds = kernel_is("debug") ? 60 : 200;
	struct source s = source(EDU_0, fd);
	struct race race = { .s = &s };
	pthread_t thread;
	__u32 ioas, old = 0;

	EXPECT_EQ(pthread_create(&thread, NULL, sets_up_and_down, &race), 0);
	for (i = 0; i < rounds || race.rounds < 10; i++) {
		ioas = new_ioas(fd);
		attach(&s, ioas);
		if (i % 2)
			detach(&s);
		if (old)
			EXPECT_OK(ioas_free(fd, old));
		old = ioas;
	}
	race.stop = 1;
	pthread_join(thread, NULL);
	on(&s);
	expect(&s);
	attach(&s, new_ioas(fd));
	expect(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		irq_arrives_when_only_bound,
		irq_set_up_while_attached_arrives,
		irq_set_up_before_attach_arrives_after_it,
		irq_arrives_after_each_replace,
		irq_set_up_anew_arrives_after_each_replace,
		irq_arrives_after_detach_and_attach,
		irq_of_two_devices_in_one_address_space_arrive,
		irq_goes_with_its_device_into_any_address_space,
		irq_does_not_arrive_after_it_is_disabled,
		irq_arrives_after_everything_is_unmapped,
		irq_is_set_up_while_address_spaces_come_and_go,
		NULL,
	};

	return run_program(argc, argv, "irq", tests, RUN_DEVICES);
}
