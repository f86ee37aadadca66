// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <unistd.h>

#include "chance.h"
#include "dma.h"
#include "machine.h"
#include "memory.h"
#include "process.h"

/* Stripes lie across a multiple of 1 GiB, and beyond 4 GiB */
static const __u64 bases[NR_SPACES] = {
	GIB - 3 * STRIPE_SIZE / 2 / PAGE * PAGE,
	64 * GIB - STRIPE_SIZE,
	5 * GIB,
};

void user_expect(struct machine *m, struct user *user)
{
	int i;

	for (i = 0; i < NR_SPACES; i++)
		memset(m->spaces[i].id, CANARY, PAGE);
	chance_doing("DMA by %s with %d attached", user->dev.bdf, user->space);
	CHANCE_EQ(testdev_write(&user->dev, ID_IOVA, 64, 0),
		  user->space < 0 ? DMA_BLOCKED : DMA_DONE);
	for (i = 0; i < NR_SPACES; i++) {
		CHANCE_EQ(m->spaces[i].id[0] != CANARY, i == user->space);
		if (i == user->space)
			expect_pattern(m->spaces[i].id, 64);
		else
			expect_filled(m->spaces[i].id, CANARY, PAGE);
	}
}

void user_attach(struct machine *m, struct user *user, int space)
{
	chance_doing("attach %d to %s, in place of %d", space, user->dev.bdf, user->space);
	CHANCE_OK(dev_attach(user->dev.fd, m->fd, m->spaces[space].ioas));
	user->space = space;
	user_expect(m, user);
}

void user_detach(struct machine *m, struct user *user)
{
	chance_doing("detach %d from %s", user->space, user->dev.bdf);
	CHANCE_OK(dev_detach(user->dev.fd, m->fd));
	user->space = -1;
	user_expect(m, user);
}

/* By unbinding, or by closing its file */
static void user_reopen(struct machine *m, struct user *user, unsigned int which)
{
	chance_doing("reopen %s", user->dev.bdf);
	dev_unmap_bar(&user->dev);
	if (chance_in(2))
		CHANCE_OK(dev_unbind(user->dev.fd, m->fd));
	CHANCE_OK(close(user->dev.fd));
	dev_start(&user->dev, TESTDEV_0 + which, m->fd);
	user->space = -1;
	user_expect(m, user);
}

/* The thread that attaches. It goes on as the workers do, not as time does */
static void *keep(void *arg)
{
	struct machine *m = arg;
	unsigned int i, which, total = m->steps * NR_WORKERS;

	for (i = 0; i < m->actions; i++) {
		struct user *user;

		chance_at(m->round, KEEPER, i);
		while (__atomic_load_n(m->progress, __ATOMIC_RELAXED) <
		       (unsigned long)total * i / m->actions)
			usleep(100);
		which = chance_from(m->fixed, NR_DEVS - 1);
		user = &m->users[which];
		pthread_mutex_lock(&user->lock);
		if (chance_in(8))
			user_reopen(m, user, which);
		else if (user->space >= 0 && chance_in(4))
			user_detach(m, user);
		else
			user_attach(m, user, chance_below(NR_SPACES));
		pthread_mutex_unlock(&user->lock);
	}
	return NULL;
}

struct machine *machine_new(unsigned int steps, unsigned int actions)
{
	struct machine *m = calloc(1, sizeof(*m));
	unsigned int i;

	EXPECT_TRUE(m);
	m->steps = steps;
	m->actions = actions;
	m->progress = shared_memory(sizeof(*m->progress));
	for (i = 0; i < NR_WORKERS; i++) {
		m->workers[i].machine = m;
		m->workers[i].nr = i;
		chance_at(0, i, 0);
		arena_make(&m->workers[i].arena);
	}
	for (i = 0; i < NR_SPACES; i++)
		m->spaces[i].id = memory(PAGE, CANARY);
	for (i = 0; i < NR_DEVS; i++)
		pthread_mutex_init(&m->users[i].lock, NULL);
	return m;
}

void machine_open(struct machine *m, unsigned int round, unsigned int nr_spaces)
{
	unsigned int i, in[NR_SPACES] = { 0 };

	m->round = round;
	*m->progress = 0;
	chance_at(round, MAIN, 0);
	m->fd = EXPECT_OK(iommu_open());
	for (i = 0; i < NR_SPACES; i++) {
		m->spaces[i].ioas = new_ioas(m->fd);
		CHANCE_OK(ioas_map(m->fd, m->spaces[i].ioas, m->spaces[i].id, ID_IOVA, PAGE, RW));
	}
	for (i = 0; i < NR_WORKERS; i++) {
		struct worker *w = &m->workers[i];

		w->space = i % nr_spaces;
		stripe_init(&w->stripe, &w->arena, m->fd, m->spaces[w->space].ioas,
			    bases[w->space] + in[w->space]++ * STRIPE_SIZE);
	}
	for (i = 0; i < NR_DEVS; i++) {
		dev_start(&m->users[i].dev, TESTDEV_0 + i, m->fd);
		m->users[i].space = -1;
		user_expect(m, &m->users[i]);
	}
	/* the last one begins detached */
	for (i = 0; i < NR_DEVS - 1; i++)
		user_attach(m, &m->users[i], i % nr_spaces);
}

