// SPDX-License-Identifier: GPL-2.0-only
/* A device's MSI descriptors are locked by a function, not by a guard alone */
#include <linux/msi.h>

void probe(struct device *dev);
void probe(struct device *dev)
{
	msi_lock_descs(dev);
}
