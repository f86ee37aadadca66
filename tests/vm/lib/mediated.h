/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Software-mediated devices: those of tests/modules. Programs that use them run with
 * RUN_MEDIATED.
 */
#ifndef TESTS_MEDIATED_H
#define TESTS_MEDIATED_H

#include "../../modules/mediated.h"
#include "ioas.h"

/* A device bound and attached to an address space of its own */
struct mediated {
	int fd, dev;
	__u32 ioas;
};

/* Open device @n; -1 with errno */
int mediated_open(int n);
struct mediated mediated(void);
/* One more, device @n, behind the same address space, with cookie 100 + @n */
int mediated_beside(struct mediated *m, int n);

/* These do one thing through device @dev in the address space attached through @fd:
 * 0 or a number, or -1 with errno
 */
int m_translate(int dev, int fd, __u64 iova, __u64 length);
int m_read(int dev, int fd, __u64 iova, void *buf, __u64 length);
int m_write(int dev, int fd, __u64 iova, const void *buf, __u64 length);
/* By a kernel thread */
int m_kread(int dev, int fd, __u64 iova, void *buf, __u64 length);
int m_kwrite(int dev, int fd, __u64 iova, const void *buf, __u64 length);
/* For writing. @phys has room for a number a page, or is NULL; @id may be NULL too */
int m_pin(int dev, int fd, __u64 iova, __u64 length, __u64 *phys, __u64 *id);
int m_pin_for_read(int dev, int fd, __u64 iova, __u64 length, __u64 *id);
/* The driver takes note of it only once it has been told to let go */
int m_pin_late(int dev, int fd, __u64 iova, __u64 length);
int m_unpin(int dev, int fd, __u64 id);
/* Fill all that is pinned with a byte */
int m_fill(int dev, int fd, __u64 id, unsigned char byte);
/* How it lets go: MEDIATED_AT_ONCE, MEDIATED_NEVER, or so many milliseconds */
void m_delay(int dev, __u32 ms);
/* Bind as enum ioasid_device_type @type */
int m_bind_as(int dev, int fd, __u64 cookie, __u32 type, bool ops);

struct mediated_state m_state(int dev, int fd);
__u32 m_pins(int dev, int fd);
__u64 m_told(int dev, int fd);

#endif /* TESTS_MEDIATED_H */
