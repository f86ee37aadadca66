// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers of hardware do in steps, done by the software IOMMU of a build for tests
 * (make modules-SERIES DRIVER=1; tests/driver): in which order devices leave flush lists,
 * lose their entries and give back ids, and where drivers fail. A call is held at a step
 * while another one runs, and devices do DMA all the while.
 *
 * modules: driver
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "hold.h"
#include "memory.h"
#include "modules.h"
#include "pci.h"
#include "run.h"
#include "scene.h"
#include "swuser.h"

#define OPTIONS		"/sys/module/" SWIOMMU "/parameters/"
#define REFUSE		"ioasid_test_refuse"
#define REFUSED		"/sys/module/" REFUSE "/parameters/"

#define STEP(name)	"swiommu_step_" name

#define NUMBER		5
#define ALIAS_NUMBER	6

static void load(const char *options)
{
	swiommu_load(options);
	if (access(OPTIONS "list_first", F_OK))
		FAIL("the software IOMMU has no steps: these are not modules made with DRIVER=1");
}

static bool ids_come_first(void)
{
	return kernel_is("6.12") || kernel_is("debug");
}

/* ---------------------------------------------------------- unmap in a window */

/* A device in an address space, and another one to go to. With a number: by PASID */
struct window {
	struct user left, entered;
	struct swdev dev;
	__u32 number;
	struct call change, unmap;
};

static void window_open(struct window *w, int what, __u32 number)
{
	w->left = new_user();
	w->entered = another_space(&w->left);
	w->dev = new_physical(5, &w->left);
	w->number = number;
	w->change = (struct call){
		.what = what, .fd = w->left.fd, .dev = w->dev.fd, .ioas = w->entered.ioas,
		.pasid = number, .alias = ALIAS_NUMBER,
	};
	w->unmap = (struct call){
		.what = UNMAP, .fd = w->left.fd, .ioas = w->left.ioas, .iova = IOVA,
		.length = PAGE,
	};
}

static void window_close(struct window *w)
{
	hold_end();
	EXPECT_OK(close(w->dev.fd));
	end_user(&w->left);
	swiommu_unload();
}

static void attach_left(struct window *w)
{
	EXPECT_OK(w->number ? dev_attach_pasid(w->dev.fd, w->left.fd, w->left.ioas, w->number) :
			      dev_attach(w->dev.fd, w->left.fd, w->left.ioas));
}

static void write_all(struct window *w, __u32 number)
{
	char data[64];

	memset(data, 1, sizeof(data));
	swdev_dma(BY(&w->dev, number), SWIOMMU_DMA_WRITE, IOVA, data, sizeof(data));
}

/* Whatever the device can reach at that address is not this page */
static void expect_not_reached(struct window *w, struct user *user)
{
	memset(user->mem, CANARY, PAGE);
	write_all(w, w->number);
	if (w->change.what == ALIAS)
		write_all(w, ALIAS_NUMBER);
	expect_filled(user->mem, CANARY, PAGE);
}

/* @user's page is unmapped while the change is held at that step */
static void unmap_in_the_window(struct window *w, struct user *user, const char *step)
{
	w->unmap.ioas = user->ioas;
	hold_at(step);
	hold_next();
	call_start(&w->change);
	hold_wait();
	/* It is cached now if it can be reached at all */
	write_all(w, w->number);
	if (w->change.what == ALIAS)
		write_all(w, ALIAS_NUMBER);
	call_start(&w->unmap);
	sleep_ms(A_WHILE);
	if (w->unmap.ended)
		expect_not_reached(w, user);
	hold_go();
	call_ends(&w->change, 0);
	call_ends(&w->unmap, 0);
	EXPECT_EQ(w->unmap.unmapped, PAGE);
	expect_not_reached(w, user);
}

static void try_leaving(const char *options, int what, __u32 number, const char *step)
{
	struct window w;

	load(options);
	window_open(&w, what, number);
	attach_left(&w);
	expect_reaches(&w.dev, number, &w.left);
	unmap_in_the_window(&w, &w.left, step);
	if (what == ATTACH)
		expect_reaches(&w.dev, number, &w.entered);
	window_close(&w);
}

START_TEST(unmap_beside_a_detach_leaves_nothing_to_reach)
{
	try_leaving("list_first=1", DETACH, 0, STEP("unlisted"));
	try_leaving("list_first=1 block_first=1", DETACH, 0, STEP("unlisted"));
	try_leaving("block_first=1", DETACH, 0, STEP("cleared"));
}
END_TEST

START_TEST(unmap_beside_a_replace_leaves_nothing_to_reach)
{
	try_leaving("list_first=1", ATTACH, 0, STEP("unlisted"));
	try_leaving("list_first=1 block_first=1", ATTACH, 0, STEP("unlisted"));
	try_leaving("block_first=1", ATTACH, 0, STEP("cleared"));
}
END_TEST

