// SPDX-License-Identifier: GPL-2.0-only
/*
 * An example of a driver of software-mediated devices, for the tests: devices that
 * have no DMA of their own and no IOMMU, and do in an address space what their user
 * asks for by ioctl (mediated.h). It also watches no-snoop DMA, as an emulator of
 * CPUs would.
 *
 * A file is bound to any number of I/O address space fds. bind_sem keeps bindings
 * where they are: calls hold it for reading, also while they wait for memory, and
 * those that bind and unbind for writing. What the core calls, mediated_unmap(), takes
 * pins_lock alone.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include <uapi/linux/ioasid.h>

#include "ioasid_api.h"
#include "mediated.h"

static struct miscdevice devices[MEDIATED_DEVICES];
static char names[MEDIATED_DEVICES][32];
static struct workqueue_struct *queue;

/**
 * struct open_file - an open file of a device
 * @misc: the device
 * @bind_sem: protects @bindings
 * @attach_lock: one attaches or detaches at a time
 * @bindings: struct binding
 * @pins_lock: protects what bindings have been told, and what follows
 * @pins: struct test_pin. It is one device: the binding that has something attached is told to let
 *	go of what was pinned by way of others as well
 * @last_id: of a pin
 * @delay: how the driver answers when it is told to let go
 * @watch_lock: protects @ctx
 * @ctx: whose no-snoop DMA is watched, or NULL
 * @listener: for that
 * @noticed: as in struct mediated_state
 * @notice: as there
 */
struct open_file {
	struct miscdevice *misc;
	struct rw_semaphore bind_sem;
	struct mutex attach_lock;
	struct list_head bindings;
	spinlock_t pins_lock;
	struct list_head pins;
	u64 last_id;
	u32 delay;
	struct mutex watch_lock;
	struct ioasid_ctx *ctx;
	struct ioasid_no_snoop_listener listener;
	u32 noticed;
	u32 notice;
};

/**
 * struct binding - a file is bound to an I/O address space fd
 * @node: in the bindings of its file
 * @file: the file
 * @idev: the core's side of it
 * @told: as in struct mediated_state
 * @start: as there
 * @last: as there
 */
struct binding {
	struct list_head node;
	struct open_file *file;
	struct ioasid_device *idev;
	u64 told;
	u64 start;
	u64 last;
};

/**
 * struct test_pin - a pin
 * @node: in the pins of a file, or on the way out
 * @id: its number
 * @pin: the core's side of it
 * @work: lets go of it
 */
struct test_pin {
	struct list_head node;
	u64 id;
	struct ioasid_pin *pin;
	struct delayed_work work;
};

static void unpin(struct test_pin *pin)
{
	ioasid_device_unpin(pin->pin);
	kfree(pin);
}

static void unpin_work(struct work_struct *work)
{
	unpin(container_of(to_delayed_work(work), struct test_pin, work));
}

static bool overlaps(const struct ioasid_pin *pin, u64 start, u64 last)
{
	return pin->iova <= last &&
	       pin->iova + (((u64)pin->nr_pages << PAGE_SHIFT) - 1) >= start;
}

static void mediated_unmap(void *data, u64 start, u64 last)
{
	struct binding *binding = data;
	struct open_file *file = binding->file;
	u32 delay = READ_ONCE(file->delay);
	struct test_pin *pin, *next;
	LIST_HEAD(out);

	spin_lock(&file->pins_lock);
	binding->told++;
	binding->start = start;
	binding->last = last;
	list_for_each_entry_safe(pin, next, &file->pins, node)
		if (delay != MEDIATED_NEVER && overlaps(pin->pin, start, last))
			list_move(&pin->node, &out);
	spin_unlock(&file->pins_lock);
	list_for_each_entry_safe(pin, next, &out, node) {
		if (delay)
			queue_delayed_work(queue, &pin->work, msecs_to_jiffies(delay));
		else
			unpin(pin);
	}
}

static const struct ioasid_mediated_ops mediated_ops = {
	.unmap = mediated_unmap,
};

/* bind_sem is held */
static struct binding *find(struct open_file *file, int iommu_fd)
{
	struct binding *binding, *found = ERR_PTR(-EINVAL);
	struct ioasid_ctx *ctx;

