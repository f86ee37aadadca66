/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User-managed I/O address spaces.
 *
 * Two kinds of file descriptor take these ioctls: the I/O address space fd
 * (open /dev/iommu, or /dev/ioasid where the kernel has a /dev/iommu of its
 * own) and the device fd (open /dev/vfio/devices/vfioN).
 *
 * Rules that hold for every structure:
 *
 * - @argsz is the size of the structure that the caller knows. A shorter one
 *   from an older header is accepted, what it lacks being zero; shorter than
 *   the first release's is EINVAL. A longer one, up to 4096 bytes, is accepted
 *   if the tail that the kernel does not know is zero, otherwise E2BIG.
 * - Unknown @flags and nonzero reserved fields: EINVAL.
 * - Layouts are the same for 32-bit and 64-bit callers.
 * - Unless said otherwise an error leaves everything as it was, save that what
 *   has been done stays done if another thread takes away the memory that the
 *   answer goes to. Every ioctl may fail with EFAULT (the structure cannot be read or written), ENOMEM,
 *   or EINTR (a signal killed the caller while it waited).
 * - ENOTTY: not an ioctl of this file descriptor.
 * - ENOSPC: what is asked for would be more than there is, or more than one user may
 *   hold. Limited, for all files of a user together, are open I/O address space fds,
 *   page tables, attachments, PASIDs of the kernel's global allocator, and pages of
 *   devices' PASID tables (module parameters max_... of ioasidfd). fdinfo of an I/O
 *   address space fd shows what the user that opened it holds, and may hold. open()
 *   of one may fail with ENOSPC, too.
 *
 * Addresses, lengths and page sizes are bytes. Ranges are [start, last], both
 * ends belonging to the range.
 */
#ifndef _UAPI_LINUX_IOASID_H
#define _UAPI_LINUX_IOASID_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IOASID_IOCTL_TYPE	';'

/* On the I/O address space fd */
#define IOMMU_CHECK_EXTENSION	_IO(IOASID_IOCTL_TYPE, 0xC0)
#define IOMMU_DEVICE_GET_INFO	_IO(IOASID_IOCTL_TYPE, 0xC1)
#define IOMMU_IOASID_ALLOC	_IO(IOASID_IOCTL_TYPE, 0xC2)
#define IOMMU_IOASID_FREE	_IO(IOASID_IOCTL_TYPE, 0xC3)
#define IOMMU_IOASID_GET_INFO	_IO(IOASID_IOCTL_TYPE, 0xC4)
#define IOMMU_MAP_DMA		_IO(IOASID_IOCTL_TYPE, 0xC5)
#define IOMMU_UNMAP_DMA		_IO(IOASID_IOCTL_TYPE, 0xC6)

/* On the device fd */
#define IOASID_DEVICE_BIND	_IO(IOASID_IOCTL_TYPE, 0xE0)
#define IOASID_DEVICE_UNBIND	_IO(IOASID_IOCTL_TYPE, 0xE1)
#define IOASID_DEVICE_ATTACH	_IO(IOASID_IOCTL_TYPE, 0xE2)
#define IOASID_DEVICE_DETACH	_IO(IOASID_IOCTL_TYPE, 0xE3)
#define IOASID_DEVICE_PASID_INFO _IO(IOASID_IOCTL_TYPE, 0xE4)
#define IOASID_DEVICE_SET_PASID_FLOOR _IO(IOASID_IOCTL_TYPE, 0xE5)
#define IOASID_DEVICE_ALIAS	_IO(IOASID_IOCTL_TYPE, 0xE6)

/**
 * enum ioasid_extension - arguments of IOMMU_CHECK_EXTENSION
 * @IOASID_EXT_TYPE1V2_MAP: map and unmap with the semantics of VFIO type1v2
 * @IOASID_EXT_MAP_ARRAY: many ranges in one map or unmap call
 * @IOASID_EXT_NESTING_SW: nesting composed by software
 * @IOASID_EXT_NESTING_HW: nesting walked by an IOMMU
 * @IOASID_EXT_USER_PAGE_TABLE: page tables written by the user
 * @IOASID_EXT_USER_PASID_TABLE: PASID tables written by the user
 * @IOASID_EXT_MULTI_DEVICE_GROUPS: devices that share an IOMMU group
 * @IOASID_EXT_NO_SNOOP: devices that may do no-snoop DMA: IOASID_ATTACH_NO_SNOOP is
 *	heeded, and whoever has to know in the kernel is told. The CPU's caches are
 *	flushed for nobody
 * @IOASID_EXT_DIRTY_TRACKING: dirty page tracking
 * @IOASID_EXT_PASID: attach by RID and PASID
 * @IOASID_EXT_PASID_ALIAS: a second number for an attached PASID
 * @IOASID_EXT_FAULTS: I/O page faults delivered to the user
 * @IOASID_EXT_SHARED_CPU_TABLE: an address space that is the caller's own
 * @IOASID_EXT_IOMMUFD: the iommufd ABI on the same file descriptor
 *
 * ioctl(fd, IOMMU_CHECK_EXTENSION, extension) takes the number itself, not a
 * pointer, and returns 1 if this module on this kernel can do it, otherwise 0;
 * unknown numbers are 0. What a particular device can do is said by
 * IOMMU_DEVICE_GET_INFO.
 */
