/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attach: what devices are attached to, and unmaps at the same time. Two address spaces
 * of one page each, with at most one page table; the RIDs of up to two groups are
 * attached, replaced and detached; the kernel resets a device, and a device joins and
 * leaves a group. docs/model.md says which function answers to which step.
 *
 * Devices cache at once what they reach, and forget only what they are told to: no real
 * one reaches more.
 *
 * Properties: a page is pinned as long as a device reaches it; a domain is freed when no
 * device and no group has it; all calls end; at the end nothing is pinned.
 *
 * run: one
 * run: two -DTWO_GROUPS -DMAPS=1 -DMAX_FAILURES=0
 * run: longer -DATTACHES=2
 * run: reset -DRESET
 * run: member -DMEMBER
 * without: NO_FLUSH
 * without: NO_LOCK_ON_LEAVE
 * without: NO_LOCK_OF_LEFT
 * without: NO_STATE
 * without: NO_FREEZE -DRESET
 * without: NO_RESETS_COUNT -DRESET
 * without: NO_DOMAINS_LOCK -DMEMBER
 */
#include "lib/locks.pml"
#include "lib/driver.pml"

inline lock_ioas(i)
{
	down_write(ioas_lock[i]);
	lock(areas_lock[i])
}

inline unlock_ioas(i)
{
	unlock(areas_lock[i]);
	up_write(ioas_lock[i])
}

/* ioas_lock_both() and ioas_unlock_other() */
inline lock_both(i, other)
{
#ifndef NO_LOCK_OF_LEFT
	if
	:: other != NONE && other != i ->
		down_write(ioas_lock[0]);
		down_write(ioas_lock[1]);
		lock(areas_lock[0]);
		lock(areas_lock[1])
	:: else -> lock_ioas(i)
	fi
#else
	lock_ioas(i)
#endif
}

inline unlock_other(i, other)
{
#ifndef NO_LOCK_OF_LEFT
	if
	:: other != NONE && other != i -> unlock_ioas(other)
	:: else
	fi;
#endif
	unlock(areas_lock[i])
}

/* Unmap the page, flush, unpin: areas_depopulate(), unmap_few() */
inline unmap_page(i)
{
	domains_use();
	pte[i] = 0;
	d_step {
#ifndef NO_FLUSH
		v = 0;
		do
		:: v < NR_DEVS ->
			if
			:: listed_in[v] == dom_of(i) -> cached[v] = cached[v] & ~bit_of(i)
			:: else
			fi;
			v++
		:: else -> break
		od;
		v = 0;
#endif
		assert(!(cached[0] & bit_of(i)) && !(cached[1] & bit_of(i)) &&
		       !(cached[2] & bit_of(i)));
		pinned[i] = 0
	};
	domains_unuse()
}

/* table_drop() and table_free(); both locks are held */
inline table_drop(i)
{
	users[i]--;
	if
	:: !users[i] ->
		if
		:: pinned[i] -> unmap_page(i)
		:: else
		fi;
		d_step {
			table[i] = 0;
			domain_free(i)
		}
	:: else
	fi
}

inline domain_free(i)
{
	assert(entry[0] != dom_of(i) && entry[1] != dom_of(i) && entry[2] != dom_of(i));
	assert(listed_in[0] != dom_of(i) && listed_in[1] != dom_of(i) &&
	       listed_in[2] != dom_of(i));
	assert(group_domain[0] != dom_of(i) && group_domain[1] != dom_of(i))
}

/* route_enter() */
inline route_enter(g, i, entered)
{
	d_step {
#ifdef NO_RESETS_COUNT
		entered = 1;
#else
		entered = !resets[g];
#endif
		if
		:: entered -> route_space[g] = dom_of(i)
		:: else
		fi
	}
}

