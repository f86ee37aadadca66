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
#include <linux/rbtree.h>
#include <linux/slab.h>

#include "base/limits.h"
#include "shim/leaves.h"

/**
 * struct leaf - a leaf that is charged
 * @node: in its table
 * @nr: which one of the table it is
 * @charge: what it is charged
 */
struct leaf {
	struct rb_node node;
	u32 nr;
	struct ioasid_charge charge;
};

/**
 * struct table - a device's PASID table
 * @node: in the list of them
 * @dev: the device
 * @leaves: struct leaf, by @nr
 */
struct table {
	struct list_head node;
	const struct device *dev;
	struct rb_root leaves;
};

static LIST_HEAD(tables);

/* Protects all of it. Innermost, with limits_lock, and held for no allocation */
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

/* That of a device, which may be *@spare from now on, which is NULL then */
static struct table *table_get(const struct device *dev, struct table **spare)
{
	struct table *table = table_find(dev);

	if (!table) {
		table = *spare;
		*spare = NULL;
		list_add(&table->node, &tables);
	}
	return table;
}

static struct table *table_new(const struct device *dev)
{
	struct table *table = kmalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);

	if (table)
		*table = (struct table){ .dev = dev, .leaves = RB_ROOT };
	return table;
}

static struct leaf *leaf_new(u32 nr)
{
	struct leaf *leaf = kmalloc(sizeof(*leaf), GFP_KERNEL_ACCOUNT);

	if (leaf)
		*leaf = (struct leaf){ .nr = nr };
	return leaf;
}

/* Ends its charge; NULL: nothing is done */
static void leaf_free(struct leaf *leaf)
{
	if (!leaf)
		return;
	ioasid_uncharge(&leaf->charge);
	kfree(leaf);
}

static void table_free(struct table *table)
{
	struct leaf *leaf, *next;

	list_del(&table->node);
	rbtree_postorder_for_each_entry_safe(leaf, next, &table->leaves, node)
		leaf_free(leaf);
	kfree(table);
}

static int leaf_compare(const void *nr, const struct rb_node *node)
{
	u32 other = rb_entry(node, struct leaf, node)->nr;

	return *(const u32 *)nr < other ? -1 : *(const u32 *)nr > other;
}

static int leaf_compare_new(struct rb_node *new, const struct rb_node *node)
{
	return leaf_compare(&rb_entry(new, struct leaf, node)->nr, node);
}

static bool leaf_is_there(const struct device *dev, u32 nr)
{
	struct table *table;
	bool there;

	mutex_lock(&leaves_lock);
	table = table_find(dev);
	there = table && rb_find(&nr, &table->leaves, leaf_compare);
	mutex_unlock(&leaves_lock);
	return there;
}

/* Charge one that was not there a moment ago, unless another thread has come first */
static int leaf_add(const struct device *dev, u32 nr, u32 pages)
{
	struct table *spare = table_new(dev);
	struct leaf *leaf = leaf_new(nr);
	int ret = -ENOMEM;

	if (leaf && spare)
		ret = ioasid_charge(&leaf->charge, IOASID_LIMIT_PASID_PAGES, pages);
	if (!ret) {
		mutex_lock(&leaves_lock);
		if (!rb_find_add(&leaf->node, &table_get(dev, &spare)->leaves, leaf_compare_new))
			leaf = NULL;
		mutex_unlock(&leaves_lock);
	}
	leaf_free(leaf);
	kfree(spare);
	return ret;
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
	if (!pasid || leaf_is_there(dev, pasid / numbers))
		return 0;
	return leaf_add(dev, pasid / numbers, pages);
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
