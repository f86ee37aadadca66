// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done beside the ioctls: open, close, pass on, fork; memory that comes, goes and
 * changes its protection; regions of devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chance.h"
#include "device.h"
#include "fuzz.h"
#include "mediated.h"
#include "process.h"
#include "swdev.h"
#include "swuser.h"

/* A region's number is in the upper bits of an offset */
#define REGION(index)	((__u64)(index) << 40)

#define MADV_PAGEOUT_	21
#define MADV_COLD_	20

int fuzz_slot(int *slot)
{
	return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

/* Each is closed once, for another file may have its number afterwards */
void fuzz_put(int *slot, int fd)
{
	int old = __atomic_exchange_n(slot, fd, __ATOMIC_RELAXED);

	if (old >= 0)
		close(old);
}

static void *arena(unsigned int page)
{
	return (void *)(FUZZ_ARENA + page * PAGE);
}

static void *bars(unsigned int dev)
{
	return arena(FUZZ_BAR_AT + dev * FUZZ_BAR_PAGES);
}

static void fresh(unsigned int page, unsigned int pages, int prot)
{
	mmap(arena(page), pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

void fuzz_arena(void)
{
	fresh(0, FUZZ_ARENA_PAGES, PROT_READ | PROT_WRITE);
	fresh(FUZZ_HUGE_AT, FUZZ_HUGE_PAGES, PROT_READ | PROT_WRITE);
	madvise(arena(FUZZ_HUGE_AT), FUZZ_HUGE_PAGES * PAGE, MADV_HUGEPAGE);
}

/* ------------------------------------------------------------------ files */

void fuzz_open_file(struct fuzz_thread *t, unsigned int slot)
{
	unsigned int dev;
	int fd;

	fuzz_note_deed(t, "files[%u] = open(%s)", slot, iommu_node());
	fd = iommu_open();
	fuzz_note_result(t, fd, errno);
	if (fd < 0)
		return;
	fuzz_put(&t->f->files[slot], fd);
	memset(t->f->ioas[slot], 0, sizeof(t->f->ioas[slot]));
	memset(t->f->hwpt[slot], 0, sizeof(t->f->hwpt[slot]));
	memset(t->f->devid[slot], 0, sizeof(t->f->devid[slot]));
	memset(t->f->maps[slot], 0, sizeof(t->f->maps[slot]));
	/* What the file before was bound to */
	for (dev = 0; dev < FUZZ_DEVS; dev++)
		if (t->f->bound[dev] == (int)slot)
			t->f->bound[dev] = -1;
}

/* Mostly one that other users leave alone: a group has one owner */
static unsigned int own(struct fuzz_thread *t, unsigned int nr)
{
	unsigned int one = chance_below(nr);

	return chance_in(4) ? one : (one / FUZZ_USERS * FUZZ_USERS + t->user) % nr;
}

static bool is_open(struct fuzz_thread *t, unsigned int which)
{
	unsigned int i;

	for (i = 0; i < FUZZ_DEVS; i++)
		if (t->f->which[i] == (int)which && fuzz_slot(&t->f->devs[i]) >= 0)
			return true;
	return false;
}

enum fuzz_on fuzz_dev_is(int which)
{
	return which >= FUZZ_FIRST_MEDIATED ? FUZZ_ON_MEDIATED :
	       which >= FUZZ_FIRST_SOFT ? FUZZ_ON_SOFT : FUZZ_ON_VFIO;
}

/* -1: none */
static int some_dev(struct fuzz_thread *t, enum fuzz_on kind)
{
	unsigned int at;

	switch (kind) {
	case FUZZ_ON_MEDIATED:
		return FUZZ_FIRST_MEDIATED + own(t, MEDIATED_DEVICES);
	case FUZZ_ON_SOFT:
		at = own(t, FUZZ_SOFT_DEVS);
		return t->w->soft[at] ? (int)(FUZZ_FIRST_SOFT - 1 + t->w->soft[at]) : -1;
	default:
		at = own(t, FUZZ_PCI);
		return t->w->bdf[at][0] ? (int)at : -1;
	}
}

static int open_which(struct fuzz_thread *t, unsigned int slot, int which)
{
	switch (fuzz_dev_is(which)) {
	case FUZZ_ON_MEDIATED:
		fuzz_note_deed(t, "devs[%u] = open(mediated device %d)", slot,
			       which - FUZZ_FIRST_MEDIATED);
		return mediated_open(which - FUZZ_FIRST_MEDIATED);
	case FUZZ_ON_SOFT:
		fuzz_note_deed(t, "devs[%u] = open(" SWIOMMU_NODE "%d)", slot,
			       which - FUZZ_FIRST_SOFT);
		return swdev_open(which - FUZZ_FIRST_SOFT);
	default:
		fuzz_note_deed(t, "devs[%u] = open(VFIO device %d)", slot, which);
		return dev_open_bdf(t->w->bdf[which]);
	}
}

static void dev_opened(struct fuzz_thread *t, unsigned int slot, int which, int fd)
{
	fuzz_put(&t->f->devs[slot], fd);
	t->f->which[slot] = which;
	t->f->bound[slot] = -1;
	t->f->attached[slot] = 0;
	memset(t->f->had[slot], 0, sizeof(t->f->had[slot]));
}

void fuzz_open_dev(struct fuzz_thread *t, unsigned int slot, enum fuzz_on on)
{
	enum fuzz_on kind = on;
	unsigned int tries;
	int fd, which = -1;

	if (on == FUZZ_ON_ANY)
		kind = chance_in(6) ? FUZZ_ON_MEDIATED :
		       t->w->vfio && chance_in(2) ? FUZZ_ON_VFIO : FUZZ_ON_SOFT;
	/* One that is open already can be bound through one of both alone */
	for (tries = 0; tries < 4; tries++) {
		which = some_dev(t, kind);
		if (which >= 0 && !is_open(t, which))
			break;
	}
	if (which < 0)
		return;
	fd = open_which(t, slot, which);
	fuzz_note_result(t, fd, errno);
	if (fd >= 0)
		dev_opened(t, slot, which, fd);
}

void fuzz_open_cpu(struct fuzz_thread *t, unsigned int slot)
{
	int fd;

	fuzz_note_deed(t, "cpus[%u] = open(/dev/" CPU_NAME ")", slot);
	fd = cpu_open();
	fuzz_note_result(t, fd, errno);
	if (fd >= 0)
		fuzz_put(&t->f->cpus[slot], fd);
}

/* Of VFIO's own, with type1. What is open through it is bound to none of our files */
static int open_by_group(int container, int group, const char *bdf)
{
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -1;
	return ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
}

static void open_group(struct fuzz_thread *t)
{
	unsigned int slot = chance_below(FUZZ_DEVS);
	int which = some_dev(t, FUZZ_ON_VFIO), container, group, fd = -1;
	char path[32];

	if (which < 0 || !t->w->vfio)
		return;
	fuzz_note_deed(t, "devs[%u] = VFIO device %d, by its group", slot, which);
	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(t->w->bdf[which]));
	fuzz_put(&t->f->group, -1);
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	group = open(path, O_RDWR | O_CLOEXEC);
	if (container >= 0 && group >= 0)
		fd = open_by_group(container, group, t->w->bdf[which]);
	fuzz_note_result(t, fd, errno);
	if (container >= 0)
		close(container);
	fuzz_put(&t->f->group, group);
	if (fd >= 0)
		dev_opened(t, slot, which, fd);
}

static void open_some(struct fuzz_thread *t)
{
	unsigned int slot = chance_below(FUZZ_DEVS);

	/* What is open and bound mostly stays so */
	if (fuzz_slot(&t->f->devs[slot]) >= 0)
		slot = chance_below(FUZZ_DEVS);
	if (chance_in(6))
		fuzz_open_file(t, chance_below(FUZZ_FILES));
	else
		fuzz_open_dev(t, slot, FUZZ_ON_ANY);
}

static void close_some(struct fuzz_thread *t)
{
	unsigned int file = chance_below(FUZZ_FILES), dev = chance_below(FUZZ_DEVS);

	if (chance_in(8)) {
		fuzz_note_deed(t, "close(cpus[%u]), close(group)", file % FUZZ_CPUS);
		fuzz_put(&t->f->cpus[file % FUZZ_CPUS], -1);
		fuzz_put(&t->f->group, -1);
	} else if (chance_in(3)) {
		fuzz_note_deed(t, "close(files[%u])", file);
		fuzz_put(&t->f->files[file], -1);
	} else {
		fuzz_note_deed(t, "close(devs[%u])", dev);
		fuzz_put(&t->f->devs[dev], -1);
	}
	fuzz_note_result(t, 0, 0);
}

static void dup_some(struct fuzz_thread *t)
{
	unsigned int from = chance_below(FUZZ_DEVS), to = chance_below(FUZZ_DEVS);
	int fd;

	fuzz_note_deed(t, "devs[%u] = dup(devs[%u])", to, from);
	fd = fcntl(fuzz_slot(&t->f->devs[from]), F_DUPFD_CLOEXEC, 0);
	fuzz_note_result(t, fd, errno);
	if (fd < 0)
		return;
	fuzz_put(&t->f->devs[to], fd);
	t->f->which[to] = t->f->which[from];
	t->f->bound[to] = t->f->bound[from];
}

/* To any user; what comes is what another one has sent */
static void pass(struct fuzz_thread *t)
{
	unsigned int slot = chance_below(FUZZ_FILES);
	int fd;

	if (chance_in(2)) {
		bool dev = chance_in(2);

		fd = fuzz_slot(dev ? &t->f->devs[slot] : &t->f->files[slot]);
		fuzz_note_deed(t, "pass %s[%u] on", dev ? "devs" : "files", slot);
		fuzz_note_result(t, send_fd(t->w->sockets[chance_below(2)], fd), errno);
		return;
	}
	fuzz_note_deed(t, "devs[%u] or files[%u] = what was passed on", slot, slot);
	fd = recv_fd(t->w->sockets[chance_below(2)]);
	fuzz_note_result(t, fd, errno);
	if (fd < 0)
		return;
	/* It does not say what it is */
	if (chance_in(2))
		fuzz_put(&t->f->devs[slot], fd);
	else
		fuzz_put(&t->f->files[slot], fd);
}

static void other_calls(struct fuzz_thread *t)
{
	unsigned int dev = chance_below(FUZZ_DEVS);
	int fd = chance_in(2) ? fuzz_slot(&t->f->devs[dev]) :
		 fuzz_slot(&t->f->files[dev % FUZZ_FILES]);
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT };
	char text[1024], path[48];
	long ret;

	fuzz_note_deed(t, "poll, fdinfo, read, write, mmap of files[%u] or devs[%u]",
		       dev % FUZZ_FILES, dev);
	switch (chance_below(5)) {
	case 0:
		ret = poll(&pfd, 1, 0);
		break;
	case 1:
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ret = read(fd, text, sizeof(text));
		if (fd >= 0)
			close(fd);
		break;
	case 2:
		ret = read(fd, (void *)fuzz_va(), fuzz_strange(8) % 8192);
		break;
	case 3:
		ret = fcntl(fd, F_SETFL, O_NONBLOCK);
		break;
	default:
		ret = (long)mmap(arena(64), 4 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
				 fuzz_strange(0) & ~(PAGE - 1)) >> 63;
	}
	fuzz_note_result(t, ret, errno);
}

/* ----------------------------------------------------------------- memory */

static void protect(struct fuzz_thread *t)
{
	unsigned int page = chance_below(FUZZ_ARENA_PAGES), n = 1 + chance_below(8);
	int prot = chance_in(2) ? PROT_READ | PROT_WRITE : (int)chance_below(4);

	fuzz_note_deed(t, "mprotect(arena + %u pages, %u pages, %d)", page, n, prot);
	fuzz_note_result(t, mprotect(arena(page), n * PAGE, prot), errno);
}

static void unmap(struct fuzz_thread *t)
{
	unsigned int page = chance_below(FUZZ_ARENA_PAGES), n = 1 + chance_below(8);

	fuzz_note_deed(t, "munmap(arena + %u pages, %u pages)", page, n);
	fuzz_note_result(t, munmap(arena(page), n * PAGE), errno);
}

/* Of nothing, or of a file */
static void map(struct fuzz_thread *t)
{
	unsigned int page = chance_below(FUZZ_ARENA_PAGES - 16), n = 1 + chance_below(16);
	unsigned int mem = chance_below(FUZZ_MEMS);
	bool file = chance_in(3), shared = chance_in(2);
	int prot = chance_in(6) ? PROT_READ : PROT_READ | PROT_WRITE;
	void *p;

	fuzz_note_deed(t, "mmap(arena + %u pages, %u pages, %d, %s, %s %u)", page, n, prot,
		       shared ? "shared" : "private", file ? "mems" : "anonymous", mem);
	p = mmap(arena(page), n * PAGE, prot,
		 (shared ? MAP_SHARED : MAP_PRIVATE) | (file ? 0 : MAP_ANONYMOUS) | MAP_FIXED,
		 file ? fuzz_slot(&t->f->mems[mem]) : -1, 0);
	fuzz_note_result(t, p == MAP_FAILED ? -1 : 0, errno);
}

static void advise(struct fuzz_thread *t)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_PAGEOUT_, MADV_COLD_,
		MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE,
		MADV_WIPEONFORK, MADV_REMOVE, MADV_POPULATE_WRITE,
	};
	bool huge = chance_in(4);
	unsigned int page = huge ? FUZZ_HUGE_AT + chance_below(FUZZ_HUGE_PAGES) :
		chance_below(FUZZ_ARENA_PAGES);
	unsigned int n = 1 + chance_below(huge ? 512 : 16);
	int advice = advices[chance_below(sizeof(advices) / sizeof(advices[0]))];

	fuzz_note_deed(t, "madvise(arena + %u pages, %u pages, %d)", page, n, advice);
	fuzz_note_result(t, madvise(arena(page), n * PAGE, advice), errno);
}

