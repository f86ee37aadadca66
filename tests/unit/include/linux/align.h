/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_ALIGN_H
#define UNIT_LINUX_ALIGN_H

#define IS_ALIGNED(x, a)	(((x) & ((a) - 1)) == 0)

#endif
