// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad structures, the same ones for every ioctl that takes one: the documented
 * error, nothing changed, nothing in the kernel's log. A bad call differs from
 * a good one in one thing only, and after it the good one still succeeds.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

START_TEST(args_shorter_than_the_structure_are_einval)
{
	static const int less[] = { 1, 4, 8 };
	const struct call *call;
	char arg[MAX_SIZE];
	struct world w;
	size_t i;

	make_world(&w);
	FOR_EACH_CALL(call) {
		size_t first = call->first_size ? : call->size;

		for (i = 0; i < 3; i++) {
			prepare(&w, call, arg, sizeof(arg));
			*(__u32 *)arg = first - less[i];
			expect_refused(&w, call, arg, EINVAL, "short");
		}
		for (i = 0; i <= 8; i += 4) {
			prepare(&w, call, arg, sizeof(arg));
			*(__u32 *)arg = i;
			expect_refused(&w, call, arg, EINVAL, "argsz 0 to 8");
		}
		/* as of an older header, and all sizes in between */
		for (i = first; i <= call->size; i += 4) {
			prepare(&w, call, arg, sizeof(arg));
			*(__u32 *)arg = i;
			expect_good(&w, call, arg);
			call->undo(&w, arg);
		}
	}
	expect_silent_log(&w);
}
END_TEST

START_TEST(args_longer_with_a_zero_tail_are_accepted)
{
	static const int more[] = { 1, 4, 8, 64, 1024 };
	const struct call *call;
	char arg[2048];
	struct world w;
	size_t i;

	make_world(&w);
	FOR_EACH_CALL(call)
		for (i = 0; i < 5; i++) {
			prepare(&w, call, arg, sizeof(arg));
			/* what lies behind argsz is not looked at */
			memset(arg + call->size + more[i], 0xff,
			       sizeof(arg) - call->size - more[i]);
			*(__u32 *)arg = call->size + more[i];
			expect_good(&w, call, arg);
			call->undo(&w, arg);
		}
	expect_silent_log(&w);
}
END_TEST

START_TEST(args_longer_with_a_nonzero_tail_are_e2big)
{
	static const int more[] = { 1, 4, 8, 64, 1024 };
	const struct call *call;
	char arg[2048];
	struct world w;
	size_t i;

	make_world(&w);
	FOR_EACH_CALL(call) {
		for (i = 0; i < 5; i++) {
			prepare(&w, call, arg, sizeof(arg));
			*(__u32 *)arg = call->size + more[i];
			arg[call->size + more[i] - 1] = 1;
			expect_refused(&w, call, arg, E2BIG, "nonzero tail");
		}
		prepare(&w, call, arg, sizeof(arg));
		*(__u32 *)arg = call->size + 64;
		arg[call->size] = 1;
		expect_refused(&w, call, arg, E2BIG, "nonzero tail");
		prepare(&w, call, arg, sizeof(arg));
		*(__u32 *)arg = call->size;
		arg[call->size] = 1;
		expect_good(&w, call, arg);
		call->undo(&w, arg);
	}
	expect_silent_log(&w);
}
END_TEST

START_TEST(args_of_absurd_length_are_refused)
{
	const struct call *call;
	char arg[MAX_SIZE];
	struct state before;
	struct world w;

	make_world(&w);
	FOR_EACH_CALL(call) {
		prepare(&w, call, arg, sizeof(arg));
		*(__u32 *)arg = ~0U;
		before = state(&w);
		/* 4 GiB are not there, or are not zero, or are too much to look at */
		EXPECT_EQ(ioctl(call_fd(&w, call), call->cmd, arg), -1);
		EXPECT_TRUE(errno == E2BIG || errno == EFAULT);
		expect_same_state(&w, &before, call->name);
	}
	expect_silent_log(&w);
}
END_TEST

START_TEST(args_with_unknown_flags_are_einval)
{
	const struct call *call;
	char arg[MAX_SIZE];
	struct world w;
	int bit;

	make_world(&w);
	FOR_EACH_CALL(call) {
		for (bit = 0; bit < 32; bit++) {
			if (call->known_flags & 1U << bit)
				continue;
			prepare(&w, call, arg, sizeof(arg));
			((__u32 *)arg)[1] |= 1U << bit;
			expect_refused(&w, call, arg, EINVAL, "unknown flag");
		}
		prepare(&w, call, arg, sizeof(arg));
		expect_good(&w, call, arg);
		call->undo(&w, arg);
	}
	expect_silent_log(&w);
}
END_TEST

