// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASIDs that CPU instructions send to devices of types 7 and 8: what a translator and
 * the drivers of the devices are told, and when a command portal is open. The CPU is
 * ioasid_test_cpu.
 */
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "swuser.h"

/* A user, a type 8 device with @user's page behind PASID 5, and a CPU that is off */
struct scene {
	struct user user;
	__u32 parent;
	struct swdev dev;
	int cpu;
};

static struct scene scene(void)
{
	struct scene s;

	cpu_load();
	s.user = new_user();
	s.parent = new_parent(0);
	s.dev = new_child(8, s.parent, &s.user);
	s.cpu = EXPECT_OK(cpu_open());
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, s.user.ioas, 5));
	return s;
}

static void scene_end(struct scene *s)
{
	close(s->cpu);
	close(s->dev.fd);
	close(s->user.fd);
	cpu_unload();
}

/* ------------------------------------------------------------------- portals */

START_TEST(portal_is_closed_until_the_cpu_translates)
{
	struct scene s = scene();
	struct work work;

	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &s.dev, 5, false), EACCES);
	/* DMA that the driver does for its user is another matter */
	expect_reaches(&s.dev, 5, &s.user);
	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	expect_sends(s.cpu, &s.user, &s.dev, 5);
	EXPECT_EQ(cpu_state(s.cpu).cached, 1);
	/* never attached: the CPU has nothing to send */
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &s.dev, 6, false), ENOENT);
	EXPECT_OK(ioctl(s.cpu, CPU_STOP));
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &s.dev, 5, false), EACCES);
	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	expect_sends(s.cpu, &s.user, &s.dev, 5);
	/* the CPU goes away without a word */
	close(s.cpu);
	s.cpu = EXPECT_OK(cpu_open());
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &s.dev, 5, false), EACCES);
	expect_filled(s.user.mem, CANARY, PAGE);
	scene_end(&s);
}
END_TEST

START_TEST(portal_that_is_closed_ends_what_it_has_taken)
{
	struct scene s = scene();
	struct work work;

	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	EXPECT_OK(work_run(s.cpu, &work));
	EXPECT_EQ(work.dma.fault, SWIOMMU_FAULT_NONE);
	memset(s.user.mem, CANARY, PAGE);
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	EXPECT_OK(ioctl(s.cpu, CPU_STOP));
	EXPECT_OK(work_run(s.cpu, &work));
	EXPECT_EQ(work.dma.fault, SWIOMMU_FAULT_BLOCKED);
	EXPECT_EQ(work.dma.fault_ioasid, 0);
	expect_filled(s.user.mem, CANARY, PAGE);
	scene_end(&s);
}
END_TEST

START_TEST(portal_of_a_device_of_two_files_wants_both_translated)
{
	struct scene s = scene();
	struct user other = new_user();
	int cpu = EXPECT_OK(cpu_open());
	struct work work;

	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	EXPECT_OK(dev_bind(s.dev.fd, other.fd, 1));
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &s.dev, 5, false), EACCES);
	EXPECT_OK(ioctl(cpu, CPU_START, other.fd));
	expect_sends(s.cpu, &s.user, &s.dev, 5);
	EXPECT_OK(ioctl(cpu, CPU_STOP));
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &s.dev, 5, false), EACCES);
	EXPECT_OK(dev_unbind(s.dev.fd, other.fd));
	expect_sends(s.cpu, &s.user, &s.dev, 5);
	close(cpu);
	end_user(&other);
	scene_end(&s);
}
END_TEST

START_TEST(portals_are_there_for_types_7_and_8_through_the_file_that_has_bound_them)
{
	struct scene s = scene();
	struct swdev six = new_child(6, s.parent, &s.user);
	struct swdev other = s.dev;
	struct work work;

	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	EXPECT_OK(dev_attach_pasid(six.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &six, 5, false), EACCES);
	other.fd = six.fd;
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &other, 5, false), EOPNOTSUPP);
	other.fd = EXPECT_OK(swdev_open(s.dev.id));
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &other, 5, false), EINVAL);
	close(other.fd);
	other.fd = s.user.fd;
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &other, 5, false), EBADFD);
	expect_filled(s.user.mem, CANARY, PAGE);
	close(six.fd);
	scene_end(&s);
}
END_TEST

