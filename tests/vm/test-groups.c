// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that share an IOMMU group: all of it is taken and given back together,
 * and what is attached is behind all of them. Who else may have what of it is in
 * test-sharing, and what is plugged into it in test-hotplug.
 */
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "legacy.h"
#include "memory.h"
#include "modules.h"
#include "process.h"
#include "run.h"
#include "stall.h"

#define LIST(...) (const __u64[]){ __VA_ARGS__ }, sizeof((__u64[]){ __VA_ARGS__ }) / sizeof(__u64)

/* Two devices of one group, bound, and two address spaces with a page each */
struct twins {
	int fd;
	struct dev a, b;
	__u32 s, t;
	char *p, *q;
};

static struct twins twins(void)
{
	struct twins w;

	w.fd = EXPECT_OK(iommu_open());
	w.s = new_ioas(w.fd);
	w.t = new_ioas(w.fd);
	w.p = memory(2 * PAGE, CANARY);
	w.q = w.p + PAGE;
	EXPECT_OK(ioas_map(w.fd, w.s, w.p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(w.fd, w.t, w.q, IOVA, PAGE, RW));
	dev_start(&w.a, TWIN_0, w.fd);
	dev_start(&w.b, TWIN_1, w.fd);
	return w;
}

/* A device reaches one page and neither the other nor memory as the CPU sees it */
static void reaches(struct dev *dev, char *p, char *other)
{
	memset(other, CANARY, PAGE);
	expect_blocked(dev, phys_of(other), other, PAGE);
	expect_dma(dev, IOVA, p, PAGE);
	expect_blocked(dev, IOVA + PAGE, other, PAGE);
	memset(p, CANARY, PAGE);
}

static void is_blocked(struct dev *dev, char *p)
{
	/* first of all: with the kernel's own domain IOVA may be the kernel's text */
	expect_blocked(dev, phys_of(p), p, PAGE);
	expect_blocked(dev, IOVA, p, PAGE);
}

/* Nobody has the group: VFIO can take it, and both of its devices */
static void expect_free(enum which one, enum which two)
{
	struct legacy l;
	int second;

	legacy_open(&l, one);
	EXPECT_OK(legacy_claim(&l));
	EXPECT_OK(legacy_use(&l));
	which_bdf(two, l.bdf);
	second = EXPECT_OK(ioctl(l.group, VFIO_GROUP_GET_DEVICE_FD, l.bdf));
	EXPECT_OK(close(second));
	legacy_close(&l);
}

START_TEST(group_of_two_is_taken_with_its_first_device_and_free_after_its_last)
{
	enum which pairs[2][2] = { { TWIN_0, TWIN_1 }, { PAIR_1, PAIR_0 } };
	int fd = EXPECT_OK(iommu_open()), i;
	struct device_caps caps;
	char bdf[BDF_SIZE];
	struct legacy l;
	struct dev a, b;

	EXPECT_EQ(ioctl(fd, IOMMU_CHECK_EXTENSION, IOASID_EXT_MULTI_DEVICE_GROUPS), 1);
	for (i = 0; i < 2; i++) {
		enum which one = pairs[i][0], two = pairs[i][1];

		EXPECT_EQ(pci_group_size(which_bdf(one, bdf)), 2);
		expect_free(one, two);
		dev_open_only(&a, one);
		dev_open_only(&b, two);
		EXPECT_OK(dev_bind(a.fd, fd, a.cookie));
		device_caps(fd, a.cookie, &caps);
		EXPECT_EQ(caps.info.group_devices, 2);
		legacy_open(&l, two);
		EXPECT_ERRNO(legacy_claim(&l), EPERM);
		EXPECT_OK(dev_bind(b.fd, fd, b.cookie));
		EXPECT_ERRNO(legacy_claim(&l), EPERM);
		EXPECT_OK(dev_unbind(a.fd, fd));
		EXPECT_ERRNO(legacy_claim(&l), EPERM);
		device_caps(fd, b.cookie, &caps);
		EXPECT_EQ(caps.info.group_devices, 2);
		EXPECT_OK(dev_unbind(b.fd, fd));
		legacy_close(&l);
		expect_free(one, two);
		EXPECT_OK(close(a.fd));
		EXPECT_OK(close(b.fd));
	}
}
END_TEST

START_TEST(address_space_is_behind_both_devices_until_both_are_detached)
{
	struct twins w = twins();

	is_blocked(&w.a, w.p);
	is_blocked(&w.b, w.p);
	EXPECT_OK(dev_attach(w.a.fd, w.fd, w.s));
	expect_attached(w.fd, w.s, LIST(w.a.cookie));
	EXPECT_OK(dev_attach(w.b.fd, w.fd, w.s));
	expect_attached(w.fd, w.s, LIST(w.a.cookie, w.b.cookie));
	reaches(&w.a, w.p, w.q);
	reaches(&w.b, w.p, w.q);

	/* what is mapped later too, until it is unmapped */
	EXPECT_OK(ioas_map(w.fd, w.s, w.q, IOVA + GIB, PAGE, RW));
	expect_dma(&w.a, IOVA + GIB, w.q, PAGE);
	expect_dma(&w.b, IOVA + GIB, w.q, PAGE);
	EXPECT_OK(ioas_unmap(w.fd, w.s, IOVA + GIB, PAGE, NULL));
	expect_blocked(&w.a, IOVA + GIB, w.q, PAGE);
	expect_blocked(&w.b, IOVA + GIB, w.q, PAGE);

	EXPECT_OK(dev_detach(w.a.fd, w.fd));
	expect_attached(w.fd, w.s, LIST(w.b.cookie));
	EXPECT_ERRNO(dev_detach(w.a.fd, w.fd), EINVAL);
	EXPECT_EQ(pinned_bytes(w.fd, w.s), PAGE);
	reaches(&w.b, w.p, w.q);
	/* the IOMMU does not tell it from the other */
	reaches(&w.a, w.p, w.q);
	EXPECT_OK(dev_detach(w.b.fd, w.fd));
	EXPECT_EQ(nr_attachments(w.fd, w.s), 0);
	EXPECT_EQ(pinned_bytes(w.fd, w.s), 0);
	is_blocked(&w.a, w.p);
	is_blocked(&w.b, w.p);
	EXPECT_ERRNO(dev_detach(w.b.fd, w.fd), EINVAL);
	EXPECT_OK(ioas_free(w.fd, w.s));
}
END_TEST

START_TEST(another_address_space_is_ebusy_while_another_device_is_attached)
{
	struct twins w = twins();

	EXPECT_OK(dev_attach(w.a.fd, w.fd, w.s));
	EXPECT_ERRNO(dev_attach(w.b.fd, w.fd, w.t), EBUSY);
	EXPECT_EQ(nr_attachments(w.fd, w.t), 0);
	EXPECT_EQ(pinned_bytes(w.fd, w.t), 0);
	EXPECT_OK(dev_attach(w.b.fd, w.fd, w.s));
	EXPECT_ERRNO(dev_attach(w.a.fd, w.fd, w.t), EBUSY);
	EXPECT_ERRNO(dev_attach(w.b.fd, w.fd, w.t), EBUSY);
	/* again is no second time */
	EXPECT_OK(dev_attach(w.a.fd, w.fd, w.s));
	expect_attached(w.fd, w.s, LIST(w.a.cookie, w.b.cookie));
	EXPECT_ERRNO(ioas_free(w.fd, w.s), EBUSY);
	EXPECT_EQ(nr_attachments(w.fd, w.t), 0);
	reaches(&w.a, w.p, w.q);
	reaches(&w.b, w.p, w.q);
}
END_TEST

START_TEST(address_space_of_the_only_attached_device_is_replaced)
{
	struct twins w = twins();
	int i;

	EXPECT_OK(dev_attach(w.a.fd, w.fd, w.s));
	EXPECT_OK(dev_attach(w.b.fd, w.fd, w.s));
	EXPECT_OK(dev_detach(w.a.fd, w.fd));
	for (i = 0; i < 5; i++) {
		EXPECT_OK(dev_attach(w.b.fd, w.fd, w.t));
		expect_attached(w.fd, w.t, LIST(w.b.cookie));
		EXPECT_EQ(nr_attachments(w.fd, w.s), 0);
		EXPECT_EQ(pinned_bytes(w.fd, w.s), 0);
		reaches(&w.b, w.q, w.p);
		reaches(&w.a, w.q, w.p);
		EXPECT_ERRNO(dev_attach(w.a.fd, w.fd, w.s), EBUSY);
		EXPECT_OK(dev_attach(w.b.fd, w.fd, w.s));
		expect_attached(w.fd, w.s, LIST(w.b.cookie));
		EXPECT_EQ(pinned_bytes(w.fd, w.t), 0);
		reaches(&w.b, w.p, w.q);
	}
	/* a replace that fails leaves it behind both */
	EXPECT_OK(ioas_map(w.fd, w.t, (void *)PAGE, IOVA + MIB, PAGE, RW));
	EXPECT_ERRNO(dev_attach(w.b.fd, w.fd, w.t), EFAULT);
	expect_attached(w.fd, w.s, LIST(w.b.cookie));
	reaches(&w.a, w.p, w.q);
	reaches(&w.b, w.p, w.q);
}
END_TEST

START_TEST(end_of_one_binding_leaves_the_other_device_alone)
{
	struct twins w = twins();
	long before = pages_pinned();
	int i;

	for (i = 0; i < 4; i++) {
		/* the one that was bound first, and the other; by close, and by ioctl */
		struct dev *ends = i % 2 ? &w.b : &w.a, *stays = i % 2 ? &w.a : &w.b;

		EXPECT_OK(dev_attach(w.a.fd, w.fd, w.s));
		EXPECT_OK(dev_attach(w.b.fd, w.fd, w.s));
		dev_unmap_bar(ends);
		if (i / 2)
			EXPECT_OK(close(ends->fd));
		else
			EXPECT_OK(dev_unbind(ends->fd, w.fd));
		expect_attached(w.fd, w.s, LIST(stays->cookie));
		reaches(stays, w.p, w.q);
		EXPECT_OK(dev_attach(stays->fd, w.fd, w.t));
		reaches(stays, w.q, w.p);
		EXPECT_OK(dev_detach(stays->fd, w.fd));
		is_blocked(stays, w.p);
		EXPECT_EQ(pages_pinned(), before);
		if (!(i / 2))
			EXPECT_OK(close(ends->fd));
		dev_start(ends, i % 2 ? TWIN_1 : TWIN_0, w.fd);
		is_blocked(ends, w.p);
	}
}
END_TEST

START_TEST(device_that_nobody_has_bound_reaches_what_its_group_does)
{
	char *p = memory(2 * PAGE, CANARY), *q = p + PAGE, bdf[BDF_SIZE];
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev a, b;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(pci_unbind_driver(which_bdf(TWIN_1, bdf)));
	dev_raw(&b, bdf);
	/* Now we know that it can */
	if (default_is_passthrough())
		expect_dma(&b, phys_of(p), p, PAGE);
	dev_start(&a, TWIN_0, fd);
	is_blocked(&b, p);
	EXPECT_OK(dev_attach(a.fd, fd, ioas));
	reaches(&b, p, q);
	EXPECT_OK(dev_detach(a.fd, fd));
	is_blocked(&b, p);
	dev_unmap_bar(&a);
	EXPECT_OK(close(a.fd));
	if (default_is_passthrough())
		expect_dma(&b, phys_of(p), p, PAGE);
	else
		is_blocked(&b, p);
	dev_unmap_bar(&b);
	EXPECT_OK(pci_give_to(bdf, "ioasid_vfio_pci"));
}
END_TEST

START_TEST(group_with_a_device_of_the_host_is_eperm)
{
	int fd = EXPECT_OK(iommu_open());
	char bdf[BDF_SIZE], driver[64];
	struct legacy l;
	struct dev dev;

	EXPECT_OK(module_load("virtio_pci", NULL));
	pci_driver(hosts_bdf(bdf), driver, sizeof(driver));
	EXPECT_EQ(strcmp(driver, "virtio-pci"), 0);
	dev_open_only(&dev, HOSTED);
	EXPECT_ERRNO(dev_bind(dev.fd, fd, 1), EPERM);
	EXPECT_ERRNO(dev_bind(dev.fd, fd, 1), EPERM);
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_RESET), EINVAL);

	EXPECT_OK(pci_unbind_driver(bdf));
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
	/* and the reverse */
	EXPECT_ERRNO(pci_bind_driver(bdf, "virtio-pci"), EBUSY);
	EXPECT_OK(dev_unbind(dev.fd, fd));
	EXPECT_OK(pci_bind_driver(bdf, "virtio-pci"));
	EXPECT_ERRNO(dev_bind(dev.fd, fd, 1), EPERM);
	/* the refused bind has taken nothing from it */
	EXPECT_OK(pci_unbind_driver(bdf));
	EXPECT_OK(pci_bind_driver(bdf, "virtio-pci"));

	/* a VFIO driver is no obstacle as long as nobody uses it */
	EXPECT_OK(pci_unbind_driver(bdf));
	EXPECT_OK(module_load("vfio_pci", NULL));
	EXPECT_OK(pci_bind_driver(bdf, "vfio-pci"));
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
	legacy_open(&l, HOSTED);
	EXPECT_ERRNO(legacy_claim(&l), EPERM);
	EXPECT_OK(dev_unbind(dev.fd, fd));
	EXPECT_OK(legacy_claim(&l));
	EXPECT_ERRNO(dev_bind(dev.fd, fd, 1), EPERM);
	legacy_close(&l);
	EXPECT_OK(pci_unbind_driver(bdf));
	EXPECT_OK(pci_bind_driver(bdf, "virtio-pci"));
}
END_TEST