START_TEST(args_with_nonzero_reserved_fields_are_einval)
{
	const struct call *call;
	char arg[MAX_SIZE];
	struct world w;
	int n = 0, bit;

	make_world(&w);
	FOR_EACH_CALL(call) {
		if (!call->reserved)
			continue;
		n++;
		for (bit = 0; bit < 32; bit += 31) {
			prepare(&w, call, arg, sizeof(arg));
			*(__u32 *)(arg + call->reserved) = 1U << bit;
			expect_refused(&w, call, arg, EINVAL, "reserved field");
		}
	}
	EXPECT_EQ(n, 7);
	expect_silent_log(&w);
}
END_TEST

START_TEST(args_at_bad_addresses_are_efault)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	const struct call *call;
	char arg[MAX_SIZE];
	struct world w;
	size_t i;

	EXPECT_NE((long)page, -1);
	EXPECT_OK(munmap(page + PAGE, PAGE));
	make_world(&w);
	FOR_EACH_CALL(call) {
		prepare(&w, call, arg, sizeof(arg));
		expect_refused(&w, call, NULL, EFAULT, "NULL");
		expect_refused(&w, call, page + PAGE, EFAULT, "unmapped");
		expect_refused(&w, call, (void *)0xffff888000000000UL, EFAULT, "kernel address");
		expect_refused(&w, call, (void *)-4096L, EFAULT, "end of memory");
		/* the structure begins in mapped memory and does not end there */
		for (i = 2; i < call->size; i += i < 16 ? 2 : 8) {
			memcpy(page + PAGE - i, arg, i);
			expect_refused(&w, call, page + PAGE - i, EFAULT, "straddling");
		}
		/* it ends at the end, and that is fine */
		memcpy(page + PAGE - call->size, arg, call->size);
		expect_good(&w, call, page + PAGE - call->size);
		call->undo(&w, page + PAGE - call->size);
		/* a tail that is not there */
		prepare(&w, call, arg, sizeof(arg));
		*(__u32 *)arg = call->size + 8;
		memcpy(page + PAGE - call->size, arg, call->size);
		expect_refused(&w, call, page + PAGE - call->size, EFAULT, "unmapped tail");
	}
	expect_silent_log(&w);
}
END_TEST

