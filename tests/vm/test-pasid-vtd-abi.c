// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching by PASID as VFIO's character devices have it, with the kernel's own VT-d
 * driver; as test-pasid-vtd.c and test-vfio-cdev-abi.c otherwise.
 */
#include "iommufd.h"
#include "memory.h"
#include "vtdtable.h"

/* Of newer headers: VFIO_DEVICE_ATTACH_PASID, IOMMU_HWPT_ALLOC_PASID */
#define ATTACH_PASID	(1 << 0)
#define ALLOC_PASID	(1 << 3)

static char igb[BDF_SIZE];

struct setting {
	int fd, dev;
	__u32 id, a, b;
};

static struct setting bound(void)
{
	struct setting s;

	vtd_with_pasids(igb);
	EXPECT_OK(pci_give_to(igb, "ioasid_vfio_pci"));
	s.fd = EXPECT_OK(iommufd_open());
	s.dev = EXPECT_OK(dev_open_bdf(igb));
	EXPECT_OK(vfd_bind(s.dev, s.fd, &s.id));
	s.a = ifd_new_ioas(s.fd);
	s.b = ifd_new_ioas(s.fd);
	return s;
}

static void done(struct setting *s)
{
	close(s->dev);
	EXPECT_OK(pci_take_back(igb));
}

static int attach(const struct setting *s, __u32 pt, __u32 pasid)
{
	return attach_sized(s->dev, ATTACH_PASID, 16, pt, pasid);
}

static int detach(const struct setting *s, __u32 pasid)
{
	return detach_sized(s->dev, ATTACH_PASID, 12, pasid);
}

static __u64 installed(__u32 pasid)
{
	struct vtd_pasid_entry entry = vtd_pasid_entry(igb, pasid);

	EXPECT_TRUE(entry.present);
	return entry.table;
}

static void expect_gone(__u32 pasid)
{
	EXPECT_TRUE(!vtd_pasid_entry(igb, pasid).present);
}

START_TEST(a_pasid_is_attached_replaced_and_detached)
{
	struct setting s = bound();
	__u64 table;

	expect_gone(5);
	EXPECT_OK(attach(&s, s.a, 5));
	table = installed(5);
	EXPECT_OK(attach(&s, s.a, 4711));
	EXPECT_EQ(installed(4711), table);
	EXPECT_ERRNO(ifd_destroy(s.fd, s.a), EBUSY);
	EXPECT_OK(attach(&s, s.b, 5));
	EXPECT_NE(installed(5), table);
	EXPECT_OK(detach(&s, 5));
	expect_gone(5);
	EXPECT_OK(ifd_destroy(s.fd, s.b));
	/* the RID is not among them */
	EXPECT_OK(vfd_attach(s.dev, s.a));
	EXPECT_OK(detach(&s, 4711));
	expect_gone(4711);
	EXPECT_ERRNO(ifd_destroy(s.fd, s.a), EBUSY);
	EXPECT_OK(vfd_detach(s.dev));
	EXPECT_OK(ifd_destroy(s.fd, s.a));
	done(&s);
}
END_TEST

START_TEST(a_pasid_is_attached_to_a_page_table)
{
	struct setting s = bound();
	__u32 one = 0, two = 0;

	EXPECT_OK(ifd_hwpt_alloc(s.fd, s.id, s.a, ALLOC_PASID, &one));
	EXPECT_OK(ifd_hwpt_alloc(s.fd, s.id, s.b, ALLOC_PASID, &two));
	EXPECT_OK(vfd_attach(s.dev, one));
	EXPECT_OK(attach(&s, one, 5));
	EXPECT_EQ(installed(5), installed(0));
	EXPECT_OK(vfd_detach(s.dev));
	EXPECT_ERRNO(ifd_destroy(s.fd, one), EBUSY);
	EXPECT_OK(attach(&s, two, 5));
	EXPECT_OK(ifd_destroy(s.fd, one));
	EXPECT_ERRNO(ifd_destroy(s.fd, two), EBUSY);
	EXPECT_ERRNO(attach(&s, one, 5), ENOENT);
	/* by the id of the address space it is no user of the page table's any more */
	EXPECT_OK(attach(&s, s.b, 5));
	EXPECT_OK(ifd_destroy(s.fd, two));
	installed(5);
	done(&s);
}
END_TEST

START_TEST(pasids_end_with_the_device)
{
	struct setting s = bound();
	__u32 hwpt = 0;

	EXPECT_OK(ifd_hwpt_alloc(s.fd, s.id, s.a, ALLOC_PASID, &hwpt));
	EXPECT_OK(attach(&s, hwpt, 5));
	EXPECT_OK(attach(&s, s.b, 6));
	EXPECT_OK(close(s.dev));
	expect_gone(5);
	expect_gone(6);
	EXPECT_OK(ifd_destroy(s.fd, hwpt));
	EXPECT_OK(ifd_destroy(s.fd, s.a));
	EXPECT_OK(pci_take_back(igb));
}
END_TEST

START_TEST(arguments_are_checked)
{
	struct setting s = bound();

	EXPECT_ERRNO(attach_sized(s.dev, ATTACH_PASID, 12, s.a, 5), EINVAL);
	EXPECT_ERRNO(attach(&s, s.a, 0), EINVAL);
	EXPECT_ERRNO(attach(&s, s.a, 1 << VTD_PASID_WIDTH), EINVAL);
	EXPECT_ERRNO(attach(&s, s.a, ~0U), EINVAL);
	EXPECT_ERRNO(attach(&s, 0, 5), ENOENT);
	EXPECT_ERRNO(attach(&s, ~0U, 5), ENOENT);
	EXPECT_ERRNO(attach(&s, s.id, 5), EINVAL);
	expect_gone(5);
	EXPECT_ERRNO(detach_sized(s.dev, ATTACH_PASID, 8, 5), EINVAL);
	EXPECT_ERRNO(detach(&s, 0), EINVAL);
	/* it is not attached, and that is what was asked for */
	EXPECT_OK(detach(&s, 5));
	/* without the flag there is none, however long the structure is */
	EXPECT_OK(attach_sized(s.dev, 0, 16, s.a, 5));
	expect_gone(5);
	EXPECT_OK(detach_sized(s.dev, 0, 12, 5));
	EXPECT_OK(ifd_destroy(s.fd, s.a));
	done(&s);
}
END_TEST

START_TEST(the_width_of_pasids_is_said)
{
	struct setting s = bound();
	__u8 info[64] = { sizeof(struct iommu_hw_info) };

	memcpy(info + offsetof(struct iommu_hw_info, dev_id), &s.id, 4);
	EXPECT_OK(ioctl(s.fd, IOMMU_GET_HW_INFO, info));
	/* out_max_pasid_log2 of newer headers */
	EXPECT_EQ(info[offsetof(struct iommu_hw_info, out_data_type) + 4], VTD_PASID_WIDTH);
	done(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		a_pasid_is_attached_replaced_and_detached,
		a_pasid_is_attached_to_a_page_table,
		pasids_end_with_the_device,
		arguments_are_checked,
		the_width_of_pasids_is_said,
		NULL
	};

	return run_program(argc, argv, "pasid_vtd_abi", tests, RUN_DEVICES);
}
