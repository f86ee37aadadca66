// SPDX-License-Identifier: GPL-2.0-only
/* pin_user_pages_remote() also returns the vmas */
#include <linux/mm.h>

long probe(struct mm_struct *mm, struct page **pages, int *locked);
long probe(struct mm_struct *mm, struct page **pages, int *locked)
{
	struct vm_area_struct **vmas = NULL;

	return pin_user_pages_remote(mm, 0, 1, FOLL_LONGTERM, pages, vmas, locked);
}
