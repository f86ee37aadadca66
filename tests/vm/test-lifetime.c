// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bindings begin and end: by ioctl, by closing files in any order, by a killed
 * process. Afterwards nothing is pinned, and the device can be used again.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"

/* A new user finds the device as if there had been none before */
static void expect_usable(enum which which)
{
	char *p = memory(PAGE, CANARY);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	dev_start(&dev, which, fd);
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, 0), DMA_BLOCKED);
	EXPECT_EQ(testdev_write(&dev, phys_of(p), PAGE, 0), DMA_BLOCKED);
	expect_filled(p, CANARY, PAGE);
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
	dev_unmap_bar(&dev);
	EXPECT_OK(close(dev.fd));
	EXPECT_OK(close(fd));
}

struct use {
	int fd;
	__u32 ioas;
	struct dev dev;
	char *p;
};

static struct use attached_with_memory(void)
{
	struct use u;

	u.p = memory(4 * PAGE, CANARY);
	u.fd = EXPECT_OK(iommu_open());
	u.ioas = new_ioas(u.fd);
	EXPECT_OK(ioas_map(u.fd, u.ioas, u.p, IOVA, 4 * PAGE, RW));
	dev_start(&u.dev, TESTDEV_0, u.fd);
	EXPECT_OK(dev_attach(u.dev.fd, u.fd, u.ioas));
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
	return u;
}

START_TEST(close_of_the_iommu_fd_first_keeps_all_until_the_device_fd)
{
	long before = pages_pinned();
	struct use u = attached_with_memory();

	EXPECT_OK(close(u.fd));
	EXPECT_EQ(pages_pinned(), before + 4);
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
	dev_unmap_bar(&u.dev);
	EXPECT_OK(close(u.dev.fd));
	EXPECT_EQ(pages_pinned(), before);
	expect_usable(TESTDEV_0);
}
END_TEST

START_TEST(close_of_the_device_fd_first_ends_the_binding)
{
	long before = pages_pinned();
	struct use u = attached_with_memory();

	dev_unmap_bar(&u.dev);
	EXPECT_OK(close(u.dev.fd));
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(nr_attachments(u.fd, u.ioas), 0);
	EXPECT_EQ(mapped_bytes(u.fd, u.ioas), 4 * PAGE);
	/* the cookie is free */
	dev_start(&u.dev, TESTDEV_0, u.fd);
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, 0), DMA_BLOCKED);
	EXPECT_OK(dev_attach(u.dev.fd, u.fd, u.ioas));
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
	dev_unmap_bar(&u.dev);
	EXPECT_OK(close(u.dev.fd));
	EXPECT_OK(close(u.fd));
	expect_usable(TESTDEV_0);
}
END_TEST

START_TEST(close_of_a_duplicate_ends_nothing)
{
	struct use u = attached_with_memory();

	EXPECT_OK(close(EXPECT_OK(dup(u.fd))));
	EXPECT_OK(close(EXPECT_OK(dup(u.dev.fd))));
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
	EXPECT_EQ(nr_attachments(u.fd, u.ioas), 1);
}
END_TEST

START_TEST(bind_by_a_second_user_is_eperm)
{
	struct use u = attached_with_memory();
	int other = EXPECT_OK(iommu_open()), dev = EXPECT_OK(dev_open(TESTDEV_0));

	EXPECT_ERRNO(dev_bind(dev, other, 9), EPERM);
	/* also to the owner's own iommu fd: it is the device fd that consents */
	EXPECT_ERRNO(dev_bind(dev, u.fd, 9), EPERM);
	EXPECT_ERRNO(dev_attach(dev, other, new_ioas(other)), EINVAL);
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
	dev_unmap_bar(&u.dev);
	EXPECT_OK(dev_unbind(u.dev.fd, u.fd));
	EXPECT_OK(dev_bind(dev, other, 9));
	EXPECT_ERRNO(dev_bind(u.dev.fd, u.fd, 9), EPERM);
}
END_TEST

