// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work that CPU instructions have sent to a command portal: from which program a portal
 * takes it, and that it ends before its number is another user's, wherever it was sent.
 * What is held is work under way at a slow device. The CPU is ioasid_test_cpu.
 */
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"
#include "swuser.h"

/*
 * A user, a type 8 device with @user's page behind PASID 5, a CPU that translates, and
 * another user
 */
struct scene {
	struct user user, other;
	__u32 parent;
	struct swdev dev;
	int cpu;
};

static struct scene scene(void)
{
	struct scene s;

	cpu_load();
	s.user = new_user();
	s.other = new_user();
	s.parent = new_parent(0);
	s.dev = new_child(8, s.parent, &s.user);
	s.cpu = EXPECT_OK(cpu_open());
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	return s;
}

static void scene_end(struct scene *s)
{
	close(s->cpu);
	close(s->dev.fd);
	end_user(&s->user);
	end_user(&s->other);
	cpu_unload();
}

/* A CPU that translates for one more file */
static int cpu_of(const struct user *user)
{
	int cpu = EXPECT_OK(cpu_open());

	EXPECT_OK(ioctl(cpu, CPU_START, user->fd));
	return cpu;
}

/* What is @dev's is sent to the portal of another device */
static struct swdev at(const struct swdev *dev, const struct swdev *portal)
{
	struct swdev wrong = *dev;

	wrong.fd = portal->fd;
	return wrong;
}

/* The first user's number is free, and the other user's device gets it, for its page */
static void number_moves(struct scene *s, const struct swdev *others)
{
	__u32 number = ppasid_of(s->cpu, &s->user, &s->dev, 5);

	EXPECT_TRUE(number);
	EXPECT_OK(dev_detach_pasid(s->dev.fd, s->user.fd, 5));
	EXPECT_OK(dev_attach_pasid(others->fd, s->other.fd, s->other.ioas, 9));
	EXPECT_EQ(ppasid_of(s->cpu, &s->other, others, 9), number);
}

/* What is held does no DMA */
static void expect_ended(int cpu, struct work *work, const struct user *untouched)
{
	EXPECT_OK(work_run(cpu, work));
	expect_filled(untouched->mem, CANARY, PAGE);
	EXPECT_EQ(work->dma.fault, SWIOMMU_FAULT_BLOCKED);
	EXPECT_EQ(work->dma.done, 0);
}

/* What is held gets to the user's page */
static void expect_goes_on(int cpu, struct work *work, const struct user *user)
{
	EXPECT_OK(work_run(cpu, work));
	EXPECT_EQ(work->dma.fault, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(user->mem, work->data, sizeof(work->data)), 0);
	memset(user->mem, CANARY, PAGE);
}

/* The portal does not take it; what it would write is looked at before the answer is */
static void expect_refused(int cpu, const struct user *user, const struct swdev *dev,
			   __u32 vpasid, const struct user *untouched)
{
	struct work work;
	int ret = work_send(cpu, &work, user, dev, vpasid, false), error = errno;

	expect_filled(untouched->mem, CANARY, PAGE);
	EXPECT_EQ(ret, -1);
	EXPECT_EQ(error, EACCES);
}

/* ------------------------------------------------------ the end of a number */

static void sibling_ends_it(__u32 iommu)
{
	struct scene s = scene();
	__u32 parent = iommu ? new_parent(iommu) : s.parent;
	struct swdev two = new_child(8, parent, &s.user);
	struct swdev others = new_child(8, parent, &s.other);
	struct swdev wrong = at(&s.dev, &two);
	struct work work;

	EXPECT_OK(work_send(s.cpu, &work, &s.user, &wrong, 5, true));
	number_moves(&s, &others);
	expect_ended(s.cpu, &work, &s.other);
	expect_reaches(&others, 9, &s.other);
	close(two.fd);
	close(others.fd);
	scene_end(&s);
}

START_TEST(work_at_a_sibling_ends_with_its_number)
{
	sibling_ends_it(0);
}
END_TEST

START_TEST(work_behind_another_parent_ends_with_its_number)
{
	sibling_ends_it(1);
}
END_TEST

