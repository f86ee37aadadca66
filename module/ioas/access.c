// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses: drivers of software-mediated devices that work in an address space by
 * themselves. They are attached by attachment.c.
 *
 * Nothing is pinned for them but what they ask for (held.h). A call looks areas up
 * and keeps them busy, so that they neither go away nor are populated, under no lock
 * while the user's memory is waited for. An area that another call has claimed, to
 * map or to unmap it, is not mapped: a driver that waited for an unmap could be what
 * that waits for.
 *
 * Unmapping: once areas are claimed, nobody can pin them any more. The drivers are
 * told, under no lock but access_sem, and then what they hold there is waited for,
 * killably: if that is given up the areas stay mapped. Detaching is the same with
 * all addresses, and where a driver is unbound it is not given up. A call of the driver
 * that is under way then does nothing to the memory any more: each looks at
 * ioasid_access.gone in the turn of areas_lock in which it copies, or its pin counts.
 *
 * A driver may be told between the return of its pin and its own note of that: then
 * it does not know what is meant. So it is told again as long as it holds something.
 *
 * Calls of drivers wait for callers that wait to be exclusive. They do not while a call
 * waits for a driver: that may have to read or write before it lets go.
 */
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "include/ioasid_api.h"
#include "ioas/access.h"
#include "ioas/area.h"
#include "ioas/held.h"

/* So often a driver is told again to let go of what it holds still */
#define TELL_AGAIN	HZ

/* Every area of a range from its first one on, under areas_lock. They do not change */
#define for_each_area_of(area, first, last)				\
	for (area = first; area && area->start <= (last);		\
	     area = ioasid_area_of(rb_next(&area->node)))

/* Until something changes, or it is time to tell drivers again what to let go of */
static int wait_for_driver(struct ioasid_ioas *ioas, unsigned long changes, bool killable)
{
	long left;

	if (killable)
		left = wait_event_killable_timeout(ioas->wait,
						   READ_ONCE(ioas->changes) != changes,
						   TELL_AGAIN);
	else
		left = wait_event_timeout(ioas->wait,
					  READ_ONCE(ioas->changes) != changes,
					  TELL_AGAIN);
	return left < 0 ? -EINTR : 0;
}

/* A call begins to wait for drivers, whose calls wait for none meanwhile; or ends */
static void waits_for_drivers(struct ioasid_ioas *ioas, int by)
{
	lockdep_assert_held(&ioas->areas_lock);
	ioas->nr_leaving += by;
	ioasid_areas_changed(ioas);
}

/**
 * ioasid_access_leave() - have a driver let go of all that it has pinned
 * @access: the access; nothing can be pinned any more
 * @killable: may the wait be given up?
 *
 * Context: no lock is held that the driver takes when it is told.
 * Return: 0, or -EINTR, with all as it was.
 */
int ioasid_access_leave(struct ioasid_access *access, bool killable)
{
	struct ioasid_ioas *ioas = access->point.ioas;
	unsigned long changes, told = jiffies;
	int ret = 0;

	mutex_lock(&ioas->areas_lock);
	access->gone = true;
	waits_for_drivers(ioas, 1);
	mutex_unlock(&ioas->areas_lock);
	access->unmap(access->data, 0, U64_MAX);

	mutex_lock(&ioas->areas_lock);
	while (access->pins && !ret) {
		changes = ioas->changes;
		mutex_unlock(&ioas->areas_lock);
		ret = wait_for_driver(ioas, changes, killable);
		if (!ret && time_after_eq(jiffies, told + TELL_AGAIN)) {
			told = jiffies;
			access->unmap(access->data, 0, U64_MAX);
		}
		mutex_lock(&ioas->areas_lock);
	}
	if (ret)
		access->gone = false;
	waits_for_drivers(ioas, -1);
	mutex_unlock(&ioas->areas_lock);
	return ret;
}

void ioasid_access_release(struct ioasid_access *access)
{
	kfree(access);
}

static void accesses_tell(struct ioasid_ioas *ioas, struct ioasid_area *area)
{
	struct ioasid_access *access;

	list_for_each_entry(access, &ioas->accesses, node) {
		access->unmap(access->data, area->start, area->last);
		cond_resched();
	}
}

