// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software-mediated devices: binding claims nothing, attaching pins nothing, and their
 * drivers translate, read and write. What they pin is in test-mediated-pins.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "mediated.h"
#include "memory.h"
#include "modules.h"
#include "process.h"
#include "run.h"

/* Differs from byte to byte and page to page */
static void fill(unsigned char *p, size_t size, unsigned int seed)
{
	size_t i;

	for (i = 0; i < size; i++)
		p[i] = i * 31 + i / PAGE * 7 + seed;
}

/* ---------------------------------------------------------- bind and attach */

START_TEST(mediated_device_says_that_it_can_use_all_addresses)
{
	int fd = EXPECT_OK(iommu_open()), dev = EXPECT_OK(mediated_open(0));
	struct device_caps caps;

	EXPECT_OK(dev_bind(dev, fd, 7));
	device_caps(fd, 7, &caps);
	EXPECT_EQ(caps.info.flags, 0);
	EXPECT_EQ(caps.info.addr_width, 64);
	EXPECT_EQ(caps.info.vendor, IOASID_IOMMU_OTHER);
	EXPECT_EQ(caps.info.group_devices, 0);
	EXPECT_TRUE(caps.info.pgsizes & PAGE);
	EXPECT_EQ(caps.nr_ranges, 1);
	EXPECT_EQ(caps.ranges[0].start, 0);
	EXPECT_EQ(caps.ranges[0].last, ~0ULL);
	EXPECT_TRUE(!caps.has_hw);
}
END_TEST

START_TEST(bind_of_a_type_that_it_is_not_is_refused)
{
	int fd = EXPECT_OK(iommu_open()), dev = EXPECT_OK(mediated_open(0));
	__u32 type;

	/* none has a parent here, whose PASIDs types 3, 6 and 8 would have */
	for (type = 0; type <= 9; type++)
		if (type != 2)
			EXPECT_ERRNO_IN(m_bind_as(dev, fd, 1, type, true), EINVAL,
					"type %u", type);
	EXPECT_ERRNO(m_bind_as(dev, fd, 1, 3, false), EINVAL);
	EXPECT_ERRNO(m_bind_as(dev, fd, 1, 6, false), EINVAL);
	EXPECT_ERRNO(m_bind_as(dev, fd, 1, 8, false), EINVAL);
	/* it has to be told */
	EXPECT_ERRNO(m_bind_as(dev, fd, 1, 2, false), EINVAL);
	/* a device without an IOMMU is no physical one */
	EXPECT_ERRNO(m_bind_as(dev, fd, 1, 1, false), ENODEV);
	EXPECT_ERRNO(m_bind_as(dev, fd, 1, 5, false), ENODEV);
	EXPECT_OK(m_bind_as(dev, fd, 1, 2, true));
}
END_TEST

START_TEST(mediated_device_belongs_to_the_file_that_bound_it)
{
	int fd = EXPECT_OK(iommu_open()), other_fd = EXPECT_OK(iommu_open());
	int dev = EXPECT_OK(mediated_open(0)), again = EXPECT_OK(mediated_open(0));
	int beside = EXPECT_OK(mediated_open(1));
	__u32 ioas = new_ioas(fd), other = new_ioas(other_fd);

	EXPECT_OK(dev_bind(dev, fd, 1));
	EXPECT_ERRNO(dev_bind(dev, fd, 2), EALREADY);
	EXPECT_ERRNO(dev_bind(again, fd, 2), EALREADY);
	EXPECT_ERRNO(dev_bind(again, other_fd, 2), EPERM);
	EXPECT_ERRNO(dev_bind(beside, fd, 1), EEXIST);
	EXPECT_OK(dev_bind(beside, fd, 2));
	/* the same file may bind it to another fd, but attach through one only */
	EXPECT_OK(dev_bind(dev, other_fd, 1));
	EXPECT_ERRNO(dev_detach(dev, fd), EINVAL);
	EXPECT_OK(dev_attach(dev, fd, ioas));
	EXPECT_ERRNO(dev_attach(dev, other_fd, other), EBUSY);
	EXPECT_ERRNO(dev_detach(dev, other_fd), EBUSY);
	EXPECT_ERRNO(m_translate(dev, other_fd, IOVA, 1), ENOENT);
	EXPECT_OK(dev_unbind(dev, fd));
	EXPECT_EQ(nr_attachments(fd, ioas), 0);
	EXPECT_OK(dev_attach(dev, other_fd, other));
	EXPECT_OK(close(dev));
	EXPECT_OK(dev_bind(again, other_fd, 2));
}
END_TEST

