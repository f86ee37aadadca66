// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of each call fails once: the call fails as documented and
 * changes nothing, or succeeds all the same; what tears down succeeds whatever
 * fails. Only for a kernel with fault injection (FAULT_INJECTION_DEBUG_FS:
 * /proc/thread-self/fail-nth makes the N-th of what can fail in this thread
 * do so, copies from and to user memory included).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "array.h"
#include "calls.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

/* More than any call here makes */
#define NTH_MAX	3000

static int nth_fd;

/* First and last address of a function of the kernel */
static void function_range(const char *name, unsigned long long *start, unsigned long long *end)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long addr;
	char line[256], symbol[128];

	EXPECT_TRUE(f);
	*start = 0;
	*end = ~0ULL;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %*c %127s", &addr, symbol) == 2 && !strcmp(symbol, name))
			*start = addr;
	EXPECT_NE(*start, 0);
	rewind(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx", &addr) == 1 && addr > *start && addr < *end)
			*end = addr;
	fclose(f);
}

/*
 * Where the kernel takes a device back into its default domain it allocates,
 * and warns if that fails: its own affair, left out.
 */
static void leave_out_release_of_ownership(void)
{
	static const char *const attrs[] = { "failslab", "fail_page_alloc" };
	unsigned long long start, end;
	char path[128], text[32];
	int i;

	function_range("__iommu_release_dma_ownership", &start, &end);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/reject-start", attrs[i]);
		snprintf(text, sizeof(text), "%#llx", start);
		EXPECT_OK(sysfs_write(path, text));
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/reject-end", attrs[i]);
		snprintf(text, sizeof(text), "%#llx", end);
		EXPECT_OK(sysfs_write(path, text));
	}
}

static void prepare_kernel(void)
{
	static const char *const zero[] = {
		"failslab/ignore-gfp-wait", "fail_page_alloc/ignore-gfp-wait",
		"fail_page_alloc/min-order", "failslab/verbose", "fail_page_alloc/verbose",
		"fail_usercopy/verbose",
	};
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(zero) / sizeof(zero[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", zero[i]);
		EXPECT_OK(sysfs_write(path, "0"));
	}
	leave_out_release_of_ownership();
	nth_fd = EXPECT_OK(open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC));
}

static void nth_start(int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", nth);

	if (pwrite(nth_fd, text, n, 0) != n)
		FAIL("fail-nth cannot be written: %s", errno_name(errno));
}

