/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_MEDIATED_H
#define IOASID_MEDIATED_H

#include "attach/device.h"
#include "attach/numbers.h"

struct ioasid_access;
struct ioasid_pasid;

/**
 * struct ioasid_mediated - a mediated device in the hands of a user
 * @node: in the list of those, under groups_lock
 * @dev: the device
 * @owner: who opened it; bindings of anybody else are refused
 * @users: number of its bindings, under groups_lock
 * @lock: serializes attach and detach. Held while the driver lets go of what it has
 *	pinned
 * @attached_by: the binding that attached, or NULL; changes under @lock, and for no
 *	one but this binding, whose calls come one by one
 * @access_lock: protects @access
 * @access: the address space that the driver works in, or NULL. Changes under
 *	both locks
 * @numbers: with PASIDs: as its user knows them
 * @default_pasid: with PASIDs: what its user knows as the RID, or NULL; changes under
 *	@lock, read under RCU too
 * @rcu: to be freed when nobody looks a PASID up any more
 */
struct ioasid_mediated {
	struct list_head node;
	struct device *dev;
	void *owner;
	unsigned int users;
	struct mutex lock;
	struct ioasid_device *attached_by;
	spinlock_t access_lock;
	struct ioasid_access *access;
	struct ioasid_numbers numbers;
	struct ioasid_pasid __rcu *default_pasid;
	struct rcu_head rcu;
};

int ioasid_mediated_join(struct ioasid_device *idev);
void ioasid_mediated_leave(struct ioasid_device *idev);
int ioasid_mediated_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas);
int ioasid_mediated_detach(struct ioasid_device *idev, bool killable);
u32 ioasid_mediated_ioasid(const struct ioasid_device *idev);

#endif /* IOASID_MEDIATED_H */