enum ioasid_extension {
	IOASID_EXT_TYPE1V2_MAP = 1,
	IOASID_EXT_MAP_ARRAY = 2,
	IOASID_EXT_NESTING_SW = 3,
	IOASID_EXT_NESTING_HW = 4,
	IOASID_EXT_USER_PAGE_TABLE = 5,
	IOASID_EXT_USER_PASID_TABLE = 6,
	IOASID_EXT_MULTI_DEVICE_GROUPS = 7,
	IOASID_EXT_NO_SNOOP = 8,
	IOASID_EXT_DIRTY_TRACKING = 9,
	IOASID_EXT_PASID = 10,
	IOASID_EXT_PASID_ALIAS = 11,
	IOASID_EXT_FAULTS = 12,
	IOASID_EXT_SHARED_CPU_TABLE = 13,
	IOASID_EXT_IOMMUFD = 14,
};

/**
 * struct ioasid_range - a range of I/O virtual addresses
 * @start: first address
 * @last: last address, not below @start
 */
struct ioasid_range {
	__aligned_u64 start;
	__aligned_u64 last;
};

/**
 * enum ioasid_iommu_vendor - who made a device's IOMMU
 * @IOASID_IOMMU_OTHER: none of the others (virtio-iommu, for one)
 * @IOASID_IOMMU_INTEL_VTD: Intel VT-d
 * @IOASID_IOMMU_AMD: AMD-Vi
 * @IOASID_IOMMU_ARM_SMMUV3: Arm SMMUv3
 */
enum ioasid_iommu_vendor {
	IOASID_IOMMU_OTHER = 0,
	IOASID_IOMMU_INTEL_VTD = 1,
	IOASID_IOMMU_AMD = 2,
	IOASID_IOMMU_ARM_SMMUV3 = 3,
};

/**
 * struct ioasid_cap_header - head of a record of IOMMU_DEVICE_GET_INFO
 * @id: what the record says, enum ioasid_cap_id; skip what you do not know
 * @version: of the record's layout; a higher one only adds to the end
 * @size: of the record, header included, a multiple of 8: the next record
 *	begins that many bytes further on
 */
struct ioasid_cap_header {
	__u16 id;
	__u16 version;
	__u32 size;
};

/**
 * enum ioasid_cap_id - records of IOMMU_DEVICE_GET_INFO
 * @IOASID_CAP_IOVA_RANGES: struct ioasid_cap_iova_ranges, always there
 * @IOASID_CAP_HW_VTD: struct ioasid_cap_hw, the capability and extended
 *	capability registers of VT-d (specification 11.4.2, 11.4.3)
 * @IOASID_CAP_HW_AMD: struct ioasid_cap_hw, the IOMMU capability header and
 *	the extended feature register of AMD-Vi (specification 3.2.1, 3.4.10)
 */
enum ioasid_cap_id {
	IOASID_CAP_IOVA_RANGES = 1,
	IOASID_CAP_HW_VTD = 2,
	IOASID_CAP_HW_AMD = 3,
};

/**
 * struct ioasid_cap_iova_ranges - what addresses a device's DMA may use
 * @header: id IOASID_CAP_IOVA_RANGES
 * @ranges: the permitted ranges in ascending order. What lies between them is
 *	reserved (interrupt windows, for one) or beyond the IOMMU's reach
 */
struct ioasid_cap_iova_ranges {
	struct ioasid_cap_header header;
	struct ioasid_range ranges[];
};

/**
 * struct ioasid_cap_hw - registers of the IOMMU as its vendor defines them
 * @header: id IOASID_CAP_HW_VTD or IOASID_CAP_HW_AMD
 * @reg: as the id says
 */
