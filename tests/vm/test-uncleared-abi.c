// SPDX-License-Identifier: GPL-2.0-only
/*
 * No memory is given to a device before the kernel has cleared it: not what belonged to
 * a process of another user that has ended. In a machine of its own, for Debian's kernels
 * clear what they allocate, whoever forgets it later:
 *
 * kernel parameters: init_on_alloc=0
 */
#include "mapfile.h"
#include "pci.h"
#include "process.h"

#ifdef IOMMU_IOAS_MAP_FILE
#define SECRET		0x5e
#define PAGES		24
#define LARGE		(4 * MIB)
#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"

/* A device that reads, and a page that it copies to */
struct reader {
	struct ifd_attached a;
	struct dev edu;
	char *copy;
};

static struct reader *new_reader(void)
{
	struct reader *r = shared_memory(sizeof(*r));

	r->a = ifd_attached();
	ifd_dev_start(&r->edu, EDU_0, r->a.fd);
	EXPECT_OK(vfd_attach(r->edu.fd, r->a.ioas));
	r->copy = memory(PAGE, CANARY);
	EXPECT_OK(ifd_map(r->a.fd, r->a.ioas, r->copy, 2 * IOVA, PAGE));
	return r;
}

/* A process of another user that fills most of what is free, in pages of both sizes */
static void leave_secrets(void *arg)
{
	const size_t size = 512 * MIB;
	char *p;
	int i;

	EXPECT_OK(setresuid(TEST_UID, TEST_UID, TEST_UID));
	for (i = 0; i < 2; i++) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		EXPECT_NE((long)p, -1);
		EXPECT_OK(madvise(p, size, i ? MADV_HUGEPAGE : MADV_NOHUGEPAGE));
		memset(p, SECRET, size);
	}
}

/* Of what is mapped at IOVA, a page every @step bytes */
static void expect_cleared(struct reader *r, __u64 size, __u64 step)
{
	__u64 at;

	for (at = 0; at < size; at += step) {
		memset(r->copy, CANARY, PAGE);
		edu_from_memory(&r->edu, IOVA + at, EDU_BUFFER_SIZE);
		edu_to_memory(&r->edu, 2 * IOVA, EDU_BUFFER_SIZE);
		expect_filled(r->copy, 0, EDU_BUFFER_SIZE);
	}
	EXPECT_OK(ifd_unmap(r->a.fd, r->a.ioas, IOVA, size, NULL));
}

START_TEST(a_fallocated_file_is_cleared)
{
	struct reader *r = new_reader();
	int file;

	if (!has_map_file())
		return;
	run_child(leave_secrets, NULL);
	file = new_memfd(PAGES * PAGE, 0);
	EXPECT_OK(fallocate(file, 0, 0, PAGES * PAGE));
	EXPECT_OK(ifd_map_all(&r->a, file, PAGES * PAGE, FIXED_RW));
	expect_cleared(r, PAGES * PAGE, PAGE);
}
END_TEST

START_TEST(a_fallocated_file_is_cleared_to_be_read)
{
	struct reader *r = new_reader();
	int file;

	if (!has_map_file())
		return;
	run_child(leave_secrets, NULL);
	file = new_memfd(PAGES * PAGE, 0);
	EXPECT_OK(fallocate(file, 0, 0, PAGES * PAGE));
	EXPECT_OK(ifd_map_all(&r->a, reopen(file, O_RDONLY), PAGES * PAGE, FIXED_RO));
	expect_cleared(r, PAGES * PAGE, PAGE);
}
END_TEST

START_TEST(a_fallocated_file_of_large_pages_is_cleared)
{
	struct reader *r = new_reader();
	int file;

	if (!has_map_file())
		return;
	EXPECT_OK(sysfs_write(SHMEM_ENABLED, "force"));
	run_child(leave_secrets, NULL);
	file = new_memfd(LARGE, 0);
	EXPECT_OK(fallocate(file, 0, 0, LARGE));
	EXPECT_OK(sysfs_write(SHMEM_ENABLED, "never"));
	EXPECT_OK(ifd_map_all(&r->a, file, LARGE, FIXED_RW));
	expect_cleared(r, LARGE, LARGE / 16 + PAGE);
}
END_TEST
#endif

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
#ifdef IOMMU_IOAS_MAP_FILE
		a_fallocated_file_is_cleared,
		a_fallocated_file_is_cleared_to_be_read,
		a_fallocated_file_of_large_pages_is_cleared,
#endif
		NULL
	};

	return run_program(argc, argv, "uncleared_abi", tests, RUN_DEVICES | RUN_LONG);
}
