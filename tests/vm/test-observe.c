// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator sees: tracepoints of what is mapped, unmapped and
 * cannot be pinned, bound and attached; and in the fdinfo of an open file its
 * devices, its address spaces and where they are attached.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "device.h"
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "process.h"
#include "run.h"
#include "stall.h"

#define TRACING	"/sys/kernel/tracing"

/* ------------------------------------------------------------------- traces */

struct event {
	char name[32];
	unsigned long long ioasid, iova, length, vaddr, pinned, pages;
	unsigned long long ctx, cookie, old;
	long long error, result, pasid;
	char device[40];
};

static void trace_clear(void)
{
	/* truncation is what clears it */
	close(EXPECT_OK(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC)));
}

/* False if this kernel has none: then it was built without */
static bool trace_start(void)
{
	if (access(TRACING, F_OK)) {
		EXPECT_TRUE(kernel_is("debug"));
		EXPECT_TRUE(access("/sys/kernel/debug/tracing", F_OK));
		return false;
	}
	if (access(TRACING "/trace", F_OK))
		EXPECT_OK(mount("tracefs", TRACING, "tracefs", 0, NULL));
	EXPECT_OK(sysfs_write(TRACING "/events/ioasid/enable", "1"));
	trace_clear();
	return true;
}

static void trace_end(void)
{
	/* an enabled event holds the module */
	EXPECT_OK(sysfs_write(TRACING "/events/ioasid/enable", "0"));
}

static unsigned long long field(const char *line, const char *name)
{
	char key[32];
	const char *p;

	snprintf(key, sizeof(key), " %s=", name);
	p = strstr(line, key);
	return p ? strtoull(p + strlen(key), NULL, 0) : 0;
}

/* All since trace_start() that this process caused, and forget them */
static int trace_read(struct event *events, int max)
{
	FILE *f = fopen(TRACING "/trace", "re");
	char line[512], pid[16], *at, *end;
	int n = 0;

	EXPECT_TRUE(f);
	snprintf(pid, sizeof(pid), "-%d ", getpid());
	while (fgets(line, sizeof(line), f)) {
		if (*line == '#' || !strstr(line, pid))
			continue;
		at = strstr(line, ": ioasid_");
		EXPECT_TRUE(at);
		at += 2;
		end = strchr(at, ':');
		EXPECT_TRUE(end);
		EXPECT_LE(n + 1, max);
		memset(&events[n], 0, sizeof(events[n]));
		snprintf(events[n].name, sizeof(events[n].name), "%.*s", (int)(end - at), at);
		events[n].ioasid = field(end, "ioasid");
		events[n].iova = field(end, "iova");
		events[n].length = field(end, "length");
		events[n].vaddr = field(end, "vaddr");
		events[n].pinned = field(end, "pinned");
		events[n].pages = field(end, "pages");
		events[n].error = (long long)field(end, "error");
		events[n].ctx = field(end, "ctx");
		events[n].cookie = field(end, "cookie");
		events[n].old = field(end, "old");
		events[n].result = (long long)field(end, "result");
		events[n].pasid = (long long)field(end, "pasid");
		at = strstr(end, " device=");
		if (at)
			sscanf(at, " device=%39s", events[n].device);
		n++;
	}
	fclose(f);
	trace_clear();
	return n;
}

static void is_map(const struct event *e, __u32 ioas, const void *vaddr, __u64 iova, __u64 length,
		   bool pinned)
{
	EXPECT_TRUE(!strcmp(e->name, "ioasid_map"));
	EXPECT_EQ(e->ioasid, ioas);
	EXPECT_EQ(e->vaddr, (unsigned long)vaddr);
	EXPECT_EQ(e->iova, iova);
	EXPECT_EQ(e->length, length);
	EXPECT_EQ(e->pinned, pinned ? length : 0);
}

static void is_unmap(const struct event *e, __u32 ioas, __u64 iova, __u64 length)
{
	EXPECT_TRUE(!strcmp(e->name, "ioasid_unmap"));
	EXPECT_EQ(e->ioasid, ioas);
	EXPECT_EQ(e->iova, iova);
	EXPECT_EQ(e->length, length);
}

