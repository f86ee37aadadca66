// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "expect.h"
#include "log.h"

int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

bool log_next(int fd, char *line, size_t size)
{
	char record[2048], *text;
	ssize_t n;

	do {
		n = read(fd, record, sizeof(record) - 1);
	} while (n < 0 && errno == EPIPE);	/* some were overwritten */
	if (n <= 0)
		return false;
	record[n] = 0;
	/* "6,339,5140900,-;text" */
	text = strchr(record, ';');
	text = text ? text + 1 : record;
	text[strcspn(text, "\n")] = 0;
	snprintf(line, size, "%s", text);
	return true;
}
