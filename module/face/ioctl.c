// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of the I/O address space fd. They parse, check and call the core.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "attach/group.h"
#include "base/args.h"
#include "face/face.h"
#include "include/ioasid_api.h"
#include "ioas/area.h"

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
	memset(dst, 0, ksize);
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

static int do_device_get_info(struct ioasid_ctx *ctx, void *arg,
			      void __user *user)
{
	struct ioasid_device_info *info = arg;
	u32 room = info->caps_len;
	void *caps = NULL;
	int ret;

	if (info->flags)
		return -EINVAL;
	ret = ioasid_device_info_fill(ctx, info, &caps, &info->caps_len);
	if (ret)
		return ret;
	if (room && room < info->caps_len)
		ret = -EMSGSIZE;
	else if (room && copy_to_user(u64_to_user_ptr(info->caps), caps,
				      info->caps_len))
		ret = -EFAULT;
	kfree(caps);
	return ret;
}

static int read_hints(const struct ioasid_alloc *args, struct ioasid_ranges *set)
{
	const struct ioasid_range __user *user = u64_to_user_ptr(args->ranges);
	struct ioasid_range range;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < args->nr_ranges; i++) {
		if (copy_from_user(&range, &user[i], sizeof(range)))
			return -EFAULT;
		ret = ioasid_check_hint(&range, PAGE_SIZE);
		if (!ret)
			ret = ioasid_ranges_add(set, range.start, range.last);
	}
	return ret;
}

static int do_ioasid_alloc(struct ioasid_ctx *ctx, void *arg, void __user *user)
{
	struct ioasid_alloc __user *uargs = user;
	struct ioasid_alloc *args = arg;
	struct ioasid_ranges hints = {};
	struct ioasid_ioas *ioas;
	int ret;

	ret = ioasid_check_alloc(args);
	if (!ret)
		ret = read_hints(args, &hints);
	if (ret)
		goto clear;
	ioas = ioasid_ioas_new(ctx, args, &hints);
	ret = PTR_ERR_OR_ZERO(ioas);
	if (ret)
		goto clear;
	/* Nobody finds it before its owner has got the number */
	if (put_user(ioas->obj.id, &uargs->ioasid)) {
		ioasid_obj_remove(&ioas->obj);
		ioasid_ioas_put(ioas);
		return -EFAULT;
	}
	ioasid_obj_publish(&ioas->obj);
	return 0;

clear:
	ioasid_ranges_clear(&hints);
	return ret;
}

static int do_ioasid_free(struct ioasid_ctx *ctx, void *arg, void __user *user)
{
	struct ioasid_free *args = arg;
	struct ioasid_ioas *ioas;
	int ret;

	if (args->flags || args->__reserved)
		return -EINVAL;
	ioas = ioasid_ioas_get(ctx, args->ioasid);
	if (!ioas)
		return -ENOENT;
	ret = ioasid_ioas_free(ioas);
	ioasid_ioas_put(ioas);
	return ret;
}

/* The fields of an address space's info, and its arrays in kernel memory */
static int ioas_info(struct ioasid_ioas *ioas, struct ioasid_info *info,
		     struct ioasid_ranges *set,
		     struct ioasid_attachment **attachments)
{
	struct ioasid_attachment_point *point;
	struct ioasid_table *table;
	unsigned int nr = 0;
	int ret;

	lockdep_assert_held(&ioas->lock);
	ret = ioasid_ioas_permitted(ioas, set);
	if (ret)
		return ret;
	list_for_each_entry(point, &ioas->attachments, node)
		nr++;
	*attachments = kcalloc(nr, sizeof(**attachments), GFP_KERNEL_ACCOUNT);
	if (!*attachments)
		return -ENOMEM;
	nr = 0;
	list_for_each_entry(point, &ioas->attachments, node)
		(*attachments)[nr++].cookie = point->cookie;

	info->flags = nr ? IOASID_INFO_SNOOP_ENFORCED : 0;
	list_for_each_entry(table, &ioas->tables, node)
		if (!table->snoop_enforced)
			info->flags = 0;
	info->format = IOASID_FORMAT_KERNEL;
	info->parent = 0;
	info->nesting = IOASID_NESTING_NONE;
	info->snoop = ioas->snoop;
	info->addr_width = set->nr ? fls64(set->range[set->nr - 1].last) : 0;
	info->pgsizes = ioasid_ioas_pgsizes(ioas);
	info->mapped = ioas->mapped;
	info->pinned = ioas->pinned;
	info->nr_ranges = set->nr;
	info->nr_attachments = nr;
	return 0;
}

static int do_ioasid_get_info(struct ioasid_ctx *ctx, void *arg,
			      void __user *user)
{
	struct ioasid_attachment *attachments = NULL;
	struct ioasid_info *info = arg;
	u32 room_ranges = info->nr_ranges;
	u32 room_attachments = info->nr_attachments;
	struct ioasid_ranges set = {};
	struct ioasid_ioas *ioas;
	int ret;

	if (info->flags)
		return -EINVAL;
	ioas = ioasid_ioas_get(ctx, info->ioasid);
	if (!ioas)
		return -ENOENT;
	mutex_lock(&ioas->lock);
	ret = ioas_info(ioas, info, &set, &attachments);
	mutex_unlock(&ioas->lock);
	ioasid_ioas_put(ioas);
	if (ret)
		goto free;

	ret = -EMSGSIZE;
	if ((room_ranges && room_ranges < info->nr_ranges) ||
	    (room_attachments && room_attachments < info->nr_attachments))
		goto free;
	ret = -EFAULT;
	if (room_ranges &&
	    copy_to_user(u64_to_user_ptr(info->ranges), set.range,
			 array_size(set.nr, sizeof(*set.range))))
		goto free;
	if (room_attachments &&
	    copy_to_user(u64_to_user_ptr(info->attachments), attachments,
			 array_size(info->nr_attachments, sizeof(*attachments))))
		goto free;
	ret = 0;
free:
	ioasid_ranges_clear(&set);
	kfree(attachments);
	return ret;
}

