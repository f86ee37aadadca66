/* SPDX-License-Identifier: GPL-2.0-only */
/* For areas.pml: an address space and its areas, and what maps one */
#define NR_AREAS	2
#define NR_PAGES	2	/* of an area */
#define NR_PROCS	6
#define CLAIMED		255

/* Of each thread that makes several */
#ifndef CALLS
#define CALLS		2
#endif

typedef area_t {
	bit here;		/* in the tree */
	byte busy;
	byte owner;		/* the process that has claimed it */
	byte by;			/* the process that has mapped it */
	byte next;		/* in the list of a call, plus one; 0: the end */
	bit charged;
	bit populating;
	bit gone;
	byte populated;		/* pages, from the first one on */
	byte pte;		/* as many does the page table map */
	byte pins;		/* as many of them are pinned */
	byte held;		/* drivers' pins of the first page */
	bit shared;		/* the held page is the page table's as well */
	bit held_pin;		/* or is pinned for the drivers */
}

area_t area[NR_AREAS];
byte charges;			/* areas that are charged; and held pages of others */

/* struct ioasid_ioas */
rwsem ioas_lock, access_sem;
mutex areas_lock;
bit table;			/* there is a page table */
bit exclusive;
bit accessed;
byte nr_busy, nr_waiting;
bit changed[NR_PROCS];		/* ioasid_ioas.changes is another one than was seen */

/* struct ioasid_access, of the one driver */
bit access;			/* attached */
bit gone;
byte driver_pins;
bit told[NR_AREAS];		/* the driver has to let go */
bit left;			/* the call that detached it has returned */

#define E_OK	0
#define E_WAIT	1		/* IOASID_AREAS_WAIT */
#define E_FAIL	2
#define E_INTR	3

/* ioasid_areas_changed() */
inline areas_changed()
{
#ifndef NO_WAKE_UP
	d_step {
		assert(areas_lock == _pid + 1);
		changed[0] = 1; changed[1] = 1; changed[2] = 1;
		changed[3] = 1; changed[4] = 1; changed[5] = 1
	}
#else
	skip
#endif
}

/* ioasid_areas_wait(); it may be given up where a signal is pending */
inline areas_wait(ret)
{
	if
	:: changed[_pid] -> ret = E_OK
#ifdef KILL
	:: ret = E_INTR
#endif
	fi
}

/* What ends up in area_unpin(): not mapped any more, and flushed */
inline unpin_area(s)
{
	assert(!area[s].pte);
	area[s].pins = 0;
	area[s].populated = 0
}

/*
 * areas_depopulate(), for one area: unmapped, flushed, unpinned; held pages stay
 * (ioasid_held_depopulate()). The lock or areas_lock is held.
 */
inline depopulate(s)
{
	area[s].pte = 0;
	if
	:: area[s].shared -> area[s].shared = 0; area[s].held_pin = 1
	:: else
	fi;
	unpin_area(s);
	if
#ifndef NO_AREA_GONE
	:: area[s].populating -> area[s].gone = 1
#endif
	:: !area[s].populating && area[s].charged ->
		area[s].charged = 0;
		charges--;
		if
		:: area[s].held -> charges++
		:: else
		fi
	:: else
	fi
}

#define mine(s)	(area[s].here && area[s].busy == CLAIMED && area[s].owner == _pid)

/* A new area, area_insert(): charged if there is a page table */
inline insert(s)
{
	assert(!area[s].here && !area[s].pins && !area[s].pte && !area[s].held);
	area[s].here = 1;
	area[s].by = _pid;
	if
	:: table -> area[s].charged = 1; charges++
	:: else
	fi
}

inline erase(s)
{
	assert(!area[s].pins && !area[s].pte && !area[s].held && !area[s].charged);
	area[s].here = 0;
	area[s].busy = 0;
	area[s].owner = 0;
	area[s].by = 0;
	area[s].next = 0;
	area[s].populating = 0;
	area[s].gone = 0
}

/*
 * ioasid_area_populate(), a page at a time: pinned under no lock; then mapped, unless
 * the page table is gone. A page that a driver holds is not pinned anew, but shared.
 */
inline area_populate(s, ret)
{
	ret = E_OK;
	done = 0;
	do
	:: done < NR_PAGES && !area[s].gone && !ret ->
		if
		:: ret = E_OK
		:: ret = E_FAIL
		fi;
		atomic {
			down_read(ioas_lock);
			if
			:: !ret && !area[s].gone ->
				assert(table);
				area[s].pins++;
				area[s].pte++;
				area[s].populated++;
				if
				:: !done && area[s].held ->
					area[s].shared = 1;
					area[s].held_pin = 0
				:: else
				fi
			:: else
			fi;
			up_read(ioas_lock);
			done++
		}
	:: else -> break
	od;
	atomic {
		down_read(ioas_lock);
		if
		:: ret || area[s].gone ->
			area[s].populating = 0;
			depopulate(s);
#ifdef NO_NEXT_KEPT
			area[s].next = 0
#endif
		:: else
		fi;
		area[s].populating = 0;
		area[s].gone = 0;
		done = 0;
		up_read(ioas_lock)
	}
}

/* ioasid_area_map(): the short way, in a turn of areas_lock, and the long one */
inline map(s)
{
	do
	:: few = 0;
	   if
	   :: table -> few = 1
	   :: true
	   fi;
	   atomic {
		lock(areas_lock);
		changed[_pid] = 0;
		many = 0;
		if
		:: exclusive || nr_waiting -> ret = E_WAIT
		:: !exclusive && !nr_waiting && area[s].here ->
			if
			:: area[s].busy == CLAIMED -> ret = E_WAIT
			:: else -> ret = E_FAIL
			fi
		:: else ->
			ret = E_OK;
			insert(s);
			if
			:: area[s].charged && few ->
				area[s].pins = NR_PAGES;
				area[s].pte = NR_PAGES;
				area[s].populated = NR_PAGES
			:: area[s].charged && !few ->
				area[s].busy = CLAIMED;
				area[s].owner = _pid;
				area[s].populating = 1;
				nr_busy++;
				many = 1
			:: else
			fi
		fi;
		few = 0;
		unlock(areas_lock)
	   };
	   if
	   :: many ->
		area_populate(s, ret);
		atomic {
			lock(areas_lock);
			assert(mine(s));
			area[s].busy = 0;
			area[s].owner = 0;
			nr_busy--;
			areas_changed();
			if
			:: ret -> erase(s)
			:: else
			fi;
			many = 0;
			unlock(areas_lock)
		}
	   :: else
	   fi;
	   if
	   :: ret == E_WAIT -> areas_wait(ret)
	   :: else -> break
	   fi;
	   if
	   :: ret -> break
	   :: else
	   fi
	od
}
