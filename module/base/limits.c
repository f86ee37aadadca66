// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one user may hold of what the machine has little of. There is an account for
 * each user that holds something, and no other.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "base/limits.h"

/* With each: objects of all of a user's files together, changed at any time */
#define LIMIT_PARAM(nr, name, default, text)					\
	module_param_named(name, limits_max[nr], uint, 0644);			\
	MODULE_PARM_DESC(name, text " that one user may hold; 0: no limit (default: " \
			 __stringify(default) ")")

#define MAX_CONTEXTS		4096
#define MAX_PAGE_TABLES		16384
#define MAX_PASIDS		8192
#define MAX_PASID_PAGES		4096
#define MAX_ATTACHMENTS		65536

static unsigned int limits_max[IOASID_NR_LIMITS] = {
	[IOASID_LIMIT_CONTEXTS] = MAX_CONTEXTS,
	[IOASID_LIMIT_PAGE_TABLES] = MAX_PAGE_TABLES,
	[IOASID_LIMIT_PASIDS] = MAX_PASIDS,
	[IOASID_LIMIT_PASID_PAGES] = MAX_PASID_PAGES,
	[IOASID_LIMIT_ATTACHMENTS] = MAX_ATTACHMENTS,
};

LIMIT_PARAM(IOASID_LIMIT_CONTEXTS, max_contexts, MAX_CONTEXTS, "Open files");
LIMIT_PARAM(IOASID_LIMIT_PAGE_TABLES, max_page_tables, MAX_PAGE_TABLES,
	    "I/O page tables, each with a domain id,");
LIMIT_PARAM(IOASID_LIMIT_PASIDS, max_pasids, MAX_PASIDS,
	    "PASIDs of the kernel's global allocator");
LIMIT_PARAM(IOASID_LIMIT_PASID_PAGES, max_pasid_pages, MAX_PASID_PAGES,
	    "Pages of devices' PASID tables");
LIMIT_PARAM(IOASID_LIMIT_ATTACHMENTS, max_attachments, MAX_ATTACHMENTS,
	    "Attachments by RID and PASID");

static const char *const limits_names[IOASID_NR_LIMITS] = {
	[IOASID_LIMIT_CONTEXTS] = "contexts",
	[IOASID_LIMIT_PAGE_TABLES] = "page-tables",
	[IOASID_LIMIT_PASIDS] = "pasids",
	[IOASID_LIMIT_PASID_PAGES] = "pasid-pages",
	[IOASID_LIMIT_ATTACHMENTS] = "attachments",
};

/**
 * struct ioasid_account - what one user holds, of all that is limited or of a pool
 * @node: in the accounts of the same hash
 * @key: of which user, and of what
 * @used: objects of each kind
 * @total: of all kinds; an account without any is freed
 *
 * Protected by limits_lock.
 */
struct ioasid_account {
	struct hlist_node node;
	struct account_key {
		const void *pool;	/* NULL: no pool */
		kuid_t uid;		/* INVALID_UID: of all users of the pool */
		bool exempt;
	} key;
	unsigned int used[IOASID_NR_LIMITS];
	unsigned int total;
};

#define ACCOUNT_BITS	8

static struct hlist_head accounts[1 << ACCOUNT_BITS];
static DEFINE_SPINLOCK(limits_lock);

/*
 * The user that is charged, a user ID of the initial namespace. A user with subordinate
 * IDs could be as many users as it has of those: what happens in its namespaces is
 * charged to the user that has made the outermost one. Where root has made that, for a
 * container, it is charged to the user that is root inside: a container is one user. Unless
 * that is root itself: services whose users are mapped to themselves are not all one.
 */
static kuid_t limits_uid(void)
{
	struct user_namespace *ns = current_user_ns();
	kuid_t inside;

	if (ns == &init_user_ns)
		return current_uid();
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
		return ns->owner;
	inside = make_kuid(ns, 0);
	return uid_valid(inside) && !uid_eq(inside, GLOBAL_ROOT_UID) ? inside : current_uid();
}

/* Asked for each charge: a refusal is nothing to be logged */
static bool limits_exempt(void)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE);
}

static struct account_key caller_key(void)
{
	return (struct account_key) { .uid = limits_uid(), .exempt = limits_exempt() };
}

static struct hlist_head *account_head(const struct account_key *key)
{
	unsigned long value = (unsigned long)key->pool + __kuid_val(key->uid);

