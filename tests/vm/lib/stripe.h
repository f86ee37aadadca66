/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of what is mapped in a piece of an address space. Every call goes
 * through it: it knows what the call must return, and of every DMA whether it
 * is let through and which bytes of the arena it changes.
 */
#ifndef TESTS_STRIPE_H
#define TESTS_STRIPE_H

#include "arena.h"
#include "device.h"

/* Not a multiple of 2 MiB: neighbours share a page of the page table */
#define STRIPE_PAGES	2061U
#define STRIPE_SIZE	(STRIPE_PAGES * PAGE)

/**
 * struct mapping - one mapping, all in pages
 * @page: where in the stripe
 * @at: what of the arena
 * @pages: how many
 * @flags: IOASID_MAP_*
 */
struct mapping {
	unsigned int page, at, pages;
	__u32 flags;
};

/* Pages of the stripe */
struct range {
	unsigned int page, pages;
};

/**
 * struct stripe - a piece of an address space, which has one owner
 * @arena: the memory that is mapped into it
 * @fd: the file of the address space
 * @ioas: the address space
 * @iova: its first address
 * @mapped: pages that are mapped
 * @nr: mappings
 * @owner: of each page: 0, or 1 + the first page of the mapping that it is in
 * @maps: the mappings, each at its first page
 */
struct stripe {
	struct arena *arena;
	int fd;
	__u32 ioas;
	__u64 iova;
	unsigned int mapped, nr;
	unsigned short owner[STRIPE_PAGES];
	struct mapping maps[STRIPE_PAGES];
};

void stripe_init(struct stripe *s, struct arena *arena, int fd, __u32 ioas, __u64 iova);
/* The mapping that a page is in, or NULL */
const struct mapping *stripe_mapping(const struct stripe *s, unsigned int page);
bool stripe_is_free(const struct stripe *s, unsigned int page, unsigned int pages);
/* For the model alone: it has come or gone by other means */
void stripe_add(struct stripe *s, const struct mapping *m);
void stripe_remove(struct stripe *s, const struct mapping *m);
void stripe_forget(struct stripe *s);

/* Map @nr in this order, some of them by arrays. Those that overlap something or
 * reach out of the arena are refused; the latter only if a device is attached for
 * sure
 */
void stripe_map(struct stripe *s, const struct mapping *m, unsigned int nr);
/* Unmap @nr ranges in the same way. One that cuts a mapping is refused */
void stripe_unmap(struct stripe *s, const struct range *ranges, unsigned int nr);
void stripe_unmap_all(struct stripe *s);

/* Have a device write, up to 2 MiB, and look at every byte. @reaches: the
 * address space is attached to it; otherwise nothing may arrive
 */
void stripe_write(struct stripe *s, struct dev *dev, bool reaches, __u64 offset, __u32 size);
/* A few bytes somewhere in one page */
void stripe_probe(struct stripe *s, struct dev *dev, bool reaches, unsigned int page);
/* In every page of a range */
void stripe_sweep(struct stripe *s, struct dev *dev, bool reaches, unsigned int page,
		  unsigned int pages);
/* In the first and the last page of a range, in some between, and in those right
 * before and behind; in all if there are few
 */
void stripe_look(struct stripe *s, struct dev *dev, bool reaches, unsigned int page,
		 unsigned int pages);

#endif /* TESTS_STRIPE_H */
