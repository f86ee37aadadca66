// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of each call on PASIDs of software devices, physical and mediated
 * ones, fails once, and a call that fails changes nothing: neither what DMA reaches,
 * nor what is pinned, nor which numbers are taken (lib/failnth.h).
 */
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "expect.h"
#include "failnth.h"
#include "memory.h"
#include "run.h"
#include "swdev.h"

#define PIECES	8
#define PASID	5U
#define ALIAS	9U

/*
 * Two address spaces, each with memory in pieces, so that page tables are needed;
 * what is mapped in one is not in the other. Two devices behind two IOMMUs.
 */
struct setting {
	struct swscene s;
	__u32 a, b;
	char *mem;
	long pinned;
};

static __u64 iova_of(const struct setting *s, __u32 ioas, int piece)
{
	return IOVA + piece * (ioas == s->a ? 4 : 8) * GIB + (ioas == s->a ? 0 : GIB);
}

static void make_setting(struct setting *s)
{
	int i;

	nth_prepare();
	s->s = swscene(NULL);
	s->a = s->s.ioas;
	s->b = new_ioas(s->s.fd);
	s->mem = memory(2 * PIECES * PAGE, 0);
	for (i = 0; i < 2 * PIECES; i++)
		memset(s->mem + i * PAGE, 1 + i, PAGE);
	for (i = 0; i < PIECES; i++) {
		EXPECT_OK(ioas_map(s->s.fd, s->a, s->mem + i * PAGE, iova_of(s, s->a, i),
				   PAGE, RW));
		EXPECT_OK(ioas_map(s->s.fd, s->b, s->mem + (PIECES + i) * PAGE,
				   iova_of(s, s->b, i), PAGE, RW));
	}
	s->pinned = pages_pinned();
}

static void end_setting(struct setting *s)
{
	swscene_end(&s->s);
}

/* The byte that a device reads with a PASID, 0: it is blocked */
static int byte_at(struct swdev *dev, __u32 pasid, __u64 iova)
{
	unsigned char byte = 0;
	struct swiommu_dma arg = {
		.flags = pasid ? SWIOMMU_DMA_PASID : 0, .op = SWIOMMU_DMA_READ,
		.pasid = pasid, .iova = iova, .data = (uintptr_t)&byte, .length = 1,
	};

	EXPECT_OK(swdev_try_dma(dev->fd, &arg));
	EXPECT_EQ(arg.fault, arg.done ? SWIOMMU_FAULT_NONE : arg.fault);
	return arg.done ? byte : 0;
}

/* All of an address space and nothing of the other one; @ioas 0: nothing at all */
static void expect_reaches(struct setting *s, struct swdev *dev, __u32 pasid, __u32 ioas)
{
	int i;

	for (i = 0; i < PIECES; i++) {
		EXPECT_EQ(byte_at(dev, pasid, iova_of(s, s->a, i)), ioas == s->a ? 1 + i : 0);
		EXPECT_EQ(byte_at(dev, pasid, iova_of(s, s->b, i)),
			  ioas && ioas == s->b ? 1 + PIECES + i : 0);
	}
}

static void expect_state(struct setting *s, __u32 attached_a, __u32 attached_b)
{
	EXPECT_EQ(nr_attachments(s->s.fd, s->a), attached_a);
	EXPECT_EQ(nr_attachments(s->s.fd, s->b), attached_b);
	EXPECT_EQ(pinned_bytes(s->s.fd, s->a), attached_a ? PIECES * PAGE : 0);
	EXPECT_EQ(pinned_bytes(s->s.fd, s->b), attached_b ? PIECES * PAGE : 0);
	EXPECT_EQ(pages_pinned(), s->pinned + (attached_a ? PIECES : 0) +
				  (attached_b ? PIECES : 0));
}

/* Only then can the floor be moved */
static bool no_number_is_taken(struct setting *s, struct swdev *dev)
{
	return !dev_set_pasid_floor(dev->fd, s->s.fd, 1000) &&
	       !dev_set_pasid_floor(dev->fd, s->s.fd, 0);
}

