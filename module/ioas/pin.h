/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PIN_H
#define IOASID_PIN_H

#include <linux/refcount.h>
#include <linux/types.h>

struct cred;
struct mm_struct;
struct page;
struct task_struct;

/**
 * struct ioasid_payer - who mapped memory: whose it is and who is charged
 * @refs: mappings that were made by it
 * @mm: its memory; the structure is held, not the memory
 * @task: its process, whose RLIMIT_MEMLOCK counts
 * @cred: holds the user who is charged
 * @exempt: not charged, for it had CAP_IPC_LOCK
 */
struct ioasid_payer {
	refcount_t refs;
	struct mm_struct *mm;
	struct task_struct *task;
	const struct cred *cred;
	bool exempt;
};

struct ioasid_payer *ioasid_payer_current(struct ioasid_payer *last);
void ioasid_payer_put(struct ioasid_payer *payer);
int ioasid_payer_charge(struct ioasid_payer *payer, unsigned long pages);
void ioasid_payer_uncharge(struct ioasid_payer *payer, unsigned long pages);

int ioasid_pin(struct ioasid_payer *payer, unsigned long vaddr, bool write,
	       struct page **pages, unsigned long nr);
void ioasid_unpin(struct page **pages, unsigned long nr, bool dirty);

#endif /* IOASID_PIN_H */
