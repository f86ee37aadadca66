// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command portals of devices to which CPU instructions send work with a PASID, types 7
 * and 8. The device takes the number that arrives as it is, like a real one's shared
 * work queue: it has nothing to check it by. What keeps a mediated device to its user's
 * address spaces is that the portal takes what the translator of a file that the device
 * is bound to has translated, and nothing else; that it translates to numbers of that
 * file alone; and that work under way is ended here before a number can be another
 * user's, whatever device the number was attached to.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "swiommu/chardev.h"
#include "swiommu/engine.h"
#include "swiommu/portal.h"
#include "swiommu/swiommu.h"

/**
 * swiommu_has_portal() - do CPU instructions send PASIDs to a device?
 * @dev: the device
 */
bool swiommu_has_portal(const struct swiommu_device *dev)
{
	return dev->type == IOASID_DEVICE_PHYSICAL_CPU ||
	       dev->type == IOASID_DEVICE_MEDIATED_CPU;
}

/**
 * swiommu_portal_take() - work arrives
 * @work: to be filled in, for swiommu_portal_do(), which must follow
 * @file: an open file of the device, held by the caller until then
 * @sender: the program that has sent it
 * @pasid: the PASID that it came with, on the wire
 *
 * Context: any that may spin. This is the whole of the instruction: with what keeps
 * the CPU's translation the caller may hold a lock that its listener takes.
 * Return: 0; -EBADFD if it is another kind of file, -EOPNOTSUPP if the device has no
 * portal, -EINVAL if it is not bound through @file, -EACCES if the portal is closed to
 * @sender: see ioasid_bindings_portal_takes().
 */
int swiommu_portal_take(struct swiommu_work *work, struct file *file,
			const struct swiommu_sender *sender, u32 pasid)
{
	struct swiommu_device *dev = swiommu_file_device(file);
	int ret = 0;

	if (!dev)
		return -EBADFD;
	if (!swiommu_has_portal(dev))
		return -EOPNOTSUPP;
	/* Without a PASID it would be the parent's own DMA, the host's */
	if (!pasid)
		return -EINVAL;
	work->dev = dev;
	work->file = file;
	work->ctx = sender->ctx;
	work->pasid = pasid;
	work->ended = false;
	spin_lock(&dev->iommu->lock);
	if (dev->user != file)
		ret = -EINVAL;
	else if (!ioasid_bindings_portal_takes(&dev->bindings, sender->ctx,
					       sender->translator))
		ret = -EACCES;
	else
		list_add(&work->node, &dev->works);
	spin_unlock(&dev->iommu->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(swiommu_portal_take);

/**
 * swiommu_portal_do() - do what has been taken
 * @work: the work; done with afterwards
 * @dma: the DMA, for the calling process, as with SWIOMMU_DMA; without a PASID of its
 *	own
 *
 * Context: process. Sleeps for as long as the caller's memory lets it, killably.
 * Return: 0, or an error as SWIOMMU_DMA says.
 */
long swiommu_portal_do(struct swiommu_work *work, struct swiommu_dma *dma)
{
	struct swiommu_device *dev = work->dev;
	long ret = swiommu_check_dma(dev, dma);

	if (dma->flags & SWIOMMU_DMA_PASID)
		ret = -EINVAL;
	ret = ret ?: swiommu_dma(dev, work->file, dma, work);
	spin_lock(&dev->iommu->lock);
	list_del(&work->node);
	spin_unlock(&dev->iommu->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(swiommu_portal_do);

/**
 * swiommu_portal_end_works() - end the work that must not go on
 * @bindings: of the device
 * @ctx: for which program it was sent; NULL: for any
 * @ppasid: the PASID that it came with; 0: any
 *
 * What is under way is within one page when this returns: it had the lock before.
 */
void swiommu_portal_end_works(struct ioasid_bindings *bindings,
			      const struct ioasid_ctx *ctx, u32 ppasid)
{
	struct swiommu_device *dev =
		container_of(bindings, struct swiommu_device, bindings);
	struct swiommu_work *work;

	spin_lock(&dev->iommu->lock);
	list_for_each_entry(work, &dev->works, node)
		if ((!ctx || work->ctx == ctx) && (!ppasid || work->pasid == ppasid))
			work->ended = true;
	spin_unlock(&dev->iommu->lock);
}
