// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software IOMMU and its devices: what their DMA reaches and what not, several
 * IOMMUs behind one address space, and that a missing invalidation is seen.
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

/* An open /dev/iommu, an address space, devices bound to it and not attached */
struct scene {
	int fd;
	__u32 ioas;
	struct swdev a, b;
};

static struct scene scene(const char *options)
{
	struct scene s;

	swiommu_load(options);
	s.fd = EXPECT_OK(iommu_open());
	s.ioas = new_ioas(s.fd);
	swdev_start(&s.a, 0, s.fd);
	swdev_start(&s.b, strcmp(options ?: "", "iommus=1") ? 1 : 0, s.fd);
	return s;
}

static void end(struct scene *s)
{
	EXPECT_OK(close(s->a.fd));
	EXPECT_OK(close(s->b.fd));
	EXPECT_OK(close(s->fd));
	swiommu_unload();
}

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

/* -------------------------------------------------------------------- DMA */

START_TEST(swdev_reaches_what_is_mapped_and_only_that)
{
	struct scene s = scene(NULL);
	char *mem = memory(8 * PAGE, CANARY);

	/* pages 2, 3, 4 of 0 to 7 */
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem + 2 * PAGE, IOVA, 3 * PAGE, RW));
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	expect_swwrite(&s.a, IOVA, mem + 2 * PAGE, 3 * PAGE);
	expect_swread(&s.a, IOVA, mem + 2 * PAGE, 3 * PAGE);
	expect_swwrite(&s.a, IOVA + 5, mem + 2 * PAGE + 5, 2 * PAGE - 3);
	expect_swread(&s.a, IOVA + PAGE - 1, mem + 3 * PAGE - 1, 2);
	expect_swread(&s.a, IOVA + 100, mem, 0);
	expect_filled(mem, CANARY, 2 * PAGE);
	expect_filled(mem + 5 * PAGE, CANARY, 3 * PAGE);
	/* over the end, before the start */
	expect_swfault(&s.a, SWIOMMU_DMA_WRITE, IOVA + PAGE, 3 * PAGE,
		       SWIOMMU_FAULT_NOT_MAPPED, IOVA + 3 * PAGE);
	expect_swfault(&s.a, SWIOMMU_DMA_READ, IOVA + 2 * PAGE + 7, PAGE,
		       SWIOMMU_FAULT_NOT_MAPPED, IOVA + 3 * PAGE);
	expect_swblocked(&s.a, IOVA - PAGE, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&s.a, 1ULL << 48, SWIOMMU_FAULT_WIDTH);
	expect_filled(mem, CANARY, 2 * PAGE);
	expect_filled(mem + 5 * PAGE, CANARY, 3 * PAGE);
	end(&s);
}
END_TEST

START_TEST(swdev_obeys_permissions)
{
	struct scene s = scene(NULL);
	char *mem = memory(2 * PAGE, 1);

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, IOASID_MAP_READ));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem + PAGE, IOVA + PAGE, PAGE, IOASID_MAP_WRITE));
	expect_swread(&s.a, IOVA, mem, PAGE);
	expect_swfault(&s.a, SWIOMMU_DMA_WRITE, IOVA, PAGE, SWIOMMU_FAULT_PERMISSION, IOVA);
	expect_filled(mem, 1, PAGE);
	expect_swwrite(&s.a, IOVA + PAGE, mem + PAGE, PAGE);
	expect_swfault(&s.a, SWIOMMU_DMA_READ, IOVA, 2 * PAGE, SWIOMMU_FAULT_PERMISSION,
		       IOVA + PAGE);
	end(&s);
}
END_TEST

