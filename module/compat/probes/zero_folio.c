// SPDX-License-Identifier: GPL-2.0-only
/* Is a folio the zero page? */
#include <linux/mm.h>

bool test(const struct folio *folio);

bool test(const struct folio *folio)
{
	return is_zero_folio(folio);
}
