/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_LOOKUP_H
#define IOASID_LOOKUP_H

#include <linux/types.h>

struct ioasid_device;
struct ioasid_pasid;

struct ioasid_pasid *ioasid_pasid_find(const struct ioasid_device *idev, u32 number);
bool ioasid_pasid_is_taken(const struct ioasid_device *idev, u32 number);
u32 ioasid_pasid_ioasid(const struct ioasid_device *idev, u32 number);

#endif /* IOASID_LOOKUP_H */