START_TEST(portal_takes_nothing_from_a_device_that_has_gone)
{
	struct scene s = scene();
	struct work work;

	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	EXPECT_OK(swdev_destroy(s.parent));
	EXPECT_ERRNO(work_run(s.cpu, &work), EINVAL);
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &s.dev, 5, false), ENOENT);
	EXPECT_EQ(cpu_state(s.cpu).cached, 0);
	expect_filled(s.user.mem, CANARY, PAGE);
	scene_end(&s);
}
END_TEST

/* --------------------------------------------------------------- the numbers */

START_TEST(cpu_numbers_are_the_same_for_a_file_and_no_other_files)
{
	struct scene s = scene();
	struct user other = new_user();
	struct swdev far = new_child(8, new_parent(1), &s.user);
	struct swdev near = new_child(8, s.parent, &s.user);
	struct swdev others = new_child(8, s.parent, &other);
	__u32 number = ppasid_of(s.cpu, &s.user, &s.dev, 5);

	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	EXPECT_OK(dev_attach_pasid(far.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &far, 5), number);
	/* on one parent it can be told from nothing */
	EXPECT_ERRNO(dev_attach_pasid(near.fd, s.user.fd, s.user.ioas, 5), EBUSY);
	EXPECT_OK(dev_attach_pasid(near.fd, s.user.fd, s.user.ioas, 6));
	EXPECT_NE(ppasid_of(s.cpu, &s.user, &near, 6), number);
	EXPECT_OK(dev_attach_pasid(others.fd, other.fd, other.ioas, 5));
	EXPECT_NE(ppasid_of(s.cpu, &other, &others, 5), number);
	expect_sends(s.cpu, &s.user, &far, 5);
	expect_sends(s.cpu, &s.user, &near, 6);
	expect_sends(s.cpu, &s.user, &s.dev, 5);
	/* it ends with the last one that has it */
	EXPECT_OK(dev_detach_pasid(s.dev.fd, s.user.fd, 5));
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &s.dev, 5), 0);
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &far, 5), number);
	EXPECT_OK(dev_attach_pasid(near.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &near, 5), number);
	expect_sends(s.cpu, &s.user, &near, 5);
	expect_filled(other.mem, CANARY, PAGE);
	close(far.fd);
	close(near.fd);
	close(others.fd);
	end_user(&other);
	scene_end(&s);
}
END_TEST

START_TEST(work_under_way_does_not_reach_who_has_the_number_next)
{
	struct scene s = scene();
	struct user other = new_user();
	struct swdev sibling = new_child(8, s.parent, &other);
	__u32 number = ppasid_of(s.cpu, &s.user, &s.dev, 5);
	struct work work;

	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	EXPECT_OK(dev_detach_pasid(s.dev.fd, s.user.fd, 5));
	EXPECT_EQ(cpu_state(s.cpu).cached, 0);
	EXPECT_OK(dev_attach_pasid(sibling.fd, other.fd, other.ioas, 9));
	EXPECT_EQ(ppasid_of(s.cpu, &other, &sibling, 9), number);
	EXPECT_OK(work_run(s.cpu, &work));
	EXPECT_EQ(work.dma.fault, SWIOMMU_FAULT_BLOCKED);
	EXPECT_EQ(work.dma.fault_ioasid, 0);
	EXPECT_ERRNO(work_send(s.cpu, &work, &s.user, &s.dev, 5, false), ENOENT);
	expect_filled(other.mem, CANARY, PAGE);
	expect_reaches(&sibling, 9, &other);
	/* one that has it again has another one */
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_NE(ppasid_of(s.cpu, &s.user, &s.dev, 5), number);
	expect_sends(s.cpu, &s.user, &s.dev, 5);
	expect_filled(other.mem, CANARY, PAGE);
	close(sibling.fd);
	end_user(&other);
	scene_end(&s);
}
END_TEST

START_TEST(lookup_finds_what_is_attached_by_all_its_names_alone)
{
	struct scene s = scene();
	struct user wrong = another_space(&s.user);
	struct cpu_insn insn = {
		.iommu_fd = s.user.fd, .ioasid = s.user.ioas, .cookie = s.dev.cookie, .vpasid = 5,
	};

	EXPECT_TRUE(ppasid_of(s.cpu, &s.user, &s.dev, 5));
	EXPECT_EQ(ppasid_of(s.cpu, &wrong, &s.dev, 5), 0);
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &s.dev, 6), 0);
	insn.cookie++;
	EXPECT_ERRNO(ioctl(s.cpu, CPU_LOOKUP, &insn), ENOENT);
	insn.cookie--;
	insn.vpasid = 0;
	EXPECT_ERRNO(ioctl(s.cpu, CPU_LOOKUP, &insn), EINVAL);
	insn.vpasid = 5;
	insn.ioasid = 0;
	EXPECT_ERRNO(ioctl(s.cpu, CPU_LOOKUP, &insn), EINVAL);
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, wrong.ioas, 5));
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &s.dev, 5), 0);
	EXPECT_TRUE(ppasid_of(s.cpu, &wrong, &s.dev, 5));
	scene_end(&s);
}
END_TEST

