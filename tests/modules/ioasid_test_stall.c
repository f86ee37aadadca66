// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: holds threads at the entry of a function of the kernel's or of
 * ours, so that a test can see what others may do in between.
 *
 * function=NAME, at load time: one that may sleep, with at most six arguments, all
 * of them integers or pointers. Then, in /sys/module/ioasid_test_stall/parameters/:
 * calls, a bit for each call to come, the lowest bit for the next one: a call whose
 * bit is set is held. It is shifted with every call. stalled: how many threads are
 * held. go: write 1 to let them go on; nobody is held for more than 10 s.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/wait.h>

#define STALL_MAX	(10 * HZ)

static char *function;
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "at the entry of which threads are held");

static ulong calls;
module_param(calls, ulong, 0644);
MODULE_PARM_DESC(calls, "which calls to come are held: bits");

static int stalled;
module_param(stalled, int, 0444);
MODULE_PARM_DESC(stalled, "how many threads are held");

static DECLARE_WAIT_QUEUE_HEAD(gate);
static unsigned int generation;

static int go_set(const char *value, const struct kernel_param *param)
{
	WRITE_ONCE(generation, generation + 1);
	wake_up_all(&gate);
	return 0;
}

static const struct kernel_param_ops go_ops = { .set = go_set };
module_param_cb(go, &go_ops, NULL, 0200);
MODULE_PARM_DESC(go, "written: let them go on");

static struct kprobe probe;
static atomic_t nr_stalled = ATOMIC_INIT(0);

/* Those who have been held and call the function itself */
static struct task_struct *passing[8];

static bool pass(struct task_struct *from, struct task_struct *to)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(passing); i++)
		if (cmpxchg(&passing[i], from, to) == from)
			return true;
	return false;
}

/* Takes the function's place */
static notrace noinline long stall(long a, long b, long c, long d, long e, long f)
{
	long (*fn)(long a, long b, long c, long d, long e, long f) = (void *)probe.addr;
	unsigned int before = READ_ONCE(generation);

	WRITE_ONCE(stalled, atomic_inc_return(&nr_stalled));
	wait_event_timeout(gate, READ_ONCE(generation) != before, STALL_MAX);
	WRITE_ONCE(stalled, atomic_dec_return(&nr_stalled));
	while (!pass(NULL, current))
		cond_resched();
	return fn(a, b, c, d, e, f);
}
NOKPROBE_SYMBOL(stall);

static int before(struct kprobe *kp, struct pt_regs *regs)
{
	ulong old, next;

	if (pass(current, NULL))
		return 0;
	do {
		old = READ_ONCE(calls);
		next = old >> 1;
	} while (cmpxchg(&calls, old, next) != old);
	if (!(old & 1))
		return 0;
	instruction_pointer_set(regs, (unsigned long)stall);
	return 1;
}

/* With one of these a probe is let to change where to go on */
static void after(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}

static int __init stall_init(void)
{
	if (!function)
		return -EINVAL;
	probe.symbol_name = function;
	probe.pre_handler = before;
	probe.post_handler = after;
	return register_kprobe(&probe);
}
module_init(stall_init);

static void __exit stall_exit(void)
{
	unregister_kprobe(&probe);
	go_set(NULL, NULL);
	while (atomic_read(&nr_stalled))
		schedule_timeout_uninterruptible(1);
}
module_exit(stall_exit);

MODULE_DESCRIPTION("Functions of the kernel in which threads are held (test)");
MODULE_LICENSE("GPL");
