/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_ARGS_H
#define IOASID_ARGS_H

#include <linux/types.h>
#include <uapi/linux/ioasid.h>

int ioasid_check_argsz(u32 argsz, size_t ksize, size_t minsize);
int ioasid_check_alloc(const struct ioasid_alloc *args);
int ioasid_check_hint(const struct ioasid_range *range, u64 page_size);
int ioasid_check_map(const struct ioasid_map *args, u64 page_size);
int ioasid_check_unmap(const struct ioasid_unmap *args, u64 page_size);
u64 ioasid_width_last(u32 width);

#endif /* IOASID_ARGS_H */
