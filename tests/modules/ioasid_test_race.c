// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: a data race. Two threads, each on a CPU of its own, add to one counter
 * without a lock while the module is being loaded. A kernel that looks for data races must
 * say so, or its silence about the other modules means nothing (test-race).
 *
 * milliseconds: how long.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static uint milliseconds = 1000;
module_param(milliseconds, uint, 0444);
MODULE_PARM_DESC(milliseconds, "for which they run");

static unsigned long planted;

/* Its name is what the report must have (scripts/check) */
static noinline void ioasid_planted_race(void)
{
	planted++;
}

static int race(void *unused)
{
	while (!kthread_should_stop()) {
		ioasid_planted_race();
		cond_resched();
	}
	return 0;
}

static struct task_struct *race_on(unsigned int cpu)
{
	struct task_struct *task = kthread_create(race, NULL, "ioasid_race/%u", cpu);

	if (!IS_ERR(task)) {
		kthread_bind(task, cpu);
		wake_up_process(task);
	}
	return task;
}

static int __init ioasid_test_race_init(void)
{
	unsigned int first = cpumask_first(cpu_online_mask);
	unsigned int second = cpumask_next(first, cpu_online_mask);
	struct task_struct *one, *other;

	/* What takes turns on one CPU does not race */
	if (second >= nr_cpu_ids)
		return -ENODEV;
	one = race_on(first);
	if (IS_ERR(one))
		return PTR_ERR(one);
	other = race_on(second);
	if (!IS_ERR(other)) {
		msleep(milliseconds);
		kthread_stop(other);
	}
	kthread_stop(one);
	pr_info("ioasid_test_race: %lu\n", planted);
	return PTR_ERR_OR_ZERO(other);
}
module_init(ioasid_test_race_init);

static void __exit ioasid_test_race_exit(void)
{
}
module_exit(ioasid_test_race_exit);

MODULE_DESCRIPTION("For tests: a data race");
MODULE_LICENSE("GPL");
