// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <sys/ioctl.h>

#include "chance.h"
#include "dma.h"
#include "run.h"
#include "stripe.h"

#define MAX_ARRAY	8

void stripe_init(struct stripe *s, struct arena *arena, int fd, __u32 ioas, __u64 iova)
{
	s->arena = arena;
	s->fd = fd;
	s->ioas = ioas;
	s->iova = iova;
	stripe_forget(s);
}

const struct mapping *stripe_mapping(const struct stripe *s, unsigned int page)
{
	return s->owner[page] ? &s->maps[s->owner[page] - 1] : NULL;
}

bool stripe_is_free(const struct stripe *s, unsigned int page, unsigned int pages)
{
	for (; pages; page++, pages--)
		if (s->owner[page])
			return false;
	return true;
}

void stripe_add(struct stripe *s, const struct mapping *m)
{
	unsigned int i;

	for (i = 0; i < m->pages; i++)
		s->owner[m->page + i] = m->page + 1;
	s->maps[m->page] = *m;
	s->mapped += m->pages;
	s->nr++;
}

void stripe_remove(struct stripe *s, const struct mapping *m)
{
	memset(&s->owner[m->page], 0, m->pages * sizeof(s->owner[0]));
	s->mapped -= m->pages;
	s->nr--;
}

void stripe_forget(struct stripe *s)
{
	memset(s->owner, 0, sizeof(s->owner));
	s->mapped = 0;
	s->nr = 0;
}

static __u64 iova_of(const struct stripe *s, unsigned int page)
{
	return s->iova + page * PAGE;
}

/* What a call may fail with; both 0: it succeeds */
struct result {
	int err, or;
};

/* Nothing says which of two errors it is */
static struct result map_result(const struct stripe *s, const struct mapping *m)
{
	bool taken = !stripe_is_free(s, m->page, m->pages);
	bool bad = m->at + m->pages > s->arena->pages;

	return (struct result) {
		.err = taken ? EEXIST : bad ? EFAULT : 0,
		.or = bad ? EFAULT : taken ? EEXIST : 0,
	};
}

static void expect_result(const char *what, int ret, struct result want)
{
	int err = ret ? errno : 0;

	if (err != want.err && err != want.or)
		CHANCE_FAIL("%s gives errno %s, expected %s", what, errno_name(err),
			    errno_name(want.err));
}

static void map_one(struct stripe *s, const struct mapping *m)
{
	struct result want = map_result(s, m);

	chance_doing("map %u pages at %#llx, arena page %u, flags %#x", m->pages,
		     iova_of(s, m->page), m->at, m->flags);
	expect_result("map", ioas_map(s->fd, s->ioas, s->arena->mem + m->at * PAGE,
				      iova_of(s, m->page), m->pages * PAGE, m->flags), want);
	if (!want.err)
		stripe_add(s, m);
}

/* How many it has done: it ends with the first that is refused */
static unsigned int map_array(struct stripe *s, const struct mapping *m, unsigned int nr)
{
	struct ioasid_map_range ranges[MAX_ARRAY];
	struct ioasid_map arg = {
		.argsz = sizeof(arg), .ioasid = s->ioas, .nr_ranges = nr,
		.ranges = (uintptr_t)ranges,
	};
	struct result want = { 0 };
	unsigned int i, done;
	int ret;

	EXPECT_LE(nr, MAX_ARRAY);
	memset(ranges, 0, sizeof(ranges));
	for (i = 0; i < nr; i++) {
		ranges[i].flags = m[i].flags;
		ranges[i].vaddr = (uintptr_t)s->arena->mem + m[i].at * PAGE;
		ranges[i].iova = iova_of(s, m[i].page);
		ranges[i].length = m[i].pages * PAGE;
	}
	chance_doing("map an array of %u, the first at %#llx", nr, ranges[0].iova);
	ret = ioctl(s->fd, IOMMU_MAP_DMA, &arg);
	for (done = 0; done < nr; done++) {
		want = map_result(s, &m[done]);
		if (want.err)
			break;
		stripe_add(s, &m[done]);
	}
	expect_result("map", ret, want);
	CHANCE_EQ(arg.nr_done, done);
	return done;
}