static void all_fresh(struct fuzz_thread *t)
{
	fuzz_note_deed(t, "all of the arena anew");
	fuzz_arena();
	fuzz_note_result(t, 0, 0);
}

/* Page faults there, the kernel's too, wait for fuzz_late_ends() */
static void make_late(struct fuzz_thread *t)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	unsigned int page = chance_below(64);
	struct uffdio_api api = { .api = UFFD_API };
	int fd, ret;

	fuzz_note_deed(t, "userfaultfd(arena + %u pages, %u pages)", page, FUZZ_LATE_PAGES);
	reg.range.start = (__u64)arena(page);
	reg.range.len = FUZZ_LATE_PAGES * PAGE;
	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	ret = fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg);
	fuzz_note_result(t, -ret, errno);
	fuzz_put(&t->f->late, fd);
	madvise(arena(page), FUZZ_LATE_PAGES * PAGE, MADV_DONTNEED);
}

void *fuzz_late_ends(void *arg)
{
	struct fuzz_files *f = arg;

	for (;;) {
		sleep_ms(20);
		fuzz_put(&f->late, -1);
	}
	return NULL;
}

/* Shorter, longer, with holes, sealed, another one */
static void change_file(struct fuzz_thread *t)
{
	unsigned int mem = chance_below(FUZZ_MEMS), pages = chance_below(48);
	int fd = fuzz_slot(&t->f->mems[mem]), ret;

	switch (chance_below(4)) {
	case 0:
		fuzz_note_deed(t, "ftruncate(mems[%u], %u pages)", mem, pages);
		ret = ftruncate(fd, pages * PAGE);
		break;
	case 1:
		fuzz_note_deed(t, "fallocate(mems[%u], hole of %u pages)", mem, pages);
		ret = fallocate(fd, 3, (pages / 2) * PAGE, (pages + 1) * PAGE);
		break;
	case 2:
		fuzz_note_deed(t, "seal mems[%u]", mem);
		ret = chance_in(4) ? fcntl(fd, F_ADD_SEALS, 1 << chance_below(5)) : 0;
		break;
	default:
		fuzz_note_deed(t, "mems[%u] = memfd_create, %u pages", mem, pages + 32);
		fd = memfd_create("fuzz", MFD_ALLOW_SEALING | MFD_CLOEXEC);
		ret = ftruncate(fd, (pages + 32) * PAGE);
		fuzz_put(&t->f->mems[mem], fd);
	}
	fuzz_note_result(t, ret, errno);
}