/**
 * ioasid_accesses_leave() - have drivers let go of areas that are to be unmapped
 * @ioas: their address space
 * @areas: the areas, claimed by the caller and linked by their next
 *
 * Context: under no lock; killable.
 * Return: 0, or -EINTR: they may still hold pages, and go on.
 */
int ioasid_accesses_leave(struct ioasid_ioas *ioas, struct ioasid_area *areas)
{
	unsigned long changes, told = jiffies;
	struct ioasid_area *area;
	unsigned int turn = 0;
	int ret = 0;

	mutex_lock(&ioas->areas_lock);
	waits_for_drivers(ioas, 1);
	mutex_unlock(&ioas->areas_lock);
	down_read(&ioas->access_sem);
	for (area = areas; area; area = area->next)
		accesses_tell(ioas, area);
	up_read(&ioas->access_sem);

	mutex_lock(&ioas->areas_lock);
	for (area = areas; area && !ret; ) {
		if (!ioasid_area_is_held(ioas, area)) {
			area = area->next;
			take_turns(&turn);
			continue;
		}
		changes = ioas->changes;
		mutex_unlock(&ioas->areas_lock);
		ret = wait_for_driver(ioas, changes, true);
		if (!ret && time_after_eq(jiffies, told + TELL_AGAIN)) {
			told = jiffies;
			down_read(&ioas->access_sem);
			accesses_tell(ioas, area);
			up_read(&ioas->access_sem);
		}
		mutex_lock(&ioas->areas_lock);
	}
	waits_for_drivers(ioas, -1);
	mutex_unlock(&ioas->areas_lock);
	return ret;
}

/*
 * What may be done in all of a range, as IOMMU_READ and IOMMU_WRITE, or -ENOENT if
 * something is not mapped; or -EPERM if @need may not be done
 */
static int rights(struct ioasid_ioas *ioas, u64 start, u64 last, int need)
{
	int prot = IOMMU_READ | IOMMU_WRITE;
	struct ioasid_area *area = NULL;
	unsigned int turn = 0;

	lockdep_assert_held(&ioas->areas_lock);
	do {
		area = ioasid_area_at(ioas, area ? area->last + 1 : start);
		if (!area || area->busy == IOASID_AREA_CLAIMED)
			return -ENOENT;
		prot &= area->prot;
		take_turns(&turn);
	} while (area->last < last);
	return (prot & need) == need ? prot : -EPERM;
}

/*
 * An attach pins memory, and waits for no driver; or it is about to, and has its turn
 * first.
 */
static bool must_wait(const struct ioasid_access *access)
{
	const struct ioasid_ioas *ioas = access->point.ioas;

	return !access->gone && (ioasid_areas_closed(ioas) ||
				 (ioas->nr_waiting && !ioas->nr_leaving));
}

/*
 * Keep the areas of a range busy for a call that @need be done. The first one, or an
 * ERR_PTR() that says why not.
 */
static struct ioasid_area *begin(struct ioasid_access *access, u64 start, u64 last,
				 int need)
{
	struct ioasid_ioas *ioas = access->point.ioas;
	struct ioasid_area *first, *area;
	unsigned long changes;
	unsigned int turn = 0;
	int ret;

	ret = mutex_lock_killable(&ioas->areas_lock);
	while (!ret && must_wait(access)) {
		changes = ioas->changes;
		mutex_unlock(&ioas->areas_lock);
		ret = ioasid_areas_wait(ioas, changes, true);
		ret = ret ?: mutex_lock_killable(&ioas->areas_lock);
	}
	if (ret)
		return ERR_PTR(ret);
	ret = access->gone ? -ENODEV : rights(ioas, start, last, need);
	if (ret < 0) {
		mutex_unlock(&ioas->areas_lock);
		return ERR_PTR(ret);
	}
	first = ioasid_area_at(ioas, start);
	for_each_area_of(area, first, last) {
		area->busy++;
		ioas->nr_busy++;
		take_turns(&turn);
	}
	mutex_unlock(&ioas->areas_lock);
	return first;
}

/* The opposite, with areas_lock held */
static void end(struct ioasid_access *access, struct ioasid_area *first, u64 last)
{
	struct ioasid_ioas *ioas = access->point.ioas;
	struct ioasid_area *area;
	unsigned int turn = 0;

	for_each_area_of(area, first, last) {
		area->busy--;
		ioas->nr_busy--;
		take_turns(&turn);
	}
	ioasid_areas_changed(ioas);
}

