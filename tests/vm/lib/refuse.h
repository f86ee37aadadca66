/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of the kernel that refuse what nothing from outside makes them refuse
 * (tests/modules/ioasid_test_refuse.c).
 */
#ifndef TESTS_REFUSE_H
#define TESTS_REFUSE_H

#define REFUSE_MODULE	"ioasid_test_refuse"

/* Every call, until refuse_end() */
#define REFUSE_ALL	(~0UL)

/* Which functions, separated by commas: the helper module is loaded for them, and
 * nothing is refused yet
 */
void refuse_at(const char *functions);
/* By way of what every driver is called to attach a group */
const char *attach_functions(void);
/* The calls to come that are refused with that errno: bits, the lowest the next one */
void refuse(unsigned long calls, int err);
/* All of those have been made */
void expect_all_refused(void);
/* Of REFUSE_ALL: how many were made since, and refuse no more */
unsigned int refuse_end(void);

#endif /* TESTS_REFUSE_H */
