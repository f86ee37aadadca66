// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software devices that ask for pages that are not there. The handler that answers
 * is a test module's (ioasid_test_faults), behind a PASID that it attaches itself.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "modules.h"
#include "process.h"
#include "run.h"
#include "swdev.h"

#define HANDLER		"ioasid_test_faults"
#define PARAMETERS	"/sys/module/" HANDLER "/parameters/"
#define PASID		77

enum answer { MAP, SAY_YES, SAY_NO, SAY_NOTHING };

/* @other keeps the group in our hands when @dev is unbound: the handler's domain is
 * none that we would take away
 */
struct scene {
	int fd;
	struct swdev dev, other;
};

static unsigned int parameter(const char *name)
{
	char path[120];
	unsigned int value;
	FILE *file;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	file = fopen(path, "re");
	EXPECT_TRUE(file);
	EXPECT_EQ(fscanf(file, "%u", &value), 1);
	fclose(file);
	return value;
}

static struct scene scene_with(const char *options)
{
	static const struct swiommu_device_create create = {
		.type = 5, .pasid_width = 20, .group = 1,
		.flags = SWIOMMU_DEVICE_TLB | SWIOMMU_DEVICE_FAULTS,
	};
	struct scene s;
	char text[80];

	if (module_is_loaded(HANDLER))
		EXPECT_OK(module_unload(HANDLER));
	swiommu_load(NULL);
	s.fd = EXPECT_OK(iommu_open());
	swdev_start_with(&s.dev, &create, s.fd);
	swdev_start_with(&s.other, &create, s.fd);
	snprintf(text, sizeof(text), "device=%u pasid=%u %s", s.dev.id, PASID, options);
	EXPECT_OK(module_load(HANDLER, text));
	return s;
}

static struct scene scene(enum answer answer)
{
	char options[20];

	snprintf(options, sizeof(options), "answer=%d", answer);
	return scene_with(options);
}

static void end(struct scene *s)
{
	if (module_is_loaded(HANDLER))
		EXPECT_OK(module_unload(HANDLER));
	close(s->dev.fd);
	close(s->other.fd);
	EXPECT_OK(close(s->fd));
	swdev_destroy_all();
	/* What its driver maps is not pinned */
	EXPECT_OK(module_unload(SWIOMMU));
	EXPECT_OK(module_unload("ioasidfd"));
}

static struct swiommu_dma dma(struct scene *s, __u32 op, __u32 pasid, __u64 iova, void *data,
			      __u64 length)
{
	struct swiommu_dma arg = {
		.flags = pasid ? SWIOMMU_DMA_PASID : 0, .op = op, .pasid = pasid,
		.iova = iova, .data = (uintptr_t)data, .length = length,
	};

	EXPECT_OK(swdev_try_dma(s->dev.fd, &arg));
	return arg;
}

static void expect_fault(struct scene *s, __u32 op, __u32 pasid, __u64 iova, __u32 fault)
{
	char buffer[16] = "";

	EXPECT_EQ(dma(s, op, pasid, iova, buffer, sizeof(buffer)).fault, fault);
}

static __u64 asked(struct scene *s)
{
	return swdev_info(&s->dev).requests;
}

START_TEST(page_that_is_asked_for_is_there)
{
	struct scene s = scene(MAP);
	char to[3 * PAGE], from[3 * PAGE];
	struct swiommu_dma arg;
	unsigned int i;

	for (i = 0; i < sizeof(to); i++)
		to[i] = i * 3 + i / 256;
	arg = dma(&s, SWIOMMU_DMA_WRITE, PASID, IOVA + 100, to, sizeof(to));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(arg.done, sizeof(to));
	/* four pages, each once */
	EXPECT_EQ(asked(&s), 4);
	EXPECT_EQ(parameter("requests"), 4);
	arg = dma(&s, SWIOMMU_DMA_READ, PASID, IOVA + 100, from, sizeof(from));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(memcmp(to, from, sizeof(to)), 0);
	EXPECT_EQ(asked(&s), 4);
	/* the first that is not there ends nothing either */
	arg = dma(&s, SWIOMMU_DMA_READ, PASID, IOVA + 3 * PAGE, from, 2 * PAGE);
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(asked(&s), 5);
	end(&s);
}
END_TEST

/* As a stale translation may lead there */
START_TEST(faulty_iommu_touches_no_page_of_the_kernel)
{
	struct scene s = scene(MAP);
	char buffer[16] = "";

	EXPECT_EQ(dma(&s, SWIOMMU_DMA_WRITE, PASID, IOVA, buffer, sizeof(buffer)).fault,
		  SWIOMMU_FAULT_NONE);
	EXPECT_EQ(swiommu_info(0).strays, 1);
	swiommu_drop(0, SWIOMMU_ALL_TLBS, 0);
	expect_fault(&s, SWIOMMU_DMA_WRITE, PASID, IOVA, SWIOMMU_FAULT_NO_MEMORY);
	expect_fault(&s, SWIOMMU_DMA_READ, PASID, IOVA, SWIOMMU_FAULT_NO_MEMORY);
	EXPECT_EQ(swiommu_info(0).strays, 1);
	end(&s);
}
END_TEST