/* attaching_enter(): both address spaces are locked */
inline attaching_enter(g, i, ret)
{
	before = route_domain[g];
	space = route_space[g];
	route_enter(g, i, ok);
	if
	:: !ok -> ret = EBUSY
	:: else ->
		shim_attach(g, dom_of(i), ret);
		if
		:: ret && route_domain[g] == before -> route_space[g] = space
		:: ret && route_domain[g] != before -> route_space[g] = 0
		:: else
		fi
	fi;
	d_step { ok = 0; before = 0; space = 0 }
}

inline attaching_to(g, i, left, ret)
{
	up_write(ioas_lock[i]);
	lock_both(i, left);
	attaching_enter(g, i, ret);
	unlock_other(i, left)
}

inline attaching_back(g, i, left, old)
{
	up_write(ioas_lock[i]);
	lock_both(i, left);
	ok = 0;
	if
	:: left != NONE -> route_enter(g, left, ok)
	:: else
	fi;
	ret2 = EFAIL;
	if
	:: ok -> shim_attach(g, old, ret2)
	:: left == NONE && old -> shim_attach(g, old, ret2)
	:: else
	fi;
	if
	:: ret2 -> shim_block(g)
	:: else
	fi;
	d_step {
		ret2 = 0;
		ok = 0;
		if
		:: route_domain[g] && left != NONE -> route_space[g] = dom_of(left)
		:: else -> route_space[g] = 0
		fi
	};
	unlock_other(i, left)
}

/* ioasid_areas_populate(), of the one area; the lock is dropped */
inline areas_populate(i, ret)
{
	if
	:: mapped[i] && !pinned[i] ->
		up_write(ioas_lock[i]);
		if
		:: lock_tables(i);
		   d_step { pinned[i] = 1; pte[i] = 1; caches_fill() };
		   up_read(ioas_lock[i])
		/* A page that cannot be read */
		:: atomic { failures < MAX_FAILURES -> failures++; ret = EIO }
		fi;
		down_write(ioas_lock[i])
	:: else
	fi
}

/* ioasid_ioas_lock_tables() */
inline lock_tables(i)
{
	down_read(ioas_lock[i]);
	do
	:: frozen[i] ->
		up_read(ioas_lock[i]);
		!frozen[i];
		down_read(ioas_lock[i])
	:: else -> break
	od;
	assert(!frozen[i])
}

/* ioasid_ioas_attach() */
inline ioas_attach(g, i, left, ret)
{
	old = route_domain[g];
	/* ioasid_areas_exclusive(); how it waits is in areas.pml */
	atomic { !exclusive[i] && !frozen[i] && !busy[i] && !areas_lock[i] -> exclusive[i] = 1 };
	lock_both(i, left);
	shared = 0;
	if
	:: table[i] ->
		shared = 1;
		attaching_enter(g, i, ret);
		if
		:: !ret -> users[i]++
		:: else
		fi
	:: else
	fi;
	unlock_other(i, left);
	if
	:: shared
	:: else ->
		if
		:: !complete_at_alloc -> attaching_to(g, i, left, ret)
		:: else
		fi;
		if
		:: ret -> d_step { domain_free(i) }
		:: else ->
			d_step { table[i] = 1; users[i] = 1 };
			areas_populate(i, ret);
			if
			:: !ret && complete_at_alloc -> attaching_to(g, i, left, ret)
			:: else
			fi;
			if
			:: ret ->
				if
				:: route_domain[g] == dom_of(i) ->
					attaching_back(g, i, left, old)
				:: else
				fi;
				lock(areas_lock[i]);
				table_drop(i);
				unlock(areas_lock[i])
			:: else
			fi
		fi
	fi;
	up_write(ioas_lock[i]);
	/* ioasid_areas_shared() */
	atomic { !areas_lock[i] -> exclusive[i] = 0 };
	d_step { old = 0; shared = 0 }
}

/* ioasid_ioas_detach() */
inline ioas_detach(i)
{
	lock_ioas(i);
	table_drop(i);
	unlock_ioas(i)
}

