/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Software IOMMUs that the kernel's IOMMU core takes for real ones, and software
 * devices behind them. Devices do DMA for userspace, and every byte of it goes
 * through tables that the kernel has installed and through caches that only an
 * invalidation empties, so that a missing one is seen.
 *
 * main.c	options; start and stop of the parts
 * control.c	the control file
 * plug.c	software devices are made and removed at run time
 * iommu.c	the IOMMUs, as the kernel's core sees them
 * portal.c	command portals: work that the CPU sends with a PASID
 * chardev.c	the devices' files
 * engine.c	translation and DMA
 * mediated.c	DMA of devices that leave it to a parent
 * device.c	software devices: which there are, and of which groups
 * domain.c	what is behind a RID or PASID; flushes
 * fault.c	page requests
 * cache.c	IOTLB, device TLB, PASID cache
 * pgtable.c	page tables: map, unmap, walk
 *
 * Each calls only files that stand below it.
 *
 * Lock order, outermost first:
 *
 *	swiommu_device.removal	a device is made or removed; a parent's before its
 *				children's. Held while its users are waited for
 *	ioasid_bindings.lock	who has a device bound; held for calls into the core
 *	the core's, and the kernel's lock of a group; a portal's end_works() is called
 *		under some of them
 *	devices_lock (device.c)	which devices there are, and of which groups
 *	finalize_lock (domain.c) a domain finds its IOMMU
 *	swiommu_device.reporting page requests are on their way
 *	swiommu_pgtable.lock	a spinlock: the entries of a page table. Neither under
 *				swiommu.lock nor above it
 *	swiommu.lock		a spinlock: contexts, caches, and DMA under way
 *	the xarrays' own
 */
#ifndef SWIOMMU_H
#define SWIOMMU_H

#include <linux/iommu.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/rbtree_types.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include <uapi/linux/ioasid.h>
#include <uapi/linux/ioasid_swiommu.h>

#include "ioasid_api.h"

struct file;
struct iopf_queue;
struct platform_device;

#define SWIOMMU_NAME		"ioasid_swiommu"
#define SWIOMMU_MAX_IOMMUS	8
#define SWIOMMU_MAX_PASID_WIDTH	20

/* The IOMMU's own pages, whatever the CPU's are */
#define SWIOMMU_PAGE_SHIFT	12
#define SWIOMMU_PAGE_SIZE	(1UL << SWIOMMU_PAGE_SHIFT)

/* What a page may be used for: in page tables, in TLBs, and what DMA asks for */
#define SWIOMMU_READ		BIT(0)
#define SWIOMMU_WRITE		BIT(1)
#define SWIOMMU_SNOOP		BIT(2)

/* What caches have room for */
#define SWIOMMU_IOTLB_ENTRIES		16384
#define SWIOMMU_DEVICE_TLB_ENTRIES	1024
#define SWIOMMU_PASID_CACHE_ENTRIES	4096

/**
 * struct swiommu_cache - an IOTLB, a device TLB or a PASID cache
 * @info: counters and @info.entries
 * @drop: requests to invalidate that are still to be ignored; the one of the IOMMU
 *	for device TLBs
 * @all: the entries, in use or not; allocated with the cache
 * @keys: those in use, by what they are looked up by
 * @used: the same, the oldest first
 * @unused: the others
 *
 * All under swiommu.lock.
 */
struct swiommu_cache {
	struct swiommu_cache_info info;
	u32 *drop;
	struct swiommu_cached *all;
	struct rb_root keys;
	struct list_head used;
	struct list_head unused;
};

/**
 * struct swiommu_pgtable - a page table
 * @kref: of its domain, and of every entry in a PASID cache: what a device walks
 *	by an entry that should have been invalidated is still a page table
 * @did: number of its domain, by which an IOTLB knows it. Free for another domain
 *	as soon as this one is freed, like a real one's
 * @levels: of tables
 * @root: the uppermost one; NULL: addresses are physical ones (identity)
 * @lock: protects the entries. DMA walks without it, under swiommu.lock
 * @left: among those that are to be freed by a work
 */
struct swiommu_pgtable {
	struct kref kref;
	u32 did;
	unsigned int levels;
	u64 *root;
	spinlock_t lock; /* entries of the tables */
	struct llist_node left;
};

/**
 * struct swiommu - a software IOMMU
 * @core: the kernel's side of it
 * @fwnode: by which the kernel finds the IOMMU of a device; nothing else is in it
 * @index: its number
 * @addr_width: of an I/O virtual address, bits
 * @pasid_width: of a PASID, bits
 * @pgsizes: bitmap of page sizes
 * @snoop: can make no-snoop DMA snoop
 * @passthrough: addresses are physical ones while nobody has a device bound
 * @requests: its devices' page requests, as the kernel sees them
 * @dids: domain numbers in use
 * @lock: protects what follows; the devices' contexts and device TLBs; and is held
 *	while DMA translates an address and moves the bytes of that page: who has
 *	held it after a change knows that nothing goes on as it was before
 * @iotlb: the IOTLB
 * @pasid_cache: struct swiommu_pgtable by device and PASID
 * @walks: page table walks
 * @strays: pages that DMA went to and nobody had pinned
 * @drop_iotlb: requests that the IOTLB is to ignore
 * @drop_pasid_cache: likewise
 * @drop_device_tlb: likewise, of all devices together
 */
