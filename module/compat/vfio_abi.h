/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What linux/vfio.h has of VFIO's character devices, which not every kernel's
 * headers have; as compat/iommufd_abi.h otherwise.
 */
#ifndef IOASID_VFIO_ABI_H
#define IOASID_VFIO_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VFD_TYPE			';'

#define VFD_BIND_IOMMUFD		_IO(VFD_TYPE, 118)
#define VFD_ATTACH_IOMMUFD_PT		_IO(VFD_TYPE, 119)
#define VFD_DETACH_IOMMUFD_PT		_IO(VFD_TYPE, 120)

struct vfd_bind_iommufd {
	__u32 argsz;
	__u32 flags;
#define VFD_BIND_TOKEN			(1 << 0)
	__s32 iommufd;
	__u32 out_devid;
	/* Here it ended at first */
	__aligned_u64 token_uuid_ptr;
};

struct vfd_attach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
#define VFD_ATTACH_PASID		(1 << 0)
	__u32 pt_id;
	/* Here it ended at first */
	__u32 pasid;
};

struct vfd_detach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
#define VFD_DETACH_PASID		(1 << 0)
	/* Here it ended at first */
	__u32 pasid;
};

struct vfd_hot_reset_device {
	__u32 devid;
	__u16 segment;
	__u8 bus;
	__u8 devfn;
};

struct vfd_hot_reset_info {
	__u32 argsz;
	__u32 flags;
	__u32 count;
	struct vfd_hot_reset_device devices[];
};

/* With as many group fds behind it, none from a character device */
struct vfd_hot_reset {
	__u32 argsz;
	__u32 flags;
	__u32 count;
};

/* Of what VFIO_DEVICE_GET_PCI_HOT_RESET_INFO answers to an open character device */
#define VFD_HOT_RESET_DEV_ID		(1 << 0)
#define VFD_HOT_RESET_DEV_ID_OWNED	(1 << 1)

/* In the place of a device id: not bound, but of a group that is the caller's */
#define VFD_DEVID_OWNED			0
/* Or somebody else's */
#define VFD_DEVID_NOT_OWNED		(-1)

#endif /* IOASID_VFIO_ABI_H */
