// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors of attaching, which any layer of the kernel may have come up with.
 */
#include <linux/errno.h>

#include "attach/error.h"

/**
 * ioasid_attach_error() - what a user is told of an attach that failed
 * @error: the error, which the kernel or a driver may have come up with
 *
 * Return: what IOASID_DEVICE_ATTACH documents; -EFAULT for all else, and for -EIO, which
 * is for an attachment that has ended: no other layer says that.
 */
int ioasid_attach_error(int error)
{
	switch (error) {
	case 0:
	case -EADDRINUSE:
	case -EBUSY:
	case -EINTR:
	case -EINVAL:
	case -ENOENT:
	case -ENOMEM:
	case -ENOSPC:
	case -EOPNOTSUPP:
	case -ERESTARTNOINTR:
	case -EXDEV:
		return error;
	default:
		return -EFAULT;
	}
}
