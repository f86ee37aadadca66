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
#include <linux/slab.h>

#include "attach/cpu.h"
#include "attach/group.h"
#include "attach/pasid.h"
#include "compat/pasid_compat.h"
#include "include/ioasid_api.h"

/*
 * The global allocator takes the lowest number that is free, which may be below
 * the floor, or on a wire: so many are put aside to get another one. No more, for
 * the host lacks them meanwhile; and not fewer than the numbers of a device that has
 * few, or who takes all of those would leave none to others.
 */
#define ASIDE_MAX		4096

/* Of all numbers of the global allocator the host keeps a part, for its own processes */
#define GLOBAL_NUMBERS		(1U << 20)
#define GLOBAL_KEPT		(GLOBAL_NUMBERS / 16)

/* Numbers of the global allocator that are ours; under ioasid_wire_lock */
static DEFINE_XARRAY(sent);

/**
 * ioasid_cpu_sends() - may a CPU send a number to a device?
 * @number: the number
 *
 * Context: ioasid_wire_lock is held.
 */
bool ioasid_cpu_sends(u32 number)
{
	lockdep_assert_held(&ioasid_wire_lock);
	return xa_load(&sent, number);
}

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

/* Put a number aside; or give it back, if there are too many */
static int put_aside(u32 **aside, u32 nr, u32 ppasid)
{
	int ret = -ENOSPC;

	if (nr < ASIDE_MAX) {
		if (!*aside)
			*aside = kmalloc_array(ASIDE_MAX, sizeof(**aside),
					       GFP_KERNEL_ACCOUNT);
		ret = *aside ? 0 : -ENOMEM;
	}
	if (ret)
		kc_global_pasid_free(ppasid);
	else
		(*aside)[nr] = ppasid;
	return ret;
}

/* A number that is not below @floor and on no wire */
static int global_alloc(struct device *dev, u32 floor, u32 *ppasid)
{
	u32 *aside = NULL, nr = 0;
	int ret;

	lockdep_assert_held(&ioasid_wire_lock);
	for (;;) {
		*ppasid = kc_global_pasid_alloc(dev);
		ret = *ppasid == IOMMU_PASID_INVALID ? -ENOSPC : 0;
		if (ret || (*ppasid >= floor && !ioasid_wire_has(*ppasid)))
			break;
		ret = put_aside(&aside, nr, *ppasid);
		if (ret)
			break;
		nr++;
	}
	while (nr)
		kc_global_pasid_free(aside[--nr]);
	kfree(aside);
	return ret;
}

/* A number of the global allocator, not below @floor */
static struct ioasid_cpu_pasid *cpu_new(struct device *dev, u32 floor)
{
	struct ioasid_cpu_pasid *cpu;
	int ret;

	cpu = kzalloc(sizeof(*cpu), GFP_KERNEL_ACCOUNT);
	if (!cpu)
		return ERR_PTR(-ENOMEM);
	ret = ioasid_charge_shared(&cpu->charge, IOASID_LIMIT_PASIDS, &sent,
				   GLOBAL_NUMBERS - GLOBAL_KEPT);
	if (ret) {
		kfree(cpu);
		return ERR_PTR(ret);
	}
	mutex_lock(&ioasid_wire_lock);
	ret = global_alloc(dev, floor, &cpu->ppasid);
	if (!ret) {
		ret = xa_insert(&sent, cpu->ppasid, cpu, GFP_KERNEL_ACCOUNT);
		if (ret)
			kc_global_pasid_free(cpu->ppasid);
	}
	mutex_unlock(&ioasid_wire_lock);
	if (ret) {
		ioasid_uncharge(&cpu->charge);
		kfree(cpu);
		return ERR_PTR(ret);
	}
	cpu->users = 1;
	return cpu;
}

static void cpu_put(struct ioasid_ctx *ctx, struct ioasid_cpu_pasid *cpu)
{
	lockdep_assert_held(&ctx->lock);
	if (--cpu->users)
		return;
	if (cpu->vpasid)
		xa_erase(&ctx->cpu_pasids, cpu->vpasid);
	mutex_lock(&ioasid_wire_lock);
	xa_erase(&sent, cpu->ppasid);
	kc_global_pasid_free(cpu->ppasid);
	mutex_unlock(&ioasid_wire_lock);
	ioasid_uncharge(&cpu->charge);
	kfree(cpu);
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
	struct ioasid_ctx *ctx = idev->ctx;
	int ret = 0;

	if (!is_direct(idev))
		return ioasid_numbers_take(idev->numbers, number, pasid);
	mutex_lock(&ctx->lock);
	if (ctx->nr_translated || ctx->translated)
		ret = -EXDEV;
	ret = ret ?: ioasid_numbers_take(idev->numbers, number, pasid);
	if (!ret)
		ctx->nr_direct++;
	mutex_unlock(&ctx->lock);
	return ret;
}

/**
 * ioasid_cpu_alloc_direct() - choose a number for a physical device
 * @pasid: the PASID; its @cpu is set if the number is a global one
 * @number: out: the number
 *
 * Return: 0, -ENOSPC if there is none, -ENOMEM.
 */
