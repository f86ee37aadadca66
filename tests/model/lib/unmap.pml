/* SPDX-License-Identifier: GPL-2.0-only */
/* For areas.pml: claimed, told to drivers, taken apart, erased */
/* areas_claim(): all areas of a range, or none */
inline claim(first, last)
{
	lock(areas_lock);
	changed[_pid] = 0;
	ret = E_OK;
	head = 0;
	if
	:: exclusive -> ret = E_WAIT
	:: else ->
		at = first;
		do
		:: at <= last ->
			if
			:: area[at].here && area[at].busy -> ret = E_WAIT
			:: else
			fi;
			at++
		:: else -> break
		od;
		do
		:: at > first && !ret ->
			at--;
			if
			:: area[at].here ->
				by_address(at);
				area[at].busy = CLAIMED;
				area[at].owner = _pid;
				area[at].next = head;
				head = at + 1;
				nr_busy++
			:: else
			fi
		:: else -> break
		od
	fi;
	at = 0;
	tell = accessed;
	unlock(areas_lock)
}

/* A copy that undoes by address what it believes to be its own */
inline by_address(s)
{
#ifdef NO_CLAIMED_COPIES
	assert(!undoes || area[s].by == _pid)
#else
	skip
#endif
}

/* ioasid_accesses_leave(): told under access_sem, and waited for */
inline accesses_leave()
{
	atomic {
		down_read(access_sem);
		at = head;
		do
		:: at ->
			if
			:: access -> told[at - 1] = 1
			:: else
			fi;
			at = area[at - 1].next
		:: else -> break
		od;
		up_read(access_sem)
	};
	do
	:: atomic {
		lock(areas_lock);
		changed[_pid] = 0;
		at = head;
		do
		:: at && !area[at - 1].held -> at = area[at - 1].next
		:: else -> break
		od;
		unlock(areas_lock)
	   };
	   if
#ifndef NO_HELD_WAIT
	   :: at -> at = 0; areas_wait(ret)
#endif
	   :: else -> at = 0; break
	   fi;
	   if
	   :: ret -> break
	   :: else
	   fi
	od
}

/* unmap_accessed(), when the drivers are not waited for any more */
inline unclaim()
{
	lock(areas_lock);
#ifdef NO_CLAIM_ON_KILL
	at = 0;
	do
	:: at < NR_AREAS ->
		if
		:: area[at].here && area[at].busy == CLAIMED ->
			area[at].busy = 0;
			area[at].owner = 0;
			nr_busy--
		:: else
		fi;
		at++
	:: else -> break
	od;
#else
	at = head;
	do
	:: at ->
		assert(mine(at - 1));
		area[at - 1].busy = 0;
		area[at - 1].owner = 0;
		nr_busy--;
		at = area[at - 1].next
	:: else -> break
	od;
#endif
	at = 0;
	areas_changed();
	unlock(areas_lock)
}

/* ioasid_area_list_depopulate() and what unmap_some() does behind it */
inline list_depopulate()
{
	at = head;
	do
	:: at ->
		assert(mine(at - 1));
		assert(!area[at - 1].held);
		depopulate((at - 1));
		at = area[at - 1].next
	:: else -> break
	od
}

inline list_erase()
{
	lock(areas_lock);
	do
	:: head ->
		assert(mine(head - 1));
		at = head - 1;
		head = area[at].next;
		nr_busy--;
		erase(at)
	:: else -> break
	od;
	at = 0;
	areas_changed();
	unlock(areas_lock)
}

/* unmap_few(): the one area of the range, in a turn of areas_lock */
inline unmap_few(first, last)
{
	lock(areas_lock);
	if
	:: first == last && area[first].here && !area[first].busy && !exclusive &&
	   !accessed ->
		by_address(first);
		depopulate(first);
		erase(first);
		head = 1
	:: else
	fi;
	unlock(areas_lock)
}

/* ioasid_areas_unmap() */
inline unmap(first, last)
{
	atomic { unmap_few(first, last) };
	do
	:: head -> head = 0; ret = E_OK; break
	:: else ->
		down_read(ioas_lock);
		atomic { claim(first, last) };
		if
		:: head && tell ->
			up_read(ioas_lock);
			accesses_leave();
			down_read(ioas_lock);
#ifdef NO_CLAIMED_LIST
			/* What is in the range by now */
			atomic {
				head = 0;
				at = last + 1;
				do
				:: at > first ->
					at--;
					if
					:: area[at].here -> area[at].next = head; head = at + 1
					:: else
					fi
				:: else -> break
				od;
				at = 0
			};
#endif
			if
			:: ret -> atomic { unclaim(); head = 0 }
			:: else
			fi
		:: else
		fi;
		if
		:: head ->
			atomic { list_depopulate() };
			atomic { list_erase() }
		:: else
		fi;
		up_read(ioas_lock);
		tell = 0;
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
