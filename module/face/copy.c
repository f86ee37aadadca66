// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a user's structure: its size is checked and what is longer than ours must be zero.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "base/args.h"
#include "include/ioasid_api.h"

int ioasid_copy_struct(void *dst, size_t ksize, size_t minsize,
		       const void __user *user)
{
	u32 argsz;
	int ret;

	if (get_user(argsz, (const u32 __user *)user))
		return -EFAULT;
	ret = ioasid_check_argsz(argsz, ksize, minsize);
	if (ret)
		return ret;
	if (argsz < ksize)
		memset(dst + argsz, 0, ksize - argsz);
	if (copy_from_user(dst, user, min_t(size_t, argsz, ksize)))
		return -EFAULT;
	/* As it was checked, whatever it is by now */
	*(u32 *)dst = argsz;
	if (argsz > ksize) {
		ret = check_zeroed_user(user + ksize, argsz - ksize);
		if (ret <= 0)
			return ret ?: -E2BIG;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(ioasid_copy_struct);
