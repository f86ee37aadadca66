/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PASID_H
#define IOASID_PASID_H

#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "attach/numbers.h"
#include "ioas/ioas.h"

struct ioasid_cpu_pasid;
struct ioasid_device;
struct ioasid_hwpt;

extern struct mutex ioasid_wire_lock;

/**
 * struct ioasid_pasids - the PASIDs of a RID
 * @node: in the list of those in use, under groups_lock and ioasid_wire_lock
 * @dev: whose RID it is: the bound device, or the parent of mediated ones
 * @shim: of its IOMMU
 * @users: bindings; under groups_lock
 * @shared: by mediated devices, as whose numbers are the kernel's to choose. Otherwise
 *	@dev is in the hands of the one user who chooses them
 * @wire: the numbers that DMA carries. An entry is a struct ioasid_pasid
 * @empty: an empty domain of the device
 * @can_snoop: no-snoop DMA can be made to snoop
 * @pgsizes: bitmap of page sizes
 * @aperture: what the IOMMU can translate
 * @nr_reserved: number of @reserved
 * @reserved: ranges that DMA cannot use
 * @msi: as in struct ioasid_route
 * @resets: number of resets of @dev that are under way, as in struct ioasid_group
 * @rcu: to be freed when nobody looks a number up any more
 */
struct ioasid_pasids {
	struct list_head node;
	struct device *dev;
	const struct ioasid_shim *shim;
	unsigned int users;
	bool shared;
	struct ioasid_numbers wire;
	struct iommu_domain *empty;
	bool can_snoop;
	u64 pgsizes;
	struct ioasid_range aperture;
	unsigned int nr_reserved;
	struct ioasid_range *reserved;
	struct ioasid_range msi;
	unsigned int resets;
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
 * @ioasid: of the attached address space, for those who hold no lock; 0: none. What
 *	is read after it was found not to be 0 is complete
 * @charge: for the attachment
 * @rcu: to be freed when nobody looks it up any more
 */
struct ioasid_pasid {
	struct list_head node;
	struct ioasid_route route;
	struct ioasid_pasid_point *point;
	struct ioasid_pasid_point own_point;
	struct ioasid_hwpt *hwpt;
	struct ioasid_device *idev;
	u32 number;
	struct ioasid_cpu_pasid *cpu;
	u32 ioasid;
	struct ioasid_charge charge;
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
bool ioasid_wire_has(u32 number);
void ioasid_pasid_tell_end(const struct ioasid_pasid *pasid, u32 ioasid);
int ioasid_pasid_alias(struct ioasid_device *idev, u32 number, u32 alias);

#endif /* IOASID_PASID_H */
