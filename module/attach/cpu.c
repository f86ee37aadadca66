// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASIDs that CPU instructions send (ENQCMD, for one): what the devices of an
 * open file have to agree on.
 *
 * The CPU sends the number that the program names (device type 7, IDENTICAL) or
 * looks it up in a table of the process (type 8, CPU_TRANSLATED): for all
 * devices alike. With devices of both types under one open file a number that
 * a type 7 device's user chose would be translated on its way. There its
 * numbers come from the global allocator, like those of type 8, and the CPU
 * gets at one when it has an alias, which is what the CPU translates.
 */
#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "attach/cpu.h"
#include "attach/device.h"
#include "attach/numbers.h"
#include "attach/pasid.h"
#include "attach/pasids.h"
#include "attach/portals.h"
#include "compat/pasid_compat.h"
#include "include/ioasid_api.h"

/*
 * The global allocator takes the lowest number that is free, which may be below the
 * floor of a type 7 device: up to this number are put aside to get another one, by one thread
 * at a time. No more, for the host lacks them meanwhile.
 */
#define ASIDE_MAX		4096

/*
 * Numbers of the global allocator that CPUs send for all users together. Half of all may
 * be in the pool (attach/pool.c), and a part is kept for the host's own processes.
 */
#define GLOBAL_NUMBERS		(1U << 20)
#define GLOBAL_SENT		(GLOBAL_NUMBERS / 2 - GLOBAL_NUMBERS / 16)

/* Held while numbers are put aside. Waited for killably, and only to do that */
static DEFINE_MUTEX(aside_lock);

/* What a number is translated to while the alias that it is to be is made: it is taken */
#define ALIAS_RESERVED		xa_mk_value(1)

static bool is_direct(const struct ioasid_device *idev)
{
	return idev->type == IOASID_DEVICE_PHYSICAL_CPU;
}

/* Does the CPU translate numbers, or is there a device for which it will? */
static bool has_translated(struct ioasid_ctx *ctx)
{
	struct ioasid_device *idev;

	lockdep_assert_held(&ctx->lock);
	if (ctx->translated)
		return true;
	list_for_each_entry(idev, &ctx->devices, ctx_node)
		if (idev->type == IOASID_DEVICE_MEDIATED_CPU)
			return true;
	return false;
}

/* A number of the global allocator: the lowest one that is free */
static int global_alloc(struct device *dev, u32 limit, u32 *ppasid)
{
	*ppasid = kc_global_pasid_alloc(dev);
	if (*ppasid == IOMMU_PASID_INVALID)
		return -ENOSPC;
	if (*ppasid < limit)
		return 0;
	kc_global_pasid_free(*ppasid);
	return -ENOSPC;
}

/* Is it the kernel's to choose, and not an alias of the user's? */
static bool global_fits(struct ioasid_numbers *numbers, u32 number)
{
	return number >= READ_ONCE(numbers->floor) && !xa_load(&numbers->entries, number);
}

/* The same, for numbers that a user has a part in */
static int global_alloc_aside(struct device *dev, struct ioasid_numbers *numbers,
			      u32 *ppasid)
{
	u32 *aside, nr = 0;
	int ret = -ENOMEM;

	aside = kmalloc_array(ASIDE_MAX, sizeof(*aside), GFP_KERNEL_ACCOUNT);
	if (!aside)
		return ret;
	ret = mutex_lock_killable(&aside_lock);
	if (ret)
		goto free;
	for (;;) {
		ret = global_alloc(dev, numbers->limit, ppasid);
		if (ret || global_fits(numbers, *ppasid))
			break;
		aside[nr++] = *ppasid;
		ret = nr == ASIDE_MAX ? -ENOSPC :
		      fatal_signal_pending(current) ? -EINTR : 0;
		if (ret)
			break;
		cond_resched();
	}
	while (nr)
		kc_global_pasid_free(aside[--nr]);
	mutex_unlock(&aside_lock);
free:
	kfree(aside);
	return ret;
}

static struct ioasid_cpu_pasid *cpu_new(u32 ppasid, u32 vpasid)
{
	struct ioasid_cpu_pasid *cpu = kmalloc(sizeof(*cpu), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!cpu)
		return ERR_PTR(-ENOMEM);
	*cpu = (struct ioasid_cpu_pasid){
		.ppasid = ppasid, .vpasid = vpasid, .users = 1,
	};
	ret = ioasid_charge_shared(&cpu->charge, IOASID_LIMIT_PASIDS, &aside_lock,
				   GLOBAL_SENT);
	if (!ret)
		return cpu;
	kfree(cpu);
	return ERR_PTR(ret);
}

/*
 * Nothing has the number, nothing finds it, and no work carries it. No lock is held.
 */
static void cpu_free(struct ioasid_cpu_pasid *cpu)
{
	if (!cpu)
		return;
	kc_global_pasid_free(cpu->ppasid);
	ioasid_uncharge(&cpu->charge);
	kfree(cpu);
}