	/* For those who have closed it */
	if (iommu_fd == -1 && !list_empty(&file->bindings))
		return list_first_entry(&file->bindings, struct binding, node);
	ctx = ioasid_ctx_from_fd(iommu_fd);
	if (IS_ERR(ctx))
		return ERR_CAST(ctx);
	list_for_each_entry(binding, &file->bindings, node)
		if (ioasid_device_is_bound_to(binding->idev, ctx))
			found = binding;
	ioasid_ctx_put(ctx);
	return found;
}

static int do_bind(struct file *filp, int iommu_fd, struct ioasid_device_desc *desc)
{
	struct open_file *file = filp->private_data;
	struct binding *binding;
	struct ioasid_ctx *ctx;
	int ret;

	binding = kzalloc(sizeof(*binding), GFP_KERNEL);
	if (!binding)
		return -ENOMEM;
	binding->file = file;
	desc->dev = file->misc->this_device;
	desc->owner = filp;
	desc->data = binding;
	ctx = ioasid_ctx_from_fd(iommu_fd);
	if (IS_ERR(ctx)) {
		kfree(binding);
		return PTR_ERR(ctx);
	}
	ret = down_write_killable(&file->bind_sem);
	if (!ret) {
		binding->idev = ioasid_device_bind(ctx, desc);
		ret = PTR_ERR_OR_ZERO(binding->idev);
		if (!ret)
			list_add(&binding->node, &file->bindings);
		up_write(&file->bind_sem);
	}
	if (ret)
		kfree(binding);
	ioasid_ctx_put(ctx);
	return ret;
}

static int bind(struct file *filp, void __user *user)
{
	struct ioasid_device_desc desc = {
		.type = IOASID_DEVICE_MEDIATED,
		.ops = &mediated_ops,
	};
	struct ioasid_bind args;
	int ret;

	ret = ioasid_copy_struct(&args, sizeof(args),
				 offsetofend(struct ioasid_bind, vf_token), user);
	if (ret)
		return ret;
	if (args.flags || args.__reserved)
		return -EINVAL;
	desc.cookie = args.cookie;
	return do_bind(filp, args.iommu_fd, &desc);
}

static int bind_as(struct file *filp, struct mediated_op *op)
{
	struct ioasid_device_desc desc = {
		.cookie = op->id,
		.type = op->flags,
		.ops = op->length ? &mediated_ops : NULL,
	};

	return do_bind(filp, op->iommu_fd, &desc);
}

/* bind_sem is held for writing, or nobody has the file any more */
static void free_binding(struct binding *binding)
{
	list_del(&binding->node);
	ioasid_device_unbind(binding->idev);
	WARN_ON(list_empty(&binding->file->bindings) && !list_empty(&binding->file->pins));
	/* The last of it may be running still */
	flush_workqueue(queue);
	kfree(binding);
}

static int unbind(struct open_file *file, void __user *user)
{
	struct ioasid_unbind args;
	struct binding *binding;
	int ret;

	ret = ioasid_copy_struct(&args, sizeof(args),
				 offsetofend(struct ioasid_unbind, __reserved), user);
	if (ret)
		return ret;
	if (args.flags || args.__reserved)
		return -EINVAL;
	ret = down_write_killable(&file->bind_sem);
	if (ret)
		return ret;
	binding = find(file, args.iommu_fd);
	ret = PTR_ERR_OR_ZERO(binding);
	if (!ret)
		free_binding(binding);
	up_write(&file->bind_sem);
	return ret;
}

static int attach(struct open_file *file, void __user *user)
{
	struct ioasid_attach args;
	struct binding *binding;
	int ret;

	ret = ioasid_copy_struct(&args, sizeof(args),
				 offsetofend(struct ioasid_attach, __reserved), user);
	if (ret)
		return ret;
	ret = mutex_lock_killable(&file->attach_lock);
	if (ret)
		return ret;
	ret = down_read_killable(&file->bind_sem);
	if (ret)
		goto unlock;
	binding = find(file, args.iommu_fd);
	ret = PTR_ERR_OR_ZERO(binding);
	ret = ret ?: ioasid_device_attach(binding->idev, args.ioasid, args.flags);
	up_read(&file->bind_sem);
unlock:
	mutex_unlock(&file->attach_lock);
	return ret;
}

