/* SPDX-License-Identifier: GPL-2.0-only */
/* The inside of a process of a hostile user: hostile.c, hostile_calls.c, hostile_dma.c */
#ifndef TESTS_HOSTILE_PROCESS_H
#define TESTS_HOSTILE_PROCESS_H

#include <pthread.h>

#include "chance.h"
#include "hostile.h"
#include "late.h"

/* Files of /dev/iommu, and a CPU for each. That of the last one seldom translates */
#define NR_FILES	3
#define NR_SPACES	3
#define NR_SEEN		16

/* Pages of an address space, from IOVA on: as those of the user's memory, and what comes
 * late
 */
#define MAPPED		24U
#define READ_AT		32U
#define LATE_AT		48U
#define NR_LATE		8U
#define SPACE_PAGES	(LATE_AT + NR_LATE)

/* Of each thread, behind the pages that are mapped: those of its DMA's data */
#define NR_DATA		2U

/* In words */
#define DATA_MAX	(2 * PAGE / sizeof(__u64))

/* PASIDs that are chosen, rather the first ones */
#define FEW_PASIDS	4
#define SOME_PASIDS	8

/* What was attached, and may be still */
struct seen {
	unsigned int file, dev;
	__u32 ioas, pasid;
};

/**
 * struct process - one of a user's
 * @w: the world
 * @user: its user
 * @nr: number of the process
 * @life: how often there was one with that number
 * @files: open /dev/iommu, -1: closed
 * @spaces: their address spaces, perhaps
 * @devs: open devices, -1: closed
 * @bound: to which file each is bound, perhaps
 * @cpus: open CPUs, -1: closed
 * @seen: what was attached
 * @late: memory that arrives late
 */
struct process {
	struct hostile_world *w;
	unsigned int user, nr, life;
	int files[NR_FILES];
	__u32 spaces[NR_FILES][NR_SPACES];
	int devs[HOSTILE_DEVS];
	unsigned int bound[HOSTILE_DEVS];
	int cpus[NR_FILES];
	struct seen seen[NR_SEEN];
	struct late late;
};

struct thread {
	struct process *p;
	unsigned int nr, step;
	pthread_t thread;
	__u64 data[DATA_MAX];
};

/* What this step does, or has done */
void note(struct thread *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* And what came of it, an errno if it is -1 */
void note_result(struct thread *t, int ret);
void count(struct thread *t, enum hostile_count what);
__u64 own_mark(const struct thread *t);

/* Slots are shared by threads without a lock. Each file is closed once, for another one
 * may have its number afterwards; -1 takes the place of one that is closed
 */
int fd_in(int *slot);
void put_in(int *slot, int fd);

/* Rather those for which the CPU translates */
unsigned int some_file(void);
unsigned int some_dev(void);
__u32 some_space(struct process *p, unsigned int file);
__u32 some_pasid(void);
struct seen some_seen(struct process *p);
__u64 cookie_of(unsigned int dev);

/* hostile_calls.c */
void map_some(struct thread *t, unsigned int file, __u32 ioas);
void unmap_some(struct thread *t, unsigned int file, __u32 ioas);
void new_space(struct thread *t, unsigned int file);
void free_space(struct thread *t, unsigned int file);
void start_translator(struct thread *t, unsigned int file);
void stop_translator(struct thread *t, unsigned int file);
void open_file(struct thread *t, unsigned int file);
void close_file(struct thread *t, unsigned int file);
void bind_dev(struct thread *t, unsigned int dev);
void unbind_dev(struct thread *t, unsigned int dev);
void attach(struct thread *t, unsigned int dev);
void detach(struct thread *t);
void alias(struct thread *t);
void pass(struct thread *t);

/* hostile_dma.c */
void check_read(struct thread *t, const __u64 *data, __u64 words);
void device_dma(struct thread *t);
void lookup(struct thread *t);
void run_held(struct thread *t, unsigned int cpu);
void send_work(struct thread *t);

#endif /* TESTS_HOSTILE_PROCESS_H */
