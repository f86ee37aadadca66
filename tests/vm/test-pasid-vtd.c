// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching by PASID with the kernel's own VT-d driver: what it installs in the
 * hardware's tables, and takes out again. No emulated device sends PASIDs, so
 * there is no DMA here; igb gets a PASID capability from ioasid_test_pasidcap.
 */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "vtdtable.h"

#define WIDTH	VTD_PASID_WIDTH

static char igb[BDF_SIZE];

struct setting {
	int fd, dev;
	__u32 a, b;
};

static struct setting bound(void)
{
	struct setting s;

	vtd_with_pasids(igb);
	EXPECT_OK(pci_give_to(igb, "ioasid_vfio_pci"));
	s.fd = EXPECT_OK(iommu_open());
	s.dev = EXPECT_OK(dev_open_bdf(igb));
	EXPECT_OK(dev_bind(s.dev, s.fd, 1));
	s.a = new_ioas(s.fd);
	s.b = new_ioas(s.fd);
	return s;
}

static void done(struct setting *s)
{
	close(s->dev);
	EXPECT_OK(pci_take_back(igb));
}

static void expect_gone(__u32 pasid)
{
	EXPECT_TRUE(!vtd_pasid_entry(igb, pasid).present);
}

/* The table that is installed for a PASID */
static __u64 installed(__u32 pasid)
{
	struct vtd_pasid_entry entry = vtd_pasid_entry(igb, pasid);

	EXPECT_TRUE(entry.present);
	EXPECT_TRUE(entry.type == 1 || entry.type == 2);
	EXPECT_TRUE(entry.table);
	return entry.table;
}

START_TEST(pasids_are_said_by_the_info_calls)
{
	struct setting s = bound();
	struct ioasid_pasid_info info;
	struct device_caps caps;

	EXPECT_OK(dev_pasid_info(s.dev, &info));
	EXPECT_EQ(info.width, WIDTH);
	EXPECT_EQ(info.flags, IOASID_PASID_IDENTICAL | IOASID_PASID_ALIAS);
	device_caps(s.fd, 1, &caps);
	EXPECT_EQ(caps.info.pasid_width, info.width);
	EXPECT_EQ(caps.info.pasid_flags, info.flags);
	done(&s);
}
END_TEST

START_TEST(pasid_entry_is_installed_by_attach_and_gone_after_detach)
{
	struct setting s = bound();
	__u32 numbers[] = { 1, 63, 64, 4711, (1 << WIDTH) - 1 };
	unsigned int i;

	for (i = 0; i < 5; i++) {
		expect_gone(numbers[i]);
		EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, numbers[i]));
	}
	for (i = 0; i < 5; i++)
		EXPECT_EQ(installed(numbers[i]), installed(1));
	EXPECT_EQ(nr_attachments(s.fd, s.a), 5);
	for (i = 0; i < 5; i++) {
		EXPECT_OK(dev_detach_pasid(s.dev, s.fd, numbers[i]));
		expect_gone(numbers[i]);
	}
	EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
	done(&s);
}
END_TEST

/* What is said to be enforced is in the entry, where that is where it is */
START_TEST(pasid_snoops_if_that_is_said_to_be_enforced)
{
	struct ioasid_info info = { .argsz = sizeof(info) };
	struct setting s = bound();

	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	info.ioasid = s.a;
	EXPECT_OK(ioctl(s.fd, IOMMU_IOASID_GET_INFO, &info));
	EXPECT_EQ(!!(info.flags & IOASID_INFO_SNOOP_ENFORCED), config_is("vtd-pasid-fs"));
	if (config_is("vtd-pasid-fs")) {
		EXPECT_EQ(vtd_pasid_entry(igb, 5).type, 1);
		EXPECT_TRUE(vtd_pasid_entry(igb, 5).snoop);
		EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 6));
		EXPECT_TRUE(vtd_pasid_entry(igb, 6).snoop);
	}
	done(&s);
}
END_TEST

START_TEST(pasid_and_rid_have_tables_of_their_own)
{
	struct setting s = bound();
	__u64 rid;

	EXPECT_OK(dev_attach(s.dev, s.fd, s.a));
	rid = installed(0);
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.b, 5));
	EXPECT_NE(installed(5), rid);
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 6));
	EXPECT_EQ(installed(6), rid);
	EXPECT_OK(dev_detach(s.dev, s.fd));
	EXPECT_NE(installed(0), rid);
	EXPECT_EQ(installed(6), rid);
	done(&s);
}
END_TEST

START_TEST(pasid_attached_again_changes_nothing_and_another_replaces_it)
{
	struct setting s = bound();
	__u64 table;

	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	table = installed(5);
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	EXPECT_EQ(installed(5), table);
	EXPECT_EQ(nr_attachments(s.fd, s.a), 1);
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.b, 5));
	EXPECT_NE(installed(5), table);
	EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
	EXPECT_EQ(nr_attachments(s.fd, s.b), 1);
	done(&s);
}
END_TEST

