// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module and its device node.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "attach/pasids.h"
#include "compat/compat.h"
#include "face/file.h"
#include "ioas/area.h"
#include "ioas/ioas.h"
#include "shim/domains.h"
#include "shim/hotplug.h"

static struct miscdevice ioasid_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KC_NODE_NAME,
	.fops = &ioasid_fops,
	.mode = 0660,
};

static int __init ioasid_init(void)
{
	int ret = ioasid_areas_init();

	if (ret)
		return ret;
	ret = ioasid_domains_init();
	if (ret)
		goto areas;
	ret = ioasid_hotplug_init();
	if (ret)
		goto domains;
	ret = misc_register(&ioasid_misc);
	if (ret)
		goto hotplug;
	return 0;

hotplug:
	ioasid_hotplug_exit();
domains:
	ioasid_domains_exit();
areas:
	ioasid_areas_exit();
	return ret;
}

static void __exit ioasid_exit(void)
{
	misc_deregister(&ioasid_misc);
	ioasid_hotplug_exit();
	ioasid_domains_exit();
	ioasid_pasids_exit();
	ioasid_areas_exit();
}

module_init(ioasid_init);
module_exit(ioasid_exit);

KC_IMPORT_NS;
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("User-managed I/O address spaces");
MODULE_AUTHOR("The ioasid developers");
