/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_CTX_H
#define IOASID_CTX_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "base/limits.h"

struct file;
struct ioasid_pasid_listener;

/*
 * Lock order, outermost first. A lock may be taken under any of those above it, in its
 * part of the list; and those of the second part, which are held for short and for no
 * allocation, under all of the first.
 *
 * Outside of all: ioasid_bindings.lock, the bindings of an open device file, and the lock
 * of VFIO's open file.
 *
 * Those that sleep:
 *
 *	groups_lock (attach/group.c)	the list of groups and their bindings
 *	ioasid_ctx.no_snoop_lock	the listeners for no-snoop DMA; held while they are
 *					told, so what they lock is below it, and nothing
 *					of the core is
 *	ioasid_group.lock		what is attached to a group; held while a user is
 *					waited for, so under groups_lock it is only tried
 *	ioasid_mediated.lock		what is attached to a mediated device
 *	ioasid_ctx.pasid_lock		the listeners for PASIDs; held while they are told,
 *					so what they lock is below it
 *	portals_sem			the devices to which CPUs send work; held for
 *	(attach/portals.c)		reading while they end what carries a number, so
 *					what they lock is below it
 *	ioasid_ioas.access_sem		the drivers that work in an address space. Held
 *					for reading while they are told of an unmap:
 *					what they lock then is below it. So it is
 *					below ioasid_mediated.lock
 *	ioasid_ioas.exclusive		not a lock, but waited for like one: attaching,
 *					while pages are pinned too; killable, and
 *					by no teardown. So are areas that are busy
 *	ioasid_ioas.lock		an address space's page tables
 *	ioasid_ioas.areas_lock		its areas
 *	ioasid_ioas.spare_lock		room to unmap if there is no memory
 *	bound_lock (shim/msi.c)		the bound devices whose interrupts are carried over
 *	ioasid_ctx.lock			the bindings of an open file
 *	aside_lock (attach/cpu.c)	PASIDs are put aside, by one thread; killable, and
 *					by no teardown; under no lock of the core
 *	changes_lock (shim/hotplug.c)	one device comes or goes at a time; taken by the
 *					bus's notifiers, under locks of the kernel's
 *	ioasid_domains_lock		work in the kernel's domains (shim/domains.h)
 *	ioasid_ids_lock			attaching; detaching by PASID
 *	leaves_lock (shim/leaves.c)	what drivers keep for PASIDs
 *
 * Spinlocks:
 *
 *	ioasid_mediated.access_lock	in which address space its driver works
 *	routes_lock			which address space a route is in, or about to enter
 *	(ioas/attachment.c)
 *	ioasid_ctx.objects.xa_lock	the id table; and the locks of the xarrays of PASIDs:
 *					ioasid_numbers.entries, ioasid_ctx.cpu_pasids, and
 *					the pool's (attach/pool.c)
 *	soles_lock (shim/sole.c)	the devices with PASIDs
 *	ioasid_sole.lock		which of their PASIDs are attached
 *	ids_lock (shim/ids.c)		domains of ours, by their addresses
 *	vtd_dry_lock (shim/vtd.c)	IOMMUs without an id left
 *	limits_lock (base/limits.c)	what users hold of what is scarce
 *
 * The locks of two address spaces are taken in the order of their addresses: first both
 * locks, then both areas_locks.
 *
 * What a device is attached to does not change between the first entry that an unmap
 * takes out and the end of its flush, in an address space that the device leaves or
 * enters: drivers keep a device in a domain's flush list for a shorter time than its
 * entry is present.
 *
 *	attach, replace, detach, alias	by RID and by PASID, in whatever call: hold lock
 *	and what puts them back		and areas_lock of the address spaces that are
 *					left and entered, for as long as the driver is
 *					called; unmap holds one of the two until it has
 *					flushed (ioas/attachment.c,
 *					ioas/depopulate.c)
 *	the kernel, when a device comes	ioasid_domains_lock for writing; unmap holds it
 *	or goes				for reading until it has flushed (shim/hotplug.c)
 *	PASIDs that end because a	ioasid_domains_lock for writing (shim/sole.c)
 *	device comes
 *	the kernel, in a reset		the address spaces are frozen meanwhile, and nothing
 *					is attached (attach/reset.c); not those that a device
 *					without a driver of ours is attached to
 *	the kernel, in sleep or		nothing; while the IOMMU is off no DMA of a bound
 *	a shutdown			device is on its way (vfio_pci/power.c)
 *
 * On 6.1 a map holds ioasid_domains_lock for reading, too: drivers walk a domain's
 * IOMMUs then.
 *
 * The id by which an IOMMU tags what it caches becomes free when its last device leaves
 * the domain. Where a driver frees it before the entry is cleared, nothing is attached
 * meanwhile (ioasid_ids_lock).
 */

