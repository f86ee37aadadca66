// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may have what of a group, several files and several users. The second user
 * is hostile: it has opened all nodes, and tries everything with them to reach the
 * memory of the first, to take a device, or to keep one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "legacy.h"
#include "memory.h"
#include "process.h"
#include "run.h"

/* Somebody has the first of two devices, attached to one page of memory */
struct user {
	int fd;
	__u32 ioas;
	char *p;
	struct dev dev;
};

static struct user first_user(enum which which)
{
	struct user u;

	u.fd = EXPECT_OK(iommu_open());
	u.ioas = new_ioas(u.fd);
	u.p = shared_memory(PAGE);
	EXPECT_OK(ioas_map(u.fd, u.ioas, u.p, IOVA, PAGE, RW));
	dev_start(&u.dev, which, u.fd);
	EXPECT_OK(dev_attach(u.dev.fd, u.fd, u.ioas));
	memset(u.p, CANARY, PAGE);
	return u;
}

/* It has what it had, and nobody has written to its memory */
static void is_intact(struct user *u)
{
	expect_filled(u->p, CANARY, PAGE);
	expect_attached(u->fd, u->ioas, &u->dev.cookie, 1);
	expect_dma(&u->dev, IOVA, u->p, PAGE);
	expect_blocked(&u->dev, IOVA + PAGE, u->p, PAGE);
	memset(u->p, CANARY, PAGE);
}

static void expect_free(enum which one, enum which two)
{
	struct legacy l;

	legacy_open(&l, one);
	EXPECT_OK(legacy_claim(&l));
	EXPECT_OK(legacy_use(&l));
	which_bdf(two, l.bdf);
	EXPECT_OK(close(EXPECT_OK(ioctl(l.group, VFIO_GROUP_GET_DEVICE_FD, l.bdf))));
	legacy_close(&l);
}

/* An administrator opens the nodes to everybody, or closes them again */
static void set_modes(mode_t mode)
{
	char bdf[BDF_SIZE], node[NODE_SIZE];
	enum which which;

	EXPECT_OK(chmod(iommu_node(), mode ?: 0660));
	for (which = 0; which < NR_DEVICES; which++) {
		EXPECT_OK(pci_device_node(which_bdf(which, bdf), node, sizeof(node)));
		EXPECT_OK(chmod(node, mode ?: 0600));
	}
}

/* The second user, in a process of its own that has none of the first's files.
 * It is told what a user can find out anyhow
 */
struct told {
	__u64 cookie;
	__u32 ioas;
	pid_t pid;
	int fd;
	volatile int ready, go, stop;
	volatile unsigned int rounds;
};

static void become_second(void)
{
	close_all();
	become_user(1024);
}

static struct told *tell(struct user *u)
{
	struct told *told = shared_memory(sizeof(*told));

	told->cookie = u->dev.cookie;
	told->ioas = u->ioas;
	told->pid = getpid();
	told->fd = u->fd;
	return told;
}

/* A device that is not bound through this file is of no use */
static void is_useless(int dev, int fd, __u32 ioas)
{
	struct vfio_pci_hot_reset reset = { .argsz = sizeof(reset) };
	struct vfio_device_info info = { .argsz = sizeof(info) };
	char c = 0;

	EXPECT_ERRNO(dev_attach(dev, fd, ioas), EINVAL);
	EXPECT_ERRNO(dev_detach(dev, fd), EINVAL);
	EXPECT_ERRNO(dev_unbind(dev, fd), EINVAL);
	EXPECT_ERRNO(dev_unbind(dev, -1), EINVAL);
	EXPECT_ERRNO(ioctl(dev, VFIO_DEVICE_GET_INFO, &info), EINVAL);
	EXPECT_ERRNO(ioctl(dev, VFIO_DEVICE_RESET), EINVAL);
	EXPECT_ERRNO(ioctl(dev, VFIO_DEVICE_PCI_HOT_RESET, &reset), EINVAL);
	EXPECT_ERRNO(pread(dev, &c, 1, 0), EINVAL);
	EXPECT_ERRNO(pwrite(dev, &c, 1, 0), EINVAL);
}

