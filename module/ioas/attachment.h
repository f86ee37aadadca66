/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_ATTACHMENT_H
#define IOASID_ATTACHMENT_H

#include "ioas/types.h"
#include "shim/shim.h"

struct ioasid_access;

int ioasid_ioas_attach(struct ioasid_ioas *ioas,
		       struct ioasid_attachment_point *point,
		       struct ioasid_attachment_point *left,
		       const struct ioasid_shim *shim, struct device *dev,
		       struct ioasid_route *route, bool can_snoop);
int ioasid_ioas_alias(struct ioasid_attachment_point *point, struct ioasid_route *route,
		      u32 alias);
void ioasid_ioas_leave(struct ioasid_attachment_point *point, struct ioasid_route *route,
		       struct iommu_domain *empty);
void ioasid_ioas_detach(struct ioasid_attachment_point *point);
int ioasid_access_attach(struct ioasid_ioas *ioas, struct ioasid_access *access);
void ioasid_access_detach(struct ioasid_access *access);

unsigned int ioasid_resets_change(unsigned int *resets, int by);
struct ioasid_ioas *ioasid_route_space(struct ioasid_route *route);

bool ioasid_may_no_snoop(const struct ioasid_attachment_point *point,
			 const struct ioasid_attached *device);
void ioasid_ioas_set_no_snoop(struct ioasid_attachment_point *point,
			      struct ioasid_attached *device, bool no_snoop);
void ioasid_ioas_add_device(struct ioasid_attachment_point *point,
			    struct ioasid_attached *device);
void ioasid_ioas_remove_device(struct ioasid_attachment_point *point,
			       struct ioasid_attached *device);
int ioasid_ioas_set_reserved(struct ioasid_attachment_point *point,
			     const struct ioasid_range *reserved,
			     unsigned int nr);

#endif /* IOASID_ATTACHMENT_H */