struct ioasid_cap_hw {
	struct ioasid_cap_header header;
	__aligned_u64 reg[2];
};

/**
 * struct ioasid_device_info - IOMMU_DEVICE_GET_INFO
 * @argsz: size of this structure
 * @flags: in: must be 0; out: IOASID_DEVICE_INFO_*
 * @cookie: in: names the bound device
 * @pgsizes: out: bitmap of the page sizes that the IOMMU takes
 * @addr_width: out: width of an I/O virtual address, bits
 * @vendor: out: enum ioasid_iommu_vendor
 * @pasid_width: out: width of the PASIDs that can be attached, 0 if none can
 * @pasid_flags: out: as in struct ioasid_pasid_info
 * @group_devices: out: number of devices in the device's IOMMU group just now,
 *	bound or not
 * @caps_len: in: size of the buffer at @caps; out: size of all records
 * @caps: in: address of a buffer for the records
 *
 * What a bound device and its IOMMU can do. The records are written one after
 * the other; a @caps_len of 0 asks for their size only.
 *
 * Errors: ENODEV (no device with that cookie is bound to this fd), EMSGSIZE
 * (@caps_len is too small: it is set to what is needed, no record written).
 */
struct ioasid_device_info {
	__u32 argsz;
	__u32 flags;
#define IOASID_DEVICE_INFO_ENFORCE_SNOOP	(1 << 0) /* can be enforced */
#define IOASID_DEVICE_INFO_ATOMIC_REPLACE	(1 << 1) /* no gap on replace */
#define IOASID_DEVICE_INFO_DIRTY_TRACKING	(1 << 2)
#define IOASID_DEVICE_INFO_FAULT_RID		(1 << 3) /* faults without PASID */
#define IOASID_DEVICE_INFO_FAULT_PASID		(1 << 4) /* faults with PASID */
#define IOASID_DEVICE_INFO_UNSAFE_MSI		(1 << 5) /* no isolated MSI */
#define IOASID_DEVICE_INFO_ATOMIC_REPLACE_PASID	(1 << 6) /* nor by PASID */
	__aligned_u64 cookie;
	__aligned_u64 pgsizes;
	__u32 addr_width;
	__u32 vendor;
	__u32 pasid_width;
	__u32 pasid_flags;
	__u32 group_devices;
	__u32 caps_len;
	__aligned_u64 caps;
};

/**
 * enum ioasid_format - how an address space is described, and who writes it
 * @IOASID_FORMAT_KERNEL: by IOMMU_MAP_DMA and IOMMU_UNMAP_DMA; the kernel
 *	writes the page table
 */
enum ioasid_format {
	IOASID_FORMAT_KERNEL = 0,
};

/**
 * enum ioasid_snoop - whether no-snoop DMA is forced to snoop
 * @IOASID_SNOOP_AUTO: where the IOMMU can
 * @IOASID_SNOOP_ON: always; a device whose IOMMU cannot is not attached
 * @IOASID_SNOOP_OFF: never
 *
 * A device that was attached with the hint IOASID_ATTACH_NO_SNOOP is taken to get past
 * the CPU's caches where its DMA is not forced to snoop: with IOASID_SNOOP_OFF, and
 * with IOASID_SNOOP_AUTO behind an IOMMU that cannot. Without the hint it is taken
 * at its user's word that it does not.
 */
enum ioasid_snoop {
	IOASID_SNOOP_AUTO = 0,
	IOASID_SNOOP_ON = 1,
	IOASID_SNOOP_OFF = 2,
};

/**
 * struct ioasid_alloc - IOMMU_IOASID_ALLOC
 * @argsz: size of this structure
 * @flags: IOASID_ALLOC_*: what the address space must be able to do later
 * @format: enum ioasid_format
 * @snoop: enum ioasid_snoop
 * @addr_width: narrow the address space to so many bits, 12 to 64; 0: as wide
 *	as the attached devices allow
 * @parent: the address space to nest on; 0: none
 * @nr_ranges: number of @ranges, at most IOASID_MAX_RANGES; 0: no hint
 * @format_len: size of the data at @format_data
 * @ranges: address of an array of struct ioasid_range: only addresses in these
 *	will be mapped. Page-aligned; they may touch or overlap, in any order
 * @format_data: address of data that the format wants, 0 for
 *	IOASID_FORMAT_KERNEL
 * @fault_fd: fd to deliver faults to, with IOASID_ALLOC_FAULT_FD, otherwise 0
 * @ioasid: out: the handle of the new address space, above 0
 *
 * Makes an I/O address space. It is empty.
 *
 * Errors: EOPNOTSUPP (a format, parent or flag that is not offered on this
 * kernel), EINVAL (addr_width, snoop, format data or ranges out of bounds),
 * E2BIG (too many ranges), ENOSPC (no handle left).
 */
