// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASIDs and groups that get another device: software devices, by what their DMA
 * reaches before, meanwhile and afterwards, and who is told. With VT-d's own driver:
 * test-pasid-vtd-members.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "swuser.h"

#define GROUP	7

static const struct swiommu_device_create member = {
	.type = 5, .pasid_width = WIDTH, .flags = SWIOMMU_DEVICE_TLB, .group = GROUP,
};

static const __u32 flags = IOASID_PASID_IDENTICAL | IOASID_PASID_ALIAS;

/* Of other groups, or none, or the same number behind another IOMMU */
static void create_strangers(void)
{
	struct swiommu_device_create stranger = member;

	stranger.group = GROUP + 1;
	swdev_create(&stranger);
	stranger.group = 0;
	swdev_create(&stranger);
	stranger.group = GROUP;
	stranger.iommu = 1;
	swdev_create(&stranger);
}

START_TEST(pasids_end_before_another_device_joins)
{
	struct user rid, a, b;
	struct swdev dev;
	__u32 second;

	swiommu_load(NULL);
	rid = new_user();
	a = another_space(&rid);
	b = another_space(&rid);
	swdev_start_with(&dev, &member, rid.fd);
	EXPECT_OK(dev_attach(dev.fd, rid.fd, rid.ioas));
	EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5));
	EXPECT_OK(dev_alias(dev.fd, a.fd, 5, 6));
	EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, b.ioas, 7));
	create_strangers();
	expect_reaches(&dev, 5, &a);
	expect_reaches(&dev, 6, &a);
	expect_info_says(rid.fd, &dev, WIDTH, flags);

	second = swdev_create(&member);
	expect_pasid_blocked(&dev, 5, IOVA);
	expect_pasid_blocked(&dev, 6, IOVA);
	expect_pasid_blocked(&dev, 7, IOVA);
	expect_filled(a.mem, CANARY, PAGE);
	expect_reaches(&dev, 0, &rid);
	expect_info_says(rid.fd, &dev, 0, 0);
	/* until it is detached the number is the user's */
	EXPECT_EQ(nr_attachments(a.fd, a.ioas), 1);
	EXPECT_ERRNO(dev_alias(dev.fd, a.fd, 7, 8), EOPNOTSUPP);
	EXPECT_ERRNO(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5), EIO);
	EXPECT_EQ(nr_attachments(a.fd, a.ioas), 0);
	EXPECT_ERRNO(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5), EOPNOTSUPP);

	EXPECT_OK(swdev_destroy(second));
	expect_pasid_blocked(&dev, 5, IOVA);
	expect_info_says(rid.fd, &dev, WIDTH, flags);
	/* what has ended does not come back by itself */
	expect_pasid_blocked(&dev, 7, IOVA);
	EXPECT_ERRNO(dev_alias(dev.fd, a.fd, 7, 8), EOPNOTSUPP);
	EXPECT_OK(dev_detach_pasid(dev.fd, a.fd, 7));
	EXPECT_ERRNO(dev_detach_pasid(dev.fd, a.fd, 7), EINVAL);
	EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5));
	expect_reaches(&dev, 5, &a);
	EXPECT_OK(close(dev.fd));
	end_user(&rid);
	swiommu_unload();
}
END_TEST

/* What a user attaches to one device is behind none that is not asked for */
START_TEST(second_device_of_a_group_has_no_pasid_of_the_first)
{
	struct swdev dev, second;
	struct user a;

	swiommu_load(NULL);
	a = new_user();
	swdev_start_with(&dev, &member, a.fd);
	swdev_start_with(&second, &member, a.fd);
	EXPECT_ERRNO(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5), EOPNOTSUPP);
	EXPECT_ERRNO(dev_attach_pasid(second.fd, a.fd, a.ioas, 5), EOPNOTSUPP);
	expect_pasid_blocked(&second, 5, IOVA);
	expect_pasid_blocked(&dev, 5, IOVA);
	expect_info_says(a.fd, &dev, 0, 0);
	expect_info_says(a.fd, &second, 0, 0);
	expect_filled(a.mem, CANARY, PAGE);
	EXPECT_OK(close(second.fd));
	EXPECT_OK(swdev_destroy(second.id));
	EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5));
	expect_reaches(&dev, 5, &a);
	EXPECT_OK(close(dev.fd));
	end_user(&a);
	swiommu_unload();
}
END_TEST