START_TEST(bind_of_one_device_fd_to_two_iommu_fds)
{
	struct use u = attached_with_memory();
	int other = EXPECT_OK(iommu_open());
	__u32 theirs = new_ioas(other);
	char *q = memory(PAGE, CANARY);
	struct device_caps caps;

	EXPECT_OK(ioas_map(other, theirs, q, IOVA, PAGE, RW));
	EXPECT_OK(dev_bind(u.dev.fd, other, 500));
	device_caps(other, 500, &caps);
	/* replace and detach are for the one that attached */
	EXPECT_ERRNO(dev_attach(u.dev.fd, other, theirs), EBUSY);
	EXPECT_ERRNO(dev_detach(u.dev.fd, other), EBUSY);
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
	EXPECT_OK(dev_detach(u.dev.fd, u.fd));
	EXPECT_ERRNO(dev_detach(u.dev.fd, other), EINVAL);
	EXPECT_OK(dev_attach(u.dev.fd, other, theirs));
	EXPECT_ERRNO(dev_attach(u.dev.fd, u.fd, u.ioas), EBUSY);
	EXPECT_ERRNO(dev_detach(u.dev.fd, u.fd), EBUSY);
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(q)), DMA_DONE);
	EXPECT_EQ(testdev_write(&u.dev, IOVA + PAGE, PAGE, 0), DMA_BLOCKED);

	/* the end of the one that has nothing attached changes nothing, and is
	 * possible with a region mapped: it is not the last
	 */
	EXPECT_OK(dev_unbind(u.dev.fd, u.fd));
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(q)), DMA_DONE);
	EXPECT_OK(dev_bind(u.dev.fd, u.fd, u.dev.cookie));
	/* the end of the other blocks the device, which stays bound */
	EXPECT_OK(dev_unbind(u.dev.fd, other));
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, 0), DMA_BLOCKED);
	EXPECT_EQ(nr_attachments(other, theirs), 0);
	EXPECT_OK(dev_attach(u.dev.fd, u.fd, u.ioas));
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
	EXPECT_OK(dev_bind(u.dev.fd, other, 500));
	dev_unmap_bar(&u.dev);
	EXPECT_OK(dev_unbind(u.dev.fd, -1));
	EXPECT_ERRNO(dev_unbind(u.dev.fd, -1), EINVAL);
	EXPECT_ERRNO(dev_unbind(u.dev.fd, other), EINVAL);
}
END_TEST

START_TEST(bind_with_a_taken_cookie_is_eexist)
{
	int fd = EXPECT_OK(iommu_open()), other = EXPECT_OK(iommu_open());
	int one = EXPECT_OK(dev_open(TESTDEV_0)), two = EXPECT_OK(dev_open(TESTDEV_1));

	EXPECT_OK(dev_bind(one, fd, 42));
	EXPECT_ERRNO(dev_bind(two, fd, 42), EEXIST);
	EXPECT_ERRNO(dev_unbind(two, fd), EINVAL);
	/* unique in one open file only */
	EXPECT_OK(dev_bind(two, other, 42));
	EXPECT_OK(dev_bind(two, fd, 43));
	EXPECT_OK(dev_unbind(one, fd));
	EXPECT_OK(dev_bind(one, fd, 42));
}
END_TEST

START_TEST(bind_again_to_the_same_iommu_fd_is_ealready)
{
	struct use u = attached_with_memory();

	EXPECT_ERRNO(dev_bind(u.dev.fd, u.fd, u.dev.cookie), EALREADY);
	EXPECT_ERRNO(dev_bind(u.dev.fd, u.fd, 1000), EALREADY);
	EXPECT_EQ(nr_attachments(u.fd, u.ioas), 1);
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
}
END_TEST

START_TEST(unbind_with_a_mapped_region_is_ebusy)
{
	struct use u = attached_with_memory();

	EXPECT_ERRNO(dev_unbind(u.dev.fd, u.fd), EBUSY);
	EXPECT_ERRNO(dev_unbind(u.dev.fd, -1), EBUSY);
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
	EXPECT_EQ(nr_attachments(u.fd, u.ioas), 1);
	dev_unmap_bar(&u.dev);
	EXPECT_OK(dev_unbind(u.dev.fd, u.fd));
}
END_TEST

START_TEST(unbound_device_takes_no_ioctl_and_can_be_bound_again)
{
	struct use u = attached_with_memory();
	struct vfio_device_info info = { .argsz = sizeof(info) };
	char c[4];
	int i;

	for (i = 0; i < 5; i++) {
		dev_unmap_bar(&u.dev);
		EXPECT_OK(dev_unbind(u.dev.fd, u.fd));
		EXPECT_ERRNO(dev_unbind(u.dev.fd, u.fd), EINVAL);
		EXPECT_ERRNO(dev_attach(u.dev.fd, u.fd, u.ioas), EINVAL);
		EXPECT_ERRNO(dev_detach(u.dev.fd, u.fd), EINVAL);
		EXPECT_ERRNO(ioctl(u.dev.fd, VFIO_DEVICE_GET_INFO, &info), EINVAL);
		EXPECT_ERRNO(pread(u.dev.fd, c, 4, 7ULL << 40), EINVAL);
		EXPECT_EQ(nr_attachments(u.fd, u.ioas), 0);
		EXPECT_EQ(pinned_bytes(u.fd, u.ioas), 0);
		EXPECT_OK(dev_bind(u.dev.fd, u.fd, i));
		dev_enable(&u.dev);
		dev_map_bar(&u.dev);
		EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, 0), DMA_BLOCKED);
		EXPECT_OK(dev_attach(u.dev.fd, u.fd, u.ioas));
		EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
	}
}
END_TEST