void stripe_map(struct stripe *s, const struct mapping *m, unsigned int nr)
{
	unsigned int done;

	while (nr) {
		if (chance_in(2)) {
			done = map_array(s, m, chance_from(1, nr));
			m += done;
			nr -= done;
		} else {
			map_one(s, m);
			m++;
			nr--;
		}
	}
}

/* Does the range cut a mapping in two? */
static struct result unmap_result(const struct stripe *s, const struct range *r)
{
	const struct mapping *first = stripe_mapping(s, r->page);
	const struct mapping *last = stripe_mapping(s, r->page + r->pages - 1);
	int err = 0;

	if ((first && first->page < r->page) ||
	    (last && last->page + last->pages > r->page + r->pages))
		err = EINVAL;
	return (struct result) { err, err };
}

/* It was unmapped: how many pages that were */
static unsigned int remove_range(struct stripe *s, const struct range *r)
{
	const struct mapping *m;
	unsigned int i, sum = 0;

	for (i = r->page; i < r->page + r->pages; i++) {
		m = stripe_mapping(s, i);
		if (!m)
			continue;
		arena_check(s->arena, m->at * PAGE, m->pages * PAGE);
		/* what a device wrote there before is not to hide what it writes now */
		arena_fill(s->arena, m->at * PAGE, m->pages * PAGE);
		sum += m->pages;
		stripe_remove(s, m);
	}
	return sum;
}

static void unmap_one(struct stripe *s, const struct range *r)
{
	struct result want = unmap_result(s, r);
	__u64 unmapped = 0;

	chance_doing("unmap %u pages at %#llx", r->pages, iova_of(s, r->page));
	expect_result("unmap", ioas_unmap(s->fd, s->ioas, iova_of(s, r->page),
					  r->pages * PAGE, &unmapped), want);
	if (!want.err)
		CHANCE_EQ(unmapped, remove_range(s, r) * PAGE);
}

static unsigned int unmap_array(struct stripe *s, const struct range *r, unsigned int nr)
{
	struct ioasid_unmap_range ranges[MAX_ARRAY];
	struct ioasid_unmap arg = {
		.argsz = sizeof(arg), .ioasid = s->ioas, .nr_ranges = nr,
		.ranges = (uintptr_t)ranges,
	};
	unsigned int i, done, sum = 0;
	struct result want = { 0 };
	int ret;

	EXPECT_LE(nr, MAX_ARRAY);
	for (i = 0; i < nr; i++) {
		ranges[i].iova = iova_of(s, r[i].page);
		ranges[i].length = r[i].pages * PAGE;
	}
	chance_doing("unmap an array of %u, the first at %#llx", nr, ranges[0].iova);
	ret = ioctl(s->fd, IOMMU_UNMAP_DMA, &arg);
	for (done = 0; done < nr; done++) {
		want = unmap_result(s, &r[done]);
		if (want.err)
			break;
		sum += remove_range(s, &r[done]);
	}
	expect_result("unmap", ret, want);
	CHANCE_EQ(arg.nr_done, done);
	CHANCE_EQ(arg.unmapped, sum * PAGE);
	return done;
}

void stripe_unmap(struct stripe *s, const struct range *r, unsigned int nr)
{
	unsigned int done;

	while (nr) {
		if (chance_in(2)) {
			done = unmap_array(s, r, chance_from(1, nr));
			r += done;
			nr -= done;
		} else {
			unmap_one(s, r);
			r++;
			nr--;
		}
	}
}

void stripe_unmap_all(struct stripe *s)
{
	const struct range all = { 0, STRIPE_PAGES };

	stripe_unmap(s, &all, 1);
}

