/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of what a device is attached to that are not ours, and work in domains.
 *
 * Drivers take a device out of a domain's flush list before they take its entry away:
 * an unmap whose flush comes in between reaches nothing. Our own changes of an address
 * space's attachments hold its locks (ioas/attachment.c); those that the kernel makes when
 * a device is added or removed, and when it joins or leaves a group, hold
 * ioasid_domains_lock. Innermost of all locks; nothing under it waits for a user.
 */
#ifndef IOASID_DOMAINS_H
#define IOASID_DOMAINS_H

#include <linux/percpu-rwsem.h>
#include <linux/rwsem.h>

#include "compat/compat.h"
#include "shim/shim.h"

extern struct percpu_rw_semaphore ioasid_domains_lock;

/* Work in a domain, or a change of ours. Does not nest */
static inline void ioasid_domains_use(void)
{
	percpu_down_read(&ioasid_domains_lock);
}

static inline void ioasid_domains_unuse(void)
{
	percpu_up_read(&ioasid_domains_lock);
}

/*
 * From the first entry that is taken out to the end of the flush. In between no other
 * lock may be taken under which a domain is worked in.
 */
static inline void ioasid_gather_open(struct ioasid_gather *gather)
{
	if (gather->open)
		return;
	ioasid_domains_use();
	gather->open = true;
}

static inline void ioasid_gather_close(struct ioasid_gather *gather)
{
	if (!gather->open)
		return;
	gather->open = false;
	ioasid_domains_unuse();
}

/*
 * An id by which an IOMMU tags what it caches must not be anybody else's while an entry
 * with it is there. Where KC_ID_BEFORE_ENTRY says that detaching by PASID gives the id
 * back first nothing is attached meanwhile, which could take it.
 */
extern struct rw_semaphore ioasid_ids_lock;

/* Attach something, or detach a RID */
static inline void ioasid_change_begin(void)
{
	ioasid_domains_use();
	if (KC_ID_BEFORE_ENTRY)
		down_read(&ioasid_ids_lock);
}

static inline void ioasid_change_end(void)
{
	if (KC_ID_BEFORE_ENTRY)
		up_read(&ioasid_ids_lock);
	ioasid_domains_unuse();
}

/* Detach by PASID */
static inline void ioasid_pasid_change_begin(void)
{
	ioasid_domains_use();
	if (KC_ID_BEFORE_ENTRY)
		down_write(&ioasid_ids_lock);
}

static inline void ioasid_pasid_change_end(void)
{
	if (KC_ID_BEFORE_ENTRY)
		up_write(&ioasid_ids_lock);
	ioasid_domains_unuse();
}

int ioasid_domains_init(void);
void ioasid_domains_exit(void);

#endif /* IOASID_DOMAINS_H */
