/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Turns: an attach beside threads that map without end. It waits until no call changes
 * areas, and without a turn of its own there may always be one. docs/model.md says which
 * function answers to which step.
 *
 * Property: what waits to be exclusive becomes so, if all threads go on.
 *
 * run: all
 * without: NO_TURN
 */
#include "lib/locks.pml"

#define NR_PROCS	4

mutex areas_lock;
bit exclusive;
byte nr_busy, nr_waiting;
bit changed[NR_PROCS];
bit wants;			/* ioasid_areas_exclusive() has been called */

inline areas_changed()
{
	d_step { changed[0] = 1; changed[1] = 1; changed[2] = 1; changed[3] = 1 }
}

/* ioasid_area_map(), the long way; ioasid_areas_full() keeps it out */
active [2] proctype mapper()
{
	bit wait;

	do
	:: atomic {
		lock(areas_lock);
		changed[_pid] = 0;
#ifdef NO_TURN
		wait = exclusive;
#else
		wait = exclusive || nr_waiting;
#endif
		nr_busy = nr_busy + !wait;
		unlock(areas_lock)
	   };
	   if
	   :: wait -> changed[_pid]
	   :: else ->
		/* Populated, under no lock */
		atomic {
			lock(areas_lock);
			nr_busy--;
			areas_changed();
			unlock(areas_lock)
		}
	   fi
	od
}

/* ioasid_areas_exclusive() and _shared(), again and again; there may be two */
active [2] proctype attacher()
{
	bit keeps, wait;

	do
	:: wants = (_pid == 2 -> 1 : wants);
	   do
	   :: atomic {
		lock(areas_lock);
		nr_waiting = nr_waiting - keeps;
		wait = exclusive || nr_busy;
		changed[_pid] = 0;
		/* Behind another one maps may have a turn first */
		keeps = wait && !exclusive;
		nr_waiting = nr_waiting + keeps;
		if
		:: wait
		:: else ->
			exclusive = 1;
			wants = (_pid == 2 -> 0 : wants)
		fi;
		unlock(areas_lock)
	      };
	      if
	      :: wait -> changed[_pid]
	      :: else -> break
	      fi
	   od;
	   atomic {
		lock(areas_lock);
		exclusive = 0;
		areas_changed();
		unlock(areas_lock)
	   };
	   if
	   :: _pid == 3 -> break
	   :: _pid != 3
	   fi
	od
}

ltl turn { [] (wants -> <> !wants) }
