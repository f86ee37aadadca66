/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_IOAS_H
#define IOASID_IOAS_H

#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/wait.h>

#include "ioas/types.h"
#include "shim/shim.h"

int ioasid_areas_init(void);
void ioasid_areas_exit(void);

struct ioasid_ioas *ioasid_ioas_new(struct ioasid_ctx *ctx,
				    const struct ioasid_alloc *args,
				    struct ioasid_ranges *hints);
struct ioasid_ioas *ioasid_ioas_get(struct ioasid_ctx *ctx, u32 id);
void ioasid_ioas_release(struct ioasid_ioas *ioas);
int ioasid_ioas_free(struct ioasid_ioas *ioas);
int ioasid_ioas_add_hwpt(struct ioasid_ioas *ioas, bool pasid);
void ioasid_ioas_remove_hwpt(struct ioasid_ioas *ioas);
void ioasid_ioas_release_all(struct ioasid_ctx *ctx);

int ioasid_ioas_attach(struct ioasid_ioas *ioas,
		       struct ioasid_attachment_point *point,
		       struct ioasid_attachment_point *left,
		       const struct ioasid_shim *shim, struct device *dev,
		       struct ioasid_route *route, bool can_snoop);
int ioasid_ioas_alias(struct ioasid_attachment_point *point, struct ioasid_route *route,
		      u32 alias);
int ioasid_ioas_attach_mediated(struct ioasid_ioas *ioas,
				struct ioasid_attachment_point *point);
void ioasid_ioas_leave(struct ioasid_attachment_point *point, struct ioasid_route *route,
		       struct iommu_domain *empty);
void ioasid_ioas_detach(struct ioasid_attachment_point *point);
void ioasid_ioas_set_no_snoop(struct ioasid_attachment_point *point,
			      struct ioasid_attached *device, bool no_snoop);
unsigned int ioasid_resets_change(unsigned int *resets, int by);
struct ioasid_ioas *ioasid_route_space(struct ioasid_route *route);
void ioasid_ioas_freeze(struct ioasid_ioas *ioas, unsigned long until);
void ioasid_ioas_thaw(struct ioasid_ioas *ioas);
void ioasid_ioas_add_device(struct ioasid_attachment_point *point,
			    struct ioasid_attached *device);
void ioasid_ioas_remove_device(struct ioasid_attachment_point *point,
			       struct ioasid_attached *device);
int ioasid_ioas_set_reserved(struct ioasid_attachment_point *point,
			     const struct ioasid_range *reserved,
			     unsigned int nr);

u64 ioasid_ioas_pgsizes(struct ioasid_ioas *ioas);
bool ioasid_ioas_look_permitted(struct ioasid_ioas *ioas, u64 start, u64 last);
int ioasid_ioas_permitted(struct ioasid_ioas *ioas, struct ioasid_ranges *set);

/**
 * ioasid_ioas_put() - give back an address space
 * @ioas: the address space; with the last reference it ends
 */
static inline void ioasid_ioas_put(struct ioasid_ioas *ioas)
{
	if (refcount_dec_and_test(&ioas->obj.refs))
		ioasid_ioas_release(ioas);
}

/**
 * ioasid_ioas_lock_tables() - go on with work in the page tables
 * @ioas: the address space, whose lock is taken for reading
 *
 * For a call that has begun, and ends without waiting for a user. If the address space
 * is frozen that is waited for.
 */
static inline void ioasid_ioas_lock_tables(struct ioasid_ioas *ioas)
{
	down_read(&ioas->lock);
	if (likely(!READ_ONCE(ioas->frozen)))
		return;
	atomic_inc(&ioas->nr_frozen_out);
	do {
		up_read(&ioas->lock);
		wait_event(ioas->wait, !READ_ONCE(ioas->frozen));
		down_read(&ioas->lock);
	} while (READ_ONCE(ioas->frozen));
	atomic_dec(&ioas->nr_frozen_out);
	wake_up_all(&ioas->wait);
}

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

#endif /* IOASID_IOAS_H */
