// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers of software-mediated devices pin: whose pages, who is charged, beside
 * physical devices behind the same address space, and how it ends.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "mediated.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "stall.h"

static long before;

/* So many pages are pinned beyond those at the start, and reported for @m */
static void expect_pinned(struct mediated *m, long pages)
{
	EXPECT_EQ(pages_pinned(), before + pages);
	EXPECT_EQ(pinned_bytes(m->fd, m->ioas), pages * PAGE);
}

/* The same for those who may not look at the whole machine */
static void expect_reported(struct mediated *m, long pages)
{
	EXPECT_EQ(pinned_bytes(m->fd, m->ioas), pages * PAGE);
}

static struct mediated start(void)
{
	before = pages_pinned();
	return mediated();
}

/* ------------------------------------------------------------------- pages */

START_TEST(pin_gives_the_pages_of_the_process)
{
	struct mediated m = start();
	char *p = memory(600 * PAGE, 1), *q = memory(3 * PAGE, 2);
	__u64 *phys = calloc(603, sizeof(*phys)), id;
	int i;

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 600 * PAGE, RW));
	EXPECT_OK(ioas_map(m.fd, m.ioas, q, IOVA + 600 * PAGE, 3 * PAGE, RW));
	/* in the midst of one, and across both */
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + 5 * PAGE, 2 * PAGE, phys, &id));
	EXPECT_EQ(phys[0], phys_of(p + 5 * PAGE));
	EXPECT_EQ(phys[1], phys_of(p + 6 * PAGE));
	expect_pinned(&m, 2);
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA, 603 * PAGE, phys, NULL));
	for (i = 0; i < 603; i++)
		EXPECT_EQ(phys[i], phys_of(i < 600 ? p + i * PAGE : q + (i - 600) * PAGE));
	/* pinned once, however often */
	expect_pinned(&m, 603);
	EXPECT_OK(m_unpin(m.dev, m.fd, id));
	expect_pinned(&m, 603);
	EXPECT_OK(m_fill(m.dev, m.fd, 2, 0x5a));
	expect_filled(p, 0x5a, 600 * PAGE);
	expect_filled(q, 0x5a, 3 * PAGE);
	EXPECT_OK(m_unpin(m.dev, m.fd, 2));
	expect_pinned(&m, 0);
	EXPECT_ERRNO(m_unpin(m.dev, m.fd, 2), ENOENT);
}
END_TEST

START_TEST(pin_of_a_bad_range_is_refused)
{
	struct mediated m = start();
	char *p = memory(4 * PAGE, 1);

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 4 * PAGE, RW));
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA, 0, NULL, NULL), EINVAL);
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA, 1, NULL, NULL), EINVAL);
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA + 1, PAGE, NULL, NULL), EINVAL);
	EXPECT_ERRNO(m_pin(m.dev, m.fd, -PAGE, 2 * PAGE, NULL, NULL), EINVAL);
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA, 5 * PAGE, NULL, NULL), ENOENT);
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA - PAGE, 2 * PAGE, NULL, NULL), ENOENT);
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA, 1UL << 62, NULL, NULL), ENOENT);
	expect_pinned(&m, 0);
}
END_TEST

START_TEST(pins_of_two_devices_and_two_fds_are_of_the_same_page)
{
	struct mediated m = start();
	int other = mediated_beside(&m, 1);
	char *p = memory(2 * MIB, 1);
	__u64 a, b, phys[2];

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 2 * MIB, RW));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA, 2 * MIB, NULL, &a));
	EXPECT_OK(m_pin(other, m.fd, IOVA + PAGE, PAGE, &phys[0], &b));
	EXPECT_EQ(phys[0], phys_of(p + PAGE));
	expect_pinned(&m, 512);
	EXPECT_OK(m_unpin(m.dev, m.fd, a));
	expect_pinned(&m, 1);
	EXPECT_OK(close(m.dev));
	expect_pinned(&m, 1);
	EXPECT_OK(dev_detach(other, m.fd));
	expect_pinned(&m, 0);
}
END_TEST

