/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's log from a point in time on. */
#ifndef TESTS_LOG_H
#define TESTS_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* A descriptor at the end of the log; read on with log_next() */
int log_open(void);
/* The next message, without its prefix; false if there is none yet */
bool log_next(int fd, char *line, size_t size);

#endif /* TESTS_LOG_H */
