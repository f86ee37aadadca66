// SPDX-License-Identifier: GPL-2.0-only
/* An address space behind more PASIDs than the kernel allocates room for in one piece. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "expect.h"
#include "run.h"
#include "swuser.h"

/* 4 MiB, and one more */
#define NR	(4 * MIB / sizeof(struct ioasid_attachment) + 1)

static void expect_listed(unsigned int nr)
{
	struct ioasid_attachment *attachments = calloc(nr, sizeof(*attachments));
	struct swscene s = swscene(NULL);
	struct ioasid_info info = { .argsz = sizeof(info), .ioasid = s.ioas };
	unsigned int i;

	for (i = 1; i <= nr; i++)
		EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, s.ioas, i));
	EXPECT_OK(ioctl(s.fd, IOMMU_IOASID_GET_INFO, &info));
	EXPECT_EQ(info.nr_attachments, nr);
	info.nr_ranges = info.flags = 0;
	info.nr_attachments = nr - 1;
	info.attachments = (unsigned long)attachments;
	EXPECT_ERRNO(ioctl(s.fd, IOMMU_IOASID_GET_INFO, &info), EMSGSIZE);
	EXPECT_EQ(info.nr_attachments, nr);
	EXPECT_EQ(attachments[0].cookie, 0);
	info.nr_ranges = info.flags = 0;
	EXPECT_OK(ioctl(s.fd, IOMMU_IOASID_GET_INFO, &info));
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(attachments[i].cookie, s.a.cookie);
		EXPECT_EQ(attachments[i].pasid, i + 1);
		EXPECT_EQ(attachments[i].flags, IOASID_ATTACHMENT_PASID);
	}
	EXPECT_OK(dev_unbind(s.a.fd, s.fd));
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 0);
	swscene_end(&s);
	free(attachments);
}

START_TEST(attachments_are_listed_if_all_of_them_fit)
{
	expect_listed(100);
}
END_TEST

/* The kernel that watches takes minutes for so many, and would say of fewer what it has
 * to say
 */
START_TEST(any_number_of_attachments_is_listed)
{
	expect_listed(kernel_is("debug") ? 5000 : NR);
}
END_TEST

/*
 * On a RID that is shared every number is looked for among all that are taken, and so is
 * the one that was given back last, at either end.
 */
START_TEST(any_number_of_pasids_is_on_a_shared_rid)
{
	unsigned int i, nr = kernel_is("debug") ? 2000 : NR;
	struct user user;
	struct swdev six;

	swiommu_load(NULL);
	user = new_user();
	six = new_child(6, new_parent(0), &user);
	for (i = 1; i <= nr; i++)
		EXPECT_OK(dev_attach_pasid(six.fd, user.fd, user.ioas, i));
	for (i = 1; i <= nr / 100; i++) {
		EXPECT_OK(dev_detach_pasid(six.fd, user.fd, i));
		EXPECT_OK(dev_attach_pasid(six.fd, user.fd, user.ioas, i));
		EXPECT_OK(dev_attach_pasid(six.fd, user.fd, user.ioas, nr + i));
	}
	expect_reaches(&six, 1, &user);
	expect_reaches(&six, nr + 1, &user);
	EXPECT_EQ(nr_attachments(user.fd, user.ioas), nr + nr / 100);
	EXPECT_OK(close(six.fd));
	EXPECT_EQ(nr_attachments(user.fd, user.ioas), 0);
	end_user(&user);
	swiommu_unload();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		attachments_are_listed_if_all_of_them_fit,
		any_number_of_attachments_is_listed,
		any_number_of_pasids_is_on_a_shared_rid,
		NULL,
	};

	return run_swpasid_program(argc, argv, "pasid_many", tests);
}