static void expect_failed(bool injected, int err)
{
	EXPECT_TRUE(injected);
	EXPECT_TRUE(nth_may_fail(err));
}

static void expect_walked(int nth, int at_least)
{
	EXPECT_GE(nth, at_least);
	EXPECT_LE(nth, NTH_MAX - 1);
}

static void walk_bind(struct setting *s, struct swdev *dev)
{
	int nth, ret, err;
	bool injected;

	EXPECT_OK(dev_unbind(dev->fd, s->s.fd));
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_bind(dev->fd, s->s.fd, dev->cookie);
		err = errno;
		injected = nth_stop();
		if (ret) {
			expect_failed(injected, err);
			/* neither bound nor is its name taken */
			EXPECT_ERRNO(dev_attach_pasid(dev->fd, s->s.fd, s->a, PASID), EINVAL);
			EXPECT_OK(dev_bind(dev->fd, s->s.fd, dev->cookie));
		}
		EXPECT_OK(dev_attach_pasid(dev->fd, s->s.fd, s->a, PASID));
		expect_reaches(s, dev, PASID, s->a);
		EXPECT_OK(dev_unbind(dev->fd, s->s.fd));
		expect_state(s, 0, 0);
		if (!injected)
			break;
	}
	expect_walked(nth, 6);
}

START_TEST(failnth_bind_of_a_device_with_pasids)
{
	struct setting s;

	make_setting(&s);
	walk_bind(&s, &s.s.a);
	end_setting(&s);
}
END_TEST

/* With a number of the user's or, if that is 0, of the kernel's choice */
static void first_attach(struct swdev *dev, struct setting *s, __u32 chosen)
{
	__u32 number = chosen ?: 1;
	int nth, ret, err;
	bool injected;

	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach_pasid(dev->fd, s->s.fd, s->a, chosen);
		err = errno;
		injected = nth_stop();
		if (ret < 0) {
			expect_failed(injected, err);
			expect_state(s, 0, 0);
			expect_reaches(s, dev, number, 0);
			EXPECT_TRUE(no_number_is_taken(s, dev));
			ret = dev_attach_pasid(dev->fd, s->s.fd, s->a, chosen);
		}
		EXPECT_EQ(ret, chosen ? 0 : 1);
		expect_state(s, 1, 0);
		expect_reaches(s, dev, number, s->a);
		EXPECT_OK(dev_detach_pasid(dev->fd, s->s.fd, number));
		expect_state(s, 0, 0);
		if (!injected)
			break;
	}
	/* a domain, and tables for each piece */
	expect_walked(nth, PIECES);
}

START_TEST(failnth_first_attach_by_a_chosen_pasid)
{
	struct setting s;

	make_setting(&s);
	first_attach(&s.s.a, &s, PASID);
	end_setting(&s);
}
END_TEST

START_TEST(failnth_first_attach_by_an_allocated_pasid)
{
	struct setting s;

	make_setting(&s);
	first_attach(&s.s.a, &s, 0);
	end_setting(&s);
}
END_TEST

/* The same of a mediated device, for which a number on the wire is found too. If one
 * is left when the last device is unbound it is in the kernel's log
 */
static struct swdev start_child(struct setting *s, __u32 type)
{
	const struct swiommu_device_create parent = {
		.type = 5, .pasid_width = 20, .flags = SWIOMMU_DEVICE_TLB,
	};
	const struct swiommu_device_create child = {
		.type = type, .parent = swdev_create(&parent),
	};
	struct swdev dev;

	swdev_start_with(&dev, &child, s->s.fd);
	return dev;
}

static void first_attach_of_a_child(__u32 type, __u32 chosen)
{
	struct setting s;
	struct swdev dev;

	make_setting(&s);
	dev = start_child(&s, type);
	first_attach(&dev, &s, chosen);
	EXPECT_OK(close(dev.fd));
	end_setting(&s);
}

START_TEST(failnth_first_attach_of_a_mediated_device_by_pasid)
{
	first_attach_of_a_child(6, PASID);
}
END_TEST

START_TEST(failnth_first_attach_of_a_mediated_device_by_an_allocated_pasid)
{
	first_attach_of_a_child(6, 0);
}
END_TEST

