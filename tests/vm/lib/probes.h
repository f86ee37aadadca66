/* SPDX-License-Identifier: GPL-2.0-only */
/* Points in functions of the kernel's (test-interleavings). */
#ifndef TESTS_PROBES_H
#define TESTS_PROBES_H

/* Those functions that this kernel has become points, or can be made to refuse */
void probes_set(void);

#endif /* TESTS_PROBES_H */
