/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that arrive late, again and again. A thread that touches one that is not there
 * waits until another thread of the process brings it, full of its owner's mark.
 */
#ifndef TESTS_LATE_H
#define TESTS_LATE_H

#include <linux/types.h>
#include <pthread.h>
#include <stdbool.h>

#define LATE_MAX	32

/**
 * struct late - the pages of a process
 * @mem: where they are
 * @nr: how many
 * @mark: what each is full of when it arrives
 * @delay: for how many ms each is waited for
 * @uffd: how it is known that one is waited for
 */
struct late {
	char *mem;
	unsigned int nr;
	__u64 mark[LATE_MAX];
	unsigned int delay[LATE_MAX];
	int uffd;
};

/* Any user may, once this was called by root */
void late_permit(void);
void late_start(struct late *late, unsigned int nr);
/* A page, which is dropped: @mark is what will be there */
void *late_page(struct late *late, unsigned int page, __u64 mark, unsigned int delay);

#endif /* TESTS_LATE_H */