START_TEST(work_at_a_device_of_a_second_file_ends_with_its_number)
{
	struct scene s = scene();
	struct user second = new_user();
	int cpu = cpu_of(&second);
	__u32 parent = new_parent(1);
	struct swdev two = new_child(8, parent, &second);
	struct swdev others = new_child(8, parent, &s.other);
	struct swdev wrong = at(&s.dev, &two);
	struct work work;

	EXPECT_OK(dev_bind(two.fd, s.user.fd, 77));
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &wrong, 5, true));
	number_moves(&s, &others);
	expect_ended(s.cpu, &work, &s.other);
	close(cpu);
	close(two.fd);
	close(others.fd);
	end_user(&second);
	scene_end(&s);
}
END_TEST

START_TEST(work_of_a_shared_number_ends_with_the_last_device_that_has_it)
{
	struct scene s = scene();
	__u32 parent = new_parent(1);
	struct swdev two = new_child(8, parent, &s.user);
	struct swdev others = new_child(8, parent, &s.other);
	struct swdev wrong = at(&s.dev, &two);
	struct work work;

	EXPECT_OK(dev_attach_pasid(two.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	EXPECT_OK(dev_detach_pasid(two.fd, s.user.fd, 5));
	/* the first device's own is another matter */
	expect_goes_on(s.cpu, &work, &s.user);
	/* a guest that has not heard of it yet */
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &wrong, 5, true));
	number_moves(&s, &others);
	expect_ended(s.cpu, &work, &s.other);
	close(two.fd);
	close(others.fd);
	scene_end(&s);
}
END_TEST

START_TEST(work_of_a_number_at_a_physical_device_ends_too)
{
	struct scene s = scene();
	struct user third = another_space(&s.user);
	struct swdev seven = new_physical(7, &s.user);
	struct swdev wrong = at(&s.dev, &seven);
	__u32 number = ppasid_of(s.cpu, &s.user, &s.dev, 5);
	struct work work;

	EXPECT_OK(work_send(s.cpu, &work, &s.user, &wrong, 5, true));
	EXPECT_OK(dev_detach_pasid(s.dev.fd, s.user.fd, 5));
	EXPECT_EQ(dev_attach_pasid(seven.fd, s.user.fd, third.ioas, 0), (int)number);
	expect_ended(s.cpu, &work, &third);
	close(seven.fd);
	scene_end(&s);
}
END_TEST

START_TEST(work_with_the_same_number_of_another_users_choice_goes_on)
{
	struct scene s = scene();
	struct swdev seven = new_physical(7, &s.other);
	__u32 number = ppasid_of(s.cpu, &s.user, &s.dev, 5);
	int cpu = EXPECT_OK(cpu_open());
	struct work work;

	EXPECT_OK(dev_attach_pasid(seven.fd, s.other.fd, s.other.ioas, number));
	EXPECT_OK(work_send(cpu, &work, &s.other, &seven, number, true));
	EXPECT_OK(dev_detach_pasid(s.dev.fd, s.user.fd, 5));
	expect_goes_on(cpu, &work, &s.other);
	close(cpu);
	close(seven.fd);
	scene_end(&s);
}
END_TEST

START_TEST(work_ends_when_something_else_is_behind_its_number)
{
	struct scene s = scene();
	struct user third = another_space(&s.user);
	struct work work;

	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, third.ioas, 5));
	expect_ended(s.cpu, &work, &third);
	expect_sends(s.cpu, &third, &s.dev, 5);
	scene_end(&s);
}
END_TEST

START_TEST(work_with_an_alias_ends_with_its_pasid)
{
	struct scene s = scene();
	struct user third = another_space(&s.other);
	struct swdev seven = new_physical(7, &s.other);
	int cpu = EXPECT_OK(cpu_open());
	struct work work;

	/* without a translator the alias goes over the wire */
	EXPECT_OK(dev_attach_pasid(seven.fd, s.other.fd, s.other.ioas, 100));
	EXPECT_OK(dev_alias(seven.fd, s.other.fd, 100, 3));
	expect_sends(cpu, &s.other, &seven, 3);
	/* something else behind both */
	EXPECT_OK(work_send(cpu, &work, &s.other, &seven, 3, true));
	EXPECT_OK(dev_attach_pasid(seven.fd, s.other.fd, third.ioas, 100));
	expect_ended(cpu, &work, &third);
	expect_sends(cpu, &third, &seven, 3);
	/* and something else behind the alias alone */
	EXPECT_OK(work_send(cpu, &work, &third, &seven, 3, true));
	EXPECT_OK(dev_detach_pasid(seven.fd, s.other.fd, 100));
	EXPECT_OK(dev_attach_pasid(seven.fd, s.other.fd, s.other.ioas, 3));
	expect_ended(cpu, &work, &s.other);
	close(cpu);
	close(seven.fd);
	scene_end(&s);
}
END_TEST

