// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"
#include "device.h"
#include "expect.h"
#include "memory.h"
#include "modules.h"
#include "run.h"
#include "stack.h"

#define TIME_LIMIT	30
#define SLOW_LIMIT	600
#define TIME_LIMIT_LONG	120

static bool was_open[1024];
static long pinned_before;
static size_t vm_pinned_before;
static bool with_mediated;

const char *errno_name(int err)
{
	return err ? strerrorname_np(err) ?: "of a number unknown" : "0";
}

bool config_has(const char *prefix)
{
	const char *iommu = getenv("IOASID_IOMMU");

	if (!iommu)
		FAIL("IOASID_IOMMU is not set: the harness does that");
	return !strncmp(iommu, prefix, strlen(prefix));
}

bool config_is(const char *name)
{
	const char *iommu = getenv("IOASID_IOMMU");
	size_t n = strlen(name);

	return config_has(name) && (!iommu[n] || iommu[n] == '+');
}

int times(int n)
{
	return kernel_is("debug") ? (n + 7) / 8 : n;
}

bool default_is_passthrough(void)
{
	return config_has("") && strstr(getenv("IOASID_IOMMU"), "+pt");
}

bool kernel_is(const char *kernel)
{
	const char *env = getenv("IOASID_KERNEL");

	if (!env)
		FAIL("IOASID_KERNEL is not set: the harness does that");
	return !strcmp(env, kernel);
}

/* Calls @fn for each open file but the directory that it is read from */
static void each_fd(void (*fn)(int fd))
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir))
			fn(atoi(entry->d_name));
	if (dir)
		closedir(dir);
}

static void note_fd(int fd)
{
	if (fd < 1024)
		was_open[fd] = true;
}

static void close_fd(int fd)
{
	if (fd < 1024 && !was_open[fd])
		close(fd);
}

void close_all(void)
{
	dev_unmap_all_bars();
	each_fd(close_fd);
}

static void before(void)
{
	memset(was_open, 0, sizeof(was_open));
	each_fd(note_fd);
	chance_next_part();
	pinned_before = pages_pinned();
	vm_pinned_before = vm_pinned();
}

void expect_leaked(long pages)
{
	expect_leaked_by_others(pages);
	vm_pinned_before += pages * PAGE;
}

void expect_leaked_by_others(long pages)
{
	pinned_before += pages;
}

static void after(void)
{
	close_all();
	EXPECT_EQ(pages_pinned(), pinned_before);
	EXPECT_EQ(vm_pinned(), vm_pinned_before);
	expect_no_locked_pages();
}

static void load(int i)
{
	stack_load();
	if (with_mediated)
		EXPECT_OK(module_load("ioasid_test_mediated", NULL));
}

static void unload(int i)
{
	if (with_mediated)
		EXPECT_OK(module_unload("ioasid_test_mediated"));
	stack_unload();
}

/* Since the last call */
static const char *milliseconds(void)
{
	static struct timespec last;
	static char text[32];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "%ld", (now.tv_sec - last.tv_sec) * 1000 +
		 (now.tv_nsec - last.tv_nsec) / 1000000);
	last = now;
	return text;
}

/* By write() alone: what stands in the buffer of a FILE when a test is forked
 * would be printed by the test as well
 */
static void print_line(const char *format, ...)
{
	char line[5000];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (write(STDOUT_FILENO, line, n) != n)
		_exit(1);
}

/* Turns Check's "ok 1 - file:case:name: message" into the name, and the
 * message into a comment below it
 */
static void *print_tap(void *arg)
{
	FILE *in = arg;
	char line[4096];

	while (fgets(line, sizeof(line), in)) {
		char *file, *name = NULL, *message = NULL, *p;
		int i;

		line[strcspn(line, "\n")] = 0;
		file = strstr(line, " - ");
		for (i = 0, p = file; p && i < 3; i++) {
			p = strchr(p + 1, ':');
			if (i == 1)
				name = p;
			else if (i == 2)
				message = p;
		}
		if (!message) {
			print_line("%s\n", line);
			continue;
		}
		*file = 0;
		*name++ = 0;
		*message++ = 0;
		file[3 + strcspn(file + 3, ":")] = 0;
		print_line("%s - %s\n", line, name);
		if (!strncmp(line, "not ", 4))
			print_line("# %s:%s\n", basename(file + 3), message);
		if (getenv("TEST_TIMES"))
			print_line("# %s ms\n", milliseconds());
	}
	return NULL;
}

int run_program(int argc, char **argv, const char *name,
		const TTest *const *tests, unsigned int flags)
{
	char load_name[64], unload_name[64], path[32];
	TTest load_test = { load_name, load, __FILE__, __LINE__ };
	TTest unload_test = { unload_name, unload, __FILE__, __LINE__ };
	Suite *suite = suite_create(name);
	TCase *first = tcase_create("load");
	TCase *main = tcase_create(name);
	TCase *last = tcase_create("unload");
	SRunner *runner;
	pthread_t printer;
	int i, pipe_fds[2], failed, scale;
	FILE *in;

	with_mediated = flags & RUN_MEDIATED;
	if (with_mediated)
		flags |= RUN_DEVICES;
	snprintf(load_name, sizeof(load_name), "%s_loads_modules", name);
	snprintf(unload_name, sizeof(unload_name), "%s_unloads_modules", name);
	tcase_add_test(first, &load_test);
	tcase_add_test(last, &unload_test);
	tcase_add_checked_fixture(main, before, after);
	for (; *tests; tests++) {
		bool wanted = argc < 2;

		for (i = 1; i < argc; i++)
			wanted |= !strcmp(argv[i], (*tests)->name);
		if (wanted)
			tcase_add_loop_test(main, *tests, 0, chance_parts());
	}
	/* Emulated, beside another machine; and the debug kernel looks at all it does */
	scale = kernel_is("debug") ? 4 : 2;
	tcase_set_timeout(first, scale * TIME_LIMIT);
	tcase_set_timeout(main, flags & RUN_ENDLESS ? 0 :
			  flags & RUN_SLOW ? SLOW_LIMIT + (int)chance_seconds(0) :
			  scale * (flags & RUN_LONG ? TIME_LIMIT_LONG : TIME_LIMIT));
	tcase_set_timeout(last, scale * TIME_LIMIT);
	if (flags & RUN_DEVICES)
		suite_add_tcase(suite, first);
	suite_add_tcase(suite, main);
	if (flags & RUN_DEVICES)
		suite_add_tcase(suite, last);

	if (pipe(pipe_fds))
		return 1;
	in = fdopen(pipe_fds[0], "r");
	if (!in || pthread_create(&printer, NULL, print_tap, in))
		return 1;
	/* not /dev/fd/: nobody makes that link in a small system */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipe_fds[1]);

	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_set_tap(runner, path);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	close(pipe_fds[1]);
	pthread_join(printer, NULL);
	return failed ? 1 : 0;
}
