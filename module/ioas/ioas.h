/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_IOAS_H
#define IOASID_IOAS_H

#include <linux/refcount.h>

#include "ioas/types.h"

struct ioasid_ioas *ioasid_ioas_new(struct ioasid_ctx *ctx,
				    const struct ioasid_alloc *args,
				    struct ioasid_ranges *hints);
struct ioasid_ioas *ioasid_ioas_get(struct ioasid_ctx *ctx, u32 id);
void ioasid_ioas_release(struct ioasid_ioas *ioas);
bool ioasid_ioas_kill(struct ioasid_ioas *ioas);
void ioasid_ioas_remove(struct ioasid_ioas *ioas);
int ioasid_ioas_free(struct ioasid_ioas *ioas);
int ioasid_ioas_add_hwpt(struct ioasid_ioas *ioas, bool pasid);
void ioasid_ioas_remove_hwpt(struct ioasid_ioas *ioas);
void ioasid_ioas_release_all(struct ioasid_ctx *ctx);

/**
 * ioasid_ioas_put() - give back an address space
 * @ioas: the address space; with the last reference it ends
 */
static inline void ioasid_ioas_put(struct ioasid_ioas *ioas)
{
	if (refcount_dec_and_test(&ioas->obj.refs))
		ioasid_ioas_release(ioas);
}

#endif /* IOASID_IOAS_H */
