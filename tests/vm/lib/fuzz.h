/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hostile fuzzer: what the ioctls take, as data (fuzz_calls.c); values for them, most
 * of which would succeed (fuzz_fields.c), and calls with them (fuzz_ioctl.c); what is done
 * beside the ioctls (fuzz_deeds.c); processes and threads (fuzz_user.c); and notes of it
 * (fuzz_note.c).
 *
 * A step is what one number, its gene, says: the same gene makes the same draws. What a
 * draw means depends on what is open; nothing else does.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "device.h"
#include "kcov.h"

/* Users 0 and 1 have no privileges, user 2 is root. The processes of a user share a table
 * of open files
 */
#define FUZZ_USERS	3
#define FUZZ_ROOT	2
#define FUZZ_PROCESSES	2
#define FUZZ_THREADS	2
#define FUZZ_ACTORS	(FUZZ_USERS * FUZZ_PROCESSES * FUZZ_THREADS)

#define FUZZ_FILES	3	/* open /dev/iommu */
#define FUZZ_DEVS	6	/* open devices */
#define FUZZ_MEMS	2	/* memfds */
#define FUZZ_LATE_PAGES	8U	/* under userfaultfd at a time */
#define FUZZ_KNOWN	4	/* of each kind of object, for each file */
#define FUZZ_CPUS	2	/* open /dev/ioasid-cpu */
#define FUZZ_LOCKED	4096UL	/* pages, RLIMIT_MEMLOCK */

/* A gene's steps that are kept or changed together */
#define FUZZ_GENES	16

/* Addresses of a process: memory whose protection changes all the time, the same in all
 * processes; behind it the regions of devices
 */
#define FUZZ_ARENA		0x200000000000UL
#define FUZZ_ARENA_PAGES	256U
#define FUZZ_HUGE_AT		512U	/* pages, aligned to 2 MiB */
#define FUZZ_HUGE_PAGES		1024U
#define FUZZ_BAR_AT		2048U	/* 16 pages for each device */
#define FUZZ_BAR_PAGES		16U
#define FUZZ_PUBLIC_PAGES	4U

/* What an ioctl is for */
enum fuzz_on {
	FUZZ_ON_FILE, FUZZ_ON_ANY, FUZZ_ON_VFIO, FUZZ_ON_SOFT, FUZZ_ON_MEDIATED, FUZZ_ON_CPU,
	FUZZ_ON_CONTROL,
};

/* What a field holds, and what fuzz_field.arg is */
enum fuzz_kind {
	FUZZ_END,
	FUZZ_SIZE,	/* of the structure, as the caller knows it */
	FUZZ_IS,	/* a constant */
	FUZZ_FLAGS,	/* none, or some of these bits */
	FUZZ_SOME,	/* at least one of these bits */
	FUZZ_UPTO,	/* a number from 0 to this one */
	FUZZ_FILE,	/* an open /dev/iommu */
	FUZZ_MEMFD,
	FUZZ_DEV,	/* an open device */
	FUZZ_GROUP,	/* an open group of VFIO's */
	FUZZ_EVENTFD,
	FUZZ_IOAS,
	FUZZ_HWPT,
	FUZZ_PT,	/* one of these two */
	FUZZ_DEVID,
	FUZZ_OBJECT,	/* any of these */
	FUZZ_COOKIE,	/* of a bound device */
	FUZZ_NAME,	/* the cookie that this device is bound with */
	FUZZ_SOFTDEV,	/* number of a software device */
	FUZZ_PARENT,	/* the same, of one that has an engine */
	FUZZ_MAPPED_IOAS, /* of a mapping that is known, with the next two */
	FUZZ_MAPPED,	/* its IOVA */
	FUZZ_MAPPED_LENGTH,
	FUZZ_VA,	/* an address of the arena's */
	FUZZ_IOVA,
	FUZZ_LENGTH,	/* bytes, that fit FUZZ_VA */
	FUZZ_START,	/* in a file */
	FUZZ_BYTES,	/* any number of bytes, up to this one */
	FUZZ_WIDTH,	/* of addresses; 0: none */
	FUZZ_PASID,
	FUZZ_HAD_PASID,	/* that is attached on this device, with the next one */
	FUZZ_HAD_IOAS,
	FUZZ_NR,	/* of elements of the next array */
	FUZZ_RANGES,	/* address of an array of struct ioasid_range */
	FUZZ_MAPS,	/* ... struct ioasid_map_range */
	FUZZ_UNMAPS,	/* ... struct ioasid_unmap_range */
	FUZZ_BUFFER,	/* address of room for what is answered */
	FUZZ_TOKEN,	/* address of a VF token */
	FUZZ_WORK,	/* ... of a struct swiommu_dma */
	/* Answers, remembered if the call succeeds */
	FUZZ_OUT_IOAS,
	FUZZ_OUT_HWPT,
	FUZZ_OUT_DEVID,
	FUZZ_OUT_PASID,
	FUZZ_OUT_SOFTDEV,
};

