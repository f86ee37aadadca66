// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has which PASID.
 */
#include <linux/minmax.h>
#include <linux/slab.h>

#include "attach/numbers.h"

/**
 * ioasid_numbers_init() - no number is taken, and there is no floor
 * @numbers: the numbers
 * @limit: they are below, at least 2
 */
void ioasid_numbers_init(struct ioasid_numbers *numbers, u32 limit)
{
	numbers->limit = limit;
	numbers->floor = 0;
	xa_init_flags(&numbers->entries, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
}

/**
 * ioasid_numbers_destroy() - end it, with all numbers given back
 * @numbers: the numbers
 */
void ioasid_numbers_destroy(struct ioasid_numbers *numbers)
{
	WARN_ON(!xa_empty(&numbers->entries));
	xa_destroy(&numbers->entries);
}

/**
 * ioasid_numbers_check() - may a user choose a number?
 * @numbers: the numbers
 * @number: the number, any
 *
 * Return: 0, or -EINVAL: it is none, or the kernel's.
 */
int ioasid_numbers_check(struct ioasid_numbers *numbers, u32 number)
{
	u32 floor = READ_ONCE(numbers->floor);

	return number && number < (floor ?: numbers->limit) ? 0 : -EINVAL;
}

/**
 * ioasid_numbers_take() - take a number
 * @numbers: the numbers
 * @number: one below the limit
 * @entry: what it stands for
 *
 * Return: 0, -EBUSY if it is taken, -ENOMEM.
 */
int ioasid_numbers_take(struct ioasid_numbers *numbers, u32 number, void *entry)
{
	return xa_insert(&numbers->entries, number, entry, GFP_KERNEL_ACCOUNT);
}

/**
 * ioasid_numbers_reserve() - take a number that stands for nothing yet
 * @numbers: the numbers
 * @number: one below the limit
 *
 * To be given back, or published, by the caller.
 *
 * Return: 0, -EBUSY if it is taken, -ENOMEM.
 */
int ioasid_numbers_reserve(struct ioasid_numbers *numbers, u32 number)
{
	return xa_insert(&numbers->entries, number, NULL, GFP_KERNEL_ACCOUNT);
}

/**
 * ioasid_numbers_publish() - say what a reserved number stands for
 * @numbers: the numbers
 * @number: the number, reserved by the caller
 * @entry: what it stands for
 *
 * Never fails: the reservation has the memory.
 */
void ioasid_numbers_publish(struct ioasid_numbers *numbers, u32 number, void *entry)
{
	WARN_ON(xa_is_err(xa_store(&numbers->entries, number, entry, 0)));
}

/**
 * ioasid_numbers_alloc() - take the lowest number that is free and the kernel's
 * @numbers: the numbers
 * @entry: what it stands for
 * @number: out: the number
 *
 * Return: 0, -ENOSPC if none is left, -ENOMEM.
 */
int ioasid_numbers_alloc(struct ioasid_numbers *numbers, void *entry, u32 *number)
{
	u32 first, last = numbers->limit - 1;
	int ret;

	xa_lock(&numbers->entries);
	do {
		first = max(numbers->floor, 1U);
		ret = -EBUSY;
		if (first > last)
			break;
		ret = __xa_alloc(&numbers->entries, number, entry, XA_LIMIT(first, last),
				 GFP_KERNEL_ACCOUNT);
		if (ret || *number >= numbers->floor)
			break;
		/* The floor was set while memory was waited for, without the lock */
		__xa_erase(&numbers->entries, *number);
	} while (true);
	xa_unlock(&numbers->entries);
	return ret == -EBUSY ? -ENOSPC : ret;
}

/**
 * ioasid_numbers_give_back() - a number stands for nothing any more
 * @numbers: the numbers
 * @number: the number. Who looks it up right now may still find the entry
 */
void ioasid_numbers_give_back(struct ioasid_numbers *numbers, u32 number)
{
	xa_erase(&numbers->entries, number);
}

/**
 * ioasid_numbers_set_floor() - say which numbers are the user's
 * @numbers: the numbers
 * @floor: those below it; at most the limit. 0: no floor
 *
 * Return: 0, -EINVAL, -EBUSY if a number is taken.
 */
int ioasid_numbers_set_floor(struct ioasid_numbers *numbers, u32 floor)
{
	int ret = 0;

	if (floor > numbers->limit)
		return -EINVAL;
	xa_lock(&numbers->entries);
	if (!xa_empty(&numbers->entries))
		ret = -EBUSY;
	else
		WRITE_ONCE(numbers->floor, floor);
	xa_unlock(&numbers->entries);
	return ret;
}
