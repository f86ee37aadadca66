// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices with PASIDs, each the only one of its group: shim/sole.h.
 *
 * Which group a device joins is decided while the bus's notifiers are called, by the
 * kernel's own, or later: when a driver is bound to it, or its IOMMU comes. So before
 * the kernel's notifier the PASIDs of those that it may join end; and a device that is
 * in no group yet, but may join one of them, keeps PASIDs from being attached.
 *
 * What is asked is whether it may, not whether it will. That depends on registers (ACS)
 * that a reset clears for a while, and a user can be the one that resets the device.
 */
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/pci.h>

#include "compat/pasid_compat.h"
#include "shim/domains.h"
#include "shim/sole.h"

/* Under both soles_lock and ioasid_domains_lock for reading, or the latter for writing */
static LIST_HEAD(soles);
static DEFINE_SPINLOCK(soles_lock);

static int sole_count(struct device *dev, void *data)
{
	++*(unsigned int *)data;
	return 0;
}

/**
 * ioasid_group_size() - how many devices are in a group just now?
 * @iommu_group: the group
 *
 * Return: their number, bound or not.
 */
unsigned int ioasid_group_size(struct iommu_group *iommu_group)
{
	unsigned int nr = 0;

	iommu_group_for_each_dev(iommu_group, &nr, sole_count);
	return nr;
}

/*
 * pci_device_group(): a function joins one of its slot if either lacks ACS, and one
 * that has an alias in common with it. As for bridges, they and those below them are in
 * one group or in two from the beginning. A function learns from the bus's scan that
 * there are others only after it has been added.
 */
static bool sole_pci_may_join(struct pci_dev *pdev, struct pci_dev *other, bool later)
{
	if (pdev == other || pdev->bus != other->bus)
		return false;
	if (pdev->dma_alias_mask || other->dma_alias_mask)
		return true;
	return PCI_SLOT(pdev->devfn) == PCI_SLOT(other->devfn) &&
	       (later || other->multifunction);
}

/**
 * ioasid_generic_may_join() - may a device join another one's group?
 * @dev: that one, with PASIDs
 * @other: it
 * @later: not now, but when it gets a driver or its IOMMU comes
 *
 * Every driver with PASIDs for other devices than PCI's gives each of those a group of
 * its own (generic_device_group()).
 */
bool ioasid_generic_may_join(struct device *dev, struct device *other, bool later)
{
	return dev_is_pci(dev) && dev_is_pci(other) &&
	       sole_pci_may_join(to_pci_dev(dev), to_pci_dev(other), later);
}

/* Is there a device in no group yet that may join? */
static bool sole_is_waited_for(struct pci_dev *pdev)
{
	struct pci_dev *other = NULL;
	struct iommu_group *group;

	for_each_pci_dev(other) {
		if (!sole_pci_may_join(pdev, other, true))
			continue;
		/* It has the group before the group has it */
		group = READ_ONCE(other->dev.iommu_group);
		if (!group || group == pdev->dev.iommu_group) {
			pci_dev_put(other);
			return true;
		}
	}
	return false;
}

static bool sole_look(const struct ioasid_sole *sole)
{
	struct iommu_group *group = sole->dev->iommu_group;
	struct pci_dev *pdev;

	if (!group || ioasid_group_size(group) != 1)
		return false;
	if (!dev_is_pci(sole->dev))
		return true;
	pdev = to_pci_dev(sole->dev);
	/* What is below a bridge may go by its RID */
	return !pdev->subordinate && !sole_is_waited_for(pdev);
}

/**
 * ioasid_sole_check() - may a PASID of a device be attached just now?
 * @sole: the device
 *
 * Context: ioasid_domains_lock is held for reading. A yes holds until it is dropped.
 * Return: 0 or -EOPNOTSUPP.
 */
int ioasid_sole_check(struct ioasid_sole *sole)
{
	if (sole->closed)
		return -EOPNOTSUPP;
	if (!READ_ONCE(sole->alone)) {
		if (!sole_look(sole))
			return -EOPNOTSUPP;
		WRITE_ONCE(sole->alone, true);
	}
	return 0;
}

/**
 * ioasid_sole_is_alone() - can PASIDs of a device be attached, so far?
 * @sole: the device
 */
bool ioasid_sole_is_alone(struct ioasid_sole *sole)
{
	bool alone;

	ioasid_domains_use();
	alone = !ioasid_sole_check(sole);
	ioasid_domains_unuse();
	return alone;
}

/**
 * ioasid_sole_enter() - a PASID is attached
 * @sole: the device
 * @entry: of the PASID
 * @pasid: the PASID
 * @domain: to what; in place of what there was
 *
 * Context: ioasid_domains_lock is held for reading, since before it was attached.
 */