START_TEST(swdev_copies_until_either_end_faults)
{
	struct scene s = scene(NULL);
	char *mem = memory(64 * PAGE, 0), *to = mem + 32 * PAGE;
	struct swiommu_dma arg = { .op = SWIOMMU_DMA_COPY, .length = 17 * PAGE };
	unsigned int i;

	for (i = 0; i < 32 * PAGE; i++)
		mem[i] = i * 11 + i / PAGE;
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, 32 * PAGE, RW));
	EXPECT_OK(ioas_map(s.fd, s.ioas, to, IOVA + GIB, 32 * PAGE, RW));
	arg.src = IOVA + 3;
	arg.iova = IOVA + GIB + 1000;
	EXPECT_OK(swdev_try_dma(s.a.fd, &arg));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(arg.done, arg.length);
	EXPECT_EQ(memcmp(to + 1000, mem + 3, arg.length), 0);
	expect_filled(to, 0, 1000);
	expect_filled(to + 1000 + arg.length, 0, 15 * PAGE - 1000);

	memset(to, 0, 32 * PAGE);
	arg.flags = 0;
	arg.length = 32 * PAGE;
	arg.src = IOVA + 20 * PAGE + 1;
	arg.iova = IOVA + GIB;
	EXPECT_OK(swdev_try_dma(s.a.fd, &arg));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_EQ(arg.fault_addr, IOVA + 32 * PAGE);
	EXPECT_EQ(arg.done, 12 * PAGE - 1);
	EXPECT_EQ(memcmp(to, mem + 20 * PAGE + 1, arg.done), 0);
	expect_filled(to + arg.done, 0, 20 * PAGE);

	memset(to, 0, 32 * PAGE);
	arg.flags = 0;
	arg.src = IOVA;
	arg.iova = IOVA + GIB + 31 * PAGE;
	EXPECT_OK(swdev_try_dma(s.a.fd, &arg));
	EXPECT_EQ(arg.fault_addr, IOVA + GIB + 32 * PAGE);
	EXPECT_EQ(arg.done, PAGE);
	EXPECT_EQ(memcmp(to + 31 * PAGE, mem, PAGE), 0);
	end(&s);
}
END_TEST

START_TEST(swdev_arguments_are_checked)
{
	struct scene s = scene(NULL);
	static const struct swiommu_dma bad[] = {
		{ .flags = 4 }, { .flags = 8 }, { .op = 3 }, { .pasid = 1 }, { .src = 1 },
		{ .flags = SWIOMMU_DMA_PASID }, { .length = SWIOMMU_DMA_MAX + 1 },
		{ .flags = SWIOMMU_DMA_PASID, .pasid = 1 << 20 },
		{ .iova = -1ULL, .length = 2 }, { .op = SWIOMMU_DMA_COPY, .data = 1 },
		{ .op = SWIOMMU_DMA_COPY, .src = -1ULL, .length = 2 }, { .__reserved = 1 },
	};
	struct swiommu_dma arg;
	unsigned int i;

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		arg = bad[i];
		EXPECT_ERRNO_IN(swdev_try_dma(s.a.fd, &arg), EINVAL, "%u", i);
	}
	arg = (struct swiommu_dma) { .op = SWIOMMU_DMA_WRITE, .length = 1 };
	EXPECT_ERRNO(swdev_try_dma(s.a.fd, &arg), EFAULT);
	/* the last byte that there is, and what a device is not asked for */
	arg = (struct swiommu_dma) { .iova = -1ULL, .length = 1, .data = (uintptr_t)&i };
	EXPECT_OK(swdev_try_dma(s.a.fd, &arg));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_WIDTH);
	EXPECT_ERRNO(ioctl(s.a.fd, IOMMU_MAP_DMA, &arg), ENOTTY);
	end(&s);
}
END_TEST

START_TEST(swdev_is_blocked_unless_attached)
{
	struct scene s = scene(NULL);
	struct swiommu_dma arg = { .length = 1 };
	char *mem = memory(PAGE, CANARY);
	__u32 other = new_ioas(s.fd);
	int dev;

	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	/* bound, never attached: the kernel's own domains are not reached either */
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&s.a, phys_of(mem), SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	expect_swwrite(&s.a, IOVA, mem, PAGE);
	memset(mem, CANARY, PAGE);
	/* unmapped and mapped again */
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, IOVA, PAGE, NULL));
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	expect_swwrite(&s.a, IOVA, mem, PAGE);
	memset(mem, CANARY, PAGE);
	/* replaced, and back */
	EXPECT_OK(dev_attach(s.a.fd, s.fd, other));
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	expect_swread(&s.a, IOVA, mem, PAGE);
	EXPECT_OK(dev_detach(s.a.fd, s.fd));
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&s.a, phys_of(mem), SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(dev_unbind(s.a.fd, s.fd));
	EXPECT_ERRNO(swdev_try_dma(s.a.fd, &arg), EINVAL);
	/* nor through another file of a device that is bound */
	dev = EXPECT_OK(swdev_open(s.b.id));
	EXPECT_ERRNO(swdev_try_dma(dev, &arg), EINVAL);
	EXPECT_ERRNO(dev_bind(dev, s.fd, 77), EPERM);
	expect_filled(mem, CANARY, PAGE);
	EXPECT_OK(close(dev));
	end(&s);
}
END_TEST

