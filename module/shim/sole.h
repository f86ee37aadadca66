/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices with PASIDs, each the only one of its IOMMU group. The kernel attaches to a
 * PASID, and detaches from it, for every device of the group; one that joins gets none
 * of the PASIDs that are attached by then, and its driver does not stand being asked to
 * detach them. So PASIDs are attached while the group has one device, and end before a
 * second one can join it.
 */
#ifndef IOASID_SOLE_H
#define IOASID_SOLE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct device;
struct ioasid_pasid_entry;
struct ioasid_route;
struct ioasid_shim;
struct iommu_domain;

/**
 * struct ioasid_sole - a device with PASIDs
 * @node: in the list of them
 * @dev: the device
 * @shim: of its IOMMU
 * @ended: called when PASIDs that were attached have ended: under ioasid_domains_lock,
 *	takes no lock
 * @alone: the device has been seen to be the only one, and nothing has come since.
 *	Under ioasid_domains_lock: set to true by readers, to false by writers
 * @closed: a device is joining just now; changes with ioasid_domains_lock for writing
 * @lock: protects @entries among holders of ioasid_domains_lock for reading
 * @entries: PASIDs that are attached, struct ioasid_pasid_entry
 */
struct ioasid_sole {
	struct list_head node;
	struct device *dev;
	const struct ioasid_shim *shim;
	void (*ended)(struct ioasid_sole *sole);
	bool alone;
	bool closed;
	spinlock_t lock;
	struct list_head entries;
};

void ioasid_sole_add(struct ioasid_sole *sole, struct device *dev,
		     const struct ioasid_shim *shim,
		     void (*ended)(struct ioasid_sole *sole));
void ioasid_sole_remove(struct ioasid_sole *sole);
bool ioasid_sole_is_alone(struct ioasid_sole *sole);

/* For shim/pasid.c, with ioasid_domains_lock for reading */
int ioasid_sole_check(struct ioasid_sole *sole);
void ioasid_sole_enter(struct ioasid_sole *sole, struct ioasid_pasid_entry *entry,
		       u32 pasid, struct iommu_domain *domain);
void ioasid_sole_leave(struct ioasid_sole *sole, struct ioasid_pasid_entry *entry);

/* For shim/hotplug.c, with ioasid_domains_lock for writing */
bool ioasid_soles_close(struct device *dev, bool comes, unsigned int most);
void ioasid_soles_open(struct device *dev, bool came);
unsigned int ioasid_group_size(struct iommu_group *iommu_group);
bool ioasid_generic_may_join(struct device *dev, struct device *other, bool later);

#endif /* IOASID_SOLE_H */
