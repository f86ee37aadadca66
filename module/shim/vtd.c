// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel VT-d. Sections are those of the VT-d specification 4.1.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

#include "base/args.h"
#include "shim/generic.h"
#include "shim/ids.h"
#include "shim/leaves.h"
#include "shim/vtd_abi.h"

/* Capability register, 11.4.2 */
#define CAP_SAGAW(cap)	(((cap) >> 8) & 0x1f)
#define CAP_MGAW(cap)	((u32)(((cap) >> 16) & 0x3f) + 1)
#define CAP_MAMV(cap)	((u32)((cap) >> 48) & 0x3f)
#define CAP_FS5LP	BIT_ULL(60)
/* Extended capability register, 11.4.3 */
#define ECAP_SMTS	BIT_ULL(43)
#define ECAP_SSTS	BIT_ULL(46)
#define ECAP_FSTS	BIT_ULL(47)

/* 1 GiB: a power of two that every driver can count */
#define VTD_FLUSH_ORDER_MAX	30

/* What the narrowest IOMMU translates, bits: three levels */
#define VTD_WIDTH_MIN	39

/* 2^n bytes are the most that every IOMMU seen so far flushes at once */
static u32 vtd_flush_order = VTD_FLUSH_ORDER_MAX;

static int vtd_registers(struct device *dev, u64 *cap, u64 *ecap)
{
	int ret = ioasid_shim_sysfs_hex(dev, "intel-iommu", "cap", cap);

	return ret ?: ioasid_shim_sysfs_hex(dev, "intel-iommu", "ecap", ecap);
}

/* Width of an address that the hardware translates, bits */
static u32 vtd_width(u64 cap, u64 ecap)
{
	/* Bit n of SAGAW stands for n + 2 levels of 9 bits above 12 bits */
	unsigned long levels = CAP_SAGAW(cap);
	unsigned long first_stage = BIT(2) | (cap & CAP_FS5LP ? BIT(3) : 0);
	u32 sign = 0;

	if ((ecap & ECAP_SMTS) && (ecap & ECAP_FSTS)) {
		if (ecap & ECAP_SSTS) {
			levels &= first_stage;
		} else {
			/*
			 * First-stage addresses are sign-extended (3.6): the
			 * upper half is elsewhere.
			 */
			levels = first_stage;
			sign = 1;
		}
	}
	if (!levels)
		return VTD_WIDTH_MIN;
	return min_t(u32, CAP_MGAW(cap), 30 + 9 * __fls(levels)) - sign;
}

/*
 * Domain ids. There are 2^(4 + 2 * ND) of them an IOMMU (11.4.2), each address space of
 * a device takes one, and one that is given back is taken by who comes first: in a reset
 * from 7.2 on a device gives its own back and needs one again. So some are never taken
 * for users, and the others are shared between them.
 */
#define CAP_NDOMS(cap)	(1U << (4 + 2 * ((cap) & 7)))

/* The driver has two at most for itself, which not every kernel counts among those used */
#define VTD_IDS_RESERVED	2

/*
 * The host has ids as well, and may have taken all. For each domain that gets none the
 * driver prints a line, which nothing limits: so it is asked again after a second, or
 * when ours have become free and have not been taken since. A RID gives its own id back
 * before it needs another one, so what happens by PASID says nothing of that.
 *
 * No machine has so many IOMMUs without an id at once: more of them are asked too often.
 */
#define VTD_DRY_MAX	32

static struct vtd_dry {
	const struct iommu_device *iommu;
	bool by_pasid;
	unsigned long at;		/* jiffies when there was no id */
	unsigned int nr_free;		/* of ours, since */
} vtd_dry[VTD_DRY_MAX];

static DEFINE_SPINLOCK(vtd_dry_lock);

static bool vtd_is_dry(const struct iommu_device *iommu, bool by_pasid)
{
	struct vtd_dry *dry;
	bool ret = false;

	spin_lock(&vtd_dry_lock);
	for (dry = vtd_dry; dry < vtd_dry + VTD_DRY_MAX; dry++) {
		if (dry->iommu != iommu || dry->by_pasid != by_pasid ||
		    !time_before(jiffies, dry->at + HZ))
			continue;
		ret = !dry->nr_free;
		break;
	}
	spin_unlock(&vtd_dry_lock);
	return ret;
}

static bool vtd_dry_is_older(const struct vtd_dry *dry, const struct vtd_dry *than)
{
	return than->iommu && (!dry->iommu || time_before(dry->at, than->at));
}

