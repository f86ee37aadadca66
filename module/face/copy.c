// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a user's structure: its size is checked and what is longer than ours must be zero.
 * And what the tables of ioctls say of it (struct ioasid_ioctl).
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

/* Nearly always the user's structure is as long as ours */
static long ioctl_read(const struct ioasid_ioctl *ioctl, void *args, void __user *user)
{
	u32 argsz;

	if (get_user(argsz, (const u32 __user *)user))
		return -EFAULT;
	if (argsz != ioctl->size)
		return ioasid_copy_struct(args, ioctl->size, ioctl->min_size, user);
	if (copy_from_user(args, user, ioctl->size))
		return -EFAULT;
	*(u32 *)args = argsz;
	return 0;
}

static bool ioctl_is_known(const struct ioasid_ioctl *ioctl, const void *args)
{
	if (ioctl->flags_at && *(const u32 *)(args + ioctl->flags_at) & ~ioctl->flags)
		return false;
	return !memchr_inv(args + ioctl->zero_at, 0, ioctl->zero_size);
}

long ioasid_ioctl_call(const struct ioasid_ioctl *table, unsigned int nr, void *data,
		       unsigned int cmd, void __user *user)
{
	const struct ioasid_ioctl *ioctl;
	u64 args[IOASID_IOCTL_MAX / sizeof(u64)] = {};
	long ret;

	for (ioctl = table; ioctl < table + nr; ioctl++)
		if (ioctl->cmd == cmd)
			goto found;
	return -ENOTTY;

found:
	ret = ioctl_read(ioctl, args, user);
	if (ret)
		return ret;
	return ioctl_is_known(ioctl, args) ? ioctl->op(data, args, user) : -ioctl->refuse;
}
EXPORT_SYMBOL_GPL(ioasid_ioctl_call);
