/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_MAP_H
#define IOASID_MAP_H

#include "ioas/area.h"

struct ioasid_source;

int ioasid_area_map(struct ioasid_ioas *ioas, const struct ioasid_map_range *range,
		    struct ioasid_areas_stock *stock, struct ioasid_source *from);
int ioasid_area_map_placed(struct ioasid_ioas *ioas,
			   const struct ioasid_map_range *range,
			   struct ioasid_source *from, u64 __user *place);

int ioasid_areas_take(struct ioasid_ioas *ioas, struct ioasid_area *areas, u64 room,
		      unsigned long *changes);
int ioasid_areas_give(struct ioasid_ioas *ioas, struct ioasid_area *areas, int error);

#endif /* IOASID_MAP_H */
