// SPDX-License-Identifier: GPL-2.0-only
/*
 * No-snoop DMA: the user's hint for each attachment, what the kernel makes of it, and
 * who is told. Runs on machines whose IOMMU can force DMA to snoop, and on others.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "mediated.h"
#include "run.h"

static int attach(int dev, int fd, __u32 ioas, __u32 flags)
{
	struct ioasid_attach arg = {
		.argsz = sizeof(arg), .iommu_fd = fd, .ioasid = ioas, .flags = flags,
	};

	return ioctl(dev, IOASID_DEVICE_ATTACH, &arg);
}

static __u32 new_with(int fd, __u32 snoop)
{
	struct ioasid_alloc alloc = { .snoop = snoop };

	EXPECT_OK(ioas_alloc_with(fd, &alloc));
	return alloc.ioasid;
}

static __u32 info_flags(int fd, __u32 ioas)
{
	struct ioasid_info info;

	EXPECT_OK(ioas_info(fd, ioas, &info));
	return info.flags;
}

static __u32 attachment_flags(int fd, __u32 ioas)
{
	struct ioasid_attachment a[4];
	struct ioasid_info info = {
		.argsz = sizeof(info), .ioasid = ioas, .nr_attachments = 4,
		.attachments = (unsigned long)a,
	};

	EXPECT_OK(ioctl(fd, IOMMU_IOASID_GET_INFO, &info));
	EXPECT_EQ(info.nr_attachments, 1);
	return a[0].flags;
}

static struct mediated_state watch(int watcher, int fd)
{
	struct mediated_state s = { .iommu_fd = fd };

	EXPECT_OK(ioctl(watcher, MEDIATED_WATCH, &s));
	return s;
}

/* The watcher has been told @noticed times, and last that a device @may */
static void expect_told(int watcher, unsigned int noticed, bool may)
{
	struct mediated_state s = watch(watcher, -1);

	EXPECT_EQ(s.no_snoop, may);
	EXPECT_EQ(s.noticed, noticed);
	EXPECT_EQ(s.notice, may);
}

/* A device bound, somebody who watches, and whether the IOMMU can force */
struct scene {
	int fd, watcher;
	struct dev dev;
	bool can;
};

static struct scene scene(void)
{
	struct scene s = { .fd = EXPECT_OK(iommu_open()) };
	struct device_caps caps;

	s.watcher = EXPECT_OK(mediated_open(2));
	dev_start(&s.dev, TESTDEV_0, s.fd);
	device_caps(s.fd, s.dev.cookie, &caps);
	s.can = caps.info.flags & IOASID_DEVICE_INFO_ENFORCE_SNOOP;
	if (config_is("vtd-snoop"))
		EXPECT_TRUE(s.can);
	EXPECT_EQ(watch(s.watcher, s.fd).no_snoop, 0);
	return s;
}

START_TEST(no_snoop_extension_is_there)
{
	EXPECT_EQ(ioctl(EXPECT_OK(iommu_open()), IOMMU_CHECK_EXTENSION, IOASID_EXT_NO_SNOOP), 1);
}
END_TEST