struct ioasid_alloc {
	__u32 argsz;
	__u32 flags;
#define IOASID_ALLOC_NEST_PARENT	(1 << 0)
#define IOASID_ALLOC_DIRTY_TRACKING	(1 << 1)
#define IOASID_ALLOC_PASID		(1 << 2)
#define IOASID_ALLOC_FAULT_FD		(1 << 3)
	__u32 format;
	__u32 snoop;
	__u32 addr_width;
	__u32 parent;
	__u32 nr_ranges;
	__u32 format_len;
	__aligned_u64 ranges;
	__aligned_u64 format_data;
	__s32 fault_fd;
	__u32 ioasid;
};

#define IOASID_MAX_RANGES	1024

/**
 * struct ioasid_free - IOMMU_IOASID_FREE
 * @argsz: size of this structure
 * @flags: must be 0
 * @ioasid: the address space
 * @__reserved: must be 0
 *
 * Ends an address space, with all that is mapped in it.
 *
 * Errors: ENOENT (no such address space), EBUSY (it is attached or a parent).
 */
struct ioasid_free {
	__u32 argsz;
	__u32 flags;
	__u32 ioasid;
	__u32 __reserved;
};

/**
 * enum ioasid_nesting - how an address space is nested
 * @IOASID_NESTING_NONE: it is a root
 */
enum ioasid_nesting {
	IOASID_NESTING_NONE = 0,
};

/**
 * struct ioasid_attachment - where an address space is attached
 * @cookie: of the device; each of those of a group that it is attached to
 * @flags: IOASID_ATTACHMENT_*
 * @pasid: the PASID as the user knows it, with IOASID_ATTACHMENT_PASID
 */
struct ioasid_attachment {
	__aligned_u64 cookie;
	__u32 flags;
#define IOASID_ATTACHMENT_PASID	(1 << 0)
#define IOASID_ATTACHMENT_NO_SNOOP (1 << 1) /* attached with that hint */
	__u32 pasid;
};

/**
 * struct ioasid_info - IOMMU_IOASID_GET_INFO
 * @argsz: size of this structure
 * @flags: in: must be 0; out: IOASID_INFO_*
 * @ioasid: in: the address space
 * @format: out: enum ioasid_format
 * @parent: out: the address space it is nested on, or 0
 * @nesting: out: enum ioasid_nesting
 * @snoop: out: enum ioasid_snoop as given to IOMMU_IOASID_ALLOC
 * @addr_width: out: width of an address, bits, as narrowed by the attached
 *	devices
 * @pgsizes: out: bitmap of the page sizes that all attached IOMMUs take; the
 *	lowest is what addresses and lengths of mappings must be aligned to
 * @mapped: out: bytes that are mapped
 * @pinned: out: bytes whose pages are pinned and charged; none before the
 *	first attach
 * @nr_ranges: in: room at @ranges; out: number of permitted ranges
 * @nr_attachments: in: room at @attachments; out: number of attachments
 * @ranges: in: address for an array of struct ioasid_range: the permitted
 *	ranges, as narrowed by hints and by every attached device
 * @attachments: in: address for an array of struct ioasid_attachment
 *
 * Errors: ENOENT (no such address space), EMSGSIZE (@nr_ranges or
 * @nr_attachments is not 0 and too small: both are set to what is there, the
 * arrays not written).
 */
struct ioasid_info {
	__u32 argsz;
	__u32 flags;
#define IOASID_INFO_SNOOP_ENFORCED	(1 << 0) /* behind all attached devices */
#define IOASID_INFO_NO_SNOOP		(1 << 1) /* one may do no-snoop DMA */
	__u32 ioasid;
	__u32 format;
	__u32 parent;
	__u32 nesting;
	__u32 snoop;
	__u32 addr_width;
	__aligned_u64 pgsizes;
	__aligned_u64 mapped;
	__aligned_u64 pinned;
	__u32 nr_ranges;
	__u32 nr_attachments;
	__aligned_u64 ranges;
	__aligned_u64 attachments;
};

