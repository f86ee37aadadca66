// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mediated devices with PASIDs of a parent, types 3, 6 and 8: what their DMA reaches,
 * that siblings of several users on one parent never meet, and that nobody has the
 * parent besides.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "swuser.h"

static const __u32 types[] = { 3, 6, 8 };

/* -------------------------------------------------------------- type by type */

START_TEST(mediated_rid_is_the_default_pasid)
{
	unsigned int i;

	swiommu_load(NULL);
	for (i = 0; i < 3; i++) {
		struct user a = new_user(), other = another_space(&a);
		struct swdev dev = new_child(types[i], new_parent(i % 2), &a);

		expect_swblocked(&dev, IOVA, SWIOMMU_FAULT_BLOCKED);
		expect_swblocked(&dev, phys_of(a.mem), SWIOMMU_FAULT_BLOCKED);
		EXPECT_OK(dev_attach(dev.fd, a.fd, a.ioas));
		expect_reaches(&dev, 0, &a);
		expect_swblocked(&dev, IOVA + PAGE, SWIOMMU_FAULT_NOT_MAPPED);
		expect_swblocked(&dev, phys_of(a.mem), SWIOMMU_FAULT_NOT_MAPPED);
		/* replaced, and unmapped below it */
		EXPECT_OK(dev_attach(dev.fd, a.fd, other.ioas));
		expect_reaches(&dev, 0, &other);
		expect_filled(a.mem, CANARY, PAGE);
		EXPECT_OK(ioas_unmap(a.fd, other.ioas, IOVA, PAGE, NULL));
		expect_swblocked(&dev, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
		EXPECT_OK(dev_detach(dev.fd, a.fd));
		expect_swblocked(&dev, IOVA, SWIOMMU_FAULT_BLOCKED);
		EXPECT_ERRNO(dev_detach(dev.fd, a.fd), EINVAL);
		expect_filled(a.mem, CANARY, PAGE);
		EXPECT_OK(close(dev.fd));
		end_user(&a);
	}
	swiommu_unload();
}
END_TEST

START_TEST(mediated_pasids_reach_what_is_attached_and_only_that)
{
	unsigned int i;

	swiommu_load(NULL);
	for (i = 1; i < 3; i++) {
		struct user rid = new_user(), a = another_space(&rid), b = another_space(&rid);
		struct swdev dev = new_child(types[i], new_parent(0), &rid);
		int number;

		EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5));
		/* the others are not there: neither the RID nor the next one */
		expect_pasid_blocked(&dev, 0, IOVA);
		expect_pasid_blocked(&dev, 6, IOVA);
		EXPECT_OK(dev_attach(dev.fd, rid.fd, rid.ioas));
		EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, b.ioas, LIMIT - 1));
		number = EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, b.ioas, 0));
		expect_reaches(&dev, 0, &rid);
		expect_reaches(&dev, 5, &a);
		expect_reaches(&dev, LIMIT - 1, &b);
		expect_reaches(&dev, number, &b);
		expect_filled(rid.mem, CANARY, PAGE);
		expect_filled(a.mem, CANARY, PAGE);
		/* by the user's names */
		expect_pasid_fault(&dev, 5, IOVA + PAGE, SWIOMMU_FAULT_NOT_MAPPED, a.ioas);
		/* nor is what is on the wire a number of the user's */
		expect_pasid_blocked(&dev, LIMIT / 2, IOVA);
		EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, b.ioas, 5));
		expect_reaches(&dev, 5, &b);
		EXPECT_OK(dev_detach_pasid(dev.fd, a.fd, 5));
		expect_pasid_blocked(&dev, 5, IOVA);
		expect_reaches(&dev, 0, &rid);
		EXPECT_OK(dev_detach(dev.fd, a.fd));
		expect_pasid_blocked(&dev, 0, IOVA);
		expect_reaches(&dev, LIMIT - 1, &b);
		EXPECT_EQ(nr_attachments(a.fd, b.ioas), 2);
		EXPECT_OK(close(dev.fd));
		end_user(&rid);
	}
	swiommu_unload();
}
END_TEST

