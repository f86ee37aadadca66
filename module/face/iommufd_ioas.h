/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_FACE_IOMMUFD_IOAS_H
#define IOASID_FACE_IOMMUFD_IOAS_H

struct ioasid_ctx;

int ioasid_ifd_ioas_alloc(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_iova_ranges(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_allow_iovas(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_map(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_map_file(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_copy(struct ioasid_ctx *ctx, void __user *user);
int ioasid_ifd_ioas_unmap(struct ioasid_ctx *ctx, void __user *user);

#endif /* IOASID_FACE_IOMMUFD_IOAS_H */
