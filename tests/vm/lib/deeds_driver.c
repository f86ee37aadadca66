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
	rig_pin(r);
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

/* Those that are there are pinned, and let go of for the last one */
static int pin_half(struct rig *r)
{
	return deed_result(m_pin(r->driver, -1, place_iova[PLACE_FREE], HALF_PAGES * PAGE, NULL,
				 NULL));
}

static void before_half(struct rig *r)
{
	dev_detach(rig_device(r, ACTIVE), r->fd);
	dev_detach(rig_device(r, WATCH), r->fd);
	rig_map_half(r);
}

static int translate(struct rig *r)
{
	int ret = m_translate(r->driver, -1, IOVA, PAGE);

	return ret < 0 ? errno : RETURNS(ret);
}

static int watch(struct rig *r, __s32 fd)
{
	struct mediated_state state = { .iommu_fd = fd };

	return deed_result(ioctl(r->driver, MEDIATED_WATCH, &state));
}

static int watch_file(struct rig *r)
{
	return watch(r, r->fd);
}

static int watch_none(struct rig *r)
{
	return watch(r, -2);
}

static void before_watch_none(struct rig *r)
{
	watch_file(r);
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

/* Somewhat later than it is told to */
static void before_late_leave(struct rig *r)
{
	rig_pin(r);
	m_delay(r->driver, 2);
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
	return deed_refused(alias, r, POINTS_OF_ATTACH, 1, ENOMEM);
}

/* What the alias is to be is what another device of the file gets translated */
static int share_alias(struct rig *r)
{
	return dev_attach_pasid(r->portal.fd, r->fd, r->s, RIG_ALIAS) < 0 ? errno : 0;
}

/* Numbers that no CPU translates; until there is a CPU again */
static void before_own_number(struct rig *r)
{
	end_number(r);
	ioctl(r->cpu, CPU_STOP);
}

static int own_number(struct rig *r)
{
	return dev_attach_pasid(r->owner.fd, r->fd, r->s, 0) < 0 ? errno : 0;
}

static int chosen_number(struct rig *r)
{
	return dev_attach_pasid(r->owner.fd, r->fd, r->s, 11) < 0 ? errno : 0;
}

static void before_chosen_number_ends(struct rig *r)
{
	before_own_number(r);
	chosen_number(r);
}

static int chosen_number_ends(struct rig *r)
{
	return deed_result(dev_detach_pasid(r->owner.fd, r->fd, 11));
}

/* Numbers below it are not for the module to choose */
static void before_floor(struct rig *r)
{
	dev_detach_pasid(r->owner.fd, r->fd, r->number);
	dev_set_pasid_floor(r->owner.fd, r->fd, 16);
}

static int cpu_starts(struct rig *r)
{
	return deed_result(ioctl(r->cpu, CPU_START, r->fd));
}

static void before_start(struct rig *r)
{
	ioctl(r->cpu, CPU_STOP);
}

/* Of a device of the same parent that no CPU sends work to: on the wire it has a number */
static int plain_number(struct rig *r)
{
	return dev_attach_pasid(r->plain.fd, r->fd, r->s, RIG_PASID) < 0 ? errno : 0;
}

static void before_plain(struct rig *r)
{
	plain_number(r);
}

static int plain_number_ends(struct rig *r)
{
	return deed_result(dev_detach_pasid(r->plain.fd, r->fd, RIG_PASID));
}

static int plain_reads(struct rig *r)
{
	unsigned char page = 0;
	struct swiommu_dma dma = {
		.op = SWIOMMU_DMA_READ, .iova = IOVA + PAGE_SAYS, .data = (uintptr_t)&page,
		.length = 1, .flags = SWIOMMU_DMA_PASID, .pasid = RIG_PASID,
	};
	int ret = deed_result(swdev_try_dma(r->plain.fd, &dma));

	return ret ?: RETURNS(dma.fault ? 100 + (int)dma.fault : page);
}

static int make_child(struct rig *r)
{
	return rig_make_child(r);
}

static int bind_sender(struct rig *r)
{
	return deed_result(dev_bind(r->sender.fd, r->fd, r->sender.cookie));
}

static void before_bind_sender(struct rig *r)
{
	dev_unbind(r->sender.fd, r->fd);
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
	{ "a driver pins what is half there", before_half, pin_half, RIG_DRIVER, DEED_FAILS },
	{ "a driver asks what it may do", NULL, translate, RIG_DRIVER, 0 },
	{ "a driver watches", NULL, watch_file, RIG_DRIVER, 0 },
	{ "a driver watches no more", before_watch_none, watch_none, RIG_DRIVER, 0 },
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
	{ "a driver leaves late", before_late_leave, driver_detach, RIG_DRIVER, DEED_LATE },
	{ "unmap what a driver lets go of late", before_late_leave, unmap_pinned, RIG_DRIVER,
	  DEED_LATE },
	{ "a driver is closed", NULL, driver_close, RIG_DRIVER, DEED_CLOSES_DRIVER },
	{ "a CPU sends work", NULL, send_work, RIG_CPU, DEED_DMA },
	{ "a CPU sends work elsewhere", NULL, send_elsewhere, RIG_CPU, DEED_DMA },
	{ "a CPU's number ends", NULL, end_number, RIG_CPU, 0 },
	{ "a CPU's number is another user's", NULL, number_moves, RIG_CPU, 0 },
	{ "a CPU's number is replaced", NULL, replace_number, RIG_CPU, DEED_PASID_GAP },
	{ "a CPU's number gets an alias", NULL, alias, RIG_CPU, DEED_BUSY },
	{ "a CPU's number is refused an alias", NULL, alias_refused, RIG_CPU,
	  DEED_BUSY | DEED_FAILS },
	{ "the alias is another device's", NULL, share_alias, RIG_CPU, DEED_BUSY },
	{ "a CPU's device is bound", before_bind_sender, bind_sender, RIG_CPU, 0 },
	{ "a CPU's device is unbound", NULL, unbind_sender, RIG_CPU, 0 },
	{ "a CPU stops", NULL, cpu_stops, RIG_CPU, 0 },
	{ "a CPU starts", before_start, cpu_starts, RIG_CPU, 0 },
	{ "a device takes a number", NULL, own_number, RIG_CPU, 0 },
	{ "a device takes a number of its own", before_own_number, own_number, RIG_CPU, 0 },
	{ "a device takes a number above a floor", before_floor, own_number, RIG_CPU,
	  DEED_ASIDE },
	{ "a device takes a number that is chosen", before_own_number, chosen_number, RIG_CPU, 0 },
	{ "a device's own number ends", before_chosen_number_ends, chosen_number_ends, RIG_CPU, 0 },
	{ "a mediated device takes a number", NULL, plain_number, RIG_CPU, 0 },
	{ "a mediated device's number ends", before_plain, plain_number_ends, RIG_CPU, 0 },
	{ "a mediated device reads", before_plain, plain_reads, RIG_CPU, 0 },
	{ "a mediated device is made", NULL, make_child, RIG_CPU, 0 },
	{ }
};
