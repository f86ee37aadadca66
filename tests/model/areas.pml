/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Areas: what is mapped in an address space, while page tables and drivers in the
 * kernel come and go. There are two addresses, each with room for one area of two
 * pages, and one page table. docs/model.md says which function answers to which step.
 *
 * Properties: a call works on the areas that it has claimed; no page is unpinned that is
 * mapped or held by a driver; a driver writes nothing once it is detached; busy counts,
 * pins and charges balance; all calls end, woken by those that they wait for.
 *
 * run: tables -DTABLES
 * run: tables-killed -DTABLES -DKILL
 * run: drivers -DDRIVERS
 * run: drivers-killed -DDRIVERS -DKILL -DCALLS=1
 * run: both -DTABLES -DDRIVERS -DCALLS=1
 * run: copies -DTABLES -DCOPIES
 * run: copies-killed -DCOPIES -DTABLES -DKILL -DCALLS=1
 * without: NO_CLAIMED_LIST -DDRIVERS
 * without: NO_CLAIM_ON_KILL -DTABLES -DDRIVERS -DKILL -DCALLS=1
 * without: NO_CLAIMED_COPIES -DCOPIES -DTABLES
 * without: NO_GONE_CHECK -DDRIVERS
 * without: NO_AREA_GONE -DTABLES
 * without: NO_TREE_WALK -DCOPIES -DTABLES
 * without: NO_NEXT_KEPT -DCOPIES -DTABLES
 * without: NO_BUSY_WAIT -DTABLES
 * without: NO_HELD_WAIT -DDRIVERS
 * without: NO_WAKE_UP -DTABLES
 */
#include "lib/locks.pml"
#include "lib/area.pml"
#include "lib/unmap.pml"
#include "lib/access.pml"

/* table_drop() of the last page table; both locks are held */
inline table_drop()
{
	at = 0;
	do
	:: at < NR_AREAS ->
		if
		:: area[at].here -> depopulate(at)
		:: else
		fi;
#ifdef NO_TREE_WALK
		if
		:: area[at].here -> area[at].next = head; head = at + 1
		:: else
		fi;
#endif
		at++
	:: else -> break
	od;
	at = 0;
	head = 0;
	table = 0
}

/* ioasid_areas_exclusive() */
inline areas_exclusive()
{
	do
	:: atomic {
		lock(areas_lock);
		nr_waiting = nr_waiting - keeps;
		keeps = 0;
		if
		:: ret -> areas_changed()
#ifndef NO_BUSY_WAIT
		:: !ret && (exclusive || nr_busy) ->
#else
		:: !ret && exclusive ->
#endif
			changed[_pid] = 0;
			keeps = !exclusive;
			nr_waiting = nr_waiting + keeps;
			ret = E_WAIT
		:: else -> exclusive = 1
		fi;
		unlock(areas_lock)
	   };
	   if
	   :: ret == E_WAIT -> areas_wait(ret)
	   :: else -> break
	   fi
	od
}

/* ioasid_ioas_attach(), attach_new(), ioasid_areas_populate() */
inline attach()
{
	ret = E_OK;
	areas_exclusive();
	if
	:: ret
	:: else ->
		down_write(ioas_lock);
		assert(!table);
		table = 1;
		s = 0;
		do
		:: s < NR_AREAS && !ret ->
			if
			:: area[s].here && !area[s].charged ->
				d_step {
					assert(!area[s].busy);
					area[s].charged = 1;
					charges = charges + !area[s].held;
					area[s].populating = 1
				};
				up_write(ioas_lock);
				area_populate(s, ret);
				down_write(ioas_lock)
			:: else
			fi;
			s++
		:: else -> break
		od;
		s = 0;
		if
		:: ret -> atomic { lock(areas_lock); table_drop(); unlock(areas_lock) }
		:: else -> d_step {
				assert(!area[0].here || area[0].populated == NR_PAGES);
				assert(!area[1].here || area[1].populated == NR_PAGES);
				attached = 1
			}
		fi;
		up_write(ioas_lock);
		/* ioasid_areas_shared() */
		atomic {
			lock(areas_lock);
			exclusive = 0;
			areas_changed();
			unlock(areas_lock)
		}
	fi
}

/* ioasid_ioas_detach() */
inline detach()
{
	down_write(ioas_lock);
	atomic { lock(areas_lock); table_drop(); unlock(areas_lock) };
	up_write(ioas_lock);
	attached = 0
}

proctype mapper()
{
	byte ret, done, s, n;
	bit few, many;

	do
	:: n < CALLS -> n++; select(s : 0 .. 1); map(s)
	:: n == CALLS -> break
	od
}

proctype unmapper()
{
	byte ret, head, at;
	bit tell, undoes;

	if
	:: unmap(0, 1)
	:: unmap(1, 1)
	fi
}

