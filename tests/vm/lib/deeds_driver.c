// SPDX-License-Identifier: GPL-2.0-only
/* What drivers in the kernel do in an address space, and CPUs by command portals. */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "deeds.h"
#include "expect.h"
#include "mediated.h"
#include "points.h"

static int pin(struct rig *r)
{
	return deed_result(m_pin(r->driver, -1, IOVA, PAGE, NULL, &r->pin));
}

static void before_pin(struct rig *r)
{
	if (!r->pin)
		pin(r);
}

static int unpin(struct rig *r)
{
	return deed_result(m_unpin(r->driver, -1, r->pin));
}

/* Waits for the driver, which lets go when it is told to */
static int unmap_pinned(struct rig *r)
{
	return deed_result(ioas_unmap(r->fd, r->s, IOVA, place_iova[PLACE_FREE_END] + PAGE - IOVA,
				      NULL));
}

/* The device's own DMA into what is pinned */
static int fill(struct rig *r)
{
	return deed_result(m_fill(r->driver, -1, r->pin, 0x5c));
}

/* Which page it was */
static int read_page(struct rig *r)
{
	unsigned char page = 0;
	int ret = deed_result(m_read(r->driver, -1, IOVA + PAGE_SAYS, &page, 1));

	return ret ?: RETURNS(page);
}

static int write_page(struct rig *r)
{
	return deed_result(m_write(r->driver, -1, IOVA, "a driver", 8));
}

/* Many pages, all of them or none */
static int write_run(struct rig *r)
{
	static char data[RUN_PAGES * PAGE];

	memset(data, 0x3c, sizeof(data));
	return deed_result(m_write(r->driver, -1, place_iova[PLACE_RUN], data, sizeof(data)));
}

/* What is mapped is not pinned: a driver pins it by itself */
static void before_unpinned(struct rig *r)
{
	dev_detach(rig_device(r, ACTIVE), r->fd);
	dev_detach(rig_device(r, WATCH), r->fd);
}

static void before_unpinned_pin(struct rig *r)
{
	before_unpinned(r);
	before_pin(r);
}

static int driver_attach(struct rig *r)
{
	return deed_result(dev_attach(r->driver, r->fd, r->s));
}

static int driver_replace(struct rig *r)
{
	return deed_result(dev_attach(r->driver, r->fd, r->t));
}

static int driver_detach(struct rig *r)
{
	return deed_result(dev_detach(r->driver, r->fd));
}

static void before_driver_attach(struct rig *r)
{
	driver_detach(r);
}

static int driver_close(struct rig *r)
{
	return deed_result(close(r->driver));
}

static int send_to(struct rig *r, struct swdev *portal)
{
	const struct user user = { .fd = r->fd, .ioas = r->s };
	struct swdev dev = r->sender;
	struct work work;
	int ret;

	dev.fd = portal->fd;
	ret = deed_result(work_send(r->cpu, &work, &user, &dev, RIG_PASID, false));
	return ret ?: RETURNS((int)work.dma.fault);
}

static int send_work(struct rig *r)
{
	return send_to(r, &r->sender);
}

/* To another device of the user's than that which the number is attached to */
static int send_elsewhere(struct rig *r)
{
	return send_to(r, &r->portal);
}

static int end_number(struct rig *r)
{
	return deed_result(dev_detach_pasid(r->sender.fd, r->fd, RIG_PASID));
}

/* The next one who takes a number gets the one that has become free */
static int number_moves(struct rig *r)
{
	int ret = end_number(r);

	if (!ret && dev_attach_pasid(r->receiver.fd, r->their_fd, r->theirs_ioas,
				     THEIR_PASID) < 0)
		ret = errno;
	return ret;
}

static int replace_number(struct rig *r)
{
	return dev_attach_pasid(r->sender.fd, r->fd, r->t, RIG_PASID) < 0 ? errno : 0;
}

static int alias(struct rig *r)
{
	return deed_result(dev_alias(r->owner.fd, r->fd, r->number, RIG_ALIAS));
}

/* The second number of a device's own: the driver has no room for it */
static int alias_refused(struct rig *r)
{
	int ret;

	points_refuse(1, ENOMEM);
	ret = alias(r);
	deed_refused(1);
	return ret;
}

/* What the alias is to be is what another device of the file gets translated */
static int share_alias(struct rig *r)
{
	return dev_attach_pasid(r->portal.fd, r->fd, r->s, RIG_ALIAS) < 0 ? errno : 0;
}

static int unbind_sender(struct rig *r)
{
	return deed_result(dev_unbind(r->sender.fd, r->fd));
}

static int cpu_stops(struct rig *r)
{
	return deed_result(ioctl(r->cpu, CPU_STOP));
}

const struct deed driver_deeds[] = {
	{ "a driver pins", NULL, pin, RIG_DRIVER, 0 },
	{ "a driver unpins", before_pin, unpin, RIG_DRIVER, 0 },
	{ "DMA to what is pinned", before_pin, fill, RIG_DRIVER, 0 },
	{ "unmap what is pinned", before_pin, unmap_pinned, RIG_DRIVER, DEED_KIN },
	{ "a driver reads", NULL, read_page, RIG_DRIVER, 0 },
	{ "a driver writes", NULL, write_page, RIG_DRIVER, 0 },
	{ "a driver writes pages", NULL, write_run, RIG_DRIVER, 0 },
	{ "a driver pins what is not pinned", before_unpinned, pin, RIG_DRIVER, 0 },
	{ "a driver unpins what nothing else pins", before_unpinned_pin, unpin, RIG_DRIVER, 0 },
	{ "a driver reads what is not pinned", before_unpinned, read_page, RIG_DRIVER, 0 },
	{ "a driver writes what is not pinned", before_unpinned, write_page, RIG_DRIVER, 0 },
	{ "a driver writes pages that are not pinned", before_unpinned, write_run, RIG_DRIVER, 0 },
	{ "a driver attaches", before_driver_attach, driver_attach, RIG_DRIVER, 0 },
	{ "a driver replaces", NULL, driver_replace, RIG_DRIVER, DEED_DRIVER_GAP },
	{ "a driver leaves", NULL, driver_detach, RIG_DRIVER, 0 },
	{ "a driver is closed", NULL, driver_close, RIG_DRIVER, DEED_CLOSES_DRIVER },
	{ "a CPU sends work", NULL, send_work, RIG_CPU, DEED_DMA },
	{ "a CPU sends work elsewhere", NULL, send_elsewhere, RIG_CPU, DEED_DMA },
	{ "a CPU's number ends", NULL, end_number, RIG_CPU, 0 },
	{ "a CPU's number is another user's", NULL, number_moves, RIG_CPU, 0 },
	{ "a CPU's number is replaced", NULL, replace_number, RIG_CPU, DEED_PASID_GAP },
	{ "a CPU's number gets an alias", NULL, alias, RIG_CPU, DEED_BUSY },
	{ "a CPU's number is refused an alias", NULL, alias_refused, RIG_CPU, DEED_BUSY },
	{ "the alias is another device's", NULL, share_alias, RIG_CPU, DEED_BUSY },
	{ "a CPU's device is unbound", NULL, unbind_sender, RIG_CPU, 0 },
	{ "a CPU stops", NULL, cpu_stops, RIG_CPU, 0 },
	{ }
};
