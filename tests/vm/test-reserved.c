// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that joins a group in use may bring addresses that DMA of the group
 * cannot use any more. Software devices: others all have the same.
 */
#include <pthread.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "stall.h"
#include "swdev.h"

#define GROUP	7

/* What the second device brings */
#define FIRST	(IOVA + MIB)
#define LAST	(FIRST + 4 * PAGE - 1)

struct join {
	int fd;
	__u32 ioas;
	char *p;
	struct swdev one, two;
};

static const struct swiommu_device_create plain = { .type = 1, .group = GROUP };
static const struct swiommu_device_create fussy = {
	.type = 1, .group = GROUP, .reserved_start = FIRST, .reserved_last = LAST,
};

/* One device is bound, and attached; the other is there */
static struct join join(void)
{
	struct join j = { 0 };

	swiommu_load(NULL);
	j.fd = EXPECT_OK(iommu_open());
	j.ioas = new_ioas(j.fd);
	j.p = memory(8 * PAGE, CANARY);
	swdev_start_with(&j.one, &plain, j.fd);
	EXPECT_OK(dev_attach(j.one.fd, j.fd, j.ioas));
	EXPECT_TRUE(range_is_permitted(j.fd, j.ioas, IOVA, IOVA + GIB));
	j.two.id = swdev_create(&fussy);
	j.two.fd = EXPECT_OK(swdev_open(j.two.id));
	j.two.cookie = 2;
	return j;
}

static void end(void)
{
	close_all();
	swiommu_unload();
}

START_TEST(bind_is_eaddrinuse_while_something_is_mapped_where_the_device_cannot)
{
	struct join j = join();
	__u64 at[] = { FIRST - PAGE, FIRST, FIRST + PAGE, LAST + 1 - PAGE };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		__u64 length = i ? PAGE : 2 * PAGE;

		EXPECT_OK(ioas_map(j.fd, j.ioas, j.p, at[i], length, RW));
		EXPECT_ERRNO(dev_bind(j.two.fd, j.fd, 2), EADDRINUSE);
		/* nothing has changed */
		EXPECT_TRUE(range_is_permitted(j.fd, j.ioas, FIRST, LAST));
		expect_swwrite(&j.one, at[i], j.p, PAGE);
		EXPECT_OK(ioas_unmap(j.fd, j.ioas, at[i], length, NULL));
	}
	/* right before and behind it is no obstacle */
	EXPECT_OK(ioas_map(j.fd, j.ioas, j.p, FIRST - PAGE, PAGE, RW));
	EXPECT_OK(ioas_map(j.fd, j.ioas, j.p + PAGE, LAST + 1, PAGE, RW));
	EXPECT_OK(dev_bind(j.two.fd, j.fd, 2));
	EXPECT_OK(dev_attach(j.two.fd, j.fd, j.ioas));
	expect_swwrite(&j.two, FIRST - PAGE, j.p, PAGE);
	expect_swwrite(&j.one, LAST + 1, j.p + PAGE, PAGE);
	end();
}
END_TEST

START_TEST(permitted_ranges_are_narrowed_by_a_bind_and_widened_by_one_after_it_has_gone)
{
	struct join j = join();
	__u32 other = new_ioas(j.fd);
	struct device_caps caps;
	struct swdev three;

	EXPECT_OK(dev_bind(j.two.fd, j.fd, 2));
	EXPECT_TRUE(!range_is_permitted(j.fd, j.ioas, FIRST, FIRST));
	EXPECT_TRUE(!range_is_permitted(j.fd, j.ioas, LAST, LAST));
	EXPECT_TRUE(range_is_permitted(j.fd, j.ioas, IOVA, FIRST - 1));
	EXPECT_TRUE(range_is_permitted(j.fd, j.ioas, LAST + 1, IOVA + GIB));
	EXPECT_ERRNO(ioas_map(j.fd, j.ioas, j.p, FIRST, PAGE, RW), EINVAL);
	EXPECT_ERRNO(ioas_map(j.fd, j.ioas, j.p, LAST + 1 - PAGE, 2 * PAGE, RW), EINVAL);
	/* of the group, whichever device is asked */
	device_caps(j.fd, j.one.cookie, &caps);
	EXPECT_GE(caps.nr_ranges, 2);
	EXPECT_EQ(caps.info.group_devices, 2);
	/* and for whatever is to be attached */
	EXPECT_OK(ioas_map(j.fd, other, j.p, FIRST, PAGE, RW));
	EXPECT_ERRNO(dev_attach(j.one.fd, j.fd, other), EINVAL);

	EXPECT_OK(dev_unbind(j.two.fd, j.fd));
	EXPECT_OK(close(j.two.fd));
	EXPECT_EQ(swdev_destroy(j.two.id), 0);
	swdev_start_with(&three, &plain, j.fd);
	EXPECT_TRUE(range_is_permitted(j.fd, j.ioas, IOVA, IOVA + GIB));
	EXPECT_OK(ioas_map(j.fd, j.ioas, j.p, FIRST, PAGE, RW));
	expect_swwrite(&j.one, FIRST, j.p, PAGE);
	end();
}
END_TEST