static void is_pin_fail(const struct event *e, __u32 ioas, int error)
{
	EXPECT_TRUE(!strcmp(e->name, "ioasid_pin_fail"));
	EXPECT_EQ(e->ioasid, ioas);
	EXPECT_EQ(e->error, -error);
}

START_TEST(traces_say_what_is_mapped_and_unmapped)
{
	struct event e[16];
	struct attached a = attached();
	__u32 other = new_ioas(a.fd);
	char *p = memory(8 * PAGE, CANARY);

	if (!trace_start())
		return;
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA, 2 * PAGE, RW));
	EXPECT_OK(ioas_map(a.fd, other, p + 2 * PAGE, IOVA + GIB, 5 * PAGE, IOASID_MAP_READ));
	EXPECT_EQ(trace_read(e, 16), 2);
	is_map(&e[0], a.ioas, p, IOVA, 2 * PAGE, true);
	is_map(&e[1], other, p + 2 * PAGE, IOVA + GIB, 5 * PAGE, false);

	EXPECT_OK(ioas_unmap(a.fd, a.ioas, 0, GIB, NULL));
	EXPECT_OK(ioas_unmap_all(a.fd, other, NULL));
	EXPECT_EQ(trace_read(e, 16), 2);
	is_unmap(&e[0], a.ioas, IOVA, 2 * PAGE);
	is_unmap(&e[1], other, IOVA + GIB, 5 * PAGE);

	/* nothing happened */
	EXPECT_OK(ioas_unmap_all(a.fd, other, NULL));
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA, 0, RW), EINVAL);
	EXPECT_EQ(trace_read(e, 16), 0);
	trace_end();
}
END_TEST

START_TEST(traces_say_it_of_each_element_of_an_array)
{
	struct event e[200];
	struct attached a = attached();
	char *p = memory(100 * PAGE, CANARY);
	struct ioasid_unmap_range unmap[100];
	struct ioasid_map_range map[100];
	int i;

	if (!trace_start())
		return;
	for (i = 0; i < 100; i++) {
		map[i] = (struct ioasid_map_range){
			RW, 0, (unsigned long)p + i * PAGE, IOVA + 2 * i * PAGE, PAGE,
		};
		unmap[i] = (struct ioasid_unmap_range){ IOVA + 2 * i * PAGE, PAGE };
	}
	EXPECT_OK(ioas_map_array(a.fd, a.ioas, map, 100, NULL));
	EXPECT_EQ(trace_read(e, 200), 100);
	for (i = 0; i < 100; i++)
		is_map(&e[i], a.ioas, p + i * PAGE, IOVA + 2 * i * PAGE, PAGE, true);
	EXPECT_OK(ioas_unmap_array(a.fd, a.ioas, unmap, 100, NULL, NULL));
	EXPECT_EQ(trace_read(e, 200), 100);
	for (i = 0; i < 100; i++)
		is_unmap(&e[i], a.ioas, IOVA + 2 * i * PAGE, PAGE);

	/* one of them fails: those before it are there, those after it are not */
	EXPECT_OK(munmap(p + 7 * PAGE, PAGE));
	EXPECT_ERRNO(ioas_map_array(a.fd, a.ioas, map, 100, NULL), EFAULT);
	EXPECT_EQ(trace_read(e, 200), 8);
	for (i = 0; i < 7; i++)
		is_map(&e[i], a.ioas, p + i * PAGE, IOVA + 2 * i * PAGE, PAGE, true);
	is_pin_fail(&e[7], a.ioas, EFAULT);
	EXPECT_EQ(e[7].vaddr, (unsigned long)p + 7 * PAGE);
	EXPECT_EQ(e[7].pages, 1);
	trace_end();
}
END_TEST

