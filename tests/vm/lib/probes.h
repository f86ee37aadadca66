/* SPDX-License-Identifier: GPL-2.0-only */
/* Points in functions of the kernel's (test-interleavings). */
#ifndef TESTS_PROBES_H
#define TESTS_PROBES_H

#include <stdbool.h>

/* Those functions that this kernel has become points, or can be made to refuse; with the
 * software IOMMU's, if it takes the steps of drivers
 */
void probes_set(bool with_steps);

#endif /* TESTS_PROBES_H */
