/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_LISTENERS_H
#define IOASID_LISTENERS_H

#include <linux/types.h>

struct ioasid_numbers;
struct ioasid_pasid;

void ioasid_pasid_tell_end(const struct ioasid_pasid *pasid, u32 ioasid);
void ioasid_pasid_tell_ended(struct ioasid_numbers *wire, u32 number);

#endif /* IOASID_LISTENERS_H */
