/* SPDX-License-Identifier: GPL-2.0-only */
/* That our layouts are those of Linux's headers, seen when it is compiled. */
#ifndef TESTS_ABI_H
#define TESTS_ABI_H

#include <stddef.h>

#define SAME(ours, linuxs)	_Static_assert((ours) == (linuxs), #ours " is " #linuxs)
#define SAME_SIZE(ours, linuxs)	SAME(sizeof(struct ours), sizeof(struct linuxs))
#define SAME_PLACE(ours, linuxs, field)					\
	SAME(offsetof(struct ours, field) << 16 | sizeof(((struct ours *)0)->field),	\
	     offsetof(struct linuxs, field) << 16 | sizeof(((struct linuxs *)0)->field))

#endif /* TESTS_ABI_H */
