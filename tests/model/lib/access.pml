/* SPDX-License-Identifier: GPL-2.0-only */
/* For areas.pml: what a driver in the kernel does in an address space */
/* begin() and end(), ioas/access.c */
inline access_begin(s)
{
	do
	:: atomic {
		lock(areas_lock);
		changed[_pid] = 0;
		if
		:: exclusive && !gone -> ret = E_WAIT
		:: gone || !area[s].here || area[s].busy == CLAIMED -> ret = E_FAIL
		:: else -> ret = E_OK; area[s].busy++; nr_busy++
		fi;
		unlock(areas_lock)
	   };
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

inline access_end(s)
{
	atomic {
		lock(areas_lock);
		area[s].busy--;
		nr_busy--;
		areas_changed();
		unlock(areas_lock)
	}
}

/* ioasid_hold_known(): a page that is pinned, for the page table or for a driver */
inline hold_known(s)
{
	if
	:: area[s].held -> area[s].held++; known = 1
	:: !area[s].held && area[s].populated ->
		area[s].held = 1;
		area[s].shared = 1;
		known = 1;
	:: else -> known = 0
	fi
}

inline unhold(s)
{
	assert(area[s].held);
	area[s].held--;
	if
	:: !area[s].held ->
		assert(area[s].shared || area[s].held_pin);
		area[s].shared = 0;
		area[s].held_pin = 0;
		charges = charges - !area[s].charged
	:: else
	fi
}

/* copy_some(), of a page */
inline write_page(s)
{
	atomic {
		lock(areas_lock);
		known = 0;
		if
		:: gone -> ret = E_FAIL
		:: !gone && (area[s].held || area[s].populated) -> known = 1; assert(!left)
		:: else
		fi;
		unlock(areas_lock)
	};
	/* Otherwise it is pinned, under no lock */
	if
	:: !ret && !known ->
		atomic {
			lock(areas_lock);
			if
#ifndef NO_GONE_CHECK
			:: gone
#endif
			:: else -> assert(!left)
			fi;
			unlock(areas_lock)
		}
	:: else
	fi;
	known = 0
}

/* hold_some() and pin_range() */
inline pin_page(s)
{
	atomic { lock(areas_lock); hold_known(s); unlock(areas_lock) };
	if
	:: known
	:: else ->
		atomic {
			lock(areas_lock);
			hold_known(s);
			if
			:: known
			:: else ->
				area[s].held = 1;
				area[s].held_pin = 1;
				charges = charges + !area[s].charged
			fi;
			unlock(areas_lock)
		}
	fi;
	atomic {
		lock(areas_lock);
		known = 0;
		if
		:: gone -> unhold(s); ret = E_FAIL
		:: else -> driver_pins++
		fi;
		unlock(areas_lock)
	}
}

/* ioasid_access_unpin() */
inline unpin_page(s)
{
	atomic {
		lock(areas_lock);
		unhold(s);
		driver_pins--;
		areas_changed();
		unlock(areas_lock)
	}
}
