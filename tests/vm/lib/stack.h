/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The modules that the tests run on: ours, or, where the harness says so
 * (IOASID_STACK=linux), Linux's own iommufd and VFIO (scripts/upstream-iommufd),
 * which tell what the ABI's tests should expect.
 */
#ifndef TESTS_STACK_H
#define TESTS_STACK_H

#include <stdbool.h>

bool stack_is_linux(void);
/* The driver of its devices */
const char *stack_driver(void);
/* Load the modules and hand the test devices to their driver, and undo it */
void stack_load(void);
void stack_unload(void);

#endif /* TESTS_STACK_H */
