// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options, and the start and stop of the parts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "compat/driver_compat.h"
#include "swiommu/control.h"
#include "swiommu/fault.h"
#include "swiommu/iommu.h"
#include "swiommu/pgtable.h"
#include "swiommu/plug.h"
#include "swiommu/swiommu.h"

#define DEFAULT_PGSIZES	(SZ_4K | SZ_2M | SZ_1G)

#define FOR_ALL(value)	{ [0 ... SWIOMMU_MAX_IOMMUS - 1] = (value) }

static unsigned int iommus = 2;
module_param(iommus, uint, 0444);
MODULE_PARM_DESC(iommus, "Number of IOMMUs, 1 to 8 (default: 2)");

static unsigned int addr_width[] = FOR_ALL(48);
module_param_array(addr_width, uint, NULL, 0444);
MODULE_PARM_DESC(addr_width, "Width of an I/O virtual address for each, 32 to 57 bits (default: 48)");

static unsigned int pasid_width[] = FOR_ALL(SWIOMMU_MAX_PASID_WIDTH);
module_param_array(pasid_width, uint, NULL, 0444);
MODULE_PARM_DESC(pasid_width, "Width of a PASID for each, 0 to 20 bits (default: 20)");

static unsigned long page_sizes[] = FOR_ALL(DEFAULT_PGSIZES);
module_param_array(page_sizes, ulong, NULL, 0444);
MODULE_PARM_DESC(page_sizes, "Page sizes of each, some of 0x1000, 0x200000, 0x40000000 (default: all)");

static bool snoop[] = FOR_ALL(true);
module_param_array(snoop, bool, NULL, 0444);
MODULE_PARM_DESC(snoop, "Can each make no-snoop DMA snoop? (default: Y)");

static bool passthrough[SWIOMMU_MAX_IOMMUS];
module_param_array(passthrough, bool, NULL, 0444);
MODULE_PARM_DESC(passthrough, "Does the kernel's own domain let devices reach all memory? (default: as the machine's)");

static int check_options(void)
{
	unsigned int i;

	if (!iommus || iommus > SWIOMMU_MAX_IOMMUS)
		goto bad;
	for (i = 0; i < iommus; i++)
		if (addr_width[i] < 32 || addr_width[i] > 57 ||
		    pasid_width[i] > SWIOMMU_MAX_PASID_WIDTH || !page_sizes[i] ||
		    (page_sizes[i] & ~(unsigned long)DEFAULT_PGSIZES))
			goto bad;
	return 0;
bad:
	pr_err("an option is out of range\n");
	return -EINVAL;
}

static void unregister_all(void)
{
	swiommu_unregister_all();
	swiommu_pgtables_exit();
	kc_driver_forget_buses(&swiommu_ops);
}

static int register_all(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < iommus; i++) {
		const struct swiommu_options options = {
			.addr_width = addr_width[i],
			.pasid_width = pasid_width[i],
			.pgsizes = page_sizes[i],
			.snoop = snoop[i],
			.passthrough = passthrough[i],
		};

		ret = swiommu_register(&options);
		if (ret == -EBUSY)
			pr_err("this kernel takes one kind of IOMMU at a time and has another\n");
		if (ret) {
			unregister_all();
			return ret;
		}
	}
	return 0;
}

static int __init swiommu_init(void)
{
	int ret;

	ret = check_options();
	if (ret)
		return ret;
	ret = register_all();
	if (ret)
		return ret;
	ret = swiommu_devices_init();
	if (ret)
		goto unregister;
	ret = swiommu_control_add();
	if (ret)
		goto devices;
	return 0;

devices:
	swiommu_devices_exit();
unregister:
	unregister_all();
	return ret;
}
module_init(swiommu_init);

/* No device is left: each holds the module */
static void __exit swiommu_exit(void)
{
	swiommu_control_del();
	swiommu_devices_exit();
	unregister_all();
	swiommu_fault_exit();
}
module_exit(swiommu_exit);

MODULE_DESCRIPTION("Software IOMMUs and devices, to test user-managed I/O address spaces with");
MODULE_LICENSE("GPL");
