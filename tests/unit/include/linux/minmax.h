/* SPDX-License-Identifier: GPL-2.0-only */
/* min() and its like are in types.h */
#include <linux/types.h>
