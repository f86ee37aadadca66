/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_BUG_H
#define UNIT_LINUX_BUG_H

#include <stdlib.h>

/* What the kernel warns of is a failure here */
#define WARN_ON_ONCE(cond)	((cond) ? abort(), true : false)
#define WARN_ON(cond)		((void)WARN_ON_ONCE(cond))

#endif