START_TEST(mediated_attach_pins_nothing_and_is_listed)
{
	long before = pages_pinned();
	struct mediated m = mediated();
	struct ioasid_attachment a[4];
	struct ioasid_info info = {
		.argsz = sizeof(info), .ioasid = m.ioas,
		.nr_attachments = 4, .attachments = (unsigned long)a,
	};
	char *p = memory(64 * PAGE, 1);

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 64 * PAGE, RW));
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(vm_pinned(), 0);
	EXPECT_EQ(mapped_bytes(m.fd, m.ioas), 64 * PAGE);
	EXPECT_EQ(pinned_bytes(m.fd, m.ioas), 0);
	EXPECT_OK(ioctl(m.fd, IOMMU_IOASID_GET_INFO, &info));
	EXPECT_EQ(info.flags, 0);
	EXPECT_EQ(info.nr_attachments, 1);
	EXPECT_EQ(a[0].cookie, 100);
	EXPECT_EQ(a[0].flags, 0);
	EXPECT_TRUE(range_is_permitted(m.fd, m.ioas, 0, ~0ULL));
	EXPECT_ERRNO(ioas_free(m.fd, m.ioas), EBUSY);
	EXPECT_OK(dev_detach(m.dev, m.fd));
	EXPECT_ERRNO(dev_detach(m.dev, m.fd), EINVAL);
	EXPECT_OK(ioas_free(m.fd, m.ioas));
}
END_TEST

START_TEST(mediated_device_is_attached_whatever_snooping_is_asked_for)
{
	static const __u32 modes[] = { IOASID_SNOOP_AUTO, IOASID_SNOOP_ON, IOASID_SNOOP_OFF };
	int fd = EXPECT_OK(iommu_open()), dev = EXPECT_OK(mediated_open(0)), i;

	EXPECT_OK(dev_bind(dev, fd, 1));
	for (i = 0; i < 3; i++) {
		struct ioasid_alloc alloc = { .snoop = modes[i] };

		EXPECT_OK(ioas_alloc_with(fd, &alloc));
		EXPECT_OK(dev_attach(dev, fd, alloc.ioasid));
	}
}
END_TEST

START_TEST(calls_without_an_address_space_are_enodev)
{
	int fd = EXPECT_OK(iommu_open()), dev = EXPECT_OK(mediated_open(0));
	char c;

	EXPECT_OK(dev_bind(dev, fd, 1));
	EXPECT_ERRNO(m_translate(dev, fd, IOVA, PAGE), ENODEV);
	EXPECT_ERRNO(m_read(dev, fd, IOVA, &c, 1), ENODEV);
	EXPECT_ERRNO(m_write(dev, fd, IOVA, &c, 1), ENODEV);
	EXPECT_ERRNO(m_pin(dev, fd, IOVA, PAGE, NULL, NULL), ENODEV);
}
END_TEST

START_TEST(mediated_device_goes_on_after_its_iommu_fd_is_closed)
{
	struct mediated m = mediated();
	char *p = memory(2 * PAGE, 3), c = 0;
	long before = pages_pinned();

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 2 * PAGE, RW));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA, PAGE, NULL, NULL));
	EXPECT_OK(close(m.fd));
	EXPECT_OK(m_read(m.dev, -1, IOVA, &c, 1));
	EXPECT_EQ(c, 3);
	EXPECT_OK(m_pin(m.dev, -1, IOVA + PAGE, PAGE, NULL, NULL));
	EXPECT_EQ(pages_pinned(), before + 2);
	EXPECT_OK(dev_unbind(m.dev, -1));
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_OK(close(m.dev));
}
END_TEST