/* ------------------------------------------------------------- what is told */

/* The next one that is told is that */
static void expect_told(int cpu, __u32 *so_far, const struct user *user,
			const struct swdev *dev, __u32 vpasid, __u32 ppasid)
{
	struct cpu_state state = cpu_state(cpu);

	EXPECT_EQ(state.ends, ++*so_far);
	EXPECT_EQ(state.findable, 0);
	EXPECT_EQ(state.ioasid, user->ioas);
	EXPECT_EQ(state.cookie, dev->cookie);
	EXPECT_EQ(state.vpasid, vpasid);
	if (ppasid)
		EXPECT_EQ(state.ppasid, ppasid);
}

START_TEST(end_of_a_pasid_is_told_once)
{
	struct scene s = scene();
	struct user other = another_space(&s.user);
	__u32 number = ppasid_of(s.cpu, &s.user, &s.dev, 5), told = 0;

	EXPECT_OK(ioctl(s.cpu, CPU_WATCH, s.user.fd));
	/* attached again: it goes on */
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_EQ(cpu_state(s.cpu).ends, 0);
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, other.ioas, 5));
	expect_told(s.cpu, &told, &s.user, &s.dev, 5, number);
	EXPECT_EQ(ppasid_of(s.cpu, &other, &s.dev, 5), number);
	EXPECT_OK(dev_detach_pasid(s.dev.fd, s.user.fd, 5));
	expect_told(s.cpu, &told, &other, &s.dev, 5, number);
	/* what fails ends nothing */
	EXPECT_ERRNO(dev_detach_pasid(s.dev.fd, s.user.fd, 5), EINVAL);
	EXPECT_ERRNO(dev_attach_pasid(s.dev.fd, s.user.fd, 4711, 5), ENOENT);
	EXPECT_EQ(cpu_state(s.cpu).ends, told);
	/* the default one */
	EXPECT_OK(dev_attach(s.dev.fd, s.user.fd, other.ioas));
	EXPECT_OK(dev_attach(s.dev.fd, s.user.fd, s.user.ioas));
	expect_told(s.cpu, &told, &other, &s.dev, 0, 0);
	EXPECT_OK(dev_detach(s.dev.fd, s.user.fd));
	expect_told(s.cpu, &told, &s.user, &s.dev, 0, 0);
	EXPECT_EQ(cpu_state(s.cpu).translated, 0);
	scene_end(&s);
}
END_TEST

START_TEST(end_of_a_pasid_is_told_with_the_binding_and_the_device)
{
	struct scene s = scene();
	__u32 number = ppasid_of(s.cpu, &s.user, &s.dev, 5), told = 0;
	struct swdev other;

	EXPECT_OK(ioctl(s.cpu, CPU_WATCH, s.user.fd));
	EXPECT_OK(dev_unbind(s.dev.fd, s.user.fd));
	expect_told(s.cpu, &told, &s.user, &s.dev, 5, number);
	EXPECT_OK(dev_bind(s.dev.fd, s.user.fd, s.dev.cookie));
	EXPECT_OK(dev_attach(s.dev.fd, s.user.fd, s.user.ioas));
	EXPECT_OK(close(s.dev.fd));
	expect_told(s.cpu, &told, &s.user, &s.dev, 0, 0);
	other = new_child(8, s.parent, &s.user);
	EXPECT_OK(dev_attach_pasid(other.fd, s.user.fd, s.user.ioas, 7));
	EXPECT_OK(swdev_destroy(s.parent));
	expect_told(s.cpu, &told, &s.user, &other, 7, 0);
	EXPECT_OK(close(other.fd));
	EXPECT_EQ(cpu_state(s.cpu).ends, told);
	/* a physical one, and its alias; the file is closed before */
	other = new_physical(5, &s.user);
	EXPECT_OK(dev_attach_pasid(other.fd, s.user.fd, s.user.ioas, 100));
	EXPECT_OK(dev_alias(other.fd, s.user.fd, 100, 3));
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &other, 3), 100);
	EXPECT_OK(close(s.user.fd));
	EXPECT_EQ(cpu_state(s.cpu).ends, told);
	EXPECT_OK(close(other.fd));
	/* its number first, then the alias, which went over the wire as itself */
	told++;
	expect_told(s.cpu, &told, &s.user, &other, 3, 3);
	close(s.cpu);
	cpu_unload();
}
END_TEST