/**
 * struct ioasid_map_range - one of many to map
 * @flags: IOASID_MAP_READ, IOASID_MAP_WRITE or both
 * @__reserved: must be 0
 * @vaddr: as in struct ioasid_map
 * @iova: as there
 * @length: as there
 */
struct ioasid_map_range {
	__u32 flags;
	__u32 __reserved;
	__aligned_u64 vaddr;
	__aligned_u64 iova;
	__aligned_u64 length;
};

/**
 * struct ioasid_map - IOMMU_MAP_DMA
 * @argsz: size of this structure
 * @flags: IOASID_MAP_READ, IOASID_MAP_WRITE or both: what devices may do
 * @ioasid: the address space
 * @__reserved: must be 0
 * @vaddr: address of the memory in the calling process
 * @iova: I/O virtual address to map it at
 * @length: bytes, not 0
 * @nr_ranges: 0, or the number of @ranges
 * @nr_done: in: must be 0; out: how many of @ranges are mapped, on error too
 * @ranges: with @nr_ranges: address of an array of struct ioasid_map_range, which
 *	say what to map; @flags, @vaddr, @iova and @length are 0. Otherwise 0
 *
 * Maps memory of the caller. Addresses and lengths are multiples of the smallest
 * page size (IOMMU_IOASID_GET_INFO), which is the CPU's. Some IOMMUs let a device
 * read what is mapped with IOASID_MAP_WRITE alone. As long as a device
 * is attached the memory is pinned and charged against RLIMIT_MEMLOCK of the
 * user who mapped it; before the first attach neither is done, and the memory
 * is not looked at.
 *
 * An array is mapped in order. At the first range that cannot be mapped it ends
 * with that range's error: the @nr_done before it are mapped, it and those after
 * it are not.
 *
 * Errors: ENOENT (no such address space), EINVAL (no or unknown flags,
 * alignment, a length of 0, a range that wraps, or one that is not permitted),
 * EEXIST (something is mapped in the range), EFAULT (the memory is not there,
 * is not writable for IOASID_MAP_WRITE, or cannot be pinned: device memory,
 * for one; or the IOMMU's driver has failed), ENOMEM (or RLIMIT_MEMLOCK is exceeded),
 * EINTR (killed).
 */
struct ioasid_map {
	__u32 argsz;
	__u32 flags;
#define IOASID_MAP_READ		(1 << 0)
#define IOASID_MAP_WRITE	(1 << 1)
	__u32 ioasid;
	__u32 __reserved;
	__aligned_u64 vaddr;
	__aligned_u64 iova;
	__aligned_u64 length;
	__u32 nr_ranges;
	__u32 nr_done;
	__aligned_u64 ranges;
};

/**
 * struct ioasid_unmap_range - one of many to unmap
 * @iova: as in struct ioasid_unmap
 * @length: as there
 */
struct ioasid_unmap_range {
	__aligned_u64 iova;
	__aligned_u64 length;
};

/**
 * struct ioasid_unmap - IOMMU_UNMAP_DMA
 * @argsz: size of this structure
 * @flags: IOASID_UNMAP_ALL or 0
 * @ioasid: the address space
 * @__reserved: must be 0
 * @iova: first address
 * @length: bytes, not 0; with IOASID_UNMAP_ALL @iova and @length are 0
 * @unmapped: out: bytes unmapped, of an array on error too
 * @nr_ranges: 0, or the number of @ranges
 * @nr_done: in: must be 0; out: how many of @ranges are unmapped, on error too
 * @ranges: with @nr_ranges: address of an array of struct ioasid_unmap_range,
 *	which say what to unmap; @flags, @iova and @length are 0. Otherwise 0
 *
 * Unmaps every mapping in a range; there may be none, which is no error. When
 * it returns no device can reach the memory any more and its pages are not
 * pinned.
 *
 * An array is unmapped in order. At the first range that cannot be unmapped it
 * ends with that range's error: the @nr_done before it are unmapped, nothing of
 * it or of those after it is.
 *
 * Errors: ENOENT (no such address space), EINVAL (alignment, a length of 0, a
 * range that wraps, or one that holds a part of a mapping), EINTR (killed).
 */
struct ioasid_unmap {
	__u32 argsz;
	__u32 flags;
#define IOASID_UNMAP_ALL	(1 << 0)
	__u32 ioasid;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 unmapped;
	__u32 nr_ranges;
	__u32 nr_done;
	__aligned_u64 ranges;
};

