// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page requests: a device that has the capability does not give up when nothing is
 * mapped, or not for what it wants to do. It asks for the page, waits for the
 * answer and tries again, as PCIe's page request interface has it.
 *
 * A request goes to the handler of the domain that is attached; with none the
 * kernel answers no. A change of what is attached fails those that wait. It waits
 * for those on their way to a handler (dev->reporting). The kernel remembers what is
 * attached only after the change, so one that comes then may find the old domain yet: that
 * is not freed before it has been answered (asking).
 */
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "compat/driver_compat.h"
#include "swiommu/fault.h"
#include "swiommu/swiommu.h"

/**
 * struct request - a page request, and somebody who waits for the answer
 * @node: in the device's requests as long as there is none; under swiommu.lock
 * @pasid: the PASID that the DMA carries, or 0
 * @group: number of the page request group, of which it is the only one
 * @success: the answer: try again
 * @done: there is one
 */
struct request {
	struct list_head node;
	u32 pasid;
	u32 group;
	bool success;
	struct completion done;
};

/* On their way to a handler */
DEFINE_STATIC_SRCU(asking);

static void answer(struct request *request, bool success)
{
	list_del_init(&request->node);
	request->success = success;
	complete(&request->done);
}

/**
 * swiommu_fault_answer() - what the kernel says to a page request
 * @dev: the device
 * @pasid: as in the request
 * @group: likewise
 * @success: the page is there
 *
 * Of a request that nobody waits for any more nothing is done.
 */
void swiommu_fault_answer(struct swiommu_device *dev, u32 pasid, u32 group, bool success)
{
	struct request *request;

	spin_lock(&dev->iommu->lock);
	list_for_each_entry(request, &dev->requests, node) {
		if (request->group == group && request->pasid == pasid) {
			answer(request, success);
			break;
		}
	}
	spin_unlock(&dev->iommu->lock);
}

/**
 * swiommu_fault_fail() - fail the requests for a context that changes
 * @ctx: the context
 *
 * Context: swiommu.lock is held, and dev->reporting for writing.
 */
void swiommu_fault_fail(struct swiommu_context *ctx)
{
	struct request *request, *next;

	lockdep_assert_held_write(&ctx->dev->reporting);
	list_for_each_entry_safe(request, next, &ctx->dev->requests, node)
		if (request->pasid == ctx->pasid)
			answer(request, false);
}

/**
 * swiommu_fault_fail_all() - fail all requests of a device that nobody may use
 * @dev: the device, its @user NULL: there will be no other ones
 */
void swiommu_fault_fail_all(struct swiommu_device *dev)
{
	struct request *request, *next;

	down_write(&dev->reporting);
	spin_lock(&dev->iommu->lock);
	list_for_each_entry_safe(request, next, &dev->requests, node)
		answer(request, false);
	spin_unlock(&dev->iommu->lock);
	up_write(&dev->reporting);
}

/* Not if DMA would end for another reason meanwhile: who tries again will see */
static bool add(struct swiommu_device *dev, struct file *file, struct request *request)
{
	struct swiommu_context *ctx;
	bool ask;

	spin_lock(&dev->iommu->lock);
	ctx = swiommu_context(dev, request->pasid);
	ask = dev->user == file && ctx && ctx->pgtable;
	if (ask) {
		request->group = dev->nr_requests++;
		list_add_tail(&request->node, &dev->requests);
	}
	spin_unlock(&dev->iommu->lock);
	return ask;
}

/**
 * swiommu_fault_ask() - ask for a page, and wait for the answer
 * @dev: a device with SWIOMMU_DEVICE_FAULTS
 * @file: through which the DMA was asked for
 * @pasid: the PASID that it carries, or 0
 * @iova: where
 * @want: SWIOMMU_READ or SWIOMMU_WRITE
 *
 * Context: process, killable.
 * Return: 1: try again; 0: no; -EINTR.
 */
int swiommu_fault_ask(struct swiommu_device *dev, struct file *file, u32 pasid, u64 iova,
		      unsigned int want)
{
	struct request request = {
		.node = LIST_HEAD_INIT(request.node), .pasid = pasid, .success = true,
		.done = COMPLETION_INITIALIZER_ONSTACK(request.done),
	};
	int ret = 0, idx;
	bool asked;

	down_read(&dev->reporting);
	idx = srcu_read_lock(&asking);
	asked = add(dev, file, &request);
	if (asked && !kc_driver_page_request(&dev->pdev->dev, pasid, request.group,
					     iova & ~(u64)(SWIOMMU_PAGE_SIZE - 1),
					     want == SWIOMMU_WRITE))
		swiommu_fault_answer(dev, pasid, request.group, false);
	srcu_read_unlock(&asking, idx);
	up_read(&dev->reporting);
	if (asked)
		ret = wait_for_completion_killable(&request.done);
	spin_lock(&dev->iommu->lock);
	list_del_init(&request.node);
	spin_unlock(&dev->iommu->lock);
	return ret ? -EINTR : request.success;
}

static void domain_free(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct swiommu_domain, rcu));
}

/**
 * swiommu_fault_free() - free a domain once no page request finds it
 * @domain: the domain, which the kernel has forgotten
 */
void swiommu_fault_free(struct swiommu_domain *domain)
{
	if (KC_DRIVER_FAULTS)
		call_srcu(&asking, &domain->rcu, domain_free);
	else
		kfree(domain);
}

/**
 * swiommu_fault_exit() - all domains have been freed
 */
void swiommu_fault_exit(void)
{
	srcu_barrier(&asking);
}

/**
 * swiommu_fault_start() - get ready for a device's page requests
 * @dev: the device, which the kernel has behind the IOMMU
 *
 * Return: 0 or -ENOMEM.
 */
int swiommu_fault_start(struct swiommu_device *dev)
{
	if (!(dev->flags & SWIOMMU_DEVICE_FAULTS))
		return 0;
	return kc_driver_fault_add(dev->iommu->requests, &dev->pdev->dev);
}

/**
 * swiommu_fault_stop() - undo swiommu_fault_start()
 * @dev: the device, which nobody has bound
 */
void swiommu_fault_stop(struct swiommu_device *dev)
{
	if (dev->flags & SWIOMMU_DEVICE_FAULTS)
		kc_driver_fault_remove(dev->iommu->requests, &dev->pdev->dev);
}
