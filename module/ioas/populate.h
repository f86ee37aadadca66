/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_POPULATE_H
#define IOASID_POPULATE_H

struct ioasid_area;
struct ioasid_ioas;
struct ioasid_source;
struct page;

int ioasid_area_populate(struct ioasid_ioas *ioas, struct ioasid_area *area,
			 struct ioasid_source *from);
int ioasid_area_populate_few(struct ioasid_ioas *ioas, struct ioasid_area *area,
			     struct page **pages, unsigned int nr);
int ioasid_areas_populate(struct ioasid_ioas *ioas);

#endif /* IOASID_POPULATE_H */
