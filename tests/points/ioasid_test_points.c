// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: stop points. The modules built with points.h call
 * ioasid_point_hit() at each of theirs; kprobes make the entries of functions of the
 * kernel into points as well. Threads that have joined are counted there, and held where
 * they are told to, for as long as the file is open. A point counts only where its
 * thread may sleep: so the number of a point in a call is the same whenever the call
 * goes the same way.
 */
#include <linux/freezer.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "ioasid_test_points.h"
#include "point.h"

/**
 * struct role - a thread that is watched
 * @task: it, or NULL
 * @passed: how many points it has passed since it was armed
 * @hold: at which one it is held
 * @held: it is
 * @go: it is to go on
 * @waits: it waits for a lock that another thread has
 * @refused: its calls to come of functions that can refuse, of each kind, bits, the lowest
 *	one the next
 * @error: with which errno they refuse
 * @gate: where it waits
 * @trace: the points that it has passed
 *
 * Written by the thread itself but for @task, @hold and @go, which it resets; @held is reset
 * when @go is set.
 */
struct role {
	struct task_struct *task;
	unsigned int passed;
	unsigned int hold;
	bool held;
	bool go;
	bool waits;
	u32 refused[POINTS_KINDS];
	int error;
	wait_queue_head_t gate;
	struct ioasid_point *trace[POINTS_MAX];
};

static struct role *roles;

#define PROBES_MAX	64

/**
 * struct entry - a function whose entry is a point, or which can refuse
 * @kp: the probe
 * @flags: POINTS_PROBE_*
 * @kind: POINTS_OF_*, of what refuses
 * @point: the point; its @func is @name
 * @name: of the function
 */
struct entry {
	struct kprobe kp;
	u32 flags, kind;
	struct ioasid_point point;
	char name[POINTS_NAME];
};

static struct entry *entries[PROBES_MAX];
static unsigned int nr_entries;
static DEFINE_MUTEX(entries_lock);

static struct role *my_role(void)
{
	unsigned int i;

	for (i = 0; i < POINTS_ROLES; i++)
		if (READ_ONCE(roles[i].task) == current)
			return &roles[i];
	return NULL;
}

/* While the machine goes to sleep the process that would release a held thread is frozen */
static bool may_sleep(void)
{
	return preemptible() && !rcu_preempt_depth() &&
	       !static_branch_unlikely(&freezer_active);
}

/* Points that threads with a role have passed, each once; protected by seen_lock */
static struct ioasid_point *seen[POINTS_MAX];
static unsigned int nr_seen;
static DEFINE_RAW_SPINLOCK(seen_lock);

static void note(struct ioasid_point *point, u8 how)
{
	unsigned long flags;

	if (READ_ONCE(point->seen) & how)
		return;
	raw_spin_lock_irqsave(&seen_lock, flags);
	if (!point->seen && nr_seen < POINTS_MAX)
		seen[nr_seen++] = point;
	point->seen |= how;
	raw_spin_unlock_irqrestore(&seen_lock, flags);
}

/* Count a point; true: here its thread is to be held */
static bool role_passes(struct role *role, struct ioasid_point *point)
{
	unsigned int nr = role->passed;

	note(point, IOASID_POINT_HELD);
	if (nr < POINTS_MAX)
		role->trace[nr] = point;
	WRITE_ONCE(role->passed, nr + 1);
	return nr == READ_ONCE(role->hold);
}

static void role_wait(struct role *role)
{
	WRITE_ONCE(role->held, true);
	/* But for the end of its process no signal changes which way the call goes */
	wait_event_killable(role->gate, READ_ONCE(role->go));
	WRITE_ONCE(role->held, false);
	/* It may be held once more */
	WRITE_ONCE(role->go, false);
}

void ioasid_point_hit(struct ioasid_point *point)
{
	struct role *role = my_role();

	if (!role)
		return;
	/* A call may end in another state than it began in */
	if (!may_sleep() || READ_ONCE(current->__state) != TASK_RUNNING)
		note(point, IOASID_POINT_ATOMIC);
	else if (role_passes(role, point))
		role_wait(role);
}
EXPORT_SYMBOL_GPL(ioasid_point_hit);