static int detach(struct open_file *file, void __user *user)
{
	struct ioasid_detach args;
	struct binding *binding;
	int ret;

	ret = ioasid_copy_struct(&args, sizeof(args),
				 offsetofend(struct ioasid_detach, pasid), user);
	if (ret)
		return ret;
	ret = mutex_lock_killable(&file->attach_lock);
	if (ret)
		return ret;
	ret = down_read_killable(&file->bind_sem);
	if (ret)
		goto unlock;
	binding = find(file, args.iommu_fd);
	ret = PTR_ERR_OR_ZERO(binding);
	ret = ret ?: ioasid_device_detach(binding->idev);
	up_read(&file->bind_sem);
unlock:
	mutex_unlock(&file->attach_lock);
	return ret;
}

static struct test_pin *take_pin(struct binding *binding, u64 id)
{
	struct test_pin *pin, *found = NULL;

	spin_lock(&binding->file->pins_lock);
	list_for_each_entry(pin, &binding->file->pins, node)
		if (pin->id == id)
			found = pin;
	if (found)
		list_del_init(&found->node);
	spin_unlock(&binding->file->pins_lock);
	return found;
}

static void add_pin(struct binding *binding, struct test_pin *pin)
{
	spin_lock(&binding->file->pins_lock);
	list_add(&pin->node, &binding->file->pins);
	spin_unlock(&binding->file->pins_lock);
}

/* A driver that is slow to take note of a pin. It is told to let go again later */
static void wait_until_told(struct binding *binding, u64 before)
{
	unsigned int i;

	for (i = 0; i < 500 && READ_ONCE(binding->told) == before; i++)
		msleep(20);
}

static int do_pin(struct binding *binding, struct mediated_op *op)
{
	struct test_pin *pin = kzalloc(sizeof(*pin), GFP_KERNEL);
	u64 before = READ_ONCE(binding->told);
	unsigned long i;
	int ret = 0;
	u64 phys;

	if (!pin)
		return -ENOMEM;
	INIT_DELAYED_WORK(&pin->work, unpin_work);
	pin->pin = ioasid_device_pin(binding->idev, op->iova, op->length,
				     op->flags & MEDIATED_FOR_WRITE);
	if (IS_ERR(pin->pin)) {
		ret = PTR_ERR(pin->pin);
		kfree(pin);
		return ret;
	}
	for (i = 0; op->buf && i < pin->pin->nr_pages && !ret; i++) {
		phys = page_to_phys(pin->pin->pages[i]);
		if (copy_to_user(u64_to_user_ptr(op->buf) + i * sizeof(phys), &phys,
				 sizeof(phys)))
			ret = -EFAULT;
	}
	if (ret) {
		unpin(pin);
		return ret;
	}
	if (op->flags & MEDIATED_LATE)
		wait_until_told(binding, before);
	spin_lock(&binding->file->pins_lock);
	pin->id = ++binding->file->last_id;
	op->id = pin->id;
	spin_unlock(&binding->file->pins_lock);
	add_pin(binding, pin);
	return 0;
}

static int do_unpin(struct binding *binding, struct mediated_op *op)
{
	struct test_pin *pin = take_pin(binding, op->id);

	if (!pin)
		return -ENOENT;
	unpin(pin);
	return 0;
}

/* What a device's own DMA would do */
static int do_fill(struct binding *binding, struct mediated_op *op)
{
	struct test_pin *pin = take_pin(binding, op->id);
	unsigned long i;
	void *page;

	if (!pin)
		return -ENOENT;
	for (i = 0; i < pin->pin->nr_pages; i++) {
		page = kmap_local_page(pin->pin->pages[i]);
		memset(page, op->buf, PAGE_SIZE);
		kunmap_local(page);
	}
	add_pin(binding, pin);
	return 0;
}

/* In this thread or one of the kernel's */
struct copy {
	struct work_struct work;
	struct binding *binding;
	struct mediated_op *op;
	void *buf;
	bool write;
	int ret;
};

