/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_INFO_H
#define IOASID_INFO_H

#include <linux/types.h>

struct ioasid_ctx;
struct ioasid_device_info;
struct ioasid_hw_data;

int ioasid_device_info_fill(struct ioasid_ctx *ctx,
			    struct ioasid_device_info *info,
			    void **caps, u32 *caps_len);
int ioasid_device_hw_data(struct ioasid_ctx *ctx, u64 cookie,
			  struct ioasid_hw_data *data);

#endif /* IOASID_INFO_H */
