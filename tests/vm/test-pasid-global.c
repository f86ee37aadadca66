// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers of the kernel's global allocator: none that the host or a CPU has is one of a
 * mediated device that CPUs do not send to, and each goes back. The host is
 * ioasid_test_global.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../modules/global.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "modules.h"
#include "swuser.h"

#define TEST_GLOBAL	"ioasid_test_global"

static const struct swiommu_device_create narrow = { .type = 5, .pasid_width = 6 };

/* An open device of the host's, and the pretended CPU to look numbers up with */
struct host {
	int fd, cpu;
};

static struct host host(void)
{
	struct host h;

	cpu_load();
	EXPECT_OK(module_load(TEST_GLOBAL, NULL));
	h.fd = EXPECT_OK(open("/dev/" GLOBAL_NAME, O_RDWR | O_CLOEXEC));
	h.cpu = EXPECT_OK(cpu_open());
	return h;
}

static void host_end(struct host *h)
{
	EXPECT_OK(close(h->fd));
	EXPECT_OK(close(h->cpu));
	EXPECT_OK(module_unload(TEST_GLOBAL));
	cpu_unload();
}

/* 0: there is none */
static __u32 host_takes(struct host *h, __u32 device)
{
	int number = ioctl(h->fd, GLOBAL_ALLOC, device);

	if (number == -1)
		EXPECT_EQ(errno, ENOSPC);
	return number == -1 ? 0 : number;
}

static __u32 takes(struct host *h, struct swdev *dev, struct user *user, __u32 vpasid)
{
	__u32 number;

	EXPECT_OK(dev_attach_pasid(dev->fd, user->fd, user->ioas, vpasid));
	number = ppasid_of(h->cpu, user, dev, vpasid);
	EXPECT_TRUE(number);
	return number;
}

START_TEST(number_of_a_mediated_device_is_none_that_the_host_has)
{
	struct host h = host();
	struct user user = new_user();
	__u32 parent = swdev_create(&narrow), number, n, of[64] = {};
	struct swdev six = new_child(6, parent, &user);

	/* the host's first, and then by turns until all are taken */
	for (n = 0; n < 10; n++)
		of[host_takes(&h, parent)] = 1;
	for (n = 1; n < 64; n++) {
		number = takes(&h, &six, &user, n);
		EXPECT_LE(number, 63);
		EXPECT_EQ(of[number], 0);
		of[number] = 2;
		number = host_takes(&h, parent);
		if (!number)
			break;
		EXPECT_EQ(of[number], 0);
		of[number] = 1;
	}
	EXPECT_EQ(n, 27);
	EXPECT_ERRNO(dev_attach_pasid(six.fd, user.fd, user.ioas, 60), ENOSPC);
	expect_reaches(&six, 1, &user);
	expect_reaches(&six, 27, &user);
	/* the default PASID is one as well */
	EXPECT_ERRNO(dev_attach(six.fd, user.fd, user.ioas), ENOSPC);
	EXPECT_OK(dev_detach_pasid(six.fd, user.fd, 7));
	EXPECT_OK(dev_attach(six.fd, user.fd, user.ioas));
	EXPECT_EQ(host_takes(&h, parent), 0);
	expect_reaches(&six, 0, &user);
	/* with the device all are the host's */
	EXPECT_OK(close(six.fd));
	for (n = 0; n < 27; n++)
		EXPECT_TRUE(host_takes(&h, parent));
	EXPECT_EQ(host_takes(&h, parent), 0);
	end_user(&user);
	host_end(&h);
}
END_TEST

START_TEST(number_is_on_several_parents_and_goes_back_with_the_last)
{
	struct host h = host();
	struct user a = new_user(), b = new_user();
	__u32 parents[] = { new_parent(0), swdev_create(&narrow) }, n;
	struct swdev wide = new_child(6, parents[0], &a);
	struct swdev few = new_child(3, parents[1], &b);

	/* those of a wide parent are not lost to the narrow one */
	for (n = 1; n < 100; n++)
		takes(&h, &wide, &a, n);
	EXPECT_OK(dev_attach(few.fd, b.fd, b.ioas));
	EXPECT_EQ(host_takes(&h, parents[1]), 0);
	expect_reaches(&few, 0, &b);
	expect_reaches(&wide, 1, &a);
	expect_filled(b.mem, CANARY, PAGE);
	/* the narrow one's stays when the wide one's have gone */
	EXPECT_OK(dev_unbind(wide.fd, a.fd));
	for (n = 0; n < 62; n++)
		EXPECT_TRUE(host_takes(&h, parents[1]));
	EXPECT_EQ(host_takes(&h, parents[1]), 0);
	expect_reaches(&few, 0, &b);
	/* and the host's are not the wide one's, which has that of the narrow one too */
	EXPECT_OK(dev_bind(wide.fd, a.fd, wide.cookie));
	EXPECT_LE(takes(&h, &wide, &a, 1), 63);
	EXPECT_GE(takes(&h, &wide, &a, 2), 64);
	EXPECT_OK(close(few.fd));
	EXPECT_EQ(host_takes(&h, parents[1]), 0);
	EXPECT_OK(close(wide.fd));
	EXPECT_TRUE(host_takes(&h, parents[1]));
	EXPECT_EQ(host_takes(&h, parents[1]), 0);
	end_user(&a);
	end_user(&b);
	host_end(&h);
}
END_TEST

