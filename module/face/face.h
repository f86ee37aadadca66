/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_FACE_H
#define IOASID_FACE_H

#include <linux/uaccess.h>

#include "base/ctx.h"
#include "include/ioasid_api.h"

long ioasid_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* The fields of a user's structure; of the size that we know, as nearly always, it
 * takes less
 */
#define read_args(args, last_field, user)				\
({									\
	const u32 __user *__argsz = (user);				\
	u32 __size;							\
	int __ret = get_user(__size, __argsz);				\
									\
	if (!__ret && __size == sizeof(*(args))) {			\
		__ret = copy_from_user(args, user, sizeof(*(args))) ?	\
			-EFAULT : 0;					\
		*(u32 *)(args) = __size;				\
	} else if (!__ret) {						\
		__ret = ioasid_copy_struct(args, sizeof(*(args)),	\
			offsetofend(typeof(*(args)), last_field), user); \
	}								\
	__ret;								\
})

/* So much of an answer as the user's structure, whose size is its first field, holds */
static inline int write_answer(void __user *user, const void *args, size_t size)
{
	return copy_to_user(user, args, min_t(size_t, size, *(u32 *)args)) ? -EFAULT : 0;
}

#endif /* IOASID_FACE_H */
