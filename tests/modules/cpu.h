/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of the pretended CPU, for it and the tests.
 */
#ifndef TESTS_MODULES_CPU_H
#define TESTS_MODULES_CPU_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* /dev/ioasid-cpu */
#define CPU_NAME	"ioasid-cpu"

/**
 * struct cpu_insn - an instruction that sends work to a device
 * @iommu_fd: the program's I/O address space fd
 * @device_fd: the device
 * @ioasid: what is attached to the PASID
 * @vpasid: the PASID that the program names
 * @cookie: of the device
 * @dma: address of the work, a struct swiommu_dma
 * @ppasid: out: what the PASID was translated to, if it was
 * @hold: the device is slow: the work is not done before CPU_RUN
 */
struct cpu_insn {
	__s32 iommu_fd;
	__s32 device_fd;
	__u32 ioasid;
	__u32 vpasid;
	__aligned_u64 cookie;
	__aligned_u64 dma;
	__u32 ppasid;
	__u32 hold;
};

/**
 * struct cpu_state - what the CPU has seen, since its file was opened
 * @translated: IOASID_PASID_TRANSLATED, so often
 * @not_translated: IOASID_PASID_NOT_TRANSLATED, so often
 * @ends: IOASID_PASID_ENDS, so often
 * @cached: translations that it remembers
 * @cookie: of the last one that has ended
 * @ioasid: of that
 * @vpasid: of that
 * @ppasid: of that
 * @findable: so many could be looked up when they were said to have ended
 */
struct cpu_state {
	__u32 translated;
	__u32 not_translated;
	__u32 ends;
	__u32 cached;
	__aligned_u64 cookie;
	__u32 ioasid;
	__u32 vpasid;
	__u32 ppasid;
	__u32 findable;
};

#define CPU_START	_IO('c', 0)	/* the fd itself: translate for it */
#define CPU_STOP	_IO('c', 1)
#define CPU_WATCH	_IO('c', 2)	/* the fd itself: only listen */
#define CPU_LOOKUP	_IO('c', 3)	/* struct cpu_insn: look up, send nothing */
#define CPU_SEND	_IO('c', 4)	/* struct cpu_insn */
#define CPU_RUN		_IO('c', 5)	/* struct cpu_insn: @dma of what is held */
#define CPU_STATE	_IO('c', 6)	/* struct cpu_state */

#endif /* TESTS_MODULES_CPU_H */
