// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../module/compat/iommufd_abi.h"
#include "dma.h"
#include "expect.h"
#include "mediated.h"
#include "memory.h"
#include "points.h"
#include "process.h"
#include "rig.h"
#include "run.h"

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
	case IN_FILE:
		return r->in_file;
	case IN_FILE_END:
		return r->in_file + (RUN_PAGES - 1) * PAGE;
	case SCATTERED:
		return r->scattered;
	case SCATTERED_END:
		return r->scattered + (RUN_PAGES - 1) * PAGE;
	case HALF:
		return r->half;
	case IN_HUGE:
		return r->in_huge;
	case THEIRS:
		return r->theirs;
	default:
		return NULL;
	}
}

static void page_clean(char *p, enum page page)
{
	memset(p, CANARY, PAGE);
	p[PAGE_SAYS] = page;
}

static void create_soft(struct rig *r, unsigned int i)
{
	const struct swiommu_device_create options = {
		.type = 5, .pasid_width = 8, .flags = SWIOMMU_DEVICE_TLB, .group = i + 1,
	};

	r->sw[i].id = swdev_create(&options);
	r->sw[i].cookie = i + 1;
}

static char *map_shared(int file, size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	EXPECT_NE((long)p, -1);
	return p;
}

/* A file's pages, seven apart: in whichever order they lie, none lies behind the one before it */
static char *scattered_memory(void)
{
	int file = EXPECT_OK(memfd_create("scattered", MFD_CLOEXEC)), i;
	char *p;

	EXPECT_OK(ftruncate(file, RUN_PAGES * PAGE));
	p = map_shared(file, RUN_PAGES * PAGE);
	memset(p, CANARY, RUN_PAGES * PAGE);
	for (i = 0; i < RUN_PAGES; i++)
		EXPECT_NE((long)mmap(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_FIXED, file,
				     i * 7 % RUN_PAGES * PAGE), -1);
	EXPECT_OK(close(file));
	return p;
}

static void make_huge(struct rig *r)
{
	EXPECT_OK(sysfs_write("/proc/sys/vm/nr_hugepages", "4"));
	r->huge = EXPECT_OK(memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB));
	EXPECT_OK(ftruncate(r->huge, HUGE_PAGE));
	r->in_huge = map_shared(r->huge, HUGE_PAGE);
	r->holes = EXPECT_OK(memfd_create("holes", MFD_CLOEXEC | MFD_HUGETLB));
	EXPECT_OK(ftruncate(r->holes, HUGE_PAGE));
}

void rig_make(struct rig *r, bool soft)
{
	enum page page;
	unsigned int i;

	const char *options = getenv("INTERLEAVINGS_OPTIONS");

	*r = (struct rig){ .soft = soft, .blocks = options && strstr(options, "block_first") };
	r->one = memory(PAGE, CANARY);
	r->other = memory(PAGE, CANARY);
	r->theirs = memory(PAGE, CANARY);
	r->half = memory(HALF_PAGES * PAGE, CANARY);
	EXPECT_OK(mprotect(r->half + (HALF_PAGES - 1) * PAGE, PAGE, PROT_NONE));
	r->run = memory(RUN_PAGES * PAGE, CANARY);
	r->new = memory(RUN_PAGES * PAGE, CANARY);
	r->file = EXPECT_OK(memfd_create("rig", MFD_CLOEXEC));
	EXPECT_OK(ftruncate(r->file, RUN_PAGES * PAGE));
	r->in_file = map_shared(r->file, RUN_PAGES * PAGE);
	r->scattered = scattered_memory();
	make_huge(r);
	for (page = ONE; page < NR_PAGES; page++)
		page_clean(page_memory(r, page), page);
	for (i = 0; soft && i < NR_RIG_DEVICES; i++)
		create_soft(r, i);
	parts_make(r);
}

/* Whoever drives it, and also while it is reset (iomem=relaxed) */
static void map_bar(struct dev *dev, const char *bdf)
{
	char path[128];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", bdf);
	fd = EXPECT_OK(open(path, O_RDWR | O_CLOEXEC));
	EXPECT_OK(fstat(fd, &st));
	dev->bar_size = st.st_size;
	dev->bar = mmap(NULL, dev->bar_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT_NE((long)dev->bar, -1);
	EXPECT_OK(close(fd));
}

static void unmap_bar(struct dev *dev)
{
	EXPECT_OK(munmap((void *)dev->bar, dev->bar_size));
	dev->bar = NULL;
}

static void open_pci(struct rig *r, unsigned int i)
{
	struct dev *dev = &r->pci[i];

	memset(dev, 0, sizeof(*dev));
	if (i == ACTIVE && r->parts & RIG_SIBLINGS)
		memcpy(dev->bdf, r->reset_bdf, sizeof(dev->bdf));
	else
		which_bdf(TESTDEV_0 + i, dev->bdf);
	dev->cookie = i + 1;
	dev->iommu = r->fd;
	dev->fd = EXPECT_OK(dev_open_bdf(dev->bdf));
	EXPECT_OK(dev_bind(dev->fd, r->fd, dev->cookie));
	dev_enable(dev);
	map_bar(&r->bars[i], dev->bdf);
}

static void open_device(struct rig *r, unsigned int i)
{
	if (!r->soft) {
		open_pci(r, i);
	} else {
		r->sw[i].fd = EXPECT_OK(swdev_open(r->sw[i].id));
		r->sw[i].iommu = r->fd;
		EXPECT_OK(dev_bind(r->sw[i].fd, r->fd, r->sw[i].cookie));
	}
}

/* Until there are no more files; opening and closing a device takes longer than most calls */
static void shut(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < NR_RIG_DEVICES; i++)
		if (i != ACTIVE || !r->gone)
			EXPECT_OK(close(rig_device(r, i)));
	/* A call may have closed it */
	if (r->stand_in >= 0)
		close(r->stand_in);
	if (!r->closed)
		EXPECT_OK(close(r->fd));
	r->kept = false;
}

