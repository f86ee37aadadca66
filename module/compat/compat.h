/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only place of the core that knows that kernels differ. HAVE_* are the
 * results of the compile probes in compat/probes, in the generated
 * ioasid_config.h.
 */
#ifndef IOASID_COMPAT_H
#define IOASID_COMPAT_H

#include <linux/backing-dev.h>
#include <linux/iommu.h>
#include <linux/irqdomain.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#ifdef CONFIG_X86
#include <asm/cpufeature.h>
#endif

#include "ioasid_config.h"

/* Room on the stack that is written before it is read: kernels clear all of it */
#ifndef __uninitialized
#define __uninitialized __attribute__((__uninitialized__))
#endif

/* On a kernel with an iommufd of its own /dev/iommu is taken */
#if IS_ENABLED(CONFIG_IOMMUFD)
#define KC_NODE_NAME "ioasid"
#else
#define KC_NODE_NAME "iommu"
#endif

/**
 * KC_DOMAIN_COMPLETE_AT_ALLOC - can the vendors' domains be mapped into before
 * an attach?
 *
 * Where paging domains are made from a bus their page sizes and aperture are
 * known only when the first device has been attached.
 */
#ifdef HAVE_PAGING_DOMAIN_ALLOC_FLAGS
#define KC_DOMAIN_COMPLETE_AT_ALLOC 1
#else
#define KC_DOMAIN_COMPLETE_AT_ALLOC 0
#endif

/**
 * KC_DOMAIN_ALLOC_BY_DEVICE - are domains made for a device?
 *
 * Then those of a driver that makes use of it are complete at once.
 */
#ifdef HAVE_PAGING_DOMAIN_ALLOC
#define KC_DOMAIN_ALLOC_BY_DEVICE 1
#else
#define KC_DOMAIN_ALLOC_BY_DEVICE 0
#endif

static inline struct iommu_domain *kc_domain_alloc(struct device *dev)
{
#ifdef HAVE_PAGING_DOMAIN_ALLOC
	return iommu_paging_domain_alloc(dev);
#else
	struct iommu_domain *domain = iommu_domain_alloc(dev->bus);

	return domain ?: ERR_PTR(-ENOMEM);
#endif
}

/* Is a page the nth after another in memory? */
static __always_inline bool kc_page_is_nth(struct page *page, struct page *first,
					   unsigned int n)
{
	/* Mostly their structures are if they are, and that is quicker to see */
	if (IS_ENABLED(CONFIG_SPARSEMEM) && !IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP))
		return page_to_pfn(page) == page_to_pfn(first) + n;
	return page == first + n;
}

/* All or none; some kernels say how many, others whether */
static inline bool kc_cache_alloc_bulk(struct kmem_cache *cache, size_t nr,
				       void **objects)
{
	return kmem_cache_alloc_bulk(cache, GFP_KERNEL, nr, objects);
}

/* Where the kernel takes no flags it does not charge the IOMMU's tables */
static inline int kc_iommu_map(struct iommu_domain *domain, unsigned long iova,
			       phys_addr_t paddr, size_t size, int prot)
{
#ifdef HAVE_IOMMU_MAP_GFP
	return iommu_map(domain, iova, paddr, size, prot, GFP_KERNEL_ACCOUNT);
#else
	return iommu_map(domain, iova, paddr, size, prot);
#endif
}

#if defined(HAVE_ATTACH_HANDLE) && defined(HAVE_REPLACE_GROUP_HANDLE)
#define KC_GROUP_REPLACE 1

#ifdef HAVE_IMPORT_NS_TOKEN
#define KC_IMPORT_NS	MODULE_IMPORT_NS(IOMMUFD_INTERNAL)
#else
#define KC_IMPORT_NS	MODULE_IMPORT_NS("IOMMUFD_INTERNAL")
#endif

/* In no public header: drivers/iommu/iommu-priv.h */
int iommu_attach_group_handle(struct iommu_domain *domain,
			      struct iommu_group *group,
			      struct iommu_attach_handle *handle);
void iommu_detach_group_handle(struct iommu_domain *domain,
			       struct iommu_group *group);
int iommu_replace_group_handle(struct iommu_group *group,
			       struct iommu_domain *new_domain,
			       struct iommu_attach_handle *handle);