proctype attacher()
{
	byte ret, done, s, n, head, at;
	bit keeps, attached;

	do
	:: n < CALLS ->
		n++;
		attach();
		if
		:: attached -> detach()
		:: else
		fi
	:: n == CALLS -> break
	od
}

/* ioasid_areas_take(): both areas, or none */
inline areas_take()
{
	lock(areas_lock);
	changed[_pid] = 0;
	ret = E_OK;
	if
	:: exclusive || nr_waiting -> ret = E_WAIT
	:: else ->
		at = 0;
		do
		:: at < NR_AREAS && !ret ->
			if
			:: area[at].here && area[at].busy == CLAIMED -> ret = E_WAIT
			:: area[at].here && area[at].busy != CLAIMED -> ret = E_FAIL
			:: else
			fi;
			at++
		:: else -> break
		od;
		do
		:: at && !ret ->
			at--;
			insert(at);
			area[at].busy = CLAIMED;
			area[at].owner = _pid;
			area[at].populating = area[at].charged;
			area[at].next = head;
			head = at + 1;
			nr_busy++
		:: else -> break
		od
	fi;
	at = 0;
	unlock(areas_lock)
}

/* ioasid_areas_give() */
inline areas_give()
{
	if
	:: ret ->
		atomic {
			down_read(ioas_lock);
			at = head;
			do
			:: at ->
				area[at - 1].populating = 0;
				at = area[at - 1].next
			:: else -> break
			od;
			list_depopulate();
			up_read(ioas_lock)
		};
		atomic { list_erase() }
	:: else -> atomic { unclaim(); head = 0 }
	fi
}

/* ioasid_areas_map_again(): both areas at once. Where they are copied from is left out */
proctype copier()
{
	byte ret, done, s, head, at;
	bit few, many, tell, undoes;

#ifdef NO_CLAIMED_COPIES
	map(0);
	if
	:: ret
	:: else ->
		map(1);
		if
		:: ret -> undoes = 1; unmap(0, 0)
		:: else
		fi
	fi
#else
	do
	:: atomic { areas_take() };
	   if
	   :: ret == E_WAIT -> areas_wait(ret)
	   :: else -> break
	   fi;
	   if
	   :: ret -> break
	   :: else
	   fi
	od;
	if
	:: ret
	:: else ->
		s = head;
		do
		:: s && !ret ->
			if
			:: area[s - 1].charged -> area_populate((s - 1), ret)
			:: else
			fi;
			s = area[s - 1].next
		:: else -> break
		od;
		s = 0;
		areas_give()
	fi
#endif
}

/* A mediated device's driver: it writes, or pins until it is told to let go */
proctype driver()
{
	byte ret, s, n;
	bit known, pins;

	do
	:: n < CALLS ->
		n++;
		select(s : 0 .. 1);
		access_begin(s);
		if
		:: ret
		:: else ->
			if
			:: write_page(s)
			:: pin_page(s); pins = !ret
			fi;
			access_end(s);
			if
			:: pins ->
				/* It may hold it for as long as nothing waits for that */
				if
				:: told[s]
#ifdef KILL
				:: true
#endif
				fi;
				d_step { told[s] = 0; pins = 0 };
				unpin_page(s)
			:: else
			fi
		fi
	:: n == CALLS -> break
	od
}

/* ioasid_mediated_detach(): ioasid_access_leave(), ioasid_access_detach() */
proctype detacher()
{
	byte ret;

	atomic { lock(areas_lock); gone = 1; unlock(areas_lock) };
	d_step { told[0] = 1; told[1] = 1 };
	do
	:: atomic {
		lock(areas_lock);
		changed[_pid] = 0;
		if
		:: driver_pins && !ret -> ret = E_WAIT
		:: else ->
			if
			:: ret -> gone = 0
			:: else
			fi
		fi;
		unlock(areas_lock)
	   };
	   if
	   :: ret == E_WAIT -> areas_wait(ret)
	   :: else -> break
	   fi
	od;
	if
	:: ret
	:: else ->
		down_write(access_sem);
		atomic { lock(areas_lock); access = 0; accessed = 0; unlock(areas_lock) };
		up_write(access_sem);
		down_write(ioas_lock);
		up_write(ioas_lock);
		left = 1
	fi
}

init {
	atomic {
		/* The first area may be there */
		if
		:: area[0].here = 1
		:: true
		fi;
		run mapper();
		run unmapper();
#ifdef TABLES
		run attacher();
#endif
#ifdef COPIES
		run copier();
#endif
#ifdef DRIVERS
		access = 1;
		accessed = 1;
		run driver();
		run detacher();
#endif
	};
	_nr_pr == 1;
	assert(!nr_busy && !nr_waiting && !exclusive && !table && !charges);
	assert(!area[0].busy && !area[0].pins && !area[0].pte && !area[0].held);
	assert(!area[1].busy && !area[1].pins && !area[1].pte && !area[1].held)
}
