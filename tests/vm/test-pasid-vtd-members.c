// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASIDs and a group that gets another device, with the kernel's own VT-d driver: what
 * it installs for which function. Two functions of igb that do not keep apart
 * (ioasid_test_pasidcap), one of them taken out and plugged in again. No emulated device
 * sends PASIDs, so what is looked at is the tables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "hold.h"
#include "log.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "scene.h"
#include "vtdtable.h"

static char one[BDF_SIZE], other[BDF_SIZE];

struct setting {
	int fd, dev;
	__u32 a, b;
	char *mem;
};

static void take_out(const char *bdf)
{
	EXPECT_OK(pci_remove(bdf));
	EXPECT_TRUE(!pci_exists(bdf));
}

static void plug_in(const char *bdf)
{
	EXPECT_OK(pci_rescan());
	EXPECT_TRUE(pci_exists(bdf));
	EXPECT_EQ(pci_group(bdf), pci_group(one));
}

/* One function is bound, and alone */
static struct setting half(void)
{
	struct setting s;

	vtd_with_pasids_together(one, other);
	take_out(other);
	EXPECT_OK(pci_give_to(one, "ioasid_vfio_pci"));
	s.fd = EXPECT_OK(iommu_open());
	s.dev = EXPECT_OK(dev_open_bdf(one));
	EXPECT_OK(dev_bind(s.dev, s.fd, 1));
	s.a = new_ioas(s.fd);
	s.b = new_ioas(s.fd);
	s.mem = memory(PAGE, CANARY);
	EXPECT_OK(ioas_map(s.fd, s.a, s.mem, IOVA, PAGE, RW));
	return s;
}

/* With both functions there again */
static void done(struct setting *s)
{
	EXPECT_OK(close(s->dev));
	if (!pci_exists(other))
		plug_in(other);
	EXPECT_OK(pci_take_back(one));
}

static bool is_there(const char *bdf, __u32 pasid)
{
	return vtd_pasid_entry(bdf, pasid).present;
}

static void expect_pasids(struct setting *s, bool any)
{
	struct ioasid_pasid_info info;
	struct device_caps caps;

	EXPECT_OK(dev_pasid_info(s->dev, &info));
	EXPECT_EQ(info.width, any ? VTD_PASID_WIDTH : 0);
	EXPECT_EQ(info.flags, any ? IOASID_PASID_IDENTICAL | IOASID_PASID_ALIAS : 0);
	device_caps(s->fd, 1, &caps);
	EXPECT_EQ(caps.info.pasid_width, info.width);
	EXPECT_EQ(caps.info.group_devices, any ? 1 : 2);
}

START_TEST(pasids_are_refused_while_the_group_has_two_devices)
{
	struct setting s = half();

	expect_pasids(&s, true);
	plug_in(other);
	EXPECT_ERRNO(dev_attach_pasid(s.dev, s.fd, s.a, 5), EOPNOTSUPP);
	EXPECT_ERRNO(dev_attach_pasid(s.dev, s.fd, s.a, 0), EOPNOTSUPP);
	EXPECT_TRUE(!is_there(one, 5));
	EXPECT_TRUE(!is_there(other, 5));
	expect_pasids(&s, false);
	EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
	/* and none once it has gone */
	take_out(other);
	expect_pasids(&s, true);
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	EXPECT_TRUE(is_there(one, 5));
	EXPECT_OK(dev_detach_pasid(s.dev, s.fd, 5));
	done(&s);
}
END_TEST

START_TEST(device_bound_in_a_group_of_two_has_no_pasids)
{
	struct setting s = half();
	int again = EXPECT_OK(iommu_open());

	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	plug_in(other);
	EXPECT_OK(dev_bind(s.dev, again, 2));
	EXPECT_ERRNO(dev_attach_pasid(s.dev, again, new_ioas(again), 6), EOPNOTSUPP);
	EXPECT_OK(dev_unbind(s.dev, again));
	done(&s);
}
END_TEST

