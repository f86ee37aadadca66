// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"

static struct {
	void *addr;
	size_t size;
} bars[16];

static bool find(enum which which, char *bdf)
{
	switch (which) {
	case TESTDEV_0:
	case TESTDEV_1:
	case TESTDEV_2:
		return pci_find(TESTDEV_ID, 1, which - TESTDEV_0, bdf);
	case EDU_0:
	case EDU_1:
		return pci_find(EDU_ID, 1, which - EDU_0, bdf);
	case PAIR_0:
	case PAIR_1:
		return pci_find(EDU_ID, 2, which - PAIR_0, bdf);
	case TWIN_0:
	case TWIN_1:
	case HOSTED:
		return pci_find(TESTDEV_ID, 2, which - TWIN_0, bdf);
	case BUS_0:
	case BUS_1:
		/* Behind TWIN_0, TWIN_1 and HOSTED */
		return pci_find(TESTDEV_ID, 2, 3 + which - BUS_0, bdf);
	case FAR_0:
	case FAR_1:
		return pci_find_far(TESTDEV_ID, which - FAR_0, bdf);
	default:
		return false;
	}
}

bool which_exists(enum which which)
{
	char bdf[BDF_SIZE];

	return find(which, bdf);
}

const char *which_bdf(enum which which, char *bdf)
{
	if (!find(which, bdf))
		FAIL("the machine lacks test device %d", which);
	return bdf;
}

const char *hosts_bdf(char *bdf)
{
	which_bdf(HOSTED, bdf);
	bdf[strlen(bdf) - 1] = '1';
	EXPECT_TRUE(pci_exists(bdf));
	return bdf;
}

int dev_open_bdf(const char *bdf)
{
	char path[NODE_SIZE];

	if (pci_device_node(bdf, path, sizeof(path)))
		return -1;
	return open(path, O_RDWR | O_CLOEXEC);
}

int dev_open(enum which which)
{
	char bdf[BDF_SIZE];

	return dev_open_bdf(which_bdf(which, bdf));
}

void dev_open_only(struct dev *dev, enum which which)
{
	memset(dev, 0, sizeof(*dev));
	which_bdf(which, dev->bdf);
	dev->cookie = which + 1;
	dev->iommu = -1;
	dev->fd = EXPECT_OK(dev_open_bdf(dev->bdf));
}

__u64 region_offset(struct dev *dev, unsigned int region, __u64 *size)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = region };

	EXPECT_OK(ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	if (size)
		*size = info.size;
	return info.offset;
}

__u16 config_read16(struct dev *dev, unsigned int at)
{
	__u64 config = region_offset(dev, VFIO_PCI_CONFIG_REGION_INDEX, NULL);
	__u16 value = 0;

	EXPECT_EQ(pread(dev->fd, &value, 2, config + at), 2);
	return value;
}

void config_write16(struct dev *dev, unsigned int at, __u16 value)
{
	__u64 config = region_offset(dev, VFIO_PCI_CONFIG_REGION_INDEX, NULL);

	EXPECT_EQ(pwrite(dev->fd, &value, 2, config + at), 2);
}

void dev_enable(struct dev *dev)
{
	config_write16(dev, PCI_COMMAND, config_read16(dev, PCI_COMMAND) |
		       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void map_bar(struct dev *dev, int fd, __u64 offset, __u64 size)
{
	unsigned int i;
	void *bar;

	bar = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	EXPECT_NE((long)bar, -1);
	dev->bar = bar;
	dev->bar_size = size;
	for (i = 0; i < 16 && bars[i].addr; i++)
		;
	if (i == 16)
		FAIL("too many BARs mapped");
	bars[i].addr = bar;
	bars[i].size = size;
}

void dev_map_bar(struct dev *dev)
{
	__u64 size, offset = region_offset(dev, VFIO_PCI_BAR0_REGION_INDEX, &size);

	map_bar(dev, dev->fd, offset, size);
}

void dev_raw(struct dev *dev, const char *bdf)
{
	char path[128];
	__u16 command;
	struct stat st;
	int fd;

	memset(dev, 0, sizeof(*dev));
	dev->fd = -1;
	dev->iommu = -1;
	snprintf(dev->bdf, sizeof(dev->bdf), "%s", bdf);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = EXPECT_OK(open(path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(pread(fd, &command, 2, PCI_COMMAND), 2);
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	EXPECT_EQ(pwrite(fd, &command, 2, PCI_COMMAND), 2);
	EXPECT_OK(close(fd));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", bdf);
	fd = EXPECT_OK(open(path, O_RDWR | O_CLOEXEC));
	EXPECT_OK(fstat(fd, &st));
	map_bar(dev, fd, 0, st.st_size);
	EXPECT_OK(close(fd));
}

void dev_unmap_bar(struct dev *dev)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (bars[i].addr && bars[i].addr == dev->bar)
			bars[i].addr = NULL;
	EXPECT_OK(munmap((void *)dev->bar, dev->bar_size));
	dev->bar = NULL;
}

void dev_unmap_all_bars(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (bars[i].addr)
			munmap(bars[i].addr, bars[i].size);
		bars[i].addr = NULL;
	}
}

void dev_start(struct dev *dev, enum which which, int iommu)
{
	dev_open_only(dev, which);
	EXPECT_OK(dev_bind(dev->fd, iommu, dev->cookie));
	dev->iommu = iommu;
	dev_enable(dev);
	dev_map_bar(dev);
}

struct attached attached(void)
{
	struct attached a;

	a.fd = EXPECT_OK(iommu_open());
	a.ioas = new_ioas(a.fd);
	dev_start(&a.dev, TESTDEV_0, a.fd);
	EXPECT_OK(dev_attach(a.dev.fd, a.fd, a.ioas));
	return a;
}
