// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who gets which PASID while another thread is held in the midst of taking one, with
 * software devices: an alias that fails in the end, and a wait for a global number.
 */
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "hold.h"
#include "memory.h"
#include "modules.h"
#include "pci.h"
#include "process.h"
#include "run.h"
#include "swuser.h"

#define REFUSE		"ioasid_test_refuse"
#define REFUSED		"/sys/module/" REFUSE "/parameters/"

#define ALL_CALLS	"18446744073709551615"

/* A call of another thread, which is held in it */
struct held {
	pthread_t thread;
	struct swdev *dev;
	const struct user *user;
	__u32 number, alias;
	int ret, err;
};

static void *held_call(void *arg)
{
	struct held *h = arg;

	h->ret = h->alias ? dev_alias(h->dev->fd, h->user->fd, h->number, h->alias) :
			    dev_attach_pasid(h->dev->fd, h->user->fd, h->user->ioas,
					     h->number);
	h->err = errno;
	return NULL;
}

static void held_start(struct held *h)
{
	hold_next();
	EXPECT_EQ(pthread_create(&h->thread, NULL, held_call, h), 0);
	hold_wait();
}

static void held_end(struct held *h)
{
	hold_go();
	pthread_join(h->thread, NULL);
}

/* A user with devices of types 7 and 8, which share what the CPU translates */
struct scene {
	struct user user;
	__u32 parents[2];
	struct swdev seven, eight, far;
	int cpu;
	__u32 number;
};

static struct scene scene(const char *function)
{
	struct scene s;

	cpu_load();
	s.user = new_user();
	s.parents[0] = new_parent(0);
	s.parents[1] = new_parent(1);
	s.seven = new_physical(7, &s.user);
	s.eight = new_child(8, s.parents[0], &s.user);
	s.far = new_child(8, s.parents[1], &s.user);
	s.cpu = EXPECT_OK(cpu_open());
	EXPECT_OK(ioctl(s.cpu, CPU_START, s.user.fd));
	s.number = EXPECT_OK(dev_attach_pasid(s.seven.fd, s.user.fd, s.user.ioas, 0));
	hold_at(function);
	return s;
}

static void scene_end(struct scene *s)
{
	hold_end();
	close(s->seven.fd);
	close(s->eight.fd);
	close(s->far.fd);
	close(s->cpu);
	end_user(&s->user);
	cpu_unload();
}

/*
 * The CPU is asked for what stands for a number once the one that was to be its alias has
 * gone, and what it sends goes to a parent where another user has that number by then.
 */
START_TEST(alias_that_fails_leaves_nothing_behind)
{
	struct scene s = scene("ioasid_ioas_alias");
	struct held alias = {
		.dev = &s.seven, .user = &s.user, .number = s.number, .alias = 8,
	};
	struct user victim = new_user();
	struct swdev theirs = new_child(8, s.parents[0], &victim), portal;
	struct work work;
	int raced, err;

	EXPECT_OK(module_load(REFUSE, "functions=iommu_attach_device_pasid error=12"));
	held_start(&alias);
	raced = dev_attach_pasid(s.eight.fd, s.user.fd, s.user.ioas, 8);
	err = errno;
	EXPECT_OK(sysfs_write(REFUSED "calls", "1"));
	held_end(&alias);
	EXPECT_OK(module_unload(REFUSE));
	EXPECT_EQ(alias.ret, -1);
	EXPECT_EQ(alias.err, ENOMEM);
	EXPECT_OK(dev_alias(s.seven.fd, s.user.fd, s.number, 9));
	EXPECT_OK(dev_detach_pasid(s.seven.fd, s.user.fd, s.number));
	if (raced != -1)
		EXPECT_OK(dev_detach_pasid(s.eight.fd, s.user.fd, 8));
	/* the number is free, and its next owner writes nothing but its own */
	EXPECT_OK(dev_attach_pasid(theirs.fd, victim.fd, victim.ioas, 5));
	EXPECT_EQ(ppasid_of(s.cpu, &victim, &theirs, 5), s.number);
	EXPECT_OK(dev_attach_pasid(s.far.fd, s.user.fd, s.user.ioas, 8));
	portal = s.eight;
	portal.cookie = s.far.cookie;
	EXPECT_OK(work_send(s.cpu, &work, &s.user, &portal, 8, false));
	expect_filled(victim.mem, CANARY, PAGE);
	EXPECT_EQ(work.dma.fault, SWIOMMU_FAULT_BLOCKED);
	expect_sends(s.cpu, &s.user, &s.far, 8);
	/* nor was it anybody's while it was to be an alias */
	EXPECT_EQ(raced, -1);
	EXPECT_EQ(err, EBUSY);
	close(theirs.fd);
	end_user(&victim);
	scene_end(&s);
}
END_TEST