/* A part of a DMA that goes to one mapping, or to none; in bytes */
struct part {
	const struct mapping *m;
	size_t at, size;	/* in the arena */
	unsigned int phase;	/* from the first byte of the DMA */
	bool reaches;
};

#define MAX_PARTS	(2 * MIB / PAGE + 1)

static struct part part_of(const struct stripe *s, bool reaches, __u64 pos, __u64 end)
{
	struct part part = { .m = stripe_mapping(s, pos / PAGE) };
	__u64 last = pos / PAGE;

	while ((last + 1) * PAGE < end && stripe_mapping(s, last + 1) == part.m)
		last++;
	part.size = (end < (last + 1) * PAGE ? end : (last + 1) * PAGE) - pos;
	if (part.m) {
		part.at = part.m->at * PAGE + (pos - part.m->page * PAGE);
		part.reaches = reaches && part.m->flags & IOASID_MAP_WRITE;
	}
	return part;
}

void stripe_write(struct stripe *s, struct dev *dev, bool reaches, __u64 offset, __u32 size)
{
	struct part parts[MAX_PARTS], *part, *parts_end;
	enum dma_result want = DMA_DONE, result;
	__u64 end = offset + size, pos;

	/* see dma_stops_at_both_ends_of_a_mapping */
	if (config_has("virtio") && offset % PAGE == PAGE - 1)
		offset--;
	for (pos = offset, part = parts; pos < end; pos += part->size, part++) {
		*part = part_of(s, reaches, pos, end);
		part->phase = pos - offset;
		if (part->m)
			arena_fill(s->arena, part->at, part->size);
		if (!part->reaches)
			want = DMA_BLOCKED;
	}
	parts_end = part;
	chance_doing("DMA by %s of %#llx bytes to %#llx, the first of %s", dev->bdf, end - offset,
		     s->iova + offset, parts->m ? "a mapping" : "none");
	result = testdev_write(dev, s->iova + offset, end - offset, 0);
	if (result != want)
		CHANCE_FAIL("it is %s", result == DMA_DONE ? "not blocked" : "blocked");
	/* A refused one may have written to the parts that it reaches */
	for (part = parts; part < parts_end; part++) {
		if (!part->reaches)
			continue;
		if (want == DMA_DONE)
			arena_written(s->arena, part->at, part->size, part->phase);
		else
			arena_maybe_written(s->arena, part->at, part->size, part->phase);
	}
	for (part = parts; part < parts_end; part++)
		if (part->m)
			arena_check(s->arena, part->at, part->size);
}

void stripe_probe(struct stripe *s, struct dev *dev, bool reaches, unsigned int page)
{
	unsigned int at = chance_below(PAGE), size = chance_from(1, 64);

	/* both ends of the page more often than chance would have it */
	if (chance_in(4))
		at = chance_in(2) ? 0 : PAGE - size;
	if (at + size > PAGE)
		size = PAGE - at;
	stripe_write(s, dev, reaches, page * PAGE + at, size);
}

void stripe_sweep(struct stripe *s, struct dev *dev, bool reaches, unsigned int page,
		  unsigned int pages)
{
	unsigned int i;

	for (i = page; i < page + pages; i++)
		stripe_probe(s, dev, reaches, i);
}

void stripe_look(struct stripe *s, struct dev *dev, bool reaches, unsigned int page,
		 unsigned int pages)
{
	unsigned int i;

	/* first what was used last, if this is after an unmap */
	stripe_probe(s, dev, reaches, page + pages - 1);
	stripe_probe(s, dev, reaches, page);
	if (page)
		stripe_probe(s, dev, reaches, page - 1);
	if (page + pages < STRIPE_PAGES)
		stripe_probe(s, dev, reaches, page + pages);
	if (pages <= 18)
		stripe_sweep(s, dev, reaches, page, pages);
	else
		for (i = 0; i < 16; i++)
			stripe_probe(s, dev, reaches, page + chance_below(pages));
}
