// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pretended CPU, for the tests: what KVM does for a guest whose instructions send
 * work to a device together with a PASID. Each open file of /dev/ioasid-cpu is one: it
 * translates PASIDs for an I/O address space file, remembers what it has looked up
 * until it is told that it has ended, and hands work to the command portals of software
 * devices. A program for which nobody translates sends what it names.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/ioasid_swiommu.h>

#include "cpu.h"
#include "ioasid_api.h"
#include "swiommu/portal.h"

/**
 * struct entry - a translation that a CPU remembers
 * @node: in the entries of its CPU
 * @ioasid: what is attached
 * @cookie: of the device
 * @vpasid: the PASID of the program
 * @ppasid: what it stands for
 */
struct entry {
	struct list_head node;
	u32 ioasid;
	u64 cookie;
	u32 vpasid;
	u32 ppasid;
};

/**
 * struct cpu - a CPU
 * @run_lock: one call at a time; not taken by the listener
 * @ctx: for whom it translates, or whom it watches, or NULL
 * @translates: which of the two
 * @listener: to be told; registered with @ctx, as a translator if it @translates
 * @lock: protects what follows: what is remembered was looked up under it
 * @entries: struct entry
 * @state: for CPU_STATE
 * @held_file: where there is work that is not done yet, or NULL; under @run_lock
 * @held: the work
 */
struct cpu {
	struct mutex run_lock;
	struct ioasid_ctx *ctx;
	bool translates;
	struct ioasid_pasid_listener listener;
	struct mutex lock;
	struct list_head entries;
	struct cpu_state state;
	struct file *held_file;
	struct swiommu_work held;
};

static void forget(struct cpu *cpu, struct entry *entry)
{
	list_del(&entry->node);
	cpu->state.cached--;
	kfree(entry);
}

static struct entry *find(struct cpu *cpu, u32 ioasid, u64 cookie, u32 vpasid)
{
	struct entry *entry;

	list_for_each_entry(entry, &cpu->entries, node)
		if (entry->ioasid == ioasid && entry->cookie == cookie &&
		    entry->vpasid == vpasid)
			return entry;
	return NULL;
}

static void ended(struct cpu *cpu, const struct ioasid_pasid_end *end)
{
	struct entry *entry = find(cpu, end->ioasid, end->cookie, end->vpasid);
	u32 ppasid;

	cpu->state.ends++;
	cpu->state.cookie = end->cookie;
	cpu->state.ioasid = end->ioasid;
	cpu->state.vpasid = end->vpasid;
	cpu->state.ppasid = end->ppasid;
	if (!ioasid_pasid_lookup(cpu->ctx, end->ioasid, end->cookie, end->vpasid, &ppasid))
		cpu->state.findable++;
	if (entry)
		forget(cpu, entry);
}

static void pasid_event(struct ioasid_pasid_listener *listener,
			enum ioasid_pasid_event event, const struct ioasid_pasid_end *end)
{
	struct cpu *cpu = container_of(listener, struct cpu, listener);

	mutex_lock(&cpu->lock);
	switch (event) {
	case IOASID_PASID_ENDS:
		ended(cpu, end);
		break;
	case IOASID_PASID_TRANSLATED:
		cpu->state.translated++;
		break;
	case IOASID_PASID_NOT_TRANSLATED:
		cpu->state.not_translated++;
		break;
	}
	mutex_unlock(&cpu->lock);
}

