/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_NO_SNOOP_H
#define IOASID_NO_SNOOP_H

struct ioasid_ctx;

void ioasid_no_snoop_tell(struct ioasid_ctx *ctx);

#endif /* IOASID_NO_SNOOP_H */