/* Not even that a default PASID is replaced in one step, as for a device with one */
static void expect_info_says_none(int fd, struct swdev *dev)
{
	struct ioasid_pasid_info info;
	struct device_caps caps;

	EXPECT_OK(dev_pasid_info(dev->fd, &info));
	EXPECT_EQ(info.width, 0);
	EXPECT_EQ(info.flags, 0);
	device_caps(fd, dev->cookie, &caps);
	EXPECT_EQ(caps.info.flags & IOASID_DEVICE_INFO_ATOMIC_REPLACE_PASID, 0);
}

START_TEST(pasids_of_mediated_devices_end_before_a_device_joins_their_parent)
{
	static const __u32 types[] = { 3, 6, 8 };
	struct swiommu_device_create child = {};
	unsigned int i;

	swiommu_load(NULL);
	for (i = 0; i < 3; i++) {
		__u32 parent = swdev_create(&member), second;
		struct user a = new_user(), b = another_space(&a);
		struct swdev dev = new_child(types[i], parent, &a);

		EXPECT_OK(dev_attach(dev.fd, a.fd, a.ioas));
		if (types[i] != 3)
			EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, b.ioas, 5));
		create_strangers();
		expect_reaches(&dev, 0, &a);
		second = swdev_create(&member);
		expect_swblocked(&dev, IOVA, SWIOMMU_FAULT_BLOCKED);
		expect_info_says_none(a.fd, &dev);
		EXPECT_ERRNO(dev_attach(dev.fd, a.fd, b.ioas), EIO);
		EXPECT_ERRNO(dev_attach(dev.fd, a.fd, a.ioas), EOPNOTSUPP);
		if (types[i] != 3) {
			expect_pasid_blocked(&dev, 5, IOVA);
			EXPECT_OK(dev_detach_pasid(dev.fd, a.fd, 5));
			EXPECT_ERRNO(dev_attach_pasid(dev.fd, a.fd, b.ioas, 5), EOPNOTSUPP);
		}
		EXPECT_EQ(nr_attachments(a.fd, a.ioas), 0);
		/* nor is one bound */
		child.type = types[i];
		child.parent = parent;
		child.device = swdev_create(&child);
		child.device = EXPECT_OK(swdev_open(child.device));
		EXPECT_ERRNO(dev_bind(child.device, a.fd, 1), EOPNOTSUPP);
		EXPECT_OK(close(child.device));

		EXPECT_OK(swdev_destroy(second));
		EXPECT_OK(dev_attach(dev.fd, a.fd, a.ioas));
		expect_reaches(&dev, 0, &a);
		/* it ends once more, and is the user's who closes it */
		swdev_create(&member);
		expect_swblocked(&dev, IOVA, SWIOMMU_FAULT_BLOCKED);
		EXPECT_OK(close(dev.fd));
		EXPECT_EQ(nr_attachments(a.fd, a.ioas), 0);
		expect_filled(a.mem, CANARY, PAGE);
		end_user(&a);
		swdev_destroy_all();
	}
	swiommu_unload();
}
END_TEST

/* It is told by the kernel's own time */
static void wait_for_ends(int cpu, __u32 ends)
{
	while (cpu_state(cpu).ends < ends)
		sleep_ms(1);
	EXPECT_EQ(cpu_state(cpu).ends, ends);
	EXPECT_EQ(cpu_state(cpu).findable, 0);
}

