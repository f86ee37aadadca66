// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eight software devices on two IOMMUs, eight address spaces, and everything at once
 * and at random: devices do DMA all the time, while other threads attach, replace,
 * detach, map and unmap, devices are removed, and processes are killed.
 *
 * An address space has three kinds of memory:
 *
 * - a page by which it is known, mapped as long as it lives, with a place for each
 *   device: who is attached writes there, and nobody else
 * - quiet slots: a device looks at one while nothing changes in it, and knows what
 *   every byte must be, and where its DMA must stop
 * - hot slots: DMA goes on there whatever others do. What is unmapped has the address
 *   space's canary in it, and nothing may write there; what is mapped was written to
 *   by devices only that were attached since; and who reads finds canaries only of
 *   address spaces that it was attached to meanwhile
 *
 * STRESS_SEED and STRESS_ROUNDS are as in test-stress.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "chance.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "swdev.h"

#define NR_DEVS		8
#define NR_SPACES	8
#define NR_MAPPERS	2
#define NR_KEEPERS	2

#define NR_QUIET	12
#define NR_HOT		4
#define NR_SLOTS	(NR_QUIET + NR_HOT)
#define SLOT_PAGES	8U
#define SLOT_SIZE	(SLOT_PAGES * PAGE)

/* Actors, for chance_at(); devices are 0 to NR_DEVS - 1 */
#define MAPPER		20
#define KEEPER		30
#define MAIN		40

/* Where the known page is, and the slots, beyond a multiple of 1 GiB each */
#define ID_IOVA		IOVA
#define SLOT_IOVA(slot)	(((slot) + 1) * GIB - SLOT_SIZE / 2)

/**
 * struct slot - a place in an address space
 * @lock: protects the others; held by who maps and by who looks at a quiet slot
 * @mem: its memory
 * @pages: how many are mapped there, from the first on
 * @flags: how, RW or a part of it
 * @seen: of a hot one: devices attached since it was mapped, a bit each, under notes
 */
struct slot {
	pthread_mutex_t lock;
	unsigned char *mem;
	unsigned int pages;
	__u32 flags;
	unsigned int seen;
};

struct space {
	__u32 ioas;
	unsigned char canary;
	unsigned char *id;
	unsigned int devs;	/* attached, or about to be, under notes */
	struct slot slots[NR_SLOTS];
};

/**
 * struct user - a device and who attaches it
 * @lock: held by who attaches or detaches, and by who must know what is attached
 * @wanted: somebody waits for @lock to attach: DMA goes on that can do without
 * @dev: the device
 * @space: what is attached, -1 if nothing is
 * @seen: address spaces that were attached during the DMA under way, under notes
 * @spaces: attached, or about to be, under notes
 */
struct user {
	pthread_mutex_t lock;
	volatile int wanted;
	struct swdev dev;
	unsigned int nr;
	int space;
	unsigned int seen, spaces;
	unsigned long done;
	pthread_t thread;
	struct world *world;
};

struct helper {
	struct world *world;
	unsigned int nr;
	pthread_t thread;
};

struct world {
	int fd;
	unsigned int round, steps;	/* of each device */
	volatile bool stop;
	unsigned int *progress;
	pthread_mutex_t notes;
	struct space spaces[NR_SPACES];
	struct user users[NR_DEVS];
	struct helper mappers[NR_MAPPERS], keepers[NR_KEEPERS];
};

static bool permits(const struct slot *slot, __u32 op)
{
	return slot->flags & (op == SWIOMMU_DMA_READ ? IOASID_MAP_READ : IOASID_MAP_WRITE);
}

static void check_canary(const struct space *space, const struct slot *slot, const char *when)
{
	unsigned int i;

	for (i = 0; i < SLOT_SIZE; i++)
		if (((volatile unsigned char *)slot->mem)[i] != space->canary)
			CHANCE_FAIL("byte %#x of what is not mapped is %#x %s", i, slot->mem[i],
				    when);
}

