// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"
#include "ioas.h"
#include "late.h"
#include "mark.h"
#include "pci.h"

static __u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static void bring(struct late *late, unsigned int page)
{
	static __thread __u64 content[PAGE / sizeof(__u64)];
	struct uffdio_copy copy = {
		.dst = (unsigned long)late->mem + page * PAGE,
		.src = (unsigned long)content, .len = PAGE,
	};
	struct uffdio_range range = { .start = copy.dst, .len = PAGE };

	mark_fill(content, PAGE, __atomic_load_n(&late->mark[page], __ATOMIC_RELAXED));
	/* If the page is there, a thread that waits has only not seen it */
	if (ioctl(late->uffd, UFFDIO_COPY, &copy))
		ioctl(late->uffd, UFFDIO_WAKE, &range);
}

/* In how many ms the next one is due, -1: none is */
static int bring_what_is_due(struct late *late, __u64 *due)
{
	unsigned int i;
	__u64 now = now_ms();
	int next = -1;

	for (i = 0; i < late->nr; i++) {
		if (!due[i])
			continue;
		if (due[i] <= now) {
			due[i] = 0;
			bring(late, i);
		} else if (next < 0 || due[i] - now < (__u64)next) {
			next = due[i] - now;
		}
	}
	return next;
}

static void *late_run(void *arg)
{
	struct late *late = arg;
	__u64 due[LATE_MAX] = { 0 };
	struct uffd_msg msg;

	for (;;) {
		struct pollfd pfd = { .fd = late->uffd, .events = POLLIN };
		unsigned int page;

		poll(&pfd, 1, bring_what_is_due(late, due));
		if (read(late->uffd, &msg, sizeof(msg)) != sizeof(msg) ||
		    msg.event != UFFD_EVENT_PAGEFAULT)
			continue;
		page = (msg.arg.pagefault.address - (unsigned long)late->mem) / PAGE;
		if (!due[page])
			due[page] = now_ms() + 1 +
				__atomic_load_n(&late->delay[page], __ATOMIC_RELAXED);
	}
	return NULL;
}

void late_permit(void)
{
	EXPECT_OK(sysfs_write("/proc/sys/vm/unprivileged_userfaultfd", "1"));
}

void late_start(struct late *late, unsigned int nr)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	pthread_t thread;

	late->nr = nr;
	late->mem = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_TRUE(late->mem != MAP_FAILED);
	EXPECT_OK(madvise(late->mem, nr * PAGE, MADV_NOHUGEPAGE));
	late->uffd = EXPECT_OK(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	EXPECT_OK(ioctl(late->uffd, UFFDIO_API, &api));
	reg.range.start = (unsigned long)late->mem;
	reg.range.len = nr * PAGE;
	EXPECT_OK(ioctl(late->uffd, UFFDIO_REGISTER, &reg));
	EXPECT_EQ(pthread_create(&thread, NULL, late_run, late), 0);
}

void *late_page(struct late *late, unsigned int page, __u64 mark, unsigned int delay)
{
	void *mem = late->mem + page * PAGE;

	__atomic_store_n(&late->mark[page], mark, __ATOMIC_RELAXED);
	__atomic_store_n(&late->delay[page], delay, __ATOMIC_RELAXED);
	madvise(mem, PAGE, MADV_DONTNEED);
	return mem;
}
