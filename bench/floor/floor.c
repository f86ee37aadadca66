// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: what mapping memory for a device costs at the very least. Pages
 * are pinned, physically contiguous runs of them mapped in the largest steps
 * that the IOMMU takes, and the reverse with one flush a call. Nothing is
 * checked, locked, charged or looked up: the caller is trusted and says where
 * a mapping's pages are remembered. For measuring only; never load it on a
 * machine that anybody uses.
 *
 * insmod floor.ko bdf=0000:00:03.0: the device must have no driver and be
 * alone in its group. Its DMA belongs to this module until rmmod.
 */
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat/compat.h"
#include "floor.h"

/* More pages in one go gain nothing */
#define BATCH	512UL

/* Contiguous pages: the first, how many, and where they are mapped */
struct run {
	struct page *page;
	unsigned long nr;
	u64 iova;
};

static char *bdf;
module_param(bdf, charp, 0);
MODULE_PARM_DESC(bdf, "PCI address of the device, as in 0000:00:03.0");

static struct pci_dev *pdev;
static struct iommu_domain *domain;	/* what is attached */
static struct iommu_domain *second;	/* what replaces it; nothing is mapped there */
static struct kc_attach attach;
static struct run *runs;
static struct page *batch[BATCH];

/* Map the pages from @page up to @next, and remember them */
static int map_run(struct run *run, struct page *page, struct page *next, u64 iova)
{
	run->page = page;
	run->nr = next - page;
	run->iova = iova;
	return iommu_map(domain, iova, page_to_phys(page), run->nr << PAGE_SHIFT,
			 IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE, GFP_KERNEL_ACCOUNT);
}

static int floor_map(const struct floor_range *range)
{
	unsigned long left = range->length >> PAGE_SHIFT, vaddr = range->vaddr;
	struct page *page = NULL, *next = NULL;
	struct run *run = runs + range->slot;
	u64 iova = range->iova;
	int pinned, i, ret;

	while (left) {
		pinned = pin_user_pages_fast(vaddr, min(left, BATCH),
					     FOLL_WRITE | FOLL_LONGTERM, batch);
		if (pinned <= 0)
			return pinned ? : -EFAULT;
		for (i = 0; i < pinned; i++) {
			if (batch[i] == next) {
				next++;
				continue;
			}
			if (page) {
				ret = map_run(run, page, next, iova);
				if (ret)
					return ret;
				iova += run->nr << PAGE_SHIFT;
				run++;
			}
			page = batch[i];
			next = page + 1;
		}
		left -= pinned;
		vaddr += (unsigned long)pinned << PAGE_SHIFT;
	}
	return map_run(run, page, next, iova);
}

/* Have the page table say which pages they are */
static void read_back(const struct floor_range *range)
{
	struct run *run = runs + range->slot;
	struct page *page;
	u64 at;

	run->nr = 0;
	for (at = 0; at < range->length; at += PAGE_SIZE) {
		page = pfn_to_page(PHYS_PFN(iommu_iova_to_phys(domain, range->iova + at)));
		if (run->nr && page == run->page + run->nr) {
			run->nr++;
			continue;
		}
		if (run->nr)
			run++;
		run->page = page;
		run->nr = 1;
	}
}

static int unmap(u64 iova, u64 length, struct iommu_iotlb_gather *gather)
{
	if (iommu_unmap_fast(domain, iova, length, gather) != length)
		return -EIO;
	iommu_iotlb_gather_add_range(gather, iova, length);
	return 0;
}

/* So many pages from a slot on. Single ones cost less together */
static void unpin(u64 slot, unsigned long pages)
{
	unsigned long single = 0;
	struct run *run;

	for (run = runs + slot; pages; pages -= run->nr, run++) {
		if (run->nr > 1) {
			unpin_user_page_range_dirty_lock(run->page, run->nr, true);
			continue;
		}
		batch[single++] = run->page;
		if (single == BATCH) {
			unpin_user_pages_dirty_lock(batch, single, true);
			single = 0;
		}
	}
	unpin_user_pages_dirty_lock(batch, single, true);
}

/*
 * A gather flushes of its own whenever ranges do not touch, unless it is told
 * that somebody else will; then it does not record them either.
 */
static void gather_start(struct iommu_iotlb_gather *gather)
{
	iommu_iotlb_gather_init(gather);
	gather->queued = true;
}

static void gather_flush(struct iommu_iotlb_gather *gather)
{
	gather->queued = false;
	iommu_iotlb_sync(domain, gather);
}

static int floor_unmap(const struct floor_range *range)
{
	struct iommu_iotlb_gather gather;
	int ret;

	gather_start(&gather);
	ret = unmap(range->iova, range->length, &gather);
	gather_flush(&gather);
	unpin(range->slot, range->length >> PAGE_SHIFT);
	return ret;
}

