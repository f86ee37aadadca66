/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_SHIM_H
#define IOASID_SHIM_H

#include <linux/list.h>
#include <linux/types.h>

#include "base/ranges.h"
#include "compat/compat.h"
#include "compat/iommufd_abi.h"

struct ioasid_ioas;
struct ioasid_sole;

/**
 * struct ioasid_pasid_entry - a PASID that is attached, as the kernel knows it
 * @node: in the entries of its device (shim/sole.h)
 * @pasid: the PASID
 * @domain: what it is attached to, or NULL: nothing
 * @ended: it has ended before its user detached it, for good
 *
 * Changes under ioasid_domains_lock.
 */
struct ioasid_pasid_entry {
	struct list_head node;
	u32 pasid;
	bool ended;
	struct iommu_domain *domain;
};

/**
 * struct ioasid_route - what DMA carries, and what it is attached to
 * @group: its RIDs are meant if @pasid is 0; owned by us
 * @msi: where the kernel maps what interrupts are written to, if the IOMMU
 *	translates them like other DMA; else @last is 0
 * @dev: its PASID is meant otherwise
 * @pasid: the PASID, on the wire
 * @alias: a second one that goes with it, or 0
 * @sole: of @dev
 * @domain: the domain, or NULL: blocked by the kernel's own means. That of a PASID may
 *	have ended meanwhile, see ioasid_route_has_ended()
 * @attach: what the kernel needs to be kept
 * @alias_attach: the same for @alias
 * @entry: what is attached by @pasid
 * @alias_entry: by @alias
 * @space: the address space that @domain is a page table of, or will be when a call has
 *	ended; NULL: none. For the layer above, see ioasid_ioas_freeze()
 * @resets: number of resets that are under way; as @space
 * @refused: in the last call of the shim's attach by RID the kernel was asked, and refused; or
 *	the kernel's own means followed, of which nobody knows
 */
struct ioasid_route {
	struct iommu_group *group;
	struct ioasid_range msi;
	struct device *dev;
	u32 pasid;
	u32 alias;
	struct ioasid_sole *sole;
	struct iommu_domain *domain;
	struct kc_attach attach;
	struct kc_attach alias_attach;
	struct ioasid_pasid_entry entry;
	struct ioasid_pasid_entry alias_entry;
	struct ioasid_ioas *space;
	const unsigned int *resets;
	bool refused;
};

/**
 * ioasid_route_has_ended() - has the PASID ended before its user detached it?
 * @route: a route by PASID, which is attached
 *
 * It is blocked then, and so is its alias, until the route is blocked and another one
 * attached.
 */
static inline bool ioasid_route_has_ended(const struct ioasid_route *route)
{
	return READ_ONCE(route->entry.ended);
}

/**
 * struct ioasid_gather - what has been unmapped in a domain and is to be flushed
 * @iotlb: what the kernel knows of it
 * @start: first address, as far as the shim keeps count itself
 * @last: last address
 * @open: something has been unmapped that is not flushed yet (shim/domains.h)
 * @nr: how many times
 */
struct ioasid_gather {
	struct iommu_iotlb_gather iotlb;
	u64 start;
	u64 last;
	bool open;
	u32 nr;
};

static inline void ioasid_gather_init(struct ioasid_gather *gather)
{
	iommu_iotlb_gather_init(&gather->iotlb);
	gather->start = U64_MAX;
	gather->last = 0;
	gather->open = false;
	gather->nr = 0;
}

/* Nothing will be mapped in it */
#define IOASID_DOMAIN_EMPTY	(1 << 0)
/* It can be attached by PASID too */
#define IOASID_DOMAIN_PASID	(1 << 1)

/**
 * struct ioasid_hw_data - what Linux's iommufd says of a device's IOMMU
 * @type: the vendor's IFD_HW_INFO_TYPE_*
 * @len: bytes of @record
 * @capabilities: IFD_HW_CAP_*
 * @pasid_width: of the device, bits; 0: it has no PASIDs
 * @record: the vendor's, as that ABI has it; room for any of them
 */
struct ioasid_hw_data {
	u32 type;
	u32 len;
	u64 capabilities;
	u32 pasid_width;
	u64 record[8];
};