/* ------------------------------------------------------- files and processes */

START_TEST(close_of_the_iommu_fd_first_keeps_both_devices)
{
	long before = pages_pinned();
	struct twins w = twins();

	EXPECT_OK(dev_attach(w.a.fd, w.fd, w.s));
	EXPECT_OK(dev_attach(w.b.fd, w.fd, w.s));
	EXPECT_OK(close(w.fd));
	reaches(&w.a, w.p, w.q);
	dev_unmap_bar(&w.a);
	EXPECT_OK(close(w.a.fd));
	reaches(&w.b, w.p, w.q);
	EXPECT_EQ(pages_pinned(), before + 1);
	dev_unmap_bar(&w.b);
	EXPECT_OK(close(w.b.fd));
	EXPECT_EQ(pages_pinned(), before);
	expect_free(TWIN_0, TWIN_1);
}
END_TEST

static void use_both(void *arg)
{
	volatile int *ready = arg;
	struct twins w = twins();

	for (;;) {
		EXPECT_OK(dev_attach(w.a.fd, w.fd, w.s));
		EXPECT_OK(dev_attach(w.b.fd, w.fd, w.s));
		EXPECT_OK(dev_detach(w.a.fd, w.fd));
		EXPECT_OK(dev_attach(w.b.fd, w.fd, w.t));
		EXPECT_OK(dev_detach(w.b.fd, w.fd));
		*ready = 1;
	}
}

