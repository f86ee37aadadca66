// SPDX-License-Identifier: GPL-2.0-only
#include <sys/ioctl.h>
#include <unistd.h>

#include "deeds.h"
#include "expect.h"

#define RUN_BYTES	(RUN_PAGES * PAGE)

static int result(int ret)
{
	return ret ? errno : 0;
}

static int map_page(struct rig *r)
{
	return result(ioas_map(r->fd, r->s, r->new, place_iova[PLACE_FREE], PAGE, RW));
}

static int map_run(struct rig *r)
{
	return result(ioas_map(r->fd, r->s, r->new, place_iova[PLACE_FREE], RUN_BYTES, RW));
}

static int map_array(struct rig *r)
{
	const struct ioasid_map_range ranges[] = {
		{ .vaddr = (uintptr_t)r->new, .iova = place_iova[PLACE_FREE],
		  .length = PAGE, .flags = RW },
		{ .vaddr = (uintptr_t)r->new + RUN_BYTES - PAGE,
		  .iova = place_iova[PLACE_FREE_END], .length = PAGE, .flags = RW },
	};

	return result(ioas_map_array(r->fd, r->s, ranges, 2, NULL));
}

static int unmap_page(struct rig *r)
{
	return result(ioas_unmap(r->fd, r->s, place_iova[PLACE_ONE], PAGE, NULL));
}

static int unmap_run(struct rig *r)
{
	return result(ioas_unmap(r->fd, r->s, place_iova[PLACE_RUN], RUN_BYTES, NULL));
}

/* Whatever is there: one mapping at first */
static int unmap_around(struct rig *r)
{
	return result(ioas_unmap(r->fd, r->s, place_iova[PLACE_FREE], RUN_BYTES, NULL));
}

static int unmap_array(struct rig *r)
{
	const struct ioasid_unmap_range ranges[] = {
		{ .iova = place_iova[PLACE_ONE], .length = PAGE },
		{ .iova = place_iova[PLACE_RUN], .length = RUN_BYTES },
	};

	return result(ioas_unmap_array(r->fd, r->s, ranges, 2, NULL, NULL));
}

static int unmap_all(struct rig *r)
{
	return result(ioas_unmap_all(r->fd, r->s, NULL));
}

/* IOMMU_IOAS_COPY, as in linux/iommufd.h, which C libraries come without: fixed,
 * writable, readable
 */
struct ioas_copy {
	__u32 size, flags, dst_ioas_id, src_ioas_id;
	__aligned_u64 length, dst_iova, src_iova;
};

#define IOAS_COPY	_IO(';', 0x83)
#define IOAS_COPY_FLAGS	7

/* Into a hole of @t */
static int copy(struct rig *r)
{
	struct ioas_copy arg = {
		.size = sizeof(arg), .flags = IOAS_COPY_FLAGS,
		.dst_ioas_id = r->t, .src_ioas_id = r->s, .length = RUN_BYTES,
		.dst_iova = place_iova[PLACE_RUN], .src_iova = place_iova[PLACE_RUN],
	};

	return result(ioctl(r->fd, IOAS_COPY, &arg));
}

static int attach(struct rig *r)
{
	return result(dev_attach(rig_device(r, ACTIVE), r->fd, r->s));
}

static void before_attach(struct rig *r)
{
	EXPECT_OK(dev_detach(rig_device(r, ACTIVE), r->fd));
}

static int replace(struct rig *r)
{
	return result(dev_attach(rig_device(r, ACTIVE), r->fd, r->t));
}

static int detach(struct rig *r)
{
	return result(dev_detach(rig_device(r, ACTIVE), r->fd));
}

static int detach_watch(struct rig *r)
{
	return result(dev_detach(rig_device(r, WATCH), r->fd));
}

static int attach_pasid(struct rig *r)
{
	int ret = dev_attach_pasid(rig_device(r, ACTIVE), r->fd, r->t, RIG_PASID);

	return ret < 0 ? errno : 0;
}

static void before_pasid(struct rig *r)
{
	EXPECT_OK(dev_attach_pasid(rig_device(r, ACTIVE), r->fd, r->s, RIG_PASID));
}

static int replace_pasid(struct rig *r)
{
	return attach_pasid(r);
}

static int detach_pasid(struct rig *r)
{
	return result(dev_detach_pasid(rig_device(r, ACTIVE), r->fd, RIG_PASID));
}

static int alias(struct rig *r)
{
	return result(dev_alias(rig_device(r, ACTIVE), r->fd, RIG_PASID, RIG_ALIAS));
}

static int free_space(struct rig *r)
{
	return result(ioas_free(r->fd, r->t));
}

static int unbind(struct rig *r)
{
	return result(dev_unbind(rig_device(r, ACTIVE), r->fd));
}

static int close_device(struct rig *r)
{
	return result(close(rig_device(r, ACTIVE)));
}

static int close_fd(struct rig *r)
{
	return result(close(r->fd));
}

static int reset(struct rig *r)
{
	return result(ioctl(rig_device(r, ACTIVE), VFIO_DEVICE_RESET));
}

const struct deed deeds[] = {
	{ "map a page", NULL, map_page, DEED_KIN },
	{ "map a run", NULL, map_run, DEED_KIN },
	{ "map an array", NULL, map_array, DEED_PARTS },
	{ "unmap a page", NULL, unmap_page, DEED_KIN },
	{ "unmap a run", NULL, unmap_run, DEED_KIN },
	{ "unmap what is in a hole", NULL, unmap_around, 0 },
	{ "unmap an array", NULL, unmap_array, DEED_PARTS },
	{ "unmap all", NULL, unmap_all, DEED_PARTS },
	{ "copy", NULL, copy, DEED_KIN },
	{ "attach", before_attach, attach, DEED_KIN },
	{ "replace", NULL, replace, DEED_KIN },
	{ "detach", NULL, detach, DEED_KIN },
	{ "detach the other device", NULL, detach_watch, 0 },
	{ "attach by PASID", NULL, attach_pasid, DEED_PASID | DEED_KIN },
	{ "replace by PASID", before_pasid, replace_pasid, DEED_PASID | DEED_KIN },
	{ "detach by PASID", before_pasid, detach_pasid, DEED_PASID | DEED_KIN },
	{ "alias", before_pasid, alias, DEED_PASID },
	{ "free", NULL, free_space, 0 },
	{ "unbind", NULL, unbind, 0 },
	{ "close the device", NULL, close_device, DEED_CLOSES },
	{ "close the file", NULL, close_fd, DEED_CLOSES_FD },
	{ "reset", NULL, reset, DEED_VFIO | DEED_DARK },
};
const unsigned int nr_deeds = sizeof(deeds) / sizeof(*deeds);
