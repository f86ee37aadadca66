/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_HOTPLUG_H
#define IOASID_HOTPLUG_H

int ioasid_hotplug_init(void);
void ioasid_hotplug_exit(void);

#endif /* IOASID_HOTPLUG_H */
