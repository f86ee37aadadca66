/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_IOCTL_H
#define IOASID_IOCTL_H

struct file;

long ioasid_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* IOASID_IOCTL_H */