/* The kernel keeps the address of the handle of what is attached */
struct kc_attach {
	struct iommu_attach_handle handle[2];
	bool second;
};

/* Attach a domain to a group that has @old, or nothing, attached */
static inline int kc_group_attach(struct iommu_group *group,
				  struct iommu_domain *old,
				  struct iommu_domain *domain,
				  struct kc_attach *attach)
{
	struct iommu_attach_handle *handle = &attach->handle[!attach->second];
	int ret;

	if (old)
		ret = iommu_replace_group_handle(group, domain, handle);
	else
		ret = iommu_attach_group_handle(domain, group, handle);
	if (!ret)
		attach->second = !attach->second;
	return ret;
}

static inline void kc_group_detach(struct iommu_group *group,
				   struct iommu_domain *domain)
{
	iommu_detach_group_handle(domain, group);
}
#else
#define KC_GROUP_REPLACE 0
#define KC_IMPORT_NS

struct kc_attach {
};

static inline int kc_group_attach(struct iommu_group *group,
				  struct iommu_domain *old,
				  struct iommu_domain *domain,
				  struct kc_attach *attach)
{
	return iommu_attach_group(domain, group);
}

static inline void kc_group_detach(struct iommu_group *group,
				   struct iommu_domain *domain)
{
	iommu_detach_group(domain, group);
}
#endif

/**
 * KC_RESET_DETACHES - does a reset change by itself what a device with ATS is attached
 * to, and is nothing attached meanwhile?
 */
#ifdef HAVE_PCI_DEV_RESET_IOMMU_PREPARE
#define KC_RESET_DETACHES 1
#else
#define KC_RESET_DETACHES 0
#endif

/**
 * KC_ID_BEFORE_ENTRY - does detaching by PASID free a domain's id before the entry that
 * has it?
 *
 * VT-d's driver does (intel_iommu_remove_dev_pasid()), as long as drivers have an
 * operation for that.
 */
#ifdef HAVE_REMOVE_DEV_PASID
#define KC_ID_BEFORE_ENTRY 1
#else
#define KC_ID_BEFORE_ENTRY 0
#endif

/**
 * KC_FLUSH_ALL_LEAVES_DEVICE_TLBS - does a flush of all of a domain leave out what
 * devices have cached?
 *
 * VT-d's driver does so in caching mode (intel_flush_iotlb_all()), until it got cache
 * tags, one release before the kernel got attach handles.
 */
#ifdef HAVE_ATTACH_HANDLE
#define KC_FLUSH_ALL_LEAVES_DEVICE_TLBS 0
#else
#define KC_FLUSH_ALL_LEAVES_DEVICE_TLBS 1
#endif

/**
 * KC_MAP_WALKS_IOMMUS - must a map keep away what takes a device from the domain?
 *
 * VT-d's driver walked the list of a domain's IOMMUs unlocked, until then as well
 * (intel_iommu_iotlb_sync_map()).
 */
#define KC_MAP_WALKS_IOMMUS KC_FLUSH_ALL_LEAVES_DEVICE_TLBS

/**
 * KC_SW_MSI - are there IOMMUs that translate interrupts like other DMA?
 *
 * kc_msi_lock() keeps away who sets up a device's interrupts; false if it can
 * have none. kc_msi_iova() is where such an interrupt is written to, or 0.
 */
#if IS_ENABLED(CONFIG_IRQ_MSI_IOMMU)
#define KC_SW_MSI 1

static inline bool kc_msi_lock(struct device *dev)
{
	if (!dev->msi.data)
		return false;
#ifdef HAVE_MSI_LOCK_DESCS
	msi_lock_descs(dev);
#else
	__msi_lock_descs(dev);
#endif
	return true;
}

static inline void kc_msi_unlock(struct device *dev)
{
#ifdef HAVE_MSI_LOCK_DESCS
	msi_unlock_descs(dev);
#else
	__msi_unlock_descs(dev);
#endif
}

#define kc_for_each_msi(desc, dev)					\
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED)

static inline u64 kc_msi_iova(const struct msi_desc *desc)
{
	return (u64)desc->iommu_msi_iova << desc->iommu_msi_shift;
}
#else
#define KC_SW_MSI 0

