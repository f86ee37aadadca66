/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of Linux's iommufd on the same fd, binary compatible. As the others they
 * parse, check and call the core; what Linux answers otherwise than the core does is
 * translated here. What is not served is ENOTTY, as on a kernel that has not got it.
 *
 * iommufd.c		destroying, options
 * iommufd_ioas.c	address spaces and mapping
 * iommufd_hwpt.c	devices and page tables
 */
#ifndef IOASID_FACE_IOMMUFD_H
#define IOASID_FACE_IOMMUFD_H

long ioasid_ifd_destroy(void *data, void *args, void __user *user);
long ioasid_ifd_option(void *data, void *args, void __user *user);

#endif /* IOASID_FACE_IOMMUFD_H */
