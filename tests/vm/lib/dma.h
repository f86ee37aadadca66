/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA by the devices of the test machine.
 *
 * iommu-testdev writes a pattern and says whether the IOMMU let it. edu moves
 * bytes between memory and a buffer of its own, in both directions, in 100 ms,
 * and says nothing: the data has to be looked at.
 */
#ifndef TESTS_DMA_H
#define TESTS_DMA_H

#include "device.h"

/* What iommu-testdev writes, little-endian, again and again */
#define TESTDEV_PATTERN	0x12345678U

#define EDU_BUFFER_SIZE	4092UL

enum dma_result { DMA_DONE, DMA_BLOCKED };

/**
 * testdev_write() - have an iommu-testdev write to memory
 * @dev: the device, BAR 0 mapped
 * @iova: where to
 * @length: bytes
 * @phys: guest physical address of what should be written: the device checks
 *	that the data arrived there; 0: no check. One page at most, unless the
 *	memory is contiguous
 *
 * Returns what the device saw; ends the test if it saw something else.
 */
enum dma_result testdev_write(struct dev *dev, __u64 iova, __u32 length, __u64 phys);

/* The same for a device that may be switched off any moment, or be reset: done
 * only if it says so
 */
enum dma_result testdev_try_write(struct dev *dev, __u64 iova, __u32 length);

/* What the tests fill memory with, to see whether it was written to */
#define CANARY	0xa5

/* iommu-testdev writes @size bytes that land at @p; @p is filled before */
void expect_dma(struct dev *dev, __u64 iova, void *p, size_t size);
/* It is blocked, and @p, filled before, is not touched */
void expect_blocked(struct dev *dev, __u64 iova, void *p, size_t size);

/* From memory into the device's buffer, and back */
void edu_from_memory(struct dev *dev, __u64 iova, __u32 length);
void edu_to_memory(struct dev *dev, __u64 iova, __u32 length);
/* Start one of them and do not wait */
void edu_start_to_memory(struct dev *dev, __u64 iova, __u32 length);
/* All but the start of it, which is this value in this register of BAR 0 */
void edu_arm_to_memory(struct dev *dev, __u64 iova, __u32 length);
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_START_TO_MEMORY	3
bool edu_runs(struct dev *dev);
void edu_wait(struct dev *dev);
/* Have it raise its interrupt, and take that back */
void edu_raise_irq(struct dev *dev);
void edu_ack_irq(struct dev *dev);

#endif /* TESTS_DMA_H */
