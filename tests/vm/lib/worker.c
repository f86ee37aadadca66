// SPDX-License-Identifier: GPL-2.0-only
#include "chance.h"
#include "machine.h"
#include "pick.h"

/* A device for a DMA of a worker, locked; mostly one that its address space is
 * attached to, if there is any
 */
static struct user *user_get(struct worker *w)
{
	unsigned int i, first = chance_below(NR_DEVS);
	bool any = chance_in(8);
	struct user *user = NULL;

	for (i = 0; i < NR_DEVS; i++) {
		user = &w->machine->users[(first + i) % NR_DEVS];
		pthread_mutex_lock(&user->lock);
		if (any || user->space == (int)w->space || i == NR_DEVS - 1)
			break;
		pthread_mutex_unlock(&user->lock);
	}
	return user;
}

static void user_put(struct user *user)
{
	if (user)
		pthread_mutex_unlock(&user->lock);
}

static bool reaches(struct worker *w, struct user *user)
{
	return user->space == (int)w->space;
}

/* Every byte of a range at once, or of 2 MiB of it. QEMU is slow with each page
 * that is blocked
 */
static void write_range(struct worker *w, struct user *user, unsigned int page,
			unsigned int pages)
{
	pages = less(pages, reaches(w, user) ? 512 : 16);
	stripe_write(&w->stripe, &user->dev, reaches(w, user), page * PAGE, pages * PAGE);
}

static void map_some(struct worker *w, bool bad)
{
	struct stripe *s = &w->stripe;
	struct mapping maps[6];
	unsigned int nr = chance_from(1, 6), i;
	bool hold = bad || chance_in(2);
	struct user *user = hold ? user_get(w) : NULL;

	for (i = 0; i < nr; i++) {
		if (bad && i == nr / 2)
			pick_bad_memory(&w->arena, &maps[i]);
		else
			pick_memory(&w->arena, &maps[i]);
		maps[i].page = pick_place(s, &maps[i]);
	}
	/* As long as nothing is attached bad memory would not be looked at, and only
	 * the next attach would fail: then leave it out
	 */
	if (bad && !reaches(w, user)) {
		i = nr / 2;
		memmove(&maps[i], &maps[i + 1], (--nr - i) * sizeof(maps[0]));
	}
	stripe_map(s, maps, nr);
	if (!user)
		user = user_get(w);
	for (i = 0; i < nr; i++)
		stripe_look(s, &user->dev, reaches(w, user), maps[i].page, maps[i].pages);
	/* all of one at once */
	if (chance_in(2) && nr && s->owner[maps[0].page])
		write_range(w, user, maps[0].page, maps[0].pages);
	user_put(user);
}

static void unmap_some(struct worker *w)
{
	struct stripe *s = &w->stripe;
	struct user *user = chance_in(4) ? NULL : user_get(w);
	unsigned int nr = chance_from(1, 3), i;
	struct range ranges[3];

	for (i = 0; i < nr; i++)
		ranges[i] = pick_range(s);
	/* the IOTLB has its translations, the last page's in particular */
	for (i = 0; user && i < nr; i++) {
		stripe_look(s, &user->dev, reaches(w, user), ranges[i].page, ranges[i].pages);
		stripe_probe(s, &user->dev, reaches(w, user),
			     ranges[i].page + ranges[i].pages - 1);
	}
	stripe_unmap(s, ranges, nr);
	if (!user)
		user = user_get(w);
	for (i = 0; i < nr; i++)
		stripe_look(s, &user->dev, reaches(w, user), ranges[i].page, ranges[i].pages);
	user_put(user);
}

static void write_some(struct worker *w)
{
	struct range r = pick_range(&w->stripe);
	struct user *user = user_get(w);
	unsigned int at, size;

	if (chance_in(2)) {
		write_range(w, user, r.page, r.pages);
	} else {
		at = chance_below(r.pages * PAGE);
		size = less(chance_from(1, 16 * PAGE), r.pages * PAGE - at);
		stripe_write(&w->stripe, &user->dev, reaches(w, user), r.page * PAGE + at, size);
	}
	user_put(user);
}

void *worker_run(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	for (i = 0; i < w->machine->steps; i++) {
		bool full = w->stripe.mapped > STRIPE_PAGES * 3 / 4;
		unsigned int what;

		chance_at(w->machine->round, w->nr, i);
		what = chance_below(12);
		if (what < 4 && !full)
			map_some(w, false);
		else if (what < 5 && !full)
			map_some(w, true);
		else if (what < 9)
			unmap_some(w);
		else
			write_some(w);
		__atomic_add_fetch(w->machine->progress, 1, __ATOMIC_RELAXED);
	}
	arena_check_all(&w->arena);
	return NULL;
}
