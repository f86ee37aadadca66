// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has which PASID: the user's numbers and the kernel's, aliases, several I/O address
 * space fds, and what happens when all are taken. What DMA with them reaches is in
 * test-pasid-dma.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "swpasid.h"

/* A device with PASIDs of a few bits, and an address space with a page at IOVA */
struct few {
	int fd;
	__u32 ioas;
	char *mem;
	struct swdev dev;
};

static struct few few(__u32 type, __u32 width)
{
	const struct swiommu_device_create options = {
		.type = type, .pasid_width = width, .flags = SWIOMMU_DEVICE_TLB,
	};
	struct few f = { .mem = memory(PAGE, CANARY) };

	swiommu_load(NULL);
	f.fd = EXPECT_OK(iommu_open());
	f.ioas = new_ioas(f.fd);
	EXPECT_OK(ioas_map(f.fd, f.ioas, f.mem, IOVA, PAGE, RW));
	swdev_start_with(&f.dev, &options, f.fd);
	return f;
}

static void few_end(void)
{
	close_all();
	swiommu_unload();
}

static int attach(struct few *f, __u32 number)
{
	return dev_attach_pasid(f->dev.fd, f->fd, f->ioas, number);
}

static int alloc(struct few *f)
{
	return dev_attach_pasid(f->dev.fd, f->fd, f->ioas, 0);
}

static int detach(struct few *f, __u32 number)
{
	return dev_detach_pasid(f->dev.fd, f->fd, number);
}

static int set_floor(struct few *f, __u32 floor)
{
	return dev_set_pasid_floor(f->dev.fd, f->fd, floor);
}

static int alias(struct few *f, __u32 number, __u32 other)
{
	return dev_alias(f->dev.fd, f->fd, number, other);
}

static void expect_works(struct few *f, __u32 number)
{
	expect_swwrite(BY(&f->dev, number), IOVA, f->mem, PAGE);
}

/* -------------------------------------------------------------------- floor */

START_TEST(floor_parts_the_users_pasids_from_the_kernels)
{
	struct few f = few(5, 8);
	__u32 other = new_ioas(f.fd);
	int i, number;

	EXPECT_OK(set_floor(&f, 100));
	EXPECT_ERRNO(attach(&f, 100), EINVAL);
	EXPECT_ERRNO(attach(&f, 255), EINVAL);
	EXPECT_ERRNO(attach(&f, 256), EINVAL);
	EXPECT_OK(attach(&f, 1));
	EXPECT_OK(attach(&f, 99));
	for (i = 0; i < 10; i++) {
		number = EXPECT_OK(alloc(&f));
		EXPECT_GE(number, 100);
		EXPECT_LE(number, 255);
		expect_works(&f, number);
	}
	expect_works(&f, 1);
	expect_works(&f, 99);
	/* the kernel's too can be replaced and detached by number, but not made */
	EXPECT_OK(dev_attach_pasid(f.dev.fd, f.fd, other, number));
	expect_pasid_fault(&f.dev, number, IOVA, SWIOMMU_FAULT_NOT_MAPPED, other);
	EXPECT_OK(attach(&f, number));
	expect_works(&f, number);
	EXPECT_OK(detach(&f, number));
	expect_pasid_blocked(&f.dev, number, IOVA);
	EXPECT_ERRNO(attach(&f, number), EINVAL);
	EXPECT_ERRNO(detach(&f, number), EINVAL);
	few_end();
}
END_TEST

START_TEST(floor_is_set_only_while_no_pasid_is_attached)
{
	struct few f = few(5, 8);
	int number;

	EXPECT_ERRNO(set_floor(&f, 257), EINVAL);
	EXPECT_ERRNO(set_floor(&f, ~0U), EINVAL);
	EXPECT_OK(set_floor(&f, 100));
	EXPECT_OK(set_floor(&f, 50));
	number = EXPECT_OK(alloc(&f));
	EXPECT_GE(number, 50);
	EXPECT_ERRNO(set_floor(&f, 50), EBUSY);
	EXPECT_ERRNO(set_floor(&f, 0), EBUSY);
	EXPECT_ERRNO(set_floor(&f, 257), EINVAL);
	EXPECT_OK(detach(&f, number));
	/* without PASID is another matter */
	EXPECT_OK(dev_attach(f.dev.fd, f.fd, f.ioas));
	EXPECT_OK(set_floor(&f, 60));
	EXPECT_ERRNO(attach(&f, 60), EINVAL);
	/* it ends with the binding */
	EXPECT_OK(dev_unbind(f.dev.fd, f.fd));
	EXPECT_OK(dev_bind(f.dev.fd, f.fd, f.dev.cookie));
	EXPECT_OK(attach(&f, 60));
	few_end();
}
END_TEST

