// SPDX-License-Identifier: GPL-2.0-only
/*
 * While the machine sleeps or goes down the IOMMU does not translate: a device in the
 * hands of a user does no DMA then, and afterwards goes on as before.
 *
 * pm_test has the kernel do all there is to do but sleep. edu starts to write just
 * before the IOMMU is suspended (tests/modules/ioasid_test_power.c), and is ready
 * 100 ms later; unlike iommu-testdev it obeys its command register.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "legacy.h"
#include "memory.h"
#include "modules.h"
#include "process.h"
#include "run.h"

#define POWER		"ioasid_test_power"
#define REFUSE		"ioasid_test_refuse"
#define LENGTH		64

/* Of headers that are newer than the C library's */
#define LOW_POWER_ENTRY	3
#define LOW_POWER_EXIT	5

/**
 * struct sleeper - a device whose user would like to write somewhere else
 * @edu: the device
 * @p: what it may write to, at IOVA
 * @victim: what it may not write to
 * @phys: where that is
 */
struct sleeper {
	struct dev edu;
	char *p, *victim;
	__u64 phys;
};

static void unload(const char *module)
{
	if (module_is_loaded(module))
		EXPECT_OK(module_unload(module));
}

static void expect_dma_works(struct sleeper *s)
{
	memset(s->p, CANARY, PAGE);
	edu_to_memory(&s->edu, IOVA, LENGTH);
	expect_filled(s->p, 0x5a, LENGTH);
}

/* @edu is enabled, and has @p mapped at IOVA */
static void arm(struct sleeper *s)
{
	memset(s->p, 0x5a, PAGE);
	edu_from_memory(&s->edu, IOVA, LENGTH);
	expect_dma_works(s);
	s->victim = memory(PAGE, CANARY);
	s->phys = phys_of(s->victim);
	edu_to_memory(&s->edu, s->phys, LENGTH);
	expect_filled(s->victim, CANARY, PAGE);
	edu_arm_to_memory(&s->edu, s->phys, LENGTH);
}

static void start(struct sleeper *s)
{
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);

	s->p = memory(PAGE, 0);
	EXPECT_OK(ioas_map(fd, ioas, s->p, IOVA, PAGE, RW));
	dev_start(&s->edu, EDU_0, fd);
	EXPECT_OK(dev_attach(s->edu.fd, fd, ioas));
	arm(s);
}

static int try_sleep(const char *state)
{
	int ret, err;

	EXPECT_OK(sysfs_write("/sys/power/pm_test", "core"));
	if (!strcmp(state, "mem"))
		EXPECT_OK(sysfs_write("/sys/power/mem_sleep", "deep"));
	sysfs_write("/sys/module/suspend/parameters/pm_test_delay", "1");
	ret = sysfs_write("/sys/power/state", state);
	err = errno;
	EXPECT_OK(sysfs_write("/sys/power/pm_test", "none"));
	errno = err;
	return ret;
}

/* The machine sleeps, and edu writes as soon as it does so */
static void sleep_and_write(struct sleeper *s, const char *state)
{
	char options[128], written[16];

	unload(POWER);
	snprintf(options, sizeof(options), "device=%s function=syscore_suspend offset=%d value=%d",
		 s->edu.bdf, EDU_DMA_COMMAND, EDU_DMA_START_TO_MEMORY);
	EXPECT_OK(module_load(POWER, options));
	EXPECT_OK(try_sleep(state));
	sysfs_read("/sys/module/" POWER "/parameters/written", written, sizeof(written));
	EXPECT_EQ(atoi(written), 1);
	unload(POWER);
	EXPECT_EQ(phys_of(s->victim), s->phys);
	expect_filled(s->victim, CANARY, PAGE);
}

/* The machine cannot sleep in this state */
static bool lacks(const char *state)
{
	char text[64];

	if (!strcmp(state, "mem"))
		sysfs_read("/sys/power/mem_sleep", text, sizeof(text));
	else
		sysfs_read("/sys/power/state", text, sizeof(text));
	if (strstr(text, !strcmp(state, "mem") ? "deep" : state))
		return false;
	printf("# no %s here\n", state);
	return true;
}

static void dma_in(const char *state)
{
	struct sleeper s;

	if (lacks(state))
		return;
	start(&s);
	sleep_and_write(&s, state);
	expect_dma_works(&s);
	/* and again */
	edu_arm_to_memory(&s.edu, s.phys, LENGTH);
	sleep_and_write(&s, state);
	expect_dma_works(&s);
}

START_TEST(memory_is_not_written_while_the_machine_hibernates)
{
	dma_in("disk");
}
END_TEST

START_TEST(memory_is_not_written_while_the_machine_sleeps)
{
	dma_in("mem");
}
END_TEST