/**
 * struct ioasid_shim - how an IOMMU vendor's domains are worked with
 * @vendor: enum ioasid_iommu_vendor
 * @prefix: begin of the name of the vendor's IOMMUs in /sys/class/iommu
 * @complete_at_alloc: a domain is complete from the beginning, otherwise when it
 *	has been attached for the first time. Before that it has no properties
 *	and cannot be mapped into
 * @atomic_replace: @attach takes devices from one domain to another without a
 *	moment in which they have neither, and a domain is filled before it is
 *	attached
 * @atomic_replace_pasid: the same by PASID, a number at a time
 * @keeps_in_sleep: after the machine's sleep or hibernation devices are attached as before
 * @miscounts: an attach that fails leaves the driver in error about which devices are in a
 *	domain: later unmaps may not reach all of them, or none for lack of memory
 * @domain_alloc: make a paging domain for a device with @route; @flags are
 *	IOASID_DOMAIN_*. It is charged to the caller (shim/ids.c). ERR_PTR() on error,
 *	-ENOSPC if the caller, or the IOMMU, can have no more
 * @domain_free: free it; no device is attached
 * @claim: take the DMA of a group for an owner, as iommu_group_claim_dma_owner()
 *	does: it is blocked from then on
 * @attach: attach a domain to a route, in place of what was there; interrupts go
 *	on. On error the route's @domain says what came of it: the old one is back, or
 *	NULL, nothing is attached. -EINVAL may mean that it needs a domain of another
 *	kind
 * @block: leave a route to the kernel's blocked state; cannot fail
 * @alias: give a route by PASID, which is attached and has none, an alias
 * @pasid_limit: what the PASIDs of a device are below; 0: none can be attached.
 *	@paging is a domain that was made for it, or NULL: what the device says
 * @may_join: may a device join the group of another one, which has PASIDs; now, or
 *	@later, as it is in no group yet? Rather a yes too many
 * @pasid_room: may the caller have what the driver keeps for a PASID of a device once it
 *	has been attached? @attach and @alias charge it (shim/leaves.c). -ENOSPC if not,
 *	-ENOMEM; NULL: it keeps nothing
 * @map: map physically contiguous memory, in the largest pages possible. On
 *	error nothing of it is mapped
 * @unmap: unmap what one call or more have mapped, to be flushed: the caller does so,
 *	and takes no lock in between under which a domain is worked in. Returns bytes
 *	unmapped, more than asked for if a larger page began there
 * @flush: flush what has been gathered, or nothing; afterwards no device reaches
 *	it. The gather is to be initialized again
 * @iova_to_phys: what an address is mapped to
 * @pgsizes: bitmap of page sizes of a domain that is complete
 * @aperture: which addresses a device reaches through a domain that is
 *	complete
 * @can_enforce_snoop: can the device's IOMMU make no-snoop DMA snoop? @attached
 *	is a domain that is attached to it and has no mapping
 * @enforce_snoop: make it so for a domain that is complete and has no mapping
 * @hw_info: fill in the vendor's record of IOMMU_DEVICE_GET_INFO; -ENODATA if
 *	there is none
 * @hw_data: fill in what Linux's iommufd says, all 0 before; NULL if it says nothing
 */
struct ioasid_shim {
	u32 vendor;
	const char *prefix;
	bool complete_at_alloc;
	bool atomic_replace;
	bool atomic_replace_pasid;
	bool keeps_in_sleep;
	bool miscounts;
	struct iommu_domain *(*domain_alloc)(struct device *dev,
					     const struct ioasid_route *route,
					     unsigned int flags);
	void (*domain_free)(struct iommu_domain *domain);
	int (*claim)(struct ioasid_route *route, void *owner);
	int (*attach)(struct ioasid_route *route, struct iommu_domain *domain);
	void (*block)(struct ioasid_route *route);
	int (*alias)(struct ioasid_route *route, u32 alias);
	u32 (*pasid_limit)(struct device *dev, struct iommu_domain *paging);
	bool (*may_join)(struct device *dev, struct device *other, bool later);
	int (*pasid_room)(struct device *dev, u32 pasid);
	int (*map)(struct iommu_domain *domain, u64 iova, phys_addr_t paddr,
		   size_t size, int prot);
	size_t (*unmap)(struct iommu_domain *domain, u64 iova, size_t size,
			struct ioasid_gather *gather);
	void (*flush)(struct iommu_domain *domain, struct ioasid_gather *gather);
	phys_addr_t (*iova_to_phys)(struct iommu_domain *domain, u64 iova);
	u64 (*pgsizes)(struct iommu_domain *domain);
	struct ioasid_range (*aperture)(struct device *dev,
					struct iommu_domain *domain);
	bool (*can_enforce_snoop)(struct device *dev,
				  struct iommu_domain *attached);
	bool (*enforce_snoop)(struct iommu_domain *domain);
	int (*hw_info)(struct device *dev, struct ioasid_cap_hw *hw);
	void (*hw_data)(struct device *dev, struct ioasid_hw_data *data);
};

extern const struct ioasid_shim ioasid_shim_vtd;
extern const struct ioasid_shim ioasid_shim_amd;
extern const struct ioasid_shim ioasid_shim_smmuv3;
extern const struct ioasid_shim ioasid_shim_swiommu;
extern const struct ioasid_shim ioasid_shim_generic;

const struct ioasid_shim *ioasid_shim_of(struct device *dev);

#endif /* IOASID_SHIM_H */