START_TEST(alias_is_taken_while_it_is_made_and_shared_afterwards)
{
	struct scene s = scene("ioasid_ioas_alias");
	struct held alias = {
		.dev = &s.seven, .user = &s.user, .number = s.number, .alias = 8,
	};

	held_start(&alias);
	EXPECT_ERRNO(dev_attach_pasid(s.eight.fd, s.user.fd, s.user.ioas, 8), EBUSY);
	EXPECT_ERRNO(dev_attach_pasid(s.eight.fd, s.user.fd, s.user.ioas, 8), EBUSY);
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &s.seven, 8), 0);
	expect_pasid_blocked(&s.seven, 8, IOVA);
	EXPECT_TRUE(hold_has_one());
	held_end(&alias);
	EXPECT_EQ(alias.ret, 0);
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &s.seven, 8), s.number);
	EXPECT_OK(dev_attach_pasid(s.eight.fd, s.user.fd, s.user.ioas, 8));
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &s.eight, 8), s.number);
	expect_sends(s.cpu, &s.user, &s.seven, 8);
	expect_sends(s.cpu, &s.user, &s.eight, 8);
	EXPECT_OK(dev_detach_pasid(s.seven.fd, s.user.fd, 8));
	expect_pasid_blocked(&s.seven, 8, IOVA);
	expect_sends(s.cpu, &s.user, &s.eight, 8);
	scene_end(&s);
}
END_TEST

