/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_AREA_H
#define IOASID_AREA_H

#include "ioas/ioas.h"

struct ioasid_source;

/**
 * struct ioasid_table - a page table of an address space
 * @node: in the tables of its address space
 * @domain: the kernel's domain
 * @shim: how to work with it
 * @iommu: the IOMMU that it was made for, and whose devices share it. A page
 *	table of another one may differ in what memory it lies in (coherency),
 *	its levels or its driver, and not every driver looks
 * @users: attachments
 * @pgsizes: bitmap of page sizes
 * @aperture: addresses that it translates
 * @snoop_enforced: no-snoop DMA is made to snoop
 * @lost: unmap may not reach all devices, or not all that is mapped: pages that are
 *	unmapped from it stay pinned, and charged. Set for good
 *
 * Protected by the lock of its address space; its place in the list of page tables
 * also by areas_lock. @lost is set under either lock, in one piece.
 */
struct ioasid_table {
	struct list_head node;
	struct iommu_domain *domain;
	const struct ioasid_shim *shim;
	struct iommu_device *iommu;
	unsigned int users;
	u64 pgsizes;
	struct ioasid_range aperture;
	bool snoop_enforced;
	bool lost;
};

/**
 * ioasid_may_no_snoop() - may a device get past the CPU's caches?
 * @point: where it is attached
 * @device: what it is known by
 */
static inline bool ioasid_may_no_snoop(const struct ioasid_attachment_point *point,
				       const struct ioasid_attached *device)
{
	return device->no_snoop && point->table && !point->table->snoop_enforced;
}

/**
 * struct ioasid_areas_stock - memory for some areas
 * @nr: how many
 * @area: the areas
 */
struct ioasid_areas_stock {
	unsigned int nr;
	void *area[16];
};

void ioasid_areas_stock(struct ioasid_areas_stock *stock, u32 nr);
void ioasid_areas_unstock(struct ioasid_areas_stock *stock);
int ioasid_area_map(struct ioasid_ioas *ioas, const struct ioasid_map_range *range,
		    struct ioasid_areas_stock *stock, struct ioasid_source *from);
int ioasid_area_map_placed(struct ioasid_ioas *ioas,
			   const struct ioasid_map_range *range,
			   struct ioasid_source *from, u64 __user *place);
int ioasid_areas_unmap(struct ioasid_ioas *ioas,
		       const struct ioasid_unmap_range *range, u32 nr, u32 *done,
		       u64 *unmapped);
int ioasid_areas_exclusive(struct ioasid_ioas *ioas);
void ioasid_areas_shared(struct ioasid_ioas *ioas);
void ioasid_areas_changed(struct ioasid_ioas *ioas);
int ioasid_areas_wait(struct ioasid_ioas *ioas, unsigned long changes, bool killable);
int ioasid_areas_populate(struct ioasid_ioas *ioas);
void ioasid_areas_depopulate(struct ioasid_ioas *ioas);
int ioasid_areas_copy(struct ioasid_ioas *ioas, struct ioasid_table *from,
		      struct ioasid_table *to);
void ioasid_areas_unmap_table(struct ioasid_ioas *ioas,
			      struct ioasid_table *table);
bool ioasid_areas_in(struct ioasid_ioas *ioas, u64 start, u64 last);
void ioasid_areas_free(struct ioasid_ioas *ioas);

/**
 * ioasid_areas_closed() - must calls that would change areas wait?
 * @ioas: the address space, its areas_lock held
 *
 * They wait before they begin. Those that have claimed areas go on.
 */
static inline bool ioasid_areas_closed(const struct ioasid_ioas *ioas)
{
	return ioas->exclusive || ioas->frozen;
}

/**
 * ioasid_areas_full() - must calls that would add areas wait?
 * @ioas: the address space, its areas_lock held
 *
 * As ioasid_areas_closed(), and also while others wait to be exclusive. Unmapping does
 * not wait for those, who may be waiting for it; calls of drivers do (access.c).
 */
static inline bool ioasid_areas_full(const struct ioasid_ioas *ioas)
{
	return ioasid_areas_closed(ioas) || ioas->nr_waiting;
}

int ioasid_iovas_allow(struct ioasid_ioas *ioas, struct ioasid_ranges *set);
bool ioasid_iovas_in(struct ioasid_ioas *ioas, u64 start, u64 last);

/* Number of pages in a chunk, see steps.h */
#define IOASID_CHUNK_PAGES	(SZ_2M >> PAGE_SHIFT)

#endif /* IOASID_AREA_H */