/**
 * ioasid_access_translate() - what may a driver do with a range?
 * @access: the access
 * @iova: first address
 * @length: bytes, not 0
 *
 * Return: IOASID_MAP_READ, IOASID_MAP_WRITE or both; or an error as
 * ioasid_device_translate() says.
 */
int ioasid_access_translate(struct ioasid_access *access, u64 iova, u64 length)
{
	struct ioasid_ioas *ioas = access->point.ioas;
	u64 last;
	int ret;

	if (!length || check_add_overflow(iova, length - 1, &last))
		return -EINVAL;
	ret = mutex_lock_killable(&ioas->areas_lock);
	if (ret)
		return ret;
	ret = access->gone ? -ENODEV : rights(ioas, iova, last, 0);
	mutex_unlock(&ioas->areas_lock);
	if (ret < 0)
		return ret;
	return (ret & IOMMU_READ ? IOASID_MAP_READ : 0) |
	       (ret & IOMMU_WRITE ? IOASID_MAP_WRITE : 0);
}

/* Pages of the user's memory from an address on that have to be pinned: up to the
 * end of the area, or to one that is pinned
 */
static unsigned int unknown_pages(struct ioasid_ioas *ioas, struct ioasid_area *area,
				  u64 iova, unsigned int nr)
{
	u64 next = area->last + 1;

	lockdep_assert_held(&ioas->areas_lock);
	ioasid_held_find(ioas, iova, area->last, &next);
	return min_t(u64, nr, (next - iova) >> PAGE_SHIFT);
}

/* A driver's call is not one of a user's that is begun anew */
static int access_error(int error)
{
	return error == -ERESTARTNOINTR ? -EINTR : error;
}

/*
 * Hold some pages of an area that is busy for us, at least one. How many, or an
 * error: -EFAULT, -ENOMEM, -EINTR.
 */
static int hold_some(struct ioasid_ioas *ioas, struct ioasid_area *area, u64 iova,
		     struct page **pages, unsigned int nr)
{
	struct page *pinned[FEW_PAGES];
	unsigned int i = 0, n;
	int ret = 0;

	mutex_lock(&ioas->areas_lock);
	while (i < nr) {
		ret = ioasid_hold_known(ioas, area, iova + ((u64)i << PAGE_SHIFT),
					&pages[i]);
		if (ret <= 0)
			break;
		i++;
	}
	n = unknown_pages(ioas, area, iova, min(nr, FEW_PAGES));
	mutex_unlock(&ioas->areas_lock);
	if (i || ret)
		return i ?: ret;

	ret = area_pin(ioas, area, area->payer, (iova - area->start) >> PAGE_SHIFT,
		       pinned, n);
	if (ret)
		return access_error(ret);
	mutex_lock(&ioas->areas_lock);
	for (i = 0; i < n; i++) {
		u64 at = iova + ((u64)i << PAGE_SHIFT);

		/* Meanwhile others may have been quicker */
		ret = ioasid_hold_known(ioas, area, at, &pages[i]);
		if (ret > 0) {
			ioasid_unpin(&pinned[i], 1, false);
			continue;
		}
		ret = ret ?: ioasid_hold_new(ioas, area, at, pinned[i]);
		if (ret)
			break;
		pages[i] = pinned[i];
	}
	mutex_unlock(&ioas->areas_lock);
	if (i < n)
		ioasid_unpin(pinned + i, n - i, false);
	return i ?: ret;
}

/* All pages of a range whose areas are busy for us, or none */
static int hold_range(struct ioasid_ioas *ioas, struct ioasid_area *area, u64 start,
		      u64 last, struct page **pages)
{
	u64 iova = start, end;
	int ret = 0;

	for (;;) {
		end = min(last, area->last);
		while (ret >= 0 && iova - 1 != end) {
			ret = fatal_signal_pending(current) ? -EINTR :
			      hold_some(ioas, area, iova, pages,
					min_t(u64, (end - iova + 1) >> PAGE_SHIFT,
					      CHUNK_PAGES));
			if (ret < 0)
				break;
			pages += ret;
			iova += (u64)ret << PAGE_SHIFT;
			cond_resched();
		}
		if (ret < 0 || end == last)
			break;
		area = ioasid_area_behind(ioas, area);
	}
	if (ret < 0 && iova > start) {
		mutex_lock(&ioas->areas_lock);
		ioasid_unhold(ioas, start, iova - 1);
		mutex_unlock(&ioas->areas_lock);
	}
	return min(ret, 0);
}

