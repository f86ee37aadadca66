/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_NUMBERS_H
#define IOASID_NUMBERS_H

#include <linux/xarray.h>

/**
 * struct ioasid_numbers - PASIDs that can be told apart, and who has which
 * @limit: numbers are below; 0 is none of them
 * @floor: those below it are for the user to choose, the others for the kernel;
 *	0: either may take what is free. Changes under the xarray's lock, while all
 *	numbers are free
 * @entries: what a number stands for; read under RCU
 *
 * There is one for each RID, and one for each binding of a mediated device,
 * whose user has numbers of its own.
 */
struct ioasid_numbers {
	u32 limit;
	u32 floor;
	struct xarray entries;
};

void ioasid_numbers_init(struct ioasid_numbers *numbers, u32 limit);
void ioasid_numbers_destroy(struct ioasid_numbers *numbers);
int ioasid_numbers_check(struct ioasid_numbers *numbers, u32 number);
int ioasid_numbers_take(struct ioasid_numbers *numbers, u32 number, void *entry);
int ioasid_numbers_reserve(struct ioasid_numbers *numbers, u32 number);
void ioasid_numbers_publish(struct ioasid_numbers *numbers, u32 number, void *entry);
int ioasid_numbers_alloc(struct ioasid_numbers *numbers, void *entry, u32 *number);
void ioasid_numbers_give_back(struct ioasid_numbers *numbers, u32 number);
int ioasid_numbers_set_floor(struct ioasid_numbers *numbers, u32 floor);

#endif /* IOASID_NUMBERS_H */