START_TEST(mediated_types_are_what_the_info_calls_say)
{
	static const __u32 flags[] = {
		0, 0, IOASID_PASID_CPU | IOASID_PASID_CPU_TRANSLATED | IOASID_PASID_GLOBAL,
	};
	struct user a;
	__u32 parent;
	unsigned int i;

	swiommu_load(NULL);
	a = new_user();
	parent = new_parent(1);
	for (i = 0; i < 3; i++) {
		struct swdev dev = new_child(types[i], parent, &a);

		expect_info_says(a.fd, &dev, i ? WIDTH : 0, flags[i]);
		EXPECT_EQ(swdev_info(&dev).type, types[i]);
		EXPECT_EQ(swdev_info(&dev).iommu, 1);
		EXPECT_EQ(swdev_info(&dev).pasid_width, WIDTH);
		EXPECT_ERRNO(dev_alias(dev.fd, a.fd, 5, 6), EOPNOTSUPP);
		EXPECT_OK(close(dev.fd));
	}
	end_user(&a);
	swiommu_unload();
}
END_TEST

START_TEST(mediated_device_of_type_3_has_no_pasids_for_its_user)
{
	struct swiommu_dma dma = { .flags = SWIOMMU_DMA_PASID, .pasid = LIMIT / 2 };
	struct user a;
	struct swdev dev;

	swiommu_load(NULL);
	a = new_user();
	dev = new_child(3, new_parent(0), &a);
	EXPECT_OK(dev_attach(dev.fd, a.fd, a.ioas));
	EXPECT_ERRNO(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5), EOPNOTSUPP);
	EXPECT_ERRNO(dev_attach_pasid(dev.fd, a.fd, a.ioas, 0), EOPNOTSUPP);
	EXPECT_ERRNO(dev_detach_pasid(dev.fd, a.fd, 5), EOPNOTSUPP);
	EXPECT_ERRNO(dev_set_pasid_floor(dev.fd, a.fd, 5), EOPNOTSUPP);
	EXPECT_EQ(nr_attachments(a.fd, a.ioas), 1);
	/* not even by the number that is on the wire */
	expect_pasid_blocked(&dev, 5, IOVA);
	expect_pasid_blocked(&dev, LIMIT / 2, IOVA);
	dma.pasid = LIMIT;
	EXPECT_ERRNO(swdev_try_dma(dev.fd, &dma), EINVAL);
	expect_reaches(&dev, 0, &a);
	EXPECT_OK(close(dev.fd));
	end_user(&a);
	swiommu_unload();
}
END_TEST

START_TEST(mediated_numbers_are_the_devices_own)
{
	struct user a;
	struct swdev one, two;
	__u32 parent;
	int number;

	swiommu_load(NULL);
	a = new_user();
	parent = new_parent(0);
	one = new_child(6, parent, &a);
	two = new_child(6, parent, &a);
	EXPECT_OK(dev_attach_pasid(one.fd, a.fd, a.ioas, 5));
	EXPECT_OK(dev_attach_pasid(two.fd, a.fd, a.ioas, 5));
	EXPECT_EQ(nr_attachments(a.fd, a.ioas), 2);
	expect_reaches(&one, 5, &a);
	expect_reaches(&two, 5, &a);
	EXPECT_OK(dev_detach_pasid(one.fd, a.fd, 5));
	expect_pasid_blocked(&one, 5, IOVA);
	expect_reaches(&two, 5, &a);
	/* with a floor of one device and not of the other */
	EXPECT_OK(dev_set_pasid_floor(one.fd, a.fd, 100));
	number = EXPECT_OK(dev_attach_pasid(one.fd, a.fd, a.ioas, 0));
	EXPECT_EQ(number, 100);
	EXPECT_ERRNO(dev_attach_pasid(one.fd, a.fd, a.ioas, 101), EINVAL);
	EXPECT_OK(dev_attach_pasid(two.fd, a.fd, a.ioas, 101));
	EXPECT_ERRNO(dev_attach_pasid(two.fd, a.fd, a.ioas, LIMIT), EINVAL);
	EXPECT_ERRNO(dev_set_pasid_floor(two.fd, a.fd, 7), EBUSY);
	expect_reaches(&one, 100, &a);
	EXPECT_OK(close(one.fd));
	EXPECT_OK(close(two.fd));
	end_user(&a);
	swiommu_unload();
}
END_TEST

