// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: gives a PCI device of the virtual machine a PASID capability,
 * so that the kernel's IOMMU driver offers its PASIDs. The device itself knows
 * nothing of it and sends none.
 *
 * bdf=0000:01:00.0: an endpoint with PCIe extended capabilities, behind a root
 * port. What the kernel reads from their configuration space is amended: the
 * capability is appended to the list, and both take end-to-end TLP prefixes.
 * After loading, remove both from the bus and rescan, so that they are read
 * anew. It cannot be unloaded.
 *
 * /dev/ioasid_test_memory reads the kernel's memory by physical address, for
 * looking at the tables that the IOMMU walks.
 */
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

static char *bdf;
module_param(bdf, charp, 0444);
MODULE_PARM_DESC(bdf, "PCI address of the device, DDDD:BB:SS.F");

static u32 width = 20;
module_param(width, uint, 0444);
MODULE_PARM_DESC(width, "width of its PASIDs, bits (default: 20)");

/* Where the capability is; nothing of QEMU's is so far up */
#define CAP_AT		0xff0
/* PCI_PASID_CAP and PCI_PASID_CTRL, which the kernel writes */
static u16 control;

/**
 * struct amended - a device whose configuration space is amended
 * @bus: number of its bus; the bus itself goes when it is rescanned
 * @devfn: of the device there
 * @devcap2: where its Device Capabilities 2 Register is
 * @last_cap: where the header of its last extended capability is; 0: no
 *	capability is added
 */
struct amended {
	u8 bus;
	unsigned int devfn;
	int devcap2;
	int last_cap;
};

/* The endpoint and its port */
static struct amended amended[2];
static struct pci_ops *old_ops, new_ops;

static const struct amended *find(struct pci_bus *bus, unsigned int devfn)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(amended); i++)
		if (amended[i].bus == bus->number && amended[i].devfn == devfn)
			return &amended[i];
	return NULL;
}

static u32 amend(const struct amended *a, int dword, u32 value)
{
	if (dword == a->devcap2)
		value |= PCI_EXP_DEVCAP2_EE_PREFIX;
	if (!a->last_cap)
		return value;
	if (dword == a->last_cap)
		return (value & 0x000fffff) | CAP_AT << 20;
	if (dword == CAP_AT)
		return PCI_EXT_CAP_ID_PASID | 1 << 16;
	if (dword == CAP_AT + PCI_PASID_CAP)
		return width << 8 | (u32)control << 16;
	return value;
}

static int read_amended(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 *value)
{
	const struct amended *a = find(bus, devfn);
	int ret, dword = where & ~3;
	u32 all;

	if (!a)
		return old_ops->read(bus, devfn, where, size, value);
	ret = old_ops->read(bus, devfn, dword, 4, &all);
	if (ret)
		return ret;
	all = amend(a, dword, all) >> (8 * (where & 3));
	*value = size == 4 ? all : all & (size == 2 ? 0xffff : 0xff);
	return 0;
}

static int write_amended(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, u32 value)
{
	const struct amended *a = find(bus, devfn);

	if (a && a->last_cap && where >= CAP_AT &&
	    where < CAP_AT + PCI_EXT_CAP_PASID_SIZEOF) {
		if (where == CAP_AT + PCI_PASID_CTRL && size == 2)
			control = value;
		return 0;
	}
	return old_ops->write(bus, devfn, where, size, value);
}

static int last_ext_cap(struct pci_dev *pdev)
{
	int at = PCI_CFG_SPACE_SIZE, next;
	u32 header;

	for (;;) {
		if (pci_read_config_dword(pdev, at, &header) || !header || header == ~0U)
			return -ENODEV;
		next = PCI_EXT_CAP_NEXT(header);
		if (!next)
			return at;
		at = next;
	}
}

static int amended_init(struct amended *a, struct pci_dev *pdev, bool with_cap)
{
	if (!pci_is_pcie(pdev))
		return -ENODEV;
	a->bus = pdev->bus->number;
	a->devfn = pdev->devfn;
	a->devcap2 = pci_pcie_cap(pdev) + PCI_EXP_DEVCAP2;
	if (!with_cap)
		return 0;
	a->last_cap = last_ext_cap(pdev);
	return a->last_cap < 0 ? a->last_cap : 0;
}

/* Eight bytes at a time, which is how registers are read as well */
static ssize_t memory_read(struct file *file, char __user *user, size_t len,
			   loff_t *pos)
{
	void __iomem *registers;
	u64 value;

	if (*pos < 0 || !IS_ALIGNED(*pos, sizeof(value)) || len != sizeof(value))
		return -EINVAL;
	if (pfn_valid(PHYS_PFN(*pos))) {
		value = *(u64 *)phys_to_virt(*pos);
	} else {
		registers = ioremap(*pos, sizeof(value));
		if (!registers)
			return -EFAULT;
		value = readq(registers);
		iounmap(registers);
	}
	if (copy_to_user(user, &value, sizeof(value)))
		return -EFAULT;
	*pos += sizeof(value);
	return sizeof(value);
}

static const struct file_operations memory_fops = {
	.owner = THIS_MODULE,
	.llseek = default_llseek,
	.read = memory_read,
};

static struct miscdevice memory = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioasid_test_memory",
	.fops = &memory_fops,
	.mode = 0600,
};

static int __init pasidcap_init(void)
{
	unsigned int domain, bus, slot, func;
	struct pci_dev *pdev, *bridge;
	int ret = -ENODEV;

	if (!bdf || sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &slot, &func) != 4)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, func));
	if (!pdev)
		return -ENODEV;
	bridge = pci_upstream_bridge(pdev);
	if (bridge)
		ret = amended_init(&amended[0], pdev, true) ?:
		      amended_init(&amended[1], bridge, false);
	ret = ret ?: misc_register(&memory);
	if (!ret) {
		/* A bus that is found below takes its operations from there */
		old_ops = bridge->bus->ops;
		new_ops = *old_ops;
		new_ops.read = read_amended;
		new_ops.write = write_amended;
		pci_bus_set_ops(bridge->bus, &new_ops);
	}
	pci_dev_put(pdev);
	return ret;
}
module_init(pasidcap_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: a PASID capability for a PCI device that has none");
MODULE_AUTHOR("The ioasid developers");
