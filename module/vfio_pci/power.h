/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleep and shutdown of the machine.
 */
#ifndef IOASID_VFIO_POWER_H
#define IOASID_VFIO_POWER_H

struct device_driver;
struct pci_dev;

void ioasid_vfio_power_prepare(struct pci_dev *pdev);
void ioasid_vfio_power_start(struct pci_dev *pdev);
void ioasid_vfio_shutdown(struct pci_dev *pdev);
int ioasid_vfio_power_init(struct device_driver *driver);
void ioasid_vfio_power_exit(void);

#endif /* IOASID_VFIO_POWER_H */