struct fuzz_field {
	const char *name;
	__u16 at, size;
	enum fuzz_kind kind;
	__u64 arg;
};

/**
 * struct fuzz_call - one way to make an ioctl that may succeed
 * @name: the ioctl's, and what is special
 * @cmd: its number
 * @on: what kind of file takes it
 * @size: of the structure; 0: the argument is a number up to @by_value
 * @weight: how often, compared to the others of the same kind of file
 * @fields: up to one of kind FUZZ_END; the others are 0
 */
struct fuzz_call {
	const char *name;
	unsigned long cmd;
	enum fuzz_on on;
	size_t size;
	unsigned long by_value;
	unsigned int weight;
	const struct fuzz_field *fields;
};

#define FUZZ_MAX_SIZE	192

extern const struct fuzz_call fuzz_calls[];
extern const unsigned int fuzz_nr_calls;

/* What a thread has done; none of it if @gene is 0 */
struct fuzz_note {
	__u64 gene;
	__u32 step;
	__s16 call;		/* -1: a deed */
	__s16 fd, slot;
	__s32 ret, err;
	__u32 size;
	__u64 at;		/* of the structure, or the argument */
	__u8 data[FUZZ_MAX_SIZE];
	bool has_array;
	__u8 array[64];
	char deed[64];
};

/* At most so many calls and deeds */
#define FUZZ_CALLS	128
#define FUZZ_DEEDS	32

#define FUZZ_NOTES	32
#define FUZZ_ERRNOS	134

struct fuzz_mapping {
	__u32 ioas;
	__u64 iova, length;
};

/* What is attached by PASID */
struct fuzz_had {
	__u32 pasid, ioas;
};

#define FUZZ_MAPS_KNOWN	16

/* What the processes of a user share; no lock, all accesses relaxed */
struct fuzz_files {
	int files[FUZZ_FILES];
	int devs[FUZZ_DEVS];
	int which[FUZZ_DEVS];	/* fuzz_world.bdf, or FUZZ_FIRST_SOFT or _MEDIATED + number */
	int bound[FUZZ_DEVS];	/* to files[], -1: to none */
	int mems[FUZZ_MEMS];
	int control, event, pipe[2];
	int cpus[FUZZ_CPUS];
	int group, late;	/* of VFIO; userfaultfd */
	__u32 ioas[FUZZ_FILES][FUZZ_KNOWN];
	__u32 hwpt[FUZZ_FILES][FUZZ_KNOWN];
	__u32 devid[FUZZ_FILES][FUZZ_KNOWN];
	__u32 attached[FUZZ_DEVS];	/* by RID, 0: nothing */
	struct fuzz_had had[FUZZ_DEVS][FUZZ_KNOWN];
	struct fuzz_mapping maps[FUZZ_FILES][FUZZ_MAPS_KNOWN];
};

#define FUZZ_FIRST_SOFT		1000
#define FUZZ_FIRST_MEDIATED	2000
#define FUZZ_SOFT_DEVS	16U

/* Devices of the machine: those of enum which; two functions on a bus that can be reset; a
 * PF, and its VFs
 */
#define FUZZ_BUS	NR_DEVICES
#define FUZZ_PF		(FUZZ_BUS + 2)
#define FUZZ_VF		(FUZZ_PF + 1)
#define FUZZ_VFS	2
#define FUZZ_PCI	(FUZZ_VF + FUZZ_VFS)

#define FUZZ_CORPUS	2048U

/* At most this many of a run are printed, those that reached most */
#define FUZZ_PRINTED	100U

struct fuzz_program {
	__u64 genes[FUZZ_GENES];
	unsigned int fresh;	/* places that it was the first to reach */
};

/**
 * struct fuzz_world - shared by all processes
 * @round: number of the round
 * @stop: threads end
 * @evict: device that is to be closed, as fuzz_files.which, -1: none; with a VF all of them
 * @vfio: are there VFIO devices?
 * @soft_possible: does the kernel take software IOMMUs beside the machine's?
 * @guided: is there KCOV?
 * @trace: each call is printed before it is made
 * @pids: of the processes; those of leaders come first
 * @bdf: PCI addresses; "": there is no such device
 * @soft: numbers of software devices + 1; 0: none
 * @public: pages in which all threads write, while the kernel reads structures there
 * @sockets: for open files that go from user to user
 * @tried: how often which call was made
 * @done: and how often it succeeded
 * @errnos: with which errno it failed
 * @deeds: how often which deed was done
 * @seen: with KCOV: which places of the code were reached
 * @programs: programs that are mutated
 * @nr_programs: so many of them
 * @nr_given: so many of those are not of this run
 */
