/* SPDX-License-Identifier: GPL-2.0-only */
/* Users of mediated software devices, and the pretended CPU (ioasid_test_cpu). */
#ifndef TESTS_SWUSER_H
#define TESTS_SWUSER_H

#include <linux/ioasid_swiommu.h>

#include "../../modules/cpu.h"
#include "swpasid.h"

#define TEST_CPU	"ioasid_test_cpu"

/* An open /dev/iommu with an address space of one page, at IOVA. There is a CANARY in it
 * whenever nobody writes
 */
struct user {
	int fd;
	__u32 ioas;
	char *mem;
};

struct user new_user(void);
/* One more address space of the same file */
struct user another_space(const struct user *user);
void end_user(struct user *user);

/* A physical device of type 5 that nobody has bound, behind an IOMMU */
__u32 new_parent(__u32 iommu);
/* A mediated device, open and bound to the user's file */
struct swdev new_child(__u32 type, __u32 parent, const struct user *user);
/* The same for a physical one */
struct swdev new_physical(__u32 type, const struct user *user);

/* DMA with a PASID, or 0 for none, gets to the user's page */
void expect_reaches(struct swdev *dev, __u32 pasid, const struct user *user);

int cpu_open(void);
/* With the software IOMMU, whose devices it sends to */
void cpu_load(void);
void cpu_unload(void);
struct cpu_state cpu_state(int cpu);
/* What stands for a PASID, 0: nothing */
__u32 ppasid_of(int cpu, const struct user *user, const struct swdev *dev, __u32 vpasid);

/* Work that writes a page at IOVA, sent by the CPU */
struct work {
	struct cpu_insn insn;
	struct swiommu_dma dma;
	unsigned char data[64];
};

/* 0 or -1 with errno; with @hold it is not done before work_run() */
int work_send(int cpu, struct work *work, const struct user *user, const struct swdev *dev,
	      __u32 vpasid, bool hold);
int work_run(int cpu, struct work *work);
/* It is done, and gets to the user's page */
void expect_sends(int cpu, const struct user *user, const struct swdev *dev, __u32 vpasid);

#endif /* TESTS_SWUSER_H */