void machine_start(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < NR_WORKERS; i++)
		EXPECT_EQ(pthread_create(&m->workers[i].thread, NULL, worker_run, &m->workers[i]), 0);
	EXPECT_EQ(pthread_create(&m->keeper, NULL, keep, m), 0);
}

void machine_join(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < NR_WORKERS; i++)
		EXPECT_EQ(pthread_join(m->workers[i].thread, NULL), 0);
	EXPECT_EQ(pthread_join(m->keeper, NULL), 0);
	chance_at(m->round, MAIN, 1);
}

static bool is_attached(struct machine *m, int space)
{
	int i;

	for (i = 0; i < NR_DEVS; i++)
		if (m->users[i].space == space)
			return true;
	return false;
}

void machine_count(struct machine *m, long pinned_before)
{
	long pinned = pinned_before;
	unsigned int i, pages;

	for (i = 0; i < NR_SPACES; i++) {
		m->spaces[i].pages = 1 + m->spaces[i].others;
		chance_doing("count what is mapped and pinned in %u", i);
		for (pages = 0; pages < NR_WORKERS; pages++)
			if (m->workers[pages].space == i)
				m->spaces[i].pages += m->workers[pages].stripe.mapped;
		pages = m->spaces[i].pages;
		CHANCE_EQ(mapped_bytes(m->fd, m->spaces[i].ioas), pages * PAGE);
		if (!is_attached(m, i))
			pages = 0;
		CHANCE_EQ(pinned_bytes(m->fd, m->spaces[i].ioas), pages * PAGE);
		pinned += pages;
	}
	CHANCE_EQ(pages_pinned(), pinned);
}

void machine_sweep(struct machine *m, bool may_attach)
{
	struct user *user = &m->users[0];
	unsigned int i;

	for (i = 0; i < NR_WORKERS; i++) {
		struct worker *w = &m->workers[i];

		if (may_attach && user->space != (int)w->space)
			user_attach(m, user, w->space);
		stripe_sweep(&w->stripe, &user->dev, user->space == (int)w->space, 0, STRIPE_PAGES);
		arena_check_all(&w->arena);
	}
}

void machine_close(struct machine *m, long pinned_before)
{
	unsigned int how = m->round % 5, i;

	for (i = 0; how == 0 && i < NR_WORKERS; i++)
		stripe_unmap_all(&m->workers[i].stripe);
	for (i = 0; how == 1 && i < NR_SPACES; i++) {
		__u64 unmapped;

		chance_doing("unmap all of %u", i);
		CHANCE_OK(ioas_unmap_all(m->fd, m->spaces[i].ioas, &unmapped));
		CHANCE_EQ(unmapped, m->spaces[i].pages * PAGE);
		CHANCE_EQ(mapped_bytes(m->fd, m->spaces[i].ioas), 0);
		CHANCE_OK(ioas_map(m->fd, m->spaces[i].ioas, m->spaces[i].id, ID_IOVA, PAGE, RW));
	}
	for (i = 0; how == 1 && i < NR_WORKERS; i++)
		stripe_forget(&m->workers[i].stripe);
	if (how == 2) {
		for (i = 0; i < NR_DEVS; i++)
			if (m->users[i].space >= 0)
				user_detach(m, &m->users[i]);
	}
	if (how < 3) {
		machine_sweep(m, false);
		machine_count(m, pinned_before);
	}
	if (how == 2) {
		for (i = 0; i < NR_SPACES; i++) {
			chance_doing("free %u", i);
			CHANCE_OK(ioas_free(m->fd, m->spaces[i].ioas));
		}
		for (i = 0; i < NR_DEVS; i++)
			user_expect(m, &m->users[i]);
	}
	if (how == 3) {
		/* what is attached stays so without the file */
		chance_doing("close /dev/iommu first");
		CHANCE_OK(close(m->fd));
		machine_sweep(m, false);
		chance_doing("close the devices last");
	}
	for (i = 0; i < NR_DEVS; i++) {
		dev_unmap_bar(&m->users[i].dev);
		CHANCE_OK(close(m->users[i].dev.fd));
		m->users[i].space = -1;
	}
	if (how == 4) {
		/* what is mapped stays so without devices */
		machine_count(m, pinned_before);
		dev_start(&m->users[0].dev, TESTDEV_0, m->fd);
		machine_sweep(m, true);
		dev_unmap_bar(&m->users[0].dev);
		CHANCE_OK(close(m->users[0].dev.fd));
	}
	if (how != 3)
		CHANCE_OK(close(m->fd));
	chance_doing("end the round, way %u", how);
	CHANCE_EQ(pages_pinned(), pinned_before);
}

void machine_round(struct machine *m, unsigned int round, unsigned int nr_spaces)
{
	long before = pages_pinned();

	machine_open(m, round, nr_spaces);
	machine_start(m);
	machine_join(m);
	machine_count(m, before);
	machine_sweep(m, true);
	machine_count(m, before);
	machine_close(m, before);
}

__u64 machine_base(unsigned int space)
{
	return bases[space];
}