START_TEST(mediated_device_of_two_files_has_pasids_of_both)
{
	struct user a, b;
	struct swdev dev;

	swiommu_load(NULL);
	a = new_user();
	b = new_user();
	dev = new_child(6, new_parent(0), &a);
	EXPECT_OK(dev_bind(dev.fd, b.fd, 7));
	EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5));
	EXPECT_ERRNO(dev_attach_pasid(dev.fd, b.fd, b.ioas, 5), EBUSY);
	EXPECT_ERRNO(dev_detach_pasid(dev.fd, b.fd, 5), EBUSY);
	EXPECT_OK(dev_attach_pasid(dev.fd, b.fd, b.ioas, 6));
	EXPECT_OK(dev_attach(dev.fd, b.fd, b.ioas));
	EXPECT_ERRNO(dev_attach(dev.fd, a.fd, a.ioas), EBUSY);
	expect_reaches(&dev, 5, &a);
	expect_reaches(&dev, 6, &b);
	expect_reaches(&dev, 0, &b);
	/* the first binding goes, the other one stays */
	EXPECT_OK(dev_unbind(dev.fd, a.fd));
	expect_pasid_blocked(&dev, 5, IOVA);
	expect_reaches(&dev, 6, &b);
	expect_reaches(&dev, 0, &b);
	EXPECT_OK(close(dev.fd));
	end_user(&a);
	end_user(&b);
	swiommu_unload();
}
END_TEST

