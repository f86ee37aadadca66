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

/* The kernel says no to what this thread asks for next, so often. EIO is what the modules
 * say as well when nothing is attached any more
 */
static int refused(int (*call)(struct rig *r), struct rig *r, __u32 calls)
{
	int ret;

	points_refuse(calls, EIO);
	ret = call(r);
	deed_refused(calls);
	return ret;
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

/* By a number that is attached already it is one more device of its group */
static int number_attach(struct rig *r, __u32 ioas)
{
	return dev_attach_pasid(r->numbered, r->fd, ioas, RIG_PASID) < 0 ? errno : 0;
}

static int attach_pasid(struct rig *r)
{
	return number_attach(r, r->t);
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

const struct deed attach_deeds[] = {
	{ "attach", before_attach, attach, 0, DEED_KIN | DEED_BUSY },
	{ "replace", NULL, replace, 0, DEED_KIN | DEED_GAP | DEED_BUSY },
	{ "attach that is refused", before_attach, attach_refused, 0, 0 },
	/* The way back leads through the blocked state everywhere */
	{ "replace that is refused", NULL, replace_refused, 0, DEED_DARK },
	{ "replace that is refused twice", NULL, replace_refused_twice, 0, DEED_DARK },
	{ "detach", NULL, detach, 0, DEED_KIN },
	{ "detach the last device", before_last, detach, 0, 0 },
	{ "replace at the last device", before_last, replace, 0, DEED_GAP | DEED_BUSY },
	{ "detach the other device", NULL, detach_watch, 0, 0 },
	/* A replace if what the other call takes has attached something already */
	{ "attach by PASID", NULL, attach_pasid, RIG_PASIDS, DEED_KIN | DEED_PASID_GAP },
	{ "replace by PASID", before_pasid, attach_pasid, RIG_PASIDS,
	  DEED_KIN | DEED_PASID_GAP },
	{ "attach by PASID that is refused", NULL, attach_pasid_refused, RIG_PASIDS,
	  DEED_PASID_GAP },
	{ "replace by PASID that is refused", before_pasid, attach_pasid_refused, RIG_PASIDS,
	  DEED_DARK },
	{ "detach by PASID", before_pasid, detach_pasid, RIG_PASIDS, DEED_KIN },
	{ "detach by PASID what is its own", before_own_pasid, detach_pasid, RIG_PASIDS, 0 },
	{ "alias", before_pasid, alias, RIG_PASIDS, DEED_KIN },
	{ "alias that is refused", before_pasid, alias_refused, RIG_PASIDS, 0 },
	{ "replace a PASID with an alias", before_alias, attach_pasid, RIG_PASIDS,
	  DEED_PASID_GAP | DEED_PARTS },
	{ "detach a PASID with an alias", before_alias, detach_pasid, RIG_PASIDS, DEED_PARTS },
	{ "attach by the alias's number", NULL, attach_alias_number, RIG_PASIDS,
	  DEED_PASID_GAP | DEED_BUSY },
	{ "set a floor", NULL, set_floor, RIG_PASIDS, 0 },
	{ "make an address space", NULL, alloc_space, 0, 0 },
	{ "free", NULL, free_space, 0, 0 },
	{ "free what is attached", NULL, free_attached, 0, 0 },
	{ "make a page table", NULL, hwpt_alloc, 0, 0 },
	{ "free a page table", before_hwpt, hwpt_free, 0, 0 },
	{ "attach a page table", before_hwpt, hwpt_attach, 0, DEED_GAP },
	{ }
};
