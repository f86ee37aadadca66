/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts of a device, by VFIO's ioctl and an eventfd. */
#ifndef TESTS_IRQ_H
#define TESTS_IRQ_H

#include <stdbool.h>

#include "device.h"

/* VFIO_DEVICE_SET_IRQS for one interrupt; -1 with errno */
int set_irq(struct dev *dev, __u32 index, __u32 flags, int event);
/* Did it come within so many milliseconds? Takes it */
bool interrupted(int event, int ms);

/* These end the test if they fail: set up edu's MSI to signal @event, or not */
void msi_on(struct dev *dev, int event);
void msi_off(struct dev *dev);
/* edu raises it, and it comes, once; or does not */
void expect_msi(struct dev *dev, int event);
void expect_no_msi(struct dev *dev, int event);

#endif /* TESTS_IRQ_H */
