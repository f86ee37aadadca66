// SPDX-License-Identifier: GPL-2.0-only
/* Calls that change what a device is attached to, and address spaces themselves. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../../module/compat/iommufd_abi.h"
#include "deeds.h"
#include "expect.h"
#include "points.h"

static int attach(struct rig *r)
{
	return deed_result(dev_attach(rig_device(r, ACTIVE), r->fd, r->s));
}

static void before_attach(struct rig *r)
{
	dev_detach(rig_device(r, ACTIVE), r->fd);
}

static int replace(struct rig *r)
{
	return deed_result(dev_attach(rig_device(r, ACTIVE), r->fd, r->t));
}

/* To what it is attached to, with a hint */
static int hint(struct rig *r)
{
	struct ioasid_attach arg = {
		.argsz = sizeof(arg), .iommu_fd = r->fd, .ioasid = r->s,
		.flags = IOASID_ATTACH_NO_SNOOP,
	};

	return deed_result(ioctl(rig_device(r, ACTIVE), IOASID_DEVICE_ATTACH, &arg));
}

static int detach(struct rig *r)
{
	return deed_result(dev_detach(rig_device(r, ACTIVE), r->fd));
}

static int detach_watch(struct rig *r)
{
	return deed_result(dev_detach(rig_device(r, WATCH), r->fd));
}

/* Nothing else is in the domain that is left: no other device is flushed for it */
static void before_last(struct rig *r)
{
	dev_detach(rig_device(r, WATCH), r->fd);
}

/* EIO is what the modules say as well when nothing is attached any more */
static int refused(int (*call)(struct rig *r), struct rig *r, __u32 calls)
{
	return deed_refused(call, r, POINTS_OF_ATTACH, calls, EIO);
}

static int replace_refused(struct rig *r)
{
	return refused(replace, r, 1);
}

/* Nor does it take the old one back */
static int replace_refused_twice(struct rig *r)
{
	return refused(replace, r, 3);
}

static int attach_refused(struct rig *r)
{
	return refused(attach, r, 1);
}

/* Nothing is attached: all is pinned, and mapped, for the first device */
static void before_first(struct rig *r)
{
	before_attach(r);
	before_last(r);
}

static int attach_without_memory(struct rig *r)
{
	return deed_refused(attach, r, POINTS_OF_MAP, 2, ENOMEM);
}

/* For what a driver has pinned: the first page of all */
static int attach_pinned_without_memory(struct rig *r)
{
	return deed_refused(attach, r, POINTS_OF_MAP, 1, ENOMEM);
}

static void before_first_pinned(struct rig *r)
{
	before_first(r);
	rig_pin(r);
}

/* Of what is mapped one page is pinned, and another one is not there */
static void before_half(struct rig *r)
{
	before_first(r);
	rig_map_half(r);
	rig_pin_half(r);
}

/* ... from another process's memory */
static void before_theirs(struct rig *r)
{
	before_first(r);
	rig_map_by_child(r);
}

static int attach_sibling(struct rig *r)
{
	return deed_result(dev_attach(r->sibling.fd, r->fd, r->s));
}

static int detach_sibling(struct rig *r)
{
	return deed_result(dev_detach(r->sibling.fd, r->fd));
}

static void before_sibling(struct rig *r)
{
	attach_sibling(r);
}

/* By a number that is attached already it is one more device of its group */
static int number_attach(struct rig *r, __u32 ioas)
{
	return dev_attach_pasid(r->numbered, r->fd, ioas, RIG_PASID) < 0 ? errno : 0;
}

static int attach_pasid(struct rig *r)
{
	return number_attach(r, r->t);
}

/* By a number of the module's choice */
static int attach_some_pasid(struct rig *r)
{
	return dev_attach_pasid(r->numbered, r->fd, r->t, 0) < 0 ? errno : 0;
}

static int attach_pasid_refused(struct rig *r)
{
	return refused(attach_pasid, r, 1);
}

static void before_pasid(struct rig *r)
{
	number_attach(r, r->s);
}

/* To an address space that nothing else is attached to: its domain id is free afterwards */
static void before_own_pasid(struct rig *r)
{
	number_attach(r, new_ioas(r->fd));
}

static int detach_pasid(struct rig *r)
{
	return deed_result(dev_detach_pasid(r->numbered, r->fd, RIG_PASID));
}