/**
 * struct ioasid_bind - IOASID_DEVICE_BIND
 * @argsz: size of this structure
 * @flags: IOASID_BIND_VF_TOKEN or 0
 * @iommu_fd: the I/O address space fd
 * @__reserved: must be 0
 * @cookie: name of the device, unique per I/O address space fd
 * @vf_token: with IOASID_BIND_VF_TOKEN: the UUID that a VF's owner, or a PF
 *	with VFs in use, asks for, in the order in which it is written; otherwise 0
 *
 * Puts the device under the control of the caller. Its DMA is blocked until an
 * address space is attached. Only now does the device fd take any other ioctl,
 * read, write and mmap (EINVAL before). A device fd can be bound to several
 * I/O address space fds.
 *
 * With the device all of its IOMMU group is taken, until the last of its devices
 * is unbound: what has no driver, what is bound to a VFIO driver and not opened,
 * and what is plugged in later. The host's drivers, VFIO's groups and other users
 * get none of it. A group belongs to the I/O address space fd that a device of it
 * is bound to first. Another device of the group can be bound to that one, and
 * the same device to another one through the same open file, which makes that one
 * the group's as well. Whoever drives one device of a group reaches everything
 * that is attached to it: several fds are no border between users.
 *
 * Errors: EBADF (@iommu_fd is not open), EBADFD (it is something else), EEXIST
 * (the cookie is taken), EALREADY (bound to this fd already), EPERM (the device
 * or another of its group is in use by somebody else, through another open file
 * of the device or another I/O address space fd, or by a driver of the host; it is the
 * parent of a mediated device that is bound, or a mediated device whose parent is, by
 * whomever; no isolated MSI and the module parameter allow_unsafe_interrupts is not set), EACCES (the VF token is
 * wrong or missing), EINVAL (no cache-coherent DMA; firmware needs memory mapped for the
 * device; a VF token for a device that wants none), EBUSY (the device is open through VFIO's group), EAGAIN
 * (somebody is resetting or configuring the device, or attaching another of its
 * group, just now; on kernels that take a device in a reset out of what it is attached to
 * also where EPERM says on others that the host has something attached),
 * EFAULT (the IOMMU's driver has failed), EADDRINUSE (something is mapped, behind another device of the
 * group, where this device's DMA is not permitted), ENOSPC (too many objects; the
 * IOMMU has no room for one more page table, or the user may hold no more),
 * ENODEV (no IOMMU, or the device is being removed), EOPNOTSUPP (the devices of
 * its group are not all behind one IOMMU that can do the same for all; a mediated
 * device with PASIDs whose parent has none that could be attached, or is not alone in
 * its group).
 */
struct ioasid_bind {
	__u32 argsz;
	__u32 flags;
#define IOASID_BIND_VF_TOKEN	(1 << 0)
	__s32 iommu_fd;
	__u32 __reserved;
	__aligned_u64 cookie;
	__u8 vf_token[16];
};

/**
 * struct ioasid_unbind - IOASID_DEVICE_UNBIND
 * @argsz: size of this structure
 * @flags: must be 0
 * @iommu_fd: the I/O address space fd, or -1 for all that the device fd is
 *	bound to
 * @__reserved: must be 0
 *
 * Ends a binding and what it attached. With the last one the device is disabled
 * and reset; with the last one of its group it goes back to the kernel. Closing
 * the device fd does the same.
 *
 * Errors: EINVAL (not bound), EBADF, EBADFD (as for bind), EBUSY (it is the last
 * binding and a region of the device is mapped: munmap first).
 */
struct ioasid_unbind {
	__u32 argsz;
	__u32 flags;
	__s32 iommu_fd;
	__u32 __reserved;
};

