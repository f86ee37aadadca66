// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expect.h"
#include "ioas.h"
#include "stall.h"

struct stall stall_at(void *page)
{
	struct uffdio_register reg = {
		.range = { .start = (unsigned long)page, .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	struct stall stall = { .page = page };

	EXPECT_TRUE(mmap(page, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page);
	stall.uffd = EXPECT_OK(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	EXPECT_OK(ioctl(stall.uffd, UFFDIO_API, &api));
	EXPECT_OK(ioctl(stall.uffd, UFFDIO_REGISTER, &reg));
	return stall;
}

struct stall stall_start(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_TRUE(page != MAP_FAILED);
	return stall_at(page);
}

void stall_wait(struct stall *stall)
{
	struct pollfd pfd = { .fd = stall->uffd, .events = POLLIN };

	EXPECT_EQ(poll(&pfd, 1, 20000), 1);
	/* not POLLERR, which is what there is without O_NONBLOCK */
	EXPECT_EQ(pfd.revents, POLLIN);
}

void stall_end(struct stall *stall)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (unsigned long)stall->page, .len = PAGE },
	};

	EXPECT_OK(ioctl(stall->uffd, UFFDIO_ZEROPAGE, &zero));
}

void stall_fail(struct stall *stall)
{
	EXPECT_OK(munmap(stall->page, PAGE));
	EXPECT_OK(close(stall->uffd));
}
