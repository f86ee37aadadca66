// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleep, hibernation and shutdown of the machine. The IOMMU's own suspend and shutdown
 * switch translation off, so a device has bus mastering off before, and no request on
 * its way. The PCI core does the rest: configuration space, power state.
 *
 * User tasks are frozen while the machine sleeps, but not the kernel's threads, which
 * can end the last use of a device, or unmask its interrupt. They run on during a
 * shutdown, so there the device's configuration space is closed to users for good.
 */
#include <linux/device.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/pm_runtime.h>
#include <linux/reboot.h>

#include "ioasid_api.h"
#include "vfio_pci/device.h"
#include "vfio_pci/power.h"
#include "vfio_pci/vfio_pci.h"

/* VFIO reads, changes and writes back the command register under one of these locks */
static void power_lock(struct vfio_pci_core_device *core)
{
	mutex_lock(&core->igate);
	down_write(&core->memory_lock);
}

static void power_unlock(struct vfio_pci_core_device *core)
{
	up_write(&core->memory_lock);
	mutex_unlock(&core->igate);
}

/* Return: whether it was on */
static bool power_set_master(struct vfio_pci_core_device *core, bool on)
{
	struct pci_dev *pdev = core->pdev;
	unsigned long flags;
	u16 old, new;

	lockdep_assert_held_write(&core->memory_lock);

	/* Against interrupts, and what unmasks them */
	spin_lock_irqsave(&core->irqlock, flags);
	pci_read_config_word(pdev, PCI_COMMAND, &old);
	new = on ? old | PCI_COMMAND_MASTER : old & ~PCI_COMMAND_MASTER;
	/* All ones: it does not answer, and does no DMA */
	if (new != old && !PCI_POSSIBLE_ERROR(old)) {
		pci_write_config_word(pdev, PCI_COMMAND, new);
		/* The answer pushes what the device has written before it to memory */
		pci_read_config_word(pdev, PCI_COMMAND, &new);
	}
	spin_unlock_irqrestore(&core->irqlock, flags);
	return !PCI_POSSIBLE_ERROR(old) && (old & PCI_COMMAND_MASTER);
}

static struct ioasid_vfio_device *power_device(struct device *d)
{
	return container_of(dev_get_drvdata(d), struct ioasid_vfio_device, core);
}

/* No request of a device whose bus mastering is off is on its way any more */
static bool power_is_idle(struct pci_dev *pdev)
{
	/* One that has been pulled out answers as if there were some for ever */
	return pci_wait_for_pending_transaction(pdev) || !pci_device_is_present(pdev);
}

static int power_wake(struct device *d)
{
	struct ioasid_vfio_device *dev = power_device(d);
	struct vfio_device *vdev = &dev->core.vdev;

	mutex_lock(&vdev->dev_set->lock);
	/* Not if its last user has gone meanwhile. Another one cannot have come */
	if (dev->was_master && vdev->open_count) {
		power_lock(&dev->core);
		power_set_master(&dev->core, true);
		power_unlock(&dev->core);
	}
	dev->was_master = false;
	mutex_unlock(&vdev->dev_set->lock);
	return 0;
}

/*
 * Here, before any device sleeps: an IOMMU that has, and brings nothing back, does not
 * answer when the others are woken up again. No program opens a device from here on.
 */
static int power_may_sleep(struct device *d)
{
	struct vfio_device *vdev = &power_device(d)->core.vdev;
	bool is_open;

	mutex_lock(&vdev->dev_set->lock);
	is_open = vdev->open_count;
	mutex_unlock(&vdev->dev_set->lock);
	if (!is_open || ioasid_device_keeps_in_sleep(d))
		return 0;
	dev_err(d, "the machine cannot sleep: a program has the device, and its IOMMU forgets what is attached\n");
	return -EBUSY;
}