START_TEST(end_before_another_device_joins_is_told_once)
{
	struct cpu_state state;
	struct swdev dev;
	struct user a, b;
	__u32 parent, number, second;
	int cpu;

	cpu_load();
	cpu = EXPECT_OK(cpu_open());
	a = new_user();
	b = another_space(&a);
	parent = swdev_create(&member);
	dev = new_child(8, parent, &a);
	EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5));
	EXPECT_OK(ioctl(cpu, CPU_WATCH, a.fd));
	number = ppasid_of(cpu, &a, &dev, 5);
	EXPECT_TRUE(number);
	second = swdev_create(&member);
	wait_for_ends(cpu, 1);
	state = cpu_state(cpu);
	EXPECT_EQ(state.ioasid, a.ioas);
	EXPECT_EQ(state.cookie, dev.cookie);
	EXPECT_EQ(state.vpasid, 5);
	EXPECT_EQ(state.ppasid, number);
	EXPECT_EQ(ppasid_of(cpu, &a, &dev, 5), 0);
	/* and not again, but for what is attached anew */
	EXPECT_OK(dev_detach_pasid(dev.fd, a.fd, 5));
	EXPECT_EQ(cpu_state(cpu).ends, 1);
	EXPECT_OK(swdev_destroy(second));
	EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, b.ioas, 5));
	EXPECT_OK(dev_detach_pasid(dev.fd, a.fd, 5));
	EXPECT_EQ(cpu_state(cpu).ends, 2);
	EXPECT_OK(close(dev.fd));
	close(cpu);
	end_user(&a);
	cpu_unload();
}
END_TEST

#define MANY	300

START_TEST(many_end_and_all_are_told)
{
	struct swdev dev;
	struct user a;
	int cpu, i;

	cpu_load();
	cpu = EXPECT_OK(cpu_open());
	a = new_user();
	swdev_start_with(&dev, &member, a.fd);
	EXPECT_OK(ioctl(cpu, CPU_WATCH, a.fd));
	for (i = 1; i <= MANY; i++)
		EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, i));
	EXPECT_OK(dev_alias(dev.fd, a.fd, 1, LIMIT - 1));
	swdev_create(&member);
	for (i = 1; i <= MANY; i++)
		expect_pasid_blocked(&dev, i, IOVA);
	expect_pasid_blocked(&dev, LIMIT - 1, IOVA);
	wait_for_ends(cpu, MANY + 1);
	EXPECT_EQ(nr_attachments(a.fd, a.ioas), MANY);
	EXPECT_OK(close(dev.fd));
	EXPECT_EQ(cpu_state(cpu).ends, MANY + 1);
	EXPECT_EQ(nr_attachments(a.fd, a.ioas), 0);
	close(cpu);
	end_user(&a);
	cpu_unload();
}
END_TEST

static void come_and_go(void *arg)
{
	int i;

	for (i = 0; i < 100; i++)
		EXPECT_OK(swdev_destroy(swdev_create(&member)));
}

static void expect_one_of(int ret, int a, int b)
{
	EXPECT_TRUE(!ret || errno == a || errno == b);
}

START_TEST(devices_come_and_go_while_pasids_are_attached)
{
	struct user a, b;
	struct swdev dev;
	pid_t pid;

	swiommu_load(NULL);
	a = new_user();
	b = another_space(&a);
	swdev_start_with(&dev, &member, a.fd);
	pid = start_child(come_and_go, NULL);
	while (child_runs(pid)) {
		expect_one_of(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5), EOPNOTSUPP, EIO);
		expect_one_of(dev_alias(dev.fd, a.fd, 5, 6), EOPNOTSUPP, EINVAL);
		EXPECT_OK(ioas_unmap(a.fd, a.ioas, IOVA, PAGE, NULL));
		EXPECT_OK(ioas_map(a.fd, a.ioas, a.mem, IOVA, PAGE, RW));
		expect_one_of(dev_attach_pasid(dev.fd, a.fd, b.ioas, 5), EOPNOTSUPP, EIO);
		expect_one_of(dev_detach_pasid(dev.fd, a.fd, 5), EINVAL, EINVAL);
		expect_pasid_blocked(&dev, 5, IOVA);
	}
	end_child(pid);
	EXPECT_EQ(nr_attachments(a.fd, a.ioas), 0);
	EXPECT_EQ(nr_attachments(a.fd, b.ioas), 0);
	EXPECT_OK(dev_attach_pasid(dev.fd, a.fd, a.ioas, 5));
	expect_reaches(&dev, 5, &a);
	EXPECT_OK(close(dev.fd));
	end_user(&a);
	swiommu_unload();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		pasids_end_before_another_device_joins,
		second_device_of_a_group_has_no_pasid_of_the_first,
		pasids_of_mediated_devices_end_before_a_device_joins_their_parent,
		end_before_another_device_joins_is_told_once,
		many_end_and_all_are_told,
		devices_come_and_go_while_pasids_are_attached,
		NULL,
	};

	return run_swpasid_program(argc, argv, "pasid_members", tests);
}
