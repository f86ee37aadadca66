// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: the longest time that a thread works in the kernel without a chance
 * to reschedule. A chance is a call of __cond_resched(), being scheduled out, and the
 * way into the kernel and out of it. The machine's kernel yields nowhere else
 * (preempt=none).
 *
 * In /sys/module/ioasid_test_stretch/parameters/: pid: which thread; written: nothing
 * has been seen yet, 0: none. longest: nanoseconds of the kernel's clock. chances: how
 * many there were. ends: where the longest stretch began and ended.
 *
 * What interrupts do meanwhile counts. With QEMU's -icount the clock counts instructions.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

static ulong longest;
module_param(longest, ulong, 0444);
MODULE_PARM_DESC(longest, "nanoseconds without a chance to reschedule");

static ulong chances;
module_param(chances, ulong, 0444);
MODULE_PARM_DESC(chances, "how many chances there were");

static int pid;

/* All of the thread that is watched, on the processor that it is on */
static u64 since;
static unsigned long last_place, from, to;

static int pid_set(const char *value, const struct kernel_param *param)
{
	int ret;

	WRITE_ONCE(pid, 0);
	since = 0;
	longest = 0;
	chances = 0;
	from = 0;
	to = 0;
	ret = param_set_int(value, param);
	return ret;
}

static const struct kernel_param_ops pid_ops = {
	.set = pid_set,
	.get = param_get_int,
};
module_param_cb(pid, &pid_ops, &pid, 0644);
MODULE_PARM_DESC(pid, "the thread that is watched");

static int ends_get(char *buffer, const struct kernel_param *param)
{
	return scnprintf(buffer, PAGE_SIZE, "%pS to %pS\n", (void *)from, (void *)to);
}

static const struct kernel_param_ops ends_ops = { .get = ends_get };
module_param_cb(ends, &ends_ops, NULL, 0444);
MODULE_PARM_DESC(ends, "where the longest stretch began and ended");

static notrace void stretch_begin(unsigned long place)
{
	last_place = place;
	since = local_clock();
}

/* A stretch has ended at @place */
static notrace void stretch_end(unsigned long place)
{
	u64 now = local_clock();

	if (since && now - since > longest) {
		longest = now - since;
		from = last_place;
		to = place;
	}
	since = 0;
}

static int at_cond_resched(struct kprobe *kp, struct pt_regs *regs)
{
	unsigned long caller;

	if (task_pid_nr(current) != READ_ONCE(pid))
		return 0;
#ifdef CONFIG_X86
	caller = regs_get_kernel_stack_nth(regs, 0);
#else
	caller = regs->regs[30];
#endif
	stretch_end(caller);
	chances++;
	stretch_begin(caller);
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "__cond_resched",
	.pre_handler = at_cond_resched,
};

static void at_switch(void *unused, bool preempt, struct task_struct *prev,
		      struct task_struct *next, unsigned int prev_state)
{
	if (task_pid_nr(prev) == READ_ONCE(pid))
		stretch_end((unsigned long)at_switch);
	if (task_pid_nr(next) == READ_ONCE(pid))
		stretch_begin((unsigned long)at_switch);
}

static void at_sys_enter(void *unused, struct pt_regs *regs, long id)
{
	if (task_pid_nr(current) == READ_ONCE(pid))
		stretch_begin((unsigned long)at_sys_enter);
}

static void at_sys_exit(void *unused, struct pt_regs *regs, long ret)
{
	if (task_pid_nr(current) == READ_ONCE(pid))
		stretch_end((unsigned long)at_sys_exit);
}

static struct {
	const char *name;
	void *fn;
	struct tracepoint *tp;
	bool registered;
} points[] = {
	{ "sched_switch", at_switch },
	{ "sys_enter", at_sys_enter },
	{ "sys_exit", at_sys_exit },
};

static void find_point(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (!strcmp(tp->name, points[i].name))
			points[i].tp = tp;
}

static void stretch_stop(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (points[i].registered)
			tracepoint_probe_unregister(points[i].tp, points[i].fn, NULL);
	tracepoint_synchronize_unregister();
}

static int __init stretch_init(void)
{
	unsigned int i;
	int ret = 0;

	for_each_kernel_tracepoint(find_point, NULL);
	for (i = 0; i < ARRAY_SIZE(points) && !ret; i++) {
		ret = points[i].tp ?
		      tracepoint_probe_register(points[i].tp, points[i].fn, NULL) : -ENOENT;
		points[i].registered = !ret;
	}
	ret = ret ?: register_kprobe(&probe);
	if (ret)
		stretch_stop();
	return ret;
}
module_init(stretch_init);

static void __exit stretch_exit(void)
{
	unregister_kprobe(&probe);
	stretch_stop();
}
module_exit(stretch_exit);

MODULE_DESCRIPTION("The longest work without a chance to reschedule (test)");
MODULE_LICENSE("GPL");
