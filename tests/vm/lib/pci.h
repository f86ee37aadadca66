/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI devices through sysfs: finding them, and which driver has them. */
#ifndef TESTS_PCI_H
#define TESTS_PCI_H

#include <stdbool.h>
#include <stddef.h>

/* "0000:00:04.0" and its end */
#define BDF_SIZE	16

#define TESTDEV_ID	0x1b36, 0x0005
#define EDU_ID		0x1234, 0x11e8
#define IGB_ID		0x8086, 0x10c9
/* Two that do not keep apart, see vtd_with_pasids_together() */
#define IGB_TOGETHER_ID	0x8086, 0x0001
#define NVME_ID		0x1b36, 0x0010

/* The @index-th device with that id among @functions in its slot (0: however
 * many), in the order of addresses. Not by group: some IOMMU drivers put a
 * device into a group only when a driver binds it.
 */
bool pci_find(unsigned int vendor, unsigned int device, int functions, int index, char *bdf);
/* The same behind another IOMMU than that of the first such device */
bool pci_find_far(unsigned int vendor, unsigned int device, int index, char *bdf);
int pci_group_size(const char *bdf);
int pci_group(const char *bdf);
/* The driver's name, "" if none */
void pci_driver(const char *bdf, char *name, size_t size);

/* Set driver_override and have the device probed, as users do. 0, or -1 with
 * errno, ENODEV if the driver did not take it.
 */
int pci_give_to(const char *bdf, const char *driver);
/* Unbind its driver and clear driver_override */
int pci_take_back(const char *bdf);
int pci_unbind_driver(const char *bdf);
/* Set driver_override and have that driver take it; -1 with the driver's errno */
int pci_bind_driver(const char *bdf, const char *driver);
/* May it do DMA? As the device has it, whatever VFIO says */
bool pci_is_master(const char *bdf);
/* By sysfs: these come back when the device is gone */
int pci_remove(const char *bdf);
int pci_rescan(void);
bool pci_exists(const char *bdf);

/* The path of the node that ioasid_vfio_pci made for it; -1 with errno */
int pci_device_node(const char *bdf, char *path, size_t size);
#define NODE_SIZE	288

int sysfs_write(const char *path, const char *text);
/* Without the newline; "" if it cannot be read */
void sysfs_read(const char *path, char *text, size_t size);

#endif /* TESTS_PCI_H */