START_TEST(device_of_a_container_does_no_dma_in_sleep_either)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = IOVA,
		.size = PAGE,
	};
	struct sleeper s = { .p = memory(PAGE, 0) };
	struct legacy l;

	legacy_open(&l, EDU_0);
	EXPECT_OK(legacy_claim(&l));
	EXPECT_OK(legacy_use(&l));
	map.vaddr = (uintptr_t)s.p;
	EXPECT_OK(ioctl(l.container, VFIO_IOMMU_MAP_DMA, &map));
	s.edu.fd = l.device;
	memcpy(s.edu.bdf, l.bdf, sizeof(l.bdf));
	dev_enable(&s.edu);
	dev_map_bar(&s.edu);
	arm(&s);
	sleep_and_write(&s, "disk");
	expect_dma_works(&s);
	dev_unmap_bar(&s.edu);
	legacy_close(&l);
}
END_TEST

static int low_power(struct dev *dev, unsigned int feature)
{
	struct vfio_device_feature f = {
		.argsz = sizeof(f), .flags = VFIO_DEVICE_FEATURE_SET | feature,
	};

	return ioctl(dev->fd, VFIO_DEVICE_FEATURE, &f);
}

/* edu has no power states: it is at work when the kernel thinks that it is asleep */
START_TEST(device_that_its_user_has_put_to_sleep_does_no_dma_in_sleep)
{
	struct sleeper s;

	if (lacks("mem"))
		return;
	start(&s);
	EXPECT_OK(low_power(&s.edu, LOW_POWER_ENTRY));
	sleep_ms(500);
	sleep_and_write(&s, "mem");
	EXPECT_OK(low_power(&s.edu, LOW_POWER_EXIT));
	expect_dma_works(&s);
}
END_TEST

START_TEST(bus_mastering_that_was_off_stays_off)
{
	struct sleeper s;
	__u16 command;

	start(&s);
	command = config_read16(&s.edu, PCI_COMMAND) & ~PCI_COMMAND_MASTER;
	config_write16(&s.edu, PCI_COMMAND, command);
	sleep_and_write(&s, "disk");
	EXPECT_EQ(config_read16(&s.edu, PCI_COMMAND), command);
	memset(s.p, CANARY, PAGE);
	edu_to_memory(&s.edu, IOVA, LENGTH);
	expect_filled(s.p, CANARY, PAGE);
	config_write16(&s.edu, PCI_COMMAND, command | PCI_COMMAND_MASTER);
	expect_dma_works(&s);
}
END_TEST

static void load_refuse(const char *function, int error, unsigned long calls)
{
	char text[64];

	unload(REFUSE);
	snprintf(text, sizeof(text), "functions=%s error=%d calls=%lu", function, error, calls);
	EXPECT_OK(module_load(REFUSE, text));
}

START_TEST(device_goes_on_when_the_machine_does_not_sleep_after_all)
{
	static const char *const states[] = { "disk", "mem" };
	struct sleeper s;
	char calls[16];
	int i;

	start(&s);
	for (i = 0; i < 2; i++) {
		if (lacks(states[i]))
			continue;
		load_refuse("syscore_suspend", EBUSY, 1);
		/* Of hibernation the kernel says that all is well */
		try_sleep(states[i]);
		sysfs_read("/sys/module/" REFUSE "/parameters/calls", calls, sizeof(calls));
		EXPECT_EQ(atoi(calls), 0);
		unload(REFUSE);
		expect_dma_works(&s);
	}
}
END_TEST

START_TEST(machine_does_not_sleep_when_requests_of_a_device_do_not_end)
{
	struct sleeper s;

	start(&s);
	/* 0: there are some */
	load_refuse("pci_wait_for_pending_transaction", 0, -1UL);
	EXPECT_ERRNO(try_sleep("disk"), EBUSY);
	unload(REFUSE);
	expect_dma_works(&s);
	sleep_and_write(&s, "disk");
	expect_dma_works(&s);
}
END_TEST

/* VFIO sets its own operations, without sleep, before it refuses a device */
START_TEST(device_does_no_dma_in_sleep_after_another_one_was_refused)
{
	char bdf[BDF_SIZE];
	struct sleeper s;

	start(&s);
	EXPECT_TRUE(pci_find(TESTDEV_ID, 0, 0, bdf));
	EXPECT_OK(pci_unbind_driver(bdf));
	load_refuse("vfio_register_group_dev", ENOMEM, 1);
	EXPECT_EQ(pci_give_to(bdf, "ioasid_vfio_pci"), -1);
	unload(REFUSE);
	sleep_and_write(&s, "disk");
	expect_dma_works(&s);
	EXPECT_OK(pci_take_back(bdf));
}
END_TEST