START_TEST(number_that_a_cpu_sends_is_none_of_a_mediated_device_or_the_hosts)
{
	struct host h = host();
	struct user a = new_user(), b = new_user();
	__u32 parent = swdev_create(&narrow), number, n, of[64] = {};
	struct swdev eight = new_child(8, parent, &a);
	struct swdev six = new_child(6, parent, &b);

	for (n = 1; n <= 21; n++) {
		number = takes(&h, &eight, &a, n);
		EXPECT_LE(number, 63);
		EXPECT_EQ(of[number]++, 0);
		number = takes(&h, &six, &b, n);
		EXPECT_EQ(of[number]++, 0);
		number = host_takes(&h, parent);
		EXPECT_EQ(of[number]++, 0);
	}
	EXPECT_ERRNO(dev_attach_pasid(eight.fd, a.fd, a.ioas, 40), ENOSPC);
	EXPECT_ERRNO(dev_attach_pasid(six.fd, b.fd, b.ioas, 40), ENOSPC);
	expect_reaches(&eight, 21, &a);
	expect_filled(b.mem, CANARY, PAGE);
	expect_reaches(&six, 21, &b);
	expect_filled(a.mem, CANARY, PAGE);
	EXPECT_OK(close(eight.fd));
	EXPECT_OK(close(six.fd));
	end_user(&a);
	end_user(&b);
	host_end(&h);
}
END_TEST

START_TEST(number_for_a_type_7_device_is_above_its_floor_and_no_alias)
{
	struct host h = host();
	struct user user = new_user();
	struct swdev eight = new_child(8, new_parent(0), &user);
	struct swdev seven = new_physical(7, &user);
	__u32 parent = new_parent(1), number;

	/* which is what makes its numbers global ones */
	EXPECT_OK(dev_set_pasid_floor(seven.fd, user.fd, 3000));
	number = EXPECT_OK(dev_attach_pasid(seven.fd, user.fd, user.ioas, 0));
	EXPECT_EQ(number, 3000);
	/* those that were passed over are the host's to take */
	EXPECT_EQ(host_takes(&h, parent), 1);
	EXPECT_OK(dev_detach_pasid(seven.fd, user.fd, number));
	/* it looks at so many, and no more */
	EXPECT_OK(dev_set_pasid_floor(seven.fd, user.fd, 5000));
	EXPECT_ERRNO(dev_attach_pasid(seven.fd, user.fd, user.ioas, 0), ENOSPC);
	EXPECT_EQ(host_takes(&h, parent), 2);
	EXPECT_OK(dev_set_pasid_floor(seven.fd, user.fd, 0));
	EXPECT_EQ(EXPECT_OK(dev_attach_pasid(seven.fd, user.fd, user.ioas, 0)), 3);
	/* the next one is an alias */
	EXPECT_OK(dev_alias(seven.fd, user.fd, 3, 4));
	EXPECT_EQ(EXPECT_OK(dev_attach_pasid(seven.fd, user.fd, user.ioas, 0)), 5);
	EXPECT_EQ(host_takes(&h, parent), 4);
	expect_reaches(&seven, 3, &user);
	expect_reaches(&seven, 4, &user);
	expect_reaches(&seven, 5, &user);
	EXPECT_OK(close(seven.fd));
	EXPECT_OK(close(eight.fd));
	EXPECT_EQ(host_takes(&h, parent), 3);
	end_user(&user);
	host_end(&h);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		number_of_a_mediated_device_is_none_that_the_host_has,
		number_is_on_several_parents_and_goes_back_with_the_last,
		number_that_a_cpu_sends_is_none_of_a_mediated_device_or_the_hosts,
		number_for_a_type_7_device_is_above_its_floor_and_no_alias,
		NULL,
	};

	return run_swpasid_program(argc, argv, "pasid-global", tests);
}
