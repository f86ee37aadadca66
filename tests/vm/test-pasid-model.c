// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thousand PASIDs on one device, some on 63 others, 24 address spaces, and all calls in
 * random order, against a model that knows of each what it must answer, and of each
 * (device, PASID) what its DMA must reach. Devices differ in type and device TLB, and are
 * behind two IOMMUs; some have a floor.
 *
 * STRESS_SEED and STRESS_ROUNDS are as in test-stress; a failure says which seed and step
 * it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "chance.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"
#include "swpasid.h"

#define NR_DEVS		64
#define NR_SPACES	24
#define NR_SLOTS	3
#define NR_PAGES	64

/* On device 0, more or less */
#define MANY		1000

/* Of all others */
#define NARROW		5

/* What a slot has that is not mapped */
#define NO_PAGE		(-1)

/**
 * struct number - a PASID of a device, 0 for its RID
 * @space: address space that is attached, 1 + its index; 0: none
 * @other: its alias, or what it is an alias of; 0: none
 * @place: in the device's taken numbers, if it is there
 */
struct number {
	unsigned int space;
	__u32 other;
	unsigned int place;
};

/**
 * struct user - a device
 * @dev: the device
 * @limit: numbers are below
 * @floor: as it was set, 0: none
 * @numbers: by number
 * @taken: PASIDs that lead somewhere, aliases too
 * @nr_taken: how many
 */
struct user {
	struct swdev dev;
	__u32 limit, floor;
	struct number *numbers;
	__u32 *taken;
	unsigned int nr_taken;
};

/**
 * struct space - an address space
 * @ioas: its handle
 * @attachments: how many, an alias being none
 * @page: what is mapped in each slot, a page of the pool
 * @flags: how
 */
struct space {
	__u32 ioas;
	unsigned int attachments;
	int page[NR_SLOTS];
	__u32 flags[NR_SLOTS];
};

static struct model {
	int fd;
	struct user users[NR_DEVS];
	struct space spaces[NR_SPACES];
	char *pool;
	__u64 words[NR_PAGES];	/* the first of each page */
	unsigned long done, faults, attached, replaced, aliased, refused;
} m;

static __u64 slot_iova(unsigned int slot)
{
	return IOVA + slot * (GIB + 5 * PAGE);
}

static volatile __u64 *word(unsigned int page)
{
	return (volatile __u64 *)(m.pool + page * PAGE);
}

/* ---------------------------------------------------------------- the model */

static void take(struct user *u, __u32 number, unsigned int space, __u32 other)
{
	u->numbers[number] = (struct number) {
		.space = space + 1, .other = other, .place = u->nr_taken,
	};
	u->taken[u->nr_taken++] = number;
}

static void give_back(struct user *u, __u32 number)
{
	__u32 last = u->taken[--u->nr_taken];
	unsigned int place = u->numbers[number].place;

	u->taken[place] = last;
	u->numbers[last].place = place;
	u->numbers[number] = (struct number) { 0 };
}

/* A PASID with its alias */
static void lead(struct user *u, __u32 number, unsigned int space)
{
	__u32 other = u->numbers[number].other;

	m.spaces[u->numbers[number].space - 1].attachments--;
	m.spaces[space].attachments++;
	u->numbers[number].space = space + 1;
	if (other)
		u->numbers[other].space = space + 1;
}

static void forget(struct user *u, __u32 number)
{
	__u32 other = u->numbers[number].other;

	m.spaces[u->numbers[number].space - 1].attachments--;
	give_back(u, number);
	if (other)
		give_back(u, other);
}

/* May the user choose it? */
static bool is_users(const struct user *u, __u32 number)
{
	return number && number < (u->floor ?: u->limit);
}

static bool kernel_has_one(const struct user *u)
{
	__u32 number;

	for (number = u->floor ?: 1; number < u->limit; number++)
		if (!u->numbers[number].space)
			return true;
	return false;
}

/* ---------------------------------------------------------------- DMA */

static void expect_untouched(void)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++)
		if (*word(i) != m.words[i])
			CHANCE_FAIL("page %u has %#llx, expected %#llx", i, *word(i), m.words[i]);
}

