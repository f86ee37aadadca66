/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_CPU_H
#define IOASID_CPU_H

#include <linux/types.h>

#include "base/limits.h"

struct ioasid_device;
struct ioasid_pasid;

/**
 * struct ioasid_cpu_pasid - a PASID of the kernel's global allocator
 * @ppasid: the number on the wire
 * @vpasid: what the CPU translates to it; 0: nothing yet
 * @users: attached PASIDs that have it, under the lock of their context
 * @charge: for the number
 *
 * CPU instructions name one PASID for whatever device they go to, so that all
 * devices of an open file have the same one behind a vPASID.
 */
struct ioasid_cpu_pasid {
	u32 ppasid;
	u32 vpasid;
	unsigned int users;
	struct ioasid_charge charge;
};

int ioasid_cpu_take_direct(struct ioasid_pasid *pasid, u32 number);
int ioasid_cpu_alloc_direct(struct ioasid_pasid *pasid, u32 *number);
int ioasid_cpu_take_translated(struct ioasid_pasid *pasid, u32 *ppasid);
void ioasid_cpu_give_back(struct ioasid_pasid *pasid);
int ioasid_cpu_alias(struct ioasid_pasid *pasid, u32 alias);
void ioasid_cpu_unalias(struct ioasid_pasid *pasid);
bool ioasid_cpu_sends(u32 number);

#endif /* IOASID_CPU_H */