static int alias(struct rig *r)
{
	return deed_result(dev_alias(r->numbered, r->fd, RIG_PASID, RIG_ALIAS));
}

static int alias_refused(struct rig *r)
{
	return refused(alias, r, 1);
}

static void before_alias(struct rig *r)
{
	before_pasid(r);
	alias(r);
}

/* What is to be an alias as a number of its own */
static int attach_alias_number(struct rig *r)
{
	return dev_attach_pasid(r->numbered, r->fd, r->t, RIG_ALIAS) < 0 ? errno : 0;
}

static int set_floor(struct rig *r)
{
	return deed_result(dev_set_pasid_floor(r->numbered, r->fd, 2));
}

static int alloc_space(struct rig *r)
{
	__u32 ioas;

	return deed_result(ioas_alloc(r->fd, &ioas));
}

static int free_space(struct rig *r)
{
	return deed_result(ioas_free(r->fd, r->t));
}

static int free_attached(struct rig *r)
{
	return deed_result(ioas_free(r->fd, r->s));
}

/* A page table of @t, for the device; and one that is there before */
static int make_table(struct rig *r, __u32 ioas, __u32 *id)
{
	struct ifd_hwpt_alloc arg = {
		.size = sizeof(arg), .dev_id = ACTIVE + 1, .pt_id = ioas,
	};
	int ret = ioctl(r->fd, IFD_HWPT_ALLOC, &arg);

	*id = arg.out_hwpt_id;
	return deed_result(ret);
}

static int hwpt_alloc(struct rig *r)
{
	__u32 id;

	return make_table(r, r->t, &id);
}

/* Of what is attached */
static void before_another(struct rig *r)
{
	if (!r->hwpt)
		make_table(r, r->s, &r->hwpt);
}

static void before_hwpt(struct rig *r)
{
	if (!r->hwpt)
		make_table(r, r->t, &r->hwpt);
}

static int hwpt_free(struct rig *r)
{
	return deed_result(id_destroy(r->fd, r->hwpt));
}

static int hwpt_attach(struct rig *r)
{
	return deed_result(dev_attach(rig_device(r, ACTIVE), r->fd, r->hwpt));
}

/* It gets a page table of its own, which is filled from the other one */
static int attach_far(struct rig *r)
{
	return deed_result(dev_attach(r->far.fd, r->fd, r->s));
}

static int attach_far_refused(struct rig *r)
{
	return deed_refused(attach_far, r, POINTS_OF_MAP, 2, ENOMEM);
}

static void before_far(struct rig *r)
{
	attach_far(r);
}

/* Nobody is there who could map it; another call may */
static int far_asks(struct rig *r)
{
	unsigned char page = 0;
	struct swiommu_dma dma = {
		.op = SWIOMMU_DMA_READ, .iova = place_iova[PLACE_FREE] + PAGE_SAYS,
		.data = (uintptr_t)&page, .length = 1,
	};
	int ret = deed_result(swdev_try_dma(r->far.fd, &dma));

	return ret ?: RETURNS(dma.fault ? 100 + (int)dma.fault : page);
}

static int detach_far(struct rig *r)
{
	return deed_result(dev_detach(r->far.fd, r->fd));
}

static void before_hwpt_detach(struct rig *r)
{
	before_hwpt(r);
	hwpt_attach(r);
}

