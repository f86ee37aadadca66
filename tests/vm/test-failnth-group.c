// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of each call on two devices of one group fails once, and a call
 * that fails changes nothing (lib/failnth.h).
 */
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "failnth.h"
#include "memory.h"
#include "run.h"

START_TEST(failnth_bind_of_the_first_of_two_devices)
{
	int fd, nth, ret, err;
	struct dev a, b;
	bool injected;

	nth_prepare();
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
			EXPECT_TRUE(nth_may_fail(err));
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
	struct nth_setting s;
	int nth, ret, err;
	bool injected;
	struct dev b;

	nth_setting(&s, TWIN_0);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	dev_open_only(&b, TWIN_1);
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_bind(b.fd, s.fd, b.cookie);
		err = errno;
		injected = nth_stop();
		if (ret) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(nth_may_fail(err));
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
	struct nth_setting s;
	int nth, ret, err;
	bool injected;
	struct dev b;
	long before;

	nth_setting(&s, TWIN_0);
	dev_start(&b, TWIN_1, s.fd);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	before = pages_pinned();
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach(b.fd, s.fd, s.a);
		err = errno;
		injected = nth_stop();
		if (ret) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(nth_may_fail(err));
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
	struct nth_setting s;
	struct dev b, *dev;
	int nth, ret, err;
	bool injected;

	nth_setting(&s, TWIN_0);
	dev_start(&b, TWIN_1, s.fd);
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, s.a));
	EACH_NTH(nth) {
		nth_start(nth);
		ret = dev_attach(s.dev.fd, s.fd, s.b);
		err = errno;
		injected = nth_stop();
		for (dev = &b; ret && dev; dev = dev == &b ? &s.dev : NULL) {
			EXPECT_TRUE(injected);
			EXPECT_TRUE(nth_may_fail(err));
			EXPECT_EQ(testdev_write(dev, IOVA + 4 * GIB, 64,
						phys_of(s.p + PAGE)), DMA_DONE);
			EXPECT_EQ(testdev_write(dev, IOVA + 8 * NTH_PIECES * GIB - 8 * GIB, 64, 0),
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
	EXPECT_GE(nth, NTH_PIECES);
	EXPECT_LE(nth, NTH_MAX - 1);
}
END_TEST

START_TEST(failnth_detach_and_unbind_of_two_devices_succeed)
{
	struct nth_setting s;
	struct dev b;
	bool injected;
	long before;
	int nth;

	nth_setting(&s, TWIN_0);
	dev_start(&b, TWIN_1, s.fd);
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
		failnth_bind_of_the_first_of_two_devices,
		failnth_bind_of_the_second_of_two_devices,
		failnth_attach_of_the_second_of_two_devices,
		failnth_replace_behind_two_devices_keeps_the_old_address_space,
		failnth_detach_and_unbind_of_two_devices_succeed,
		NULL,
	};

	return run_program(argc, argv, "failnth-group", tests, RUN_DEVICES);
}
