// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping once more what is mapped: in another address space, or at another address.
 *
 * An area of the new place is one like any other, pinned and charged in its own right,
 * to the caller, whoever's the memory is. Where the old one is populated its pages are
 * pinned once more (repin.c).
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "ioas/area.h"
#include "ioas/copy.h"
#include "ioas/map.h"
#include "ioas/pin.h"
#include "ioas/populate.h"
#include "ioas/repin.h"

/*
 * Keep the areas of a range as they are, if all of it is mapped for what is wanted. The
 * first one, or an ERR_PTR()
 */
static struct ioasid_area *keep(struct ioasid_ioas *ioas, u64 start, u64 last, bool write)
{
	struct ioasid_area *area, *first;
	unsigned int turn = 0;
	u64 at = start;

	lockdep_assert_held(&ioas->areas_lock);
	if (ioas->dead)
		return ERR_PTR(-ENOENT);
	first = ioasid_area_at(ioas, start);
	for (area = first; ; area = ioasid_area_of(rb_next(&area->node))) {
		if (!area || area->start > at || area->busy == IOASID_AREA_CLAIMED)
			return ERR_PTR(-ENOENT);
		if (write && !(area->prot & IOMMU_WRITE))
			return ERR_PTR(-EPERM);
		if (area->last >= last)
			break;
		at = area->last + 1;
		take_turns(&turn);
	}
	for (area = first; area && area->start <= last;
	     area = ioasid_area_of(rb_next(&area->node))) {
		area->busy++;
		ioas->nr_busy++;
		take_turns(&turn);
	}
	return first;
}

static void unkeep(struct ioasid_ioas *ioas, struct ioasid_area *first, u64 last)
{
	struct ioasid_area *area;
	unsigned int turn = 0;

	mutex_lock(&ioas->areas_lock);
	for (area = first; area && area->start <= last;
	     area = ioasid_area_of(rb_next(&area->node))) {
		area->busy--;
		ioas->nr_busy--;
		take_turns(&turn);
	}
	ioasid_areas_changed(ioas);
	mutex_unlock(&ioas->areas_lock);
}

/* Nothing is kept while somebody attaches */
static struct ioasid_area *keep_killable(struct ioasid_ioas *ioas, u64 start, u64 last,
					 bool write)
{
	struct ioasid_area *first = NULL;
	unsigned long changes;
	int ret;

	do {
		ret = mutex_lock_killable(&ioas->areas_lock);
		if (ret)
			return ERR_PTR(ret);
		changes = ioas->changes;
		if (!ioasid_areas_full(ioas))
			first = keep(ioas, start, last, write);
		mutex_unlock(&ioas->areas_lock);
		if (!first)
			ret = ioasid_areas_wait(ioas, changes, true);
	} while (!first && !ret);
	return ret ? ERR_PTR(ret) : first;
}

/*
 * Wait until areas can be taken in a range, with nothing kept: giving that back is a
 * change, and others who wait would be woken by it to do the same. Without @length
 * anywhere.
 */
static int wait_for_range(struct ioasid_ioas *ioas, u64 start, u64 length)
{
	struct ioasid_area *area;
	unsigned long changes;
	bool wait;
	int ret;

	do {
		ret = mutex_lock_killable(&ioas->areas_lock);
		if (ret)
			return ret;
		changes = ioas->changes;
		area = length ? ioasid_area_from(ioas, start, start + (length - 1)) : NULL;
		wait = ioasid_areas_full(ioas) ||
		       (area && area->busy == IOASID_AREA_CLAIMED);
		mutex_unlock(&ioas->areas_lock);
		if (wait)
			ret = ioasid_areas_wait(ioas, changes, true);
	} while (wait && !ret);
	return ret;
}