/* Ends the injection; true if there was one. May fail itself, hence the loop */
static bool nth_stop(void)
{
	char text[16] = "";
	int n = 0, i;

	for (i = 0; i < 3 && n <= 0; i++)
		n = pread(nth_fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		FAIL("fail-nth cannot be read: %s", errno_name(errno));
	for (i = 0; i < 3; i++)
		if (pwrite(nth_fd, "0", 1, 0) == 1)
			return !atoi(text);
	FAIL("fail-nth cannot be written: %s", errno_name(errno));
}

static bool may_fail_with(unsigned long cmd, int err)
{
	/* the structure could not be read or written */
	if (err == EFAULT)
		return true;
	switch (cmd) {
	case IOMMU_IOASID_FREE:
	case IOMMU_UNMAP_DMA:
	case IOASID_DEVICE_UNBIND:
	case IOASID_DEVICE_DETACH:
		return false;	/* tearing down needs no memory */
	default:
		return err == ENOMEM;
	}
}

/* Walk one row of the table; returns how many injections there were */
static int walk(struct world *w, const struct call *call)
{
	char arg[MAX_SIZE];
	int nth, ret, err;
	bool injected;

	for (nth = 1; nth < NTH_MAX; nth++) {
		struct state before;

		prepare(w, call, arg, sizeof(arg));
		before = state(w);
		nth_start(nth);
		ret = ioctl(call_fd(w, call), call->cmd, arg);
		err = errno;
		injected = nth_stop();
		if (ret) {
			if (!injected || !may_fail_with(call->cmd, err))
				FAIL("%s fails with %s when the %d. allocation fails%s",
				     call->name, errno_name(err), nth,
				     injected ? "" : ", of fewer than that");
			expect_same_state(w, &before, call->name);
			/* and it works when nothing fails */
			prepare(w, call, arg, sizeof(arg));
			expect_good(w, call, arg);
		}
		call->undo(w, arg);
		if (!injected)
			return nth - 1;
	}
	FAIL("%s makes more than %d allocations", call->name, NTH_MAX);
}

static void walk_named(unsigned long cmd, int at_least)
{
	const struct call *call;
	struct world w;

	prepare_kernel();
	make_world(&w);
	FOR_EACH_CALL(call)
		if (call->cmd == cmd)
			EXPECT_GE(walk(&w, call), at_least);
}

/* At least so many: the copy of the structure, and what must be allocated */
#define WALK(name, cmd, at_least)						\
	START_TEST(name)							\
	{									\
		walk_named(cmd, at_least);					\
	}									\
	END_TEST

WALK(failnth_device_get_info, IOMMU_DEVICE_GET_INFO, 2)
WALK(failnth_ioasid_alloc, IOMMU_IOASID_ALLOC, 2)
WALK(failnth_ioasid_free, IOMMU_IOASID_FREE, 1)
WALK(failnth_ioasid_get_info, IOMMU_IOASID_GET_INFO, 2)
WALK(failnth_map_without_device, IOMMU_MAP_DMA, 2)
WALK(failnth_unmap_without_device, IOMMU_UNMAP_DMA, 1)
WALK(failnth_bind, IOASID_DEVICE_BIND, 4)
WALK(failnth_unbind, IOASID_DEVICE_UNBIND, 1)
WALK(failnth_attach, IOASID_DEVICE_ATTACH, 3)
WALK(failnth_detach, IOASID_DEVICE_DETACH, 1)
WALK(failnth_pasid_info, IOASID_DEVICE_PASID_INFO, 1)

/* An attached device and memory in pieces, so that page tables are needed */
struct setting {
	int fd;
	__u32 a, b;
	char *p;
	struct dev dev;
};

#define PIECES	8

static void make_setting(struct setting *s)
{
	int i;

	prepare_kernel();
	s->p = memory(16 * PAGE, 0xa5);
	s->fd = EXPECT_OK(iommu_open());
	s->a = new_ioas(s->fd);
	s->b = new_ioas(s->fd);
	for (i = 0; i < PIECES; i++) {
		EXPECT_OK(ioas_map(s->fd, s->a, s->p + i * PAGE, IOVA + i * 4 * GIB, PAGE, RW));
		EXPECT_OK(ioas_map(s->fd, s->b, s->p + i * PAGE, IOVA + i * 8 * GIB, PAGE, RW));
	}
	dev_start(&s->dev, TESTDEV_0, s->fd);
}

#define EACH_NTH(nth)	for (nth = 1; nth < NTH_MAX; nth++)

static void map_fails_whole(unsigned long length)
{
	char *p = memory(length, 0xa5);
	struct setting s;
	__u64 iova;
	long before;
	bool injected;
	int nth, ret, err;

	make_setting(&s);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	before = pages_pinned();
	EACH_NTH(nth) {
		/* where no table is yet */
		iova = IOVA + 64 * GIB + nth * GIB;
		nth_start(nth);
		ret = ioas_map(s.fd, s.a, p, iova, length, RW);
		err = errno;
		injected = nth_stop();
		if (ret) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(err == ENOMEM || err == EFAULT);
			EXPECT_EQ(pages_pinned(), before);
			EXPECT_EQ(mapped_bytes(s.fd, s.a), PIECES * PAGE);
			EXPECT_EQ(pinned_bytes(s.fd, s.a), PIECES * PAGE);
			EXPECT_EQ(testdev_write(&s.dev, iova, 64, 0), DMA_BLOCKED);
			EXPECT_OK(ioas_map(s.fd, s.a, p, iova, length, RW));
		}
		EXPECT_EQ(testdev_write(&s.dev, iova, 64, phys_of(p)), DMA_DONE);
		EXPECT_OK(ioas_unmap(s.fd, s.a, iova, length, NULL));
		if (!injected)
			break;
	}
	EXPECT_GE(nth, 4);
	EXPECT_LE(nth, NTH_MAX - 1);
}

START_TEST(failnth_map_with_device)
{
	map_fails_whole(16 * PAGE);
}
END_TEST

/* Pinned in parts, into room that is allocated */
START_TEST(failnth_map_of_many_pages_with_device)
{
	map_fails_whole(700 * PAGE);
}
END_TEST