START_TEST(no_is_a_fault_and_asked_once)
{
	struct scene s = scene(SAY_NO);
	char buffer[16];
	struct swiommu_dma arg = dma(&s, SWIOMMU_DMA_READ, PASID, IOVA, buffer, 16);

	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_EQ(arg.fault_addr, IOVA);
	EXPECT_EQ(arg.done, 0);
	EXPECT_EQ(asked(&s), 1);
	EXPECT_EQ(parameter("requests"), 1);
	end(&s);
}
END_TEST

START_TEST(yes_that_is_not_true_is_a_fault_after_a_while)
{
	struct scene s = scene(SAY_YES);

	expect_fault(&s, SWIOMMU_DMA_WRITE, PASID, IOVA, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_EQ(asked(&s), 16);
	end(&s);
}
END_TEST

START_TEST(write_to_what_may_be_read_is_asked_for)
{
	struct scene s = scene_with("readonly=1");

	expect_fault(&s, SWIOMMU_DMA_READ, PASID, IOVA, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(asked(&s), 1);
	expect_fault(&s, SWIOMMU_DMA_WRITE, PASID, IOVA, SWIOMMU_FAULT_PERMISSION);
	EXPECT_EQ(asked(&s), 17);
	end(&s);
}
END_TEST

/* Address spaces of the project answer no */
START_TEST(request_without_a_handler_is_answered_no)
{
	static const struct swiommu_device_create create = {
		.type = 5, .pasid_width = 20,
		.flags = SWIOMMU_DEVICE_TLB | SWIOMMU_DEVICE_FAULTS,
	};
	struct scene s = scene(MAP);
	char *mem = memory(PAGE, CANARY);
	__u32 ioas = new_ioas(s.fd);

	EXPECT_OK(close(s.dev.fd));
	swdev_start_with(&s.dev, &create, s.fd);
	EXPECT_OK(ioas_map(s.fd, ioas, mem, IOVA, PAGE, RW));
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, ioas));
	EXPECT_OK(dev_attach_pasid(s.dev.fd, s.fd, ioas, PASID));
	expect_fault(&s, SWIOMMU_DMA_WRITE, 0, IOVA, SWIOMMU_FAULT_NONE);
	expect_fault(&s, SWIOMMU_DMA_WRITE, PASID, IOVA, SWIOMMU_FAULT_NONE);
	EXPECT_EQ(asked(&s), 0);
	expect_fault(&s, SWIOMMU_DMA_WRITE, 0, IOVA + PAGE, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_EQ(asked(&s), 1);
	expect_fault(&s, SWIOMMU_DMA_WRITE, PASID, IOVA + PAGE, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_EQ(asked(&s), 2);
	/* these are for nobody to be asked for */
	expect_fault(&s, SWIOMMU_DMA_WRITE, PASID + 1, IOVA, SWIOMMU_FAULT_BLOCKED);
	expect_fault(&s, SWIOMMU_DMA_WRITE, 0, 1ULL << 48, SWIOMMU_FAULT_WIDTH);
	EXPECT_EQ(asked(&s), 2);
	EXPECT_EQ(parameter("requests"), 0);
	end(&s);
}
END_TEST

START_TEST(device_without_the_capability_does_not_ask)
{
	struct swscene s = swscene(NULL);
	char options[60];
	char byte = 0;
	struct swiommu_dma arg = {
		.op = SWIOMMU_DMA_WRITE, .flags = SWIOMMU_DMA_PASID, .pasid = PASID,
		.iova = IOVA, .data = (uintptr_t)&byte, .length = 1,
	};

	snprintf(options, sizeof(options), "device=%u pasid=%u", s.a.id, PASID);
	EXPECT_OK(module_load(HANDLER, options));
	EXPECT_EQ(swdev_info(&s.a).flags, SWIOMMU_DEVICE_TLB);
	EXPECT_OK(swdev_try_dma(s.a.fd, &arg));
	EXPECT_EQ(arg.fault, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_EQ(swdev_info(&s.a).requests, 0);
	EXPECT_EQ(parameter("requests"), 0);
	EXPECT_OK(module_unload(HANDLER));
	swscene_end(&s);
}
END_TEST

/* ------------------------------------------- no answer, and then something else */

struct waiter {
	struct scene *s;
	pthread_t thread;
	struct swiommu_dma arg;
	char byte;
	int err;
};

static void *waits(void *p)
{
	struct waiter *w = p;

	w->err = swdev_try_dma(w->s->dev.fd, &w->arg) ? errno : 0;
	return NULL;
}

static void start_waiting(struct waiter *w, struct scene *s)
{
	unsigned int before = parameter("requests"), ms;

	memset(w, 0, sizeof(*w));
	w->s = s;
	w->arg.flags = SWIOMMU_DMA_PASID;
	w->arg.op = SWIOMMU_DMA_READ;
	w->arg.pasid = PASID;
	w->arg.iova = IOVA;
	w->arg.data = (uintptr_t)&w->byte;
	w->arg.length = 1;
	EXPECT_EQ(pthread_create(&w->thread, NULL, waits, w), 0);
	for (ms = 0; parameter("requests") == before && ms < 20000; ms++)
		sleep_ms(1);
	EXPECT_EQ(parameter("requests"), before + 1);
}

static void expect_end(struct waiter *w, int err, __u32 fault)
{
	pthread_join(w->thread, NULL);
	EXPECT_EQ(w->err, err);
	EXPECT_EQ(w->arg.fault, fault);
}

START_TEST(detach_is_a_no_to_who_waits)
{
	struct scene s = scene(SAY_NOTHING);
	struct waiter w[2];

	start_waiting(&w[0], &s);
	start_waiting(&w[1], &s);
	EXPECT_OK(module_unload(HANDLER));
	expect_end(&w[0], 0, SWIOMMU_FAULT_NOT_MAPPED);
	expect_end(&w[1], 0, SWIOMMU_FAULT_NOT_MAPPED);
	expect_fault(&s, SWIOMMU_DMA_READ, PASID, IOVA, SWIOMMU_FAULT_BLOCKED);
	end(&s);
}
END_TEST

START_TEST(unbind_ends_waiting)
{
	struct scene s = scene(SAY_NOTHING);
	struct waiter w;

	start_waiting(&w, &s);
	EXPECT_OK(dev_unbind(s.dev.fd, s.fd));
	expect_end(&w, 0, SWIOMMU_FAULT_NOT_MAPPED);
	EXPECT_OK(dev_bind(s.dev.fd, s.fd, 1));
	/* the old request is not the new one's */
	start_waiting(&w, &s);
	EXPECT_OK(module_unload(HANDLER));
	expect_end(&w, 0, SWIOMMU_FAULT_NOT_MAPPED);
	end(&s);
}
END_TEST

static void waits_until_killed(void *p)
{
	struct waiter w = { .s = p };

	start_waiting(&w, p);
	pthread_join(w.thread, NULL);
}

START_TEST(who_waits_can_be_killed)
{
	struct scene s = scene(SAY_NOTHING);
	unsigned int ms;
	pid_t pid = start_child(waits_until_killed, &s);
	struct waiter w;

	for (ms = 0; !parameter("requests") && ms < 20000; ms++)
		sleep_ms(1);
	kill_child(pid);
	/* and the answer to that goes nowhere */
	start_waiting(&w, &s);
	EXPECT_OK(module_unload(HANDLER));
	expect_end(&w, 0, SWIOMMU_FAULT_NOT_MAPPED);
	end(&s);
}
END_TEST

START_TEST(other_dma_goes_on_while_one_waits)
{
	struct scene s = scene(SAY_NOTHING);
	char *mem = memory(PAGE, CANARY);
	__u32 ioas = new_ioas(s.fd);
	struct waiter w;

	start_waiting(&w, &s);
	EXPECT_OK(ioas_map(s.fd, ioas, mem, IOVA, PAGE, RW));
	EXPECT_OK(dev_attach(s.dev.fd, s.fd, ioas));
	expect_swwrite(&s.dev, IOVA, mem, PAGE);
	EXPECT_OK(dev_detach(s.dev.fd, s.fd));
	EXPECT_OK(module_unload(HANDLER));
	expect_end(&w, 0, SWIOMMU_FAULT_NOT_MAPPED);
	end(&s);
}
END_TEST

START_TEST(old_kernels_take_no_page_requests)
{
	struct swiommu_device_create create = { .type = 5, .flags = SWIOMMU_DEVICE_FAULTS };

	swiommu_load(NULL);
	EXPECT_EQ(swdev_try_create(&create), EOPNOTSUPP);
	swiommu_unload();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		page_that_is_asked_for_is_there,
		faulty_iommu_touches_no_page_of_the_kernel,
		no_is_a_fault_and_asked_once,
		yes_that_is_not_true_is_a_fault_after_a_while,
		write_to_what_may_be_read_is_asked_for,
		request_without_a_handler_is_answered_no,
		device_without_the_capability_does_not_ask,
		detach_is_a_no_to_who_waits,
		unbind_ends_waiting,
		who_waits_can_be_killed,
		other_dma_goes_on_while_one_waits,
		NULL,
	};
	const TTest *const old[] = {
		old_kernels_take_no_page_requests,
		NULL,
	};

	return run_swiommu_program(argc, argv, "swiommu-faults", kernel_is("6.1") ? old : tests);
}