START_TEST(kill_while_using_both_devices_frees_the_group)
{
	volatile int *ready = shared_memory(sizeof(*ready));
	long before = pages_pinned();
	int i;

	for (i = 0; i < 5; i++) {
		pid_t pid;

		*ready = 0;
		pid = start_child(use_both, (void *)ready);
		wait_for(ready);
		usleep(i * 3000);
		kill_child(pid);
		EXPECT_EQ(pages_pinned(), before);
	}
	expect_free(TWIN_0, TWIN_1);
}
END_TEST

struct one {
	enum which which;
	int fd;
	__u32 ioas;
	unsigned int *bound;
};

/* In a thread for each of the two */
static void *come_and_go(void *arg)
{
	struct one *one = arg;
	struct dev dev;
	int i;

	for (i = 0; i < times(40); i++) {
		dev_open_only(&dev, one->which);
		EXPECT_OK(dev_bind(dev.fd, one->fd, dev.cookie));
		EXPECT_OK(dev_attach(dev.fd, one->fd, one->ioas));
		if (i % 3)
			EXPECT_OK(dev_detach(dev.fd, one->fd));
		if (i % 2)
			EXPECT_OK(dev_unbind(dev.fd, one->fd));
		EXPECT_OK(close(dev.fd));
	}
	return NULL;
}

