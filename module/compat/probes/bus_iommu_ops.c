// SPDX-License-Identifier: GPL-2.0-only
/* There is one kind of IOMMU for all devices of a bus */
#include <linux/device/bus.h>

const struct iommu_ops *probe(struct bus_type *bus);
const struct iommu_ops *probe(struct bus_type *bus)
{
	return bus->iommu_ops;
}