/* --------------------------------------------------------------- the sender */

START_TEST(portal_takes_no_number_that_another_program_names)
{
	struct scene s = scene();
	struct user second = new_user();
	struct swdev eight = new_child(8, s.parent, &s.other);
	struct swdev six = new_child(6, s.parent, &s.other);
	int cpu = EXPECT_OK(cpu_open());
	__u32 numbers[2], i;

	EXPECT_OK(dev_attach_pasid(eight.fd, s.other.fd, s.other.ioas, 5));
	EXPECT_OK(dev_attach_pasid(six.fd, s.other.fd, s.other.ioas, 5));
	numbers[0] = ppasid_of(cpu, &s.other, &eight, 5);
	numbers[1] = ppasid_of(cpu, &s.other, &six, 5);
	for (i = 0; i < 2; i++) {
		EXPECT_TRUE(numbers[i]);
		/* a program with a file that has none */
		expect_refused(cpu, &second, &s.dev, numbers[i], &s.other);
		/* another program with the file that has one */
		expect_refused(cpu, &s.user, &s.dev, numbers[i], &s.other);
	}
	expect_sends(s.cpu, &s.user, &s.dev, 5);
	close(cpu);
	close(eight.fd);
	close(six.fd);
	end_user(&second);
	scene_end(&s);
}
END_TEST

START_TEST(portal_takes_no_number_of_a_file_that_it_is_not_bound_to)
{
	struct scene s = scene();
	struct user second = new_user();
	int cpu = cpu_of(&second);
	struct swdev two = new_child(8, s.parent, &second);
	struct swdev wrong = at(&two, &s.dev);

	EXPECT_OK(dev_attach_pasid(two.fd, second.fd, second.ioas, 5));
	expect_sends(cpu, &second, &two, 5);
	expect_refused(cpu, &second, &wrong, 5, &second);
	/* a physical one's user has all of its numbers, and no others */
	wrong = new_physical(7, &s.other);
	wrong = at(&two, &wrong);
	expect_refused(cpu, &second, &wrong, 5, &second);
	close(wrong.fd);
	close(cpu);
	close(two.fd);
	end_user(&second);
	scene_end(&s);
}
END_TEST

START_TEST(cpu_translates_to_numbers_that_are_its_files_on_every_device)
{
	struct scene s = scene();
	struct swdev five = new_physical(5, &s.user);
	struct swdev six = new_child(6, new_parent(1), &s.user);
	struct swdev others_eight = new_child(8, s.parent, &s.other);
	struct swdev others_six = new_child(6, s.parent, &s.other);
	struct swdev wrong;
	__u32 number;

	/* the user chooses that of a physical device */
	EXPECT_OK(dev_attach_pasid(others_eight.fd, s.other.fd, s.other.ioas, 5));
	number = ppasid_of(s.cpu, &s.other, &others_eight, 5);
	EXPECT_OK(dev_attach_pasid(five.fd, s.user.fd, s.user.ioas, number));
	wrong = at(&five, &s.dev);
	expect_refused(s.cpu, &s.user, &wrong, number, &s.other);
	/* and that of a type 6 device is the same on two parents */
	EXPECT_OK(dev_attach_pasid(six.fd, s.user.fd, s.user.ioas, 6));
	EXPECT_OK(dev_attach_pasid(others_six.fd, s.other.fd, s.other.ioas, 6));
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &six, 6),
		  ppasid_of(s.cpu, &s.other, &others_six, 6));
	wrong = at(&six, &s.dev);
	expect_refused(s.cpu, &s.user, &wrong, 6, &s.other);
	expect_sends(s.cpu, &s.user, &s.dev, 5);
	close(five.fd);
	close(six.fd);
	close(others_eight.fd);
	close(others_six.fd);
	scene_end(&s);
}
END_TEST

