// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux's iommufd ioctls: the table, and those that are about no object in
 * particular.
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/xarray.h>

#include "attach/hwpt.h"
#include "base/ctx.h"
#include "compat/iommufd_abi.h"
#include "face/copy.h"
#include "face/iommufd.h"
#include "face/iommufd_hwpt.h"
#include "face/iommufd_ioas.h"

static int do_destroy(struct ioasid_ctx *ctx, void __user *user)
{
	struct ifd_destroy args;
	struct ioasid_hwpt *hwpt;
	struct ioasid_ioas *ioas;
	int ret;

	ret = read_args(&args, id, user);
	if (ret)
		return ret;
	/* Some ask for what is not there, to see whether it is: one look is enough */
	if (!xa_load(&ctx->objects, args.id))
		return -ENOENT;
	ioas = ioasid_ioas_get(ctx, args.id);
	if (ioas) {
		ret = ioasid_ioas_free(ioas);
		ioasid_ioas_put(ioas);
		return ret;
	}
	hwpt = ioasid_hwpt_get(ctx, args.id);
	if (hwpt) {
		ret = ioasid_hwpt_free(hwpt);
		ioasid_hwpt_put(hwpt);
		return ret;
	}
	/* A device ends when its own fd unbinds it */
	return ioasid_obj_is(ctx, args.id, IOASID_OBJ_DEVICE) ? -EBUSY : -ENOENT;
}

/* Pages are charged to the user (0), and not to the process (1) */
static int rlimit_mode(struct ioasid_ctx *ctx, struct ifd_option *args)
{
	if (args->object_id)
		return -EOPNOTSUPP;
	if (args->op == IFD_OPTION_OP_GET) {
		args->val64 = 0;
		return 0;
	}
	if (args->op != IFD_OPTION_OP_SET)
		return -EOPNOTSUPP;
	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (!xa_empty(&ctx->objects))
		return -EBUSY;
	if (args->val64 > 1)
		return -EINVAL;
	return args->val64 ? -EOPNOTSUPP : 0;
}

/* Large pages are used where they can be (1), and cannot be forbidden (0) */
static int huge_pages(struct ioasid_ctx *ctx, struct ifd_option *args)
{
	struct ioasid_ioas *ioas = ioasid_ioas_get(ctx, args->object_id);

	if (!ioas)
		return -ENOENT;
	ioasid_ioas_put(ioas);
	if (args->op == IFD_OPTION_OP_GET) {
		args->val64 = 1;
		return 0;
	}
	if (args->op != IFD_OPTION_OP_SET)
		return -EOPNOTSUPP;
	if (args->val64 > 1)
		return -EINVAL;
	return args->val64 ? 0 : -EOPNOTSUPP;
}

static int do_option(struct ioasid_ctx *ctx, void __user *user)
{
	struct ifd_option args;
	int ret;

	ret = read_args(&args, val64, user);
	if (ret)
		return ret;
	if (args.__reserved)
		return -EOPNOTSUPP;
	switch (args.option_id) {
	case IFD_OPTION_RLIMIT_MODE:
		ret = rlimit_mode(ctx, &args);
		break;
	case IFD_OPTION_HUGE_PAGES:
		ret = huge_pages(ctx, &args);
		break;
	default:
		ret = -EOPNOTSUPP;
	}
	return ret ?: write_answer(user, &args, sizeof(args));
}

/**
 * ioasid_ifd_ioctl() - an ioctl of Linux's iommufd; mapping and unmapping come
 * another way
 * @ctx: the context
 * @cmd: its number
 * @user: its argument
 *
 * Return: as linux/iommufd.h says; -ENOTTY if it is none of those that are served.
 */
long ioasid_ifd_ioctl(struct ioasid_ctx *ctx, unsigned int cmd, void __user *user)
{
	switch (cmd) {
	case IFD_DESTROY:
		return do_destroy(ctx, user);
	case IFD_IOAS_ALLOC:
		return ioasid_ifd_ioas_alloc(ctx, user);
	case IFD_IOAS_ALLOW_IOVAS:
		return ioasid_ifd_ioas_allow_iovas(ctx, user);
	case IFD_IOAS_IOVA_RANGES:
		return ioasid_ifd_ioas_iova_ranges(ctx, user);
	case IFD_IOAS_COPY:
		return ioasid_ifd_ioas_copy(ctx, user);
	case IFD_IOAS_MAP_FILE:
		return ioasid_ifd_ioas_map_file(ctx, user);
	case IFD_OPTION:
		return do_option(ctx, user);
	case IFD_GET_HW_INFO:
		return ioasid_ifd_get_hw_info(ctx, user);
	case IFD_HWPT_ALLOC:
		return ioasid_ifd_hwpt_alloc(ctx, user);
	case IFD_HWPT_SET_DIRTY_TRACKING:
		return ioasid_ifd_hwpt_set_dirty_tracking(ctx, user);
	case IFD_HWPT_GET_DIRTY_BITMAP:
		return ioasid_ifd_hwpt_get_dirty_bitmap(ctx, user);
	case IFD_HWPT_INVALIDATE:
		return ioasid_ifd_hwpt_invalidate(ctx, user);
	default:
		return -ENOTTY;
	}
}
