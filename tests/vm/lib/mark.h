/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks: every 8 bytes of a user's memory, and of what the user's devices write, say
 * which user it is, and which step of which thread has written them. A mark that is torn
 * by two writes of one user is still that user's.
 */
#ifndef TESTS_MARK_H
#define TESTS_MARK_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define MARK_USERS	2U

/* Written by nothing since the test began */
#define MARK_PATTERN	0xffU

/* @actor is below MARK_PATTERN, and @life is kept modulo 256 */
__u64 mark_make(unsigned int user, unsigned int actor, unsigned int life, unsigned int step);
/* What is at an offset in memory to which nothing has written */
__u64 mark_pattern(unsigned int user, unsigned int offset);
bool mark_is_of(__u64 word, unsigned int user);
void mark_fill(void *mem, size_t size, __u64 mark);

/* What a word is made of. False: it is no mark */
struct mark {
	unsigned int user, actor, life, step;
};

bool mark_take_apart(__u64 word, struct mark *mark);

#endif /* TESTS_MARK_H */
