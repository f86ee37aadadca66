// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: what a device does while no program runs, and the shutdown of one
 * device.
 *
 * device=BDF, function=NAME, offset=N, value=N, at load time: the number is written to
 * BAR 0 of the device at each entry of that function; written says how often. Without
 * function= the device's driver is told of a shutdown as by the PCI core, or, with
 * begin=1, all who want to know are told that one has begun; when the module is unloaded the
 * device's configuration space is opened again.
 */
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/reboot.h>

static char *device;
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "PCI address of the device");

static char *function;
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "at the entry of which its register is written");

static uint offset;
module_param(offset, uint, 0444);
MODULE_PARM_DESC(offset, "of the register in BAR 0");

static uint value;
module_param(value, uint, 0444);
MODULE_PARM_DESC(value, "what is written");

static bool begin;
module_param(begin, bool, 0444);
MODULE_PARM_DESC(begin, "only say that the machine is about to go down");

static uint written;
module_param(written, uint, 0444);
MODULE_PARM_DESC(written, "how often it has been written");

static struct kprobe probe;
static struct pci_dev *pdev;
static void __iomem *bar;

static int before(struct kprobe *kp, struct pt_regs *regs)
{
	writel(value, bar + offset);
	written++;
	return 0;
}

static int watch(void)
{
	int ret;

	bar = ioremap(pci_resource_start(pdev, 0), pci_resource_len(pdev, 0));
	if (!bar)
		return -ENOMEM;
	probe.symbol_name = function;
	probe.pre_handler = before;
	ret = register_kprobe(&probe);
	if (ret)
		iounmap(bar);
	return ret;
}

/* What kernel_restart_prepare() calls first; it is known to the kernel alone */
static int shutdown_begins(void)
{
	unsigned long (*lookup)(const char *name);
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	struct blocking_notifier_head *list;
	int ret = register_kprobe(&kp);

	if (ret)
		return ret;
	lookup = (void *)kp.addr;
	unregister_kprobe(&kp);
	list = (void *)lookup("reboot_notifier_list");
	if (!list)
		return -ENOENT;
	blocking_notifier_call_chain(list, SYS_RESTART, NULL);
	return 0;
}

static int shut_down(void)
{
	int ret = -ENODEV;

	device_lock(&pdev->dev);
	if (pdev->driver) {
		if (pdev->driver->shutdown)
			pdev->driver->shutdown(pdev);
		ret = 0;
	}
	device_unlock(&pdev->dev);
	return ret;
}

static int __init power_init(void)
{
	unsigned int domain, bus, slot, func;
	int ret;

	if (!device || sscanf(device, "%x:%x:%x.%x", &domain, &bus, &slot, &func) != 4)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, func));
	if (!pdev)
		return -ENODEV;
	ret = function ? watch() : begin ? shutdown_begins() : shut_down();
	if (ret)
		pci_dev_put(pdev);
	return ret;
}
module_init(power_init);

/* A shutdown that begins is one of all devices */
static void open_config_space(void)
{
	struct pci_dev *dev = NULL;

	for_each_pci_dev(dev)
		if (dev->block_cfg_access && (begin || dev == pdev))
			pci_cfg_access_unlock(dev);
}

static void __exit power_exit(void)
{
	if (function) {
		unregister_kprobe(&probe);
		iounmap(bar);
	} else {
		open_config_space();
	}
	pci_dev_put(pdev);
}
module_exit(power_exit);

MODULE_DESCRIPTION("Sleep and shutdown of a device (test)");
MODULE_LICENSE("GPL");
