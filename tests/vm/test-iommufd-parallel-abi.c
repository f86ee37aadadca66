// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping by Linux's iommufd ABI beside calls of others: all of a call is seen, or
 * nothing of it.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include "iommufd.h"
#include "memory.h"
#include "scene.h"

#define PART	(4 * PAGE)
#define ALL	(3 * PART)
#define TO	(2 * IOVA)

/* A copy of ALL bytes from IOVA to TO, by another thread */
struct copy {
	pthread_t thread;
	int fd, ret, err;
	__u32 src, dst;
	volatile int ended;
};

static void *copy_thread(void *arg)
{
	struct copy *c = arg;
	__u64 to = TO;

	c->ret = ifd_copy(c->fd, c->src, IOVA, c->dst, &to, ALL, FIXED_RW);
	c->err = errno;
	c->ended = 1;
	return NULL;
}

static void copy_start(struct copy *c)
{
	c->ended = 0;
	EXPECT_EQ(pthread_create(&c->thread, NULL, copy_thread, c), 0);
}

static void copy_ends(struct copy *c, int err)
{
	wait_for(&c->ended);
	pthread_join(c->thread, NULL);
	EXPECT_EQ(c->ret, err ? -1 : 0);
	if (err)
		EXPECT_EQ(c->err, err);
}

