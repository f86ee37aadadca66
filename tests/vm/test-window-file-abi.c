// SPDX-License-Identifier: GPL-2.0-only
/* Files that are cut while their memory is being pinned, by Linux's iommufd ABI. */
#include <pthread.h>

#include "hold.h"
#include "mapfile.h"
#include "scene.h"

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
#endif

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
#ifdef IOMMU_IOAS_MAP_FILE
		a_page_cut_out_before_it_is_cleared_is_not_mapped,
#endif
		NULL
	};

	return run_program(argc, argv, "window_file_abi", tests, RUN_DEVICES);
}
