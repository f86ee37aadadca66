// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmapping while another thread changes what a device is attached to, held in the
 * driver where the device is not in the domain's flush list any more and its entry is
 * still there. When an unmap has returned no device reaches the pages.
 */
#include <pthread.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "hold.h"
#include "memory.h"
#include "modules.h"
#include "refuse.h"
#include "run.h"
#include "scene.h"

/* Called between the two; drivers that flush first have none */
static const char *between(void)
{
	if (config_is("vtd-legacy"))
		return "domain_context_clear_one_cb";
	if (config_has("vtd"))
		return "intel_pasid_tear_down_entry";
	if (config_is("virtio"))
		return "viommu_send_req_sync";
	return NULL;
}

#define MANY_PAGES	64

/* Pages at IOVA, and an address space that has another one there. @error: what the change
 * of what the device is attached to ends with; 0: it succeeds
 */
struct window {
	struct attached a;
	__u32 other;
	char *p, *q;
	struct call change, unmap;
	int error;
};

static void window_open(struct window *w, int what)
{
	w->error = 0;
	w->a = attached();
	w->other = new_ioas(w->a.fd);
	w->p = memory(MANY_PAGES * PAGE, CANARY);
	w->q = memory(PAGE, CANARY);
	EXPECT_OK(ioas_map(w->a.fd, w->other, w->q, IOVA, PAGE, RW));
	w->change = (struct call){
		.what = what, .fd = w->a.fd, .dev = w->a.dev.fd, .ioas = w->other,
	};
	w->unmap = (struct call){ .what = UNMAP, .fd = w->a.fd, .ioas = w->a.ioas, .iova = IOVA };
}

/* @p is unmapped while what the device is attached to changes */
static void unmap_in_the_window(struct window *w, __u64 length)
{
	w->unmap.length = length;
	expect_dma(&w->a.dev, IOVA, w->p, PAGE);
	hold_next();
	call_start(&w->change);
	hold_wait();
	memset(w->p, CANARY, PAGE);
	call_start(&w->unmap);
	sleep_ms(A_WHILE);
	if (w->unmap.ended)
		expect_blocked(&w->a.dev, IOVA, w->p, PAGE);
	hold_go();
	call_ends(&w->change, w->error);
	call_ends(&w->unmap, 0);
	EXPECT_EQ(w->unmap.unmapped, length);
	memset(w->p, CANARY, PAGE);
	expect_blocked(&w->a.dev, phys_of(w->p), w->p, PAGE);
	if (w->change.what == ATTACH && !w->error)
		expect_dma(&w->a.dev, IOVA, w->q, PAGE);
	else
		expect_blocked(&w->a.dev, IOVA, w->q, PAGE);
	expect_filled(w->p, CANARY, PAGE);
}

static void try_unmap_during(int what)
{
	struct window w;

	if (!between())
		return;
	window_open(&w, what);
	hold_at(between());
	EXPECT_OK(ioas_map(w.a.fd, w.a.ioas, w.p, IOVA, PAGE, RW));
	unmap_in_the_window(&w, PAGE);
	/* more than are unmapped in one turn; the device is back */
	if (what == ATTACH)
		EXPECT_OK(dev_detach(w.a.dev.fd, w.a.fd));
	EXPECT_OK(ioas_map(w.a.fd, w.a.ioas, w.p, IOVA, MANY_PAGES * PAGE, RW));
	EXPECT_OK(dev_attach(w.a.dev.fd, w.a.fd, w.a.ioas));
	unmap_in_the_window(&w, MANY_PAGES * PAGE);
	hold_end();
}

START_TEST(unmap_beside_a_detach_leaves_nothing_to_reach)
{
	try_unmap_during(DETACH);
}
END_TEST

START_TEST(unmap_beside_a_replace_leaves_nothing_to_reach)
{
	try_unmap_during(ATTACH);
}
END_TEST

/*
 * It goes back to the old address space, which leads through blocked as well. With
 * virtio-iommu nothing of that is unpinned any more (test-refused)
 */
