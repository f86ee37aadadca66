// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench [--wall] [--rounds N] [--subjects A,B...] [--cases A,B...] [--profile OP]
 *
 * Runs in a virtual machine (scripts/bench): every case with every subject, a
 * warm-up round and then some that count. What it prints is for bench/table:
 *
 *   @memory KIND RUNS KIB               contiguous runs, and KiB in huge pages
 *   @ SUBJECT CASE OP COUNT UNITS       one round: COUNT in all, for UNITS
 *                                       pages, calls or mappings
 *   @usage SUBJECT CASE SLAB TABLES REST
 *                                       KiB of the kernel's while it is mapped
 *   @failed WHAT                        and the program ends
 *
 * COUNT is guest instructions: QEMU's -icount makes the time-stamp counter
 * count them. With --wall it is nanoseconds.
 *
 * --profile OP puts a mark before and after what is counted for that operation,
 * which bench/profile-plugin.c sees, and sends the kernel's symbols out.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "memory.h"
#include "pasid.h"
#include "pci.h"
#include "subject.h"

#define IOVA		0x100000000UL	/* 4 GiB: no IOMMU reserves anything there */
#define SEPARATE	10000UL		/* mappings, each a page with a gap behind it */
#define PAIRS		1000UL
#define CROWD_PAGES	256UL		/* mapped again and again by pair_N */

static char bdf[3][BDF_SIZE];
static struct memory memories[NR_KINDS];
static struct file_memory file_memory;
static struct range separate[SEPARATE];

/* What is being measured */
static const struct subject *subject;
static const char *name;

/* Between these two something gets mapped */
static struct usage before;

static void usage_start(void)
{
	if (!round_nr)
		before = usage();
}

static void usage_end(void)
{
	struct usage after;
	long slab, tables;

	if (round_nr)
		return;
	after = usage();
	slab = after.slab - before.slab;
	tables = after.page_tables - before.page_tables;
	printf("@usage %s %s %ld %ld %ld\n", subject->name, name, slab, tables,
	       after.used - before.used - slab - tables);
}

static void check(int ret)
{
	char what[64];

	if (!ret)
		return;
	snprintf(what, sizeof(what), "%s, %s", subject->name, name);
	die(what);
}

static void map_separate(void)
{
	size_t i;

	for (i = 0; i < SEPARATE; i++)
		check(subject->map(&separate[i]));
}

/* 1 GiB of one kind in one call, by the page */
static void run_big(void)
{
	struct range range = { .length = GIB };
	int kind;

	for (kind = 0; strcmp(name, kind_names[kind]); kind++)
		;
	range.vaddr = (uintptr_t)memories[kind].start;
	range.iova = IOVA + memories[kind].shift;
	usage_start();
	begin("map");
	check(subject->map(&range));
	end("map", GIB / PAGE);
	usage_end();
	begin("unmap");
	check(subject->unmap(&range));
	end("unmap", GIB / PAGE);
}

static void run_separate(void)
{
	size_t i;

	usage_start();
	begin("map");
	map_separate();
	end("map", SEPARATE);
	usage_end();
	begin("unmap");
	for (i = 0; i < SEPARATE; i++)
		check(subject->unmap(&separate[i]));
	end("unmap", SEPARATE);
}

static void run_separate_array(void)
{
	usage_start();
	begin("map");
	check(subject->map_array(separate, SEPARATE));
	end("map", SEPARATE);
	usage_end();
	begin("unmap");
	check(subject->unmap_array(separate, SEPARATE));
	end("unmap", SEPARATE);
}

static void run_unmap_all(void)
{
	map_separate();
	begin("unmap");
	check(subject->unmap_all(separate, SEPARATE));
	end("unmap", SEPARATE);
}

static void run_pair(void)
{
	size_t i;

	begin("pair");
	for (i = 0; i < PAIRS; i++) {
		check(subject->map(&separate[0]));
		check(subject->unmap(&separate[0]));
	}
	end("pair", PAIRS);
}