static inline bool kc_msi_lock(struct device *dev)
{
	return false;
}

static inline void kc_msi_unlock(struct device *dev)
{
}

#define kc_for_each_msi(desc, dev)	for ((void)(dev), desc = NULL; desc; )

static inline u64 kc_msi_iova(const struct msi_desc *desc)
{
	return 0;
}
#endif

/**
 * kc_amd_blocked_may_pass() - may a device that AMD's driver has blocked reach
 * all memory?
 *
 * Until drivers were told from which domain a device comes, or not long before,
 * AMD's left an entry with a valid translation of mode 0 and neither permission.
 * Hardware blocks what has no permission (2.2.2.1); emulations, QEMU's for one,
 * take mode 0 for pass-through and look no further.
 */
static inline bool kc_amd_blocked_may_pass(void)
{
#if defined(CONFIG_X86) && !defined(HAVE_ATTACH_DEV_OLD)
	return boot_cpu_has(X86_FEATURE_HYPERVISOR);
#else
	return false;
#endif
}

static inline bool kc_isolated_msi(struct iommu_group *group, struct device *dev)
{
#ifdef HAVE_ISOLATED_MSI
	return iommu_group_has_isolated_msi(group);
#else
	return irq_domain_check_msi_remap() ||
	       device_iommu_capable(dev, IOMMU_CAP_INTR_REMAP);
#endif
}

/* Elsewhere it is known only of a domain that is attached */
static inline bool kc_can_enforce_snoop(struct device *dev,
					struct iommu_domain *attached)
{
#ifdef HAVE_CAP_ENFORCE_SNOOP
	return device_iommu_capable(dev, IOMMU_CAP_ENFORCE_CACHE_COHERENCY);
#else
	return attached->ops->enforce_cache_coherency &&
	       attached->ops->enforce_cache_coherency(attached);
#endif
}

/*
 * Flags for pinning what a device only reads. Older kernels keep the device and
 * the process on one page only if the process's copy is made beforehand, as for
 * a write; memory that has no such copy (-EFAULT) is pinned with no flag.
 */
#ifdef HAVE_PIN_READ_MAY_GO_STALE
#define KC_PIN_READ	(FOLL_WRITE | FOLL_FORCE)
#else
#define KC_PIN_READ	0
#endif

/*
 * Pin pages, one or more, or an error. Userspace may delay a fault for as long
 * as it likes (userfaultfd, FUSE), so the wait must end when the caller is
 * killed. Older kernels do not pin that way for long: there what cannot be
 * pinned at once is faulted in before, page by page.
 */
#ifdef HAVE_PIN_REMOTE_VMAS
static inline int kc_fault_in(struct mm_struct *mm, unsigned long vaddr,
			      unsigned int flags)
{
	bool write = (flags & (FOLL_WRITE | FOLL_FORCE)) == FOLL_WRITE;
	bool unlocked = false;
	int ret;

	ret = mmap_read_lock_killable(mm);
	if (ret)
		return ret;
	ret = fixup_user_fault(mm, vaddr, write ? FAULT_FLAG_WRITE : 0, &unlocked);
	mmap_read_unlock(mm);
	if (fatal_signal_pending(current))
		return -EINTR;
	/* Pinning fails for the same reason, unless it is by force */
	return flags & FOLL_FORCE ? ret : 0;
}

/*
 * Memory of a file that is written back is refused to those who would write to it, as
 * later kernels do: to unpin it takes the page's lock, which a file system of the user's
 * (FUSE) may hold for as long as it likes.
 */
static inline long kc_pin_refuse(struct page **pages, long nr, unsigned int flags)
{
	struct address_space *mapping;
	bool refused = false;
	long i;

	if ((flags & (FOLL_WRITE | FOLL_FORCE)) != FOLL_WRITE)
		return nr;
	for (i = 0; i < nr && !refused; i++) {
		if (PageAnon(pages[i]))
			continue;
		/* The inode is not freed meanwhile */
		rcu_read_lock();
		mapping = folio_mapping(page_folio(pages[i]));
		refused = mapping && mapping_can_writeback(mapping);
		rcu_read_unlock();
	}
	if (!refused)
		return nr;
	unpin_user_pages(pages, nr);
	return -EFAULT;
}

