/* SPDX-License-Identifier: GPL-2.0-only */
/* The page cache of memfd, tmpfs and hugetlbfs, for ioas/file.c. */
#ifndef IOASID_FILE_COMPAT_H
#define IOASID_FILE_COMPAT_H

#include <linux/err.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

#include "ioasid_config.h"

#ifdef HAVE_MEMFD_PIN_FOLIOS
#define KC_PIN_FILE 1

static inline bool kc_file_is_shmem(struct file *file)
{
	return shmem_file(file);
}

static inline bool kc_file_is_huge(struct file *file)
{
	return is_file_hugepages(file);
}

/* F_SEAL_*: the kernel exports no function for them */
static inline unsigned int kc_file_seals(struct file *file)
{
	if (shmem_file(file))
		return READ_ONCE(SHMEM_I(file_inode(file))->seals);
#ifdef CONFIG_HUGETLBFS
	if (is_file_hugepages(file))
		return READ_ONCE(HUGETLBFS_I(file_inode(file))->seals);
#endif
	return 0;
}

/* Bytes of a page of a file of huge pages */
static inline u64 kc_file_page_size(struct file *file)
{
	return huge_page_size(hstate_file(file));
}

/* Is there a folio at an index? */
static inline bool kc_file_has(struct file *file, pgoff_t index)
{
	struct folio *folio = filemap_get_folio(file->f_mapping, index);

	if (IS_ERR(folio))
		return false;
	folio_put(folio);
	return true;
}

/* The folio at an index of a file of shmem, cleared or read from swap */
static inline struct folio *kc_file_read(struct file *file, pgoff_t index)
{
	return shmem_read_folio(file->f_mapping, index);
}

static inline long kc_file_pin(struct file *file, u64 start, u64 last, struct folio **folios,
			       unsigned int nr, pgoff_t *offset)
{
	return memfd_pin_folios(file, start, last, folios, nr, offset);
}

static inline void kc_file_unpin(struct folio **folios, unsigned long nr)
{
	unpin_folios(folios, nr);
}
#else
#define KC_PIN_FILE 0

static inline bool kc_file_is_shmem(struct file *file)
{
	return false;
}

static inline bool kc_file_is_huge(struct file *file)
{
	return false;
}

static inline unsigned int kc_file_seals(struct file *file)
{
	return 0;
}

static inline u64 kc_file_page_size(struct file *file)
{
	return PAGE_SIZE;
}

static inline bool kc_file_has(struct file *file, pgoff_t index)
{
	return false;
}

static inline struct folio *kc_file_read(struct file *file, pgoff_t index)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline long kc_file_pin(struct file *file, u64 start, u64 last, struct folio **folios,
			       unsigned int nr, pgoff_t *offset)
{
	return -EOPNOTSUPP;
}

static inline void kc_file_unpin(struct folio **folios, unsigned long nr)
{
}
#endif

#endif /* IOASID_FILE_COMPAT_H */
