/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where KC_DOMAINS_LOCK says so a driver cannot map, unmap and flush in a domain
 * while a device is attached to it or taken from it, and with a replace that
 * device may come from another address space. Nor can a group be attached while
 * one of its devices is being removed. Innermost of all locks; nothing under it
 * waits for a user.
 */
#ifndef IOASID_DOMAINS_H
#define IOASID_DOMAINS_H

#include <linux/rwsem.h>

#include "compat/compat.h"

extern struct rw_semaphore ioasid_domains_lock;

/* Work in a domain that stays attached to what it is attached to */
static inline void ioasid_domains_use(void)
{
	if (KC_DOMAINS_LOCK)
		down_read(&ioasid_domains_lock);
}

static inline void ioasid_domains_unuse(void)
{
	if (KC_DOMAINS_LOCK)
		up_read(&ioasid_domains_lock);
}

/* Attach, detach, claim, release; devices are removed before or afterwards */
static inline void ioasid_domains_change(void)
{
	if (KC_DOMAINS_LOCK)
		down_write(&ioasid_domains_lock);
}

static inline void ioasid_domains_changed(void)
{
	if (KC_DOMAINS_LOCK)
		up_write(&ioasid_domains_lock);
}

int ioasid_domains_init(void);
void ioasid_domains_exit(void);

#endif /* IOASID_DOMAINS_H */