static inline long kc_pin_current(unsigned long vaddr, unsigned long nr,
				  unsigned int flags, struct page **pages)
{
	long ret = pin_user_pages_fast_only(vaddr, nr, flags, pages);

	if (ret > 0)
		return kc_pin_refuse(pages, ret, flags);
	ret = kc_fault_in(current->mm, vaddr, flags);
	ret = ret ?: pin_user_pages_fast(vaddr, 1, flags, pages);
	return kc_pin_refuse(pages, ret, flags);
}

static inline long kc_pin_remote(struct mm_struct *mm, unsigned long vaddr,
				 unsigned long nr, unsigned int flags,
				 struct page **pages)
{
	long ret;

	ret = kc_fault_in(mm, vaddr, flags);
	ret = ret ?: mmap_read_lock_killable(mm);
	if (ret)
		return ret;
	ret = pin_user_pages_remote(mm, vaddr, 1, flags, pages, NULL, NULL);
	mmap_read_unlock(mm);
	return kc_pin_refuse(pages, ret, flags);
}
#else
static inline long kc_pin_current(unsigned long vaddr, unsigned long nr,
				  unsigned int flags, struct page **pages)
{
	return pin_user_pages_fast(vaddr, nr, flags, pages);
}

static inline long kc_pin_remote(struct mm_struct *mm, unsigned long vaddr,
				 unsigned long nr, unsigned int flags,
				 struct page **pages)
{
	int locked = 1;
	long ret;

	ret = mmap_read_lock_killable(mm);
	if (ret)
		return ret;
	ret = pin_user_pages_remote(mm, vaddr, nr, flags, pages, &locked);
	if (locked)
		mmap_read_unlock(mm);
	return ret;
}
#endif

/**
 * struct kc_pin_count - pages that are pinned and not yet in the kernel's statistics
 * @node: of whose memory
 * @nr: how many
 *
 * To count them together costs a fraction of counting each.
 */
struct kc_pin_count {
	struct pglist_data *node;
	long nr;
};

/**
 * kc_pin_count_end() - put pages into the kernel's statistics
 * @count: the pages
 */
static inline void kc_pin_count_end(struct kc_pin_count *count)
{
	if (count->nr)
		mod_node_page_state(count->node, NR_FOLL_PIN_ACQUIRED, count->nr);
	count->nr = 0;
}

/**
 * kc_pin_again() - pin pages once more that stay pinned meanwhile
 * @page: the first of them; they follow one another in memory
 * @nr: how many
 * @count: gets those that are pinned; all zeroes at first, and ended by the caller
 *
 * There is no such call for modules. It is the opposite of what
 * unpin_user_page_range_dirty_lock() does, which is the same on all kernels so far:
 * pages of a large folio are counted in it, the others by a bias in their count of
 * references. The zero page is counted nowhere, where the kernel makes that exception.
 *
 * Return: false, with none of them pinned, if a count would overflow.
 */
static inline bool kc_pin_again(struct page *page, unsigned int nr,
				struct kc_pin_count *count)
{
	unsigned int done, n;

	for (done = 0; done < nr; done += n) {
		struct page *first = pfn_to_page(page_to_pfn(page) + done);
		struct folio *folio = page_folio(first);

		n = 1;
		/* Whoever runs into this is far from being the only one to count */
		if (folio_ref_count(folio) > INT_MAX / 2)
			break;
#ifdef HAVE_ZERO_FOLIO
		if (is_zero_folio(folio)) {
			n = min_t(unsigned long, nr - done,
				  folio_nr_pages(folio) - folio_page_idx(folio, first));
			continue;
		}
#endif
		if (folio_test_large(folio)) {
			n = min_t(unsigned long, nr - done,
				  folio_nr_pages(folio) - folio_page_idx(folio, first));
			folio_ref_add(folio, n);
			atomic_add(n, &folio->_pincount);
		} else {
			folio_ref_add(folio, GUP_PIN_COUNTING_BIAS);
		}
		if (folio_pgdat(folio) != count->node) {
			kc_pin_count_end(count);
			count->node = folio_pgdat(folio);
		}
		count->nr += n;
	}
	if (done < nr && done)
		unpin_user_page_range_dirty_lock(page, done, false);
	return done >= nr;
}

#endif /* IOASID_COMPAT_H */