START_TEST(unmap_beside_a_detach_by_pasid_leaves_nothing_to_reach)
{
	try_leaving("list_first=1", DETACH, NUMBER, STEP("unlisted"));
	try_leaving("list_first=1 id_first=1", DETACH, NUMBER, STEP("cleared"));
}
END_TEST

START_TEST(unmap_beside_a_replace_by_pasid_leaves_nothing_to_reach)
{
	try_leaving("list_first=1", ATTACH, NUMBER, STEP("unlisted"));
	try_leaving("list_first=1 block_first=1", ATTACH, NUMBER, STEP("unlisted"));
}
END_TEST

/* Its entry is there before it is in the flush list */
static void try_entering(int what, __u32 number, bool replace)
{
	struct window w;

	load("list_first=1");
	window_open(&w, what, number);
	if (replace)
		attach_left(&w);
	unmap_in_the_window(&w, what == ALIAS ? &w.left : &w.entered, STEP("written"));
	window_close(&w);
}

START_TEST(unmap_beside_an_attach_leaves_nothing_to_reach)
{
	try_entering(ATTACH, 0, false);
	try_entering(ATTACH, 0, true);
}
END_TEST

START_TEST(unmap_beside_an_attach_by_pasid_leaves_nothing_to_reach)
{
	try_entering(ATTACH, NUMBER, false);
	try_entering(ATTACH, NUMBER, true);
}
END_TEST

START_TEST(unmap_beside_an_alias_leaves_nothing_to_reach)
{
	try_entering(ALIAS, NUMBER, true);
}
END_TEST

struct removal {
	pthread_t thread;
	__u32 device;
	int ret;
	volatile int ended;
};

static void *remove_device(void *arg)
{
	struct removal *r = arg;

	r->ret = swdev_destroy(r->device);
	r->ended = 1;
	return NULL;
}

