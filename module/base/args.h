/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_ARGS_H
#define IOASID_ARGS_H

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/overflow.h>
#include <linux/types.h>
#include <uapi/linux/ioasid.h>

int ioasid_check_argsz(u32 argsz, size_t ksize, size_t minsize);
int ioasid_check_alloc(const struct ioasid_alloc *args, u32 offered);
int ioasid_check_hint(const struct ioasid_range *range, u64 page_size);
u64 ioasid_width_last(u32 width);

/* A length that is not 0, and a first address whose last one exists */
static inline int ioasid_check_extent(u64 start, u64 length, u64 page_size)
{
	u64 last;

	if (!length || !IS_ALIGNED(start | length, page_size))
		return -EINVAL;
	if (check_add_overflow(start, length - 1, &last))
		return -EINVAL;
	return 0;
}

/**
 * ioasid_check_map_range() - check a range to map
 * @range: the range
 * @page_size: alignment of addresses and lengths, a power of two
 *
 * Return: 0 or -EINVAL.
 */
static inline int ioasid_check_map_range(const struct ioasid_map_range *range, u64 page_size)
{
	const u32 known = IOASID_MAP_READ | IOASID_MAP_WRITE;
	int ret;

	if (!range->flags || (range->flags & ~known) || range->__reserved)
		return -EINVAL;
	ret = ioasid_check_extent(range->iova, range->length, page_size);
	return ret ? ret : ioasid_check_extent(range->vaddr, range->length, page_size);
}

/**
 * ioasid_map_to_range() - the one range that the arguments of IOMMU_MAP_DMA name
 * @args: the arguments
 */
static inline struct ioasid_map_range
ioasid_map_to_range(const struct ioasid_map *args)
{
	return (struct ioasid_map_range) {
		.flags = args->flags, .vaddr = args->vaddr, .iova = args->iova,
		.length = args->length,
	};
}

/**
 * ioasid_check_map() - check the arguments of IOMMU_MAP_DMA
 * @args: the arguments; an array is the caller's to check
 * @range: the range that they name, by ioasid_map_to_range()
 * @page_size: alignment of addresses and lengths, a power of two
 *
 * Return: 0 or -EINVAL.
 */
static inline int ioasid_check_map(const struct ioasid_map *args,
				   const struct ioasid_map_range *range,
				   u64 page_size)
{
	if (args->__reserved || args->nr_done || !args->nr_ranges != !args->ranges)
		return -EINVAL;
	if (args->nr_ranges)
		return args->flags || args->vaddr || args->iova || args->length ?
		       -EINVAL : 0;
	return ioasid_check_map_range(range, page_size);
}

/**
 * ioasid_check_unmap_range() - check a range to unmap
 * @range: the range
 * @page_size: alignment of addresses and lengths, a power of two
 *
 * Return: 0 or -EINVAL.
 */
static inline int ioasid_check_unmap_range(const struct ioasid_unmap_range *range,
			     u64 page_size)
{
	return ioasid_check_extent(range->iova, range->length, page_size);
}

/**
 * ioasid_check_unmap() - check the arguments of IOMMU_UNMAP_DMA
 * @args: the arguments; an array is the caller's to check
 * @page_size: alignment of addresses and lengths, a power of two
 *
 * Return: 0 or -EINVAL.
 */
static inline int ioasid_check_unmap(const struct ioasid_unmap *args, u64 page_size)
{
	if (args->__reserved || args->nr_done || !args->nr_ranges != !args->ranges)
		return -EINVAL;
	if (args->nr_ranges)
		return args->flags || args->iova || args->length ? -EINVAL : 0;
	if (args->flags & ~IOASID_UNMAP_ALL)
		return -EINVAL;
	if (args->flags & IOASID_UNMAP_ALL)
		return args->iova || args->length ? -EINVAL : 0;
	return ioasid_check_extent(args->iova, args->length, page_size);
}

#endif /* IOASID_ARGS_H */