START_TEST(failnth_first_attach_by_a_pasid_that_the_cpu_sends)
{
	first_attach_of_a_child(8, PASID);
}
END_TEST

START_TEST(failnth_attach_of_a_mediated_device_with_one_pasid)
{
	struct setting s;
	struct swdev dev;
	int nth, ret, err;
	bool injected;

	make_setting(&s);
	dev = start_child(&s, 3);
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach(dev.fd, s.s.fd, s.a);
		err = errno;
		injected = nth_stop();
		if (ret) {
			expect_failed(injected, err);
			expect_state(&s, 0, 0);
			expect_reaches(&s, &dev, 0, 0);
			EXPECT_OK(dev_attach(dev.fd, s.s.fd, s.a));
		}
		expect_state(&s, 1, 0);
		expect_reaches(&s, &dev, 0, s.a);
		EXPECT_OK(dev_detach(dev.fd, s.s.fd));
		if (!injected)
			break;
	}
	expect_walked(nth, PIECES);
	EXPECT_OK(close(dev.fd));
	end_setting(&s);
}
END_TEST

START_TEST(failnth_bind_of_a_mediated_device)
{
	struct setting s;
	struct swdev dev;

	make_setting(&s);
	dev = start_child(&s, 6);
	walk_bind(&s, &dev);
	EXPECT_OK(close(dev.fd));
	end_setting(&s);
}
END_TEST

/* While it is attached elsewhere: to another PASID, whose table serves this one as
 * well, or behind another IOMMU, so that this one gets a copy
 */
static void second_attach(bool same_device, int at_least)
{
	struct swdev *first, *dev;
	struct setting s;
	int nth, ret, err;
	bool injected;

	make_setting(&s);
	dev = &s.s.a;
	first = same_device ? dev : &s.s.b;
	EXPECT_OK(dev_attach_pasid(first->fd, s.s.fd, s.a, 1));
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach_pasid(dev->fd, s.s.fd, s.a, PASID);
		err = errno;
		injected = nth_stop();
		if (ret) {
			expect_failed(injected, err);
			expect_state(&s, 1, 0);
			expect_reaches(&s, dev, PASID, 0);
			EXPECT_EQ(no_number_is_taken(&s, dev), !same_device);
			EXPECT_OK(dev_attach_pasid(dev->fd, s.s.fd, s.a, PASID));
		}
		expect_state(&s, 2, 0);
		expect_reaches(&s, dev, PASID, s.a);
		EXPECT_OK(dev_detach_pasid(dev->fd, s.s.fd, PASID));
		expect_state(&s, 1, 0);
		expect_reaches(&s, first, 1, s.a);
		if (!injected)
			break;
	}
	expect_walked(nth, at_least);
	end_setting(&s);
}

START_TEST(failnth_attach_by_a_second_pasid)
{
	second_attach(true, 3);
}
END_TEST

START_TEST(failnth_attach_by_pasid_behind_a_second_iommu)
{
	second_attach(false, PIECES);
}
END_TEST

/* With or without an alias, which goes along or stays with it */
static void replace_keeps_the_old_one(__u32 alias)
{
	struct setting s;
	int nth, ret, err;
	bool injected;

	make_setting(&s);
	EXPECT_OK(dev_attach_pasid(s.s.a.fd, s.s.fd, s.a, PASID));
	if (alias)
		EXPECT_OK(dev_alias(s.s.a.fd, s.s.fd, PASID, alias));
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach_pasid(s.s.a.fd, s.s.fd, s.b, PASID);
		err = errno;
		injected = nth_stop();
		if (ret) {
			expect_failed(injected, err);
			expect_state(&s, 1, 0);
			expect_reaches(&s, &s.s.a, PASID, s.a);
			expect_reaches(&s, &s.s.a, ALIAS, alias ? s.a : 0);
			EXPECT_OK(dev_attach_pasid(s.s.a.fd, s.s.fd, s.b, PASID));
		}
		expect_state(&s, 0, 1);
		expect_reaches(&s, &s.s.a, PASID, s.b);
		expect_reaches(&s, &s.s.a, ALIAS, alias ? s.b : 0);
		EXPECT_OK(dev_attach_pasid(s.s.a.fd, s.s.fd, s.a, PASID));
		if (!injected)
			break;
	}
	expect_walked(nth, PIECES);
	EXPECT_OK(dev_detach_pasid(s.s.a.fd, s.s.fd, PASID));
	EXPECT_TRUE(no_number_is_taken(&s, &s.s.a));
	end_setting(&s);
}