static int start(struct cpu *cpu, int iommu_fd, bool translate)
{
	struct ioasid_ctx *ctx;
	int ret = 0;

	if (cpu->ctx)
		return -EALREADY;
	ctx = ioasid_ctx_from_fd(iommu_fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	cpu->listener.event = pasid_event;
	cpu->ctx = ctx;
	if (translate)
		ret = ioasid_ctx_start_translator(ctx, &cpu->listener);
	else
		ioasid_ctx_register_pasids(ctx, &cpu->listener);
	cpu->translates = translate && !ret;
	if (ret)
		cpu->ctx = NULL;
	/* Held by the registration */
	ioasid_ctx_put(ctx);
	return ret;
}

static void stop(struct cpu *cpu)
{
	struct entry *entry, *next;

	if (!cpu->ctx)
		return;
	if (cpu->translates)
		ioasid_ctx_stop_translator(cpu->ctx, &cpu->listener);
	else
		ioasid_ctx_unregister_pasids(cpu->ctx, &cpu->listener);
	cpu->ctx = NULL;
	cpu->translates = false;
	list_for_each_entry_safe(entry, next, &cpu->entries, node)
		forget(cpu, entry);
}

/* What the program's PASID stands for, from memory or looked up; @lock is held */
static int translate(struct cpu *cpu, struct cpu_insn *insn)
{
	struct entry *entry = find(cpu, insn->ioasid, insn->cookie, insn->vpasid);
	int ret;

	if (!entry) {
		entry = kzalloc(sizeof(*entry), GFP_KERNEL);
		if (!entry)
			return -ENOMEM;
		entry->ioasid = insn->ioasid;
		entry->cookie = insn->cookie;
		entry->vpasid = insn->vpasid;
		ret = ioasid_pasid_translate(cpu->ctx, insn->ioasid, insn->cookie,
					     insn->vpasid, &entry->ppasid);
		if (ret) {
			kfree(entry);
			return ret;
		}
		list_add(&entry->node, &cpu->entries);
		cpu->state.cached++;
	}
	insn->ppasid = entry->ppasid;
	return 0;
}

static int send(struct cpu *cpu, struct cpu_insn *insn, struct file *file,
		struct swiommu_work *work)
{
	struct ioasid_ctx *ctx = ioasid_ctx_from_fd(insn->iommu_fd);
	struct swiommu_sender sender = { .ctx = ctx };
	int ret = 0;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	mutex_lock(&cpu->lock);
	if (cpu->translates && cpu->ctx == ctx) {
		ret = translate(cpu, insn);
		sender.translator = &cpu->listener;
	} else {
		insn->ppasid = insn->vpasid;
	}
	ret = ret ?: swiommu_portal_take(work, file, &sender, insn->ppasid);
	mutex_unlock(&cpu->lock);
	ioasid_ctx_put(ctx);
	return ret;
}

static int run(struct swiommu_work *work, struct cpu_insn *insn)
{
	struct swiommu_dma dma = {}, __user *user = u64_to_user_ptr(insn->dma);
	int fault = copy_from_user(&dma, user, sizeof(dma)) ? -EFAULT : 0, ret;

	/* It has been taken, and must be ended */
	if (fault)
		memset(&dma, 0, sizeof(dma));
	ret = swiommu_portal_do(work, &dma);
	if (!fault && copy_to_user(user, &dma, sizeof(dma)))
		fault = -EFAULT;
	return fault ?: ret;
}

static int do_send(struct cpu *cpu, struct cpu_insn *insn)
{
	struct file *file = fget(insn->device_fd);
	struct swiommu_work work;
	int ret = -EBUSY;

	if (!file)
		return -EBADF;
	if (cpu->held_file)
		goto put;
	ret = send(cpu, insn, file, insn->hold ? &cpu->held : &work);
	if (!ret && insn->hold) {
		cpu->held_file = file;
		return 0;
	}
	ret = ret ?: run(&work, insn);
put:
	fput(file);
	return ret;
}

static int do_run(struct cpu *cpu, struct cpu_insn *insn)
{
	int ret;

	if (!cpu->held_file)
		return -ENOENT;
	ret = run(&cpu->held, insn);
	fput(cpu->held_file);
	cpu->held_file = NULL;
	return ret;
}

static int lookup(struct cpu_insn *insn)
{
	struct ioasid_ctx *ctx = ioasid_ctx_from_fd(insn->iommu_fd);
	int ret;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	ret = ioasid_pasid_lookup(ctx, insn->ioasid, insn->cookie, insn->vpasid,
				  &insn->ppasid);
	ioasid_ctx_put(ctx);
	return ret;
}

static int insn(struct cpu *cpu, unsigned int cmd, void __user *user)
{
	struct cpu_insn insn;
	int ret;

	if (copy_from_user(&insn, user, sizeof(insn)))
		return -EFAULT;
	if (cmd == CPU_LOOKUP)
		ret = lookup(&insn);
	else if (cmd == CPU_SEND)
		ret = do_send(cpu, &insn);
	else
		ret = do_run(cpu, &insn);
	if (!ret && copy_to_user(user, &insn, sizeof(insn)))
		ret = -EFAULT;
	return ret;
}

static int get_state(struct cpu *cpu, void __user *user)
{
	struct cpu_state state;

	mutex_lock(&cpu->lock);
	state = cpu->state;
	mutex_unlock(&cpu->lock);
	return copy_to_user(user, &state, sizeof(state)) ? -EFAULT : 0;
}

static long cpu_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct cpu *cpu = filp->private_data;
	int ret;

	ret = mutex_lock_killable(&cpu->run_lock);
	if (ret)
		return ret;
	switch (cmd) {
	case CPU_START:
	case CPU_WATCH:
		ret = start(cpu, arg, cmd == CPU_START);
		break;
	case CPU_STOP:
		stop(cpu);
		break;
	case CPU_LOOKUP:
	case CPU_SEND:
	case CPU_RUN:
		ret = insn(cpu, cmd, (void __user *)arg);
		break;
	case CPU_STATE:
		ret = get_state(cpu, (void __user *)arg);
		break;
	default:
		ret = -ENOTTY;
	}
	mutex_unlock(&cpu->run_lock);
	return ret;
}

static int cpu_open(struct inode *inode, struct file *filp)
{
	struct cpu *cpu = kzalloc(sizeof(*cpu), GFP_KERNEL);

	if (!cpu)
		return -ENOMEM;
	mutex_init(&cpu->run_lock);
	mutex_init(&cpu->lock);
	INIT_LIST_HEAD(&cpu->entries);
	filp->private_data = cpu;
	return 0;
}

static int cpu_release(struct inode *inode, struct file *filp)
{
	struct cpu *cpu = filp->private_data;
	struct swiommu_dma nothing = {};

	if (cpu->held_file) {
		swiommu_portal_do(&cpu->held, &nothing);
		fput(cpu->held_file);
	}
	stop(cpu);
	mutex_destroy(&cpu->run_lock);
	mutex_destroy(&cpu->lock);
	kfree(cpu);
	return 0;
}

static const struct file_operations cpu_fops = {
	.owner		= THIS_MODULE,
	.open		= cpu_open,
	.release	= cpu_release,
	.unlocked_ioctl	= cpu_ioctl,
};

static struct miscdevice cpu_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= CPU_NAME,
	.fops	= &cpu_fops,
	.mode	= 0600,
};
module_misc_device(cpu_misc);

MODULE_DESCRIPTION("Test only: a CPU that translates PASIDs");
MODULE_LICENSE("GPL");
