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

long ioasid_ifd_get_hw_info(void *data, void *args, void __user *user)
{
	struct ifd_hw_info *info = args;
	struct ioasid_hw_data hw;
	void __user *to;
	u32 copied;
	int ret;

	/* There is one type for an IOMMU, and no other can be asked for */
	if ((info->flags & IFD_HW_INFO_INPUT_TYPE) && info->data_type)
		return -EOPNOTSUPP;
	ret = ioasid_device_hw_data(data, info->dev_id, &hw);
	if (ret)
		return ret == -ENODEV ? -ENOENT : ret;

	to = u64_to_user_ptr(info->data_uptr);
	copied = min(info->data_len, hw.len);
	if (copied && copy_to_user(to, hw.record, copied))
		return -EFAULT;
	ret = clear_rest(to + copied, info->data_len - copied);
	if (ret)
		return ret;
	info->data_len = hw.len;
	info->data_type = hw.type;
	info->out_capabilities = hw.capabilities;
	info->out_max_pasid_log2 = hw.pasid_width;
	return write_answer(user, info, sizeof(*info));
}

/* What a page table can be made of; nothing else is offered */
static int check_alloc(struct ioasid_ctx *ctx, const struct ifd_hwpt_alloc *args)
{
	struct ioasid_hwpt *parent;

	if (!args->data_len != (args->data_type == IFD_HWPT_DATA_NONE))
		return -EINVAL;
	parent = ioasid_hwpt_get(ctx, args->pt_id);
	if (!parent)
		return 0;
	ioasid_hwpt_put(parent);
	/* None of them is made to be nested on */
	return (args->flags & ~IFD_HWPT_ALLOC_PASID) || !args->data_len ? -EOPNOTSUPP : -EINVAL;
}

long ioasid_ifd_hwpt_alloc(void *data, void *args, void __user *user)
{
	struct ifd_hwpt_alloc *alloc = args;
	struct ifd_hwpt_alloc __user *uargs = user;
	struct ioasid_hwpt *hwpt;
	int ret;

	ret = check_alloc(data, alloc);
	if (ret)
		return ret;
	hwpt = ioasid_hwpt_new(data, alloc->dev_id, alloc->pt_id,
			       alloc->flags & IFD_HWPT_ALLOC_PASID);
	if (IS_ERR(hwpt)) {
		ret = PTR_ERR(hwpt);
		/* No such device, no such address space */
		return ret == -ENODEV ? -ENOENT : ret == -ENOENT ? -EINVAL : ret;
	}
	ret = (alloc->flags & ~IFD_HWPT_ALLOC_PASID) || alloc->data_len ? -EOPNOTSUPP : 0;
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
long ioasid_ifd_hwpt_set_dirty_tracking(void *data, void *args, void __user *user)
{
	struct ifd_hwpt_set_dirty_tracking *set = args;

	return check_hwpt(data, set->hwpt_id) ?: -EOPNOTSUPP;
}

long ioasid_ifd_hwpt_get_dirty_bitmap(void *data, void *args, void __user *user)
{
	struct ifd_hwpt_get_dirty_bitmap *get = args;
	u64 last;
	int ret;

	ret = check_hwpt(data, get->hwpt_id);
	if (ret)
		return ret;
	if (check_add_overflow(get->iova, get->length - 1, &last))
		return -EOVERFLOW;
	if (!get->page_size || !IS_ALIGNED(get->iova | (last + 1), PAGE_SIZE) ||
	    ((get->iova | (last + 1)) & (get->page_size - 1)))
		return -EINVAL;
	return -EOPNOTSUPP;
}

/* None is the user's own, which would be all that can be invalidated */
long ioasid_ifd_hwpt_invalidate(void *data, void *args, void __user *user)
{
	struct ifd_hwpt_invalidate *invalidate = args;
	int ret;

	if (invalidate->__reserved)
		ret = -EOPNOTSUPP;
	else if (invalidate->entry_num && (!invalidate->data_uptr || !invalidate->entry_len))
		ret = -EINVAL;
	else if (ioasid_obj_is(data, invalidate->hwpt_id, IOASID_OBJ_HWPT) ||
		 ioasid_obj_is(data, invalidate->hwpt_id, IOASID_OBJ_IOAS) ||
		 ioasid_obj_is(data, invalidate->hwpt_id, IOASID_OBJ_DEVICE))
		ret = -EINVAL;
	else
		ret = -ENOENT;
	invalidate->entry_num = 0;
	return write_answer(user, invalidate, sizeof(*invalidate)) ?: ret;
}
