// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pci.h"

#define DEVICES	"/sys/bus/pci/devices"

int sysfs_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	err = errno;
	close(fd);
	errno = err;
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

void sysfs_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	if (n < 0)
		n = 0;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
}

static unsigned int read_id(const char *bdf, const char *file)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", bdf, file);
	sysfs_read(path, text, sizeof(text));
	return strtoul(text, NULL, 16);
}

/* The name that a symbolic link of a device points to */
static void link_name(const char *bdf, const char *link, char *name, size_t size)
{
	char path[128], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", bdf, link);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = 0;
	snprintf(name, size, "%s", n > 0 ? basename(target) : "");
}

int pci_group(const char *bdf)
{
	char name[64];

	link_name(bdf, "iommu_group", name, sizeof(name));
	return name[0] ? atoi(name) : -1;
}

int pci_group_size(const char *bdf)
{
	char path[128];
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group/devices", bdf);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

void pci_driver(const char *bdf, char *name, size_t size)
{
	link_name(bdf, "driver", name, size);
}

/* How many functions the slot of a device has: "0000:00:07.x" */
static int slot_functions(const char *bdf)
{
	char path[128];
	int i, n = 0;

	for (i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), DEVICES "/%.11s%d", bdf, i);
		n += !access(path, F_OK);
	}
	return n;
}

bool pci_find(unsigned int vendor, unsigned int device, int functions, int index, char *bdf)
{
	struct dirent **list;
	bool found = false;
	int i, n;

	n = scandir(DEVICES, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		if (!found && strlen(name) == 12 && read_id(name, "vendor") == vendor &&
		    read_id(name, "device") == device &&
		    (!functions || slot_functions(name) == functions) && !index--) {
			snprintf(bdf, BDF_SIZE, "%.12s", name);
			found = true;
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return found;
}

/* Where scripts/vm has the second IOMMU. Which is whose sysfs says only once a driver
 * is bound
 */
#define FAR_BUS	0x20

bool pci_find_far(unsigned int vendor, unsigned int device, int index, char *bdf)
{
	unsigned int bus;
	int i;

	for (i = 0; pci_find(vendor, device, 0, i, bdf); i++)
		if (sscanf(bdf, "%*x:%x:", &bus) == 1 && bus >= FAR_BUS && !index--)
			return true;
	return false;
}

int pci_unbind_driver(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "/%s/driver/unbind", bdf);
	if (access(path, F_OK))
		return 0;
	return sysfs_write(path, bdf);
}

int pci_bind_driver(const char *bdf, const char *driver)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "/%s/driver_override", bdf);
	if (sysfs_write(path, driver))
		return -1;
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/bind", driver);
	return sysfs_write(path, bdf);
}

int pci_give_to(const char *bdf, const char *driver)
{
	char path[128], now[64];

	if (pci_unbind_driver(bdf))
		return -1;
	snprintf(path, sizeof(path), DEVICES "/%s/driver_override", bdf);
	if (sysfs_write(path, driver) || sysfs_write("/sys/bus/pci/drivers_probe", bdf))
		return -1;
	pci_driver(bdf, now, sizeof(now));
	/* a module's name has underscores where the driver's may have dashes */
	if (strcmp(now, driver)) {
		errno = ENODEV;
		return -1;
	}
	return 0;
}

int pci_take_back(const char *bdf)
{
	char path[128];

	if (pci_unbind_driver(bdf))
		return -1;
	snprintf(path, sizeof(path), DEVICES "/%s/driver_override", bdf);
	return sysfs_write(path, "\n");
}

bool pci_is_master(const char *bdf)
{
	char path[128];
	unsigned short command = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(fd, &command, 2, PCI_COMMAND) != 2)
		command = 0;
	close(fd);
	return command & PCI_COMMAND_MASTER;
}

int pci_remove(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "/%s/remove", bdf);
	return sysfs_write(path, "1");
}

int pci_rescan(void)
{
	return sysfs_write("/sys/bus/pci/rescan", "1");
}

bool pci_exists(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "/%s", bdf);
	return !access(path, F_OK);
}

int pci_device_node(const char *bdf, char *path, size_t size)
{
	struct dirent *entry;
	char dir[64];
	bool found = false;
	DIR *d;

	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	d = opendir(dir);
	if (!d)
		return -1;
	while ((entry = readdir(d)))
		if (!strncmp(entry->d_name, "vfio", 4)) {
			snprintf(path, size, "/dev/vfio/devices/%s", entry->d_name);
			found = true;
		}
	closedir(d);
	errno = ENODEV;
	return found ? 0 : -1;
}