static void try_everything(void *arg)
{
	struct told *told = arg;
	struct ioasid_device_info info = { .argsz = sizeof(info), .cookie = told->cookie };
	char path[64];
	int fd, same, sibling;
	__u32 mine;

	become_second();
	fd = EXPECT_OK(iommu_open());
	mine = new_ioas(fd);
	same = EXPECT_OK(dev_open(TWIN_0));
	sibling = EXPECT_OK(dev_open(TWIN_1));
	do {
		EXPECT_ERRNO(dev_bind(same, fd, 1), EPERM);
		EXPECT_ERRNO(dev_bind(sibling, fd, 1), EPERM);
		EXPECT_ERRNO(dev_bind(sibling, fd, told->cookie), EPERM);
		is_useless(same, fd, mine);
		is_useless(sibling, fd, mine);
		/* the other's numbers mean nothing here */
		EXPECT_ERRNO(ioctl(fd, IOMMU_DEVICE_GET_INFO, &info), ENODEV);
		EXPECT_ERRNO(ioas_free(fd, told->ioas + 100), ENOENT);
		EXPECT_EQ(nr_attachments(fd, mine), 0);
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", told->pid, told->fd);
		EXPECT_ERRNO(open(path, O_RDONLY), EACCES);
		told->rounds++;
		told->ready = 1;
	} while (!told->stop);
	EXPECT_OK(ioas_free(fd, mine));
}

START_TEST(second_user_gets_no_device_of_the_group)
{
	struct user u = first_user(TWIN_0);
	struct told *told = tell(&u);

	set_modes(0666);
	told->stop = 1;
	run_child(try_everything, told);
	EXPECT_EQ(told->rounds, 1);
	set_modes(0);
	is_intact(&u);
}
END_TEST

START_TEST(second_user_gets_no_device_while_the_first_is_busy)
{
	struct user u = first_user(TWIN_0);
	struct told *told = tell(&u);
	__u32 second = new_ioas(u.fd);
	struct dev b;
	pid_t pid;
	int i;

	EXPECT_OK(ioas_map(u.fd, second, u.p, IOVA, PAGE, RW));
	set_modes(0666);
	pid = start_child(try_everything, told);
	wait_for(&told->ready);
	for (i = 0; i < times(30); i++) {
		/* one of the two is always bound */
		dev_start(&b, TWIN_1, u.fd);
		EXPECT_OK(dev_attach(b.fd, u.fd, u.ioas));
		EXPECT_OK(dev_detach(u.dev.fd, u.fd));
		dev_unmap_bar(&u.dev);
		EXPECT_OK(close(u.dev.fd));
		expect_dma(&b, IOVA, u.p, PAGE);
		dev_start(&u.dev, TWIN_0, u.fd);
		EXPECT_OK(dev_attach(b.fd, u.fd, second));
		EXPECT_OK(dev_detach(b.fd, u.fd));
		expect_blocked(&b, IOVA, u.p, PAGE);
		dev_unmap_bar(&b);
		EXPECT_OK(close(b.fd));
		EXPECT_OK(dev_attach(u.dev.fd, u.fd, u.ioas));
	}
	told->stop = 1;
	end_child(pid);
	set_modes(0);
	EXPECT_GE(told->rounds, 2);
	memset(u.p, CANARY, PAGE);
	is_intact(&u);
}
END_TEST

/* ------------------------------------------------------ who is told something */

START_TEST(sibling_binds_only_to_files_that_have_the_group)
{
	struct user u = first_user(TWIN_0);
	int second = EXPECT_OK(iommu_open()), third = EXPECT_OK(iommu_open());
	int a = EXPECT_OK(dev_open(TWIN_0)), b = EXPECT_OK(dev_open(TWIN_1));

	EXPECT_ERRNO(dev_bind(b, second, 2), EPERM);
	/* another open file of the same device: not even to the first's */
	EXPECT_ERRNO(dev_bind(a, second, 2), EPERM);
	EXPECT_ERRNO(dev_bind(a, u.fd, 2), EPERM);

	EXPECT_OK(dev_bind(b, u.fd, 2));
	/* the owner's consent, and from then on it is the group's, for both devices */
	EXPECT_OK(dev_bind(u.dev.fd, second, 3));
	EXPECT_OK(dev_unbind(b, u.fd));
	EXPECT_OK(dev_bind(b, second, 4));
	EXPECT_OK(dev_bind(b, third, 5));
	EXPECT_OK(dev_unbind(b, second));
	/* the one that was first may be the first to go */
	dev_unmap_bar(&u.dev);
	EXPECT_OK(dev_unbind(u.dev.fd, -1));
	EXPECT_ERRNO(dev_bind(u.dev.fd, u.fd, 1), EPERM);
	EXPECT_ERRNO(dev_bind(u.dev.fd, second, 1), EPERM);
	EXPECT_OK(dev_bind(u.dev.fd, third, 1));
	EXPECT_OK(dev_unbind(u.dev.fd, third));
	EXPECT_OK(dev_unbind(b, third));
	/* and then it begins anew */
	EXPECT_OK(dev_bind(b, second, 1));
	EXPECT_ERRNO(dev_bind(u.dev.fd, u.fd, 1), EPERM);
	EXPECT_OK(close(b));
	EXPECT_OK(dev_bind(u.dev.fd, u.fd, 1));
	EXPECT_OK(close(u.dev.fd));
	EXPECT_OK(close(a));
	expect_free(TWIN_0, TWIN_1);
}
END_TEST

