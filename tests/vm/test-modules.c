// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading the modules: when free, and when in use. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "memory.h"
#include "modules.h"
#include "process.h"
#include "run.h"

#define CORE	"ioasidfd"
#define DRIVER	"ioasid_vfio_pci"

static void load_both(void)
{
	/* virtio-iommu does not remap interrupts */
	EXPECT_OK(module_load(CORE, config_has("virtio") ? "allow_unsafe_interrupts=1" : NULL));
	EXPECT_OK(module_load(DRIVER, NULL));
}

static void unload_both(void)
{
	EXPECT_OK(module_unload(DRIVER));
	EXPECT_OK(module_unload(CORE));
}

START_TEST(modules_load_and_unload_again_and_again)
{
	int i;

	for (i = 0; i < 5; i++) {
		EXPECT_TRUE(!module_is_loaded(CORE));
		EXPECT_TRUE(!module_is_loaded(DRIVER));
		load_both();
		EXPECT_TRUE(module_is_loaded(CORE));
		EXPECT_TRUE(module_is_loaded(DRIVER));
		unload_both();
	}
	EXPECT_ERRNO(access(iommu_node(), F_OK), ENOENT);
}
END_TEST

START_TEST(module_of_the_driver_brings_the_core_and_holds_it)
{
	EXPECT_TRUE(module_depends(DRIVER, CORE));
	EXPECT_OK(module_load(DRIVER, NULL));
	EXPECT_TRUE(module_is_loaded(CORE));
	EXPECT_TRUE(module_is_held_by(CORE, DRIVER));
	EXPECT_ERRNO(module_unload(CORE), EAGAIN);
	unload_both();
}
END_TEST

static void cannot_open(void *arg)
{
	become_user(16);
	EXPECT_ERRNO(open(arg, O_RDWR), EACCES);
	EXPECT_ERRNO(open(arg, O_RDONLY), EACCES);
}

START_TEST(node_belongs_to_root_with_mode_0660)
{
	struct stat st;

	EXPECT_OK(module_load(CORE, NULL));
	EXPECT_OK(stat(iommu_node(), &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(st.st_mode & 07777, 0660);
	EXPECT_EQ(st.st_uid, 0);
	EXPECT_EQ(st.st_gid, 0);
	run_child(cannot_open, (void *)iommu_node());
	EXPECT_OK(module_unload(CORE));
}
END_TEST

START_TEST(device_node_belongs_to_root_alone)
{
	char bdf[BDF_SIZE], path[NODE_SIZE];
	struct stat st;

	load_both();
	which_bdf(TESTDEV_0, bdf);
	EXPECT_OK(pci_give_to(bdf, DRIVER));
	EXPECT_OK(pci_device_node(bdf, path, sizeof(path)));
	EXPECT_OK(stat(path, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(st.st_mode & 07007, 0);
	EXPECT_EQ(st.st_uid, 0);
	run_child(cannot_open, path);
	EXPECT_OK(pci_take_back(bdf));
	EXPECT_ERRNO(stat(path, &st), ENOENT);
	unload_both();
}
END_TEST

START_TEST(rmmod_of_the_core_with_an_open_fd_is_refused)
{
	int a, b;

	EXPECT_OK(module_load(CORE, NULL));
	a = EXPECT_OK(iommu_open());
	b = EXPECT_OK(iommu_open());
	new_ioas(a);
	EXPECT_ERRNO(module_unload(CORE), EAGAIN);
	EXPECT_OK(close(a));
	EXPECT_ERRNO(module_unload(CORE), EAGAIN);
	EXPECT_OK(close(b));
	EXPECT_OK(module_unload(CORE));
}
END_TEST

START_TEST(rmmod_with_a_device_open_or_bound_is_refused)
{
	char bdf[BDF_SIZE];
	int dev, fd;

	load_both();
	EXPECT_OK(pci_give_to(which_bdf(TESTDEV_0, bdf), DRIVER));
	dev = EXPECT_OK(dev_open(TESTDEV_0));
	EXPECT_ERRNO(module_unload(DRIVER), EAGAIN);
	fd = EXPECT_OK(iommu_open());
	EXPECT_OK(dev_bind(dev, fd, 1));
	EXPECT_OK(dev_attach(dev, fd, new_ioas(fd)));
	EXPECT_ERRNO(module_unload(DRIVER), EAGAIN);
	EXPECT_ERRNO(module_unload(CORE), EAGAIN);
	/* the binding alone still holds both */
	EXPECT_OK(close(fd));
	EXPECT_ERRNO(module_unload(DRIVER), EAGAIN);
	EXPECT_ERRNO(module_unload(CORE), EAGAIN);
	EXPECT_OK(close(dev));
	unload_both();
	EXPECT_OK(pci_take_back(bdf));
}
END_TEST

START_TEST(rmmod_of_the_driver_lets_go_of_devices_that_nobody_uses)
{
	char bdf[BDF_SIZE], driver[64], path[NODE_SIZE];

	load_both();
	EXPECT_OK(pci_give_to(which_bdf(TESTDEV_0, bdf), DRIVER));
	EXPECT_OK(pci_device_node(bdf, path, sizeof(path)));
	EXPECT_OK(access(path, F_OK));
	EXPECT_OK(module_unload(DRIVER));
	pci_driver(bdf, driver, sizeof(driver));
	EXPECT_EQ(strlen(driver), 0);
	EXPECT_ERRNO(access(path, F_OK), ENOENT);
	EXPECT_OK(module_unload(CORE));
	EXPECT_OK(pci_take_back(bdf));
}
END_TEST

START_TEST(modules_give_the_device_nodes_directory_back)
{
	char bdf[BDF_SIZE];
	int i;

	for (i = 0; i < 3; i++) {
		load_both();
		EXPECT_OK(pci_give_to(which_bdf(TESTDEV_0, bdf), DRIVER));
		EXPECT_OK(close(EXPECT_OK(dev_open(TESTDEV_0))));
		EXPECT_OK(pci_take_back(bdf));
		unload_both();
	}
}
END_TEST

START_TEST(driver_takes_no_device_that_was_not_handed_over)
{
	char bdf[BDF_SIZE], driver[64];

	load_both();
	EXPECT_OK(sysfs_write("/sys/bus/pci/drivers_probe", which_bdf(TESTDEV_0, bdf)));
	pci_driver(bdf, driver, sizeof(driver));
	EXPECT_EQ(strlen(driver), 0);
	unload_both();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		modules_load_and_unload_again_and_again,
		module_of_the_driver_brings_the_core_and_holds_it,
		node_belongs_to_root_with_mode_0660,
		device_node_belongs_to_root_alone,
		rmmod_of_the_core_with_an_open_fd_is_refused,
		rmmod_with_a_device_open_or_bound_is_refused,
		rmmod_of_the_driver_lets_go_of_devices_that_nobody_uses,
		modules_give_the_device_nodes_directory_back,
		driver_takes_no_device_that_was_not_handed_over,
		NULL,
	};

	return run_program(argc, argv, "modules", tests, RUN_BARE);
}