/* With a number, whatever leads there: what it does is what the model says */
static void look(struct user *u, __u32 number, unsigned int slot, __u32 op)
{
	const struct number *n = &u->numbers[number];
	const struct space *space = n->space ? &m.spaces[n->space - 1] : NULL;
	__u64 value = chance_draw(), before = value;
	struct swiommu_dma dma = {
		.op = op, .iova = slot_iova(slot), .data = (uintptr_t)&value,
		.length = sizeof(value), .pasid = number,
		.flags = number ? SWIOMMU_DMA_PASID : 0,
	};
	__u32 fault = SWIOMMU_FAULT_NONE;
	int page = space ? space->page[slot] : NO_PAGE;

	if (page == NO_PAGE)
		fault = space || !number ? SWIOMMU_FAULT_NOT_MAPPED : SWIOMMU_FAULT_BLOCKED;
	else if (!(space->flags[slot] &
		   (op == SWIOMMU_DMA_READ ? IOASID_MAP_READ : IOASID_MAP_WRITE)))
		fault = SWIOMMU_FAULT_PERMISSION;

	CHANCE_OK(swdev_try_dma(u->dev.fd, &dma));
	CHANCE_EQ(dma.fault, fault);
	if (fault) {
		m.faults++;
		CHANCE_EQ(dma.fault_ioasid, space && number ? space->ioas : 0);
		CHANCE_EQ(dma.fault_pasid, space ? number : 0);
		CHANCE_EQ(dma.fault_cookie, space && number ? u->dev.cookie : 0);
		CHANCE_EQ(value, before);
		return;
	}
	m.done++;
	if (op == SWIOMMU_DMA_WRITE)
		m.words[page] = before;
	CHANCE_EQ(value, m.words[page]);
	CHANCE_EQ(*word(page), m.words[page]);
}

static void look_around(struct user *u)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		__u32 number = chance_below(u->limit);

		if (i < 2 && u->nr_taken)
			number = u->taken[chance_below(u->nr_taken)];
		if (chance_in(6))
			number = 0;
		chance_doing("DMA of device %ld with %u", u - m.users, number);
		look(u, number, chance_below(NR_SLOTS),
		     chance_in(2) ? SWIOMMU_DMA_READ : SWIOMMU_DMA_WRITE);
	}
	expect_untouched();
}

/* Each (device, PASID) that leads somewhere, and its neighbours */
static void look_everywhere(void)
{
	unsigned int d, i, slot;
	__u32 number;

	chance_doing("DMA with all PASIDs");
	for (d = 0; d < NR_DEVS; d++) {
		struct user *u = &m.users[d];

		for (i = 0; i < u->nr_taken; i++) {
			number = u->taken[i];
			look(u, number, i % NR_SLOTS, SWIOMMU_DMA_READ);
			look(u, number - 1, i % NR_SLOTS, SWIOMMU_DMA_READ);
			if (number + 1 < u->limit)
				look(u, number + 1, i % NR_SLOTS, SWIOMMU_DMA_WRITE);
		}
		for (slot = 0; slot < NR_SLOTS; slot++)
			look(u, 0, slot, SWIOMMU_DMA_WRITE);
	}
	expect_untouched();
	for (i = 0; i < NR_SPACES; i++)
		CHANCE_EQ(nr_attachments(m.fd, m.spaces[i].ioas), m.spaces[i].attachments);
}

/* ---------------------------------------------------------------- the calls */

/* Made by a call: 0 or an errno */
static void expect_answer(int ret, int want)
{
	CHANCE_EQ(ret < 0 ? errno : 0, want);
	m.refused += !!want;
}

/* Some number, rather one of those that lead somewhere */
static __u32 some_number(struct user *u)
{
	return u->nr_taken && !chance_in(3) ? u->taken[chance_below(u->nr_taken)] :
					      1 + chance_below(u->limit - 1);
}

static void attach(struct user *u, __u32 number, unsigned int space)
{
	bool there = u->numbers[number].space;
	int want = there || is_users(u, number) ? 0 : EINVAL;

	chance_doing("attach %u to %u of device %ld", space, number, u - m.users);
	expect_answer(dev_attach_pasid(u->dev.fd, m.fd, m.spaces[space].ioas, number), want);
	if (want)
		return;
	if (there) {
		lead(u, number, space);
		m.replaced++;
		return;
	}
	take(u, number, space, 0);
	m.spaces[space].attachments++;
	m.attached++;
}

static void attach_any(struct user *u, unsigned int space)
{
	int want = kernel_has_one(u) ? 0 : ENOSPC, number;

	chance_doing("attach %u to any PASID of device %ld", space, u - m.users);
	number = dev_attach_pasid(u->dev.fd, m.fd, m.spaces[space].ioas, 0);
	expect_answer(number, want);
	if (want)
		return;
	if ((__u32)number >= u->limit || (__u32)number < u->floor ||
	    u->numbers[number].space)
		CHANCE_FAIL("the kernel chose %d, which was not its to choose", number);
	take(u, number, space, 0);
	m.spaces[space].attachments++;
	m.attached++;
}