START_TEST(module_of_a_mediated_device_in_use_is_not_unloaded)
{
	struct mediated m = mediated();

	EXPECT_ERRNO(module_unload("ioasid_test_mediated"), EAGAIN);
	EXPECT_ERRNO(module_unload("ioasidfd"), EAGAIN);
	EXPECT_OK(close(m.fd));
	EXPECT_ERRNO(module_unload("ioasid_test_mediated"), EAGAIN);
	EXPECT_OK(close(m.dev));
	EXPECT_OK(module_unload("ioasid_test_mediated"));
	EXPECT_OK(module_load("ioasid_test_mediated", NULL));
}
END_TEST

/* ---------------------------------------------------------------- translate */

START_TEST(translate_says_what_all_of_a_range_allows)
{
	struct mediated m = mediated();
	char *p = memory(4 * PAGE, 0);

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA + PAGE, PAGE, IOASID_MAP_READ));
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA + 2 * PAGE, PAGE, IOASID_MAP_WRITE));
	/* a hole at 3 */
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA + 4 * PAGE, PAGE, RW));
	EXPECT_EQ(m_translate(m.dev, m.fd, IOVA, 1), RW);
	EXPECT_EQ(m_translate(m.dev, m.fd, IOVA, PAGE), RW);
	EXPECT_EQ(m_translate(m.dev, m.fd, IOVA, PAGE + 1), IOASID_MAP_READ);
	EXPECT_EQ(m_translate(m.dev, m.fd, IOVA + 2 * PAGE, PAGE), IOASID_MAP_WRITE);
	EXPECT_EQ(m_translate(m.dev, m.fd, IOVA + PAGE, 2 * PAGE), 0);
	EXPECT_ERRNO(m_translate(m.dev, m.fd, IOVA, 4 * PAGE), ENOENT);
	EXPECT_ERRNO(m_translate(m.dev, m.fd, IOVA + 3 * PAGE, 1), ENOENT);
	EXPECT_ERRNO(m_translate(m.dev, m.fd, IOVA - 1, 2), ENOENT);
	EXPECT_ERRNO(m_translate(m.dev, m.fd, IOVA + 5 * PAGE - 1, 2), ENOENT);
	EXPECT_EQ(m_translate(m.dev, m.fd, IOVA + 5 * PAGE - 1, 1), RW);
	EXPECT_ERRNO(m_translate(m.dev, m.fd, IOVA, 0), EINVAL);
	EXPECT_ERRNO(m_translate(m.dev, m.fd, IOVA, ~0ULL), EINVAL);
	EXPECT_OK(ioas_unmap(m.fd, m.ioas, IOVA, PAGE, NULL));
	EXPECT_ERRNO(m_translate(m.dev, m.fd, IOVA, 1), ENOENT);
}
END_TEST

START_TEST(the_last_page_of_all_addresses_is_one_like_any_other)
{
	struct mediated m = mediated();
	unsigned char *p = memory(2 * PAGE, 9), c[2] = { 0 };
	__u64 at = -2 * PAGE;

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, at, 2 * PAGE, RW));
	EXPECT_EQ(m_translate(m.dev, m.fd, at, 2 * PAGE), RW);
	EXPECT_OK(m_read(m.dev, m.fd, -2ULL, c, 2));
	EXPECT_EQ(c[1], 9);
	EXPECT_ERRNO(m_read(m.dev, m.fd, -1ULL, c, 2), EINVAL);
	EXPECT_OK(m_write(m.dev, m.fd, -1ULL, "x", 1));
	EXPECT_EQ(p[2 * PAGE - 1], 'x');
	EXPECT_OK(m_pin(m.dev, m.fd, at, 2 * PAGE, NULL, NULL));
	EXPECT_OK(ioas_unmap_all(m.fd, m.ioas, NULL));
}
END_TEST

/* ------------------------------------------------------------ read and write */

/* Two mappings, the second from other memory, with a hole behind them */
struct two {
	struct mediated m;
	unsigned char *a, *b;
};

#define A_PAGES	40

