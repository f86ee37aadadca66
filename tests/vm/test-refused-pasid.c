// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel refuses to attach a domain to a PASID, at a call that nothing from outside
 * can make it refuse: the old address space is back, by the alias as well, or, if that is
 * refused too, the PASID is blocked, attached to nothing, and the call says EIO. What
 * came of it is seen by what is attached, never by the error number.
 */
#include <stdio.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "modules.h"
#include "refuse.h"
#include "run.h"
#include "swuser.h"

/* 6.12's kernel cannot replace: it detaches, and attaches */
#define KERNEL_FUNCTIONS	"iommu_replace_device_pasid,iommu_attach_device_pasid"
#define KERNEL_FUNCTIONS_612	"iommu_attach_device_pasid"

#define PASID	5
#define ALIAS	6

/* What the kernel says, and what the user is told */
static const struct { int err, said; } errors[] = {
	{ EIO, EFAULT }, { EBUSY, EBUSY }, { EAGAIN, EFAULT }, { ENOMEM, ENOMEM },
};

#define FOR_EACH_ERROR(e) for (e = 0; e < sizeof(errors) / sizeof(errors[0]); e++)

/* Each takes its numbers from elsewhere; of type 3 there is one, in place of the RID */
static const struct { __u32 type, pasid; } kinds[] = {
	{ 5, PASID }, { 6, PASID }, { 3, 0 }, { 8, PASID },
};

#define FOR_EACH_KIND(k) for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)

/* A device, and two address spaces of its user's with a page in each */
struct setting {
	struct swdev dev;
	struct user old, new;
	__u32 pasid;
};

static void make_setting(struct setting *s, __u32 type, __u32 pasid)
{
	refuse_at(pasids_are_replaced_at_once() ? KERNEL_FUNCTIONS : KERNEL_FUNCTIONS_612);
	swiommu_load(NULL);
	s->pasid = pasid;
	s->old = new_user();
	s->new = another_space(&s->old);
	if (type == 5)
		s->dev = new_physical(type, &s->old);
	else
		s->dev = new_child(type, new_parent(0), &s->old);
}

static void done(struct setting *s)
{
	EXPECT_OK(close(s->dev.fd));
	end_user(&s->old);
	swiommu_unload();
}

static int try_attach(struct setting *s, const struct user *user)
{
	if (!s->pasid)
		return dev_attach(s->dev.fd, user->fd, user->ioas);
	return dev_attach_pasid(s->dev.fd, user->fd, user->ioas, s->pasid);
}

static int try_detach(struct setting *s)
{
	if (!s->pasid)
		return dev_detach(s->dev.fd, s->old.fd);
	return dev_detach_pasid(s->dev.fd, s->old.fd, s->pasid);
}

static void expect_attachments(const struct user *user, __u32 nr)
{
	EXPECT_EQ(nr_attachments(user->fd, user->ioas), nr);
	EXPECT_EQ(pinned_bytes(user->fd, user->ioas), nr ? PAGE : 0);
}

/* This one is reached by that number, and not the other one */
static void expect_only(struct setting *s, __u32 pasid, const struct user *user)
{
	expect_reaches(&s->dev, pasid, user);
	expect_filled(s->old.mem, CANARY, PAGE);
	expect_filled(s->new.mem, CANARY, PAGE);
}

static void expect_old_is_there(struct setting *s)
{
	expect_all_refused();
	expect_only(s, s->pasid, &s->old);
	expect_attachments(&s->old, 1);
	expect_attachments(&s->new, 0);
}

static void expect_nothing_is_there(struct setting *s)
{
	expect_all_refused();
	expect_attachments(&s->old, 0);
	expect_attachments(&s->new, 0);
	expect_pasid_blocked(&s->dev, s->pasid, IOVA);
	EXPECT_ERRNO(try_detach(s), EINVAL);
}

static void expect_new_works(struct setting *s)
{
	EXPECT_OK(try_attach(s, &s->new));
	expect_only(s, s->pasid, &s->new);
	EXPECT_OK(try_detach(s));
	expect_nothing_is_there(s);
}

START_TEST(refused_attach_to_a_pasid_leaves_nothing)
{
	struct setting s;
	unsigned int k, e;

	FOR_EACH_KIND(k) {
		make_setting(&s, kinds[k].type, kinds[k].pasid);
		FOR_EACH_ERROR(e) {
			refuse(1, errors[e].err);
			EXPECT_ERRNO_IN(try_attach(&s, &s.old), errors[e].said,
					"(%s, type %u)", errno_name(errors[e].err), kinds[k].type);
			expect_nothing_is_there(&s);
		}
		expect_new_works(&s);
		done(&s);
	}
}
END_TEST

START_TEST(refused_replace_of_a_pasid_keeps_the_old_one_whatever_the_error_says)
{
	struct setting s;
	unsigned int k, e;

	FOR_EACH_KIND(k) {
		make_setting(&s, kinds[k].type, kinds[k].pasid);
		EXPECT_OK(try_attach(&s, &s.old));
		FOR_EACH_ERROR(e) {
			refuse(1, errors[e].err);
			EXPECT_ERRNO_IN(try_attach(&s, &s.new), errors[e].said,
					"(%s, type %u)", errno_name(errors[e].err), kinds[k].type);
			expect_old_is_there(&s);
		}
		expect_new_works(&s);
		done(&s);
	}
}
END_TEST