START_TEST(unmap_beside_a_refused_replace_leaves_nothing_to_reach)
{
	struct window w;
	char *r = memory(PAGE, CANARY);

	if (!between() || config_is("virtio"))
		return;
	window_open(&w, ATTACH);
	w.error = ENOMEM;
	EXPECT_OK(ioas_map(w.a.fd, w.a.ioas, r, 2 * IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(w.a.fd, w.a.ioas, w.p, IOVA, PAGE, RW));
	refuse_at(attach_functions());
	hold_at(between());
	refuse(1, ENOMEM);
	unmap_in_the_window(&w, PAGE);
	expect_all_refused();
	hold_end();
	EXPECT_EQ(nr_attachments(w.a.fd, w.a.ioas), 1);
	EXPECT_EQ(nr_attachments(w.a.fd, w.other), 0);
	expect_dma(&w.a.dev, 2 * IOVA, r, PAGE);
}
END_TEST

static void *close_device(void *arg)
{
	struct call *c = arg;

	c->ret = close(c->dev);
	c->ended = 1;
	return NULL;
}

/* It stays attached through another device */
START_TEST(unmap_beside_a_close_leaves_nothing_to_reach)
{
	struct window w;
	struct dev two;

	if (!between())
		return;
	window_open(&w, DETACH);
	dev_start(&two, TESTDEV_1, w.a.fd);
	EXPECT_OK(dev_attach(two.fd, w.a.fd, w.a.ioas));
	EXPECT_OK(ioas_map(w.a.fd, w.a.ioas, w.p, IOVA, PAGE, RW));
	w.unmap.length = PAGE;
	expect_dma(&two, IOVA, w.p, PAGE);
	dev_unmap_bar(&w.a.dev);
	hold_at(between());
	hold_next();
	EXPECT_EQ(pthread_create(&w.change.thread, NULL, close_device, &w.change), 0);
	hold_wait();
	call_start(&w.unmap);
	call_waits(&w.unmap);
	hold_go();
	call_ends(&w.change, 0);
	call_ends(&w.unmap, 0);
	hold_end();
	memset(w.p, CANARY, PAGE);
	expect_blocked(&two, IOVA, w.p, PAGE);
}
END_TEST

/* ---------------------------------------- a group that others leave or join */

static void *take_out(void *arg)
{
	struct call *c = arg;
	char bdf[BDF_SIZE];

	c->ret = pci_remove(which_bdf(TWIN_1, bdf));
	c->ended = 1;
	return NULL;
}

static void *plug_in(void *arg)
{
	struct call *c = arg;

	c->ret = pci_rescan();
	c->ended = 1;
	return NULL;
}

/* Two functions of one group, of which one is bound. @call is what others do while the
 * other one leaves or joins: in an address space with a page at IOVA, and many further up
 */
struct twins {
	int fd;
	struct dev dev;
	char other[BDF_SIZE];
	char *p;
	struct call change, call;
};

static void twins_attach(struct twins *t, int what)
{
	*t = (struct twins){ .fd = EXPECT_OK(iommu_open()) };
	which_bdf(TWIN_1, t->other);
	dev_start(&t->dev, TWIN_0, t->fd);
	t->p = memory(MANY_PAGES * PAGE, CANARY);
	t->call = (struct call){
		.what = what, .fd = t->fd, .ioas = new_ioas(t->fd), .iova = IOVA,
		.length = PAGE, .vaddr = t->p,
	};
	EXPECT_OK(ioas_map(t->fd, t->call.ioas, t->p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(t->fd, t->call.ioas, t->p, IOVA + 1024 * PAGE, MANY_PAGES * PAGE,
			   RW));
	EXPECT_OK(dev_attach(t->dev.fd, t->fd, t->call.ioas));
	expect_dma(&t->dev, IOVA, t->p, PAGE);
}

/* The kernel changes what the other one is attached to by itself, and is held there */
static void twins_change(struct twins *t, const char *function, void *(*change)(void *arg))
{
	hold_at(function);
	hold_next();
	EXPECT_EQ(pthread_create(&t->change.thread, NULL, change, &t->change), 0);
	hold_wait();
}

static void unmap_waits_for(struct twins *t)
{
	call_start(&t->call);
	call_waits(&t->call);
	hold_go();
	call_ends(&t->change, 0);
	call_ends(&t->call, 0);
	hold_end();
	EXPECT_OK(ioas_unmap_all(t->fd, t->call.ioas, NULL));
	memset(t->p, CANARY, PAGE);
	expect_blocked(&t->dev, IOVA, t->p, PAGE);
}

static void twins_end(struct twins *t)
{
	EXPECT_OK(pci_rescan());
	EXPECT_TRUE(pci_exists(t->other));
}

START_TEST(unmap_waits_while_a_device_leaves_the_group)
{
	struct twins t;

	if (!between())
		return;
	twins_attach(&t, UNMAP);
	twins_change(&t, between(), take_out);
	unmap_waits_for(&t);
	twins_end(&t);
}
END_TEST

/* Its entry is there, and it is not in the domain's flush list yet */
static const char *after_the_entry(void)
{
	return config_has("vtd") && !kernel_is("6.1") ? "cache_tag_assign_domain" : NULL;
}

START_TEST(unmap_waits_while_a_device_joins_the_group)
{
	struct twins t;

	if (!after_the_entry())
		return;
	twins_attach(&t, UNMAP);
	EXPECT_OK(pci_remove(t.other));
	twins_change(&t, after_the_entry(), plug_in);
	unmap_waits_for(&t);
	twins_end(&t);
}
END_TEST

/*
 * 6.1's driver goes through the domain's IOMMUs at the end of a map, under no lock that
 * keeps them from being taken out
 */
static const char *walks_iommus(void)
{
	return config_has("vtd") && kernel_is("6.1") ? "intel_iommu_iotlb_sync_map" : NULL;
}

static void device_waits_for_a_map(struct twins *t, void *(*change)(void *arg))
{
	unsigned int i;

	t->call.iova = 2 * IOVA;
	hold_at(walks_iommus());
	hold_next();
	call_start(&t->call);
	hold_wait();
	EXPECT_EQ(pthread_create(&t->change.thread, NULL, change, &t->change), 0);
	/* A rescan that waits for nothing takes longer than others */
	for (i = 0; i < 10; i++)
		call_waits(&t->change);
	hold_go();
	call_ends(&t->call, 0);
	call_ends(&t->change, 0);
	hold_end();
	expect_dma(&t->dev, 2 * IOVA, t->p, PAGE);
	twins_end(t);
}

START_TEST(device_that_leaves_the_group_waits_for_a_map)
{
	struct twins t;

	if (!walks_iommus())
		return;
	twins_attach(&t, MAP);
	device_waits_for_a_map(&t, take_out);
}
END_TEST

START_TEST(device_that_joins_the_group_waits_for_a_map)
{
	struct twins t;

	if (!walks_iommus())
		return;
	twins_attach(&t, MAP);
	EXPECT_OK(pci_remove(t.other));
	device_waits_for_a_map(&t, plug_in);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		unmap_beside_a_detach_leaves_nothing_to_reach,
		unmap_beside_a_replace_leaves_nothing_to_reach,
		unmap_beside_a_refused_replace_leaves_nothing_to_reach,
		unmap_beside_a_close_leaves_nothing_to_reach,
		unmap_waits_while_a_device_leaves_the_group,
		unmap_waits_while_a_device_joins_the_group,
		device_that_leaves_the_group_waits_for_a_map,
		device_that_joins_the_group_waits_for_a_map,
		NULL,
	};
	int failed = run_program(argc, argv, "window-unmap", tests, RUN_DEVICES);

	hold_end();
	if (module_is_loaded(REFUSE_MODULE))
		failed |= module_unload(REFUSE_MODULE);
	return failed;
}
