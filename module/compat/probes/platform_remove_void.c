// SPDX-License-Identifier: GPL-2.0-only
/* platform_driver.remove() returns nothing */
#include <linux/platform_device.h>

void probe(struct platform_device *pdev);

const struct platform_driver probe_driver;
const struct platform_driver probe_driver = {
	.remove = probe,
};