static int power_sleep(struct device *d)
{
	struct ioasid_vfio_device *dev = power_device(d);
	struct vfio_device *vdev = &dev->core.vdev;

	mutex_lock(&vdev->dev_set->lock);
	power_lock(&dev->core);
	dev->was_master = power_set_master(&dev->core, false);
	power_unlock(&dev->core);
	mutex_unlock(&vdev->dev_set->lock);
	if (power_is_idle(dev->core.pdev))
		return 0;
	dev_err(d, "the machine cannot sleep: requests of the device do not end\n");
	power_wake(d);
	return -EBUSY;
}

/* VFIO's, and these */
static struct dev_pm_ops power_ops = {
	.prepare = power_may_sleep,
	SYSTEM_SLEEP_PM_OPS(power_sleep, power_wake)
};

/**
 * ioasid_vfio_power_prepare() - have a device take part in the machine's sleep
 * @pdev: the device, not yet registered with VFIO
 */
void ioasid_vfio_power_prepare(struct pci_dev *pdev)
{
	/* A device that its user has put to sleep can be one that has no other state
	 * than D0, and would be passed over
	 */
	dev_pm_set_driver_flags(&pdev->dev, DPM_FLAG_NO_DIRECT_COMPLETE);
}

/**
 * ioasid_vfio_power_start() - the rest of it
 * @pdev: the device, registered with VFIO, which has set its operations for the driver; or
 *	refused by VFIO, which may have done so even then
 *
 * The machine does not sleep while a driver is bound to a device.
 */
void ioasid_vfio_power_start(struct pci_dev *pdev)
{
	struct device_driver *driver = pdev->dev.driver;
	const struct dev_pm_ops *vfio = driver->pm;

	if (!vfio)
		return;
	/* Another device's bind may do the same now */
	power_ops.runtime_suspend = vfio->runtime_suspend;
	power_ops.runtime_resume = vfio->runtime_resume;
	power_ops.runtime_idle = vfio->runtime_idle;
	driver->pm = &power_ops;
}

/**
 * ioasid_vfio_shutdown() - stop a device for good
 * @pdev: the device, awake and locked
 *
 * The machine goes down, or another kernel is started. Later calls for the same device do
 * nothing.
 */
void ioasid_vfio_shutdown(struct pci_dev *pdev)
{
	struct ioasid_vfio_device *dev = power_device(&pdev->dev);

	if (dev->down)
		return;
	dev->down = true;
	power_lock(&dev->core);
	/* What VFIO has kept to be restored when it wakes up has bus mastering on */
	ioasid_vfio_wake_up(&dev->core);
	/* Never unlocked: users wait in what they write, and nothing is reset */
	pci_cfg_access_lock(pdev);
	power_set_master(&dev->core, false);
	power_unlock(&dev->core);
	if (!power_is_idle(pdev))
		pci_err(pdev, "requests of the device do not end\n");
}

/* The driver of the devices. Set before the notifier is registered */
static struct device_driver *power_driver;

static int power_shut_down(struct device *d, void *driver)
{
	pm_runtime_get_sync(d);
	device_lock(d);
	if (d->driver == driver)
		ioasid_vfio_shutdown(to_pci_dev(d));
	device_unlock(d);
	pm_runtime_put(d);
	return 0;
}

/*
 * Called before the first device is shut down. Devices are shut down in the reverse order of
 * their registration, and virtio-iommu is registered after the devices behind it: its
 * translation ends before their .shutdown is called.
 */
static int power_reboot(struct notifier_block *notifier, unsigned long action, void *data)
{
	struct device_driver *driver = power_driver;

	return notifier_from_errno(driver_for_each_device(driver, NULL, driver,
							  power_shut_down));
}

static struct notifier_block power_notifier = {
	.notifier_call = power_reboot,
};

/**
 * ioasid_vfio_power_init() - watch for the machine to go down
 * @driver: the driver of the devices, registered
 *
 * Return: 0.
 */
int ioasid_vfio_power_init(struct device_driver *driver)
{
	power_driver = driver;
	return register_reboot_notifier(&power_notifier);
}

/**
 * ioasid_vfio_power_exit() - undo ioasid_vfio_power_init()
 */
void ioasid_vfio_power_exit(void)
{
	unregister_reboot_notifier(&power_notifier);
}
