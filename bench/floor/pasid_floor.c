// SPDX-License-Identifier: GPL-2.0-only
/*
 * What attaching by PASID costs at the very least: the kernel's own calls, on a
 * domain that is there. Nothing is checked, and nobody need own the device: for
 * measuring only; never load it on a machine that anybody uses. And calls from within the
 * kernel, for there is nobody else who makes them: ioasid_pasid_lookup(), beside
 * xa_load() of the same indices.
 *
 * insmod pasid_floor.ko device=ioasid_swiommu_dev.0, or a PCI address
 */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

#include "compat/pasid_compat.h"
#include "include/ioasid_api.h"
#include "pasid_floor.h"

static char *device;
module_param(device, charp, 0);
MODULE_PARM_DESC(device, "Name of a platform device or PCI device");

static struct device *dev;
static struct iommu_domain *domain;	/* the one that is there */
static struct iommu_domain *new;	/* the one that is made for an attach */
static struct kc_attach *attach;	/* by PASID */
static DEFINE_XARRAY(entries);

static int attach_new(u32 pasid)
{
	int ret;

	new = kc_domain_alloc_pasid(dev);
	if (IS_ERR(new))
		return PTR_ERR(new);
	ret = kc_pasid_attach(dev, pasid, new, &attach[pasid]);
	if (ret)
		iommu_domain_free(new);
	return ret;
}

static void detach_new(u32 pasid)
{
	kc_pasid_detach(dev, pasid, new);
	iommu_domain_free(new);
}

static int loop(const struct pasid_floor_arg *arg)
{
	u32 i;
	int ret;

	for (i = 0; i < arg->count; i++) {
		ret = kc_pasid_attach(dev, arg->pasid, domain, &attach[arg->pasid]);
		if (ret)
			return ret;
		kc_pasid_detach(dev, arg->pasid, domain);
	}
	return 0;
}

static int load_all(const struct pasid_floor_lookup *arg)
{
	u32 i, vpasid = 1;

	for (i = 0; i < arg->count; i++) {
		if (!xa_load(&entries, vpasid))
			return -ENOENT;
		if (++vpasid > arg->nr)
			vpasid = 1;
	}
	return 0;
}

static int look_up_all(const struct pasid_floor_lookup *arg)
{
	struct ioasid_ctx *ctx = ioasid_ctx_from_fd(arg->iommu_fd);
	u32 i, vpasid = 1, ppasid;
	int ret = 0;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	for (i = 0; i < arg->count && !ret; i++) {
		ret = ioasid_pasid_lookup(ctx, arg->ioasid, arg->cookie, vpasid, &ppasid);
		if (++vpasid > arg->nr)
			vpasid = 1;
	}
	ioasid_ctx_put(ctx);
	return ret;
}

static long lookup_ioctl(unsigned int cmd, void __user *user)
{
	struct pasid_floor_lookup arg;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	return cmd == PASID_FLOOR_LOOKUP ? look_up_all(&arg) : load_all(&arg);
}

static long pasid_floor_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	struct pasid_floor_arg arg;

	if (cmd == PASID_FLOOR_LOOKUP || cmd == PASID_FLOOR_XA_LOAD)
		return lookup_ioctl(cmd, (void __user *)user);
	if (copy_from_user(&arg, (void __user *)user, sizeof(arg)))
		return -EFAULT;
	if (arg.pasid >= PASID_FLOOR_MAX)
		return -EINVAL;
	switch (cmd) {
	case PASID_FLOOR_ATTACH:
		return kc_pasid_attach(dev, arg.pasid, domain, &attach[arg.pasid]);
	case PASID_FLOOR_DETACH:
		kc_pasid_detach(dev, arg.pasid, domain);
		return 0;
	case PASID_FLOOR_ATTACH_NEW:
		return attach_new(arg.pasid);
	case PASID_FLOOR_DETACH_NEW:
		detach_new(arg.pasid);
		return 0;
	case PASID_FLOOR_LOOP:
		return loop(&arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations pasid_floor_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = pasid_floor_ioctl,
};

static struct miscdevice pasid_floor_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioasid-pasid-floor",
	.fops = &pasid_floor_fops,
	.mode = 0600,
};

static int fill_entries(void)
{
	unsigned long i;
	int ret = 0;

	for (i = 1; i <= PASID_FLOOR_ENTRIES && !ret; i++)
		ret = xa_err(xa_store(&entries, i, &attach[i], GFP_KERNEL));
	return ret;
}

static int __init pasid_floor_init(void)
{
	int ret;

	if (!device)
		return -EINVAL;
	dev = bus_find_device_by_name(&platform_bus_type, NULL, device);
	if (!dev)
		dev = bus_find_device_by_name(&pci_bus_type, NULL, device);
	if (!dev)
		return -ENODEV;
	attach = vcalloc(PASID_FLOOR_MAX, sizeof(*attach));
	ret = -ENOMEM;
	if (!attach)
		goto put;
	domain = kc_domain_alloc_pasid(dev);
	ret = PTR_ERR_OR_ZERO(domain);
	if (ret)
		goto free;
	ret = fill_entries();
	if (ret)
		goto destroy;
	ret = misc_register(&pasid_floor_misc);
	if (!ret)
		return 0;

destroy:
	xa_destroy(&entries);
	iommu_domain_free(domain);
free:
	vfree(attach);
put:
	put_device(dev);
	return ret;
}
module_init(pasid_floor_init);

/* With all PASIDs detached */
static void __exit pasid_floor_exit(void)
{
	misc_deregister(&pasid_floor_misc);
	xa_destroy(&entries);
	iommu_domain_free(domain);
	vfree(attach);
	put_device(dev);
}
module_exit(pasid_floor_exit);

KC_IMPORT_NS;
MODULE_DESCRIPTION("What attaching by PASID costs at the least (benchmark)");
MODULE_LICENSE("GPL");
