/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Software IOMMUs and software devices behind them: a test vehicle. Whoever can
 * open the control file can have devices do DMA to what the kernel maps for
 * them; it is root's alone.
 *
 * The control file, /dev/ioasid_swiommu, makes and removes devices. Each has a
 * device file, /dev/ioasid_swiommuN, whose fd takes the IOASID_DEVICE_* ioctls of
 * linux/ioasid.h and those below. The rules for structures and the common errors
 * stand there too.
 */
#ifndef _UAPI_LINUX_IOASID_SWIOMMU_H
#define _UAPI_LINUX_IOASID_SWIOMMU_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* On the control file */
#define SWIOMMU_IOMMU_GET_INFO	_IO(';', 0xD0)
#define SWIOMMU_IOMMU_DEBUG	_IO(';', 0xD1)
#define SWIOMMU_DEVICE_CREATE	_IO(';', 0xD2)
#define SWIOMMU_DEVICE_DESTROY	_IO(';', 0xD3)

/* On a device file */
#define SWIOMMU_DEVICE_GET_INFO	_IO(';', 0xF0)
#define SWIOMMU_DMA		_IO(';', 0xF1)

/**
 * struct swiommu_cache_info - what a cache has seen since it was made
 * @hits: translations that it had
 * @misses: translations that it did not have
 * @invalidations: requests to invalidate that it obeyed
 * @dropped: requests that it ignored, see SWIOMMU_IOMMU_DEBUG
 * @entries: what is in it now
 *
 * An entry stays in a cache until it is invalidated, or the cache is full and it is the
 * oldest one: there is room for 16384 pages in an IOTLB, 1024 in a device TLB, and for
 * 4096 RIDs and PASIDs in a PASID cache.
 */
struct swiommu_cache_info {
	__aligned_u64 hits;
	__aligned_u64 misses;
	__aligned_u64 invalidations;
	__aligned_u64 dropped;
	__aligned_u64 entries;
};

/**
 * struct swiommu_iommu_info - SWIOMMU_IOMMU_GET_INFO
 * @argsz: size of this structure
 * @flags: in: must be 0; out: SWIOMMU_IOMMU_*
 * @iommu: in: which IOMMU, from 0 on
 * @nr_iommus: out: how many there are
 * @addr_width: out: width of an I/O virtual address, bits
 * @pasid_width: out: width of a PASID, bits
 * @pgsizes: out: bitmap of page sizes
 * @walks: out: page table walks
 * @iotlb: out: the IOTLB, by domain and page
 * @pasid_cache: out: the PASID cache: which table a RID and PASID lead to
 * @strays: out: pages that DMA went to, of folios that nobody had pinned, while the module's
 *	parameter faulty was off. Devices of users have none, or memory has been unpinned that they
 *	reach; what a kernel driver maps need not be pinned
 *
 * Errors: ENODEV (there is no such IOMMU).
 */
struct swiommu_iommu_info {
	__u32 argsz;
	__u32 flags;
#define SWIOMMU_IOMMU_SNOOP	(1 << 0) /* can make no-snoop DMA snoop */
	__u32 iommu;
	__u32 nr_iommus;
	__u32 addr_width;
	__u32 pasid_width;
	__aligned_u64 pgsizes;
	__aligned_u64 walks;
	struct swiommu_cache_info iotlb;
	struct swiommu_cache_info pasid_cache;
	__aligned_u64 strays;
};

/**
 * struct swiommu_iommu_debug - SWIOMMU_IOMMU_DEBUG
 * @argsz: size of this structure
 * @flags: SWIOMMU_DROP_*: the caches that are meant
 * @iommu: which IOMMU
 * @count: how many requests; 0 ends it
 *
 * Has each of the caches ignore the next @count requests to invalidate that are
 * made to it, so that a test can see what it sees when one is missing. The device
 * TLBs of all devices behind the IOMMU count as one cache here. DMA may go to memory of
 * other users and to the page cache then, but not to the kernel's slabs and page tables.
 *
 * Errors: EPERM (the module's parameter faulty is off), ENODEV (there is no such IOMMU).
 */
struct swiommu_iommu_debug {
	__u32 argsz;
	__u32 flags;
#define SWIOMMU_DROP_IOTLB		(1 << 0)
#define SWIOMMU_DROP_PASID_CACHE	(1 << 1)
#define SWIOMMU_DROP_DEVICE_TLB		(1 << 2)
	__u32 iommu;
	__u32 count;
};

