// SPDX-License-Identifier: GPL-2.0-only
/*
 * AMD-Vi. Sections are those of the AMD I/O Virtualization Technology
 * specification 3.10.
 */
#include <linux/pci.h>

#include "shim/shim.h"

/* Devices of a group that are kept quiet; it has one, but for odd machines */
#define QUIET_MAX	32

/**
 * struct quiet - devices that are kept from DMA while they change domains
 * @pdev: the devices, held
 * @nr: how many
 * @locked: bit N: nobody else accesses the configuration space of device N
 * @master: bit N: device N was a bus master
 */
struct quiet {
	struct pci_dev *pdev[QUIET_MAX];
	unsigned int nr;
	u32 locked;
	u32 master;
};

static int quiet_add(struct device *dev, void *data)
{
	struct quiet *quiet = data;
	struct pci_dev *pdev;

	if (!dev_is_pci(dev) || quiet->nr == QUIET_MAX)
		return 0;
	pdev = to_pci_dev(dev);
	/* Bridges pass on what others do */
	if (pdev->hdr_type == PCI_HEADER_TYPE_NORMAL)
		quiet->pdev[quiet->nr++] = pci_dev_get(pdev);
	return 0;
}

/* A byte: what masks interrupts is in the other one, and changes at any time */
static void master_off(struct quiet *quiet, unsigned int i)
{
	u8 command;

	pci_read_config_byte(quiet->pdev[i], PCI_COMMAND, &command);
	/* All ones: it is off, or gone */
	if (command == 0xff || !(command & PCI_COMMAND_MASTER))
		return;
	pci_write_config_byte(quiet->pdev[i], PCI_COMMAND,
			      command & ~PCI_COMMAND_MASTER);
	/* It has arrived when this comes back */
	pci_read_config_byte(quiet->pdev[i], PCI_COMMAND, &command);
	quiet->master |= BIT(i);
}

static void master_on(struct pci_dev *pdev)
{
	u8 command;

	pci_read_config_byte(pdev, PCI_COMMAND, &command);
	if (command != 0xff)
		pci_write_config_byte(pdev, PCI_COMMAND,
				      command | PCI_COMMAND_MASTER);
}

/*
 * Where what is blocked is not, devices must not do DMA while the driver goes
 * from one domain to another by way of that. Their users are kept from switching
 * it on again.
 */
static void quiet_begin(struct quiet *quiet, struct iommu_group *group)
{
	unsigned int i;

	quiet->nr = 0;
	quiet->locked = 0;
	quiet->master = 0;
	if (!kc_amd_blocked_may_pass())
		return;
	iommu_group_for_each_dev(group, quiet, quiet_add);
	for (i = 0; i < quiet->nr; i++) {
		/* Somebody who resets several of them takes them in another order */
		if (!i)
			pci_cfg_access_lock(quiet->pdev[i]);
		else if (!pci_cfg_access_trylock(quiet->pdev[i]))
			continue;
		quiet->locked |= BIT(i);
		master_off(quiet, i);
	}
}

static void quiet_end(struct quiet *quiet, bool stay_quiet)
{
	unsigned int i;

	for (i = 0; i < quiet->nr; i++) {
		if ((quiet->master & BIT(i)) && !stay_quiet)
			master_on(quiet->pdev[i]);
		if (quiet->locked & BIT(i))
			pci_cfg_access_unlock(quiet->pdev[i]);
		pci_dev_put(quiet->pdev[i]);
	}
}

/* Whoever drives the device switches bus mastering on again */
static int amd_claim(struct ioasid_route *route, void *owner)
{
	struct quiet quiet;
	int ret;

	quiet_begin(&quiet, route->group);
	ret = ioasid_rid_claim(route, owner);
	quiet_end(&quiet, !ret);
	return ret;
}

static int amd_attach(struct ioasid_route *route, struct iommu_domain *domain)
{
	struct quiet quiet;
	int ret;

	if (route->pasid)
		return ioasid_generic_attach(route, domain);
	quiet_begin(&quiet, route->group);
	ret = ioasid_generic_attach(route, domain);
	quiet_end(&quiet, !route->domain);
	return ret;
}

static void amd_block(struct ioasid_route *route)
{
	struct quiet quiet;

	if (route->pasid) {
		ioasid_generic_block(route);
		return;
	}
	quiet_begin(&quiet, route->group);
	ioasid_generic_block(route);
	quiet_end(&quiet, true);
}

/* Capability header (3.2.1) and extended feature register (3.4.10) */
static int amd_hw_info(struct device *dev, struct ioasid_cap_hw *hw)
{
	int ret;

	hw->header.id = IOASID_CAP_HW_AMD;
	hw->header.version = 1;
	hw->header.size = sizeof(*hw);
	ret = ioasid_shim_sysfs_hex(dev, "amd-iommu", "cap", &hw->reg[0]);
	return ret ?: ioasid_shim_sysfs_hex(dev, "amd-iommu", "features",
					    &hw->reg[1]);
}

const struct ioasid_shim ioasid_shim_amd = {
	.vendor = IOASID_IOMMU_AMD,
	.prefix = "ivhd",
	.complete_at_alloc = true,
	.claim = amd_claim,
	.attach = amd_attach,
	.block = amd_block,
	.unmap = ioasid_generic_unmap,
	.flush = ioasid_generic_flush,
	.aperture = ioasid_generic_aperture,
	.hw_info = amd_hw_info,
	IOASID_GENERIC_OPS,
};
