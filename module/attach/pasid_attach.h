/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PASID_ATTACH_H
#define IOASID_PASID_ATTACH_H

#include <linux/types.h>

struct ioasid_device;
struct ioasid_hwpt;
struct ioasid_ioas;

int ioasid_pasid_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas,
			u32 flags, u32 *number, u32 *old);
void ioasid_pasid_set_hwpt(struct ioasid_device *idev, u32 number,
			   struct ioasid_hwpt *hwpt);
int ioasid_pasid_detach(struct ioasid_device *idev, u32 number, u32 *ioasid);
void ioasid_pasid_detach_all(struct ioasid_device *idev);

#endif /* IOASID_PASID_ATTACH_H */
