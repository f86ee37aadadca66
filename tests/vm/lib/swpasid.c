// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"
#include "swpasid.h"

static void expect_fault(struct swdev *dev, __u32 pasid, __u32 op, __u64 iova, __u32 fault,
			 __u32 ioas)
{
	unsigned char buffer[64];
	struct swiommu_dma dma;

	memset(buffer, CANARY, sizeof(buffer));
	dma = swdev_dma(BY(dev, pasid), op, iova, buffer, sizeof(buffer));
	EXPECT_EQ(dma.fault, fault);
	EXPECT_EQ(dma.done, 0);
	EXPECT_EQ(dma.fault_ioasid, ioas);
	EXPECT_EQ(dma.fault_pasid, ioas ? pasid : 0);
	EXPECT_EQ(dma.fault_cookie, ioas ? dev->cookie : 0);
	expect_filled(buffer, CANARY, sizeof(buffer));
}

void expect_pasid_fault(struct swdev *dev, __u32 pasid, __u64 iova, __u32 fault,
			__u32 ioas)
{
	expect_fault(dev, pasid, SWIOMMU_DMA_READ, iova, fault, ioas);
	expect_fault(dev, pasid, SWIOMMU_DMA_WRITE, iova, fault, ioas);
}

void expect_pasid_blocked(struct swdev *dev, __u32 pasid, __u64 iova)
{
	expect_pasid_fault(dev, pasid, iova, SWIOMMU_FAULT_BLOCKED, 0);
}

void expect_info_says(int fd, struct swdev *dev, __u32 width, __u32 flags)
{
	/* One of a type without PASIDs of the user's has one in place of its RID */
	bool any = width || swdev_info(dev).type == 3;
	struct ioasid_pasid_info info;
	struct device_caps caps;

	EXPECT_OK(dev_pasid_info(dev->fd, &info));
	EXPECT_EQ(info.width, width);
	EXPECT_EQ(info.flags, flags);
	device_caps(fd, dev->cookie, &caps);
	EXPECT_EQ(caps.info.pasid_width, width);
	EXPECT_EQ(caps.info.pasid_flags, flags);
	EXPECT_EQ(!!(caps.info.flags & IOASID_DEVICE_INFO_ATOMIC_REPLACE_PASID),
		  any && pasids_are_replaced_at_once());
}

bool pasids_are_replaced_at_once(void)
{
	return kernel_is("7.2");
}

START_TEST(pasids_are_refused_and_not_said_to_be_there_on_old_kernels)
{
	struct swscene s = swscene(NULL);
	struct ioasid_pasid_info info;
	struct device_caps caps;

	EXPECT_OK(dev_pasid_info(s.a.fd, &info));
	EXPECT_EQ(info.width, 0);
	EXPECT_EQ(info.flags, 0);
	device_caps(s.fd, s.a.cookie, &caps);
	EXPECT_EQ(caps.info.pasid_width, 0);
	EXPECT_EQ(caps.info.pasid_flags, 0);
	EXPECT_EQ(caps.info.flags & IOASID_DEVICE_INFO_ATOMIC_REPLACE_PASID, 0);
	EXPECT_EQ(ioctl(s.fd, IOMMU_CHECK_EXTENSION, IOASID_EXT_PASID), 0);
	EXPECT_EQ(ioctl(s.fd, IOMMU_CHECK_EXTENSION, IOASID_EXT_PASID_ALIAS), 0);
	EXPECT_ERRNO(dev_attach_pasid(s.a.fd, s.fd, s.ioas, 1), EOPNOTSUPP);
	EXPECT_ERRNO(dev_attach_pasid(s.a.fd, s.fd, s.ioas, 0), EOPNOTSUPP);
	EXPECT_ERRNO(dev_detach_pasid(s.a.fd, s.fd, 1), EOPNOTSUPP);
	EXPECT_ERRNO(dev_set_pasid_floor(s.a.fd, s.fd, 1), EOPNOTSUPP);
	EXPECT_ERRNO(dev_alias(s.a.fd, s.fd, 1, 2), EOPNOTSUPP);
	EXPECT_EQ(nr_attachments(s.fd, s.ioas), 0);
	expect_pasid_blocked(&s.a, 1, IOVA);
	swscene_end(&s);
}
END_TEST

int run_swpasid_program(int argc, char **argv, const char *name, const TTest *const *tests)
{
	const TTest *const refused[] = {
		pasids_are_refused_and_not_said_to_be_there_on_old_kernels,
		NULL,
	};

	return run_swiommu_program(argc, argv, name, kernel_is("6.1") ? refused : tests);
}
