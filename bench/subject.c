// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "modules.h"
#include "pci.h"
#include "subject.h"

void die(const char *what)
{
	printf("@failed %s: %s\n", what, strerror(errno));
	exit(1);
}

void must(int ret, const char *what)
{
	if (ret < 0)
		die(what);
}

void insmod(const char *file, const char *options)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/tests/%s", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd, path);
	must(syscall(SYS_finit_module, fd, options ? options : "", 0), path);
	close(fd);
}

void load(const char *module)
{
	must(module_load(module, NULL), module);
}

void unload(const char *module)
{
	int i;

	if (!module_is_loaded(module))
		return;
	/* What was closed may be let go of a little later */
	for (i = 0; module_unload(module); i++) {
		if (i == 50 || (errno != EAGAIN && errno != EBUSY))
			die(module);
		usleep(20000);
	}
}

void give(const char *bdf, const char *driver)
{
	must(pci_give_to(bdf, driver), driver);
}

void take(const char *bdf)
{
	must(pci_take_back(bdf), "unbind the driver");
}

int open_device_node(const char *bdf)
{
	char path[NODE_SIZE];
	int fd;

	must(pci_device_node(bdf, path, sizeof(path)), "find the device's node");
	fd = open(path, O_RDWR | O_CLOEXEC);
	must(fd, path);
	return fd;
}

void second_device(char *bdf)
{
	if (!pci_find(TESTDEV_ID, 1, 1, bdf))
		die("find a second device");
}
