/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_FACE_FILE_H
#define IOASID_FACE_FILE_H

struct file_operations;

extern const struct file_operations ioasid_fops;

#endif /* IOASID_FACE_FILE_H */