START_TEST(failnth_map_array_with_device)
{
	struct ioasid_map_range *range;
	struct setting s;
	unsigned int i;
	bool injected;
	__u32 done;
	long before;
	int nth, ret;

	make_setting(&s);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	before = pages_pinned();
	range = map_ranges(s.p, 4);
	EACH_NTH(nth) {
		for (i = 0; i < 4; i++)
			range[i].iova = IOVA + 64 * GIB + (nth * 4 + i) * GIB;
		nth_start(nth);
		ret = ioas_map_array(s.fd, s.a, range, 4, &done);
		injected = nth_stop();
		if (ret)
			EXPECT_TRUE(injected);
		else
			EXPECT_EQ(done, 4);
		EXPECT_EQ(mapped_bytes(s.fd, s.a), (PIECES + done) * PAGE);
		EXPECT_EQ(pages_pinned(), before + done);
		for (i = 0; i < 4; i++) {
			EXPECT_EQ(testdev_write(&s.dev, range[i].iova, 64,
						i < done ? phys_of(s.p + i * PAGE) : 0),
				  i < done ? DMA_DONE : DMA_BLOCKED);
			EXPECT_OK(ioas_unmap(s.fd, s.a, range[i].iova, PAGE, NULL));
		}
		if (!injected)
			break;
	}
	EXPECT_GE(nth, 4);
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

static void unmap_succeeds(unsigned long length)
{
	char *p = memory(length, 0xa5);
	struct setting s;
	bool injected;
	int nth, ret;

	make_setting(&s);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	EACH_NTH(nth) {
		EXPECT_OK(ioas_map(s.fd, s.a, p, IOVA + 2 * GIB, length, RW));
		EXPECT_EQ(testdev_write(&s.dev, IOVA + 2 * GIB, 64, phys_of(p)), DMA_DONE);
		nth_start(nth);
		ret = ioas_unmap(s.fd, s.a, IOVA + 2 * GIB, length, NULL);
		if (ret && errno != EFAULT)
			FAIL("unmap fails with %s", errno_name(errno));
		injected = nth_stop();
		if (ret)
			EXPECT_OK(ioas_unmap(s.fd, s.a, IOVA + 2 * GIB, length, NULL));
		EXPECT_EQ(testdev_write(&s.dev, IOVA + 2 * GIB, 64, 0), DMA_BLOCKED);
		EXPECT_EQ(pinned_bytes(s.fd, s.a), PIECES * PAGE);
		if (!injected)
			break;
	}
	EXPECT_LE(nth, NTH_MAX - 1);
}

START_TEST(failnth_unmap_with_device)
{
	unmap_succeeds(16 * PAGE);
}
END_TEST

/* Its pages are read back, into room that may not be there */
START_TEST(failnth_unmap_of_many_pages_with_device)
{
	unmap_succeeds(700 * PAGE);
}
END_TEST

START_TEST(failnth_attach_with_memory_mapped)
{
	struct setting s;
	bool injected;
	long before;
	int nth, ret, err;

	make_setting(&s);
	before = pages_pinned();
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach(s.dev.fd, s.fd, s.a);
		err = errno;
		injected = nth_stop();
		if (ret) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(err == ENOMEM || err == EFAULT);
			EXPECT_EQ(pages_pinned(), before);
			EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
			EXPECT_EQ(testdev_write(&s.dev, IOVA, 64, 0), DMA_BLOCKED);
			EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
		}
		EXPECT_EQ(testdev_write(&s.dev, IOVA, 64, phys_of(s.p)), DMA_DONE);
		EXPECT_OK(dev_detach(s.dev.fd, s.fd));
		EXPECT_EQ(pages_pinned(), before);
		if (!injected)
			break;
	}
	/* a domain, and tables for each piece */
	EXPECT_GE(nth, PIECES);
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