/* What the CPU translates a number to, with one user more; NULL: nothing yet */
static struct ioasid_cpu_pasid *cpu_share(struct ioasid_ctx *ctx, u32 vpasid)
{
	struct ioasid_cpu_pasid *cpu = xa_load(&ctx->cpu_pasids, vpasid);

	lockdep_assert_held(&ctx->lock);
	if (xa_is_value(cpu))
		return ERR_PTR(-EBUSY);
	if (cpu)
		cpu->users++;
	return cpu;
}

/* One less; what is to be freed when the lock has been dropped, or NULL */
static struct ioasid_cpu_pasid *cpu_unshare(struct ioasid_ctx *ctx,
					    struct ioasid_cpu_pasid *cpu)
{
	lockdep_assert_held(&ctx->lock);
	if (--cpu->users)
		return NULL;
	if (cpu->vpasid)
		xa_erase(&ctx->cpu_pasids, cpu->vpasid);
	return cpu;
}

/* A number that CPUs must not translate is to be attached, or is no more */
static int direct_begin(struct ioasid_ctx *ctx)
{
	int ret = 0;

	mutex_lock(&ctx->lock);
	if (ctx->nr_translated || ctx->translated)
		ret = -EXDEV;
	else
		ctx->nr_direct++;
	mutex_unlock(&ctx->lock);
	return ret;
}

static void direct_end(struct ioasid_ctx *ctx)
{
	mutex_lock(&ctx->lock);
	ctx->nr_direct--;
	mutex_unlock(&ctx->lock);
}

/**
 * ioasid_cpu_take_direct() - take the number that a physical device's user chose
 * @pasid: the PASID
 * @number: the number
 *
 * Return: 0; -EXDEV if it is a type 7 device's and the CPU translates numbers, or
 * another device of the file has some that it will; -EBUSY if it is taken; -ENOMEM.
 */
int ioasid_cpu_take_direct(struct ioasid_pasid *pasid, u32 number)
{
	struct ioasid_device *idev = pasid->idev;
	int ret = is_direct(idev) ? direct_begin(idev->ctx) : 0;

	if (ret)
		return ret;
	ret = ioasid_numbers_take(idev->numbers, number, pasid);
	if (ret && is_direct(idev))
		direct_end(idev->ctx);
	return ret;
}

static int direct_alloc_global(struct ioasid_pasid *pasid, u32 *number)
{
	struct ioasid_numbers *numbers = pasid->idev->numbers;
	struct device *dev = pasid->idev->dev;
	struct ioasid_cpu_pasid *cpu;
	int ret;

	ret = global_alloc(dev, numbers->limit, number);
	if (!ret && !global_fits(numbers, *number)) {
		kc_global_pasid_free(*number);
		ret = global_alloc_aside(dev, numbers, number);
	}
	if (ret)
		return ret;
	cpu = cpu_new(*number, 0);
	if (IS_ERR(cpu)) {
		kc_global_pasid_free(*number);
		return PTR_ERR(cpu);
	}
	pasid->cpu = cpu;
	ret = ioasid_numbers_take(numbers, *number, pasid);
	if (ret) {
		pasid->cpu = NULL;
		cpu_free(cpu);
	}
	return ret;
}

/**
 * ioasid_cpu_alloc_direct() - choose a number for a physical device
 * @pasid: the PASID; its @cpu is set if the number is a global one
 * @number: out: the number
 *
 * Context: may wait for others that need a global number above a floor; killable.
 * Return: 0, -ENOSPC if there is none, -ENOMEM, -EINTR.
 */
int ioasid_cpu_alloc_direct(struct ioasid_pasid *pasid, u32 *number)
{
	struct ioasid_device *idev = pasid->idev;
	struct ioasid_ctx *ctx = idev->ctx;
	bool global;
	int ret;

	if (!is_direct(idev))
		return ioasid_numbers_alloc(idev->numbers, pasid, number);
	mutex_lock(&ctx->lock);
	global = has_translated(ctx);
	if (!global)
		ctx->nr_direct++;
	mutex_unlock(&ctx->lock);
	if (global)
		return direct_alloc_global(pasid, number);
	ret = ioasid_numbers_alloc(idev->numbers, pasid, number);
	if (ret)
		direct_end(ctx);
	return ret;
}

/* What the CPU translates a number to, if need be from now on */
static struct ioasid_cpu_pasid *translated_get(struct ioasid_pasid *pasid)
{
	struct ioasid_pasids *pasids = pasid->idev->pasids;
	struct ioasid_ctx *ctx = pasid->idev->ctx;
	struct ioasid_cpu_pasid *cpu, *new = NULL;
	u32 ppasid;
	int ret;