/* The kernel takes it out of the group's domain by itself */
START_TEST(unmap_waits_while_a_device_leaves_the_group)
{
	static const struct swiommu_device_create member = {
		.type = 1, .flags = SWIOMMU_DEVICE_TLB, .group = 1,
	};
	struct removal removal = {};
	struct call unmap;
	struct swdev dev;
	struct user user;

	load("list_first=1");
	user = new_user();
	swdev_start_with(&dev, &member, user.fd);
	removal.device = swdev_create(&member);
	EXPECT_OK(dev_attach(dev.fd, user.fd, user.ioas));
	expect_reaches(&dev, 0, &user);
	hold_at(STEP("unlisted"));
	hold_next();
	EXPECT_EQ(pthread_create(&removal.thread, NULL, remove_device, &removal), 0);
	hold_wait();
	unmap = (struct call){
		.what = UNMAP, .fd = user.fd, .ioas = user.ioas, .iova = IOVA, .length = PAGE,
	};
	call_start(&unmap);
	call_waits(&unmap);
	hold_go();
	wait_for(&removal.ended);
	pthread_join(removal.thread, NULL);
	EXPECT_EQ(removal.ret, 0);
	call_ends(&unmap, 0);
	hold_end();
	expect_swblocked(&dev, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(close(dev.fd));
	end_user(&user);
	swiommu_unload();
}
END_TEST

/* ------------------------------------------------------------------------ ids */

/*
 * Another user's device gets an address space whose id is the lowest that is free. What
 * the first user's device has had cached by the same id must not be what it reaches.
 */
static void try_id(const char *step)
{
	struct user mine, theirs;
	struct swdev a, b;
	struct call detach, attach;

	mine = new_user();
	theirs = new_user();
	a = new_physical(5, &mine);
	b = new_physical(5, &theirs);
	EXPECT_OK(dev_attach_pasid(a.fd, mine.fd, mine.ioas, NUMBER));
	expect_reaches(&a, NUMBER, &mine);
	detach = (struct call){ .what = DETACH, .fd = mine.fd, .dev = a.fd, .pasid = NUMBER };
	attach = (struct call){
		.what = ATTACH, .fd = theirs.fd, .dev = b.fd, .ioas = theirs.ioas,
	};
	hold_at(step);
	hold_next();
	call_start(&detach);
	hold_wait();
	call_start(&attach);
	sleep_ms(A_WHILE);
	if (attach.ended)
		expect_reaches(&b, 0, &theirs);
	expect_filled(mine.mem, CANARY, PAGE);
	hold_go();
	call_ends(&detach, 0);
	call_ends(&attach, 0);
	expect_reaches(&b, 0, &theirs);
	expect_filled(mine.mem, CANARY, PAGE);
	hold_end();
	EXPECT_OK(close(a.fd));
	EXPECT_OK(close(b.fd));
	end_user(&mine);
	end_user(&theirs);
	swiommu_unload();
}

START_TEST(id_of_a_pasid_that_is_detached_is_nobody_elses_before_its_entry_is_gone)
{
	if (ids_come_first()) {
		load("id_first=1 list_first=1");
		try_id(STEP("id_freed"));
	}
	load("id_first=1");
	try_id(STEP("cleared"));
}
END_TEST

/* -------------------------------------------------------- drivers that refuse */

/* That step of the calls to come, the lowest bit for the next one */
static void refuse(const char *step, unsigned int calls, int err)
{
	char text[64];

	if (module_is_loaded(REFUSE))
		EXPECT_OK(module_unload(REFUSE));
	snprintf(text, sizeof(text), "functions=%s", step);
	EXPECT_OK(module_load(REFUSE, text));
	snprintf(text, sizeof(text), "%d", err);
	EXPECT_OK(sysfs_write(REFUSED "error", text));
	snprintf(text, sizeof(text), "%u", calls);
	EXPECT_OK(sysfs_write(REFUSED "calls", text));
}

static void refuse_end(void)
{
	char text[16];

	sysfs_read(REFUSED "calls", text, sizeof(text));
	EXPECT_EQ(atoi(text), 0);
	EXPECT_OK(module_unload(REFUSE));
}

static int try_change(struct window *w)
{
	struct call *c = &w->change;

	return c->pasid ? dev_attach_pasid(c->dev, c->fd, c->ioas, c->pasid) :
			  dev_attach(c->dev, c->fd, c->ioas);
}

static void detach(struct window *w)
{
	EXPECT_OK(w->number ? dev_detach_pasid(w->dev.fd, w->left.fd, w->number) :
			      dev_detach(w->dev.fd, w->left.fd));
}

/* And what it pins is pinned, what it does not is not */
static void expect_in(struct window *w, struct user *in, struct user *not_in)
{
	EXPECT_EQ(nr_attachments(in->fd, in->ioas), 1);
	EXPECT_EQ(nr_attachments(not_in->fd, not_in->ioas), 0);
	EXPECT_EQ(pinned_bytes(in->fd, in->ioas), PAGE);
	EXPECT_EQ(pinned_bytes(not_in->fd, not_in->ioas), 0);
	expect_reaches(&w->dev, w->number, in);
	expect_filled(not_in->mem, CANARY, PAGE);
}

static void expect_in_none(struct window *w)
{
	EXPECT_EQ(nr_attachments(w->left.fd, w->left.ioas), 0);
	EXPECT_EQ(nr_attachments(w->left.fd, w->entered.ioas), 0);
	EXPECT_EQ(pinned_bytes(w->left.fd, w->left.ioas), 0);
	EXPECT_EQ(pinned_bytes(w->left.fd, w->entered.ioas), 0);
	expect_not_reached(w, &w->left);
	expect_not_reached(w, &w->entered);
}

/* A replace that is refused at that step, whatever the error, leaves the old one */
static void try_refused(const char *options, __u32 number, const char *step)
{
	static const struct { int err, said; } errors[] = {
		{ ENOMEM, ENOMEM }, { EBUSY, EBUSY }, { EIO, EFAULT }, { ENOSPC, ENOSPC },
	};
	struct window w;
	unsigned int i;

	load(options);
	window_open(&w, ATTACH, number);
	attach_left(&w);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		expect_in(&w, &w.left, &w.entered);
		refuse(step, 1, errors[i].err);
		EXPECT_ERRNO_IN(try_change(&w), errors[i].said, "(%s, %s, %s)", options, step,
				errno_name(errors[i].err));
		refuse_end();
		expect_in(&w, &w.left, &w.entered);
	}
	EXPECT_OK(try_change(&w));
	expect_in(&w, &w.entered, &w.left);
	window_close(&w);
}

static const char *const all_options[] = {
	"block_first=0", "block_first=1", "list_first=1", "list_first=1 block_first=1",
};

#define FOR_EACH_OPTIONS(i) for (i = 0; i < sizeof(all_options) / sizeof(all_options[0]); i++)

static void try_refused_with_all(__u32 number)
{
	unsigned int i;

	FOR_EACH_OPTIONS(i) {
		try_refused(all_options[i], number, STEP("attach"));
		try_refused(all_options[i], number, STEP("written"));
		if (strstr(all_options[i], "block_first=1"))
			try_refused(all_options[i], number, STEP("blocked"));
	}
}

START_TEST(replace_refused_at_any_step_keeps_the_old_one)
{
	try_refused_with_all(0);
}
END_TEST

START_TEST(replace_by_pasid_refused_at_any_step_keeps_the_old_one)
{
	try_refused_with_all(NUMBER);
}
END_TEST

/*
 * The new one and the way back are refused, each at each step. 6.12's core goes back by
 * itself in between, and would not take a refusal of that for possible.
 */
