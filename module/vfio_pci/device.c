// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that the driver is bound to: enable it for its first user, disable it after its
 * last one, and wake it up. Enabling and disabling reset it, and the core is told so.
 */
#include <linux/pci.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "ioasid_api.h"
#include "vfio_pci/device.h"

/**
 * ioasid_vfio_open_device() - enable a device for its first user
 * @vdev: the device
 *
 * Resets the function. Undone by ioasid_vfio_close_device().
 *
 * Context: process, dev_set->lock held, open_count is 1.
 * Return: 0 or an errno; -EAGAIN if the device is locked by somebody.
 */
int ioasid_vfio_open_device(struct vfio_device *vdev)
{
	struct vfio_pci_core_device *core =
		container_of(vdev, struct vfio_pci_core_device, vdev);
	int ret;

	lockdep_assert_held(&vdev->dev_set->lock);

	ioasid_device_reset_prepare(&core->pdev->dev);
	ret = vfio_pci_core_enable(core);
	ioasid_device_reset_done(&core->pdev->dev);
	if (!ret)
		vfio_pci_core_finish_enable(core);
	return ret;
}

/**
 * ioasid_vfio_close_device() - disable a device after its last user
 * @vdev: the device
 *
 * Stops its DMA and interrupts, and resets it.
 *
 * Context: process, dev_set->lock held.
 */
void ioasid_vfio_close_device(struct vfio_device *vdev)
{
	struct vfio_pci_core_device *core =
		container_of(vdev, struct vfio_pci_core_device, vdev);

	lockdep_assert_held(&vdev->dev_set->lock);

	ioasid_device_reset_prepare(&core->pdev->dev);
	vfio_pci_core_close_device(vdev);
	ioasid_device_reset_done(&core->pdev->dev);
}

/**
 * ioasid_vfio_wake_up() - take a device out of the state of power that its user chose
 * @core: the device, its memory_lock held for writing
 *
 * Some devices lose in D3 what VFIO has kept for them, and it would be lost for good.
 */
void ioasid_vfio_wake_up(struct vfio_pci_core_device *core)
{
	bool lost = core->needs_pm_restore && (core->pdev->current_state == PCI_D3hot ||
					       core->pdev->current_state == PCI_D3cold);

	if (pci_set_power_state(core->pdev, PCI_D0) || !lost)
		return;
	pci_load_and_free_saved_state(core->pdev, &core->pm_save);
	pci_restore_state(core->pdev);
}