static void do_copy(struct work_struct *work)
{
	struct copy *copy = container_of(work, struct copy, work);
	struct mediated_op *op = copy->op;

	if (copy->write)
		copy->ret = ioasid_device_write(copy->binding->idev, op->iova, copy->buf,
						op->length);
	else
		copy->ret = ioasid_device_read(copy->binding->idev, op->iova, copy->buf,
					       op->length);
}

static int read_or_write(struct binding *binding, struct mediated_op *op, bool write)
{
	struct copy copy = { .binding = binding, .op = op, .write = write };

	if (op->length > SZ_16M)
		return -EINVAL;
	copy.buf = kvzalloc(op->length ?: 1, GFP_KERNEL);
	if (!copy.buf)
		return -ENOMEM;
	if (write && copy_from_user(copy.buf, u64_to_user_ptr(op->buf), op->length)) {
		copy.ret = -EFAULT;
		goto free;
	}
	if (op->flags & MEDIATED_KTHREAD) {
		INIT_WORK_ONSTACK(&copy.work, do_copy);
		queue_work(queue, &copy.work);
		flush_work(&copy.work);
		destroy_work_on_stack(&copy.work);
	} else {
		do_copy(&copy.work);
	}
	if (!copy.ret && !write &&
	    copy_to_user(u64_to_user_ptr(op->buf), copy.buf, op->length))
		copy.ret = -EFAULT;
free:
	kvfree(copy.buf);
	return copy.ret;
}

static int do_op(struct binding *binding, unsigned int cmd, struct mediated_op *op)
{
	switch (cmd) {
	case MEDIATED_TRANSLATE:
		return ioasid_device_translate(binding->idev, op->iova, op->length);
	case MEDIATED_READ:
		return read_or_write(binding, op, false);
	case MEDIATED_WRITE:
		return read_or_write(binding, op, true);
	case MEDIATED_PIN:
		return do_pin(binding, op);
	case MEDIATED_UNPIN:
		return do_unpin(binding, op);
	default:
		return do_fill(binding, op);
	}
}

static int operation(struct file *filp, unsigned int cmd, void __user *user)
{
	struct open_file *file = filp->private_data;
	struct mediated_op op;
	struct binding *binding;
	int ret;

	if (copy_from_user(&op, user, sizeof(op)))
		return -EFAULT;
	if (cmd == MEDIATED_BIND_AS)
		return bind_as(filp, &op);
	ret = down_read_killable(&file->bind_sem);
	if (ret)
		return ret;
	binding = find(file, op.iommu_fd);
	ret = PTR_ERR_OR_ZERO(binding);
	ret = ret ?: do_op(binding, cmd, &op);
	up_read(&file->bind_sem);
	if (ret >= 0 && copy_to_user(user, &op, sizeof(op)))
		ret = -EFAULT;
	return ret;
}

static int get_state(struct open_file *file, void __user *user)
{
	struct mediated_state state;
	struct binding *binding;
	struct test_pin *pin;
	int ret;

	if (copy_from_user(&state, user, sizeof(state)))
		return -EFAULT;
	ret = down_read_killable(&file->bind_sem);
	if (ret)
		return ret;
	binding = find(file, state.iommu_fd);
	ret = PTR_ERR_OR_ZERO(binding);
	if (!ret) {
		spin_lock(&binding->file->pins_lock);
		state.pins = 0;
		list_for_each_entry(pin, &binding->file->pins, node)
			state.pins++;
		state.told = binding->told;
		state.start = binding->start;
		state.last = binding->last;
		spin_unlock(&binding->file->pins_lock);
	}
	up_read(&file->bind_sem);
	if (!ret && copy_to_user(user, &state, sizeof(state)))
		ret = -EFAULT;
	return ret;
}

static void no_snoop_changed(struct ioasid_no_snoop_listener *listener, bool may)
{
	struct open_file *file = container_of(listener, struct open_file, listener);

	WRITE_ONCE(file->notice, may);
	WRITE_ONCE(file->noticed, file->noticed + 1);
}

static void unwatch(struct open_file *file)
{
	if (file->ctx)
		ioasid_ctx_unregister_no_snoop(file->ctx, &file->listener);
	file->ctx = NULL;
}

