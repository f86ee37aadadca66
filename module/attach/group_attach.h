/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_GROUP_ATTACH_H
#define IOASID_GROUP_ATTACH_H

#include <linux/types.h>

struct ioasid_device;
struct ioasid_ioas;

int ioasid_group_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas,
			bool no_snoop);
int ioasid_group_detach(struct ioasid_device *idev);
u32 ioasid_group_ioasid(const struct ioasid_device *idev);

#endif /* IOASID_GROUP_ATTACH_H */