/* Pin the pages of a range whose areas, from @area on, are busy for us */
static struct ioasid_pin *pin_range(struct ioasid_access *access, struct ioasid_area *area,
				    u64 iova, u64 last)
{
	struct ioasid_ioas *ioas = access->point.ioas;
	u64 nr = (last - iova + 1) >> PAGE_SHIFT;
	struct ioasid_pin *pin;
	int ret;

	/* A user may ask for any number */
	pin = kvmalloc(struct_size(pin, pages, nr), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pin)
		return ERR_PTR(-ENOMEM);
	pin->access = access;
	pin->iova = iova;
	pin->nr_pages = nr;
	ret = hold_range(ioas, area, iova, last, pin->pages);
	if (ret)
		goto free;
	mutex_lock(&ioas->areas_lock);
	if (access->gone) {
		ioasid_unhold(ioas, iova, last);
		ret = -ENODEV;
	} else {
		access->pins++;
		ioasid_access_get(access);
	}
	mutex_unlock(&ioas->areas_lock);
	if (!ret)
		return pin;
free:
	kvfree(pin);
	return ERR_PTR(ret);
}

/**
 * ioasid_access_pin() - pin the pages of a range for a driver
 * @access: the access; the pin holds it
 * @iova: first address
 * @length: bytes
 * @write: will they be written to?
 *
 * Return: the pin, or an ERR_PTR() as ioasid_device_pin() says.
 */
struct ioasid_pin *ioasid_access_pin(struct ioasid_access *access, u64 iova,
				     u64 length, bool write)
{
	struct ioasid_ioas *ioas = access->point.ioas;
	struct ioasid_area *first;
	struct ioasid_pin *pin;
	u64 last;

	if (!length || !IS_ALIGNED(iova | length, PAGE_SIZE) ||
	    check_add_overflow(iova, length - 1, &last))
		return ERR_PTR(-EINVAL);
	/* Looked up first: the pages of nothing are not worth an allocation */
	first = begin(access, iova, last, write ? IOMMU_WRITE : IOMMU_READ);
	if (IS_ERR(first))
		return ERR_CAST(first);
	pin = pin_range(access, first, iova, last);
	mutex_lock(&ioas->areas_lock);
	end(access, first, last);
	mutex_unlock(&ioas->areas_lock);
	return pin;
}

/**
 * ioasid_access_unpin() - the opposite of ioasid_access_pin()
 * @pin: the pin; gone afterwards
 */
void ioasid_access_unpin(struct ioasid_pin *pin)
{
	struct ioasid_access *access = pin->access;
	struct ioasid_ioas *ioas = access->point.ioas;

	mutex_lock(&ioas->areas_lock);
	ioasid_unhold(ioas, pin->iova,
		      pin->iova + (((u64)pin->nr_pages << PAGE_SHIFT) - 1));
	access->pins--;
	ioasid_areas_changed(ioas);
	mutex_unlock(&ioas->areas_lock);
	ioasid_access_put(access);
	kvfree(pin);
}

/* Within a page */
static void copy_page_part(struct page *page, unsigned int offset, void *buf,
			   unsigned int length, bool write)
{
	if (write)
		memcpy_to_page(page, offset, buf, length);
	else
		memcpy_from_page(buf, page, offset, length);
}

/* Copy, @pages[0] being the page of the first byte */
static void copy_pages(struct page **pages, u64 iova, void *buf, u64 length, bool write)
{
	unsigned int part, turn = 0;

	for (; length; length -= part, buf += part, iova += part) {
		part = min_t(u64, length, PAGE_SIZE - offset_in_page(iova));
		copy_page_part(*pages++, offset_in_page(iova), buf, part, write);
		take_turns(&turn);
	}
}