START_TEST(floor_may_leave_one_side_with_nothing)
{
	struct few f = few(5, 4);
	__u32 number;

	/* no floor: either side takes what is free */
	EXPECT_OK(set_floor(&f, 0));
	EXPECT_OK(attach(&f, 1));
	EXPECT_OK(attach(&f, 15));
	number = EXPECT_OK(alloc(&f));
	EXPECT_NE(number, 1);
	EXPECT_NE(number, 15);
	EXPECT_OK(attach(&f, 3));
	EXPECT_OK(detach(&f, 1));
	EXPECT_OK(detach(&f, 15));
	EXPECT_OK(detach(&f, number));
	EXPECT_OK(detach(&f, 3));
	/* all are the user's */
	EXPECT_OK(set_floor(&f, 16));
	EXPECT_ERRNO(alloc(&f), ENOSPC);
	for (number = 1; number < 16; number++)
		EXPECT_OK(attach(&f, number));
	EXPECT_EQ(nr_attachments(f.fd, f.ioas), 15);
	for (number = 1; number < 16; number++)
		EXPECT_OK(detach(&f, number));
	/* all are the kernel's */
	EXPECT_OK(set_floor(&f, 1));
	EXPECT_ERRNO(attach(&f, 1), EINVAL);
	EXPECT_ERRNO(attach(&f, 15), EINVAL);
	EXPECT_EQ(EXPECT_OK(alloc(&f)), 1);
	EXPECT_ERRNO(alias(&f, 1, 2), EINVAL);
	few_end();
}
END_TEST

START_TEST(floor_is_the_devices_own)
{
	struct few f = few(5, 8);
	const struct swiommu_device_create options = { .type = 5, .pasid_width = 8 };
	struct swdev other;

	swdev_start_with(&other, &options, f.fd);
	EXPECT_OK(set_floor(&f, 10));
	EXPECT_OK(dev_attach_pasid(other.fd, f.fd, f.ioas, 200));
	EXPECT_ERRNO(attach(&f, 200), EINVAL);
	EXPECT_ERRNO(dev_set_pasid_floor(other.fd, f.fd, 10), EBUSY);
	EXPECT_OK(set_floor(&f, 20));
	few_end();
}
END_TEST

/* -------------------------------------------------------------------- aliases */

START_TEST(alias_is_refused_where_it_cannot_be)
{
	struct few f = few(5, 8);
	int kernels, fd = EXPECT_OK(iommu_open());

	EXPECT_OK(set_floor(&f, 100));
	EXPECT_OK(attach(&f, 5));
	EXPECT_OK(attach(&f, 6));
	kernels = EXPECT_OK(alloc(&f));
	/* not the user's to choose, or no number at all */
	EXPECT_ERRNO(alias(&f, 5, 0), EINVAL);
	EXPECT_ERRNO(alias(&f, 5, 100), EINVAL);
	EXPECT_ERRNO(alias(&f, 5, 255), EINVAL);
	EXPECT_ERRNO(alias(&f, 5, 256), EINVAL);
	EXPECT_ERRNO(alias(&f, 5, ~0U), EINVAL);
	/* nothing that could have one */
	EXPECT_ERRNO(alias(&f, 0, 7), EINVAL);
	EXPECT_ERRNO(alias(&f, 8, 7), EINVAL);
	EXPECT_ERRNO(alias(&f, 255, 7), EINVAL);
	EXPECT_ERRNO(alias(&f, 1 << 20, 7), EINVAL);
	EXPECT_ERRNO(dev_alias(f.dev.fd, fd, 5, 7), EINVAL);
	/* taken, by itself for one */
	EXPECT_ERRNO(alias(&f, 5, 6), EBUSY);
	EXPECT_ERRNO(alias(&f, 5, 5), EBUSY);
	expect_pasid_blocked(&f.dev, 7, IOVA);
	/* what the kernel chose may have one of the user's */
	EXPECT_OK(alias(&f, kernels, 7));
	EXPECT_OK(alias(&f, 5, 8));
	expect_works(&f, 7);
	expect_works(&f, 8);
	/* a second one, one of an alias, one that is an alias */
	EXPECT_ERRNO(alias(&f, 5, 9), EBUSY);
	EXPECT_ERRNO(alias(&f, kernels, 9), EBUSY);
	EXPECT_ERRNO(alias(&f, 8, 9), EBUSY);
	EXPECT_ERRNO(alias(&f, 6, 8), EBUSY);
	EXPECT_ERRNO(alias(&f, 6, 7), EBUSY);
	expect_pasid_blocked(&f.dev, 9, IOVA);
	expect_works(&f, 8);
	EXPECT_EQ(nr_attachments(f.fd, f.ioas), 3);
	few_end();
}
END_TEST