/* After its sleep nothing would be translated, or everything by the kernel's choice */
START_TEST(machine_stays_awake_if_the_iommu_would_forget)
{
	struct sleeper s;

	start(&s);
	EXPECT_ERRNO(try_sleep("disk"), EBUSY);
	expect_dma_works(&s);
	if (!lacks("mem"))
		EXPECT_ERRNO(try_sleep("mem"), EBUSY);
	expect_dma_works(&s);
}
END_TEST

static void set_master(void *arg)
{
	struct dev *dev = arg;

	dev_enable(dev);
}

static void shut_down(const char *how)
{
	char options[64];
	struct sleeper s;
	pid_t child;

	start(&s);
	unload(POWER);
	snprintf(options, sizeof(options), "device=%s %s", s.edu.bdf, how);
	EXPECT_OK(module_load(POWER, options));
	memset(s.p, CANARY, PAGE);
	edu_to_memory(&s.edu, IOVA, LENGTH);
	expect_filled(s.p, CANARY, PAGE);
	/* and its user cannot change that */
	child = start_child(set_master, &s.edu);
	sleep_ms(500);
	edu_to_memory(&s.edu, IOVA, LENGTH);
	expect_filled(s.p, CANARY, PAGE);
	unload(POWER);
	end_child(child);
	/* It is down for good; with another probe it is another one */
	close_all();
	EXPECT_OK(pci_take_back(s.edu.bdf));
	EXPECT_OK(pci_give_to(s.edu.bdf, "ioasid_vfio_pci"));
}

START_TEST(device_does_no_dma_after_a_shutdown)
{
	shut_down("");
}
END_TEST

/* Not by the order in which devices are shut down: that of the IOMMU may come first */
START_TEST(device_does_no_dma_once_a_shutdown_has_begun)
{
	shut_down("begin=1");
}
END_TEST

/* igb, which loses its configuration space in D3: VFIO keeps what it was */
START_TEST(device_that_wakes_up_after_a_shutdown_is_no_bus_master)
{
	int fd = EXPECT_OK(iommu_open()), file;
	char bdf[BDF_SIZE], path[128];
	struct dev dev = {};
	char options[64];
	__u16 command;
	__u8 at;

	EXPECT_TRUE(pci_find(IGB_ID, 0, 0, bdf));
	EXPECT_OK(pci_give_to(bdf, "ioasid_vfio_pci"));
	dev.fd = EXPECT_OK(dev_open_bdf(bdf));
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
	config_write16(&dev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (at = config_read16(&dev, PCI_CAPABILITY_LIST) & 0xff;
	     (config_read16(&dev, at) & 0xff) != PCI_CAP_ID_PM;
	     at = config_read16(&dev, at) >> 8)
		EXPECT_TRUE(at);
	config_write16(&dev, at + PCI_PM_CTRL, 3);
	unload(POWER);
	snprintf(options, sizeof(options), "device=%s", bdf);
	EXPECT_OK(module_load(POWER, options));
	EXPECT_ERRNO(ioctl(dev.fd, VFIO_DEVICE_RESET), EAGAIN);
	unload(POWER);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	file = EXPECT_OK(open(path, O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(pread(file, &command, 2, PCI_COMMAND), 2);
	EXPECT_EQ(command & PCI_COMMAND_MASTER, 0);
	EXPECT_OK(close(file));
	EXPECT_OK(close(dev.fd));
	EXPECT_OK(pci_take_back(bdf));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		memory_is_not_written_while_the_machine_hibernates,
		memory_is_not_written_while_the_machine_sleeps,
		device_of_a_container_does_no_dma_in_sleep_either,
		device_that_its_user_has_put_to_sleep_does_no_dma_in_sleep,
		bus_mastering_that_was_off_stays_off,
		device_goes_on_when_the_machine_does_not_sleep_after_all,
		machine_does_not_sleep_when_requests_of_a_device_do_not_end,
		device_does_no_dma_in_sleep_after_another_one_was_refused,
		device_does_no_dma_after_a_shutdown,
		device_does_no_dma_once_a_shutdown_has_begun,
		device_that_wakes_up_after_a_shutdown_is_no_bus_master,
		NULL,
	};
	/* Their drivers bring nothing back */
	const TTest *const forgetful[] = {
		machine_stays_awake_if_the_iommu_would_forget,
		device_does_no_dma_after_a_shutdown,
		device_does_no_dma_once_a_shutdown_has_begun,
		NULL,
	};
	int failed = run_program(argc, argv, "sleep", config_has("virtio") ? forgetful : tests,
				 RUN_DEVICES | RUN_SLOW);

	if (module_is_loaded(POWER))
		failed |= module_unload(POWER);
	if (module_is_loaded(REFUSE))
		failed |= module_unload(REFUSE);
	return failed;
}