START_TEST(a_hint_counts_where_snooping_is_not_forced)
{
	static const __u32 modes[] = { IOASID_SNOOP_AUTO, IOASID_SNOOP_ON, IOASID_SNOOP_OFF };
	struct scene s = scene();
	unsigned int noticed = 0, i;

	for (i = 0; i < 3; i++) {
		__u32 ioas = new_with(s.fd, modes[i]);
		bool forced = s.can && modes[i] != IOASID_SNOOP_OFF;

		if (modes[i] == IOASID_SNOOP_ON && !s.can) {
			EXPECT_ERRNO(attach(s.dev.fd, s.fd, ioas, IOASID_ATTACH_NO_SNOOP),
				     EINVAL);
			EXPECT_ERRNO(attach(s.dev.fd, s.fd, ioas, 0), EINVAL);
			expect_told(s.watcher, noticed, false);
			continue;
		}
		EXPECT_OK(attach(s.dev.fd, s.fd, ioas, 0));
		expect_told(s.watcher, noticed, false);
		EXPECT_EQ(info_flags(s.fd, ioas), forced ? IOASID_INFO_SNOOP_ENFORCED : 0);
		EXPECT_EQ(attachment_flags(s.fd, ioas), 0);
		EXPECT_OK(dev_detach(s.dev.fd, s.fd));
		EXPECT_OK(attach(s.dev.fd, s.fd, ioas, IOASID_ATTACH_NO_SNOOP));
		noticed += !forced;
		expect_told(s.watcher, noticed, !forced);
		EXPECT_EQ(info_flags(s.fd, ioas), forced ? IOASID_INFO_SNOOP_ENFORCED :
							   IOASID_INFO_NO_SNOOP);
		EXPECT_EQ(attachment_flags(s.fd, ioas), IOASID_ATTACHMENT_NO_SNOOP);
		EXPECT_OK(dev_detach(s.dev.fd, s.fd));
		noticed += !forced;
		expect_told(s.watcher, noticed, false);
		EXPECT_EQ(info_flags(s.fd, ioas), 0);
	}
}
END_TEST

START_TEST(a_hint_changes_when_the_same_is_attached_again)
{
	struct scene s = scene();
	__u32 ioas = new_with(s.fd, IOASID_SNOOP_OFF);
	int i;

	EXPECT_OK(attach(s.dev.fd, s.fd, ioas, 0));
	for (i = 0; i < 3; i++) {
		EXPECT_OK(attach(s.dev.fd, s.fd, ioas, IOASID_ATTACH_NO_SNOOP));
		expect_told(s.watcher, 2 * i + 1, true);
		EXPECT_OK(attach(s.dev.fd, s.fd, ioas, IOASID_ATTACH_NO_SNOOP));
		expect_told(s.watcher, 2 * i + 1, true);
		EXPECT_OK(attach(s.dev.fd, s.fd, ioas, 0));
		expect_told(s.watcher, 2 * i + 2, false);
	}
}
END_TEST

START_TEST(listener_keeps_no_other_from_being_told)
{
	struct scene s = scene();
	__u32 ioas = new_with(s.fd, IOASID_SNOOP_OFF);
	int later = EXPECT_OK(mediated_open(1));

	EXPECT_EQ(watch(later, s.fd).no_snoop, 0);
	EXPECT_OK(attach(s.dev.fd, s.fd, ioas, IOASID_ATTACH_NO_SNOOP));
	expect_told(s.watcher, 1, true);
	expect_told(later, 1, true);
	EXPECT_OK(attach(s.dev.fd, s.fd, ioas, 0));
	expect_told(s.watcher, 2, false);
	expect_told(later, 2, false);
	EXPECT_OK(close(later));
}
END_TEST

START_TEST(a_replacement_that_changes_nothing_is_not_told)
{
	struct scene s = scene();
	__u32 one = new_with(s.fd, IOASID_SNOOP_OFF), two = new_with(s.fd, IOASID_SNOOP_OFF);
	int i;

	EXPECT_OK(attach(s.dev.fd, s.fd, one, IOASID_ATTACH_NO_SNOOP));
	for (i = 0; i < 4; i++)
		EXPECT_OK(attach(s.dev.fd, s.fd, i % 2 ? one : two, IOASID_ATTACH_NO_SNOOP));
	expect_told(s.watcher, 1, true);
	EXPECT_OK(attach(s.dev.fd, s.fd, two, 0));
	expect_told(s.watcher, 2, false);
	/* and one that fails */
	EXPECT_ERRNO(attach(s.dev.fd, s.fd, 12345, IOASID_ATTACH_NO_SNOOP), ENOENT);
	expect_told(s.watcher, 2, false);
	EXPECT_EQ(attachment_flags(s.fd, two), 0);
}
END_TEST