static void vtd_set_dry(const struct iommu_device *iommu, bool by_pasid)
{
	struct vtd_dry *dry, *place = vtd_dry;

	spin_lock(&vtd_dry_lock);
	for (dry = vtd_dry; dry < vtd_dry + VTD_DRY_MAX; dry++) {
		if (dry->iommu == iommu && dry->by_pasid == by_pasid) {
			place = dry;
			break;
		}
		if (vtd_dry_is_older(dry, place))
			place = dry;
	}
	*place = (struct vtd_dry){ .iommu = iommu, .by_pasid = by_pasid, .at = jiffies };
	spin_unlock(&vtd_dry_lock);
}

/* An attach had no space: is that because there is no id? */
static void vtd_look_dry(struct iommu_device *iommu, bool by_pasid)
{
	u64 supported, used;

	if (ioasid_shim_sysfs(iommu->dev, "intel-iommu", "domains_supported", 10,
			      &supported) ||
	    ioasid_shim_sysfs(iommu->dev, "intel-iommu", "domains_used", 10, &used) ||
	    used + VTD_IDS_RESERVED >= supported)
		vtd_set_dry(iommu, by_pasid);
}

static void vtd_moved(struct iommu_domain *old, struct iommu_domain *new)
{
	struct iommu_device *iommu;
	int nr = ioasid_ids_moved(old, new, &iommu);
	struct vtd_dry *dry;

	if (!nr)
		return;
	spin_lock(&vtd_dry_lock);
	for (dry = vtd_dry; dry < vtd_dry + VTD_DRY_MAX; dry++)
		if (dry->iommu == iommu && (nr > 0 || dry->nr_free))
			dry->nr_free += nr;
	spin_unlock(&vtd_dry_lock);
}

static struct iommu_domain *vtd_domain_alloc(struct device *dev,
					     const struct ioasid_route *route,
					     unsigned int flags)
{
	struct iommu_device *iommu = dev->iommu->iommu_dev;
	const void *pool = NULL;
	unsigned int nr = 0;
	u64 cap;

	if (!ioasid_shim_sysfs_hex(dev, "intel-iommu", "cap", &cap)) {
		pool = iommu;
		nr = ioasid_ids_for_users(CAP_NDOMS(cap));
	}
	return ioasid_ids_domain_alloc(dev, route, flags, pool, nr);
}

/* A leaf of a PASID table is a page, with 64 entries (9.5), and kept until the device goes */
#define VTD_LEAF_NUMBERS	64

static int vtd_pasid_room(struct device *dev, u32 pasid)
{
	return ioasid_leaves_room(dev, pasid, VTD_LEAF_NUMBERS, 1);
}

static int vtd_use_pasid(struct device *dev, u32 pasid)
{
	return ioasid_leaves_use(dev, pasid, VTD_LEAF_NUMBERS, 1);
}

static int vtd_attach(struct ioasid_route *route, struct iommu_domain *domain)
{
	struct iommu_domain *old = route->domain;
	struct iommu_device *iommu;
	bool needs_id = ioasid_ids_needed(domain, &iommu), by_pasid = route->pasid;
	int ret;

	if (needs_id && vtd_is_dry(iommu, by_pasid))
		return -ENOSPC;
	ret = vtd_use_pasid(route->dev, route->pasid);
	ret = ret ?: vtd_use_pasid(route->dev, route->alias);
	if (ret)
		return ret;
	ret = ioasid_generic_attach(route, domain);
	vtd_moved(old, route->domain);
	if (needs_id && ret == -ENOSPC)
		vtd_look_dry(iommu, by_pasid);
	return ret;
}

static void vtd_block(struct ioasid_route *route)
{
	struct iommu_domain *old = route->domain;

	ioasid_generic_block(route);
	vtd_moved(old, route->domain);
}

static int vtd_alias(struct ioasid_route *route, u32 alias)
{
	return vtd_use_pasid(route->dev, alias) ?: ioasid_generic_alias(route, alias);
}

/* One more IOMMU, which flushes at most 2^order bytes at once */
static void vtd_flush_at_most(u32 order)
{
	u32 old = READ_ONCE(vtd_flush_order);

	while (order < old && !try_cmpxchg(&vtd_flush_order, &old, order))
		;
}

/*
 * Before 7.2 a domain made from a bus claims 57 bits whatever the hardware
 * has, and mapping beyond what it has ends in an error message for each try.
 */
static struct ioasid_range vtd_aperture(struct device *dev,
					struct iommu_domain *domain)
{
	struct ioasid_range aperture = ioasid_generic_aperture(dev, domain);
	u64 cap, ecap;
	u32 width = VTD_WIDTH_MIN;

