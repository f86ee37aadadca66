// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux's iommufd ioctls on devices and page tables. A device's id is its cookie.
 */
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "attach/hwpt.h"
#include "attach/info.h"
#include "base/ctx.h"
#include "compat/iommufd_abi.h"
#include "face/copy.h"
#include "face/iommufd_hwpt.h"

/* What the kernel has less of than the user has room for; however much that is */
static int clear_rest(void __user *to, u32 len)
{
	u32 some;

	for (; len; len -= some, to += some) {
		some = min_t(u32, len, SZ_1M);
		if (fatal_signal_pending(current))
			return -EINTR;
		if (clear_user(to, some))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

int ioasid_ifd_get_hw_info(struct ioasid_ctx *ctx, void __user *user)
{
	struct ioasid_hw_data data;
	struct ifd_hw_info args;
	void __user *to;
	u32 copied;
	int ret;

	ret = read_args(&args, __reserved, user);
	if (ret)
		return ret;
	if ((args.flags & ~IFD_HW_INFO_INPUT_TYPE) || args.__reserved[0] ||
	    args.__reserved[1] || args.__reserved[2])
		return -EOPNOTSUPP;
	/* There is one type for an IOMMU, and no other can be asked for */
	if ((args.flags & IFD_HW_INFO_INPUT_TYPE) && args.data_type)
		return -EOPNOTSUPP;
	ret = ioasid_device_hw_data(ctx, args.dev_id, &data);
	if (ret)
		return ret == -ENODEV ? -ENOENT : ret;

	to = u64_to_user_ptr(args.data_uptr);
	copied = min(args.data_len, data.len);
	if (copied && copy_to_user(to, data.record, copied))
		return -EFAULT;
	ret = clear_rest(to + copied, args.data_len - copied);
	if (ret)
		return ret;
	args.data_len = data.len;
	args.data_type = data.type;
	args.out_capabilities = data.capabilities;
	args.out_max_pasid_log2 = data.pasid_width;
	return write_answer(user, &args, sizeof(args));
}

/* What a page table can be made of; nothing else is offered */
static int check_alloc(struct ioasid_ctx *ctx, const struct ifd_hwpt_alloc *args)
{
	struct ioasid_hwpt *parent;

	if (args->__reserved)
		return -EOPNOTSUPP;
	if (!args->data_len != (args->data_type == IFD_HWPT_DATA_NONE))
		return -EINVAL;
	parent = ioasid_hwpt_get(ctx, args->pt_id);
	if (!parent)
		return 0;
	ioasid_hwpt_put(parent);
	/* None of them is made to be nested on */
	return (args->flags & ~IFD_HWPT_ALLOC_PASID) || !args->data_len ? -EOPNOTSUPP : -EINVAL;
}

int ioasid_ifd_hwpt_alloc(struct ioasid_ctx *ctx, void __user *user)
{
	struct ifd_hwpt_alloc __user *uargs = user;
	struct ifd_hwpt_alloc args;
	struct ioasid_hwpt *hwpt;
	int ret;

	ret = read_args(&args, __reserved, user);
	ret = ret ?: check_alloc(ctx, &args);
	if (ret)
		return ret;
	hwpt = ioasid_hwpt_new(ctx, args.dev_id, args.pt_id,
			       args.flags & IFD_HWPT_ALLOC_PASID);
	if (IS_ERR(hwpt)) {
		ret = PTR_ERR(hwpt);
		/* No such device, no such address space */
		return ret == -ENODEV ? -ENOENT : ret == -ENOENT ? -EINVAL : ret;
	}
	ret = (args.flags & ~IFD_HWPT_ALLOC_PASID) || args.data_len ? -EOPNOTSUPP : 0;
	/* Nobody finds it before its owner has got the number */
	if (!ret && put_user(hwpt->obj.id, &uargs->out_hwpt_id))
		ret = -EFAULT;
	if (ret)
		ioasid_hwpt_free(hwpt);
	else
		ioasid_obj_publish(&hwpt->obj);
	return ret;
}

static int check_hwpt(struct ioasid_ctx *ctx, u32 id)
{
	struct ioasid_hwpt *hwpt = ioasid_hwpt_get(ctx, id);

	if (!hwpt)
		return -ENOENT;
	ioasid_hwpt_put(hwpt);
	return 0;
}

/* No page table keeps account of what is written */
int ioasid_ifd_hwpt_set_dirty_tracking(struct ioasid_ctx *ctx, void __user *user)
{
	struct ifd_hwpt_set_dirty_tracking args;
	int ret;

	ret = read_args(&args, __reserved, user);
	if (ret)
		return ret;
	if (args.flags & ~IFD_DIRTY_TRACKING_ENABLE)
		return -EOPNOTSUPP;
	return check_hwpt(ctx, args.hwpt_id) ?: -EOPNOTSUPP;
}

int ioasid_ifd_hwpt_get_dirty_bitmap(struct ioasid_ctx *ctx, void __user *user)
{
	struct ifd_hwpt_get_dirty_bitmap args;
	u64 last;
	int ret;

	ret = read_args(&args, data, user);
	if (ret)
		return ret;
	if ((args.flags & ~IFD_GET_DIRTY_BITMAP_NO_CLEAR) || args.__reserved)
		return -EOPNOTSUPP;
	ret = check_hwpt(ctx, args.hwpt_id);
	if (ret)
		return ret;
	if (check_add_overflow(args.iova, args.length - 1, &last))
		return -EOVERFLOW;
	if (!args.page_size || !IS_ALIGNED(args.iova | (last + 1), PAGE_SIZE) ||
	    ((args.iova | (last + 1)) & (args.page_size - 1)))
		return -EINVAL;
	return -EOPNOTSUPP;
}

/* None is the user's own, which would be all that can be invalidated */
int ioasid_ifd_hwpt_invalidate(struct ioasid_ctx *ctx, void __user *user)
{
	struct ifd_hwpt_invalidate args;
	int ret;

	ret = read_args(&args, __reserved, user);
	if (ret)
		return ret;
	if (args.__reserved)
		ret = -EOPNOTSUPP;
	else if (args.entry_num && (!args.data_uptr || !args.entry_len))
		ret = -EINVAL;
	else if (ioasid_obj_is(ctx, args.hwpt_id, IOASID_OBJ_HWPT) ||
		 ioasid_obj_is(ctx, args.hwpt_id, IOASID_OBJ_IOAS) ||
		 ioasid_obj_is(ctx, args.hwpt_id, IOASID_OBJ_DEVICE))
		ret = -EINVAL;
	else
		ret = -ENOENT;
	args.entry_num = 0;
	return write_answer(user, &args, sizeof(args)) ?: ret;
}
