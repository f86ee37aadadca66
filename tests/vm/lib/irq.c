// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "irq.h"

int set_irq(struct dev *dev, __u32 index, __u32 flags, int event)
{
	struct {
		struct vfio_irq_set set;
		int fd;
	} arg = { .set = { .flags = flags, .index = index, .count = 1 }, .fd = event };

	arg.set.argsz = sizeof(arg.set) + (flags & VFIO_IRQ_SET_DATA_EVENTFD ? 4 : 0);
	return ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &arg);
}

bool interrupted(int event, int ms)
{
	struct pollfd p = { event, POLLIN, 0 };
	__u64 n;

	if (poll(&p, 1, ms) != 1)
		return false;
	return read(event, &n, 8) == 8;
}

void msi_on(struct dev *dev, int event)
{
	EXPECT_OK(set_irq(dev, VFIO_PCI_MSI_IRQ_INDEX,
			  VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, event));
}

static void irq_off(struct dev *dev, __u32 index)
{
	struct vfio_irq_set off = {
		.argsz = sizeof(off), .index = index,
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
	};

	EXPECT_OK(ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &off));
}

void msi_off(struct dev *dev)
{
	irq_off(dev, VFIO_PCI_MSI_IRQ_INDEX);
}

void expect_msi(struct dev *dev, int event)
{
	EXPECT_TRUE(!interrupted(event, 0));
	edu_raise_irq(dev);
	if (!interrupted(event, 5000))
		FAIL("the interrupt of %s does not arrive", dev->bdf);
	edu_ack_irq(dev);
	EXPECT_TRUE(!interrupted(event, 0));
}

/*
 * It comes as INTx then, which somebody has to take: others share the line, and
 * one that nobody cares for is switched off.
 */
void expect_no_msi(struct dev *dev, int event)
{
	int intx = EXPECT_OK(eventfd(0, EFD_CLOEXEC));

	EXPECT_OK(set_irq(dev, VFIO_PCI_INTX_IRQ_INDEX,
			  VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, intx));
	edu_raise_irq(dev);
	EXPECT_TRUE(interrupted(intx, 5000));
	if (interrupted(event, 200))
		FAIL("an interrupt of %s arrives", dev->bdf);
	edu_ack_irq(dev);
	irq_off(dev, VFIO_PCI_INTX_IRQ_INDEX);
	close(intx);
}