START_TEST(failnth_replace_keeps_the_old_address_space)
{
	struct setting s;
	bool injected;
	int nth, ret, err;

	make_setting(&s);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach(s.dev.fd, s.fd, s.b);
		err = errno;
		injected = nth_stop();
		if (ret) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(err == ENOMEM || err == EFAULT);
			EXPECT_EQ(nr_attachments(s.fd, s.a), 1);
			EXPECT_EQ(nr_attachments(s.fd, s.b), 0);
			EXPECT_EQ(pinned_bytes(s.fd, s.b), 0);
			EXPECT_EQ(testdev_write(&s.dev, IOVA + 4 * GIB, 64,
						phys_of(s.p + PAGE)), DMA_DONE);
			EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.b));
		}
		EXPECT_EQ(testdev_write(&s.dev, IOVA + 8 * GIB, 64, phys_of(s.p + PAGE)),
			  DMA_DONE);
		EXPECT_EQ(testdev_write(&s.dev, IOVA + 4 * GIB, 64, 0), DMA_BLOCKED);
		EXPECT_EQ(pinned_bytes(s.fd, s.a), 0);
		EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
		if (!injected)
			break;
	}
	EXPECT_GE(nth, PIECES);
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

START_TEST(failnth_detach_with_memory_mapped_succeeds)
{
	struct setting s;
	bool injected;
	long before;
	int nth, ret;

	make_setting(&s);
	before = pages_pinned();
	EACH_NTH(nth) {
		EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
		EXPECT_EQ(testdev_write(&s.dev, IOVA, 64, phys_of(s.p)), DMA_DONE);
		nth_start(nth);
		ret = dev_detach(s.dev.fd, s.fd);
		if (ret && errno != EFAULT)
			FAIL("detach fails with %s", errno_name(errno));
		injected = nth_stop();
		if (ret)
			EXPECT_OK(dev_detach(s.dev.fd, s.fd));
		EXPECT_EQ(pages_pinned(), before);
		EXPECT_EQ(testdev_write(&s.dev, IOVA, 64, 0), DMA_BLOCKED);
		if (!injected)
			break;
	}
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

static void close_both(bool device_first)
{
	char *p = memory(16 * PAGE, 0xa5);
	long before;
	bool injected;
	int nth, i;

	prepare_kernel();
	before = pages_pinned();
	EACH_NTH(nth) {
		int fd = EXPECT_OK(iommu_open());
		__u32 ioas = new_ioas(fd);
		struct dev dev;

		for (i = 0; i < PIECES; i++)
			EXPECT_OK(ioas_map(fd, ioas, p, IOVA + i * 4 * GIB, PAGE, RW));
		dev_start(&dev, TESTDEV_0, fd);
		EXPECT_OK(dev_attach(dev.fd, fd, ioas));
		EXPECT_EQ(testdev_write(&dev, IOVA, 64, phys_of(p)), DMA_DONE);
		dev_unmap_bar(&dev);
		nth_start(nth);
		close(device_first ? dev.fd : fd);
		close(device_first ? fd : dev.fd);
		injected = nth_stop();
		EXPECT_EQ(pages_pinned(), before);
		if (!injected)
			break;
	}
	EXPECT_LE(nth, NTH_MAX - 1);
}

START_TEST(failnth_close_of_the_device_first_releases_everything)
{
	close_both(true);
}
END_TEST

START_TEST(failnth_close_of_the_iommu_fd_first_releases_everything)
{
	close_both(false);
}
END_TEST

START_TEST(failnth_open_of_both_nodes)
{
	char bdf[BDF_SIZE], node[NODE_SIZE];
	bool injected;
	int nth, fd, err, i;

	prepare_kernel();
	EXPECT_OK(pci_device_node(which_bdf(TESTDEV_0, bdf), node, sizeof(node)));
	for (i = 0; i < 2; i++) {
		EACH_NTH(nth) {
			nth_start(nth);
			fd = open(i ? node : iommu_node(), O_RDWR | O_CLOEXEC);
			err = errno;
			injected = nth_stop();
			if (fd < 0) {
				EXPECT_TRUE(injected);
				EXPECT_TRUE(err == ENOMEM || err == EFAULT);
			} else {
				EXPECT_OK(close(fd));
			}
			if (!injected)
				break;
		}
		EXPECT_GE(nth, 3);
		EXPECT_LE(nth, NTH_MAX - 1);
	}
}
END_TEST

START_TEST(failnth_mmap_of_a_region)
{
	struct setting s;
	__u64 size, offset;
	bool injected;
	int nth, err;
	void *p;

	make_setting(&s);
	dev_unmap_bar(&s.dev);
	offset = region_offset(&s.dev, VFIO_PCI_BAR0_REGION_INDEX, &size);
	EACH_NTH(nth) {
		nth_start(nth);
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s.dev.fd, offset);
		err = errno;
		injected = nth_stop();
		if (p == MAP_FAILED) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(err == ENOMEM || err == EFAULT);
		} else {
			EXPECT_ERRNO(dev_unbind(s.dev.fd, s.fd), EBUSY);
			EXPECT_OK(munmap(p, size));
		}
		if (!injected)
			break;
	}
	EXPECT_GE(nth, 2);
	EXPECT_LE(nth, NTH_MAX - 1);
	/* a failed one has not left the device busy */
	EXPECT_OK(dev_unbind(s.dev.fd, s.fd));
}
END_TEST

