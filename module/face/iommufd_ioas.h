/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_FACE_IOMMUFD_IOAS_H
#define IOASID_FACE_IOMMUFD_IOAS_H

struct ioasid_ctx;

long ioasid_ifd_ioas_alloc(void *data, void *args, void __user *user);
long ioasid_ifd_ioas_iova_ranges(void *data, void *args, void __user *user);
long ioasid_ifd_ioas_allow_iovas(void *data, void *args, void __user *user);
int ioasid_ifd_ioas_map(struct ioasid_ctx *ctx, void __user *user);
long ioasid_ifd_ioas_map_file(void *data, void *args, void __user *user);
long ioasid_ifd_ioas_copy(void *data, void *args, void __user *user);
int ioasid_ifd_ioas_unmap(struct ioasid_ctx *ctx, void __user *user);

#endif /* IOASID_FACE_IOMMUFD_IOAS_H */
