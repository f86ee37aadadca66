// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel refuses to attach a domain, at a call that nothing from outside can
 * make it refuse (tests/modules/ioasid_test_refuse.c has it do so): the old
 * address space is back, or, if that is refused as well, the device is blocked,
 * attached to nothing, and the call says EIO.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "huge.h"
#include "mediated.h"
#include "memory.h"
#include "modules.h"
#include "refuse.h"
#include "run.h"
#include "scene.h"

/* VT-d's driver, when the device is attached already: it blocks the device */
#define DRIVER_FUNCTION		"cache_tag_assign_domain"

/* An address space that is attached and one that is not, a page in each */
struct setting {
	struct attached old;
	__u32 new;
	char *p, *q;
};

static void make_setting(struct setting *s, const char *functions)
{
	refuse_at(functions);
	s->old = attached();
	s->new = new_ioas(s->old.fd);
	s->p = memory(PAGE, CANARY);
	s->q = memory(PAGE, CANARY);
	EXPECT_OK(ioas_map(s->old.fd, s->old.ioas, s->p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(s->old.fd, s->new, s->q, IOVA, PAGE, RW));
	expect_dma(&s->old.dev, IOVA, s->p, PAGE);
}

static int try_new(struct setting *s)
{
	return dev_attach(s->old.dev.fd, s->old.fd, s->new);
}

static void expect_new_works(struct setting *s)
{
	EXPECT_OK(try_new(s));
	memset(s->p, CANARY, PAGE);
	expect_dma(&s->old.dev, IOVA, s->q, PAGE);
	expect_filled(s->p, CANARY, PAGE);
	EXPECT_OK(dev_detach(s->old.dev.fd, s->old.fd));
	EXPECT_EQ(pinned_bytes(s->old.fd, s->new), 0);
}

static void expect_old_is_back(struct setting *s)
{
	expect_all_refused();
	EXPECT_EQ(nr_attachments(s->old.fd, s->old.ioas), 1);
	EXPECT_EQ(nr_attachments(s->old.fd, s->new), 0);
	EXPECT_EQ(pinned_bytes(s->old.fd, s->old.ioas), PAGE);
	EXPECT_EQ(pinned_bytes(s->old.fd, s->new), 0);
	memset(s->q, CANARY, PAGE);
	expect_dma(&s->old.dev, IOVA, s->p, PAGE);
	expect_filled(s->q, CANARY, PAGE);
	expect_new_works(s);
}

/* QEMU takes what AMD's driver of 6.12 means by blocked for pass-through */
static bool kernel_blocks(void)
{
	return !config_is("amd") || !kernel_is("6.12");
}

static void expect_nothing_attached(struct setting *s)
{
	EXPECT_EQ(nr_attachments(s->old.fd, s->old.ioas), 0);
	EXPECT_EQ(nr_attachments(s->old.fd, s->new), 0);
	EXPECT_EQ(pinned_bytes(s->old.fd, s->old.ioas), 0);
	EXPECT_EQ(pinned_bytes(s->old.fd, s->new), 0);
	if (!kernel_blocks())
		return;
	expect_blocked(&s->old.dev, IOVA, s->p, PAGE);
	expect_blocked(&s->old.dev, phys_of(s->q), s->q, PAGE);
}

static void expect_eio_and_blocked(struct setting *s)
{
	expect_all_refused();
	expect_nothing_attached(s);
	EXPECT_ERRNO(dev_detach(s->old.dev.fd, s->old.fd), EINVAL);
	/* and that can be attached again */
	EXPECT_OK(dev_attach(s->old.dev.fd, s->old.fd, s->old.ioas));
	expect_dma(&s->old.dev, IOVA, s->p, PAGE);
	expect_new_works(s);
}

START_TEST(refused_replace_keeps_the_old_one)
{
	struct setting s;

	make_setting(&s, attach_functions());
	refuse(1, ENOMEM);
	EXPECT_ERRNO(try_new(&s), ENOMEM);
	expect_old_is_back(&s);
}
END_TEST

START_TEST(refused_replace_and_refused_return_to_the_old_one_is_eio_and_blocked)
{
	struct setting s;

	make_setting(&s, attach_functions());
	refuse(3, ENOMEM);
	EXPECT_ERRNO(try_new(&s), EIO);
	expect_eio_and_blocked(&s);
}
END_TEST

/* What came of it is seen by what is attached: any number may be another layer's */
START_TEST(refused_replace_keeps_the_old_one_whatever_the_error_says)
{
	static const struct { int err, said; } errors[] = {
		{ EBUSY, EBUSY }, { EIO, EFAULT }, { EAGAIN, EFAULT }, { ENOSPC, ENOSPC },
	};
	struct setting s;
	unsigned int i;

	make_setting(&s, attach_functions());
	for (i = 0; i < 4; i++) {
		refuse(1, errors[i].err);
		EXPECT_ERRNO_IN(try_new(&s), errors[i].said, "%s", errno_name(errors[i].err));
		expect_all_refused();
		EXPECT_EQ(nr_attachments(s.old.fd, s.old.ioas), 1);
		expect_dma(&s.old.dev, IOVA, s.p, PAGE);
		memset(s.p, CANARY, PAGE);
	}
	refuse(1, EIO);
	EXPECT_ERRNO(try_new(&s), EFAULT);
	expect_old_is_back(&s);
}
END_TEST

/* 6.12's kernel goes back by itself between the two, 7.2's does not; 6.1's has no
 * such function
 */
static bool driver_refuses(void)
{
	return config_has("vtd") && !kernel_is("6.1");
}

START_TEST(replace_refused_by_the_driver_keeps_the_old_one)
{
	struct setting s;

	make_setting(&s, driver_refuses() ? DRIVER_FUNCTION : attach_functions());
	refuse(1, ENOMEM);
	EXPECT_ERRNO(try_new(&s), ENOMEM);
	expect_old_is_back(&s);
}
END_TEST

/* 7.2's has blocked the device by then */
START_TEST(replace_refused_by_the_driver_keeps_the_old_one_whatever_the_error_says)
{
	struct setting s;

	make_setting(&s, driver_refuses() ? DRIVER_FUNCTION : attach_functions());
	refuse(1, EBUSY);
	EXPECT_ERRNO(try_new(&s), EBUSY);
	expect_old_is_back(&s);
}
END_TEST

START_TEST(replace_and_return_refused_by_the_driver_is_eio_and_blocked)
{
	struct setting s;

	make_setting(&s, driver_refuses() ? DRIVER_FUNCTION : attach_functions());
	refuse(driver_refuses() && kernel_is("6.12") ? 5 : 3, ENOMEM);
	EXPECT_ERRNO(try_new(&s), EIO);
	expect_eio_and_blocked(&s);
}
END_TEST

/* Detaching never fails: the kernel's own blocked state has to do */
START_TEST(detach_succeeds_if_the_empty_domain_is_refused)
{
	struct setting s;

	make_setting(&s, attach_functions());
	refuse(1, ENOMEM);
	EXPECT_OK(dev_detach(s.old.dev.fd, s.old.fd));
	expect_all_refused();
	expect_nothing_attached(&s);
	EXPECT_OK(dev_attach(s.old.dev.fd, s.old.fd, s.old.ioas));
	expect_dma(&s.old.dev, IOVA, s.p, PAGE);
	expect_new_works(&s);
}
END_TEST

START_TEST(bind_fails_if_the_empty_domain_is_refused)
{
	int fd = EXPECT_OK(iommu_open());
	struct dev dev;

	refuse_at(attach_functions());
	dev_open_only(&dev, TESTDEV_0);
	refuse(1, ENOMEM);
	EXPECT_ERRNO(dev_bind(dev.fd, fd, 1), ENOMEM);
	expect_all_refused();
	/* Nothing is claimed: it works when nothing is refused */
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
}
END_TEST

/*
 * The driver does not want the page table that other devices of the same IOMMU
 * have: the device gets one of its own, with all that is in it
 */
START_TEST(refused_shared_page_table_makes_a_second_one)
{
	struct setting s;
	struct dev two;
	char *r = memory(PAGE, CANARY);

	make_setting(&s, attach_functions());
	dev_start(&two, TESTDEV_1, s.old.fd);
	refuse(1, EINVAL);
	EXPECT_OK(dev_attach(two.fd, s.old.fd, s.old.ioas));
	expect_all_refused();
	expect_dma(&two, IOVA, s.p, PAGE);
	expect_dma(&s.old.dev, IOVA, s.p, PAGE);
	EXPECT_OK(ioas_map(s.old.fd, s.old.ioas, r, IOVA + PAGE, PAGE, RW));
	expect_dma(&two, IOVA + PAGE, r, PAGE);
	expect_dma(&s.old.dev, IOVA + PAGE, r, PAGE);
	EXPECT_EQ(pinned_bytes(s.old.fd, s.old.ioas), 2 * PAGE);
	EXPECT_OK(ioas_unmap(s.old.fd, s.old.ioas, IOVA, PAGE, NULL));
	expect_blocked(&two, IOVA, s.p, PAGE);
	expect_blocked(&s.old.dev, IOVA, s.p, PAGE);
	EXPECT_OK(dev_detach(s.old.dev.fd, s.old.fd));
	expect_dma(&two, IOVA + PAGE, r, PAGE);
	expect_blocked(&s.old.dev, IOVA + PAGE, r, PAGE);
	EXPECT_OK(dev_detach(two.fd, s.old.fd));
	EXPECT_EQ(pinned_bytes(s.old.fd, s.old.ioas), 0);
}
END_TEST

static bool still_runs(struct call *call)
{
	sleep_ms(A_WHILE);
	return !call->ended;
}

/* EAGAIN for one, which is no call to wait for anything of ours */
START_TEST(map_that_the_kernel_refuses_fails_once_whatever_the_error)
{
	static const unsigned long lengths[] = { PAGE, 40 * PAGE };
	long before;
	unsigned int i;
	struct setting s;
	struct call map;

	make_setting(&s, "iommu_map");
	before = pages_pinned();
	for (i = 0; i < 2; i++) {
		map = (struct call){
			.what = MAP, .fd = s.old.fd, .ioas = s.old.ioas,
			.vaddr = memory(40 * PAGE, CANARY), .iova = 2 * IOVA,
			.length = lengths[i],
		};
		refuse(1, EAGAIN);
		call_start(&map);
		EXPECT_TRUE(!still_runs(&map));
		call_ends(&map, EFAULT);
		expect_all_refused();
		EXPECT_EQ(pages_pinned(), before);
		EXPECT_EQ(mapped_bytes(s.old.fd, s.old.ioas), PAGE);
	}
	expect_dma(&s.old.dev, IOVA, s.p, PAGE);
}
END_TEST

/*
 * virtio-iommu's driver counts the devices in a domain wrongly once it has failed to attach
 * one, and then unmaps nothing: what a device may still reach stays pinned.
 */
START_TEST(pages_that_a_device_may_still_reach_are_not_unpinned)
{
	struct dev others[2];
	struct setting s;
	long before;
	int i;

	make_setting(&s, "viommu_send_req_sync");
	for (i = 0; i < 2; i++) {
		dev_start(&others[i], TESTDEV_1 + i, s.old.fd);
		EXPECT_OK(dev_attach(others[i].fd, s.old.fd, s.old.ioas));
	}
	before = pages_pinned();
	refuse(1, ENOMEM);
	EXPECT_ERRNO(try_new(&s), ENOMEM);
	expect_all_refused();
	for (i = 0; i < 2; i++)
		EXPECT_OK(dev_detach(others[i].fd, s.old.fd));
	/* The driver takes the domain for empty now, and the device is in it */
	EXPECT_OK(ioas_unmap(s.old.fd, s.old.ioas, IOVA, PAGE, NULL));
	EXPECT_EQ(testdev_write(&s.old.dev, IOVA, 64, phys_of(s.p)), DMA_DONE);
	EXPECT_EQ(pages_pinned(), before);
	/* Nor with the last device */
	EXPECT_OK(ioas_map(s.old.fd, s.old.ioas, s.q, 2 * IOVA, PAGE, RW));
	EXPECT_OK(dev_detach(s.old.dev.fd, s.old.fd));
	EXPECT_EQ(pages_pinned(), before + 1);
	/* What is attached anew is as always, in an address space that has lost pages, too */
	EXPECT_OK(dev_attach(s.old.dev.fd, s.old.fd, s.old.ioas));
	EXPECT_OK(dev_detach(s.old.dev.fd, s.old.fd));
	EXPECT_EQ(pages_pinned(), before + 1);
	EXPECT_OK(try_new(&s));
	expect_dma(&s.old.dev, IOVA, s.q, PAGE);
	EXPECT_OK(dev_detach(s.old.dev.fd, s.old.fd));
	expect_blocked(&s.old.dev, IOVA, s.q, PAGE);
	/* And charged */
	expect_leaked(2);
}
END_TEST

/* A driver in the kernel holds one of them, beyond that page table, and lets go after the next
 * one, or while the page is in that, which must not unpin it either
 */
static void expect_driver_unpins_nothing(bool under_the_next)
{
	struct setting s;
	long before;
	int driver;
	__u64 id;

	make_setting(&s, "viommu_send_req_sync");
	driver = EXPECT_OK(mediated_open(0));
	EXPECT_OK(dev_bind(driver, s.old.fd, 100));
	EXPECT_OK(dev_attach(driver, s.old.fd, s.old.ioas));
	EXPECT_OK(m_pin(driver, -1, IOVA, PAGE, NULL, &id));
	before = pages_pinned();
	refuse(1, ENOMEM);
	EXPECT_ERRNO(try_new(&s), ENOMEM);
	expect_all_refused();
	EXPECT_OK(dev_detach(s.old.dev.fd, s.old.fd));
	EXPECT_OK(dev_attach(s.old.dev.fd, s.old.fd, s.old.ioas));
	if (under_the_next)
		EXPECT_OK(m_unpin(driver, -1, id));
	EXPECT_OK(dev_detach(s.old.dev.fd, s.old.fd));
	if (!under_the_next)
		EXPECT_OK(m_unpin(driver, -1, id));
	EXPECT_EQ(pages_pinned(), before);
	expect_leaked(1);
}

START_TEST(pages_that_a_device_may_still_reach_are_not_unpinned_by_a_driver)
{
	expect_driver_unpins_nothing(false);
}
END_TEST

START_TEST(page_that_a_driver_lets_go_of_under_another_table_is_not_unpinned)
{
	expect_driver_unpins_nothing(true);
}
END_TEST

/* Of an area of which a driver holds a page the other one stays pinned and charged, once */
START_TEST(pages_beside_one_that_a_driver_holds_are_not_unpinned)
{
	char *r = memory(2 * PAGE, CANARY);
	struct setting s;
	size_t charged;
	long before;
	int driver, i;
	__u64 id;

	make_setting(&s, "viommu_send_req_sync");
	EXPECT_OK(ioas_map(s.old.fd, s.old.ioas, r, 2 * IOVA, 2 * PAGE, RW));
	driver = EXPECT_OK(mediated_open(0));
	EXPECT_OK(dev_bind(driver, s.old.fd, 100));
	EXPECT_OK(dev_attach(driver, s.old.fd, s.old.ioas));
	EXPECT_OK(m_pin(driver, -1, 2 * IOVA, PAGE, NULL, &id));
	before = pages_pinned();
	charged = vm_pinned();
	refuse(1, ENOMEM);
	EXPECT_ERRNO(try_new(&s), ENOMEM);
	expect_all_refused();
	EXPECT_OK(dev_detach(s.old.dev.fd, s.old.fd));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(pages_pinned(), before);
		EXPECT_EQ(vm_pinned(), charged);
		/* Through a page table as it should be, before and after the driver lets go */
		if (i == 1)
			EXPECT_OK(m_unpin(driver, -1, id));
		EXPECT_OK(dev_attach(s.old.dev.fd, s.old.fd, s.old.ioas));
		EXPECT_OK(dev_detach(s.old.dev.fd, s.old.fd));
	}
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(vm_pinned(), charged);
	expect_leaked(3);
}
END_TEST

