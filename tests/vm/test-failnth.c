// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of each call fails once: the call fails as documented and
 * changes nothing, or succeeds all the same; what tears down succeeds whatever
 * fails (lib/failnth.h).
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
#include "failnth.h"
#include "memory.h"
#include "run.h"

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

	nth_prepare();
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

static void map_fails_whole(unsigned long length)
{
	char *p = memory(length, 0xa5);
	struct nth_setting s;
	__u64 iova;
	long before;
	bool injected;
	int nth, ret, err;

	nth_setting(&s, TESTDEV_0);
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
			EXPECT_TRUE(nth_may_fail(err));
			EXPECT_EQ(pages_pinned(), before);
			EXPECT_EQ(mapped_bytes(s.fd, s.a), NTH_PIECES * PAGE);
			EXPECT_EQ(pinned_bytes(s.fd, s.a), NTH_PIECES * PAGE);
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
	struct nth_setting s;
	unsigned int i;
	bool injected;
	__u32 done;
	long before;
	int nth, ret;

	nth_setting(&s, TESTDEV_0);
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
		EXPECT_EQ(mapped_bytes(s.fd, s.a), (NTH_PIECES + done) * PAGE);
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
	struct nth_setting s;
	bool injected;
	int nth, ret;

	nth_setting(&s, TESTDEV_0);
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
		EXPECT_EQ(pinned_bytes(s.fd, s.a), NTH_PIECES * PAGE);
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
	struct nth_setting s;
	bool injected;
	long before;
	int nth, ret, err;

	nth_setting(&s, TESTDEV_0);
	before = pages_pinned();
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach(s.dev.fd, s.fd, s.a);
		err = errno;
		injected = nth_stop();
		if (ret) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(nth_may_fail(err));
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
	EXPECT_GE(nth, NTH_PIECES);
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

START_TEST(failnth_replace_keeps_the_old_address_space)
{
	struct nth_setting s;
	bool injected;
	int nth, ret, err;

	nth_setting(&s, TESTDEV_0);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach(s.dev.fd, s.fd, s.b);
		err = errno;
		injected = nth_stop();
		if (ret) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(nth_may_fail(err));
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
	EXPECT_GE(nth, NTH_PIECES);
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

START_TEST(failnth_detach_with_memory_mapped_succeeds)
{
	struct nth_setting s;
	bool injected;
	long before;
	int nth, ret;

	nth_setting(&s, TESTDEV_0);
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

	nth_prepare();
	before = pages_pinned();
	EACH_NTH(nth) {
		int fd = EXPECT_OK(iommu_open());
		__u32 ioas = new_ioas(fd);
		struct dev dev;

		for (i = 0; i < NTH_PIECES; i++)
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

	nth_prepare();
	EXPECT_OK(pci_device_node(which_bdf(TESTDEV_0, bdf), node, sizeof(node)));
	for (i = 0; i < 2; i++) {
		EACH_NTH(nth) {
			nth_start(nth);
			fd = open(i ? node : iommu_node(), O_RDWR | O_CLOEXEC);
			err = errno;
			injected = nth_stop();
			if (fd < 0) {
				EXPECT_TRUE(injected);
				EXPECT_TRUE(nth_may_fail(err));
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
	struct nth_setting s;
	__u64 size, offset;
	bool injected;
	int nth, err;
	void *p;

	nth_setting(&s, TESTDEV_0);
	dev_unmap_bar(&s.dev);
	offset = region_offset(&s.dev, VFIO_PCI_BAR0_REGION_INDEX, &size);
	EACH_NTH(nth) {
		nth_start(nth);
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s.dev.fd, offset);
		err = errno;
		injected = nth_stop();
		if (p == MAP_FAILED) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(nth_may_fail(err));
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
		NULL,
	};

	return run_program(argc, argv, "failnth", tests, RUN_DEVICES);
}