START_TEST(mediated_devices_want_a_physical_parent_and_no_options)
{
	static const struct swiommu_device_create bad[] = {
		{ .flags = SWIOMMU_DEVICE_TLB }, { .iommu = 1 }, { .pasid_width = 1 },
		{ .group = 1 }, { .reserved_last = 1 }, { .reserved_start = 1 },
	};
	struct swiommu_device_create arg;
	unsigned int i, t;
	__u32 parent, child;

	swiommu_load(NULL);
	parent = new_parent(0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (t = 0; t < 3; t++) {
			arg = bad[i];
			arg.type = types[t];
			arg.parent = parent;
			EXPECT_EQ(swdev_try_create(&arg), EINVAL);
		}
	arg = (struct swiommu_device_create) { .type = 6, .parent = parent + 1 };
	EXPECT_EQ(swdev_try_create(&arg), ENODEV);
	arg = (struct swiommu_device_create) { .type = 2, .parent = parent + 1 };
	EXPECT_EQ(swdev_try_create(&arg), EINVAL);
	arg = (struct swiommu_device_create) { .type = 2, .pasid_width = 20 };
	EXPECT_EQ(swdev_try_create(&arg), EINVAL);
	swdev_create(&(struct swiommu_device_create) { .type = 1 });
	arg = (struct swiommu_device_create) { .type = 5, .parent = parent + 1 };
	EXPECT_EQ(swdev_try_create(&arg), EINVAL);
	child = swdev_create(&(struct swiommu_device_create) { .type = 6, .parent = parent });
	arg = (struct swiommu_device_create) { .type = 6, .parent = child };
	EXPECT_EQ(swdev_try_create(&arg), EINVAL);
	swiommu_unload();
}
END_TEST

START_TEST(mediated_devices_of_a_parent_without_pasids_are_refused)
{
	struct user a;
	int dev;

	swiommu_load("pasid_width=0,20");
	a = new_user();
	dev = EXPECT_OK(swdev_open(swdev_create(&(struct swiommu_device_create) {
		.type = 6, .parent = new_parent(0) })));
	EXPECT_ERRNO(dev_bind(dev, a.fd, 1), EOPNOTSUPP);
	/* and of one that cannot be told from another device */
	close(dev);
	dev = EXPECT_OK(swdev_open(swdev_create(&(struct swiommu_device_create) {
		.type = 6, .parent = swdev_create(&(struct swiommu_device_create) {
			.type = 5, .pasid_width = WIDTH, .iommu = 1, .group = 1 }) })));
	EXPECT_OK(dev_bind(dev, a.fd, 1));
	EXPECT_OK(dev_unbind(dev, a.fd));
	swdev_create(&(struct swiommu_device_create) { .type = 1, .iommu = 1, .group = 1 });
	EXPECT_ERRNO(dev_bind(dev, a.fd, 1), EOPNOTSUPP);
	close(dev);
	end_user(&a);
	swiommu_unload();
}
END_TEST

/* ----------------------------------------------------------------- siblings */

START_TEST(siblings_of_two_users_do_not_reach_each_other)
{
	unsigned int t;

	cpu_load();
	for (t = 0; t < 3; t++) {
		struct user a = new_user(), b = new_user();
		__u32 parent = new_parent(0), pasid = t ? 5 : 0;
		struct swdev one = new_child(types[t], parent, &a);
		struct swdev two = new_child(types[t], parent, &b);
		int cpu = EXPECT_OK(cpu_open());
		__u32 wire = 0;

		if (pasid) {
			EXPECT_OK(dev_attach_pasid(one.fd, a.fd, a.ioas, pasid));
			wire = ppasid_of(cpu, &a, &one, pasid);
			EXPECT_TRUE(wire);
			expect_pasid_blocked(&two, pasid, IOVA);
			EXPECT_OK(dev_attach_pasid(two.fd, b.fd, b.ioas, pasid));
			EXPECT_NE(ppasid_of(cpu, &b, &two, pasid), wire);
			/* nor is it a number of the sibling's */
			expect_pasid_blocked(&two, wire, IOVA);
		} else {
			EXPECT_OK(dev_attach(one.fd, a.fd, a.ioas));
			expect_pasid_blocked(&two, 0, IOVA);
			EXPECT_OK(dev_attach(two.fd, b.fd, b.ioas));
		}
		expect_reaches(&one, pasid, &a);
		expect_filled(b.mem, CANARY, PAGE);
		expect_reaches(&two, pasid, &b);
		expect_filled(a.mem, CANARY, PAGE);
		/* the number on the wire goes to the sibling, for another one of its own */
		if (pasid) {
			EXPECT_OK(dev_detach_pasid(one.fd, a.fd, pasid));
			EXPECT_OK(dev_attach_pasid(two.fd, b.fd, b.ioas, 7));
			EXPECT_EQ(ppasid_of(cpu, &b, &two, 7), wire);
			expect_reaches(&two, 7, &b);
		} else {
			EXPECT_OK(dev_detach(one.fd, a.fd));
			EXPECT_OK(dev_detach(two.fd, b.fd));
			EXPECT_OK(dev_attach(two.fd, b.fd, b.ioas));
		}
		expect_pasid_blocked(&one, pasid, IOVA);
		expect_filled(b.mem, CANARY, PAGE);
		EXPECT_OK(close(cpu));
		EXPECT_OK(close(one.fd));
		EXPECT_OK(close(two.fd));
		end_user(&a);
		end_user(&b);
	}
	cpu_unload();
}
END_TEST

struct prober {
	struct swdev *dev;
	__u32 pasid;
	pthread_t thread;
	volatile bool stop;
	unsigned long done, blocked;
};

#define PROBE_PAGES	256UL

/* Long DMA, so that numbers change under it */
static void *probe(void *arg)
{
	struct prober *p = arg;
	char *ones = memory(PROBE_PAGES * PAGE, 1);

	while (!p->stop) {
		struct swiommu_dma dma = {
			.op = SWIOMMU_DMA_WRITE, .iova = IOVA, .length = PROBE_PAGES * PAGE,
			.data = (uintptr_t)ones, .pasid = p->pasid,
			.flags = p->pasid ? SWIOMMU_DMA_PASID : 0,
		};

		EXPECT_OK(swdev_try_dma(p->dev->fd, &dma));
		if (dma.fault) {
			EXPECT_EQ(dma.fault, SWIOMMU_FAULT_BLOCKED);
			p->blocked++;
		} else {
			p->done++;
		}
	}
	return NULL;
}

START_TEST(siblings_do_not_meet_while_numbers_change_hands)
{
	unsigned int t;
	int i;

	swiommu_load(NULL);
	for (t = 0; t < 3; t++) {
		struct user a = { .fd = EXPECT_OK(iommu_open()) };
		struct user b = { .fd = EXPECT_OK(iommu_open()) };
		__u32 parent = new_parent(0), pasid = t ? 5 : 0;
		struct swdev one = new_child(types[t], parent, &a);
		struct swdev two = new_child(types[t], parent, &b);
		struct prober p = { .dev = &one, .pasid = pasid };

		a.ioas = new_ioas(a.fd);
		b.ioas = new_ioas(b.fd);
		a.mem = memory(PROBE_PAGES * PAGE, CANARY);
		b.mem = memory(PROBE_PAGES * PAGE, CANARY);
		EXPECT_OK(ioas_map(a.fd, a.ioas, a.mem, IOVA, PROBE_PAGES * PAGE, RW));
		EXPECT_OK(ioas_map(b.fd, b.ioas, b.mem, IOVA, PROBE_PAGES * PAGE, RW));
		EXPECT_EQ(pthread_create(&p.thread, NULL, probe, &p), 0);
		for (i = 0; i < times(200); i++) {
			if (pasid) {
				EXPECT_OK(dev_attach_pasid(one.fd, a.fd, a.ioas, pasid));
				sleep_ms(1);
				EXPECT_OK(dev_detach_pasid(one.fd, a.fd, pasid));
				EXPECT_OK(dev_attach_pasid(two.fd, b.fd, b.ioas, pasid));
				sleep_ms(1);
				EXPECT_OK(dev_detach_pasid(two.fd, b.fd, pasid));
			} else {
				EXPECT_OK(dev_attach(one.fd, a.fd, a.ioas));
				sleep_ms(1);
				EXPECT_OK(dev_detach(one.fd, a.fd));
				EXPECT_OK(dev_attach(two.fd, b.fd, b.ioas));
				sleep_ms(1);
				EXPECT_OK(dev_detach(two.fd, b.fd));
			}
		}
		p.stop = true;
		pthread_join(p.thread, NULL);
		EXPECT_GE(p.blocked, 1);
		EXPECT_EQ(a.mem[0], 1);
		expect_filled(b.mem, CANARY, PROBE_PAGES * PAGE);
		EXPECT_OK(close(one.fd));
		EXPECT_OK(close(two.fd));
		end_user(&a);
		end_user(&b);
	}
	swiommu_unload();
}
END_TEST

START_TEST(numbers_that_a_cpu_sends_are_nobody_elses_on_any_parent)
{
	const struct swiommu_device_create narrow = { .type = 5, .pasid_width = 4 };
	struct user a, b;
	struct swdev eight, six;
	__u32 sent[8], number, taken = 0;
	unsigned int i, n;
	int cpu;

	cpu_load();
	cpu = EXPECT_OK(cpu_open());
	a = new_user();
	b = new_user();
	eight = new_child(8, new_parent(0), &a);
	six = new_child(6, swdev_create(&narrow), &b);
	/* half of what the narrow parent has is sent elsewhere */
	for (i = 0; i < 8; i++) {
		EXPECT_OK(dev_attach_pasid(eight.fd, a.fd, a.ioas, 1 + i));
		sent[i] = ppasid_of(cpu, &a, &eight, 1 + i);
		EXPECT_TRUE(sent[i]);
		taken += sent[i] < 16;
	}
	EXPECT_GE(taken, 1);
	for (n = 1; n < 16 && dev_attach_pasid(six.fd, b.fd, b.ioas, n) != -1; n++) {
		number = ppasid_of(cpu, &b, &six, n);
		for (i = 0; i < 8; i++)
			EXPECT_NE(number, sent[i]);
	}
	/* all the others */
	EXPECT_EQ(n - 1, 15 - taken);
	EXPECT_ERRNO(dev_attach_pasid(six.fd, b.fd, b.ioas, n), ENOSPC);
	/* the other way round: they have them, and the CPU gets none of theirs */
	for (i = 0; i < 8; i++)
		EXPECT_OK(dev_detach_pasid(eight.fd, a.fd, 1 + i));
	for (; n < 16; n++)
		EXPECT_OK(dev_attach_pasid(six.fd, b.fd, b.ioas, n));
	for (i = 0; i < 8; i++) {
		EXPECT_OK(dev_attach_pasid(eight.fd, a.fd, a.ioas, 1 + i));
		EXPECT_GE(ppasid_of(cpu, &a, &eight, 1 + i), 16);
	}
	EXPECT_OK(close(cpu));
	EXPECT_OK(close(eight.fd));
	EXPECT_OK(close(six.fd));
	end_user(&a);
	end_user(&b);
	cpu_unload();
}
END_TEST

START_TEST(numbers_of_a_narrow_parent_are_not_all_that_a_cpu_could_send)
{
	const struct swiommu_device_create narrow = { .type = 5, .pasid_width = 10 };
	struct user a, b;
	struct swdev eight, six;
	unsigned int n;
	int cpu;

	cpu_load();
	cpu = EXPECT_OK(cpu_open());
	a = new_user();
	b = new_user();
	eight = new_child(8, new_parent(0), &a);
	six = new_child(6, swdev_create(&narrow), &b);
	for (n = 1; n < 1024; n++)
		EXPECT_OK(dev_attach_pasid(six.fd, b.fd, b.ioas, n));
	EXPECT_OK(dev_attach_pasid(eight.fd, a.fd, a.ioas, 5));
	EXPECT_GE(ppasid_of(cpu, &a, &eight, 5), 1024);
	expect_reaches(&eight, 5, &a);
	EXPECT_OK(close(cpu));
	EXPECT_OK(close(eight.fd));
	EXPECT_OK(close(six.fd));
	end_user(&a);
	end_user(&b);
	cpu_unload();
}
END_TEST

/* --------------------------------------------------- the parent, and its users */

START_TEST(parent_and_mediated_devices_are_not_bound_at_once)
{
	static const __u32 physical[] = { 1, 4, 5, 7 };
	unsigned int i, t;

	swiommu_load(NULL);
	for (i = 0; i < 4; i++) {
		struct user a = new_user(), b = new_user();
		__u32 parent = swdev_create(&(struct swiommu_device_create) {
			.type = physical[i], .pasid_width = WIDTH });
		int whole = EXPECT_OK(swdev_open(parent));

		for (t = 0; t < 3; t++) {
			__u32 id = swdev_create(&(struct swiommu_device_create) {
				.type = types[t], .parent = parent });
			struct swdev dev = { .id = id, .fd = EXPECT_OK(swdev_open(id)) };

			EXPECT_OK(dev_bind(whole, a.fd, 1));
			EXPECT_ERRNO(dev_bind(dev.fd, b.fd, 2), EPERM);
			/* the same user neither: others may come */
			EXPECT_ERRNO(dev_bind(dev.fd, a.fd, 2), EPERM);
			EXPECT_OK(dev_unbind(whole, a.fd));
			EXPECT_OK(dev_bind(dev.fd, b.fd, 2));
			EXPECT_ERRNO(dev_bind(whole, a.fd, 1), EPERM);
			EXPECT_ERRNO(dev_bind(whole, b.fd, 1), EPERM);
			EXPECT_OK(dev_attach(dev.fd, b.fd, b.ioas));
			EXPECT_ERRNO(dev_bind(whole, a.fd, 1), EPERM);
			expect_reaches(&dev, 0, &b);
			EXPECT_OK(close(dev.fd));
		}
		EXPECT_OK(dev_bind(whole, a.fd, 1));
		EXPECT_OK(dev_attach(whole, a.fd, a.ioas));
		EXPECT_OK(close(whole));
		end_user(&a);
		end_user(&b);
	}
	swiommu_unload();
}
END_TEST

struct binder {
	__u32 id;
	unsigned long bound;
	volatile int *now, *both;
	volatile bool *stop;
	int other;
	pthread_t thread;
};

static void *bind_and_unbind(void *arg)
{
	struct binder *b = arg;
	int dev = EXPECT_OK(swdev_open(b->id)), fd = EXPECT_OK(iommu_open());

	while (!*b->stop) {
		if (dev_bind(dev, fd, 1)) {
			EXPECT_EQ(errno, EPERM);
			continue;
		}
		b->now[!b->other] = 1;
		/* long enough for the other one to come */
		sleep_ms(1);
		__sync_synchronize();
		if (b->now[b->other])
			*b->both = 1;
		b->bound++;
		b->now[!b->other] = 0;
		__sync_synchronize();
		EXPECT_OK(dev_unbind(dev, fd));
		/* Its turn */
		sleep_ms(b->bound % 3);
	}
	close(dev);
	close(fd);
	return NULL;
}

START_TEST(parent_and_mediated_device_bound_in_a_race_are_not_bound_at_once)
{
	volatile int now[2] = { 0 }, both = 0;
	volatile bool stop = false;
	struct binder b[2];
	unsigned int i;

	swiommu_load(NULL);
	b[0].id = new_parent(0);
	b[1].id = swdev_create(&(struct swiommu_device_create) { .type = 6, .parent = b[0].id });
	for (i = 0; i < 2; i++) {
		b[i].bound = 0;
		b[i].now = now;
		b[i].both = &both;
		b[i].stop = &stop;
		b[i].other = !i;
		EXPECT_EQ(pthread_create(&b[i].thread, NULL, bind_and_unbind, &b[i]), 0);
	}
	sleep_ms(500);
	stop = true;
	for (i = 0; i < 2; i++) {
		pthread_join(b[i].thread, NULL);
		EXPECT_GE(b[i].bound, 1);
	}
	EXPECT_EQ(both, 0);
	swiommu_unload();
}
END_TEST

START_TEST(parent_is_the_hosts_as_before)
{
	struct user a;
	struct swdev dev;
	int whole;

	swiommu_load("passthrough=1,1");
	a = new_user();
	dev = new_child(6, new_parent(0), &a);
	EXPECT_OK(dev_attach(dev.fd, a.fd, a.ioas));
	EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5));
	/* what is attached is not behind its RID, nor does the RID reach through it */
	expect_pasid_blocked(&dev, 6, phys_of(a.mem));
	expect_swblocked(&dev, phys_of(a.mem), SWIOMMU_FAULT_NOT_MAPPED);
	whole = EXPECT_OK(swdev_open(dev.id - 1));
	EXPECT_ERRNO(swdev_try_dma(whole, &(struct swiommu_dma) { .length = 1 }), EINVAL);
	close(whole);
	EXPECT_OK(close(dev.fd));
	end_user(&a);
	swiommu_unload();
}
END_TEST