/**
 * struct ioasid_attach - IOASID_DEVICE_ATTACH
 * @argsz: size of this structure
 * @flags: IOASID_ATTACH_*
 * @iommu_fd: the I/O address space fd
 * @ioasid: the address space
 * @pasid: in: with IOASID_ATTACH_PASID; out: with IOASID_ATTACH_PASID_ALLOC
 * @__reserved: must be 0
 *
 * Puts an address space behind a device. What is attached already is replaced,
 * without a gap if IOMMU_DEVICE_GET_INFO says IOASID_DEVICE_INFO_ATOMIC_REPLACE, or by
 * PASID IOASID_DEVICE_INFO_ATOMIC_REPLACE_PASID, otherwise with the device's DMA blocked
 * in between. A PASID and its alias are replaced one after the other: when the call
 * returns both are. To attach again what is attached
 * changes the hint alone: enum ioasid_snoop says what comes of it.
 *
 * The devices of an IOMMU group share one address space: what is attached to one
 * of them is behind the DMA of all. Attaching it to another one as well keeps it
 * there until both are detached, and lists it twice. Something else can be
 * attached only while no other device of the group is.
 *
 * Errors: EINVAL (not bound to that fd; something in the address space lies
 * outside what the device may use; its IOMMU has only pages that are larger than
 * the CPU's; IOASID_SNOOP_ON and the IOMMU cannot; IOASID_ATTACH_NO_SNOOP for a
 * software-mediated device), EBADF, EBADFD (as for bind), ENOENT
 * (no such address space), EBUSY (attached through another I/O address space
 * fd; another device of the group has another address space, or the same as this
 * one, which cannot be replaced; or a device of the group is being reset just now),
 * EFAULT (mapped memory is gone or cannot be pinned; or the IOMMU's driver has failed),
 * ENOMEM (or RLIMIT_MEMLOCK is exceeded), ENOSPC (the IOMMU has no room for one more
 * page table, or the user may hold no more of those or no more attachments; by PASID also:
 * no number is left, or the user may hold no more of them, or of PASID tables), EIO (the old address space could not
 * be put back after a failure: nothing is attached any more, and the device is
 * blocked; or it has ended before, see struct ioasid_pasid_info), EOPNOTSUPP (the device
 * has no PASIDs, the kernel cannot attach by PASID, or another device is in the IOMMU
 * group). By PASID also EINVAL (0, too wide, or not below the floor; or what the CPU
 * translates the number to, which another device of the fd has already, is too wide for
 * this device's parent), EBUSY (the number is attached through another I/O address space
 * fd, is just being made an alias, or is an IOASID_PASID_GLOBAL one that another device of
 * the same parent has; or the host has those that were tried), EXDEV (see struct
 * ioasid_pasid_info).
 * With any error but EIO what was attached is so as before.
 */
struct ioasid_attach {
	__u32 argsz;
	__u32 flags;
#define IOASID_ATTACH_PASID		(1 << 0)
#define IOASID_ATTACH_PASID_ALLOC	(1 << 1)
#define IOASID_ATTACH_NO_SNOOP		(1 << 2) /* hint: it will do no-snoop DMA */
	__s32 iommu_fd;
	__u32 ioasid;
	__u32 pasid;
	__u32 __reserved;
};

/**
 * struct ioasid_detach - IOASID_DEVICE_DETACH
 * @argsz: size of this structure
 * @flags: IOASID_DETACH_PASID or 0
 * @iommu_fd: the I/O address space fd
 * @pasid: with IOASID_DETACH_PASID, otherwise 0
 *
 * Blocks the device's DMA. If other devices of its IOMMU group are attached that
 * happens with the last of them: until then the IOMMU, which cannot tell them
 * apart, lets this one reach what they do. With the last device an address
 * space's memory is unpinned; what is mapped stays mapped.
 *
 * Errors: EINVAL (not bound to that fd, or the device is not attached), EBADF,
 * EBADFD (as for bind), EBUSY (attached through another I/O address space fd),
 * EOPNOTSUPP (PASID).
 */
struct ioasid_detach {
	__u32 argsz;
	__u32 flags;
#define IOASID_DETACH_PASID	(1 << 0)
	__s32 iommu_fd;
	__u32 pasid;
};