START_TEST(device_that_brings_nothing_is_bound_whatever_is_mapped)
{
	struct join j = join();
	struct swdev three;

	EXPECT_OK(ioas_map(j.fd, j.ioas, j.p, FIRST, PAGE, RW));
	EXPECT_OK(close(j.two.fd));
	EXPECT_EQ(swdev_destroy(j.two.id), 0);
	swdev_start_with(&three, &plain, j.fd);
	EXPECT_OK(dev_attach(three.fd, j.fd, j.ioas));
	expect_swwrite(&three, FIRST, j.p, PAGE);
	expect_swwrite(&j.one, FIRST, j.p, PAGE);
	end();
}
END_TEST

static void *attach_what_waits(void *arg)
{
	struct join *j = arg;

	EXPECT_OK(dev_attach(j->one.fd, j->fd, j->ioas));
	return NULL;
}

START_TEST(bind_is_eagain_while_another_device_is_being_attached)
{
	struct stall stall = stall_start();
	struct join j = join();
	pthread_t thread;

	EXPECT_OK(dev_detach(j.one.fd, j.fd));
	EXPECT_OK(ioas_map(j.fd, j.ioas, stall.page, IOVA, PAGE, RW));
	EXPECT_EQ(pthread_create(&thread, NULL, attach_what_waits, &j), 0);
	stall_wait(&stall);
	/* it does not wait for that user, and neither do others */
	EXPECT_ERRNO(dev_bind(j.two.fd, j.fd, 2), EAGAIN);
	stall_end(&stall);
	pthread_join(thread, NULL);
	EXPECT_OK(dev_bind(j.two.fd, j.fd, 2));
	EXPECT_TRUE(!range_is_permitted(j.fd, j.ioas, FIRST, FIRST));
	end();
}
END_TEST

START_TEST(map_that_waits_is_in_the_way_too)
{
	struct stall stall = stall_start();
	struct join j = join();
	pid_t pid;

	/* pinned in a process of its own, whose end ends it */
	pid = EXPECT_OK(fork());
	if (!pid) {
		char *p = memory(64 * PAGE, 0);
		struct stall hole = stall_at(p + 40 * PAGE);

		(void)hole;
		EXPECT_OK(ioas_map(j.fd, j.ioas, p, LAST + 1 - 64 * PAGE, 64 * PAGE, RW));
		_exit(0);
	}
	sleep_ms(500);
	EXPECT_TRUE(child_runs(pid));
	EXPECT_ERRNO(dev_bind(j.two.fd, j.fd, 2), EADDRINUSE);
	kill_child(pid);
	EXPECT_OK(dev_bind(j.two.fd, j.fd, 2));
	stall_end(&stall);
	end();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		bind_is_eaddrinuse_while_something_is_mapped_where_the_device_cannot,
		permitted_ranges_are_narrowed_by_a_bind_and_widened_by_one_after_it_has_gone,
		device_that_brings_nothing_is_bound_whatever_is_mapped,
		bind_is_eagain_while_another_device_is_being_attached,
		map_that_waits_is_in_the_way_too,
		NULL,
	};

	return run_swiommu_program(argc, argv, "reserved", tests);
}