START_TEST(pasids_out_of_range_are_einval)
{
	struct setting s = bound();
	struct ioasid_attach none = {
		.argsz = sizeof(none), .flags = IOASID_ATTACH_PASID, .iommu_fd = s.fd, .ioasid = s.a,
	};

	EXPECT_ERRNO(ioctl(s.dev, IOASID_DEVICE_ATTACH, &none), EINVAL);
	EXPECT_ERRNO(dev_attach_pasid(s.dev, s.fd, s.a, 1 << WIDTH), EINVAL);
	EXPECT_ERRNO(dev_attach_pasid(s.dev, s.fd, s.a, ~0U), EINVAL);
	EXPECT_ERRNO(dev_detach_pasid(s.dev, s.fd, 7), EINVAL);
	EXPECT_ERRNO(dev_detach_pasid(s.dev, s.fd, 0), EINVAL);
	EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
	done(&s);
}
END_TEST

START_TEST(pasid_alias_is_installed_replaced_and_gone_with_its_pasid)
{
	struct setting s = bound();
	__u64 table;
	int pasid;

	EXPECT_OK(dev_set_pasid_floor(s.dev, s.fd, 100));
	pasid = EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 0));
	EXPECT_GE(pasid, 100);
	EXPECT_ERRNO(dev_alias(s.dev, s.fd, pasid, 100), EINVAL);
	EXPECT_OK(dev_alias(s.dev, s.fd, pasid, 7));
	table = installed(pasid);
	EXPECT_EQ(installed(7), table);
	EXPECT_ERRNO(dev_attach_pasid(s.dev, s.fd, s.b, 200), EINVAL);

	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.b, pasid));
	EXPECT_NE(installed(pasid), table);
	EXPECT_EQ(installed(7), installed(pasid));
	/* by either name */
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 7));
	EXPECT_EQ(installed(7), installed(pasid));
	EXPECT_EQ(nr_attachments(s.fd, s.a), 1);
	EXPECT_OK(dev_detach_pasid(s.dev, s.fd, 7));
	expect_gone(7);
	expect_gone(pasid);
	done(&s);
}
END_TEST

START_TEST(pasids_end_with_the_binding)
{
	struct setting s = bound();

	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.b, 6));
	EXPECT_OK(dev_alias(s.dev, s.fd, 6, 1000));
	installed(1000);
	EXPECT_OK(dev_unbind(s.dev, s.fd));
	expect_gone(5);
	expect_gone(6);
	expect_gone(1000);
	EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
	done(&s);
}
END_TEST

static void unbind_driver(void *arg)
{
	close_all();
	EXPECT_OK(pci_unbind_driver(arg));
}

START_TEST(pasids_end_when_the_driver_is_unbound_and_their_user_lets_go)
{
	struct setting s = bound();
	pid_t pid;

	EXPECT_OK(dev_attach(s.dev, s.fd, s.b));
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	EXPECT_OK(dev_alias(s.dev, s.fd, 5, 6));
	pid = start_child(unbind_driver, igb);
	sleep_ms(300);
	EXPECT_TRUE(child_runs(pid));
	/* until then they are its own */
	EXPECT_EQ(installed(5), installed(6));
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.b, 6));
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 7));
	EXPECT_NE(installed(5), installed(7));
	EXPECT_OK(close(s.dev));
	end_child(pid);
	expect_gone(5);
	expect_gone(6);
	expect_gone(7);
	EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
	EXPECT_EQ(nr_attachments(s.fd, s.b), 0);
	EXPECT_OK(ioas_free(s.fd, s.a));
	EXPECT_OK(pci_take_back(igb));
}
END_TEST

START_TEST(pasids_are_taken_for_other_files_of_the_same_device)
{
	struct setting s = bound();
	int other = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(other);

	EXPECT_OK(dev_bind(s.dev, other, 9));
	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 5));
	EXPECT_ERRNO(dev_attach_pasid(s.dev, other, ioas, 5), EBUSY);
	EXPECT_ERRNO(dev_detach_pasid(s.dev, other, 5), EBUSY);
	EXPECT_ERRNO(dev_set_pasid_floor(s.dev, other, 10), EBUSY);
	EXPECT_OK(dev_attach_pasid(s.dev, other, ioas, 6));
	EXPECT_ERRNO(dev_alias(s.dev, other, 6, 5), EBUSY);
	EXPECT_OK(dev_unbind(s.dev, s.fd));
	expect_gone(5);
	installed(6);
	EXPECT_OK(dev_attach_pasid(s.dev, other, ioas, 5));
	done(&s);
}
END_TEST

