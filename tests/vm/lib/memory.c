// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"

#define HUGE	(2 * MIB)
#define PROBE_PAGES	4096UL

void *memory(size_t size, unsigned char fill)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_NE((long)p, -1);
	/* EINVAL where the kernel has no huge pages */
	madvise(p, size, MADV_NOHUGEPAGE);
	memset(p, fill, size);
	return p;
}

void *huge_memory(size_t size, unsigned char fill)
{
	char *p = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t at;

	EXPECT_NE((long)p, -1);
	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	madvise(p, size, MADV_HUGEPAGE);
	memset(p, fill, size);
	for (at = 0; at < size; at += HUGE)
		if (phys_of(p + at) % HUGE || phys_of(p + at + HUGE - PAGE) !=
		    phys_of(p + at) + HUGE - PAGE)
			return NULL;
	return p;
}

__u64 phys_of(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	EXPECT_OK(fd);
	EXPECT_EQ(pread(fd, &entry, 8, (uintptr_t)p / PAGE * 8), 8);
	close(fd);
	EXPECT_TRUE(entry >> 63);		/* present */
	EXPECT_NE(entry & ((1ULL << 55) - 1), 0);
	return (entry & ((1ULL << 55) - 1)) * PAGE + (uintptr_t)p % PAGE;
}

void expect_filled(const void *p, unsigned char fill, size_t size)
{
	const volatile unsigned char *b = p;
	size_t i;

	for (i = 0; i < size; i++)
		if (b[i] != fill)
			FAIL("byte %#zx of %#zx is %#x, expected %#x: it was written to",
			     i, size, b[i], fill);
}

void expect_pattern(const void *p, size_t size)
{
	const volatile unsigned char *b = p;
	size_t i;

	for (i = 0; i < size; i++)
		if (b[i] != (unsigned char)(TESTDEV_PATTERN >> (i % 4 * 8)))
			FAIL("byte %#zx of %#zx is %#x, expected %#x: the DMA did not write it",
			     i, size, b[i], (unsigned char)(TESTDEV_PATTERN >> (i % 4 * 8)));
}

static long vmstat(const char *name)
{
	FILE *f = fopen("/proc/vmstat", "re");
	char word[64];
	long value;

	EXPECT_TRUE(f);
	while (fscanf(f, "%63s %ld", word, &value) == 2)
		if (!strcmp(word, name)) {
			fclose(f);
			return value;
		}
	FAIL("/proc/vmstat has no %s", name);
}

long pages_pinned(void)
{
	/* Fold what each CPU has counted on its own; the file cannot be read as such */
	EXPECT_OK(sysfs_write("/proc/sys/vm/stat_refresh", "1"));
	return vmstat("nr_foll_pin_acquired") - vmstat("nr_foll_pin_released");
}

long pages_ever_pinned(void)
{
	EXPECT_OK(sysfs_write("/proc/sys/vm/stat_refresh", "1"));
	return vmstat("nr_foll_pin_acquired");
}

size_t vm_pinned(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	unsigned long kb;

	EXPECT_TRUE(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmPin: %lu kB", &kb) == 1) {
			fclose(f);
			return kb * 1024;
		}
	FAIL("/proc/self/status has no VmPin");
}

void set_memlock_limit(unsigned long pages)
{
	struct rlimit limit = { pages * PAGE, RLIM_INFINITY };

	EXPECT_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
}

void become_user_of(uid_t uid, unsigned long pages)
{
	set_memlock_limit(pages);
	EXPECT_OK(setresgid(uid, uid, uid));
	EXPECT_OK(setresuid(uid, uid, uid));
}

void become_user(unsigned long pages)
{
	become_user_of(TEST_UID, pages);
}

/* Register and unregister @pages with an io_uring: 0, or errno */
static int try_to_lock(int ring, void *p, unsigned long pages)
{
	struct iovec iov = { p, pages * PAGE };

	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &iov, 1))
		return errno;
	EXPECT_OK(syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0));
	return 0;
}

static int new_ring(void)
{
	struct io_uring_params params = { 0 };

	return EXPECT_OK(syscall(SYS_io_uring_setup, 1, &params));
}

struct probe {
	long locked;
};

static void probe_locked(void *arg)
{
	struct probe *probe = arg;
	unsigned long low = 0, high = PROBE_PAGES, mid;
	void *p = memory(PROBE_PAGES * PAGE, 0);
	int err, ring;

	become_user(PROBE_PAGES);
	ring = new_ring();
	/* low can be locked, high + 1 cannot */
	while (low < high) {
		mid = (low + high + 1) / 2;
		err = try_to_lock(ring, p, mid);
		if (err && err != ENOMEM)
			FAIL("io_uring cannot register %lu pages: %s", mid, errno_name(err));
		if (err)
			high = mid - 1;
		else
			low = mid;
	}
	probe->locked = PROBE_PAGES - low;
	close(ring);
}

long locked_pages(void)
{
	struct probe *probe = shared_memory(sizeof(*probe));
	long locked;

	run_child(probe_locked, probe);
	locked = probe->locked;
	munmap(probe, sizeof(*probe));
	return locked;
}

static void none_locked(void *arg)
{
	void *p = memory(17 * PAGE, 0);
	uid_t *uid = arg;
	int ring;

	become_user_of(*uid, 16);
	ring = new_ring();
	EXPECT_EQ(try_to_lock(ring, p, 16), 0);
	EXPECT_EQ(try_to_lock(ring, p, 17), ENOMEM);
	close(ring);
}

void expect_no_locked_pages_of(uid_t uid)
{
	run_child(none_locked, &uid);
}

void expect_no_locked_pages(void)
{
	expect_no_locked_pages_of(TEST_UID);
}
