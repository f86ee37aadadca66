/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ids: the numbers by which an IOMMU tags what it caches for a domain, one for all
 * entries that name the domain. Two users with devices behind one IOMMU attach
 * and detach by RID and by PASID, and the host adds a device. docs/model.md says which
 * function answers to which step.
 *
 * Property: an id is given to a domain only if no entry that is present has it for
 * another one.
 *
 * run: 6.12
 * run: 7.2 -DENTRY_FIRST
 * without: NO_IDS_LOCK
 * without: NO_DOMAINS_LOCK
 */
#include "lib/locks.pml"

#define NR_ENTRIES	4	/* A's two PASIDs, B's RID, the added device's RID */
#define NR_DOMAINS	5	/* 0: none; 1, 2: A's; 3: B's; 4: the host's */
#define NR_IDS		3

byte entry[NR_ENTRIES];		/* the domain that it names, 0: not present */
byte entry_id[NR_ENTRIES];
byte domain_id[NR_DOMAINS];	/* 0: none */
byte users[NR_DOMAINS];
bit taken[NR_IDS + 1];

rwsem domains_lock, ids_lock;

/* domain_attach_iommu(): one turn of the IOMMU's lock. Without an id it refuses */
inline id_get(d, ret)
{
	d_step {
		ret = 0;
		if
		:: users[d] -> users[d]++
		:: else ->
			id = 1;
			do
			:: id <= NR_IDS && taken[id] -> id++
			:: else -> break
			od;
			if
			:: id > NR_IDS -> ret = 1
			:: else ->
				k = 0;
				do
				:: k < NR_ENTRIES ->
					assert(!entry[k] || entry_id[k] != id || entry[k] == d);
					k++
				:: else -> break
				od;
				taken[id] = 1;
				domain_id[d] = id;
				users[d] = 1
			fi
		fi;
		id = 0;
		k = 0
	}
}

/* domain_detach_iommu() */
inline id_put(d)
{
	d_step {
		assert(users[d]);
		users[d]--;
		if
		:: !users[d] -> taken[domain_id[d]] = 0; domain_id[d] = 0
		:: else
		fi
	}
}

inline entry_set(e, d)
{
	d_step { assert(domain_id[d]); entry[e] = d; entry_id[e] = domain_id[d] }
}

inline entry_clear(e)
{
	d_step { entry[e] = 0; entry_id[e] = 0 }
}

/* intel_iommu_attach_device(): blocked first, and then attached */
inline driver_attach(e, d, ret)
{
	if
	:: entry[e] -> was = entry[e]; entry_clear(e); id_put(was); was = 0
	:: else
	fi;
	id_get(d, ret);
	if
	:: !ret -> entry_set(e, d)
	:: else
	fi
}

/* intel_iommu_set_dev_pasid(); from 6.13 on it replaces, the new one's id first */
inline driver_attach_pasid(e, d, ret)
{
	was = entry[e];
	id_get(d, ret);
	if
	:: !ret -> entry_set(e, d)
	:: else
	fi;
	if
	:: !ret && was -> id_put(was)
	:: else
	fi;
	was = 0
}

/* intel_iommu_remove_dev_pasid(), and what has come in its place */
inline driver_detach_pasid(e)
{
	was = entry[e];
#ifdef ENTRY_FIRST
	entry_clear(e);
	id_put(was);
#else
	id_put(was);
	entry_clear(e);
#endif
	was = 0
}

/* ioasid_change_begin() and _end(), ioasid_pasid_change_begin() and _end() */
inline change_begin()
{
#ifndef NO_DOMAINS_LOCK
	down_read(domains_lock);
#endif
#if !defined(ENTRY_FIRST) && !defined(NO_IDS_LOCK)
	down_read(ids_lock);
#endif
}

inline change_end()
{
#if !defined(ENTRY_FIRST) && !defined(NO_IDS_LOCK)
	up_read(ids_lock);
#endif
#ifndef NO_DOMAINS_LOCK
	up_read(domains_lock);
#endif
}

inline pasid_change_begin()
{
#ifndef NO_DOMAINS_LOCK
	down_read(domains_lock);
#endif
#if !defined(ENTRY_FIRST) && !defined(NO_IDS_LOCK)
	down_write(ids_lock);
#endif
}

inline pasid_change_end()
{
#if !defined(ENTRY_FIRST) && !defined(NO_IDS_LOCK)
	up_write(ids_lock);
#endif
#ifndef NO_DOMAINS_LOCK
	up_read(domains_lock);
#endif
}

/* pasid_set() and pasid_detach() */
inline attach_pasid(e, d)
{
#ifndef ENTRY_FIRST
	if
	:: entry[e] -> detach_pasid(e)
	:: else
	fi;
#endif
	change_begin();
	driver_attach_pasid(e, d, ret);
	change_end()
}

inline detach_pasid(e)
{
	pasid_change_begin();
	driver_detach_pasid(e);
	pasid_change_end()
}

/* User A: two PASIDs, which may have the same domain; each has one thread */
proctype user_a(byte e)
{
	byte id, k, was, n;
	bit ret;

	do
	:: n < 2 ->
		n++;
		if
		:: entry[e] != 1 -> attach_pasid(e, 1)
		:: entry[e] != 2 -> attach_pasid(e, 2)
		:: entry[e] -> detach_pasid(e)
		fi
	:: break
	od;
	if
	:: entry[e] -> detach_pasid(e)
	:: else
	fi
}

/* User B: a RID, by route_attach() and route_block() */
proctype user_b()
{
	byte id, k, was;
	bit ret;

	change_begin();
	driver_attach(2, 3, ret);
	change_end();
	if
	:: !ret ->
		change_begin();
		entry_clear(2);
		id_put(3);
		change_end()
	:: else
	fi
}

/* A device of the host's is added: change_begins(), the kernel, change_ends() */
proctype host()
{
	byte id, k, was;
	bit ret;

	down_write(domains_lock);
	driver_attach(3, 4, ret);
	up_write(domains_lock)
}

init {
	atomic {
		run user_a(0);
		run user_a(1);
		run user_b();
		run host()
	};
	_nr_pr == 1;
	d_step {
		assert(!users[1] && !users[2] && !users[3]);
		assert(!domain_id[1] && !domain_id[2] && !domain_id[3])
	}
}
