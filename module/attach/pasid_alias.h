/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PASID_ALIAS_H
#define IOASID_PASID_ALIAS_H

#include <linux/types.h>

struct ioasid_device;

int ioasid_pasid_alias(struct ioasid_device *idev, u32 number, u32 alias);

#endif /* IOASID_PASID_ALIAS_H */
