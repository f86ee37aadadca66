/* SPDX-License-Identifier: GPL-2.0-only */
/* Child processes of a test. A failed expectation in one fails the test. */
#ifndef TESTS_PROCESS_H
#define TESTS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef void (*child_fn)(void *arg);

pid_t start_child(child_fn fn, void *arg);
/* Wait for its end, which must be a success */
void end_child(pid_t pid);
/* SIGKILL, and wait */
void kill_child(pid_t pid);
void run_child(child_fn fn, void *arg);
/* Is it still running? Does not wait */
bool child_runs(pid_t pid);

/* Zeroed memory that children share */
void *shared_memory(size_t size);
/* Wait until a flag in shared memory is set; ends the test after 20 s */
void wait_for(volatile int *flag);
void sleep_ms(unsigned int ms);

/* Pass a file descriptor to another process; -1 with errno */
int send_fd(int sock, int fd);
int recv_fd(int sock);

#endif /* TESTS_PROCESS_H */
