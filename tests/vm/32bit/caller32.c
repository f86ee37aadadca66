// SPDX-License-Identifier: GPL-2.0-only
/*
 * caller32 NODE: a 32-bit program that takes a device (NODE, the path of its
 * node) through all ioctls. Without a C library, which a 64-bit system need not
 * have for 32 bits. Exits with 0, or with the number of the step that failed.
 */
#include <asm/errno.h>
#include <asm/unistd_32.h>
#include <linux/fcntl.h>
#include <linux/ioasid.h>

#define PAGE	4096
#define IOVA	0x1000000ULL
#define COOKIE	0x1122334455667788ULL
#define RIGHTS	(IOASID_MAP_READ | IOASID_MAP_WRITE)

_Static_assert(sizeof(void *) == 4, "to be compiled for 32 bits");

static char page[PAGE] __attribute__((aligned(PAGE)));
static struct ioasid_map_range map_ranges[3];
static struct ioasid_unmap_range unmap_ranges[3];
static char records[4096] __attribute__((aligned(8)));

static int syscall3(int nr, long a, long b, long c)
{
	int ret;

	asm volatile("int $0x80" : "=a" (ret) : "a" (nr), "b" (a), "c" (b), "d" (c) : "memory");
	return ret;
}

static int call(int fd, unsigned int cmd, void *arg)
{
	return syscall3(__NR_ioctl, fd, cmd, (long)arg);
}

#define STEP(n, cond) do { if (!(cond)) return n; } while (0)

/* Three ranges in one call, the last of which is bad */
static int array_steps(int fd, unsigned int ioasid)
{
	struct ioasid_map map = {
		.argsz = sizeof(map), .ioasid = ioasid, .nr_ranges = 3,
		.ranges = (unsigned long)map_ranges,
	};
	struct ioasid_unmap unmap = {
		.argsz = sizeof(unmap), .ioasid = ioasid, .nr_ranges = 3,
		.ranges = (unsigned long)unmap_ranges,
	};
	int i;

	for (i = 0; i < 3; i++) {
		map_ranges[i].flags = i < 2 ? RIGHTS : 0;
		map_ranges[i].vaddr = (unsigned long)page;
		unmap_ranges[i].iova = map_ranges[i].iova = IOVA + (2ULL * i << 32);
		unmap_ranges[i].length = map_ranges[i].length = PAGE;
	}
	STEP(30, syscall3(__NR_ioctl, fd, IOMMU_CHECK_EXTENSION, IOASID_EXT_MAP_ARRAY) == 1);
	STEP(31, call(fd, IOMMU_MAP_DMA, &map) == -EINVAL && map.nr_done == 2);
	unmap_ranges[2].length = 1;
	STEP(32, call(fd, IOMMU_UNMAP_DMA, &unmap) == -EINVAL && unmap.nr_done == 2);
	STEP(33, unmap.unmapped == 2 * PAGE);
	map.nr_done = unmap.nr_done = 0;
	map.ranges = unmap.ranges = 0xffffffffffff0000ULL;
	STEP(34, call(fd, IOMMU_MAP_DMA, &map) == -EFAULT && !map.nr_done);
	/* above what 32 bits reach nothing is ignored */
	map.ranges = (unsigned long)map_ranges | 1ULL << 32;
	STEP(35, call(fd, IOMMU_MAP_DMA, &map) == -EFAULT && !map.nr_done);
	STEP(36, call(fd, IOMMU_UNMAP_DMA, &unmap) == -EFAULT && !unmap.nr_done);
	return 0;
}

static int steps(const char *node)
{
	struct ioasid_bind bind = { .argsz = sizeof(bind), .cookie = COOKIE };
	struct ioasid_device_info dev_info = { .argsz = sizeof(dev_info), .cookie = COOKIE };
	struct ioasid_pasid_info pasids = { .argsz = sizeof(pasids) };
	struct ioasid_alloc alloc = { .argsz = sizeof(alloc) };
	struct ioasid_map map = { .argsz = sizeof(map), .flags = RIGHTS };
	struct ioasid_attach attach = { .argsz = sizeof(attach) };
	struct ioasid_detach detach = { .argsz = sizeof(detach) };
	struct ioasid_info info = { .argsz = sizeof(info) };
	struct ioasid_unmap unmap = { .argsz = sizeof(unmap) };
	struct ioasid_unbind unbind = { .argsz = sizeof(unbind) };
	struct ioasid_free free = { .argsz = sizeof(free) };
	struct ioasid_cap_header *first = (void *)records;
	struct ioasid_attachment where = {};
	int fd, dev, ret;

	fd = syscall3(__NR_open, (long)"/dev/iommu", O_RDWR, 0);
	STEP(1, fd >= 0);
	dev = syscall3(__NR_open, (long)node, O_RDWR, 0);
	STEP(2, dev >= 0);
	STEP(3, syscall3(__NR_ioctl, fd, IOMMU_CHECK_EXTENSION, IOASID_EXT_TYPE1V2_MAP) == 1);

	bind.iommu_fd = attach.iommu_fd = detach.iommu_fd = unbind.iommu_fd = fd;
	STEP(4, !call(dev, IOASID_DEVICE_BIND, &bind));
	dev_info.caps = (unsigned long)records;
	dev_info.caps_len = sizeof(records);
	STEP(5, !call(fd, IOMMU_DEVICE_GET_INFO, &dev_info));
	STEP(6, dev_info.addr_width >= 32 && (dev_info.pgsizes & PAGE));
	STEP(7, first->id == IOASID_CAP_IOVA_RANGES && first->size <= dev_info.caps_len);
	STEP(8, !call(dev, IOASID_DEVICE_PASID_INFO, &pasids));

	STEP(9, !call(fd, IOMMU_IOASID_ALLOC, &alloc));
	map.ioasid = attach.ioasid = info.ioasid = unmap.ioasid = free.ioasid = alloc.ioasid;
	map.vaddr = (unsigned long)page;
	map.iova = unmap.iova = IOVA;
	map.length = unmap.length = PAGE;
	STEP(10, !call(fd, IOMMU_MAP_DMA, &map));
	STEP(11, !call(dev, IOASID_DEVICE_ATTACH, &attach));
	info.attachments = (unsigned long)&where;
	info.nr_attachments = 1;
	STEP(12, !call(fd, IOMMU_IOASID_GET_INFO, &info));
	STEP(13, info.mapped == PAGE && info.pinned == PAGE);
	STEP(14, info.nr_attachments == 1 && where.cookie == COOKIE);
	STEP(15, !call(fd, IOMMU_UNMAP_DMA, &unmap) && unmap.unmapped == PAGE);
	ret = array_steps(fd, alloc.ioasid);
	if (ret)
		return ret;
	STEP(16, !call(dev, IOASID_DEVICE_DETACH, &detach));
	STEP(17, !call(dev, IOASID_DEVICE_UNBIND, &unbind));
	STEP(18, !call(fd, IOMMU_IOASID_FREE, &free));
	return 0;
}

/* The stack as the kernel leaves it: argc, argv[0], argv[1], ... */
__attribute__((used)) static void start(long *stack)
{
	syscall3(__NR_exit, stack[0] == 2 ? steps((const char *)stack[2]) : 100, 0, 0);
}

asm(".globl _start\n_start:\n\tmovl %esp, %eax\n\tandl $-16, %esp\n"
	"\tsubl $12, %esp\n\tpushl %eax\n\tcall start\n\thlt\n");
