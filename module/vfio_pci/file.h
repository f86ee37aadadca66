/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State of an open file.
 */
#ifndef IOASID_VFIO_FILE_H
#define IOASID_VFIO_FILE_H

#include <linux/types.h>

struct ioasid_vfio_device;
struct ioasid_vfio_file;

struct ioasid_vfio_file *ioasid_vfio_file_new(struct ioasid_vfio_device *dev);
void ioasid_vfio_file_free(struct ioasid_vfio_file *file);
int ioasid_vfio_file_enter(struct ioasid_vfio_file *file);
void ioasid_vfio_file_leave(struct ioasid_vfio_file *file);
bool ioasid_vfio_file_is_bound(struct ioasid_vfio_file *file);
void ioasid_vfio_file_start(struct ioasid_vfio_file *file);
int ioasid_vfio_file_stop(struct ioasid_vfio_file *file);
void ioasid_vfio_file_get_vma(struct ioasid_vfio_file *file);
void ioasid_vfio_file_put_vma(struct ioasid_vfio_file *file);

#endif /* IOASID_VFIO_FILE_H */
