/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PIN_H
#define IOASID_PIN_H

#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "compat/compat.h"

struct cred;
struct file;
struct task_struct;

/**
 * struct ioasid_payer - who mapped memory: whose it is and who is charged
 * @refs: mappings that were made by it
 * @mm: its memory; the structure is held, not the memory
 * @task: its process, whose RLIMIT_MEMLOCK counts
 * @cred: holds the user who is charged
 * @exempt: not charged, for it had CAP_IPC_LOCK
 * @file: the memory is that of this file, and addresses are offsets in it; or NULL
 * @write: @file is kept writable
 * @memory: the payer whose memory it is, and @file if it has one; NULL: this one
 */
struct ioasid_payer {
	refcount_t refs;
	struct mm_struct *mm;
	struct task_struct *task;
	const struct cred *cred;
	bool exempt;
	struct file *file;
	bool write;
	struct ioasid_payer *memory;
};

struct ioasid_payer *ioasid_payer_current(struct ioasid_payer *last);
struct ioasid_payer *ioasid_payer_file(int fd, u64 start, u64 length, bool write);
struct ioasid_payer *ioasid_payer_of(struct ioasid_payer *other, struct ioasid_payer *last);
void ioasid_payer_put(struct ioasid_payer *payer);
int ioasid_payer_charge(struct ioasid_payer *payer, unsigned long pages);
void ioasid_payer_uncharge(struct ioasid_payer *payer, unsigned long pages);
void ioasid_payer_strand(struct ioasid_payer *payer);
bool ioasid_charge_current(unsigned long pages);
void ioasid_uncharge_current(unsigned long pages);
void ioasid_payer_take(struct ioasid_payer *payer, unsigned long pages);

int ioasid_payer_pin(struct ioasid_payer *payer, unsigned long addr, bool write,
		     struct page **pages, unsigned int nr);
int ioasid_pin_slow(struct mm_struct *mm, unsigned long vaddr, bool write,
		    struct page **pages, unsigned long nr);
void ioasid_unpin(struct page **pages, unsigned long nr, bool dirty);
void ioasid_unpin_long(unsigned long pfn, unsigned long nr, bool dirty);

/*
 * Refuse pages with a count of references above half of what it can hold: the kernel warns
 * when it overflows. A page gets there by about a million mappings
 */
static inline bool ioasid_pins_fit(struct page **pages, unsigned long nr)
{
	unsigned long i;

	/* Of tail pages nothing is counted, and a large page's head has room for terabytes */
	for (i = 0; i < nr; i++)
		if (unlikely((unsigned int)page_ref_count(pages[i]) > INT_MAX / 2))
			return false;
	return true;
}

/**
 * ioasid_pin() - pin a user's pages
 * @mm: whose memory; the structure is held, not the memory
 * @vaddr: address of the first page there
 * @write: may the device write to them?
 * @pages: the pages
 * @nr: how many
 *
 * Context: process. May fault pages in, which userspace may delay for as long
 * as it likes (userfaultfd); killable.
 * Return: 0 when all are pinned, otherwise none is: -EFAULT, -ENOMEM, -EINTR.
 */
static inline int ioasid_pin(struct mm_struct *mm, unsigned long vaddr, bool write,
			     struct page **pages, unsigned long nr)
{
	unsigned int flags = FOLL_LONGTERM | (write ? FOLL_WRITE : KC_PIN_READ);
	long pinned = 0;

	if (mm == current->mm)
		pinned = kc_pin_current(vaddr, nr, flags, pages);
	if (pinned == nr && likely(ioasid_pins_fit(pages, nr)))
		return 0;
	if (pinned > 0)
		unpin_user_pages(pages, pinned);
	return ioasid_pin_slow(mm, vaddr, write, pages, nr);
}

/* Pages unpinned between two chances to reschedule */
#define UNPIN_A_TURN	SZ_4K

/**
 * ioasid_unpin_run() - unpin pages that follow one another
 * @pfn: the first one
 * @nr: how many
 * @dirty: may a device have written to them?
 */
static inline void ioasid_unpin_run(unsigned long pfn, unsigned long nr, bool dirty)
{
	if (likely(nr <= UNPIN_A_TURN))
		unpin_user_page_range_dirty_lock(pfn_to_page(pfn), nr, dirty);
	else
		ioasid_unpin_long(pfn, nr, dirty);
}

#endif /* IOASID_PIN_H */