	for (;;) {
		mutex_lock(&ctx->lock);
		cpu = cpu_share(ctx, pasid->number);
		mutex_unlock(&ctx->lock);
		if (cpu)
			break;
		if (!new) {
			ret = global_alloc(pasids->dev, pasids->wire.limit, &ppasid);
			if (ret)
				return ERR_PTR(ret);
			new = cpu_new(ppasid, pasid->number);
			if (IS_ERR(new)) {
				kc_global_pasid_free(ppasid);
				return new;
			}
		}
		ret = xa_insert(&ctx->cpu_pasids, pasid->number, new, GFP_KERNEL_ACCOUNT);
		if (!ret)
			return new;
		cpu = ERR_PTR(ret);
		/* Another device's PASID of that number may have come first */
		if (ret != -EBUSY || fatal_signal_pending(current))
			break;
	}
	cpu_free(new);
	return cpu;
}

/**
 * ioasid_cpu_take_translated() - the number on the wire for a type 8 device
 * @pasid: the PASID, whose @number is what the CPU translates; @cpu is set
 * @ppasid: out: the number on the wire
 *
 * Return: 0; -EXDEV if a type 7 device of the file has numbers that must not be
 * translated; -EBUSY if the number is being made an alias; -ENOSPC if the global
 * allocator has none left; -ENOMEM.
 */
int ioasid_cpu_take_translated(struct ioasid_pasid *pasid, u32 *ppasid)
{
	struct ioasid_ctx *ctx = pasid->idev->ctx;
	struct ioasid_cpu_pasid *cpu;
	int ret = 0;

	mutex_lock(&ctx->lock);
	if (ctx->nr_direct)
		ret = -EXDEV;
	else
		ctx->nr_translated++;
	mutex_unlock(&ctx->lock);
	if (ret)
		return ret;
	cpu = translated_get(pasid);
	if (!IS_ERR(cpu)) {
		pasid->cpu = cpu;
		*ppasid = cpu->ppasid;
		return 0;
	}
	mutex_lock(&ctx->lock);
	ctx->nr_translated--;
	mutex_unlock(&ctx->lock);
	return PTR_ERR(cpu);
}

/**
 * ioasid_cpu_give_back() - a PASID needs its number no more
 * @pasid: the PASID. Its entries among the numbers are the caller's to end
 *
 * A global number is free for other users once all work that carries it has ended.
 *
 * Context: no lock is held under which others wait, or which a portal takes.
 */
void ioasid_cpu_give_back(struct ioasid_pasid *pasid)
{
	struct ioasid_cpu_pasid *cpu = pasid->cpu, *unused = NULL;
	struct ioasid_device *idev = pasid->idev;
	struct ioasid_ctx *ctx = idev->ctx;

	if (!cpu && !is_direct(idev))
		return;
	mutex_lock(&ctx->lock);
	if (cpu)
		unused = cpu_unshare(ctx, cpu);
	if (idev->type == IOASID_DEVICE_MEDIATED_CPU)
		ctx->nr_translated--;
	else if (is_direct(idev) && !cpu)
		ctx->nr_direct--;
	/* A translation that has found the PASID may be looking, see lookup() */
	WRITE_ONCE(pasid->cpu, NULL);
	mutex_unlock(&ctx->lock);
	if (!unused)
		return;
	ioasid_portals_end(ctx, unused->ppasid);
	cpu_free(unused);
}

/**
 * ioasid_cpu_reserve_alias() - let the CPU translate an alias to nothing else
 * @pasid: the PASID; nothing is done unless its number is a global one
 * @alias: the alias
 *
 * Then ioasid_cpu_publish_alias() or ioasid_cpu_release_alias(). For others of the file
 * @alias is taken meanwhile: EBUSY.
 *
 * Return: 0, -EBUSY if the CPU translates @alias already, -ENOMEM.
 */
int ioasid_cpu_reserve_alias(struct ioasid_pasid *pasid, u32 alias)
{
	if (!pasid->cpu)
		return 0;
	return xa_insert(&pasid->idev->ctx->cpu_pasids, alias, ALIAS_RESERVED,
			 GFP_KERNEL_ACCOUNT);
}

/**
 * ioasid_cpu_publish_alias() - let the CPU translate an alias
 * @pasid: the PASID
 * @alias: its alias, attached and reserved
 *
 * Never fails: the reservation has the memory.
 */
void ioasid_cpu_publish_alias(struct ioasid_pasid *pasid, u32 alias)
{
	struct ioasid_ctx *ctx = pasid->idev->ctx;

	if (!pasid->cpu)
		return;
	mutex_lock(&ctx->lock);
	WARN_ON(pasid->cpu->vpasid);
	WARN_ON(xa_is_err(xa_store(&ctx->cpu_pasids, alias, pasid->cpu, 0)));
	pasid->cpu->vpasid = alias;
	mutex_unlock(&ctx->lock);
}

/**
 * ioasid_cpu_release_alias() - give up what was reserved
 * @pasid: the PASID
 * @alias: the alias, which is not attached
 */
void ioasid_cpu_release_alias(struct ioasid_pasid *pasid, u32 alias)
{
	if (pasid->cpu)
		xa_erase(&pasid->idev->ctx->cpu_pasids, alias);
}
