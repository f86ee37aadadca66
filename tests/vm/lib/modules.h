/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading and unloading kernel modules by libkmod. */
#ifndef TESTS_MODULES_H
#define TESTS_MODULES_H

#include <stdbool.h>

/* With what it depends on. @options as in "name=value", may be NULL.
 * Returns 0, or -1 with errno.
 */
int module_load(const char *name, const char *options);
/* Returns 0, or -1 with errno: EAGAIN or EBUSY for one in use */
int module_unload(const char *name);
bool module_is_loaded(const char *name);
/* Does @name list @other as a dependency in modules.dep? */
bool module_depends(const char *name, const char *other);
/* The modules that hold @name, as in /sys/module/NAME/holders */
bool module_is_held_by(const char *name, const char *holder);

#endif /* TESTS_MODULES_H */