/* ------------------------------------------------------------------ the end */

START_TEST(mediated_device_goes_on_after_its_iommu_fd_is_closed)
{
	unsigned int t;

	swiommu_load(NULL);
	for (t = 0; t < 3; t++) {
		struct user a = new_user(), b = new_user();
		__u32 parent = new_parent(0);
		struct swdev dev = new_child(types[t], parent, &a);
		long before = pages_pinned();

		EXPECT_OK(dev_attach(dev.fd, a.fd, a.ioas));
		if (t)
			EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5));
		end_user(&a);
		expect_reaches(&dev, 0, &a);
		if (t)
			expect_reaches(&dev, 5, &a);
		EXPECT_EQ(pages_pinned(), before + 1);
		EXPECT_OK(close(dev.fd));
		EXPECT_EQ(pages_pinned(), before);
		/* somebody else's now, and nothing of it is left */
		dev.fd = EXPECT_OK(swdev_open(dev.id));
		EXPECT_OK(dev_bind(dev.fd, b.fd, dev.cookie));
		expect_pasid_blocked(&dev, 0, IOVA);
		expect_pasid_blocked(&dev, 5, IOVA);
		EXPECT_OK(close(dev.fd));
		end_user(&b);
	}
	swiommu_unload();
}
END_TEST

