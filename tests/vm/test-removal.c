// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device is removed, or its driver unbound, while it is in use: the user is
 * asked to let go, and it waits for that.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"

/* In processes of their own, which let go of the files that they inherited */
static void remove_it(void *arg)
{
	close_all();
	EXPECT_OK(pci_remove(arg));
}

static void unbind_driver(void *arg)
{
	close_all();
	EXPECT_OK(pci_unbind_driver(arg));
}

static int request_event(struct dev *dev)
{
	struct {
		struct vfio_irq_set set;
		int fd;
	} arg = {
		.set = {
			.argsz = sizeof(arg),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_REQ_IRQ_INDEX, .count = 1,
		},
		.fd = EXPECT_OK(eventfd(0, EFD_CLOEXEC)),
	};

	EXPECT_OK(ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &arg));
	return arg.fd;
}

static bool fires(int event)
{
	struct pollfd p = { event, POLLIN, 0 };

	return poll(&p, 1, 10000) == 1;
}

/* As it was before the test */
static void bring_back(const char *bdf)
{
	EXPECT_OK(pci_rescan());
	EXPECT_TRUE(pci_exists(bdf));
	EXPECT_OK(pci_give_to(bdf, "ioasid_vfio_pci"));
}

static void gone_while_in_use(child_fn go, bool removed)
{
	int fd = EXPECT_OK(iommu_open()), second, event;
	char *p = memory(PAGE, CANARY);
	__u32 ioas = new_ioas(fd);
	long before = pages_pinned();
	char driver[64];
	struct dev dev;
	pid_t pid;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_2, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	second = EXPECT_OK(dev_open_bdf(dev.bdf));
	event = request_event(&dev);
	pid = start_child(go, dev.bdf);
	EXPECT_TRUE(fires(event));
	sleep_ms(100);
	EXPECT_TRUE(child_runs(pid));

	/* until it lets go the user has the device, and only what is mapped */
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
	EXPECT_EQ(testdev_write(&dev, IOVA + PAGE, PAGE, 0), DMA_BLOCKED);
	EXPECT_OK(dev_detach(dev.fd, fd));
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	/* nobody else gets it any more */
	EXPECT_EQ(dev_open_bdf(dev.bdf), -1);
	EXPECT_ERRNO(dev_bind(second, fd, 99), ENODEV);
	EXPECT_TRUE(child_runs(pid));

	dev_unmap_bar(&dev);
	EXPECT_OK(close(dev.fd));
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(nr_attachments(fd, ioas), 0);
	EXPECT_ERRNO(dev_bind(second, fd, 99), ENODEV);
	EXPECT_OK(close(second));
	end_child(pid);
	EXPECT_EQ(pci_exists(dev.bdf), !removed);
	pci_driver(dev.bdf, driver, sizeof(driver));
	EXPECT_EQ(strlen(driver), 0);

	bring_back(dev.bdf);
	dev_start(&dev, TESTDEV_2, fd);
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, 0), DMA_BLOCKED);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
}

START_TEST(removal_of_a_device_in_use_waits_for_its_user)
{
	gone_while_in_use(remove_it, true);
}
END_TEST

START_TEST(unbinding_the_driver_of_a_device_in_use_waits_for_its_user)
{
	gone_while_in_use(unbind_driver, false);
}
END_TEST

START_TEST(removal_after_unbind_by_ioctl_waits_for_close_only)
{
	int fd = EXPECT_OK(iommu_open());
	struct dev dev;
	pid_t pid;

	dev_open_only(&dev, TESTDEV_2);
	EXPECT_OK(dev_bind(dev.fd, fd, 1));
	EXPECT_OK(dev_unbind(dev.fd, fd));
	pid = start_child(remove_it, dev.bdf);
	sleep_ms(100);
	if (child_runs(pid)) {
		EXPECT_ERRNO(dev_bind(dev.fd, fd, 1), ENODEV);
		EXPECT_OK(close(dev.fd));
	}
	end_child(pid);
	EXPECT_TRUE(!pci_exists(dev.bdf));
	bring_back(dev.bdf);
}
END_TEST

START_TEST(removal_of_a_device_whose_iommu_fd_was_closed_first)
{
	int fd = EXPECT_OK(iommu_open()), event;
	__u32 ioas = new_ioas(fd);
	long before = pages_pinned();
	struct dev dev;
	pid_t pid;

	EXPECT_OK(ioas_map(fd, ioas, memory(PAGE, 0), IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_2, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	event = request_event(&dev);
	EXPECT_OK(close(fd));
	pid = start_child(remove_it, dev.bdf);
	EXPECT_TRUE(fires(event));
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, 0), DMA_DONE);
	dev_unmap_bar(&dev);
	EXPECT_OK(close(dev.fd));
	end_child(pid);
	EXPECT_EQ(pages_pinned(), before);
	bring_back(dev.bdf);
}
END_TEST

struct holder {
	char bdf[BDF_SIZE];
	volatile int ready;
};

static void hold_device(void *arg)
{
	struct holder *h = arg;
	int fd = EXPECT_OK(iommu_open());
	__u32 ioas = new_ioas(fd);
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, memory(PAGE, 0), IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_2, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	h->ready = 1;
	for (;;)
		pause();
}

START_TEST(removal_goes_on_when_the_user_is_killed)
{
	struct holder *h = shared_memory(sizeof(*h));
	long before = pages_pinned();
	pid_t user, remover;

	which_bdf(TESTDEV_2, h->bdf);
	user = start_child(hold_device, h);
	wait_for(&h->ready);
	remover = start_child(remove_it, h->bdf);
	sleep_ms(100);
	EXPECT_TRUE(child_runs(remover));
	kill_child(user);
	end_child(remover);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_TRUE(!pci_exists(h->bdf));
	bring_back(h->bdf);
}
END_TEST

START_TEST(removal_of_one_device_leaves_the_others_alone)
{
	int fd = EXPECT_OK(iommu_open());
	char *p = memory(PAGE, CANARY);
	__u32 ioas = new_ioas(fd);
	char bdf[BDF_SIZE];
	struct dev dev;

	EXPECT_OK(ioas_map(fd, ioas, p, IOVA, PAGE, RW));
	dev_start(&dev, TESTDEV_0, fd);
	EXPECT_OK(dev_attach(dev.fd, fd, ioas));
	which_bdf(TESTDEV_2, bdf);
	EXPECT_OK(pci_remove(bdf));
	EXPECT_TRUE(!pci_exists(bdf));
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
	bring_back(bdf);
	EXPECT_EQ(testdev_write(&dev, IOVA, PAGE, phys_of(p)), DMA_DONE);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		removal_of_a_device_in_use_waits_for_its_user,
		unbinding_the_driver_of_a_device_in_use_waits_for_its_user,
		removal_after_unbind_by_ioctl_waits_for_close_only,
		removal_of_a_device_whose_iommu_fd_was_closed_first,
		removal_goes_on_when_the_user_is_killed,
		removal_of_one_device_leaves_the_others_alone,
		NULL,
	};

	return run_program(argc, argv, "removal", tests, RUN_DEVICES);
}
