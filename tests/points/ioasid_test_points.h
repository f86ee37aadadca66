/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/ioasid_test_points: the points of the modules (points.h) and of functions of the
 * kernel, and threads held there.
 */
#ifndef IOASID_TEST_POINTS_H
#define IOASID_TEST_POINTS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define POINTS_ROLES	2
#define POINTS_MAX	4096	/* that one call can pass */
#define POINTS_NAME	160

/**
 * struct points_join - the calling thread is the one that plays @role from now on
 * @role: below POINTS_ROLES
 * @__pad: 0
 */
struct points_join {
	__u32 role;
	__u32 __pad;
};

/**
 * struct points_arm - a role's next call begins
 * @role: which
 * @hold: at which of the points that it passes it is held, counted from 0;
 *	POINTS_NEVER: at none
 */
struct points_arm {
	__u32 role;
	__u32 hold;
};

#define POINTS_NEVER	(~0U)

/**
 * struct points_state - what a role does
 * @role: in: which
 * @passed: out: how many points it has passed since it was armed
 * @held: out: 1: it is held
 * @waits: out: 1: it waits for a lock that another thread has
 */
struct points_state {
	__u32 role;
	__u32 passed;
	__u32 held;
	__u32 waits;
};

/**
 * struct points_name - the name of a point that a role has passed since it was armed;
 *	or, with POINTS_SEEN, of one that any role has passed since the file was opened
 * @role: in: which. With POINTS_SEEN out: IOASID_POINT_* (point.h)
 * @index: in: which one
 * @name: out: "file function: what"
 */
struct points_name {
	__u32 role;
	__u32 index;
	char name[POINTS_NAME];
};

/* What functions that can refuse do: attach something, or map */
#define POINTS_OF_ATTACH	0
#define POINTS_OF_MAP		1
#define POINTS_KINDS		2

/**
 * struct points_probe - make the entry of a function a point, too
 * @flags: POINTS_PROBE_REFUSES: no point, but it can be made to refuse
 * @kind: POINTS_OF_*, of one that refuses
 * @name: of a function that may sleep, with at most six arguments, all of them integers
 *	or pointers. ENOENT: there is none that can be probed
 */
struct points_probe {
	__u32 flags;
#define POINTS_PROBE_REFUSES	(1 << 0)
	__u32 kind;
	char name[POINTS_NAME];
};

/**
 * struct points_refuse - functions refuse when the calling thread, a role's, calls them
 * @calls: which of its calls of any of them, bits, the lowest one the next
 * @error: which errno they return, positive
 * @kind: POINTS_OF_*
 * @__pad: 0
 */
struct points_refuse {
	__u32 calls;
	__s32 error;
	__u32 kind;
	__u32 __pad;
};

/**
 * struct points_device - a PCI device
 * @domain: of its PCI address
 * @bus: likewise
 * @devfn: likewise
 * @__pad: 0
 */
struct points_device {
	__u16 domain;
	__u8 bus;
	__u8 devfn;
	__u32 __pad;
};

#define POINTS_JOIN	_IOW('<', 0, struct points_join)
#define POINTS_ARM	_IOW('<', 1, struct points_arm)
#define POINTS_STATE	_IOWR('<', 2, struct points_state)
#define POINTS_GET_NAME	_IOWR('<', 3, struct points_name)
/* A role goes on, to be held once more at that point of the same call */
#define POINTS_GO	_IOW('<', 4, struct points_arm)
#define POINTS_PROBE	_IOW('<', 5, struct points_probe)
#define POINTS_REFUSE	_IOW('<', 7, struct points_refuse)
#define POINTS_SEEN	_IOWR('<', 6, struct points_name) /* EINVAL: no more */
/* The kernel is to take a device for one with a device TLB when it resets it */
#define POINTS_ATS	_IOW('<', 8, struct points_device)
/* Turn bus mastering on, past the locks and whatever has turned it off */
#define POINTS_MASTER	_IOW('<', 9, struct points_device)

#endif /* IOASID_TEST_POINTS_H */