START_TEST(swdev_goes_through_large_pages)
{
	struct scene s = scene(NULL);
	char *mem = huge_memory(4 * MIB, 0), *small = memory(PAGE, 0);
	__u64 walks;

	EXPECT_TRUE(mem);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	/* a table of small pages comes and goes first where a large one will be */
	EXPECT_OK(ioas_map(s.fd, s.ioas, small, GIB, PAGE, RW));
	expect_swwrite(&s.a, GIB, small, PAGE);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, GIB, PAGE, NULL));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, GIB, 4 * MIB, RW));
	walks = swiommu_info(0).walks;
	expect_swwrite(&s.a, GIB, mem, 4 * MIB);
	EXPECT_EQ(swiommu_info(0).walks, walks + 4 * MIB / PAGE);
	expect_swread(&s.a, GIB + 12345, mem + 12345, 3 * MIB);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, GIB, 4 * MIB, NULL));
	expect_swblocked(&s.a, GIB, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&s.a, GIB + 4 * MIB - PAGE, SWIOMMU_FAULT_NOT_MAPPED);
	end(&s);
}
END_TEST

/* ------------------------------------------------------- several IOMMUs */

START_TEST(swiommu_second_one_gets_everything_when_attached_late)
{
	struct scene s = scene(NULL);
	char *mem = memory(100 * PAGE, 0);
	unsigned int i;
	long pinned;

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	/* every other page, one at a time, and some in one piece */
	for (i = 0; i < 50; i += 2)
		EXPECT_OK(ioas_map(s.fd, s.ioas, mem + i * PAGE, IOVA + i * PAGE, PAGE, RW));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem + 50 * PAGE, GIB, 50 * PAGE, RW));
	pinned = pages_pinned();
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	EXPECT_EQ(pages_pinned(), pinned);
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 2);
	for (i = 0; i < 50; i++) {
		if (i % 2)
			expect_swblocked(&s.b, IOVA + i * PAGE, SWIOMMU_FAULT_NOT_MAPPED);
		else
			expect_swwrite(&s.b, IOVA + i * PAGE, mem + i * PAGE, PAGE);
	}
	expect_swwrite(&s.b, GIB, mem + 50 * PAGE, 50 * PAGE);
	expect_swread(&s.a, GIB, mem + 50 * PAGE, 50 * PAGE);
	/* what comes and goes from now on does so for both */
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, 2 * GIB, PAGE, RW));
	expect_swwrite(&s.a, 2 * GIB, mem, PAGE);
	expect_swread(&s.b, 2 * GIB, mem, PAGE);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, 2 * GIB, PAGE, NULL));
	expect_swblocked(&s.a, 2 * GIB, SWIOMMU_FAULT_NOT_MAPPED);
	expect_swblocked(&s.b, 2 * GIB, SWIOMMU_FAULT_NOT_MAPPED);
	end(&s);
}
END_TEST

START_TEST(swiommu_goes_on_when_the_other_is_left)
{
	struct scene s = scene(NULL);
	char *mem = memory(4 * PAGE, 0);
	int first;

	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, 4 * PAGE, RW));
	for (first = 0; first < 2; first++) {
		struct swdev *leaves = first ? &s.b : &s.a, *stays = first ? &s.a : &s.b;

		EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
		EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
		expect_swwrite(leaves, IOVA, mem, 4 * PAGE);
		EXPECT_OK(dev_detach(leaves->fd, s.fd));
		expect_swblocked(leaves, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
		expect_swwrite(stays, IOVA, mem, 4 * PAGE);
		EXPECT_EQ(pinned_bytes(s.fd, s.ioas), 4 * PAGE);
		EXPECT_OK(dev_detach(stays->fd, s.fd));
		EXPECT_EQ(pinned_bytes(s.fd, s.ioas), 0);
	}
	end(&s);
}
END_TEST

START_TEST(swdevs_of_one_iommu_share_its_table)
{
	struct scene s = scene("iommus=1");
	char *mem = memory(4 * PAGE, 0);
	__u64 walks;

	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, 4 * PAGE, RW));
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	expect_swwrite(&s.a, IOVA, mem, 4 * PAGE);
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	/* the IOTLB, which is by domain, has what the other device asked for */
	walks = swiommu_info(0).walks;
	expect_swwrite(&s.b, IOVA, mem, 4 * PAGE);
	EXPECT_EQ(swiommu_info(0).walks, walks);
	end(&s);
}
END_TEST