/* Two devices of a file, and neither has what the CPU translates the number to yet */
START_TEST(number_that_two_devices_take_at_once_is_one)
{
	struct scene s = scene("iommu_alloc_global_pasid");
	struct held attach = { .dev = &s.eight, .user = &s.user, .number = 5 };
	__u32 number;

	held_start(&attach);
	EXPECT_OK(dev_attach_pasid(s.far.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_TRUE(hold_has_one());
	held_end(&attach);
	EXPECT_EQ(attach.ret, 0);
	number = ppasid_of(s.cpu, &s.user, &s.far, 5);
	EXPECT_TRUE(number);
	EXPECT_EQ(ppasid_of(s.cpu, &s.user, &s.eight, 5), number);
	expect_sends(s.cpu, &s.user, &s.far, 5);
	expect_sends(s.cpu, &s.user, &s.eight, 5);
	EXPECT_OK(dev_detach_pasid(s.far.fd, s.user.fd, 5));
	expect_sends(s.cpu, &s.user, &s.eight, 5);
	scene_end(&s);
}
END_TEST

/* One thread waits for a global number; for it neither its own file nor others do */
static void expect_no_wait(struct scene *s, struct held *call)
{
	struct user other = new_user();
	struct swdev six, eight, more;

	held_start(call);
	six = new_child(6, s->parents[0], &other);
	eight = new_child(8, s->parents[0], &other);
	EXPECT_OK(dev_attach_pasid(six.fd, other.fd, other.ioas, 5));
	EXPECT_OK(dev_attach(six.fd, other.fd, other.ioas));
	EXPECT_OK(dev_attach_pasid(eight.fd, other.fd, other.ioas, 5));
	/* bindings of the file that waits, under the lock of all groups */
	more = new_child(8, s->parents[1], &s->user);
	EXPECT_OK(dev_attach_pasid(more.fd, s->user.fd, s->user.ioas, 77));
	EXPECT_OK(dev_detach_pasid(more.fd, s->user.fd, 77));
	EXPECT_OK(close(more.fd));
	EXPECT_OK(close(six.fd));
	EXPECT_OK(close(eight.fd));
	end_user(&other);
	EXPECT_TRUE(hold_has_one());
	held_end(call);
	EXPECT_NE(call->ret, -1);
}

START_TEST(nobody_waits_for_a_thread_that_waits_for_a_global_number)
{
	struct scene s = scene("iommu_alloc_global_pasid");
	struct held attach = { .dev = &s.eight, .user = &s.user, .number = 5 };

	expect_no_wait(&s, &attach);
	attach.dev = &s.seven;
	attach.number = 0;
	expect_no_wait(&s, &attach);
	scene_end(&s);
}
END_TEST

/* The second number of the thread is held: the first one was below the floor */
START_TEST(nobody_waits_for_a_thread_that_puts_numbers_aside)
{
	struct scene s = scene("iommu_alloc_global_pasid");
	struct held attach = { .dev = &s.seven, .user = &s.user };
	struct user other = new_user();
	struct swdev six;

	EXPECT_OK(dev_detach_pasid(s.seven.fd, s.user.fd, s.number));
	EXPECT_OK(dev_set_pasid_floor(s.seven.fd, s.user.fd, 50));
	hold_calls(4);
	EXPECT_EQ(pthread_create(&attach.thread, NULL, held_call, &attach), 0);
	hold_wait();
	six = new_child(6, s.parents[0], &other);
	EXPECT_OK(dev_attach_pasid(six.fd, other.fd, other.ioas, 5));
	expect_reaches(&six, 5, &other);
	EXPECT_OK(dev_attach_pasid(s.eight.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_OK(close(six.fd));
	EXPECT_TRUE(hold_has_one());
	held_end(&attach);
	EXPECT_EQ(attach.ret, 50);
	end_user(&other);
	scene_end(&s);
}
END_TEST

/* A driver that has nothing for it says nothing of the number: the host has it not */
START_TEST(number_for_which_the_driver_has_no_room_is_enospc)
{
	struct scene s = scene("ioasid_ioas_alias");
	struct swdev six = new_child(6, s.parents[0], &s.user);

	EXPECT_OK(module_load(REFUSE, "functions=iommu_attach_device_pasid error=28"));
	EXPECT_OK(sysfs_write(REFUSED "calls", ALL_CALLS));
	EXPECT_ERRNO(dev_attach_pasid(six.fd, s.user.fd, s.user.ioas, 5), ENOSPC);
	EXPECT_OK(sysfs_write(REFUSED "calls", "0"));
	expect_pasid_blocked(&six, 5, IOVA);
	EXPECT_OK(dev_attach_pasid(six.fd, s.user.fd, s.user.ioas, 5));
	EXPECT_OK(module_unload(REFUSE));
	expect_reaches(&six, 5, &s.user);
	EXPECT_OK(close(six.fd));
	scene_end(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		alias_that_fails_leaves_nothing_behind,
		alias_is_taken_while_it_is_made_and_shared_afterwards,
		number_that_two_devices_take_at_once_is_one,
		nobody_waits_for_a_thread_that_waits_for_a_global_number,
		nobody_waits_for_a_thread_that_puts_numbers_aside,
		number_for_which_the_driver_has_no_room_is_enospc,
		NULL,
	};
	int failed = run_swpasid_program(argc, argv, "window-numbers", tests);

	hold_end();
	return failed;
}