START_TEST(traces_say_what_cannot_be_pinned)
{
	struct event e[16];
	struct attached a = attached();
	__u32 other = new_ioas(a.fd);
	char *p = memory(4 * PAGE, CANARY);
	struct dev dev;

	if (!trace_start())
		return;
	dev_start(&dev, TESTDEV_1, a.fd);
	EXPECT_EQ(trace_read(e, 16), 1);
	EXPECT_OK(munmap(p + 3 * PAGE, PAGE));
	EXPECT_ERRNO(ioas_map(a.fd, a.ioas, p, IOVA, 4 * PAGE, RW), EFAULT);
	EXPECT_EQ(trace_read(e, 16), 1);
	is_pin_fail(&e[0], a.ioas, EFAULT);
	/* the pages that were to be pinned together */
	EXPECT_LE(e[0].vaddr, (unsigned long)p + 3 * PAGE);
	EXPECT_GE(e[0].vaddr + e[0].pages * PAGE, (unsigned long)p + 4 * PAGE);

	/* also when it is an attach that pins */
	EXPECT_OK(ioas_map(a.fd, other, p, IOVA, 4 * PAGE, RW));
	EXPECT_EQ(trace_read(e, 16), 1);
	EXPECT_ERRNO(dev_attach(dev.fd, a.fd, other), EFAULT);
	EXPECT_EQ(trace_read(e, 16), 2);
	is_pin_fail(&e[0], other, EFAULT);
	EXPECT_TRUE(!strcmp(e[1].name, "ioasid_attach"));
	EXPECT_EQ(e[1].result, -EFAULT);
	trace_end();
}
END_TEST

static void is_device(const struct event *e, const char *name, const struct dev *dev, int err)
{
	if (strcmp(e->name, name))
		FAIL("the event is %s, expected %s", e->name, name);
	EXPECT_TRUE(!strcmp(e->device, dev->bdf));
	EXPECT_EQ(e->cookie, dev->cookie);
	EXPECT_EQ(e->result, -err);
}

static void is_attach(const struct event *e, const char *name, const struct dev *dev, __u32 ioas,
		      int err)
{
	is_device(e, name, dev, err);
	EXPECT_EQ(e->ioasid, ioas);
	EXPECT_EQ(e->pasid, -1);
}

START_TEST(traces_say_what_is_bound_and_attached)
{
	int fd = EXPECT_OK(iommu_open()), other = EXPECT_OK(iommu_open());
	__u32 s = new_ioas(fd), t = new_ioas(fd);
	struct dev a, b, foreign;
	struct event e[16];

	if (!trace_start())
		return;
	dev_open_only(&a, TWIN_0);
	dev_open_only(&b, TWIN_1);
	b.cookie = 0xfedcba9876543210;
	foreign = b;
	foreign.cookie = 5;
	EXPECT_OK(dev_bind(a.fd, fd, a.cookie));
	EXPECT_ERRNO(dev_bind(b.fd, other, 5), EPERM);
	EXPECT_OK(dev_bind(b.fd, fd, b.cookie));
	EXPECT_EQ(trace_read(e, 16), 3);
	is_device(&e[0], "ioasid_bind", &a, 0);
	is_device(&e[1], "ioasid_bind", &foreign, EPERM);
	is_device(&e[2], "ioasid_bind", &b, 0);
	EXPECT_EQ(e[0].ctx, e[2].ctx);
	EXPECT_NE(e[0].ctx, e[1].ctx);

	EXPECT_OK(dev_attach(a.fd, fd, s));
	EXPECT_OK(dev_attach(b.fd, fd, s));
	EXPECT_ERRNO(dev_attach(a.fd, fd, t), EBUSY);
	EXPECT_OK(dev_detach(a.fd, fd));
	EXPECT_ERRNO(dev_detach(a.fd, fd), EINVAL);
	EXPECT_OK(dev_attach(b.fd, fd, t));
	EXPECT_EQ(trace_read(e, 16), 6);
	is_attach(&e[0], "ioasid_attach", &a, s, 0);
	is_attach(&e[1], "ioasid_attach", &b, s, 0);
	is_attach(&e[2], "ioasid_replace", &a, t, EBUSY);
	EXPECT_EQ(e[2].old, s);
	is_attach(&e[3], "ioasid_detach", &a, s, 0);
	is_attach(&e[4], "ioasid_detach", &a, 0, EINVAL);
	is_attach(&e[5], "ioasid_replace", &b, t, 0);
	EXPECT_EQ(e[5].old, s);

	/* what ends with something else is told too */
	EXPECT_OK(dev_unbind(a.fd, fd));
	EXPECT_OK(close(fd));
	EXPECT_OK(close(b.fd));
	EXPECT_EQ(trace_read(e, 16), 3);
	is_device(&e[0], "ioasid_unbind", &a, 0);
	is_attach(&e[1], "ioasid_detach", &b, t, 0);
	is_device(&e[2], "ioasid_unbind", &b, 0);
	trace_end();
}
END_TEST