/* Two that are not neighbours in memory: of a file's first page and two others one will do */
static char *scattered_pages(void)
{
	int fd = EXPECT_OK(memfd_create("scattered", MFD_CLOEXEC));
	char *all, *p = memory(2 * PAGE, CANARY);
	unsigned long at;

	EXPECT_OK(ftruncate(fd, 3 * PAGE));
	all = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT_TRUE(all != MAP_FAILED);
	memset(all, CANARY, 3 * PAGE);
	at = phys_of(all + PAGE) == phys_of(all) + PAGE ? 2 * PAGE : PAGE;
	EXPECT_TRUE(mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	p += PAGE;
	EXPECT_TRUE(mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, at) == p);
	EXPECT_OK(close(fd));
	return p - PAGE;
}

/*
 * virtio-iommu's driver has no memory for the request: the host still has what it unmaps,
 * and refuses what is mapped over it later, and unmaps nothing of it.
 */
START_TEST(pages_of_a_table_in_which_an_unmap_failed_are_not_unpinned)
{
	struct attached a;
	char *contiguous, *scattered;
	long before;

	refuse_at("__viommu_add_req");
	a = attached();
	contiguous = huge_memory(HUGE, CANARY);
	EXPECT_TRUE(contiguous);
	scattered = scattered_pages();
	before = pages_pinned();
	EXPECT_OK(ioas_map(a.fd, a.ioas, contiguous, IOVA, 2 * PAGE, RW));
	refuse(1, ENOMEM);
	EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA, 2 * PAGE, NULL));
	expect_all_refused();
	EXPECT_EQ(pages_pinned(), before + 2);
	EXPECT_OK(ioas_map(a.fd, a.ioas, scattered, IOVA + PAGE, 2 * PAGE, RW));
	EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA + PAGE, 2 * PAGE, NULL));
	/* For that a device still reaches it */
	EXPECT_EQ(testdev_write(&a.dev, IOVA + 2 * PAGE, 64, phys_of(scattered + PAGE)),
		  DMA_DONE);
	EXPECT_EQ(pages_pinned(), before + 4);
	expect_leaked(4);
}
END_TEST