/*
 * Copy some bytes of an area that is busy for us, from where they are pinned, or
 * else pinned for as long. How many, or an error: -EFAULT, -ENOMEM, -EINTR; -ENODEV,
 * for once the driver has been told to leave nothing is copied any more. A write is done
 * at once or not at all: then 0.
 */
static int copy_some(struct ioasid_access *access, struct ioasid_area *area, u64 iova,
		     void *buf, u64 length, bool write)
{
	u64 first = iova & PAGE_MASK, last_page = (iova + (length - 1)) & PAGE_MASK;
	struct page *pages[FEW_PAGES], *pinned[FEW_PAGES];
	struct ioasid_ioas *ioas = access->point.ioas;
	unsigned int nr, i, n;
	u64 some;
	int ret;

	nr = min_t(u64, ((last_page - first) >> PAGE_SHIFT) + 1, FEW_PAGES);
	mutex_lock(&ioas->areas_lock);
	if (access->gone) {
		mutex_unlock(&ioas->areas_lock);
		return -ENODEV;
	}
	for (i = 0; i < nr; i++) {
		pages[i] = ioasid_held_known(ioas, area, first + ((u64)i << PAGE_SHIFT));
		if (!pages[i])
			break;
	}
	n = i ?: unknown_pages(ioas, area, first, nr);
	some = min_t(u64, length, ((u64)n << PAGE_SHIFT) - offset_in_page(iova));
	if (write && some < length)
		i = some = 0;
	else if (i)
		copy_pages(pages, iova, buf, some, write);
	mutex_unlock(&ioas->areas_lock);
	if (i || !some)
		return some;

	ret = area_pin(ioas, area, area->payer,
		       (first - area->start) >> PAGE_SHIFT, pinned, n);
	if (ret)
		return access_error(ret);
	mutex_lock(&ioas->areas_lock);
	if (access->gone) {
		ret = -ENODEV;
	} else {
		for (i = 0; i < n; i++)
			pages[i] = ioasid_held_known(ioas, area, first +
						     ((u64)i << PAGE_SHIFT)) ?: pinned[i];
		copy_pages(pages, iova, buf, some, write);
	}
	mutex_unlock(&ioas->areas_lock);
	ioasid_unpin(pinned, n, write && !ret);
	return ret ?: some;
}

/*
 * Pin it all and then write: what cannot be written in one go must not be written
 * in part.
 */
static int write_pinned(struct ioasid_access *access, struct ioasid_area *area, u64 iova,
			void *buf, u64 length)
{
	u64 end = iova + (length - 1);
	struct ioasid_pin *pin;

	pin = pin_range(access, area, iova & PAGE_MASK, end | ~PAGE_MASK);
	if (IS_ERR(pin))
		return PTR_ERR(pin);
	copy_pages(pin->pages, iova, buf, length, true);
	ioasid_access_unpin(pin);
	return 0;
}

/**
 * ioasid_access_copy() - copy through an address space
 * @access: the access
 * @iova: first address there
 * @buf: the kernel's memory
 * @length: bytes, not 0
 * @write: from @buf to there, otherwise the other way
 *
 * Return: 0, or an error as ioasid_device_read() says.
 */
int ioasid_access_copy(struct ioasid_access *access, u64 iova, void *buf, u64 length,
		       bool write)
{
	struct ioasid_ioas *ioas = access->point.ioas;
	struct ioasid_area *first, *area;
	u64 last, at;
	int ret = 0, n;

	if (!length || check_add_overflow(iova, length - 1, &last))
		return -EINVAL;
	first = begin(access, iova, last, write ? IOMMU_WRITE : IOMMU_READ);
	if (IS_ERR(first))
		return PTR_ERR(first);
	area = first;
	for (at = iova; !ret && length; at += n, buf += n, length -= n) {
		if (at > area->last)
			area = ioasid_area_behind(ioas, area);
		n = 0;
		if (fatal_signal_pending(current))
			n = -EINTR;
		else if (!write || last <= area->last)
			n = copy_some(access, area, at, buf,
				      min(length, area->last - at + 1), write);
		if (n < 0) {
			ret = n;
		} else if (!n) {
			ret = write_pinned(access, first, iova, buf, length);
			break;
		}
		cond_resched();
	}
	mutex_lock(&ioas->areas_lock);
	end(access, first, last);
	mutex_unlock(&ioas->areas_lock);
	return ret;
}