START_TEST(sibling_cannot_replace_or_detach_through_another_file)
{
	struct user u = first_user(TWIN_0);
	int second = EXPECT_OK(iommu_open());
	__u32 theirs = new_ioas(second);
	char *q = memory(PAGE, CANARY);
	struct dev b;

	EXPECT_OK(ioas_map(second, theirs, q, IOVA, PAGE, RW));
	EXPECT_OK(dev_bind(u.dev.fd, second, 7));
	dev_start(&b, TWIN_1, second);
	EXPECT_ERRNO(dev_attach(b.fd, second, theirs), EBUSY);
	EXPECT_ERRNO(dev_detach(b.fd, second), EBUSY);
	EXPECT_ERRNO(dev_attach(u.dev.fd, second, theirs), EBUSY);
	EXPECT_ERRNO(dev_detach(u.dev.fd, second), EBUSY);
	EXPECT_ERRNO(dev_attach(b.fd, u.fd, u.ioas), EINVAL);
	EXPECT_EQ(nr_attachments(second, theirs), 0);
	is_intact(&u);
	/* the end of a binding that has attached nothing ends nothing */
	EXPECT_OK(dev_unbind(u.dev.fd, second));
	is_intact(&u);
	/* the other way round */
	EXPECT_OK(dev_detach(u.dev.fd, u.fd));
	EXPECT_OK(dev_attach(b.fd, second, theirs));
	EXPECT_ERRNO(dev_attach(u.dev.fd, u.fd, u.ioas), EBUSY);
	EXPECT_ERRNO(dev_detach(u.dev.fd, u.fd), EBUSY);
	expect_dma(&b, IOVA, q, PAGE);
	expect_filled(u.p, CANARY, PAGE);
	/* it ends with what holds it, though its file is closed */
	EXPECT_OK(close(second));
	EXPECT_ERRNO(dev_attach(u.dev.fd, u.fd, u.ioas), EBUSY);
	expect_dma(&b, IOVA, q, PAGE);
	dev_unmap_bar(&b);
	EXPECT_OK(close(b.fd));
	EXPECT_OK(dev_attach(u.dev.fd, u.fd, u.ioas));
	is_intact(&u);
}
END_TEST

struct passing {
	struct told *told;
	int sock[2];
};

/* What a device fd that was passed on allows, and what not */
static void use_what_was_passed(void *arg)
{
	struct passing *pass = arg;
	struct told *told = pass->told;
	int sock = dup(pass->sock[1]), fd, dev, sibling;
	__u32 mine;

	EXPECT_EQ(dup2(sock, 900), 900);
	dev = EXPECT_OK(recv_fd(900));
	become_user(1024);
	fd = EXPECT_OK(iommu_open());
	mine = new_ioas(fd);
	EXPECT_OK(ioas_map(fd, mine, memory(PAGE, 0), IOVA, PAGE, RW));
	sibling = EXPECT_OK(dev_open(TWIN_1));
	EXPECT_OK(dev_bind(dev, fd, 1));
	EXPECT_OK(dev_bind(sibling, fd, 2));
	EXPECT_ERRNO(dev_attach(dev, fd, mine), EBUSY);
	EXPECT_ERRNO(dev_attach(sibling, fd, mine), EBUSY);
	EXPECT_ERRNO(dev_detach(dev, fd), EBUSY);
	EXPECT_ERRNO(dev_detach(sibling, fd), EBUSY);
	EXPECT_ERRNO(dev_attach(sibling, fd, told->ioas + 100), ENOENT);
	told->ready = 1;
	wait_for(&told->go);
	/* the first is gone, as far as it can go: what it has attached stays so as
	 * long as the open file of the device is here
	 */
	EXPECT_ERRNO(dev_attach(sibling, fd, mine), EBUSY);
	EXPECT_EQ(nr_attachments(fd, mine), 0);
	EXPECT_OK(dev_unbind(dev, -1));
	EXPECT_OK(dev_attach(sibling, fd, mine));
	EXPECT_ERRNO(dev_unbind(dev, -1), EINVAL);
}