/* It is one device: whoever has attached the address space, its driver is told of all of it */
START_TEST(pin_by_way_of_another_binding_is_let_go_of)
{
	struct mediated m = mediated();
	int other = EXPECT_OK(iommu_open());
	char *p = memory(PAGE, 1);

	EXPECT_OK(dev_bind(m.dev, other, 7));
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(m_pin(m.dev, other, IOVA, PAGE, NULL, NULL));
	EXPECT_OK(dev_unbind(m.dev, other));
	EXPECT_EQ(m_pins(m.dev, m.fd), 1);
	EXPECT_OK(ioas_unmap(m.fd, m.ioas, IOVA, PAGE, NULL));
	EXPECT_EQ(m_pins(m.dev, m.fd), 0);
}
END_TEST

START_TEST(pins_of_huge_pages_are_of_single_pages)
{
	struct mediated m = start();
	char *p = huge_memory(4 * MIB, 1);
	__u64 phys[3];

	EXPECT_TRUE(p);
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 4 * MIB, RW));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + 2 * MIB - PAGE, 3 * PAGE, phys, NULL));
	EXPECT_EQ(phys[0], phys_of(p + 2 * MIB - PAGE));
	EXPECT_EQ(phys[2], phys_of(p + 2 * MIB + PAGE));
	expect_pinned(&m, 3);
	EXPECT_OK(ioas_unmap_all(m.fd, m.ioas, NULL));
	expect_pinned(&m, 0);
}
END_TEST

/* ------------------------------------------------------------------ charging */

struct files {
	struct mediated m;
	struct dev dev;
	volatile int step, go;
};

static struct files *files(void)
{
	struct files *f = shared_memory(sizeof(*f));

	f->m = start();
	dev_open_only(&f->dev, TESTDEV_0);
	EXPECT_OK(dev_bind(f->dev.fd, f->m.fd, 1));
	return f;
}

static void the_limit(void *arg)
{
	struct files *f = arg;
	struct mediated *m = &f->m;
	char *p = memory(64 * PAGE, 1), c = 0, *buf = calloc(64, PAGE);
	__u64 id;

	become_user(16);
	EXPECT_OK(ioas_map(m->fd, m->ioas, p, IOVA, 64 * PAGE, RW));
	EXPECT_ERRNO(m_pin(m->dev, m->fd, IOVA, 17 * PAGE, NULL, NULL), ENOMEM);
	EXPECT_EQ(vm_pinned(), 0);
	EXPECT_OK(m_pin(m->dev, m->fd, IOVA, 16 * PAGE, NULL, &id));
	EXPECT_EQ(locked_pages(), 16);
	EXPECT_EQ(vm_pinned(), 16 * PAGE);
	/* the same pages again cost nothing */
	EXPECT_OK(m_pin(m->dev, m->fd, IOVA + PAGE, 15 * PAGE, NULL, NULL));
	EXPECT_ERRNO(m_pin(m->dev, m->fd, IOVA + 15 * PAGE, 2 * PAGE, NULL, NULL), ENOMEM);
	/* nor does reading, nor a short write */
	EXPECT_OK(m_read(m->dev, m->fd, IOVA, buf, 64 * PAGE));
	EXPECT_OK(m_write(m->dev, m->fd, IOVA + 20 * PAGE, buf, 32 * PAGE));
	EXPECT_ERRNO(m_write(m->dev, m->fd, IOVA + 16 * PAGE, buf, 33 * PAGE), ENOMEM);
	expect_filled(p + 16 * PAGE, 1, 4 * PAGE);
	EXPECT_OK(m_unpin(m->dev, m->fd, id));
	EXPECT_EQ(locked_pages(), 15);
	EXPECT_OK(m_read(m->dev, m->fd, IOVA, &c, 1));
	EXPECT_OK(ioas_unmap_all(m->fd, m->ioas, NULL));
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(vm_pinned(), 0);
}