/* ------------------------------------------------------- what devices do */

static struct swiommu_dma dma(struct user *user, __u32 op, __u64 iova, void *data, __u64 length)
{
	struct swiommu_dma arg = {
		.op = op, .iova = iova, .data = (uintptr_t)data, .length = length,
	};

	CHANCE_OK(swdev_try_dma(user->dev.fd, &arg));
	return arg;
}

/* With the device's lock: it reaches the page of its address space, and only that */
static void check_id(struct user *user)
{
	struct world *w = user->world;
	unsigned int at = user->nr * 64, i;
	__u64 nonce = chance_draw();
	struct swiommu_dma arg;

	chance_doing("DMA of device %u with %d attached", user->nr, user->space);
	arg = dma(user, SWIOMMU_DMA_WRITE, ID_IOVA + at, &nonce, sizeof(nonce));
	CHANCE_EQ(arg.fault, user->space < 0 ? SWIOMMU_FAULT_NOT_MAPPED : SWIOMMU_FAULT_NONE);
	for (i = 0; i < NR_SPACES; i++)
		CHANCE_EQ(!memcmp(w->spaces[i].id + at, &nonce, sizeof(nonce)),
			  (int)i == user->space);
}

/* The device reads or writes around in a slot in which nothing else happens */
static void look_at_quiet(struct user *user)
{
	struct space *space = &user->world->spaces[user->space];
	unsigned int nr = chance_below(NR_QUIET), offset = chance_below(SLOT_SIZE);
	unsigned int size = chance_from(1, chance_in(3) ? SLOT_SIZE - offset :
					(SLOT_SIZE - offset) / 8 + 1);
	__u32 op = chance_in(2) ? SWIOMMU_DMA_READ : SWIOMMU_DMA_WRITE;
	struct slot *slot = &space->slots[nr];
	unsigned char buffer[SLOT_SIZE], model[SLOT_SIZE];
	unsigned int end, done = 0;
	struct swiommu_dma arg;
	__u32 fault;

	pthread_mutex_lock(&slot->lock);
	chance_doing("%s %u bytes at %#x of slot %u, of which %u pages are mapped, flags %#x",
		     op ? "write" : "read", size, offset, nr, slot->pages, slot->flags);
	end = slot->pages * PAGE;
	if (offset < end && permits(slot, op))
		done = size < end - offset ? size : end - offset;
	fault = done == size ? SWIOMMU_FAULT_NONE : offset < end && !done ?
		SWIOMMU_FAULT_PERMISSION : SWIOMMU_FAULT_NOT_MAPPED;

	memcpy(model, slot->mem, SLOT_SIZE);
	memset(buffer, chance_below(128), size);
	if (op == SWIOMMU_DMA_WRITE)
		memcpy(model + offset, buffer, done);
	arg = dma(user, op, SLOT_IOVA(nr) + offset, buffer, size);
	CHANCE_EQ(arg.done, done);
	CHANCE_EQ(arg.fault, fault);
	if (fault)
		CHANCE_EQ(arg.fault_addr, SLOT_IOVA(nr) + offset + done);
	CHANCE_EQ(memcmp(model, slot->mem, SLOT_SIZE), 0);
	if (op == SWIOMMU_DMA_READ)
		CHANCE_EQ(memcmp(buffer, model + offset, done), 0);
	pthread_mutex_unlock(&slot->lock);
}

