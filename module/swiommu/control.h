/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control file.
 */
#ifndef SWIOMMU_CONTROL_H
#define SWIOMMU_CONTROL_H

int swiommu_control_add(void);
void swiommu_control_del(void);

#endif /* SWIOMMU_CONTROL_H */