/* Begins with the first call */
static int watch(struct open_file *file, void __user *user)
{
	struct mediated_state state;
	struct ioasid_ctx *ctx;
	int ret;

	if (copy_from_user(&state, user, sizeof(state)))
		return -EFAULT;
	ret = mutex_lock_killable(&file->watch_lock);
	if (ret)
		return ret;
	if (!file->ctx) {
		ctx = ioasid_ctx_from_fd(state.iommu_fd);
		ret = PTR_ERR_OR_ZERO(ctx);
		if (ret)
			goto unlock;
		file->listener.changed = no_snoop_changed;
		file->noticed = 0;
		file->notice = ioasid_ctx_register_no_snoop(ctx, &file->listener);
		file->ctx = ctx;
		/* Held by the registration */
		ioasid_ctx_put(ctx);
	} else if (state.iommu_fd == -2) {
		unwatch(file);
		goto unlock;
	}
	state.no_snoop = ioasid_ctx_no_snoop(file->ctx);
	state.noticed = READ_ONCE(file->noticed);
	state.notice = READ_ONCE(file->notice);
unlock:
	mutex_unlock(&file->watch_lock);
	if (!ret && copy_to_user(user, &state, sizeof(state)))
		ret = -EFAULT;
	return ret;
}

static long mediated_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct open_file *file = filp->private_data;
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case IOASID_DEVICE_BIND:
		return bind(filp, user);
	case IOASID_DEVICE_UNBIND:
		return unbind(file, user);
	case IOASID_DEVICE_ATTACH:
		return attach(file, user);
	case IOASID_DEVICE_DETACH:
		return detach(file, user);
	case MEDIATED_DELAY:
		WRITE_ONCE(file->delay, arg);
		return 0;
	case MEDIATED_STATE:
		return get_state(file, user);
	case MEDIATED_WATCH:
		return watch(file, user);
	case MEDIATED_TRANSLATE:
	case MEDIATED_READ:
	case MEDIATED_WRITE:
	case MEDIATED_PIN:
	case MEDIATED_UNPIN:
	case MEDIATED_FILL:
	case MEDIATED_BIND_AS:
		return operation(filp, cmd, user);
	default:
		return -ENOTTY;
	}
}

static int mediated_open(struct inode *inode, struct file *filp)
{
	struct open_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	file->misc = filp->private_data;
	init_rwsem(&file->bind_sem);
	mutex_init(&file->attach_lock);
	mutex_init(&file->watch_lock);
	INIT_LIST_HEAD(&file->bindings);
	spin_lock_init(&file->pins_lock);
	INIT_LIST_HEAD(&file->pins);
	filp->private_data = file;
	return 0;
}

static int mediated_release(struct inode *inode, struct file *filp)
{
	struct open_file *file = filp->private_data;
	struct binding *binding, *next;

	unwatch(file);
	if (file->delay == MEDIATED_NEVER)
		file->delay = 0;
	list_for_each_entry_safe(binding, next, &file->bindings, node)
		free_binding(binding);
	kfree(file);
	return 0;
}

static const struct file_operations mediated_fops = {
	.owner = THIS_MODULE,
	.open = mediated_open,
	.release = mediated_release,
	.unlocked_ioctl = mediated_ioctl,
};

static int __init mediated_init(void)
{
	int i, ret = 0;

	queue = alloc_workqueue("ioasid_test_mediated", WQ_UNBOUND, 0);
	if (!queue)
		return -ENOMEM;
	for (i = 0; i < MEDIATED_DEVICES; i++) {
		snprintf(names[i], sizeof(names[i]), MEDIATED_NAME "%d", i);
		devices[i].minor = MISC_DYNAMIC_MINOR;
		devices[i].name = names[i];
		devices[i].fops = &mediated_fops;
		devices[i].mode = 0600;
		ret = misc_register(&devices[i]);
		if (ret)
			break;
	}
	if (!ret)
		return 0;
	while (i--)
		misc_deregister(&devices[i]);
	destroy_workqueue(queue);
	return ret;
}

static void __exit mediated_exit(void)
{
	int i;

	for (i = 0; i < MEDIATED_DEVICES; i++)
		misc_deregister(&devices[i]);
	destroy_workqueue(queue);
}

module_init(mediated_init);
module_exit(mediated_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Example of software-mediated devices for ioasid's tests");
MODULE_AUTHOR("The ioasid developers");
