// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "modules.h"
#include "run.h"
#include "stack.h"

/* In the order in which they are loaded; their files are beside the programs */
static const char *const linux_modules[] = {
	"iommufd", "vfio", "vfio-pci-core", "vfio-pci",
};

bool stack_is_linux(void)
{
	const char *stack = getenv("IOASID_STACK");

	return stack && !strcmp(stack, "linux");
}

const char *stack_driver(void)
{
	return stack_is_linux() ? "vfio-pci" : "ioasid_vfio_pci";
}

static void linux_load(void)
{
	char path[64];
	unsigned int i;
	int fd;

	EXPECT_OK(module_load("irqbypass", NULL));
	for (i = 0; i < sizeof(linux_modules) / sizeof(*linux_modules); i++) {
		snprintf(path, sizeof(path), "/tests/%s.ko", linux_modules[i]);
		fd = EXPECT_OK(open(path, O_RDONLY | O_CLOEXEC));
		EXPECT_OK(syscall(SYS_finit_module, fd, "", 0));
		EXPECT_OK(close(fd));
	}
}

static void linux_unload(void)
{
	int i = sizeof(linux_modules) / sizeof(*linux_modules);

	while (i--)
		EXPECT_OK(module_unload(linux_modules[i]));
}

void stack_load(void)
{
	char bdf[BDF_SIZE];
	int which;

	if (stack_is_linux()) {
		linux_load();
	} else {
		/* virtio-iommu does not remap interrupts */
		EXPECT_OK(module_load("ioasidfd", config_has("virtio") ?
				      "allow_unsafe_interrupts=1" : NULL));
		EXPECT_OK(module_load("ioasid_vfio_pci", NULL));
	}
	for (which = 0; which < NR_ALL_DEVICES; which++)
		if (which < NR_DEVICES || which_exists(which))
			EXPECT_OK(pci_give_to(which_bdf(which, bdf), stack_driver()));
}

void stack_unload(void)
{
	char bdf[BDF_SIZE];
	int which;

	for (which = 0; which < NR_ALL_DEVICES; which++)
		if (which < NR_DEVICES || which_exists(which))
			EXPECT_OK(pci_take_back(which_bdf(which, bdf)));
	if (stack_is_linux()) {
		linux_unload();
		return;
	}
	EXPECT_OK(module_unload("ioasid_vfio_pci"));
	EXPECT_OK(module_unload("ioasidfd"));
}