void rig_map_half(struct rig *r)
{
	ioas_map(r->fd, r->s, r->half, place_iova[PLACE_FREE], HALF_PAGES * PAGE,
		 RW);
}

static void map_in_child(void *arg)
{
	struct rig *r = arg;

	ioas_map(r->fd, r->s, r->in_file, place_iova[PLACE_FREE], RUN_PAGES * PAGE, RW);
	raise(SIGSTOP);
}

void rig_map_by_child(struct rig *r)
{
	int status;

	if (r->child)
		return;
	r->child = start_child(map_in_child, r);
	/* It has mapped it when it stops */
	EXPECT_EQ(waitpid(r->child, &status, WUNTRACED), r->child);
	EXPECT_TRUE(WIFSTOPPED(status));
}

static void end_their_process(struct rig *r)
{
	if (r->child)
		kill_child(r->child);
	r->child = 0;
}

static void unmap_bars(struct rig *r)
{
	unsigned int i;

	for (i = 0; !r->soft && i < NR_RIG_DEVICES; i++)
		unmap_bar(&r->bars[i]);
}

int id_destroy(int fd, __u32 id)
{
	struct ifd_destroy arg = { .size = sizeof(arg), .id = id };

	return ioctl(fd, IFD_DESTROY, &arg);
}

/* All that stays is two devices, bound: no more ids than this */
#define IDS_MAX	32

static void empty(struct rig *r)
{
	unsigned int i, id, again;

	for (i = 0; i < NR_RIG_DEVICES; i++)
		dev_detach(rig_device(r, i), r->fd);
	/* Page tables before address spaces */
	for (again = 0; again < 2; again++)
		for (id = 1; id <= IDS_MAX; id++)
			id_destroy(r->fd, id);
}

void rig_open(struct rig *r, unsigned int parts, bool keep)
{
	struct device_caps caps;
	bool kept = r->kept && keep;
	unsigned int i;

	if (r->kept && !keep) {
		shut(r);
		unmap_bars(r);
	}
	if (!kept)
		r->fd = EXPECT_OK(iommu_open());
	r->keep = keep && !r->soft;
	r->parts = parts;
	r->gone = false;
	r->closed = false;
	r->unbound = false;
	r->removed = false;
	r->driver_gone = false;
	r->stand_in = -1;
	r->s = new_ioas(r->fd);
	r->t = new_ioas(r->fd);
	EXPECT_OK(ioas_map(r->fd, r->s, r->one, IOVA, PAGE, RW));
	EXPECT_OK(ioas_map(r->fd, r->s, r->run, RUN_IOVA, RUN_PAGES * PAGE, RW));
	EXPECT_OK(ioas_map(r->fd, r->t, r->other, IOVA, PAGE, RW));
	parts_ready(r);
	for (i = 0; i < NR_RIG_DEVICES; i++) {
		if (!kept)
			open_device(r, i);
		EXPECT_OK(dev_attach(rig_device(r, i), r->fd, r->s));
		/* Or else it reaches nothing, and nothing would be found */
		EXPECT_TRUE(r->soft || pci_is_master(r->pci[i].bdf));
	}
	device_caps(r->fd, ACTIVE + 1, &caps);
	r->gap = r->blocks || !(caps.info.flags & IOASID_DEVICE_INFO_ATOMIC_REPLACE);
	r->pasid_gap = r->blocks || !(caps.info.flags & IOASID_DEVICE_INFO_ATOMIC_REPLACE_PASID);
	parts_open(r);
}

void rig_close(struct rig *r)
{
	parts_close(r);
	r->kept = r->keep && !r->gone && !r->closed && !r->unbound && !r->removed;
	if (r->kept)
		empty(r);
	else
		shut(r);
	end_their_process(r);
}

void rig_mend(struct rig *r)
{
	if (!r->kept)
		unmap_bars(r);
	if (r->removed && r->soft) {
		create_soft(r, ACTIVE);
	} else if (r->removed) {
		EXPECT_OK(pci_rescan());
		EXPECT_OK(pci_give_to(r->pci[ACTIVE].bdf, "ioasid_vfio_pci"));
	}
	parts_mend(r);
}

void rig_unmake(struct rig *r)
{
	if (r->kept) {
		shut(r);
		unmap_bars(r);
	}
	parts_unmake(r);
}

