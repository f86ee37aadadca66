// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "rig.h"

#define RUN_IOVA	(IOVA + 0x100000UL)
#define FREE_IOVA	(IOVA + 0x200000UL)

const __u64 place_iova[NR_PLACES] = {
	[PLACE_ONE] = IOVA,
	[PLACE_RUN] = RUN_IOVA,
	[PLACE_RUN_END] = RUN_IOVA + (RUN_PAGES - 1) * PAGE,
	[PLACE_FREE] = FREE_IOVA,
	[PLACE_FREE_END] = FREE_IOVA + (RUN_PAGES - 1) * PAGE,
};

static const __u32 by_number[NR_BYS] = {
	[BY_PASID] = RIG_PASID, [BY_ALIAS] = RIG_ALIAS,
};

void rig_make(struct rig *r, bool soft)
{
	const struct swiommu_device_create options = {
		.type = 5, .pasid_width = 8, .flags = SWIOMMU_DEVICE_TLB,
	};
	unsigned int i;

	*r = (struct rig){ .soft = soft };
	r->one = memory(PAGE, CANARY);
	r->other = memory(PAGE, CANARY);
	r->run = memory(RUN_PAGES * PAGE, CANARY);
	r->new = memory(RUN_PAGES * PAGE, CANARY);
	for (i = 0; soft && i < NR_RIG_DEVICES; i++) {
		r->sw[i].id = swdev_create(&options);
		r->sw[i].cookie = i + 1;
	}
}

static void rig_open_device(struct rig *r, unsigned int i)
{
	if (r->soft) {
		r->sw[i].fd = EXPECT_OK(swdev_open(r->sw[i].id));
		r->sw[i].iommu = r->fd;
		EXPECT_OK(dev_bind(r->sw[i].fd, r->fd, r->sw[i].cookie));
	} else {
		dev_start(&r->pci[i], TESTDEV_0 + i, r->fd);
	}
	EXPECT_OK(dev_attach(rig_device(r, i), r->fd, r->s));
}

void rig_open(struct rig *r)
{
	struct ioasid_pasid_info info;
	unsigned int i;

	r->fd = EXPECT_OK(iommu_open());
	r->gone = false;
	r->closed = false;
	r->s = new_ioas(r->fd);
	r->t = new_ioas(r->fd);
	EXPECT_OK(ioas_map(r->fd, r->s, r->one, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(r->fd, r->s, r->run, RUN_IOVA, RUN_PAGES * PAGE, RW));
	EXPECT_OK(ioas_map(r->fd, r->t, r->other, IOVA, PAGE, RW));
	for (i = 0; i < NR_RIG_DEVICES; i++)
		rig_open_device(r, i);
	r->pasids = r->soft && !dev_pasid_info(rig_device(r, ACTIVE), &info) && info.width;
}

void rig_close(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < NR_RIG_DEVICES; i++) {
		if (!r->soft)
			dev_unmap_bar(&r->pci[i]);
		if (i != ACTIVE || !r->gone)
			EXPECT_OK(close(rig_device(r, i)));
	}
	if (!r->closed)
		EXPECT_OK(close(r->fd));
}

int rig_device(struct rig *r, unsigned int nr)
{
	return r->soft ? r->sw[nr].fd : r->pci[nr].fd;
}

static char *page_memory(struct rig *r, enum page page)
{
	switch (page) {
	case ONE:
		return r->one;
	case OTHER:
		return r->other;
	case RUN:
		return r->run;
	case RUN_END:
		return r->run + (RUN_PAGES - 1) * PAGE;
	case NEW:
		return r->new;
	case NEW_END:
		return r->new + (RUN_PAGES - 1) * PAGE;
	default:
		return NULL;
	}
}

#define MARK_SIZE	8

static const char *marked(void)
{
	static const char marks[MARK_SIZE + 1] = "\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5";

	return marks;
}

/* The page that a write arrives in, and which is then as before; NO_PAGE */
static enum page page_written(struct rig *r)
{
	enum page page, found = NO_PAGE;

	for (page = ONE; page < NR_PAGES; page++) {
		char *p = page_memory(r, page);

		if (!memcmp(p, marked(), MARK_SIZE))
			continue;
		EXPECT_EQ(found, NO_PAGE);
		found = page;
		memset(p, CANARY, MARK_SIZE);
	}
	return found;
}

static enum page rig_write(struct rig *r, unsigned int dev, enum by by, enum place place)
{
	bool done;

	if (r->soft) {
		struct swiommu_dma dma = {
			.op = SWIOMMU_DMA_WRITE, .iova = place_iova[place],
			.data = (uintptr_t)"written.", .length = MARK_SIZE,
			.flags = by ? SWIOMMU_DMA_PASID : 0, .pasid = by_number[by],
		};

		EXPECT_OK(swdev_try_dma(r->sw[dev].fd, &dma));
		done = !dma.fault;
	} else {
		done = testdev_write(&r->pci[dev], place_iova[place], MARK_SIZE, 0) == DMA_DONE;
	}
	if (done) {
		enum page page = page_written(r);

		/* Somewhere else than in any page of these */
		EXPECT_NE(page, NO_PAGE);
		return page;
	}
	EXPECT_EQ(page_written(r), NO_PAGE);
	return NO_PAGE;
}

void rig_reach(struct rig *r, struct sight *sight)
{
	unsigned int dev, by, place;

	memset(sight->reach, 0, sizeof(sight->reach));
	for (dev = 0; dev < NR_RIG_DEVICES; dev++)
		for (by = 0; by < (r->pasids ? NR_BYS : 1); by++)
			for (place = 0; place < NR_PLACES; place++)
				if (dev != ACTIVE || !r->gone)
					sight->reach[dev][by][place] =
						rig_write(r, dev, by, place);
}

void rig_see(struct rig *r, struct sight *sight)
{
	const __u32 spaces[2] = { r->s, r->t };
	struct ioasid_info info;
	unsigned int i;

	memset(sight, 0, sizeof(*sight));
	rig_reach(r, sight);
	for (i = 0; i < 2 && !r->closed; i++) {
		if (ioas_info(r->fd, spaces[i], &info)) {
			sight->attachments[i] = -errno;
			continue;
		}
		sight->mapped[i] = info.mapped;
		sight->pinned[i] = info.pinned;
		sight->attachments[i] = info.nr_attachments;
	}
}