static void detach(struct user *u, __u32 number)
{
	int want = u->numbers[number].space ? 0 : EINVAL;

	chance_doing("detach %u of device %ld", number, u - m.users);
	expect_answer(dev_detach_pasid(u->dev.fd, m.fd, number), want);
	if (!want)
		forget(u, number);
}

static void alias(struct user *u, __u32 number, __u32 alias)
{
	const struct number *n = &u->numbers[number];
	int want = 0;

	if (!is_users(u, alias) || !n->space)
		want = EINVAL;
	else if (n->other || u->numbers[alias].space)
		want = EBUSY;
	chance_doing("alias %u of %u of device %ld", alias, number, u - m.users);
	expect_answer(dev_alias(u->dev.fd, m.fd, number, alias), want);
	if (want)
		return;
	take(u, alias, n->space - 1, number);
	u->numbers[number].other = alias;
	m.aliased++;
}

static void change_rid(struct user *u)
{
	struct number *rid = &u->numbers[0];
	unsigned int space = chance_below(NR_SPACES);

	if (chance_in(3)) {
		chance_doing("detach device %ld", u - m.users);
		expect_answer(dev_detach(u->dev.fd, m.fd), rid->space ? 0 : EINVAL);
		if (rid->space)
			m.spaces[rid->space - 1].attachments--;
		rid->space = 0;
		return;
	}
	chance_doing("attach %u to device %ld", space, u - m.users);
	expect_answer(dev_attach(u->dev.fd, m.fd, m.spaces[space].ioas), 0);
	if (rid->space)
		m.spaces[rid->space - 1].attachments--;
	m.spaces[space].attachments++;
	rid->space = space + 1;
}

static void map_or_unmap(void)
{
	static const __u32 flags[] = { RW, RW, IOASID_MAP_READ, IOASID_MAP_WRITE };
	unsigned int at = chance_below(NR_SPACES), slot = chance_below(NR_SLOTS);
	struct space *space = &m.spaces[at];
	unsigned int page = chance_below(NR_PAGES);
	__u64 unmapped = 0;

	if (space->page[slot] == NO_PAGE || chance_in(8)) {
		bool there = space->page[slot] != NO_PAGE;
		__u32 how = flags[chance_below(4)];

		chance_doing("map page %u in slot %u of %u", page, slot, at);
		expect_answer(ioas_map(m.fd, space->ioas, m.pool + page * PAGE, slot_iova(slot),
				       PAGE, how), there ? EEXIST : 0);
		if (there)
			return;
		space->page[slot] = page;
		space->flags[slot] = how;
		return;
	}
	chance_doing("unmap slot %u of %u", slot, at);
	expect_answer(ioas_unmap(m.fd, space->ioas, slot_iova(slot), PAGE, &unmapped), 0);
	CHANCE_EQ(unmapped, PAGE);
	space->page[slot] = NO_PAGE;
}

static void make_space(struct space *space)
{
	unsigned int slot;

	CHANCE_OK(ioas_alloc(m.fd, &space->ioas));
	for (slot = 0; slot < NR_SLOTS; slot++)
		space->page[slot] = NO_PAGE;
}

static void free_space(void)
{
	unsigned int at = chance_below(NR_SPACES);
	struct space *space = &m.spaces[at];

	chance_doing("free %u", at);
	expect_answer(ioas_free(m.fd, space->ioas), space->attachments ? EBUSY : 0);
	if (!space->attachments)
		make_space(space);
}

static void set_floor(struct user *u)
{
	__u32 floor = chance_below(u->limit + u->limit / 8);
	int want = floor > u->limit ? EINVAL : u->nr_taken ? EBUSY : 0;

	chance_doing("floor of %u for device %ld", floor, u - m.users);
	expect_answer(dev_set_pasid_floor(u->dev.fd, m.fd, floor), want);
	if (!want)
		u->floor = floor;
}

/* All that it had is gone, the floor too */
static void bind_again(struct user *u)
{
	chance_doing("unbind and bind device %ld", u - m.users);
	CHANCE_OK(dev_unbind(u->dev.fd, m.fd));
	CHANCE_OK(dev_bind(u->dev.fd, m.fd, u->dev.cookie));
	while (u->nr_taken)
		forget(u, u->taken[0]);
	if (u->numbers[0].space)
		m.spaces[u->numbers[0].space - 1].attachments--;
	u->numbers[0].space = 0;
	u->floor = 0;
}