START_TEST(work_ends_with_the_binding_to_its_file)
{
	struct scene s = scene();
	struct user second = new_user();
	int cpu = cpu_of(&second);
	struct swdev two = new_child(8, s.parent, &second);
	struct swdev wrong = at(&s.dev, &two);
	struct work work, seconds;

	EXPECT_OK(dev_attach_pasid(two.fd, second.fd, second.ioas, 6));
	EXPECT_OK(dev_bind(two.fd, s.user.fd, 77));
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &wrong, 5, true));
	EXPECT_OK(work_send(cpu, &seconds, &second, &two, 6, true));
	EXPECT_OK(dev_unbind(two.fd, s.user.fd));
	expect_ended(s.cpu, &work, &s.user);
	expect_refused(s.cpu, &s.user, &wrong, 5, &s.user);
	expect_goes_on(cpu, &seconds, &second);
	/* bound again through the same file of the device it is another binding */
	EXPECT_OK(dev_bind(two.fd, s.user.fd, 77));
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &wrong, 5, true));
	EXPECT_OK(dev_unbind(two.fd, -1));
	EXPECT_OK(dev_bind(two.fd, s.user.fd, 77));
	expect_ended(s.cpu, &work, &s.user);
	close(cpu);
	close(two.fd);
	end_user(&second);
	scene_end(&s);
}
END_TEST

START_TEST(second_file_that_is_not_translated_closes_an_open_portal)
{
	struct scene s = scene();
	struct user second = new_user();
	struct work work;
	int cpu;

	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	EXPECT_OK(dev_bind(s.dev.fd, second.fd, 1));
	expect_ended(s.cpu, &work, &s.user);
	expect_refused(s.cpu, &s.user, &s.dev, 5, &s.user);
	EXPECT_OK(dev_unbind(s.dev.fd, second.fd));
	/* one that is translated leaves it open */
	cpu = cpu_of(&second);
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	EXPECT_OK(dev_bind(s.dev.fd, second.fd, 1));
	expect_goes_on(s.cpu, &work, &s.user);
	/* until that ends, for both files */
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	EXPECT_OK(ioctl(cpu, CPU_STOP));
	expect_ended(s.cpu, &work, &s.user);
	close(cpu);
	end_user(&second);
	scene_end(&s);
}
END_TEST

/* ------------------------------------------------------------ the listeners */

START_TEST(listener_keeps_no_other_from_being_told)
{
	struct scene s = scene();
	struct swdev others = new_child(8, s.parent, &s.other);
	int watch = EXPECT_OK(cpu_open());
	struct work work;

	/* it is there before the device is bound: it is told before that */
	EXPECT_OK(dev_unbind(s.dev.fd, s.user.fd));
	EXPECT_OK(ioctl(watch, CPU_WATCH, s.user.fd));
	EXPECT_OK(dev_bind(s.dev.fd, s.user.fd, s.dev.cookie));
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	number_moves(&s, &others);
	expect_ended(s.cpu, &work, &s.other);
	EXPECT_EQ(cpu_state(watch).ends, 1);
	/* and of the end of translation */
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &s.dev, 5, true));
	EXPECT_OK(ioctl(s.cpu, CPU_STOP));
	expect_ended(s.cpu, &work, &s.user);
	EXPECT_EQ(cpu_state(watch).not_translated, 1);
	close(watch);
	close(others.fd);
	scene_end(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		work_at_a_sibling_ends_with_its_number,
		work_behind_another_parent_ends_with_its_number,
		work_at_a_device_of_a_second_file_ends_with_its_number,
		work_of_a_shared_number_ends_with_the_last_device_that_has_it,
		work_of_a_number_at_a_physical_device_ends_too,
		work_with_the_same_number_of_another_users_choice_goes_on,
		work_ends_when_something_else_is_behind_its_number,
		work_with_an_alias_ends_with_its_pasid,
		portal_takes_no_number_that_another_program_names,
		portal_takes_no_number_of_a_file_that_it_is_not_bound_to,
		cpu_translates_to_numbers_that_are_its_files_on_every_device,
		work_ends_with_the_binding_to_its_file,
		second_file_that_is_not_translated_closes_an_open_portal,
		listener_keeps_no_other_from_being_told,
		NULL,
	};

	return run_swpasid_program(argc, argv, "pasid-works", tests);
}
