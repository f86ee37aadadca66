/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_ACCESS_H
#define IOASID_ACCESS_H

#include "ioas/ioas.h"
#include "ioas/types.h"

/**
 * struct ioasid_access - an address space in which a driver works
 * @point: the attachment
 * @attached: its device
 * @node: in the accesses of the address space, see there
 * @refs: the attachment's, and one of each call and each pin
 * @unmap: the driver is told that a range goes away
 * @data: for it
 * @pins: so many pins of the driver, under areas_lock
 * @gone: no new one: the driver is being detached; under areas_lock
 */
struct ioasid_access {
	struct ioasid_attachment_point point;
	struct ioasid_attached attached;
	struct list_head node;
	refcount_t refs;
	void (*unmap)(void *data, u64 start, u64 last);
	void *data;
	unsigned long pins;
	bool gone;
};

struct ioasid_area;
struct ioasid_pin;

int ioasid_access_leave(struct ioasid_access *access, bool killable);
void ioasid_access_release(struct ioasid_access *access);

int ioasid_access_translate(struct ioasid_access *access, u64 iova, u64 length);
struct ioasid_pin *ioasid_access_pin(struct ioasid_access *access, u64 iova,
				     u64 length, bool write);
void ioasid_access_unpin(struct ioasid_pin *pin);
int ioasid_access_copy(struct ioasid_access *access, u64 iova, void *buf, u64 length,
		       bool write);

int ioasid_accesses_leave(struct ioasid_ioas *ioas, struct ioasid_area *areas);

/**
 * ioasid_access_get() - hold an access and its address space for a call
 * @access: the access, attached
 */
static inline void ioasid_access_get(struct ioasid_access *access)
{
	refcount_inc(&access->point.ioas->obj.refs);
	refcount_inc(&access->refs);
}

/**
 * ioasid_access_put() - the opposite of ioasid_access_get()
 * @access: the access; with the last reference it ends
 */
static inline void ioasid_access_put(struct ioasid_access *access)
{
	ioasid_ioas_put(access->point.ioas);
	if (refcount_dec_and_test(&access->refs))
		ioasid_access_release(access);
}

#endif /* IOASID_ACCESS_H */