/* ---------------------------------------------------------------- chance */

static void step(void)
{
	struct user *u = &m.users[chance_in(3) ? 0 : chance_below(NR_DEVS)];
	unsigned int space = chance_below(NR_SPACES);
	/* so that it stays about as many */
	bool more = u->nr_taken < (u == m.users ? MANY : u->limit / 2);

	switch (chance_below(16)) {
	case 0 ... 2:
		if (more)
			attach(u, 1 + chance_below(u->limit - 1), space);
		else
			detach(u, some_number(u));
		break;
	case 3:
		attach_any(u, space);
		break;
	case 4 ... 6:
		attach(u, some_number(u), space);
		break;
	case 7:
		detach(u, some_number(u));
		break;
	case 8 ... 9:
		alias(u, some_number(u), some_number(u));
		break;
	case 10:
		alias(u, some_number(u), 1 + chance_below(u->limit - 1));
		break;
	case 11:
		change_rid(u);
		break;
	case 12 ... 13:
		map_or_unmap();
		break;
	case 14:
		free_space();
		break;
	default:
		if (u != m.users && chance_in(3))
			bind_again(u);
		else
			set_floor(u);
	}
	look_around(u);
}

static void begin(void)
{
	unsigned int i;

	swiommu_load(NULL);
	m.fd = EXPECT_OK(iommu_open());
	m.pool = memory(NR_PAGES * PAGE, 0);
	for (i = 0; i < NR_PAGES; i++)
		*word(i) = m.words[i] = chance_draw();
	for (i = 0; i < NR_SPACES; i++)
		make_space(&m.spaces[i]);
	for (i = 0; i < NR_DEVS; i++) {
		static const __u32 types[] = { 4, 5, 7 };
		const struct swiommu_device_create options = {
			.type = types[i % 3], .pasid_width = i ? NARROW : WIDTH, .iommu = i % 2,
			.flags = i % 4 != 3 ? SWIOMMU_DEVICE_TLB : 0,
		};
		struct user *u = &m.users[i];

		u->limit = 1U << options.pasid_width;
		u->numbers = calloc(u->limit, sizeof(*u->numbers));
		u->taken = calloc(u->limit, sizeof(*u->taken));
		EXPECT_TRUE(u->numbers && u->taken);
		swdev_start_with(&u->dev, &options, m.fd);
	}
	/* The kernel's begin where the user's end, and all over the place */
	m.users[0].floor = LIMIT / 2;
	EXPECT_OK(dev_set_pasid_floor(m.users[0].dev.fd, m.fd, LIMIT / 2));
	while (m.users[0].nr_taken < MANY)
		if (chance_in(4))
			attach_any(&m.users[0], chance_below(NR_SPACES));
		else
			attach(&m.users[0], 1 + chance_below(LIMIT / 2 - 1),
			       chance_below(NR_SPACES));
}

START_TEST(pasids_do_what_the_model_says)
{
	unsigned int i, n = chance_rounds(times(6000));

	chance_at(0, 0, 0);
	begin();
	look_everywhere();
	for (i = 1; i <= n; i++) {
		chance_at(0, 0, i);
		step();
		if (i == n / 2)
			look_everywhere();
	}
	look_everywhere();
	/* each kind of thing did happen */
	EXPECT_GE(m.done, n / 8);
	EXPECT_GE(m.faults, n / 8);
	EXPECT_GE(m.attached, MANY);
	EXPECT_GE(m.replaced, n / 16);
	EXPECT_GE(m.aliased, n / 64);
	EXPECT_GE(m.refused, n / 64);
	/* and nothing is left */
	for (i = 0; i < NR_DEVS; i++)
		EXPECT_OK(dev_unbind(m.users[i].dev.fd, m.fd));
	for (i = 0; i < NR_SPACES; i++) {
		EXPECT_EQ(nr_attachments(m.fd, m.spaces[i].ioas), 0);
		EXPECT_EQ(pinned_bytes(m.fd, m.spaces[i].ioas), 0);
		EXPECT_OK(ioas_free(m.fd, m.spaces[i].ioas));
	}
	expect_untouched();
	close_all();
	swiommu_unload();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		pasids_do_what_the_model_says,
		NULL,
	};

	return run_swpasid_program(argc, argv, "pasid-model", tests);
}