/**
 * struct swiommu_device_create - SWIOMMU_DEVICE_CREATE
 * @argsz: size of this structure
 * @flags: SWIOMMU_DEVICE_*
 * @iommu: the IOMMU that it is behind
 * @type: what it says that it is. Physical: 1 issues no PASIDs; 4 has its PASID table from
 *	the user (not offered yet: it is as 5); 5 has PASIDs; 7 the same, and CPU
 *	instructions send them. Mediated, with a parent that does its DMA: 3 has one fixed
 *	PASID; 6 PASIDs of its own; 8 the same, and CPU instructions send them. 2: made up
 *	by software, behind no IOMMU
 * @pasid_width: width of the PASIDs that it issues, bits, up to 20; 0: none
 * @group: 0: an IOMMU group of its own; otherwise it shares one with all devices
 *	behind the same IOMMU that have the same number
 * @device: out: number of the device, N in /dev/ioasid_swiommuN
 * @parent: of a mediated device: number of the physical one that does its DMA.
 *	@flags, @iommu, @pasid_width, @group and the reserved addresses are the
 *	parent's, and 0 here. Otherwise 0; and 0 all of them with type 2
 * @reserved_start: first of the addresses that its DMA cannot use
 * @reserved_last: last of them; both 0: it can use all
 *
 * A device that says that it issues no PASIDs (type 1) can be made to do so
 * nevertheless, as wide as @pasid_width.
 *
 * Errors: ENODEV (there is no such IOMMU, or parent), EINVAL (type, width or reserved
 * addresses out of range; the parent is a mediated device or one of type 2), EBUSY (the
 * parent is being removed), ENOSPC (too many devices), EOPNOTSUPP (the kernel takes no
 * page requests of an IOMMU's that is a module).
 */
struct swiommu_device_create {
	__u32 argsz;
	__u32 flags;
#define SWIOMMU_DEVICE_TLB	(1 << 0) /* it has a device TLB */
#define SWIOMMU_DEVICE_FAULTS	(1 << 2) /* it asks for pages that are not there */
	__u32 iommu;
	__u32 type;
	__u32 pasid_width;
	__u32 group;
	__u32 device;
	__u32 parent;
	__aligned_u64 reserved_start;
	__aligned_u64 reserved_last;
};

/**
 * struct swiommu_device_destroy - SWIOMMU_DEVICE_DESTROY
 * @argsz: size of this structure
 * @flags: must be 0
 * @device: its number
 * @__reserved: must be 0
 *
 * Takes a device away, whoever uses it: its bindings end and its files answer
 * ENODEV. The mediated devices whose parent it is go first, one by one. Waits for calls
 * that users have under way with it, as long as their memory takes; no call on another
 * device waits for that.
 *
 * Errors: ENODEV (there is no such device), EINTR (killed: the device is as it was, but
 * for mediated devices that have gone).
 */
struct swiommu_device_destroy {
	__u32 argsz;
	__u32 flags;
	__u32 device;
	__u32 __reserved;
};

/**
 * struct swiommu_device_info - SWIOMMU_DEVICE_GET_INFO
 * @argsz: size of this structure
 * @flags: in: must be 0; out: SWIOMMU_DEVICE_*
 * @iommu: out: the IOMMU that it is behind, or its parent
 * @type: out: as made
 * @pasid_width: out: as made, or the parent's
 * @group: out: as made
 * @tlb: out: its device TLB
 * @requests: out: page requests that it has made
 *
 * May be asked for before the device is bound.
 */
struct swiommu_device_info {
	__u32 argsz;
	__u32 flags;
	__u32 iommu;
	__u32 type;
	__u32 pasid_width;
	__u32 group;
	struct swiommu_cache_info tlb;
	__aligned_u64 requests;
};

/**
 * enum swiommu_dma_op - what DMA does
 * @SWIOMMU_DMA_READ: memory at iova is read into the caller's buffer
 * @SWIOMMU_DMA_WRITE: the caller's buffer is written to memory at iova
 * @SWIOMMU_DMA_COPY: memory at src is read and written to memory at iova
 */
enum swiommu_dma_op {
	SWIOMMU_DMA_READ = 0,
	SWIOMMU_DMA_WRITE = 1,
	SWIOMMU_DMA_COPY = 2,
};

