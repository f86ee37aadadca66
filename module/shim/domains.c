// SPDX-License-Identifier: GPL-2.0-only
/*
 * The locks of work in domains and of changes of ours: shim/domains.h.
 */

#include "shim/domains.h"

struct percpu_rw_semaphore ioasid_domains_lock;
DECLARE_RWSEM(ioasid_ids_lock);

/**
 * ioasid_domains_init() - before anything works in a domain
 *
 * Return: 0 or an errno.
 */
int ioasid_domains_init(void)
{
	return percpu_init_rwsem(&ioasid_domains_lock);
}

/**
 * ioasid_domains_exit() - undo ioasid_domains_init()
 */
void ioasid_domains_exit(void)
{
	percpu_free_rwsem(&ioasid_domains_lock);
}