START_TEST(swiommu_widths_narrow_what_is_permitted)
{
	struct scene s = scene("addr_width=48,36");
	char *mem = memory(PAGE, 0);

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_TRUE(range_is_permitted(s.fd, s.ioas, 0, (1ULL << 48) - 1));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, 1ULL << 36, PAGE, RW));
	expect_swwrite(&s.a, 1ULL << 36, mem, PAGE);
	EXPECT_ERRNO(dev_attach(s.b.fd, s.fd, s.ioas), EINVAL);
	expect_swblocked(&s.b, 1ULL << 36, SWIOMMU_FAULT_WIDTH);
	expect_swwrite(&s.a, 1ULL << 36, mem, PAGE);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, 1ULL << 36, PAGE, NULL));
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	EXPECT_TRUE(!range_is_permitted(s.fd, s.ioas, 0, 1ULL << 36));
	EXPECT_ERRNO(ioas_map(s.fd, s.ioas, mem, 1ULL << 36, PAGE, RW), EINVAL);
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, (1ULL << 36) - PAGE, PAGE, RW));
	expect_swwrite(&s.b, (1ULL << 36) - PAGE, mem, PAGE);
	EXPECT_OK(dev_detach(s.b.fd, s.fd));
	EXPECT_TRUE(range_is_permitted(s.fd, s.ioas, 0, (1ULL << 48) - 1));
	end(&s);
}
END_TEST

START_TEST(swiommu_with_large_pages_only_is_refused)
{
	struct scene s = scene("page_sizes=0x1000,0x200000");

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_ERRNO(dev_attach(s.b.fd, s.fd, s.ioas), EINVAL);
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 1);
	end(&s);
}
END_TEST

static bool snoops(struct swdev *dev, __u64 iova)
{
	char buffer[16];
	struct swiommu_dma arg = {
		.flags = SWIOMMU_DMA_NO_SNOOP, .iova = iova, .length = sizeof(buffer),
		.data = (uintptr_t)buffer,
	};

	EXPECT_OK(swdev_try_dma(dev->fd, &arg));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NONE);
	return arg.flags & SWIOMMU_DMA_SNOOPED;
}

START_TEST(swiommu_makes_no_snoop_dma_snoop_where_it_can)
{
	struct scene s = scene("snoop=1,0");
	struct ioasid_alloc on = { .snoop = IOASID_SNOOP_ON };
	struct ioasid_alloc off = { .snoop = IOASID_SNOOP_OFF };
	char *mem = memory(PAGE, 0);

	EXPECT_OK(ioas_alloc_with(s.fd, &on));
	EXPECT_OK(ioas_alloc_with(s.fd, &off));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(s.fd, on.ioasid, mem, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(s.fd, off.ioasid, mem, IOVA, PAGE, RW));
	/* auto: each as it can */
	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	EXPECT_TRUE(snoops(&s.a, IOVA));
	EXPECT_TRUE(!snoops(&s.b, IOVA));
	EXPECT_OK(dev_attach(s.a.fd, s.fd, on.ioasid));
	EXPECT_TRUE(snoops(&s.a, IOVA));
	EXPECT_ERRNO(dev_attach(s.b.fd, s.fd, on.ioasid), EINVAL);
	EXPECT_OK(dev_attach(s.a.fd, s.fd, off.ioasid));
	EXPECT_TRUE(!snoops(&s.a, IOVA));
	end(&s);
}
END_TEST

/* ------------------------------------------------------------------ caches */

/* Where the kernel cannot replace, the way leads through its blocked state */
static unsigned int steps_of_detach(void)
{
	return kernel_is("6.1") ? 2 : 1;
}

