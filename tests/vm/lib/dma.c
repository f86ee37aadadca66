// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"

/* iommu-testdev, QEMU's docs/specs/iommu-testdev.rst */
#define TESTDEV_TRIGGER		0x00
#define TESTDEV_IOVA_LOW	0x04
#define TESTDEV_IOVA_HIGH	0x08
#define TESTDEV_LENGTH		0x0c
#define TESTDEV_RESULT		0x10
#define TESTDEV_DOORBELL	0x14
#define TESTDEV_PHYS_LOW	0x1c
#define TESTDEV_PHYS_HIGH	0x20

#define TESTDEV_OK		0
#define TESTDEV_BUSY		0xfffffffeU
#define TESTDEV_TX_FAIL		0xdead0002U	/* the write was refused */
#define TESTDEV_MISMATCH	0xdead0004U	/* @phys holds something else */

/* edu, QEMU's docs/specs/edu.rst */
#define EDU_IRQ_RAISE		0x60
#define EDU_IRQ_ACK		0x64
#define EDU_IRQ_STATUS		0x24
#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_RUN		(1 << 0)
#define EDU_DMA_TO_MEMORY	(1 << 1)
#define EDU_BUFFER		0x40000

/* Devices read and write memory behind the compiler's back */
static void barrier(void)
{
	asm volatile("" ::: "memory");
}

static volatile __u32 *reg32(struct dev *dev, unsigned int at)
{
	return (volatile __u32 *)((volatile char *)dev->bar + at);
}

static volatile __u64 *reg64(struct dev *dev, unsigned int at)
{
	return (volatile __u64 *)((volatile char *)dev->bar + at);
}

static void testdev_arm(struct dev *dev, __u64 iova, __u32 length, __u64 phys)
{
	barrier();
	*reg32(dev, TESTDEV_IOVA_LOW) = iova;
	*reg32(dev, TESTDEV_IOVA_HIGH) = iova >> 32;
	*reg32(dev, TESTDEV_LENGTH) = length;
	*reg32(dev, TESTDEV_PHYS_LOW) = phys;
	*reg32(dev, TESTDEV_PHYS_HIGH) = phys >> 32;
	*reg32(dev, TESTDEV_DOORBELL) = 1;
}

static __u32 testdev_trigger(struct dev *dev)
{
	__u32 result;

	(void)*reg32(dev, TESTDEV_TRIGGER);
	result = *reg32(dev, TESTDEV_RESULT);
	barrier();
	return result;
}

enum dma_result testdev_try_write(struct dev *dev, __u64 iova, __u32 length)
{
	__u32 result;

	testdev_arm(dev, iova, length, 0);
	/* Where no device answers some read 0, and that is TESTDEV_OK */
	if (*reg32(dev, TESTDEV_RESULT) != TESTDEV_BUSY)
		return DMA_BLOCKED;
	result = testdev_trigger(dev);
	return result == TESTDEV_OK || result == TESTDEV_MISMATCH ? DMA_DONE : DMA_BLOCKED;
}

enum dma_result testdev_write(struct dev *dev, __u64 iova, __u32 length, __u64 phys)
{
	__u32 result;

	testdev_arm(dev, iova, length, phys);
	EXPECT_EQ(*reg32(dev, TESTDEV_RESULT), TESTDEV_BUSY);
	result = testdev_trigger(dev);

	switch (result) {
	case TESTDEV_OK:
		return DMA_DONE;
	case TESTDEV_TX_FAIL:
		return DMA_BLOCKED;
	case TESTDEV_MISMATCH:
		/* written, and what it was compared with is not ours */
		if (!phys)
			return DMA_DONE;
		FAIL("a DMA write to IOVA %#llx did not arrive at physical address %#llx",
		     iova, phys);
	default:
		FAIL("iommu-testdev gave result %#x for a DMA write to IOVA %#llx",
		     result, iova);
	}
}

void expect_dma(struct dev *dev, __u64 iova, void *p, size_t size)
{
	memset(p, CANARY, size);
	EXPECT_EQ(testdev_write(dev, iova, size, size <= PAGE ? phys_of(p) : 0), DMA_DONE);
	expect_pattern(p, size);
}

void expect_blocked(struct dev *dev, __u64 iova, void *p, size_t size)
{
	memset(p, CANARY, size);
	EXPECT_EQ(testdev_write(dev, iova, size, 0), DMA_BLOCKED);
	expect_filled(p, CANARY, size);
}

static void edu_arm(struct dev *dev, __u64 src, __u64 dst, __u32 length)
{
	EXPECT_LE(length, EDU_BUFFER_SIZE);
	barrier();
	*reg64(dev, EDU_DMA_SRC) = src;
	*reg64(dev, EDU_DMA_DST) = dst;
	*reg64(dev, EDU_DMA_COUNT) = length;
}

static void edu_start(struct dev *dev, __u64 src, __u64 dst, __u32 length, __u32 command)
{
	edu_arm(dev, src, dst, length);
	*reg64(dev, EDU_DMA_COMMAND) = command | EDU_DMA_RUN;
}

void edu_arm_to_memory(struct dev *dev, __u64 iova, __u32 length)
{
	edu_arm(dev, EDU_BUFFER, iova, length);
}

bool edu_runs(struct dev *dev)
{
	bool runs = *reg64(dev, EDU_DMA_COMMAND) & EDU_DMA_RUN;

	barrier();
	return runs;
}

void edu_wait(struct dev *dev)
{
	int i;

	for (i = 0; i < 10000; i++) {
		if (!edu_runs(dev))
			return;
		usleep(1000);
	}
	FAIL("edu's DMA does not end");
}

void edu_from_memory(struct dev *dev, __u64 iova, __u32 length)
{
	edu_start(dev, iova, EDU_BUFFER, length, 0);
	edu_wait(dev);
}

void edu_start_to_memory(struct dev *dev, __u64 iova, __u32 length)
{
	edu_start(dev, EDU_BUFFER, iova, length, EDU_DMA_TO_MEMORY);
}

void edu_to_memory(struct dev *dev, __u64 iova, __u32 length)
{
	edu_start_to_memory(dev, iova, length);
	edu_wait(dev);
}

void edu_raise_irq(struct dev *dev)
{
	*reg32(dev, EDU_IRQ_RAISE) = 1;
}

void edu_ack_irq(struct dev *dev)
{
	*reg32(dev, EDU_IRQ_ACK) = *reg32(dev, EDU_IRQ_STATUS);
}