const struct deed attach_deeds[] = {
	/* A replace, if the other call takes something else attached */
	{ "attach", before_attach, attach, 0,
	  DEED_KIN | DEED_GAP | DEED_BUSY | DEED_ON_DEVICE },
	{ "replace", NULL, replace, 0, DEED_KIN | DEED_GAP | DEED_BUSY | DEED_ON_DEVICE },
	{ "attach with a hint", NULL, hint, 0, DEED_GAP | DEED_BUSY | DEED_ON_DEVICE },
	{ "attach that is refused", before_attach, attach_refused, 0,
	  DEED_FAILS | DEED_DARK | DEED_ON_DEVICE },
	{ "attach without memory for tables", before_first, attach_without_memory, 0,
	  DEED_FAILS | DEED_UNDOES | DEED_ON_DEVICE },
	{ "attach without memory beside pins", before_first_pinned,
	  attach_pinned_without_memory, RIG_DRIVER, DEED_FAILS | DEED_UNDOES | DEED_ON_DEVICE },
	{ "attach what is half there", before_half, attach, RIG_DRIVER,
	  DEED_FAILS | DEED_UNDOES | DEED_ON_DEVICE },
	{ "attach what another process maps", before_theirs, attach, 0,
	  DEED_GAP | DEED_ON_DEVICE },
	{ "attach the other of the group", NULL, attach_sibling, RIG_PCI | RIG_PAIR, 0 },
	{ "detach the other of the group", before_sibling, detach_sibling, RIG_PCI | RIG_PAIR, 0 },
	/* The way back leads through the blocked state everywhere */
	{ "replace that is refused", NULL, replace_refused, 0,
	  DEED_DARK | DEED_FAILS | DEED_ON_DEVICE },
	{ "replace that is refused twice", NULL, replace_refused_twice, 0,
	  DEED_DARK | DEED_FAILS | DEED_ON_DEVICE },
	{ "detach", NULL, detach, 0, DEED_KIN | DEED_ON_DEVICE },
	{ "detach the last device", before_last, detach, 0, DEED_ON_DEVICE },
	{ "replace at the last device", before_last, replace, 0,
	  DEED_GAP | DEED_BUSY | DEED_ON_DEVICE },
	{ "attach behind another IOMMU", NULL, attach_far, RIG_FAR, 0 },
	{ "attach behind another without memory", NULL, attach_far_refused, RIG_FAR, DEED_FAILS },
	{ "DMA behind another IOMMU asks for a page", before_far, far_asks, RIG_FAR, 0 },
	{ "detach behind another IOMMU", before_far, detach_far, RIG_FAR, 0 },
	{ "detach the other device", NULL, detach_watch, 0, 0 },
	/* A replace if what the other call takes has attached something already */
	{ "attach by PASID", NULL, attach_pasid, RIG_PASIDS,
	  DEED_KIN | DEED_PASID_GAP | DEED_ON_DEVICE },
	{ "replace by PASID", before_pasid, attach_pasid, RIG_PASIDS,
	  DEED_KIN | DEED_PASID_GAP | DEED_ON_DEVICE },
	{ "attach by any PASID", NULL, attach_some_pasid, RIG_PASIDS, DEED_ON_DEVICE },
	{ "attach by PASID that is refused", NULL, attach_pasid_refused, RIG_PASIDS,
	  DEED_PASID_GAP | DEED_FAILS | DEED_ON_DEVICE },
	{ "replace by PASID that is refused", before_pasid, attach_pasid_refused, RIG_PASIDS,
	  DEED_DARK | DEED_FAILS | DEED_ON_DEVICE },
	{ "detach by PASID", before_pasid, detach_pasid, RIG_PASIDS, DEED_KIN | DEED_ON_DEVICE },
	{ "detach by PASID what is its own", before_own_pasid, detach_pasid, RIG_PASIDS,
	  DEED_ON_DEVICE },
	{ "alias", before_pasid, alias, RIG_PASIDS, DEED_KIN | DEED_ON_DEVICE },
	{ "alias that is refused", before_pasid, alias_refused, RIG_PASIDS,
	  DEED_FAILS | DEED_ON_DEVICE },
	{ "replace a PASID with an alias", before_alias, attach_pasid, RIG_PASIDS,
	  DEED_PASID_GAP | DEED_PARTS | DEED_ON_DEVICE },
	{ "detach a PASID with an alias", before_alias, detach_pasid, RIG_PASIDS,
	  DEED_PARTS | DEED_ON_DEVICE },
	{ "attach by the alias's number", NULL, attach_alias_number, RIG_PASIDS,
	  DEED_PASID_GAP | DEED_BUSY | DEED_ON_DEVICE },
	{ "set a floor", NULL, set_floor, RIG_PASIDS, DEED_ON_DEVICE },
	{ "make an address space", NULL, alloc_space, 0, 0 },
	{ "free", NULL, free_space, 0, 0 },
	{ "free what is attached", NULL, free_attached, 0, DEED_FAILS },
	{ "make a page table", NULL, hwpt_alloc, 0, 0 },
	{ "free a page table", before_hwpt, hwpt_free, 0, 0 },
	{ "attach a page table", before_hwpt, hwpt_attach, 0, DEED_GAP | DEED_ON_DEVICE },
	{ "attach another page table", before_another, hwpt_attach, 0,
	  DEED_GAP | DEED_ON_DEVICE },
	{ "detach from a page table", before_hwpt_detach, detach, 0, DEED_ON_DEVICE },
	{ }
};
