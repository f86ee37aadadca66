// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning the memory of files: memfd, tmpfs and hugetlbfs.
 *
 * memfd_pin_folios() does less than a page fault. What it leaves out is done here:
 *
 * - what the user may not write to is not mapped to be written: mode and seals are
 *   looked at;
 * - folios that fallocate() has left uncleared are cleared;
 * - holes in files of huge pages are filled as the caller. By itself it takes pages that
 *   others have reserved (before 7.2), and charges no cgroup. Holes in shmem it fills as
 *   a page fault does.
 */
#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "compat/file_compat.h"
#include "ioas/file.h"

/*
 * May the caller have this written to for as long as it is mapped? As mmap() decides. A
 * seal that is set later finds the file mapped, as by mmap(): F_SEAL_WRITE is refused
 * (EBUSY), and F_SEAL_FUTURE_WRITE does not concern what is mapped already.
 */
static int file_keep_writable(struct file *file)
{
	int ret;

	if (!(file->f_mode & FMODE_WRITE) || IS_APPEND(file_inode(file)))
		return -EACCES;
	ret = mapping_map_writable(file->f_mapping);
	if (!ret && kc_file_seals(file) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
		mapping_unmap_writable(file->f_mapping);
		ret = -EPERM;
	}
	return ret;
}

/**
 * ioasid_file_get() - get a file whose memory is to be mapped
 * @fd: number of the open file
 * @start: offset of what is to be mapped
 * @length: bytes
 * @write: will devices write to it?
 *
 * Return: the file, to be given back with ioasid_file_put(), or an ERR_PTR():
 * -EOPNOTSUPP if the kernel cannot do it, -EBADF if no file has that number, -EINVAL if
 * it is no memfd or ends before that, -EACCES if it is not open for that or is
 * append-only, -EPERM if it is sealed.
 */
struct file *ioasid_file_get(int fd, u64 start, u64 length, bool write)
{
	struct file *file;
	u64 size;
	int ret;

	if (!KC_PIN_FILE)
		return ERR_PTR(-EOPNOTSUPP);
	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	ret = -EINVAL;
	if (!kc_file_is_shmem(file) && !kc_file_is_huge(file))
		goto put;
	size = i_size_read(file_inode(file));
	if (length > size || start > size - length)
		goto put;
	ret = -EACCES;
	if (!(file->f_mode & FMODE_READ))
		goto put;
	ret = write ? file_keep_writable(file) : 0;
	if (ret)
		goto put;
	return file;

put:
	fput(file);
	return ERR_PTR(ret);
}

/**
 * ioasid_file_put() - give back a file
 * @file: the file
 * @write: as for ioasid_file_get()
 */
void ioasid_file_put(struct file *file, bool write)
{
	if (write)
		mapping_unmap_writable(file->f_mapping);
	fput(file);
}

/*
 * Clear a pinned folio if nobody has, and mark it so that what devices write is not
 * cleared later. What fallocate() makes in shmem is not cleared before its first use by
 * the CPU, or by this. Files of huge pages have no such folios, but for those that have
 * been cut out meanwhile.
 */
static int folio_clear(struct file *file, pgoff_t index, struct folio *folio)
{
	struct folio *found;

	if (likely(folio_test_uptodate(folio)))
		return 0;
	if (!kc_file_is_shmem(file))
		return -EFAULT;
	found = kc_file_read(file, index);
	if (IS_ERR(found))
		return PTR_ERR(found);
	folio_put(found);
	/* Another one: ours has been cut out of the file meanwhile, and is not cleared */
	return found == folio ? 0 : -EFAULT;
}

static bool huge_has_holes(struct file *file, u64 start, u64 last)
{
	u64 size = kc_file_page_size(file), at;

	for (at = round_down(start, size); at <= last; at += size)
		if (!kc_file_has(file, at >> PAGE_SHIFT))
			return true;
	return false;
}

/*
 * Fill holes as the caller: with what is reserved for the file, charged to the cgroup,
 * and not for one who cannot write to it. What is filled stays if the rest fails.
 */