static int floor_map_array(const struct floor_array *array)
{
	const struct floor_range __user *user = u64_to_user_ptr(array->ranges);
	struct floor_range range;
	int ret = 0;
	u64 i;

	for (i = 0; i < array->nr && !ret; i++) {
		if (copy_from_user(&range, user + i, sizeof(range)))
			ret = -EFAULT;
		else
			ret = floor_map(&range);
	}
	return ret;
}

static int floor_unmap_array(const struct floor_array *array)
{
	const struct floor_range __user *user = u64_to_user_ptr(array->ranges);
	struct iommu_iotlb_gather gather;
	struct floor_range range;
	unsigned long pages = 0;
	int ret = 0;
	u64 i;

	gather_start(&gather);
	for (i = 0; i < array->nr && !ret; i++) {
		if (copy_from_user(&range, user + i, sizeof(range)))
			ret = -EFAULT;
		else
			ret = unmap(range.iova, range.length, &gather);
		pages += range.length >> PAGE_SHIFT;
	}
	gather_flush(&gather);
	unpin(0, pages);
	return ret;
}

static int floor_unmap_all(unsigned long nr)
{
	struct iommu_iotlb_gather gather;
	unsigned long pages = 0, i;
	int ret = 0;

	gather_start(&gather);
	for (i = 0; i < nr && !ret; i++) {
		ret = unmap(runs[i].iova, runs[i].nr << PAGE_SHIFT, &gather);
		pages += runs[i].nr;
	}
	gather_flush(&gather);
	unpin(0, pages);
	return ret;
}

static int floor_replace(void)
{
	swap(domain, second);
	return kc_group_attach(pdev->dev.iommu_group, second, domain, &attach);
}

static long floor_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct floor_array array;
	struct floor_range range;

	switch (cmd) {
	case FLOOR_NOP:
		return 0;
	case FLOOR_MAP:
	case FLOOR_UNMAP:
	case FLOOR_UNMAP_READBACK:
		if (copy_from_user(&range, (void __user *)arg, sizeof(range)))
			return -EFAULT;
		if (cmd == FLOOR_MAP)
			return floor_map(&range);
		if (cmd == FLOOR_UNMAP_READBACK)
			read_back(&range);
		return floor_unmap(&range);
	case FLOOR_MAP_ARRAY:
	case FLOOR_UNMAP_ARRAY:
		if (copy_from_user(&array, (void __user *)arg, sizeof(array)))
			return -EFAULT;
		return cmd == FLOOR_MAP_ARRAY ? floor_map_array(&array) :
						floor_unmap_array(&array);
	case FLOOR_UNMAP_ALL:
		return floor_unmap_all(arg);
	case FLOOR_REPLACE:
		return floor_replace();
	default:
		return -ENOTTY;
	}
}

static const struct file_operations floor_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = floor_ioctl,
};

static struct miscdevice floor_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioasid-floor",
	.fops = &floor_fops,
	.mode = 0600,
};

static int __init floor_init(void)
{
	unsigned int seg, bus, slot, func;
	int ret;

	if (!bdf || sscanf(bdf, "%x:%x:%x.%x", &seg, &bus, &slot, &func) != 4)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(seg, bus, PCI_DEVFN(slot, func));
	if (!pdev)
		return -ENODEV;
	runs = vmalloc_array(FLOOR_SLOTS, sizeof(*runs));
	ret = -ENOMEM;
	if (!runs)
		goto put;
	ret = iommu_device_claim_dma_owner(&pdev->dev, &floor_misc);
	if (ret)
		goto free_runs;
	domain = kc_domain_alloc(&pdev->dev);
	ret = PTR_ERR_OR_ZERO(domain);
	if (ret)
		goto release;
	second = kc_domain_alloc(&pdev->dev);
	ret = PTR_ERR_OR_ZERO(second);
	if (ret)
		goto free_domain;
	ret = kc_group_attach(pdev->dev.iommu_group, NULL, domain, &attach);
	if (ret)
		goto free_second;
	ret = misc_register(&floor_misc);
	if (!ret)
		return 0;

	kc_group_detach(pdev->dev.iommu_group, domain);
free_second:
	iommu_domain_free(second);
free_domain:
	iommu_domain_free(domain);
release:
	iommu_device_release_dma_owner(&pdev->dev);
free_runs:
	vfree(runs);
put:
	pci_dev_put(pdev);
	return ret;
}
module_init(floor_init);

static void __exit floor_exit(void)
{
	misc_deregister(&floor_misc);
	kc_group_detach(pdev->dev.iommu_group, domain);
	iommu_domain_free(second);
	iommu_domain_free(domain);
	iommu_device_release_dma_owner(&pdev->dev);
	vfree(runs);
	pci_dev_put(pdev);
}
module_exit(floor_exit);

KC_IMPORT_NS;
MODULE_DESCRIPTION("What mapping memory for a device costs at the least (benchmark)");
MODULE_LICENSE("GPL");