static struct two two(void)
{
	struct two t = { .m = mediated() };

	t.a = memory(A_PAGES * PAGE, 0);
	t.b = memory(3 * PAGE, 0);
	fill(t.a, A_PAGES * PAGE, 1);
	fill(t.b, 3 * PAGE, 2);
	EXPECT_OK(ioas_map(t.m.fd, t.m.ioas, t.a, IOVA, A_PAGES * PAGE, RW));
	EXPECT_OK(ioas_map(t.m.fd, t.m.ioas, t.b, IOVA + A_PAGES * PAGE, 3 * PAGE, RW));
	return t;
}

static const struct {
	__u64 at, length;
} parts[] = {
	{ 0, 1 }, { 0, PAGE }, { 1, PAGE }, { PAGE - 1, 2 }, { PAGE - 1, 1 },
	{ 5, 31 * PAGE + 1 }, { 0, 32 * PAGE }, { 0, 33 * PAGE }, { 1, 32 * PAGE },
	{ 3, A_PAGES * PAGE - 3 }, { A_PAGES * PAGE - 1, 2 },
	{ A_PAGES * PAGE - 5, 2 * PAGE + 9 }, { 0, (A_PAGES + 3) * PAGE },
	{ 17, (A_PAGES + 3) * PAGE - 18 },
};

static void expect_read(struct two *t, int (*read)(int, int, __u64, void *, __u64))
{
	unsigned char *all = malloc((A_PAGES + 3) * PAGE), *buf = malloc((A_PAGES + 3) * PAGE);
	unsigned int i;

	memcpy(all, t->a, A_PAGES * PAGE);
	memcpy(all + A_PAGES * PAGE, t->b, 3 * PAGE);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		memset(buf, 0, (A_PAGES + 3) * PAGE);
		EXPECT_OK(read(t->m.dev, t->m.fd, IOVA + parts[i].at, buf, parts[i].length));
		if (memcmp(buf, all + parts[i].at, parts[i].length))
			FAIL("wrong data, part %u", i);
	}
	free(all);
	free(buf);
}

static void expect_write(struct two *t, int (*write)(int, int, __u64, const void *, __u64))
{
	unsigned char *all = malloc((A_PAGES + 3) * PAGE), *buf = malloc((A_PAGES + 3) * PAGE);
	unsigned int i;

	memcpy(all, t->a, A_PAGES * PAGE);
	memcpy(all + A_PAGES * PAGE, t->b, 3 * PAGE);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		fill(buf, parts[i].length, 50 + i);
		EXPECT_OK(write(t->m.dev, t->m.fd, IOVA + parts[i].at, buf, parts[i].length));
		memcpy(all + parts[i].at, buf, parts[i].length);
		if (memcmp(all, t->a, A_PAGES * PAGE) ||
		    memcmp(all + A_PAGES * PAGE, t->b, 3 * PAGE))
			FAIL("wrong data, part %u", i);
	}
	free(all);
	free(buf);
}

START_TEST(read_and_write_take_any_range_that_is_mapped)
{
	struct two t = two();
	long before = pages_pinned();

	expect_read(&t, m_read);
	expect_write(&t, m_write);
	expect_read(&t, m_read);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(vm_pinned(), 0);
}
END_TEST