/* ------------------------------------------------------------------- fdinfo */

/* Is there such a line, with a newline at its end? */
static int fdinfo_has(int fd, const char *format, ...)
{
	char path[64], text[256], want[256];
	va_list args;
	int n = 0;
	FILE *f;

	va_start(args, format);
	vsnprintf(want, sizeof(want), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	EXPECT_TRUE(f);
	while (fgets(text, sizeof(text), f))
		n += *want && !strcmp(text, want);
	fclose(f);
	return n;
}

/* The number of an open file */
static unsigned int fdinfo_context(int fd)
{
	char path[64], text[256];
	unsigned int nr = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	EXPECT_TRUE(f);
	while (fgets(text, sizeof(text), f))
		sscanf(text, "context:\t%u", &nr);
	fclose(f);
	return nr;
}

START_TEST(fdinfo_lists_devices_and_attachments)
{
	int fd = EXPECT_OK(iommu_open()), other = EXPECT_OK(iommu_open());
	__u32 s = new_ioas(fd), t = new_ioas(fd);
	struct event e[4];
	struct dev a, b;

	dev_open_only(&a, TWIN_0);
	dev_open_only(&b, TWIN_1);
	b.cookie = 0xfedcba9876543210;
	EXPECT_NE(fdinfo_context(fd), fdinfo_context(other));
	if (trace_start()) {
		EXPECT_OK(dev_bind(a.fd, fd, a.cookie));
		EXPECT_EQ(trace_read(e, 4), 1);
		EXPECT_EQ(e[0].ctx, fdinfo_context(fd));
		EXPECT_OK(dev_unbind(a.fd, fd));
		trace_end();
	}
	EXPECT_OK(dev_bind(a.fd, fd, a.cookie));
	EXPECT_OK(dev_bind(b.fd, fd, b.cookie));
	EXPECT_EQ(fdinfo_has(fd, "bound:\tcookie %#llx device %s\n", a.cookie, a.bdf), 1);
	EXPECT_EQ(fdinfo_has(fd, "bound:\tcookie %#llx device %s\n", b.cookie, b.bdf), 1);
	EXPECT_EQ(fdinfo_has(other, "bound:\tcookie %#llx device %s\n", b.cookie, b.bdf), 0);
	EXPECT_EQ(fdinfo_has(fd, "attached-%u:\tcookie %#llx rid\n", s, a.cookie), 0);

	EXPECT_OK(dev_attach(a.fd, fd, s));
	EXPECT_EQ(fdinfo_has(fd, "attached-%u:\tcookie %#llx rid\n", s, a.cookie), 1);
	EXPECT_EQ(fdinfo_has(fd, "attached-%u:\tcookie %#llx rid\n", s, b.cookie), 0);
	EXPECT_OK(dev_attach(b.fd, fd, s));
	EXPECT_OK(dev_detach(a.fd, fd));
	EXPECT_EQ(fdinfo_has(fd, "attached-%u:\tcookie %#llx rid\n", s, a.cookie), 0);
	EXPECT_EQ(fdinfo_has(fd, "attached-%u:\tcookie %#llx rid\n", s, b.cookie), 1);
	EXPECT_OK(dev_attach(b.fd, fd, t));
	EXPECT_EQ(fdinfo_has(fd, "attached-%u:\tcookie %#llx rid\n", s, b.cookie), 0);
	EXPECT_EQ(fdinfo_has(fd, "attached-%u:\tcookie %#llx rid\n", t, b.cookie), 1);
	EXPECT_OK(close(b.fd));
	EXPECT_EQ(fdinfo_has(fd, "attached-%u:\tcookie %#llx rid\n", t, b.cookie), 0);
	EXPECT_EQ(fdinfo_has(fd, "bound:\tcookie %#llx device %s\n", b.cookie, b.bdf), 0);
	EXPECT_EQ(fdinfo_has(fd, "bound:\tcookie %#llx device %s\n", a.cookie, a.bdf), 1);
}
END_TEST

struct line {
	unsigned int id;
	unsigned long long mapped, pinned;
};

/* Lines "ioasid-ID:\tmapped BYTES pinned BYTES" of a file of a process */
static int fdinfo(pid_t pid, int fd, struct line *lines, int max)
{
	char path[64], text[256];
	int n = 0, end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	f = fopen(path, "re");
	EXPECT_TRUE(f);
	while (fgets(text, sizeof(text), f)) {
		if (strncmp(text, "ioasid", 6))
			continue;
		EXPECT_LE(n + 1, max);
		end = 0;
		if (sscanf(text, "ioasid-%u:\tmapped %llu pinned %llu%n", &lines[n].id,
			   &lines[n].mapped, &lines[n].pinned, &end) != 3 || text[end] != '\n')
			FAIL("fdinfo says %s", text);
		/* a tab and no blanks: sscanf takes one for the other */
		EXPECT_TRUE(strstr(text, ":\tmapped "));
		n++;
	}
	fclose(f);
	return n;
}

START_TEST(fdinfo_lists_address_spaces_with_what_is_mapped_and_pinned)
{
	struct attached a = attached();
	__u32 second = new_ioas(a.fd), third = new_ioas(a.fd);
	int empty = EXPECT_OK(iommu_open());
	char *p = memory(8 * PAGE, CANARY);
	struct line lines[8];

	EXPECT_EQ(fdinfo(getpid(), empty, lines, 8), 0);
	EXPECT_EQ(fdinfo(getpid(), a.fd, lines, 8), 3);
	EXPECT_EQ(lines[0].id, a.ioas);
	EXPECT_EQ(lines[1].id, second);
	EXPECT_EQ(lines[2].id, third);
	EXPECT_EQ(lines[0].mapped + lines[0].pinned, 0);

	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA, 3 * PAGE, RW));
	EXPECT_OK(ioas_map(a.fd, a.ioas, p, IOVA + GIB, PAGE, RW));
	EXPECT_OK(ioas_map(a.fd, third, p, IOVA, 8 * PAGE, RW));
	EXPECT_EQ(fdinfo(getpid(), a.fd, lines, 8), 3);
	EXPECT_EQ(lines[0].mapped, 4 * PAGE);
	EXPECT_EQ(lines[0].pinned, 4 * PAGE);
	EXPECT_EQ(lines[1].mapped + lines[1].pinned, 0);
	EXPECT_EQ(lines[2].mapped, 8 * PAGE);
	EXPECT_EQ(lines[2].pinned, 0);

	EXPECT_OK(ioas_free(a.fd, second));
	EXPECT_OK(dev_attach(a.dev.fd, a.fd, third));
	EXPECT_EQ(fdinfo(getpid(), a.fd, lines, 8), 2);
	EXPECT_EQ(lines[0].id, a.ioas);
	EXPECT_EQ(lines[0].mapped, 4 * PAGE);
	EXPECT_EQ(lines[0].pinned, 0);
	EXPECT_EQ(lines[1].id, third);
	EXPECT_EQ(lines[1].pinned, 8 * PAGE);

	EXPECT_OK(ioas_unmap_all(a.fd, third, NULL));
	EXPECT_EQ(fdinfo(getpid(), a.fd, lines, 8), 2);
	EXPECT_EQ(lines[1].mapped + lines[1].pinned, 0);
}
END_TEST

