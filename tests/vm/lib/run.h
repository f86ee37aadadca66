/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a program of tests: TAP on stdout, each test in a process of its own
 * with a time limit, the modules loaded first and unloaded last.
 */
#ifndef TESTS_RUN_H
#define TESTS_RUN_H

#include <check.h>
#include <stdbool.h>
#include <stdio.h>

/* Hand the test devices to ioasid_vfio_pci before the tests, and take them back */
#define RUN_DEVICES	(1 << 0)
/* The tests load and unload the modules themselves */
#define RUN_BARE	(1 << 1)
/* The same as RUN_DEVICES, and load the example driver of mediated devices */
#define RUN_MEDIATED	(1 << 2)
/* They work as hard as the machine can: a longer time limit */
#define RUN_LONG	(1 << 3)
/* Tests may take minutes */
#define RUN_SLOW	(1 << 4)
/* As long as the machine itself is given */
#define RUN_ENDLESS	(1 << 5)

/**
 * run_program() - the main function of a test program
 * @argc: of main()
 * @argv: of main(): names of the tests to run, none for all
 * @name: of the program, for the names of the load and unload steps
 * @tests: the tests, ended by NULL
 * @flags: RUN_*
 *
 * Around each test stands a fixture: at its end every file that the test opened
 * is closed, and then as many pages are unpinned as were pinned, and neither
 * this process nor the user TEST_UID has any left that count as locked.
 *
 * Return: the exit status.
 */
int run_program(int argc, char **argv, const char *name,
		const TTest *const *tests, unsigned int flags);

/* Close every file opened since the test began, and unmap device regions */
void close_all(void);

/* That many pages will stay pinned for good */
void expect_leaked(long pages);
/* The same of pages that other processes have mapped */
void expect_leaked_by_others(long pages);

/* Does the harness say that this is the configuration, "vtd-legacy" for one?
 * (IOASID_IOMMU; a "+pt" at its end is not looked at)
 */
bool config_is(const char *iommu);
/* The same for a family of them, "vtd" */
bool config_has(const char *prefix);
bool kernel_is(const char *kernel);
/* How often, on a kernel that is as slow as this one, for @n times on others */
int times(int n);
/* Is the kernel's own default pass-through? */
bool default_is_passthrough(void);

#endif /* TESTS_RUN_H */
