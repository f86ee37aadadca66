/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Members: PASIDs of a device that must stay the only one of its group. The kernel
 * attaches and detaches a PASID for all devices of a group, and knows nothing of PASIDs when one
 * joins or leaves it. docs/model.md says which function answers to which step.
 *
 * Properties: no device but the bound one has an entry of a PASID; the kernel takes
 * none away that is not there; at the end none is left; all calls end.
 *
 * run: all
 * without: NO_CHECK
 * without: NO_END_BEFORE
 * without: NO_ENTRY_STATE
 * without: NO_DOMAINS_LOCK
 */
#include "lib/locks.pml"

#define NR_PASIDS	2

/* Devices: 0 is bound, 1 comes and goes */
bit present[NR_PASIDS];		/* entries of device 0 */
bit stray[NR_PASIDS];		/* of device 1 */
bit member;			/* device 1 is in the group */
mutex group_mutex;		/* iommu_group.mutex */

rwsem domains_lock;
bit closed;			/* ioasid_sole.closed */
bit attached[NR_PASIDS];	/* ioasid_pasid_entry.domain */
bit ended[NR_PASIDS];		/* ioasid_pasid_entry.ended */

/* iommu_attach_device_pasid(): for each member */
inline kernel_attach(p)
{
	lock(group_mutex);
	present[p] = 1;
	if
	:: member -> stray[p] = 1
	:: else
	fi;
	assert(!stray[p]);
	unlock(group_mutex)
}

/* iommu_detach_device_pasid(): for each member; it warns, or oopses, if there is none */
inline kernel_detach(p)
{
	lock(group_mutex);
	assert(present[p]);
	present[p] = 0;
	assert(!member || stray[p]);
	stray[p] = 0;
	unlock(group_mutex)
}

inline domains_read()
{
#ifndef NO_DOMAINS_LOCK
	down_read(domains_lock)
#else
	skip
#endif
}

inline domains_read_end()
{
#ifndef NO_DOMAINS_LOCK
	up_read(domains_lock)
#else
	skip
#endif
}

/* pasid_set(): ioasid_sole_check(), the kernel, ioasid_sole_enter() */
inline pasid_set(p)
{
	domains_read();
	if
#ifndef NO_CHECK
	:: closed || member || ended[p]
#endif
#ifdef NO_CHECK
	:: ended[p]
	:: else ->
#else
	:: else ->
#endif
		kernel_attach(p);
		attached[p] = 1
	fi;
	domains_read_end()
}

/* pasid_detach(), shim/pasid.c */
inline pasid_detach(p)
{
	domains_read();
	if
#ifndef NO_ENTRY_STATE
	:: attached[p] ->
#else
	:: true ->
#endif
		kernel_detach(p);
		attached[p] = 0
#ifndef NO_ENTRY_STATE
	:: else
#endif
	fi;
	domains_read_end()
}

/* A user attaches a PASID, and detaches it: the kernel may have ended it meanwhile */
proctype user(byte p)
{
	byte n;

	do
	:: n < 2 ->
		n++;
		ended[p] = 0;
		pasid_set(p);
		if
		:: attached[p] || ended[p] -> pasid_detach(p)
		:: else
		fi
	:: break
	od
}

/* ioasid_soles_close(), one PASID for each turn of the lock */
inline soles_close()
{
#ifndef NO_END_BEFORE
	do
	:: closed = 1;
	   p = 0;
	   do
	   :: p < NR_PASIDS && !attached[p] -> p++
	   :: else -> break
	   od;
	   if
	   :: p < NR_PASIDS ->
		kernel_detach(p);
		attached[p] = 0;
		ended[p] = 1;
#ifndef NO_DOMAINS_LOCK
		up_write(domains_lock);
		down_write(domains_lock)
#endif
	   :: else -> break
	   fi
	od;
	p = 0
#else
	skip
#endif
}

/* change_begins(), the kernel, change_ends(): the device comes, and goes again */
proctype change()
{
	byte p;

#ifndef NO_DOMAINS_LOCK
	down_write(domains_lock);
#endif
	soles_close();
	lock(group_mutex);
	member = 1;
	unlock(group_mutex);
	closed = 0;
#ifndef NO_DOMAINS_LOCK
	up_write(domains_lock);
	down_write(domains_lock);
#endif
	lock(group_mutex);
	assert(!stray[0] && !stray[1]);
	member = 0;
	unlock(group_mutex);
#ifndef NO_DOMAINS_LOCK
	up_write(domains_lock)
#endif
}

init {
	atomic {
		run user(0);
		run user(1);
		run change()
	};
	_nr_pr == 1;
	assert(!present[0] && !present[1] && !attached[0] && !attached[1]);
	assert(!stray[0] && !stray[1] && !closed)
}
