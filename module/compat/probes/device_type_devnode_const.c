// SPDX-License-Identifier: GPL-2.0-only
/* device_type.devnode() takes a const device */
#include <linux/device.h>

char *probe(const struct device *dev, umode_t *mode, kuid_t *uid, kgid_t *gid);
char *probe(const struct device *dev, umode_t *mode, kuid_t *uid, kgid_t *gid)
{
	return NULL;
}

const struct device_type probe_type;
const struct device_type probe_type = {
	.devnode = probe,
};
