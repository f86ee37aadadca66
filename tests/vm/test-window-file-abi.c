// SPDX-License-Identifier: GPL-2.0-only
/* Files that are cut while their memory is being pinned, by Linux's iommufd ABI. */
#include <pthread.h>

#include "hold.h"
#include "huge.h"
#include "mapfile.h"
#include "modules.h"
#include "pci.h"
#include "scene.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define REFUSE		"ioasid_test_refuse"
#define PARAMETERS	"/sys/module/" REFUSE "/parameters/"

#ifdef IOMMU_IOAS_MAP_FILE
/* A call of another thread on a file of @size bytes */
struct file_call {
	pthread_t thread;
	struct ifd_attached *a;
	int file;
	__u64 size;
	int err;
	volatile int ended;
};

static void *map_all(void *arg)
{
	struct file_call *c = arg;

	c->err = ifd_map_all(c->a, c->file, c->size, FIXED_RW) ? errno : 0;
	c->ended = 1;
	return NULL;
}

static void *cut_all(void *arg)
{
	struct file_call *c = arg;
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	c->err = fallocate(c->file, mode, 0, c->size) ? errno : 0;
	c->ended = 1;
	return NULL;
}

static void start(struct file_call *c, void *(*fn)(void *))
{
	c->ended = 0;
	EXPECT_EQ(pthread_create(&c->thread, NULL, fn, c), 0);
}

static void join(struct file_call *c, int err)
{
	EXPECT_EQ(pthread_join(c->thread, NULL), 0);
	EXPECT_EQ(c->err, err);
}

/* Functions of the kernel to come refuse with that errno: bits */
static void refuse(unsigned int calls, int err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", err);
	EXPECT_OK(sysfs_write(PARAMETERS "error", text));
	snprintf(text, sizeof(text), "%u", calls);
	EXPECT_OK(sysfs_write(PARAMETERS "calls", text));
}

/* The page that is found then is another one, and ours would stay uncleared */
START_TEST(a_page_cut_out_before_it_is_cleared_is_not_mapped)
{
	struct ifd_attached a = ifd_attached();
	struct file_call map = { .a = &a, .size = 4 * PAGE }, cut = map;
	char *p = memory(PAGE, CANARY);
	long before = pages_pinned();

	if (!has_map_file())
		return;
	map.file = cut.file = new_memfd(map.size, 0);
	EXPECT_OK(fallocate(map.file, 0, 0, map.size));
	hold_at("shmem_read_folio_gfp");
	hold_next();
	start(&map, map_all);
	hold_wait();
	start(&cut, cut_all);
	join(&cut, 0);
	hold_go();
	join(&map, EFAULT);
	hold_end();
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_OK(ifd_map_all(&a, map.file, map.size, FIXED_RW));
	EXPECT_EQ(testdev_write(&a.dev, IOVA, PAGE, 0), DMA_DONE);
	EXPECT_EQ(pread(map.file, p, PAGE, 0), PAGE);
	expect_pattern(p, PAGE);
}
END_TEST

/* The kernel would fill it from what others have reserved */
START_TEST(no_hole_is_punched_while_huge_pages_are_pinned)
{
	struct ifd_attached a = ifd_attached();
	struct file_call map = { .a = &a, .size = HUGE }, cut = map;
	char *others;

	if (!has_map_file() || !set_huge_pages(4))
		return;
	others = reserve_huge_pages(3);
	map.file = cut.file = new_memfd(HUGE, MFD_HUGETLB);
	EXPECT_OK(fallocate(map.file, 0, 0, HUGE));
	hold_at("memfd_pin_folios");
	hold_next();
	start(&map, map_all);
	hold_wait();
	start(&cut, cut_all);
	sleep_ms(A_WHILE);
	EXPECT_TRUE(!cut.ended);
	hold_go();
	join(&cut, 0);
	/* the page may be seen to be gone before it is mapped */
	EXPECT_EQ(pthread_join(map.thread, NULL), 0);
	EXPECT_TRUE(!map.err || map.err == EFAULT);
	hold_end();
	EXPECT_EQ(huge_pages_reserved(), 3);
	memset(others, CANARY, 3 * HUGE);
	expect_filled(others, CANARY, 3 * HUGE);
	EXPECT_OK(munmap(others, 3 * HUGE));
	close_all();
	set_huge_pages(0);
}
END_TEST

/* Whatever the kernel says, the caller is told what the header has */
START_TEST(errors_of_pinning_are_those_of_the_header)
{
	const struct { int kernels, ours; } errors[] = {
		{ EIO, EFAULT }, { EAGAIN, EFAULT }, { EBUSY, EFAULT }, { EINVAL, EFAULT },
		{ EHWPOISON, EFAULT }, { ENOSPC, ENOMEM }, { ENOMEM, ENOMEM }, { EDQUOT, ENOMEM },
	};
	struct ifd_attached a = ifd_attached();
	__u32 later = ifd_new_ioas(a.fd);
	char *p = memory(64 * PAGE, CANARY);
	long before = pages_pinned();
	__u64 iova = IOVA;
	unsigned int i;
	int file;

	if (!has_map_file())
		return;
	file = new_memfd(64 * PAGE, 0);
	EXPECT_OK(ifd_map_file(a.fd, later, file, 0, 64 * PAGE, &iova, FIXED_RW));
	EXPECT_OK(module_load(REFUSE, "functions=memfd_pin_folios,pin_user_pages_fast"));
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		refuse(1, errors[i].kernels);
		EXPECT_ERRNO_IN(ifd_map_all(&a, file, 64 * PAGE, FIXED_RW), errors[i].ours,
				"error %d", errors[i].kernels);
		refuse(1, errors[i].kernels);
		EXPECT_ERRNO_IN(vfd_attach(a.dev.fd, later), errors[i].ours,
				"error %d", errors[i].kernels);
		/* by the quick way, and then by the other one */
		refuse(3, errors[i].kernels);
		EXPECT_ERRNO_IN(ifd_map(a.fd, a.ioas, p, IOVA, 64 * PAGE), errors[i].ours,
				"error %d", errors[i].kernels);
		EXPECT_EQ(pages_pinned(), before);
	}
	EXPECT_OK(module_unload(REFUSE));
	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, 64 * PAGE));
	expect_dma(&a.dev, IOVA, p, PAGE);
}
END_TEST
#endif

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
#ifdef IOMMU_IOAS_MAP_FILE
		a_page_cut_out_before_it_is_cleared_is_not_mapped,
		no_hole_is_punched_while_huge_pages_are_pinned,
		errors_of_pinning_are_those_of_the_header,
#endif
		NULL
	};

	return run_program(argc, argv, "window_file_abi", tests, RUN_DEVICES);
}
