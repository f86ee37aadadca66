#include <linux/mm.h>

bool test(const struct folio *folio);

bool test(const struct folio *folio)
{
	return is_zero_folio(folio);
}