START_TEST(device_fd_that_was_passed_on_neither_takes_over_nor_is_left_over)
{
	struct passing pass;
	long before = pages_pinned();
	struct user u = first_user(TWIN_0);
	pid_t pid;

	pass.told = tell(&u);
	EXPECT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pass.sock));
	set_modes(0666);
	pid = EXPECT_OK(fork());
	if (!pid) {
		dev_unmap_all_bars();
		close(u.fd);
		close(u.dev.fd);
		use_what_was_passed(&pass);
		_exit(0);
	}
	EXPECT_OK(send_fd(pass.sock[0], u.dev.fd));
	wait_for(&pass.told->ready);
	is_intact(&u);
	dev_unmap_bar(&u.dev);
	EXPECT_OK(close(u.dev.fd));
	EXPECT_OK(close(u.fd));
	EXPECT_EQ(pages_pinned(), before + 1);
	pass.told->go = 1;
	end_child(pid);
	set_modes(0);
	EXPECT_EQ(pages_pinned(), before);
	expect_filled(u.p, CANARY, PAGE);
	expect_free(TWIN_0, TWIN_1);
}
END_TEST

/* ------------------------------------------------------------ one outlives another */

struct victim {
	char *p;
	__u64 phys;
	volatile int ready;
};

static void hold_both(void *arg)
{
	struct victim *v = arg;
	struct user u;
	struct dev b;

	close_all();
	u.fd = EXPECT_OK(iommu_open());
	u.ioas = new_ioas(u.fd);
	EXPECT_OK(ioas_map(u.fd, u.ioas, v->p, IOVA, PAGE, RW));
	dev_start(&u.dev, TWIN_0, u.fd);
	dev_start(&b, TWIN_1, u.fd);
	EXPECT_OK(dev_attach(u.dev.fd, u.fd, u.ioas));
	EXPECT_OK(dev_attach(b.fd, u.fd, u.ioas));
	expect_dma(&u.dev, IOVA, v->p, 64);
	expect_dma(&b, IOVA, v->p, 64);
	memset(v->p, CANARY, PAGE);
	v->phys = phys_of(v->p);
	v->ready = 1;
	for (;;)
		pause();
}

START_TEST(who_waited_for_the_owner_to_die_finds_nothing)
{
	struct victim *v = shared_memory(sizeof(*v));
	long before = pages_pinned();
	int fd = EXPECT_OK(iommu_open()), i;
	struct dev a, b;
	pid_t pid;

	v->p = shared_memory(PAGE);
	for (i = 0; i < 3; i++) {
		v->ready = 0;
		dev_open_only(&a, TWIN_0);
		dev_open_only(&b, TWIN_1);
		pid = start_child(hold_both, v);
		wait_for(&v->ready);
		EXPECT_ERRNO(dev_bind(a.fd, fd, 1), EPERM);
		EXPECT_ERRNO(dev_bind(b.fd, fd, 1), EPERM);
		kill_child(pid);
		/* the files that were open all the time are as good as new ones */
		EXPECT_OK(dev_bind(b.fd, fd, 1));
		dev_enable(&b);
		dev_map_bar(&b);
		EXPECT_EQ(testdev_write(&b, IOVA, PAGE, 0), DMA_BLOCKED);
		EXPECT_EQ(testdev_write(&b, v->phys, PAGE, 0), DMA_BLOCKED);
		EXPECT_OK(dev_bind(a.fd, fd, 2));
		dev_enable(&a);
		dev_map_bar(&a);
		EXPECT_EQ(testdev_write(&a, IOVA, PAGE, 0), DMA_BLOCKED);
		EXPECT_EQ(testdev_write(&a, v->phys, PAGE, 0), DMA_BLOCKED);
		expect_filled(v->p, CANARY, PAGE);
		EXPECT_EQ(pages_pinned(), before);
		close_all();
		fd = EXPECT_OK(iommu_open());
	}
	expect_free(TWIN_0, TWIN_1);
}
END_TEST