int rig_device(struct rig *r, unsigned int nr)
{
	return r->soft ? r->sw[nr].fd : r->pci[nr].fd;
}

int rig_remove(struct rig *r)
{
	return r->soft ? swdev_destroy(r->sw[ACTIVE].id) : pci_remove(r->pci[ACTIVE].bdf);
}

static const char marks[] = "\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5";
#define MARK_SIZE	(sizeof(marks) - 1)

__u32 rig_written(struct rig *r)
{
	enum page page;
	__u32 written = 0;

	for (page = ONE; page < NR_PAGES; page++) {
		char *p = page_memory(r, page);

		if (!memcmp(p, marks, MARK_SIZE))
			continue;
		written |= 1 << page;
		page_clean(p, page);
	}
	return written;
}

/* The page that a write has arrived in, which is as before then; NO_PAGE */
static enum page page_written(struct rig *r, bool done)
{
	__u32 written = rig_written(r);

	/* Not somewhere else than in any page of these, nor in two */
	EXPECT_EQ(__builtin_popcount(written), done);
	return done ? __builtin_ctz(written) : NO_PAGE;
}

static bool soft_write(struct rig *r, unsigned int dev, enum by by, enum place place)
{
	struct swiommu_dma dma = {
		.op = SWIOMMU_DMA_WRITE, .iova = place_iova[place],
		.data = (uintptr_t)"written.", .length = MARK_SIZE,
		.flags = by ? SWIOMMU_DMA_PASID : 0, .pasid = by_number[by],
	};

	if (!swdev_try_dma(r->sw[dev].fd, &dma))
		return !dma.fault;
	/* Nobody does DMA with a device that is not bound, or not there */
	EXPECT_TRUE(dev == ACTIVE && ((r->unbound && errno == EINVAL) ||
				      (r->removed && errno == ENODEV)));
	return false;
}

static enum page rig_write(struct rig *r, unsigned int dev, enum by by, enum place place)
{
	bool done;

	if (r->soft)
		done = soft_write(r, dev, by, place);
	else
		done = testdev_try_write(&r->bars[dev], place_iova[place], MARK_SIZE) == DMA_DONE;
	return page_written(r, done);
}

/* Software devices are asked through their file, and wait for calls that bind or remove
 * them, @under_way; registers of others go with the device itself
 */
bool rig_is_seen(struct rig *r, unsigned int dev, bool under_way)
{
	if (dev != ACTIVE)
		return true;
	if (!r->soft)
		return !r->removed;
	return !r->gone && !(under_way && (r->unbound || r->removed));
}

void rig_reach(struct rig *r, struct sight *sight, bool under_way)
{
	unsigned int dev, by, place;

	if (under_way && r->parts & RIG_SIBLINGS && !r->soft && !r->gone && !r->unbound)
		points_master(r->pci[ACTIVE].bdf);
	sight->wrote = rig_written(r);
	sight->entries = rig_entries(r);
	memset(sight->reach, 0, sizeof(sight->reach));
	for (dev = 0; dev < NR_RIG_DEVICES; dev++)
		for (by = 0; by < (r->soft && r->parts & RIG_PASIDS ? NR_BYS : 1); by++)
			for (place = 0; rig_is_seen(r, dev, under_way) && place < NR_PLACES; place++)
				sight->reach[dev][by][place] = rig_write(r, dev, by, place);
}

static void driver_see(struct rig *r, struct sight *sight)
{
	struct mediated_state state = { .iommu_fd = -1 };
	enum place place;

	if (!(r->parts & RIG_DRIVER) || r->driver_gone)
		return;
	for (place = 0; place < NR_PLACES; place++)
		sight->driver[place] =
			page_written(r, !m_write(r->driver, -1, place_iova[place], "driven..",
						 MARK_SIZE));
	if (!ioctl(r->driver, MEDIATED_STATE, &state))
		sight->pins = state.pins;
}

/* A driver's DMA for its user, by the PASID that CPUs send */
static enum page child_write(struct rig *r, struct swdev *child, __u32 pasid)
{
	struct swiommu_dma dma = {
		.op = SWIOMMU_DMA_WRITE, .iova = IOVA, .data = (uintptr_t)"written.",
		.length = MARK_SIZE, .flags = SWIOMMU_DMA_PASID, .pasid = pasid,
	};

	/* Its device is not bound any more */
	if (swdev_try_dma(child->fd, &dma)) {
		EXPECT_EQ(errno, EINVAL);
		return page_written(r, false);
	}
	return page_written(r, !dma.fault);
}

void rig_see(struct rig *r, struct sight *sight)
{
	const __u32 spaces[2] = { r->s, r->t };
	struct ioasid_info info;
	unsigned int i;

	memset(sight, 0, sizeof(*sight));
	rig_reach(r, sight, false);
	driver_see(r, sight);
	if (r->parts & RIG_CPU) {
		sight->cpu[0] = child_write(r, &r->sender, RIG_PASID);
		sight->cpu[1] = child_write(r, &r->receiver, THEIR_PASID);
		sight->numbers = rig_numbers(r);
	}
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