/* Whatever is attached, and whoever takes it away meanwhile */
static void use_hot(struct user *user)
{
	unsigned int nr = NR_QUIET + chance_below(NR_HOT), i, seen;
	unsigned int page = chance_below(SLOT_PAGES);
	unsigned int size = chance_from(1, SLOT_PAGES - page) * PAGE;
	bool write = chance_in(2);
	struct world *w = user->world;
	unsigned char buffer[SLOT_SIZE];
	struct swiommu_dma arg;

	chance_doing("use %u bytes at page %u of hot slot %u", size, page, nr);
	memset(buffer, user->nr + 1, size);
	pthread_mutex_lock(&w->notes);
	user->seen = user->spaces;
	pthread_mutex_unlock(&w->notes);
	arg = dma(user, write ? SWIOMMU_DMA_WRITE : SWIOMMU_DMA_READ, SLOT_IOVA(nr) + page * PAGE,
		  buffer, size);
	pthread_mutex_lock(&w->notes);
	seen = user->seen;
	pthread_mutex_unlock(&w->notes);
	/* Only where the kernel cannot replace is there a moment with nothing behind it */
	if (arg.fault && !(arg.fault == SWIOMMU_FAULT_BLOCKED && kernel_is("6.1")))
		CHANCE_EQ(arg.fault, SWIOMMU_FAULT_NOT_MAPPED);
	user->done += !!arg.done;
	for (i = 0; !write && i < arg.done; i++) {
		if (buffer[i] && buffer[i] <= NR_DEVS)
			continue;
		if (buffer[i] < 0x80 || buffer[i] >= 0x80 + NR_SPACES ||
		    !(seen & 1U << (buffer[i] - 0x80)))
			CHANCE_FAIL("it reads %#x and was attached to %#x only", buffer[i], seen);
	}
}

static void start(struct user *user)
{
	struct swiommu_device_create options = {
		.iommu = user->nr % 2, .flags = user->nr % 4 < 2 ? SWIOMMU_DEVICE_TLB : 0,
	};

	swdev_start_with(&user->dev, &options, user->world->fd);
	user->space = -1;
}

/* About to be attached to @space, -1: has been, and to nothing else */
static void note(struct user *user, int space)
{
	struct world *w = user->world;
	unsigned int i;

	pthread_mutex_lock(&w->notes);
	if (space >= 0) {
		user->spaces |= 1U << space;
		user->seen |= 1U << space;
		w->spaces[space].devs |= 1U << user->nr;
		for (i = NR_QUIET; i < NR_SLOTS; i++)
			w->spaces[space].slots[i].seen |= 1U << user->nr;
	} else {
		user->spaces = user->space < 0 ? 0 : 1U << user->space;
		for (i = 0; i < NR_SPACES; i++)
			if ((int)i != user->space)
				w->spaces[i].devs &= ~(1U << user->nr);
	}
	pthread_mutex_unlock(&w->notes);
}

/* Taken away and made anew, by the thread that does its DMA */
static void reopen(struct user *user)
{
	struct swiommu_dma arg = { .length = 1 };

	pthread_mutex_lock(&user->lock);
	chance_doing("reopen device %u", user->nr);
	if (chance_in(2)) {
		CHANCE_OK(swdev_destroy(user->dev.id));
		CHANCE_EQ(swdev_try_dma(user->dev.fd, &arg), -1);
		CHANCE_EQ(errno, ENODEV);
		CHANCE_OK(close(user->dev.fd));
	} else {
		if (chance_in(2))
			CHANCE_OK(dev_unbind(user->dev.fd, user->world->fd));
		CHANCE_OK(close(user->dev.fd));
		CHANCE_OK(swdev_destroy(user->dev.id));
	}
	start(user);
	note(user, -1);
	check_id(user);
	pthread_mutex_unlock(&user->lock);
}