START_TEST(a_kernel_thread_reads_and_writes)
{
	struct two t = two();
	long before = pages_pinned();

	expect_read(&t, m_kread);
	expect_write(&t, m_kwrite);
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

START_TEST(read_and_write_work_beside_pins_and_a_physical_device)
{
	struct two t = two();
	struct dev dev;

	EXPECT_OK(m_pin(t.m.dev, t.m.fd, IOVA + 2 * PAGE, PAGE, NULL, NULL));
	EXPECT_OK(m_pin(t.m.dev, t.m.fd, IOVA + 30 * PAGE, 11 * PAGE, NULL, NULL));
	expect_read(&t, m_read);
	expect_write(&t, m_write);
	dev_start(&dev, TESTDEV_0, t.m.fd);
	EXPECT_OK(dev_attach(dev.fd, t.m.fd, t.m.ioas));
	expect_read(&t, m_read);
	expect_write(&t, m_kwrite);
}
END_TEST

START_TEST(read_and_write_over_a_hole_are_enoent_and_do_nothing)
{
	struct two t = two();
	unsigned char *copy = malloc(3 * PAGE), *buf = malloc(4 * PAGE);

	memcpy(copy, t.b, 3 * PAGE);
	memset(buf, 0x77, 4 * PAGE);
	EXPECT_ERRNO(m_write(t.m.dev, t.m.fd, IOVA + A_PAGES * PAGE, buf, 3 * PAGE + 1), ENOENT);
	EXPECT_ERRNO(m_write(t.m.dev, t.m.fd, IOVA - 1, buf, 2), ENOENT);
	EXPECT_ERRNO(m_read(t.m.dev, t.m.fd, IOVA - 1, buf, 2), ENOENT);
	EXPECT_ERRNO(m_read(t.m.dev, t.m.fd, IOVA + (A_PAGES + 3) * PAGE, buf, 1), ENOENT);
	EXPECT_ERRNO(m_write(t.m.dev, t.m.fd, IOVA, buf, 0), EINVAL);
	EXPECT_TRUE(!memcmp(copy, t.b, 3 * PAGE));
}
END_TEST

START_TEST(read_and_write_need_the_right)
{
	struct mediated m = mediated();
	unsigned char *p = memory(3 * PAGE, 4), c = 0;

	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, PAGE, IOASID_MAP_READ));
	EXPECT_OK(ioas_map(m.fd, m.ioas, p + PAGE, IOVA + PAGE, PAGE, IOASID_MAP_WRITE));
	EXPECT_OK(ioas_map(m.fd, m.ioas, p + 2 * PAGE, IOVA + 2 * PAGE, PAGE, RW));
	EXPECT_OK(m_read(m.dev, m.fd, IOVA, &c, 1));
	EXPECT_ERRNO(m_write(m.dev, m.fd, IOVA, &c, 1), EPERM);
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA, PAGE, NULL, NULL), EPERM);
	EXPECT_OK(m_pin_for_read(m.dev, m.fd, IOVA, PAGE, NULL));
	EXPECT_ERRNO(m_write(m.dev, m.fd, IOVA, &c, 1), EPERM);
	EXPECT_OK(m_write(m.dev, m.fd, IOVA + PAGE, "y", 1));
	EXPECT_ERRNO(m_read(m.dev, m.fd, IOVA + PAGE, &c, 1), EPERM);
	EXPECT_ERRNO(m_pin_for_read(m.dev, m.fd, IOVA + PAGE, PAGE, NULL), EPERM);
	/* one without the right is enough */
	EXPECT_ERRNO(m_read(m.dev, m.fd, IOVA + 2 * PAGE - 1, &c, 2), EPERM);
	EXPECT_ERRNO(m_write(m.dev, m.fd, IOVA + PAGE - 1, "zz", 2), EPERM);
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA, 3 * PAGE, NULL, NULL), EPERM);
	EXPECT_OK(m_write(m.dev, m.fd, IOVA + 2 * PAGE - 1, "zz", 2));
	EXPECT_EQ(p[0], 4);
	EXPECT_EQ(p[PAGE], 'y');
	EXPECT_EQ(p[PAGE - 1], 4);
}
END_TEST

