// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux's iommufd ioctls on address spaces. An address space is the core's, whichever
 * face made it.
 */
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "base/args.h"
#include "base/ctx.h"
#include "compat/iommufd_abi.h"
#include "face/copy.h"
#include "face/iommufd_ioas.h"
#include "ioas/copy.h"
#include "ioas/ioas.h"
#include "ioas/iova.h"
#include "ioas/map.h"
#include "ioas/pin.h"
#include "ioas/repin.h"
#include "ioas/unmap.h"

long ioasid_ifd_ioas_alloc(void *data, void *args, void __user *user)
{
	static const struct ioasid_alloc plain = { .argsz = sizeof(plain) };
	struct ifd_ioas_alloc __user *uargs = user;
	struct ioasid_ranges no_hints = {};
	struct ioasid_ioas *ioas;

	ioas = ioasid_ioas_new(data, &plain, &no_hints);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	/* Nobody finds it before its owner has got the number */
	if (put_user(ioas->obj.id, &uargs->out_ioas_id)) {
		ioasid_obj_remove(&ioas->obj);
		ioasid_ioas_put(ioas);
		return -EFAULT;
	}
	ioasid_obj_publish(&ioas->obj);
	return 0;
}

long ioasid_ifd_ioas_iova_ranges(void *data, void *args, void __user *user)
{
	struct ifd_ioas_iova_ranges *ranges = args;
	struct ioasid_ranges set = {};
	struct ioasid_ioas *ioas;
	u32 room;
	int ret;

	BUILD_BUG_ON(sizeof(struct ifd_iova_range) != sizeof(*set.range));
	ioas = ioasid_ioas_get(data, ranges->ioas_id);
	if (!ioas)
		return -ENOENT;
	ret = down_read_killable(&ioas->lock);
	if (!ret) {
		ret = ioasid_ioas_permitted(ioas, &set);
		up_read(&ioas->lock);
	}
	ioasid_ioas_put(ioas);
	if (ret)
		goto clear;

	/* As many as there is room for, and how many there are */
	room = min(ranges->num_iovas, set.nr);
	if (room && copy_to_user(u64_to_user_ptr(ranges->allowed_iovas), set.range,
				 array_size(room, sizeof(*set.range)))) {
		ret = -EFAULT;
		goto clear;
	}
	ret = ranges->num_iovas < set.nr ? -EMSGSIZE : 0;
	ranges->num_iovas = set.nr;
	/* The CPU's page size, before the first attach too: the core maps no less */
	ranges->out_iova_alignment = PAGE_SIZE;
	ret = write_answer(user, ranges, sizeof(*ranges)) ?: ret;
clear:
	ioasid_ranges_clear(&set);
	return ret;
}

static int read_allowed(const struct ifd_ioas_allow_iovas *args,
			struct ioasid_ranges *set)
{
	const struct ifd_iova_range __user *user = u64_to_user_ptr(args->allowed_iovas);
	struct ifd_iova_range range;
	u32 i;
	int ret = 0;

	if (args->num_iovas > IOASID_MAX_RANGES)
		return -E2BIG;
	for (i = 0; !ret && i < args->num_iovas; i++) {
		if (copy_from_user(&range, &user[i], sizeof(range)))
			return -EFAULT;
		if (range.start >= range.last ||
		    ioasid_ranges_overlap(set, range.start, range.last))
			return -EINVAL;
		ret = ioasid_ranges_add(set, range.start, range.last);
	}
	return ret;
}

long ioasid_ifd_ioas_allow_iovas(void *data, void *args, void __user *user)
{
	struct ifd_ioas_allow_iovas *allow = args;
	struct ioasid_ranges set = {};
	struct ioasid_ioas *ioas;
	int ret;

	ioas = ioasid_ioas_get(data, allow->ioas_id);
	if (!ioas)
		return -ENOENT;
	ret = read_allowed(allow, &set);
	ret = ret ?: ioasid_iovas_allow(ioas, &set);
	ioasid_ranges_clear(&set);
	ioasid_ioas_put(ioas);
	return ret;
}

