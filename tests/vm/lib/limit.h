/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits of what one user may hold (ioasidfd's parameters max_...), and users that hold. */
#ifndef TESTS_LIMIT_H
#define TESTS_LIMIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "process.h"

/* A second unprivileged user beside TEST_UID */
#define OTHER_UID	1001

/* "page_tables" for max_page_tables; needs root. Without such a limit nothing is done: it
 * is for what follows to find that out
 */
void limit_set(const char *name, unsigned int value);

/* What fdinfo of an open /dev/iommu says, "page-tables" for used-page-tables */
struct used {
	unsigned int used;
	unsigned int limit;	/* 0: none */
};

struct used limit_used(int fd, const char *name);
/* Nobody with this uid holds anything, but the one file that this is seen by; needs root */
void expect_holds_nothing(uid_t uid);
/* The same, in 20 s at most: the memory of a process may end later than itself, and with it
 * files that were mapped
 */
void expect_holds_nothing_soon(uid_t uid);

/* A child process of that user, without any capability */
pid_t start_user(uid_t uid, child_fn fn, void *arg);
void run_user(uid_t uid, child_fn fn, void *arg);

/* Open the node as any user may for as long as this test runs */
void open_node_to_all(void);

#endif /* TESTS_LIMIT_H */