START_TEST(pins_are_charged_to_the_exact_limit)
{
	run_child(the_limit, files());
}
END_TEST

/* 16 pages of a limit of 16, some of them pinned, and a physical device */
static void with_a_physical_device(void *arg)
{
	struct files *f = arg;
	struct mediated *m = &f->m;
	char *p = memory(16 * PAGE, 1);
	__u64 id;
	int i;

	become_user(16);
	EXPECT_OK(ioas_map(m->fd, m->ioas, p, IOVA, 10 * PAGE, RW));
	EXPECT_OK(ioas_map(m->fd, m->ioas, p + 10 * PAGE, IOVA + 10 * PAGE, 6 * PAGE, RW));
	EXPECT_OK(m_pin(m->dev, m->fd, IOVA + 3 * PAGE, 4 * PAGE, NULL, &id));
	for (i = 0; i < 2; i++) {
		EXPECT_OK(dev_attach(f->dev.fd, m->fd, m->ioas));
		EXPECT_EQ(locked_pages(), 16);
		EXPECT_EQ(vm_pinned(), 16 * PAGE);
		expect_reported(m, 16);
		/* all of it is charged already */
		EXPECT_OK(m_pin(m->dev, m->fd, IOVA + 5 * PAGE, 7 * PAGE, NULL, NULL));
		expect_reported(m, 16);
		EXPECT_OK(m_unpin(m->dev, m->fd, id));
		expect_reported(m, 16);
		EXPECT_OK(dev_detach(f->dev.fd, m->fd));
		EXPECT_EQ(locked_pages(), 7);
		EXPECT_EQ(vm_pinned(), 7 * PAGE);
		expect_reported(m, 7);
		EXPECT_OK(m_pin(m->dev, m->fd, IOVA + 3 * PAGE, 4 * PAGE, NULL, &id));
		expect_reported(m, 9);
		EXPECT_OK(m_unpin(m->dev, m->fd, 2 + 2 * i));
		EXPECT_EQ(vm_pinned(), 4 * PAGE);
		expect_reported(m, 4);
	}
	/* one page beyond the limit, and all is as before */
	EXPECT_OK(ioas_map(m->fd, m->ioas, p, IOVA + MIB, PAGE, RW));
	EXPECT_ERRNO(dev_attach(f->dev.fd, m->fd, m->ioas), ENOMEM);
	EXPECT_EQ(locked_pages(), 4);
	expect_reported(m, 4);
	EXPECT_OK(m_fill(m->dev, m->fd, id, 0x44));
	expect_filled(p + 3 * PAGE, 0x44, 4 * PAGE);
	EXPECT_OK(m_unpin(m->dev, m->fd, id));
	EXPECT_EQ(locked_pages(), 0);
	expect_reported(m, 0);
}

START_TEST(a_page_is_charged_once_beside_a_physical_device)
{
	run_child(with_a_physical_device, files());
}
END_TEST

static void pin_and_die(void *arg)
{
	struct files *f = arg;
	struct mediated mine;

	mine.fd = EXPECT_OK(iommu_open());
	mine.ioas = new_ioas(mine.fd);
	mine.dev = EXPECT_OK(mediated_open(1));
	become_user(16);
	EXPECT_OK(dev_bind(mine.dev, mine.fd, 1));
	EXPECT_OK(ioas_map(mine.fd, mine.ioas, memory(4 * PAGE, 1), IOVA, 4 * PAGE, RW));
	EXPECT_OK(dev_attach(mine.dev, mine.fd, mine.ioas));
	EXPECT_OK(m_pin(mine.dev, mine.fd, IOVA, 3 * PAGE, NULL, NULL));
	f->step = 1;
	for (;;)
		pause();
}