/* Milliseconds on a CPU so far */
static unsigned long cpu_time(struct copy *c)
{
	struct timespec t;
	clockid_t clock;

	EXPECT_EQ(pthread_getcpuclockid(c->thread, &clock), 0);
	EXPECT_OK(clock_gettime(clock, &t));
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Of three mappings in an address space that no device has the second one is not there:
 * a copy to where a device is waits for it, with the first one done
 */
struct half {
	struct ifd_attached a;
	struct stall stall;
	struct copy copy;
	char *p;
};

static struct half half(void)
{
	struct half h = { .a = ifd_attached(), .p = memory(ALL, CANARY) };

	h.copy = (struct copy){
		.fd = h.a.fd, .src = ifd_new_ioas(h.a.fd), .dst = h.a.ioas,
	};
	h.stall = stall_at(h.p + PART + PAGE);
	EXPECT_OK(ifd_map(h.a.fd, h.copy.src, h.p, IOVA, PART));
	EXPECT_OK(ifd_map(h.a.fd, h.copy.src, h.p + PART, IOVA + PART, PART));
	EXPECT_OK(ifd_map(h.a.fd, h.copy.src, h.p + 2 * PART, IOVA + 2 * PART, PART));
	return h;
}

static struct call unmap_of(struct half *h, __u64 iova, __u64 length)
{
	return (struct call){
		.what = UNMAP, .fd = h->a.fd, .ioas = h->a.ioas, .iova = iova, .length = length,
	};
}

START_TEST(a_copy_is_seen_when_all_of_it_is_mapped)
{
	struct half h = half();
	struct call unmap = unmap_of(&h, TO, PART);

	copy_start(&h.copy);
	stall_wait(&h.stall);
	EXPECT_EQ(mapped_bytes(h.a.fd, h.a.ioas), 0);
	call_start(&unmap);
	call_waits(&unmap);
	stall_end(&h.stall);
	copy_ends(&h.copy, 0);
	call_ends(&unmap, 0);
	EXPECT_EQ(unmap.unmapped, PART);
	EXPECT_EQ(mapped_bytes(h.a.fd, h.a.ioas), ALL - PART);
	expect_dma(&h.a.dev, TO + PART, h.p + PART, PART);
	expect_blocked(&h.a.dev, TO, h.p, PAGE);
}
END_TEST

START_TEST(a_copy_that_fails_takes_nothing_of_others)
{
	struct half h = half();
	struct call unmap = unmap_of(&h, TO, ALL);
	struct call map = unmap_of(&h, TO + PAGE, PAGE);
	long before;

	map.what = MAP;
	map.vaddr = memory(PAGE, CANARY);
	EXPECT_OK(ioas_map(h.a.fd, h.a.ioas, map.vaddr, TO + ALL, PAGE, RW));
	before = pages_pinned();
	copy_start(&h.copy);
	stall_wait(&h.stall);
	/* whoever wants the same addresses waits for it, and has them after that */
	call_start(&unmap);
	call_waits(&unmap);
	call_start(&map);
	call_waits(&map);
	stall_fail(&h.stall);
	copy_ends(&h.copy, EFAULT);
	call_ends(&map, 0);
	call_ends(&unmap, 0);
	EXPECT_EQ(mapped_bytes(h.a.fd, h.a.ioas), PAGE + (unmap.unmapped ? 0 : PAGE));
	EXPECT_EQ(pages_pinned(), before + (unmap.unmapped ? 0 : 1));
	expect_blocked(&h.a.dev, TO, h.p, PAGE);
	expect_dma(&h.a.dev, TO + ALL, map.vaddr, PAGE);
	/* and what was copied is not kept any more */
	EXPECT_OK(ifd_unmap(h.a.fd, h.copy.src, 0, ~0ULL, NULL));
}
END_TEST

START_TEST(the_last_device_goes_while_a_copy_waits)
{
	struct half h = half();
	long before = pages_pinned();

	copy_start(&h.copy);
	stall_wait(&h.stall);
	EXPECT_OK(vfd_detach(h.a.dev.fd));
	/* but for the page that the call has pinned before the one it waits for */
	EXPECT_LE(pages_pinned(), before + 1);
	stall_end(&h.stall);
	copy_ends(&h.copy, 0);
	EXPECT_EQ(pages_pinned(), before);
	EXPECT_EQ(mapped_bytes(h.a.fd, h.a.ioas), ALL);
	EXPECT_OK(vfd_attach(h.a.dev.fd, h.a.ioas));
	expect_dma(&h.a.dev, TO, h.p, PART);
	expect_dma(&h.a.dev, TO + PART, h.p + PART, PART);
	expect_dma(&h.a.dev, TO + 2 * PART, h.p + 2 * PART, PART);
}
END_TEST

START_TEST(copies_wait_for_what_is_being_mapped_without_work)
{
	struct ifd_attached a = ifd_attached();
	char *p = memory(ALL, CANARY), *q = memory(SIZE, CANARY);
	struct stall stall = stall_at(q + HOLE);
	struct call map = {
		.what = MAP, .fd = a.fd, .ioas = a.ioas, .vaddr = q, .iova = TO, .length = SIZE,
	};
	struct copy copy[2];
	unsigned int i;

	EXPECT_OK(ifd_map(a.fd, a.ioas, p, IOVA, ALL));
	call_start(&map);
	stall_wait(&stall);
	/* within an address space they keep areas of it, which others wait for */
	for (i = 0; i < 2; i++) {
		copy[i] = (struct copy){ .fd = a.fd, .src = a.ioas, .dst = a.ioas };
		copy_start(&copy[i]);
	}
	sleep_ms(1000);
	for (i = 0; i < 2; i++) {
		EXPECT_TRUE(!copy[i].ended);
		EXPECT_LE(cpu_time(&copy[i]), 200);
	}
	stall_fail(&stall);
	call_ends(&map, EFAULT);
	/* one of them has the range then */
	wait_for(&copy[0].ended);
	wait_for(&copy[1].ended);
	copy_ends(&copy[0], copy[0].ret ? EEXIST : 0);
	copy_ends(&copy[1], copy[0].ret ? 0 : EEXIST);
	expect_dma(&a.dev, TO, p, ALL);
}
END_TEST

/* ------------------------------------------------------- answers that go nowhere */

/* A call whose place is chosen by the kernel, and for which nobody waits */
struct placed {
	pthread_t thread;
	int fd, ret, err;
	unsigned long cmd;
	void *arg;
	volatile int ended;
};

static void *placed_thread(void *arg)
{
	struct placed *c = arg;

	c->ret = ioctl(c->fd, c->cmd, c->arg);
	c->err = errno;
	c->ended = 1;
	return NULL;
}

/* Its structure is taken away while the call waits for memory: nothing is mapped */
static void without_answer(struct half *h, unsigned long cmd, void *arg)
{
	struct placed c = { .fd = h->a.fd, .cmd = cmd, .arg = arg };
	long before = pages_pinned();

	EXPECT_EQ(pthread_create(&c.thread, NULL, placed_thread, &c), 0);
	stall_wait(&h->stall);
	EXPECT_OK(munmap(arg, PAGE));
	stall_end(&h->stall);
	wait_for(&c.ended);
	pthread_join(c.thread, NULL);
	EXPECT_EQ(c.ret, -1);
	EXPECT_EQ(c.err, EFAULT);
	EXPECT_EQ(mapped_bytes(h->a.fd, h->a.ioas), 0);
	EXPECT_EQ(pages_pinned(), before);
}

START_TEST(a_map_that_cannot_be_answered_leaves_nothing)
{
	struct iommu_ioas_map *map = memory(PAGE, 0);
	struct half h = half();

	*map = (struct iommu_ioas_map){
		.size = sizeof(*map), .flags = MAP_RW, .ioas_id = h.a.ioas,
		.user_va = (uintptr_t)h.p, .length = ALL,
	};
	without_answer(&h, IOMMU_IOAS_MAP, map);
}
END_TEST

START_TEST(a_copy_that_cannot_be_answered_leaves_nothing)
{
	struct iommu_ioas_copy *copy = memory(PAGE, 0);
	struct half h = half();

	*copy = (struct iommu_ioas_copy){
		.size = sizeof(*copy), .flags = MAP_RW, .dst_ioas_id = h.a.ioas,
		.src_ioas_id = h.copy.src, .length = ALL, .src_iova = IOVA,
	};
	without_answer(&h, IOMMU_IOAS_COPY, copy);
}
END_TEST

#ifdef IOMMU_IOAS_MAP_FILE
START_TEST(a_file_whose_place_cannot_be_said_is_not_mapped)
{
	int file = EXPECT_OK(memfd_create("test", MFD_CLOEXEC));
	struct iommu_ioas_map_file *map = memory(PAGE, 0);
	struct ifd_attached a = ifd_attached();
	long before = pages_pinned();

	EXPECT_OK(ftruncate(file, 4 * PAGE));
	*map = (struct iommu_ioas_map_file){
		.size = sizeof(*map), .flags = MAP_RW, .ioas_id = a.ioas, .fd = file,
		.length = 4 * PAGE,
	};
	EXPECT_OK(mprotect(map, PAGE, PROT_READ));
	EXPECT_ERRNO(ioctl(a.fd, IOMMU_IOAS_MAP_FILE, map),
		     kernel_is("6.1") ? EOPNOTSUPP : EFAULT);
	EXPECT_EQ(mapped_bytes(a.fd, a.ioas), 0);
	EXPECT_EQ(pages_pinned(), before);
}
END_TEST
#endif

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		a_copy_is_seen_when_all_of_it_is_mapped,
		a_copy_that_fails_takes_nothing_of_others,
		the_last_device_goes_while_a_copy_waits,
		copies_wait_for_what_is_being_mapped_without_work,
		a_map_that_cannot_be_answered_leaves_nothing,
		a_copy_that_cannot_be_answered_leaves_nothing,
#ifdef IOMMU_IOAS_MAP_FILE
		a_file_whose_place_cannot_be_said_is_not_mapped,
#endif
		NULL
	};

	return run_program(argc, argv, "iommufd_parallel_abi", tests, RUN_DEVICES);
}
