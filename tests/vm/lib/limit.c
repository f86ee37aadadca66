// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expect.h"
#include "ioas.h"
#include "limit.h"
#include "memory.h"
#include "pci.h"

void limit_set(const char *name, unsigned int value)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), "/sys/module/ioasidfd/parameters/max_%s", name);
	snprintf(text, sizeof(text), "%u", value);
	if (!access(path, F_OK))
		EXPECT_OK(sysfs_write(path, text));
}

struct used limit_used(int fd, const char *name)
{
	struct used used = { 0 };
	char path[64], line[128], format[64];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(format, sizeof(format), "used-%s: %%u of %%u", name);
	f = fopen(path, "re");
	EXPECT_TRUE(f);
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, format, &used.used, &used.limit) > 0;
	fclose(f);
	if (!found)
		FAIL("fdinfo has no used-%s", name);
	return used;
}

struct drop {
	uid_t uid;
	child_fn fn;
	void *arg;
};

static void drop(void *arg)
{
	struct drop *d = arg;

	set_memlock_limit(4096);
	EXPECT_OK(setresgid(d->uid, d->uid, d->uid));
	EXPECT_OK(setresuid(d->uid, d->uid, d->uid));
	d->fn(d->arg);
}

pid_t start_user(uid_t uid, child_fn fn, void *arg)
{
	struct drop d = { uid, fn, arg };

	return start_child(drop, &d);
}

void run_user(uid_t uid, child_fn fn, void *arg)
{
	end_child(start_user(uid, fn, arg));
}

static const char *const names[] = {
	"page-tables", "pasids", "pasid-pages", "attachments",
};

static bool holds_nothing(int fd)
{
	unsigned int i, used = limit_used(fd, "contexts").used - 1;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		used += limit_used(fd, names[i]).used;
	return !used;
}

static void look(void *arg)
{
	unsigned int *tries = arg, i;
	int fd = EXPECT_OK(iommu_open());

	for (i = 0; i < *tries && !holds_nothing(fd); i++)
		sleep_ms(20);
	EXPECT_EQ(limit_used(fd, "contexts").used, 1);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		EXPECT_EQ(limit_used(fd, names[i]).used, 0);
	EXPECT_OK(close(fd));
}

void expect_holds_nothing(uid_t uid)
{
	unsigned int tries = 0;

	run_user(uid, look, &tries);
}

void expect_holds_nothing_soon(uid_t uid)
{
	unsigned int tries = 1000;

	run_user(uid, look, &tries);
}

void open_node_to_all(void)
{
	EXPECT_OK(chmod(iommu_node(), 0666));
}