static void *device_run(void *arg)
{
	struct user *user = arg;
	struct world *w = user->world;
	unsigned int i;

	for (i = 0; i < w->steps; i++) {
		chance_at(w->round, user->nr, i);
		if (chance_in(400)) {
			reopen(user);
		} else if (chance_in(2) || user->wanted) {
			use_hot(user);
		} else {
			pthread_mutex_lock(&user->lock);
			if (user->space < 0 || chance_in(8))
				check_id(user);
			else
				look_at_quiet(user);
			pthread_mutex_unlock(&user->lock);
		}
		__atomic_add_fetch(w->progress, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* ------------------------------------------------- what others do to them */

/* As often as the devices get on, not as time goes by. False: they are at the end */
static bool wait_for_devices(struct world *w, unsigned int action, unsigned int each)
{
	while (!w->stop && __atomic_load_n(w->progress, __ATOMIC_RELAXED) / each < action)
		usleep(200);
	return !w->stop;
}

static void *keeper_run(void *arg)
{
	struct helper *h = arg;
	struct world *w = h->world;
	unsigned int i;

	for (i = 0; wait_for_devices(w, i, 40); i++) {
		struct user *user;
		int space;

		chance_at(w->round, KEEPER + h->nr, i);
		user = &w->users[chance_below(NR_DEVS)];
		space = chance_below(NR_SPACES);
		__atomic_add_fetch(&user->wanted, 1, __ATOMIC_RELAXED);
		pthread_mutex_lock(&user->lock);
		__atomic_sub_fetch(&user->wanted, 1, __ATOMIC_RELAXED);
		if (user->space >= 0 && chance_in(4)) {
			chance_doing("detach %d from device %u", user->space, user->nr);
			CHANCE_OK(dev_detach(user->dev.fd, w->fd));
			user->space = -1;
		} else {
			chance_doing("attach %d to device %u, in place of %d", space, user->nr,
				     user->space);
			note(user, space);
			CHANCE_OK(dev_attach(user->dev.fd, w->fd, w->spaces[space].ioas));
			user->space = space;
		}
		note(user, -1);
		check_id(user);
		pthread_mutex_unlock(&user->lock);
	}
	return NULL;
}

static void map_slot(struct world *w, struct space *space, unsigned int nr)
{
	static const __u32 flags[] = { RW, RW, IOASID_MAP_READ, IOASID_MAP_WRITE };
	struct slot *slot = &space->slots[nr];

	check_canary(space, slot, "before it is mapped");
	slot->pages = chance_from(1, SLOT_PAGES);
	slot->flags = nr < NR_QUIET ? flags[chance_below(4)] : RW;
	if (nr >= NR_QUIET) {
		pthread_mutex_lock(&w->notes);
		slot->seen = space->devs;
		pthread_mutex_unlock(&w->notes);
	}
	chance_doing("map %u pages of slot %u", slot->pages, nr);
	CHANCE_OK(ioas_map(w->fd, space->ioas, slot->mem, SLOT_IOVA(nr), slot->pages * PAGE,
			   slot->flags));
}

static void unmap_slot(struct world *w, struct space *space, unsigned int nr)
{
	struct slot *slot = &space->slots[nr];
	unsigned int seen, i;
	__u64 unmapped;

	chance_doing("unmap %u pages of slot %u", slot->pages, nr);
	CHANCE_OK(ioas_unmap(w->fd, space->ioas, SLOT_IOVA(nr), SLOT_SIZE, &unmapped));
	CHANCE_EQ(unmapped, slot->pages * PAGE);
	pthread_mutex_lock(&w->notes);
	seen = slot->seen;
	pthread_mutex_unlock(&w->notes);
	for (i = 0; nr >= NR_QUIET && i < slot->pages * PAGE; i++)
		if (slot->mem[i] != space->canary && (!slot->mem[i] || slot->mem[i] > NR_DEVS ||
						      !(seen & 1U << (slot->mem[i] - 1))))
			CHANCE_FAIL("byte %#x was made %#x, and only %#x were attached", i,
				    slot->mem[i], seen);
	slot->pages = 0;
	memset(slot->mem, space->canary, SLOT_SIZE);
}

static void *mapper_run(void *arg)
{
	struct helper *h = arg;
	struct world *w = h->world;
	unsigned int i;

	for (i = 0; wait_for_devices(w, i, 8); i++) {
		struct space *space;
		unsigned int nr;

		chance_at(w->round, MAPPER + h->nr, i);
		space = &w->spaces[chance_below(NR_SPACES)];
		nr = chance_in(2) ? NR_QUIET + chance_below(NR_HOT) : chance_below(NR_QUIET);
		pthread_mutex_lock(&space->slots[nr].lock);
		if (space->slots[nr].pages)
			unmap_slot(w, space, nr);
		else
			map_slot(w, space, nr);
		pthread_mutex_unlock(&space->slots[nr].lock);
	}
	return NULL;
}

/* ------------------------------------------------------------------- rounds */

static struct world *world_new(unsigned int steps)
{
	struct world *w = calloc(1, sizeof(*w));
	unsigned int i, k;

	EXPECT_TRUE(w);
	w->steps = steps;
	w->progress = shared_memory(sizeof(*w->progress));
	pthread_mutex_init(&w->notes, NULL);
	for (i = 0; i < NR_SPACES; i++) {
		w->spaces[i].canary = 0x80 + i;
		w->spaces[i].id = memory(PAGE, 0);
		for (k = 0; k < NR_SLOTS; k++) {
			pthread_mutex_init(&w->spaces[i].slots[k].lock, NULL);
			w->spaces[i].slots[k].mem = memory(SLOT_SIZE, w->spaces[i].canary);
		}
	}
	for (i = 0; i < NR_DEVS; i++) {
		pthread_mutex_init(&w->users[i].lock, NULL);
		w->users[i].nr = i;
		w->users[i].world = w;
	}
	for (i = 0; i < NR_MAPPERS; i++)
		w->mappers[i] = (struct helper) { .world = w, .nr = i };
	for (i = 0; i < NR_KEEPERS; i++)
		w->keepers[i] = (struct helper) { .world = w, .nr = i };
	return w;
}

static void world_open(struct world *w, unsigned int round)
{
	unsigned int i, k;

	w->round = round;
	w->stop = false;
	*w->progress = 0;
	chance_at(round, MAIN, 0);
	w->fd = EXPECT_OK(iommu_open());
	for (i = 0; i < NR_SPACES; i++) {
		w->spaces[i].ioas = new_ioas(w->fd);
		w->spaces[i].devs = 0;
		CHANCE_OK(ioas_map(w->fd, w->spaces[i].ioas, w->spaces[i].id, ID_IOVA, PAGE, RW));
		for (k = 0; k < NR_SLOTS; k++) {
			w->spaces[i].slots[k].pages = 0;
			memset(w->spaces[i].slots[k].mem, w->spaces[i].canary, SLOT_SIZE);
			if (chance_in(2))
				map_slot(w, &w->spaces[i], k);
		}
	}
	for (i = 0; i < NR_DEVS; i++) {
		start(&w->users[i]);
		w->users[i].spaces = 0;
		w->users[i].done = 0;
		check_id(&w->users[i]);
	}
}

static void start_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	EXPECT_EQ(pthread_create(thread, NULL, fn, arg), 0);
}

static void world_run(struct world *w)
{
	unsigned int i;

	for (i = 0; i < NR_KEEPERS; i++)
		start_thread(&w->keepers[i].thread, keeper_run, &w->keepers[i]);
	for (i = 0; i < NR_MAPPERS; i++)
		start_thread(&w->mappers[i].thread, mapper_run, &w->mappers[i]);
	for (i = 0; i < NR_DEVS; i++)
		start_thread(&w->users[i].thread, device_run, &w->users[i]);
	for (i = 0; i < NR_DEVS; i++)
		EXPECT_EQ(pthread_join(w->users[i].thread, NULL), 0);
	w->stop = true;
	for (i = 0; i < NR_KEEPERS; i++)
		EXPECT_EQ(pthread_join(w->keepers[i].thread, NULL), 0);
	for (i = 0; i < NR_MAPPERS; i++)
		EXPECT_EQ(pthread_join(w->mappers[i].thread, NULL), 0);
	chance_at(w->round, MAIN, 1);
}

/* With no thread running: the kernel's numbers are the model's */
static void world_count(struct world *w, long before)
{
	unsigned int i, k, pages, attachments;
	struct ioasid_info info;

	for (i = 0; i < NR_SPACES; i++) {
		chance_doing("count what is in %u", i);
		for (k = 0, pages = 1; k < NR_SLOTS; k++)
			pages += w->spaces[i].slots[k].pages;
		for (k = 0, attachments = 0; k < NR_DEVS; k++)
			attachments += w->users[k].space == (int)i;
		CHANCE_OK(ioas_info(w->fd, w->spaces[i].ioas, &info));
		CHANCE_EQ(info.mapped, pages * PAGE);
		CHANCE_EQ(info.nr_attachments, attachments);
		CHANCE_EQ(info.pinned, attachments ? pages * PAGE : 0);
		before += attachments ? pages : 0;
	}
	CHANCE_EQ(pages_pinned(), before);
}

static void world_close(struct world *w, long before)
{
	bool file_first = w->round % 2;
	unsigned int i, k;

	for (i = 0; i < NR_DEVS; i++) {
		chance_doing("look at what device %u reaches at the end", i);
		check_id(&w->users[i]);
	}
	for (i = 0; !file_first && i < NR_SPACES; i++) {
		for (k = 0; k < NR_SLOTS; k++) {
			if (w->spaces[i].slots[k].pages)
				unmap_slot(w, &w->spaces[i], k);
			check_canary(&w->spaces[i], &w->spaces[i].slots[k], "at the end");
		}
	}
	chance_doing("close");
	if (file_first)
		CHANCE_OK(close(w->fd));
	for (i = 0; i < NR_DEVS; i++) {
		if (file_first)
			check_id(&w->users[i]);
		CHANCE_OK(close(w->users[i].dev.fd));
		CHANCE_OK(swdev_destroy(w->users[i].dev.id));
	}
	if (!file_first)
		CHANCE_OK(close(w->fd));
	CHANCE_EQ(pages_pinned(), before);
}

START_TEST(stress_eight_swdevs_on_two_iommus)
{
	unsigned int i, k, rounds = chance_rounds(kernel_is("debug") ? 2 : 4);
	unsigned long done;
	struct world *w = world_new(kernel_is("debug") ? 100 : 600);
	long before = pages_pinned();

	swiommu_load(NULL);
	for (i = 0; i < rounds; i++) {
		world_open(w, i);
		world_run(w);
		world_count(w, before);
		/* the hot slots were not just refused */
		for (k = 0, done = 0; k < NR_DEVS; k++)
			done += w->users[k].done;
		EXPECT_GE(done, w->steps / 4);
		world_close(w, before);
	}
	swiommu_unload();
}
END_TEST

struct victim {
	unsigned int round;
	unsigned int progress;
};

static void run_until_killed(void *arg)
{
	struct victim *v = arg;
	struct world *w = world_new(1000000);

	w->progress = &v->progress;
	world_open(w, v->round);
	world_run(w);
}

START_TEST(stress_swdevs_of_a_killed_process)
{
	unsigned int i, k, much, rounds = chance_rounds(kernel_is("debug") ? 2 : 6);
	struct victim *v = shared_memory(sizeof(*v));
	long before = pages_pinned();

	swiommu_load(NULL);
	for (i = 0; i < rounds; i++) {
		pid_t pid;

		v->round = 100 + i;
		v->progress = 0;
		pid = start_child(run_until_killed, v);
		chance_at(v->round, MAIN, 2);
		much = chance_from(1, kernel_is("debug") ? 100 : 400);
		for (k = 0; k < 20000 && *(volatile unsigned int *)&v->progress < much &&
		     child_runs(pid); k++)
			sleep_ms(1);
		CHANCE_EQ(child_runs(pid), true);
		kill_child(pid);
		chance_doing("count after it was killed");
		CHANCE_EQ(pages_pinned(), before);
		/* with no binding left: the kernel warns otherwise */
		swdev_destroy_all();
	}
	swiommu_unload();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		stress_eight_swdevs_on_two_iommus,
		stress_swdevs_of_a_killed_process,
		NULL,
	};

	return run_swiommu_program(argc, argv, "stress-sharing", tests);
}