START_TEST(end_of_a_pasid_is_told_to_those_of_its_file_alone)
{
	struct scene s = scene();
	struct user other = new_user();
	struct swdev sibling = new_child(8, s.parent, &other);
	int cpu = EXPECT_OK(cpu_open());

	EXPECT_OK(ioctl(s.cpu, CPU_WATCH, s.user.fd));
	EXPECT_OK(ioctl(cpu, CPU_START, other.fd));
	EXPECT_EQ(cpu_state(s.cpu).translated, 0);
	EXPECT_OK(dev_attach_pasid(sibling.fd, other.fd, other.ioas, 5));
	EXPECT_OK(dev_detach_pasid(sibling.fd, other.fd, 5));
	EXPECT_EQ(cpu_state(s.cpu).ends, 0);
	EXPECT_EQ(cpu_state(cpu).ends, 1);
	EXPECT_OK(dev_detach_pasid(s.dev.fd, s.user.fd, 5));
	EXPECT_EQ(cpu_state(s.cpu).ends, 1);
	EXPECT_EQ(cpu_state(cpu).ends, 1);
	close(cpu);
	close(sibling.fd);
	end_user(&other);
	scene_end(&s);
}
END_TEST

START_TEST(file_has_one_translator_and_those_who_watch_are_told)
{
	struct scene s = scene();
	int cpu = EXPECT_OK(cpu_open()), watch = EXPECT_OK(cpu_open());

	EXPECT_OK(ioctl(watch, CPU_WATCH, s.user.fd));
	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	EXPECT_EQ(cpu_state(watch).translated, 1);
	EXPECT_ERRNO(ioctl(cpu, CPU_START, s.user.fd), EBUSY);
	EXPECT_EQ(cpu_state(watch).translated, 1);
	EXPECT_EQ(cpu_state(watch).not_translated, 0);
	EXPECT_OK(ioctl(s.cpu, CPU_STOP));
	EXPECT_EQ(cpu_state(watch).not_translated, 1);
	EXPECT_OK(ioctl(cpu, CPU_START, s.user.fd));
	EXPECT_EQ(cpu_state(watch).translated, 2);
	/* all files closed but the CPU's */
	close(s.dev.fd);
	close(s.user.fd);
	EXPECT_EQ(cpu_state(cpu).ends, 1);
	close(cpu);
	EXPECT_EQ(cpu_state(watch).not_translated, 2);
	close(watch);
	scene_end(&s);
}
END_TEST

/* ------------------------------------------------------- types 7 and 8 at once */

START_TEST(chosen_number_and_translated_number_do_not_mix)
{
	struct scene s = scene();
	struct swdev seven = new_physical(7, &s.user);
	struct work work;
	int number;

	EXPECT_ERRNO(dev_attach_pasid(seven.fd, s.user.fd, s.user.ioas, 5), EXDEV);
	EXPECT_ERRNO(dev_attach_pasid(seven.fd, s.user.fd, s.user.ioas, 77), EXDEV);
	EXPECT_OK(dev_detach_pasid(s.dev.fd, s.user.fd, 5));
	EXPECT_OK(dev_attach_pasid(seven.fd, s.user.fd, s.user.ioas, 77));
	/* nobody translates: what is named is sent */
	expect_sends(s.cpu, &s.user, &seven, 77);
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &seven, 78, false));
	EXPECT_EQ(work.dma.fault, SWIOMMU_FAULT_BLOCKED);
	EXPECT_ERRNO(dev_attach_pasid(s.dev.fd, s.user.fd, s.user.ioas, 5), EXDEV);
	/* nor may anybody begin to */
	EXPECT_ERRNO(ioctl(s.cpu, CPU_START, s.user.fd), EXDEV);
	EXPECT_OK(dev_detach_pasid(seven.fd, s.user.fd, 77));
	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	EXPECT_ERRNO(dev_attach_pasid(seven.fd, s.user.fd, s.user.ioas, 77), EXDEV);
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, s.user.ioas, 5));
	number = EXPECT_OK(dev_attach_pasid(seven.fd, s.user.fd, s.user.ioas, 0));
	/* another file's business is its own */
	EXPECT_NE(number, ppasid_of(s.cpu, &s.user, &s.dev, 5));
	close(seven.fd);
	scene_end(&s);
}
END_TEST

