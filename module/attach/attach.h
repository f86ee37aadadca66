/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_ATTACH_H
#define IOASID_ATTACH_H

struct ioasid_device;

void ioasid_device_detach_all(struct ioasid_device *idev);

#endif /* IOASID_ATTACH_H */
