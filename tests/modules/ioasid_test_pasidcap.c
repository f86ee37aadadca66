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
 * together=1: both functions of its slot get one, and do not keep apart: their ACS lets
 * requests with PASIDs pass upstream, but does not redirect those from one function to
 * the other. They are of another product, for the kernel knows such devices by
 * their product, too. They also get a device TLB (ATS).
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

static bool together;
module_param(together, bool, 0444);
MODULE_PARM_DESC(together, "two functions of the slot in one group (default: N)");

/* Where the capabilities are; nothing of QEMU's is so far up */
#define ACS_AT		0xfe0
#define ATS_AT		0xfe8
#define CAP_AT		0xff0
/* Capability and control registers, one word each, are at the same place in all three */
#define CAP_REG		4
#define CTRL_REG	6

/* What ACS of functions that do not keep apart can be, and what it is */
#define ACS_CAP		(PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)
#define ACS_ON		(PCI_ACS_RR | PCI_ACS_UF)
#define PRODUCT		0x0001

/**
 * struct amended - a device whose configuration space is amended
 * @bus: number of its bus; the bus itself goes when it is rescanned
 * @devfn: of the device there
 * @devcap2: where its Device Capabilities 2 Register is
 * @last_cap: where the header of its last extended capability is; 0: no
 *	capability is added
 * @control: of the capabilities that are added, by their place from ACS_AT on
 */
struct amended {
	u8 bus;
	unsigned int devfn;
	int devcap2;
	int last_cap;
	u16 control[3];
};

/* The port, and the endpoint or its two functions */
static struct amended amended[3];
static unsigned int nr_amended;
static struct pci_ops *old_ops, new_ops;

static struct amended *find(struct pci_bus *bus, unsigned int devfn)
{
	unsigned int i;

	for (i = 0; i < nr_amended; i++)
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
	if (dword == PCI_VENDOR_ID && together)
		return (value & 0xffff) | PRODUCT << 16;
	if (dword == a->last_cap)
		return (value & 0x000fffff) | (together ? ACS_AT : CAP_AT) << 20;
	switch (dword) {
	case ACS_AT:
		return PCI_EXT_CAP_ID_ACS | 1 << 16 | ATS_AT << 20;
	case ATS_AT:
		return PCI_EXT_CAP_ID_ATS | 1 << 16 | CAP_AT << 20;
	case CAP_AT:
		return PCI_EXT_CAP_ID_PASID | 1 << 16;
	case ACS_AT + CAP_REG:
		return ACS_CAP | (u32)a->control[0] << 16;
	case ATS_AT + CAP_REG:
		return PCI_ATS_CAP_PAGE_ALIGNED | (u32)a->control[1] << 16;
	case CAP_AT + CAP_REG:
		return width << 8 | (u32)a->control[2] << 16;
	default:
		return value;
	}
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
	struct amended *a = find(bus, devfn);

	if (a && a->last_cap && where >= ACS_AT &&
	    where < CAP_AT + PCI_EXT_CAP_PASID_SIZEOF) {
		if (where == ACS_AT + CTRL_REG)
			value &= ACS_ON;
		if ((where & 7) == CTRL_REG && size == 2)
			a->control[(where - ACS_AT) / 8] = value;
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

static int amended_init(struct pci_dev *pdev, bool with_cap)
{
	struct amended *a = &amended[nr_amended++];

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

/* The other function of the slot */
static int other_init(struct pci_dev *pdev)
{
	struct pci_dev *other = pci_get_slot(pdev->bus, pdev->devfn ^ 1);
	int ret = other ? amended_init(other, true) : -ENODEV;

	pci_dev_put(other);
	return ret;
}

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
		ret = amended_init(pdev, true) ?: amended_init(bridge, false) ?:
		      (together ? other_init(pdev) : 0);
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