START_TEST(alias_lets_both_types_have_their_numbers)
{
	struct scene s = scene();
	struct user other = another_space(&s.user);
	struct swdev seven = new_physical(7, &s.user);
	struct work work;
	__u32 told;
	int number;

	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	EXPECT_OK(dev_set_pasid_floor(seven.fd, s.user.fd, 1000));
	number = EXPECT_OK(dev_attach_pasid(seven.fd, s.user.fd, other.ioas, 0));
	EXPECT_GE(number, 1000);
	EXPECT_ERRNO(dev_alias(seven.fd, s.user.fd, number, 5), EBUSY);
	EXPECT_OK(dev_alias(seven.fd, s.user.fd, number, 8));
	EXPECT_EQ(ppasid_of(s.cpu, &other, &seven, 8), (__u32)number);
	/* by the alias through the CPU, by either from the device itself */
	expect_sends(s.cpu, &other, &seven, 8);
	expect_reaches(&seven, number, &other);
	expect_reaches(&seven, 8, &other);
	expect_sends(s.cpu, &s.user, &s.dev, 5);
	/* the type 8 device gets the same number for the same name */
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, s.user.ioas, 8));
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &s.dev, 8), (__u32)number);
	expect_sends(s.cpu, &s.user, &s.dev, 8);
	expect_sends(s.cpu, &other, &seven, 8);
	EXPECT_OK(work_send(s.cpu, &work, &other, &seven, 8, true));
	told = cpu_state(s.cpu).ends;
	EXPECT_OK(dev_detach_pasid(seven.fd, s.user.fd, number));
	EXPECT_EQ(cpu_state(s.cpu).ends, told + 2);
	EXPECT_EQ(cpu_state(s.cpu).findable, 0);
	EXPECT_OK(work_run(s.cpu, &work));
	EXPECT_EQ(work.dma.fault, SWIOMMU_FAULT_BLOCKED);
	EXPECT_ERRNO(work_send(s.cpu, &work, &other, &seven, 8, false), ENOENT);
	expect_sends(s.cpu, &s.user, &s.dev, 8);
	expect_filled(other.mem, CANARY, PAGE);
	close(seven.fd);
	scene_end(&s);
}
END_TEST

/* ------------------------------------------------------------------ the end */

static void send_and_wait(void *arg)
{
	volatile int *ready = arg;
	struct user user = new_user();
	struct swdev dev = new_child(8, new_parent(0), &user);
	int cpu = EXPECT_OK(cpu_open());
	struct work work;

	EXPECT_OK(dev_attach_pasid(dev.fd, user.fd, user.ioas, 5));
	EXPECT_OK(ioctl(cpu, CPU_START, user.fd));
	EXPECT_OK(work_send(cpu, &work, &user, &dev, 5, true));
	*ready = 1;
	for (;;)
		sleep_ms(1000);
}

START_TEST(cpu_and_device_of_a_killed_process_leave_nothing)
{
	volatile int *ready = shared_memory(PAGE);
	long before;
	pid_t pid;

	cpu_load();
	before = pages_pinned();
	pid = start_child(send_and_wait, (void *)ready);
	wait_for(ready);
	EXPECT_EQ(pages_pinned(), before + 1);
	kill_child(pid);
	EXPECT_EQ(pages_pinned(), before);
	cpu_unload();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		portal_is_closed_until_the_cpu_translates,
		portal_that_is_closed_ends_what_it_has_taken,
		portal_of_a_device_of_two_files_wants_both_translated,
		portals_are_there_for_types_7_and_8_through_the_file_that_has_bound_them,
		portal_takes_nothing_from_a_device_that_has_gone,
		cpu_numbers_are_the_same_for_a_file_and_no_other_files,
		work_under_way_does_not_reach_who_has_the_number_next,
		lookup_finds_what_is_attached_by_all_its_names_alone,
		end_of_a_pasid_is_told_once,
		end_of_a_pasid_is_told_with_the_binding_and_the_device,
		end_of_a_pasid_is_told_to_those_of_its_file_alone,
		file_has_one_translator_and_those_who_watch_are_told,
		chosen_number_and_translated_number_do_not_mix,
		alias_lets_both_types_have_their_numbers,
		cpu_and_device_of_a_killed_process_leave_nothing,
		NULL,
	};

	return run_swpasid_program(argc, argv, "pasid-portal", tests);
}
