/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_FACE_IOASID_H
#define IOASID_FACE_IOASID_H

struct ioasid_ctx;

int ioasid_do_map_dma(struct ioasid_ctx *ctx, void __user *user);
int ioasid_do_unmap_dma(struct ioasid_ctx *ctx, void __user *user);
long ioasid_do_device_get_info(void *data, void *args, void __user *user);
long ioasid_do_ioasid_alloc(void *data, void *args, void __user *user);
long ioasid_do_ioasid_free(void *data, void *args, void __user *user);
long ioasid_do_ioasid_get_info(void *data, void *args, void __user *user);

#endif /* IOASID_FACE_IOASID_H */