struct fuzz_world {
	unsigned int round;
	volatile int stop, evict;
	bool vfio, soft_possible, guided, trace;
	pid_t pids[FUZZ_USERS][1 + FUZZ_PROCESSES];
	char bdf[FUZZ_PCI][BDF_SIZE];
	__u32 soft[FUZZ_SOFT_DEVS];
	struct fuzz_files of[FUZZ_USERS];
	struct fuzz_note notes[FUZZ_ACTORS][FUZZ_NOTES];
	char *public;
	int sockets[2];
	unsigned long tried[FUZZ_CALLS], done[FUZZ_CALLS], deeds[FUZZ_DEEDS];
	unsigned int errnos[FUZZ_CALLS][FUZZ_ERRNOS];
	struct kcov_seen seen;
	struct fuzz_program programs[FUZZ_CORPUS];
	unsigned int nr_programs, nr_given;
};

struct fuzz_thread {
	struct fuzz_world *w;
	struct fuzz_files *f;
	unsigned int user, process, nr, actor, step;
	__u64 gene;
	struct fuzz_note *note;
	char *rw, *view;	/* fuzz_place() */
	struct kcov *kcov;
	/* Of the call that is drawn */
	unsigned int file, dev;
	struct fuzz_mapping mapping;
	struct fuzz_had had;
	__u8 *array;		/* what the last one holds, as drawn */
};

/* Where a structure is, and how long */
struct fuzz_place {
	char *rw;		/* NULL: it cannot be written there */
	__u64 at;
	size_t size;		/* so much of it is put there */
};

/* fuzz_ioctl.c: make a call; false if nothing is open that takes it */
bool fuzz_call(struct fuzz_thread *t, unsigned int call);

/* fuzz_fields.c */
void fuzz_memory(struct fuzz_thread *t);
/* Draw a structure and where it is, and what is wrong with that */
void fuzz_fill(struct fuzz_thread *t, const struct fuzz_call *call, __u8 *data,
	       struct fuzz_place *place);
void fuzz_put_there(struct fuzz_place *place, const __u8 *data);
unsigned int fuzz_nr_fields(const struct fuzz_call *call);
__u64 fuzz_get_field(const __u8 *data, const struct fuzz_field *field);
__u64 fuzz_va(void);
__u64 fuzz_strange(__u64 value);
__u32 *fuzz_known(struct fuzz_thread *t, enum fuzz_kind kind);

/* fuzz_deeds.c */
extern const unsigned int fuzz_nr_deeds;
const char *fuzz_deed_name(unsigned int deed);
void fuzz_deed(struct fuzz_thread *t);
void fuzz_open_file(struct fuzz_thread *t, unsigned int slot);
void fuzz_open_dev(struct fuzz_thread *t, unsigned int slot, enum fuzz_on on);
void fuzz_arena(void);
/* Close the device that the administrator wants to remove */
void fuzz_evict(struct fuzz_thread *t);
int fuzz_slot(int *slot);
void fuzz_put(int *slot, int fd);
/* FUZZ_ON_VFIO, _SOFT or _MEDIATED, of fuzz_files.which */
enum fuzz_on fuzz_dev_is(int which);
void fuzz_open_cpu(struct fuzz_thread *t, unsigned int slot);
/* A thread that ends what userfaultfd makes others wait for; its argument is a fuzz_files */
void *fuzz_late_ends(void *arg);

/* fuzz_user.c */
/* Those of an actor, by number */
struct fuzz_program fuzz_program(struct fuzz_world *w, unsigned int actor, unsigned int nr);
void fuzz_files_init(struct fuzz_files *f, bool root);
void fuzz_step(struct fuzz_thread *t, __u64 gene);
void fuzz_thread_init(struct fuzz_thread *t, struct fuzz_world *w, unsigned int actor);
/* A process that starts the others of its user; with start_child() */
struct fuzz_leader {
	struct fuzz_world *w;
	unsigned int user;
};

void fuzz_lead(void *arg);

/* fuzz_note.c */
void fuzz_note_call(struct fuzz_thread *t, unsigned int call, int fd, __u64 at,
		    const void *data, size_t size);
void fuzz_note_deed(struct fuzz_thread *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void fuzz_note_result(struct fuzz_thread *t, long ret, int err);
void fuzz_print_note(unsigned int actor, const struct fuzz_note *n);
/* What each thread did last, and how often what was done, as comments of the output */
void fuzz_print_notes(struct fuzz_world *w);
/* The highest number of a step of this round */
unsigned int fuzz_last_step(struct fuzz_world *w);
void fuzz_print_counts(struct fuzz_world *w);
/* Programs that reached something new in this run */
void fuzz_print_programs(struct fuzz_world *w);

#endif /* TESTS_FUZZ_H */