/* Where a probed function is entered in place of itself: in which, see below */
struct passing {
	struct task_struct *task;
	struct entry *entry;
	bool back;
};

static struct passing passings[POINTS_ROLES];

static struct passing *my_passing(void)
{
	unsigned int i;

	for (i = 0; i < POINTS_ROLES; i++)
		if (READ_ONCE(passings[i].task) == current)
			return &passings[i];
	return NULL;
}

static notrace noinline long entry_stand_in(long a, long b, long c, long d, long e, long f)
{
	struct passing *passing = my_passing();
	long (*fn)(long a, long b, long c, long d, long e, long f) =
		(void *)passing->entry->kp.addr;

	role_wait(my_role());
	passing->back = true;
	return fn(a, b, c, d, e, f);
}
NOKPROBE_SYMBOL(entry_stand_in);

/* Likewise, of a function that refuses, whatever its arguments: they are in registers */
static notrace noinline long entry_refuse(void)
{
	return -my_role()->error;
}
NOKPROBE_SYMBOL(entry_refuse);

static bool role_is_refused(struct role *role, u32 kind)
{
	bool refused = role->refused[kind] & 1;

	role->refused[kind] >>= 1;
	return refused;
}

static int entry_before(struct kprobe *kp, struct pt_regs *regs)
{
	struct entry *entry = container_of(kp, struct entry, kp);
	struct role *role = my_role();
	struct passing *passing;

	if (!role)
		return 0;
	if (entry->flags & POINTS_PROBE_REFUSES) {
		if (!role_is_refused(role, entry->kind))
			return 0;
		instruction_pointer_set(regs, (unsigned long)entry_refuse);
		return 1;
	}
	if (!(regs->flags & X86_EFLAGS_IF)) {
		note(&entry->point, IOASID_POINT_ATOMIC);
		return 0;
	}
	passing = &passings[role - roles];
	/* The call by its stand-in */
	if (passing->back && passing->entry == entry) {
		passing->back = false;
		return 0;
	}
	/* The probe itself has disabled preemption once */
	if (preempt_count() != 1 || rcu_preempt_depth() ||
	    static_branch_unlikely(&freezer_active)) {
		note(&entry->point, IOASID_POINT_ATOMIC);
		return 0;
	}
	if (!role_passes(role, &entry->point))
		return 0;
	passing->task = current;
	passing->entry = entry;
	instruction_pointer_set(regs, (unsigned long)entry_stand_in);
	return 1;
}
NOKPROBE_SYMBOL(entry_before);

/* With one of these a probe is let to change where to go on */
static void entry_after(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}

/* Threads that wait for a mutex or a semaphore, by the kernel's own tracepoints */
static void lock_begin(void *data, void *lock, unsigned int flags)
{
	struct role *role = in_task() ? my_role() : NULL;

	if (role)
		WRITE_ONCE(role->waits, true);
}

static void lock_end(void *data, void *lock, int ret)
{
	struct role *role = in_task() ? my_role() : NULL;

	if (role)
		WRITE_ONCE(role->waits, false);
}

static struct {
	const char *name;
	void *fn;
	struct tracepoint *tracepoint;
} listeners[] = {
	{ "contention_begin", lock_begin },
	{ "contention_end", lock_end },
};

static void listener_find(struct tracepoint *tracepoint, void *data)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(listeners); i++)
		if (!strcmp(tracepoint->name, listeners[i].name))
			listeners[i].tracepoint = tracepoint;
}

static void listeners_remove(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(listeners); i++)
		if (listeners[i].tracepoint)
			tracepoint_probe_unregister(listeners[i].tracepoint, listeners[i].fn,
						    NULL);
	tracepoint_synchronize_unregister();
}

static int listeners_add(void)
{
	unsigned int i;
	int ret = 0;

	for_each_kernel_tracepoint(listener_find, NULL);
	for (i = 0; i < ARRAY_SIZE(listeners) && !ret; i++)
		ret = listeners[i].tracepoint ?
			tracepoint_probe_register(listeners[i].tracepoint, listeners[i].fn,
						  NULL) : -EOPNOTSUPP;
	if (ret)
		listeners_remove();
	return ret;
}

