/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_LEAVES_H
#define IOASID_LEAVES_H

#include <linux/types.h>

struct device;

int ioasid_leaves_room(const struct device *dev, u32 pasid, u32 numbers, u32 pages);
int ioasid_leaves_use(const struct device *dev, u32 pasid, u32 numbers, u32 pages);
void ioasid_leaves_forget(const struct device *dev);
void ioasid_leaves_exit(void);

#endif /* IOASID_LEAVES_H */