/* The same among many others */
static void run_pair_crowded(void)
{
	size_t crowd = strtoul(name + strlen("pair_"), NULL, 10), i;
	struct range range = { .vaddr = separate[0].vaddr, .length = PAGE };

	for (i = 0; i < crowd && !round_nr; i++) {
		range.vaddr = separate[i % CROWD_PAGES].vaddr;
		range.iova = IOVA + 2 * i * PAGE;
		if (!i)
			usage_start();
		check(subject->map(&range));
	}
	if (!round_nr)
		usage_end();
	/* In a gap in the middle */
	range.iova = IOVA + (crowd / 2 * 2 + 1) * PAGE;
	begin("pair");
	for (i = 0; i < PAIRS; i++) {
		check(subject->map(&range));
		check(subject->unmap(&range));
	}
	end("pair", PAIRS);
	if (round_nr == rounds)
		check(subject->unmap_all(NULL, 0));
}

/* 1 GiB where no device is attached: counted whole */
static void run_no_device(void)
{
	struct range range = {
		.vaddr = (uintptr_t)memories[SCATTERED].start, .iova = IOVA, .length = GIB,
	};

	usage_start();
	begin("map");
	check(subject->map_unattached(&range));
	end("map", 1);
	usage_end();
	begin("unmap");
	check(subject->unmap_unattached(&range));
	end("unmap", 1);
}

/* Each thread maps and unmaps 2 MiB at a time in a part of its own */
#define THREADS		2
#define THREAD_BYTES	(64UL << 20)
#define THREAD_STEP	(2UL << 20)

static pthread_barrier_t threads_ready;

static void *map_part(void *arg)
{
	size_t part = (size_t)arg * THREAD_BYTES, at;
	struct range range = { .length = THREAD_STEP };

	pthread_barrier_wait(&threads_ready);
	for (at = part; at < part + THREAD_BYTES; at += THREAD_STEP) {
		range.vaddr = (uintptr_t)memories[SCATTERED].start + at;
		range.iova = IOVA + at;
		range.slot = at / PAGE;
		check(subject->map(&range));
		check(subject->unmap(&range));
	}
	return NULL;
}

static void run_threads(void)
{
	size_t nr = strtoul(name + strlen("threads_"), NULL, 10), i;
	pthread_t threads[THREADS];

	pthread_barrier_init(&threads_ready, NULL, nr + 1);
	for (i = 0; i < nr; i++)
		pthread_create(&threads[i], NULL, map_part, (void *)i);
	usleep(10000);
	begin("pair");
	pthread_barrier_wait(&threads_ready);
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	end("pair", nr * THREAD_BYTES / PAGE);
	pthread_barrier_destroy(&threads_ready);
}

/* 1 GiB of the kind that the case's name ends with */
static struct range big_range(void)
{
	struct range range = { .length = GIB };
	size_t length = strlen(name);
	int kind;

	for (kind = 0; strcmp(name + length - strlen(kind_names[kind]), kind_names[kind]); kind++)
		;
	range.vaddr = (uintptr_t)memories[kind].start;
	range.iova = IOVA + memories[kind].shift;
	return range;
}

/* A second device is attached to 1 GiB mapped: one of the same IOMMU ... */
static void run_second(void)
{
	struct range range = big_range();

	check(subject->map(&range));
	begin("attach");
	check(subject->join(false));
	end("attach", 1);
	begin("detach");
	check(subject->leave());
	end("detach", 1);
	check(subject->unmap(&range));
}

/* ... and one that needs a page table of its own */
static void run_copy(void)
{
	struct range range = big_range();

	check(subject->map(&range));
	usage_start();
	begin("attach");
	check(subject->join(true));
	end("attach", GIB / PAGE);
	usage_end();
	begin("detach");
	check(subject->leave());
	end("detach", GIB / PAGE);
	check(subject->unmap(&range));
}

/* What is mapped, once more in another address space with a device of its own */
static void run_ioas_copy(void)
{
	struct range range = big_range();

	check(subject->map(&range));
	subject->copy_start();
	usage_start();
	begin("copy");
	check(subject->copy(&range));
	end("copy", GIB / PAGE);
	usage_end();
	subject->copy_stop();
	check(subject->unmap(&range));
}