static long points_probe(void __user *arg)
{
	struct points_probe probe;
	struct entry *entry;
	long ret;

	if (copy_from_user(&probe, arg, sizeof(probe)))
		return -EFAULT;
	if (probe.flags & ~POINTS_PROBE_REFUSES || probe.kind >= POINTS_KINDS)
		return -EINVAL;
	probe.name[POINTS_NAME - 1] = 0;
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	entry->flags = probe.flags;
	entry->kind = probe.kind;
	strscpy(entry->name, probe.name, sizeof(entry->name));
	entry->point = (struct ioasid_point) { "kernel", entry->name, "entry" };
	entry->kp.symbol_name = entry->name;
	entry->kp.pre_handler = entry_before;
	entry->kp.post_handler = entry_after;
	mutex_lock(&entries_lock);
	ret = nr_entries < PROBES_MAX ? register_kprobe(&entry->kp) : -ENOSPC;
	if (!ret)
		entries[nr_entries++] = entry;
	mutex_unlock(&entries_lock);
	if (ret)
		kfree(entry);
	return ret;
}

static long points_refuse(void __user *arg)
{
	struct role *role = my_role();
	struct points_refuse refuse;
	u32 left;

	if (copy_from_user(&refuse, arg, sizeof(refuse)))
		return -EFAULT;
	if (!role || refuse.kind >= POINTS_KINDS)
		return -EINVAL;
	left = role->refused[refuse.kind];
	role->error = refuse.error;
	role->refused[refuse.kind] = refuse.calls;
	return left;
}

/* Return: the device, which the caller puts, or NULL */
static struct pci_dev *points_device(void __user *arg)
{
	struct points_device device;

	if (copy_from_user(&device, arg, sizeof(device)))
		return NULL;
	return pci_get_domain_bus_and_slot(device.domain, device.bus, device.devfn);
}

/* The kernel looks at nothing else when it decides whether to take a device out of its
 * domains in a reset. The IOMMU's driver has looked at it when the device was found
 */
static long points_ats(void __user *arg)
{
	struct pci_dev *pdev = points_device(arg);

	if (!pdev)
		return -ENODEV;
#ifdef CONFIG_PCI_ATS
	pdev->ats_cap = PCI_CFG_SPACE_SIZE;
#endif
	pci_dev_put(pdev);
	return 0;
}

/* DMA from now on is what has been on its way when bus mastering was turned off */
static long points_master(void __user *arg)
{
	struct pci_dev *pdev = points_device(arg);
	u16 command;

	if (!pdev)
		return -ENODEV;
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	pci_write_config_word(pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY |
						 PCI_COMMAND_MASTER);
	pci_dev_put(pdev);
	return 0;
}

static struct role *role_of(u32 role)
{
	return role < POINTS_ROLES ? &roles[role] : NULL;
}

static long points_join(void __user *arg)
{
	struct points_join join;
	struct role *role;

	if (copy_from_user(&join, arg, sizeof(join)))
		return -EFAULT;
	role = role_of(join.role);
	if (!role)
		return -EINVAL;
	role->hold = POINTS_NEVER;
	WRITE_ONCE(role->task, current);
	return 0;
}

static long points_arm(void __user *arg)
{
	struct points_arm arm;
	struct role *role;

	if (copy_from_user(&arm, arg, sizeof(arm)))
		return -EFAULT;
	role = role_of(arm.role);
	if (!role || role->held)
		return -EINVAL;
	role->passed = 0;
	role->go = false;
	role->waits = false;
	WRITE_ONCE(role->hold, arm.hold);
	return 0;
}