/**
 * struct ioasid_pasid_info - IOASID_DEVICE_PASID_INFO
 * @argsz: size of this structure
 * @flags: in: must be 0; out: IOASID_PASID_*
 * @width: out: width of a PASID, bits; 0: the device issues none that could be
 *	attached just now, and no flag is set
 * @__reserved: must be 0
 *
 * PASIDs need an IOMMU group that has one device, which for a mediated device is its
 * parent: while there is another, or a function of the same PCI slot of which the IOMMU
 * does not know yet (bind a driver to it), @width is 0 and attaching by PASID is
 * EOPNOTSUPP. If a device is plugged in that may be in the group, all attached PASIDs
 * end first, with their aliases: DMA with them is blocked, the kernel's log says so, and
 * listeners in the kernel are told as of a detach. The number, and what it costs,
 * stay the caller's until IOASID_DEVICE_DETACH, or IOASID_DEVICE_ATTACH in its place,
 * which is EIO and detaches it. It can be attached anew when @width is no longer 0.
 * What is attached by RID goes on; the PASID that a mediated device has in its place
 * ends, too. A device that is bound while @width is 0 has no PASIDs through that
 * binding.
 *
 * PASIDs are numbers from 1 to 2^@width - 1. With IOASID_PASID_IDENTICAL they are
 * what the device sends; otherwise they are the caller's own, and the kernel
 * chooses what is sent.
 *
 * CPU instructions that send PASIDs (ENQCMD, for one) send what the program
 * names, or, with IOASID_PASID_CPU_TRANSLATED, what the CPU translates it to. The
 * CPU does that for all devices or for none: a number chosen by the caller for a
 * device with IOASID_PASID_CPU alone, and one of a device with both, cannot be
 * attached through one I/O address space fd at the same time (EXDEV); the former
 * not either while somebody (KVM) translates for that fd, which cannot begin while it
 * is. There the former device takes numbers that the kernel chooses, to which the CPU
 * translates the alias that they are given.
 */
struct ioasid_pasid_info {
	__u32 argsz;
	__u32 flags;
#define IOASID_PASID_DELEGATED		(1 << 0) /* the user owns the PASID table */
#define IOASID_PASID_CPU		(1 << 1) /* CPU instructions send PASIDs */
#define IOASID_PASID_CPU_TRANSLATED	(1 << 2) /* and the CPU translates them */
#define IOASID_PASID_GLOBAL		(1 << 3) /* allocated globally, not per RID */
#define IOASID_PASID_IDENTICAL		(1 << 4) /* vPASID is pPASID */
#define IOASID_PASID_ALIAS		(1 << 5) /* IOASID_DEVICE_ALIAS works */
	__u32 width;
	__u32 __reserved;
};

/**
 * struct ioasid_pasid_floor - IOASID_DEVICE_SET_PASID_FLOOR
 * @argsz: size of this structure
 * @flags: must be 0
 * @iommu_fd: an I/O address space fd that the device is bound to
 * @floor: PASIDs from 1 to @floor - 1 are the caller's to choose, the others the
 *	kernel's; 0: either may take what is free, as in the beginning
 *
 * Sets apart the caller's PASIDs from those that IOASID_ATTACH_PASID_ALLOC returns.
 * Numbers of the kernel's global allocator (see struct ioasid_pasid_info) are looked for
 * among the lowest 4096 that are free: with a floor above that IOASID_ATTACH_PASID_ALLOC
 * may be ENOSPC.
 * It holds for the device, whichever fd it is bound to, until the last of its
 * bindings ends.
 *
 * Errors: EINVAL (not bound to that fd; @floor is above 2^width), EBUSY (a PASID
 * of the device is attached), EBADF, EBADFD (as for bind), EOPNOTSUPP (the device
 * has no PASIDs, or the kernel cannot attach by PASID).
 */
struct ioasid_pasid_floor {
	__u32 argsz;
	__u32 flags;
	__s32 iommu_fd;
	__u32 floor;
};

/**
 * struct ioasid_alias - IOASID_DEVICE_ALIAS
 * @argsz: size of this structure
 * @flags: must be 0
 * @iommu_fd: the I/O address space fd
 * @pasid: an attached PASID
 * @alias: a second number for it, one that the caller may choose
 * @__reserved: must be 0
 *
 * DMA with either number goes to the same address space. From here on every
 * operation covers both, by whichever it is named: IOASID_DEVICE_ATTACH replaces
 * what is behind both, IOASID_DEVICE_DETACH blocks both and ends the alias.
 *
 * Errors: EINVAL (not bound to that fd; nothing is attached to @pasid; @alias is
 * 0, too wide or not below the floor), EBUSY (@alias is attached; @pasid has an
 * alias, or is attached through another I/O address space fd; the CPU translates
 * @alias to something else; the host has @alias; or the device is being reset just now),
 * ENOSPC (the user may hold no more pages of PASID tables), EFAULT (the IOMMU's driver has
 * failed), EBADF, EBADFD (as for bind), EOPNOTSUPP (no IOASID_PASID_ALIAS; or the PASID
 * has ended, see struct ioasid_pasid_info).
 */
struct ioasid_alias {
	__u32 argsz;
	__u32 flags;
	__s32 iommu_fd;
	__u32 pasid;
	__u32 alias;
	__u32 __reserved;
};

#endif /* _UAPI_LINUX_IOASID_H */
