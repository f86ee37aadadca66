// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <linux/ioctl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kcov.h"

/* As linux/kcov.h has them, which not all headers have */
#define INIT_TRACE	_IOR('c', 1, unsigned long)
#define ENABLE		_IO('c', 100)
#define TRACE_PC	0

#define ROOM		(64UL << 10)	/* of unsigned long; the first is how many there are */

bool kcov_open(struct kcov *kcov)
{
	kcov->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (kcov->fd < 0)
		return false;
	if (ioctl(kcov->fd, INIT_TRACE, ROOM))
		return false;
	kcov->cover = mmap(NULL, ROOM * sizeof(unsigned long), PROT_READ | PROT_WRITE,
			   MAP_SHARED, kcov->fd, 0);
	return kcov->cover != MAP_FAILED;
}

bool kcov_start(struct kcov *kcov)
{
	return !ioctl(kcov->fd, ENABLE, TRACE_PC);
}

void kcov_reset(struct kcov *kcov)
{
	__atomic_store_n(&kcov->cover[0], 0, __ATOMIC_RELAXED);
}

unsigned int kcov_look(struct kcov *kcov, struct kcov_seen *seen)
{
	unsigned long i, n = __atomic_load_n(&kcov->cover[0], __ATOMIC_RELAXED);
	unsigned int fresh = 0;

	for (i = 1; i <= n; i++) {
		__u64 hash = kcov->cover[i] * 0x9e3779b97f4a7c15ULL >> (64 - KCOV_SEEN_BITS);
		__u64 bit = 1ULL << hash % 64, *word = &seen->bits[hash / 64];

		if (!(__atomic_load_n(word, __ATOMIC_RELAXED) & bit) &&
		    !(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit))
			fresh++;
	}
	if (fresh)
		__atomic_add_fetch(&seen->places, fresh, __ATOMIC_RELAXED);
	return fresh;
}