static void try_refused_for_good(const char *options, __u32 number, const char *step)
{
	unsigned int calls = kernel_is("7.2") || number ? 3 : 5;
	struct window w;

	load(options);
	window_open(&w, ATTACH, number);
	attach_left(&w);
	expect_in(&w, &w.left, &w.entered);
	refuse(step, calls, ENOMEM);
	EXPECT_ERRNO_IN(try_change(&w), EIO, "(%s, %s)", options, step);
	refuse_end();
	expect_in_none(&w);
	attach_left(&w);
	expect_in(&w, &w.left, &w.entered);
	detach(&w);
	expect_in_none(&w);
	window_close(&w);
}

static void try_refused_for_good_with_all(__u32 number)
{
	unsigned int i;

	FOR_EACH_OPTIONS(i) {
		try_refused_for_good(all_options[i], number, STEP("attach"));
		try_refused_for_good(all_options[i], number, STEP("written"));
	}
}

START_TEST(replace_and_return_refused_is_eio_and_blocked)
{
	try_refused_for_good_with_all(0);
}
END_TEST

START_TEST(replace_and_return_refused_by_pasid_is_eio_and_blocked)
{
	try_refused_for_good_with_all(NUMBER);
}
END_TEST

/* The empty domain is refused: the kernel's own blocked state has to do */
START_TEST(detach_refused_at_any_step_succeeds)
{
	static const char *const steps[] = { STEP("attach"), STEP("blocked"), STEP("written") };
	struct window w;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		load("list_first=1 block_first=1");
		window_open(&w, ATTACH, 0);
		attach_left(&w);
		expect_in(&w, &w.left, &w.entered);
		refuse(steps[i], 1, ENOMEM);
		detach(&w);
		refuse_end();
		expect_in_none(&w);
		attach_left(&w);
		expect_in(&w, &w.left, &w.entered);
		window_close(&w);
	}
}
END_TEST

/* The driver has mapped half of it, and says nothing of that */
static void try_refused_map(unsigned long pages)
{
	struct user user;
	struct swdev dev;
	char *p = huge_memory(2 * MIB, CANARY);
	char data[64];
	unsigned long at;

	load(NULL);
	user = new_user();
	dev = new_physical(5, &user);
	EXPECT_OK(dev_attach(dev.fd, user.fd, user.ioas));
	refuse(STEP("map"), 1, ENOMEM);
	EXPECT_ERRNO(ioas_map(user.fd, user.ioas, p, 2 * IOVA + PAGE, pages * PAGE, RW), ENOMEM);
	refuse_end();
	EXPECT_EQ(mapped_bytes(user.fd, user.ioas), PAGE);
	EXPECT_EQ(pinned_bytes(user.fd, user.ioas), PAGE);
	memset(data, 1, sizeof(data));
	for (at = 0; at < pages; at++)
		swdev_dma(&dev, SWIOMMU_DMA_WRITE, 2 * IOVA + PAGE + at * PAGE, data,
			  sizeof(data));
	expect_filled(p, CANARY, 2 * MIB);
	/* and there is room for it */
	EXPECT_OK(ioas_map(user.fd, user.ioas, p, 2 * IOVA + PAGE, pages * PAGE, RW));
	expect_swwrite(&dev, 2 * IOVA + PAGE, p, pages * PAGE);
	EXPECT_OK(close(dev.fd));
	end_user(&user);
	swiommu_unload();
}

START_TEST(map_that_the_driver_gives_up_halfway_leaves_nothing_to_reach)
{
	try_refused_map(1);
	try_refused_map(100);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		unmap_beside_a_detach_leaves_nothing_to_reach,
		unmap_beside_a_replace_leaves_nothing_to_reach,
		unmap_beside_an_attach_leaves_nothing_to_reach,
		unmap_beside_a_detach_by_pasid_leaves_nothing_to_reach,
		unmap_beside_a_replace_by_pasid_leaves_nothing_to_reach,
		unmap_beside_an_attach_by_pasid_leaves_nothing_to_reach,
		unmap_beside_an_alias_leaves_nothing_to_reach,
		unmap_waits_while_a_device_leaves_the_group,
		id_of_a_pasid_that_is_detached_is_nobody_elses_before_its_entry_is_gone,
		replace_refused_at_any_step_keeps_the_old_one,
		replace_by_pasid_refused_at_any_step_keeps_the_old_one,
		replace_and_return_refused_is_eio_and_blocked,
		replace_and_return_refused_by_pasid_is_eio_and_blocked,
		detach_refused_at_any_step_succeeds,
		map_that_the_driver_gives_up_halfway_leaves_nothing_to_reach,
		NULL,
	};
	int failed = run_swiommu_program(argc, argv, "drivers", tests);

	hold_end();
	return failed | (module_is_loaded(REFUSE) && module_unload(REFUSE));
}