/* The driver maps them in two steps. The second fails, and so does taking back the first */
static void expect_not_taken_back(long nr)
{
	struct attached a;
	long before;
	char *p;

	refuse_at("__viommu_add_req");
	a = attached();
	p = huge_memory(HUGE, CANARY);
	EXPECT_TRUE(p);
	p += PAGE;
	before = pages_pinned();
	refuse(2, ENOMEM);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA + PAGE, nr * PAGE, RW), ENOMEM);
	expect_all_refused();
	expect_blocked(&a.dev, IOVA + PAGE, p, PAGE);
	EXPECT_EQ(pages_pinned(), before);

	refuse(2 | 4, ENOMEM);
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA + PAGE, nr * PAGE, RW), ENOMEM);
	expect_all_refused();
	EXPECT_EQ(testdev_write(&a.dev, IOVA + PAGE, 64, phys_of(p)), DMA_DONE);
	EXPECT_EQ(pages_pinned(), before + nr);
	expect_leaked(nr);
}

START_TEST(pages_of_a_map_that_cannot_be_taken_back_are_not_unpinned)
{
	expect_not_taken_back(3);
}
END_TEST

/* More than are pinned beforehand */
START_TEST(many_pages_of_a_map_that_cannot_be_taken_back_are_not_unpinned)
{
	expect_not_taken_back(63);
}
END_TEST

