/* SPDX-License-Identifier: GPL-2.0-only */
/* For attach.pml: the devices, the kernel's drivers, the IOMMU core, and the shim */
#define NR_IOAS		2
#define NR_DEVS		3	/* 0: of group 0; 1: of group 1; 2: comes and goes in 0 */
#define NR_GROUPS	2

/* A domain is the address space's number plus one */
#define BLOCKED		0	/* the kernel's own blocked state */
#define EMPTY		3	/* ioasid_group.blocked */
#define NONE		2	/* no address space */
/* Error numbers; others than the one that answers may know them too */
#define EFAIL	1
#define EIO	2
#define EBUSY	3

#define dom_of(i)	((i) + 1)
#define bit_of(i)	(1 << (i))

/* What the hardware and the kernel's driver know */
byte entry[NR_DEVS];		/* a device's entry: a domain */
byte listed_in[NR_DEVS];	/* in which domain's flush list it is; 0: none */
byte cached[NR_DEVS];		/* the address spaces whose page it has cached: bits */

/* What the kernel knows */
mutex group_mutex[NR_GROUPS];	/* iommu_group.mutex */
byte group_domain[NR_GROUPS];	/* iommu_group.domain */
bit recovery[NR_GROUPS];	/* a reset is under way */
bit reset_blocked;		/* device 0 is blocked by it */
bit member;			/* device 2 is there */

/* What the module knows */
rwsem domains_lock;
rwsem ioas_lock[NR_IOAS];
mutex areas_lock[NR_IOAS];
bit exclusive[NR_IOAS];
byte frozen[NR_IOAS];
bit mapped[NR_IOAS], busy[NR_IOAS];	/* the area */
bit pinned[NR_IOAS], pte[NR_IOAS];	/* its page */
bit table[NR_IOAS];		/* in the list of page tables */
byte users[NR_IOAS];		/* ioasid_table.users */
byte route_domain[NR_GROUPS];	/* ioasid_route.domain */
byte route_space[NR_GROUPS];	/* ioasid_route.space: the address space plus one; 0 */
byte point[NR_GROUPS];		/* ioasid_group.point: its address space, or NONE */
byte resets[NR_GROUPS];		/* ioasid_group.resets */

byte failures;			/* of drivers, and of pinning, so far */
#ifndef MAX_FAILURES
#define MAX_FAILURES 1
#endif

/* What can be reached is cached, and pinned */
inline caches_fill()
{
	v = 0;
	do
	:: v < NR_DEVS ->
		if
		:: entry[v] == dom_of(0) && pte[0] -> assert(pinned[0]);
			cached[v] = cached[v] | bit_of(0)
		:: entry[v] == dom_of(1) && pte[1] -> assert(pinned[1]);
			cached[v] = cached[v] | bit_of(1)
		:: else
		fi;
		v++
	:: else -> break
	od;
	v = 0
}

/* device_block_translation(), viommu_attach_dev(): first out of the flush list */
inline driver_block(d)
{
	listed_in[d] = 0;
	entry[d] = BLOCKED;
	cached[d] = 0
}

/* intel_iommu_attach_device(): into the flush list behind the entry; or it refuses */
inline driver_attach(d, dom, ret)
{
	if
	:: listed_in[d] || entry[d] -> driver_block(d)
	:: else
	fi;
	if
	:: d_step { entry[d] = dom; caches_fill() };
	   listed_in[d] = dom;
	   ret = 0
	:: atomic { failures < MAX_FAILURES -> failures++; ret = EFAIL }
	fi
}

/* iommu_attach_group_handle(), iommu_replace_group_handle() */
inline kernel_attach(g, dom, ret)
{
	lock(group_mutex[g]);
	ret = 0;
	if
	:: recovery[g] -> ret = EBUSY
	:: else
	fi;
	if
	:: !ret -> driver_attach(g, dom, ret)
	:: else
	fi;
#ifdef MEMBER
	if
	:: !ret && g == 0 && member -> driver_attach(2, dom, ret)
	:: else
	fi;
#endif
	/* What is put back may come to nothing; and not every driver's refusal is */
	if
	:: ret && ret != EBUSY ->
		driver_put_back(g, g);
#ifdef MEMBER
		if
		:: g == 0 && member -> driver_put_back(2, g)
		:: else
		fi
#endif
	:: !ret -> group_domain[g] = dom
	:: else
	fi;
	unlock(group_mutex[g])
}

inline driver_put_back(dev, group)
{
	if
	:: entry[dev] == group_domain[group]
	:: else -> driver_block(dev);
		if
		:: group_domain[group] ->
			d_step { entry[dev] = group_domain[group]; caches_fill() };
			listed_in[dev] = group_domain[group]
		:: else
		fi
	:: entry[dev] != group_domain[group] -> driver_block(dev)
	fi
}

/* iommu_detach_group_handle(): to the kernel's blocked state, which must succeed */
inline kernel_detach(g)
{
	lock(group_mutex[g]);
	group_domain[g] = BLOCKED;
	if
	:: g == 0 && reset_blocked
	:: else -> driver_block(g)
	fi;
#ifdef MEMBER
	if
	:: g == 0 && member -> driver_block(2)
	:: else
	fi;
#endif
	unlock(group_mutex[g])
}

/* ioasid_domains_use() */
inline domains_use()
{
#ifndef NO_DOMAINS_LOCK
	down_read(domains_lock)
#else
	skip
#endif
}

inline domains_unuse()
{
#ifndef NO_DOMAINS_LOCK
	up_read(domains_lock)
#else
	skip
#endif
}

/* route_attach(), shim/generic.c */
inline shim_attach(g, dom, ret)
{
	if
	:: route_domain[g] == dom -> ret = 0
	:: else ->
		was = route_domain[g];
		domains_use();
		kernel_attach(g, dom, ret);
		if
		:: !ret -> route_domain[g] = dom
		:: ret && was ->
			kernel_detach(g);
			route_domain[g] = BLOCKED;
			kernel_attach(g, was, again);
			if
			:: !again -> route_domain[g] = was
			:: else
			fi;
			again = 0
		:: else
		fi;
		domains_unuse();
		was = 0
	fi
}

/* ioasid_generic_block() */
inline shim_block(g)
{
	domains_use();
	if
	:: route_domain[g] -> kernel_detach(g); route_domain[g] = BLOCKED
	:: else
	fi;
	domains_unuse()
}