static int huge_fill(struct file *file, u64 start, u64 last)
{
	unsigned int flags;
	sigset_t set, old;
	int ret;

	if (last >= i_size_read(file_inode(file)))
		return -EFAULT;
	/* Unlike a page fault it gives up for any signal */
	siginitsetinv(&set, sigmask(SIGKILL));
	sigprocmask(SIG_BLOCK, &set, &old);
	flags = memalloc_pin_save();
	ret = vfs_fallocate(file, FALLOC_FL_KEEP_SIZE, start, last - start + 1);
	memalloc_pin_restore(flags);
	sigprocmask(SIG_SETMASK, &old, NULL);
	/* There is work to be done on the way to userspace, and the call is made again */
	return ret == -EINTR ? -ERESTARTNOINTR : ret;
}

/* Pin folios of a file of huge pages, none of them a new one: holes cannot be punched */
static long huge_pin(struct file *file, u64 start, u64 last, struct folio **folios,
		     unsigned int nr, pgoff_t *offset)
{
	struct inode *inode = file_inode(file);
	bool filled = false;
	long ret;

	for (;;) {
		ret = down_read_killable(&inode->i_rwsem);
		if (ret)
			return ret;
		if (!huge_has_holes(file, start, last))
			break;
		inode_unlock_shared(inode);
		ret = filled ? -EFAULT : huge_fill(file, start, last);
		if (ret)
			return ret;
		filled = true;
	}
	ret = kc_file_pin(file, start, last, folios, nr, offset);
	inode_unlock_shared(inode);
	return ret;
}

/*
 * Pages of a pinned folio, from one of them on. A folio is pinned once, and they are
 * unpinned page by page. False, with the folio pinned as it was, if that overflows.
 */
static bool folio_to_pages(struct folio *folio, unsigned long first, struct page **pages,
			   unsigned int nr, struct kc_pin_count *count)
{
	unsigned int i;

	if (nr > 1 && !kc_pin_again(folio_page(folio, first), nr - 1, count))
		return false;
	for (i = 0; i < nr; i++)
		pages[i] = folio_page(folio, first + i);
	return true;
}

/**
 * ioasid_file_pin() - pin pages of a file
 * @file: from ioasid_file_get()
 * @start: offset of the first one
 * @pages: the pages
 * @nr: how many
 *
 * Context: process. May read from swap; killable.
 * Return: 0 when all are pinned, otherwise none is, and an error of the kernel's.
 */
int ioasid_file_pin(struct file *file, u64 start, struct page **pages, unsigned int nr)
{
	u64 last = start + ((u64)nr << PAGE_SHIFT) - 1;
	struct kc_pin_count count = {};
	struct folio **folios;
	unsigned int done = 0;
	pgoff_t offset = 0;
	long nr_folios, i;
	int ret = 0;

	folios = kmalloc_array(nr, sizeof(*folios), GFP_KERNEL_ACCOUNT);
	if (!folios)
		return -ENOMEM;
	if (kc_file_is_huge(file))
		nr_folios = huge_pin(file, start, last, folios, nr, &offset);
	else
		nr_folios = kc_file_pin(file, start, last, folios, nr, &offset);
	if (nr_folios < 0) {
		kfree(folios);
		return nr_folios;
	}
	for (i = 0; i < nr_folios; i++) {
		unsigned long first = i ? 0 : offset >> PAGE_SHIFT;
		unsigned int n = min_t(unsigned long, nr - done,
				       folio_nr_pages(folios[i]) - first);

		ret = folio_clear(file, (start >> PAGE_SHIFT) + done, folios[i]);
		/* A larger one has taken the place of what was cut out while it pinned */
		if (!ret && i && !kc_file_is_huge(file) &&
		    folios[i]->index != (start >> PAGE_SHIFT) + done)
			ret = -EFAULT;
		if (!ret && (!n || !folio_to_pages(folios[i], first, pages + done, n, &count)))
			ret = -ENOMEM;
		if (ret)
			break;
		done += n;
	}
	kc_pin_count_end(&count);
	if (!ret && done < nr)
		ret = -EFAULT;
	if (ret) {
		kc_file_unpin(folios + i, nr_folios - i);
		unpin_user_pages(pages, done);
	}
	kfree(folios);
	return ret;
}