/* While the kernel reads structures there */
static void scribble(struct fuzz_thread *t)
{
	__u32 *p = (__u32 *)t->w->public;
	unsigned int i, n = 1 + chance_below(32);

	fuzz_note_deed(t, "write to the public pages");
	for (i = 0; i < n; i++)
		p[chance_below(256)] = chance_in(2) ? chance_below(8) : fuzz_strange(PAGE);
	fuzz_note_result(t, 0, 0);
}

/* -------------------------------------------------------- regions of devices */

static void map_region(struct fuzz_thread *t)
{
	unsigned int dev = chance_below(FUZZ_DEVS), index = chance_in(4) ? chance_below(10) : 0;
	unsigned int n = 1 + chance_below(FUZZ_BAR_PAGES);
	__u64 at = chance_in(6) ? fuzz_strange(0) & ~(PAGE - 1) & (REGION(1) - 1) : 0;
	void *p;

	fuzz_note_deed(t, "mmap(region %u of devs[%u] + %#llx, %u pages)", index, dev,
		       (unsigned long long)at, n);
	p = mmap(bars(dev), n * PAGE, chance_in(6) ? PROT_READ : PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fuzz_slot(&t->f->devs[dev]), REGION(index) + at);
	fuzz_note_result(t, p == MAP_FAILED ? -1 : 0, errno);
}

