// SPDX-License-Identifier: GPL-2.0-only
/* Calls that bind a device or end that, reset it, and change who is in its group. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <unistd.h>

#include "deeds.h"
#include "expect.h"

/* syslog(2): what goes to the console is less than this */
#define CONSOLE_LEVEL	8
#define WITHOUT_INFO	6
#define WITH_ALL	8

static int bind(struct rig *r)
{
	return deed_result(dev_bind(rig_device(r, ACTIVE), r->fd, ACTIVE + 1));
}

static int unbind(struct rig *r)
{
	return deed_result(dev_unbind(rig_device(r, ACTIVE), r->fd));
}

static void before_bind(struct rig *r)
{
	r->unbound = !unbind(r);
}

static int close_device(struct rig *r)
{
	return deed_result(close(rig_device(r, ACTIVE)));
}

/* Its removal need not wait for its user. Its file's number stays taken */
static void before_remove(struct rig *r)
{
	int fd = rig_device(r, ACTIVE);

	EXPECT_OK(close(fd));
	r->gone = true;
	r->stand_in = EXPECT_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(r->stand_in, fd);
}

static int close_fd(struct rig *r)
{
	return deed_result(close(r->fd));
}

static int reset(struct rig *r)
{
	return deed_result(ioctl(rig_device(r, ACTIVE), VFIO_DEVICE_RESET));
}

/* Nothing else is in its domain: no other device is flushed for it */
static void before_last_reset(struct rig *r)
{
	dev_detach(rig_device(r, WATCH), r->fd);
}

static int reset_by_root(struct rig *r)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", r->reset_bdf);
	return deed_result(sysfs_write(path, "1"));
}

static int hot_reset(struct rig *r)
{
	__u32 arg[3] = { sizeof(arg), 0, 0 };

	return deed_result(ioctl(rig_device(r, ACTIVE), VFIO_DEVICE_PCI_HOT_RESET, arg));
}

static int join(struct rig *r)
{
	return deed_result(sibling_join(r));
}

/* All of its PASIDs end */
static void before_join(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < 70; i++)
		dev_attach_pasid(r->numbered, r->fd, r->t, 20 + i);
}

static int leave(struct rig *r)
{
	return deed_result(sibling_leave(r));
}

static int device_remove(struct rig *r)
{
	return deed_result(rig_remove(r));
}

/* All steps of a suspend but the last. A task that waits in the kernel prevents it: EBUSY after
 * a while, and the kernel's log names the task
 */
static int host_sleeps(struct rig *r)
{
	int ret;

	(void)r;
	EXPECT_OK(sysfs_write("/sys/power/pm_freeze_timeout", "300"));
	/* All of it in this thread */
	EXPECT_OK(sysfs_write("/sys/power/pm_async", "0"));
	EXPECT_OK(sysfs_write("/sys/power/pm_test", "core"));
	EXPECT_OK(sysfs_write("/sys/power/mem_sleep", "deep"));
	EXPECT_OK(sysfs_write("/sys/module/suspend/parameters/pm_test_delay", "0"));
	EXPECT_OK(klogctl(CONSOLE_LEVEL, NULL, WITHOUT_INFO));
	ret = deed_result(sysfs_write("/sys/power/state", "mem"));
	EXPECT_OK(klogctl(CONSOLE_LEVEL, NULL, WITH_ALL));
	return ret;
}

static int bind_vf(struct rig *r)
{
	return deed_result(sriov_bind(r->vf.vf_fd, r->fd, 77, SRIOV_TOKEN));
}

/* To one with another secret; the VF's user does not know it */
static int move_pf(struct rig *r)
{
	int ret = deed_result(dev_unbind(r->vf.pf_fd, r->vf.fd));

	return ret ?: deed_result(sriov_bind(r->vf.pf_fd, r->vf.fd, 1,
					     (const __u8 *)"another secret."));
}

const struct deed device_deeds[] = {
	{ "bind", before_bind, bind, 0, DEED_BINDS | DEED_ON_DEVICE },
	{ "unbind", NULL, unbind, 0, DEED_BINDS | DEED_ON_DEVICE },
	{ "close the device", NULL, close_device, 0, DEED_CLOSES },
	{ "close the file", NULL, close_fd, 0, DEED_CLOSES_FD },
	{ "reset", NULL, reset, RIG_PCI | RIG_ALONE, DEED_RESETS | DEED_DARK | DEED_ON_DEVICE },
	{ "reset of the last device", before_last_reset, reset, RIG_PCI | RIG_ALONE,
	  DEED_RESETS | DEED_DARK | DEED_ON_DEVICE },
	{ "reset by root", NULL, reset_by_root, RIG_PCI | RIG_ALONE,
	  DEED_RESETS | DEED_DARK | DEED_LINGERS },
	{ "hot reset", NULL, hot_reset, RIG_PCI | RIG_PAIR,
	  DEED_RESETS | DEED_DARK | DEED_LINGERS | DEED_ON_DEVICE },
	{ "a device joins the group", NULL, join, RIG_ALONE, DEED_LINGERS },
	{ "a device joins one with PASIDs", before_join, join, RIG_SOFT | RIG_ALONE | RIG_PASIDS,
	  DEED_LINGERS },
	{ "a device leaves the group", NULL, leave, RIG_TWO, DEED_LINGERS },
	{ "remove the device", NULL, device_remove, 0, DEED_REMOVES | DEED_LINGERS | DEED_DARK },
	{ "remove a device that nobody has open", before_remove, device_remove, 0,
	  DEED_REMOVES | DEED_DARK },
	{ "the host sleeps", NULL, host_sleeps, RIG_PCI, DEED_SLEEPS },
	{ "bind a VF", NULL, bind_vf, RIG_VF, 0 },
	{ "its PF changes hands", NULL, move_pf, RIG_VF, 0 },
	{ }
};