START_TEST(failnth_replace_behind_a_pasid_keeps_the_old_address_space)
{
	replace_keeps_the_old_one(0);
}
END_TEST

START_TEST(failnth_replace_behind_a_pasid_and_its_alias_keeps_the_old_address_space)
{
	replace_keeps_the_old_one(ALIAS);
}
END_TEST

START_TEST(failnth_alias)
{
	struct setting s;
	int nth, ret, err;
	bool injected;

	make_setting(&s);
	EACH_NTH(nth) {
		EXPECT_OK(dev_attach_pasid(s.s.a.fd, s.s.fd, s.a, PASID));
		nth_start(nth);
		ret = dev_alias(s.s.a.fd, s.s.fd, PASID, ALIAS);
		err = errno;
		injected = nth_stop();
		if (ret) {
			expect_failed(injected, err);
			expect_reaches(&s, &s.s.a, ALIAS, 0);
			/* the number is anybody's, and the PASID has none yet */
			EXPECT_OK(dev_attach_pasid(s.s.a.fd, s.s.fd, s.b, ALIAS));
			EXPECT_OK(dev_detach_pasid(s.s.a.fd, s.s.fd, ALIAS));
			EXPECT_OK(dev_alias(s.s.a.fd, s.s.fd, PASID, ALIAS));
		}
		expect_reaches(&s, &s.s.a, PASID, s.a);
		expect_reaches(&s, &s.s.a, ALIAS, s.a);
		EXPECT_OK(dev_detach_pasid(s.s.a.fd, s.s.fd, PASID));
		expect_state(&s, 0, 0);
		expect_reaches(&s, &s.s.a, ALIAS, 0);
		EXPECT_TRUE(no_number_is_taken(&s, &s.s.a));
		if (!injected)
			break;
	}
	expect_walked(nth, 3);
	end_setting(&s);
}
END_TEST

START_TEST(failnth_pasid_floor)
{
	struct setting s;
	bool injected;
	int nth, ret;

	make_setting(&s);
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_set_pasid_floor(s.s.a.fd, s.s.fd, 100);
		if (ret)
			EXPECT_EQ(errno, EFAULT);
		injected = nth_stop();
		EXPECT_EQ(dev_attach_pasid(s.s.a.fd, s.s.fd, s.a, 0), ret ? 1 : 100);
		EXPECT_OK(dev_detach_pasid(s.s.a.fd, s.s.fd, ret ? 1 : 100));
		EXPECT_OK(dev_set_pasid_floor(s.s.a.fd, s.s.fd, 0));
		if (!injected)
			break;
	}
	expect_walked(nth, 2);
	end_setting(&s);
}
END_TEST

/* RID, two PASIDs and an alias */
static void attach_all(struct setting *s)
{
	struct swdev *dev = &s->s.a;

	EXPECT_OK(dev_attach(dev->fd, s->s.fd, s->a));
	EXPECT_OK(dev_attach_pasid(dev->fd, s->s.fd, s->a, PASID));
	EXPECT_OK(dev_alias(dev->fd, s->s.fd, PASID, ALIAS));
	EXPECT_OK(dev_attach_pasid(dev->fd, s->s.fd, s->b, PASID + 1));
	expect_reaches(s, dev, 0, s->a);
	expect_reaches(s, dev, ALIAS, s->a);
	expect_reaches(s, dev, PASID + 1, s->b);
}