START_TEST(refused_replace_of_a_pasid_and_refused_return_is_eio_and_blocked)
{
	struct setting s;
	unsigned int k, e;

	FOR_EACH_KIND(k) {
		make_setting(&s, kinds[k].type, kinds[k].pasid);
		FOR_EACH_ERROR(e) {
			/* and it can be attached again */
			EXPECT_OK(try_attach(&s, &s.old));
			expect_old_is_there(&s);
			refuse(3, errors[e].err);
			EXPECT_ERRNO_IN(try_attach(&s, &s.new), EIO, "(%s, type %u)",
					errno_name(errors[e].err), kinds[k].type);
			expect_nothing_is_there(&s);
		}
		expect_new_works(&s);
		done(&s);
	}
}
END_TEST

static void make_setting_with_alias(struct setting *s)
{
	make_setting(s, 5, PASID);
	EXPECT_OK(try_attach(s, &s->old));
	EXPECT_OK(dev_alias(s->dev.fd, s->old.fd, PASID, ALIAS));
}

/* The number has gone over to the new one by then */
START_TEST(replace_whose_alias_is_refused_leaves_both_numbers_as_before)
{
	struct setting s;
	unsigned int e;

	make_setting_with_alias(&s);
	FOR_EACH_ERROR(e) {
		refuse(2, errors[e].err);
		EXPECT_ERRNO_IN(try_attach(&s, &s.new), errors[e].said, "(%s)",
				errno_name(errors[e].err));
		expect_old_is_there(&s);
		expect_only(&s, ALIAS, &s.old);
	}
	EXPECT_OK(try_attach(&s, &s.new));
	expect_only(&s, PASID, &s.new);
	expect_only(&s, ALIAS, &s.new);
	done(&s);
}
END_TEST

START_TEST(replace_and_return_whose_alias_is_refused_is_eio_and_both_are_blocked)
{
	struct setting s;
	unsigned int e;

	make_setting_with_alias(&s);
	FOR_EACH_ERROR(e) {
		/* The alias of the new one, and that of the old one */
		refuse(2 | 8, errors[e].err);
		EXPECT_ERRNO_IN(try_attach(&s, &s.new), EIO, "(%s)", errno_name(errors[e].err));
		expect_nothing_is_there(&s);
		expect_pasid_blocked(&s.dev, ALIAS, IOVA);
		/* and both numbers are free */
		EXPECT_OK(try_attach(&s, &s.old));
		EXPECT_OK(dev_alias(s.dev.fd, s.old.fd, PASID, ALIAS));
		expect_only(&s, ALIAS, &s.old);
	}
	done(&s);
}
END_TEST

START_TEST(refused_alias_leaves_its_pasid_as_it_was)
{
	struct setting s;
	unsigned int e;

	make_setting(&s, 5, PASID);
	EXPECT_OK(try_attach(&s, &s.old));
	FOR_EACH_ERROR(e) {
		refuse(1, errors[e].err);
		EXPECT_ERRNO_IN(dev_alias(s.dev.fd, s.old.fd, PASID, ALIAS), errors[e].said,
				"(%s)", errno_name(errors[e].err));
		expect_old_is_there(&s);
		expect_pasid_blocked(&s.dev, ALIAS, IOVA);
	}
	EXPECT_OK(dev_alias(s.dev.fd, s.old.fd, PASID, ALIAS));
	expect_only(&s, ALIAS, &s.old);
	done(&s);
}
END_TEST

#define MANY_PAGES	64

/*
 * Which says of a number that the host has it, or of a device that it is being reset:
 * then it is said of every number. They are tried, so many and no more, and nothing is
 * pinned for that.
 */
START_TEST(ebusy_for_every_number_ends_soon_and_pins_once)
{
	struct setting s;
	unsigned int k, asked;
	long before;

	FOR_EACH_KIND(k) {
		if (kinds[k].type == 5)
			continue;
		make_setting(&s, kinds[k].type, kinds[k].pasid);
		EXPECT_OK(ioas_map(s.old.fd, s.old.ioas, memory(MANY_PAGES * PAGE, CANARY),
				   2 * IOVA, MANY_PAGES * PAGE, RW));
		before = pages_ever_pinned();
		refuse(REFUSE_ALL, EBUSY);
		EXPECT_ERRNO(try_attach(&s, &s.old), EBUSY);
		asked = refuse_end();
		/* twice as many would be pinned for the second one */
		EXPECT_LE(pages_ever_pinned() - before, MANY_PAGES + 1);
		EXPECT_GE(asked, 1);
		EXPECT_LE(asked, 17);
		EXPECT_EQ(nr_attachments(s.old.fd, s.old.ioas), 0);
		EXPECT_EQ(pinned_bytes(s.old.fd, s.old.ioas), 0);
		expect_pasid_blocked(&s.dev, s.pasid, IOVA);
		expect_new_works(&s);
		done(&s);
	}
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		refused_attach_to_a_pasid_leaves_nothing,
		refused_replace_of_a_pasid_keeps_the_old_one_whatever_the_error_says,
		refused_replace_of_a_pasid_and_refused_return_is_eio_and_blocked,
		replace_whose_alias_is_refused_leaves_both_numbers_as_before,
		replace_and_return_whose_alias_is_refused_is_eio_and_both_are_blocked,
		refused_alias_leaves_its_pasid_as_it_was,
		ebusy_for_every_number_ends_soon_and_pins_once,
		NULL,
	};
	int failed = run_swpasid_program(argc, argv, "refused-pasid", tests);

	if (module_is_loaded(REFUSE_MODULE))
		failed |= module_unload(REFUSE_MODULE);
	return failed;
}
