// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices are plugged into a group that a user has, and taken out of it. What is
 * new has never been anybody's, and its DMA is tried before any driver has it.
 */
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "legacy.h"
#include "memory.h"
#include "modules.h"
#include "process.h"
#include "run.h"

/* One device of two, bound; the other is known by its address alone */
struct half {
	int fd;
	__u32 ioas;
	char *p;
	struct dev dev;
	char other[BDF_SIZE];
};

static struct half half(enum which mine, enum which other)
{
	struct half h;

	h.fd = EXPECT_OK(iommu_open());
	h.ioas = new_ioas(h.fd);
	h.p = memory(2 * PAGE, CANARY);
	EXPECT_OK(ioas_map(h.fd, h.ioas, h.p, IOVA, PAGE, RW));
	dev_start(&h.dev, mine, h.fd);
	which_bdf(other, h.other);
	return h;
}

static void take_out(const char *bdf)
{
	EXPECT_OK(pci_remove(bdf));
	EXPECT_TRUE(!pci_exists(bdf));
}

static void plug_in(const char *bdf)
{
	EXPECT_OK(pci_rescan());
	EXPECT_TRUE(pci_exists(bdf));
}

/* virtio-iommu and Arm's learn of a device when a driver is to be bound to it; before
 * that it is in no group, and what it reaches is the kernel's affair
 */
static bool known_without_driver(const char *bdf)
{
	if (pci_group(bdf) >= 0)
		return true;
	EXPECT_TRUE(config_has("virtio") || config_has("smmuv3"));
	return false;
}

static __u32 group_devices(struct half *h)
{
	struct device_caps caps;

	device_caps(h->fd, h->dev.cookie, &caps);
	return caps.info.group_devices;
}

/* The memory that is mapped, or if @p is NULL nothing; never the kernel's domain */
static void new_one_reaches(struct half *h, char *p)
{
	struct dev raw;

	if (!known_without_driver(h->other))
		return;
	dev_raw(&raw, h->other);
	/* first of all: with the kernel's own domain IOVA may be the kernel's text */
	expect_blocked(&raw, phys_of(h->p), h->p, PAGE);
	if (p)
		expect_dma(&raw, IOVA, p, PAGE);
	else
		expect_blocked(&raw, IOVA, h->p, PAGE);
	expect_blocked(&raw, IOVA + PAGE, h->p + PAGE, PAGE);
	dev_unmap_bar(&raw);
}

START_TEST(device_plugged_into_a_bound_group_is_blocked)
{
	struct half h = half(TWIN_0, TWIN_1);
	struct dev raw;

	EXPECT_EQ(group_devices(&h), 2);
	take_out(h.other);
	EXPECT_EQ(group_devices(&h), 1);
	plug_in(h.other);
	new_one_reaches(&h, NULL);
	dev_unmap_bar(&h.dev);
	EXPECT_OK(dev_unbind(h.dev.fd, h.fd));
	/* or else this shows nothing */
	if (default_is_passthrough()) {
		dev_raw(&raw, h.other);
		/* by a device tree the IOMMU gets to know it with its first driver */
		if (config_has("smmuv3"))
			expect_blocked(&raw, phys_of(h.p), h.p, PAGE);
		else
			expect_dma(&raw, phys_of(h.p), h.p, PAGE);
		dev_unmap_bar(&raw);
	}
	EXPECT_OK(pci_give_to(h.other, "ioasid_vfio_pci"));
}
END_TEST

START_TEST(device_plugged_into_an_attached_group_reaches_what_is_attached)
{
	struct half h = half(TWIN_0, TWIN_1);
	struct dev b;
	int i;

	for (i = 0; i < 3; i++) {
		EXPECT_OK(dev_attach(h.dev.fd, h.fd, h.ioas));
		take_out(h.other);
		expect_dma(&h.dev, IOVA, h.p, PAGE);
		plug_in(h.other);
		new_one_reaches(&h, h.p);
		EXPECT_EQ(nr_attachments(h.fd, h.ioas), 1);

		/* and once it has been given to the user */
		EXPECT_OK(pci_give_to(h.other, "ioasid_vfio_pci"));
		EXPECT_EQ(group_devices(&h), 2);
		dev_start(&b, TWIN_1, h.fd);
		expect_dma(&b, IOVA, h.p, PAGE);
		expect_blocked(&b, phys_of(h.p), h.p, PAGE);
		EXPECT_OK(dev_attach(b.fd, h.fd, h.ioas));
		EXPECT_EQ(nr_attachments(h.fd, h.ioas), 2);
		EXPECT_OK(dev_detach(h.dev.fd, h.fd));
		expect_dma(&b, IOVA, h.p, PAGE);
		EXPECT_OK(dev_detach(b.fd, h.fd));
		expect_blocked(&b, IOVA, h.p, PAGE);
		dev_unmap_bar(&b);
		EXPECT_OK(close(b.fd));
	}
}
END_TEST

START_TEST(device_plugged_in_follows_the_group_from_then_on)
{
	struct half h = half(TWIN_0, TWIN_1);
	__u32 second = new_ioas(h.fd);
	char *q = h.p + PAGE;

	EXPECT_OK(ioas_map(h.fd, second, q, IOVA, PAGE, RW));
	take_out(h.other);
	plug_in(h.other);
	EXPECT_OK(dev_attach(h.dev.fd, h.fd, h.ioas));
	new_one_reaches(&h, h.p);
	EXPECT_OK(dev_attach(h.dev.fd, h.fd, second));
	new_one_reaches(&h, q);
	EXPECT_OK(dev_detach(h.dev.fd, h.fd));
	new_one_reaches(&h, NULL);
	EXPECT_OK(pci_give_to(h.other, "ioasid_vfio_pci"));
}
END_TEST

