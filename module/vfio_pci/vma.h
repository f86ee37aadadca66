/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings of the device's regions.
 */
#ifndef IOASID_VFIO_VMA_H
#define IOASID_VFIO_VMA_H

struct file;
struct vm_area_struct;

int ioasid_vfio_mmap(struct file *filp, struct vm_area_struct *vma);

#endif /* IOASID_VFIO_VMA_H */
