// SPDX-License-Identifier: GPL-2.0-only
/* Mapping files by Linux's iommufd ABI; as test-iommufd-abi.c otherwise. */
#include <linux/fs.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "huge.h"
#include "mapfile.h"
#include "pci.h"
#include "process.h"

#ifdef IOMMU_IOAS_MAP_FILE
START_TEST(a_file_is_mapped)
{
	struct ifd_attached a = ifd_attached();
	int file = new_memfd(700 * PAGE, 0);
	__u64 iova = IOVA, other = 0;
	long before;
	char *p;
	int i;

	if (!has_map_file())
		return;
	p = mmap(NULL, 700 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	EXPECT_NE((long)p, -1);
	memset(p, CANARY, 300 * PAGE);
	before = pages_pinned();
	EXPECT_OK(ifd_map_file(a.fd, a.ioas, file, 0, 700 * PAGE, &iova, FIXED_RW));
	EXPECT_EQ(pages_pinned() - before, 700);
	for (i = 0; i < 700; i += 43)
		expect_dma(&a.dev, IOVA + i * PAGE, p + i * PAGE, PAGE);
	EXPECT_OK(ifd_map_file(a.fd, a.ioas, file, 5 * PAGE, 2 * PAGE, &other, MAP_RW));
	expect_dma(&a.dev, other, p + 5 * PAGE, 2 * PAGE);
	/* The process's own mapping does not matter */
	EXPECT_OK(munmap(p, 700 * PAGE));
	EXPECT_EQ(testdev_write(&a.dev, IOVA, PAGE, 0), DMA_DONE);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, 0, ~0ULL, NULL));
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

START_TEST(a_file_is_mapped_before_the_first_attach)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd), copied = ifd_new_ioas(fd);
	int file = new_memfd(64 * PAGE, 0);
	__u64 iova = IOVA, to = 2 * IOVA;
	struct dev dev;
	char *p;

	if (!has_map_file())
		return;
	p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	EXPECT_OK(ifd_map_file(fd, ioas, file, 0, 64 * PAGE, &iova, FIXED_RW));
	EXPECT_OK(ifd_copy(fd, ioas, IOVA + PAGE, copied, &to, PAGE, FIXED_RW));
	EXPECT_OK(close(file));
	ifd_dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(vfd_attach(dev.fd, ioas));
	expect_dma(&dev, IOVA + 63 * PAGE, p + 63 * PAGE, PAGE);
	EXPECT_OK(vfd_attach(dev.fd, copied));
	expect_dma(&dev, 2 * IOVA, p + PAGE, PAGE);
	EXPECT_OK(munmap(p, 64 * PAGE));
}
END_TEST

START_TEST(files_that_cannot_be_mapped_are_refused)
{
	struct ifd_attached a = ifd_attached();
	int file = new_memfd(4 * PAGE, 0), plain = EXPECT_OK(open("/proc/self/status", O_RDONLY));
	__u64 iova = IOVA;
	int ro;

	if (!has_map_file())
		return;
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, 1000, 0, PAGE, &iova, FIXED_RW), EBADF);
	EXPECT_ERRNO(ifd_map_file(a.fd, ~0U, file, 0, PAGE, &iova, FIXED_RW), ENOENT);
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, file, 0, 0, &iova, FIXED_RW), EINVAL);
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, file, 0, PAGE, &iova, 8 | MAP_RW), EOPNOTSUPP);
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, file, 100, PAGE, &iova, FIXED_RW), EINVAL);
	/* beyond its end */
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, file, 0, 5 * PAGE, &iova, FIXED_RW), EINVAL);
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, plain, 0, PAGE, &iova, FIXED_RO), EINVAL);
	ro = EXPECT_OK(reopen(file, O_RDONLY));
	if (stack_is_linux())
		return;
	/* Linux lets a device write to what its user can only read, and to what is sealed */
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, ro, 0, PAGE, &iova, FIXED_RW), EACCES);
	EXPECT_OK(ifd_map_file(a.fd, a.ioas, file, 0, PAGE, &iova, FIXED_RW));
	EXPECT_ERRNO(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, IOVA, PAGE, NULL));
	EXPECT_OK(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_ERRNO(ifd_map_file(a.fd, a.ioas, file, 0, PAGE, &iova, FIXED_RW), EPERM);
	EXPECT_OK(ifd_map_file(a.fd, a.ioas, file, 0, PAGE, &iova, FIXED_RO));
}
END_TEST