START_TEST(host_gets_no_device_that_is_plugged_into_a_bound_group)
{
	int fd = EXPECT_OK(iommu_open());
	char bdf[BDF_SIZE], driver[64];
	struct legacy l;
	struct dev dev;

	EXPECT_OK(module_load("virtio_pci", NULL));
	dev_open_only(&dev, HOSTED);
	take_out(hosts_bdf(bdf));
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
	/* there is a driver that wants it, and it is offered to it */
	plug_in(bdf);
	pci_driver(bdf, driver, sizeof(driver));
	EXPECT_EQ(strlen(driver), 0);
	EXPECT_ERRNO(pci_bind_driver(bdf, "virtio-pci"), EBUSY);
	legacy_open(&l, HOSTED);
	EXPECT_ERRNO(legacy_claim(&l), EPERM);
	legacy_close(&l);
	EXPECT_OK(dev_unbind(dev.fd, fd));
	EXPECT_OK(pci_bind_driver(bdf, "virtio-pci"));
}
END_TEST

static void remove_it(void *arg)
{
	close_all();
	EXPECT_OK(pci_remove(arg));
}

static void one_goes_the_other_stays(enum which goes, enum which stays)
{
	struct half h = half(stays, goes);
	long before = pages_pinned();
	__u32 late = new_ioas(h.fd);
	struct dev b;
	pid_t pid;

	/* the one that goes is the first to be bound */
	dev_unmap_bar(&h.dev);
	EXPECT_OK(close(h.dev.fd));
	dev_start(&b, goes, h.fd);
	dev_start(&h.dev, stays, h.fd);
	EXPECT_OK(dev_attach(b.fd, h.fd, h.ioas));
	EXPECT_OK(dev_attach(h.dev.fd, h.fd, h.ioas));
	pid = start_child(remove_it, h.other);
	sleep_ms(100);
	/* its user has it, and its group, until it lets go */
	EXPECT_TRUE(child_runs(pid));
	expect_dma(&b, IOVA, h.p, PAGE);
	expect_dma(&h.dev, IOVA, h.p, PAGE);
	EXPECT_OK(ioas_map(h.fd, h.ioas, h.p + PAGE, IOVA + GIB, PAGE, RW));
	dev_unmap_bar(&b);
	EXPECT_OK(close(b.fd));
	end_child(pid);
	EXPECT_TRUE(!pci_exists(h.other));

	/* all goes on without it */
	expect_dma(&h.dev, IOVA, h.p, PAGE);
	expect_dma(&h.dev, IOVA + GIB, h.p + PAGE, PAGE);
	EXPECT_EQ(group_devices(&h), 1);
	EXPECT_OK(ioas_map(h.fd, late, h.p + PAGE, IOVA, PAGE, RW));
	EXPECT_OK(dev_attach(h.dev.fd, h.fd, late));
	expect_dma(&h.dev, IOVA, h.p + PAGE, PAGE);
	EXPECT_OK(dev_detach(h.dev.fd, h.fd));
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_OK(dev_attach(h.dev.fd, h.fd, h.ioas));

	plug_in(h.other);
	new_one_reaches(&h, h.p);
	EXPECT_OK(pci_give_to(h.other, "ioasid_vfio_pci"));
	dev_start(&b, goes, h.fd);
	EXPECT_OK(dev_attach(b.fd, h.fd, h.ioas));
	expect_dma(&b, IOVA, h.p, PAGE);
}

START_TEST(removal_of_the_first_device_of_a_group_leaves_the_second_in_use)
{
	one_goes_the_other_stays(TWIN_0, TWIN_1);
}
END_TEST

START_TEST(removal_of_the_second_device_of_a_group_leaves_the_first_in_use)
{
	one_goes_the_other_stays(TWIN_1, TWIN_0);
}
END_TEST

static void plug_and_unplug(void *arg)
{
	int i;

	for (i = 0; i < 15; i++) {
		EXPECT_OK(pci_remove(arg));
		EXPECT_OK(pci_rescan());
	}
}

START_TEST(plugging_while_attaching_and_mapping)
{
	struct half h = half(TWIN_0, TWIN_1);
	pid_t pid;

	pid = start_child(plug_and_unplug, h.other);
	while (child_runs(pid)) {
		EXPECT_OK(dev_attach(h.dev.fd, h.fd, h.ioas));
		EXPECT_OK(ioas_map(h.fd, h.ioas, h.p + PAGE, IOVA + MIB, PAGE, RW));
		expect_dma(&h.dev, IOVA + MIB, h.p + PAGE, PAGE);
		EXPECT_OK(ioas_unmap(h.fd, h.ioas, IOVA + MIB, PAGE, NULL));
		expect_blocked(&h.dev, IOVA + MIB, h.p + PAGE, PAGE);
		EXPECT_OK(dev_detach(h.dev.fd, h.fd));
		expect_blocked(&h.dev, IOVA, h.p, PAGE);
	}
	end_child(pid);
	new_one_reaches(&h, NULL);
	EXPECT_OK(pci_give_to(h.other, "ioasid_vfio_pci"));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		device_plugged_into_a_bound_group_is_blocked,
		device_plugged_into_an_attached_group_reaches_what_is_attached,
		device_plugged_in_follows_the_group_from_then_on,
		host_gets_no_device_that_is_plugged_into_a_bound_group,
		removal_of_the_first_device_of_a_group_leaves_the_second_in_use,
		removal_of_the_second_device_of_a_group_leaves_the_first_in_use,
		plugging_while_attaching_and_mapping,
		NULL,
	};

	return run_program(argc, argv, "hotplug", tests, RUN_DEVICES);
}
