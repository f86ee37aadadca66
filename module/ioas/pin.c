// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning users' pages, and charging them for it.
 *
 * What is pinned is charged to the user (struct user_struct), which neither
 * exec nor exit resets, against the limit that the process that mapped it has
 * at the time. It is counted in the process's pinned_vm (VmPin in
 * /proc/PID/status) as well, for people to see.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "ioas/pin.h"

/**
 * ioasid_payer_current() - the calling process as a payer
 * @last: a payer that is likely to be the same, or NULL
 *
 * Return: a payer to be given back with ioasid_payer_put(), or
 * ERR_PTR(-ENOMEM).
 */
struct ioasid_payer *ioasid_payer_current(struct ioasid_payer *last)
{
	bool exempt = capable(CAP_IPC_LOCK);
	struct ioasid_payer *payer;

	if (last && last->mm == current->mm && last->exempt == exempt &&
	    last->task == current->group_leader &&
	    last->cred->user == current_user()) {
		refcount_inc(&last->refs);
		return last;
	}

	payer = kmalloc(sizeof(*payer), GFP_KERNEL_ACCOUNT);
	if (!payer)
		return ERR_PTR(-ENOMEM);
	refcount_set(&payer->refs, 1);
	payer->mm = current->mm;
	mmgrab(payer->mm);
	payer->task = get_task_struct(current->group_leader);
	payer->cred = get_current_cred();
	payer->exempt = exempt;
	return payer;
}

/**
 * ioasid_payer_put() - give back a payer
 * @payer: the payer, or NULL
 */
void ioasid_payer_put(struct ioasid_payer *payer)
{
	if (!payer || !refcount_dec_and_test(&payer->refs))
		return;
	mmdrop(payer->mm);
	put_task_struct(payer->task);
	put_cred(payer->cred);
	kfree(payer);
}

/**
 * ioasid_payer_charge() - charge pages that are about to be pinned
 * @payer: who pays
 * @pages: how many
 *
 * Return: 0, or -ENOMEM if that exceeds the limit.
 */
int ioasid_payer_charge(struct ioasid_payer *payer, unsigned long pages)
{
	atomic_long_t *locked = &payer->cred->user->locked_vm;
	unsigned long limit, new;
	long old;

	if (!payer->exempt) {
		limit = task_rlimit(payer->task, RLIMIT_MEMLOCK) >> PAGE_SHIFT;
		old = atomic_long_read(locked);
		do {
			if (check_add_overflow((unsigned long)old, pages, &new) ||
			    new > limit)
				return -ENOMEM;
		} while (!atomic_long_try_cmpxchg(locked, &old, new));
	}
	atomic64_add(pages, &payer->mm->pinned_vm);
	return 0;
}

/**
 * ioasid_payer_uncharge() - take back a charge
 * @payer: who paid
 * @pages: how many
 */
void ioasid_payer_uncharge(struct ioasid_payer *payer, unsigned long pages)
{
	if (!payer->exempt)
		atomic_long_sub(pages, &payer->cred->user->locked_vm);
	atomic64_sub(pages, &payer->mm->pinned_vm);
}

/* Pin one page or more; how many, or an error */
static long pin_some(struct ioasid_payer *payer, unsigned long vaddr,
		     unsigned int flags, struct page **pages, unsigned long nr)
{
	long ret;

	flags |= FOLL_LONGTERM;
	if (payer->mm == current->mm)
		return kc_pin_current(vaddr, nr, flags, pages);
	/* The process may have ended */
	if (!mmget_not_zero(payer->mm))
		return -EFAULT;
	ret = kc_pin_remote(payer->mm, vaddr, nr, flags, pages);
	mmput(payer->mm);
	return ret;
}

/**
 * ioasid_pin() - pin a payer's pages
 * @payer: whose memory
 * @vaddr: address of the first page there
 * @write: may the device write to them?
 * @pages: the pages
 * @nr: how many
 *
 * Context: process. May fault pages in, which userspace may delay for as long
 * as it likes (userfaultfd); killable.
 * Return: 0 when all are pinned, otherwise none is: -EFAULT, -ENOMEM, -EINTR.
 */
int ioasid_pin(struct ioasid_payer *payer, unsigned long vaddr, bool write,
	       struct page **pages, unsigned long nr)
{
	unsigned int flags = write ? FOLL_WRITE : KC_PIN_READ;
	unsigned long done = 0;
	long ret;

	while (done < nr) {
		unsigned long addr = vaddr + (done << PAGE_SHIFT);

		ret = pin_some(payer, addr, flags, pages + done, nr - done);
		if (ret == -EFAULT && !write && KC_PIN_READ)
			ret = pin_some(payer, addr, 0, pages + done, 1);
		if (ret <= 0)
			goto unpin;
		done += ret;
	}
	return 0;

unpin:
	unpin_user_pages(pages, done);
	if (ret == -ENOMEM)
		return -ENOMEM;
	return fatal_signal_pending(current) ? -EINTR : -EFAULT;
}

/**
 * ioasid_unpin() - unpin pages
 * @pages: the pages
 * @nr: how many
 * @dirty: may a device have written to them?
 */
void ioasid_unpin(struct page **pages, unsigned long nr, bool dirty)
{
	unpin_user_pages_dirty_lock(pages, nr, dirty);
}