START_TEST(args_that_cannot_be_answered_to_are_efault)
{
	char *page = memory(PAGE, 0);
	const struct call *call;
	char arg[MAX_SIZE];
	struct world w;
	int n = 0;

	make_world(&w);
	FOR_EACH_CALL(call) {
		prepare(&w, call, arg, sizeof(arg));
		memcpy(page, arg, call->size);
		EXPECT_OK(mprotect(page, PAGE, PROT_READ));
		if (call->answers) {
			expect_refused(&w, call, page, EFAULT, "read-only memory");
			n++;
		} else {
			expect_good(&w, call, page);
			call->undo(&w, page);
		}
		EXPECT_OK(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	}
	EXPECT_EQ(n, 5);
	expect_silent_log(&w);
}
END_TEST

/* Attaching by PASID came to the kernel after 6.1 */
static bool offers_pasids(void)
{
	return !kernel_is("6.1");
}

START_TEST(alloc_with_what_is_not_offered_is_eopnotsupp)
{
	static const __u32 flags[] = {
		IOASID_ALLOC_NEST_PARENT, IOASID_ALLOC_DIRTY_TRACKING,
		IOASID_ALLOC_FAULT_FD, IOASID_ALLOC_PASID,
	};
	static const __u32 extensions[] = {
		IOASID_EXT_NESTING_SW, IOASID_EXT_DIRTY_TRACKING,
		IOASID_EXT_FAULTS, IOASID_EXT_PASID,
	};
	struct ioasid_alloc alloc;
	struct state before;
	struct world w;
	int i;

	make_world(&w);
	before = state(&w);
	for (i = 0; i < (offers_pasids() ? 3 : 4); i++) {
		/* said beforehand */
		EXPECT_EQ(ioctl(w.fd, IOMMU_CHECK_EXTENSION, extensions[i]), 0);
		alloc = (struct ioasid_alloc){ .flags = flags[i] };
		if (flags[i] == IOASID_ALLOC_FAULT_FD)
			alloc.fault_fd = w.fd;
		EXPECT_ERRNO_IN(ioas_alloc_with(w.fd, &alloc), EOPNOTSUPP, "flag %#x", flags[i]);
	}
	alloc = (struct ioasid_alloc){ .format = 1 };
	EXPECT_ERRNO(ioas_alloc_with(w.fd, &alloc), EOPNOTSUPP);
	alloc = (struct ioasid_alloc){ .format = ~0U };
	EXPECT_ERRNO(ioas_alloc_with(w.fd, &alloc), EOPNOTSUPP);
	alloc = (struct ioasid_alloc){ .parent = w.ioas };
	EXPECT_ERRNO(ioas_alloc_with(w.fd, &alloc), EOPNOTSUPP);
	expect_same_state(&w, &before, "IOMMU_IOASID_ALLOC");
	expect_silent_log(&w);
}
END_TEST

START_TEST(alloc_with_fields_out_of_bounds_is_refused)
{
	struct ioasid_range *ranges = calloc(IOASID_MAX_RANGES + 1, sizeof(*ranges));
	struct ioasid_range bad[] = {
		{ PAGE, 0 }, { 1, 2 * PAGE - 1 }, { 0, PAGE }, { 0, PAGE - 2 },
		{ PAGE, PAGE - 1 }, { 2 * PAGE, PAGE - 1 }, { 0, 0 }, { ~0ULL, ~0ULL },
	};
	struct ioasid_alloc alloc;
	struct state before;
	struct world w;
	size_t i;

	make_world(&w);
	before = state(&w);
#define REFUSED(err, ...) do {						\
	alloc = (struct ioasid_alloc){ __VA_ARGS__ };			\
	EXPECT_ERRNO_IN(ioas_alloc_with(w.fd, &alloc), err, "(%s)", #__VA_ARGS__); \
	} while (0)
	REFUSED(EINVAL, .snoop = 3);
	REFUSED(EINVAL, .snoop = ~0U);
	REFUSED(EINVAL, .addr_width = 1);
	REFUSED(EINVAL, .addr_width = 11);
	REFUSED(EINVAL, .addr_width = 65);
	REFUSED(EINVAL, .addr_width = ~0U);
	REFUSED(EINVAL, .format_len = 8, .format_data = (uintptr_t)ranges);
	REFUSED(EINVAL, .format_data = (uintptr_t)ranges);
	/* a fault fd without its flag */
	REFUSED(EINVAL, .fault_fd = 1);
	REFUSED(E2BIG, .nr_ranges = IOASID_MAX_RANGES + 1, .ranges = (uintptr_t)ranges);
	REFUSED(E2BIG, .nr_ranges = ~0U, .ranges = (uintptr_t)ranges);
	REFUSED(EFAULT, .nr_ranges = 1, .ranges = PAGE);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ranges[0] = (struct ioasid_range){ 0, PAGE - 1 };
		ranges[1] = bad[i];
		alloc = (struct ioasid_alloc){ .nr_ranges = 2, .ranges = (uintptr_t)ranges };
		EXPECT_ERRNO_IN(ioas_alloc_with(w.fd, &alloc), EINVAL, "range %#llx to %#llx",
				bad[i].start, bad[i].last);
	}
	expect_same_state(&w, &before, "IOMMU_IOASID_ALLOC");

	/* as many as there may be, out of order, touching and overlapping */
	for (i = 0; i < IOASID_MAX_RANGES; i++) {
		ranges[i].start = (IOASID_MAX_RANGES - i) * 2 * PAGE;
		ranges[i].last = ranges[i].start + 4 * PAGE - 1;
	}
	alloc = (struct ioasid_alloc){
		.nr_ranges = IOASID_MAX_RANGES, .ranges = (uintptr_t)ranges,
	};
	EXPECT_OK(ioas_alloc_with(w.fd, &alloc));
	EXPECT_TRUE(range_is_permitted(w.fd, alloc.ioasid, 2 * PAGE,
				       IOASID_MAX_RANGES * 2 * PAGE));
	/* and the widths at the border */
	alloc = (struct ioasid_alloc){ .addr_width = 12 };
	EXPECT_OK(ioas_alloc_with(w.fd, &alloc));
	alloc = (struct ioasid_alloc){ .addr_width = 64 };
	EXPECT_OK(ioas_alloc_with(w.fd, &alloc));
	expect_silent_log(&w);
}
END_TEST

START_TEST(alloc_does_not_look_at_what_it_returns)
{
	struct ioasid_alloc alloc = { 0 };
	int fd = EXPECT_OK(iommu_open());
	__u32 first;

	EXPECT_OK(ioas_alloc_with(fd, &alloc));
	first = alloc.ioasid;
	EXPECT_OK(ioas_alloc_with(fd, &alloc));
	EXPECT_NE(alloc.ioasid, first);
}
END_TEST