void ioasid_sole_enter(struct ioasid_sole *sole, struct ioasid_pasid_entry *entry,
		       u32 pasid, struct iommu_domain *domain)
{
	if (!entry->domain) {
		entry->pasid = pasid;
		spin_lock(&sole->lock);
		list_add(&entry->node, &sole->entries);
		spin_unlock(&sole->lock);
	}
	entry->domain = domain;
}

/**
 * ioasid_sole_leave() - a PASID is blocked
 * @sole: the device
 * @entry: of the PASID, which was attached
 *
 * Context: ioasid_domains_lock is held, since before it was detached.
 */
void ioasid_sole_leave(struct ioasid_sole *sole, struct ioasid_pasid_entry *entry)
{
	spin_lock(&sole->lock);
	list_del(&entry->node);
	spin_unlock(&sole->lock);
	entry->domain = NULL;
}

/**
 * ioasid_sole_add() - a device has PASIDs
 * @sole: filled in
 * @dev: the device
 * @shim: of its IOMMU
 * @ended: as in struct ioasid_sole
 */
void ioasid_sole_add(struct ioasid_sole *sole, struct device *dev,
		     const struct ioasid_shim *shim,
		     void (*ended)(struct ioasid_sole *sole))
{
	*sole = (struct ioasid_sole) {
		.dev = dev, .shim = shim, .ended = ended,
		.entries = LIST_HEAD_INIT(sole->entries),
	};
	spin_lock_init(&sole->lock);
	ioasid_domains_use();
	spin_lock(&soles_lock);
	list_add(&sole->node, &soles);
	spin_unlock(&soles_lock);
	ioasid_domains_unuse();
}

/**
 * ioasid_sole_remove() - the device's PASIDs are in use no more
 * @sole: the device, with none attached
 */
void ioasid_sole_remove(struct ioasid_sole *sole)
{
	WARN_ON(!list_empty(&sole->entries));
	ioasid_domains_use();
	spin_lock(&soles_lock);
	list_del(&sole->node);
	spin_unlock(&soles_lock);
	ioasid_domains_unuse();
}

/* End up to @most PASIDs; returns how many. No unmap is under way */
static unsigned int sole_end(struct ioasid_sole *sole, unsigned int most)
{
	struct ioasid_pasid_entry *entry, *next;
	unsigned int nr = 0;

	list_for_each_entry_safe(entry, next, &sole->entries, node) {
		if (nr == most)
			break;
		kc_pasid_detach(sole->dev, entry->pasid, entry->domain);
		ioasid_sole_leave(sole, entry);
		WRITE_ONCE(entry->ended, true);
		nr++;
		cond_resched();
	}
	if (nr)
		sole->ended(sole);
	return nr;
}

static void sole_say(const struct ioasid_sole *sole, const struct device *dev)
{
	if (!list_empty(&sole->entries))
		dev_warn_ratelimited(sole->dev,
				     "its PASIDs end and are blocked: %s may be in its IOMMU group\n",
				     dev_name(dev));
}

/**
 * ioasid_soles_close() - end the PASIDs of devices that another one may join, or that go
 * @dev: the device that comes or goes
 * @comes: it comes
 * @most: end at most so many PASIDs
 *
 * Context: ioasid_domains_lock is held for writing.
 * Return: whether there are more, and it is to be called again. Until
 * ioasid_soles_open() none is attached to those devices.
 */
bool ioasid_soles_close(struct device *dev, bool comes, unsigned int most)
{
	struct ioasid_sole *sole;

	list_for_each_entry(sole, &soles, node) {
		if (comes ? !sole->shim->may_join(sole->dev, dev, false) : sole->dev != dev)
			continue;
		if (!sole->closed)
			sole_say(sole, dev);
		sole->closed = true;
		WRITE_ONCE(sole->alone, false);
		most -= sole_end(sole, most);
		if (!most)
			return true;
	}
	return false;
}

/**
 * ioasid_soles_open() - a device has come or gone
 * @dev: the device
 * @came: it came. If it is in no group yet PASIDs end of those that it may join
 *
 * Context: ioasid_domains_lock is held for writing.
 */
void ioasid_soles_open(struct device *dev, bool came)
{
	struct ioasid_sole *sole;

	list_for_each_entry(sole, &soles, node) {
		sole->closed = false;
		/* Where the IOMMU's driver knows of aliases that nobody else does */
		if (came && dev->iommu_group == sole->dev->iommu_group)
			WRITE_ONCE(sole->alone, false);
		if (!came || dev->iommu_group ||
		    !sole->shim->may_join(sole->dev, dev, true))
			continue;
		sole_say(sole, dev);
		WRITE_ONCE(sole->alone, false);
		sole_end(sole, UINT_MAX);
	}
}
