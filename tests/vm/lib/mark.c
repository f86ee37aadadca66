// SPDX-License-Identifier: GPL-2.0-only
#include "mark.h"

/* Of each user, in the uppermost 16 bits */
static const __u16 tags[MARK_USERS] = { 0xa11c, 0xb0b5 };

__u64 mark_make(unsigned int user, unsigned int actor, unsigned int life, unsigned int step)
{
	return (__u64)tags[user] << 48 | (__u64)(actor & 0xff) << 40 |
	       (__u64)(life & 0xff) << 32 | step;
}

__u64 mark_pattern(unsigned int user, unsigned int offset)
{
	return mark_make(user, MARK_PATTERN, 0, offset);
}

bool mark_is_of(__u64 word, unsigned int user)
{
	return word >> 48 == tags[user];
}

void mark_fill(void *mem, size_t size, __u64 mark)
{
	__u64 *word = mem;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++)
		word[i] = mark;
}

bool mark_take_apart(__u64 word, struct mark *mark)
{
	unsigned int user;

	for (user = 0; user < MARK_USERS; user++)
		if (mark_is_of(word, user))
			break;
	*mark = (struct mark) {
		.user = user, .actor = word >> 40 & 0xff, .life = word >> 32 & 0xff,
		.step = word,
	};
	return user < MARK_USERS;
}