START_TEST(failnth_detach_of_pasids_succeeds)
{
	static const __u32 numbers[] = { PASID + 1, ALIAS };
	struct setting s;
	unsigned int i;
	bool injected;
	int nth, ret;

	make_setting(&s);
	for (i = 0; i < 2; i++) {
		EACH_NTH(nth) {
			attach_all(&s);
			nth_start(nth);
			ret = dev_detach_pasid(s.s.a.fd, s.s.fd, numbers[i]);
			if (ret && errno != EFAULT)
				FAIL("detach fails with %s", errno_name(errno));
			injected = nth_stop();
			if (ret)
				EXPECT_OK(dev_detach_pasid(s.s.a.fd, s.s.fd, numbers[i]));
			expect_reaches(&s, &s.s.a, numbers[i], 0);
			if (numbers[i] == ALIAS)
				expect_reaches(&s, &s.s.a, PASID, 0);
			expect_state(&s, numbers[i] == ALIAS ? 1 : 2,
				     numbers[i] == ALIAS ? 1 : 0);
			EXPECT_OK(dev_unbind(s.s.a.fd, s.s.fd));
			EXPECT_OK(dev_bind(s.s.a.fd, s.s.fd, s.s.a.cookie));
			if (!injected)
				break;
		}
		expect_walked(nth, 2);
	}
	end_setting(&s);
}
END_TEST

START_TEST(failnth_unbind_with_pasids_attached_succeeds)
{
	struct setting s;
	bool injected;
	int nth, ret;

	make_setting(&s);
	EACH_NTH(nth) {
		attach_all(&s);
		nth_start(nth);
		ret = dev_unbind(s.s.a.fd, s.s.fd);
		if (ret && errno != EFAULT)
			FAIL("unbind fails with %s", errno_name(errno));
		injected = nth_stop();
		if (ret)
			EXPECT_OK(dev_unbind(s.s.a.fd, s.s.fd));
		expect_state(&s, 0, 0);
		EXPECT_OK(dev_bind(s.s.a.fd, s.s.fd, s.s.a.cookie));
		EXPECT_TRUE(no_number_is_taken(&s, &s.s.a));
		if (!injected)
			break;
	}
	expect_walked(nth, 2);
	end_setting(&s);
}
END_TEST

static void close_both(bool device_first)
{
	struct setting s;
	bool injected;
	long before;
	int nth;

	EACH_NTH(nth) {
		make_setting(&s);
		before = s.pinned;
		attach_all(&s);
		nth_start(nth);
		close(device_first ? s.s.a.fd : s.s.fd);
		close(device_first ? s.s.fd : s.s.a.fd);
		injected = nth_stop();
		EXPECT_EQ(pages_pinned(), before);
		EXPECT_OK(close(s.s.b.fd));
		swiommu_unload();
		if (!injected)
			break;
	}
	EXPECT_LE(nth, NTH_MAX - 1);
}

START_TEST(failnth_close_of_a_device_with_pasids_first_releases_everything)
{
	close_both(true);
}
END_TEST

START_TEST(failnth_close_of_the_iommu_fd_with_pasids_attached_releases_everything)
{
	close_both(false);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		failnth_bind_of_a_device_with_pasids,
		failnth_first_attach_by_a_chosen_pasid,
		failnth_first_attach_by_an_allocated_pasid,
		failnth_bind_of_a_mediated_device,
		failnth_attach_of_a_mediated_device_with_one_pasid,
		failnth_first_attach_of_a_mediated_device_by_pasid,
		failnth_first_attach_of_a_mediated_device_by_an_allocated_pasid,
		failnth_first_attach_by_a_pasid_that_the_cpu_sends,
		failnth_attach_by_a_second_pasid,
		failnth_attach_by_pasid_behind_a_second_iommu,
		failnth_replace_behind_a_pasid_keeps_the_old_address_space,
		failnth_replace_behind_a_pasid_and_its_alias_keeps_the_old_address_space,
		failnth_alias,
		failnth_pasid_floor,
		failnth_detach_of_pasids_succeeds,
		failnth_unbind_with_pasids_attached_succeeds,
		failnth_close_of_a_device_with_pasids_first_releases_everything,
		failnth_close_of_the_iommu_fd_with_pasids_attached_releases_everything,
		NULL,
	};

	return run_swiommu_program(argc, argv, "failnth-pasid", tests);
}