static void unmap_region(struct fuzz_thread *t)
{
	unsigned int dev = chance_below(FUZZ_DEVS);

	fuzz_note_deed(t, "munmap(regions of devs[%u])", dev);
	fuzz_note_result(t, munmap(bars(dev), FUZZ_BAR_PAGES * PAGE), errno);
}

/* By a pipe: where nothing is mapped that is an errno */
static void touch_region(struct fuzz_thread *t)
{
	unsigned int dev = chance_below(FUZZ_DEVS);
	__u32 *p = (__u32 *)bars(dev) + chance_below(32);
	__u32 value = chance_in(2) ? IOVA + chance_below(24) * PAGE : chance_below(4);
	long ret;

	fuzz_note_deed(t, "access the region of devs[%u] that is mapped", dev);
	if (chance_in(2)) {
		ret = write(t->f->pipe[1], p, 4);
		if (ret > 0)
			ret = read(t->f->pipe[0], &value, 4);
	} else {
		ret = write(t->f->pipe[1], &value, 4);
		if (ret > 0)
			ret = read(t->f->pipe[0], p, 4);
	}
	fuzz_note_result(t, ret, errno);
}

/* Memory and bus mastering on, or anything */
static void access_region(struct fuzz_thread *t)
{
	unsigned int dev = chance_below(FUZZ_DEVS);
	unsigned int index = chance_in(2) ? VFIO_PCI_CONFIG_REGION_INDEX : chance_below(9);
	__u64 at = REGION(index) + (chance_in(3) ? chance_below(256) : PCI_COMMAND);
	int fd = fuzz_slot(&t->f->devs[dev]);
	__u16 command = chance_in(4) ? chance_draw() :
		PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	void *buf = chance_in(8) ? (void *)fuzz_va() : &command;
	size_t size = chance_in(8) ? fuzz_strange(2) % 4096 : 2;
	long ret;

	if (buf == &command && size > 2)
		size = 2;
	fuzz_note_deed(t, "access region %u of devs[%u] at %#llx", index, dev,
		       (unsigned long long)at);
	ret = chance_in(3) ? pread(fd, buf, size, at) : pwrite(fd, buf, size, at);
	fuzz_note_result(t, ret, errno);
}