/* ------------------------------------------- two devices of one group */

static void make_pair(struct setting *s, struct dev *second)
{
	int i;

	prepare_kernel();
	s->p = memory(16 * PAGE, 0xa5);
	s->fd = EXPECT_OK(iommu_open());
	s->a = new_ioas(s->fd);
	s->b = new_ioas(s->fd);
	for (i = 0; i < PIECES; i++) {
		EXPECT_OK(ioas_map(s->fd, s->a, s->p + i * PAGE, IOVA + i * 4 * GIB, PAGE, RW));
		EXPECT_OK(ioas_map(s->fd, s->b, s->p + i * PAGE, IOVA + i * 8 * GIB, PAGE, RW));
	}
	dev_start(&s->dev, TWIN_0, s->fd);
	if (second)
		dev_start(second, TWIN_1, s->fd);
}

START_TEST(failnth_bind_of_the_first_of_two_devices)
{
	int fd, nth, ret, err;
	struct dev a, b;
	bool injected;

	prepare_kernel();
	fd = EXPECT_OK(iommu_open());
	dev_open_only(&a, TWIN_0);
	dev_open_only(&b, TWIN_1);
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_bind(a.fd, fd, 1);
		err = errno;
		injected = nth_stop();
		if (ret) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(err == ENOMEM || err == EFAULT);
			/* nobody has the group */
			EXPECT_OK(dev_bind(b.fd, fd, 1));
			EXPECT_OK(dev_unbind(b.fd, fd));
			EXPECT_OK(dev_bind(a.fd, fd, 1));
		}
		EXPECT_OK(dev_unbind(a.fd, fd));
		if (!injected)
			break;
	}
	EXPECT_GE(nth, 6);
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

START_TEST(failnth_bind_of_the_second_of_two_devices)
{
	struct setting s;
	int nth, ret, err;
	bool injected;
	struct dev b;

	make_pair(&s, NULL);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	dev_open_only(&b, TWIN_1);
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_bind(b.fd, s.fd, b.cookie);
		err = errno;
		injected = nth_stop();
		if (ret) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(err == ENOMEM || err == EFAULT);
			EXPECT_OK(dev_bind(b.fd, s.fd, b.cookie));
		}
		EXPECT_EQ(nr_attachments(s.fd, s.a), 1);
		EXPECT_EQ(testdev_write(&s.dev, IOVA, 64, phys_of(s.p)), DMA_DONE);
		EXPECT_OK(dev_unbind(b.fd, s.fd));
		EXPECT_EQ(testdev_write(&s.dev, IOVA, 64, phys_of(s.p)), DMA_DONE);
		if (!injected)
			break;
	}
	EXPECT_GE(nth, 4);
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

START_TEST(failnth_attach_of_the_second_of_two_devices)
{
	struct setting s;
	int nth, ret, err;
	bool injected;
	struct dev b;
	long before;

	make_pair(&s, &b);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	before = pages_pinned();
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach(b.fd, s.fd, s.a);
		err = errno;
		injected = nth_stop();
		if (ret) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(err == ENOMEM || err == EFAULT);
			EXPECT_EQ(nr_attachments(s.fd, s.a), 1);
			EXPECT_OK(dev_attach(b.fd, s.fd, s.a));
		}
		EXPECT_EQ(nr_attachments(s.fd, s.a), 2);
		EXPECT_EQ(testdev_write(&b, IOVA, 64, phys_of(s.p)), DMA_DONE);
		nth_start(1);
		ret = dev_detach(b.fd, s.fd);
		err = errno;
		nth_stop();
		if (ret) {
			/* its argument could not be read */
			EXPECT_EQ(err, EFAULT);
			EXPECT_OK(dev_detach(b.fd, s.fd));
		}
		EXPECT_EQ(nr_attachments(s.fd, s.a), 1);
		EXPECT_EQ(testdev_write(&s.dev, IOVA, 64, phys_of(s.p)), DMA_DONE);
		EXPECT_EQ(pages_pinned(), before);
		if (!injected)
			break;
	}
	EXPECT_GE(nth, 2);
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