/**
 * enum swiommu_fault - why DMA ended early
 * @SWIOMMU_FAULT_NONE: it did not
 * @SWIOMMU_FAULT_BLOCKED: nothing is attached to the RID, or to the PASID. Of work
 *	that came through a command portal also: that PASID has ended since, or the
 *	portal was closed
 * @SWIOMMU_FAULT_WIDTH: the address is wider than the IOMMU takes
 * @SWIOMMU_FAULT_NOT_MAPPED: nothing is mapped there
 * @SWIOMMU_FAULT_PERMISSION: what is mapped there may not be read, or written to
 * @SWIOMMU_FAULT_NO_MEMORY: the address leads to no memory, or to memory that
 *	nobody uses: if something was mapped there, an invalidation is missing. With the
 *	module's parameter faulty also: to memory of the kernel's own
 */
enum swiommu_fault {
	SWIOMMU_FAULT_NONE = 0,
	SWIOMMU_FAULT_BLOCKED = 1,
	SWIOMMU_FAULT_WIDTH = 2,
	SWIOMMU_FAULT_NOT_MAPPED = 3,
	SWIOMMU_FAULT_PERMISSION = 4,
	SWIOMMU_FAULT_NO_MEMORY = 5,
};

/**
 * struct swiommu_dma - SWIOMMU_DMA
 * @argsz: size of this structure
 * @flags: in: SWIOMMU_DMA_PASID, SWIOMMU_DMA_NO_SNOOP; out: also
 *	SWIOMMU_DMA_SNOOPED
 * @op: enum swiommu_dma_op
 * @pasid: the PASID that it carries, with SWIOMMU_DMA_PASID, otherwise 0. Of a
 *	mediated device the caller's: what is on the wire is what stands for it when
 *	a page is moved, and for none its default one
 * @iova: where, bytes
 * @src: with SWIOMMU_DMA_COPY: where from, otherwise 0
 * @length: bytes, up to SWIOMMU_DMA_MAX; 0 does nothing
 * @data: address of the caller's buffer, 0 with SWIOMMU_DMA_COPY
 * @done: out: bytes that were moved
 * @fault: out: enum swiommu_fault
 * @fault_ioasid: in: must be 0; out: with a PASID and a fault: handle of the address
 *	space that is attached to it, or 0 if none is
 * @fault_addr: out: the address at which it ended, if it did so early
 * @fault_pasid: in: must be 0; out: with @fault_ioasid: the PASID as the user knows it
 * @__reserved: must be 0
 * @fault_cookie: in: must be 0; out: with @fault_ioasid: the device as the user
 *	knows it
 *
 * Has the device do DMA and waits for its end. DMA that is blocked is no error of
 * the call. It goes page by page; what a flush of the IOMMU finds under way is done
 * when the flush is.
 *
 * A device with SWIOMMU_DEVICE_FAULTS that finds a page not mapped, or not for that,
 * asks for it and waits for the answer: from the handler of the domain that is
 * attached to the PASID, and no if there is none. It asks up to 16 times for a page.
 * What changes the attachment, or ends the binding, is a no.
 *
 * Errors: EINVAL (the device is not bound through this file; op, PASID or length
 * out of range; addresses that wrap), EFAULT (@data; what has been moved stays so),
 * EINTR (killed, likewise), ENODEV (the device is gone).
 */
struct swiommu_dma {
	__u32 argsz;
	__u32 flags;
#define SWIOMMU_DMA_PASID	(1 << 0)
#define SWIOMMU_DMA_NO_SNOOP	(1 << 1) /* as a device would by the TLP attribute */
#define SWIOMMU_DMA_SNOOPED	(1 << 2) /* not said no-snoop, or made to snoop */
	__u32 op;
	__u32 pasid;
	__aligned_u64 iova;
	__aligned_u64 src;
	__aligned_u64 length;
	__aligned_u64 data;
	__aligned_u64 done;
	__u32 fault;
	__u32 fault_ioasid;
	__aligned_u64 fault_addr;
	__u32 fault_pasid;
	__u32 __reserved;
	__aligned_u64 fault_cookie;
};

#define SWIOMMU_DMA_MAX		(64U << 20)

#endif /* _UAPI_LINUX_IOASID_SWIOMMU_H */
