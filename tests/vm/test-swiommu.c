// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software IOMMU and its devices: how they come and go. What their DMA reaches is
 * in test-swiommu-dma.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "modules.h"
#include "process.h"
#include "run.h"
#include "swdev.h"

static const struct swiommu_device_create plain;

/* -------------------------------------------------------- module, devices */

START_TEST(swiommu_loads_and_unloads_again_and_again)
{
	struct stat st;
	__u32 id;
	int i;

	for (i = 0; i < 4; i++) {
		swiommu_load(i % 2 ? "iommus=1" : NULL);
		EXPECT_OK(stat("/sys/class/iommu/swiommu0", &st));
		EXPECT_EQ(stat("/sys/class/iommu/swiommu1", &st) ? 1 : 2, i % 2 ? 1 : 2);
		id = swdev_create(&plain);
		EXPECT_TRUE(swdev_exists(id));
		EXPECT_OK(swdev_destroy(id));
		EXPECT_TRUE(!swdev_exists(id));
		swiommu_unload();
	}
}
END_TEST

START_TEST(swiommu_has_no_alias_to_be_loaded_by)
{
	EXPECT_ERRNO(module_load("platform:" SWIOMMU "_dev", NULL), ENOENT);
	EXPECT_TRUE(!module_is_loaded(SWIOMMU));
}
END_TEST

START_TEST(swiommu_cannot_be_unloaded_with_a_device_or_an_open_file)
{
	int control, fd;
	__u32 id;

	swiommu_load(NULL);
	control = EXPECT_OK(open(SWIOMMU_NODE, O_RDWR));
	EXPECT_ERRNO(module_unload(SWIOMMU), EAGAIN);
	EXPECT_OK(close(control));
	id = swdev_create(&plain);
	EXPECT_ERRNO(module_unload(SWIOMMU), EAGAIN);
	fd = EXPECT_OK(swdev_open(id));
	EXPECT_OK(swdev_destroy(id));
	EXPECT_ERRNO(module_unload(SWIOMMU), EAGAIN);
	EXPECT_OK(close(fd));
	swiommu_unload();
}
END_TEST

static void cannot_open(void *path)
{
	become_user(16);
	EXPECT_ERRNO(open(path, O_RDWR), EACCES);
}

START_TEST(swiommu_files_belong_to_root_alone)
{
	swiommu_load(NULL);
	EXPECT_EQ(swdev_create(&plain), 0);
	run_child(cannot_open, SWIOMMU_NODE);
	run_child(cannot_open, SWIOMMU_NODE "0");
	swiommu_unload();
}
END_TEST

START_TEST(swiommu_options_are_checked)
{
	static const char *const bad[] = {
		"iommus=0", "iommus=9", "addr_width=31", "addr_width=48,58", "pasid_width=21",
		"page_sizes=0", "page_sizes=0x2000",
	};
	struct swiommu_device_create arg;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_ERRNO_IN(module_load(SWIOMMU, bad[i]), EINVAL, "%s", bad[i]);
	EXPECT_OK(module_unload("ioasidfd"));

	swiommu_load("iommus=2 addr_width=39,57 pasid_width=8,0 page_sizes=0x1000,0x201000 snoop=1,0");
	EXPECT_EQ(swiommu_info(0).nr_iommus, 2);
	EXPECT_EQ(swiommu_info(0).addr_width, 39);
	EXPECT_EQ(swiommu_info(0).pasid_width, 8);
	EXPECT_EQ(swiommu_info(0).pgsizes, PAGE);
	EXPECT_EQ(swiommu_info(0).flags, SWIOMMU_IOMMU_SNOOP);
	EXPECT_EQ(swiommu_info(1).addr_width, 57);
	EXPECT_EQ(swiommu_info(1).pasid_width, 0);
	EXPECT_EQ(swiommu_info(1).pgsizes, PAGE | 2 * MIB);
	EXPECT_EQ(swiommu_info(1).flags, 0);

	arg = (struct swiommu_device_create) { .type = 9 };
	EXPECT_EQ(swdev_try_create(&arg), EINVAL);
	arg = (struct swiommu_device_create) { .type = 0 };
	EXPECT_EQ(swdev_try_create(&arg), EINVAL);
	arg = (struct swiommu_device_create) { .type = 1, .pasid_width = 21 };
	EXPECT_EQ(swdev_try_create(&arg), EINVAL);
	arg = (struct swiommu_device_create) { .type = 1, .iommu = 2 };
	EXPECT_EQ(swdev_try_create(&arg), ENODEV);
	arg = (struct swiommu_device_create) { .type = 1, .flags = 2 };
	EXPECT_EQ(swdev_try_create(&arg), EINVAL);
	EXPECT_ERRNO(swdev_destroy(0), ENODEV);
	swiommu_unload();
}
END_TEST