/* Half of the group may have gone over when the other half cannot */
START_TEST(failnth_replace_behind_two_devices_keeps_the_old_address_space)
{
	struct setting s;
	struct dev b, *dev;
	int nth, ret, err;
	bool injected;

	make_pair(&s, &b);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach(s.dev.fd, s.fd, s.b);
		err = errno;
		injected = nth_stop();
		for (dev = &b; ret && dev; dev = dev == &b ? &s.dev : NULL) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(err == ENOMEM || err == EFAULT);
			EXPECT_EQ(testdev_write(dev, IOVA + 4 * GIB, 64,
						phys_of(s.p + PAGE)), DMA_DONE);
			EXPECT_EQ(testdev_write(dev, IOVA + 8 * PIECES * GIB - 8 * GIB, 64, 0),
				  DMA_BLOCKED);
		}
		if (ret) {
			EXPECT_EQ(nr_attachments(s.fd, s.a), 1);
			EXPECT_EQ(nr_attachments(s.fd, s.b), 0);
			EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.b));
		}
		for (dev = &b; dev; dev = dev == &b ? &s.dev : NULL) {
			EXPECT_EQ(testdev_write(dev, IOVA + 8 * GIB, 64, phys_of(s.p + PAGE)),
				  DMA_DONE);
			EXPECT_EQ(testdev_write(dev, IOVA + 4 * GIB, 64, 0), DMA_BLOCKED);
		}
		EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
		if (!injected)
			break;
	}
	EXPECT_GE(nth, PIECES);
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

START_TEST(failnth_detach_and_unbind_of_two_devices_succeed)
{
	struct setting s;
	struct dev b;
	bool injected;
	long before;
	int nth;

	make_pair(&s, &b);
	dev_unmap_bar(&s.dev);
	dev_unmap_bar(&b);
	before = pages_pinned();
	EACH_NTH(nth) {
		EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
		EXPECT_OK(dev_attach(b.fd, s.fd, s.a));
		nth_start(nth);
		close(s.dev.fd);
		close(b.fd);
		injected = nth_stop();
		EXPECT_EQ(pages_pinned(), before);
		EXPECT_EQ(nr_attachments(s.fd, s.a), 0);
		dev_open_only(&s.dev, TWIN_0);
		dev_open_only(&b, TWIN_1);
		EXPECT_OK(dev_bind(b.fd, s.fd, b.cookie));
		EXPECT_OK(dev_bind(s.dev.fd, s.fd, s.dev.cookie));
		if (!injected)
			break;
	}
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		failnth_device_get_info,
		failnth_ioasid_alloc,
		failnth_ioasid_free,
		failnth_ioasid_get_info,
		failnth_map_without_device,
		failnth_unmap_without_device,
		failnth_bind,
		failnth_unbind,
		failnth_attach,
		failnth_detach,
		failnth_pasid_info,
		failnth_map_with_device,
		failnth_unmap_with_device,
		failnth_map_of_many_pages_with_device,
		failnth_map_array_with_device,
		failnth_unmap_of_many_pages_with_device,
		failnth_attach_with_memory_mapped,
		failnth_replace_keeps_the_old_address_space,
		failnth_detach_with_memory_mapped_succeeds,
		failnth_close_of_the_device_first_releases_everything,
		failnth_close_of_the_iommu_fd_first_releases_everything,
		failnth_open_of_both_nodes,
		failnth_mmap_of_a_region,
		failnth_bind_of_the_first_of_two_devices,
		failnth_bind_of_the_second_of_two_devices,
		failnth_attach_of_the_second_of_two_devices,
		failnth_replace_behind_two_devices_keeps_the_old_address_space,
		failnth_detach_and_unbind_of_two_devices_succeed,
		NULL,
	};

	return run_program(argc, argv, "failnth", tests, RUN_DEVICES);
}