static void *map_what_waits(void *arg)
{
	struct attached *a = arg;

	EXPECT_OK(ioas_map(a->fd, a->ioas, (void *)a->dev.cookie, IOVA, PAGE, RW));
	return NULL;
}

START_TEST(fdinfo_does_not_wait_for_a_map_that_waits)
{
	struct attached a = attached(), arg;
	struct stall stall = stall_start();
	struct line lines[8];
	pthread_t thread;

	arg = a;
	arg.dev.cookie = (unsigned long)stall.page;
	EXPECT_EQ(pthread_create(&thread, NULL, map_what_waits, &arg), 0);
	stall_wait(&stall);
	EXPECT_EQ(fdinfo(getpid(), a.fd, lines, 8), 1);
	EXPECT_EQ(lines[0].id, a.ioas);
	EXPECT_EQ(lines[0].mapped, 0);
	stall_end(&stall);
	pthread_join(thread, NULL);
	EXPECT_EQ(fdinfo(getpid(), a.fd, lines, 8), 1);
	EXPECT_EQ(lines[0].mapped, PAGE);
	EXPECT_EQ(lines[0].pinned, PAGE);
}
END_TEST

struct owner {
	int fd;
	volatile int ready, go;
};

static void make_many(void *arg)
{
	struct owner *o = arg;
	char *p = memory(PAGE, CANARY);
	int i;

	o->fd = EXPECT_OK(iommu_open());
	for (i = 0; i < 500; i++) {
		__u32 ioas = new_ioas(o->fd);

		if (i % 2)
			EXPECT_OK(ioas_map(o->fd, ioas, p, IOVA, PAGE, RW));
	}
	o->ready = 1;
	wait_for(&o->go);
}

