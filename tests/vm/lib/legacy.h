/* SPDX-License-Identifier: GPL-2.0-only */
/* VFIO as the kernel has it: a container with type1, a group, a device. */
#ifndef TESTS_LEGACY_H
#define TESTS_LEGACY_H

#include "device.h"

struct legacy {
	char bdf[BDF_SIZE];
	int container, group, device;
};

/* Open the container and the device's group; ends the test if it fails */
void legacy_open(struct legacy *l, enum which which);
void legacy_open_bdf(struct legacy *l, const char *bdf);
/* The group into the container, which claims the DMA of its devices: -1, errno */
int legacy_claim(struct legacy *l);
/* The type1 IOMMU, and the device's file: -1 with errno */
int legacy_use(struct legacy *l);
void legacy_close(struct legacy *l);

#endif /* TESTS_LEGACY_H */
