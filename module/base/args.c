// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be said of an ioctl's arguments from the arguments alone. Nothing
 * here touches the kernel, so that it runs in the unit tests as it is.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/overflow.h>

#include "base/args.h"

/* No structure of the uAPI will ever be as long as this */
#define ARGSZ_MAX	4096

/**
 * ioasid_check_argsz() - is the size of a user's structure acceptable?
 * @argsz: as the user says
 * @ksize: size of the structure that we know
 * @minsize: its size in the header's first release
 *
 * Return: 0; -EINVAL if too short; -E2BIG if absurdly long. Whether the tail
 * of a longer structure is zero is the caller's to look at.
 */
int ioasid_check_argsz(u32 argsz, size_t ksize, size_t minsize)
{
	if (argsz < minsize)
		return -EINVAL;
	if (argsz > ksize && argsz > ARGSZ_MAX)
		return -E2BIG;
	return 0;
}

/**
 * ioasid_width_last() - the last address of an address space
 * @width: of an address, 1 to 64 bits
 */
u64 ioasid_width_last(u32 width)
{
	return ~0ULL >> (64 - width);
}

/**
 * ioasid_check_alloc() - check the arguments of IOMMU_IOASID_ALLOC
 * @args: the arguments
 * @offered: flags that this kernel can do
 *
 * Return: 0, -EINVAL, -E2BIG, or -EOPNOTSUPP for what is not offered.
 */
int ioasid_check_alloc(const struct ioasid_alloc *args, u32 offered)
{
	const u32 known = IOASID_ALLOC_NEST_PARENT | IOASID_ALLOC_DIRTY_TRACKING |
			  IOASID_ALLOC_PASID | IOASID_ALLOC_FAULT_FD;

	if (args->flags & ~known)
		return -EINVAL;
	if (!(args->flags & IOASID_ALLOC_FAULT_FD) && args->fault_fd)
		return -EINVAL;
	if (args->snoop > IOASID_SNOOP_OFF)
		return -EINVAL;
	if (args->addr_width && (args->addr_width < 12 || args->addr_width > 64))
		return -EINVAL;
	if (args->nr_ranges > IOASID_MAX_RANGES)
		return -E2BIG;
	if (!args->nr_ranges != !args->ranges)
		return -EINVAL;
	if ((args->flags & ~offered) || args->format != IOASID_FORMAT_KERNEL || args->parent)
		return -EOPNOTSUPP;
	/* The kernel's own format takes no data */
	if (args->format_len || args->format_data)
		return -EINVAL;
	return 0;
}

/**
 * ioasid_check_hint() - check a range hint
 * @range: the hint
 * @page_size: its alignment, a power of two
 *
 * Return: 0 or -EINVAL.
 */
int ioasid_check_hint(const struct ioasid_range *range, u64 page_size)
{
	if (range->start > range->last ||
	    !IS_ALIGNED(range->start, page_size) ||
	    !IS_ALIGNED(range->last + 1, page_size))
		return -EINVAL;
	return 0;
}