START_TEST(alias_is_a_number_that_nobody_else_gets)
{
	struct few f = few(5, 4);
	__u32 number;

	EXPECT_OK(attach(&f, 1));
	EXPECT_OK(alias(&f, 1, 2));
	/* attached to the same, by its other name */
	EXPECT_OK(attach(&f, 2));
	EXPECT_EQ(nr_attachments(f.fd, f.ioas), 1);
	for (number = 3; number < 16; number++)
		EXPECT_EQ(EXPECT_OK(alloc(&f)), number);
	EXPECT_ERRNO(alloc(&f), ENOSPC);
	EXPECT_ERRNO(set_floor(&f, 0), EBUSY);
	/* both are free again at once */
	EXPECT_OK(detach(&f, 2));
	EXPECT_EQ(EXPECT_OK(alloc(&f)), 1);
	EXPECT_EQ(EXPECT_OK(alloc(&f)), 2);
	EXPECT_ERRNO(alloc(&f), ENOSPC);
	few_end();
}
END_TEST

/* ------------------------------------------------------------------ exhaustion */

START_TEST(pasids_that_are_all_taken_are_given_back_and_taken_again)
{
	struct few f = few(5, 4);
	const struct swiommu_device_create options = { .type = 5, .pasid_width = 4 };
	struct swdev other;
	__u32 number;
	int round;

	swdev_start_with(&other, &options, f.fd);
	for (round = 0; round < 20; round++) {
		__u32 seen = 0;

		for (number = 1; number < 16; number++)
			seen |= 1 << EXPECT_OK(alloc(&f));
		EXPECT_EQ(seen, 0xfffe);
		EXPECT_ERRNO(alloc(&f), ENOSPC);
		EXPECT_ERRNO(alias(&f, 1, 2), EBUSY);
		EXPECT_EQ(nr_attachments(f.fd, f.ioas), 15);
		/* another device has its own */
		EXPECT_EQ(EXPECT_OK(dev_attach_pasid(other.fd, f.fd, f.ioas, 0)), 1);
		EXPECT_OK(dev_detach_pasid(other.fd, f.fd, 1));
		/* one comes back */
		number = 1 + round % 15;
		EXPECT_OK(detach(&f, number));
		EXPECT_EQ(EXPECT_OK(alloc(&f)), number);
		expect_works(&f, number);
		if (round % 2) {
			EXPECT_OK(dev_unbind(f.dev.fd, f.fd));
			EXPECT_OK(dev_bind(f.dev.fd, f.fd, f.dev.cookie));
		} else {
			for (number = 15; number; number--)
				EXPECT_OK(detach(&f, number));
		}
		EXPECT_EQ(nr_attachments(f.fd, f.ioas), 0);
		EXPECT_EQ(pinned_bytes(f.fd, f.ioas), 0);
		EXPECT_EQ(swdev_info(&f.dev).tlb.entries, 0);
	}
	EXPECT_OK(ioas_free(f.fd, f.ioas));
	few_end();
}
END_TEST