struct victim {
	__u32 id;
	volatile int *ready;
};

static void attach_and_wait(void *arg)
{
	struct victim *v = arg;
	struct user a = new_user();
	struct swdev dev = { .id = v->id, .fd = EXPECT_OK(swdev_open(v->id)) };

	EXPECT_OK(dev_bind(dev.fd, a.fd, 1));
	EXPECT_OK(dev_attach(dev.fd, a.fd, a.ioas));
	if (swdev_info(&dev).type != 3)
		EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5));
	*v->ready = 1;
	for (;;)
		expect_reaches(&dev, 0, &a);
}

START_TEST(mediated_device_of_a_killed_process_is_free_again)
{
	volatile int *ready = shared_memory(PAGE);
	struct user b;
	unsigned int t;

	swiommu_load(NULL);
	b = new_user();
	for (t = 0; t < 3; t++) {
		__u32 parent = new_parent(0);
		struct victim v = { .ready = ready, .id = swdev_create(
			&(struct swiommu_device_create) { .type = types[t], .parent = parent }) };
		struct swdev dev = { .id = v.id, .cookie = 9 };
		long before = pages_pinned();
		pid_t pid;

		*ready = 0;
		pid = start_child(attach_and_wait, &v);
		wait_for(ready);
		dev.fd = EXPECT_OK(swdev_open(dev.id));
		EXPECT_ERRNO(dev_bind(dev.fd, b.fd, 9), EPERM);
		kill_child(pid);
		EXPECT_EQ(pages_pinned(), before);
		EXPECT_OK(dev_bind(dev.fd, b.fd, 9));
		expect_pasid_blocked(&dev, 0, IOVA);
		expect_pasid_blocked(&dev, 5, IOVA);
		EXPECT_OK(dev_attach(dev.fd, b.fd, b.ioas));
		expect_reaches(&dev, 0, &b);
		EXPECT_OK(close(dev.fd));
	}
	end_user(&b);
	swiommu_unload();
}
END_TEST