START_TEST(fdinfo_of_another_process_lists_all_however_many)
{
	struct owner *o = shared_memory(sizeof(*o));
	static struct line lines[600];
	pid_t pid = start_child(make_many, o);
	unsigned long long mapped = 0;
	int i, n;

	wait_for(&o->ready);
	n = fdinfo(pid, o->fd, lines, 600);
	EXPECT_EQ(n, 500);
	for (i = 0; i < n; i++) {
		mapped += lines[i].mapped;
		EXPECT_EQ(lines[i].pinned, 0);
		if (i)
			EXPECT_TRUE(lines[i].id > lines[i - 1].id);
	}
	EXPECT_EQ(mapped, 250 * PAGE);
	o->go = 1;
	end_child(pid);
}
END_TEST

static volatile int stop;

static void *come_and_go(void *arg)
{
	int fd = *(int *)arg;

	while (!stop) {
		__u32 ioas = new_ioas(fd);

		EXPECT_OK(ioas_free(fd, ioas));
	}
	return NULL;
}

START_TEST(fdinfo_is_read_while_address_spaces_come_and_go)
{
	struct line lines[8];
	pthread_t thread[2];
	int fd = EXPECT_OK(iommu_open()), i;
	__u32 stays = new_ioas(fd);

	for (i = 0; i < 2; i++)
		EXPECT_EQ(pthread_create(&thread[i], NULL, come_and_go, &fd), 0);
	for (i = 0; i < 300; i++) {
		int n = fdinfo(getpid(), fd, lines, 8);

		EXPECT_GE(n, 1);
		EXPECT_LE(n, 3);
		EXPECT_EQ(lines[0].id, stays);
	}
	stop = 1;
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		traces_say_what_is_mapped_and_unmapped,
		traces_say_it_of_each_element_of_an_array,
		traces_say_what_cannot_be_pinned,
		traces_say_what_is_bound_and_attached,
		fdinfo_lists_devices_and_attachments,
		fdinfo_lists_address_spaces_with_what_is_mapped_and_pinned,
		fdinfo_does_not_wait_for_a_map_that_waits,
		fdinfo_of_another_process_lists_all_however_many,
		fdinfo_is_read_while_address_spaces_come_and_go,
		NULL,
	};

	return run_program(argc, argv, "observe", tests, RUN_DEVICES);
}
