/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is not there for as long as its owner likes (userfaultfd). */
#ifndef TESTS_STALL_H
#define TESTS_STALL_H

/* A page that is not there until stall_end() */
struct stall {
	int uffd;
	char *page;
};

/* A page of its own; or one in the midst of memory, which is lost. Needs root */
struct stall stall_start(void);
struct stall stall_at(void *page);
/* Until somebody waits for the page */
void stall_wait(struct stall *stall);
/* It arrives, full of zeroes */
void stall_end(struct stall *stall);
/* There will never be one: who waits fails */
void stall_fail(struct stall *stall);

#endif /* TESTS_STALL_H */
