// SPDX-License-Identifier: GPL-2.0-only
#include "chance.h"
#include "pick.h"

static unsigned int pick_length(void)
{
	switch (chance_below(8)) {
	case 0:
	case 1:
		return 1;
	case 2:
	case 3:
		return chance_from(2, 17);
	case 4:
		return chance_from(18, 130);
	case 5:
	case 6:
		return 512 - 1 + chance_below(3);
	default:
		return chance_in(4) ? 1024 - 1 + chance_below(3) : chance_from(131, 600);
	}
}

/* From about the beginning of a physical run to about the end of one */
static void pick_runs(const struct arena *a, struct mapping *m)
{
	unsigned int i = chance_below(a->nr_edges - 1);
	unsigned int j = less(i + chance_from(1, 4), a->nr_edges - 1);
	unsigned int end = a->edges[j] - 1 + chance_below(3);

	m->at = a->edges[i] + 1 - chance_below(a->edges[i] ? 3 : 2);
	m->pages = m->at < end ? end - m->at : 1;
}

void pick_memory(const struct arena *a, struct mapping *m)
{
	if (chance_in(2)) {
		pick_runs(a, m);
	} else {
		m->pages = pick_length();
		m->at = chance_below(a->pages);
	}
	m->at = less(m->at, a->pages - 1);
	m->pages = less(m->pages, a->pages - m->at);
	m->pages = less(m->pages, 1100);
	m->flags = chance_in(8) ? IOASID_MAP_READ : chance_in(8) ? IOASID_MAP_WRITE : RW;
}

void pick_bad_memory(const struct arena *a, struct mapping *m)
{
	pick_memory(a, m);
	/* more than a piece of 2 MiB is done before it fails */
	if (chance_in(2))
		m->pages = chance_from(513, 1000);
	m->at = a->pages - (chance_in(2) ? m->pages - 1 : chance_below(m->pages));
}

static unsigned int try_place(const struct stripe *s, const struct mapping *m)
{
	unsigned int page = chance_below(STRIPE_PAGES - m->pages + 1), i;
	unsigned int huge = 2 * MIB / PAGE;

	switch (chance_below(4)) {
	case 0:
	case 1:
		/* as it lies in its huge page */
		i = (m->at - (s->iova / PAGE + page)) % huge;
		return page + i + m->pages <= STRIPE_PAGES ? page + i : page;
	case 2:
		/* right behind another */
		for (i = page; i < page + 64 && i + m->pages < STRIPE_PAGES; i++)
			if (s->owner[i] && !s->owner[i + 1])
				return i + 1;
		return page;
	default:
		/* about the beginning of a 2 MiB piece */
		i = (0 - (s->iova / PAGE + page)) % huge;
		i += chance_below(3);
		return page + i + m->pages <= STRIPE_PAGES ? page + i : page;
	}
}

unsigned int pick_place(const struct stripe *s, const struct mapping *m)
{
	unsigned int page = 0, i;

	for (i = 0; i < 4; i++) {
		page = try_place(s, m);
		if (stripe_is_free(s, page, m->pages))
			break;
	}
	return page;
}

struct range pick_range(const struct stripe *s)
{
	struct range r = { .page = chance_below(STRIPE_PAGES) };
	const struct mapping *m;
	unsigned int end, i;

	r.pages = less(pick_length(), STRIPE_PAGES - r.page);
	if (chance_in(8))
		return r;
	for (i = 0; i < STRIPE_PAGES && !s->owner[r.page]; i++)
		r.page = (r.page + 1) % STRIPE_PAGES;
	m = stripe_mapping(s, r.page);
	if (!m)
		return r;
	r.page = m->page;
	end = m->page + m->pages;
	/* and some of what follows */
	for (i = chance_in(2) ? 0 : chance_below(40); i && end < STRIPE_PAGES; i--) {
		m = stripe_mapping(s, end);
		end = m ? m->page + m->pages : end + 1;
	}
	r.pages = end - r.page;
	/* cut something */
	if (chance_in(8) && r.pages > 1)
		r.pages--;
	return r;
}