START_TEST(pasid_that_cannot_be_attached_takes_no_number)
{
	struct few f = few(5, 1);
	/* nothing like it is mapped any more */
	char *gone = memory(PAGE, 0);
	__u32 bad = new_ioas(f.fd);
	struct {
		struct ioasid_attach attach;
	} *readonly;
	struct ioasid_attach args = {
		.argsz = sizeof(args), .flags = IOASID_ATTACH_PASID_ALLOC, .iommu_fd = f.fd,
		.ioasid = f.ioas,
	};
	int i;

	EXPECT_OK(ioas_map(f.fd, bad, gone, IOVA, PAGE, RW));
	EXPECT_OK(munmap(gone, PAGE));
	readonly = memory(PAGE, 0);
	readonly->attach = args;
	EXPECT_OK(mprotect(readonly, PAGE, PROT_READ));
	for (i = 0; i < 3; i++) {
		EXPECT_ERRNO(dev_attach_pasid(f.dev.fd, f.fd, bad, 1), EFAULT);
		EXPECT_ERRNO(dev_attach_pasid(f.dev.fd, f.fd, bad, 0), EFAULT);
		EXPECT_ERRNO(dev_attach_pasid(f.dev.fd, f.fd, 4711, 0), ENOENT);
		/* nor does one that nobody could be told of */
		EXPECT_ERRNO(ioctl(f.dev.fd, IOASID_DEVICE_ATTACH, readonly), EFAULT);
		EXPECT_EQ(nr_attachments(f.fd, f.ioas), 0);
		EXPECT_EQ(EXPECT_OK(alloc(&f)), 1);
		/* what is there stays if it cannot be replaced */
		EXPECT_ERRNO(dev_attach_pasid(f.dev.fd, f.fd, bad, 1), EFAULT);
		expect_works(&f, 1);
		EXPECT_EQ(nr_attachments(f.fd, f.ioas), 1);
		EXPECT_EQ(nr_attachments(f.fd, bad), 0);
		EXPECT_OK(detach(&f, 1));
	}
	few_end();
}
END_TEST

/* -------------------------------------------------- several I/O address space fds */