struct swiommu {
	struct iommu_device core;
	struct fwnode_handle fwnode;
	unsigned int index;
	unsigned int addr_width;
	unsigned int pasid_width;
	unsigned long pgsizes;
	bool snoop;
	bool passthrough;
	struct iopf_queue *requests;
	struct ida dids;
	spinlock_t lock; /* what DMA looks at */
	struct swiommu_cache iotlb;
	struct swiommu_cache pasid_cache;
	u64 walks;
	u64 strays;
	u32 drop_iotlb;
	u32 drop_pasid_cache;
	u32 drop_device_tlb;
};

/**
 * struct swiommu_domain - a paging domain
 * @domain: the kernel's
 * @iommu: the IOMMU that it is for; NULL until it is attached where the kernel
 *	does not say when it is made
 * @pgtable: its page table, with @iommu
 * @contexts: the contexts that it is behind, and marks of flushes, whose
 *	swiommu_context.dev is NULL; under swiommu.lock
 * @nr_contexts: how many contexts
 * @snoop: what is mapped from now on makes DMA snoop
 * @rcu: to be freed when no page request is on its way to it any more
 */
struct swiommu_domain {
	struct iommu_domain domain;
	struct swiommu *iommu;
	struct swiommu_pgtable *pgtable;
	struct list_head contexts;
	unsigned int nr_contexts;
	bool snoop;
	struct rcu_head rcu;
};

/**
 * struct swiommu_context - an entry of a device's PASID table
 * @dev: the device, or NULL: swiommu_domain.contexts
 * @pasid: the PASID, 0 for DMA without one
 * @domain: the domain that is attached; NULL if none is, or one without a table
 * @node: in the contexts of @domain
 * @pgtable: what DMA is translated by; NULL if it is blocked
 */
struct swiommu_context {
	struct swiommu_device *dev;
	u32 pasid;
	struct swiommu_domain *domain;
	struct list_head node;
	struct swiommu_pgtable *pgtable;
};

/**
 * enum swiommu_state - of a device
 * @SWIOMMU_NEW: it is being made, and in the list for its group's sake
 * @SWIOMMU_LIVE: it can be used, and be a parent
 * @SWIOMMU_GOING: it is being removed. It cannot be made a parent; SWIOMMU_LIVE again if
 *	the process that removes it is killed
 * @SWIOMMU_GONE: it is in no list
 *
 * From one to the next under both swiommu_device.removal and devices_lock.
 */
enum swiommu_state {
	SWIOMMU_NEW,
	SWIOMMU_LIVE,
	SWIOMMU_GOING,
	SWIOMMU_GONE,
};

/**
 * struct swiommu_device - a software device
 * @kref: of the list of devices, of every open file, of its children, and of calls.
 *	With the last one its number can be another device's, and the module be unloaded
 * @id: its number in the names that userspace sees
 * @rid: its number on its IOMMU, which no other device will ever have
 * @parent: of a mediated device, held: what does DMA for it. Otherwise NULL
 * @iommu: its IOMMU, or the parent's
 * @flags: SWIOMMU_DEVICE_*
 * @type: type of device
 * @pasid_width: of the PASIDs that it issues, or the parent
 * @group_nr: number of the group that it shares; 0: its own
 * @reserved: what its DMA cannot use; 0 to 0: nothing
 * @group: the kernel's group as long as it is in it, held; under devices_lock
 * @node: in the list of devices, under devices_lock
 * @removal: held while it is made or removed
 * @state: enum swiommu_state
 * @pdev: the kernel's device; NULL for a mediated one
 * @misc: its device file, while the driver is bound
 * @name: of that file
 * @bindings: who has bound it
 * @reporting: held for reading while page requests are on their way to a handler,
 *	for writing while a context changes
 * @user: the file through which DMA may be asked for, NULL if it is not bound; from
 *	here on under swiommu.lock
 * @works: struct swiommu_work that its portal has taken
 * @released: the kernel has taken it from behind the IOMMU
 * @no_pasid: the entry for DMA without PASID; in @contexts too
 * @contexts: the PASID table, struct swiommu_context
 * @tlb: the device TLB
 * @requests: page requests that somebody waits for
 * @nr_requests: that there have been
 */
struct swiommu_device {
	struct kref kref;
	u32 id;
	u64 rid;
	struct swiommu_device *parent;
	struct swiommu *iommu;
	u32 flags;
	u32 type;
	u32 pasid_width;
	u32 group_nr;
	struct ioasid_range reserved;
	struct iommu_group *group;
	struct list_head node;
	struct mutex removal; /* one makes or removes it */
	enum swiommu_state state;
	struct platform_device *pdev;
	struct miscdevice misc;
	char name[32];
	struct ioasid_bindings bindings;
	struct rw_semaphore reporting;
	struct file *user;
	struct list_head works;
	bool released;
	struct swiommu_context no_pasid;
	struct xarray contexts;
	struct swiommu_cache tlb;
	struct list_head requests;
	u32 nr_requests;
};

/* The IOMMU that a domain is for, or NULL; with it comes all that depends on it */
static inline struct swiommu *swiommu_domain_iommu(struct swiommu_domain *domain)
{
	/* Pairs with swiommu_domain_finalize(): it may be on its way */
	return smp_load_acquire(&domain->iommu);
}

/**
 * swiommu_context() - a device's context
 * @dev: the device
 * @pasid: the PASID, or 0
 *
 * Context: swiommu.lock is held, or the kernel's lock of the group.
 * Return: the context; NULL: there is none for that PASID.
 */
static inline struct swiommu_context *swiommu_context(struct swiommu_device *dev, u32 pasid)
{
	return pasid ? xa_load(&dev->contexts, pasid) : &dev->no_pasid;
}

#endif /* SWIOMMU_H */
