// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module and its device node.
 */
#include <linux/compat.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "attach/hwpt.h"
#include "attach/pasid.h"
#include "compat/compat.h"
#include "face/face.h"
#include "include/ioasid_api.h"
#include "ioas/area.h"
#include "shim/domains.h"
#include "shim/hotplug.h"

static int ioasid_open(struct inode *inode, struct file *file)
{
	struct ioasid_ctx *ctx = ioasid_ctx_new(file);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	file->private_data = ctx;
	return 0;
}

static int ioasid_release(struct inode *inode, struct file *file)
{
	struct ioasid_ctx *ctx = file->private_data;

	ioasid_hwpt_release_all(ctx);
	ioasid_ioas_release_all(ctx);
	__ioasid_ctx_put(ctx);
	return 0;
}

static void show_devices(struct seq_file *seq, struct ioasid_ctx *ctx)
{
	struct ioasid_device *idev;

	mutex_lock(&ctx->lock);
	list_for_each_entry(idev, &ctx->devices, ctx_node)
		seq_printf(seq, "bound:\tcookie 0x%llx device %s\n",
			   idev->cookie, dev_name(idev->dev));
	mutex_unlock(&ctx->lock);
}

static void show_attached(struct seq_file *seq, const struct ioasid_ioas *ioas,
			  const struct ioasid_attached *device)
{
	seq_printf(seq, "attached-%u:\tcookie 0x%llx ", ioas->obj.id,
		   device->cookie);
	if (device->pasid)
		seq_printf(seq, "pasid %u\n", device->pasid);
	else
		seq_puts(seq, "rid\n");
}

static void show_ioas(struct seq_file *seq, struct ioasid_ioas *ioas)
{
	struct ioasid_attachment_point *point;
	struct ioasid_attached *device;

	if (mutex_lock_killable(&ioas->areas_lock))
		return;
	seq_printf(seq, "ioasid-%u:\tmapped %llu pinned %llu\n", ioas->obj.id,
		   ioas->mapped, ioas->pinned);
	mutex_unlock(&ioas->areas_lock);
	if (down_read_killable(&ioas->lock))
		return;
	list_for_each_entry(point, &ioas->attachments, node) {
		/* What comes now is left out, and all is asked for once more */
		if (seq_has_overflowed(seq))
			break;
		list_for_each_entry(device, &point->devices, node)
			show_attached(seq, ioas, device);
		cond_resched();
	}
	up_read(&ioas->lock);
}

/*
 * As /proc/PID/fdinfo/FD shows it: the number of the open file in traces, what the user
 * that opened it holds and may hold of what is limited, a line for each device that is
 * bound to it, and one for each address space, with one more for each device behind it.
 * It waits for no user.
 */
static void ioasid_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct ioasid_ctx *ctx = file->private_data;
	struct ioasid_ioas *ioas;
	struct ioasid_obj *obj;
	unsigned long id;

	seq_printf(seq, "context:\t%u\n", ctx->nr);
	ioasid_limits_show(seq, &ctx->charge);
	show_devices(seq, ctx);
	for (id = 0; (obj = xa_find(&ctx->objects, &id, ULONG_MAX, XA_PRESENT));
	     id++) {
		ioas = ioasid_ioas_get(ctx, id);
		if (!ioas)
			continue;
		show_ioas(seq, ioas);
		ioasid_ioas_put(ioas);
		cond_resched();
	}
}

static const struct file_operations ioasid_fops = {
	.owner = THIS_MODULE,
	.open = ioasid_open,
	.release = ioasid_release,
	.unlocked_ioctl = ioasid_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = ioasid_show_fdinfo,
};

/*
 * The caller also keeps the file's reference, until ioasid_ctx_put(): a file
 * is not released while a driver works with its context.
 */
struct ioasid_ctx *ioasid_ctx_from_fd(int fd)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != &ioasid_fops) {
		fput(file);
		return ERR_PTR(-EBADFD);
	}
	return file->private_data;
}
EXPORT_SYMBOL_GPL(ioasid_ctx_from_fd);

void ioasid_ctx_put(struct ioasid_ctx *ctx)
{
	fput(ctx->file);
}
EXPORT_SYMBOL_GPL(ioasid_ctx_put);

static struct miscdevice ioasid_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KC_NODE_NAME,
	.fops = &ioasid_fops,
	.mode = 0660,
};

static int __init ioasid_init(void)
{
	int ret = ioasid_areas_init();

	if (ret)
		return ret;
	ret = ioasid_domains_init();
	if (ret)
		goto areas;
	ret = ioasid_hotplug_init();
	if (ret)
		goto domains;
	ret = misc_register(&ioasid_misc);
	if (ret)
		goto hotplug;
	return 0;

hotplug:
	ioasid_hotplug_exit();
domains:
	ioasid_domains_exit();
areas:
	ioasid_areas_exit();
	return ret;
}

static void __exit ioasid_exit(void)
{
	misc_deregister(&ioasid_misc);
	ioasid_hotplug_exit();
	ioasid_domains_exit();
	ioasid_pasids_exit();
	ioasid_areas_exit();
}

module_init(ioasid_init);
module_exit(ioasid_exit);

KC_IMPORT_NS;
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("User-managed I/O address spaces");
MODULE_AUTHOR("The ioasid developers");