START_TEST(both_devices_come_and_go_at_the_same_time)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open()), i;
	__u32 ioas = new_ioas(fd);
	struct one one[2] = { { TWIN_0, fd, ioas, NULL }, { TWIN_1, fd, ioas, NULL } };
	pthread_t thread[2];

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(pthread_create(&thread[i], NULL, come_and_go, &one[i]), 0);
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(nr_attachments(fd, ioas), 0);
	EXPECT_EQ(pinned_bytes(fd, ioas), 0);
	expect_free(TWIN_0, TWIN_1);
}
END_TEST

struct attaching {
	int dev, fd;
	__u32 ioas;
};

static void *attach_what_waits(void *arg)
{
	struct attaching *a = arg;

	EXPECT_OK(dev_attach(a->dev, a->fd, a->ioas));
	return NULL;
}

static void use_second(void *arg)
{
	struct twins *w = arg;
	struct dev b;

	dev_open_only(&b, TWIN_1);
	EXPECT_OK(dev_bind(b.fd, w->fd, b.cookie));
	EXPECT_OK(dev_unbind(b.fd, w->fd));
	EXPECT_OK(dev_bind(b.fd, w->fd, b.cookie));
	/* waits */
	EXPECT_OK(dev_attach(b.fd, w->fd, w->s));
}

