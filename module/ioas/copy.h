/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_COPY_H
#define IOASID_COPY_H

#include "ioas/types.h"

int ioasid_areas_map_again(struct ioasid_ioas *src, u64 start, u64 length,
			   struct ioasid_ioas *dst, const struct ioasid_map_range *range,
			   u64 __user *place);

#endif /* IOASID_COPY_H */
