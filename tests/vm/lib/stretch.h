/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long calls work without a chance to reschedule
 * (tests/modules/ioasid_test_stretch.c), in a machine that counts instructions.
 */
#ifndef TESTS_STRETCH_H
#define TESTS_STRETCH_H

#include <linux/types.h>

/*
 * Instructions. Where each of them waits for memory, which no code does for long, that
 * is 10 ms: 30 cycles each at 3 GHz.
 */
#define MOST_WORK	1000000UL
#define MANY		(250 * 1000)

/* From here on what this thread does in the kernel is looked at */
void stretch_watch(void);
/* It has had a chance after @most instructions at the latest */
void stretch_expect(const char *what, unsigned long most);

/* The call succeeds, and yields often enough */
#define SHORTER(call, most) do {					\
	stretch_watch();						\
	EXPECT_OK(call);						\
	stretch_expect(#call, most);					\
	} while (0)

#define SHORT(call) SHORTER(call, MOST_WORK)

/* @nr mappings of @pages pages every other page, none of which goes on where the one
 * before ends in memory
 */
void map_many(int fd, __u32 ioas, char *mem, __u64 iova, unsigned int nr, unsigned int pages);

/* Do the kernel's chances all go through a function? Others yield by themselves */
int stretch_is_seen(void);

#endif /* TESTS_STRETCH_H */