	return &accounts[hash_long(value, ACCOUNT_BITS)];
}

static struct ioasid_account *account_find(const struct account_key *key)
{
	struct ioasid_account *account;

	lockdep_assert_held(&limits_lock);
	hlist_for_each_entry(account, account_head(key), node)
		if (account->key.pool == key->pool &&
		    account->key.exempt == key->exempt &&
		    uid_eq(account->key.uid, key->uid))
			return account;
	return NULL;
}

/* The account of @key, which may be *@spare from now on, which is NULL then */
static struct ioasid_account *account_get(const struct account_key *key,
					  struct ioasid_account **spare)
{
	struct ioasid_account *account = account_find(key);

	if (account)
		return account;
	account = *spare;
	*spare = NULL;
	if (account) {
		account->key = *key;
		hlist_add_head(&account->node, account_head(key));
	}
	return account;
}

static void account_add(struct ioasid_account *account, enum ioasid_limit what,
			unsigned int nr)
{
	account->used[what] += nr;
	account->total += nr;
}

/* An empty one goes: to be freed by the caller once it has dropped the lock */
static void account_drop(struct ioasid_account *account, struct hlist_head *empty)
{
	if (account && !account->total) {
		hlist_del(&account->node);
		hlist_add_head(&account->node, empty);
	}
}

static void account_subtract(struct ioasid_account *account, enum ioasid_limit what,
			     unsigned int nr, struct hlist_head *empty)
{
	if (!account)
		return;
	account->used[what] -= nr;
	account->total -= nr;
	account_drop(account, empty);
}

static void accounts_free(struct hlist_head *empty)
{
	struct ioasid_account *account;
	struct hlist_node *next;

	hlist_for_each_entry_safe(account, next, empty, node)
		kfree(account);
}

static unsigned int limits_of(enum ioasid_limit what, bool exempt)
{
	return exempt ? 0 : READ_ONCE(limits_max[what]);
}

/*
 * Of a pool a user may hold no more than it leaves free. So the first one has a half, if
 * it wants to, the next one a half of what is left, and there is something for each
 * further one until that is next to nothing. Without a limit the pool's end is.
 */
static bool charge_fits(const struct ioasid_charge *charge, unsigned int limit,
			unsigned int size)
{
	enum ioasid_limit what = charge->what;
	unsigned int nr = charge->nr, free;

	lockdep_assert_held(&limits_lock);
	if (limit && (nr > limit || charge->user->used[what] > limit - nr))
		return false;
	if (!charge->pool)
		return true;
	free = charge->pool->used[what] < size ? size - charge->pool->used[what] : 0;
	return free >= nr && (!limit || charge->share->used[what] < free);
}

/* The accounts of a charge: false if one had to be made and there was no spare one */
static bool charge_accounts(struct ioasid_charge *charge, struct account_key key,
			    const void *pool, struct ioasid_account **spare)
{
	charge->user = account_get(&key, spare);
	if (!pool)
		return charge->user;
	key.pool = pool;
	charge->share = account_get(&key, spare + 1);
	key.uid = INVALID_UID;
	key.exempt = false;
	charge->pool = account_get(&key, spare + 2);
	return charge->user && charge->share && charge->pool;
}

#define NR_SPARE	3

/* False without memory, and if not all spare accounts have been there */
static int charge_try(struct ioasid_charge *charge, const struct account_key *key,
		      const void *pool, unsigned int size, struct ioasid_account **spare)
{
	unsigned int limit = limits_of(charge->what, key->exempt);
	HLIST_HEAD(empty);
	int ret = 0;

	spin_lock(&limits_lock);
	if (!charge_accounts(charge, *key, pool, spare))
		ret = -ENOMEM;
	else if (!charge_fits(charge, limit, size))
		ret = -ENOSPC;
	if (!ret) {
		account_add(charge->user, charge->what, charge->nr);
		if (pool) {
			account_add(charge->share, charge->what, charge->nr);
			account_add(charge->pool, charge->what, charge->nr);
		}
	} else {
		account_drop(charge->user, &empty);
		account_drop(charge->share, &empty);
		account_drop(charge->pool, &empty);
	}
	spin_unlock(&limits_lock);
	accounts_free(&empty);
	return ret;
}

