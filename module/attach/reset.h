/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_RESET_H
#define IOASID_RESET_H

struct ioasid_group;

void ioasid_resets_end(unsigned int *nr);
void ioasid_group_resets_begin(struct ioasid_group *group);
void ioasid_pasid_resets_begin(const struct device *dev, unsigned int *nr);

#endif /* IOASID_RESET_H */
