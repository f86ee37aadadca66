// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device reaches between the moment at which the kernel hands its DMA over
 * and our empty domain, and on the way back: it does DMA that a driver before us
 * has left running, driven through sysfs, while it is bound and unbound.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

#define BINDS	(kernel_is("debug") ? 20 : 100)

struct stray {
	struct dev dev;
	unsigned char *guard;
	__u64 iova;
	int stop;
	unsigned long landed, blocked;
};

static void open_sysfs(struct dev *dev, enum which which, int *config)
{
	char path[96];
	int fd;

	which_bdf(which, dev->bdf);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", dev->bdf);
	*config = EXPECT_OK(open(path, O_RDWR | O_CLOEXEC));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", dev->bdf);
	fd = EXPECT_OK(open(path, O_RDWR | O_CLOEXEC));
	dev->bar = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT_NE((long)dev->bar, -1);
}

/* As the driver before us may have left it */
static void enable(int config)
{
	__u16 command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	EXPECT_EQ(pwrite(config, &command, 2, PCI_COMMAND), 2);
}

static void *write_on(void *arg)
{
	struct stray *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_SEQ_CST)) {
		if (testdev_try_write(&s->dev, s->iova, 4) == DMA_BLOCKED) {
			s->blocked++;
			/* Each is an interrupt, and on some IOMMUs a long one */
			usleep(50);
		}
		if (s->guard[0] == CANARY)
			continue;
		memset(s->guard, CANARY, 4);
		__atomic_add_fetch(&s->landed, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static unsigned long landed(struct stray *s)
{
	return __atomic_load_n(&s->landed, __ATOMIC_SEQ_CST);
}

START_TEST(dma_of_a_device_that_is_bound_and_unbound_reaches_nothing)
{
	unsigned long before, by_bind = 0;
	int fd = EXPECT_OK(iommu_open()), config, i, n;
	struct stray s = { .guard = memory(PAGE, CANARY) };
	pthread_t thread;
	struct dev dev;
	char line[160];

	/* Where the default domain passes everything through it reaches it before */
	if (strstr(getenv("IOASID_IOMMU"), "+pt"))
		return;
	/* There VFIO claims the BARs when it enables a device: sysfs's mapping ends */
	if (kernel_is("7.2"))
		return;
	s.iova = phys_of(s.guard);
	open_sysfs(&s.dev, TESTDEV_0, &config);
	enable(config);
	EXPECT_EQ(pthread_create(&thread, NULL, write_on, &s), 0);
	for (i = 0; i < BINDS; i++) {
		dev_open_only(&dev, TESTDEV_0);
		enable(config);
		before = landed(&s);
		EXPECT_OK(dev_bind(dev.fd, fd, 1));
		by_bind += landed(&s) - before;
		enable(config);
		EXPECT_OK(dev_unbind(dev.fd, fd));
		EXPECT_OK(close(dev.fd));
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_SEQ_CST);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	n = snprintf(line, sizeof(line),
		     "# bound and unbound %u times: %lu writes blocked, %lu landed, %lu of them while binding\n",
		     BINDS, s.blocked, s.landed, by_bind);
	EXPECT_EQ(write(STDOUT_FILENO, line, n), n);
	EXPECT_NE(s.blocked, 0);
	/* QEMU takes what AMD's driver of 6.12 means by blocked for pass-through */
	if (!config_is("amd") || !kernel_is("6.12"))
		EXPECT_EQ(s.landed, 0);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		dma_of_a_device_that_is_bound_and_unbound_reaches_nothing,
		NULL,
	};

	return run_program(argc, argv, "claim", tests, RUN_DEVICES);
}