START_TEST(swiommu_caches_count_hits_misses_and_invalidations)
{
	struct scene s = scene(NULL);
	struct swiommu_iommu_info before, after;
	struct swiommu_device_info tlb;
	char *mem = memory(4 * PAGE, 0);

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, 4 * PAGE, RW));
	before = swiommu_info(0);
	expect_swwrite(&s.a, IOVA, mem, 4 * PAGE);
	after = swiommu_info(0);
	EXPECT_EQ(after.iotlb.misses - before.iotlb.misses, 4);
	EXPECT_EQ(after.iotlb.hits - before.iotlb.hits, 0);
	EXPECT_EQ(after.iotlb.entries - before.iotlb.entries, 4);
	EXPECT_EQ(after.walks - before.walks, 4);
	EXPECT_EQ(after.pasid_cache.misses - before.pasid_cache.misses, 1);
	EXPECT_EQ(after.pasid_cache.hits - before.pasid_cache.hits, 3);
	/* from now on the device knows by itself */
	expect_swwrite(&s.a, IOVA, mem, 4 * PAGE);
	EXPECT_EQ(swiommu_info(0).iotlb.misses + swiommu_info(0).iotlb.hits,
		  after.iotlb.misses + after.iotlb.hits);
	tlb = swdev_info(&s.a);
	EXPECT_EQ(tlb.tlb.hits, 4);
	EXPECT_EQ(tlb.tlb.misses, 4);
	EXPECT_EQ(tlb.tlb.entries, 4);
	/* mapping invalidates nothing, unmapping as often as it must: once */
	before = swiommu_info(0);
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA + GIB, PAGE, RW));
	EXPECT_EQ(swiommu_info(0).iotlb.invalidations, before.iotlb.invalidations);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, 0, 8 * GIB, NULL));
	after = swiommu_info(0);
	EXPECT_EQ(after.iotlb.invalidations - before.iotlb.invalidations, 1);
	EXPECT_EQ(after.iotlb.entries, before.iotlb.entries - 4);
	EXPECT_EQ(swdev_info(&s.a).tlb.invalidations, tlb.tlb.invalidations + 1);
	EXPECT_EQ(swdev_info(&s.a).tlb.entries, 0);
	EXPECT_EQ(after.pasid_cache.invalidations, before.pasid_cache.invalidations);
	EXPECT_OK(dev_detach(s.a.fd, s.fd));
	EXPECT_EQ(swiommu_info(0).pasid_cache.invalidations,
		  before.pasid_cache.invalidations + steps_of_detach());
	end(&s);
}
END_TEST

/* The oracle: what a test sees when an invalidation is missing */
START_TEST(swiommu_that_drops_an_invalidation_reaches_the_old_page)
{
	struct scene s = scene(NULL);
	char *mem = memory(2 * PAGE, 0);
	char word[4] = "new";

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	expect_swwrite(&s.a, IOVA, mem, PAGE);
	/* any one of the two is not enough: the other one asks again */
	swiommu_drop(0, SWIOMMU_DROP_IOTLB, 1);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, IOVA, PAGE, NULL));
	EXPECT_EQ(swiommu_info(0).iotlb.dropped, 1);
	memset(mem, CANARY, PAGE);
	EXPECT_EQ(swdev_dma(&s.a, SWIOMMU_DMA_WRITE, IOVA, word, 4).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem, word, 4), 0);
	/* also when something else is mapped there */
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem + PAGE, IOVA, PAGE, RW));
	memset(mem, CANARY, 2 * PAGE);
	EXPECT_EQ(swdev_dma(&s.a, SWIOMMU_DMA_WRITE, IOVA, word, 4).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem, word, 4), 0);
	expect_filled(mem + PAGE, CANARY, PAGE);
	/* until the next one */
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, IOVA, PAGE, NULL));
	expect_swblocked(&s.a, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	/* the device's own: the IOMMU is not even asked */
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	expect_swwrite(&s.a, IOVA, mem, PAGE);
	swiommu_drop(0, SWIOMMU_DROP_DEVICE_TLB, 1);
	EXPECT_OK(ioas_unmap(s.fd, s.ioas, IOVA, PAGE, NULL));
	memset(mem, CANARY, PAGE);
	EXPECT_EQ(swdev_dma(&s.a, SWIOMMU_DMA_WRITE, IOVA, word, 4).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem, word, 4), 0);
	EXPECT_OK(dev_detach(s.a.fd, s.fd));
	end(&s);
}
END_TEST

