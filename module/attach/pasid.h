/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PASID_H
#define IOASID_PASID_H

#include <linux/rcupdate.h>

#include "attach/numbers.h"
#include "attach/pool.h"
#include "ioas/attachment.h"
#include "ioas/ioas.h"
#include "shim/sole.h"

struct ioasid_cpu_pasid;
struct ioasid_ctx;
struct ioasid_device;
struct ioasid_hwpt;

/**
 * struct ioasid_pasids - the PASIDs of a RID
 * @node: in the list of those in use, under groups_lock
 * @dev: whose RID it is: the bound device, or the parent of mediated ones
 * @shim: of its IOMMU
 * @users: bindings; under groups_lock
 * @shared: by mediated devices, as whose numbers are the kernel's to choose. Otherwise
 *	@dev is in the hands of the one user who chooses them
 * @wire: the numbers that DMA carries. An entry is a struct ioasid_pasid
 * @pool: if @shared: those of @wire that are no type 8 device's
 * @empty: an empty domain of the device
 * @can_snoop: no-snoop DMA can be made to snoop
 * @pgsizes: bitmap of page sizes
 * @aperture: what the IOMMU can translate
 * @nr_reserved: number of @reserved
 * @reserved: ranges that DMA cannot use
 * @msi: as in struct ioasid_route
 * @resets: number of resets of @dev that are under way, as in struct ioasid_group
 * @sole: @dev as the only one of its group, which PASIDs need
 * @ended: PASIDs have ended before their users detached them, and it is not told yet
 * @telling: it is being told, from @tell_from on; both under groups_lock
 * @tell_from: the number of @wire where to go on
 * @rcu: to be freed when nobody looks a number up any more
 */
struct ioasid_pasids {
	struct list_head node;
	struct device *dev;
	const struct ioasid_shim *shim;
	unsigned int users;
	bool shared;
	struct ioasid_numbers wire;
	struct ioasid_pool_rid pool;
	struct iommu_domain *empty;
	bool can_snoop;
	u64 pgsizes;
	struct ioasid_range aperture;
	unsigned int nr_reserved;
	struct ioasid_range *reserved;
	struct ioasid_range msi;
	unsigned int resets;
	struct ioasid_sole sole;
	bool ended;
	bool telling;
	unsigned long tell_from;
	struct rcu_head rcu;
};

/**
 * struct ioasid_pasid_point - an address space behind a PASID
 * @point: the attachment
 * @attached: the one device of @point
 */
struct ioasid_pasid_point {
	struct ioasid_attachment_point point;
	struct ioasid_attached attached;
};

/**
 * struct ioasid_pasid - an address space behind a PASID of a device
 * @node: in the PASIDs of @idev
 * @route: RID and PASID, alias included, and what is attached to them
 * @point: the attached address space, NULL while there is none yet
 * @own_point: room for one; what replaces it while it is in use is apart
 * @hwpt: what is attached was named by this id of a page table, or NULL
 * @idev: the binding that attached it
 * @number: the PASID as the user knows it; 0: a mediated device's default,
 *	which the user knows as the RID
 * @cpu: its number on the wire is of the kernel's global allocator, for CPU
 *	instructions that send it; otherwise NULL
 * @ioasid: of the attached address space, for readers without a lock; 0: none, or it
 *	has ended. What is read after it was found not to be 0 is complete
 * @charge: for the attachment
 * @number_charge: for a number of the pool. What @cpu stands for has its own
 * @rcu: to be freed when nobody looks it up any more
 */
struct ioasid_pasid {
	struct list_head node;
	struct ioasid_route route;
	struct ioasid_pasid_point *point;
	struct ioasid_hwpt *hwpt;
	struct ioasid_device *idev;
	u32 number;
	struct ioasid_cpu_pasid *cpu;
	u32 ioasid;
	/* What follows is filled in when it is needed */
	struct ioasid_pasid_point own_point;
	struct ioasid_charge charge;
	struct ioasid_charge number_charge;
	struct rcu_head rcu;
};

struct ioasid_pasids *ioasid_pasids_get(struct device *dev, bool shared);
struct ioasid_pasids *ioasid_pasids_of(const struct device *dev);
void ioasid_pasids_put(struct ioasid_pasids *pasids);
int ioasid_pasid_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas,
			u32 flags, u32 *number, u32 *old);
int ioasid_pasid_detach(struct ioasid_device *idev, u32 number, u32 *ioasid);
void ioasid_pasid_set_hwpt(struct ioasid_device *idev, u32 number,
			   struct ioasid_hwpt *hwpt);
void ioasid_pasid_detach_all(struct ioasid_device *idev);
u32 ioasid_pasid_ioasid(const struct ioasid_device *idev, u32 number);
bool ioasid_pasids_are_shared(const struct iommu_group *iommu_group);
void ioasid_pasid_tell_end(const struct ioasid_pasid *pasid, u32 ioasid);
void ioasid_portals_end(const struct ioasid_ctx *ctx, u32 ppasid);
void ioasid_pasid_tell_ended(struct ioasid_pasids *pasids, u32 number);
bool ioasid_pasid_is_taken(const struct ioasid_device *idev, u32 number);
void ioasid_pasids_exit(void);
int ioasid_pasid_alias(struct ioasid_device *idev, u32 number, u32 alias);

#endif /* IOASID_PASID_H */