/* group_attach_new(), under ioasid_group.lock */
inline attach(g, i)
{
	left = point[g];
	ioas_attach(g, i, left, ret);
#ifdef NO_STATE
	forget = ret == EIO || !ret;
#else
	forget = !ret || route_domain[g] == BLOCKED;
#endif
	if
	:: forget && left != NONE -> point[g] = NONE; ioas_detach(left)
	:: else
	fi;
	if
	:: !ret -> point[g] = i
	:: else
	fi;
	d_step { ret = 0; forget = 0; left = 0 }
}

/* ioasid_group_detach(): ioasid_ioas_leave(), ioasid_ioas_detach() */
inline detach(g)
{
	left = point[g];
#ifndef NO_LOCK_ON_LEAVE
	lock_ioas(left);
#endif
	shim_attach(g, EMPTY, ret);
	if
	:: ret -> shim_block(g)
	:: else
	fi;
	route_space[g] = 0;
#ifndef NO_LOCK_ON_LEAVE
	unlock_ioas(left);
#endif
	point[g] = NONE;
	ioas_detach(left);
	d_step { ret = 0; left = 0 }
}

#ifndef ATTACHES
#define ATTACHES 1
#endif

proctype attacher(byte g)
{
	byte left, was, v, before, space, n, old, to;
	byte ret, ret2, again;
	bit ok, shared, forget, complete_at_alloc;

	/* A group is attached through one thread at a time: its lock is left out */
	if
	:: complete_at_alloc = 1
	:: complete_at_alloc = 0
	fi;
	do
	:: n < ATTACHES ->
		n++;
		if
		:: to = 0
		:: to = 1
		:: to = NONE
		fi;
		if
		:: to == point[g]
		:: to != point[g] && to != NONE -> attach(g, to)
		:: to != point[g] && to == NONE -> detach(g)
		fi
	:: else ->
		if
		:: point[g] != NONE -> detach(g)
		:: else
		fi;
		break
	od
}

/* ioasid_area_map(), the short way; the long one is in areas.pml */
inline map(i)
{
	do
	:: atomic {
		!exclusive[i] && !frozen[i] && !areas_lock[i] -> areas_lock[i] = _pid + 1
	   };
	   break
	od;
	if
	:: !mapped[i] ->
		mapped[i] = 1;
		if
		:: table[i] -> d_step { pinned[i] = 1; pte[i] = 1; caches_fill() }
		:: else
		fi
	:: else
	fi;
	unlock(areas_lock[i])
}

/* unmap_few() and unmap_some() */
inline unmap(i)
{
	if
	:: atomic {
		!exclusive[i] && !frozen[i] && !areas_lock[i] -> areas_lock[i] = _pid + 1
	   };
	   if
	   :: mapped[i] && !busy[i] ->
		if
		:: table[i] && pinned[i] -> unmap_page(i)
		:: else
		fi;
		mapped[i] = 0
	   :: else
	   fi;
	   unlock(areas_lock[i])
	:: claimed = 0;
	   do
	   :: down_read(ioas_lock[i]);
	      lock(areas_lock[i]);
	      if
	      :: exclusive[i] || frozen[i] ->
		unlock(areas_lock[i]);
		up_read(ioas_lock[i]);
		!exclusive[i] && !frozen[i]
	      :: else -> break
	      fi
	   od;
	   if
	   :: mapped[i] && !busy[i] -> busy[i] = 1; claimed = 1
	   :: else
	   fi;
	   unlock(areas_lock[i]);
	   if
	   :: claimed ->
		if
		:: table[i] && pinned[i] -> unmap_page(i)
		:: else
		fi;
		lock(areas_lock[i]);
		d_step { busy[i] = 0; mapped[i] = 0 };
		unlock(areas_lock[i])
	   :: else
	   fi;
	   claimed = 0;
	   up_read(ioas_lock[i])
	fi
}

#ifndef MAPS
#define MAPS 2
#endif

