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
#include "ioas/file.h"
#include "ioas/pin.h"

/* The same credentials are the same user with the same capabilities */
static bool payer_is_current(const struct ioasid_payer *payer)
{
	return payer->mm == current->mm && payer->cred == current_cred() &&
	       payer->task == current->group_leader;
}

/**
 * ioasid_payer_current() - the calling process as a payer
 * @last: a payer that is likely to be the same, or NULL
 *
 * Return: a payer to be given back with ioasid_payer_put(), or
 * ERR_PTR(-ENOMEM).
 */
struct ioasid_payer *ioasid_payer_current(struct ioasid_payer *last)
{
	struct ioasid_payer *payer;

	if (last && payer_is_current(last) && !last->file && !last->memory) {
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
	payer->exempt = capable(CAP_IPC_LOCK);
	payer->file = NULL;
	payer->memory = NULL;
	return payer;
}

/**
 * ioasid_payer_of() - the calling process as a payer for memory that is mapped already
 * @other: the payer of that
 * @last: what this has returned before, or NULL
 *
 * Return: a payer to be given back with ioasid_payer_put(), or ERR_PTR(-ENOMEM).
 */
struct ioasid_payer *ioasid_payer_of(struct ioasid_payer *other, struct ioasid_payer *last)
{
	struct ioasid_payer *memory = other->memory ?: other, *payer;

	if (payer_is_current(other))
		last = other;
	else if (last && last->memory != memory)
		last = NULL;
	if (last) {
		refcount_inc(&last->refs);
		return last;
	}
	payer = ioasid_payer_current(NULL);
	if (IS_ERR(payer))
		return payer;
	payer->memory = memory;
	refcount_inc(&memory->refs);
	return payer;
}

/**
 * ioasid_payer_file() - the calling process as a payer for a file's memory
 * @fd: number of the open file, a memfd
 * @start: offset of what is to be mapped
 * @length: bytes
 * @write: will devices write to it?
 *
 * Return: a payer to be given back with ioasid_payer_put(), or an ERR_PTR(): as
 * ioasid_file_get(), and -ENOMEM.
 */
struct ioasid_payer *ioasid_payer_file(int fd, u64 start, u64 length, bool write)
{
	struct file *file = ioasid_file_get(fd, start, length, write);
	struct ioasid_payer *payer;

	if (IS_ERR(file))
		return ERR_CAST(file);
	payer = ioasid_payer_current(NULL);
	if (IS_ERR(payer)) {
		ioasid_file_put(file, write);
		return payer;
	}
	payer->file = file;
	payer->write = write;
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
	ioasid_payer_put(payer->memory);
	if (payer->file)
		ioasid_file_put(payer->file, payer->write);
	kfree(payer);
}

static bool charge_user(struct user_struct *user, unsigned long pages,
			unsigned long limit)
{
	long old = atomic_long_read(&user->locked_vm);
	unsigned long new;

	do {
		if (check_add_overflow((unsigned long)old, pages, &new) ||
		    new > limit >> PAGE_SHIFT)
			return false;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, new));
	return true;
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
	if (!payer->exempt &&
	    !charge_user(payer->cred->user, pages,
			 task_rlimit(payer->task, RLIMIT_MEMLOCK)))
		return -ENOMEM;
	atomic64_add(pages, &payer->mm->pinned_vm);
	return 0;
}

/**
 * ioasid_charge_current() - charge the caller, whether exempt or not
 * @pages: how many are about to be pinned
 *
 * Without a payer, which takes a lock. What comes of it is ioasid_payer_take() or
 * ioasid_uncharge_current().
 *
 * Return: false if that would exceed the limit.
 */
bool ioasid_charge_current(unsigned long pages)
{
	return charge_user(current_user(), pages, rlimit(RLIMIT_MEMLOCK));
}

/**
 * ioasid_uncharge_current() - take back the caller's charge
 * @pages: how many
 */