/* As test-ioctl-args does it with the calls that any device takes */
START_TEST(pasid_calls_check_their_arguments)
{
	struct setting s = bound();
	struct {
		struct ioasid_alias alias;
		__u64 tail;
	} longer = { .alias = { .argsz = sizeof(longer), .iommu_fd = s.fd, .pasid = 1, .alias = 2 } };
	struct ioasid_alias alias = longer.alias;
	struct ioasid_pasid_floor floor = { .argsz = sizeof(floor), .iommu_fd = s.fd };
	int other = EXPECT_OK(iommu_open());

	EXPECT_OK(ioctl(s.dev, IOASID_DEVICE_SET_PASID_FLOOR, &floor));
	floor.argsz--;
	EXPECT_ERRNO(ioctl(s.dev, IOASID_DEVICE_SET_PASID_FLOOR, &floor), EINVAL);
	floor = (struct ioasid_pasid_floor){ .argsz = sizeof(floor), .flags = 1, .iommu_fd = s.fd };
	EXPECT_ERRNO(ioctl(s.dev, IOASID_DEVICE_SET_PASID_FLOOR, &floor), EINVAL);
	EXPECT_ERRNO(dev_set_pasid_floor(s.dev, s.fd, (1 << WIDTH) + 1), EINVAL);
	EXPECT_OK(dev_set_pasid_floor(s.dev, s.fd, 1 << WIDTH));
	EXPECT_ERRNO(dev_attach_pasid(s.dev, s.fd, s.a, 0), ENOSPC);
	EXPECT_OK(dev_set_pasid_floor(s.dev, s.fd, 0));
	EXPECT_ERRNO(dev_set_pasid_floor(s.dev, other, 5), EINVAL);
	EXPECT_ERRNO(dev_set_pasid_floor(s.dev, -1, 5), EBADF);
	EXPECT_ERRNO(dev_set_pasid_floor(s.dev, s.dev, 5), EBADFD);
	EXPECT_ERRNO(ioctl(s.dev, IOASID_DEVICE_SET_PASID_FLOOR, NULL), EFAULT);

	EXPECT_OK(dev_attach_pasid(s.dev, s.fd, s.a, 1));
	EXPECT_ERRNO(dev_set_pasid_floor(s.dev, s.fd, 5), EBUSY);
	alias.argsz = sizeof(alias) - 1;
	EXPECT_ERRNO(ioctl(s.dev, IOASID_DEVICE_ALIAS, &alias), EINVAL);
	alias = (struct ioasid_alias){ .argsz = sizeof(alias), .iommu_fd = s.fd, .pasid = 1,
				       .alias = 2, .flags = 1 };
	EXPECT_ERRNO(ioctl(s.dev, IOASID_DEVICE_ALIAS, &alias), EINVAL);
	alias.flags = 0;
	alias.__reserved = 1;
	EXPECT_ERRNO(ioctl(s.dev, IOASID_DEVICE_ALIAS, &alias), EINVAL);
	longer.tail = 1;
	EXPECT_ERRNO(ioctl(s.dev, IOASID_DEVICE_ALIAS, &longer), E2BIG);
	EXPECT_ERRNO(ioctl(s.dev, IOASID_DEVICE_ALIAS, NULL), EFAULT);
	EXPECT_ERRNO(dev_alias(s.dev, s.fd, 1, 0), EINVAL);
	EXPECT_ERRNO(dev_alias(s.dev, s.fd, 1, 1 << WIDTH), EINVAL);
	EXPECT_ERRNO(dev_alias(s.dev, s.fd, 3, 4), EINVAL);
	EXPECT_ERRNO(dev_alias(s.dev, s.fd, 0, 4), EINVAL);
	EXPECT_ERRNO(dev_alias(s.dev, s.fd, 1, 1), EBUSY);
	EXPECT_ERRNO(dev_alias(s.dev, other, 1, 2), EINVAL);
	expect_gone(2);
	/* a longer one with nothing in its tail is taken */
	longer.tail = 0;
	EXPECT_OK(ioctl(s.dev, IOASID_DEVICE_ALIAS, &longer));
	EXPECT_EQ(installed(2), installed(1));
	EXPECT_ERRNO(dev_alias(s.dev, s.fd, 1, 3), EBUSY);
	done(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		pasids_are_said_by_the_info_calls,
		pasid_entry_is_installed_by_attach_and_gone_after_detach,
		pasid_snoops_if_that_is_said_to_be_enforced,
		pasid_and_rid_have_tables_of_their_own,
		pasid_attached_again_changes_nothing_and_another_replaces_it,
		pasids_out_of_range_are_einval,
		pasid_alias_is_installed_replaced_and_gone_with_its_pasid,
		pasids_end_with_the_binding,
		pasids_end_when_the_driver_is_unbound_and_their_user_lets_go,
		pasids_are_taken_for_other_files_of_the_same_device,
		pasid_calls_check_their_arguments,
		NULL,
	};

	return run_program(argc, argv, "pasid_vtd", tests, RUN_DEVICES);
}