START_TEST(swdev_says_what_it_was_made_as)
{
	const struct swiommu_device_create options = {
		.type = 7, .iommu = 1, .pasid_width = 9, .group = 4,
		.flags = SWIOMMU_DEVICE_TLB,
	};
	int fd;
	struct device_caps caps;
	struct swdev dev;

	swiommu_load("addr_width=48,40 page_sizes=0x40201000,0x201000 snoop=1,0");
	fd = EXPECT_OK(iommu_open());
	swdev_start_with(&dev, &options, fd);
	EXPECT_EQ(swdev_info(&dev).type, 7);
	EXPECT_EQ(swdev_info(&dev).iommu, 1);
	EXPECT_EQ(swdev_info(&dev).pasid_width, 9);
	EXPECT_EQ(swdev_info(&dev).group, 4);
	EXPECT_EQ(swdev_info(&dev).flags, SWIOMMU_DEVICE_TLB);
	/* and the kernel of its IOMMU */
	device_caps(fd, dev.cookie, &caps);
	EXPECT_EQ(caps.info.vendor, IOASID_IOMMU_OTHER);
	EXPECT_EQ(caps.info.addr_width, 40);
	EXPECT_EQ(caps.info.pgsizes, PAGE | 2 * MIB);
	EXPECT_EQ(caps.info.flags & IOASID_DEVICE_INFO_ENFORCE_SNOOP, 0);
	EXPECT_EQ(caps.info.flags & IOASID_DEVICE_INFO_UNSAFE_MSI, 0);
	EXPECT_EQ(caps.nr_ranges, 1);
	EXPECT_EQ(caps.ranges[0].start, 0);
	EXPECT_EQ(caps.ranges[0].last, (1ULL << 40) - 1);
	close_all();
	swiommu_unload();
}
END_TEST

/* ------------------------------------------------------------ ends of things */

START_TEST(swdev_can_be_closed_in_any_order)
{
	char *mem = memory(4 * PAGE, 0);
	int order;

	for (order = 0; order < 6; order++) {
		static const unsigned char orders[6][3] = {
			{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
		};
		struct swscene s = swscene(NULL);
		int i;

		EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, 4 * PAGE, RW));
		EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
		EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
		for (i = 0; i < 3; i++) {
			const int fds[] = { s.fd, s.a.fd, s.b.fd };

			EXPECT_OK(close(fds[orders[order][i]]));
			if (i == 1 && orders[order][2])
				expect_swwrite(orders[order][2] == 1 ? &s.a : &s.b, IOVA, mem,
					       4 * PAGE);
		}
		swiommu_unload();
	}
}
END_TEST

START_TEST(swdev_can_be_removed_while_it_is_bound)
{
	struct swscene s = swscene(NULL);
	struct swiommu_dma arg = { .length = 1 };
	char *mem = memory(PAGE, 0);

	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	EXPECT_OK(swdev_destroy(s.a.id));
	EXPECT_TRUE(!swdev_exists(s.a.id));
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 1);
	EXPECT_ERRNO(swdev_try_dma(s.a.fd, &arg), ENODEV);
	EXPECT_ERRNO(dev_bind(s.a.fd, s.fd, 5), ENODEV);
	EXPECT_ERRNO(dev_attach(s.a.fd, s.fd, s.ioas), ENODEV);
	expect_swwrite(&s.b, IOVA, mem, PAGE);
	/* the last one takes the pins with it */
	EXPECT_OK(swdev_destroy(s.b.id));
	EXPECT_EQ(pinned_bytes(s.fd, s.ioas), 0);
	swscene_end(&s);
}
END_TEST