START_TEST(mediated_devices_go_with_their_parent)
{
	struct swiommu_dma dma = { .length = 1 };
	struct swdev dev[3];
	struct user a, b;
	__u32 parent, other;
	unsigned int t;

	swiommu_load(NULL);
	a = new_user();
	b = new_user();
	parent = new_parent(0);
	other = new_parent(0);
	for (t = 0; t < 3; t++) {
		dev[t] = new_child(types[t], parent, t ? &a : &b);
		EXPECT_OK(dev_attach(dev[t].fd, dev[t].iommu, t ? a.ioas : b.ioas));
		if (t)
			EXPECT_OK(dev_attach_pasid(dev[t].fd, a.fd, a.ioas, 5));
		expect_reaches(&dev[t], 0, t ? &a : &b);
	}
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), PAGE);
	EXPECT_OK(swdev_destroy(parent));
	EXPECT_EQ(pinned_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(nr_attachments(a.fd, a.ioas), 0);
	for (t = 0; t < 3; t++) {
		EXPECT_TRUE(!swdev_exists(dev[t].id));
		EXPECT_ERRNO(swdev_try_dma(dev[t].fd, &dma), ENODEV);
		EXPECT_ERRNO(dev_bind(dev[t].fd, a.fd, 1), ENODEV);
		EXPECT_ERRNO(dev_attach(dev[t].fd, a.fd, a.ioas), ENODEV);
		EXPECT_OK(close(dev[t].fd));
	}
	EXPECT_TRUE(swdev_exists(other));
	/* one alone, its parent and a sibling staying */
	dev[0] = new_child(6, other, &a);
	dev[1] = new_child(6, other, &b);
	EXPECT_OK(dev_attach_pasid(dev[0].fd, a.fd, a.ioas, 5));
	EXPECT_OK(dev_attach_pasid(dev[1].fd, b.fd, b.ioas, 5));
	EXPECT_OK(swdev_destroy(dev[0].id));
	EXPECT_ERRNO(swdev_try_dma(dev[0].fd, &dma), ENODEV);
	expect_reaches(&dev[1], 5, &b);
	EXPECT_OK(close(dev[0].fd));
	EXPECT_OK(close(dev[1].fd));
	end_user(&a);
	end_user(&b);
	swiommu_unload();
}
END_TEST

