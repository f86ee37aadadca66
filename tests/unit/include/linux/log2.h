/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_LOG2_H
#define UNIT_LINUX_LOG2_H

#define fls(x)		((x) ? 32 - __builtin_clz(x) : 0)
#define ilog2(x)	(fls(x) - 1)

#endif