static int do_map_dma(struct ioasid_ctx *ctx, void *arg, void __user *user)
{
	struct ioasid_map *args = arg;
	struct ioasid_ioas *ioas;
	int ret;

	ret = ioasid_check_map(args, PAGE_SIZE);
	if (ret)
		return ret;
	ioas = ioasid_ioas_get(ctx, args->ioasid);
	if (!ioas)
		return -ENOENT;
	ret = ioasid_area_map(ioas, args);
	ioasid_ioas_put(ioas);
	return ret;
}

static int do_unmap_dma(struct ioasid_ctx *ctx, void *arg, void __user *user)
{
	struct ioasid_unmap __user *uargs = user;
	struct ioasid_unmap *args = arg;
	u64 start = args->iova, last = args->iova + (args->length - 1);
	struct ioasid_ioas *ioas;
	u64 unmapped;
	int ret;

	ret = ioasid_check_unmap(args, PAGE_SIZE);
	if (ret)
		return ret;
	ioas = ioasid_ioas_get(ctx, args->ioasid);
	if (!ioas)
		return -ENOENT;
	if (args->flags & IOASID_UNMAP_ALL) {
		start = 0;
		last = U64_MAX;
	}
	/* What cannot be answered is not done */
	ret = -EFAULT;
	if (!put_user(0, &uargs->unmapped))
		ret = ioasid_area_unmap(ioas, start, last, &unmapped);
	if (!ret && put_user(unmapped, &uargs->unmapped))
		ret = -EFAULT;
	ioasid_ioas_put(ioas);
	return ret;
}

static bool extension(unsigned long ext)
{
	switch (ext) {
	case IOASID_EXT_TYPE1V2_MAP:
		return true;
	default:
		return false;
	}
}

/* The whole surface: number, handler, full size, first release's size */
#define ROW(nr, fn, type, last_field, answer)				\
	[_IOC_NR(nr) - _IOC_NR(IOMMU_CHECK_EXTENSION)] = {		\
		.cmd = nr, .handler = fn, .ksize = sizeof(type),	\
		.minsize = offsetofend(type, last_field), .out = answer }

static const struct {
	unsigned int cmd;
	int (*handler)(struct ioasid_ctx *ctx, void *arg, void __user *user);
	size_t ksize;
	size_t minsize;
	bool out;
} rows[] = {
	ROW(IOMMU_DEVICE_GET_INFO, do_device_get_info,
	    struct ioasid_device_info, caps, true),
	ROW(IOMMU_IOASID_ALLOC, do_ioasid_alloc,
	    struct ioasid_alloc, ioasid, false),
	ROW(IOMMU_IOASID_FREE, do_ioasid_free,
	    struct ioasid_free, __reserved, false),
	ROW(IOMMU_IOASID_GET_INFO, do_ioasid_get_info,
	    struct ioasid_info, attachments, true),
	ROW(IOMMU_MAP_DMA, do_map_dma,
	    struct ioasid_map, length, false),
	ROW(IOMMU_UNMAP_DMA, do_unmap_dma,
	    struct ioasid_unmap, unmapped, false),
};

union any_args {
	struct ioasid_device_info device_info;
	struct ioasid_alloc alloc;
	struct ioasid_free free;
	struct ioasid_info info;
	struct ioasid_map map;
	struct ioasid_unmap unmap;
};

/**
 * ioasid_ioctl() - an ioctl of the I/O address space fd
 * @ctx: the context
 * @cmd: its number
 * @arg: its argument
 *
 * Return: as linux/ioasid.h says.
 */
long ioasid_ioctl(struct ioasid_ctx *ctx, unsigned int cmd, unsigned long arg)
{
	unsigned int row = _IOC_NR(cmd) - _IOC_NR(IOMMU_CHECK_EXTENSION);
	void __user *user = (void __user *)arg;
	union any_args args;
	long ret;

	if (cmd == IOMMU_CHECK_EXTENSION)
		return extension(arg);
	if (row >= ARRAY_SIZE(rows))
		return -ENOTTY;
	row = array_index_nospec(row, ARRAY_SIZE(rows));
	if (!rows[row].handler || rows[row].cmd != cmd)
		return -ENOTTY;

	ret = ioasid_copy_struct(&args, rows[row].ksize, rows[row].minsize, user);
	if (ret)
		return ret;
	ret = rows[row].handler(ctx, &args, user);
	/* An answer that did not fit says what would */
	if (rows[row].out && (!ret || ret == -EMSGSIZE) &&
	    copy_to_user(user, &args, min_t(size_t, rows[row].ksize,
					    *(u32 *)&args)))
		ret = -EFAULT;
	return ret;
}