START_TEST(pins_end_with_the_process_that_has_the_files)
{
	struct files *f = shared_memory(sizeof(*f));
	pid_t child;

	before = pages_pinned();
	child = start_child(pin_and_die, f);
	wait_for(&f->step);
	EXPECT_EQ(locked_pages(), 3);
	kill_child(child);
	EXPECT_EQ(locked_pages(), 0);
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

/* --------------------------------------- the same memory as a physical device */

static struct dev physical(struct mediated *m)
{
	struct dev dev;

	dev_start(&dev, TESTDEV_0, m->fd);
	EXPECT_OK(dev_attach(dev.fd, m->fd, m->ioas));
	return dev;
}

/* Other memory, in place of what was there */
static void replace(char *p, size_t pages)
{
	EXPECT_TRUE(mmap(p, pages * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	memset(p, 0x99, pages * PAGE);
}

/* What the device writes at @iova the driver reads there, @same: and the process */
static void expect_same(struct mediated *m, struct dev *dev, __u64 iova, char *p, bool same)
{
	__u32 word = 0;

	EXPECT_OK(m_write(m->dev, m->fd, iova, &word, 4));
	EXPECT_EQ(testdev_write(dev, iova, 4, 0), DMA_DONE);
	EXPECT_OK(m_read(m->dev, m->fd, iova, &word, 4));
	EXPECT_EQ(word, TESTDEV_PATTERN);
	EXPECT_EQ(*(__u32 *)p == TESTDEV_PATTERN, same);
}

START_TEST(a_device_sees_what_was_pinned_before_it_came)
{
	struct mediated m = start();
	/* so that held pages are in all places: of a huge page, scattered, at the ends */
	char *p = memory(600 * PAGE, 1), *huge = huge_memory(2 * MIB, 1);
	static const unsigned int at[] = { 0, 1, 2, 31, 32, 100, 511, 512, 599 };
	struct dev dev;
	unsigned int i;

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 600 * PAGE, RW));
	EXPECT_OK(ioas_map(m.fd, m.ioas, huge, IOVA + 4 * MIB, 2 * MIB, RW));
	for (i = 0; i < 9; i++) {
		EXPECT_OK(m_pin(m.dev, m.fd, IOVA + at[i] * PAGE, PAGE, NULL, NULL));
		replace(p + at[i] * PAGE, 1);
	}
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + 4 * MIB + 7 * PAGE, PAGE, NULL, NULL));
	expect_pinned(&m, 10);
	dev = physical(&m);
	expect_pinned(&m, 600 + 512);
	for (i = 0; i < 9; i++) {
		expect_same(&m, &dev, IOVA + at[i] * PAGE, p + at[i] * PAGE, false);
		EXPECT_EQ(p[at[i] * PAGE], (char)0x99);
	}
	expect_same(&m, &dev, IOVA + 50 * PAGE, p + 50 * PAGE, true);
	expect_same(&m, &dev, IOVA + 4 * MIB + 7 * PAGE, huge + 7 * PAGE, true);
	/* it goes, they stay */
	EXPECT_OK(dev_detach(dev.fd, m.fd));
	expect_pinned(&m, 10);
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	for (i = 0; i < 9; i++)
		expect_same(&m, &dev, IOVA + at[i] * PAGE, p + at[i] * PAGE, false);
	for (i = 0; i < 10; i++)
		EXPECT_OK(m_unpin(m.dev, m.fd, i + 1));
	expect_pinned(&m, 600 + 512);
	expect_same(&m, &dev, IOVA, p, false);
	EXPECT_OK(dev_detach(dev.fd, m.fd));
	expect_pinned(&m, 0);
	/* nobody holds the old memory any more */
	EXPECT_OK(dev_attach(dev.fd, m.fd, m.ioas));
	expect_same(&m, &dev, IOVA, p, true);
}
END_TEST

