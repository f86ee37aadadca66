// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "modules.h"
#include "run.h"
#include "swdev.h"

/* Their files: not all have a device of the kernel's beside that */
#define DEVICES		"/sys/class/misc"

bool swiommu_is_possible(void)
{
	/* its IOMMU core takes one kind of IOMMU */
	return !kernel_is("6.1") || config_is("none");
}

static int control(unsigned long cmd, void *arg)
{
	int fd = open(SWIOMMU_NODE, O_RDWR | O_CLOEXEC), ret, err;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, cmd, arg);
	err = errno;
	close(fd);
	errno = err;
	return ret;
}

void expect_no_strays(void)
{
	struct swiommu_iommu_info info;
	unsigned int i = 0;

	do {
		info = swiommu_info(i);
		EXPECT_EQ(info.strays, 0);
	} while (++i < info.nr_iommus);
}

void swdev_destroy_all(void)
{
	DIR *dir = opendir(DEVICES);
	struct dirent *entry;
	unsigned int id;

	while (dir && (entry = readdir(dir)))
		if (sscanf(entry->d_name, SWIOMMU "%u", &id) == 1 && swdev_destroy(id))
			/* it went with its parent */
			EXPECT_EQ(errno, ENODEV);
	if (dir)
		closedir(dir);
}

void swiommu_load(const char *options)
{
	if (module_is_loaded(SWIOMMU)) {
		/* It would hold the other one */
		if (module_is_loaded("ioasid_test_cpu"))
			EXPECT_OK(module_unload("ioasid_test_cpu"));
		swdev_destroy_all();
		EXPECT_OK(module_unload(SWIOMMU));
	}
	EXPECT_OK(module_load(SWIOMMU, options));
}

void swiommu_unload(void)
{
	struct stat st;

	swdev_destroy_all();
	expect_no_strays();
	EXPECT_OK(module_unload(SWIOMMU));
	EXPECT_OK(module_unload("ioasidfd"));
	EXPECT_ERRNO(stat(SWIOMMU_NODE, &st), ENOENT);
	EXPECT_ERRNO(stat("/sys/class/iommu/swiommu0", &st), ENOENT);
}

int swdev_try_create(struct swiommu_device_create *arg)
{
	arg->argsz = sizeof(*arg);
	return control(SWIOMMU_DEVICE_CREATE, arg) ? errno : 0;
}

__u32 swdev_create(const struct swiommu_device_create *options)
{
	struct swiommu_device_create arg = *options;

	if (!arg.type) {
		arg.type = 5;
		arg.pasid_width = 20;
	}
	arg.argsz = sizeof(arg);
	EXPECT_OK(control(SWIOMMU_DEVICE_CREATE, &arg));
	return arg.device;
}

int swdev_destroy(__u32 id)
{
	struct swiommu_device_destroy arg = { .argsz = sizeof(arg), .device = id };

	return control(SWIOMMU_DEVICE_DESTROY, &arg);
}

static const char *node(__u32 id)
{
	static __thread char path[64];

	snprintf(path, sizeof(path), SWIOMMU_NODE "%u", id);
	return path;
}

int swdev_open(__u32 id)
{
	return open(node(id), O_RDWR | O_CLOEXEC);
}

bool swdev_exists(__u32 id)
{
	return !access(node(id), F_OK);
}

void swdev_start_with(struct swdev *dev, const struct swiommu_device_create *options,
		      int fd)
{
	dev->id = swdev_create(options);
	dev->cookie = 1000 + dev->id;
	dev->pasid = 0;
	dev->iommu = fd;
	dev->fd = EXPECT_OK(swdev_open(dev->id));
	EXPECT_OK(dev_bind(dev->fd, fd, dev->cookie));
}

void swdev_start(struct swdev *dev, __u32 iommu, int fd)
{
	const struct swiommu_device_create options = {
		.iommu = iommu, .flags = SWIOMMU_DEVICE_TLB,
	};

	swdev_start_with(dev, &options, fd);
}

int swdev_try_dma(int fd, struct swiommu_dma *arg)
{
	arg->argsz = sizeof(*arg);
	return ioctl(fd, SWIOMMU_DMA, arg);
}

struct swiommu_dma swdev_dma(struct swdev *dev, __u32 op, __u64 iova, void *data,
			     __u64 length)
{
	struct swiommu_dma arg = {
		.op = op, .iova = iova, .data = (uintptr_t)data, .length = length,
		.flags = dev->pasid ? SWIOMMU_DMA_PASID : 0, .pasid = dev->pasid,
	};

	EXPECT_OK(swdev_try_dma(dev->fd, &arg));
	EXPECT_TRUE(arg.fault ? arg.done < length : arg.done == length);
	return arg;
}