START_TEST(detach_of_nothing_is_einval)
{
	struct use u = attached_with_memory();

	EXPECT_OK(dev_detach(u.dev.fd, u.fd));
	EXPECT_ERRNO(dev_detach(u.dev.fd, u.fd), EINVAL);
}
END_TEST

/* ---------------------------------------------------- killed mid-way */

struct victim {
	volatile int ready;
	volatile unsigned long rounds;
};

static void map_dma_unmap(void *arg)
{
	struct victim *v = arg;
	struct use u = attached_with_memory();
	char *p = memory(64 * PAGE, CANARY);

	for (;; v->rounds++) {
		EXPECT_OK(ioas_map(u.fd, u.ioas, p, IOVA + MIB, 64 * PAGE, RW));
		EXPECT_EQ(testdev_write(&u.dev, IOVA + MIB, 64, 0), DMA_DONE);
		EXPECT_OK(ioas_unmap(u.fd, u.ioas, IOVA + MIB, 64 * PAGE, NULL));
		v->ready = 1;
	}
}

static void attach_detach(void *arg)
{
	struct victim *v = arg;
	struct use u = attached_with_memory();
	__u32 other = new_ioas(u.fd);

	EXPECT_OK(ioas_map(u.fd, other, u.p, IOVA, 4 * PAGE, RW));
	for (;; v->rounds++) {
		EXPECT_OK(dev_attach(u.dev.fd, u.fd, other));
		EXPECT_OK(dev_detach(u.dev.fd, u.fd));
		EXPECT_OK(dev_attach(u.dev.fd, u.fd, u.ioas));
		v->ready = 1;
	}
}

static void bind_unbind(void *arg)
{
	struct victim *v = arg;
	int fd = EXPECT_OK(iommu_open());
	struct dev dev;

	dev_open_only(&dev, TESTDEV_0);
	for (;; v->rounds++) {
		EXPECT_OK(dev_bind(dev.fd, fd, 1));
		EXPECT_OK(dev_unbind(dev.fd, fd));
		v->ready = 1;
	}
}

static void map_much(void *arg)
{
	struct victim *v = arg;
	struct use u = attached_with_memory();
	char *p = memory(32 * MIB, CANARY);

	for (;; v->rounds++) {
		v->ready = 1;
		EXPECT_OK(ioas_map(u.fd, u.ioas, p, GIB, 32 * MIB, RW));
		EXPECT_OK(ioas_unmap(u.fd, u.ioas, GIB, 32 * MIB, NULL));
	}
}

static void kill_it(child_fn fn, int times)
{
	struct victim *v = shared_memory(sizeof(*v));
	long before = pages_pinned();
	unsigned int random = 12345;
	pid_t pid;

	while (times--) {
		v->ready = 0;
		pid = start_child(fn, v);
		wait_for(&v->ready);
		random = random * 1103515245 + 12345;
		usleep(random >> 16 & 0x3fff);
		kill_child(pid);
		EXPECT_EQ(pages_pinned(), before);
	}
	expect_usable(TESTDEV_0);
}

START_TEST(kill_while_mapping_and_doing_dma)
{
	kill_it(map_dma_unmap, 10);
}
END_TEST

START_TEST(kill_while_attaching_and_detaching)
{
	kill_it(attach_detach, 10);
}
END_TEST

START_TEST(kill_while_binding_and_unbinding)
{
	kill_it(bind_unbind, 10);
}
END_TEST

START_TEST(kill_while_mapping_32_mib)
{
	kill_it(map_much, 5);
}
END_TEST

/* ------------------------------------------------- several at one time */

static void flip_attachment(void *arg)
{
	struct use *u = arg;
	int i;

	for (i = 0; i < 100; i++) {
		if (dev_detach(u->dev.fd, u->fd))
			EXPECT_EQ(errno, EINVAL);
		EXPECT_OK(dev_attach(u->dev.fd, u->fd, u->ioas));
	}
}

