/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_FACE_COPY_H
#define IOASID_FACE_COPY_H

#include <linux/minmax.h>
#include <linux/uaccess.h>

#include "include/ioasid_api.h"

/* So much of an answer as the user's structure, whose size is its first field, holds */
static inline int write_answer(void __user *user, const void *args, size_t size)
{
	return copy_to_user(user, args, min_t(size_t, size, *(u32 *)args)) ? -EFAULT : 0;
}

#endif /* IOASID_FACE_COPY_H */
