/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads held at the entry of a function of the kernel's or of ours
 * (tests/modules/ioasid_test_stall.c). One function at a time.
 */
#ifndef TESTS_HOLD_H
#define TESTS_HOLD_H

#include <stdbool.h>

/* Which function: the helper module is loaded for it, and nobody is held yet */
void hold_at(const char *function);
/* The next call of it is held; or those whose bits are set, the lowest the next one */
void hold_next(void);
void hold_calls(unsigned long calls);
/* Until somebody is held; ends the test after 20 s */
void hold_wait(void);
bool hold_has_one(void);
/* They go on, and nobody is held any more */
void hold_go(void);
/* hold_go(), and unload the helper module if it is loaded */
void hold_end(void);

#endif /* TESTS_HOLD_H */
