// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints of devices are here, once.
 */
#define CREATE_TRACE_POINTS
#include "attach/trace.h"
