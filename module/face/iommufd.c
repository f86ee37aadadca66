// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux's iommufd ioctls that are about no object in particular.
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

long ioasid_ifd_destroy(void *data, void *args, void __user *user)
{
	struct ifd_destroy *destroy = args;
	struct ioasid_ctx *ctx = data;
	struct ioasid_hwpt *hwpt;
	struct ioasid_ioas *ioas;
	int ret;

	/* Some ask for what is not there, to see whether it is: one look is enough */
	if (!xa_load(&ctx->objects, destroy->id))
		return -ENOENT;
	ioas = ioasid_ioas_get(ctx, destroy->id);
	if (ioas) {
		ret = ioasid_ioas_free(ioas);
		ioasid_ioas_put(ioas);
		return ret;
	}
	hwpt = ioasid_hwpt_get(ctx, destroy->id);
	if (hwpt) {
		ret = ioasid_hwpt_free(hwpt);
		ioasid_hwpt_put(hwpt);
		return ret;
	}
	/* A device ends when its own fd unbinds it */
	return ioasid_obj_is(ctx, destroy->id, IOASID_OBJ_DEVICE) ? -EBUSY : -ENOENT;
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

long ioasid_ifd_option(void *data, void *args, void __user *user)
{
	struct ifd_option *option = args;
	int ret;

	switch (option->option_id) {
	case IFD_OPTION_RLIMIT_MODE:
		ret = rlimit_mode(data, option);
		break;
	case IFD_OPTION_HUGE_PAGES:
		ret = huge_pages(data, option);
		break;
	default:
		ret = -EOPNOTSUPP;
	}
	return ret ?: write_answer(user, option, sizeof(*option));
}
