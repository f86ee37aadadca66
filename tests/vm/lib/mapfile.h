/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOMMU_IOAS_MAP_FILE, which Linux's headers have after 6.12, and files for it. For
 * programs that are compiled with them, as iommufd.h.
 */
#ifndef TESTS_MAPFILE_H
#define TESTS_MAPFILE_H

#include <sys/mman.h>

#include "iommufd.h"
#include "memory.h"

#ifdef IOMMU_IOAS_MAP_FILE
#define FIXED_RO	(IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_FIXED_IOVA)

static inline int ifd_map_file(int fd, __u32 ioas, int file, __u64 start, __u64 length,
			       __u64 *iova, __u32 flags)
{
	struct iommu_ioas_map_file arg = {
		.size = sizeof(arg), .flags = flags, .ioas_id = ioas, .fd = file,
		.start = start, .length = length, .iova = *iova,
	};
	int ret = ioctl(fd, IOMMU_IOAS_MAP_FILE, &arg);

	*iova = arg.iova;
	return ret;
}

/* All of a file of so many bytes, at IOVA */
static inline int ifd_map_all(struct ifd_attached *a, int file, __u64 size, __u32 flags)
{
	__u64 iova = IOVA;

	return ifd_map_file(a->fd, a->ioas, file, 0, size, &iova, flags);
}

/* A memfd of so many bytes that can be sealed, all of it a hole */
static inline int new_memfd(__u64 size, unsigned int flags)
{
	int fd = EXPECT_OK(memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC | flags));

	EXPECT_OK(ftruncate(fd, size));
	return fd;
}

/* The same file, opened once more */
static inline int reopen(int file, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return open(path, flags | O_CLOEXEC);
}

/* False where there is no such call; it is seen then that it is refused */
static inline bool has_map_file(void)
{
	int fd = EXPECT_OK(iommufd_open());
	__u32 ioas = ifd_new_ioas(fd);
	__u64 iova = IOVA;

	if (stack_is_linux() && kernel_is("6.12")) {
		EXPECT_ERRNO(ifd_map_file(fd, ioas, new_memfd(PAGE, 0), 0, PAGE, &iova, FIXED_RW),
			     ENOTTY);
		return false;
	}
	/* where the kernel cannot pin a memfd */
	if (kernel_is("6.1"))
		EXPECT_ERRNO(ifd_map_file(fd, ioas, new_memfd(PAGE, 0), 0, PAGE, &iova, FIXED_RW),
			     EOPNOTSUPP);
	return !kernel_is("6.1");
}
#endif

#endif /* TESTS_MAPFILE_H */
