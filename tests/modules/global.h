/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of the pretended host that takes PASIDs, for it and the tests.
 */
#ifndef TESTS_MODULES_GLOBAL_H
#define TESTS_MODULES_GLOBAL_H

#include <linux/ioctl.h>

/* /dev/ioasid-global; what was allocated is freed when it is closed */
#define GLOBAL_NAME	"ioasid-global"

#define GLOBAL_ALLOC	_IO('g', 0)	/* a device's id: returns the number */
#define GLOBAL_FREE	_IO('g', 1)	/* the number */

#endif /* TESTS_MODULES_GLOBAL_H */
