/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Alias: a second number of an attached PASID that has a global one. CPUs
 * translate the alias to it, and so may it be the number of other devices of the file,
 * which share it. docs/model.md says which function answers to which step.
 *
 * Properties: what a number is translated to is there; at the end there is nothing.
 *
 * run: all
 * without: NO_ALIAS_RESERVED
 */
#include "lib/locks.pml"

#define NR_NAMES	2	/* numbers that the user chooses */
#define FREE		0
#define RESERVED	9

mutex ctx_lock;
byte cpu_pasids[NR_NAMES];	/* what a number is translated to, or FREE, RESERVED */

/* struct ioasid_cpu_pasid: 1 is the type 7 device's, 2 and 3 are type 8 devices' own */
bit there[4];
byte users[4];
byte vpasid[4];			/* ioasid_cpu_pasid.vpasid plus one, 0: none */

/* cpu_unshare(), cpu_free() */
inline put(c)
{
	d_step {
		users[c]--;
		if
		:: !users[c] ->
			if
			:: vpasid[c] -> cpu_pasids[vpasid[c] - 1] = FREE
			:: else
			fi;
			vpasid[c] = 0;
			there[c] = 0
		:: else
		fi
	}
}

/* ioasid_pasid_alias(): reserved, made, published; the driver may refuse */
inline alias(x)
{
	lock(ctx_lock);
	ok = !aliased && cpu_pasids[x] == FREE;
	if
	:: ok ->
#ifdef NO_ALIAS_RESERVED
		d_step { cpu_pasids[x] = 1; vpasid[1] = x + 1 }
#else
		cpu_pasids[x] = RESERVED
#endif
	:: else
	fi;
	unlock(ctx_lock);
	if
	:: ok ->
		/* ioasid_ioas_alias() */
		if
		:: made = 1
		:: made = 0
		fi;
		lock(ctx_lock);
#ifdef NO_ALIAS_RESERVED
		/* Another one may have come meanwhile */
		if
		:: !made && users[1] == 1 -> d_step { cpu_pasids[x] = FREE; vpasid[1] = 0 }
		:: else
		fi;
#else
		if
		:: made -> d_step { cpu_pasids[x] = 1; vpasid[1] = x + 1 }
		:: else -> cpu_pasids[x] = FREE
		fi;
#endif
		unlock(ctx_lock);
		aliased = made
	:: else
	fi;
	d_step { ok = 0; made = 0 }
}

/* The user of a type 7 device with a global number: attach, alias twice, detach */
proctype direct()
{
	bit ok, made, aliased;	/* the last: ioasid_route.alias */

	d_step { there[1] = 1; users[1] = 1 };
	alias(0);
	alias(1);
	lock(ctx_lock);
	put(1);
	unlock(ctx_lock)
}

/* ioasid_cpu_take_translated() and _give_back(): the user of a type 8 device */
proctype translated(byte own)
{
	byte c, x, n;

	do
	:: n < 2 ->
		n++;
		select(x : 0 .. 1);
		lock(ctx_lock);
		c = cpu_pasids[x];
		if
		:: c == RESERVED -> c = 0
		:: c == FREE && !there[own] ->
			d_step {
				c = own;
				there[c] = 1;
				users[c] = 1;
				vpasid[c] = x + 1;
				cpu_pasids[x] = c
			}
		:: c == FREE && there[own]
		:: else -> assert(there[c]); users[c]++
		fi;
		unlock(ctx_lock);
		if
		:: c ->
			lock(ctx_lock);
			put(c);
			unlock(ctx_lock)
		:: else
		fi;
		d_step { c = 0; x = 0 }
	:: break
	od
}

init {
	atomic {
		run direct();
		run translated(2);
		run translated(3)
	};
	_nr_pr == 1;
	assert(!there[1] && !there[2] && !there[3]);
	assert(cpu_pasids[0] == FREE && cpu_pasids[1] == FREE)
}