START_TEST(a_pin_is_of_what_a_device_sees)
{
	struct mediated m = start();
	char *p = memory(600 * PAGE, 1), *gone = memory(2 * PAGE, 7);
	struct dev dev;
	__u64 id;
	char c = 0;

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 600 * PAGE, RW));
	EXPECT_OK(ioas_map(m.fd, m.ioas, gone, IOVA + 4 * MIB, 2 * PAGE, RW));
	dev = physical(&m);
	replace(p + 40 * PAGE, 1);
	EXPECT_OK(munmap(gone, 2 * PAGE));
	expect_same(&m, &dev, IOVA + 40 * PAGE, p + 40 * PAGE, false);
	EXPECT_OK(m_read(m.dev, m.fd, IOVA + 4 * MIB, &c, 1));
	EXPECT_EQ(c, 7);
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + 40 * PAGE, 2 * PAGE, NULL, &id));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + 4 * MIB, PAGE, NULL, NULL));
	expect_pinned(&m, 602);
	EXPECT_OK(dev_detach(dev.fd, m.fd));
	expect_pinned(&m, 3);
	/* nothing else is there to attach to, and all is as before */
	EXPECT_ERRNO(dev_attach(dev.fd, m.fd, m.ioas), EFAULT);
	expect_pinned(&m, 3);
	EXPECT_OK(m_read(m.dev, m.fd, IOVA + 4 * MIB, &c, 1));
	EXPECT_ERRNO(m_read(m.dev, m.fd, IOVA + 4 * MIB + PAGE, &c, 1), EFAULT);
	/* the page that the process has lost is written to all the same */
	EXPECT_OK(m_fill(m.dev, m.fd, id, 0x21));
	EXPECT_EQ(p[40 * PAGE], (char)0x99);
	EXPECT_EQ(p[41 * PAGE], 0x21);
}
END_TEST

START_TEST(everything_may_end_in_any_order)
{
	/* what ends first, second, third: the pin, the device, the mapping, the
	 * mediated device by detach, unbind or close
	 */
	static const char *const orders[] = {
		"pdm", "pmd", "dpm", "dmp", "mpd", "mdp", "adp", "dap", "uda", "dua",
		"cd", "dc", "xpd", "xdp", "xdc", "xcd", "Dp", "pD", "Dc", "xDc", "mDc",
	};
	unsigned int i;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct mediated m = start();
		char *p = memory(64 * PAGE, 1);
		struct dev dev;
		const char *o;
		__u64 id = 0;

		EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 64 * PAGE, RW));
		/* before the device or after it */
		if (i % 2)
			EXPECT_OK(m_pin(m.dev, m.fd, IOVA + PAGE, 40 * PAGE, NULL, &id));
		dev = physical(&m);
		if (!(i % 2))
			EXPECT_OK(m_pin(m.dev, m.fd, IOVA + PAGE, 40 * PAGE, NULL, &id));
		EXPECT_EQ(pages_pinned(), before + 64);
		for (o = orders[i]; *o; o++) {
			switch (*o) {
			case 'p':
				m_unpin(m.dev, -1, id);
				break;
			case 'd':
				EXPECT_OK(dev_detach(dev.fd, m.fd));
				break;
			case 'D':
				dev_unmap_bar(&dev);
				EXPECT_OK(close(dev.fd));
				break;
			case 'm':
				EXPECT_OK(ioas_unmap_all(m.fd, m.ioas, NULL));
				break;
			case 'a':
				dev_detach(m.dev, m.fd);
				break;
			case 'u':
				EXPECT_OK(dev_unbind(m.dev, m.fd));
				break;
			case 'c':
				EXPECT_OK(close(m.dev));
				break;
			default:
				break;
			}
		}
		close_all();
		if (pages_pinned() != before)
			FAIL("%ld pages stay pinned after %s", pages_pinned() - before, orders[i]);
	}
}
END_TEST

/* ------------------------------------------------------- what waits for memory */

