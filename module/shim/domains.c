// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeping the removal of devices and work in domains apart, on kernels that do
 * not do so themselves.
 *
 * There a device that is removed is taken from its IOMMU's driver first and from
 * its group later, and a group that is attached in between comes to nothing: the
 * driver knows the device no more, the kernel warns, and goes on to believe that
 * the old domain is attached, which may be freed next. Both happen while the
 * bus's notifiers are called. So one that is called before the kernel's own takes
 * the lock, and one that is called behind it gives it back.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/sched.h>

#include "shim/domains.h"

DECLARE_RWSEM(ioasid_domains_lock);

/* Who removes a device, under the lock: the two are not registered at once */
static struct task_struct *remover;

static int removal_begins(struct notifier_block *nb, unsigned long action,
			  void *dev)
{
	if (action == BUS_NOTIFY_REMOVED_DEVICE) {
		ioasid_domains_change();
		WRITE_ONCE(remover, current);
	}
	return NOTIFY_DONE;
}

static int removal_ends(struct notifier_block *nb, unsigned long action,
			void *dev)
{
	if (action == BUS_NOTIFY_REMOVED_DEVICE &&
	    READ_ONCE(remover) == current) {
		WRITE_ONCE(remover, NULL);
		ioasid_domains_changed();
	}
	return NOTIFY_DONE;
}

#define FIRST	{ .notifier_call = removal_begins, .priority = INT_MAX }
#define LAST	{ .notifier_call = removal_ends, .priority = INT_MIN }

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
 * ioasid_domains_init() - from here on removals are kept away
 *
 * Return: 0 or an errno.
 */
int ioasid_domains_init(void)
{
	unsigned int i;
	int ret;

	if (!KC_DOMAINS_LOCK)
		return 0;
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
 * ioasid_domains_exit() - undo ioasid_domains_init()
 */
void ioasid_domains_exit(void)
{
	if (KC_DOMAINS_LOCK)
		unwatch(ARRAY_SIZE(buses));
}
