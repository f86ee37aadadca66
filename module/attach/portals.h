/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PORTALS_H
#define IOASID_PORTALS_H

#include <linux/types.h>

struct ioasid_ctx;

void ioasid_portals_end(const struct ioasid_ctx *ctx, u32 ppasid);

#endif /* IOASID_PORTALS_H */
