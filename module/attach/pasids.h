/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PASIDS_H
#define IOASID_PASIDS_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#include "attach/device.h"
#include "attach/numbers.h"
#include "attach/pool.h"
#include "shim/shim.h"
#include "shim/sole.h"

struct iommu_domain;
struct iommu_group;

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
 * ioasid_pasids_are_mediated() - has its user other numbers than those on the wire?
 * @idev: the binding, of a device that has PASIDs
 */
static inline bool ioasid_pasids_are_mediated(const struct ioasid_device *idev)
{
	return idev->numbers != &idev->pasids->wire;
}

struct ioasid_pasids *ioasid_pasids_get(struct device *dev, bool shared);
struct ioasid_pasids *ioasid_pasids_of(const struct device *dev);
struct ioasid_pasids *ioasid_pasids_of_rcu(const struct device *dev);
void ioasid_pasids_put(struct ioasid_pasids *pasids);
bool ioasid_pasids_are_shared(const struct iommu_group *iommu_group);
void ioasid_pasids_exit(void);

#endif /* IOASID_PASIDS_H */
