// SPDX-License-Identifier: GPL-2.0-only
/*
 * A replace that is refused, for whatever reason and however late, leaves the
 * device with what it had, and its DMA goes there.
 */
#include <sys/mman.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

/* The old one still works, and the new one is nowhere attached */
static void expect_unchanged(struct attached *old, char *p, __u32 new)
{
	EXPECT_EQ(nr_attachments(old->fd, old->ioas), 1);
	EXPECT_EQ(nr_attachments(old->fd, new), 0);
	EXPECT_EQ(pinned_bytes(old->fd, new), 0);
	memset(p, CANARY, PAGE);
	expect_dma(&old->dev, IOVA, p, PAGE);
	/* and can be attached again, which changes nothing either */
	EXPECT_OK(dev_attach(old->dev.fd, old->fd, old->ioas));
	memset(p, CANARY, PAGE);
	expect_dma(&old->dev, IOVA, p, PAGE);
}

static char *map_one_page(struct attached *old)
{
	char *p = memory(PAGE, CANARY);

	EXPECT_OK(ioas_map(old->fd, old->ioas, p, IOVA, PAGE, RW));
	return p;
}

START_TEST(replace_refused_for_snoop_keeps_the_old_one)
{
	struct ioasid_alloc on = { .snoop = IOASID_SNOOP_ON };
	struct attached old = attached();
	struct device_caps caps;
	char *p = map_one_page(&old);

	EXPECT_OK(ioas_alloc_with(old.fd, &on));
	device_caps(old.fd, old.dev.cookie, &caps);
	if (caps.info.flags & IOASID_DEVICE_INFO_ENFORCE_SNOOP) {
		EXPECT_OK(dev_attach(old.dev.fd, old.fd, on.ioasid));
		return;
	}
	EXPECT_ERRNO(dev_attach(old.dev.fd, old.fd, on.ioasid), EINVAL);
	expect_unchanged(&old, p, on.ioasid);
}
END_TEST

START_TEST(replace_refused_for_a_reserved_range_keeps_the_old_one)
{
	struct attached old = attached();
	__u32 new = new_ioas(old.fd);
	char *p = map_one_page(&old);

	/* where interrupts are written to */
	EXPECT_OK(ioas_map(old.fd, new, p, WINDOW, PAGE, RW));
	EXPECT_ERRNO(dev_attach(old.dev.fd, old.fd, new), EINVAL);
	expect_unchanged(&old, p, new);
}
END_TEST

START_TEST(replace_refused_for_the_address_width_keeps_the_old_one)
{
	struct attached old = attached();
	struct device_caps caps;
	__u32 new = new_ioas(old.fd);
	char *p = map_one_page(&old);

	device_caps(old.fd, old.dev.cookie, &caps);
	if (caps.info.addr_width == 64)
		return;	/* no address is too wide for it */
	EXPECT_OK(ioas_map(old.fd, new, p, 1ULL << caps.info.addr_width, PAGE, RW));
	EXPECT_ERRNO(dev_attach(old.dev.fd, old.fd, new), EINVAL);
	expect_unchanged(&old, p, new);
}
END_TEST

/* Some of it is pinned and mapped already when it turns out */
START_TEST(replace_refused_for_missing_memory_keeps_the_old_one)
{
	struct attached old = attached();
	__u32 new = new_ioas(old.fd);
	char *p = map_one_page(&old), *q = memory(3 * MIB, CANARY);

	EXPECT_OK(ioas_map(old.fd, new, q, IOVA, 2 * MIB, RW));
	EXPECT_OK(ioas_map(old.fd, new, q + 2 * MIB, IOVA + 2 * MIB, MIB, RW));
	EXPECT_OK(munmap(q + 3 * MIB - PAGE, PAGE));
	EXPECT_ERRNO(dev_attach(old.dev.fd, old.fd, new), EFAULT);
	expect_unchanged(&old, p, new);
	expect_filled(q, CANARY, 3 * MIB - PAGE);
}
END_TEST

START_TEST(replace_works_after_refused_ones)
{
	struct attached old = attached();
	__u32 bad = new_ioas(old.fd), good = new_ioas(old.fd);
	char *p = map_one_page(&old), *q = memory(PAGE, CANARY);
	int i;

	EXPECT_OK(ioas_map(old.fd, bad, p, WINDOW, PAGE, RW));
	EXPECT_OK(ioas_map(old.fd, good, q, IOVA, PAGE, RW));
	for (i = 0; i < 10; i++)
		EXPECT_ERRNO(dev_attach(old.dev.fd, old.fd, bad), EINVAL);
	EXPECT_OK(dev_attach(old.dev.fd, old.fd, good));
	expect_dma(&old.dev, IOVA, q, PAGE);
	expect_filled(p, CANARY, PAGE);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		replace_refused_for_snoop_keeps_the_old_one,
		replace_refused_for_a_reserved_range_keeps_the_old_one,
		replace_refused_for_the_address_width_keeps_the_old_one,
		replace_refused_for_missing_memory_keeps_the_old_one,
		replace_works_after_refused_ones,
		NULL,
	};

	return run_program(argc, argv, "replace", tests, RUN_DEVICES);
}
