// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "expect.h"
#include "mediated.h"

int mediated_open(int n)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/" MEDIATED_NAME "%d", n);
	return open(path, O_RDWR | O_CLOEXEC);
}

struct mediated mediated(void)
{
	struct mediated m;

	m.fd = EXPECT_OK(iommu_open());
	m.ioas = new_ioas(m.fd);
	m.dev = EXPECT_OK(mediated_open(0));
	EXPECT_OK(dev_bind(m.dev, m.fd, 100));
	EXPECT_OK(dev_attach(m.dev, m.fd, m.ioas));
	return m;
}

int mediated_beside(struct mediated *m, int n)
{
	int dev = EXPECT_OK(mediated_open(n));

	EXPECT_OK(dev_bind(dev, m->fd, 100 + n));
	EXPECT_OK(dev_attach(dev, m->fd, m->ioas));
	return dev;
}

static int do_op(int dev, unsigned long cmd, int fd, __u32 flags, __u64 iova, __u64 length,
		 const void *buf)
{
	struct mediated_op op = {
		.iommu_fd = fd, .flags = flags, .iova = iova, .length = length,
		.buf = (uintptr_t)buf,
	};

	return ioctl(dev, cmd, &op);
}

int m_translate(int dev, int fd, __u64 iova, __u64 length)
{
	return do_op(dev, MEDIATED_TRANSLATE, fd, 0, iova, length, NULL);
}

int m_read(int dev, int fd, __u64 iova, void *buf, __u64 length)
{
	return do_op(dev, MEDIATED_READ, fd, 0, iova, length, buf);
}

int m_write(int dev, int fd, __u64 iova, const void *buf, __u64 length)
{
	return do_op(dev, MEDIATED_WRITE, fd, 0, iova, length, buf);
}

int m_kread(int dev, int fd, __u64 iova, void *buf, __u64 length)
{
	return do_op(dev, MEDIATED_READ, fd, MEDIATED_KTHREAD, iova, length, buf);
}

int m_kwrite(int dev, int fd, __u64 iova, const void *buf, __u64 length)
{
	return do_op(dev, MEDIATED_WRITE, fd, MEDIATED_KTHREAD, iova, length, buf);
}

static int pin(int dev, int fd, __u32 flags, __u64 iova, __u64 length, __u64 *phys, __u64 *id)
{
	struct mediated_op op = {
		.iommu_fd = fd, .flags = flags, .iova = iova, .length = length,
		.buf = (uintptr_t)phys,
	};
	int ret = ioctl(dev, MEDIATED_PIN, &op);

	if (id)
		*id = op.id;
	return ret;
}

int m_pin(int dev, int fd, __u64 iova, __u64 length, __u64 *phys, __u64 *id)
{
	return pin(dev, fd, MEDIATED_FOR_WRITE, iova, length, phys, id);
}

int m_pin_for_read(int dev, int fd, __u64 iova, __u64 length, __u64 *id)
{
	return pin(dev, fd, 0, iova, length, NULL, id);
}

int m_pin_late(int dev, int fd, __u64 iova, __u64 length)
{
	return pin(dev, fd, MEDIATED_LATE, iova, length, NULL, NULL);
}

int m_unpin(int dev, int fd, __u64 id)
{
	struct mediated_op op = { .iommu_fd = fd, .id = id };

	return ioctl(dev, MEDIATED_UNPIN, &op);
}

int m_fill(int dev, int fd, __u64 id, unsigned char byte)
{
	struct mediated_op op = { .iommu_fd = fd, .id = id, .buf = byte };

	return ioctl(dev, MEDIATED_FILL, &op);
}

void m_delay(int dev, __u32 ms)
{
	EXPECT_OK(ioctl(dev, MEDIATED_DELAY, (unsigned long)ms));
}

int m_bind_as(int dev, int fd, __u64 cookie, __u32 type, bool ops)
{
	struct mediated_op op = {
		.iommu_fd = fd, .flags = type, .id = cookie, .length = ops,
	};

	return ioctl(dev, MEDIATED_BIND_AS, &op);
}

struct mediated_state m_state(int dev, int fd)
{
	struct mediated_state state = { .iommu_fd = fd };

	EXPECT_OK(ioctl(dev, MEDIATED_STATE, &state));
	return state;
}

__u32 m_pins(int dev, int fd)
{
	return m_state(dev, fd).pins;
}

__u64 m_told(int dev, int fd)
{
	return m_state(dev, fd).told;
}