static void pin_stalled(void *arg)
{
	struct files *f = arg;

	f->step = 1;
	m_pin(f->m.dev, f->m.fd, IOVA, 64 * PAGE, NULL, NULL);
}

static void read_stalled(void *arg)
{
	struct files *f = arg;
	char *buf = malloc(64 * PAGE);

	f->step = 1;
	m_read(f->m.dev, f->m.fd, IOVA, buf, 64 * PAGE);
}

START_TEST(a_process_is_killed_while_its_pin_waits_for_memory)
{
	static const child_fn fns[] = { pin_stalled, read_stalled };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct files *f = files();
		char *p = memory(64 * PAGE, 1);
		struct stall stall = stall_at(p + 40 * PAGE);
		pid_t child;

		EXPECT_OK(ioas_map(f->m.fd, f->m.ioas, p, IOVA, 64 * PAGE, RW));
		child = start_child(fns[i], f);
		stall_wait(&stall);
		/* the driver is not stuck, nor is anybody who wants other addresses */
		EXPECT_EQ(m_translate(f->m.dev, f->m.fd, IOVA, 64 * PAGE), RW);
		EXPECT_OK(ioas_map(f->m.fd, f->m.ioas, p, IOVA + MIB, PAGE, RW));
		EXPECT_OK(m_pin(f->m.dev, f->m.fd, IOVA + MIB, PAGE, NULL, NULL));
		EXPECT_OK(ioas_unmap(f->m.fd, f->m.ioas, IOVA + MIB, PAGE, NULL));
		EXPECT_OK(m_pin(f->m.dev, f->m.fd, IOVA, PAGE, NULL, NULL));
		kill_child(child);
		expect_pinned(&f->m, 1);
		EXPECT_OK(ioas_unmap_all(f->m.fd, f->m.ioas, NULL));
		stall_fail(&stall);
		close_all();
	}
}
END_TEST

START_TEST(a_pin_that_waits_for_memory_does_not_keep_the_device_attached)
{
	struct files *f = files();
	char *p = memory(64 * PAGE, 1);
	struct stall stall = stall_at(p + 40 * PAGE);
	pid_t child;

	EXPECT_OK(ioas_map(f->m.fd, f->m.ioas, p, IOVA, 64 * PAGE, RW));
	child = start_child(pin_stalled, f);
	stall_wait(&stall);
	EXPECT_OK(dev_detach(f->m.dev, f->m.fd));
	EXPECT_EQ(nr_attachments(f->m.fd, f->m.ioas), 0);
	/* it comes too late */
	stall_end(&stall);
	end_child(child);
	expect_pinned(&f->m, 0);
	EXPECT_OK(ioas_free(f->m.fd, f->m.ioas));
}
END_TEST

START_TEST(any_number_of_pages_is_no_more_than_enomem)
{
	const unsigned long size = 4096 * GIB;
	struct mediated m = mediated();
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	EXPECT_TRUE(p != MAP_FAILED);
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, size, RW));
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA, size, NULL, NULL), ENOMEM);
	EXPECT_OK(munmap(p, size));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		pin_gives_the_pages_of_the_process,
		pin_of_a_bad_range_is_refused,
		pins_of_two_devices_and_two_fds_are_of_the_same_page,
		pin_by_way_of_another_binding_is_let_go_of,
		pins_of_huge_pages_are_of_single_pages,
		pins_are_charged_to_the_exact_limit,
		a_page_is_charged_once_beside_a_physical_device,
		pins_end_with_the_process_that_has_the_files,
		a_device_sees_what_was_pinned_before_it_came,
		a_pin_is_of_what_a_device_sees,
		everything_may_end_in_any_order,
		a_process_is_killed_while_its_pin_waits_for_memory,
		a_pin_that_waits_for_memory_does_not_keep_the_device_attached,
		any_number_of_pages_is_no_more_than_enomem,
		NULL,
	};

	return run_program(argc, argv, "mediated-pins", tests, RUN_MEDIATED);
}
