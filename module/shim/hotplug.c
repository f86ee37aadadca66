// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeping apart work in domains, and changes of ours, from what the kernel changes
 * by itself when a device is added or removed.
 *
 * A device that is added to a group that is attached is attached with it, and one that
 * is removed is taken out of the domain: first of the flush list, with some drivers,
 * and then of the tables (shim/domains.h). On older kernels it is also taken from its
 * IOMMU's driver first and from its group later, and a group that is attached in
 * between comes to nothing: the driver knows the device no more, the kernel warns, and
 * goes on to believe that the old domain is attached, which may be freed next.
 *
 * All of that happens while the bus's notifiers are called. So one that is called
 * before the kernel's own takes the lock, and one that is called behind it gives it
 * back.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/sched.h>

#include "shim/domains.h"
#include "shim/hotplug.h"
#include "shim/leaves.h"
#include "shim/sole.h"

/* PASIDs ended in one turn of the lock, which others wait for */
#define ENDS_AT_ONCE	64

/* One change at a time, between those turns too */
static DEFINE_MUTEX(changes_lock);
/* The thread that adds or removes a device, and its depth of nesting; under both locks */
static struct task_struct *changer;
static unsigned int depth;

static bool is_change(unsigned long action)
{
	return action == BUS_NOTIFY_ADD_DEVICE || action == BUS_NOTIFY_REMOVED_DEVICE;
}

/* PASIDs that are not to meet the change end first (shim/sole.h) */
static void change_lock(struct device *dev, bool comes)
{
	mutex_lock(&changes_lock);
	for (;;) {
		percpu_down_write(&ioasid_domains_lock);
		if (!ioasid_soles_close(dev, comes, ENDS_AT_ONCE))
			break;
		percpu_up_write(&ioasid_domains_lock);
		cond_resched();
	}
	WRITE_ONCE(changer, current);
}

static int change_begins(struct notifier_block *nb, unsigned long action, void *dev)
{
	bool comes = action == BUS_NOTIFY_ADD_DEVICE;

	if (!is_change(action))
		return NOTIFY_DONE;
	if (READ_ONCE(changer) != current)
		change_lock(dev, comes);
	else
		ioasid_soles_close(dev, comes, UINT_MAX);
	depth++;
	return NOTIFY_DONE;
}

/* The two are not registered at once: it may be one that has not been seen to begin */
static int change_ends(struct notifier_block *nb, unsigned long action, void *dev)
{
	/* The kernel has freed what it had for it */
	if (action == BUS_NOTIFY_REMOVED_DEVICE)
		ioasid_leaves_forget(dev);
	if (!is_change(action) || READ_ONCE(changer) != current)
		return NOTIFY_DONE;
	ioasid_soles_open(dev, action == BUS_NOTIFY_ADD_DEVICE);
	if (!--depth) {
		WRITE_ONCE(changer, NULL);
		percpu_up_write(&ioasid_domains_lock);
		mutex_unlock(&changes_lock);
	}
	return NOTIFY_DONE;
}

#define FIRST	{ .notifier_call = change_begins, .priority = INT_MAX }
#define LAST	{ .notifier_call = change_ends, .priority = INT_MIN }

static struct {
	typeof(&pci_bus_type) bus;
	struct notifier_block first, last;
} buses[] = {
	{ &pci_bus_type, FIRST, LAST },
	{ &platform_bus_type, FIRST, LAST },
};

static void unwatch(unsigned int nr)
{
	while (nr--) {
		bus_unregister_notifier(buses[nr].bus, &buses[nr].first);
		bus_unregister_notifier(buses[nr].bus, &buses[nr].last);
	}
}

/**
 * ioasid_hotplug_init() - from here on devices that come and go are kept away
 *
 * Return: 0 or an errno.
 */
int ioasid_hotplug_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(buses); i++) {
		ret = bus_register_notifier(buses[i].bus, &buses[i].last);
		if (ret)
			goto undo;
		ret = bus_register_notifier(buses[i].bus, &buses[i].first);
		if (ret) {
			bus_unregister_notifier(buses[i].bus, &buses[i].last);
			goto undo;
		}
	}
	return 0;

undo:
	unwatch(i);
	return ret;
}

/**
 * ioasid_hotplug_exit() - undo ioasid_hotplug_init()
 */
void ioasid_hotplug_exit(void)
{
	unwatch(ARRAY_SIZE(buses));
	ioasid_leaves_exit();
}