static bool is_said(int log)
{
	char line[512];

	while (log_next(log, line, sizeof(line)))
		if (strstr(line, "PASIDs end") && strstr(line, one) && strstr(line, other))
			return true;
	return false;
}

START_TEST(pasids_end_before_another_device_joins)
{
	struct setting s = half();
	int log = EXPECT_OK(log_open());
	__u32 i;

	EXPECT_OK(dev_attach(s.dev, s.fd, s.b));
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 6));
	EXPECT_OK(dev_alias(s.dev, s.fd, 6, 7));
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.b, 8));
	plug_in(other);
	for (i = 5; i < 9; i++) {
		EXPECT_TRUE(!is_there(one, i));
		EXPECT_TRUE(!is_there(other, i));
	}
	EXPECT_TRUE(is_said(log));
	/* by RID all goes on */
	EXPECT_TRUE(is_there(one, 0));
	EXPECT_EQ(vtd_pasid_entry(one, 0).table, vtd_pasid_entry(other, 0).table);
	/* they are the user's until they are detached */
	expect_pasids(&s, false);
	EXPECT_EQ(nr_attachments(s.fd, s.a), 2);
	EXPECT_ERRNO(dev_alias(s.dev, s.fd, 5, 9), EOPNOTSUPP);
	EXPECT_ERRNO(dev_attach_pasid(s.dev, s.fd, s.b, 5), EIO);
	EXPECT_ERRNO(dev_detach_pasid(s.dev, s.fd, 5), EINVAL);
	EXPECT_ERRNO(dev_attach_pasid(s.dev, s.fd, s.b, 5), EOPNOTSUPP);
	EXPECT_ERRNO(dev_attach_pasid(s.dev, s.fd, s.a, 6), EIO);
	EXPECT_OK(dev_detach_pasid(s.dev, s.fd, 8));
	EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
	EXPECT_OK(ioas_unmap(s.fd, s.a, IOVA, PAGE, NULL));

	take_out(other);
	for (i = 5; i < 9; i++) {
		EXPECT_TRUE(!is_there(one, i));
		EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, i));
		EXPECT_TRUE(is_there(one, i));
	}
	done(&s);
}
END_TEST

/* What has ended does not come back by itself, whatever has left */
START_TEST(pasids_that_have_ended_are_to_be_detached)
{
	struct setting s = half();

	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 6));
	plug_in(other);
	take_out(other);
	EXPECT_TRUE(!is_there(one, 5));
	EXPECT_ERRNO(dev_alias(s.dev, s.fd, 5, 9), EOPNOTSUPP);
	EXPECT_ERRNO(dev_attach_pasid(s.dev, s.fd, s.b, 5), EIO);
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.b, 5));
	EXPECT_TRUE(is_there(one, 5));
	EXPECT_TRUE(!is_there(one, 6));
	EXPECT_OK(dev_detach_pasid(s.dev, s.fd, 6));
	done(&s);
}
END_TEST

START_TEST(detach_of_what_was_attached_before_another_device_joined)
{
	struct setting s = half();

	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 6));
	plug_in(other);
	EXPECT_OK(dev_detach_pasid(s.dev, s.fd, 5));
	EXPECT_OK(dev_detach_pasid(s.dev, s.fd, 6));
	EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
	done(&s);
}
END_TEST

/* With a device TLB the driver goes to each device that has a PASID to flush */
START_TEST(unmap_after_another_device_has_gone)
{
	struct setting s = half();
	int ret;

	EXPECT_OK(dev_attach(s.dev, s.fd, s.a));
	plug_in(other);
	ret = dev_attach_pasid(s.dev, s.fd, s.a, 5);
	take_out(other);
	EXPECT_OK(ioas_unmap(s.fd, s.a, IOVA, PAGE, NULL));
	EXPECT_EQ(ret, -1);
	done(&s);
}
END_TEST