START_TEST(a_write_that_faults_half_way_writes_nothing)
{
	static const struct {
		__u64 pages, hole;
	} cases[] = { { 4, 2 }, { 32, 31 }, { 64, 40 }, { 64, 0 }, { 64, 63 } };
	struct mediated m = mediated();
	unsigned char *p, *buf = malloc(64 * PAGE);
	long before = pages_pinned();
	unsigned int i;

	memset(buf, 0x66, 64 * PAGE);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__u64 pages = cases[i].pages, hole = cases[i].hole;

		p = memory(pages * PAGE, 5);
		EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, pages / 2 * PAGE, RW));
		EXPECT_OK(ioas_map(m.fd, m.ioas, p + pages / 2 * PAGE, IOVA + pages / 2 * PAGE,
				   pages / 2 * PAGE, RW));
		EXPECT_OK(munmap(p + hole * PAGE, PAGE));
		EXPECT_ERRNO_IN(m_write(m.dev, m.fd, IOVA, buf, pages * PAGE), EFAULT,
				"case %u", i);
		EXPECT_ERRNO_IN(m_read(m.dev, m.fd, IOVA, buf, pages * PAGE), EFAULT,
				"case %u", i);
		EXPECT_ERRNO_IN(m_pin(m.dev, m.fd, IOVA, pages * PAGE, NULL, NULL), EFAULT,
				"case %u", i);
		expect_filled(p, 5, hole * PAGE);
		expect_filled(p + (hole + 1) * PAGE, 5, (pages - hole - 1) * PAGE);
		EXPECT_EQ(pages_pinned(), before);
		EXPECT_EQ(vm_pinned(), 0);
		EXPECT_OK(ioas_unmap_all(m.fd, m.ioas, NULL));
		memset(buf, 0x66, 64 * PAGE);
	}
	/* also where a part of it is pinned */
	p = memory(8 * PAGE, 5);
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 8 * PAGE, RW));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA, 4 * PAGE, NULL, NULL));
	EXPECT_OK(munmap(p + 6 * PAGE, PAGE));
	EXPECT_ERRNO(m_write(m.dev, m.fd, IOVA, buf, 8 * PAGE), EFAULT);
	expect_filled(p, 5, 6 * PAGE);
	EXPECT_EQ(pages_pinned(), before + 4);
}
END_TEST

START_TEST(device_memory_is_efault)
{
	struct mediated m = mediated();
	struct dev dev;
	char c;

	dev_start(&dev, TESTDEV_0, m.fd);
	EXPECT_OK(ioas_map(m.fd, m.ioas, (void *)dev.bar, IOVA, PAGE, RW));
	EXPECT_ERRNO(m_read(m.dev, m.fd, IOVA, &c, 1), EFAULT);
	EXPECT_ERRNO(m_write(m.dev, m.fd, IOVA, &c, 1), EFAULT);
	EXPECT_ERRNO(m_pin(m.dev, m.fd, IOVA, PAGE, NULL, NULL), EFAULT);
}
END_TEST

/* ------------------------------------------------- whose memory it is */

struct shared {
	struct mediated m;
	unsigned char *p;
	volatile int step, go;
};

static void map_mine(void *arg)
{
	struct shared *s = arg;

	s->p = memory(2 * PAGE, 0x11);
	EXPECT_OK(ioas_map(s->m.fd, s->m.ioas, s->p, IOVA, 2 * PAGE, RW));
	s->step = 1;
	wait_for(&s->go);
	EXPECT_EQ(s->p[PAGE - 1], 'a');
	EXPECT_EQ(s->p[PAGE], 'b');
}

START_TEST(memory_is_that_of_the_process_that_mapped_it)
{
	struct shared *s = shared_memory(sizeof(*s));
	unsigned char c[2] = { 0 };
	pid_t child;

	s->m = mediated();
	child = start_child(map_mine, s);
	wait_for(&s->step);
	EXPECT_OK(m_read(s->m.dev, s->m.fd, IOVA + PAGE - 1, c, 2));
	EXPECT_EQ(c[0], 0x11);
	EXPECT_OK(m_write(s->m.dev, s->m.fd, IOVA + PAGE - 1, "ab", 2));
	s->go = 1;
	end_child(child);
	/* gone with the process; what is mapped is still mapped */
	EXPECT_ERRNO(m_read(s->m.dev, s->m.fd, IOVA, c, 1), EFAULT);
	EXPECT_ERRNO(m_kread(s->m.dev, s->m.fd, IOVA, c, 1), EFAULT);
	EXPECT_ERRNO(m_write(s->m.dev, s->m.fd, IOVA, c, 1), EFAULT);
	EXPECT_ERRNO(m_pin(s->m.dev, s->m.fd, IOVA, PAGE, NULL, NULL), EFAULT);
	EXPECT_EQ(m_translate(s->m.dev, s->m.fd, IOVA, 2 * PAGE), RW);
}
END_TEST

