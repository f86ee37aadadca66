// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine without interrupt remapping, where a device could raise any
 * interrupt by a DMA write: refused unless the administrator says otherwise.
 * Only for that machine.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "legacy.h"
#include "log.h"
#include "memory.h"
#include "modules.h"
#include "run.h"

#define PARAMETER	"/sys/module/ioasidfd/parameters/allow_unsafe_interrupts"

static void load(const char *options)
{
	char bdf[BDF_SIZE];

	EXPECT_TRUE(config_is("vtd-nointremap"));
	EXPECT_OK(module_load("ioasidfd", options));
	EXPECT_OK(module_load("ioasid_vfio_pci", NULL));
	EXPECT_OK(pci_give_to(which_bdf(TESTDEV_0, bdf), "ioasid_vfio_pci"));
}

static void unload(void)
{
	char bdf[BDF_SIZE];

	close_all();
	EXPECT_OK(pci_take_back(which_bdf(TESTDEV_0, bdf)));
	EXPECT_OK(module_unload("ioasid_vfio_pci"));
	EXPECT_OK(module_unload("ioasidfd"));
}

static void expect_bound_and_said_so(void)
{
	char *p = memory(PAGE, 0xa5);
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct device_caps caps;
	struct dev dev;

	dev_start(&dev, TESTDEV_0, fd);
	device_caps(fd, dev.cookie, &caps);
	EXPECT_TRUE(caps.info.flags & IOASID_DEVICE_INFO_UNSAFE_MSI);
	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
	close_all();
}

START_TEST(bind_without_isolated_msi_is_eperm)
{
	int fd;
	struct dev dev;

	load(NULL);
	fd = EXPECT_OK(iommu_open());
	dev_open_only(&dev, TESTDEV_0);
	EXPECT_ERRNO(dev_bind(dev.fd, fd, 1), EPERM);
	EXPECT_ERRNO(dev_unbind(dev.fd, fd), EINVAL);
	/* nothing stays claimed */
	{
		struct legacy l;

		legacy_open(&l, TESTDEV_0);
		EXPECT_OK(legacy_claim(&l));
		legacy_close(&l);
	}
	unload();
}
END_TEST

START_TEST(bind_refused_again_and_again_does_not_flood_the_log)
{
	int fd, log, i, n = 0;
	char line[1024];
	struct dev dev;

	load(NULL);
	log = EXPECT_OK(log_open());
	fd = EXPECT_OK(iommu_open());
	dev_open_only(&dev, TESTDEV_0);
	for (i = 0; i < 500; i++)
		EXPECT_ERRNO(dev_bind(dev.fd, fd, 1), EPERM);
	while (log_next(log, line, sizeof(line)))
		n++;
	EXPECT_LE(n, 20);
	unload();
}
END_TEST

START_TEST(bind_without_isolated_msi_works_with_the_module_parameter)
{
	load("allow_unsafe_interrupts=1");
	expect_bound_and_said_so();
	unload();
}
END_TEST

START_TEST(module_parameter_can_be_changed_while_loaded)
{
	int fd, dev;

	load(NULL);
	EXPECT_OK(sysfs_write(PARAMETER, "1"));
	expect_bound_and_said_so();
	EXPECT_OK(sysfs_write(PARAMETER, "0"));
	fd = EXPECT_OK(iommu_open());
	dev = EXPECT_OK(dev_open(TESTDEV_0));
	EXPECT_ERRNO(dev_bind(dev, fd, 1), EPERM);
	unload();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		bind_without_isolated_msi_is_eperm,
		bind_refused_again_and_again_does_not_flood_the_log,
		bind_without_isolated_msi_works_with_the_module_parameter,
		module_parameter_can_be_changed_while_loaded,
		NULL,
	};

	return run_program(argc, argv, "nointremap", tests, RUN_BARE);
}