/* A file's memory, by its address and by the file */
static void run_file(void)
{
	struct range range = {
		.vaddr = (uintptr_t)file_memory.start, .iova = IOVA, .length = GIB,
	};

	begin("map");
	check(subject->map(&range));
	end("map", GIB / PAGE);
	check(subject->unmap(&range));
	if (!subject->map_file)
		return;
	begin("map_file");
	if (subject->map_file(&range, file_memory.fd)) {
		/* Linux learned it after 6.12 */
		if (errno != ENOTTY)
			check(-1);
		return;
	}
	end("map_file", GIB / PAGE);
	begin("unmap");
	check(subject->unmap(&range));
	end("unmap", GIB / PAGE);
}

static void run_two(void)
{
	struct range range = big_range();

	check(subject->join(true));
	begin("map");
	check(subject->map(&range));
	end("map", GIB / PAGE);
	begin("unmap");
	check(subject->unmap(&range));
	end("unmap", GIB / PAGE);
	check(subject->leave());
}

static void run_two_pair(void)
{
	check(subject->join(true));
	run_pair();
	check(subject->leave());
}

static void run_replace(void)
{
	size_t i;

	subject->swap_start();
	begin("replace");
	for (i = 0; i < PAIRS; i++)
		check(subject->swap());
	end("replace", PAIRS);
	subject->swap_stop();
}

static void run_ioctl(void)
{
	size_t i;

	begin("call");
	for (i = 0; i < PAIRS; i++)
		check(subject->nop());
	end("call", PAIRS);
}

static const struct bench_case {
	const char *name;
	void (*run)(void);
	unsigned int kinds;	/* of memory that it needs: bits */
	enum { ALWAYS, ON_REQUEST, WALL } when;	/* is it part of "all"? */
} cases[] = {
	{ "4k_scattered", run_big, 1 << SCATTERED },
	{ "4k_runs", run_big, 1 << RUNS },
	{ "4k_sequential", run_big, 1 << SEQUENTIAL },
	{ "thp", run_big, 1 << HUGE },
	{ "separate", run_separate, 1 << SEQUENTIAL },
	{ "pair", run_pair, 1 << SEQUENTIAL },
	{ "unmap_all", run_unmap_all, 1 << SEQUENTIAL },
	{ "separate_array", run_separate_array, 1 << SEQUENTIAL },
	{ "no_device", run_no_device, 1 << SCATTERED },
	{ "ioctl", run_ioctl, 0 },
	{ "file", run_file, 0 },
	{ "replace", run_replace, 0 },
	{ "second_4k_scattered", run_second, 1 << SCATTERED },
	{ "copy_4k_scattered", run_copy, 1 << SCATTERED },
	{ "copy_4k_sequential", run_copy, 1 << SEQUENTIAL },
	{ "copy_thp", run_copy, 1 << HUGE },
	{ "ioas_copy_4k_scattered", run_ioas_copy, 1 << SCATTERED },
	{ "ioas_copy_4k_sequential", run_ioas_copy, 1 << SEQUENTIAL },
	{ "ioas_copy_thp", run_ioas_copy, 1 << HUGE },
	{ "two_4k_scattered", run_two, 1 << SCATTERED },
	{ "two_4k_sequential", run_two, 1 << SEQUENTIAL },
	{ "two_thp", run_two, 1 << HUGE },
	{ "two_pair", run_two_pair, 1 << SEQUENTIAL },
	{ "threads_1", run_threads, 1 << SCATTERED, WALL },
	{ "threads_2", run_threads, 1 << SCATTERED, WALL },
	{ "pair_1000", run_pair_crowded, 1 << SEQUENTIAL, ON_REQUEST },
	{ "pair_1000000", run_pair_crowded, 1 << SEQUENTIAL, ON_REQUEST },
};

#define NR_CASES	(sizeof(cases) / sizeof(cases[0]))

