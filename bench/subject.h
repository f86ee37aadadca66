/* SPDX-License-Identifier: GPL-2.0-only */
/* What is measured: one of the ways to map memory for a device. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define PAGE	4096UL
#define GIB	(1UL << 30)

/* A mapping of this process's memory */
struct range {
	__u64 vaddr;
	__u64 iova;
	__u64 length;
	__u64 slot;	/* number of its first page among all mappings' */
};

/**
 * struct subject - one of them
 * @name: as in the results
 * @start: load its modules, open the device, make an address space, and attach
 * @stop: undo all of that
 * @map: map one range
 * @unmap: unmap one range
 * @unmap_all: unmap all of @nr ranges in one call, or NULL
 * @map_array: map @nr ranges in one call, or NULL
 * @unmap_array: unmap @nr ranges in one call, or NULL
 * @nop: an ioctl that does next to nothing
 * @map_unattached: map a range in an address space that no device is attached
 *	to, or NULL
 * @unmap_unattached: and unmap it
 * @add: open two more devices of the same IOMMU, or NULL
 * @join: attach the second device to the address space of the first; @own: with a
 *	page table of its own. NULL if there is no such thing
 * @leave: detach it
 * @swap_start: make two address spaces that other devices are attached to, so
 *	that their page tables are there, and attach the first device to one of
 *	them; or NULL
 * @swap: attach it to the other one
 * @swap_stop: undo all of that
 * @copy_start: make a second address space and attach the second device to it, or
 *	NULL
 * @copy: map there what is mapped in a range
 * @copy_stop: undo all of that
 * @map_file: map a range by the file that it is mapped from, at the same place;
 *	or NULL. ENOTTY if the kernel cannot
 *
 * All but @start, @stop, @add and those that start and stop return 0, or -1 with
 * errno.
 */
struct subject {
	const char *name;
	void (*start)(const char *bdf);
	void (*stop)(const char *bdf);
	int (*map)(const struct range *range);
	int (*unmap)(const struct range *range);
	int (*unmap_all)(const struct range *ranges, size_t nr);
	int (*map_array)(const struct range *ranges, size_t nr);
	int (*unmap_array)(const struct range *ranges, size_t nr);
	int (*nop)(void);
	int (*map_unattached)(const struct range *range);
	int (*unmap_unattached)(const struct range *range);
	void (*add)(const char *second, const char *third);
	int (*join)(bool own);
	int (*leave)(void);
	void (*swap_start)(void);
	int (*swap)(void);
	void (*swap_stop)(void);
	void (*copy_start)(void);
	int (*copy)(const struct range *range);
	void (*copy_stop)(void);
	int (*map_file)(const struct range *range, int file);
};

extern const struct subject subject_floor, subject_floor_readback;
extern const struct subject subject_type1, subject_ioasid, subject_abi, subject_iommufd;

/* Ends the program with what failed and errno */
void die(const char *what) __attribute__((noreturn));
void must(int ret, const char *what);

/* A module of /tests, by the name of its file */
void insmod(const char *file, const char *options);
/* One of /lib/modules with what it depends on, by name */
void load(const char *module);
void unload(const char *module);
/* Bind a driver to the device, and take it away again */
void give(const char *bdf, const char *driver);
void take(const char *bdf);
/* Open /dev/vfio/devices/vfioN */
int open_device_node(const char *bdf);
/* Another device of the kind that is measured with */
void second_device(char *bdf);

#endif /* BENCH_SUBJECT_H */