/* 0, or errno, of mapping its first page as a process does and as a device does */
static int try_mmap(int file, int prot)
{
	void *p = mmap(NULL, HUGE, prot, MAP_SHARED, file, 0);

	if (p == MAP_FAILED)
		return errno;
	EXPECT_OK(munmap(p, HUGE));
	return 0;
}

static int try_map(struct ifd_attached *a, int file, __u32 flags)
{
	if (ifd_map_all(a, file, PAGE, flags))
		return errno;
	EXPECT_OK(ifd_unmap(a->fd, a->ioas, IOVA, PAGE, NULL));
	return 0;
}

/* What the process may not do by mmap() a device may not do either, and the reverse */
static void expect_as_mmap(struct ifd_attached *a, int file, int write_errno, const char *what)
{
	if (try_mmap(file, PROT_READ | PROT_WRITE) != write_errno)
		FAIL("mmap() to write, %s: %s", what, strerror(errno));
	if (try_map(a, file, FIXED_RW) != write_errno)
		FAIL("mapped to write, %s: %s", what, strerror(errno));
	if (try_mmap(file, PROT_READ))
		FAIL("mmap() to read, %s: %s", what, strerror(errno));
	if (try_map(a, file, FIXED_RO))
		FAIL("mapped to read, %s: %s", what, strerror(errno));
}

