// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of linux/ioasid.h on the I/O address space fd. They check what is left to be
 * checked (face/ioctl.c) and call the core.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "attach/info.h"
#include "base/args.h"
#include "base/ctx.h"
#include "compat/pasid_compat.h"
#include "face/copy.h"
#include "face/ioasid.h"
#include "include/ioasid_api.h"
#include "ioas/attachment.h"
#include "ioas/ioas.h"
#include "ioas/iova.h"
#include "ioas/map.h"
#include "ioas/table.h"
#include "ioas/unmap.h"

/* An answer that did not fit says what would */
static int write_args(void __user *user, const void *args, size_t size, int ret)
{
	if (ret && ret != -EMSGSIZE)
		return ret;
	return write_answer(user, args, size) ?: ret;
}

long ioasid_do_device_get_info(void *data, void *args, void __user *user)
{
	struct ioasid_device_info *info = args;
	u32 room = info->caps_len;
	void *caps = NULL;
	int ret;

	ret = ioasid_device_info_fill(data, info, &caps, &info->caps_len);
	if (ret)
		return ret;
	if (room && room < info->caps_len)
		ret = -EMSGSIZE;
	else if (room && copy_to_user(u64_to_user_ptr(info->caps), caps,
				      info->caps_len))
		ret = -EFAULT;
	kfree(caps);
	return write_args(user, info, sizeof(*info), ret);
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

long ioasid_do_ioasid_alloc(void *data, void *args, void __user *user)
{
	struct ioasid_alloc __user *uargs = user;
	struct ioasid_alloc *alloc = args;
	struct ioasid_ranges hints = {};
	struct ioasid_ioas *ioas;
	int ret;

	ret = ioasid_check_alloc(alloc, KC_PASID ? IOASID_ALLOC_PASID : 0);
	ret = ret ?: read_hints(alloc, &hints);
	if (ret)
		goto clear;
	ioas = ioasid_ioas_new(data, alloc, &hints);
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

long ioasid_do_ioasid_free(void *data, void *args, void __user *user)
{
	struct ioasid_free *free = args;
	struct ioasid_ioas *ioas = ioasid_ioas_get(data, free->ioasid);
	int ret;

	if (!ioas)
		return -ENOENT;
	ret = ioasid_ioas_free(ioas);
	ioasid_ioas_put(ioas);
	return ret;
}

/*
 * The fields of an address space's info, and its arrays in kernel memory: as many
 * attachments as there is @room for
 */
static int ioas_info(struct ioasid_ioas *ioas, struct ioasid_info *info,
		     struct ioasid_ranges *set,
		     struct ioasid_attachment *attachments, unsigned int room)
{
	struct ioasid_attachment_point *point;
	struct ioasid_attached *device;
	u32 flags = IOASID_INFO_SNOOP_ENFORCED;
	struct ioasid_table *table;
	unsigned int nr = 0;
	int ret;

	lockdep_assert_held(&ioas->lock);
	ret = ioasid_ioas_permitted(ioas, set);
	if (ret)
		return ret;
	list_for_each_entry(point, &ioas->attachments, node)
		list_for_each_entry(device, &point->devices, node) {
			if (ioasid_may_no_snoop(point, device))
				flags |= IOASID_INFO_NO_SNOOP;
			if (nr < room)
				attachments[nr] = (struct ioasid_attachment) {
					.cookie = device->cookie,
					.pasid = device->pasid,
					.flags = (device->pasid ? IOASID_ATTACHMENT_PASID : 0) |
						 (device->no_snoop ?
						  IOASID_ATTACHMENT_NO_SNOOP : 0),
				};
			if (++nr % 64 == 0)
				cond_resched();
		}
	list_for_each_entry(table, &ioas->tables, node)
		if (!table->snoop_enforced)
			flags &= ~IOASID_INFO_SNOOP_ENFORCED;
	info->flags = list_empty(&ioas->tables) ? 0 : flags;
	info->format = IOASID_FORMAT_KERNEL;
	info->parent = 0;
	info->nesting = IOASID_NESTING_NONE;
	info->snoop = ioas->snoop;
	info->addr_width = set->nr ? fls64(set->range[set->nr - 1].last) : 0;
	info->pgsizes = ioasid_ioas_pgsizes(ioas);
	mutex_lock(&ioas->areas_lock);
	info->mapped = ioas->mapped;
	info->pinned = ioas->pinned;
	mutex_unlock(&ioas->areas_lock);
	info->nr_ranges = set->nr;
	info->nr_attachments = nr;
	return 0;
}

long ioasid_do_ioasid_get_info(void *data, void *args, void __user *user)
{
	struct ioasid_info *info = args;
	u32 room_ranges = info->nr_ranges, room_attachments = info->nr_attachments, nr = 0;
	struct ioasid_ioas *ioas = ioasid_ioas_get(data, info->ioasid);
	struct ioasid_attachment *attachments = NULL;
	struct ioasid_ranges set = {};
	int ret;

	if (!ioas)
		return -ENOENT;
	/* Once to know how many there are, and once more if they are asked for and fit */
	for (;;) {
		ret = down_read_killable(&ioas->lock);
		if (ret)
			break;
		ret = ioas_info(ioas, info, &set, attachments, nr);
		up_read(&ioas->lock);
		if (ret || info->nr_attachments <= nr || info->nr_attachments > room_attachments)
			break;
		nr = info->nr_attachments;
		ioasid_ranges_clear(&set);
		kvfree(attachments);
		attachments = kvmalloc_array(nr, sizeof(*attachments),
					     GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!attachments) {
			ret = -ENOMEM;
			break;
		}
	}
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
	kvfree(attachments);
	return write_args(user, info, sizeof(*info), ret);
}

/* So many bytes of an array are read at a time */
#define ARRAY_BYTES	SZ_4K

/*
 * Read the next elements of a user's array. How many: all up to where it cannot be
 * read; or -EFAULT if that is the first one. The CPU may stop some bytes early, so
 * what is near that is read one by one, @room being so many at a time.
 */
static int read_array(void *range, const void __user *user, size_t size, u32 left,
		      u32 *room)
{
	u32 nr = min(left, *room);
	size_t missing;

	if (fatal_signal_pending(current))
		return -EINTR;
	missing = copy_from_user(range, user, nr * size);
	if (!missing)
		return nr;
	if (nr == 1)
		return -EFAULT;
	*room = 1;
	return nr - DIV_ROUND_UP(missing, size);
}

static int map_array(struct ioasid_ioas *ioas, struct ioasid_map *args)
{
	const struct ioasid_map_range __user *user = u64_to_user_ptr(args->ranges);
	struct ioasid_map_range *range = kmalloc(ARRAY_BYTES, GFP_KERNEL_ACCOUNT);
	struct ioasid_areas_stock stock __uninitialized;
	u32 room = ARRAY_BYTES / sizeof(*range);
	int ret = 0, nr, i;

	if (!range)
		return -ENOMEM;
	stock.nr = 0;
	while (!ret && args->nr_done < args->nr_ranges) {
		nr = read_array(range, user + args->nr_done, sizeof(*range),
				args->nr_ranges - args->nr_done, &room);
		ret = min(nr, 0);
		for (i = 0; i < nr && !ret; i++) {
			ret = ioasid_check_map_range(&range[i], PAGE_SIZE);
			if (!ret && !stock.nr)
				ioasid_areas_stock(&stock, nr - i);
			ret = ret ?: ioasid_area_map(ioas, &range[i], &stock, NULL);
			args->nr_done += !ret;
			if (i % 16 == 15)
				cond_resched();
		}
		cond_resched();
	}
	ioasid_areas_unstock(&stock);
	kfree(range);
	return ret;
}

int ioasid_do_map_dma(struct ioasid_ctx *ctx, void __user *user)
{
	struct ioasid_map __user *uargs = user;
	struct ioasid_map_range range;
	struct ioasid_map args __uninitialized;
	struct ioasid_ioas *ioas;
	int ret;

	ret = ioasid_read_args(&args, length, user);
	if (ret)
		return ret;
	range = ioasid_map_to_range(&args);
	ret = ioasid_check_map(&args, &range, PAGE_SIZE);
	if (ret)
		return ret;
	ioas = ioasid_ioas_get(ctx, args.ioasid);
	if (!ioas)
		return -ENOENT;
	if (!args.nr_ranges) {
		ret = ioasid_area_map(ioas, &range, NULL, NULL);
	} else if (put_user(0, &uargs->nr_done)) {
		/* What cannot be answered is not done */
		ret = -EFAULT;
	} else {
		ret = map_array(ioas, &args);
		if (put_user(args.nr_done, &uargs->nr_done))
			ret = -EFAULT;
	}
	ioasid_ioas_put(ioas);
	return ret;
}

static int unmap_array(struct ioasid_ioas *ioas, struct ioasid_unmap *args)
{
	const struct ioasid_unmap_range __user *user = u64_to_user_ptr(args->ranges);
	struct ioasid_unmap_range *range = kmalloc(ARRAY_BYTES, GFP_KERNEL_ACCOUNT);
	u32 room = ARRAY_BYTES / sizeof(*range), done;
	int ret = 0, err, nr, valid;
	u64 unmapped;

	if (!range)
		return -ENOMEM;
	while (!ret && args->nr_done < args->nr_ranges) {
		nr = read_array(range, user + args->nr_done, sizeof(*range),
				args->nr_ranges - args->nr_done, &room);
		if (nr < 0) {
			ret = nr;
			break;
		}
		for (valid = 0; valid < nr && !ret; valid += !ret)
			ret = ioasid_check_unmap_range(&range[valid], PAGE_SIZE);
		err = ioasid_areas_unmap(ioas, range, valid, &done, &unmapped);
		args->nr_done += done;
		args->unmapped += unmapped;
		ret = err ?: ret;
		cond_resched();
	}
	kfree(range);
	return ret;
}

int ioasid_do_unmap_dma(struct ioasid_ctx *ctx, void __user *user)
{
	struct ioasid_unmap __user *uargs = user;
	struct ioasid_unmap_range range;
	struct ioasid_unmap args __uninitialized;
	struct ioasid_ioas *ioas;
	u32 done;
	int ret;

	ret = ioasid_read_args(&args, unmapped, user);
	ret = ret ?: ioasid_check_unmap(&args, PAGE_SIZE);
	if (ret)
		return ret;
	ioas = ioasid_ioas_get(ctx, args.ioasid);
	if (!ioas)
		return -ENOENT;
	args.unmapped = 0;
	/* What cannot be answered is not done */
	ret = -EFAULT;
	if (put_user(0, &uargs->unmapped) ||
	    (args.nr_ranges && put_user(0, &uargs->nr_done)))
		goto put;
	if (!args.nr_ranges) {
		/* With IOASID_UNMAP_ALL both are 0, which is all */
		range.iova = args.iova;
		range.length = args.length;
		ret = ioasid_areas_unmap(ioas, &range, 1, &done, &args.unmapped);
	} else {
		ret = unmap_array(ioas, &args);
	}
	if ((args.unmapped && put_user(args.unmapped, &uargs->unmapped)) ||
	    (args.nr_ranges && put_user(args.nr_done, &uargs->nr_done)))
		ret = -EFAULT;
put:
	ioasid_ioas_put(ioas);
	return ret;
}