static void plug_and_unplug(void *arg)
{
	int i;

	for (i = 0; i < 8; i++) {
		EXPECT_OK(pci_rescan());
		EXPECT_TRUE(!is_there(arg, 5) && !is_there(arg, 6) && !is_there(arg, 7));
		EXPECT_OK(pci_remove(arg));
	}
}

/* 0, or one of those that a call may answer */
static void expect_one_of(int ret, int a, int b)
{
	EXPECT_TRUE(!ret || errno == a || errno == b);
}

START_TEST(plugging_while_pasids_are_attached)
{
	struct setting s = half();
	pid_t pid = start_child(plug_and_unplug, other);

	while (child_runs(pid)) {
		expect_one_of(dev_attach_pasid(s.dev, s.fd, s.a, 5), EOPNOTSUPP, EIO);
		expect_one_of(dev_attach_pasid(s.dev, s.fd, s.b, 6), EOPNOTSUPP, EIO);
		expect_one_of(dev_alias(s.dev, s.fd, 5, 7), EOPNOTSUPP, EINVAL);
		EXPECT_OK(ioas_unmap(s.fd, s.a, IOVA, PAGE, NULL));
		EXPECT_OK(ioas_map(s.fd, s.a, s.mem, IOVA, PAGE, RW));
		expect_one_of(dev_attach_pasid(s.dev, s.fd, s.b, 5), EOPNOTSUPP, EIO);
		expect_one_of(dev_detach_pasid(s.dev, s.fd, 5), EINVAL, EINVAL);
		expect_one_of(dev_detach_pasid(s.dev, s.fd, 6), EINVAL, EINVAL);
	}
	end_child(pid);
	EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
	EXPECT_EQ(nr_attachments(s.fd, s.b), 0);
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	EXPECT_TRUE(is_there(one, 5));
	done(&s);
}
END_TEST

static void *reset(void *arg)
{
	struct call *c = arg;

	c->ret = ioctl(c->dev, VFIO_DEVICE_RESET);
	c->err = errno;
	c->ended = 1;
	return NULL;
}

/* Here it is not in the domain's flush list any more, and its entry is still there */
#define BETWEEN		"intel_pasid_tear_down_entry"

/*
 * From 7.2 on the kernel takes a device with ATS out of what is behind its PASIDs too, and
 * puts it back. By RID nothing is attached: its address space is of the PASID alone.
 */
START_TEST(unmap_waits_while_pasids_are_reset)
{
	struct setting s = half();
	struct call change = { .dev = s.dev }, unmap = {
		.what = UNMAP, .fd = s.fd, .ioas = s.a, .iova = IOVA, .length = PAGE,
	};

	if (kernel_is("6.12")) {
		done(&s);
		return;
	}
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	hold_at(BETWEEN);
	/* The first one is of the RID */
	hold_calls(2);
	EXPECT_EQ(pthread_create(&change.thread, NULL, reset, &change), 0);
	hold_wait();
	EXPECT_TRUE(is_there(one, 5));
	call_start(&unmap);
	call_waits(&unmap);
	hold_go();
	call_ends(&change, 0);
	call_ends(&unmap, 0);
	hold_end();
	EXPECT_EQ(unmap.unmapped, PAGE);
	EXPECT_TRUE(is_there(one, 5));
	EXPECT_EQ(nr_attachments(s.fd, s.a), 1);
	done(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		pasids_are_refused_while_the_group_has_two_devices,
		device_bound_in_a_group_of_two_has_no_pasids,
		pasids_end_before_another_device_joins,
		pasids_that_have_ended_are_to_be_detached,
		detach_of_what_was_attached_before_another_device_joined,
		unmap_after_another_device_has_gone,
		plugging_while_pasids_are_attached,
		unmap_waits_while_pasids_are_reset,
		NULL,
	};
	int failed = run_program(argc, argv, "pasid_vtd_members", tests,
				 RUN_DEVICES | RUN_LONG);

	hold_end();
	return failed;
}