/* New areas for what is kept from @from on, as a list; or NULL if there is no memory */
static struct ioasid_area *copies_of(struct ioasid_ioas *src, struct ioasid_area *from,
				     u64 start, u64 last, struct ioasid_ioas *dst,
				     struct ioasid_map_range part)
{
	struct ioasid_area *areas = NULL, **end = &areas, *area;
	struct ioasid_payer *payer = NULL;

	for (;;) {
		part.vaddr = from->vaddr + (start - from->start);
		part.length = min(from->last, last) - start + 1;
		payer = ioasid_payer_of(from->payer, payer);
		area = IS_ERR(payer) ? NULL : ioasid_area_new(dst, &part, NULL);
		if (!area)
			break;
		area->payer = payer;
		area->next = NULL;
		*end = area;
		end = &area->next;
		if (from->last >= last)
			return areas;
		part.iova += part.length;
		start += part.length;
		from = ioasid_area_behind(src, from);
		cond_resched();
	}
	if (!IS_ERR(payer))
		ioasid_payer_put(payer);
	ioasid_area_list_free(areas);
	return NULL;
}

static int copies_populate(struct ioasid_ioas *dst, struct ioasid_area *copies,
			   struct ioasid_ioas *src, struct ioasid_area *from, u64 start)
{
	struct ioasid_source source = { .ioas = src };
	struct ioasid_area *area;
	unsigned int turn = 0;
	int ret;

	for (area = copies; area; area = area->next) {
		take_turns(&turn);
		/* Nothing is if there is no page table, and none comes while it is ours */
		if (!area->charged)
			continue;
		source.area = from;
		source.iova = start;
		ret = ioasid_source_look(&source);
		if (ret)
			return ret;
		ret = ioasid_area_populate(dst, area, &source);
		kvfree(source.run);
		if (ret)
			return ret;
		start += area_length(area);
		from = ioasid_area_behind(src, from);
	}
	return 0;
}

/**
 * ioasid_areas_map_again() - map what is mapped once more
 * @src: where it is mapped
 * @start: first address there
 * @length: bytes
 * @dst: where it is to be mapped; may be the same
 * @range: flags and address there, as for ioasid_area_map(), which checks them; the
 *	rest is not looked at
 * @place: NULL; or the address is chosen, and written there, in the caller's memory
 *
 * A mapping is made for each one that lies in the range, or for the part that does; all
 * at once.
 *
 * Context: pins memory, killable. What is copied is kept as it is meanwhile, but nobody
 * is waited for as long as it is.
 * Return: 0, or an error as ioasid_area_map() or ioasid_area_map_placed(): nothing is
 * mapped; -ENOENT if something of the range is not mapped in @src; -EPERM if it is not
 * writable there.
 */
int ioasid_areas_map_again(struct ioasid_ioas *src, u64 start, u64 length,
			   struct ioasid_ioas *dst, const struct ioasid_map_range *range,
			   u64 __user *place)
{
	struct ioasid_area *first, *areas;
	u64 last = start + (length - 1);
	unsigned long changes;
	int ret;

again:
	ret = wait_for_range(dst, range->iova, place ? 0 : length);
	if (ret)
		return ret;
	first = keep_killable(src, start, last, range->flags & IOASID_MAP_WRITE);
	if (IS_ERR(first))
		return PTR_ERR(first);
	areas = copies_of(src, first, start, last, dst, *range);
	ret = -ENOMEM;
	if (!areas)
		goto unkeep;
	ret = ioasid_areas_take(dst, areas, place ? length : 0, &changes);
	if (ret) {
		ioasid_area_list_free(areas);
		goto unkeep;
	}
	ret = copies_populate(dst, areas, src, first, start);
	if (!ret && place && put_user(areas->start, place))
		ret = -EFAULT;
	ret = ioasid_areas_give(dst, areas, ret);
unkeep:
	unkeep(src, first, last);
	/* Others were quicker, and are waited for now */
	if (ret == IOASID_AREAS_WAIT)
		goto again;
	return ret;
}