#define MAP_ACCESS	(IFD_MAP_WRITEABLE | IFD_MAP_READABLE)
#define MAP_FLAGS	(MAP_ACCESS | IFD_MAP_FIXED_IOVA)

/* The core's flags for Linux's */
static u32 map_flags(u32 flags)
{
	return (flags & IFD_MAP_READABLE ? IOASID_MAP_READ : 0) |
	       (flags & IFD_MAP_WRITEABLE ? IOASID_MAP_WRITE : 0);
}

/* Why the core refuses it, as Linux says it */
static noinline int map_error(struct ioasid_ctx *ctx, const struct ifd_ioas_map *args)
{
	struct ioasid_ioas *ioas;
	u64 last;

	if (args->iova >= ULONG_MAX || args->length >= ULONG_MAX)
		return -EOVERFLOW;
	if (!(args->flags & MAP_ACCESS))
		return -EINVAL;
	ioas = ioasid_ioas_get(ctx, args->ioas_id);
	if (!ioas)
		return -ENOENT;
	ioasid_ioas_put(ioas);
	if (check_add_overflow(args->user_va, args->length, &last))
		return -EOVERFLOW;
	if (!args->length || !IS_ALIGNED(args->user_va | args->length, PAGE_SIZE))
		return -EINVAL;
	if (!(args->flags & IFD_MAP_FIXED_IOVA) || !IS_ALIGNED(args->iova, PAGE_SIZE))
		return -EINVAL;
	return check_add_overflow(args->iova, args->length - 1, &last) ? -EOVERFLOW :
	       -EINVAL;
}

int ioasid_ifd_ioas_map(struct ioasid_ctx *ctx, void __user *user)
{
	struct ifd_ioas_map __user *uargs = user;
	struct ifd_ioas_map args __uninitialized;
	struct ioasid_map_range range;
	struct ioasid_ioas *ioas;
	int ret;

	ret = ioasid_read_args(&args, iova, user);
	if (ret)
		return ret;
	if ((args.flags & ~MAP_FLAGS) || args.__reserved)
		return -EOPNOTSUPP;
	range = (struct ioasid_map_range) {
		.flags = map_flags(args.flags), .vaddr = args.user_va,
		.iova = args.flags & IFD_MAP_FIXED_IOVA ? args.iova : 0,
		.length = args.length,
	};
	if (unlikely(args.iova == U64_MAX || ioasid_check_map_range(&range, PAGE_SIZE)))
		return map_error(ctx, &args);
	ioas = ioasid_ioas_get(ctx, args.ioas_id);
	if (!ioas)
		return -ENOENT;
	if (args.flags & IFD_MAP_FIXED_IOVA)
		ret = ioasid_area_map(ioas, &range, NULL, NULL);
	else
		ret = ioasid_area_map_placed(ioas, &range, NULL, &uargs->iova);
	ioasid_ioas_put(ioas);
	return ret;
}

/* What map_file and copy have in common: the range there, and what is wrong with it */
static int check_other(u32 flags, u64 iova, u64 length, u64 from,
		       struct ioasid_map_range *range)
{
	u64 last;

	if (flags & ~MAP_FLAGS)
		return -EOPNOTSUPP;
	if (iova >= ULONG_MAX || length >= ULONG_MAX || from >= ULONG_MAX)
		return -EOVERFLOW;
	if (!(flags & MAP_ACCESS) || !length)
		return -EINVAL;
	if (check_add_overflow(from, length - 1, &last))
		return -EOVERFLOW;
	if ((flags & IFD_MAP_FIXED_IOVA) && check_add_overflow(iova, length - 1, &last))
		return -EOVERFLOW;
	*range = (struct ioasid_map_range) {
		.flags = map_flags(flags), .vaddr = from, .length = length,
		.iova = flags & IFD_MAP_FIXED_IOVA ? iova : 0,
	};
	return ioasid_check_map_range(range, PAGE_SIZE) ? -EINVAL : 0;
}