static int charge_pool(struct ioasid_charge *charge, const struct account_key *key,
		       enum ioasid_limit what, unsigned int nr, const void *pool,
		       unsigned int size)
{
	struct ioasid_account *spare[NR_SPARE] = {};
	unsigned int i;
	int ret;

	*charge = (struct ioasid_charge) { .what = what, .nr = nr };
	/* Most have accounts already */
	ret = charge_try(charge, key, pool, size, spare);
	if (ret != -ENOMEM)
		goto out;
	for (i = 0; i < NR_SPARE; i++)
		spare[i] = kzalloc(sizeof(*spare[i]), GFP_KERNEL_ACCOUNT);
	charge->user = charge->share = charge->pool = NULL;
	ret = charge_try(charge, key, pool, size, spare);
	for (i = 0; i < NR_SPARE; i++)
		kfree(spare[i]);
out:
	if (ret)
		*charge = (struct ioasid_charge) {};
	return ret;
}

/**
 * ioasid_charge() - charge the calling user for an object that is about to be made
 * @charge: out: the charge, to be given back with ioasid_uncharge()
 * @what: the kind of object
 * @nr: how many
 *
 * Return: 0, -ENOSPC if that exceeds the limit, -ENOMEM.
 */
int ioasid_charge(struct ioasid_charge *charge, enum ioasid_limit what, unsigned int nr)
{
	struct account_key key = caller_key();

	return charge_pool(charge, &key, what, nr, NULL, 0);
}

/**
 * ioasid_charge_shared() - charge the calling user for an object out of a pool
 * @charge: out: the charge, to be given back with ioasid_uncharge()
 * @what: the kind of object
 * @pool: what it is taken from: any address that stands for that, and for no other
 * @size: how many the pool has for all users together
 *
 * Return: 0, -ENOSPC if that exceeds the limit, or the user's share of the pool, or
 * there is none left; -ENOMEM.
 */
int ioasid_charge_shared(struct ioasid_charge *charge, enum ioasid_limit what,
			 const void *pool, unsigned int size)
{
	struct account_key key = caller_key();

	return charge_pool(charge, &key, what, 1, pool, size);
}

/**
 * ioasid_charge_by() - ioasid_charge_shared() for a call on a context
 * @cred: of its opener. A caller that is as its opener was is not looked at anew
 * @opener: what it is charged for the context
 * @charge: out: the charge
 * @what: the kind of object
 * @pool: what it is taken from, or NULL
 * @size: how many the pool has for all users together
 *
 * Return: as ioasid_charge_shared().
 */
int ioasid_charge_by(const struct cred *cred, const struct ioasid_charge *opener,
		     struct ioasid_charge *charge, enum ioasid_limit what,
		     const void *pool, unsigned int size)
{
	struct account_key key = cred == current_cred() ? opener->user->key : caller_key();

	return charge_pool(charge, &key, what, 1, pool, size);
}

/**
 * ioasid_uncharge() - take back a charge
 * @charge: the charge; nothing is done if it is none, and it is none afterwards
 *
 * Never fails, needs no memory.
 */
void ioasid_uncharge(struct ioasid_charge *charge)
{
	HLIST_HEAD(empty);

	if (!charge->user)
		return;
	spin_lock(&limits_lock);
	account_subtract(charge->user, charge->what, charge->nr, &empty);
	account_subtract(charge->share, charge->what, charge->nr, &empty);
	account_subtract(charge->pool, charge->what, charge->nr, &empty);
	spin_unlock(&limits_lock);
	accounts_free(&empty);
	*charge = (struct ioasid_charge) {};
}

/**
 * ioasid_limits_show() - what a user holds, and may hold
 * @seq: a file of fdinfo
 * @charge: one of the user's
 */
void ioasid_limits_show(struct seq_file *seq, const struct ioasid_charge *charge)
{
	unsigned int used[IOASID_NR_LIMITS], i;
	struct account_key key;

	spin_lock(&limits_lock);
	key = charge->user->key;
	for (i = 0; i < IOASID_NR_LIMITS; i++)
		used[i] = charge->user->used[i];
	spin_unlock(&limits_lock);
	seq_printf(seq, "user:\t%u\n", from_kuid_munged(seq_user_ns(seq), key.uid));
	for (i = 0; i < IOASID_NR_LIMITS; i++) {
		unsigned int limit = limits_of(i, key.exempt);

		if (limit)
			seq_printf(seq, "used-%s:\t%u of %u\n", limits_names[i], used[i],
				   limit);
		else
			seq_printf(seq, "used-%s:\t%u\n", limits_names[i], used[i]);
	}
}
