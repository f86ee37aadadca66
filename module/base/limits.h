/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one user may hold of what the machine has little of.
 *
 * Each object of such a kind is charged when it is made, to the user that the calling
 * process belongs to. The charge belongs to the object: it ends with the object, whatever
 * process or file ends it, and goes back to the user that was charged. So fork, exec,
 * setuid and the passing of file descriptors change nothing for what is there, and what
 * is made afterwards is charged to the user of the process that makes it.
 *
 * The user is the real user ID, as for locked memory (ioas/pin.c). In a user namespace
 * it is one that the initial namespace has made responsible: see limits_uid().
 *
 * A process with CAP_SYS_RESOURCE in the initial user namespace is exempt: it is counted
 * apart, and refused nothing but what is not there.
 */
#ifndef IOASID_LIMITS_H
#define IOASID_LIMITS_H

#include <linux/types.h>

struct cred;
struct seq_file;
struct ioasid_account;

/**
 * enum ioasid_limit - kinds of objects that are limited
 * @IOASID_LIMIT_CONTEXTS: open /dev/iommu files, and what bindings keep of closed ones
 * @IOASID_LIMIT_PAGE_TABLES: domains, each of which takes one of an IOMMU's domain ids
 * @IOASID_LIMIT_PASIDS: numbers of the kernel's global PASID allocator: one for each that
 *	CPUs send, and for each on a RID that users share
 * @IOASID_LIMIT_PASID_PAGES: pages of PASID tables that an IOMMU's driver keeps until
 *	the device goes
 * @IOASID_LIMIT_ATTACHMENTS: address spaces behind a RID or a PASID of a device
 * @IOASID_NR_LIMITS: how many there are
 */
enum ioasid_limit {
	IOASID_LIMIT_CONTEXTS,
	IOASID_LIMIT_PAGE_TABLES,
	IOASID_LIMIT_PASIDS,
	IOASID_LIMIT_PASID_PAGES,
	IOASID_LIMIT_ATTACHMENTS,
	IOASID_NR_LIMITS,
};

/**
 * struct ioasid_charge - what an object is charged. All zeroes: nothing
 * @user: the account that is charged
 * @share: of a pool, the same user's account there; or NULL
 * @pool: of a pool, the account of all users together; or NULL
 * @what: of which kind
 * @nr: how many
 */
struct ioasid_charge {
	struct ioasid_account *user;
	struct ioasid_account *share;
	struct ioasid_account *pool;
	enum ioasid_limit what;
	unsigned int nr;
};

int ioasid_charge(struct ioasid_charge *charge, enum ioasid_limit what, unsigned int nr);
int ioasid_charge_shared(struct ioasid_charge *charge, enum ioasid_limit what,
			 const void *pool, unsigned int size);
int ioasid_charge_by(const struct cred *cred, const struct ioasid_charge *opener,
		     struct ioasid_charge *charge, enum ioasid_limit what,
		     const void *pool, unsigned int size);
void ioasid_uncharge(struct ioasid_charge *charge);
void ioasid_limits_show(struct seq_file *seq, const struct ioasid_charge *charge);

#endif /* IOASID_LIMITS_H */