long ioasid_ifd_ioas_map_file(void *data, void *args, void __user *user)
{
	struct ifd_ioas_map_file *map = args;
	struct ifd_ioas_map_file __user *uargs = user;
	struct ioasid_map_range range;
	struct ioasid_source from = {};
	struct ioasid_ioas *ioas;
	int ret;

	ret = check_other(map->flags, map->iova, map->length, map->start, &range);
	if (ret && ret != -EINVAL)
		return ret;
	ioas = ioasid_ioas_get(data, map->ioas_id);
	if (!ioas)
		return ret && !(map->flags & MAP_ACCESS) ? ret : -ENOENT;
	if (ret)
		goto put;
	from.payer = ioasid_payer_file(map->fd, map->start, map->length,
				       range.flags & IOASID_MAP_WRITE);
	ret = PTR_ERR_OR_ZERO(from.payer);
	if (ret)
		goto put;
	if (map->flags & IFD_MAP_FIXED_IOVA)
		ret = ioasid_area_map(ioas, &range, NULL, &from);
	else
		ret = ioasid_area_map_placed(ioas, &range, &from, &uargs->iova);
	ioasid_payer_put(from.payer);
put:
	ioasid_ioas_put(ioas);
	return ret;
}

long ioasid_ifd_ioas_copy(void *data, void *args, void __user *user)
{
	struct ifd_ioas_copy *copy = args;
	struct ifd_ioas_copy __user *uargs = user;
	struct ioasid_ioas *src, *dst = NULL;
	struct ioasid_map_range range;
	int ret;

	ret = check_other(copy->flags, copy->dst_iova, copy->length, copy->src_iova, &range);
	if (ret && ret != -EINVAL)
		return ret;
	src = ioasid_ioas_get(data, copy->src_ioas_id);
	if (!src)
		return ret && !(copy->flags & MAP_ACCESS) ? ret : -ENOENT;
	if (ret)
		goto put;
	ret = -ENOENT;
	dst = ioasid_ioas_get(data, copy->dst_ioas_id);
	if (!dst)
		goto put;
	ret = ioasid_areas_map_again(src, copy->src_iova, copy->length, dst, &range,
				     copy->flags & IFD_MAP_FIXED_IOVA ? NULL :
				     &uargs->dst_iova);
put:
	if (dst)
		ioasid_ioas_put(dst);
	ioasid_ioas_put(src);
	return ret;
}

/* What Linux says of a range that nothing can be mapped in, or 0 */
static int unmap_check(const struct ifd_ioas_unmap *args)
{
	u64 last;

	if (args->iova >= ULONG_MAX || args->length >= ULONG_MAX)
		return -EOVERFLOW;
	if (!args->length)
		return -EINVAL;
	return check_add_overflow(args->iova, args->length - 1, &last) ? -EOVERFLOW : 0;
}

int ioasid_ifd_ioas_unmap(struct ioasid_ctx *ctx, void __user *user)
{
	struct ifd_ioas_unmap __user *uargs = user;
	struct ifd_ioas_unmap args __uninitialized;
	struct ioasid_unmap_range range = {};
	struct ioasid_ioas *ioas;
	u64 unmapped = 0;
	bool all;
	u32 done;
	int ret;

	ret = ioasid_read_args(&args, length, user);
	if (ret)
		return ret;
	ioas = ioasid_ioas_get(ctx, args.ioas_id);
	if (!ioas)
		return -ENOENT;
	all = !args.iova && args.length == U64_MAX;
	if (!all) {
		ret = unmap_check(&args);
		range.iova = args.iova;
		range.length = args.length;
	}
	/* What cannot be answered is not done, as far as that is seen beforehand */
	if (!ret && put_user(args.length, &uargs->length))
		ret = -EFAULT;
	if (ret)
		goto put;
	ret = ioasid_areas_unmap(ioas, &range, 1, &done, &unmapped);
	/* A part of a mapping, or none at all */
	if (ret == -EINVAL || (!ret && !unmapped && !all))
		ret = -ENOENT;
	if (!ret && put_user(unmapped, &uargs->length))
		ret = -EFAULT;
put:
	ioasid_ioas_put(ioas);
	return ret;
}