/* --------------------------------------------------------------- processes */

/* A child has all that is open now, and copies of the memory */
static void child(struct fuzz_thread *t)
{
	unsigned int i, n = chance_below(12);
	struct fuzz_thread me = *t;
	__u64 gene = chance_draw();
	static char *const argv[] = { "true", NULL };
	bool exec = chance_in(4);
	struct fuzz_files files;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Check's handler kills the test */
	signal(SIGALRM, SIG_DFL);
	alarm(10);
	/* What it closes its parent still has open */
	files = *t->f;
	me.f = &files;
	me.kcov = NULL;
	fuzz_memory(&me);
	for (i = 0; i < n; i++)
		fuzz_step(&me, gene + i);
	if (exec)
		execv("/bin/busybox", argv);
	_exit(0);
}

static void fork_child(struct fuzz_thread *t)
{
	pid_t pid;

	fuzz_note_deed(t, "fork");
	pid = fork();
	if (!pid)
		child(t);
	fuzz_note_result(t, pid, errno);
}

static void evict_passed(struct fuzz_thread *t)
{
	int i, fd;

	for (i = 0; i < 2; i++)
		while ((fd = recv_fd(t->w->sockets[i])) >= 0)
			close(fd);
}

static bool is_evicted(int evict, int which)
{
	return which == evict || (evict >= FUZZ_VF && which >= FUZZ_VF && which < FUZZ_PCI);
}

