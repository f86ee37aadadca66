/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_RESET_H
#define IOASID_RESET_H

#include <linux/list.h>

/**
 * struct ioasid_resets - resets of devices of a RID that are under way
 * @nr: how many. Not 0: nothing is attached there. Changes by ioasid_resets_change()
 *	under groups_lock
 * @frozen: the address spaces that are frozen meanwhile; under groups_lock
 */
struct ioasid_resets {
	unsigned int nr;
	struct list_head frozen;
};

void ioasid_resets_init(struct ioasid_resets *resets);
void ioasid_resets_end(struct ioasid_resets *resets);

#endif /* IOASID_RESET_H */
