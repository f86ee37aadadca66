/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Held pages: what drivers of software-mediated devices have pinned of an address
 * space.
 *
 * A page of an area is pinned once and charged once, whoever needs it: the page
 * tables, by which all of the area is populated, or drivers, by which a page is
 * held. What is held already when the area is populated is mapped as it is, without
 * looking at the user's memory again; what is populated already when a driver asks
 * for it is what the page tables have. So all devices see the same memory, and who
 * goes last unpins it. An area is charged with all its pages if it is populated or
 * about to be, otherwise with those that are held.
 */
#ifndef IOASID_HELD_H
#define IOASID_HELD_H

#include "ioas/area.h"

/**
 * struct ioasid_held - a page that drivers hold
 * @page: the page
 * @users: so many pins of drivers
 * @shared: it is pinned for the page tables, otherwise for the drivers
 * @stuck: for one that is gone and that a device may still use: shared for good
 *
 * In the held of its address space, by I/O virtual page number; protected by
 * areas_lock. While there is one its area does not go away.
 */
struct ioasid_held {
	struct page *page;
	u32 users;
	bool shared;
	bool stuck;
};

struct page *ioasid_held_known(struct ioasid_ioas *ioas, struct ioasid_area *area,
			       u64 iova);
int ioasid_hold_known(struct ioasid_ioas *ioas, struct ioasid_area *area, u64 iova,
		      struct page **page);
int ioasid_hold_new(struct ioasid_ioas *ioas, struct ioasid_area *area, u64 iova,
		    struct page *page);
void ioasid_unhold(struct ioasid_ioas *ioas, u64 start, u64 last);
bool ioasid_held_find(struct ioasid_ioas *ioas, u64 start, u64 last, u64 *iova);

int ioasid_held_charge(struct ioasid_ioas *ioas, struct ioasid_area *area);
int ioasid_held_pin(struct ioasid_ioas *ioas, struct ioasid_area *area,
		    unsigned long first, struct page **pages, unsigned int nr);
void ioasid_held_unpin(struct ioasid_ioas *ioas, struct ioasid_area *area,
		       unsigned long first, struct page **pages, unsigned int nr);
void ioasid_held_unpin_run(struct ioasid_ioas *ioas, struct ioasid_area *area,
			   unsigned long first, unsigned long pfn, unsigned long nr);
unsigned long ioasid_held_depopulate(struct ioasid_ioas *ioas, struct ioasid_area *area);

/**
 * ioasid_area_is_held() - do drivers hold pages of an area?
 * @ioas: its address space
 * @area: the area. Nobody can begin to: areas_lock is held, or the caller is
 *	exclusive, or has claimed it
 */
static inline bool ioasid_area_is_held(struct ioasid_ioas *ioas,
				       const struct ioasid_area *area)
{
	return unlikely(!xa_empty(&ioas->held)) &&
	       ioasid_held_find(ioas, area->start, area->last, NULL);
}

#endif /* IOASID_HELD_H */