START_TEST(attach_and_detach_by_pasid_of_a_device_without_are_eopnotsupp)
{
	struct ioasid_attach attach;
	struct ioasid_detach detach;
	struct state before;
	struct world w;

	make_world(&w);
	EXPECT_EQ(ioctl(w.fd, IOMMU_CHECK_EXTENSION, IOASID_EXT_PASID), offers_pasids());
	before = state(&w);
	attach = (struct ioasid_attach){
		.argsz = sizeof(attach), .flags = IOASID_ATTACH_PASID, .iommu_fd = w.fd,
		.ioasid = w.ioas, .pasid = 1,
	};
	EXPECT_ERRNO(ioctl(w.a.fd, IOASID_DEVICE_ATTACH, &attach), EOPNOTSUPP);
	attach.flags = IOASID_ATTACH_PASID_ALLOC;
	attach.pasid = 0;
	EXPECT_ERRNO(ioctl(w.a.fd, IOASID_DEVICE_ATTACH, &attach), EOPNOTSUPP);
	detach = (struct ioasid_detach){
		.argsz = sizeof(detach), .flags = IOASID_DETACH_PASID, .iommu_fd = w.fd,
		.pasid = 1,
	};
	EXPECT_ERRNO(ioctl(w.a.fd, IOASID_DEVICE_DETACH, &detach), EOPNOTSUPP);
	EXPECT_ERRNO(dev_set_pasid_floor(w.a.fd, w.fd, 10), EOPNOTSUPP);
	EXPECT_ERRNO(dev_alias(w.a.fd, w.fd, 1, 2), EOPNOTSUPP);
	/* a PASID without the flag */
	detach.flags = 0;
	EXPECT_ERRNO(ioctl(w.a.fd, IOASID_DEVICE_DETACH, &detach), EINVAL);
	expect_same_state(&w, &before, "attach by PASID");
	/* the hint is taken */
	attach = (struct ioasid_attach){
		.argsz = sizeof(attach), .flags = IOASID_ATTACH_NO_SNOOP, .iommu_fd = w.fd,
		.ioasid = w.ioas,
	};
	EXPECT_OK(ioctl(w.a.fd, IOASID_DEVICE_ATTACH, &attach));
	expect_silent_log(&w);
}
END_TEST

/* Offsets and sizes are the same for 32-bit programs: no implicit padding */
#define LAYOUT(type, last, size)						\
	_Static_assert(sizeof(struct type) == (size) &&			\
		       offsetof(struct type, last) +			\
		       sizeof(((struct type *)0)->last) == (size), #type)
LAYOUT(ioasid_range, last, 16);
LAYOUT(ioasid_cap_header, size, 8);
LAYOUT(ioasid_cap_hw, reg, 24);
LAYOUT(ioasid_device_info, caps, 56);
LAYOUT(ioasid_alloc, ioasid, 56);
LAYOUT(ioasid_free, __reserved, 16);
LAYOUT(ioasid_attachment, pasid, 16);
LAYOUT(ioasid_info, attachments, 80);
LAYOUT(ioasid_map_range, length, 32);
LAYOUT(ioasid_map, ranges, 56);
LAYOUT(ioasid_unmap_range, length, 16);
LAYOUT(ioasid_unmap, ranges, 56);
LAYOUT(ioasid_bind, vf_token, 40);
LAYOUT(ioasid_unbind, __reserved, 16);
LAYOUT(ioasid_attach, __reserved, 24);
LAYOUT(ioasid_detach, pasid, 16);
LAYOUT(ioasid_pasid_info, __reserved, 16);
LAYOUT(ioasid_pasid_floor, floor, 16);
LAYOUT(ioasid_alias, __reserved, 24);

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		args_shorter_than_the_structure_are_einval,
		args_longer_with_a_zero_tail_are_accepted,
		args_longer_with_a_nonzero_tail_are_e2big,
		args_of_absurd_length_are_refused,
		args_with_unknown_flags_are_einval,
		args_with_nonzero_reserved_fields_are_einval,
		args_at_bad_addresses_are_efault,
		args_that_cannot_be_answered_to_are_efault,
		alloc_with_what_is_not_offered_is_eopnotsupp,
		alloc_with_fields_out_of_bounds_is_refused,
		alloc_does_not_look_at_what_it_returns,
		attach_and_detach_by_pasid_of_a_device_without_are_eopnotsupp,
		NULL,
	};

	return run_program(argc, argv, "ioctl_args", tests, RUN_DEVICES);
}
