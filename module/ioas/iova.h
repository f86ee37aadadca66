/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_IOVA_H
#define IOASID_IOVA_H

#include "ioas/types.h"

int ioasid_area_place(struct ioasid_ioas *ioas, struct ioasid_area *area, u64 room);
int ioasid_iovas_allow(struct ioasid_ioas *ioas, struct ioasid_ranges *set);
bool ioasid_iovas_in(struct ioasid_ioas *ioas, u64 start, u64 last);

u64 ioasid_ioas_pgsizes(struct ioasid_ioas *ioas);
bool ioasid_ioas_look_permitted(struct ioasid_ioas *ioas, u64 start, u64 last);
int ioasid_ioas_permitted(struct ioasid_ioas *ioas, struct ioasid_ranges *set);

/* What is permitted has changed */
static inline void ioasid_ioas_narrowed(struct ioasid_ioas *ioas)
{
	ioas->window = (struct ioasid_range) { .start = 1, .last = 0 };
}

/**
 * ioasid_ioas_permits() - may a range be mapped?
 * @ioas: the address space, its areas_lock held, and nobody is exclusive
 * @start: first address
 * @last: last address
 */
static inline bool ioasid_ioas_permits(struct ioasid_ioas *ioas, u64 start,
				       u64 last)
{
	return (start >= ioas->window.start && last <= ioas->window.last) ||
	       ioasid_ioas_look_permitted(ioas, start, last);
}

#endif /* IOASID_IOVA_H */
