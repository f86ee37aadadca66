/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_FACE_IOMMUFD_HWPT_H
#define IOASID_FACE_IOMMUFD_HWPT_H

long ioasid_ifd_get_hw_info(void *data, void *args, void __user *user);
long ioasid_ifd_hwpt_alloc(void *data, void *args, void __user *user);
long ioasid_ifd_hwpt_set_dirty_tracking(void *data, void *args, void __user *user);
long ioasid_ifd_hwpt_get_dirty_bitmap(void *data, void *args, void __user *user);
long ioasid_ifd_hwpt_invalidate(void *data, void *args, void __user *user);

#endif /* IOASID_FACE_IOMMUFD_HWPT_H */