START_TEST(the_last_device_that_may_counts)
{
	struct scene s = scene();
	__u32 one = new_with(s.fd, IOASID_SNOOP_OFF), two = new_with(s.fd, IOASID_SNOOP_OFF);
	struct dev b, c;

	dev_start(&b, TESTDEV_1, s.fd);
	dev_start(&c, EDU_0, s.fd);
	EXPECT_OK(attach(s.dev.fd, s.fd, one, IOASID_ATTACH_NO_SNOOP));
	EXPECT_OK(attach(b.fd, s.fd, two, IOASID_ATTACH_NO_SNOOP));
	EXPECT_OK(attach(c.fd, s.fd, two, 0));
	expect_told(s.watcher, 1, true);
	dev_unmap_bar(&c);
	EXPECT_OK(dev_unbind(c.fd, s.fd));
	dev_unmap_bar(&s.dev);
	EXPECT_OK(close(s.dev.fd));
	expect_told(s.watcher, 1, true);
	dev_unmap_bar(&b);
	EXPECT_OK(dev_unbind(b.fd, s.fd));
	expect_told(s.watcher, 2, false);
}
END_TEST

START_TEST(devices_of_a_group_each_have_a_hint)
{
	struct scene s = scene();
	__u32 ioas = new_with(s.fd, IOASID_SNOOP_OFF);
	struct dev b, c;

	dev_start(&b, PAIR_0, s.fd);
	dev_start(&c, PAIR_1, s.fd);
	EXPECT_OK(attach(b.fd, s.fd, ioas, 0));
	EXPECT_OK(attach(c.fd, s.fd, ioas, IOASID_ATTACH_NO_SNOOP));
	expect_told(s.watcher, 1, true);
	EXPECT_OK(attach(b.fd, s.fd, ioas, IOASID_ATTACH_NO_SNOOP));
	EXPECT_OK(dev_detach(c.fd, s.fd));
	expect_told(s.watcher, 1, true);
	EXPECT_OK(attach(b.fd, s.fd, ioas, 0));
	expect_told(s.watcher, 2, false);
}
END_TEST

START_TEST(another_open_file_is_told_nothing)
{
	struct scene s = scene();
	int other = EXPECT_OK(iommu_open()), watcher = EXPECT_OK(mediated_open(1));

	watch(watcher, other);
	EXPECT_OK(attach(s.dev.fd, s.fd, new_with(s.fd, IOASID_SNOOP_OFF),
			 IOASID_ATTACH_NO_SNOOP));
	expect_told(s.watcher, 1, true);
	expect_told(watcher, 0, false);
}
END_TEST

START_TEST(who_watches_is_told_after_the_file_is_closed)
{
	struct scene s = scene();
	int late = EXPECT_OK(mediated_open(1));

	EXPECT_OK(attach(s.dev.fd, s.fd, new_with(s.fd, IOASID_SNOOP_OFF),
			 IOASID_ATTACH_NO_SNOOP));
	/* one who comes later is told at once */
	EXPECT_EQ(watch(late, s.fd).notice, 1);
	expect_told(late, 0, true);
	EXPECT_OK(close(s.fd));
	expect_told(s.watcher, 1, true);
	/* who has ceased to watch is not told */
	watch(late, -2);
	dev_unmap_bar(&s.dev);
	EXPECT_OK(close(s.dev.fd));
	expect_told(s.watcher, 2, false);
}
END_TEST

START_TEST(a_mediated_device_takes_no_hint)
{
	struct mediated m = mediated();

	EXPECT_ERRNO(attach(m.dev, m.fd, m.ioas, IOASID_ATTACH_NO_SNOOP), EINVAL);
	EXPECT_EQ(nr_attachments(m.fd, m.ioas), 1);
	EXPECT_EQ(attachment_flags(m.fd, m.ioas), 0);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		no_snoop_extension_is_there,
		a_hint_counts_where_snooping_is_not_forced,
		a_hint_changes_when_the_same_is_attached_again,
		listener_keeps_no_other_from_being_told,
		a_replacement_that_changes_nothing_is_not_told,
		the_last_device_that_may_counts,
		devices_of_a_group_each_have_a_hint,
		another_open_file_is_told_nothing,
		who_watches_is_told_after_the_file_is_closed,
		a_mediated_device_takes_no_hint,
		NULL,
	};

	return run_program(argc, argv, "nosnoop", tests, RUN_MEDIATED);
}
