/* SPDX-License-Identifier: GPL-2.0-only */
/* kvcalloc() is in slab.h */
#include <linux/slab.h>
