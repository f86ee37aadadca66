/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_REPIN_H
#define IOASID_REPIN_H

#include <linux/types.h>

struct ioasid_area;
struct ioasid_ioas;
struct ioasid_payer;
struct page;

/**
 * struct ioasid_source - where the memory of an area comes from, if it is not the
 * caller's own
 * @payer: whose memory it is, and who is charged; for ioasid_area_map() and _placed()
 * @ioas: the address space of @area
 * @area: an area that has the same memory, and is busy for us; or NULL
 * @run: the runs of @area as they follow one another (base/runs.h), as long as it is
 *	populated; or NULL
 * @next: the one that the next page is in
 * @used: pages of it that are behind us
 * @iova: address in @area of the next page
 */
struct ioasid_source {
	struct ioasid_payer *payer;
	struct ioasid_ioas *ioas;
	struct ioasid_area *area;
	u64 *run;
	unsigned long next;
	u32 used;
	u64 iova;
};

/* In place of an error of ioasid_source_pin(): the pages have to be looked up */
#define IOASID_SOURCE_UNKNOWN	1

int ioasid_source_look(struct ioasid_source *from);
int ioasid_source_pin(struct ioasid_source *from, struct page **pages, unsigned int nr);

#endif /* IOASID_REPIN_H */
