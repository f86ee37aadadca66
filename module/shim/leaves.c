// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaves of PASID tables. Some drivers allocate one with the first number in it that is
 * attached, uncharged, and keep it for as long as the kernel knows the device, whatever
 * users have it. So each is charged to the first user that needed it, for as long.
 *
 * What was there before the module was loaded is not known, and is charged anew.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "base/limits.h"
#include "shim/leaves.h"

/**
 * struct table - a device's PASID table
 * @node: in the list of them
 * @dev: the device
 * @leaves: struct ioasid_charge, by the number of a leaf
 */
struct table {
	struct list_head node;
	const struct device *dev;
	struct xarray leaves;
};

static LIST_HEAD(tables);

/* Protects all of it. Innermost, with limits_lock */
static DEFINE_MUTEX(leaves_lock);

static struct table *table_find(const struct device *dev)
{
	struct table *table;

	lockdep_assert_held(&leaves_lock);
	list_for_each_entry(table, &tables, node)
		if (table->dev == dev)
			return table;
	return NULL;
}

static struct table *table_get(const struct device *dev)
{
	struct table *table = table_find(dev);

	if (table)
		return table;
	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;
	table->dev = dev;
	xa_init_flags(&table->leaves, XA_FLAGS_ACCOUNT);
	list_add(&table->node, &tables);
	return table;
}

static void table_free(struct table *table)
{
	struct ioasid_charge *charge;
	unsigned long leaf;

	list_del(&table->node);
	xa_for_each(&table->leaves, leaf, charge) {
		ioasid_uncharge(charge);
		kfree(charge);
	}
	xa_destroy(&table->leaves);
	kfree(table);
}

static int leaf_add(struct table *table, unsigned long leaf, unsigned int pages)
{
	struct ioasid_charge *charge = kmalloc(sizeof(*charge), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!charge)
		return -ENOMEM;
	ret = ioasid_charge(charge, IOASID_LIMIT_PASID_PAGES, pages);
	if (ret)
		goto free;
	ret = xa_insert(&table->leaves, leaf, charge, GFP_KERNEL_ACCOUNT);
	if (!ret)
		return 0;
	ioasid_uncharge(charge);
free:
	kfree(charge);
	return ret;
}

static bool leaf_is_there(const struct device *dev, unsigned long leaf)
{
	struct table *table;
	bool there;

	mutex_lock(&leaves_lock);
	table = table_find(dev);
	there = table && xa_load(&table->leaves, leaf);
	mutex_unlock(&leaves_lock);
	return there;
}

/**
 * ioasid_leaves_room() - could the caller attach a number?
 * @dev: of this device
 * @pasid: the number
 * @numbers: as many numbers are in a leaf
 * @pages: as many pages is that
 *
 * Return: as ioasid_leaves_use(), with nothing charged.
 */
int ioasid_leaves_room(const struct device *dev, u32 pasid, u32 numbers, u32 pages)
{
	struct ioasid_charge charge;
	int ret;

	if (leaf_is_there(dev, pasid / numbers))
		return 0;
	ret = ioasid_charge(&charge, IOASID_LIMIT_PASID_PAGES, pages);
	ioasid_uncharge(&charge);
	return ret;
}

/**
 * ioasid_leaves_use() - the driver is about to be asked to attach a number
 * @dev: of this device
 * @pasid: the number, or 0: none
 * @numbers: as many numbers are in a leaf
 * @pages: as many pages is that
 *
 * A leaf stays charged whatever comes of that: the driver does not say.
 *
 * Return: 0, -ENOSPC if the leaf is new and the caller may have no more, -ENOMEM.
 */
int ioasid_leaves_use(const struct device *dev, u32 pasid, u32 numbers, u32 pages)
{
	unsigned long leaf = pasid / numbers;
	struct table *table;
	int ret = -ENOMEM;

	if (!pasid)
		return 0;
	mutex_lock(&leaves_lock);
	table = table_get(dev);
	if (table)
		ret = xa_load(&table->leaves, leaf) ? 0 : leaf_add(table, leaf, pages);
	mutex_unlock(&leaves_lock);
	return ret;
}

/**
 * ioasid_leaves_forget() - the kernel knows a device no more
 * @dev: the device
 *
 * Never fails, needs no memory.
 */
void ioasid_leaves_forget(const struct device *dev)
{
	struct table *table;

	mutex_lock(&leaves_lock);
	table = table_find(dev);
	if (table)
		table_free(table);
	mutex_unlock(&leaves_lock);
}

/**
 * ioasid_leaves_exit() - forget all that is known
 */
void ioasid_leaves_exit(void)
{
	struct table *table, *next;

	mutex_lock(&leaves_lock);
	list_for_each_entry_safe(table, next, &tables, node)
		table_free(table);
	mutex_unlock(&leaves_lock);
}
