/* SPDX-License-Identifier: GPL-2.0-only */
/* Counting what an operation takes: guest instructions, or nanoseconds. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

extern bool wall;		/* by wall clock */
extern int rounds;		/* that count */
extern int round_nr;		/* round 0 is the warm-up */
extern const char *profiled;	/* the operation around which marks are put */

/* Run all rounds of a case with a subject */
void measure(const char *subject, const char *name, void (*run)(void));
/* Around what is counted, in @run: for so many units */
void begin(const char *op);
void end(const char *op, size_t units);

/* Is a word one of a list, "A,B"? */
bool listed(const char *list, const char *word);
/* Until the counter counts this program's instructions alone; or end the program */
void settle(void);
/* Addresses and names of the kernel's code, out of QEMU's debug port */
void send_symbols(void);

#endif /* BENCH_MEASURE_H */
