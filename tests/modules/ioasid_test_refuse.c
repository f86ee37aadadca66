// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: has functions of the kernel refuse without being called, on
 * kernels without fault injection. What cannot be provoked from outside, a driver
 * that has no memory to attach a device for one, is seen to be handled that way.
 *
 * functions=NAME[,NAME...]: which, at load time. Then, in
 * /sys/module/ioasid_test_refuse/parameters/: error, a positive errno that they
 * return negative; and calls, a bit for each call to come of any of them, the
 * lowest bit for the next one: 5 is the first and the third. It is shifted with
 * every call, and so 0 when all of them have been refused.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>

#define FUNCTIONS_MAX	4

static char *functions[FUNCTIONS_MAX];
static unsigned int nr_functions;
module_param_array(functions, charp, &nr_functions, 0444);
MODULE_PARM_DESC(functions, "functions that refuse");

static int error;
module_param(error, int, 0644);
MODULE_PARM_DESC(error, "errno that they refuse with");

static ulong calls;
module_param(calls, ulong, 0644);
MODULE_PARM_DESC(calls, "which calls to come are refused: bits");

static struct kprobe probes[FUNCTIONS_MAX];

/* Takes a function's place, whatever its arguments: they are in registers */
static notrace noinline long refuse(void)
{
	return -error;
}
NOKPROBE_SYMBOL(refuse);

static int before(struct kprobe *probe, struct pt_regs *regs)
{
	ulong old, next;

	do {
		old = READ_ONCE(calls);
		next = old >> 1;
	} while (cmpxchg(&calls, old, next) != old);
	if (!(old & 1))
		return 0;
	instruction_pointer_set(regs, (unsigned long)refuse);
	return 1;
}

/* With one of these a probe is let to change where to go on */
static void after(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static int __init refuse_init(void)
{
	unsigned int i;
	int ret = -EINVAL;

	for (i = 0; i < nr_functions; i++) {
		probes[i].symbol_name = functions[i];
		probes[i].pre_handler = before;
		probes[i].post_handler = after;
		ret = register_kprobe(&probes[i]);
		if (ret)
			break;
	}
	while (ret && i--)
		unregister_kprobe(&probes[i]);
	return ret;
}
module_init(refuse_init);

static void __exit refuse_exit(void)
{
	unsigned int i;

	for (i = 0; i < nr_functions; i++)
		unregister_kprobe(&probes[i]);
}
module_exit(refuse_exit);

MODULE_DESCRIPTION("Functions of the kernel that refuse (test)");
MODULE_LICENSE("GPL");