/* Both take what they get, and look after their own memory */
static void compete(void *arg)
{
	struct told *told = arg;
	enum which mine = told->fd;
	char *p;
	int i;

	become_second();
	p = memory(2 * PAGE, CANARY);
	for (i = 0; i < times(40); i++) {
		int fd = EXPECT_OK(iommu_open());
		__u32 ioas = new_ioas(fd);
		struct dev dev;

		dev_open_only(&dev, mine);
		EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
		if (dev_bind(dev.fd, fd, 1)) {
			EXPECT_EQ(errno, EPERM);
		} else {
			told->rounds++;
			dev_enable(&dev);
			dev_map_bar(&dev);
			EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_BLOCKED);
			EXPECT_OK(dev_attach(dev.fd, fd, ioas));
			EXPECT_EQ(testdev_write(&dev, IOVA, 64, 0), DMA_DONE);
			expect_pattern(p, 64);
			memset(p, CANARY, PAGE);
			usleep(500);
			expect_attached(fd, ioas, (const __u64[]){ 1 }, 1);
			dev_unmap_bar(&dev);
		}
		expect_filled(p, CANARY, 2 * PAGE);
		EXPECT_OK(close(i % 2 ? fd : dev.fd));
		EXPECT_OK(close(i % 2 ? dev.fd : fd));
	}
}

START_TEST(two_users_compete_for_the_two_devices_of_a_group)
{
	struct told *one = shared_memory(sizeof(*one)), *two = shared_memory(sizeof(*two));
	pid_t a, b;

	set_modes(0666);
	one->fd = TWIN_0;
	two->fd = TWIN_1;
	a = start_child(compete, one);
	b = start_child(compete, two);
	end_child(a);
	end_child(b);
	set_modes(0);
	/* one may always come too late, but not both */
	EXPECT_GE(one->rounds + two->rounds, 1);
	expect_free(TWIN_0, TWIN_1);
}
END_TEST

/* ---------------------------------------------------------------------- reset */

START_TEST(reset_through_one_device_does_not_touch_the_other)
{
	struct vfio_pci_hot_reset_info info = { .argsz = sizeof(info) };
	struct vfio_pci_hot_reset reset = { .argsz = sizeof(reset) };
	struct user u = first_user(TWIN_0);
	__u16 command;
	struct dev b;

	dev_start(&b, TWIN_1, u.fd);
	command = config_read16(&u.dev, PCI_COMMAND);
	EXPECT_TRUE(command & PCI_COMMAND_MASTER);
	/* not offered, whoever has the others */
	EXPECT_ERRNO(ioctl(b.fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info), ENODEV);
	EXPECT_ERRNO(ioctl(b.fd, VFIO_DEVICE_PCI_HOT_RESET, &reset), ENODEV);
	/* it has no reset of a function, and is given none of more */
	EXPECT_ERRNO(ioctl(b.fd, VFIO_DEVICE_RESET), EINVAL);
	EXPECT_EQ(config_read16(&u.dev, PCI_COMMAND), command);
	is_intact(&u);
	/* nor is there one when it is closed */
	dev_unmap_bar(&b);
	EXPECT_OK(close(b.fd));
	EXPECT_EQ(config_read16(&u.dev, PCI_COMMAND), command);
	is_intact(&u);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		second_user_gets_no_device_of_the_group,
		second_user_gets_no_device_while_the_first_is_busy,
		sibling_binds_only_to_files_that_have_the_group,
		sibling_cannot_replace_or_detach_through_another_file,
		device_fd_that_was_passed_on_neither_takes_over_nor_is_left_over,
		who_waited_for_the_owner_to_die_finds_nothing,
		two_users_compete_for_the_two_devices_of_a_group,
		reset_through_one_device_does_not_touch_the_other,
		NULL,
	};

	return run_program(argc, argv, "sharing", tests, RUN_DEVICES);
}