static bool needs_more(const struct bench_case *c)
{
	return c->run == run_replace || c->run == run_second || c->run == run_copy ||
	       c->run == run_ioas_copy || c->run == run_two || c->run == run_two_pair;
}

/* Does the subject have the calls that a case makes? */
static bool can(const struct subject *s, const struct bench_case *c)
{
	/* type1 has a limit of 65535 mappings; the floor looks nothing up */
	if (c->run == run_pair_crowded)
		return s == &subject_ioasid || s == &subject_iommufd;
	if (c->run == run_ioas_copy)
		return s->copy;
	if (c->run == run_file)
		return s->map_file;
	if (c->run == run_separate_array)
		return s->map_array;
	if (c->run == run_unmap_all)
		return s->unmap_all;
	if (c->run == run_no_device)
		return s->map_unattached;
	if (c->run == run_replace)
		return s->swap;
	if (needs_more(c))
		return s->join;
	/* The floor has one buffer for all */
	if (c->run == run_threads)
		return s != &subject_floor && s != &subject_floor_readback;
	/* What differs is unmapping */
	if (s == &subject_floor_readback)
		return c->run == run_big;
	return true;
}

static const struct subject *const subjects[] = {
	&subject_floor, &subject_floor_readback, &subject_type1, &subject_ioasid,
	&subject_abi, &subject_iommufd,
};

#define NR_SUBJECTS	(sizeof(subjects) / sizeof(subjects[0]))

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "wall", no_argument, NULL, 'w' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "subjects", required_argument, NULL, 's' },
		{ "cases", required_argument, NULL, 'c' },
		{ "profile", required_argument, NULL, 'p' },
		{ }
	};
	const char *only_subjects = "all", *only_cases = "all";
	bool want[NR_CASES] = { }, added;
	unsigned int kinds = 0;
	size_t i, j;
	int c, kind;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'w':
			wall = true;
			break;
		case 'r':
			rounds = atoi(optarg);
			break;
		case 's':
			only_subjects = optarg;
			break;
		case 'c':
			only_cases = optarg;
			break;
		case 'p':
			profiled = optarg;
			break;
		default:
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	sleep(1);
	settle();
	errno = ENODEV;
	for (i = 0; i < 3; i++)
		if (!pci_find(TESTDEV_ID, 1, i, bdf[i]))
			die("the test device");

	for (i = 0; i < NR_CASES; i++) {
		want[i] = listed(only_cases, cases[i].name) ||
			  (listed(only_cases, "all") &&
			   cases[i].when != ON_REQUEST && (wall || cases[i].when != WALL));
		if (want[i])
			kinds |= cases[i].kinds;
	}
	/* Huge pages first, while memory is not in pieces */
	for (kind = NR_KINDS - 1; kind >= 0; kind--)
		if (kinds & 1 << kind)
			memories[kind] = memory(kind);
	for (i = 0; i < NR_CASES && !file_memory.start; i++)
		if (want[i] && cases[i].run == run_file)
			file_memory = file_pages();
	for (i = 0; i < SEPARATE && memories[SEQUENTIAL].start; i++)
		separate[i] = (struct range) {
			.vaddr = (uintptr_t)memories[SEQUENTIAL].start + i * PAGE,
			.iova = IOVA + 2 * i * PAGE, .length = PAGE, .slot = i,
		};

	for (i = 0; i < NR_SUBJECTS; i++) {
		subject = subjects[i];
		if (!listed(only_subjects, "all") && !listed(only_subjects, subject->name))
			continue;
		subject->start(bdf[0]);
		added = false;
		if (*profiled)
			send_symbols();
		for (j = 0; j < NR_CASES; j++) {
			if (!want[j] || !can(subject, &cases[j]))
				continue;
			name = cases[j].name;
			if (needs_more(&cases[j]) && subject->add && !added) {
				subject->add(bdf[1], bdf[2]);
				added = true;
			}
			measure(subject->name, name, cases[j].run);
		}
		subject->stop(bdf[0]);
	}
	pasid_cases(only_subjects, only_cases);
	printf("@done\n");
	return 0;
}