/* ------------------------------------------------------------- old kernels */

START_TEST(mediated_devices_with_pasids_are_refused_on_old_kernels)
{
	struct user a;
	unsigned int t;

	swiommu_load(NULL);
	a = new_user();
	for (t = 0; t < 3; t++) {
		int dev = EXPECT_OK(swdev_open(swdev_create(&(struct swiommu_device_create) {
			.type = types[t], .parent = new_parent(0) })));

		EXPECT_ERRNO(dev_bind(dev, a.fd, 1), EOPNOTSUPP);
		EXPECT_ERRNO(swdev_try_dma(dev, &(struct swiommu_dma) { .length = 1 }), EINVAL);
		close(dev);
	}
	end_user(&a);
	swiommu_unload();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const refused[] = {
		mediated_devices_with_pasids_are_refused_on_old_kernels,
		mediated_devices_want_a_physical_parent_and_no_options,
		NULL,
	};
	const TTest *const tests[] = {
		mediated_rid_is_the_default_pasid,
		mediated_pasids_reach_what_is_attached_and_only_that,
		mediated_types_are_what_the_info_calls_say,
		mediated_device_of_type_3_has_no_pasids_for_its_user,
		mediated_numbers_are_the_devices_own,
		mediated_device_of_two_files_has_pasids_of_both,
		mediated_devices_want_a_physical_parent_and_no_options,
		mediated_devices_of_a_parent_without_pasids_are_refused,
		siblings_of_two_users_do_not_reach_each_other,
		siblings_do_not_meet_while_numbers_change_hands,
		numbers_that_a_cpu_sends_are_nobody_elses_on_any_parent,
		numbers_of_a_narrow_parent_are_not_all_that_a_cpu_could_send,
		parent_and_mediated_devices_are_not_bound_at_once,
		parent_and_mediated_device_bound_in_a_race_are_not_bound_at_once,
		parent_is_the_hosts_as_before,
		mediated_device_goes_on_after_its_iommu_fd_is_closed,
		mediated_device_of_a_killed_process_is_free_again,
		mediated_devices_go_with_their_parent,
		NULL,
	};

	return run_swiommu_program(argc, argv, "pasid-mediated",
				   kernel_is("6.1") ? refused : tests);
}