static void flip_mapping(void *arg)
{
	struct use *u = arg;
	char *p = memory(8 * PAGE, CANARY);
	__u64 n;
	int i;

	for (i = 0; i < 200; i++) {
		EXPECT_OK(ioas_map(u->fd, u->ioas, p, IOVA + MIB, 8 * PAGE, RW));
		EXPECT_OK(ioas_unmap(u->fd, u->ioas, IOVA + MIB, 8 * PAGE, &n));
		EXPECT_EQ(n, 8 * PAGE);
	}
}

START_TEST(attaching_and_mapping_at_the_same_time)
{
	struct use u = attached_with_memory();
	pid_t a = start_child(flip_attachment, &u), b = start_child(flip_mapping, &u);
	pid_t c = start_child(flip_attachment, &u);

	end_child(a);
	end_child(b);
	end_child(c);
	EXPECT_OK(dev_attach(u.dev.fd, u.fd, u.ioas));
	EXPECT_EQ(pinned_bytes(u.fd, u.ioas), 4 * PAGE);
	EXPECT_EQ(testdev_write(&u.dev, IOVA, PAGE, phys_of(u.p)), DMA_DONE);
	EXPECT_EQ(testdev_write(&u.dev, IOVA + MIB, PAGE, 0), DMA_BLOCKED);
}
END_TEST

static void use_device_alone(void *arg)
{
	int i, *done = arg;

	for (i = 0; i < 40; i++) {
		int fd = EXPECT_OK(iommu_open()), dev = EXPECT_OK(dev_open(TESTDEV_0));

		if (!dev_bind(dev, fd, 1)) {
			EXPECT_OK(dev_attach(dev, fd, new_ioas(fd)));
			++*done;
		} else {
			EXPECT_EQ(errno, EPERM);
		}
		EXPECT_OK(close(i % 2 ? fd : dev));
		EXPECT_OK(close(i % 2 ? dev : fd));
	}
}

START_TEST(two_processes_compete_for_a_device)
{
	int *done = shared_memory(2 * sizeof(*done));
	pid_t a = start_child(use_device_alone, &done[0]);
	pid_t b = start_child(use_device_alone, &done[1]);

	end_child(a);
	end_child(b);
	/* one of them may always come too late, but not both */
	EXPECT_GE(done[0] + done[1], 1);
	expect_usable(TESTDEV_0);
}
END_TEST

START_TEST(device_fd_passed_to_another_process_binds_to_its_iommu_fd)
{
	int fd = EXPECT_OK(iommu_open()), sock[2];
	__u32 ioas = new_ioas(fd);
	struct dev dev;
	pid_t pid;

	dev_open_only(&dev, TESTDEV_0);
	EXPECT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sock));
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
	pid = EXPECT_OK(fork());
	if (!pid) {
		int got = EXPECT_OK(recv_fd(sock[1])), mine = EXPECT_OK(iommu_open());

		EXPECT_OK(dev_bind(got, mine, 1));
		EXPECT_ERRNO(dev_attach(got, mine, ioas), ENOENT);
		EXPECT_OK(dev_attach(got, mine, new_ioas(mine)));
		_exit(0);
	}
	EXPECT_OK(send_fd(sock[0], dev.fd));
	end_child(pid);
	/* its iommu fd is gone; what it attached stays until it is unbound */
	EXPECT_ERRNO(dev_attach(dev.fd, fd, ioas), EBUSY);
	EXPECT_OK(dev_unbind(dev.fd, -1));
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		close_of_the_iommu_fd_first_keeps_all_until_the_device_fd,
		close_of_the_device_fd_first_ends_the_binding,
		close_of_a_duplicate_ends_nothing,
		bind_by_a_second_user_is_eperm,
		bind_of_one_device_fd_to_two_iommu_fds,
		bind_with_a_taken_cookie_is_eexist,
		bind_again_to_the_same_iommu_fd_is_ealready,
		unbind_with_a_mapped_region_is_ebusy,
		unbound_device_takes_no_ioctl_and_can_be_bound_again,
		detach_of_nothing_is_einval,
		kill_while_mapping_and_doing_dma,
		kill_while_attaching_and_detaching,
		kill_while_binding_and_unbinding,
		kill_while_mapping_32_mib,
		attaching_and_mapping_at_the_same_time,
		two_processes_compete_for_a_device,
		device_fd_passed_to_another_process_binds_to_its_iommu_fd,
		NULL,
	};

	return run_program(argc, argv, "lifetime", tests, RUN_DEVICES);
}