void ioasid_uncharge_current(unsigned long pages)
{
	atomic_long_sub(pages, &current_user()->locked_vm);
}

/**
 * ioasid_payer_take() - make the caller's charge that of a payer
 * @payer: the caller as a payer
 * @pages: how many
 */
void ioasid_payer_take(struct ioasid_payer *payer, unsigned long pages)
{
	if (payer->exempt)
		ioasid_uncharge_current(pages);
	atomic64_add(pages, &payer->mm->pinned_vm);
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

/**
 * ioasid_payer_strand() - pages stay pinned and charged for good
 * @payer: who paid for them
 *
 * The count of what a user has charged would begin anew if his last process ended: the
 * user is kept.
 */
void ioasid_payer_strand(struct ioasid_payer *payer)
{
	if (!payer->exempt)
		get_uid(payer->cred->user);
}

/* An error as the header documents it, of whatever pinning came to in the kernel */
static int pin_error(long error)
{
	switch (error) {
	case -ENOMEM:
	case -ENOSPC:
	case -EDQUOT:
		return -ENOMEM;
	case -ERESTARTNOINTR:
		return error;
	default:
		return fatal_signal_pending(current) ? -EINTR : -EFAULT;
	}
}

/* Pin one page or more; how many, or an error */
static long pin_some(struct mm_struct *mm, unsigned long vaddr,
		     unsigned int flags, struct page **pages, unsigned long nr)
{
	long ret;

	flags |= FOLL_LONGTERM;
	if (mm == current->mm)
		return kc_pin_current(vaddr, nr, flags, pages);
	/* The process may have ended */
	if (!mmget_not_zero(mm))
		return -EFAULT;
	ret = kc_pin_remote(mm, vaddr, nr, flags, pages);
	/* It may be the last one, and we hold locks: what the process had open is closed then */
	mmput_async(mm);
	return ret;
}

/* ioasid_pin(), a part after the other */
int ioasid_pin_slow(struct mm_struct *mm, unsigned long vaddr, bool write,
		    struct page **pages, unsigned long nr)
{
	unsigned int flags = write ? FOLL_WRITE : KC_PIN_READ;
	unsigned long done = 0;
	long ret;

	while (done < nr) {
		unsigned long addr = vaddr + (done << PAGE_SHIFT);

		ret = pin_some(mm, addr, flags, pages + done, nr - done);
		if (ret == -EFAULT && !write && KC_PIN_READ)
			ret = pin_some(mm, addr, 0, pages + done, 1);
		if (ret <= 0)
			goto unpin;
		done += ret;
	}
	if (likely(ioasid_pins_fit(pages, nr)))
		return 0;
	ret = -ENOMEM;

unpin:
	unpin_user_pages(pages, done);
	return pin_error(ret);
}

/**
 * ioasid_payer_pin() - pin pages of a payer's memory
 * @payer: whose it is
 * @addr: address of the first page there, or offset in its file
 * @write: may the device write to them?
 * @pages: the pages
 * @nr: how many
 *
 * Context: as ioasid_pin().
 * Return: as ioasid_pin().
 */
int ioasid_payer_pin(struct ioasid_payer *payer, unsigned long addr, bool write,
		     struct page **pages, unsigned int nr)
{
	int ret;

	if (unlikely(payer->memory))
		payer = payer->memory;
	if (likely(!payer->file))
		return ioasid_pin(payer->mm, addr, write, pages, nr);
	ret = ioasid_file_pin(payer->file, addr, pages, nr);
	return ret ? pin_error(ret) : 0;
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

/* ioasid_unpin_run(), a part after the other */
void ioasid_unpin_long(unsigned long pfn, unsigned long nr, bool dirty)
{
	unsigned long n;

	for (; nr; nr -= n, pfn += n) {
		n = min_t(unsigned long, nr, UNPIN_A_TURN);
		unpin_user_page_range_dirty_lock(pfn_to_page(pfn), n, dirty);
		cond_resched();
	}
}
