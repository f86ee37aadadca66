// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "expect.h"
#include "hold.h"
#include "modules.h"
#include "pci.h"
#include "process.h"

#define MODULE		"ioasid_test_stall"
#define PARAMETERS	"/sys/module/" MODULE "/parameters/"

void hold_at(const char *function)
{
	char options[128];

	hold_end();
	snprintf(options, sizeof(options), "function=%s", function);
	EXPECT_OK(module_load(MODULE, options));
}

void hold_calls(unsigned long calls)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", calls);
	EXPECT_OK(sysfs_write(PARAMETERS "calls", text));
}

void hold_next(void)
{
	hold_calls(1);
}

bool hold_has_one(void)
{
	char text[16];

	sysfs_read(PARAMETERS "stalled", text, sizeof(text));
	return atoi(text);
}

void hold_wait(void)
{
	unsigned int i;

	for (i = 0; i < 2000 && !hold_has_one(); i++)
		sleep_ms(10);
	EXPECT_TRUE(hold_has_one());
}

void hold_go(void)
{
	hold_calls(0);
	EXPECT_OK(sysfs_write(PARAMETERS "go", "1"));
}

void hold_end(void)
{
	if (!module_is_loaded(MODULE))
		return;
	hold_go();
	EXPECT_OK(module_unload(MODULE));
}