START_TEST(no_other_device_waits_to_go_for_an_attach_that_waits)
{
	struct stall stall = stall_start();
	struct twins w = twins();
	struct attaching a = { w.a.fd, w.fd, w.s };
	struct device_caps caps;
	pthread_t thread;
	pid_t pid;

	EXPECT_OK(ioas_map(w.fd, w.s, stall.page, IOVA + MIB, PAGE, RW));
	EXPECT_EQ(pthread_create(&thread, NULL, attach_what_waits, &a), 0);
	stall_wait(&stall);
	/* to unbind, to bind and to ask; nor does a process to die that waits for it */
	dev_unmap_bar(&w.b);
	EXPECT_OK(dev_unbind(w.b.fd, w.fd));
	EXPECT_OK(close(w.b.fd));
	device_caps(w.fd, w.a.cookie, &caps);
	EXPECT_EQ(nr_attachments(w.fd, w.s), 0);
	pid = start_child(use_second, &w);
	sleep_ms(300);
	EXPECT_TRUE(child_runs(pid));
	kill_child(pid);
	dev_start(&w.b, TWIN_1, w.fd);
	stall_end(&stall);
	pthread_join(thread, NULL);
	EXPECT_OK(dev_attach(w.b.fd, w.fd, w.s));
	expect_attached(w.fd, w.s, LIST(w.a.cookie, w.b.cookie));
	reaches(&w.b, w.p, w.q);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		group_of_two_is_taken_with_its_first_device_and_free_after_its_last,
		address_space_is_behind_both_devices_until_both_are_detached,
		another_address_space_is_ebusy_while_another_device_is_attached,
		address_space_of_the_only_attached_device_is_replaced,
		end_of_one_binding_leaves_the_other_device_alone,
		device_that_nobody_has_bound_reaches_what_its_group_does,
		group_with_a_device_of_the_host_is_eperm,
		close_of_the_iommu_fd_first_keeps_both_devices,
		kill_while_using_both_devices_frees_the_group,
		both_devices_come_and_go_at_the_same_time,
		no_other_device_waits_to_go_for_an_attach_that_waits,
		NULL,
	};

	return run_program(argc, argv, "groups", tests, RUN_DEVICES);
}