void fuzz_evict(struct fuzz_thread *t)
{
	unsigned int dev;

	if (chance_in(2))
		return;
	fuzz_put(&t->f->group, -1);
	for (dev = 0; dev < FUZZ_DEVS; dev++)
		if (is_evicted(t->w->evict, t->f->which[dev]) || chance_in(3)) {
			munmap(bars(dev), FUZZ_BAR_PAGES * PAGE);
			fuzz_put(&t->f->devs[dev], -1);
		}
	/* They may hold any device */
	for (dev = 0; dev < FUZZ_FILES; dev++)
		if (chance_in(3))
			fuzz_put(&t->f->files[dev], -1);
	evict_passed(t);
}

static const struct {
	const char *name;
	unsigned int weight;
	void (*fn)(struct fuzz_thread *t);
} deeds[] = {
	{ "open", 4, open_some },
	{ "close", 3, close_some },
	{ "dup", 2, dup_some },
	{ "pass", 1, pass },
	{ "VFIO group", 1, open_group },
	{ "other calls", 4, other_calls },
	{ "mprotect", 6, protect },
	{ "munmap", 4, unmap },
	{ "mmap", 8, map },
	{ "madvise", 6, advise },
	{ "arena", 3, all_fresh },
	{ "memfd", 4, change_file },
	{ "userfaultfd", 1, make_late },
	{ "scribble", 6, scribble },
	{ "mmap of a region", 4, map_region },
	{ "munmap of a region", 4, unmap_region },
	{ "access to a mapped region", 6, touch_region },
	{ "access to a region", 8, access_region },
	{ "fork", 1, fork_child },
};

const unsigned int fuzz_nr_deeds = sizeof(deeds) / sizeof(deeds[0]);

const char *fuzz_deed_name(unsigned int deed)
{
	return deeds[deed].name;
}

void fuzz_deed(struct fuzz_thread *t)
{
	unsigned int i, sum = 0, at;

	for (i = 0; i < fuzz_nr_deeds; i++)
		sum += deeds[i].weight;
	at = chance_below(sum);
	for (i = 0; at >= deeds[i].weight; i++)
		at -= deeds[i].weight;
	__atomic_add_fetch(&t->w->deeds[i], 1, __ATOMIC_RELAXED);
	deeds[i].fn(t);
}