	if (!vtd_registers(dev, &cap, &ecap)) {
		width = vtd_width(cap, ecap);
		vtd_flush_at_most(PAGE_SHIFT + CAP_MAMV(cap));
	}
	aperture.last = min_t(u64, aperture.last, ioasid_width_last(width));
	return aperture;
}

/*
 * What a flush of all of the domain has left in the device TLBs, in parts. Page tables
 * that are to be freed are not these parts' business.
 */
static void vtd_flush_device_tlbs(struct iommu_domain *domain,
				  const struct ioasid_gather *gather, unsigned int order)
{
	struct iommu_iotlb_gather part;
	u64 nr;

	for (nr = gather->start >> order; nr <= gather->last >> order; nr++) {
		iommu_iotlb_gather_init(&part);
		part.start = nr << order;
		part.end = part.start | (BIT_ULL(order) - 1);
		iommu_iotlb_sync(domain, &part);
	}
}

/*
 * Hardware flushes 2^n pages that begin at a multiple of 2^n (6.5.2.3), so that
 * is what the driver is asked for: for first-stage tables 6.1's rounds the number
 * of pages up and the address down (qi_flush_piotlb()), which leaves out the end
 * of a range that does not lie so, and nothing in a kernel's headers tells. Nor
 * does it ask how large an n the hardware takes there, and counts in 32 bits:
 * what is larger is all of the domain's.
 */
static void vtd_flush(struct iommu_domain *domain, struct ioasid_gather *gather)
{
	const unsigned int most = READ_ONCE(vtd_flush_order);
	unsigned int order;

	if (gather->start > gather->last)
		return;
	order = fls64(gather->start ^ gather->last);
	if (order > most) {
		ioasid_generic_flush_all(domain);
		if (KC_FLUSH_ALL_LEAVES_DEVICE_TLBS)
			vtd_flush_device_tlbs(domain, gather, most);
		/* And something, for the page tables that are to be freed */
		gather->last = gather->start;
		order = PAGE_SHIFT;
	}
	gather->iotlb.start = gather->start & ~(BIT_ULL(order) - 1);
	gather->iotlb.end = gather->start | (BIT_ULL(order) - 1);
	ioasid_generic_flush(domain, gather);
}

/* Do ranges that do not touch lie where they are flushed by one command? */
static bool vtd_is_far(const struct ioasid_gather *gather, u64 iova)
{
	return KC_FLUSH_ALL_LEAVES_DEVICE_TLBS && gather->start <= gather->last &&
	       fls64(gather->start ^ iova) > READ_ONCE(vtd_flush_order);
}

/* Ranges that do not touch are flushed together, unless the driver is let to */
static size_t vtd_unmap(struct iommu_domain *domain, u64 iova, size_t size,
			struct ioasid_gather *gather)
{
	if (vtd_is_far(gather, iova)) {
		vtd_flush(domain, gather);
		ioasid_gather_init(gather);
	}
	gather->iotlb.queued = true;
	gather->start = min(gather->start, iova);
	gather->last = max(gather->last, iova + (size - 1));
	return ioasid_generic_unmap(domain, iova, size, gather);
}

static int vtd_hw_info(struct device *dev, struct ioasid_cap_hw *hw)
{
	hw->header.id = IOASID_CAP_HW_VTD;
	hw->header.version = 1;
	hw->header.size = sizeof(*hw);
	return vtd_registers(dev, &hw->reg[0], &hw->reg[1]);
}

static void vtd_hw_data(struct device *dev, struct ioasid_hw_data *data)
{
	struct ifd_hw_info_vtd *record = (void *)data->record;

	BUILD_BUG_ON(sizeof(*record) > sizeof(data->record));
	if (vtd_registers(dev, &record->cap_reg, &record->ecap_reg))
		return;
	data->type = IFD_HW_INFO_TYPE_INTEL_VTD;
	data->len = sizeof(*record);
}

const struct ioasid_shim ioasid_shim_vtd = {
	.vendor = IOASID_IOMMU_INTEL_VTD,
	.prefix = "dmar",
	.complete_at_alloc = KC_DOMAIN_COMPLETE_AT_ALLOC,
	.keeps_in_sleep = true,
	.unmap = vtd_unmap,
	.flush = vtd_flush,
	.aperture = vtd_aperture,
	.hw_info = vtd_hw_info,
	.hw_data = vtd_hw_data,
	.domain_alloc = vtd_domain_alloc,
	.domain_free = ioasid_generic_domain_free,
	.pasid_room = vtd_pasid_room,
	.claim = ioasid_rid_claim,
	.attach = vtd_attach,
	.block = vtd_block,
	.alias = vtd_alias,
	IOASID_GENERIC_MAY_JOIN,
	IOASID_GENERIC_OPS,
};
