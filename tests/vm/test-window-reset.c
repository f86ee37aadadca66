// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another device is plugged in while a bus is about to be reset.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "device.h"
#include "expect.h"
#include "hold.h"
#include "run.h"

static int device, err;

static void *hot_reset(void *arg)
{
	__u32 args[3] = { sizeof(args) };

	err = ioctl(device, VFIO_DEVICE_PCI_HOT_RESET, args) ? errno : 0;
	return NULL;
}

/* All that were there have been found to be the caller's */
START_TEST(device_that_is_plugged_in_meanwhile_is_not_reset)
{
	int fd = EXPECT_OK(iommu_open());
	char one[BDF_SIZE], two[BDF_SIZE];
	pthread_t thread;

	if (kernel_is("6.1"))
		return;
	EXPECT_OK(pci_give_to(which_bdf(BUS_0, one), "ioasid_vfio_pci"));
	which_bdf(BUS_1, two);
	device = EXPECT_OK(dev_open_bdf(one));
	EXPECT_OK(dev_bind(device, fd, 1));
	EXPECT_OK(pci_remove(two));
	hot_reset(NULL);
	EXPECT_EQ(err, 0);

	hold_at("ioasid_device_id_of");
	hold_next();
	EXPECT_EQ(pthread_create(&thread, NULL, hot_reset, NULL), 0);
	hold_wait();
	EXPECT_OK(pci_rescan());
	EXPECT_TRUE(pci_exists(two));
	hold_end();
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(err, EINVAL);
	close_all();
	EXPECT_OK(pci_take_back(one));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		device_that_is_plugged_in_meanwhile_is_not_reset,
		NULL,
	};

	return run_program(argc, argv, "reset", tests, RUN_DEVICES);
}
