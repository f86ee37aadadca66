/* SPDX-License-Identifier: GPL-2.0-only */
/* A device handed to ioasid_vfio_pci: its file, its registers. */
#ifndef TESTS_DEVICE_H
#define TESTS_DEVICE_H

#include <linux/pci_regs.h>
#include <linux/types.h>
#include <linux/vfio.h>

#include "ioas.h"
#include "pci.h"

struct dev {
	char bdf[BDF_SIZE];
	int fd;
	int iommu;		/* bound to, by dev_start() */
	__u64 cookie;
	volatile void *bar;	/* BAR 0, once mapped */
	size_t bar_size;
};

/* The numbers under which the tests know the devices of the machine */
enum which {
	TESTDEV_0, TESTDEV_1, TESTDEV_2,	/* iommu-testdev */
	EDU_0, EDU_1,				/* edu, each alone in its group */
	PAIR_0, PAIR_1,				/* two functions of one group */
	TWIN_0, TWIN_1,				/* the same, iommu-testdev */
	HOSTED,		/* iommu-testdev; the other one of its group is the host's */
	NR_DEVICES,
	/* iommu-testdev behind another IOMMU than all these, on some machines */
	FAR_0 = NR_DEVICES, FAR_1,
	NR_ALL_DEVICES,
	/* Two functions of one group on a bus of their own, which can be reset; a test
	 * that wants them gives them to their driver
	 */
	BUS_0 = NR_ALL_DEVICES, BUS_1,
};

/* The PCI address; ends the test if the machine lacks the device */
const char *which_bdf(enum which which, char *bdf);
bool which_exists(enum which which);

/* The other one of the group of HOSTED, which virtio-pci takes if it is loaded */
const char *hosts_bdf(char *bdf);

/* Open the device's node; -1 with errno */
int dev_open_bdf(const char *bdf);
int dev_open(enum which which);

/* Open, bind with cookie @which + 1, map BAR 0, switch on memory and bus
 * mastering. Ends the test if one fails.
 */
void dev_start(struct dev *dev, enum which which, int iommu);
/* The parts of it, for tests that look between the steps */
void dev_open_only(struct dev *dev, enum which which);
void dev_enable(struct dev *dev);
void dev_map_bar(struct dev *dev);
void dev_unmap_bar(struct dev *dev);
/* munmap of every BAR that this process mapped */
void dev_unmap_all_bars(void);

/* Without a driver and behind the kernel's back: BAR 0 mapped, memory and bus
 * mastering switched on. There is no file; end it with dev_unmap_bar()
 */
void dev_raw(struct dev *dev, const char *bdf);

/* An address space with iommu-testdev 0 attached: mappings are pinned at once */
struct attached {
	int fd;
	__u32 ioas;
	struct dev dev;
};

struct attached attached(void);

__u64 region_offset(struct dev *dev, unsigned int region, __u64 *size);
__u16 config_read16(struct dev *dev, unsigned int at);
void config_write16(struct dev *dev, unsigned int at, __u16 value);

#endif /* TESTS_DEVICE_H */