static void dma_until_killed(void *ready)
{
	char *mem = memory(64 * PAGE, 0);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct swdev dev[2];

	swdev_start(&dev[0], 0, fd);
	swdev_start(&dev[1], 1, fd);
	for (;;) {
		EXPECT_OK(ioas_map(fd, ioas, mem, IOVA, 64 * PAGE, RW));
		EXPECT_OK(dev_attach(dev[0].fd, fd, ioas));
		EXPECT_OK(dev_attach(dev[1].fd, fd, ioas));
		expect_swwrite(&dev[0], IOVA, mem, 64 * PAGE);
		expect_swread(&dev[1], IOVA, mem, 64 * PAGE);
		*(volatile int *)ready = 1;
		EXPECT_OK(ioas_unmap(fd, ioas, IOVA, 64 * PAGE, NULL));
	}
}

START_TEST(swdev_ends_with_its_process)
{
	int *ready = shared_memory(sizeof(*ready));
	long pinned = pages_pinned();
	pid_t pid;
	int i;

	swiommu_load(NULL);
	for (i = 0; i < 4; i++) {
		*ready = 0;
		pid = start_child(dma_until_killed, ready);
		wait_for(ready);
		usleep(i * 700);
		kill_child(pid);
		EXPECT_EQ(pages_pinned(), pinned);
	}
	swiommu_unload();
}
END_TEST

/* ----------------------------------------------------------------- parallel */

struct writer {
	struct swdev *dev;
	pthread_t thread;
	volatile bool stop;
	unsigned long done, blocked;
};

#define RACE_PAGES	8U

static void *write_all_the_time(void *arg)
{
	struct writer *w = arg;
	static char ones[RACE_PAGES * PAGE];
	struct swiommu_dma dma;
	unsigned int i;

	memset(ones, 1, sizeof(ones));
	for (i = 0; !w->stop; i++) {
		dma = swdev_dma(w->dev, SWIOMMU_DMA_WRITE, IOVA + i % RACE_PAGES * PAGE, ones,
				(i % 3 + 1) * PAGE);
		if (dma.done)
			w->done++;
		if (dma.fault)
			w->blocked++;
	}
	return NULL;
}

static void writer_start(struct writer *w, struct swdev *dev)
{
	w->dev = dev;
	w->stop = false;
	w->done = 0;
	w->blocked = 0;
	EXPECT_EQ(pthread_create(&w->thread, NULL, write_all_the_time, w), 0);
}

START_TEST(swdev_writes_nothing_any_more_when_unmap_has_returned)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(RACE_PAGES * PAGE, 0);
	struct writer w[2];
	int i;

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	writer_start(&w[0], &s.a);
	writer_start(&w[1], &s.b);
	for (i = 0; i < (kernel_is("debug") ? 100 : 400); i++) {
		unsigned int half = RACE_PAGES / 2 * PAGE;

		EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, half, RW));
		EXPECT_OK(ioas_map(s.fd, s.ioas, mem + half, IOVA + half, half, RW));
		if (i % 8 == 3) {
			EXPECT_OK(dev_detach(s.a.fd, s.fd));
			EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
		}
		usleep(i % 16 * 10);
		EXPECT_OK(ioas_unmap(s.fd, s.ioas, IOVA, 2 * half, NULL));
		memset(mem, CANARY, RACE_PAGES * PAGE);
		usleep(i % 5 * 10);
		expect_filled(mem, CANARY, RACE_PAGES * PAGE);
	}
	for (i = 0; i < 2; i++) {
		w[i].stop = true;
		pthread_join(w[i].thread, NULL);
		EXPECT_GE(w[i].done, 1);
		EXPECT_GE(w[i].blocked, 1);
	}
	swscene_end(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		swiommu_loads_and_unloads_again_and_again,
		swiommu_has_no_alias_to_be_loaded_by,
		swiommu_cannot_be_unloaded_with_a_device_or_an_open_file,
		swiommu_files_belong_to_root_alone,
		swiommu_options_are_checked,
		swdev_says_what_it_was_made_as,
		swdev_can_be_closed_in_any_order,
		swdev_can_be_removed_while_it_is_bound,
		swdev_ends_with_its_process,
		swdev_writes_nothing_any_more_when_unmap_has_returned,
		NULL,
	};

	return run_swiommu_program(argc, argv, "swiommu", tests);
}