/* A user who has cookies collide waits for as long as with a list */
#define IOASID_COOKIE_BITS	6

/**
 * struct ioasid_ctx - an open /dev/iommu
 * @kref: held by the open file and by every binding
 * @charge: for it, to the user that opened it
 * @cred: that user as it was then
 * @nr: its number, as traces and fdinfo show it
 * @file: the open file; not to be touched after @closed
 * @objects: id to struct ioasid_obj
 * @last: the object found last, or NULL; under the table's lock
 * @lock: protects @devices, @by_cookie and the PASIDs that the CPU sends. Taken under
 *	groups_lock: held for no allocation of a number
 * @devices: bindings, struct ioasid_device
 * @by_cookie: the same by a hash of their cookies; read under RCU too
 * @cpu_pasids: PASIDs that the CPU translates, to struct ioasid_cpu_pasid; a value: to
 *	be an alias, taken. Entries are made under the xarray's lock alone, and looked at
 *	and taken out under @lock
 * @nr_direct: attached PASIDs that the CPU must not translate
 * @nr_translated: attached PASIDs of devices for which it does
 * @translator: what translates PASIDs for the CPU, or NULL; changes under @pasid_lock
 * @translated: the CPU translates PASIDs; changes under @pasid_lock and @lock
 * @pasid_lock: protects what is said to be under it. Held while @translator and
 *	@pasid_listeners are called
 * @pasid_listeners: struct ioasid_pasid_listener, without @translator; under @pasid_lock
 * @closed: the file has been closed: no call on it can name an object any more, and
 *	an address space lives for as long as it is attached. Read under the lock
 *	of the object
 * @rcu: to be freed when nobody looks PASIDs up any more
 * @no_snoop: number of attached devices that may do no-snoop DMA
 * @no_snoop_lock: protects what follows. Held while the listeners are called: outside of
 *	all locks of the core
 * @no_snoop_told: what they have been told
 * @no_snoop_listeners: struct ioasid_no_snoop_listener
 */
struct ioasid_ctx {
	struct kref kref;
	struct ioasid_charge charge;
	const struct cred *cred;
	u32 nr;
	struct file *file;
	struct xarray objects;
	struct ioasid_obj *last;
	struct mutex lock;
	struct list_head devices;
	struct hlist_head by_cookie[1 << IOASID_COOKIE_BITS];
	struct xarray cpu_pasids;
	unsigned int nr_direct;
	unsigned int nr_translated;
	struct ioasid_pasid_listener *translator;
	bool translated;
	struct mutex pasid_lock;
	struct list_head pasid_listeners;
	bool closed;
	struct rcu_head rcu;
	atomic_t no_snoop;
	struct mutex no_snoop_lock;
	bool no_snoop_told;
	struct list_head no_snoop_listeners;
};

enum ioasid_obj_type {
	IOASID_OBJ_IOAS,
	IOASID_OBJ_DEVICE,
	IOASID_OBJ_HWPT,
};

/**
 * struct ioasid_obj - what an id names
 * @ctx: in which table
 * @type: what it is
 * @id: its number there, above 0
 * @refs: the table's own and those of ioasid_obj_get()
 *
 * An object is reserved, filled, then published: nobody finds a half-made one.
 */
struct ioasid_obj {
	struct ioasid_ctx *ctx;
	enum ioasid_obj_type type;
	u32 id;
	refcount_t refs;
};

struct ioasid_ctx *ioasid_ctx_new(struct file *file);
void ioasid_ctx_release(struct kref *kref);

static inline void __ioasid_ctx_put(struct ioasid_ctx *ctx)
{
	kref_put(&ctx->kref, ioasid_ctx_release);
}

int ioasid_obj_reserve(struct ioasid_ctx *ctx, struct ioasid_obj *obj,
		       enum ioasid_obj_type type);
void ioasid_obj_publish(struct ioasid_obj *obj);
void ioasid_obj_remove(struct ioasid_obj *obj);
struct ioasid_obj *ioasid_obj_get(struct ioasid_ctx *ctx, u32 id,
				  enum ioasid_obj_type type);
bool ioasid_obj_is(struct ioasid_ctx *ctx, u32 id, enum ioasid_obj_type type);

#endif /* IOASID_CTX_H */