int ioasid_cpu_alloc_direct(struct ioasid_pasid *pasid, u32 *number)
{
	struct ioasid_device *idev = pasid->idev;
	struct ioasid_ctx *ctx = idev->ctx;
	int ret;

	if (!is_direct(idev))
		return ioasid_numbers_alloc(idev->numbers, 0, pasid, number);
	mutex_lock(&ctx->lock);
	if (has_translated(ctx)) {
		pasid->cpu = cpu_new(idev->dev, idev->numbers->floor);
		ret = PTR_ERR_OR_ZERO(pasid->cpu);
		if (ret) {
			pasid->cpu = NULL;
			goto unlock;
		}
		*number = pasid->cpu->ppasid;
		ret = ioasid_numbers_take(idev->numbers, *number, pasid);
		if (ret) {
			cpu_put(ctx, pasid->cpu);
			pasid->cpu = NULL;
		}
	} else {
		ret = ioasid_numbers_alloc(idev->numbers, 0, pasid, number);
		if (!ret)
			ctx->nr_direct++;
	}
unlock:
	mutex_unlock(&ctx->lock);
	return ret;
}

/**
 * ioasid_cpu_take_translated() - the number on the wire for a type 8 device
 * @pasid: the PASID, whose @number is what the CPU translates; @cpu is set
 * @ppasid: out: the number on the wire
 *
 * Return: 0; -EXDEV if a type 7 device of the file has numbers that must not be
 * translated; -ENOSPC if the global allocator has none left; -ENOMEM.
 */
int ioasid_cpu_take_translated(struct ioasid_pasid *pasid, u32 *ppasid)
{
	struct ioasid_ctx *ctx = pasid->idev->ctx;
	struct ioasid_cpu_pasid *cpu;
	int ret = -EXDEV;

	mutex_lock(&ctx->lock);
	if (ctx->nr_direct)
		goto unlock;
	cpu = xa_load(&ctx->cpu_pasids, pasid->number);
	if (cpu) {
		cpu->users++;
	} else {
		cpu = cpu_new(pasid->idev->pasids->dev, 0);
		ret = PTR_ERR_OR_ZERO(cpu);
		if (ret)
			goto unlock;
		ret = xa_insert(&ctx->cpu_pasids, pasid->number, cpu,
				GFP_KERNEL_ACCOUNT);
		if (ret) {
			cpu_put(ctx, cpu);
			goto unlock;
		}
		cpu->vpasid = pasid->number;
	}
	ctx->nr_translated++;
	pasid->cpu = cpu;
	*ppasid = cpu->ppasid;
	ret = 0;
unlock:
	mutex_unlock(&ctx->lock);
	return ret;
}

/**
 * ioasid_cpu_give_back() - a PASID needs its number no more
 * @pasid: the PASID. Its entries among the numbers are the caller's to end
 */
void ioasid_cpu_give_back(struct ioasid_pasid *pasid)
{
	struct ioasid_device *idev = pasid->idev;
	struct ioasid_ctx *ctx = idev->ctx;

	if (!pasid->cpu && !is_direct(idev))
		return;
	mutex_lock(&ctx->lock);
	if (pasid->cpu)
		cpu_put(ctx, pasid->cpu);
	if (idev->type == IOASID_DEVICE_MEDIATED_CPU)
		ctx->nr_translated--;
	else if (is_direct(idev) && !pasid->cpu)
		ctx->nr_direct--;
	pasid->cpu = NULL;
	mutex_unlock(&ctx->lock);
}

/**
 * ioasid_cpu_alias() - let the CPU translate a global number's alias to it
 * @pasid: the PASID; nothing is done unless its number is a global one
 * @alias: the alias
 *
 * Return: 0, -EBUSY if the CPU translates @alias to something else, -ENOMEM.
 */
int ioasid_cpu_alias(struct ioasid_pasid *pasid, u32 alias)
{
	struct ioasid_ctx *ctx = pasid->idev->ctx;
	int ret = 0;

	mutex_lock(&ctx->lock);
	if (pasid->cpu) {
		ret = xa_insert(&ctx->cpu_pasids, alias, pasid->cpu,
				GFP_KERNEL_ACCOUNT);
		if (!ret)
			pasid->cpu->vpasid = alias;
	}
	mutex_unlock(&ctx->lock);
	return ret;
}

/**
 * ioasid_cpu_unalias() - undo ioasid_cpu_alias() before anybody else knows
 * @pasid: the PASID
 */
void ioasid_cpu_unalias(struct ioasid_pasid *pasid)
{
	struct ioasid_ctx *ctx = pasid->idev->ctx;

	mutex_lock(&ctx->lock);
	if (pasid->cpu && pasid->cpu->users == 1) {
		xa_erase(&ctx->cpu_pasids, pasid->cpu->vpasid);
		pasid->cpu->vpasid = 0;
	}
	mutex_unlock(&ctx->lock);
}
