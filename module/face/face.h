/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_FACE_H
#define IOASID_FACE_H

#include "base/ctx.h"

long ioasid_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* IOASID_FACE_H */