proctype mapper()
{
	byte v, n;
	bit claimed;

	do
	:: n < MAPS ->
		n++;
		if
		:: map(1)
		:: unmap(0)
		:: unmap(1)
		fi
	:: n == MAPS -> break
	od
}

/* reset_begin(), pci_dev_reset_iommu_prepare() and _done(), reset_end() */
proctype reset()
{
	byte v, i;
	bit mine[NR_IOAS];

	resets[0]++;
	do
	:: atomic { route_space[0] && !mine[route_space[0] - 1] -> i = route_space[0] - 1 };
#ifndef NO_FREEZE
	   lock_ioas(i);
	   frozen[i]++;
	   unlock_ioas(i);
#endif
	   mine[i] = 1
	:: atomic { !route_space[0] || mine[route_space[0] - 1] -> break }
	od;

	lock(group_mutex[0]);
	recovery[0] = 1;
	reset_blocked = 1;
	if
	:: group_domain[0] -> driver_block(0)
	:: else
	fi;
	unlock(group_mutex[0]);

	lock(group_mutex[0]);
	if
	:: group_domain[0] ->
		d_step { entry[0] = group_domain[0]; caches_fill() };
		listed_in[0] = group_domain[0]
	:: else
	fi;
	reset_blocked = 0;
	recovery[0] = 0;
	unlock(group_mutex[0]);

	resets[0]--;
#ifndef NO_FREEZE
	i = 0;
	do
	:: i < NR_IOAS ->
		if
		:: mine[i] -> lock(areas_lock[i]); frozen[i]--; unlock(areas_lock[i])
		:: else
		fi;
		i++
	:: else -> break
	od
#endif
}

/* change_begins(), the kernel's own notifier, change_ends(): added, then removed */
proctype member_comes()
{
	byte v;

#ifndef NO_DOMAINS_LOCK
	down_write(domains_lock);
#endif
	lock(group_mutex[0]);
	member = 1;
	if
	:: group_domain[0] ->
		d_step { entry[2] = group_domain[0]; caches_fill() };
		listed_in[2] = group_domain[0]
	:: else
	fi;
	unlock(group_mutex[0]);
#ifndef NO_DOMAINS_LOCK
	up_write(domains_lock);

	down_write(domains_lock);
#endif
	lock(group_mutex[0]);
	driver_block(2);
	member = 0;
	unlock(group_mutex[0]);
#ifndef NO_DOMAINS_LOCK
	up_write(domains_lock)
#endif
}

init {
	atomic {
		point[0] = NONE;
		point[1] = NONE;
		mapped[0] = 1;
		/* As group_block() leaves it */
		entry[0] = EMPTY;
		listed_in[0] = EMPTY;
		group_domain[0] = EMPTY;
		route_domain[0] = EMPTY;
		if
		:: true
		:: d_step {
			/* Group 0 is attached to the first one already */
			point[0] = 0;
			table[0] = 1;
			users[0] = 1;
			pinned[0] = 1;
			pte[0] = 1;
			cached[0] = bit_of(0);
			entry[0] = dom_of(0);
			listed_in[0] = dom_of(0);
			group_domain[0] = dom_of(0);
			route_domain[0] = dom_of(0);
			route_space[0] = dom_of(0)
		   }
		fi;
		run mapper();
		run attacher(0);
#ifdef TWO_GROUPS
		entry[1] = EMPTY;
		listed_in[1] = EMPTY;
		group_domain[1] = EMPTY;
		route_domain[1] = EMPTY;
		run attacher(1);
#endif
#ifdef RESET
		run reset();
#endif
#ifdef MEMBER
		run member_comes();
#endif
	};
	_nr_pr == 1;
	assert(!pinned[0] && !pinned[1] && !pte[0] && !pte[1]);
	assert(!users[0] && !users[1] && !table[0] && !table[1]);
	assert(!frozen[0] && !frozen[1] && !busy[0] && !busy[1])
}