#define LOSER	(TEST_UID + 7)
#define LOST	4

struct loser {
	int fd, err;
	__u32 ioas;
	__u64 iova;
	unsigned long pages;
};

static void loser_maps(void *arg)
{
	struct loser *s = arg;
	char *p;

	become_user_of(LOSER, LOST);
	p = memory(s->pages * PAGE, CANARY);
	s->err = ioas_map(s->fd, s->ioas, p, s->iova, s->pages * PAGE, RW) ? errno : 0;
}

/* Although no process of that user is left meanwhile */
START_TEST(user_whose_pages_are_not_unpinned_stays_charged)
{
	struct loser *s = shared_memory(sizeof(*s));
	char *p = memory(PAGE, CANARY);
	struct attached a;
	long before;

	refuse_at("__viommu_add_req");
	a = attached();
	before = pages_pinned();
	*s = (struct loser) { .fd = a.fd, .ioas = a.ioas, .iova = IOVA, .pages = LOST };
	run_child(loser_maps, s);
	EXPECT_EQ(s->err, 0);
	refuse(1, ENOMEM);
	EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA, LOST * PAGE, NULL));
	expect_all_refused();
	EXPECT_EQ(pages_pinned(), before + LOST);
	/* The address space has the last one's credentials */
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, 3 * IOVA, PAGE, RW));
	sleep_ms(A_WHILE);
	s->iova = 2 * IOVA;
	s->pages = 1;
	run_child(loser_maps, s);
	EXPECT_EQ(s->err, ENOMEM);
	expect_leaked(1);
	expect_leaked_by_others(LOST);
}
END_TEST

