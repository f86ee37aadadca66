// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver of a mediated device holds, while the first device of an IOMMU comes and
 * all of the address space is pinned and charged.
 */
#include <pthread.h>
#include <unistd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "hold.h"
#include "ioas.h"
#include "mediated.h"
#include "memory.h"
#include "run.h"
#include "scene.h"
#include "stall.h"

/* Let go of, and not looked at yet whether it is charged apart */
#define BETWEEN	"ioasid_unpin"

struct unpin {
	pthread_t thread;
	struct mediated *m;
	__u64 id;
};

static void *unpin(void *arg)
{
	struct unpin *u = arg;

	EXPECT_OK(m_unpin(u->m->dev, u->m->fd, u->id));
	return NULL;
}

START_TEST(page_that_is_let_go_as_a_device_comes_is_charged_once)
{
	struct mediated m = mediated();
	char *p = memory(4 * PAGE, CANARY), *q = memory(4 * PAGE, CANARY);
	struct stall stall = stall_at(p);
	size_t before = vm_pinned();
	struct unpin u = { .m = &m };
	struct call attach;
	struct dev dev;

	dev_start(&dev, TESTDEV_0, m.fd);
	attach = (struct call){ .what = ATTACH, .fd = m.fd, .dev = dev.fd, .ioas = m.ioas };
	EXPECT_OK(ioas_map(m.fd, m.ioas, p, IOVA, 4 * PAGE, RW));
	EXPECT_OK(ioas_map(m.fd, m.ioas, q, IOVA + 4 * PAGE, 4 * PAGE, RW));
	EXPECT_OK(m_pin(m.dev, m.fd, IOVA + 4 * PAGE, PAGE, NULL, &u.id));
	EXPECT_EQ(vm_pinned(), before + PAGE);
	/* the attach has begun, and comes to the second mapping while it is let go of */
	call_start(&attach);
	stall_wait(&stall);
	hold_at(BETWEEN);
	hold_next();
	EXPECT_EQ(pthread_create(&u.thread, NULL, unpin, &u), 0);
	hold_wait();
	stall_end(&stall);
	sleep_ms(A_WHILE);
	hold_go();
	EXPECT_EQ(pthread_join(u.thread, NULL), 0);
	call_ends(&attach, 0);
	hold_end();
	EXPECT_EQ(vm_pinned(), before + 8 * PAGE);
	EXPECT_OK(dev_detach(dev.fd, m.fd));
	EXPECT_EQ(vm_pinned(), before);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		page_that_is_let_go_as_a_device_comes_is_charged_once,
		NULL,
	};
	int failed = run_program(argc, argv, "window-held", tests, RUN_MEDIATED);

	hold_end();
	return failed;
}
