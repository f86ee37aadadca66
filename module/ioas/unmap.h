/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_UNMAP_H
#define IOASID_UNMAP_H

#include "ioas/types.h"

int ioasid_areas_unmap(struct ioasid_ioas *ioas,
		       const struct ioasid_unmap_range *range, u32 nr, u32 *done,
		       u64 *unmapped);

#endif /* IOASID_UNMAP_H */
