// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "expect.h"
#include "modules.h"
#include "pci.h"
#include "refuse.h"
#include "run.h"

#define PARAMETERS	"/sys/module/" REFUSE_MODULE "/parameters/"

void refuse_at(const char *functions)
{
	char options[128];

	if (module_is_loaded(REFUSE_MODULE))
		EXPECT_OK(module_unload(REFUSE_MODULE));
	snprintf(options, sizeof(options), "functions=%s", functions);
	EXPECT_OK(module_load(REFUSE_MODULE, options));
}

const char *attach_functions(void)
{
	/* which detaches first and cannot replace */
	return kernel_is("6.1") ? "iommu_attach_group" :
				  "iommu_replace_group_handle,iommu_attach_group_handle";
}

static unsigned long calls_left(void)
{
	char text[32];

	sysfs_read(PARAMETERS "calls", text, sizeof(text));
	return strtoul(text, NULL, 10);
}

static void set_calls(unsigned long calls)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", calls);
	EXPECT_OK(sysfs_write(PARAMETERS "calls", text));
}

void refuse(unsigned long calls, int err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", err);
	EXPECT_OK(sysfs_write(PARAMETERS "error", text));
	set_calls(calls);
}

void expect_all_refused(void)
{
	EXPECT_EQ(calls_left(), 0);
}

unsigned int refuse_end(void)
{
	unsigned long left = calls_left();

	set_calls(0);
	return __builtin_popcountl(REFUSE_ALL) - __builtin_popcountl(left);
}
