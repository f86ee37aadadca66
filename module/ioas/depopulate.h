/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_DEPOPULATE_H
#define IOASID_DEPOPULATE_H

struct ioasid_area;
struct ioasid_ioas;

void ioasid_area_list_depopulate(struct ioasid_ioas *ioas,
				 struct ioasid_area *areas);
void ioasid_areas_depopulate(struct ioasid_ioas *ioas);

#endif /* IOASID_DEPOPULATE_H */