START_TEST(a_device_writes_to_files_that_its_user_can_write_to)
{
	const char *path = "/dev/shm/test";
	struct ifd_attached a = ifd_attached();
	int file, ro, flags, i;

	if (!has_map_file() || stack_is_linux())
		return;
	for (i = 0; i < 2; i++) {
		if (i && !set_huge_pages(2))
			return;
		file = new_memfd(HUGE, i ? MFD_HUGETLB : 0);
		EXPECT_OK(fallocate(file, 0, 0, HUGE));
		expect_as_mmap(&a, file, 0, "memfd");
		ro = EXPECT_OK(reopen(file, O_RDONLY));
		expect_as_mmap(&a, ro, EACCES, "open for reading");
		EXPECT_OK(close(ro));
		EXPECT_OK(fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK));
		expect_as_mmap(&a, file, 0, "size sealed");
		EXPECT_OK(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
		expect_as_mmap(&a, file, EPERM, "sealed against future writes");
		EXPECT_OK(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
		expect_as_mmap(&a, file, EPERM, "sealed against writes");
		EXPECT_OK(close(file));
	}
	set_huge_pages(0);

	unlink(path);
	file = EXPECT_OK(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	EXPECT_OK(ftruncate(file, HUGE));
	expect_as_mmap(&a, file, 0, "tmpfs");
	/* O_APPEND alone is no limit: whoever has the file can take it away */
	expect_as_mmap(&a, EXPECT_OK(open(path, O_RDWR | O_APPEND | O_CLOEXEC)), 0, "O_APPEND");
	flags = FS_APPEND_FL;
	EXPECT_OK(ioctl(file, FS_IOC_SETFLAGS, &flags));
	EXPECT_ERRNO(open(path, O_RDWR), EPERM);
	EXPECT_EQ(try_mmap(file, PROT_READ | PROT_WRITE), EACCES);
	EXPECT_EQ(try_map(&a, file, FIXED_RW), EACCES);
	file = EXPECT_OK(open(path, O_RDWR | O_APPEND | O_CLOEXEC));
	EXPECT_EQ(try_map(&a, file, FIXED_RW), EACCES);
	EXPECT_EQ(try_map(&a, file, FIXED_RO), 0);
	/* As write() does, mmap() goes by how the file was opened */
	flags = FS_IMMUTABLE_FL;
	EXPECT_OK(ioctl(file, FS_IOC_SETFLAGS, &flags));
	EXPECT_ERRNO(open(path, O_RDWR), EPERM);
	expect_as_mmap(&a, file, 0, "immutable since it was opened");
	flags = 0;
	EXPECT_OK(ioctl(file, FS_IOC_SETFLAGS, &flags));
	EXPECT_OK(unlink(path));
}
END_TEST

START_TEST(seals_that_come_later_find_the_file_mapped)
{
	struct ifd_attached a = ifd_attached();
	int i, file, fd;
	__u64 iova = IOVA, to = 2 * IOVA;
	struct dev dev;
	__u32 later;

	if (!has_map_file() || stack_is_linux())
		return;
	for (i = 0; i < 2; i++) {
		if (i && !set_huge_pages(2))
			return;
		file = new_memfd(HUGE, i ? MFD_HUGETLB : 0);
		EXPECT_OK(ifd_map_all(&a, file, PAGE, FIXED_RW));
		EXPECT_ERRNO(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
		EXPECT_OK(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
		EXPECT_EQ(testdev_write(&a.dev, IOVA, PAGE, 0), DMA_DONE);
		EXPECT_OK(ifd_unmap(a.fd, a.ioas, IOVA, PAGE, NULL));
		EXPECT_ERRNO(ifd_map_all(&a, file, PAGE, FIXED_RW), EPERM);
		EXPECT_OK(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
		/* and what is mapped for reading is not copied to be written */
		EXPECT_OK(ifd_map_all(&a, file, PAGE, FIXED_RO));
		EXPECT_ERRNO(ifd_copy(a.fd, a.ioas, IOVA, a.ioas, &to, PAGE, FIXED_RW), EPERM);
		EXPECT_EQ(testdev_write(&a.dev, IOVA, PAGE, 0), DMA_BLOCKED);
		EXPECT_OK(ifd_unmap(a.fd, a.ioas, IOVA, PAGE, NULL));
		EXPECT_OK(close(file));
	}
	set_huge_pages(0);
	/* not pinned yet, but mapped */
	fd = EXPECT_OK(iommufd_open());
	later = ifd_new_ioas(fd);
	file = new_memfd(HUGE, 0);
	EXPECT_OK(ifd_map_file(fd, later, file, 0, PAGE, &iova, FIXED_RW));
	EXPECT_ERRNO(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	EXPECT_OK(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	ifd_dev_start(&dev, TESTDEV_1, fd);
	EXPECT_OK(vfd_attach(dev.fd, later));
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, 0), DMA_DONE);
	EXPECT_OK(ifd_unmap(fd, later, IOVA, PAGE, NULL));
	EXPECT_OK(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
}
END_TEST

START_TEST(a_file_that_becomes_shorter_is_not_attached)
{
	int fd = EXPECT_OK(iommufd_open()), file = new_memfd(64 * PAGE, 0);
	__u32 ioas = ifd_new_ioas(fd);
	long before = pages_pinned();
	__u64 iova = IOVA;
	struct dev dev;

	if (!has_map_file() || stack_is_linux())
		return;
	EXPECT_ERRNO(ifd_map_file(fd, ioas, file, 0, 65 * PAGE, &iova, FIXED_RW), EINVAL);
	EXPECT_ERRNO(ifd_map_file(fd, ioas, file, 64 * PAGE, PAGE, &iova, FIXED_RW), EINVAL);
	EXPECT_ERRNO(ifd_map_file(fd, ioas, file, 1ULL << 62, PAGE, &iova, FIXED_RW), EINVAL);
	EXPECT_OK(ifd_map_file(fd, ioas, file, 0, 64 * PAGE, &iova, FIXED_RW));
	ifd_dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(ftruncate(file, 63 * PAGE));
	EXPECT_ERRNO(vfd_attach(dev.fd, ioas), EFAULT);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_OK(ftruncate(file, 64 * PAGE));
	EXPECT_OK(vfd_attach(dev.fd, ioas));
}
END_TEST

/* What fallocate() leaves is cleared when it is used first, and lost until then */
START_TEST(what_a_device_writes_to_fallocated_memory_is_in_the_file)
{
	struct ifd_attached a = ifd_attached();
	int file = new_memfd(8 * PAGE, 0);
	char *p = memory(PAGE, CANARY);
	struct dev edu;
	__u64 iova = IOVA + GIB;

	if (!has_map_file() || stack_is_linux())
		return;
	EXPECT_OK(fallocate(file, 0, 0, 8 * PAGE));
	ifd_dev_start(&edu, EDU_0, a.fd);
	EXPECT_OK(vfd_attach(edu.fd, a.ioas));
	EXPECT_OK(ifd_map_all(&a, file, 8 * PAGE, FIXED_RW));
	EXPECT_OK(ifd_map(a.fd, a.ioas, p, iova, PAGE));
	EXPECT_EQ(testdev_write(&a.dev, IOVA + 3 * PAGE, PAGE, 0), DMA_DONE);
	EXPECT_EQ(pread(file, p, PAGE, 3 * PAGE), PAGE);
	expect_pattern(p, PAGE);
	/* and what it has not written reads as zeroes */
	edu_from_memory(&edu, IOVA + 5 * PAGE, EDU_BUFFER_SIZE);
	edu_to_memory(&edu, iova, EDU_BUFFER_SIZE);
	expect_filled(p, 0, EDU_BUFFER_SIZE);
	EXPECT_OK(ifd_unmap(a.fd, a.ioas, IOVA, 8 * PAGE, NULL));
	EXPECT_EQ(pread(file, p, PAGE, 3 * PAGE), PAGE);
	expect_pattern(p, PAGE);
}
END_TEST

/* ------------------------------------------------------------ huge pages */

#define GROUP		"/sys/fs/cgroup/test"

static bool has_huge_pages(int nr)
{
	return has_map_file() && !stack_is_linux() && set_huge_pages(nr);
}

START_TEST(huge_pages_that_others_have_reserved_are_not_taken)
{
	struct ifd_attached a = ifd_attached();
	long before = pages_pinned();
	char *others;
	int file;

	if (!has_huge_pages(4))
		return;
	others = reserve_huge_pages(3);
	file = new_memfd(2 * HUGE, MFD_HUGETLB);
	EXPECT_ERRNO(ifd_map_all(&a, file, 2 * HUGE, FIXED_RW), ENOMEM);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(huge_pages_reserved(), 3);
	/* one is free */
	EXPECT_OK(ifd_map_all(&a, file, HUGE, FIXED_RW));
	EXPECT_EQ(huge_pages_reserved(), 3);
	EXPECT_EQ(testdev_write(&a.dev, IOVA + HUGE - PAGE, PAGE, 0), DMA_DONE);
	memset(others, CANARY, 3 * HUGE);
	expect_filled(others, CANARY, 3 * HUGE);
	EXPECT_OK(munmap(others, 3 * HUGE));
	close_all();
	set_huge_pages(0);
}
END_TEST

/* What is reserved for the file itself is what is used */
START_TEST(huge_pages_that_the_file_has_reserved_are_used)
{
	struct ifd_attached a = ifd_attached();
	char *p;
	int file;

	if (!has_huge_pages(2))
		return;
	file = new_memfd(2 * HUGE, MFD_HUGETLB);
	p = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	EXPECT_NE((long)p, -1);
	EXPECT_EQ(huge_pages_reserved(), 2);
	EXPECT_OK(ifd_map_all(&a, file, 2 * HUGE, FIXED_RW));
	EXPECT_EQ(huge_pages_reserved(), 0);
	expect_dma(&a.dev, IOVA + 2 * HUGE - PAGE, p + 2 * HUGE - PAGE, PAGE);
	EXPECT_OK(munmap(p, 2 * HUGE));
	close_all();
	EXPECT_EQ(huge_pages_free(), 2);
	set_huge_pages(0);
}
END_TEST

static void new_group(const char *controller)
{
	EXPECT_OK(sysfs_write("/sys/fs/cgroup/cgroup.subtree_control", controller));
	/* one that failed has left it */
	rmdir(GROUP);
	EXPECT_OK(mkdir(GROUP, 0755));
}

static void in_a_cgroup(void *arg)
{
	struct ifd_attached *a = arg;
	int file = new_memfd(2 * HUGE, MFD_HUGETLB);
	char text[32];

	EXPECT_OK(sysfs_write(GROUP "/cgroup.procs", "0"));
	EXPECT_OK(sysfs_write(GROUP "/hugetlb.2MB.max", "2097152"));
	EXPECT_ERRNO(ifd_map_all(a, file, 2 * HUGE, FIXED_RW), ENOMEM);
	EXPECT_OK(ifd_map_all(a, file, HUGE, FIXED_RW));
	sysfs_read(GROUP "/hugetlb.2MB.current", text, sizeof(text));
	EXPECT_EQ(atol(text), HUGE);
	EXPECT_OK(ifd_unmap(a->fd, a->ioas, IOVA, HUGE, NULL));
	EXPECT_OK(close(file));
	sysfs_read(GROUP "/hugetlb.2MB.current", text, sizeof(text));
	EXPECT_EQ(atol(text), 0);
}

START_TEST(huge_pages_are_charged_to_the_cgroup)
{
	struct ifd_attached a = ifd_attached();

	if (!has_huge_pages(4))
		return;
	new_group("+hugetlb");
	run_child(in_a_cgroup, &a);
	EXPECT_OK(rmdir(GROUP));
	set_huge_pages(0);
}
END_TEST

/* As a user with no right to write to it cannot allocate it */
START_TEST(a_hole_in_huge_pages_open_for_reading_is_refused)
{
	struct ifd_attached a = ifd_attached();
	int file, ro;

	if (!has_huge_pages(2))
		return;
	file = new_memfd(2 * HUGE, MFD_HUGETLB);
	ro = EXPECT_OK(reopen(file, O_RDONLY));
	EXPECT_OK(fallocate(file, 0, 0, HUGE));
	EXPECT_ERRNO(ifd_map_all(&a, ro, 2 * HUGE, FIXED_RO), EFAULT);
	EXPECT_OK(ifd_map_all(&a, ro, HUGE, FIXED_RO));
	close_all();
	set_huge_pages(0);
}
END_TEST

static void nothing(int signal)
{
}

START_TEST(signals_do_not_keep_huge_pages_from_being_made)
{
	const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = {};
	struct ifd_attached a = ifd_attached();
	int file, i;

	if (!has_huge_pages(16))
		return;
	signal(SIGALRM, nothing);
	for (i = 0; i < 4; i++) {
		file = new_memfd(16 * HUGE, MFD_HUGETLB);
		EXPECT_OK(setitimer(ITIMER_REAL, &often, NULL));
		EXPECT_OK(ifd_map_all(&a, file, 16 * HUGE, FIXED_RW));
		EXPECT_OK(setitimer(ITIMER_REAL, &never, NULL));
		EXPECT_OK(ifd_unmap(a.fd, a.ioas, IOVA, 16 * HUGE, NULL));
		EXPECT_OK(close(file));
	}
	set_huge_pages(0);
}
END_TEST

static void shmem_in_a_cgroup(void *arg)
{
	struct ifd_attached *a = arg;
	int file = new_memfd(8 * MIB, 0);
	char text[32];

	EXPECT_OK(sysfs_write(GROUP "/cgroup.procs", "0"));
	EXPECT_OK(ifd_map_all(a, file, 8 * MIB, FIXED_RW));
	sysfs_read(GROUP "/memory.current", text, sizeof(text));
	EXPECT_GE(atol(text), 8 * MIB);
	EXPECT_OK(ifd_unmap(a->fd, a->ioas, IOVA, 8 * MIB, NULL));
}

START_TEST(holes_in_shmem_are_charged_to_the_cgroup)
{
	struct ifd_attached a = ifd_attached();

	if (!has_map_file())
		return;
	new_group("+memory");
	run_child(shmem_in_a_cgroup, &a);
	EXPECT_OK(rmdir(GROUP));
}
END_TEST
#endif

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
#ifdef IOMMU_IOAS_MAP_FILE
		a_file_is_mapped,
		a_file_is_mapped_before_the_first_attach,
		files_that_cannot_be_mapped_are_refused,
		a_device_writes_to_files_that_its_user_can_write_to,
		seals_that_come_later_find_the_file_mapped,
		a_file_that_becomes_shorter_is_not_attached,
		what_a_device_writes_to_fallocated_memory_is_in_the_file,
		huge_pages_that_others_have_reserved_are_not_taken,
		huge_pages_that_the_file_has_reserved_are_used,
		huge_pages_are_charged_to_the_cgroup,
		a_hole_in_huge_pages_open_for_reading_is_refused,
		signals_do_not_keep_huge_pages_from_being_made,
		holes_in_shmem_are_charged_to_the_cgroup,
#endif
		NULL
	};

	return run_program(argc, argv, "iommufd_file_abi", tests, RUN_DEVICES);
}
