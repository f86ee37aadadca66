/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers: PASIDs of the kernel's global allocator, which CPU instructions send to the
 * command portals of type 8 devices. User 0 has two devices behind different parents,
 * user 1 has one behind the parent of the second. There is one number, so that the one
 * user gets what the other one gives back. docs/model.md says which function answers to
 * which step.
 *
 * Properties: a device's work reaches nothing but what its sender has attached; no
 * number becomes a user's while work that carries it for another one is under way; all
 * calls end; at the end the number is free.
 *
 * run: one
 * run: shared -DSECOND
 * without: NO_PORTALS_END
 * without: NO_SENDER
 * without: NO_TRANSLATOR_TOLD
 * without: NO_LOOK_AT_ENDED
 * without: FREE_FIRST
 */
#include "lib/locks.pml"

#define NR_USERS	2
#define NR_DEVS		3
#define NR_PARENTS	2
#define NR_WORKS	4	/* one for each program that sends */
#define user_of(d)	((d) / 2)
#define parent_of(d)	(((d) + 1) / 2)
#define NOBODY		9

bit taken;			/* in the kernel's allocator */
byte wire[NR_PARENTS];		/* which device's address space the number is, or NOBODY */

mutex ctx_lock[NR_USERS];
mutex pasid_lock[NR_USERS];
byte cpu_users[NR_USERS];	/* ioasid_cpu_pasid.users; 0: there is none */
rwsem portals_sem;

bit found[NR_DEVS];		/* ioasid_pasid.ioasid: a look-up finds it */

/* The CPU: what it has cached of a device's PASID, under its lock */
mutex cpu_lock[NR_USERS];
bit cached[NR_DEVS];

/* Work at a portal, of the program with the same number */
bit work[NR_WORKS];
bit work_ended[NR_WORKS];
byte work_dev[NR_WORKS];

#define user_of_program(w)	((w) == 0 || (w) == 1 -> 0 : 1)

/* swiommu_portal_end_works(), under the lock of the software IOMMU */
inline end_works(d)
{
	d_step {
		w = 0;
		do
		:: w < NR_WORKS ->
			if
			:: work[w] && work_dev[w] == d -> work_ended[w] = 1
			:: else
			fi;
			w++
		:: else -> break
		od;
		w = 0
	}
}

/* global_alloc(), for a user */
inline global_alloc(u, ret)
{
	d_step {
		ret = taken;
		taken = 1;
		if
		:: !ret ->
			w = 0;
			do
			:: w < NR_WORKS ->
				assert(!work[w] || work_ended[w] || user_of_program(w) == u);
				w++
			:: else -> break
			od;
			w = 0
		:: else
		fi
	}
}

/* translated_get(), ioasid_numbers_take(), set_point() */
inline attach(d, ret)
{
	lock(ctx_lock[u]);
	mine = 0;
	if
	:: cpu_users[u] -> cpu_users[u]++; mine = 1
	:: else
	fi;
	unlock(ctx_lock[u]);
	ret = 0;
	if
	:: mine
	:: else ->
		global_alloc(u, ret);
		if
		:: ret
		:: else ->
			lock(ctx_lock[u]);
			cpu_users[u] = 1;
			unlock(ctx_lock[u])
		fi
	fi;
	if
	:: ret
	:: else ->
		assert(wire[parent_of(d)] == NOBODY);
		wire[parent_of(d)] = d;
		found[d] = 1
	fi;
	mine = 0
}

/* ioasid_pasid_detach(): blocked, told, given back, and then free */
inline detach(d)
{
	wire[parent_of(d)] = NOBODY;
	found[d] = 0;
	/* ioasid_pasid_tell_end() */
	lock(pasid_lock[u]);
#ifndef NO_TRANSLATOR_TOLD
	lock(cpu_lock[u]);
	cached[d] = 0;
	unlock(cpu_lock[u]);
#endif
	end_works(d);
	unlock(pasid_lock[u]);
	/* ioasid_cpu_give_back() */
	lock(ctx_lock[u]);
	cpu_users[u]--;
	last = !cpu_users[u];
	unlock(ctx_lock[u]);
	if
	:: last ->
#ifdef FREE_FIRST
		taken = 0;
#endif
#ifndef NO_PORTALS_END
		/* ioasid_portals_end() */
		down_read(portals_sem);
		end_works(0);
		end_works(1);
		end_works(2);
		up_read(portals_sem);
#endif
#ifndef FREE_FIRST
		taken = 0
#endif
	:: else
	fi;
	last = 0
}

proctype driver(byte d)
{
	byte u, w;
	bit mine, last, ret;

	u = user_of(d);
	attach(d, ret);
	if
	:: ret
	:: else -> detach(d)
	fi
}

/* swiommu_portal_take(): by a CPU that has translated for the device's own file */
inline portal_take(p, d, translated)
{
	d_step {
#ifndef NO_SENDER
		ok = translated && user_of(d) == user_of_program(p);
#else
		ok = 1;
#endif
		if
		:: ok -> work[p] = 1; work_dev[p] = d; work_ended[p] = 0
		:: else
		fi
	}
}

/* swiommu_portal_do(): page by page, each under the lock of the software IOMMU */
inline portal_do(p, d)
{
	page = 0;
	do
	:: page < 2 ->
		page++;
		d_step {
			if
#ifndef NO_LOOK_AT_ENDED
			:: work_ended[p]
#endif
#ifdef NO_LOOK_AT_ENDED
			:: 0
#endif
			:: else ->
				assert(wire[parent_of(d)] == NOBODY ||
				       user_of(wire[parent_of(d)]) == user_of_program(p))
			fi
		}
	:: page == 2 || work_ended[p] -> break
	od;
	assert(work[p]);
	d_step { page = 0; work[p] = 0; work_ended[p] = 0; work_dev[p] = 0 }
}

/*
 * A program's ENQCMD: the number is looked up, or was, and taken by a portal in one turn
 * of the CPU's lock. Whose device it goes to is the program's choice
 */
proctype program(byte p)
{
	byte u, d, from, page, n;
	bit ok;

	u = user_of_program(p);
	do
	:: n < 1 + (u == 0) ->
		n++;
		select(d : 0 .. 2);
		if
		:: u == 0 -> select(from : 0 .. 1)
		:: u == 1 -> from = 2
		fi;
		lock(cpu_lock[u]);
		if
		:: cached[from] || found[from] ->
			cached[from] = 1;
			portal_take(p, d, 1)
		:: else
		fi;
		unlock(cpu_lock[u]);
		if
		:: ok -> portal_do(p, d)
		:: else
		fi;
		d_step { ok = 0; d = 0; from = 0 }
	:: break
	od
}

/* A program of user 1's for which nothing is translated sends what it likes */
proctype raw(byte p)
{
	byte page;
	bit ok;

	portal_take(p, 2, 0);
	if
	:: ok -> portal_do(p, 2)
	:: else
	fi
}

init {
	atomic {
		wire[0] = NOBODY;
		wire[1] = NOBODY;
		run driver(0);
		run driver(2);
		run program(0);
#ifdef SECOND
		/* The first user's other device shares the number */
		run driver(1)
#else
		run program(2);
		run raw(3)
#endif
	};
	_nr_pr == 1;
	assert(!taken && !cpu_users[0] && !cpu_users[1]);
	assert(wire[0] == NOBODY && wire[1] == NOBODY)
}