static void write_to_the_parent(void *arg)
{
	struct shared *s = arg;
	unsigned char c = 0;

	/* its own copy differs from the parent's */
	s->p[0] = 0x22;
	EXPECT_OK(m_read(s->m.dev, s->m.fd, IOVA, &c, 1));
	EXPECT_EQ(c, 0x11);
	EXPECT_OK(m_write(s->m.dev, s->m.fd, IOVA, "c", 1));
	EXPECT_EQ(s->p[0], 0x22);
}

START_TEST(a_forked_child_reaches_its_parent_s_memory)
{
	struct shared *s = shared_memory(sizeof(*s));

	s->m = mediated();
	s->p = memory(PAGE, 0x11);
	EXPECT_OK(ioas_map(s->m.fd, s->m.ioas, s->p, IOVA, PAGE, RW));
	run_child(write_to_the_parent, s);
	EXPECT_EQ(s->p[0], 'c');
}
END_TEST

/* This program itself, run again: --exec FD DEVICE. Outside of Check */
static int after_exec(char **argv)
{
	int fd = atoi(argv[2]), dev = atoi(argv[3]);
	char c;

	/* nothing is left of the memory */
	if (m_read(dev, fd, IOVA, &c, 1) != -1 || errno != EFAULT)
		return 101;
	/* what was pinned is still there */
	if (m_read(dev, fd, IOVA + PAGE, &c, 1) || c != 0x31)
		return 102;
	return m_pins(dev, fd) == 1 ? 0 : 103;
}

static void map_pin_and_exec(void *arg)
{
	struct mediated *m = arg;
	char a[2][16], *argv[] = { "test-mediated", "--exec", a[0], a[1], NULL };
	char *p = memory(2 * PAGE, 0x31);

	EXPECT_OK(ioas_map(m->fd, m->ioas, p, IOVA, 2 * PAGE, RW));
	EXPECT_OK(m_pin(m->dev, m->fd, IOVA + PAGE, PAGE, NULL, NULL));
	EXPECT_OK(fcntl(m->fd, F_SETFD, 0));
	EXPECT_OK(fcntl(m->dev, F_SETFD, 0));
	snprintf(a[0], 16, "%d", m->fd);
	snprintf(a[1], 16, "%d", m->dev);
	execv("/proc/self/exe", argv);
	_exit(120);
}

START_TEST(exec_takes_the_memory_away_but_for_what_is_pinned)
{
	struct mediated m = mediated();
	long before = pages_pinned();

	run_child(map_pin_and_exec, &m);
	EXPECT_EQ(pages_pinned(), before + 1);
	EXPECT_OK(dev_detach(m.dev, m.fd));
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		mediated_device_says_that_it_can_use_all_addresses,
		bind_of_a_type_that_it_is_not_is_refused,
		mediated_device_belongs_to_the_file_that_bound_it,
		mediated_attach_pins_nothing_and_is_listed,
		mediated_device_is_attached_whatever_snooping_is_asked_for,
		calls_without_an_address_space_are_enodev,
		mediated_device_goes_on_after_its_iommu_fd_is_closed,
		module_of_a_mediated_device_in_use_is_not_unloaded,
		translate_says_what_all_of_a_range_allows,
		the_last_page_of_all_addresses_is_one_like_any_other,
		read_and_write_take_any_range_that_is_mapped,
		a_kernel_thread_reads_and_writes,
		read_and_write_work_beside_pins_and_a_physical_device,
		read_and_write_over_a_hole_are_enoent_and_do_nothing,
		read_and_write_need_the_right,
		a_write_that_faults_half_way_writes_nothing,
		device_memory_is_efault,
		memory_is_that_of_the_process_that_mapped_it,
		a_forked_child_reaches_its_parent_s_memory,
		exec_takes_the_memory_away_but_for_what_is_pinned,
		NULL,
	};

	if (argc == 4 && !strcmp(argv[1], "--exec"))
		return after_exec(argv);
	return run_program(argc, argv, "mediated", tests, RUN_MEDIATED);
}