static void *new_buffer(__u64 length)
{
	void *buffer = malloc(length ?: 1);

	EXPECT_TRUE(buffer);
	return buffer;
}

void expect_swread(struct swdev *dev, __u64 iova, const void *want, __u64 length)
{
	char *buffer = new_buffer(length);

	memset(buffer, CANARY, length);
	EXPECT_EQ(swdev_dma(dev, SWIOMMU_DMA_READ, iova, buffer, length).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(buffer, want, length), 0);
	free(buffer);
}

void expect_swwrite(struct swdev *dev, __u64 iova, void *mem, __u64 length)
{
	char *buffer = new_buffer(length);
	__u64 i;

	for (i = 0; i < length; i++)
		buffer[i] = i * 7 + i / PAGE + dev->id;
	memset(mem, CANARY, length);
	EXPECT_EQ(swdev_dma(dev, SWIOMMU_DMA_WRITE, iova, buffer, length).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(mem, buffer, length), 0);
	free(buffer);
}

void expect_swfault(struct swdev *dev, __u32 op, __u64 iova, __u64 length, __u32 fault,
		    __u64 at)
{
	char *buffer = new_buffer(length);
	struct swiommu_dma arg;
	__u64 i;

	memset(buffer, CANARY, length);
	arg = swdev_dma(dev, op, iova, buffer, length);
	EXPECT_EQ(arg.fault, fault);
	EXPECT_EQ(arg.fault_addr, at);
	EXPECT_EQ(arg.done, at - iova);
	for (i = arg.done; op == SWIOMMU_DMA_READ && i < length; i++)
		EXPECT_EQ((unsigned char)buffer[i], CANARY);
	free(buffer);
}

void expect_swblocked(struct swdev *dev, __u64 iova, __u32 fault)
{
	expect_swfault(dev, SWIOMMU_DMA_READ, iova, PAGE, fault, iova);
	expect_swfault(dev, SWIOMMU_DMA_WRITE, iova, PAGE, fault, iova);
}

struct swiommu_iommu_info swiommu_info(__u32 iommu)
{
	struct swiommu_iommu_info info = { .argsz = sizeof(info), .iommu = iommu };

	EXPECT_OK(control(SWIOMMU_IOMMU_GET_INFO, &info));
	return info;
}

struct swiommu_device_info swdev_info(struct swdev *dev)
{
	struct swiommu_device_info info = { .argsz = sizeof(info) };

	EXPECT_OK(ioctl(dev->fd, SWIOMMU_DEVICE_GET_INFO, &info));
	return info;
}

void swiommu_drop(__u32 iommu, __u32 caches, __u32 count)
{
	struct swiommu_iommu_debug arg = {
		.argsz = sizeof(arg), .iommu = iommu, .flags = caches, .count = count,
	};

	EXPECT_OK(sysfs_write("/sys/module/" SWIOMMU "/parameters/faulty", "Y"));
	EXPECT_OK(control(SWIOMMU_IOMMU_DEBUG, &arg));
}

struct swscene swscene(const char *options)
{
	struct swscene s;

	swiommu_load(options);
	s.fd = EXPECT_OK(iommu_open());
	s.ioas = new_ioas(s.fd);
	swdev_start(&s.a, 0, s.fd);
	swdev_start(&s.b, swiommu_info(0).nr_iommus - 1, s.fd);
	return s;
}

void swscene_end(struct swscene *s)
{
	EXPECT_OK(close(s->a.fd));
	EXPECT_OK(close(s->b.fd));
	EXPECT_OK(close(s->fd));
	swiommu_unload();
}

START_TEST(swiommu_is_refused_beside_another_iommu_on_old_kernels)
{
	EXPECT_ERRNO(module_load(SWIOMMU, NULL), EBUSY);
	EXPECT_TRUE(!module_is_loaded(SWIOMMU));
	EXPECT_OK(module_unload("ioasidfd"));
}
END_TEST

int run_swiommu_program(int argc, char **argv, const char *name, const TTest *const *tests)
{
	const TTest *const refused[] = {
		swiommu_is_refused_beside_another_iommu_on_old_kernels,
		NULL,
	};

	return run_program(argc, argv, name, swiommu_is_possible() ? tests : refused, RUN_BARE);
}
