// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "modules.h"
#include "swuser.h"

struct user another_space(const struct user *user)
{
	struct user u = { .fd = user->fd, .ioas = new_ioas(user->fd) };

	u.mem = memory(PAGE, CANARY);
	EXPECT_OK(ioas_map(u.fd, u.ioas, u.mem, IOVA, PAGE, RW));
	return u;
}

struct user new_user(void)
{
	struct user u = { .fd = EXPECT_OK(iommu_open()) };

	return another_space(&u);
}

void end_user(struct user *user)
{
	EXPECT_OK(close(user->fd));
}

__u32 new_parent(__u32 iommu)
{
	const struct swiommu_device_create options = {
		.type = 5, .pasid_width = WIDTH, .iommu = iommu, .flags = SWIOMMU_DEVICE_TLB,
	};

	return swdev_create(&options);
}

struct swdev new_child(__u32 type, __u32 parent, const struct user *user)
{
	const struct swiommu_device_create options = { .type = type, .parent = parent };
	struct swdev dev;

	swdev_start_with(&dev, &options, user->fd);
	return dev;
}

struct swdev new_physical(__u32 type, const struct user *user)
{
	const struct swiommu_device_create options = {
		.type = type, .pasid_width = WIDTH, .flags = SWIOMMU_DEVICE_TLB,
	};
	struct swdev dev;

	swdev_start_with(&dev, &options, user->fd);
	return dev;
}

void expect_reaches(struct swdev *dev, __u32 pasid, const struct user *user)
{
	expect_swwrite(BY(dev, pasid), IOVA, user->mem, PAGE);
	expect_swread(BY(dev, pasid), IOVA, user->mem, PAGE);
	memset(user->mem, CANARY, PAGE);
}

int cpu_open(void)
{
	return open("/dev/" CPU_NAME, O_RDWR | O_CLOEXEC);
}

void cpu_load(void)
{
	swiommu_load(NULL);
	EXPECT_OK(module_load(TEST_CPU, NULL));
}

void cpu_unload(void)
{
	EXPECT_OK(module_unload(TEST_CPU));
	swiommu_unload();
}

struct cpu_state cpu_state(int cpu)
{
	struct cpu_state state;

	EXPECT_OK(ioctl(cpu, CPU_STATE, &state));
	return state;
}

__u32 ppasid_of(int cpu, const struct user *user, const struct swdev *dev, __u32 vpasid)
{
	struct cpu_insn insn = {
		.iommu_fd = user->fd, .ioasid = user->ioas, .cookie = dev->cookie,
		.vpasid = vpasid,
	};

	if (!ioctl(cpu, CPU_LOOKUP, &insn))
		return insn.ppasid;
	EXPECT_EQ(errno, ENOENT);
	return 0;
}

int work_send(int cpu, struct work *work, const struct user *user, const struct swdev *dev,
	      __u32 vpasid, bool hold)
{
	memset(work->data, vpasid + 1, sizeof(work->data));
	work->dma = (struct swiommu_dma) {
		.argsz = sizeof(work->dma), .op = SWIOMMU_DMA_WRITE, .iova = IOVA,
		.data = (uintptr_t)work->data, .length = sizeof(work->data),
	};
	work->insn = (struct cpu_insn) {
		.iommu_fd = user->fd, .ioasid = user->ioas, .cookie = dev->cookie,
		.vpasid = vpasid, .device_fd = dev->fd, .dma = (uintptr_t)&work->dma,
		.hold = hold,
	};
	return ioctl(cpu, CPU_SEND, &work->insn);
}

int work_run(int cpu, struct work *work)
{
	return ioctl(cpu, CPU_RUN, &work->insn);
}

void expect_sends(int cpu, const struct user *user, const struct swdev *dev, __u32 vpasid)
{
	struct work work;

	EXPECT_OK(work_send(cpu, &work, user, dev, vpasid, false));
	EXPECT_EQ(work.dma.fault, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(user->mem, work.data, sizeof(work.data)), 0);
	expect_filled(user->mem + sizeof(work.data), CANARY, PAGE - sizeof(work.data));
	memset(user->mem, CANARY, PAGE);
}
