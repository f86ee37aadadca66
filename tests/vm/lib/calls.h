/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every ioctl that takes a structure, for tests that do the same bad thing to
 * each: how to make it succeed, and whether a failed one changed anything.
 */
#ifndef TESTS_CALLS_H
#define TESTS_CALLS_H

#include "device.h"

#define MAX_SIZE	128

/* Device A is bound to @fd, device B open only; @mem is mapped at IOVA in @ioas */
struct world {
	int fd, other_fd;
	struct dev a, b;
	__u32 ioas, spare;
	char *mem;
	int log;
};

struct call {
	const char *name;
	unsigned long cmd;
	size_t size;
	size_t first_size;	/* in the header's first release, 0: @size */
	__u32 known_flags;	/* not refused by EINVAL */
	bool answers;		/* writes to the structure */
	/* Make ready for a call, and fill in arguments with which it succeeds */
	void (*prepare)(struct world *w, void *arg);
	/* After it has succeeded */
	void (*undo)(struct world *w, void *arg);
	bool on_device;
	bool on_b;		/* device B rather than A */
	size_t reserved;	/* offset of a reserved __u32, 0: none */
	size_t iommu_fd;	/* offset of a field that names an iommu fd, 0: none */
	size_t ioasid;		/* offset of one that names an address space, 0: none */
};

extern const struct call calls[];
extern const struct call *const calls_end;

#define FOR_EACH_CALL(call) for (call = calls; call < calls_end; call++)

void make_world(struct world *w);
/* The file descriptor that a call goes to */
int call_fd(struct world *w, const struct call *call);
/* Zero @arg, @size bytes, and fill it in for a call that succeeds */
void prepare(struct world *w, const struct call *call, void *arg, size_t size);
void expect_good(struct world *w, const struct call *call, void *arg);
/* It fails with @err and nothing changes; @how goes with the message */
void expect_refused(struct world *w, const struct call *call, void *arg, int err,
		    const char *how);
/* Not one message in the kernel's log since make_world() */
void expect_silent_log(struct world *w);

#define NR_IDS	16

/* All that a call could change, as far as a user can see it */
struct state {
	int errnos[NR_IDS];
	__u64 mapped[NR_IDS], pinned[NR_IDS];
	__u32 attachments[NR_IDS];
	bool a_bound, b_bound;
};

struct state state(struct world *w);
void expect_same_state(struct world *w, const struct state *before, const char *name);
bool is_bound(int dev);

#endif /* TESTS_CALLS_H */