START_TEST(swiommu_that_drops_a_pasid_cache_invalidation_walks_the_old_table)
{
	struct scene s = scene(NULL);
	char *mem = memory(PAGE, 0);
	char word[4] = "new";

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, IOVA, PAGE, RW));
	/* keeps the table alive */
	EXPECT_OK(dev_attach(s.b.fd, s.fd, s.ioas));
	expect_swwrite(&s.a, IOVA, mem, PAGE);
	swiommu_drop(0, SWIOMMU_DROP_PASID_CACHE, steps_of_detach());
	swiommu_drop(0, SWIOMMU_ALL_TLBS, steps_of_detach());
	EXPECT_OK(dev_detach(s.a.fd, s.fd));
	memset(mem, CANARY, PAGE);
	EXPECT_EQ(swdev_dma(&s.a, SWIOMMU_DMA_WRITE, IOVA, word, 4).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem, word, 4), 0);
	EXPECT_OK(close(s.a.fd));
	s.a.fd = EXPECT_OK(swdev_open(s.a.id));
	end(&s);
}
END_TEST

static void own_and_die(void *arg)
{
	struct scene *s = arg;
	char *mem = memory(PAGE, 0);

	EXPECT_OK(ioas_map(s->fd, s->ioas, mem, IOVA + GIB, PAGE, RW));
	expect_swwrite(&s->a, IOVA + GIB, mem, PAGE);
	EXPECT_OK(ioas_unmap(s->fd, s->ioas, IOVA + GIB, PAGE, NULL));
}

START_TEST(swiommu_that_drops_an_invalidation_touches_no_free_page)
{
	struct scene s = scene(NULL);
	struct swiommu_dma arg;
	char word[4] = "bad";
	int i, refused = 0;

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	for (i = 0; i < 5; i++) {
		swiommu_drop(0, SWIOMMU_ALL_TLBS, 1);
		run_child(own_and_die, &s);
		/* reading harms nobody, whoever has the page by now */
		arg = swdev_dma(&s.a, SWIOMMU_DMA_READ, IOVA + GIB, word, 4);
		refused += arg.fault == SWIOMMU_FAULT_NO_MEMORY;
		swiommu_drop(0, SWIOMMU_ALL_TLBS, 0);
		EXPECT_OK(dev_detach(s.a.fd, s.fd));
		EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	}
	EXPECT_GE(refused, 1);
	end(&s);
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
		struct scene s = scene(NULL);
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
	struct scene s = scene(NULL);
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
	end(&s);
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
	struct scene s = scene(NULL);
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
	end(&s);
}
END_TEST

/* ------------------------------------------------------------------ 6.1 */

START_TEST(swiommu_is_refused_beside_another_iommu_on_old_kernels)
{
	EXPECT_ERRNO(module_load(SWIOMMU, NULL), EBUSY);
	EXPECT_TRUE(!module_is_loaded(SWIOMMU));
	EXPECT_OK(module_unload("ioasidfd"));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const refused[] = {
		swiommu_is_refused_beside_another_iommu_on_old_kernels,
		NULL,
	};
	const TTest *const tests[] = {
		swiommu_loads_and_unloads_again_and_again,
		swiommu_has_no_alias_to_be_loaded_by,
		swiommu_cannot_be_unloaded_with_a_device_or_an_open_file,
		swiommu_files_belong_to_root_alone,
		swiommu_options_are_checked,
		swdev_says_what_it_was_made_as,
		swdev_reaches_what_is_mapped_and_only_that,
		swdev_obeys_permissions,
		swdev_copies_until_either_end_faults,
		swdev_arguments_are_checked,
		swdev_is_blocked_unless_attached,
		swdev_goes_through_large_pages,
		swiommu_second_one_gets_everything_when_attached_late,
		swiommu_goes_on_when_the_other_is_left,
		swdevs_of_one_iommu_share_its_table,
		swiommu_widths_narrow_what_is_permitted,
		swiommu_with_large_pages_only_is_refused,
		swiommu_makes_no_snoop_dma_snoop_where_it_can,
		swiommu_caches_count_hits_misses_and_invalidations,
		swiommu_that_drops_an_invalidation_reaches_the_old_page,
		swiommu_that_drops_a_pasid_cache_invalidation_walks_the_old_table,
		swiommu_that_drops_an_invalidation_touches_no_free_page,
		swdev_can_be_closed_in_any_order,
		swdev_can_be_removed_while_it_is_bound,
		swdev_ends_with_its_process,
		swdev_writes_nothing_any_more_when_unmap_has_returned,
		NULL,
	};

	return run_program(argc, argv, "swiommu", swiommu_is_possible() ? tests : refused,
			   RUN_BARE);
}
