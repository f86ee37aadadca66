/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of Linux's iommufd on the same fd, binary compatible. As the others they
 * parse, check and call the core; what Linux answers otherwise than the core does is
 * translated here. What is not served is ENOTTY, as on a kernel that has not got it.
 *
 * iommufd.c		the table, destroying, options
 * iommufd_ioas.c	address spaces and mapping
 * iommufd_hwpt.c	devices and page tables
 */
#ifndef IOASID_FACE_IOMMUFD_H
#define IOASID_FACE_IOMMUFD_H

#include "base/ctx.h"
#include "compat/iommufd_abi.h"

long ioasid_ifd_ioctl(struct ioasid_ctx *ctx, unsigned int cmd, void __user *user);

int ioasid_ifd_ioas_alloc(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_iova_ranges(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_allow_iovas(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_map(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_map_file(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_copy(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_unmap(struct ioasid_ctx *ctx, void __user *user);

int ioasid_ifd_get_hw_info(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_hwpt_alloc(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_hwpt_set_dirty_tracking(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_hwpt_get_dirty_bitmap(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_hwpt_invalidate(struct ioasid_ctx *ctx, void __user *user);

#endif /* IOASID_FACE_IOMMUFD_H */
