// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page that is pinned for reading only, of a private mapping that has not
 * been written to, is left behind when the process writes to it: unsharing does
 * not look at the vma.
 */
#include <linux/mm.h>

bool probe(struct page *page);
bool probe(struct page *page)
{
	return gup_must_unshare(FOLL_PIN | FOLL_LONGTERM, page);
}
