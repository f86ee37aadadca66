/* SPDX-License-Identifier: GPL-2.0-only */
/* Which code of the kernel a thread runs: KCOV, where the kernel has it. */
#ifndef TESTS_KCOV_H
#define TESTS_KCOV_H

#include <linux/types.h>
#include <stdbool.h>

struct kcov {
	int fd;
	unsigned long *cover;
};

#define KCOV_SEEN_BITS	20

/* Places that were reached, by hash; shared by threads and processes */
struct kcov_seen {
	__u64 bits[(1 << KCOV_SEEN_BITS) / 64];
	unsigned int places;
};

/* Needs root; false: the kernel has none */
bool kcov_open(struct kcov *kcov);
/* Of this thread from here on */
bool kcov_start(struct kcov *kcov);
void kcov_reset(struct kcov *kcov);
/* How many places are new since kcov_reset(); they are not new afterwards */
unsigned int kcov_look(struct kcov *kcov, struct kcov_seen *seen);

#endif /* TESTS_KCOV_H */
