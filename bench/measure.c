// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"
#include "subject.h"

bool wall;
int rounds = 3;
int round_nr;
const char *profiled = "";

static const char *subject_name, *case_name;

static uint64_t now(void)
{
	struct timespec t;

	if (!wall)
		return __builtin_ia32_rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* An instruction that does nothing, and that nothing else contains: nopl with
 * an address that tells bench/profile-plugin.c what it means
 */
#define MARK(n)								\
	do {								\
		asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00\n\t"		\
			     ".long 0x10a51d00 + " #n ::: "memory");	\
	} while (0)

static uint64_t started;
static bool marked;

void begin(const char *op)
{
	marked = round_nr && !strcmp(op, profiled);
	if (marked)
		MARK(1);
	started = now();
}

void end(const char *op, size_t units)
{
	uint64_t count = now() - started;

	if (marked)
		MARK(2);
	if (round_nr)
		printf("@ %s %s %s %llu %zu\n", subject_name, case_name, op,
		       (unsigned long long)count, units);
}

void measure(const char *subject, const char *name, void (*run)(void))
{
	subject_name = subject;
	case_name = name;
	for (round_nr = 0; round_nr <= rounds; round_nr++)
		run();
}

bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);
	const char *at;

	for (at = list; (at = strstr(at, word)); at += n)
		if ((at == list || at[-1] == ',') && (!at[n] || at[n] == ','))
			return true;
	return false;
}

/* Two million instructions */
static uint64_t spin(void)
{
	uint64_t start = now();
	uint32_t n = 1000000;

	asm volatile("1: dec %0; jnz 1b" : "+r" (n));
	return now() - start;
}

/*
 * The counter must count instructions, and this program's alone, or nothing here
 * means anything: what the kernel starts while it boots has to come to its end.
 */
void settle(void)
{
	uint64_t count = 0;
	int i, quiet = 0;

	for (i = 0; i < 200 && quiet < 10; i++) {
		count = spin();
		if (wall || (count >= 2000000 && count < 2020000)) {
			quiet++;
		} else {
			quiet = 0;
			sleep(1);
		}
	}
	errno = ENOTSUP;
	if (quiet < 10) {
		printf("@spin %llu\n", (unsigned long long)count);
		die("the time-stamp counter does not count instructions");
	}
}

void send_symbols(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], type;
	const char *p;

	if (!f)
		die("/proc/kallsyms");
	must(ioperm(0xe9, 1, 1), "ioperm");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %c", &type) != 1 || !strchr("tTwW", type))
			continue;
		for (p = line; *p; p++)
			outb(*p, 0xe9);
	}
	fclose(f);
	/* With the permission every system call takes longer */
	must(ioperm(0xe9, 1, 0), "ioperm");
}