static long points_state(void __user *arg)
{
	struct points_state state;
	struct role *role;

	if (copy_from_user(&state, arg, sizeof(state)))
		return -EFAULT;
	role = role_of(state.role);
	if (!role)
		return -EINVAL;
	state.passed = READ_ONCE(role->passed);
	state.held = READ_ONCE(role->held);
	state.waits = READ_ONCE(role->waits);
	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

static void print_name(struct points_name *name, const struct ioasid_point *point)
{
	snprintf(name->name, sizeof(name->name), "%s %s: %s", kbasename(point->file),
		 point->func, point->what);
}

static long points_name(void __user *arg)
{
	struct points_name name;
	struct role *role;

	if (copy_from_user(&name, arg, sizeof(name)))
		return -EFAULT;
	role = role_of(name.role);
	if (!role || name.index >= min(role->passed, POINTS_MAX))
		return -EINVAL;
	print_name(&name, role->trace[name.index]);
	return copy_to_user(arg, &name, sizeof(name)) ? -EFAULT : 0;
}

static long points_seen(void __user *arg)
{
	struct points_name name;

	if (copy_from_user(&name, arg, sizeof(name)))
		return -EFAULT;
	if (name.index >= READ_ONCE(nr_seen))
		return -EINVAL;
	print_name(&name, seen[name.index]);
	name.role = READ_ONCE(seen[name.index]->seen);
	return copy_to_user(arg, &name, sizeof(name)) ? -EFAULT : 0;
}

static long points_go(void __user *arg)
{
	struct points_arm again;
	struct role *role;

	if (copy_from_user(&again, arg, sizeof(again)))
		return -EFAULT;
	role = role_of(again.role);
	if (!role)
		return -EINVAL;
	WRITE_ONCE(role->hold, again.hold);
	/* From now on, not from when it gets to run */
	WRITE_ONCE(role->held, false);
	WRITE_ONCE(role->go, true);
	wake_up_all(&role->gate);
	return 0;
}

static long points_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case POINTS_JOIN:
		return points_join(argp);
	case POINTS_ARM:
		return points_arm(argp);
	case POINTS_STATE:
		return points_state(argp);
	case POINTS_GET_NAME:
		return points_name(argp);
	case POINTS_REFUSE:
		return points_refuse(argp);
	case POINTS_ATS:
		return points_ats(argp);
	case POINTS_MASTER:
		return points_master(argp);
	case POINTS_SEEN:
		return points_seen(argp);
	case POINTS_GO:
		return points_go(argp);
	case POINTS_PROBE:
		return points_probe(argp);
	default:
		return -ENOTTY;
	}
}

/* Nothing stays held when the test is gone */
static int points_release(struct inode *inode, struct file *file)
{
	unsigned int i;

	for (i = 0; i < POINTS_ROLES; i++) {
		WRITE_ONCE(roles[i].task, NULL);
		roles[i].hold = POINTS_NEVER;
		WRITE_ONCE(roles[i].go, true);
		wake_up_all(&roles[i].gate);
	}
	/* They may go with their modules now */
	while (nr_seen)
		seen[--nr_seen]->seen = 0;
	mutex_lock(&entries_lock);
	while (nr_entries) {
		unregister_kprobe(&entries[--nr_entries]->kp);
		/* Traces may name it, but there is no file to read them with */
		kfree(entries[nr_entries]);
	}
	mutex_unlock(&entries_lock);
	return 0;
}

static const struct file_operations points_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = points_ioctl,
	.release = points_release,
};

static struct miscdevice points_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioasid_test_points",
	.fops = &points_fops,
	.mode = 0600,
};

static int __init points_init(void)
{
	unsigned int i;
	int ret;

	roles = kvcalloc(POINTS_ROLES, sizeof(*roles), GFP_KERNEL);
	if (!roles)
		return -ENOMEM;
	for (i = 0; i < POINTS_ROLES; i++)
		init_waitqueue_head(&roles[i].gate);
	ret = listeners_add();
	if (ret)
		goto free;
	ret = misc_register(&points_misc);
	if (!ret)
		return 0;
	listeners_remove();
free:
	kvfree(roles);
	return ret;
}
module_init(points_init);

static void __exit points_exit(void)
{
	misc_deregister(&points_misc);
	listeners_remove();
	kvfree(roles);
}
module_exit(points_exit);

MODULE_DESCRIPTION("Points at which threads are held (test)");
MODULE_LICENSE("GPL");