/* The driver has not been asked, and is in no error */
START_TEST(attach_that_fails_before_the_driver_is_asked_loses_no_pages)
{
	struct setting s;
	long before;

	make_setting(&s, "ioasid_msi_prepare");
	before = pages_pinned();
	refuse(1, ENOMEM);
	EXPECT_ERRNO(try_new(&s), ENOMEM);
	expect_all_refused();
	expect_dma(&s.old.dev, IOVA, s.p, PAGE);
	EXPECT_OK(ioas_unmap(s.old.fd, s.old.ioas, IOVA, PAGE, NULL));
	EXPECT_EQ(pages_pinned(), before - 1);
	expect_blocked(&s.old.dev, IOVA, s.p, PAGE);
}
END_TEST

/* A detach is done by the kernel's means then, which say nothing if the driver fails */
START_TEST(pages_of_a_device_that_the_kernel_has_blocked_are_not_unpinned)
{
	struct setting s;
	long before;

	make_setting(&s, "ioasid_msi_prepare");
	before = pages_pinned();
	refuse(1, ENOMEM);
	EXPECT_OK(dev_detach(s.old.dev.fd, s.old.fd));
	expect_all_refused();
	EXPECT_EQ(pages_pinned(), before);
	expect_blocked(&s.old.dev, IOVA, s.p, PAGE);
	expect_leaked(1);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		refused_replace_keeps_the_old_one,
		refused_replace_and_refused_return_to_the_old_one_is_eio_and_blocked,
		refused_replace_keeps_the_old_one_whatever_the_error_says,
		replace_refused_by_the_driver_keeps_the_old_one,
		replace_refused_by_the_driver_keeps_the_old_one_whatever_the_error_says,
		replace_and_return_refused_by_the_driver_is_eio_and_blocked,
		detach_succeeds_if_the_empty_domain_is_refused,
		bind_fails_if_the_empty_domain_is_refused,
		refused_shared_page_table_makes_a_second_one,
		map_that_the_kernel_refuses_fails_once_whatever_the_error,
		NULL,
	};
	/* Of the others each leaves pages pinned there */
	const TTest *const virtio[] = {
		bind_fails_if_the_empty_domain_is_refused,
		map_that_the_kernel_refuses_fails_once_whatever_the_error,
		pages_that_a_device_may_still_reach_are_not_unpinned,
		pages_that_a_device_may_still_reach_are_not_unpinned_by_a_driver,
		pages_beside_one_that_a_driver_holds_are_not_unpinned,
		page_that_a_driver_lets_go_of_under_another_table_is_not_unpinned,
		pages_of_a_table_in_which_an_unmap_failed_are_not_unpinned,
		pages_of_a_map_that_cannot_be_taken_back_are_not_unpinned,
		many_pages_of_a_map_that_cannot_be_taken_back_are_not_unpinned,
		user_whose_pages_are_not_unpinned_stays_charged,
		attach_that_fails_before_the_driver_is_asked_loses_no_pages,
		pages_of_a_device_that_the_kernel_has_blocked_are_not_unpinned,
		NULL,
	};
	int failed = config_has("virtio") ?
		run_program(argc, argv, "refused", virtio, RUN_MEDIATED) :
		run_program(argc, argv, "refused", tests, RUN_DEVICES);

	return failed | module_unload(REFUSE_MODULE);
}
