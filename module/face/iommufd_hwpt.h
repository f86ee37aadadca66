/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_FACE_IOMMUFD_HWPT_H
#define IOASID_FACE_IOMMUFD_HWPT_H

struct ioasid_ctx;

int ioasid_ifd_get_hw_info(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_hwpt_alloc(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_hwpt_set_dirty_tracking(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_hwpt_get_dirty_bitmap(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_hwpt_invalidate(struct ioasid_ctx *ctx, void __user *user);

#endif /* IOASID_FACE_IOMMUFD_HWPT_H */