START_TEST(pasid_attached_through_one_fd_is_busy_for_another)
{
	struct few f = few(5, 8);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct swiommu_dma dma;
	char byte;

	EXPECT_OK(dev_bind(f.dev.fd, fd, 77));
	EXPECT_OK(attach(&f, 5));
	EXPECT_OK(alias(&f, 5, 6));
	EXPECT_ERRNO(dev_attach_pasid(f.dev.fd, fd, ioas, 5), EBUSY);
	EXPECT_ERRNO(dev_attach_pasid(f.dev.fd, fd, ioas, 6), EBUSY);
	EXPECT_ERRNO(dev_detach_pasid(f.dev.fd, fd, 5), EBUSY);
	EXPECT_ERRNO(dev_detach_pasid(f.dev.fd, fd, 6), EBUSY);
	EXPECT_ERRNO(dev_alias(f.dev.fd, fd, 5, 7), EBUSY);
	EXPECT_ERRNO(dev_alias(f.dev.fd, fd, 6, 7), EBUSY);
	EXPECT_ERRNO(dev_set_pasid_floor(f.dev.fd, fd, 0), EBUSY);
	EXPECT_EQ(nr_attachments(fd, ioas), 0);
	expect_works(&f, 5);
	expect_works(&f, 6);
	/* it takes others, and they are busy for the first one */
	EXPECT_EQ(EXPECT_OK(dev_attach_pasid(f.dev.fd, fd, ioas, 0)), 1);
	EXPECT_OK(dev_attach_pasid(f.dev.fd, fd, ioas, 9));
	EXPECT_ERRNO(dev_alias(f.dev.fd, fd, 9, 5), EBUSY);
	EXPECT_ERRNO(dev_alias(f.dev.fd, fd, 9, 6), EBUSY);
	EXPECT_ERRNO(attach(&f, 9), EBUSY);
	EXPECT_ERRNO(detach(&f, 9), EBUSY);
	EXPECT_ERRNO(alias(&f, 9, 10), EBUSY);
	/* a fault is that of who attached, by the device's name there */
	dma = swdev_dma(BY(&f.dev, 9), SWIOMMU_DMA_READ, IOVA, &byte, 1);
	EXPECT_EQ(dma.fault, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_EQ(dma.fault_ioasid, ioas);
	EXPECT_EQ(dma.fault_cookie, 77);
	EXPECT_EQ(dma.fault_pasid, 9);
	dma = swdev_dma(BY(&f.dev, 6), SWIOMMU_DMA_READ, IOVA + GIB, &byte, 1);
	EXPECT_EQ(dma.fault_ioasid, f.ioas);
	EXPECT_EQ(dma.fault_cookie, f.dev.cookie);
	EXPECT_EQ(dma.fault_pasid, 6);
	/* with one binding its PASIDs end, and the other's stay */
	EXPECT_OK(dev_unbind(f.dev.fd, f.fd));
	expect_pasid_blocked(&f.dev, 5, IOVA);
	expect_pasid_blocked(&f.dev, 6, IOVA);
	dma = swdev_dma(BY(&f.dev, 9), SWIOMMU_DMA_READ, IOVA, &byte, 1);
	EXPECT_EQ(dma.fault_ioasid, ioas);
	EXPECT_OK(dev_attach_pasid(f.dev.fd, fd, ioas, 5));
	few_end();
}
END_TEST

struct two_users {
	struct few *f;
	int sock;
};

/* The other process: an fd of its own, and the same open file of the device */
static void other_user(void *arg)
{
	struct two_users *u = arg;
	int dev = EXPECT_OK(recv_fd(u->sock)), fd = EXPECT_OK(iommu_open());
	struct swdev here = u->f->dev;
	char *mem = memory(PAGE, CANARY);
	__u32 ioas = new_ioas(fd);

	EXPECT_OK(close(u->f->dev.fd));
	here.fd = dev;
	EXPECT_OK(ioas_map(fd, ioas, mem, IOVA, PAGE, RW));
	EXPECT_OK(dev_bind(dev, fd, 77));
	EXPECT_OK(dev_attach_pasid(dev, fd, ioas, 20));
	EXPECT_OK(dev_alias(dev, fd, 20, 21));
	expect_swwrite(BY(&here, 20), IOVA, mem, PAGE);
	expect_swwrite(BY(&here, 21), IOVA, mem, PAGE);
	EXPECT_ERRNO(dev_attach_pasid(dev, fd, ioas, 5), EBUSY);
	EXPECT_ERRNO(dev_detach_pasid(dev, fd, 5), EBUSY);
	EXPECT_ERRNO(dev_alias(dev, fd, 20, 5), EBUSY);
	EXPECT_ERRNO(dev_alias(dev, fd, 5, 22), EBUSY);
	/* and now it is killed, or gives all back */
	EXPECT_EQ(write(u->sock, "", 1), 1);
	pause();
}

START_TEST(pasids_of_two_processes_with_one_device_are_each_ones_own)
{
	struct few f = few(5, 8);
	int socks[2];
	struct two_users u = { .f = &f };
	pid_t pid;
	char byte;

	EXPECT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	EXPECT_OK(attach(&f, 5));
	u.sock = socks[1];
	pid = start_child(other_user, &u);
	EXPECT_OK(send_fd(socks[0], f.dev.fd));
	EXPECT_EQ(read(socks[0], &byte, 1), 1);
	EXPECT_ERRNO(attach(&f, 20), EBUSY);
	EXPECT_ERRNO(detach(&f, 20), EBUSY);
	EXPECT_ERRNO(detach(&f, 21), EBUSY);
	EXPECT_ERRNO(alias(&f, 20, 6), EBUSY);
	EXPECT_ERRNO(alias(&f, 5, 20), EBUSY);
	EXPECT_ERRNO(attach(&f, 21), EBUSY);
	expect_works(&f, 5);
	/*
	 * The open file of the device is held here too, so what it attached stays, pinned,
	 * until the device is unbound, although nobody can name it any more
	 */
	kill_child(pid);
	EXPECT_ERRNO(attach(&f, 20), EBUSY);
	EXPECT_EQ(swdev_dma(BY(&f.dev, 20), SWIOMMU_DMA_READ, IOVA, &byte, 1).fault,
		  SWIOMMU_FAULT_NONE);
	expect_works(&f, 5);
	EXPECT_OK(dev_unbind(f.dev.fd, -1));
	EXPECT_OK(dev_bind(f.dev.fd, f.fd, f.dev.cookie));
	expect_pasid_blocked(&f.dev, 20, IOVA);
	expect_pasid_blocked(&f.dev, 5, IOVA);
	EXPECT_OK(attach(&f, 20));
	expect_works(&f, 20);
	few_end();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		floor_parts_the_users_pasids_from_the_kernels,
		floor_is_set_only_while_no_pasid_is_attached,
		floor_may_leave_one_side_with_nothing,
		floor_is_the_devices_own,
		alias_is_refused_where_it_cannot_be,
		alias_is_a_number_that_nobody_else_gets,
		pasids_that_are_all_taken_are_given_back_and_taken_again,
		pasid_that_cannot_be_attached_takes_no_number,
		pasid_attached_through_one_fd_is_busy_for_another,
		pasids_of_two_processes_with_one_device_are_each_ones_own,
		NULL,
	};

	return run_swpasid_program(argc, argv, "pasid-numbers", tests);
}
