// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mediated devices: what their parents do for them. Their only struct device is that
 * of their file, a child of the parent's, without an IOMMU. DMA that is asked of one
 * is done by its parent, with a PASID of the parent's that stands for the one that the
 * user knows. One of type 2 has no parent: what it does is done here, by the core's
 * calls. An example of a driver of such devices, with plug.c, which makes them.
 *
 * Who has a number on the wire may change at any time: when it is detached here, a
 * sibling, of another user, may get it. So a number is never kept: it is looked up
 * in the same turn of swiommu.lock in which the parent's IOMMU translates the address
 * of one page and its bytes are moved. That suffices: a number that a sibling gets was
 * made not to be found before it was given back, and the sibling's table was put
 * behind it, in a turn of the same lock, after it was taken. So in a turn before that
 * it leads to what was there before, or to nothing; and in one after it the look-up
 * does not find it any more.
 */
#include <linux/err.h>
#include <linux/lockdep.h>

#include "swiommu/mediated.h"
#include "swiommu/swiommu.h"

/**
 * swiommu_mediated_ppasid() - the parent's PASID for a page of DMA
 * @dev: the device
 * @vpasid: the PASID that DMA is asked for with, or 0
 * @ppasid: out: that of the parent
 *
 * Context: swiommu.lock is held, and will be until the page is done.
 * Return: does it lead anywhere?
 */
bool swiommu_mediated_ppasid(struct swiommu_device *dev, u32 vpasid, u32 *ppasid)
{
	lockdep_assert_held(&dev->iommu->lock);
	return !ioasid_bindings_ppasid(&dev->bindings, vpasid, ppasid);
}

/**
 * swiommu_mediated_move() - DMA of a mediated device without a parent, within a page
 * @dev: the device, of type 2
 * @file: the file through which it is asked for
 * @iova: where
 * @buffer: what is moved, in the kernel's memory
 * @size: bytes
 * @want: SWIOMMU_READ or SWIOMMU_WRITE
 *
 * Who would detach it waits for the memory to arrive, killably; nothing is pinned for
 * longer.
 *
 * Context: process, killable.
 * Return: 0, enum swiommu_fault, or an errno.
 */
int swiommu_mediated_move(struct swiommu_device *dev, struct file *file, u64 iova,
			  void *buffer, size_t size, unsigned int want)
{
	struct ioasid_device *idev = ioasid_bindings_get(&dev->bindings, file);
	int ret;

	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ret = want == SWIOMMU_WRITE ? ioasid_device_write(idev, iova, buffer, size) :
				      ioasid_device_read(idev, iova, buffer, size);
	ioasid_bindings_put(&dev->bindings);
	switch (ret) {
	case -ENODEV:
		return SWIOMMU_FAULT_BLOCKED;
	case -ENOENT:
		return SWIOMMU_FAULT_NOT_MAPPED;
	case -EPERM:
		return SWIOMMU_FAULT_PERMISSION;
	case -EFAULT:
		return SWIOMMU_FAULT_NO_MEMORY;
	default:
		return ret;
	}
}
